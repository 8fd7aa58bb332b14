"""The rules of a class, in one file, classroom/class.toml: when work is due, what late work loses, who has more time.

`chainrule class init` writes it; it may be edited by hand. The dates reach nbgrader's gradebook, the policy works
through nbgrader's own plugin for late work (`stock.LatePolicy`), so `nbgrader autograde` goes by the same rules.
"""
import difflib
import math
import re
import time
import tomllib
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta, timezone

from chainrule_grading import roster
from chainrule_grading.course import UserError

DAY = 86_400
AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)")
LONGEST_EXTENSION = 3_650                         # days
# What nbgrader writes, and ISO 8601. Other forms mean one day here and another there: 02.12.2026 was read as February.
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(UTC|GMT|Z|[+-]\d\d:?\d\d|[A-Za-z_/]*)",
                  re.ASCII)
EXAMPLE = """[due]
delta = 2026-12-01T23:59:00+01:00
[late]
per_day = "10%"
[extensions.delta]
ada = 2"""


@dataclass(frozen=True)
class Late:
    """What late work loses for each day that has begun: points ("2") or a share of the points earned ("10%")."""
    per_day: str = "0"
    grace_minutes: float = 0                      # so late and nothing is lost; after that all days count
    at_most: str = "100%"

    def loses(self, earned, seconds):
        """Points that work with so many points loses when it is so many seconds late."""
        if seconds <= self.grace_minutes * 60:
            return 0.0
        lost = math.ceil(seconds / DAY) * _of(self.per_day, earned)
        return round(min(lost, _of(self.at_most, earned), earned), 2)

    def __str__(self):
        if not _of(self.per_day, 100):
            return "late work loses nothing"
        if not _of(self.at_most, 100):
            return f"late work loses nothing, as at_most is {self.at_most}"
        what = f"{self.per_day} of the points earned" if "%" in self.per_day else f"{self.per_day} points"
        grace = f", none within {self.grace_minutes:g} minutes" if self.grace_minutes else ""
        most = f", at most {self.at_most}" if self.at_most != "100%" else ""
        return f"late work loses {what} for each day begun{grace}{most}"


def _of(amount, earned):
    """A share of what was earned, or points."""
    number, share = AMOUNT.fullmatch(amount).groups()
    return float(number) * earned / 100 if share else float(number)


@dataclass(frozen=True)
class Rules:
    """All that class.toml says. An assignment that is not named keeps what was set through nbgrader."""
    due: dict = field(default_factory=dict)               # assignment → datetime with its time zone
    late: Late | None = None
    extensions: dict = field(default_factory=dict)        # assignment → {learner: timedelta}

    def mattering(self, assignment):
        """One text for all that a late mark of this assignment depends on, beside the learner's own extension."""
        due = self.due.get(assignment)
        return "" if due is None and self.late is None else f"{due and utc(due)} {self.late!r}"


def place(course):
    return course.classroom / "class.toml"


def of(course, people=None):
    """The rules of this class, none if there is no file; UserError if it cannot be used.

    `people` is the roster, if at hand: extensions must be of learners who are on it.
    """
    old, path = course.classroom / "extensions.toml", place(course)
    if old.is_file():
        raise UserError(f"{old} is not read any more: write its tables into {path} as [extensions.delta] and "
                        "so on, then delete it.")
    try:
        found = _rules(tomllib.loads(path.read_bytes().decode("utf-8-sig")))
    except FileNotFoundError:
        return Rules()
    except OSError as failed:
        raise UserError(f"{path} cannot be read ({failed.strerror}); give yourself the right to, or move it away and "
                        "run chainrule class init.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not text in UTF-8; save it so.") from None
    except (tomllib.TOMLDecodeError, ValueError) as wrong:
        raise UserError(f"{path} cannot be used ({wrong}); it should look like this: "
                        f"{EXAMPLE.replace(chr(10), ' ⏎ ')}") from None
    _all_known(course, found, people)
    return found


def _all_known(course, rules, people):
    """UserError if a rule is about an assignment or a learner that there is not: it would hold for nobody."""
    path, assignments = place(course), course.assignments()
    for what, names in (("due", rules.due), ("extensions", rules.extensions)):
        for name in names:
            if assignments and name not in assignments:
                raise UserError(f"{path}: there is no assignment {name!r}, of which [{what}] speaks; the course has "
                                f"{', '.join(assignments)}{_perhaps(name, assignments)}.")
    if rules.extensions:
        known = (roster.of(course) if people is None else people).learners
        for assignment, learners in rules.extensions.items():
            for name in learners:
                if known and name not in known:
                    raise UserError(f"{path}: [extensions.{assignment}] names {name!r}, and no learner in "
                                    f"classroom/roster.csv is called so{_perhaps(name, known)}. Correct the name, or "
                                    "take the line out.")


def _perhaps(name, names):
    """"; did you mean 'delta'?" without its question mark, or nothing if no name is near."""
    alike = {one.casefold(): one for one in names}
    near = difflib.get_close_matches(name.casefold(), alike, n=1)
    return f"; perhaps {alike[near[0]]!r} is meant" if near else ""


def _rules(told):
    """Rules from what TOML holds; ValueError says in words what is wrong."""
    if strange := set(told) - {"due", "late", "extensions"}:
        raise ValueError(f"{min(strange)!r} is not one of due, late, extensions")
    due = _table(told.get("due", {}), "due", "delta = 2026-12-01T23:59:00+01:00")
    for assignment, when in due.items():
        if not isinstance(when, datetime) or when.tzinfo is None:
            raise ValueError(f"the due date of {assignment} needs a time and a time zone")
    extensions = {}
    for assignment, learners in _table(told.get("extensions", {}), "extensions.delta", "ada = 2").items():
        lines = _table(learners, f"extensions.{assignment}", "ada = 2")
        extensions[assignment] = {learner: _days(assignment, learner, days) for learner, days in lines.items()}
    late_work = _late(_table(told["late"], "late", 'per_day = "10%"')) if "late" in told else None
    return Rules(dict(due), late_work, extensions)


def _table(told, name, example):
    if not isinstance(told, dict):
        raise ValueError(f"[{name}] must be a table of its own, with lines such as {example}")
    return told


def _days(assignment, learner, days):
    """An extension as a timedelta."""
    if isinstance(days, dict):                    # TOML takes li.wei = 2 for a table li
        raise ValueError(f'a name with a dot in it needs quotes: "{learner}.{next(iter(days), "")}" = 2')
    try:
        number = math.nan if isinstance(days, bool) else float(days)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= LONGEST_EXTENSION:
        said = str(days).lower() if isinstance(days, bool) else repr(days)
        raise ValueError(f"[extensions.{assignment}] gives {learner} {said}; an extension is a number of days from 0 "
                         f"to {LONGEST_EXTENSION}, such as 2 or 0.5")
    return timedelta(days=number)


def _late(told):
    if strange := set(told) - {f.name for f in fields(Late)}:
        raise ValueError(f"{min(strange)!r} is not one of per_day, grace_minutes, at_most")
    return late(told.get("per_day", "0"), told.get("grace_minutes", 0), told.get("at_most", "100%"))


def late(per_day, grace_minutes=0, at_most="100%"):
    """A policy from what was typed; ValueError says what is wrong with it."""
    amounts = [str(amount).strip().replace(" ", "") for amount in (per_day, at_most)]
    amounts[1] = "100%" if amounts[1].casefold() == "none" else amounts[1]
    for what, amount in zip(("what a day costs", "the most that late work loses"), amounts, strict=True):
        number = AMOUNT.fullmatch(amount)
        if AMOUNT.fullmatch(amount.removeprefix("-")) and number is None:
            raise ValueError(f"{what} is {amount}, less than nothing; leave the minus away")
        if number is None:
            raise ValueError(f"{what} is {amount!r}, neither points (2) nor a share (10%)")
        if number[2] and float(number[1]) > 100:
            raise ValueError(f"{what} is {amount}, more than all points earned; write 100% or less")
    try:
        minutes = math.nan if isinstance(grace_minutes, bool) else float(grace_minutes)
    except (TypeError, ValueError):
        minutes = math.nan
    if not 0 <= minutes < math.inf:
        raise ValueError(f"the grace is {grace_minutes!r}; it is a number of minutes, such as 30")
    return Late(amounts[0], minutes, amounts[1])


def as_text(rules):
    """class.toml, to be read and edited."""
    lines = ["# The rules of this class. Edit them here or with chainrule class init; grading goes by them.",
             "# class init and class forget write this file anew: comments of your own are not kept.",
             "# Times with their zone. per_day and at_most are points (2) or a share of the points earned (10%)."]
    if rules.due:
        lines += ["", "[due]", *(f"{name} = {when.isoformat()}" for name, when in sorted(rules.due.items()))]
    if rules.late:
        lines += ["", "[late]", f'per_day = "{rules.late.per_day}"', f"grace_minutes = {rules.late.grace_minutes:g}",
                  f'at_most = "{rules.late.at_most}"']
    for assignment, learners in sorted(rules.extensions.items()):
        lines += ["", f"[extensions.{assignment}]    # days more that a learner has"]
        lines += [f'"{learner}" = {more / timedelta(days=1):g}' for learner, more in sorted(learners.items())]
    return "\n".join(lines) + "\n"


def in_words(rules):
    """The extensions that hold, a sentence for each."""
    return [f"{learner} has {more / timedelta(days=1):g} {'day' if more == timedelta(days=1) else 'days'} more for "
            f"{assignment}" for assignment, learners in sorted(rules.extensions.items())
            for learner, more in sorted(learners.items())]


def time_of(path):
    """When a timestamp.txt says that work was handed in, in UTC; UserError if it does not say it beyond doubt."""
    try:
        raw = path.read_bytes()
    except OSError as failed:
        raise UserError(f"{path} cannot be read ({failed.strerror}); give yourself the right to, or write it "
                        "anew.") from None
    try:
        return time_in(raw)
    except ValueError as wrong:
        raise UserError(f"{path} {wrong}; write for instance 2026-12-10 10:00:00 UTC, or with another zone "
                        "2026-12-10T11:00:00+01:00.") from None


def time_in(raw):
    """The same of its bytes; ValueError says in words what is wrong. Without a zone it is UTC, as for nbgrader."""
    text = raw[:200].decode("utf-8-sig", errors="replace").strip()
    if not text:
        raise ValueError("is empty")
    unclear = ValueError(f"says {text[:60]!r}, which cannot be read as a time beyond doubt")
    found = TIME.fullmatch(text)
    if found is None:
        raise unclear
    day, clock, zone = found.groups()
    try:
        if zone in ("", "UTC", "GMT", "Z") or zone[0] in "+-":
            offset = zone if zone[:1] in ("+", "-") else "+00:00"
            return datetime.fromisoformat(f"{day}T{clock}{offset}").astimezone(UTC)
        when = datetime.fromisoformat(f"{day}T{clock}")
        if zone in time.tzname[:1 + bool(time.daylight)]:        # CEST is no zone, but what this machine calls its own
            seconds = time.altzone if time.daylight and zone == time.tzname[1] else time.timezone
            return when.replace(tzinfo=timezone(timedelta(seconds=-seconds))).astimezone(UTC)
        return when.replace(tzinfo=_zone(zone)).astimezone(UTC)
    except (ValueError, OverflowError, UserError):
        raise unclear from None


def utc(when):
    """A time with a zone as nbgrader's gradebook holds it: UTC, without one."""
    return when.astimezone(UTC).replace(tzinfo=None)


def due(typed, zone=None):
    """("delta", datetime with a zone, or None) from "delta=2026-12-01T18:00" or "delta=none"; UserError otherwise.

    A date without a time means the last minute of that day; a time without a zone is of `zone`, or of this machine.
    """
    assignment, _, text = typed.partition("=")
    if text == "none":
        return assignment, None
    try:
        when = datetime.fromisoformat(text)
        if re.fullmatch(r"[\dW-]+", text):
            when = when.replace(hour=23, minute=59)
    except ValueError:
        raise UserError(f"{typed!r} is no due date; write for instance --due delta=2026-12-01 (the end of that day), "
                        "--due delta=2026-12-01T18:00 or --due delta=none.") from None
    return assignment, when if when.tzinfo else in_zone(when, zone)


def in_zone(when, zone=None):
    """A time of the clock in a zone (default: this machine's), with the difference to UTC that holds on that day."""
    when = when.replace(tzinfo=_zone(zone)) if zone else when.astimezone()
    return when.replace(tzinfo=timezone(when.utcoffset()))


def _zone(name):
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError(f"{name!r} is no time zone that this machine knows; write for instance Europe/Berlin, or give "
                        "the time with its zone: 2026-12-01T18:00+01:00.") from None
