"""What is wrong and why: known misconceptions first, then patterns in the numbers, then the bare measurement.

Nothing is ever guessed: a misconception is named only if its code gives the learner's numbers on every
case; a pattern is stated only if it holds on every case; else the largest difference is reported.
"""
import itertools
import re

import numpy as np

from chainrule.exercises._judge import Part, call, parts_of, same
from chainrule.exercises._registry import Unfit


def explain(exercise, cases, runs, rights, laid, bad, reveal):
    """Return (headline, misconception or None, facts) for an answer that is not fully right."""
    broken = next(((case, run) for case, run in zip(cases, runs, strict=True) if run.error is not None), None)
    comparable = exercise.measure is None and all(isinstance(parts, list) for parts in laid)
    if comparable and (order := _swapped(exercise, laid)):
        return order, None, [f"The contract asks for: {', '.join(exercise.returns)}."]
    causes = _causes(exercise, cases, runs, rights, laid)
    if causes:
        named = {name for _, names in causes for name in names}
        wrong = [name for name in bad if name not in named and not _right_where_it_ran(laid, name)]
        headline = "; ".join(f"{_listed(names)}: {cause.name}" for cause, names in causes) + "."
        facts = [_stopped(*broken)] if broken else [_measured(exercise, cases, laid, causes[0][1], reveal)]
        return headline, causes[0][0], facts + ([_not_right(wrong, "either")] if wrong else [])
    if broken and isinstance(broken[1].error, Unfit):
        return str(broken[1].error), None, []
    if broken:
        where = "" if runs[0].error is not None else f" Tried on {broken[0]}."
        return "Your function stopped before it could answer.", None, [_stopped(*broken) + where]
    if any(run.value is None for run in runs):
        if any(run.printed for run in runs):
            return "Your function prints, but it returns nothing.", None, [
                "`print` shows a number to a person; `return` hands it to the code that asked for it."]
        return "Your function returns nothing.", None, ["Does its last line begin with `return`?"]
    problem = next((parts for parts in laid if isinstance(parts, str)), None)
    if problem:
        return problem, None, []
    facts = {name: "" if exercise.measure else _pattern(exercise, cases, laid, name) for name in bad}
    unclear = [name for name in bad if not facts[name]]
    return _not_right(bad), None, [f for f in facts.values() if f] + (
        [_measured(exercise, cases, laid, unclear, reveal)] if unclear else [])


def remarks(runs):
    """Things worth saying that cost no marks."""
    said = []
    if changed := sorted({name for run in runs for name in run.changed}):
        said.append(f"Your function changes {_code(changed)} in place. That alone costs no mark, but whatever "
                    "needs the old value afterwards will be wrong.")
    if warned := sorted({text for run in runs for text in run.warned}):
        said.append(f"A warning came up: {warned[0].rstrip('.')}.")
    if printed := next((" ".join(run.printed.split()) for run in runs if run.printed.strip()), ""):
        said.append(f"It printed, on the first trial: {printed[:200]}{' …' if len(printed) > 200 else ''}")
    return tuple(said)


def _causes(exercise, cases, runs, rights, laid):
    """[(misconception, names of the results it explains)], those that explain most first, no result twice."""
    found = [(m, _explained(exercise, m, cases, runs, rights, laid)) for m in exercise.misconceptions]
    causes = []
    for mistake, names in sorted(found, key=lambda pair: -len(pair[1])):
        if names and not any(set(names) & set(others) for _, others in causes):
            causes.append((mistake, names))
    return causes


def _explained(exercise, mistake, cases, runs, rights, laid):
    """The results that `mistake` gets wrong, if the learner's are just as wrong on every case; else ()."""
    wrong, unlike = set(), set()
    for case, run, right, parts in zip(cases, runs, rights, laid, strict=True):
        theirs = call(exercise.tried(mistake.function), case)
        if (theirs.error is None) != (run.error is None):
            return ()
        if run.error is None:                     # else both stopped: on this network the shapes don't fit
            if not isinstance(parts, list):
                return ()
            for mine, other in zip(parts, parts_of(exercise, case, theirs, right), strict=True):
                wrong |= {_result(other)} if not other.ok else set()
                unlike |= {_result(mine)} if not _alike(mine, other) else set()
            if wrong & unlike:                    # both sets only grow: the other trials can't mend it
                return ()
    return tuple(name for name in exercise.returns if name in wrong)


def _result(part):
    """`dW[1]` is an entry of the result `dW`."""
    return part.name.partition("[")[0]


def _alike(mine, theirs):
    if mine.given is None or theirs.given is None:
        return False
    a, b = mine.given, theirs.given.astype(float)
    if a.shape != b.shape or np.any(np.isfinite(a) != np.isfinite(b)):
        return False                              # NaN and infinity count as alike: both come of overflow
    return same(a[np.isfinite(a)], b[np.isfinite(b)])


def _swapped(exercise, laid):
    """A sentence, if the same results in another order are right on every case."""
    names = list(exercise.returns)
    grouped = [[[p for p in parts if _result(p) == name] for name in names] for parts in laid]
    for order in list(itertools.permutations(range(len(names))))[1:]:
        if all(a.given is not None and same(a.given.ravel(), b.right.ravel()) for groups in grouped
               for k in range(len(names)) for a, b in zip(groups[order[k]], groups[k], strict=True)):
            theirs = ", ".join(names[order.index(k)] for k in range(len(names)))
            return f"Your results are right but in another order: {theirs}."
    return ""


def _pattern(exercise, cases, laid, name):
    """A true sentence on how `name` goes wrong, if a pattern holds on every case; else an empty string."""
    flat = [part for parts in laid for part in parts if _result(part) == name]
    if problem := next((p.problem for p in flat if p.problem), ""):
        return problem
    if all(p.ok or (p.right.ndim == 2 and same(p.given.T, p.right)) for p in flat):
        return f"`{name}` is the transpose of what is asked; its shape should be {exercise.returns[name]}."
    fits = all(p.given.shape == p.right.shape and np.all(np.isfinite(p.given)) for p in flat)
    if fits and (simple := _factor(cases, laid, name) or _signs_or_gaps(flat, name)):
        return simple
    if len(laid) > 1 and _right(laid[0], name) and not any(_right(parts, name) for parts in laid[1:]):
        return (f"`{name}` is right on the first trial ({cases[0]}) and wrong on the others. "
                "Does a number of that trial stand in your code?")
    if odd := next((p for p in flat if p.given.shape != p.right.shape), None):
        what = f"has shape {odd.given.shape}" if odd.given.ndim else "is a single number"
        here = f", here {odd.right.shape}" if odd.right.ndim else ""
        return f"`{odd.name}` {what}; asked for is {exercise.returns[name]}{here}."
    if odd := next((p for p in flat if not np.all(np.isfinite(p.given))), None):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(odd.given))[0])
        first = f"holds NaN or infinity, first at {_at(where)}" if where else "is NaN or infinity"
        return f"`{odd.name}` {first}. Where does it overflow or divide by zero?"
    layers = _layers(laid, name) if "layer" in exercise.returns[name] else ""
    return _nearly(flat, name) or _slices(flat, name) or layers


def _signs_or_gaps(flat, name):
    if all(same(np.abs(p.given), np.abs(p.right)) for p in flat):
        return f"`{name}` has the right size everywhere, but some of its signs are wrong."
    if all(same(np.where(p.given == 0, p.right, p.given), p.right) for p in flat):
        return (f"`{name}` is 0 where it is wrong. What is left out there? A term, or a round of a loop that ends too "
                "early or holds a `return`?")
    return ""


def _factor(cases, laid, name):
    """Whether one factor per case carries the right result into the given one, and how it goes with n."""
    factors = []
    for parts in laid:
        mine = [p for p in parts if _result(p) == name]
        a = np.concatenate([p.given.ravel() for p in mine])
        b = np.concatenate([p.right.ravel() for p in mine])
        c = float(a @ b / (b @ b))
        if not same(a, c * b):
            return ""
        factors.append(c)
    if not any(factors):
        return f"`{name}` is zero everywhere."
    if np.allclose(factors, 1, rtol=1e-5, atol=0):
        return ""                                 # a single number, measured and not derived: see _nearly
    n = np.array([case.n for case in cases], float)
    for rate, words in ((1.0, ""), (n, "n times "), (1 / n, "1/n times ")):
        constant = np.array(factors) / rate
        if np.allclose(constant, constant[0], rtol=1e-5, atol=0):
            c = constant[0]
            if words and np.isclose(c, 1):
                return f"Every entry of `{name}` is {words}the right one (n is the number of examples)."
            if np.isclose(c, -1) and not words:
                return f"Every entry of `{name}` has the wrong sign."
            examples = " (n examples)" if words else ""
            return f"Every entry of `{name}` is {c:.4g} times {words}the right one{examples}."
    return ""


def _slices(flat, name):
    """Whether exactly one row (column, entry) is right, or exactly one wrong, the same on every case."""
    for axis in range(flat[0].right.ndim if flat[0].name == name else 0):
        what = ("row", "column")[axis] if flat[0].right.ndim == 2 else "entry"
        right = [[same(p.given.take(k, axis), p.right.take(k, axis)) for k in range(p.right.shape[axis])]
                 for p in flat if p.right.shape[axis] > 1]
        for wanted, words in ((True, "is right throughout only in"), (False, "is right everywhere but in")):
            places = {tuple(k for k, ok in enumerate(row) if ok is wanted) for row in right}
            if len(places) == 1 and len(place := places.pop()) == 1:
                return f"`{name}` {words} {what} {place[0]}."
            if {tuple(k - len(row) for k, ok in enumerate(row) if ok is wanted) for row in right} == {(-1,)}:
                return f"`{name}` {words} its last {what}. Does a loop stop too early, or start too late?"
    return ""


def _layers(laid, name):
    """For a list with one array per layer: where, seen from the output, it begins to go wrong."""
    walks = [[p.ok for p in reversed(parts) if _result(p) == name] for parts in laid
             if any(p.name.startswith(f"{name}[") for p in parts)]
    if walks and all(walk[0] for walk in walks):
        return f"`{name}` is right in the last layer and goes wrong on the way back from there."
    if walks and not any(walk[0] for walk in walks):
        return f"`{name}` is wrong in the last layer already, where the walk back begins. Mend that first."
    return ""


def _nearly(flat, name):
    worst = max(np.max(np.abs(p.given - p.right)) / np.max(np.abs(p.right)) for p in flat)
    if worst >= 1e-5:
        return ""
    digits = -int(np.floor(np.log10(worst))) - 1
    return (f"`{name}` is close, but not exact: about {digits} digits of 15 agree. Right numbers, another "
            "route: do they come from differences instead of back-propagation, or from rounded values?")


def _right(parts, name):
    return all(p.ok for p in parts if _result(p) == name)


def _right_where_it_ran(laid, name):
    return all(_right(parts, name) for parts in laid if isinstance(parts, list))


def _measured(exercise, cases, laid, bad, reveal):
    """The largest difference on the first case that shows one: where it is, what is there, what should be."""
    for case, parts in zip(cases, laid, strict=True):
        for part in parts if isinstance(parts, list) else ():
            if _result(part) in bad and not part.ok:
                if exercise.measure and part.given is not None and part.given.shape == part.right.shape:
                    return _found(exercise, part, reveal)
                return _largest(part, case, reveal)
    return ""


def _found(exercise, part, reveal):
    """What a measure found of one result beside what it should have found."""
    given, right = (", ".join(f"{v:.6g}" for v in np.ravel(array)) for array in (part.given, part.right))
    asked = f", asked for is {right}" if reveal else ", which is not what is asked for"
    return f"Measured for `{part.name}` ({exercise.returns[part.name]}): {given}{asked}."


def _largest(part: Part, case, reveal):
    if part.given is None:
        return part.problem
    if part.given.shape != part.right.shape:
        given, asked = (f"shape {s}" if s else "a single number" for s in (part.given.shape, part.right.shape))
        return f"`{part.name}` {'has' if part.given.ndim else 'is'} {given}, and {asked} is asked for ({case})."
    miss = np.abs(np.nan_to_num(part.given - part.right, nan=np.inf))
    where = tuple(int(i) for i in np.unravel_index(np.argmax(miss), miss.shape))
    right = f"; right is {part.right[where]:.6g}" if reveal else ", which is not right"
    return f"Largest difference: `{part.name}{_at(where)}` is {part.given[where]:.6g}{right} ({case})."


def _stopped(case, run):
    """One sentence for an exception, with the shapes that met."""
    error, text = run.error, str(run.error).strip()
    line = f" in the line `{run.line}`" if run.line else ""
    shapes = ", ".join(f"{name} {_shape(value)}" for name, value in case.inputs.items())
    if isinstance(error, NotImplementedError):
        return f"A part of the stub is still there (NotImplementedError{line})."
    if "core dimension" in text and (sizes := re.search(r"size (\d+) is different from (\d+)", text)):
        return (f"A matrix product{line} does not fit: the inner sizes are {sizes[2]} and {sizes[1]} "
                f"(here {shapes}).")
    if "broadcast together" in text:
        met = text.partition("shapes")[2].strip().replace(") (", ") and (")
        return f"Arrays of shape {met} met{line}; they cannot be combined entry by entry (here {shapes})."
    return f"{type(error).__name__}{line}: {text[:300] or 'without a message'}. Here {shapes}."


def _shape(value):
    if callable(value):
        return "a function"
    if isinstance(value, list):
        return f"[{', '.join(map(_shape, value))}]"
    if isinstance(value, str):
        return value
    return str(np.shape(value)) if np.ndim(value) else "(a number)"


def _at(where):
    return f"[{', '.join(str(i) for i in where)}]" if where else ""


def _code(names):
    return ", ".join(f"`{name}`" for name in names)


def _not_right(names, either=""):
    return f"{_listed(names)} {'is' if len(names) == 1 else 'are'} not right {either or 'yet'}."


def _listed(names):
    return " and ".join(filter(None, [_code(names[:-1]), f"`{names[-1]}`"]))
