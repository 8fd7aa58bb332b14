"""Who is in the class: classroom/roster.csv, read from a list of one's own or from what Canvas and Moodle export.

A learner has one name here (folder, gradebook) and others elsewhere: numbers in Canvas, an e-mail address or an ID
number in Moodle, a full name in both. This is the one place that knows which belong together.
"""
import re
import unicodedata
from collections import Counter
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property

from chainrule_grading import tables
from chainrule_grading.course import UserError, no_name, spelt

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
# One thing under several names: Canvas' SIS User ID is Moodle's ID number, its login is a login or an address there.
ALIKE = (("sis_user_id", "id_number"), ("sis_login_id", "email"), ("sis_login_id", "learner"))
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
        return self.numbered(other) or self.called(other)

    def numbered(self, other):
        """The same by numbers, logins and addresses alone."""
        pairs = [(what, what) for what in IDENTITY]
        pairs += [pair for one, another in ALIKE for pair in ((one, another), (another, one))]
        for mine, theirs in pairs:
            if len(found := self.by(mine, getattr(other, theirs))) == 1:
                return found[0]
        return None

    def called(self, other):
        """The same by the name alone, if only one is called so, or one of them has this login before the @."""
        found = [one for one in self.named(other.full_name) if not _differ(one, other)]
        if len(found) > 1:
            found = [one for one in found if _logins(one) & _logins(other)]
        return found[0] if len(found) == 1 else None


def _logins(one):
    """What somebody may log in with: a login, or what stands in the address before the @."""
    return {text.partition("@")[0].casefold() for text in (one.learner, one.sis_login_id, one.email) if text}


def _differ(one, other):
    """Whether two lines of one name have different numbers or addresses: then they are namesakes."""
    return any(getattr(one, what) and getattr(other, what)
               and getattr(one, what).casefold() != getattr(other, what).casefold() for what in IDENTITY)


def place(course):
    return course.classroom / "roster.csv"


def of(course):
    """The class as classroom/roster.csv has it; nobody if there is no such file. UserError if it cannot be used.

    It may be edited by hand. Each line needs its name here: a name that is made up anew each time might be another one.
    """
    path = place(course)
    if not path.is_file():
        return Roster()
    table = tables.read(path)
    if table.column(*HEADINGS["learner"]) is None and table.header[0].casefold() != "id":
        raise UserError(f"{path} has no column learner; its columns are {', '.join(table.header[:8])}. Give the column "
                        "with the names of the folders in classroom/submitted that heading again.")
    learners = [one for row in table.rows if any(asdict(one := person(table, row)).values())]
    if nameless := [one for one in learners if not one.learner]:
        who = nameless[0].full_name or nameless[0].email or "somebody"
        raise UserError(f"{path}: {who!r} has no name in the column learner{_and_others(len(nameless) - 1)}. Write "
                        "one there; or take the line out, and the person in with chainrule class init --roster.")
    _no_twins(path, [one.learner for one in learners])
    return Roster(learners)


def _and_others(count):
    return f", and {count} more have none" if count else ""


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
    return Learner(**told | {"learner": spelt(told["learner"])})


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
        if why := no_name(name):
            raise UserError(f"{path}: {name!r} cannot be a learner's name here: {why}. Give the file a column learner "
                            "with such names.")
        if name.casefold() in seen:
            raise UserError(f"{path}: two learners would be called {name!r}. Give the file a column learner with "
                            "different names.")
        seen.add(name.casefold())


def _new_name(one, taken):
    """A name for somebody whose list has none: the login, the address up to its @, or what else there is."""
    local = one.email.partition("@")[0].casefold()
    words = unicodedata.normalize("NFKD", one.full_name).encode("ascii", "ignore").decode().casefold()
    words = words if re.search("[a-z]", words) else spelt(one.full_name).casefold()      # 李明 stays 李明
    wishes = (one.learner, one.sis_login_id, local, one.email, one.id_number, one.sis_user_id,
              re.sub(r"[\s!-/:-@\[-`{-~]+", ".", words).strip("."), one.canvas_id)
    fit = [name for name in map(spelt, wishes) if not no_name(name)]
    return next((name for name in fit if name.casefold() not in taken), fit[0] if fit else one.full_name)


def merged(before, told, path="the list"):
    """(Roster, sentences): the class with a new list taken in. Nobody is taken out, and nothing known is forgotten."""
    after, news, taken = dict(before.learners), [], {name.casefold() for name in before.learners}
    pairs = _pairs(before, told)
    for other, mine in zip(told, pairs, strict=True):
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


def _pairs(before, told):
    """For each line of a new list whom of the class it means, or None.

    Numbers and addresses first. A name decides only where the list has it once, and for nobody who is found already:
    else the second of two namesakes would become the first.
    """
    pairs = [before.numbered(other) for other in told]
    found = {mine.learner for mine in pairs if mine is not None}
    often = Counter(key(other.full_name) for other in told)
    for k, other in enumerate(told):
        if pairs[k] is None and often[key(other.full_name)] == 1:
            mine = before.called(other)
            pairs[k] = mine if mine is not None and mine.learner not in found else None
    return pairs
