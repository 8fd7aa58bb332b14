"""`chainrule class import`: work from Moodle, Canvas, a folder or learners' own zips → classroom/submitted/.

Whose it is, the learning system says, never the learner: the outermost name counts. How Moodle and Canvas name files
is what their sources do: mod/assign (`Full name_participant_assignsubmission_file`, from Moodle 4 without, before with
an underscore at the end of a folder) and lib/content_zipper.rb (`sortablename_LATE_user_attachment_file`).
"""
import re
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from chainrule_grading import roster, rules, tables, unpack
from chainrule_grading.course import LEARNER, UserError, write_atomically
from chainrule_grading.learner import cells_of, shown, which_assignment
from chainrule_grading.notebooks import Unreadable, parse
from chainrule_grading.unpack import File, Refused

MOODLE = re.compile(r"(?P<name>.+?)_(?P<participant>\d+)_assignsubmission_[a-z]+(_.*)?", re.DOTALL)
CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<user>\d+)_(?P<attachment>\d+)_(?P<file>.+)", re.DOTALL)
OWN_CLOCK = "by the learner's own clock"


class Unknown(Exception):
    """Nobody, or more than one, is meant by a name: one sentence with the cure."""


@dataclass(frozen=True)
class Work:
    """A notebook and whose it is. `when` is None where nobody says when it was handed in."""
    learner: str
    file: File
    when: datetime | None = None
    note: str = ""

    @property
    def newness(self):
        number = re.search(r"[-( ](\d{1,3})\)?\.ipynb$", self.file.name)       # delta-1.ipynb, delta (1).ipynb
        return self.when or self.file.written or datetime.min.replace(tzinfo=UTC), int(number[1]) if number else 0


# ---------------------------------------------------------------- whose is it?

class Names:
    """From the name of a file to a learner, by the roster, and for Moodle by the worksheet of the assignment."""

    def __init__(self, course, assignment, worksheet=None, zone=None):
        self.roster, self.assignment, self.cells = roster.of(course), assignment, cells_of(course)
        self._own_zip = re.compile(rf"{re.escape(assignment)}-(?P<name>.+)-(?P<stamp>\d{{8}}T\d{{6}})(-\d+)?"
                                   r"( ?\(\d+\))?\.zip", re.DOTALL)
        self.participants = _participants(worksheet, self.roster, zone) if worksheet else {}
        submitted = course.classroom / "submitted"
        self.folders = {p.name.casefold(): p.name for p in submitted.iterdir()} if submitted.is_dir() else {}

    def whose(self, file):
        """(learner, when or None, a note); Unknown says what to do."""
        mine = file.parts[:file.nested] or file.parts         # inside a learner's zip, names are the learner's
        for part in mine:
            if found := MOODLE.fullmatch(part):
                return self._moodle(found)
        for part in mine:
            if found := CANVAS.fullmatch(part):
                return self._canvas(found)
        for part in (file.source, *mine):
            if found := self._own_zip.fullmatch(part):
                when = datetime.strptime(found["stamp"] + "+0000", "%Y%m%dT%H%M%S%z")
                return self._plain(found["name"]), when, OWN_CLOCK
        return self._plain(self._told(mine, file.source)), None, ""

    def _told(self, parts, source):
        """The name in name/…/delta.ipynb, name_delta.ipynb, delta_name.ipynb, or in that of the zip it came in."""
        if len(parts) > 1 and parts[0] != self.assignment:
            return parts[0]
        for called in (parts[-1], source):
            stem = re.sub(r"( ?\(\d+\)|-\d)$", "", called.rpartition(".")[0])
            name = re.sub(rf"^{self.assignment}[-_ ]+|[-_ ]+{self.assignment}$", "", stem)
            if name and name != stem:
                return name
        raise Unknown(f"whose is it? Put it into a folder with the learner's name, or call it "
                      f"NAME_{self.assignment}.ipynb")

    def _plain(self, name):
        found = self.roster.by("learner", name) or self.roster.by("sis_login_id", name) or self.roster.named(name) \
            or self.roster.by("email", name)
        if len(found) == 1:
            return found[0].learner
        if found:
            raise Unknown(self._namesakes(name, found))
        if len(self.roster):
            raise Unknown(self._nobody(name))
        if not LEARNER.fullmatch(name):
            raise Unknown(f"{unpack.shown(name)!r} cannot be a learner's name; rename the folder, or take a list of "
                          "the class in: chainrule class init --roster LIST.csv")
        return self.folders.setdefault(name.casefold(), name)

    def _moodle(self, found):
        participant, when = self.participants.get(found["participant"], (None, None))
        if participant is not None:
            return participant, when, ""
        name = found["name"]
        # With groups Moodle writes "Group-Full name".
        names = [name] + [name[at.end():] for at in re.finditer("-", name)]
        people = next(filter(None, map(self.roster.named, names)), [])
        if len(people) == 1:
            return people[0].learner, when, ""
        raise Unknown(self._namesakes(name, people) if people else self._nobody(name))

    def _canvas(self, found):
        people = self.roster.by("canvas_id", found["user"])
        if not people:
            people = [one for one in self.roster.named(found["name"]) if not one.canvas_id]
        if len(people) == 1:
            late = "Canvas calls it late, and does not say how late" if found["late"] else ""
            return people[0].learner, None, late
        raise Unknown(self._namesakes(found["name"], people) if people else
                      self._nobody(f"{found['name']} ({found['user']})"))

    def _nobody(self, name):
        if not len(self.roster):
            return (f"no list of the class says who {unpack.shown(name)!r} is: take one in with chainrule class init "
                    "--roster LIST.csv")
        return (f"nobody in classroom/roster.csv is called {unpack.shown(name)!r}: correct the name there, or take a "
                "newer list in with chainrule class init --roster LIST.csv")

    def _namesakes(self, name, people):
        return (f"{unpack.shown(name)!r} may be {' or '.join(sorted(one.learner for one in people))}: with Moodle, add "
                "--worksheet and the grading worksheet of this assignment; else rename the folder to one of them")


def _participants(path, people, zone):
    """{participant number: (learner, when handed in)} of Moodle's grading worksheet. UserError if it is none."""
    table = tables.read(Path(path))
    number, modified = table.column("Identifier"), table.column("Last modified (submission)")
    if number is None:
        raise UserError(f"{path} is not Moodle's grading worksheet: it has no column Identifier. In the assignment "
                        "choose Submissions, Download grading worksheet, with Moodle in English.")
    found = {}
    for row in table.rows:
        one = people.same(roster.person(table, row))
        if one is not None:
            found[re.sub(r"\D", "", row[number])] = one.learner, _moodle_time(row[modified], zone) if modified else None
    return found


def _moodle_time(text, zone):
    """A time as Moodle writes it in English, in its user's zone; None if it is not one."""
    for form in ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%A, %B %d, %Y, %I:%M %p"):
        try:
            when = datetime.strptime(" ".join(text.split()), form)
        except ValueError:
            continue
        return rules.in_zone(when, zone)
    return None


# ---------------------------------------------------------------- taking it in

def main(course, paths, assignment, dry_run=False, worksheet=None, zone=None):
    """The command; exit code 0 if all that came was taken in, 1 if something was not."""
    course.release(assignment)
    names = Names(course, assignment, worksheet, zone)
    works, refused = collected(course, [Path(path) for path in paths], names)
    done = [(work, _take_in(course, work, assignment, dry_run)) for _, work in sorted(works.items())]
    print(as_text(done, refused))
    kept = sum(what.startswith(("new", "in place of")) for _, what in done)
    print(f"\n{kept} of {len(done)} {'would be' if dry_run else 'were'} put into "
          f"{shown(course, course.classroom / 'submitted')}/<learner>/{assignment}/; "
          f"{len(refused)} could not be taken in.")
    missing = [one.learner for one in names.roster if one.learner not in works]
    if missing:
        print(f"Nothing in it from {len(missing)}: {', '.join(missing[:10])}{' …' * (len(missing) > 10)}.")
    if kept and not dry_run:
        print(f"Next: chainrule grade {assignment}")
    return 1 if refused else 0


def collected(course, paths, names):
    """({learner: their newest Work}, [Refused]) of all that lies in these files and folders."""
    works, refused, stamps, seen, others = {}, [], {}, set(), {}
    for path in paths:
        for file in unpack.files(path):
            if isinstance(file, Refused):
                refused.append(file)
            elif file.name == "timestamp.txt":
                stamps[file.source, file.parts[:-1]] = _stamp(file.data)
            elif file.data is None:
                others.setdefault(_handing_in(file), file)
            else:
                _sort_in(course, file, names, works, refused)
                seen.add(_handing_in(file))
    for who, file in others.items():
        if who is not None and who not in seen:
            refused.append(Refused(f"{unpack.shown(file.source)}: {file}", "is no notebook, and none came with it"))
    newest = {}
    for learner, theirs in works.items():
        theirs = [_with_stamp(work, stamps.get((work.file.source, work.file.parts[:-1]))) for work in theirs]
        best = max(theirs, key=lambda work: work.newness)
        count = f"the newest of {len(theirs)}" if len(theirs) > 1 else ""
        newest[learner] = replace(best, note="; ".join(filter(None, (best.note, count))))
    return newest, refused


def _handing_in(file):
    """Who handed this in, as Moodle's or Canvas' number says it; None for other names."""
    found = next(filter(None, map(MOODLE.fullmatch, file.parts)), None) or next(
        filter(None, map(CANVAS.fullmatch, file.parts)), None)
    return found and (file.source, found["name"], found["participant" if found.re is MOODLE else "user"])


def _with_stamp(work, stamp):
    """Where nobody else says when it was handed in, the stamp that lies beside it counts."""
    if work.when is not None or stamp is None:
        return work
    whose = OWN_CLOCK if work.file.nested or any(map(MOODLE.fullmatch, work.file.parts)) else ""
    return replace(work, when=stamp, note="; ".join(filter(None, (work.note, whose))))


def _sort_in(course, file, names, works, refused):
    try:
        other = _other_assignment(course, file, names)
        if other:
            raise Unknown(f"is a notebook of {other}, not of {names.assignment}; import it with --assignment {other}")
        learner, when, note = names.whose(file)
    except Unknown as why:
        refused.append(Refused(f"{unpack.shown(file.source)}: {file}", str(why)))
    else:
        works.setdefault(learner, []).append(Work(learner, file, when, note))


def _other_assignment(course, file, names):
    """The assignment whose notebook this surely is, if it is another one; a broken file is for the grader to judge."""
    try:
        theirs = which_assignment(course, parse(file.data), Path("notebook"), names.cells)
    except (Unreadable, UserError):
        return ""
    return theirs if theirs != names.assignment else ""


def _stamp(data):
    """What a timestamp.txt says; None if it is not a time.

    Numbers are hours and minutes from UTC (nbgrader takes +0100 for a hundred seconds); names like CET are nbgrader's.
    """
    try:
        text = data.decode("utf-8").strip()
        try:
            when = datetime.fromisoformat(re.sub(r" ?(UTC|Z)$", "+00:00", re.sub(r" (?=[+-]\d\d:?\d\d$)", "", text)))
        except ValueError:
            from nbgrader.utils import parse_utc
            when = parse_utc(text)
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError, AttributeError, TypeError):
        return None


def _as_stamp(when):
    """A time as nbgrader's timestamp.txt has it."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _take_in(course, work, assignment, dry_run):
    """Put one notebook in its place, with a dated copy of what was there; returns what happened."""
    folder = course.classroom / "submitted" / work.learner / assignment
    target, stamp = folder / f"{assignment}.ipynb", folder / "timestamp.txt"
    before = target.read_bytes() if target.is_file() else None
    then = _stamp(stamp.read_bytes()) if before is not None and stamp.is_file() else None
    if before == work.file.data:
        better = work.when is not None and then != work.when and (then is None or OWN_CLOCK not in work.note)
        if better and not dry_run:
            write_atomically(stamp, _as_stamp(work.when))
        return "there already" + ", now with its time" * better
    if then is not None and work.when is not None and then > work.when:
        return f"left out: what is there is newer ({_as_stamp(then)})"
    if not dry_run:
        if before is not None:
            kept = (course.classroom / "backups/submitted" / work.learner /
                    f"{assignment}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
            write_atomically(kept / target.name, before)
            if stamp.is_file():
                shutil.copy(stamp, kept)
        write_atomically(target, work.file.data)
        if work.when is not None:
            write_atomically(stamp, _as_stamp(work.when))
        else:
            stamp.unlink(missing_ok=True)         # it belonged to the one before
    return "new" if before is None else "in place of an earlier one, which is kept"


def as_text(done, refused):
    """What came, as a table, and below it what did not and why."""
    width = max([len(work.learner) for work, _ in done] + [7])
    lines = [f"{'learner':<{width}}   handed in (UTC)    what happened", "─" * (width + 60)]
    for work, what in done:
        when = f"{work.when.astimezone(UTC):%Y-%m-%d %H:%M}" if work.when else "not known"
        notes = "; ".join(filter(None, (what, work.note)))
        lines.append(f"{work.learner:<{width}}   {when:<16}   {notes}   ({work.file})")
    if refused:
        lines += ["", "Not taken in:"]
        lines += [f"  {one.name}: {one.why.rstrip('.')}." for one in refused]
    return "\n".join(lines)
