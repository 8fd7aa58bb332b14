"""Hypothesis for the whole folder: the same examples on each run, no clocks, sizes that suit one core."""
from hypothesis import settings

settings.register_profile("library", deadline=None, derandomize=True, max_examples=30, database=None)
settings.load_profile("library")
