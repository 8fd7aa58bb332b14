"""What is wrong and why: known misconceptions first, then patterns in the numbers, then the bare measurement.

Nothing is ever guessed: a misconception is named only if its code gives the learner's numbers on every
case; a pattern is stated only if it holds on every case; else the largest difference is reported.
"""
import copy
import itertools
import re

import numpy as np

from chainrule.exercises._judge import Part, call, parts_of, same


def explain(exercise, cases, runs, rights, laid, bad, reveal):
    """Return (headline, misconception or None, facts) for an answer that is not fully right."""
    cause = _misconception(exercise, cases, runs, rights, laid, bad)
    broken = next(((case, run) for case, run in zip(cases, runs, strict=True) if run.error is not None), None)
    if cause:
        facts = [_stopped(*broken)] if broken else [_measured(cases, laid, bad, reveal)]
        return f"{_listed(bad)}: {cause.name}.", cause, facts
    if broken:
        where = "" if runs[0].error is not None else f" Tried on {broken[0]}."
        return "Your function stopped before it could answer.", None, [_stopped(*broken) + where]
    if any(run.value is None for run in runs):
        if any(run.printed for run in runs):
            return "Your function prints its result; it must return it.", None, [
                "`print` shows a number to a person; `return` hands it to the code that asked for it."]
        return "Your function returns nothing.", None, ["Does its last line begin with `return`?"]
    problem = next((parts for parts in laid if isinstance(parts, str)), None)
    if problem:
        return problem, None, []
    if order := _swapped(exercise, laid):
        return order, None, [f"The contract asks for: {', '.join(exercise.returns)}."]
    facts = [_pattern(exercise, cases, laid, name) for name in bad]
    if any(facts):
        return _not_right(bad), None, [f for f in facts if f] + [
            _measured(cases, laid, [name], reveal)
            for name, fact in zip(bad, facts, strict=True) if not fact]
    return _not_right(bad), None, [_measured(cases, laid, bad, reveal)]


def remarks(runs):
    """Things worth saying that cost no marks."""
    said = []
    if changed := sorted({name for run in runs for name in run.changed}):
        said.append(f"Your function changes {_code(changed)} in place. Here it costs nothing; elsewhere the next "
                    "line that needs the old value would be wrong.")
    if warned := sorted({text for run in runs for text in run.warned}):
        said.append(f"NumPy warned: {warned[0]}.")
    if printed := next((run.printed.strip() for run in runs if run.printed.strip()), ""):
        said.append(f"It printed, on the first network: {printed[:200]}{' …' if len(printed) > 200 else ''}")
    return tuple(said)


def _misconception(exercise, cases, runs, rights, laid, bad):
    """The misconception whose code explains every wrong result on every case, if there is one."""
    for mistake in exercise.misconceptions:
        numbers = 0
        for case, run, right, parts in zip(cases, runs, rights, laid, strict=True):
            wrong = call(mistake.function, case)
            if (wrong.error is None) != (run.error is None) or isinstance(parts, str):
                break
            if run.error is not None:             # both stopped: on this network the shapes don't fit
                continue
            if run.value is None:
                break
            theirs = parts_of(exercise, case, wrong, right)
            mine = [p for p in parts if p.name.partition("[")[0] in bad]
            hers = [p for p in theirs if p.name.partition("[")[0] in bad] if isinstance(theirs, list) else []
            if len(mine) != len(hers) or not all(_alike(a, b) for a, b in zip(mine, hers, strict=True)):
                break
            numbers += any(not p.ok for p in mine)
        else:
            if numbers:
                return mistake
    return None


def _alike(mine, theirs):
    if mine.given is None or theirs.given is None:
        return False
    if mine.given.shape != theirs.given.shape:
        return False
    return same(mine.given, theirs.given.astype(float)) if np.all(np.isfinite(theirs.given)) else False


def _swapped(exercise, laid):
    """Whether the same results in another order are right on every case."""
    names = list(exercise.returns)
    if len(names) < 2 or any(len(parts) != len(names) for parts in laid):
        return ""
    for order in itertools.permutations(range(len(names))):
        if list(order) != sorted(order) and all(
                parts[order[k]].given is not None and same(parts[order[k]].given, parts[k].right)
                for parts in laid for k in range(len(names))):
            return f"Your results are right but in another order: {', '.join(names[order.index(k)] for k in order)}."
    return ""


def _pattern(exercise, cases, laid, name):
    """A true sentence on how `name` goes wrong, if a pattern holds on every case; else an empty string."""
    columns = list(zip(*([p for p in parts if p.name.partition("[")[0] == name] for parts in laid), strict=False))
    flat = [part for parts in laid for part in parts if part.name.partition("[")[0] == name]
    if problem := next((p.problem for p in flat if p.problem), ""):
        return problem
    turned = [p for p in flat if not p.ok and p.right.ndim == 2 and p.given.shape == p.right.T.shape]
    if turned and all(p.ok or (any(p is t for t in turned) and same(p.given.T, p.right)) for p in flat):
        return f"`{name}` is the transpose of what is asked; its shape should be {exercise.returns[name]}."
    if odd := next((p for p in flat if p.given.shape != p.right.shape), None):
        return (f"`{odd.name}` has shape {odd.given.shape}; asked for is {exercise.returns[name]}, "
                f"here {odd.right.shape}.")
    if odd := next((p for p in flat if not np.all(np.isfinite(p.given))), None):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(odd.given))[0])
        return f"`{odd.name}` holds NaN or infinity, first at {_at(where)}. Where does it overflow or divide by zero?"
    if all(not np.any(p.given) for p in flat):
        return f"`{name}` is zero everywhere."
    if factor := _factor(cases, laid, name):
        return factor
    if len(laid) > 1 and _ok(laid[0], name) and not any(_ok(parts, name) for parts in laid[1:]):
        return (f"`{name}` is right on the first network and wrong on the others. "
                "Does a number of that network stand in your code?")
    if row := _only(flat, axis=0):
        return f"`{name}`: only row {row - 1} is right, that of one example. Do the others come in at all?"
    if column := _only(flat, axis=1):
        return f"`{name}`: only column {column - 1} is right."
    if len(columns) > 1:
        good = [k for k, column in enumerate(columns) if all(p.ok for p in column)]
        if good:
            return (f"`{name}` is right for layer {_numbers(good)} and wrong elsewhere: the recursion goes astray on "
                    "the way between.")
    worst = max(np.max(np.abs(p.given - p.right)) / np.max(np.abs(p.right)) for p in flat)
    if worst < 1e-5:
        digits = -int(np.floor(np.log10(worst))) - 1
        return (f"`{name}` is close, but not exact: {digits} digits of about 15 agree. Right numbers by another route: "
                "differences instead of back-propagation, or rounded values?")
    return ""


def _factor(cases, laid, name):
    """Whether one factor per case carries the right result into the given one, and how it goes with n."""
    factors = []
    for parts in laid:
        mine = [p for p in parts if p.name.partition("[")[0] == name]
        a = np.concatenate([p.given.ravel() for p in mine]).astype(float)
        b = np.concatenate([p.right.ravel() for p in mine])
        c = float(a @ b / (b @ b))
        if not same(a, c * b):
            return ""
        factors.append(c)
    n = np.array([case.n for case in cases], float)
    for rate, words in ((1.0, ""), (n, "n times "), (1 / n, "1/n times ")):
        constant = np.array(factors) / rate
        if np.allclose(constant, constant[0], rtol=1e-7, atol=0):
            c = constant[0]
            if words and np.isclose(c, 1):
                return f"Every entry of `{name}` is {words}the right one (n is the number of examples)."
            if np.isclose(c, -1) and not words:
                return f"Every entry of `{name}` has the wrong sign."
            return f"Every entry of `{name}` is {c:.4g} times {words}the right one{' (n examples)' if words else ''}."
    return ""


def _ok(parts, name):
    return all(p.ok for p in parts if p.name.partition("[")[0] == name)


def _only(flat, axis):
    """1 + k if on every case exactly slice k along `axis` is right and the same for all; else 0."""
    found = set()
    for p in flat:
        if p.right.ndim < 2 or p.right.shape[axis] < 2:
            continue
        given, right = np.moveaxis(p.given, axis, 0), np.moveaxis(p.right, axis, 0)
        right_ones = [k for k in range(len(right)) if same(given[k], right[k])]
        found.add(right_ones[0] + 1 if len(right_ones) == 1 else 0)
    return found.pop() if len(found) == 1 else 0


def _measured(cases, laid, bad, reveal):
    """The largest difference on the first case that shows one: where it is, what stands there, what should."""
    for case, parts in zip(cases, laid, strict=True):
        for part in parts if isinstance(parts, list) else ():
            if part.name.partition("[")[0] in bad and not part.ok:
                return _largest(part, case, reveal)
    return ""


def _largest(part: Part, case, reveal):
    if part.given is None:
        return part.problem
    if part.given.shape != part.right.shape:
        return f"`{part.name}` has shape {part.given.shape}, and {part.right.shape} is asked for ({case})."
    miss = np.abs(np.nan_to_num(part.given - part.right, nan=np.inf))
    where = tuple(int(i) for i in np.unravel_index(np.argmax(miss), miss.shape))
    right = f"; right is {part.right[where]:.6g}" if reveal else ", which is not right"
    return f"Largest difference: `{part.name}`{_at(where)} is {part.given[where]:.6g}{right} ({case})."


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
    if isinstance(error, TypeError) and "positional argument" in text:
        return f"The function is called with {len(case.inputs)} arguments: {', '.join(case.inputs)}. Python: {text}."
    return f"{type(error).__name__}{line}: {text[:300] or 'without a message'}. Here {shapes}."


def _shape(value):
    if isinstance(value, list):
        return "[" + ", ".join(_shape(v) for v in value) + "]"
    return str(np.shape(value)) if np.shape(value) else repr(copy.copy(value))


def _at(where):
    return "[" + ", ".join(str(i) for i in where) + "]"


def _code(names):
    return ", ".join(f"`{name}`" for name in names)


def _numbers(values):
    return ", ".join(str(v) for v in values)


def _not_right(names):
    return f"{_listed(names)} {'is' if len(names) == 1 else 'are'} not right yet."


def _listed(names):
    return " and ".join(filter(None, [_code(names[:-1]), f"`{names[-1]}`"]))
