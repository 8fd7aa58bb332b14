"""`chainrule report`: one page on a class. How it did, when it handed in, and which mistakes it has in common.

It reads the gradebook and the `grading.json` beside each graded notebook, and nothing else of a learner's. The page is
one file: it fetches nothing, and can be read without its script, which only draws the list of learners when asked.
Names are strangers' text: jinja2 escapes them all.
"""
import base64
import hashlib
import hmac
import json
import os
import re
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from statistics import mean, median
from urllib.parse import quote

from chainrule_grading import rules, secret
from chainrule_grading.authoring import release_of
from chainrule_grading.course import UserError, write_atomically
from chainrule_grading.grading import exercise_of, own_gradebook
from chainrule_grading.notebooks import handed_in
from chainrule_grading.page import tasks_of
from chainrule_grading.recorder import to_read
from chainrule_grading.start import head

KINDS = ("full", "part", "wrong", "error", "unwritten")
UNNAMED = {"wrong": "wrong in another way", "part": "partly right, in another way", "error": "stopped with an error",
           "unwritten": "not begun"}
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
ADVICE = 5                        # sentences for the next lecture
BARS = 24                         # most bars of a time line
STEPS = [timedelta(hours=h) for h in (1, 3, 6, 12, 24, 48, 168, 336, 672, 2016)]

# What the grader flags, in the words of notebooks.py and evaluate.py, and the same without anybody's cell.
FLAGS = ((r"^locked cell .* had been changed", "a locked cell had been changed; the instructor's was used"),
         (r" was missing; ", "a cell was missing; the release's was used"),
         (r" was there twice; ", "a cell was there twice; the first one counts"),
         (r"Stopped after|was stopped after", "a cell or a call took too long and was stopped"),
         (r"Python itself ended", "a cell ended Python itself"),
         (r"th(is|ese)( one)? wanted more|may print", "a limit on memory, time, files or output was met"))
OTHER_FLAG = "something else; the learner's grading.json has the words"


# ---------------------------------------------------------------- what is known of a class

@dataclass(frozen=True)
class Task:
    """A graded cell: its exercise in the registry (None: an answer in words, or a test of one's own), title, points."""
    cell: str
    number: str
    title: str
    points: float
    written: bool
    exercise: object = field(default=None, compare=False)


@dataclass(frozen=True)
class Answer:
    """What one learner earned in one task (None: a person has not read it yet), and why it was not more."""
    earned: float | None
    kind: str
    cause: str = ""
    says: str = ""


@dataclass(frozen=True)
class Learner:
    """One submission. `problem`: why there is no mark. `page`: the feedback, where it may be linked."""
    name: str
    called: str = ""
    when: datetime | None = None
    late: bool = False
    problem: str = ""
    flags: tuple = ()
    penalty: float = 0.0
    answers: dict = field(default_factory=dict)
    page: Path | None = None

    @property
    def earned(self):
        """Points of what has been read, less what late work costs."""
        return max(sum(a.earned or 0 for a in self.answers.values()) - self.penalty, 0)


@dataclass(frozen=True)
class Class:
    """All submissions of an assignment."""
    assignment: str
    title: str
    tasks: tuple
    learners: tuple
    absent: tuple = ()            # in the gradebook, and nothing handed in
    due: datetime | None = None
    unstamped: int = 0            # submissions without a time stamp, whose file's own time counts

    @property
    def graded(self):
        return [learner for learner in self.learners if not learner.problem]


def read_class(course, assignment):
    """What gradebook and `grading.json` files say of an assignment; None if nothing of it has been graded."""
    kept = {path.parent.parent.name: _json(path)
            for path in (course.classroom / "autograded").glob(f"*/{assignment}/grading.json")}
    book = _gradebook(course, assignment)
    names = sorted(kept.keys() | book.rows.keys(), key=lambda name: (name.casefold(), name))
    if not names:
        return None
    tasks, unstamped = _tasks(course, assignment), 0
    learners = []
    for name in names:
        about, row = kept.get(name, {}), book.rows.get(name, {})
        when, stamped = _handed_in(course, assignment, name, row.get("when"))
        unstamped += not stamped
        page = course.classroom / "feedback" / name / assignment / f"{assignment}.html"
        problem = str(about.get("problem") or "")
        learners.append(Learner(
            name, book.called.get(name, ""), when, _late(when, book.due, row.get("extension")), problem,
            tuple(map(str, about.get("flags", ()))), row.get("penalty") or 0.0,
            {} if problem else _answers(tasks, about, row.get("grades", {})), page if page.is_file() else None))
    absent = sorted(book.called.keys() - set(names), key=str.casefold)
    return Class(assignment, head(course.release(assignment))[0], tasks, tuple(learners), tuple(absent), book.due,
                 unstamped)


def _json(path):
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def _tasks(course, assignment):
    tasks = []
    for k, about in enumerate(tasks_of(release_of(course, assignment)), 1):
        number, _, title = about["title"].rpartition(" · ") if re.match(r"\d+ · ", about["title"]) else \
            (str(k), "", about["title"])
        tasks.append(Task(about["name"], number, title, about["points"], about["words"], exercise_of(about["name"])))
    return tuple(tasks)


@dataclass
class Book:
    """What the gradebook knows: {learner: full name}, {learner: row}, and when the assignment is due."""
    called: dict
    rows: dict
    due: datetime | None


def _gradebook(course, assignment):
    path, book = course.classroom / "gradebook.db", Book({}, {}, None)
    own_gradebook(course)
    if not path.is_file():
        return book
    with closing(to_read(path)) as db:
        book.called = {name: " ".join(filter(None, full)) for name, *full in
                       db.execute("select id, first_name, last_name from student")}
        for due, in db.execute("select duedate from assignment where name = ?", (assignment,)):
            book.due = _time(due)
        for name, when, extension, penalty in db.execute(
                "select s.student_id, s.timestamp, s.extension, n.late_submission_penalty from submitted_assignment s "
                "join assignment a on a.id = s.assignment_id join submitted_notebook n on n.assignment_id = s.id "
                "where a.name = ?", (assignment,)):
            longer = _time(extension) - datetime(1970, 1, 1, tzinfo=UTC) if extension else timedelta(0)
            book.rows[name] = {"when": _time(when), "extension": longer, "penalty": penalty, "grades": {}}
        for name, cell, automatic, manual, extra in db.execute(
                "select s.student_id, c.name, g.auto_score, g.manual_score, g.extra_credit from grade g "
                "join base_cell c on c.id = g.cell_id join submitted_notebook n on n.id = g.notebook_id "
                "join submitted_assignment s on s.id = n.assignment_id join assignment a on a.id = s.assignment_id "
                "where a.name = ?", (assignment,)):
            score = automatic if manual is None else manual
            book.rows[name]["grades"][cell] = None if score is None else score + (extra or 0)
    return book


def _time(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _handed_in(course, assignment, name, stamp):
    """(when, whether a time stamp says so); else the time of the file counts."""
    if stamp is None:
        beside = course.classroom / "autograded" / name / assignment / "timestamp.txt"
        stamp = rules.time_of(beside) if beside.is_file() else None
    if stamp is not None:
        return stamp, True
    folder = course.classroom / "submitted" / name / assignment
    path = handed_in(folder, assignment) if folder.is_dir() else None
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC) if path else None, False


def _late(when, due, extension):
    return bool(when and due and when > due + (extension or timedelta(0)))


def _answers(tasks, about, grades):
    """{cell: Answer}. Points are the gradebook's, where a person may have changed them; why is in `grading.json`."""
    marks = {mark.get("name"): mark for mark in about.get("marks", ())}
    answers = {}
    for task in tasks:
        mark = marks.get(task.cell, {})
        earned = grades.get(task.cell, mark.get("earned"))
        if task.written:
            answers[task.cell] = Answer(earned, "" if earned is None else "read")
            continue
        kind = "full" if (earned or 0) >= task.points else mark.get("kind") or ("part" if earned else "wrong")
        kind = "part" if earned and kind not in ("full", "part") else kind          # a person gave something
        cause = mark.get("cause", "") if kind != "full" else ""
        says = mark.get("says") or [""]
        answers[task.cell] = Answer(earned or 0.0, kind, cause,
                                    "" if kind in ("full", "unwritten") else (says[1:2] or says[:1])[0][:160])
    return answers


# ---------------------------------------------------------------- nobody's names

def pseudonym(key, name):
    """Eight letters that stand for a learner, the same in each report of a class; only its secret tells them."""
    digest = hmac.new(key, b"pseudonym\0" + name.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest)[:8].decode().lower()


def anonymous(klass, key):
    """The class without names, times and words of learners, in the order of pseudonyms, which says nothing."""
    learners = [replace(one, name=pseudonym(key, one.name), called="", page=None,
                        problem="The file could not be read." if one.problem else "",
                        flags=tuple(_kind_of_flag(flag) for flag in one.flags),
                        answers={cell: replace(answer, says="") for cell, answer in one.answers.items()})
                for one in klass.learners]
    return replace(klass, learners=tuple(sorted(learners, key=lambda one: one.name)),
                   absent=tuple("" for _ in klass.absent))


def _kind_of_flag(flag):
    return next((kind for pattern, kind in FLAGS if re.search(pattern, flag)), OTHER_FLAG)


# ---------------------------------------------------------------- what the page says

def view(klass, hidden=False, folder=None):
    """All that the page shows of one assignment, as plain values. `folder`: where the page will lie."""
    checks = [task for task in klass.tasks if not task.written]
    points = [sum(one.answers[task.cell].earned for task in checks) for one in klass.graded]
    return {
        "name": klass.assignment, "title": klass.title, "learners": len(klass.learners), "graded": len(klass.graded),
        "absent": klass.absent, "problems": [one for one in klass.learners if one.problem],
        "points": sum(task.points for task in checks), "most": sum(task.points for task in klass.tasks),
        "median": median(points) if points else None,
        "mean": mean(points) if points else None, "unread": unread(klass), "marks": histogram(points, checks),
        "tasks": [pass_row(task, klass.graded) for task in klass.tasks], "checks": checks, "advice": advice(klass),
        "heat": heat(klass), "times": timeline(klass), "late": sum(one.late for one in klass.learners),
        "due": klass.due, "unstamped": klass.unstamped, "flags": flags(klass), "hidden": hidden,
        "flagged": sum(bool(one.flags) for one in klass.learners),
        "rows": [learner_row(one, klass.tasks, None if hidden else folder, hidden) for one in klass.learners]}


def unread(klass):
    """Answers in words that a person still has to read."""
    return sum(answer.earned is None for one in klass.graded for answer in one.answers.values())


def histogram(points, checks):
    """[(label, number, share of the longest bar in percent)], at most ten bars."""
    most = sum(task.points for task in checks)
    if not points or not most:
        return []
    width = next((w for w in (1, 2, 3, 5, 10, 20, 25, 50, 100) if most / w <= 10), most)
    bars = max(int(-(-most // width)), 1)
    counts = Counter(min(int(max(p, 0) // width), bars - 1) for p in points)
    labels = [f"{k * width:g} to below {(k + 1) * width:g}" for k in range(bars - 1)]
    labels.append(f"{(bars - 1) * width:g} to {most:g}")
    return _bars([(label, counts[k]) for k, label in enumerate(labels)])


def _bars(rows):
    longest = max([number for _, number in rows] + [1])
    return [(label, number, round(100 * number / longest, 1)) for label, number in rows]


def pass_row(task, graded):
    """One row of the table of tasks."""
    answers = [one.answers[task.cell] for one in graded]
    earned = [answer.earned for answer in answers if answer.earned is not None]
    counts = Counter(answer.kind for answer in answers)
    share = {kind: round(100 * counts[kind] / (len(answers) or 1), 1) for kind in KINDS}
    return {"task": task, "counts": [counts[kind] for kind in KINDS], "share": share, "read": len(earned),
            "waiting": len(answers) - len(earned), "mean": mean(earned) if earned else None}


def causes(klass):
    """{misconception: {task: number of learners}} in the order in which people should hear of them, most first."""
    found = {}
    for task in klass.tasks:
        for one in klass.graded:
            if cause := one.answers[task.cell].cause:
                found.setdefault(cause, Counter())[task] += 1
    return dict(sorted(found.items(), key=lambda item: -len(who_has(klass, item[0]))))


def who_has(klass, cause):
    """The learners who have this misconception in at least one task."""
    return [one for one in klass.graded if any(answer.cause == cause for answer in one.answers.values())]


def advice(klass):
    """[(learners, misconception, tasks, what to ask)]: what to say in the next lecture."""
    return [{"number": len(who_has(klass, cause)), "of": len(klass.graded), "cause": cause,
             "tasks": [task for task in klass.tasks if task in where],
             "ask": _hint(max(where, key=where.get), cause)}
            for cause, where in list(causes(klass).items())[:ADVICE]]


def _hint(task, cause):
    return next((m.hint for m in getattr(task.exercise, "misconceptions", ()) if m.name == cause), "")


def heat(klass):
    """Rows of the heat map: (name, numbers, learners). A number is None where the task has no such misconception."""
    checks = [task for task in klass.tasks if not task.written]
    rows = [(cause, [_cell(where[task], klass) if where[task] or _known(task, cause) else None for task in checks],
             len(who_has(klass, cause))) for cause, where in causes(klass).items()]
    other = []
    for kind, words in UNNAMED.items():
        counts = [sum(a.kind == kind and not a.cause for a in (one.answers[task.cell] for one in klass.graded))
                  for task in checks]
        who = sum(any(a.kind == kind and not a.cause for a in one.answers.values()) for one in klass.graded)
        other += [(words, [_cell(number, klass) for number in counts], who)] if who else []
    return {"known": rows, "other": other}


def _known(task, cause):
    return any(m.name == cause for m in getattr(task.exercise, "misconceptions", ()))


def _cell(number, klass):
    """(number, how dark: 0 to 4). A quarter of the class or more is darkest."""
    share = number / (len(klass.graded) or 1)
    return number, sum(share > bound for bound in (0, .05, .12, .25))


def timeline(klass):
    """Bars of equal time, gaps included: [(label, number, percent)], with times in UTC."""
    times = sorted(one.when for one in klass.learners if one.when)
    if not times:
        return []
    start = times[0].replace(minute=0, second=0, microsecond=0)
    step = next((s for s in STEPS if (times[-1] - start) / s < BARS), None) or (times[-1] - start) / (BARS - 1)
    if step > timedelta(hours=1):
        start = start.replace(hour=start.hour // 6 * 6 if step < timedelta(days=1) else 0)
    counts = Counter(int((when - start) / step) for when in times)
    form = "%a %d %b %Y" if step >= timedelta(days=1) else "%a %d %b, %H:%M"
    return _bars([(f"{start + k * step:{form}}", counts[k]) for k in range(max(counts) + 1)])


def flags(klass):
    """[(what, [(learner, the grader's sentences)])], most frequent first."""
    found = {}
    for one in klass.learners:
        for kind in dict.fromkeys(map(_kind_of_flag, one.flags)):
            found.setdefault(kind, []).append((one, [f for f in one.flags if _kind_of_flag(f) == kind]))
    return sorted(found.items(), key=lambda item: -len(item[1]))


def learner_row(one, tasks, folder, hidden):
    """One line of the list of learners."""
    reasons = {}
    for task in tasks:
        answer = one.answers.get(task.cell)
        if answer is None or (answer.earned or 0) >= task.points:
            continue
        why = _why(task, answer)
        reasons.setdefault(why, []).append(task.number)
    return {"name": one.name, "called": one.called, "points": None if one.problem else round(one.earned, 2),
            "when": None if hidden else one.when, "late": one.late, "flags": len(one.flags),
            "problem": one.problem, "reasons": [(_numbers(numbers), why) for why, numbers in reasons.items()],
            "link": _link(one.page, folder) if one.page and folder else ""}


def _why(task, answer):
    if task.written:
        return "waits to be read" if answer.earned is None else f"{answer.earned:g} of {task.points:g} points"
    if answer.cause:
        return f"partly right: {answer.cause}" if answer.kind == "part" else answer.cause
    return answer.says.replace("`", "") or UNNAMED[answer.kind]


def _numbers(numbers):
    return f"task{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"


def _link(page, folder):
    return quote(Path(os.path.relpath(page, folder)).as_posix())


# ---------------------------------------------------------------- the page and the command

def page(views, hidden=False, made=None):
    """The report as HTML."""
    from jinja2 import Environment

    script = _file("report.js")
    policy = f"{POLICY}; script-src 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_file("report.html"))
    return template.render(views=views, hidden=hidden, made=made or datetime.now(UTC), policy=policy, script=script,
                           style=files("chainrule").joinpath("style.css").read_text(encoding="utf-8"))


def _file(name):
    return files("chainrule_grading").joinpath(name).read_text(encoding="utf-8")


def write(course, assignments=(), hide=False, to=None):
    """Write the report and return where it lies; UserError if nothing has been graded."""
    for assignment in assignments:
        course.release(assignment)
    found = [klass for name in assignments or course.assignments() if (klass := read_class(course, name)) is not None]
    if missing := sorted(set(assignments) - {klass.assignment for klass in found}) or not found:
        name = missing[0] if isinstance(missing, list) else "delta"
        raise UserError(f"There is nothing to report{f' of {name}' if assignments else ''}: no submission in "
                        f"{course.classroom} has been graded; run chainrule grade {name} first.")
    target = Path(to) if to else course.classroom / "report" / f"report{'-anonymous' if hide else ''}.html"
    if target.is_dir():
        raise UserError(f"{target} is a folder; name the file to write, for example {target / 'report.html'}.")
    if hide:
        found = [anonymous(klass, secret.of(course)) for klass in found]
    write_atomically(target, page([view(klass, hide, target.resolve().parent) for klass in found], hide))
    return target


def main(course, assignments=(), hide=False, to=None):
    """The command `chainrule report`; exit code 0."""
    target = write(course, assignments, hide, to)
    print(f"Report: {target}  (open it in a browser)")
    print("It names nobody: eight letters stand for each learner, the same in every report of this class." if hide else
          "It holds names and marks: keep it as you keep the gradebook. --anonymous writes one that you can show.")
    return 0
