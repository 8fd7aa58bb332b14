"""From a learner's function to a verdict, without printing, drawing or remembering anything."""
import contextlib
import copy
import inspect
import io
import os
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chainrule.gradcheck import tolerance

NOT_THEIRS = tuple(f"{Path(file).parent}{os.sep}" for file in (np.__file__, __file__))    # no learner's code


@dataclass(frozen=True)
class Run:
    """What one call of an answer did: its value or its error, and what it did on the side."""
    value: object = None
    error: BaseException | None = None
    line: str = ""                # the learner's line in which the error arose, if its source is known
    printed: str = ""
    warned: tuple = ()
    changed: tuple = ()           # names of arguments that were changed in place


@dataclass(frozen=True)
class Part:
    """One named result on one case: what was given, what is right. `given` is None if there is none."""
    name: str
    given: np.ndarray | None
    right: np.ndarray
    problem: str = ""             # why there is no comparable array, in one sentence

    @property
    def ok(self):
        return self.given is not None and same(self.given, self.right)


@dataclass(frozen=True)
class Verdict:
    """What a check says. `cause` names a misconception; `facts` were measured; `remarks` cost nothing."""
    exercise: object
    kind: str                     # "full", "part", "wrong", "error" or "unwritten"
    earned: float = 0.0
    headline: str = ""
    cause: object = None
    facts: tuple = ()
    remarks: tuple = ()
    good: tuple = ()              # names of the results that are right on every case
    bad: tuple = ()


def call(function, case):
    """Call `function` with copies of the case's inputs; keep stdout and stderr quiet and record them."""
    arguments = copy.deepcopy(list(case.inputs.values()))
    out = io.StringIO()
    with warnings.catch_warnings(record=True) as warned, \
            contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("always")
        try:
            value, error, line = function(*arguments), None, ""
        except (Exception, SystemExit) as stop:     # a KeyboardInterrupt is the learner's own: let it pass
            value, error, line = None, stop, _own_line(stop)
    changed = tuple(name for (name, before), after in zip(case.inputs.items(), arguments, strict=True)
                    if not _equal(before, after))
    messages = tuple(dict.fromkeys(str(w.message) for w in warned))
    return Run(value, error, line, out.getvalue(), messages, changed)


def parts_of(exercise, case, run, right):
    """The results of `run` beside the right ones: a list of Part, or one sentence on why that can't be."""
    names, value, told = list(exercise.returns), run.value, exercise.returns
    if len(names) == 1:
        return _pair(names[0], value, right, told[names[0]])
    if isinstance(value, np.ndarray) and value.ndim and len(value) == len(names):
        value = list(value)                       # numbers that were put into one array
    if not isinstance(value, (tuple, list)) or len(value) != len(names):
        got = f"{len(value)} results" if isinstance(value, (tuple, list)) else _kind(value)
        return f"The answer has {len(names)} results, in this order: {', '.join(names)}; yours gave {got}."
    return [part for name, given, good in zip(names, value, right, strict=True)
            for part in _pair(name, given, good, told[name])]


def _pair(name, given, right, asked):
    if isinstance(right, list):                   # one array for each layer, say
        listed = isinstance(given, (tuple, list)) or (isinstance(given, np.ndarray) and given.ndim > 0)
        if not listed or len(given) != len(right):
            got = f"it has {len(given)} entries" if listed else f"it is {_kind(given)}"
            problem = f"`{name}` should be a list of {len(right)} arrays, {asked}; here {got}."
            return [Part(f"{name}[{k}]", None, r, problem) for k, r in enumerate(right)]
        return [_part(f"{name}[{k}]", g, r) for k, (g, r) in enumerate(zip(given, right, strict=True))]
    return [_part(name, given, right)]


def _part(name, given, right):
    """Lists, float32, Fortran order, a vector as a row or column are all right: the contract is no trap."""
    right = np.asarray(right, float)
    if given is None:
        return Part(name, None, right, f"`{name}` is None.")
    try:
        array = np.asarray(given)
    except Exception:                             # a ragged list, or an object with a broken __array__
        array = np.empty(0, object)
    if array.dtype.kind not in "biufc":
        kind = "one of Python objects" if isinstance(given, np.ndarray) else _kind(given)
        return Part(name, None, right, f"`{name}` is not an array of numbers but {kind}.")
    if array.dtype.kind == "c":
        if np.any(array.imag):
            return Part(name, None, right, f"`{name}` is complex; slopes of a real loss are real.")
        array = array.real
    if array.dtype != np.float32:
        array = array.astype(float)
    squeezed = tuple(s for s in array.shape if s != 1)
    if array.shape != right.shape and squeezed == tuple(s for s in right.shape if s != 1):
        array = array.reshape(right.shape)
    return Part(name, array, right)


def same(given, right):
    """Equal to rounding: the gradient checker's tolerance, or that of float32 for float32 results."""
    if given.shape != right.shape or not np.all(np.isfinite(given)):
        return False
    if given.dtype == np.float32:
        return bool(np.all(np.abs(given - right) <= 1e-5 * np.max(np.abs(right), initial=0.0)))
    return bool(np.all(np.abs(given - right) <= tolerance(given, right)))


def judge(exercise, answer, seed=0, scale=1.0, reveal=True):
    """Try `answer` on the exercise's cases and return a Verdict.

    reveal=False keeps right values out of the facts, for a grader whose cases are secret.
    """
    from chainrule.exercises import _diagnose  # it needs the definitions above

    if not callable(answer):
        return Verdict(exercise, "error", headline=f"The check needs your function, not {_kind(answer)}.",
                       facts=("Write the name of the function without brackets.",))
    if takes := _takes_otherwise(answer, exercise):
        return Verdict(exercise, "error", facts=("The first line of the cell should stay as it was.",),
                       headline=f"Your function takes {takes}, and it is called with "
                                f"({', '.join(exercise.arguments)}).")
    cases = exercise.cases(seed, scale)
    runs = [call(exercise.tried(answer), case) for case in cases]
    remarks = _diagnose.remarks(runs)
    if all(isinstance(run.error, NotImplementedError) for run in runs):
        return Verdict(exercise, "unwritten", headline="Waiting for your code.", remarks=remarks, facts=(
            "The cell above still ends in `raise NotImplementedError()`. Put your code in the place of that "
            "line, run the cell, then run this check again.",))
    rights = [exercise.tried(exercise.answer)(*copy.deepcopy(list(case.inputs.values()))) for case in cases]
    laid = [parts_of(exercise, case, run, right) if run.error is None and run.value is not None else None
            for case, run, right in zip(cases, runs, rights, strict=True)]
    comparable = all(isinstance(parts, list) for parts in laid)
    good = tuple(name for name in exercise.returns if comparable and
                 all(part.ok for parts in laid for part in parts if part.name.partition("[")[0] == name))
    if len(good) == len(exercise.returns):
        return Verdict(exercise, "full", float(exercise.points), exercise.praise, remarks=remarks, good=good)
    bad = tuple(name for name in exercise.returns if name not in good)
    earned = round(exercise.points * len(good) / len(exercise.returns), 2)
    headline, cause, facts = _diagnose.explain(exercise, cases, runs, rights, laid, bad, reveal)
    broken = any(run.error is not None for run in runs) and cause is None
    kind = "part" if earned else "error" if broken else "wrong"
    return Verdict(exercise, kind, earned, headline, cause, tuple(facts), remarks, good, bad)


def _takes_otherwise(answer, exercise):
    """The arguments of `answer`, in brackets, if it cannot be called with those of the exercise; else ""."""
    try:
        signature = inspect.signature(answer)
        signature.bind(*exercise.arguments)
    except TypeError:
        return f"({', '.join(signature.parameters)})"
    except ValueError:                            # some built-in functions have no signature
        pass
    return ""


def _own_line(error):
    """The last line of the traceback that lies in the learner's code, as far as its source is known."""
    if hasattr(error, "learners_line"):           # it arose in another process, which told the line
        return error.learners_line
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(NOT_THEIRS)]
    return (frames[-1].line or "") if frames else ""


def _equal(before, after):
    if isinstance(before, list):
        return len(before) == len(after) and all(map(_equal, before, after))
    return np.array_equal(before, after)


def _kind(value):
    name = "number" if isinstance(value, np.number) else type(value).__name__.replace("ndarray", "array")
    return "None" if value is None else f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
