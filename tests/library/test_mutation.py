"""The faults that are planted are the ones meant, and the tests notice them."""
import ast
import subprocess
import sys
from pathlib import Path

import mutation
import pytest

RUNNER = Path(mutation.__file__)


@pytest.mark.parametrize("source, faults", [
    ("a + b", {"a - b"}), ("a - b", {"a + b", "b - a"}), ("a @ b.T", {"a @ b"}), ("a ** 2", {"a * 2", "a ** 3"}),
    ("a < b", {"a <= b", "a > b"}), ("a is None", {"a is not None"}), ("not a", {"a"}), ("-a", {"a"}),
    ("a and b", {"a or b"}), ("x.sum(axis=1)", {"x.sum(axis=0)"}), ("f(keepdims=True)", {"f(keepdims=False)"}),
    ("a if b else c", {"a if not b else c"}), ("np.maximum(x, y)", {"np.minimum(x, y)"}), ("0.5", {"5.0"}),
    ("f'{a + b}'", set()),
])
def test_a_fault_of_each_kind_is_planted(source, faults, tmp_path, monkeypatch):
    monkeypatch.setattr(mutation, "LIBRARY", tmp_path)
    (tmp_path / "sample.py").write_text(f"r = {source}\n")
    assert {m[4] for m in mutation.mutants("sample")} == {f"r = {fault}" for fault in faults}


def test_statements_and_returned_signs_are_dropped_too(tmp_path, monkeypatch):
    monkeypatch.setattr(mutation, "LIBRARY", tmp_path)
    (tmp_path / "sample.py").write_text('def f(a):\n    """Words stay."""\n    a += 2\n    g(a)\n    return a * b\n')
    changes = {m[3] for m in mutation.mutants("sample")}
    assert changes == {"a += 2 → a -= 2", "a += 2 → pass", "2 → 3", "g(a) → pass", "a * b → a / b",
                       "return a * b → return -(a * b)"}


@pytest.fixture(scope="module")
def planted():
    return {module: mutation.mutants(module) for module in mutation.MODULES}


def test_each_mutant_of_the_library_differs_from_it_in_one_place(planted):
    for module, those in planted.items():
        original = ast.unparse(ast.parse((mutation.LIBRARY / f"{module}.py").read_text(encoding="utf-8"))).splitlines()
        assert len(those) > 40
        for *_, source in those[::10]:
            lines = source.splitlines()
            assert lines != original
            assert abs(len(lines) - len(original)) <= 1
            if len(lines) == len(original):
                assert sum(a != b for a, b in zip(lines, original, strict=True)) == 1


def test_every_reason_belongs_to_a_mutant_that_exists(planted):
    assert set(mutation.SURVIVORS) <= {(m[0], m[1], m[3]) for those in planted.values() for m in those}


def run(*options):
    return subprocess.run([sys.executable, RUNNER, *options], capture_output=True, text=True)


def test_a_small_fixed_share_of_the_mutants_is_killed():
    done = run("--module", "activations", "--share", "3/16")
    assert done.returncode == 0 and "3 mutants, 3 killed" in done.stdout, done.stdout + done.stderr


@pytest.mark.proof
def test_at_least_95_percent_of_all_mutants_are_killed_and_every_survivor_has_a_reason():
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no reason known" not in done.stdout, done.stdout
