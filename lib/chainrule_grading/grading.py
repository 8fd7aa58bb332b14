"""From a submitted file to a mark: read → restore → sandbox → evaluate, then record.

`grade` is one pure function from bytes to a Result: no course folder, no gradebook, no printing. `driver.py` calls it
in a pool or a cluster, once per submission; only `Recorder` touches the gradebook. Learners' code runs in the sandbox
and answers calls; nothing that it sends is a verdict. With isolation="none" it runs in a kernel, as the user who
grades.
"""
import atexit
import functools
import os
import re
import sqlite3
import time
import unicodedata
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from chainrule.exercises._registry import find
from chainrule_grading.course import UserError, nbgrader_config
from chainrule_grading.notebooks import Limits, Unreadable, handed_in, other_contracts, parse, restore, run
from chainrule_grading.recorder import Recorder, about_result, quiet, to_read  # noqa: F401 (others look for them here)
from chainrule_grading.sandbox import Joined, NoSandbox, Sandbox

FAILED = ("CheckFailed", "NotPassed")             # errors by which a check says that nothing was earned


@dataclass(frozen=True)
class Submission:
    """A file that a learner handed in for an assignment."""
    student: str
    assignment: str
    path: Path


@dataclass(frozen=True)
class Mark:
    """One graded cell: points earned (None: a person decides), and the first lines of its card."""
    name: str
    earned: float | None
    points: float
    says: tuple = ()
    written: bool = False         # an answer in words: None until graded by hand, 0 if left as released
    task: str = ""                # the exercise's id, where a check of the registry gave the mark
    kind: str = ""                # its verdict: "full", "part", "wrong", "error" or "unwritten"
    cause: str = ""               # the name of the misconception behind it, if it is a known one


@dataclass(frozen=True)
class Result:
    """What grading one submission gave. `problem` says why there is no mark; `flags` are for the instructor."""
    student: str
    assignment: str
    notebook: dict | None = None
    marks: tuple = ()
    flags: tuple = ()
    problem: str = ""
    seconds: float = 0.0
    isolation: str = "sandbox"    # or "none": how learners' code was kept apart from the grader
    notes: tuple = ()             # sentences for the learner, on the whole notebook
    total: dict = field(default_factory=dict)     # once it is recorded: the mark as it stands (recorder.total)

    @property
    def earned(self):
        """Points of the checks; answers in words are not in it."""
        return round(sum(mark.earned for mark in self.marks if not mark.written), 2)

    @property
    def points(self):
        return sum(mark.points for mark in self.marks if not mark.written)

    @property
    def by_hand(self):
        """Points that wait for a person."""
        return self.total.get("waiting", sum(mark.points for mark in self.marks if mark.earned is None))

    @property
    def stands(self):
        """The mark with what a person gave and without what lateness costs; None before it is recorded."""
        return self.total.get("stands")


def grade(student, assignment, raw, release, limits=Limits(), *, instructor=None, key=b"",  # noqa: B008 (frozen)
          isolation="sandbox"):
    """Bytes of a submitted notebook and of the release → Result. Never raises for anything a learner did.

    `instructor` is the notebook with solutions and hidden tests (default: the release), `key` the course secret.
    """
    from chainrule_grading import evaluate
    from chainrule_grading.feedback import tidy

    start = time.perf_counter()

    def result(**about):
        return Result(student, assignment, seconds=time.perf_counter() - start, isolation=isolation, **about)

    released = _read(release)
    try:
        submitted = parse(raw)
        notebook, flags = restore(submitted, released)
        notes = other_contracts(submitted, released)
    except Unreadable as reason:
        return result(problem=str(reason))
    if isolation == "none":
        flags += run(notebook, limits)
        return result(marks=marks_of(notebook), notebook=tidy(notebook, released), flags=flags, notes=notes)

    plan, seed_of = _plan(instructor or release), evaluate.seeds(key, student, assignment)
    for last in (False, True):
        try:
            ended, more = evaluate.evaluate(notebook, plan, sandbox(), limits, seed_of)
        except NoSandbox:
            if last:
                raise
            ended = True
        if last or not ended:
            break
        notebook, flags = restore(submitted, released)       # it may have been killed from outside: that costs no mark
    marks = marks_of(notebook)                    # first, for tidy takes away what only the grader reads
    return result(marks=marks, notebook=tidy(notebook, released), flags=flags + more, notes=notes)


@functools.lru_cache(maxsize=20)                  # the same for a whole class
def _read(raw):
    return nbformat.reads(raw.decode("utf-8"), as_version=4)


@functools.lru_cache(maxsize=20)
def _plan(raw):
    from chainrule_grading.evaluate import plan
    return plan(_read(raw))


_warm = {}                        # process id → its Sandbox: a forked worker must not use its parent's


def join(control):
    """Use the sandbox at the other end of this socket, which another process started, as long as it lasts."""
    _warm[os.getpid()] = Joined(control)


def sandbox():
    """This process's sandbox, started when it is first needed, and anew if it has ended."""
    warm = _warm.get(os.getpid())
    if warm is None or not warm.alive():
        if warm is not None:
            warm.close()
        if not any(isinstance(one, Sandbox) for one in _warm.values()):
            atexit.register(lambda: os.getpid() in _warm and _warm.pop(os.getpid()).close())
        warm = _warm[os.getpid()] = Sandbox()
    return warm


def best_isolation():
    """("sandbox", "") where it works, else ("none", why not)."""
    try:
        sandbox().session(Limits()).close()
        return "sandbox", ""
    except NoSandbox as why:
        return "none", str(why)


def marks_of(notebook):
    """The marks of an executed notebook, by nbgrader's own rule for each graded cell."""
    from nbgrader.utils import determine_grade, is_grade, is_solution

    marks, by_name = [], {(cell.metadata.get("nbgrader") or {}).get("grade_id"): cell for cell in notebook.cells}
    for cell in notebook.cells:
        if is_grade(cell):
            earned, points = determine_grade(cell)
            name = cell.metadata.nbgrader.grade_id
            answer = by_name.get(name.removeprefix("check-"), {})
            says, written = card_text(cell, answer), is_solution(cell)
            about = {} if written else diagnosis(cell, says, earned, points)
            marks.append(Mark(name, earned, points, says, written, **about))
    return tuple(marks)


def diagnosis(cell, says, earned, points):
    """Mark's `task`, `kind` and `cause`, which the class report counts.

    Outputs of test cells are the grader's own, and it puts these three into its card's metadata; `tidy` takes them out
    again. Where there is no such card the mark tells the kind; a kernel's card is read for the cause.
    """
    for output in cell.get("outputs", []):
        if found := output.get("metadata", {}).get("chainrule"):
            return dict(found)
    exercise, error, card = exercise_of(cell.metadata.nbgrader.grade_id), _error(cell), "".join(says[:1])
    kind = ("full" if earned >= points else "part" if earned > 0 else "unwritten" if card.startswith("○")
            else "error" if error and error.ename not in FAILED else "wrong")
    if exercise is None:
        return {"kind": kind}
    headline = "".join(says[1:2]).partition(": ")[2]            # "`dW`: a name; `db`: another."
    named = [m.name for m in exercise.misconceptions if re.match(re.escape(m.name) + "[.;]", headline)]
    return {"task": exercise.id, "kind": kind, "cause": named[0] if named else ""}


def exercise_of(cell_name):
    """The exercise that a check cell such as `check-delta-output` is about; None if it is no such cell."""
    try:
        return find(cell_name.removeprefix("check-").replace("-", ".", 1))
    except KeyError:
        return None


def card_text(cell, answer):
    """The sentences of the card a check cell shows, or of the error that came in its place."""
    for output in cell.get("outputs", []):
        if output.output_type == "display_data" and " · " in output.data.get("text/plain", ""):
            return tuple(line.strip() for line in output.data["text/plain"].splitlines())
    error = _error(cell)
    if error is None:
        return ()
    before = _error(answer) if error.ename == "NameError" else None
    if before:
        where = re.sub(r"\([^()]*, (line \d+)\)$", r"(\1)", before.evalue)      # IPython names a file nobody knows
        return (f"The cell above stopped: {before.ename}: {where}",)
    ours = error.ename in ("TooLong", "KernelEnded", "NotPassed")
    return (error.evalue if ours else f"{error.ename}: {error.evalue}",)


def _error(cell):
    return next((output for output in cell.get("outputs", []) if output.output_type == "error"), None)


# ---------------------------------------------------------------- the class

def submissions(course, assignment, only=None):
    """All submissions of an assignment, by name of the learner; of several files the newest notebook counts."""
    found, names = [], {}
    for folder in _readable(course.classroom / "submitted", assignment):
        name = unicodedata.normalize("NFKC", folder.parent.name).casefold().strip()
        if names.setdefault(name, folder.parent.name) != folder.parent.name:
            raise UserError(f"{names[name]!r} and {folder.parent.name!r} in {folder.parent.parent} are one learner to "
                            "some systems and two to others; rename or merge these folders first.")
        student = folder.parent.name
        path = handed_in(folder, assignment)
        if path and (only is None or student in only):
            found.append(Submission(student, assignment, path))
    missing = sorted(set(only or ()) - {s.student for s in found})
    if missing:
        raise UserError(f"There is no submission of {assignment} by {missing[0]!r} in "
                        f"{course.classroom / 'submitted'}.")
    if not found:
        raise UserError(f"There is nothing to grade: no notebook in {course.classroom / 'submitted'}/<learner>/"
                        f"{assignment}/. Collect submissions there, or make some with chainrule submit.")
    return found


def misplaced(course):
    """Sentences on notebooks in submitted/ that lie in no assignment's folder, so that nobody would grade them."""
    names, said = course.assignments(), []
    for path in sorted((course.classroom / "submitted").glob("*/*")):
        if path.suffix == ".ipynb" and path.is_file():
            said.append(f"Not graded: {path.parent.name}/{path.name} lies in no assignment's folder; put it into "
                        f"{path.parent.name}/ASSIGNMENT/.")
        elif path.is_dir() and path.name not in names and any(path.glob("*.ipynb")):
            said.append(f"Not graded: {path.parent.name}/{path.name}/, for there is no assignment {path.name!r}; there "
                        f"are {', '.join(names)}.")
    return said


def _readable(submitted, assignment):
    """The folders of an assignment; UserError if one of them cannot be read, which would look like no work at all."""
    folders = []
    for folder in sorted(submitted.iterdir()) if _listable(submitted) else []:
        if folder.is_dir() and _listable(folder) and (folder / assignment).is_dir() and _listable(folder / assignment):
            folders.append(folder / assignment)
    return folders


def _listable(folder):
    if folder.exists() and not os.access(folder, os.R_OK | os.X_OK):
        raise UserError(f"{folder} cannot be read by you; give yourself the right to (chmod u+rx), or grade as its "
                        "owner.")
    return folder.is_dir()


def own_gradebook(course):
    """UserError if the gradebook of this classroom is no gradebook, or another course's."""
    path, own = course.classroom / "gradebook.db", nbgrader_config(course).CourseDirectory.course_id
    if not path.is_file() or not path.stat().st_size:
        return
    try:
        with closing(to_read(path)) as book:
            courses = {name for name, in book.execute("select id from course")}
    except sqlite3.Error as wrong:
        if "readonly" in str(wrong):
            raise UserError(f"{path} may not be written by you ({wrong}); give yourself the right to (chmod u+rw).") \
                from None
        raise UserError(f"{path} is not a gradebook that can be read ({wrong}); put your copy of it back, or move it "
                        "away and grade again.") from None
    if others := sorted(courses - {own, "default_course"}):
        raise UserError(f"{path} is the gradebook of the course {others[0]!r}, and this is {own!r}; set "
                        "CHAINRULE_CLASSROOM to the folder of this course's class.")


def instructors(course, assignment):
    """The bytes of the notebook with solutions and hidden tests, or None where there is only the release."""
    path = course.solutions / assignment / f"{assignment}.ipynb"
    return path.read_bytes() if path.is_file() else None
