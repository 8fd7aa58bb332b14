"""The ledger itself, and the two checks: for each way in which a proof can be hollow, a wrong one that is refused."""
import re

import numpy as np
import pytest

from chainrule.ledger import LedgerError, confirm, equation, load, refute

A = np.array([[1.0, 2.0], [3.0, 4.0]])
DECKS = {"ECE417": 84, "ECE884": 37, "AIML231": 44, "TAYLOR": 51, "LFD": 29}


def other(x=A):
    return x + 1e-15


def test_the_ledger_holds_all_statements_of_the_five_decks():
    assert len(load()) == 245
    for deck, count in DECKS.items():
        ids = [id for id in load() if id.startswith(deck)]
        assert ids == [f"{deck}-{k:02d}" for k in range(1, count + 1)]


def test_every_statement_is_complete():
    kinds = {"definition", "derivation", "update-rule", "algorithm", "worked-example", "claim"}
    for e in load().values():
        assert e.kind in kinds and e.latex and e.meaning and e.check and e.slide
        assert (e.erratum is None) == (e.erratum_group is None)
        assert e.after is None or e.after in load()
        assert e.latex.count("{") == e.latex.count("}")
    groups = [e.erratum_group for e in load().values() if e.erratum]
    assert (groups.count("A"), groups.count("B"), groups.count("C")) == (8, 21, 14)


def test_an_unknown_id_is_refused_with_a_neighbour():
    with pytest.raises(LedgerError, match=r"'LFD-99'.*LFD-"):
        equation("LFD-99")
    with pytest.raises(LedgerError, match="LFD-99"):
        confirm(["LFD-01", "LFD-99"], A, other())


def test_agreement_is_printed_as_a_bound_and_not_as_a_raw_error(capsys):
    confirm("LFD-17", A, other(), unlike={"without θ′": 2 * A})
    assert capsys.readouterr().out == "LFD-17 ✓ agrees to 1e-12; the check would catch: without θ′\n"


@pytest.mark.parametrize("left, right, word", [
    (A, A + 1e-9, "differ by"), (A, A[:1].copy(), "shapes differ"), (A, A.ravel().copy(), "shapes differ"),
    (A, np.full_like(A, np.nan), "NaN"), (np.full_like(A, np.inf), A, "infinity"), (A, A, "same array"),
    (A, A[:], "same array"), (A.T, A, "same array"), ("1", 1.0, "not an array of numbers"), (None, 1.0, "not an array"),
    ([], [], "empty"), (A, None, "not an array"),
])
def test_a_hollow_or_false_confirmation_is_refused(left, right, word, capsys):
    with pytest.raises(LedgerError, match=word):
        confirm("LFD-17", left, right)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("wrong, word", [
    (A + 1e-15, "would pass"), (A + 5e-12, "would pass"), (A[:1], "would prove nothing"), (np.nan * A, "NaN"),
])
def test_an_unlike_value_that_proves_nothing_is_refused(wrong, word):
    with pytest.raises(LedgerError, match=word):
        confirm("LFD-17", A, other(), unlike={"slip": wrong})


def test_more_than_three_statements_in_one_comparison_are_refused():
    with pytest.raises(LedgerError, match="one to three statements, not for 4"):
        confirm(["LFD-01", "LFD-02", "LFD-03", "LFD-04"], A, other())
    with pytest.raises(LedgerError, match="not for 0"):
        confirm([], A, other())


def test_small_whole_numbers_may_be_equal_objects():
    confirm("LFD-06", len([1, 2]), 2)


def test_a_small_tensor_is_judged_by_its_own_size():
    with pytest.raises(LedgerError, match="differ by"):
        confirm("LFD-17", 1e-20 * A, 1e-20 * (A + 0.1))


def test_a_printed_slip_is_refuted_and_its_correction_holds(capsys):
    refute("ECE417-36", A * 1.5, A, other())
    assert re.fullmatch(r"ECE417-36 ✗ as printed: off by 33% of the largest entry; ✓ corrected: agrees to 1e-12\n",
                        capsys.readouterr().out)


@pytest.mark.parametrize("id, printed, corrected, truth, word", [
    ("LFD-17", A * 2, A, other(), "no erratum"), ("ECE417-36", other(), A, other(), "would pass"),
    ("ECE417-36", A * 2, A + 1e-6, A, "correction misses"), ("ECE417-36", A * 2, A, A, "same array"),
    ("ECE417-36", A[:1], A, other(), "prove nothing"), ("ECE417-36", A * np.nan, A, other(), "NaN"),
    ("ECE417-99", A, A, A, "no statement"),
])
def test_a_hollow_or_false_refutation_is_refused(id, printed, corrected, truth, word):
    with pytest.raises(LedgerError, match=word):
        refute(id, printed, corrected, truth)
