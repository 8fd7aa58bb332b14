"""Where results go: nbgrader's gradebook, autograded/ and feedback/. The one writer; it runs in the main process only.

A submission is one transaction, whose rows are those that `nbgrader autograde` writes (tests compare them). Its
`grading.json` is written last: it stands for "all of this is on disk", and names what the marks were made of.
"""
import functools
import hashlib
import json
import logging
import sqlite3
import warnings
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime

import nbformat

from chainrule_grading import rules, secret
from chainrule_grading.course import nbgrader_config, write_atomically

COPIES = 10                                       # of the gradebook that are kept
PATIENCE = 30                                     # seconds to wait while another program writes in the gradebook


class Records:
    """What is on disk of one assignment, to be read."""

    def __init__(self, course, assignment):
        self.course, self.assignment = course, assignment
        self.rules = rules.of(course)
        self.extensions = self.rules.extensions.get(assignment)
        self.students = with_rows(course, assignment)

    def place(self, student):
        """The folder of a learner's graded notebook."""
        return self.course.classroom / "autograded" / student / self.assignment

    def recorded(self, student):
        """What `grading.json` says of a learner's last grading, if page and rows are there too; else {}."""
        page = self.course.classroom / "feedback" / student / self.assignment / f"{self.assignment}.html"
        try:
            about = json.loads((self.place(student) / "grading.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        there = isinstance(about, dict) and page.is_file() and (about.get("problem") or student in self.students)
        return about if there else {}


def with_rows(course, assignment):
    """The learners who have rows in the gradebook for this assignment."""
    path = course.classroom / "gradebook.db"
    if not path.is_file() or not path.stat().st_size:
        return set()
    with closing(to_read(path)) as book:
        return {student for student, in book.execute(
            "select s.student_id from submitted_assignment s join assignment a on a.id = s.assignment_id "
            "where a.name = ?", (assignment,))}


def to_read(path):
    """A connection to a gradebook that exists, to read from it.

    Not SQLite's read-only mode: that cannot open the gradebook of a killed run, whose log it must finish first.
    """
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=PATIENCE)


class Recorder(Records):
    """Writes results of one assignment. Keeps the gradebook open: close it, or use `with`."""

    def __init__(self, course, assignment):
        super().__init__(course, assignment)
        self.config = nbgrader_config(course)
        self.url = self.config.CourseDirectory.db_url
        self.fingerprint = secret.fingerprint(secret.of(course))
        course.classroom.mkdir(parents=True, exist_ok=True)
        with quiet():
            self._register()
            self.book = self._open()
            self.names, self.points, self.written = self._cells()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.book.close()

    def _register(self):
        """Put the assignment's cells and points into the gradebook, as nbgrader's generate_assignment does."""
        from nbgrader.api import Gradebook
        from nbgrader.converters import GenerateAssignment
        from nbgrader.preprocessors import SaveCells

        make_gradebook(self.course.classroom / "gradebook.db")
        with Gradebook(self.url) as book:
            due = self.rules.due.get(self.assignment)     # else the date that was set through nbgrader stays
            book.update_or_create_assignment(self.assignment, **({"duedate": rules.utc(due)} if due else {}))
        source = self.course.solutions / self.assignment / f"{self.assignment}.ipynb"
        notebook = nbformat.read(source, as_version=4)
        about = {"nbgrader": {"notebook": self.assignment, "assignment": self.assignment, "db_url": self.url}}
        for preprocessor in GenerateAssignment.preprocessors.default_args[0]:
            notebook, _ = preprocessor(config=self.config)(notebook, about)
            if preprocessor is SaveCells:
                return

    def _cells(self):
        """{a cell's id in the gradebook: its name}, {name: points} of the graded ones, those answered in words."""
        theirs = self.book.find_notebook(self.assignment, self.assignment)
        graded = [*theirs.grade_cells, *theirs.task_cells]
        names = {cell.id: cell.name for cell in (*graded, *theirs.solution_cells)}
        points = {cell.name: cell.max_score for cell in graded}
        written = points.keys() & {cell.name for cell in (*theirs.solution_cells, *theirs.task_cells)}
        self.book.db.remove()
        return names, points, written

    def _open(self):
        """The gradebook: others may read while this writes, and it waits while they write."""
        from nbgrader.api import Gradebook
        from sqlalchemy import event

        book = Gradebook(self.url)

        def patient(connection, _):
            connection.execute(f"pragma busy_timeout = {PATIENCE * 1000}")
            connection.execute("pragma journal_mode = wal")
        book.db.remove()
        book.engine.dispose()
        event.listen(book.engine, "connect", patient)
        return book

    @contextmanager
    def _one_transaction(self):
        """nbgrader commits after each step; here a submission is in the gradebook whole or not at all."""
        db = self.book.db
        db.commit = db.flush                      # on this object; the class keeps its own
        try:
            yield
            del db.commit
            db.commit()
        except BaseException:
            db.__dict__.pop("commit", None)
            db.rollback()
            raise
        finally:
            db.remove()                           # what was read does not stay in memory

    def record(self, result, submission, made_of=""):
        """Write one result, and return its `total`; without a mark there is a page that says why, and no row."""
        folder = self.place(result.student)
        feedback = self.course.classroom / "feedback" / result.student / result.assignment
        from chainrule_grading.page import sorry

        about = about_result(result, self.fingerprint) | {"made_of": made_of}
        for name in ("timestamp.txt", "submission_secret.txt"):   # nbgrader's exchange hands feedback back by them
            beside = submission.path.parent / name
            for place in (folder, feedback):
                if beside.is_file():
                    write_atomically(place / name, beside.read_bytes())
                else:
                    (place / name).unlink(missing_ok=True)
        if result.problem:
            write_atomically(feedback / f"{result.assignment}.html", sorry(result.assignment, result.problem))
        else:
            with quiet():
                notebook, late, standing = self._save(result, submission)
            write_atomically(folder / f"{result.assignment}.ipynb", nbformat.v4.writes(notebook) + "\n")
            self._page(notebook, result.student, standing, late, result.notes)
            about |= {"standing": _name_of(standing), "total": total(standing, late)}
        write_atomically(folder / "grading.json", json.dumps(about, indent=1, ensure_ascii=False))
        self._overview(result.student)
        return about.get("total", {})

    def refresh(self, student):
        """Write the page of a graded submission anew if a person has marked or commented since; its `total`, if so."""
        about = self.recorded(student)
        if not about or about.get("problem") or about.get("standing") == _name_of(self.standings.get(student, {})):
            return {}
        with quiet(), self._one_transaction():
            theirs = self.book.find_submission(self.assignment, student)
            rows = next(n for n in theirs.notebooks if n.name == self.assignment)
            late, standing = self._late(theirs, rows, student), self._standing(rows)
        notebook = nbformat.read(self.place(student) / f"{self.assignment}.ipynb", as_version=4)
        self._page(notebook, student, standing, late, about.get("notes", ()))
        about |= {"standing": _name_of(standing), "total": total(standing, late)}
        write_atomically(self.place(student) / "grading.json", json.dumps(about, indent=1, ensure_ascii=False))
        self._overview(student)
        return about["total"]

    def _page(self, notebook, student, standing, late, notes):
        from chainrule_grading.page import page

        target = self.course.classroom / "feedback" / student / self.assignment / f"{self.assignment}.html"
        write_atomically(target, page(with_marks(notebook, standing), self.assignment, student, late, notes))

    def _overview(self, student):
        """The learner's page over all assignments, made of what lies beside each graded notebook."""
        from chainrule_grading.page import overview

        graded = {}
        for path in sorted((self.course.classroom / "autograded" / student).glob("*/grading.json")):
            try:
                graded[path.parent.name] = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue                          # it will be graded again
        write_atomically(self.course.classroom / "feedback" / student / "index.html", overview(student, graded))

    def _save(self, result, submission):
        """nbgrader's steps after executing a notebook: tidy outputs, marks, late penalty."""
        from nbconvert.preprocessors import ClearMetadataPreprocessor
        from nbgrader.preprocessors import IgnorePattern, LimitOutput

        notebook = nbformat.from_dict(result.notebook)
        for kind in (IgnorePattern, ClearMetadataPreprocessor, LimitOutput):
            step = kind(config=self.config)
            if step.enabled:
                notebook, _ = step.preprocess(notebook, {})
        stamp = submission.path.parent / "timestamp.txt"
        when = rules.utc(rules.time_of(stamp)) if stamp.is_file() else None
        with self._one_transaction():
            self.book.update_or_create_student(result.student)
            theirs = self.book.update_or_create_submission(result.assignment, result.student, timestamp=when)
            if self.extensions is not None:       # else what was granted through nbgrader stays
                due = theirs.assignment.duedate   # nbgrader adds the two up, also where there is no date
                theirs.extension = self.extensions.get(result.student) if due else None
            rows = next(n for n in theirs.notebooks if n.name == result.assignment)
            self._marks(notebook, rows, result.student)
            self.book.db.flush()
            self.book.db.expire(rows)             # its score is a sum of what has just been written
            late = self._late(theirs, rows, result.student)
            standing = self._standing(rows)
        self.students.add(result.student)
        return notebook, late, standing

    def _marks(self, notebook, rows, student):
        """What nbgrader's SaveAutoGrades writes, with two queries in place of two for each cell.

        One thing is otherwise: a person's mark is to be looked at again only if the answer or its automatic mark is
        another one than before. nbgrader asks for it each time, and who has read a class would have to read it again.
        """
        from nbgrader.api import Comment, Grade
        from nbgrader.utils import compute_checksum, determine_grade, is_grade, is_solution, is_task

        grades = {self.names.get(g.cell_id): g for g in rows.grades}
        comments = {self.names.get(c.cell_id): c for c in rows.comments}
        answers = answers_of(notebook)
        before = self._answers_before(student) if any(g.manual_score is not None for g in rows.grades) else {}
        for cell in notebook.cells:
            name = (cell.metadata.get("nbgrader") or {}).get("grade_id")
            if is_grade(cell):
                grade = grades.get(name) or Grade(
                    cell=self.book.find_graded_cell(name, self.assignment, self.assignment), notebook=rows)
                old, grade.auto_score = grade.auto_score, determine_grade(cell)[0]
                if grade.manual_score is None:
                    grade.needs_manual_grade = grade.auto_score is None
                elif before.get(name) != answers.get(name) or old != grade.auto_score:
                    grade.needs_manual_grade = True
            if is_solution(cell) or is_task(cell):
                comment = comments.get(name) or Comment(
                    cell=self.book.find_solution_cell(name, self.assignment, self.assignment), notebook=rows)
                untouched = cell.metadata.nbgrader.get("checksum") == compute_checksum(cell) and not is_task(cell)
                comment.auto_comment = "No response." if untouched else None

    def _answers_before(self, student):
        """`answers_of` the notebook that was graded last."""
        try:
            return answers_of(nbformat.read(self.place(student) / f"{self.assignment}.ipynb", as_version=4))
        except (OSError, ValueError):
            return {}

    def _late(self, theirs, rows, student):
        """What the instructor's policy takes off for late work, in points."""
        from nbgrader.preprocessors import AssignLatePenalties

        policy = AssignLatePenalties(config=self.config)
        policy.init_plugin()
        rows.late_submission_penalty = None
        seconds = 0 if theirs.assignment.duedate is None else theirs.total_seconds_late
        penalty = policy.plugin_inst.late_submission_penalty(student, rows.score, seconds) if seconds > 0 else None
        if penalty is not None:
            rows.late_submission_penalty = policy._check_late_penalty(rows, penalty)
        return rows.late_submission_penalty or 0

    def _standing(self, rows):
        """{cell: what a feedback page says of it}: marks and comments as they now stand, a person's too."""
        return self._all_standings(rows.id).get(rows.id, {})

    @functools.cached_property
    def standings(self):
        """The same for every learner, as it stood when it was first asked for: {learner: {cell: …}}."""
        from nbgrader.api import SubmittedAssignment, SubmittedNotebook

        with quiet():
            of = dict(self.book.db.query(SubmittedNotebook.id, SubmittedAssignment.student_id).join(
                SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id).all())
            found = {of[id]: standing for id, standing in self._all_standings().items() if id in of}
            self.book.db.remove()
        return found

    def _all_standings(self, only=None):
        """{notebook's id: {cell: …}} of this assignment's cells."""
        from nbgrader.api import Comment, Grade

        grades = self.book.db.query(Grade.notebook_id, Grade.cell_id, Grade.score, Grade.needs_manual_grade)
        comments = self.book.db.query(Comment.notebook_id, Comment.cell_id, Comment.comment)
        if only is not None:
            grades, comments = grades.filter(Grade.notebook_id == only), comments.filter(Comment.notebook_id == only)
        standings = {}
        for notebook, id, score, waiting in grades:
            if (name := self.names.get(id)) is not None:
                standings.setdefault(notebook, {}).setdefault(name, {}).update(
                    score=score, points=self.points.get(name, 0), waiting=bool(waiting),
                    words=name in self.written)
        for notebook, id, comment in comments:
            if (name := self.names.get(id)) is not None:
                standings.setdefault(notebook, {}).setdefault(name, {})["comment"] = comment
        return standings


def answers_of(notebook):
    """{graded cell: what the learner wrote for it}: its own text, or that of the answer which it checks."""
    written = {(cell.metadata.get("nbgrader") or {}).get("grade_id"): cell.source for cell in notebook.cells}
    return {name: written.get(name.removeprefix("check-"), text) for name, text in written.items() if name}


def total(standing, late):
    """The mark as it stands, a person's marks in it: points of checks and for words, to be read, lost, and possible."""
    cells = [about for about in standing.values() if "score" in about]
    words = [about for about in cells if about["words"]]
    checks, read = (sum(about["score"] for about in some) for some in (
        [about for about in cells if not about["words"]], [about for about in words if not about["waiting"]]))
    return {"checks": checks, "words": read, "waiting": sum(about["points"] for about in words if about["waiting"]),
            "late": late, "stands": round(max(0, checks + read - late), 2),
            "points": sum(about["points"] for about in cells)}


def _name_of(standing):
    return digest(json.dumps(standing, sort_keys=True))[:16]


def with_marks(notebook, standing):
    """A copy of the notebook whose graded cells carry marks and comments."""
    notebook = nbformat.from_dict(notebook)
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader") or {}
        about.update(standing.get(about.get("grade_id"), {}))
    return notebook


def make_gradebook(path):
    """An empty gradebook where there is none, as nbgrader makes it.

    nbgrader asks the program `alembic` which version its tables have, and that takes longer than grading a class of
    twenty. Here the same library says it; the file is there when it is whole.
    """
    if path.is_file() and path.stat().st_size:
        return
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from nbgrader.api import Base
    from nbgrader.dbutil import ALEMBIC_DIR
    from sqlalchemy import create_engine, text

    scripts, partial = Config(), path.with_name(f".{path.name}.tmp")
    scripts.set_main_option("script_location", ALEMBIC_DIR)
    partial.unlink(missing_ok=True)
    engine = create_engine(f"sqlite:///{partial}")
    with engine.begin() as book:
        Base.metadata.create_all(book)
        book.execute(text("create table alembic_version (version_num varchar(32) not null)"))
        book.execute(text("insert into alembic_version values (:head)"),
                     {"head": ScriptDirectory.from_config(scripts).get_current_head()})
    engine.dispose()
    partial.replace(path)


def back_up(course):
    """Copy the gradebook before a run and keep the last few copies; None if there is none yet."""
    path, folder = course.classroom / "gradebook.db", course.classroom / "backups"
    if not path.is_file():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"gradebook-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.db"
    partial = target.with_suffix(".part")
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as book, closing(sqlite3.connect(partial)) as copy:
        book.backup(copy)                         # whole, even while somebody writes
    partial.replace(target)
    for old in sorted(folder.glob("gradebook-*.db"))[:-COPIES]:
        old.unlink()
    return target


def about_result(result, fingerprint):
    """What is kept beside a graded notebook: how it was graded, and what the instructor should know."""
    return {"isolation": result.isolation, "flags": result.flags, "notes": result.notes, "problem": result.problem,
            "seconds": round(result.seconds, 2), "graded": datetime.now(UTC).isoformat(timespec="seconds"),
            "course_secret": fingerprint, "marks": [asdict(mark) for mark in result.marks]}


def digest(*parts):
    """One name for many bytes, no two lists of parts having the same."""
    sha = hashlib.sha256()
    for part in parts:
        part = part.encode() if isinstance(part, str) else part or b""
        sha.update(len(part).to_bytes(8, "big") + part)
    return sha.hexdigest()


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
