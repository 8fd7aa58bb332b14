"""The benchmark of grading has a fixed class, mixed as it says, and gates that can fail. Nothing here is timed."""
import importlib.util
import sys
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("bench_grading", Path(__file__).with_name("bench_grading.py"))
bench = importlib.util.module_from_spec(spec)
sys.modules["bench_grading"] = bench              # dataclasses look for it
spec.loader.exec_module(bench)

FOUND = {"class": {"size": 200, "hash": "abc", "assignments": ("a", "b")}, "ours": {"wall": 14.0, "cpu": 24.0},
         "nbgrader": {"wall": 210.0, "cpu": 250.0}, "bare": 18.0, "large": {"wall": 130.0, "driver": 150.0},
         "memory": {1: 200.0, 3: 300.0}, "dask cluster": 10.5, "pool": 10.0, "same marks": 2000, "date": "today",
         "load": 0.1}


def test_the_class_is_the_one_whose_hash_is_written_down(course):
    members = bench.the_class(course)
    assert bench.fingerprint(members) == bench.HASH and len(members) == bench.SIZE
    _, first = members[0]
    cells = dict(first.cells)
    cells[next(iter(cells))] += " "
    members[0] = (members[0][0], bench.Learner(first.name, "", 0, cells, first.file))
    assert bench.fingerprint(members) != bench.HASH


def test_the_class_is_mixed(course):
    """All of an assignment right, some slips, some left undone: each for a good part of the class."""
    kinds = {"right": 0, "slips": 0, "unfinished": 0}
    for assignment, learner in bench.the_class(course):
        solution = bench.answers_of(course, assignment)
        own = {name: text for name, text in learner.cells.items() if name in solution}
        slips = any(text != solution[name] for name, text in own.items())
        kinds["slips"] += slips
        kinds["unfinished"] += len(own) < len(solution)
        kinds["right"] += not slips and len(own) == len(solution)
    assert kinds["right"] >= 10 and kinds["slips"] >= 100 and 60 <= kinds["unfinished"] <= 150, kinds


@pytest.mark.parametrize("change, fails", [
    ({}, []), ({"nbgrader": {"wall": 190.0, "cpu": 250.0}}, [0]), ({"bare": 15.0}, [1]),
    ({"ours": {"wall": 14.0, "cpu": 31.0}}, [1, 2]), ({"large": {"wall": 155.0, "driver": 150.0}}, [3]),
    ({"large": {"wall": 130.0, "driver": 251.0}}, [4]), ({"memory": {1: 200.0, 3: 330.0}}, [5]), ({"pool": 9.0}, [6])])
def test_each_gate_can_fail(change, fails):
    gates = bench.judged(FOUND | change)
    assert [k for k, gate in enumerate(gates) if not gate["holds"]] == fails
    page = bench.markdown(FOUND | change | {"gates": gates})
    assert page.count("**fails**") == len(fails) and "| nbgrader autograde, then generate_feedback |" in page


def test_a_slip_is_one_line_below_the_documentation(course):
    import random
    for code in bench.answers_of(course, "delta").values():
        other = bench.slipped(code, random.Random(3))
        pairs = list(zip(code.splitlines(), other.splitlines(), strict=True))
        assert sum(a != b for a, b in pairs) == 1 and pairs[0][0] == pairs[0][1]


def test_memory_and_time_of_descendants_are_seen():
    import os
    import subprocess
    source = "import time; held = bytearray(50_000_000); print(); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE)
    child.stdout.readline()
    assert child.pid in bench.family(os.getpid()) and bench.pss(child.pid) > 45
    child.kill()
    child.wait()
    child.stdout.close()
    assert bench.pss(child.pid) == 0
