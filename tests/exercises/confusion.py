"""The confusion table: what the checks said to every kind of answer that we can make, counted.

    python tests/exercises/confusion.py             count, write course/book/benchmarks/confusion.{md,json}
    python tests/exercises/confusion.py --dry-run   count only

Four kinds of answers: right ones in other styles; known misconceptions; two misconceptions in one answer (result by
result, and blended entry by entry); generic faults (sign, factor, NaN, one row, …). What a card can do with a wrong answer:
name it rightly, state a pattern that holds, state the measurement, or name it wrongly, which must never happen. A
name is wrong if its code does something else than the answer on networks that the check has not seen. The exit
code is the number of right answers that failed, wrong ones that passed, and wrong names.
"""
import argparse
import itertools
import json
import re
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
from registered import EXERCISES, RIGHT, mapped, results
from test_exercise_faults import FAULTS, a_name_is_never_wrong, blend

from chainrule.exercises._judge import judge

OUT = Path(__file__).parents[2] / "course" / "book" / "benchmarks"
KINDS = ("right answers", "misconceptions", "two at once", "generic faults")
SAID = ("full", "named", "pattern", "measured", "wrong name")


def said(exercise, answer, seed, expected=None, scale=1.0):
    """Which of SAID the check did; `expected` is the misconception that the answer is, if it is a known one."""
    verdict = judge(exercise, answer, seed, scale)
    if verdict.kind == "full":
        return "full"
    if verdict.cause is None:
        told = " ".join(verdict.facts)
        return "measured" if re.search("Largest difference|Measured for|^$", told) else "pattern"
    if expected is not None:
        return "named" if verdict.cause is expected else "wrong name"
    try:
        a_name_is_never_wrong(exercise, answer, verdict)
    except AssertionError:
        return "wrong name"
    return "named"


def two_at_once(exercise):
    """Answers that hold two misconceptions: one in each result, or their errors added or multiplied."""
    for one, other in itertools.combinations(exercise.misconceptions, 2):
        yield blend(exercise, one, other, lambda a, b, r: a + b - r)
        yield blend(exercise, one, other, lambda a, b, r: a * b / r)
        for k in range(len(exercise.returns) if len(exercise.returns) > 1 else 0):
            yield lambda *x, k=k, one=one, other=other: [
                (one if j == k else other).function(*x)[j] for j in range(len(exercise.returns))]


def not_full_by_chance(exercise, answer):
    """Do two errors cancel, or does a fault leave this answer as it is? Then full marks are deserved."""
    for case in exercise.cases(seed=404):
        theirs, right = results(exercise, answer, case), results(exercise, exercise.answer, case)
        if theirs is None or any(len(theirs[k]) != len(right[k]) or any(
                a.shape != b.shape or not np.allclose(a, b, rtol=1e-9, atol=1e-13, equal_nan=True)
                for a, b in zip(theirs[k], right[k], strict=True)) for k in right):
            return True
    return False


def counted(exercise, seeds):
    """{kind: Counter of SAID} for one task."""
    table = {kind: Counter() for kind in KINDS}
    for seed in range(seeds):
        for answer, scale in itertools.product((exercise.answer, *RIGHT[exercise.id]), (1, 0.1, 1e-3)):
            table["right answers"][said(exercise, answer, seed, scale=scale)] += 1
        for mistake, scale in itertools.product(exercise.misconceptions, (1, 0.1)):
            table["misconceptions"][said(exercise, mistake.function, seed, mistake, scale)] += 1
    if exercise.measure:                          # its answers are verdicts or procedures: no numbers to mix or to spoil
        return table
    for answer in two_at_once(exercise):
        outcome = said(exercise, answer, 11)
        table["two at once"][outcome] += outcome != "full" or not_full_by_chance(exercise, answer)
    for change, _ in FAULTS.values():
        table["generic faults"][said(exercise, mapped(exercise.answer, change), 11)] += 1
    return table


def faults(table):
    """How many answers got what they must not get."""
    return (sum(n for outcome, n in table["right answers"].items() if outcome != "full")
            + sum(table[kind][outcome] for kind in KINDS[1:] for outcome in ("full", "wrong name"))
            + sum(n for outcome, n in table["misconceptions"].items() if outcome not in ("named", "full", "wrong name")))


def markdown(found):
    """The counts as a page."""
    total = {kind: sum((Counter(row[kind]) for row in found["tasks"].values()), Counter()) for kind in KINDS}

    def line(name, count):
        return f"| {name} | {sum(count.values())} | " + " | ".join(str(count[outcome]) for outcome in SAID) + " |"
    head = "| | answers | full marks | named rightly | pattern told | measured | named wrongly |"
    lines = [
        "# How the checks tell answers apart", "",
        f"Counted on {found['date']} over {len(found['tasks'])} tasks by `make proof`: right answers in other styles and "
        f"known misconceptions on {found['seeds']} seeds, right answers at weight scales 1, 0.1 and 0.001, misconceptions at 1 "
        "and 0.1; two misconceptions in one answer, and generic faults, on one seed. A name is wrong if its code does "
        "something else than the answer on networks that the check has not seen.", "",
        head, "|---|---|---|---|---|---|---|", *[line(kind, total[kind]) for kind in KINDS], "",
        "## Task by task", "",
        "Each cell: how many answers, and what the card did with the wrong ones: named / pattern / measured / named wrongly.",
        "", "| task | right: passed | misconceptions | two at once | generic faults |", "|---|---|---|---|---|"]
    for task, row in found["tasks"].items():
        cells = [f"{row[KINDS[0]].get('full', 0)} of {sum(row[KINDS[0]].values())}"]
        cells += [f"{sum(row[kind].values())}: " + " / ".join(str(row[kind].get(outcome, 0)) for outcome in SAID[1:])
                  for kind in KINDS[1:]]
        lines.append(f"| {task} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", default="", help="only tasks whose id begins so; nothing is written")
    parser.add_argument("--dry-run", action="store_true", help="do not write the results")
    options = parser.parse_args()
    tasks = {}
    for exercise in EXERCISES:
        if exercise.id.startswith(options.only):
            with np.errstate(all="ignore"):
                tasks[exercise.id] = counted(exercise, options.seeds)
            if wrong := faults(tasks[exercise.id]):
                print(f"{exercise.id}: {wrong} faults: {tasks[exercise.id]}", file=sys.stderr)
    found = {"date": date.today().isoformat(), "seeds": options.seeds, "tasks": tasks}
    total = {kind: dict(sum((row[kind] for row in tasks.values()), Counter())) for kind in KINDS}
    print("\n".join(f"{kind}: {count}" for kind, count in total.items()))
    if not options.dry_run and not options.only:
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / "confusion.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        (OUT / "confusion.md").write_text(markdown(found), encoding="utf-8")
    return sum(map(faults, tasks.values()))


if __name__ == "__main__":
    raise SystemExit(main())
