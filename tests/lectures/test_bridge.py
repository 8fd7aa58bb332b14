"""The bridge lecture runs without the library it is about, and says so."""
import ast
import contextlib
import io
import sys

import matplotlib

from tests.lectures.faults import trees_of

matplotlib.use("Agg")
BRIDGE = "13-bridge-to-autodiff"


def printed(monkeypatch, there):
    if not there:
        monkeypatch.setitem(sys.modules, "autograd", None)         # importing it now fails
        monkeypatch.setitem(sys.modules, "autograd.numpy", None)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        space = {"__name__": "lecture"}
        for cell, tree in trees_of(BRIDGE):
            exec(compile(tree, f"<cell {cell}>", "exec"), space)
    return out.getvalue()


def test_without_the_library_the_lecture_runs_to_its_end_and_says_what_is_missing(monkeypatch):
    text = printed(monkeypatch, there=False)
    assert text.count("autograd is not installed") == 3 and "pip install autograd" in text
    assert "Claim 1 " not in text and all(f"Claim {k} ✓" in text for k in range(2, 8))


def test_with_the_library_every_claim_is_measured(monkeypatch):
    text = printed(monkeypatch, there=True)
    assert "not installed" not in text and all(f"Claim {k} ✓" in text for k in range(1, 8))
    assert "its gradient:  nan" in text


def test_a_wrong_rule_in_the_small_library_stops_the_lecture():
    trees = [(cell, ast.unparse(tree).replace("s * (1 - H ** 2)", "s * (1 - H)")) for cell, tree in trees_of(BRIDGE)]
    assert any("s * (1 - H))" in source for _, source in trees)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            space = {"__name__": "lecture"}
            for _, source in trees:
                exec(source, space)
    except AssertionError as no:
        assert "Claim 2 does not hold" in str(no)
    else:
        raise AssertionError("nobody noticed")
