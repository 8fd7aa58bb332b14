"""The rules of a class, in one file, classroom/class.toml: when work is due, what late work loses, who has more time.

`chainrule class init` writes it; it may be edited by hand. The dates reach nbgrader's gradebook, the policy works
through nbgrader's own plugin for late work (`stock.LatePolicy`), so `nbgrader autograde` goes by the same rules.
"""
import math
import re
import tomllib
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta, timezone

from chainrule_grading.course import UserError

DAY = 86_400
AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)")
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


def of(course):
    """The rules of this class, none if there is no file; UserError if it cannot be used."""
    old = course.classroom / "extensions.toml"
    if old.is_file():
        raise UserError(f"{old} is not read any more: write its tables into {place(course)} as [extensions.delta] and "
                        "so on, then delete it.")
    try:
        text = place(course).read_text(encoding="utf-8")
    except FileNotFoundError:
        return Rules()
    try:
        return _rules(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, AttributeError, TypeError, ValueError, OverflowError) as wrong:
        raise UserError(f"{place(course)} cannot be used ({wrong}); it should look like this: "
                        f"{EXAMPLE.replace(chr(10), ' ⏎ ')}") from None


def _rules(told):
    if strange := set(told) - {"due", "late", "extensions"}:
        raise ValueError(f"{min(strange)!r} is not one of due, late, extensions")
    for assignment, due in told.get("due", {}).items():
        if not isinstance(due, datetime) or due.tzinfo is None:
            raise ValueError(f"the due date of {assignment} needs a time and a time zone")
    extensions = {assignment: {learner: timedelta(days=float(days)) for learner, days in learners.items()}
                  for assignment, learners in told.get("extensions", {}).items()}
    return Rules(dict(told.get("due", {})), _late(told["late"]) if "late" in told else None, extensions)


def _late(told):
    if strange := set(told) - {f.name for f in fields(Late)}:
        raise ValueError(f"{min(strange)!r} is not one of per_day, grace_minutes, at_most")
    return late(told.get("per_day", "0"), told.get("grace_minutes", 0), told.get("at_most", "100%"))


def late(per_day, grace_minutes=0, at_most="100%"):
    """A policy from what was typed; ValueError says what is wrong with it."""
    amounts = [str(amount).strip().replace(" ", "") for amount in (per_day, at_most)]
    for amount in amounts:
        number = AMOUNT.fullmatch(amount)
        if number is None or (number[2] and float(number[1]) > 100):
            raise ValueError(f"{amount!r} is neither points (2) nor a share (10%)")
    minutes = float(grace_minutes)
    if not 0 <= minutes < math.inf:
        raise ValueError(f"a grace of {grace_minutes!r} minutes")
    return Late(amounts[0], minutes, amounts[1])


def as_text(rules):
    """class.toml, to be read and edited."""
    lines = ["# The rules of this class. Edit them here or with chainrule class init; grading goes by them.",
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
