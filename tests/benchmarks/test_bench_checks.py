"""The benchmark of checks measures every answer and its gates can fail. Nothing here is timed."""
import importlib.util
from pathlib import Path

import pytest

from chainrule.exercises._registry import exercises_of

spec = importlib.util.spec_from_file_location("bench_checks", Path(__file__).with_name("bench_checks.py"))
bench = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bench)


def row(task, slowest, watched=False):
    return {"task": task, "watched": watched,
            **{way: {"right": 0.5, "slowest wrong": slowest, "which": "a name"} for way in bench.GATES}}


def test_each_answer_of_a_task_is_measured_in_both_ways(monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_STATE", str(tmp_path))
    task, calls = exercises_of("delta")[0], []
    monkeypatch.setattr(bench, "judge", lambda exercise, answer: calls.append(answer) or "verdict")
    monkeypatch.setattr(bench, "Card", lambda verdict: verdict)
    measured = bench.measure(1, [task])[0]
    assert set(calls) == {task.answer, *(m.function for m in task.misconceptions)}
    assert measured["task"] == task.id and all(measured[way]["slowest wrong"] > 0 for way in bench.GATES)
    assert (tmp_path / "progress.json").is_file()              # "with display" is the whole check


@pytest.mark.parametrize("slowest, holds", [(9.0, [True, True]), (11.0, [False, True]), (51.0, [False, False])])
def test_the_slowest_task_decides(slowest, holds):
    gates = bench.judged([row("a.quick", 1.0), row("a.slow", slowest)])
    assert [gate["holds"] for gate in gates] == holds and all("a.slow" in gate["gate"] for gate in gates)
    page = bench.markdown({"date": "today", "load": 1.0, "rounds": 1, "gates": gates, "rows": [row("a.slow", slowest)]})
    assert page.count("**fails**") == holds.count(False) and "| a.slow | 0.50 |" in page


def test_tasks_that_are_watched_at_work_have_gates_of_their_own():
    gates = bench.judged([row("a.quick", 1.0), row("b.trains", 160.0, watched=True)])
    assert [gate["holds"] for gate in gates] == [True, True, False, True] and "b.trains" in gates[2]["gate"]
