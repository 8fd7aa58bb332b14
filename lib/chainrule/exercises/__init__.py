"""Exercises: what a learner's notebook imports is `check`; what a maintainer imports is `exercise`.

Each module without a leading underscore is one assignment (`delta`, …): its exercises as data, that is
contract, cases, answer and misconceptions. `check` never holds an answer of its own.
"""
from chainrule.exercises._check import CheckFailed, check
from chainrule.exercises._registry import Exercise, Misconception, Unfit, assignments, exercise, find

__all__ = ["CheckFailed", "Exercise", "Misconception", "Unfit", "assignments", "check", "exercise", "find"]
