"""Hostile, broken and awkward submissions as data. `course.py` is the small course they attack."""
