"""How fast a class is graded, beside nbgrader's own commands and beside the bare cells.

    python tests/benchmarks/bench_grading.py            measure, judge the gates, write course/book/benchmarks/
    python tests/benchmarks/bench_grading.py --dry-run  measure and judge only
    python tests/benchmarks/bench_grading.py --quick    a tenth of the class; for trying, writes nothing

The class: 200 submissions over three assignments, right, wrong and unfinished answers mixed as in a real class. It is
made by chance from a fixed seed out of the assignments' own solutions, and known by its hash: a class with another
hash is another measurement, and is refused. Ours, nbgrader's and the bare cells run on the same cores in the same
run. CPU time is that of a command and of all its descendants, orphans too. About ten minutes on two cores.
"""
import argparse
import ast
import ctypes
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "lib"))

from chainrule_grading.course import Course, write_atomically  # noqa: E402
from chainrule_grading.demo import Learner, notebook_of  # noqa: E402

OUT = ROOT / "course" / "book" / "benchmarks"
ASSIGNMENTS = ("delta", "losses", "gradients")
SIZE, WORKERS, TIMES = 200, 2, 10
HASH = "5a5a6c409026a164"
GATES = (                                         # figure, what it is, at most (or at least)
    ("faster", "nbgrader's autograde and generate_feedback take so many times our wall time", "at least", 14),
    ("cells", "our CPU time over that of the bare cells", "at most", 1.5),
    ("beyond", "our CPU time beyond the bare cells, milliseconds a submission", "at most", 60),
    ("linear", f"{SIZE * TIMES} submissions over {SIZE}, wall time", "at most", TIMES * 1.1),
    ("driver", f"memory of the driver with {SIZE * TIMES} submissions, MB", "at most", 250),
    ("worker", "memory of one more worker, with its sandbox and a submission in it, MB", "at most", 60),
    ("dask", "a local Dask cluster over a pool of as many processes, wall time", "at most", 1.1),
)


# ---------------------------------------------------------------- the class

SLIPS = (                                         # what people do to a line of NumPy
    (" / n", ""), (".T", ""), ("-", "+"), ("axis=0", "axis=1"), ("np.sum(", "np.mean("), (" * ", " + "),
    ("2 * ", ""), ("@", "*"), ("return ", "return 2 * "), (")", "))"), ("np.", "numpy."))
EXTRAS = ("print(np.zeros((3, 2)).shape)", "for k in range(3):\n    print(k, k ** 2)", "help_me = [1, 2, 3]\nhelp_me",
          "X = np.arange(12.0).reshape(4, 3)\nX.mean(axis=0)", "1 / 0")


def answers_of(course, assignment):
    """{cell: the solution's code} of an assignment, in its order."""
    notebook = nbformat.read(course.solutions / assignment / f"{assignment}.ipynb", as_version=4)
    return {cell.id: "\n".join(line for line in cell.source.splitlines() if "### " not in line)
            for cell in notebook.cells
            if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution")}


def slipped(code, rng):
    """The code with one slip in a line below its documentation."""
    lines = code.splitlines()
    first = ast.parse(code).body[-1].body[1:][0].lineno - 1
    places = [(k, old, new) for k in range(first, len(lines)) for old, new in SLIPS
              if old in lines[k] and not lines[k].lstrip().startswith("#")]
    k, old, new = rng.choice(places)
    return "\n".join([*lines[:k], lines[k].replace(old, new, 1), *lines[k + 1:]])


def the_class(course, size=SIZE):
    """[(assignment, Learner)]: from careful ones to those who stop half-way, the same in every run."""
    rng, found = random.Random(20261127), []
    solutions = {assignment: answers_of(course, assignment) for assignment in ASSIGNMENTS}
    for k in range(size):
        assignment, care, reach = ASSIGNMENTS[k % 3], rng.betavariate(4, 1.5), rng.choice([1, 1, 1, 0.7, 0.4])
        solution, cells = solutions[assignment], {}
        for done, (cell, code) in enumerate(solution.items()):
            if done >= reach * len(solution) or rng.random() < 0.05:
                continue                          # left as it was released
            cells[cell] = code if rng.random() < care else slipped(code, rng)
            if rng.random() < 0.15:
                cells[f"new after {cell}"] = rng.choice(EXTRAS)
        found.append((assignment, Learner(f"learner{k:04}", "", 0, cells, f"{assignment}.ipynb")))
    return found


def fingerprint(members):
    """One name for what the class has written."""
    told = [[assignment, learner.name, learner.cells] for assignment, learner in members]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def hand_in(course, members, times=1):
    """Put the class into a new classroom, `times` times over under other names; return the number of files."""
    releases = {name: nbformat.read(course.exercises / name / f"{name}.ipynb", as_version=4) for name in ASSIGNMENTS}
    for assignment, learner in members:
        raw = notebook_of(learner, releases[assignment])
        for again in range(times):
            folder = course.classroom / "submitted" / f"{learner.name}-{again}" / assignment
            write_atomically(folder / learner.file, raw)
    return len(members) * times


# ---------------------------------------------------------------- commands, their time and their memory

@dataclass
class Cost:
    """What a command and all its descendants took: seconds of wall and CPU time, and the largest memory in MB."""
    wall: float
    cpu: float
    driver: float = 0.0
    all: float = 0.0


def become_reaper():
    """Descendants whose parent ends become ours, so that what they took is counted (prctl, Linux)."""
    if ctypes.CDLL(None).prctl(36, 1, 0, 0, 0):
        raise OSError("this system cannot account for orphaned processes; measure on Linux")


def pss(pid):
    """MB of a process, what it shares with others counted in parts."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1000
    except (OSError, IndexError):
        return 0.0                                # it has just ended


def family(pid):
    """A process and all below it."""
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        try:
            for task in Path(f"/proc/{found[-1]}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except OSError:
            pass
    return found


@contextmanager
def watched(process, cost, every=0.5):
    """While this lasts, note the largest memory of a process and of its family."""
    done = threading.Event()

    def look():
        while not done.wait(every):
            sizes = [pss(pid) for pid in family(process.pid)]
            cost.driver, cost.all = max(cost.driver, sizes[0]), max(cost.all, sum(sizes))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def cost_of(commands, course, memory=False):
    """Run commands one after the other in a course, and all that they start; the sum of what they took."""
    environment = os.environ | {"PATH": str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"],
                                "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "lib"),
                                "PYTHONDONTWRITEBYTECODE": "1", "CHAINRULE_STATE": str(course.root / "state")}
    cost, before, start = Cost(0, 0), os.times(), time.perf_counter()
    for command in commands:
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen([sys.executable, "-m", *command], cwd=course.root, env=environment,
                                       stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            if memory:
                with watched(process, cost):
                    code = process.wait()
            else:
                code = process.wait()
            said.seek(0)
            if code and "nbgrader" not in command:   # nbgrader's ends so when one submission could not be graded
                raise SystemExit(f"{' '.join(command)} failed:\n{said.read()[-3000:]}")
    cost.wall = time.perf_counter() - start
    _reap()
    after = os.times()
    cost.cpu = (after.children_user + after.children_system) - (before.children_user + before.children_system)
    return cost


def _reap(patience=10):
    """Wait for the orphans of a command: their time counts once they have ended."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.02)
        except ChildProcessError:
            return


def grade(*options):
    return [["chainrule_grading.cli", "grade", *ASSIGNMENTS, *options]]


def stock():
    return [["nbgrader", step, name] for name in ASSIGNMENTS for step in ("autograde", "generate_feedback")]


# ---------------------------------------------------------------- figures

def course_for(folder, name, members, times=1, stock_config=False):
    """A course of its own with a class that has handed in."""
    course = Course(folder / name)
    for part in ("course", "solutions", "exercises"):
        shutil.copytree(ROOT / part, course.root / part, ignore=shutil.ignore_patterns("__pycache__"))
    config = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    plain = "\nfor name in ('Autograde', 'GenerateFeedback', 'HTMLExporter'):\n    c.pop(name)\n"
    (course.root / "nbgrader_config.py").write_text(config + (plain if stock_config else ""), encoding="utf-8")
    hand_in(course, members, times)
    return course


def afresh(course):
    """Forget all marks, as before a class is graded for the first time."""
    for path in course.classroom.iterdir():
        if path.name != "submitted":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def bare(course):
    """CPU seconds of the cells of all submissions, each in a fork of a warm Python, and nothing else."""
    done = subprocess.run([sys.executable, __file__, "--cells", str(course.root)], capture_output=True, text=True,
                          env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg",
                                            "CHAINRULE_STATE": str(course.root / "state")}, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def run_cells(root):
    """Print the CPU seconds that the code cells of each submission take, with IPython as in a kernel."""
    import gc

    import matplotlib.pyplot  # noqa: F401 (warm, as a kernel's first cell would leave it)
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    import chainrule.exercises

    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    for name in ASSIGNMENTS:
        chainrule.exercises._registry.exercises_of(name)
    paths = sorted(Path(root, "classroom", "submitted").glob("*/*/*.ipynb"))
    notebooks = [[c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"] for path in paths]
    gc.freeze()
    before, running = os.times(), 0
    for sources in notebooks:
        if running == WORKERS:                    # as many at a time as we grade: cores that share caches slow down
            os.wait()
            running -= 1
        running += 1
        if not os.fork():
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            for source in sources:
                shell.run_cell(source)
            os._exit(0)
    for _ in range(running):
        os.wait()
    after = os.times()
    print(json.dumps(after.children_user + after.children_system - before.children_user - before.children_system))


def with_workers(kind, root):
    """Print the wall seconds in which a warm pool, or a warm Dask cluster of as many processes, grades the class."""
    from chainrule_grading import driver

    course = Course(Path(root))

    def graded(pool):
        driver.grade_class(course, "losses", workers=pool, say=lambda _: None, force=True)      # all sandboxes are warm
        start = time.perf_counter()
        for name in ASSIGNMENTS:
            driver.grade_class(course, name, workers=pool, say=lambda _: None, force=True)
        print(json.dumps(time.perf_counter() - start))

    if kind == "pool":
        pool = driver.Pool(WORKERS)
        graded(pool)
        pool.close()
        return
    import dask
    from distributed import LocalCluster
    quiet = dask.config.set({"distributed.worker.profile.enabled": False})       # as course/teach/grading.md has it
    with quiet, LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=":0") as cluster:
        workers = driver.Cluster(cluster.scheduler_address)
        graded(workers)
        workers.close()


def timed_workers(kind, course):
    done = subprocess.run([sys.executable, __file__, "--with", kind, str(course.root)], capture_output=True, text=True,
                          check=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
    return float(done.stdout.splitlines()[-1])


def measure(size, folder, say):
    """All figures of one run."""
    become_reaper()
    members, found = the_class(Course(ROOT), size), {}
    found["class"] = {"size": size, "hash": fingerprint(members), "assignments": ASSIGNMENTS}
    ours = course_for(folder, "ours", members)
    costs = []
    for _ in range(2):                            # before and after nbgrader's: a machine that slows down hits both
        if costs:
            theirs = course_for(folder, "stock", members, stock_config=True)
            cost_of([["nbgrader", "generate_assignment", name, "--force"] for name in ASSIGNMENTS], theirs)
            found["nbgrader"] = cost_of(stock(), theirs).__dict__
            say(f"nbgrader: {found['nbgrader']['wall'] / size:.2f} s a submission")
        afresh(ours)
        costs.append(cost_of(grade("--workers", str(WORKERS)), ours))
        say(f"ours: {1e3 * costs[-1].wall / size:.0f} ms wall, {1e3 * costs[-1].cpu / size:.0f} ms CPU a submission")
    found["ours"] = {"wall": sum(c.wall for c in costs) / 2, "cpu": sum(c.cpu for c in costs) / 2}
    found["bare"] = bare(ours)
    say(f"bare cells: {1e3 * found['bare'] / size:.0f} ms CPU a submission")
    found["same marks"] = same_marks(ours, theirs, say)
    pool, dask = zip(*[(timed_workers("pool", ours), timed_workers("dask", ours)) for _ in range(2)], strict=True)
    found["pool"], found["dask cluster"] = min(pool), min(dask)
    say(f"pool {found['pool']:.1f} s, Dask {found['dask cluster']:.1f} s")
    memory = {workers: cost_of(grade("--workers", str(workers), "--force"), ours, memory=True) for workers in (1, 3)}
    found["memory"] = {workers: cost.all for workers, cost in memory.items()}
    large = course_for(folder, "large", members, TIMES)
    found["large"] = cost_of(grade("--workers", str(WORKERS)), large, memory=True).__dict__
    say(f"{TIMES} times the class: {found['large']['wall']:.0f} s, driver {found['large']['driver']:.0f} MB")
    return found


def same_marks(ours, theirs, say):
    """How many grades there are; SystemExit if one differs: speed with other marks would be worth nothing."""
    from nbgrader.api import Gradebook

    def marks(course):
        with Gradebook(f"sqlite:///{course.classroom / 'gradebook.db'}") as book:
            return {(name, s.student.id, g.name): g.auto_score for name in ASSIGNMENTS
                    for s in book.assignment_submissions(name) for n in s.notebooks for g in n.grades}
    a, b = marks(ours), marks(theirs)
    if a != b:
        other = [key for key in a.keys() | b.keys() if a.get(key, "none") != b.get(key, "none")]
        raise SystemExit(f"{len(other)} of {len(a)} grades differ from nbgrader's, the first: {sorted(other)[0]}: "
                         f"{a.get(sorted(other)[0], 'none')} and {b.get(sorted(other)[0], 'none')}")
    say(f"all {len(a)} grades equal nbgrader's")
    return len(a)


def judged(found):
    """Each gate with its figure."""
    size, ours = found["class"]["size"], found["ours"]
    figures = {
        "faster": found["nbgrader"]["wall"] / ours["wall"],
        "cells": ours["cpu"] / found["bare"],
        "beyond": 1e3 * (ours["cpu"] - found["bare"]) / size,
        "linear": found["large"]["wall"] / ours["wall"],
        "driver": found["large"]["driver"],
        "worker": (found["memory"][3] - found["memory"][1]) / 2,
        "dask": found["dask cluster"] / found["pool"],
    }
    return [{"gate": what, "measured": figures[name], "bound": f"{side} {bound:g}",
             "holds": figures[name] >= bound if side == "at least" else figures[name] <= bound}
            for name, what, side, bound in GATES]


def markdown(found):
    """The results as the page that the book includes."""
    c, ours, theirs = found["class"], found["ours"], found["nbgrader"]
    per = 1e3 / c["size"]
    rows = (("chainrule grade, sandboxed, with feedback", ours), ("nbgrader autograde, then generate_feedback", theirs))
    return "\n".join([
        "# How fast a class is graded", "",
        f"Measured on {found['date']} ({os.cpu_count()} cores, load {found['load']:.2g} at the start) by `make bench`: "
        f"{c['size']} submissions over the assignments {', '.join(c['assignments'])}, {found['same marks']} grades, "
        f"all equal to nbgrader's. The class has the hash `{c['hash']}`. CPU time is that of a command and of all that "
        "it starts.", "",
        "| gate | measured | bound | |", "|---|---|---|---|",
        *[f"| {g['gate']} | {g['measured']:.3g} | {g['bound']} | {'holds' if g['holds'] else '**fails**'} |"
          for g in found["gates"]], "",
        "| a submission | wall, ms | CPU, ms |", "|---|---|---|",
        *[f"| {what} | {per * cost['wall']:.0f} | {per * cost['cpu']:.0f} |" for what, cost in rows],
        f"| the bare cells, in a fork of a warm Python | – | {per * found['bare']:.0f} |", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dry-run", action="store_true", help="do not write the results")
    parser.add_argument("--quick", action="store_true", help="a tenth of the class, writes nothing")
    parser.add_argument("--cells", metavar="COURSE", help=argparse.SUPPRESS)      # processes that this one starts
    parser.add_argument("--with", nargs=2, dest="kind", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cells:
        return run_cells(options.cells)
    if options.kind:
        return with_workers(*options.kind)
    if not options.quick and (now := fingerprint(the_class(Course(ROOT)))) != HASH:
        raise SystemExit(f"The class has the hash {now}, not {HASH}: a solution or the recipe has changed, and figures "
                         "are not comparable with earlier ones. If that is meant, write the new hash into HASH.")
    found = {"date": date.today().isoformat(), "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as folder:
        found |= measure(SIZE // 10 if options.quick else SIZE, Path(folder),
                         lambda text: print(f"       {text}", flush=True))
    found["gates"] = judged(found)
    for gate in found["gates"]:
        print(f"{'holds' if gate['holds'] else 'FAILS':>5}  {gate['gate']}: {gate['measured']:.3g} ({gate['bound']})")
    if not (options.dry_run or options.quick):
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / "grading.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (OUT / "grading.md").write_text(markdown(found), encoding="utf-8")
    return sum(not gate["holds"] for gate in found["gates"])


if __name__ == "__main__":
    raise SystemExit(main())
