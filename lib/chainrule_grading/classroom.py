"""`chainrule class init`: the course secret, who is in the class, when work is due and what late work loses.

It can be run again at any time, with a newer list or other dates: it says what changed, and keeps a copy of each file
that it changes.
"""
from dataclasses import replace
from pathlib import Path

from chainrule_grading import roster, rules, secret
from chainrule_grading.authoring import keep_copy
from chainrule_grading.course import UserError, nbgrader_config, write_atomically
from chainrule_grading.grading import own_gradebook
from chainrule_grading.learner import shown
from chainrule_grading.recorder import back_up, make_gradebook, quiet

SHOWN = 40                                        # lines about single learners


def init(course, list_of=None, due=(), late=None, grace=None, at_most=None, zone=None):
    """Set up the class, or change it; exit code 0. Nothing is written before all that was typed is understood."""
    own_gradebook(course)
    people = roster.of(course)
    people, news = roster.merged(people, roster.read(Path(list_of)), list_of) if list_of else (people, [])
    before = rules.of(course, people)             # extensions may be of those who are new
    after = _new_rules(course, before, due, late, grace, at_most, zone)
    _secret(course)
    _people(course, people, news, list_of)
    _rules(course, before, after)
    _gradebook(course, people, before, after)
    return 0


def _new_rules(course, before, due, late, grace, at_most, zone):
    dates = dict(before.due)
    for typed in due:
        assignment, when = rules.due(typed, zone)
        course.release(assignment)                # or one sentence: there is no such assignment
        dates.pop(assignment, None)
        if when is not None:
            dates[assignment] = when
    policy = before.late
    if late == "none":
        policy = None
    elif late is not None or grace is not None or at_most is not None:
        mine = before.late or rules.Late()
        if late is None and before.late is None:
            raise UserError("--grace and --late-at-most say more about --late; add for instance --late 10%.")
        try:
            policy = rules.late(late or mine.per_day, mine.grace_minutes if grace is None else grace,
                                at_most or mine.at_most)
        except ValueError as wrong:
            raise UserError(f"The rule for late work is not understood: {wrong}. Write for instance --late 10% "
                            "--grace 30 --late-at-most 50%, or --late 2 for points.") from None
    return replace(before, due=dates, late=policy)


def _secret(course):
    new = not secret.place(course).exists()
    fingerprint = secret.fingerprint(secret.of(course))
    print(f"{'Made' if new else 'There is already'} a course secret, {fingerprint}: "
          f"{shown(course, secret.place(course))}")
    if new:
        print(f"A copy lies in {shown(course, secret.backup(course))}; keep another one elsewhere. Learners must never "
              "get it.")


def _people(course, people, news, list_of):
    for sentence in news[:SHOWN]:
        print(f"  {sentence}")
    if len(news) > SHOWN:
        print(f"  … and {len(news) - SHOWN} more")
    if news:
        _write(course, roster.place(course), roster.as_text(people))
    elif list_of:
        print(f"Everybody in {list_of} is in the class already, as the list has it.")
    if len(people):
        print(f"{len(people)} {'learner is' if len(people) == 1 else 'learners are'} in the class: "
              f"{shown(course, roster.place(course))}")
    else:
        print("Nobody is in the class yet: --roster LIST.csv takes a list in. It can wait; grading needs none.")


def _rules(course, before, after):
    if after != before or not rules.place(course).is_file():
        _write(course, rules.place(course), rules.as_text(after))
    for assignment, when in sorted(after.due.items()):
        new = before.due.get(assignment) != when
        print(f"  {assignment} is {'now ' * new}due {when:%Y-%m-%d %H:%M} UTC{_offset(when)}")
    for assignment in sorted(set(before.due) - set(after.due)):
        print(f"  {assignment} is no longer due at any time")
    if after.late is not None or before.late is not None:
        print(f"  {'now ' * (after.late != before.late)}{after.late or 'late work goes by nbgrader_config.py'}")
    more = rules.in_words(after)
    for sentence in more[:SHOWN]:
        print(f"  {sentence}")
    if len(more) > SHOWN:
        print(f"  … and {len(more) - SHOWN} more extensions")
    print(f"Rules of the class: {shown(course, rules.place(course))}")


def _offset(when):
    offset = f"{when:%z}"
    return "" if offset == "+0000" else f"{offset[:3]}:{offset[3:]}"


def _write(course, path, text):
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        print(f"The {path.name} that was there is kept in {shown(course, keep_copy(course, path))}.")
    write_atomically(path, text)


def _gradebook(course, people, before, after):
    """Tell nbgrader: names and addresses of learners, and dates. A copy of the gradebook is made before a change."""
    from nbgrader.api import Gradebook, MissingEntry

    with quiet():
        url = nbgrader_config(course).CourseDirectory.db_url
        course.classroom.mkdir(parents=True, exist_ok=True)
        make_gradebook(course.classroom / "gradebook.db")
        with Gradebook(url) as book:
            known = {s.id: (s.first_name, s.last_name, s.email, s.lms_user_id) for s in book.students}
            wanted = {one.learner: (one.first_name or None, one.last_name or None, one.email or None,
                                    one.canvas_id or None) for one in people}
            new = [name for name, about in wanted.items() if known.get(name) != about]
            dates = {assignment: rules.utc(when) for assignment, when in after.due.items()}
            dates |= dict.fromkeys(set(before.due) - set(after.due))
            other = {}
            for assignment, when in dates.items():
                try:
                    if book.find_assignment(assignment).duedate != when:
                        other[assignment] = when
                except MissingEntry:
                    other[assignment] = when
            if new or other:
                back_up(course)
            for name in new:
                book.update_or_create_student(name, **dict(zip(
                    ("first_name", "last_name", "email", "lms_user_id"), wanted[name], strict=True)))
            for assignment, when in other.items():
                book.update_or_create_assignment(assignment, duedate=when)
            strangers = sorted(set(known) - set(wanted)) if len(people) else []
    print(f"Gradebook: {len(new)} of {len(wanted)} learners and {len(other)} due dates were new or changed.")
    if strangers:
        print(f"In the gradebook but not on the list: {', '.join(strangers[:8])}"
              f"{' …' * (len(strangers) > 8)}. They keep their marks; course/teach/privacy.md says how to delete one.")
