"""The equation ledger of the five decks, and the two checks with which a lecture earns an entry.

`confirm` shows that a statement holds: two values from different routes agree, and plausible wrong
values would not have. `refute` shows a printed slip fail and its correction hold.
"""
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np


class LedgerError(AssertionError):
    """A statement did not earn its tick: the message says which and why."""


@dataclass(frozen=True)
class Equation:
    """One statement of a deck. `latex` is what the slide states, slips kept; `erratum` tells of the slip."""
    id: str
    deck: str
    slide: str
    kind: str                     # definition, derivation, update-rule, algorithm, worked-example or claim
    latex: str
    meaning: str
    check: str
    erratum: str | None = None
    erratum_group: str | None = None      # A: wrong as printed, B: gap or wording, C: notation only
    figure: str | None = None
    called: str | None = None     # the names that the field has for it
    after: str | None = None      # an appended entry's place in slide order


def course_file(name):
    """A data file of the course, from the installed package or, in a checkout, from the folder course/."""
    packaged = resources.files("chainrule") / "course" / name
    return packaged if packaged.is_file() else Path(__file__).parents[2] / "course" / name


@cache
def load():
    """All statements, id → Equation, in file order."""
    equations = {}
    for deck in ("ece417", "ece884", "aiml231", "taylor", "lfd"):
        text = course_file(f"equations/{deck}.toml").read_text(encoding="utf-8")
        data = tomllib.loads(text)
        for entry in data["equations"]:
            equations[entry["id"]] = Equation(deck=data["deck"], **entry)
    return equations


def equation(id):
    """The statement with this id; LedgerError names the nearest ids if there is none."""
    try:
        return load()[id]
    except KeyError:
        import difflib
        near = ", ".join(difflib.get_close_matches(str(id), load(), n=3)) or "LFD-17, for example"
        raise LedgerError(f"The ledger has no statement {id!r}; did you mean {near}?") from None


def confirm(ids, left, right, *, unlike=None, to=1e-12):
    """Print that the statements hold, or raise LedgerError.

    ids: one id, or up to three in a list, that this one comparison proves. left, right: the same quantity
    by two different routes, arrays or numbers of one shape. `to`: how well they must agree, relative to
    the largest entry. unlike: {"what went wrong": value}, wrong results of the right shape, each of which
    this same comparison must reject.
    """
    ids = [ids] if isinstance(ids, str) else list(ids)
    if not 1 <= len(ids) <= 3:
        raise LedgerError(f"One comparison can stand for one to three statements, not for {len(ids)}.")
    name = ", ".join(equation(i).id for i in ids)
    left, right = _value(f"{name}: left side", left), _value(f"{name}: right side", right)
    if np.shares_memory(left, right):
        raise LedgerError(f"{name}: both sides are the same array, so agreement proves nothing; "
                          "compute the right side by another route.")
    miss = _distance(name, left, right)
    if not miss <= to:
        raise LedgerError(f"{name}: the two sides differ by {miss:.2g} of the largest entry; allowed is {to:g}.")
    for label, wrong in (unlike or {}).items():
        _reject(f"{name}: the wrong result «{label}»", _value(f"{name}: «{label}»", wrong), left, right, to)
    would_catch = f"; the check would catch: {', '.join(unlike)}" if unlike else ""
    print(f"{name} ✓ agrees to {to:g}{would_catch}")


def refute(id, printed, corrected, truth, *, to=1e-12):
    """Print that the formula as printed fails and its correction holds, or raise LedgerError.

    printed, corrected: the value of the formula as the slide has it, and mended. truth: the same
    quantity by another route. All of one shape. The statement must have an erratum in the ledger.
    """
    if equation(id).erratum is None:
        raise LedgerError(f"{id}: the ledger lists no erratum here; a correct statement must not be refuted.")
    printed, corrected, truth = (_value(f"{id}: {which}", value) for which, value in
                                 (("printed", printed), ("corrected", corrected), ("truth", truth)))
    if np.shares_memory(corrected, truth):
        raise LedgerError(f"{id}: correction and truth are the same array; compute the truth by another route.")
    miss = _distance(id, corrected, truth)
    if not miss <= to:
        raise LedgerError(f"{id}: the correction misses the truth by {miss:.2g} of the largest entry.")
    _reject(f"{id}: the printed formula", printed, corrected, truth, to)
    print(f"{id} ✗ as printed: off by {_distance(id, printed, truth):.0%} of the largest entry; "
          f"✓ corrected: agrees to {to:g}")


def _value(what, value):
    """A finite float or complex array, or a LedgerError that says what is wrong with it."""
    array = np.asarray(value)
    if array.dtype == object or array.dtype.kind not in "biufc":
        raise LedgerError(f"{what} is not an array of numbers.")
    if array.size == 0:
        raise LedgerError(f"{what} is empty.")
    if not np.all(np.isfinite(array)):
        raise LedgerError(f"{what} holds NaN or infinity.")
    return array


def _distance(name, a, b):
    """Largest difference, relative to the largest entry of either side; shapes must be equal."""
    if a.shape != b.shape:
        raise LedgerError(f"{name}: the shapes differ, {a.shape} and {b.shape}.")
    a, b = (x.astype(complex if x.dtype.kind == "c" else float) for x in (a, b))
    scale = max(np.max(np.abs(a)), np.max(np.abs(b)))
    return float(np.max(np.abs(a - b)) / scale) if scale else 0.0


def _reject(what, wrong, left, right, to):
    """The comparison with either side must fail clearly: by ten times what it allows."""
    if wrong.shape != right.shape:
        raise LedgerError(f"{what} has shape {wrong.shape}, not {right.shape}: rejecting it would prove nothing.")
    miss = min(_distance(what, wrong, left), _distance(what, wrong, right))
    if not miss > 10 * to:
        raise LedgerError(f"{what} would pass: it differs by only {miss:.2g} of the largest entry.")
