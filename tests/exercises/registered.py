"""What the proofs loop over: every exercise of every assignment, and the right answers written for it."""
import copy
import importlib

import numpy as np

from chainrule.exercises import assignments
from chainrule.exercises._registry import exercises_of

EXERCISES = [e for name in assignments() for e in exercises_of(name)]
PLAIN = [e for e in EXERCISES if e.measure is None]        # judged by the numbers that an answer gives back
MISCONCEPTIONS = [(e, m) for e in EXERCISES for m in e.misconceptions]
RIGHT = {id: answers for name in assignments()
         for id, answers in importlib.import_module(f"right_{name}").RIGHT.items()}


def label(value):
    """A readable name of a parameter of a test."""
    names = [getattr(value, key) for key in ("id", "name", "__name__") if hasattr(value, key)]
    return names[0] if names else str(value)


def results(exercise, function, case):
    """{result name: list of its arrays} of one call, or None if it stops."""
    try:
        with np.errstate(all="ignore"):
            value = exercise.tried(function)(*copy.deepcopy(list(case.inputs.values())))
    except Exception:
        return None
    parts = (value,) if len(exercise.returns) == 1 else value
    return {name: [np.asarray(a, float) for a in (part if isinstance(part, list) else [part])]
            for name, part in zip(exercise.returns, parts, strict=True)}


def equal(a, b):
    """The same to rounding; what is NaN or infinite in one is so in the other."""
    return len(a) == len(b) and all(
        x.shape == y.shape and np.array_equal(np.isfinite(x), np.isfinite(y))
        and np.allclose(x[np.isfinite(x)], y[np.isfinite(x)], rtol=1e-7, atol=1e-12)
        for x, y in zip(a, b, strict=True))


def mapped(function, change):
    """`function` with `change` applied to every array it returns."""
    def changed(*arguments):
        def into(value):
            return type(value)(map(into, value)) if isinstance(value, (list, tuple)) else change(value)
        return into(function(*arguments))
    return changed
