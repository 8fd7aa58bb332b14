"""`chainrule class export`: marks from nbgrader's gradebook as a CSV that Canvas or Moodle takes.

Canvas: "How do I import grades in the Gradebook?" (Canvas Instructor Guide): the columns Student, ID, SIS User ID, SIS
Login ID, Section, then one for each assignment, called "Name (ID)" or, for a new one, by its name; a line Points
Possible. Moodle: "Grade import" (MoodleDocs): any columns, people by email address or ID number; and for one assignment
the offline grading worksheet ("Using Assignment", MoodleDocs): Identifier, Full name, Email address, Status, Grade,
Maximum Grade, Grade can be changed, Last modified (grade), …
"""
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chainrule_grading import roster, rules, tables
from chainrule_grading.authoring import keep_copy
from chainrule_grading.course import UserError, nbgrader_config, write_atomically
from chainrule_grading.grading import own_gradebook
from chainrule_grading.learner import shown
from chainrule_grading.recorder import quiet
from chainrule_grading.tables import Table

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE = ("First name", "Last name", "ID number", "Email address")


@dataclass(frozen=True)
class Mark:
    """What a learner has in an assignment. `points` is None where there is no mark yet; `why` says why."""
    points: float | None
    why: str = ""
    stale: bool = False                           # lateness was counted before an answer in words was read


@dataclass(frozen=True)
class Marks:
    """All marks of the assignments: assignment → learner → Mark, and the most that each assignment gives."""
    marks: dict
    possible: dict

    def of(self, assignment, learner):
        return self.marks[assignment].get(learner, Mark(None, "nothing handed in"))


def gather(course, assignments, as_it_stands=False):
    """The Marks of these assignments (default: all that have been graded). UserError if there are none."""
    from nbgrader.api import Gradebook

    own_gradebook(course)
    marks, possible, policy = {}, {}, rules.of(course).late
    if (course.classroom / "gradebook.db").is_file():
        with quiet(), Gradebook(nbgrader_config(course).CourseDirectory.db_url) as book:
            for assignment in book.assignments:
                name, theirs = assignment.name, _submissions(book, assignment)
                if (assignments and name not in assignments) or not (theirs or assignments):
                    continue
                possible[name] = assignment.max_score
                marks[name] = {s.student.id: _mark(s, policy, as_it_stands) for s in theirs}
    missing = [name for name in assignments or () if name not in marks]
    if missing:
        course.release(missing[0])                # or one sentence: there is no such assignment
    if missing or not any(marks.values()):
        of_it, name = (f"of {missing[0]} ", missing[0]) if missing else ("", "ASSIGNMENT")
        raise UserError(f"There is no mark {of_it}to export yet; run chainrule grade {name} first.")
    _handed_in(course, marks)
    return Marks(marks, possible)


def _submissions(book, assignment):
    """The submissions of an assignment with their grades, in a few queries however many there are."""
    from nbgrader.api import Grade, SubmittedAssignment, SubmittedNotebook
    from sqlalchemy.orm import joinedload, selectinload

    grades = selectinload(SubmittedAssignment.notebooks).selectinload(SubmittedNotebook.grades)
    return book.db.query(SubmittedAssignment).filter_by(assignment_id=assignment.id).options(
        joinedload(SubmittedAssignment.student), grades.joinedload(Grade.cell)).all()


def _mark(submission, policy, as_it_stands):
    """One submission's mark. Answers in words that nobody has read make it wait; `as_it_stands` counts them as 0."""
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    if not grades:
        return Mark(None, "not graded yet")
    waiting = any(grade.auto_score is None and grade.needs_manual_grade for grade in grades)
    if waiting and not as_it_stands:
        return Mark(None, "an answer in words waits to be read")
    earned = sum(grade.score for grade in grades)
    seconds = submission.total_seconds_late if submission.assignment.duedate else 0    # nbgrader fails without a date
    lost = sum(notebook.late_submission_penalty or 0 for notebook in submission.notebooks)
    due = policy.loses(earned, seconds) if policy and seconds > 0 else lost
    return Mark(round(max(0.0, earned - lost), 2), stale=abs(due - lost) > 0.005)


def _handed_in(course, marks):
    """Whose file could not be graded has no mark, also where an earlier one had; who has no row has none yet."""
    for assignment, theirs in marks.items():
        for folder in (course.classroom / "submitted").glob(f"*/{assignment}"):
            learner = folder.parent.name
            if _cannot_be_graded(course, learner, assignment):
                theirs[learner] = Mark(None, "a file that cannot be graded")
            theirs.setdefault(learner, Mark(None, "not graded yet"))


def _cannot_be_graded(course, learner, assignment):
    try:
        about = json.loads((course.classroom / "autograded" / learner / assignment / "grading.json").read_text("utf-8"))
        return bool(about["problem"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def number(points, comma=False):
    """A mark as a cell: 27, 26.5, with a comma where the file has them."""
    text = f"{points:.2f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if comma else text


# ---------------------------------------------------------------- a file of our own

def for_canvas(people, marks):
    """A new gradebook for Canvas. Without an ID Canvas finds a learner by login or name."""
    names = list(marks.marks)
    rows = [["    Points Possible", "", "", "", "", *(number(marks.possible[name]) for name in names)]]
    rows += [[one.sortable_name, one.canvas_id, one.sis_user_id, one.sis_login_id, one.section,
              *_cells(marks, names, one.learner)] for one in people]
    return Table([*CANVAS, *names], rows)


def for_moodle(people, marks):
    """A file for Moodle's grade import: choose there Email address or ID number, and a grade item for each column."""
    names = list(marks.marks)
    return Table([*MOODLE, *names], [[one.first_name, one.last_name, one.id_number, one.email,
                                      *_cells(marks, names, one.learner)] for one in people])


def _cells(marks, names, learner):
    found = [marks.of(name, learner).points for name in names]
    return ["" if points is None else number(points) for points in found]


# ---------------------------------------------------------------- into a file of theirs

def filled_in(theirs, people, marks, canvas, columns, scale, say):
    """Their export with our marks in it. A cell for which there is no mark here stays as it is.

    Of a gradebook only the columns about people and those of our assignments are kept, so that an upload changes
    nothing else; a Moodle worksheet stays whole.
    """
    worksheet = not canvas and theirs.column("Identifier") is not None
    places = _worksheet_place(theirs, marks) if worksheet else _places(theirs, marks, columns)
    most = {name: _most(theirs, name, place, canvas, worksheet) for name, place in places.items()}
    comma = any(re.fullmatch(r"\d+,\d+", cell) for row in theirs.rows
                for cell in (theirs.cell(row, "Maximum Grade"), *(row[place] for place in places.values())))
    for name, maximum in most.items():
        if maximum and abs(maximum - marks.possible[name]) > 0.005 and not scale:
            say(f"{name} has {marks.possible[name]:g} points here and {number(maximum)} there: marks are written as "
                "they are. Change the points there, or add --scale.")
    rows, met, locked = [], set(), 0
    for row in theirs.rows:
        row, one = list(row), people.same(roster.person(theirs, row))
        if one is not None:
            met.add(one.learner)
        for name, place in places.items() if one is not None else ():
            points = marks.of(name, one.learner).points
            fixed = worksheet and theirs.cell(row, "Grade can be changed").casefold() == "no"
            locked += fixed and points is not None
            if points is not None and not fixed:
                factor = most[name] / marks.possible[name] if scale and most[name] and marks.possible[name] else 1
                row[place] = number(points * factor, comma)
        rows.append(row)
    _say_who(theirs, people, marks, met, locked, canvas, say)
    keep = range(len(theirs.header)) if worksheet else [*_about_people(theirs, canvas), *places.values()]
    return Table([theirs.header[k] for k in keep], [[row[k] for k in keep] for row in rows], theirs.delimiter)


def _about_people(theirs, canvas):
    """The columns that say who somebody is: in Canvas all up to Section, in Moodle those before the first grade."""
    if canvas:
        return range(theirs.column("Section") + 1)
    known = {tables.plain(name) for what in ("first_name", "last_name", "email", "id_number", "learner")
             for name in roster.HEADINGS[what]} | {"fullname"}
    return [k for k, name in enumerate(theirs.header) if tables.plain(name) in known]


def _places(theirs, marks, columns):
    """assignment → number of its column. "Exercise 3 (4711)" and "Assignment: Exercise 3 (Real)" are Exercise 3."""
    titles = [re.sub(r"^\w+: | \((\d+|Real)\)$", "", name) for name in theirs.header]
    places = {}
    for name in marks.marks:
        wanted = columns.get(name, name)
        found = [k for k, title in enumerate(titles)
                 if wanted == theirs.header[k] or tables.plain(wanted) == tables.plain(title)]
        if len(found) != 1:
            choice = ", ".join(repr(title) for title in theirs.header if title not in (*CANVAS, *MOODLE))
            raise UserError(f"{'No column' if not found else 'More than one column'} of that file is called "
                            f"{wanted!r}; name it with --column {name}=\"…\". There are {choice}.")
        places[name] = found[0]
    return places


def _worksheet_place(theirs, marks):
    """A worksheet has one assignment and one column for it."""
    needed = [name for name in ("Grade", "Last modified (grade)") if theirs.column(name) is None]
    if needed:
        raise UserError(f"That grading worksheet has no column {needed[0]!r}, and Moodle takes none without it; "
                        "download it again, with Moodle in English.")
    if len(marks.marks) != 1:
        raise UserError("A grading worksheet is about one assignment; say which with --assignment, for example "
                        f"--assignment {next(iter(marks.marks))}.")
    return {next(iter(marks.marks)): theirs.column("Grade")}


def _most(theirs, name, place, canvas, worksheet):
    """The points that an assignment gives there; None if the file does not say."""
    if worksheet:
        cells = [theirs.cell(row, "Maximum Grade") for row in theirs.rows]
    else:
        cells = [row[place] for row in theirs.rows if canvas and "points possible" in row[0].casefold()]
    for cell in cells:
        try:
            return float(cell.replace(",", "."))
        except ValueError:
            continue
    return None


def _say_who(theirs, people, marks, met, locked, canvas, say):
    absent = sorted({learner for of in marks.marks.values() for learner, mark in of.items()
                     if mark.points is not None} - met)
    if absent:
        say(f"{len(absent)} with marks here are not in that file, or not surely: {', '.join(absent[:10])}"
            f"{' …' * (len(absent) > 10)}. Take it in as a list (chainrule class init --roster) and export again.")
    if locked:
        say(f"{locked} marks may not be changed in Moodle (Grade can be changed: No); they were left as they are.")


# ---------------------------------------------------------------- the command

def main(course, canvas, assignments=None, out=None, into=None, columns=(), scale=False, as_it_stands=False, say=print):
    """The command; exit code 0."""
    marks = gather(course, assignments, as_it_stands)
    people = _everybody(course, marks)
    if into is None:
        if columns or scale:
            raise UserError("--column and --scale are about a file of Canvas' or Moodle's; give it with --into.")
        table = (for_canvas if canvas else for_moodle)(people, marks)
        _say_unknown(people, canvas, say)
    else:
        theirs = tables.read(Path(into))
        _of_that_kind(theirs, into, canvas)
        table = filled_in(theirs, people, marks, canvas, _typed(columns, marks), scale, say)
    target = Path(out) if out else course.classroom / "exports" / (
        f"{'canvas' if canvas else 'moodle'}-{datetime.now(UTC):%Y%m%dT%H%M%S}.csv")
    if into and target.resolve() == Path(into).resolve():
        raise UserError(f"{into} is the file that was exported; give --out another name, so that it stays as it was.")
    if target.is_file():
        say(f"The {target.name} that was there is kept in {shown(course, keep_copy(course, target))}.")
    write_atomically(target, "\ufeff" * (not canvas) + tables.written(table))
    _summary(people, marks, say)
    say(f"Written: {shown(course, target.resolve())}. Upload it in "
        + ("Canvas: Gradebook, Import." if canvas else
           "Moodle: in the assignment, Submissions, Upload grading worksheet." if into and table.column("Identifier")
           is not None else "Moodle: Grades, Import, CSV file; map Email address, and each column to its grade item."))
    return 0


def _everybody(course, marks):
    """The roster, and who has handed something in without being on it."""
    people = roster.of(course)
    others = sorted({learner for of in marks.marks.values() for learner in of} - set(people.learners))
    return roster.Roster([*people.learners.values(), *(roster.Learner(name) for name in others)])


def _of_that_kind(theirs, into, canvas):
    is_moodle = theirs.column("Email address", "ID number", "Full name") is not None
    if canvas and not roster.is_canvas(theirs):
        raise UserError(f"{into} is no gradebook of Canvas: it needs the columns Student, ID and Section. In Canvas "
                        "choose Gradebook, Export.")
    if not canvas and not is_moodle:
        raise UserError(f"{into} is no export of Moodle's in English: it needs a column Email address, ID number or "
                        "Full name.")


def _typed(columns, marks):
    """{assignment: heading} from what --column was given."""
    told = {}
    for typed in columns:
        assignment, _, heading = typed.partition("=")
        if assignment not in marks.marks or not heading:
            raise UserError(f"--column {typed} is not understood; write --column {next(iter(marks.marks))}=\"Their "
                            f"heading\", for one of {', '.join(marks.marks)}.")
        told[assignment] = heading
    return told


def _say_unknown(people, canvas, say):
    nameless = [one.learner for one in people
                if not (one.canvas_id or one.sis_user_id or one.sis_login_id if canvas else one.email or one.id_number)]
    if nameless:
        what = "number or login in Canvas, so Canvas goes by the name" if canvas else "email address or ID number"
        say(f"{len(nameless)} have no {what}: {', '.join(nameless[:10])}{' …' * (len(nameless) > 10)}. "
            "chainrule class init --roster with an export of theirs adds it.")


def _summary(people, marks, say):
    """How many marks there are, and why the others are empty: no mark is not 0."""
    for name in marks.marks:
        found = [marks.of(name, one.learner) for one in people]
        reasons = Counter(mark.why for mark in found if mark.points is None)
        empty = "; ".join(f"{count} {why}" for why, count in reasons.most_common())
        say(f"{name}: {sum(mark.points is not None for mark in found)} marks"
            + (f", {sum(reasons.values())} empty ({empty})" if empty else ""))
        if stale := sum(mark.stale for mark in found):
            say(f"  of {stale} the points lost for lateness are not what the rule says now (an answer was read since, "
                f"or a date changed):\n  chainrule grade {name} renews them; with --force, if the date was changed in "
                "the formgrader.")
