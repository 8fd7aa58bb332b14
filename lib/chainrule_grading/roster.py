"""Who is in the class: classroom/roster.csv, read from a list of one's own or from what Canvas and Moodle export.

A learner has one name here (folder, gradebook) and others elsewhere: numbers in Canvas, an e-mail address or an ID
number in Moodle, a full name in both. This is the one place that knows which belong together.
"""
import re
import unicodedata
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property

from chainrule_grading import tables
from chainrule_grading.course import LEARNER, UserError

# What other programs call these columns. Canvas: "How do I export grades in the Gradebook?" (Canvas Instructor Guide);
# Moodle: "Grade export", "Grade import" and the list of participants (MoodleDocs).
HEADINGS = {
    "learner": ("learner", "username", "user name", "login", "netid", "student_id"),
    "first_name": ("first_name", "first name", "given name"),
    "last_name": ("last_name", "last name", "surname", "family name"),
    "email": ("email", "email address", "e-mail address"),
    "id_number": ("id_number", "id number"),
    "canvas_id": ("canvas_id", "lms_user_id"),
    "sis_user_id": ("sis_user_id",),
    "sis_login_id": ("sis_login_id",),
    "section": ("section",)}
FULL_NAME = ("full name", "name", "student")
IDENTITY = ("learner", "canvas_id", "sis_user_id", "sis_login_id", "email", "id_number")   # the surest first


@dataclass(frozen=True)
class Learner:
    """One person. `learner` is the name in this course; the rest is what others know them by, "" if unknown."""
    learner: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    id_number: str = ""
    canvas_id: str = ""
    sis_user_id: str = ""
    sis_login_id: str = ""
    section: str = ""

    @property
    def full_name(self):
        return f"{self.first_name} {self.last_name}".strip() or self.learner

    @property
    def sortable_name(self):
        return ", ".join(filter(None, (self.last_name, self.first_name))) or self.learner


def key(text):
    """A name as file names keep it: letters and digits, whatever their case."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


class Roster:
    """The learners of a class, and ways to find one."""

    def __init__(self, learners=()):
        self.learners = {one.learner: one for one in learners}

    def __iter__(self):
        return iter(sorted(self.learners.values(), key=lambda one: (key(one.sortable_name), one.learner)))

    def __len__(self):
        return len(self.learners)

    @cached_property
    def _index(self):
        """(field, value without case) → learners, and ("name", key) → learners: a class may have thousands."""
        index = {}
        for one in self.learners.values():
            places = {(what, getattr(one, what).casefold()) for what in IDENTITY}
            places |= {("name", key(name)) for name in (one.learner, one.full_name, one.sortable_name)}
            for place in places:
                if place[1]:
                    index.setdefault(place, []).append(one)
        return index

    def by(self, what, value):
        """All learners whose field `what`, one of IDENTITY, is `value`, in any case; none for an empty value."""
        return self._index.get((what, value.strip().casefold()), [])

    def named(self, name):
        """All learners called so: by their name here, "Ada Lovelace", "Lovelace, Ada" or "lovelaceada"."""
        return self._index.get(("name", key(name)), [])

    def same(self, other):
        """Whom of this roster a line of another list means; None if nobody is surely meant."""
        for what in IDENTITY:
            if len(found := self.by(what, getattr(other, what))) == 1:
                return found[0]
        if len(found := self.by("learner", other.sis_login_id)) == 1:
            return found[0]
        found = [one for one in self.named(other.full_name) if not _differ(one, other)]
        return found[0] if len(found) == 1 else None


def _differ(one, other):
    """Whether two lines of one name have different numbers or addresses: then they are namesakes."""
    return any(getattr(one, what) and getattr(other, what)
               and getattr(one, what).casefold() != getattr(other, what).casefold() for what in IDENTITY)


def place(course):
    return course.classroom / "roster.csv"


def of(course):
    """The class as classroom/roster.csv has it; nobody if there is no such file."""
    return Roster(read(place(course))) if place(course).is_file() else Roster()


def as_text(roster):
    """classroom/roster.csv."""
    names = [f.name for f in fields(Learner)]
    return tables.written(tables.Table(names, [list(asdict(one).values()) for one in roster]))


def is_canvas(table):
    """Whether a table is a gradebook as Canvas exports it."""
    return table.header[0] == "Student" and None not in (table.column("ID"), table.column("Section"))


def person(table, row):
    """The learner whom a row of anybody's table is about, with all that it says of them."""
    told = {what: table.cell(row, *headings) for what, headings in HEADINGS.items()}
    if is_canvas(table):
        told["canvas_id"] = table.cell(row, "ID")
    elif table.header[0].casefold() == "id":
        told["learner"] = told["learner"] or table.cell(row, "id")
    name = table.cell(row, *FULL_NAME)
    if name and table.column(*HEADINGS["last_name"]) is None:
        last, _, first = name.partition(", ")
        told["first_name"], told["last_name"] = (first, last) if first else name.rpartition(" ")[::2]
    return Learner(**told)


def read(path):
    """The learners in a CSV: with columns of one's own, or as Canvas or Moodle wrote it. UserError if it has none."""
    table = tables.read(path)
    headings = [heading for what in ("learner", "email", "id_number", "sis_login_id") for heading in HEADINGS[what]]
    if table.column(*headings, *FULL_NAME) is None and not is_canvas(table) and table.header[0].casefold() != "id":
        raise UserError(f"{path} is no list of a class: it has the columns {', '.join(table.header[:8])}. One of "
                        "learner, email, ID number or full name is needed; exports of Canvas and Moodle (in English) "
                        "have them.")
    learners = [one for row in table.rows if any(asdict(one := person(table, row)).values())
                and not (is_canvas(table) and _nobody(one))]
    if not learners:
        raise UserError(f"{path} names no learner; below the line with the columns it needs a line for each.")
    _no_twins(path, [one.learner for one in learners if one.learner])
    return learners


def _nobody(one):
    """Canvas has rows that are nobody: points possible, how marks are posted, the test student."""
    return not one.canvas_id or key(one.full_name) == "teststudent"


def _no_twins(path, names):
    """UserError if a name cannot be a folder, or if two people would share one."""
    seen = set()
    for name in names:
        if not LEARNER.fullmatch(name):
            raise UserError(f"{path}: {name!r} cannot be a learner's name here: use letters, digits and . _ - @. Give "
                            "the file a column learner with such names.")
        if name.casefold() in seen:
            raise UserError(f"{path}: two learners would be called {name!r}. Give the file a column learner with "
                            "different names.")
        seen.add(name.casefold())


def _new_name(one, taken):
    """A name for somebody whose list has none: the login, the address up to its @, or what else there is."""
    local = one.email.partition("@")[0].casefold()
    words = unicodedata.normalize("NFKD", one.full_name).encode("ascii", "ignore").decode().casefold()
    wishes = (one.learner, one.sis_login_id, local, one.email, one.id_number, one.sis_user_id,
              re.sub(r"[^a-z0-9]+", ".", words).strip("."), one.canvas_id)
    fit = [name for name in wishes if LEARNER.fullmatch(name)]
    return next((name for name in fit if name.casefold() not in taken), fit[0] if fit else one.full_name)


def merged(before, told, path="the list"):
    """(Roster, sentences): the class with a new list taken in. Nobody is taken out, and nothing known is forgotten."""
    after, news, taken = dict(before.learners), [], {name.casefold() for name in before.learners}
    for other in told:
        mine = before.same(other)
        if mine is None:
            name = other.learner or _new_name(other, taken)
            _no_twins(path, [name])
            if name.casefold() in taken:
                raise UserError(f"{path}: {name!r} is somebody else in this class already, and {other.full_name} would "
                                "be called so. Give the file a column learner with another name.")
            taken.add(name.casefold())
            after[name] = replace(other, learner=name)
            news.append(f"new: {name} ({after[name].full_name})")
            continue
        changes = {what: value for what, value in asdict(other).items()
                   if value and what != "learner" and value != getattr(mine, what)}
        after[mine.learner] = replace(after[mine.learner], **changes)
        for what, value in changes.items():
            was = getattr(mine, what)
            news.append(f"{mine.learner}: {what} is now {value}" + (f", was {was}" if was else ""))
    return Roster(after.values()), news
