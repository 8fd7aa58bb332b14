"""Hypothesis for the whole folder: the same examples on each run, no clocks, sizes that suit one core."""
import os

from hypothesis import Phase, settings

# A planted fault is to be noticed, not to be shrunk to the smallest example.
phases = (Phase.explicit, Phase.generate) if "PLANTED_FAULT" in os.environ else tuple(Phase)
settings.register_profile("library", deadline=None, derandomize=True, max_examples=30, database=None, phases=phases)
settings.load_profile("library")
