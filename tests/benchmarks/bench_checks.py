"""How long a learner waits for a card: every task's answer and every known wrong answer, without and with display.

    python tests/benchmarks/bench_checks.py            measure, judge the gates, write course/book/benchmarks/
    python tests/benchmarks/bench_checks.py --dry-run  measure and judge only

"Without display" is the verdict and the card's text; "with display" is `check` in an IPython shell, with the
record of progress that it keeps on disk. A figure is the median over rounds; the slowest wrong answer of each task
counts. Milliseconds of wall time, for that is what a learner waits. The exit code is the number of gates that fail.
"""
import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "lib"))

from chainrule.exercises import CheckFailed, assignments, check  # noqa: E402
from chainrule.exercises._card import Card  # noqa: E402
from chainrule.exercises._judge import judge  # noqa: E402
from chainrule.exercises._registry import exercises_of  # noqa: E402

OUT = ROOT / "course" / "book" / "benchmarks"
GATES = {"without display": 10.0, "with display": 50.0}       # milliseconds, the slowest answer of every task
WATCHED = {"without display": 150.0, "with display": 200.0}   # where an answer is watched at work: it trains, or judges


def quietly(exercise, answer):
    """The verdict and its card, as text."""
    return str(Card(judge(exercise, answer)))


def shown(exercise, answer):
    """What the locked cell does in a notebook."""
    with contextlib.suppress(CheckFailed):
        check(exercise.id, answer)


def milliseconds(run, exercise, answer, rounds):
    """The median over rounds, after one call that warms caches."""
    times = []
    for _ in range(rounds + 1):
        begin = perf_counter()
        run(exercise, answer)
        times.append(1e3 * (perf_counter() - begin))
    return median(times[1:])


def measure(rounds, tasks=None):
    """One row per task: {"task", way: {"right": ms, "slowest wrong": ms, "which": name}}."""
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.instance()
    rows = []
    for exercise in tasks or [e for name in assignments() for e in exercises_of(name)]:
        row = {"task": exercise.id, "watched": exercise.measure is not None}
        for way, run in (("without display", quietly), ("with display", shown)):
            with contextlib.redirect_stdout(io.StringIO()):
                right = milliseconds(run, exercise, exercise.answer, rounds)
                wrong = {m.name: milliseconds(run, exercise, m.function, rounds) for m in exercise.misconceptions}
            slowest = max(wrong, key=wrong.get)
            row[way] = {"right": right, "slowest wrong": wrong[slowest], "which": slowest}
        rows.append(row)
    return rows


def judged(rows):
    """One gate for each way and kind of task: the slowest answer of all."""
    gates = []
    for watched, limits in ((False, GATES), (True, WATCHED)):
        for way, allowed in limits.items():
            of_kind = [row for row in rows if row["watched"] == watched]
            if not of_kind:
                continue
            slowest = max(of_kind, key=lambda row: max(row[way]["right"], row[way]["slowest wrong"]))
            measured = max(slowest[way]["right"], slowest[way]["slowest wrong"])
            kind = "a check that watches an answer at work" if watched else "a check"
            gates.append({"gate": f"{kind}, {way}, milliseconds, slowest of all: {slowest['task']}",
                          "measured": measured, "at most": allowed, "holds": measured <= allowed})
    return gates


def markdown(found):
    """The results as the page that the book includes."""
    lines = ["# How long a check takes", "",
             f"Measured on {found['date']} ({os.cpu_count()} cores, load {found['load']:.2g} at the start), wall time, "
             f"medians of {found['rounds']} rounds, by `make bench`. A wrong answer takes longer than a right one: it "
             "is compared with every misconception that the task knows.", "",
             "| gate | measured | at most | |", "|---|---|---|---|",
             *[f"| {g['gate']} | {g['measured']:.3g} | {g['at most']:g} | "
               f"{'holds' if g['holds'] else '**fails**'} |" for g in found["gates"]], "",
             "Milliseconds:", "",
             "| task | right | slowest wrong | right, displayed | slowest wrong, displayed |", "|---|---|---|---|---|"]
    lines += [f"| {row['task']} | " + " | ".join(f"{row[way][kind]:.2f}" for way in GATES
                                                for kind in ("right", "slowest wrong")) + " |" for row in found["rows"]]
    return "\n".join([*lines, ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--dry-run", action="store_true", help="do not write the results")
    options = parser.parse_args()
    found = {"date": date.today().isoformat(), "load": os.getloadavg()[0], "rounds": options.rounds}
    with tempfile.TemporaryDirectory() as state:
        os.environ["CHAINRULE_STATE"] = state                  # the progress of whoever measures stays as it is
        found["rows"] = measure(options.rounds)
    found["gates"] = judged(found["rows"])
    for gate in found["gates"]:
        print(f"{'holds' if gate['holds'] else 'FAILS':>5}  {gate['gate']}: {gate['measured']:.3g} "
              f"(at most {gate['at most']:g})")
    if not options.dry_run:
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / "checks.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (OUT / "checks.md").write_text(markdown(found), encoding="utf-8")
    return sum(not gate["holds"] for gate in found["gates"])


if __name__ == "__main__":
    raise SystemExit(main())
