"""What a worker needs, to be imported once, by the process from which workers are forked: they share its memory."""
import os
import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)      # Ctrl-C is for the driver, which ends its workers
os.environ.setdefault("MPLBACKEND", "Agg")        # set-up cells may draw, and there is no screen

import matplotlib.pyplot  # noqa: E402, F401
import nbgrader.utils  # noqa: E402, F401

import chainrule_grading.evaluate  # noqa: E402
import chainrule_grading.feedback  # noqa: E402, F401
from chainrule.exercises import _registry  # noqa: E402

for assignment in _registry.assignments():
    _registry.exercises_of(assignment)
