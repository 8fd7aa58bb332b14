"""`chainrule class import`: work from Moodle, Canvas, a folder or learners' own zips → classroom/submitted/.

Whose it is, the learning system says, never the learner: the outermost name counts. How Moodle and Canvas name files
is what their sources do: mod/assign (`Full name_participant_assignsubmission_file`, from Moodle 4 without, before with
an underscore at the end of a folder) and lib/content_zipper.rb (`sortablename_LATE_user_attachment_file`).
"""
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from chainrule_grading import roster, rules, tables, unpack
from chainrule_grading.course import UserError, no_name, spelt, write_atomically
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
    def readable(self):
        return _readable(self.file.data)

    @property
    def rank(self):
        """What makes one of several count: it can be read, its time is known, it is newer, its name says so."""
        number = re.search(r"[-( ](\d{1,3})\)?\.ipynb$", self.file.name)       # delta-1.ipynb, delta (1).ipynb
        written = self.file.written or datetime.min.replace(tzinfo=UTC)
        return (self.readable, self.when is not None, self.when or written, int(number[1]) if number else 0, written)


def _readable(data):
    try:
        parse(data)
    except Unreadable:
        return False
    return True


def best_of(works):
    """(the Work that counts of one learner's, a note that says by what it was chosen)."""
    if len(works) == 1:
        return works[0], ""
    first, *others = sorted(works, key=lambda work: work.rank, reverse=True)
    of = f"of {len(works)}"
    same = [mine == theirs for mine, theirs in zip(first.rank, others[0].rank, strict=True)]
    if all(same):
        alike = all(work.file.data == first.file.data for work in others)
        return first, f"{len(works)} times the same" if alike else f"one {of} that nothing tells apart: ask which"
    by = ("the one that can be read", "the one whose time is known",
          "the newest" if first.when else "by the date of the file, for no time is known", "by the number in its name",
          "by the date of the file")[same.index(False)]
    return first, f"the newest {of}" if by == "the newest" else f"chosen {of}, {by}"


# ---------------------------------------------------------------- whose is it?

class Names:
    """From the name of a file to a learner, by the roster, and for Moodle by the worksheet of the assignment."""

    def __init__(self, course, assignment, worksheet=None, zone=None):
        self.roster, self.assignment, self.cells = roster.of(course), assignment, cells_of(course)
        self._own_zip = re.compile(rf"{re.escape(assignment)}-(?P<name>.+)-(?P<stamp>\d{{8}}T\d{{6}})(-\d+)?"
                                   r"( ?\(\d+\))?\.zip", re.DOTALL)
        self.participants, self.unclear = _participants(worksheet, self.roster, zone) if worksheet else ({}, {})
        submitted = course.classroom / "submitted"
        self.folders = {spelt(p.name).casefold(): p.name for p in submitted.iterdir()} if submitted.is_dir() else {}

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
        name = spelt(name)
        found = self.roster.by("learner", name) or self.roster.by("sis_login_id", name) or self.roster.named(name) \
            or self.roster.by("email", name)
        if len(found) == 1:
            return found[0].learner
        if found:
            raise Unknown(self._namesakes(name, found))
        if len(self.roster):
            raise Unknown(self._nobody(name))
        if why := no_name(name):
            raise Unknown(f"{unpack.shown(name)!r} cannot be a learner's name: {why}. Rename the folder, or take a "
                          "list of the class in: chainrule class init --roster LIST.csv")
        return self.folders.setdefault(name.casefold(), name)

    def _moodle(self, found):
        participant, when = self.participants.get(found["participant"], (None, None))
        if participant is not None:
            unclear = self.unclear.get(participant)
            return participant, when, f"the date {unclear!r} of {participant} is not understood" if unclear else ""
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
        if not people and roster.key(found["name"]) in ("studenttest", "teststudent"):
            raise Unknown("is the work of Canvas' test student, who is nobody in the class; leave it out")
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
    """Moodle's grading worksheet: {participant number: (learner, when)}, and {learner: a date that is none}.

    UserError if it is no worksheet.
    """
    table = tables.read(Path(path))
    number, modified = table.column("Identifier"), table.column("Last modified (submission)")
    if number is None:
        raise UserError(f"{path} is not Moodle's grading worksheet: it has no column Identifier. In the assignment "
                        "choose Submissions, Download grading worksheet, with Moodle in English.")
    if modified is None:
        raise UserError(f"{path} has no column Last modified (submission), so it does not say when work came; in the "
                        "assignment choose Submissions, Download grading worksheet, with Moodle in English.")
    found, unclear = {}, {}
    for row in table.rows:
        one = people.same(roster.person(table, row))
        if one is not None:
            when, told = _moodle_time(row[modified], zone), " ".join(row[modified].split())
            found[re.sub(r"\D", "", row[number])] = one.learner, when
            if when is None and told not in ("", "-"):
                unclear[one.learner] = unpack.shown(told)
    return found, unclear


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

def main(course, paths, assignment, dry_run=False, worksheet=None, zone=None, replace_all=False):
    """The command; exit code 0 if all that came was taken in with its time, 1 if something was not."""
    course.release(assignment)
    paths = [Path(path) for path in paths]
    for path in paths:
        _can_be_read(path)
    names = Names(course, assignment, worksheet, zone)
    works, refused = collected(course, paths, names)
    if not works and not refused:
        raise UserError(f"There is no notebook in {', '.join(map(str, paths))}; give the zip that Moodle or Canvas "
                        "made, a folder, or notebooks (.ipynb).")
    done = [(work, _take_in(course, work, assignment, dry_run, replace_all)) for _, work in sorted(works.items())]
    print(as_text(done, refused))
    kept = sum(what.startswith(("new", "in place of")) for _, what in done)
    print(f"\n{kept} of {len(done)} {'would be' if dry_run else 'were'} put into "
          f"{shown(course, course.classroom / 'submitted')}/<learner>/{assignment}/; "
          f"{len(refused)} could not be taken in.")
    left = [work.learner for work, what in done if what.startswith("left out") and "is newer" not in what]
    if left:
        print(f"Left out is the work of {_some(left)}. If it shall count, add --replace; what is there is kept in "
              "backups then.")
    unclear = [work.learner for work, _ in done if "is not understood" in work.note]
    if unclear:
        print(f"A date is not understood for {_some(unclear)}: their work counts as in time where no other time is "
              f"known. Set Moodle to English and export the worksheet again, or write "
              f"{shown(course, course.classroom / 'submitted')}/<learner>/{assignment}/timestamp.txt, for instance "
              "2026-12-02 10:00:00 UTC.")
    missing = [one.learner for one in names.roster if one.learner not in works]
    if missing:
        print(f"Nothing in it from {len(missing)}: {_some(missing)}.")
    if kept and not dry_run:
        print(f"Next: chainrule grade {assignment}")
    return 1 if refused or left or unclear else 0


def _some(names, most=10):
    return f"{', '.join(names[:most])}{' …' * (len(names) > most)}"


def _can_be_read(path):
    """UserError if a file that somebody named can hold no notebook."""
    if path.is_file() and path.suffix.lower() not in (".zip", ".ipynb"):
        cure = {".csv": "give Moodle's grading worksheet with --worksheet, and a list of the class to chainrule class "
                        "init --roster"} | dict.fromkeys((".7z", ".rar", ".tar", ".gz", ".tgz"),
                                                         "unpack it and give the folder")
        raise UserError(f"{path} is neither a zip, a notebook (.ipynb) nor a folder, and nothing else can be taken in; "
                        f"{cure.get(path.suffix.lower(), 'give the zip that Moodle or Canvas made, or a folder')}.")


def collected(course, paths, names):
    """({learner: the Work of theirs that counts}, [Refused]) of all that lies in these files and folders."""
    works, refused, stamps, seen, others = {}, [], {}, set(), {}
    for path in paths:
        for file in unpack.files(path):
            if isinstance(file, Refused):
                refused.append(file)
            elif file.name == "timestamp.txt":
                stamps[file.source, file.parts[:-1]] = file.data
            elif file.data is None:
                others.setdefault(_handing_in(file), file)
            else:
                _sort_in(course, file, names, works, refused)
                seen.add(_handing_in(file))
    for who, file in others.items():
        if who is not None and who not in seen:
            refused.append(Refused(f"{unpack.shown(file.source)}: {file}", "is no notebook, and none came with it; ask "
                                   "for the .ipynb file itself (in JupyterLab: File, Download)"))
    newest = {}
    for learner, theirs in works.items():
        theirs = [_with_stamp(work, stamps.get((work.file.source, work.file.parts[:-1]))) for work in theirs]
        best, chosen = best_of(theirs)
        newest[learner] = replace(best, note="; ".join(filter(None, (best.note, chosen))))
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
    try:
        when, note = rules.time_in(stamp), ""
    except ValueError as wrong:
        when, note = None, f"its timestamp.txt {unpack.shown(str(wrong))}: that is not understood"
    if when and (work.file.nested or any(map(MOODLE.fullmatch, work.file.parts))):
        note = OWN_CLOCK
    return replace(work, when=when, note="; ".join(filter(None, (work.note, note))))


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


def _as_stamp(when):
    """A time as nbgrader's timestamp.txt has it."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True)
class There:
    """What lies in a learner's place already: the notebook, and the time stamp as it is and as it is understood."""
    folder: Path
    assignment: str

    @property
    def target(self):
        return self.folder / f"{self.assignment}.ipynb"

    @property
    def stamp(self):
        return self.folder / "timestamp.txt"

    @cached_property
    def data(self):
        return self.target.read_bytes() if self.target.is_file() else None

    @cached_property
    def said(self):
        return self.stamp.read_bytes() if self.stamp.is_file() else None

    @cached_property
    def when(self):
        """None if it is not known, or not understood."""
        try:
            return None if self.said is None else rules.time_in(self.said)
        except ValueError:
            return None

    def why_it_stays(self, work):
        """Why this work does not take the place of what is there; "" if it does."""
        if self.data is None:
            return ""
        if self.when and work.when and self.when > work.when:
            return f"what is there is newer ({_as_stamp(self.when)})"
        if not work.readable and _readable(self.data):
            return "it is empty or no notebook, and what is there is one"
        if self.when and not work.when:
            return f"when it was handed in is not known, and of what is there it is ({_as_stamp(self.when)})"
        if self.said is not None and not work.when:
            return f"when it was handed in is not known, and what is there has a timestamp.txt ({self._shown})"
        return ""

    @property
    def _shown(self):
        return repr(unpack.shown((self.said or b"")[:60].decode("utf-8", errors="replace").strip()))

    def keep(self, backups):
        """A dated copy of all of it."""
        copy = backups / f"{self.assignment}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        for path, data in ((self.target, self.data), (self.stamp, self.said)):
            if data is not None:
                write_atomically(copy / path.name, data)


def _take_in(course, work, assignment, dry_run, replace_all=False):
    """Put one notebook in its place, with a dated copy of what was there; returns what happened."""
    there = There(course.classroom / "submitted" / work.learner / assignment, assignment)
    backups = course.classroom / "backups/submitted" / work.learner
    time = work.when and _as_stamp(work.when)
    if there.data == work.file.data:
        if work.when is None or there.when == work.when or (there.when is not None and OWN_CLOCK in work.note):
            return "there already"
        if not dry_run:
            if there.said is not None:
                there.keep(backups)
            write_atomically(there.stamp, time)
        was = "" if there.said is None else f"; it was {there._shown}, which is kept"
        return f"there already, now with its time{was}"
    if not replace_all and (why := there.why_it_stays(work)):
        return f"left out: {why}"
    dropped = there.data is not None and there.said is not None and work.when is None
    if not dry_run:
        if there.data is not None or (there.said is not None and time):
            there.keep(backups)
        write_atomically(there.target, work.file.data)
        if time:
            write_atomically(there.stamp, time)
        elif dropped:
            there.stamp.unlink()                  # it belonged to the one before
    if there.data is None:
        return "new" + f", with the time that was there ({there._shown})" * (there.said is not None and not time)
    return "in place of an earlier one, which is kept" + f" with its time ({there._shown})" * dropped


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
