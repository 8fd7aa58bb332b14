"""The confusion table counts what happened: a check that errs would show in it."""
import confusion
import pytest
from registered import EXERCISES

from chainrule.exercises._registry import Exercise

HIDDEN = next(e for e in EXERCISES if e.id == "delta.hidden")


def changed(**about):
    """A copy of a task with something broken in it, under the same id."""
    copy = Exercise(**{**{name: getattr(HIDDEN, name) for name in HIDDEN.__dataclass_fields__}, **about})
    return copy


def test_a_sound_task_has_no_faults():
    table = confusion.counted(HIDDEN, 1)
    assert confusion.faults(table) == 0
    assert table["misconceptions"] == {"named": 2 * len(HIDDEN.misconceptions)}
    assert sum(table["right answers"].values()) == table["right answers"]["full"] >= 9
    assert table["two at once"]["wrong name"] == 0 < table["two at once"]["measured"]


def test_right_answers_that_fail_are_counted():
    wrong_reference = changed(answer=HIDDEN.misconceptions[0].function, misconceptions=[])
    table = confusion.counted(wrong_reference, 1)
    assert confusion.faults(table) >= 9           # each right style, at three scales


def test_a_misconception_that_passes_is_counted():
    mistake = HIDDEN.misconceptions[0]
    harmless = type(mistake)(mistake.name, HIDDEN.answer, mistake.hint, mistake.closer)
    table = confusion.counted(changed(misconceptions=[harmless]), 1)
    assert table["misconceptions"]["full"] == 2 and confusion.faults(table) >= 2


def test_a_wrong_name_is_counted(monkeypatch):
    first, second = HIDDEN.misconceptions[:2]
    monkeypatch.setattr(confusion, "judge", lambda *x: type("Verdict", (), {"kind": "wrong", "cause": second})())
    assert confusion.said(HIDDEN, first.function, 0, first) == "wrong name"


@pytest.mark.parametrize("outcome", ["full", "wrong name", "measured"])
def test_what_must_not_happen_to_a_misconception_is_a_fault(outcome):
    table = {kind: confusion.Counter() for kind in confusion.KINDS}
    table["misconceptions"][outcome] = 1
    assert confusion.faults(table) == 1
