"""The benchmark measures what it says and its gates can fail. Nothing here is timed."""
import importlib.util
from pathlib import Path

import numpy as np
import pytest

spec = importlib.util.spec_from_file_location("bench", Path(__file__).with_name("bench.py"))
bench = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bench)

SMALL = [bench.Case("a", (3, 5, 4), 6), bench.Case("b", (3, 5, 1), 6, "sigmoid", "tanh"),
         bench.Case("c", (3, 5, 5, 2), 6, "half", "tanh")]


@pytest.fixture(autouse=True)
def without_slow_peers(monkeypatch):
    monkeypatch.setattr(bench, "HAVE", {name: name == "autograd" and have for name, have in bench.HAVE.items()})


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.loss)
def test_candidates_start_alike_and_reach_the_same_parameters(case):
    assert {"chainrule", "HIPS autograd", "bare matrix products"} <= set(bench.candidates(case))
    run, parameters = bench.ours(case)
    before = parameters()
    run(3)
    again, same = bench.ours(case)
    again(1), again(2)
    assert np.array_equal(parameters(), same()) and np.all(parameters() != before)


def test_a_candidate_that_learns_something_else_is_not_timed(monkeypatch):
    def slow_learner(case):
        run, parameters = bench.ours(case)
        return (lambda steps: run(steps - 1)), parameters
    monkeypatch.setitem(bench.CANDIDATES, "HIPS autograd", (slow_learner, None))
    with pytest.raises(AssertionError, match="HIPS autograd reaches other parameters"):
        bench.candidates(SMALL[0])


def test_float32_stays_float32_in_the_measured_loop():
    run, parameters = bench.ours(bench.Case("", (3, 5, 4), 6, dtype="float32"))
    run(2)
    assert parameters().dtype == np.float32


def found(step=0.1, torch=True):
    over = {"chainrule": step if torch else None}
    return {
        "steps": [{"case": name, "over PyTorch eager": over, "over bare matrix products": {"chainrule": 1.2}}
                  for name in bench.STEP_GATES],
        "float32 over float64": [0.5, 0.55],
        "checker": {name: {"over torch slow": 0.0001 if torch else None} for name in bench.CHECK_GATES},
        "checker error": {"2-8-1": 1e-14, "784-30-10": 1e-13}, "import ms": 12.0,
    }


def test_gates_hold_fail_and_stay_open():
    assert all(gate["holds"] for gate in bench.judge(found()))
    failed = [gate["gate"] for gate in bench.judge(found(step=0.5)) if not gate["holds"]]
    assert failed == ["tiny 2-8-1, n 32, time over PyTorch eager", "small 2-64-2, n 256, time over PyTorch eager"]
    assert not any(gate["holds"] for gate in bench.judge(found(step=float("nan"))) if "eager" in gate["gate"])
    still_open = [gate for gate in bench.judge(found(torch=False)) if gate["holds"] is None]
    assert len(still_open) == 5 + 3


def test_the_gates_are_those_that_were_agreed():
    gates = {gate["gate"]: gate["at most"] for gate in bench.judge(found())}
    assert len(gates) == 16
    assert gates["MNIST 784-128-10, n 64, time over bare matrix products"] == 1.5
    assert gates["ten layers of 256, n 128, time over PyTorch eager"] == 0.95
    assert gates["gradient checker, 784-30-10 directions, time over torch gradcheck (slow)"] == 0.001


def test_ratios_are_medians_over_paired_rounds():
    times = {"a": [1.0, 2.0, 30.0], "b": [2.0, 2.0, 10.0]}
    assert bench.ratio(times, "a", "b") == 1.0 and bench.ratio(times, "a", "c") is None


def test_every_round_runs_every_candidate():
    calls = []
    runs = {name: (lambda steps, name=name: calls.append(name)) for name in "abc"}
    times = bench.side_by_side(runs, 4, np.random.default_rng(0), aim=0)
    assert [len(t) for t in times.values()] == [4] * 3
    rounds = [calls[-12:][k:k + 3] for k in (0, 3, 6, 9)]
    assert all(sorted(r) == ["a", "b", "c"] for r in rounds) and len({tuple(r) for r in rounds}) > 1


def test_one_thread_is_asked_for_before_numpy_is_imported():
    source = Path(bench.__file__).read_text(encoding="utf-8")
    assert source.index("_NUM_THREADS") < source.index("import numpy")
