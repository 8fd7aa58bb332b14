"""What a worker needs, to be imported once, by the process from which workers are forked: they share its memory."""
import os

os.environ.setdefault("MPLBACKEND", "Agg")        # set-up cells may draw, and there is no screen

import matplotlib.pyplot  # noqa: F401
import nbgrader.utils  # noqa: F401

import chainrule_grading.evaluate
import chainrule_grading.feedback  # noqa: F401
from chainrule.exercises import _registry

for assignment in _registry.assignments():
    _registry.exercises_of(assignment)
