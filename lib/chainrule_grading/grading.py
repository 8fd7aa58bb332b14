"""From a submitted file to a mark: read → restore → sandbox → evaluate, then record.

`grade` is one pure function from bytes to a Result: no course folder, no gradebook, no printing. A pool
or a cluster can call it anywhere; only `Recorder` touches the gradebook. Learners' code runs in the sandbox and
answers calls; nothing that it sends is a verdict. With isolation="none" it runs in a kernel, as the user who grades.
"""
import atexit
import json
import logging
import os
import re
import sqlite3
import sys
import time
import unicodedata
import warnings
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import nbformat

from chainrule_grading import secret
from chainrule_grading.authoring import release_of
from chainrule_grading.course import UserError, nbgrader_config, write_atomically
from chainrule_grading.notebooks import Limits, Unreadable, handed_in, parse, read, restore, run
from chainrule_grading.sandbox import NoSandbox, Sandbox


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
        return sum(mark.points for mark in self.marks if mark.earned is None)


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

    release = nbformat.reads(release.decode("utf-8"), as_version=4)
    try:
        notebook, flags = restore(parse(raw), release)
    except Unreadable as reason:
        return result(problem=str(reason))
    if isolation == "none":
        flags += run(notebook, limits)
        return result(notebook=tidy(notebook, release), marks=marks_of(notebook), flags=flags)

    cells = evaluate.plan(nbformat.reads(instructor.decode("utf-8"), as_version=4) if instructor else release)
    flags += evaluate.evaluate(notebook, cells, sandbox(), limits, evaluate.seeds(key, student, assignment))
    return result(notebook=tidy(notebook, release), marks=marks_of(notebook), flags=flags)


_warm = {}                        # process id → its Sandbox: a forked worker must not use its parent's


def sandbox():
    """This process's sandbox, started when it is first needed."""
    warm = _warm.get(os.getpid())
    if warm is None or warm.process.poll() is not None:
        if not _warm:
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
            marks.append(Mark(name, earned, points, card_text(cell, answer), is_solution(cell)))
    return tuple(marks)


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
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as book:
            courses = {name for name, in book.execute("select id from course")}
    except sqlite3.Error as wrong:
        raise UserError(f"{path} is not a gradebook that can be read ({wrong}); put your copy of it back, or move it "
                        "away and grade again.") from None
    if others := sorted(courses - {own, "default_course"}):
        raise UserError(f"{path} is the gradebook of the course {others[0]!r}, and this is {own!r}; set "
                        "CHAINRULE_CLASSROOM to the folder of this course's class.")


@dataclass
class Recorder:
    """Writes results where nbgrader expects them: gradebook, autograded/ and feedback/. The one writer."""
    course: object
    assignment: str
    config: object = field(init=False)
    url: str = field(init=False)

    def __post_init__(self):
        self.config = nbgrader_config(self.course)
        self.url = self.config.CourseDirectory.db_url
        self.course.classroom.mkdir(parents=True, exist_ok=True)
        with quiet():
            self._register()

    def _register(self):
        """Put the assignment's cells and points into the gradebook, as nbgrader's generate_assignment does."""
        from nbgrader.api import Gradebook
        from nbgrader.converters import GenerateAssignment
        from nbgrader.preprocessors import SaveCells

        with Gradebook(self.url) as book:
            book.update_or_create_assignment(self.assignment)
        source = self.course.solutions / self.assignment / f"{self.assignment}.ipynb"
        notebook = nbformat.read(source, as_version=4)
        about = {"nbgrader": {"notebook": self.assignment, "assignment": self.assignment, "db_url": self.url}}
        for preprocessor in GenerateAssignment.preprocessors.default_args[0]:
            notebook, _ = preprocessor(config=self.config)(notebook, about)
            if preprocessor is SaveCells:
                return

    def record(self, result, submission):
        """Write one result; a submission without a mark leaves a page that says why, and no row."""
        folder = self.course.classroom / "autograded" / result.student / result.assignment
        feedback = self.course.classroom / "feedback" / result.student / result.assignment
        from chainrule_grading.page import sorry

        about = about_result(result, secret.fingerprint(secret.of(self.course)))
        for name in ("timestamp.txt", "submission_secret.txt"):   # nbgrader's exchange hands feedback back by them
            if (beside := submission.path.parent / name).is_file():
                for place in (folder, feedback):
                    write_atomically(place / name, beside.read_bytes())
        if result.problem:
            write_atomically(feedback / f"{result.assignment}.html", sorry(result.assignment, result.problem))
            write_atomically(folder / "grading.json", json.dumps(about, indent=1, ensure_ascii=False))
            return
        with quiet():
            notebook = self._save(result, submission)
        write_atomically(folder / f"{result.assignment}.ipynb", nbformat.writes(notebook) + "\n")
        write_atomically(folder / "grading.json", json.dumps(about, indent=1, ensure_ascii=False))
        with quiet():
            page = self._feedback(folder / f"{result.assignment}.ipynb", result)
        write_atomically(feedback / f"{result.assignment}.html", page)

    def _save(self, result, submission):
        """nbgrader's own steps after executing a notebook: late penalty, marks, tidy outputs."""
        from nbconvert.preprocessors import ClearMetadataPreprocessor
        from nbgrader.api import Gradebook
        from nbgrader.preprocessors import (
            AssignLatePenalties,
            CheckCellMetadata,
            IgnorePattern,
            LimitOutput,
            SaveAutoGrades,
        )

        stamp = submission.path.parent / "timestamp.txt"
        with Gradebook(self.url) as book:
            book.update_or_create_student(result.student)
            when = {"timestamp": _timestamp(stamp)} if stamp.is_file() else {}
            book.update_or_create_submission(result.assignment, result.student, **when)
        notebook = nbformat.from_dict(result.notebook)
        about = {"nbgrader": {"notebook": result.assignment, "assignment": result.assignment,
                              "student": result.student, "db_url": self.url}}
        for preprocessor in (IgnorePattern, ClearMetadataPreprocessor, LimitOutput, SaveAutoGrades,
                             AssignLatePenalties, CheckCellMetadata):
            notebook, _ = preprocessor(config=self.config)(notebook, about)
        return notebook

    def _feedback(self, notebook, result):
        """nbgrader's feedback page for an autograded notebook."""
        from nbgrader.converters import GenerateFeedback
        from nbgrader.coursedir import CourseDirectory

        converter = GenerateFeedback(coursedir=CourseDirectory(config=self.config), config=self.config)
        exporter = converter.exporter_class(parent=converter, config=converter.config)
        for preprocessor in converter.preprocessors:
            exporter.register_preprocessor(preprocessor, enabled=True)
        about = {"nbgrader": {"notebook": result.assignment, "assignment": result.assignment,
                              "student": result.student, "db_url": self.url}, "unique_key": result.assignment,
                 "output_files_dir": f"{result.assignment}_files"}
        return exporter.from_filename(str(notebook), resources=about)[0]


def about_result(result, fingerprint):
    """What is kept beside a graded notebook: how it was graded, and what the instructor should know."""
    return {"isolation": result.isolation, "flags": result.flags, "problem": result.problem,
            "seconds": round(result.seconds, 2), "graded": datetime.now(UTC).isoformat(timespec="seconds"),
            "course_secret": fingerprint, "marks": [asdict(mark) for mark in result.marks]}


def _timestamp(path):
    from nbgrader.utils import parse_utc
    return parse_utc(path.read_text(encoding="utf-8").strip())


@contextmanager
def quiet():
    """nbgrader logs and warns a good deal about things that are not the user's concern."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def grade_class(course, assignment, only=None, limits=Limits(), say=print, isolation="sandbox"):  # noqa: B008
    """Grade every submission, one at a time, so that none stops the class; return (results, failures).

    A failure is ours, not a learner's: (student, one sentence).
    """
    release = nbformat.writes(release_of(course, assignment)).encode("utf-8")
    own_gradebook(course)
    about = {"instructor": instructors(course, assignment), "key": secret.of(course), "isolation": isolation}
    waiting = submissions(course, assignment, only)
    recorder, results, failures = Recorder(course, assignment), [], []
    for k, submission in enumerate(waiting, 1):
        try:
            try:
                result = grade(submission.student, assignment, read(submission.path), release, limits, **about)
            except Unreadable as reason:
                result = Result(submission.student, assignment, problem=str(reason), isolation=isolation)
            recorder.record(result, submission)
        except Exception as failed:
            logging.getLogger(__name__).debug("grading failed", exc_info=True)
            failures.append((submission.student, f"{type(failed).__name__}: {failed}"))
            say(f"[{k}/{len(waiting)}] {submission.student}: FAILED, {failures[-1][1]}")
            continue
        results.append(result)
        mark = result.problem or f"{result.earned:g} of {result.points:g}"
        say(f"[{k}/{len(waiting)}] {submission.student}: {mark}  ({result.seconds:.1f} s)")
    return results, failures


def instructors(course, assignment):
    """The bytes of the notebook with solutions and hidden tests, or None where there is only the release."""
    path = course.solutions / assignment / f"{assignment}.ipynb"
    return path.read_bytes() if path.is_file() else None


def table(results):
    """The class at a glance, as text."""
    width = max([len(r.student) for r in results] + [7])
    lines = [f"{'learner':<{width}}   mark      to read   what to know", "─" * (width + 60)]
    for r in results:
        notes = [r.problem] if r.problem else [*r.flags]
        open_tasks = [m.name.removeprefix("check-") for m in r.marks if not m.written and m.earned < m.points]
        if open_tasks:
            notes.append(f"not full: {', '.join(open_tasks)}")
        mark = "–" if r.problem else f"{r.earned:g} / {r.points:g}"
        hand = f"{r.by_hand:g} p." if r.by_hand else ""
        lines.append(f"{r.student:<{width}}   {mark:<9} {hand:<9} {'; '.join(notes) or 'all right'}")
    return "\n".join(lines)


def main(course, assignment, students=None, isolation=None, limits=Limits()):  # noqa: B008 (frozen)
    """The command `chainrule grade`; returns its exit code: 0 unless grading itself failed."""
    course.release(assignment)
    submissions(course, assignment, students)
    if isolation == "none":
        print("Isolation: none (typed). Learners' code runs with your rights.", flush=True)
    else:
        isolation, why_not = best_isolation()
        if isolation == "none":
            raise UserError(
                "Grading runs learners' code on this machine, with your rights and your files in reach, and there is "
                f"no sandbox here. {why_not} For notebooks you trust, type --accept-isolation=none; for your own work "
                "use chainrule check.")
        print("Isolation: sandbox. Learners' code sees no files, no network and no marks.", flush=True)
    results, failures = grade_class(course, assignment, students, limits,
                                    say=lambda text: print(text, flush=True), isolation=isolation)
    print("\n" + table(results))
    where = course.classroom.relative_to(course.root) if course.root in course.classroom.parents else course.classroom
    print(f"\nGradebook: {where}/gradebook.db · feedback: {where}/feedback/<learner>/{assignment}/ · "
          f"notebooks: {where}/autograded/")
    print("Written answers wait for you in the formgrader (chainrule lab, menu Nbgrader, Formgrader, Manual Grading). "
          "Marks as a table: nbgrader export.")
    for student, why in failures:
        print(f"Grading failed for {student}: {why}", file=sys.stderr)
    return 1 if failures else 0
