"""`chainrule class forget`: everything that this computer keeps of a learner's, deleted from the classroom.

Work, marks, feedback, the line in the list, and the copies in backups. Gradebooks are packed anew, so that what was
deleted does not stay in a file's unused parts.
"""
import json
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from chainrule_grading import roster, rules, tables
from chainrule_grading.course import UserError, no_name, said_in_a_sentence, spelt, write_atomically
from chainrule_grading.grading import own_gradebook
from chainrule_grading.learner import shown
from chainrule_grading.recorder import PATIENCE

THEIRS = "submitted_assignment where student_id = :learner"
NOTEBOOKS = f"submitted_notebook where assignment_id in (select id from {THEIRS})"
DELETE = [*(f"delete from {table} where notebook_id in (select id from {NOTEBOOKS})" for table in ("grade", "comment")),
          f"delete from {NOTEBOOKS}", f"delete from {THEIRS}", "delete from student where id = :learner"]


@dataclass(frozen=True)
class Trace:
    """A place that holds something of a learner's, and how it is deleted from there."""
    path: Path
    delete: object
    whole: bool = False                           # the file or folder is the learner's alone


def main(course, learner, yes=False):
    """The command; exit code 0 if all was deleted, 1 if nothing was because --yes is missing."""
    if no_name(learner):
        raise UserError(f"{learner!r} is not a learner's name; it is the name of the folder in classroom/submitted.")
    own_gradebook(course)
    known = names(course)
    if learner not in known and (alike := sorted(one for one in known if _folded(one) == _folded(learner))):
        raise UserError(f"Nobody is called {learner!r} here, but there is {' and '.join(map(repr, alike))}; type the "
                        "name so, if that is who is meant. Nothing was deleted.")
    traces = [trace for find in (_folders, _lines, _books, _extensions, _receipts) for trace in find(course, learner)]
    if not traces:
        raise UserError(f"Nothing in {course.classroom} is {learner}'s; names are those of the folders in submitted/.")
    for trace in traces:
        print(f"  {shown(course, trace.path)}{'' if trace.whole else f' (what is in it of {learner})'}")
    if not yes:
        print("Nothing was deleted. There will be no copy: add --yes if you mean it.")
        return 1
    for trace in traces:
        with said_in_a_sentence(trace.path, always=True):
            trace.delete()
    print("Deleted. What lies elsewhere is for you to delete: downloaded zips and exports, the exchange, copies of\n"
          "this folder, and what the learning system keeps.")
    return 0


def names(course):
    """All learners of whom there is something, by their names in the list, the gradebook, the rules and folders."""
    rooms, found = course.classroom, set(roster.of(course).learners)
    for room in ("submitted", "autograded", "feedback", "backups/submitted"):
        found |= {path.name for path in rooms.glob(f"{room}/*") if path.is_dir()}
    found |= {path.stem for path in rooms.glob("journal/*/*.json")}
    for learners in rules.of(course).extensions.values():
        found |= set(learners)
    for path in _gradebooks(course):
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as book:
            found |= {name for name, in book.execute("select id from student")}
    return found


def _folded(name):
    """A name as file systems see it that make no difference between A and a, or between two spellings of é."""
    return spelt(name).casefold()


def _folders(course, learner):
    """Folders and files that are the learner's alone."""
    rooms = course.classroom
    found = [*(rooms / room / learner for room in ("submitted", "autograded", "feedback", "backups/submitted")),
             *rooms.glob(f"journal/*/{learner}.json")]
    for assignment in course.assignments():
        found += rooms.glob(f"handed-in/{assignment}-{learner}-2*")
    # Older copies of class.toml say who had more time; nobody else needs them.
    named = re.compile(rf'^\s*["\']?{re.escape(learner)}["\']?\s*=', re.MULTILINE)
    found += [path for path in rooms.glob("backups/class-*.toml") if named.search(path.read_text("utf-8", "replace"))]
    # A report on the class names people in the midst of a page; it can be made again without this one.
    mine = roster.of(course).learners.get(learner, roster.Learner(learner))
    words = {re.escape(name) for name in (learner, mine.full_name, mine.sortable_name, mine.email) if name}
    told = re.compile(rf"(?<![\w.@-])({'|'.join(words)})(?![\w@-])")
    found += [path for path in rooms.glob("report/*.html") if told.search(path.read_text("utf-8", "replace"))]
    for path in found:
        if path.exists():
            yield Trace(path, partial(shutil.rmtree if path.is_dir() else Path.unlink, path), whole=True)


def _lines(course, learner):
    """The list of the class, exports, and copies of them that have a line about this person."""
    mine = roster.of(course).learners.get(learner, roster.Learner(learner))
    people, rooms = roster.of(course), course.classroom
    one = roster.Roster([mine])

    def about(row):
        """Whether a row is about this person; where it fits two namesakes, numbers of the others are looked at first.

        Of somebody who is not on the list we know the name here alone, and no other name will do."""
        if learner not in people.learners:
            return row.learner == learner
        owner = people.same(row) or one.same(row)
        return owner is not None and owner.learner == learner
    for path in sorted({roster.place(course), *rooms.glob("backups/*.csv"), *rooms.glob("exports/*.csv")}):
        if path.is_file():
            table = tables.read(path)
            kept = [row for row in table.rows if not about(roster.person(table, row))]
            if len(kept) < len(table.rows):
                yield Trace(path, partial(write_atomically, path, tables.written(replace(table, rows=kept))))


def _books(course, learner):
    """The gradebook and its copies in which the learner is."""
    for path in _gradebooks(course):
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as book:
            known = book.execute("select 1 from student where id = ?", (learner,)).fetchone()
        if known:
            yield Trace(path, partial(_forget_in, path, learner))


def _gradebooks(course):
    found = [course.classroom / "gradebook.db", *sorted(course.classroom.glob("backups/gradebook-*.db"))]
    return [path for path in found if path.is_file() and path.stat().st_size]


def _forget_in(path, learner):
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as book:
        with book:
            for statement in DELETE:
                book.execute(statement, {"learner": learner})
        book.execute("vacuum")                    # else the deleted rows stay in the file's free pages
        book.execute("pragma wal_checkpoint(truncate)")


def _extensions(course, learner):
    mine = rules.of(course)
    if any(learner in learners for learners in mine.extensions.values()):
        others = {assignment: {name: more for name, more in learners.items() if name != learner}
                  for assignment, learners in mine.extensions.items()}
        yield Trace(rules.place(course), partial(write_atomically, rules.place(course),
                                                 rules.as_text(replace(mine, extensions=others))))


def _receipts(course, learner):
    """Receipts of work that was handed in on this very computer."""
    path = course.classroom / "receipts.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
    kept = [line for line in lines if not _by(line, learner)]
    if len(kept) < len(lines):
        yield Trace(path, partial(write_atomically, path, "".join(kept)))


def _by(line, learner):
    try:
        return json.loads(line).get("learner") == learner
    except (ValueError, AttributeError):
        return False
