"""The checks bite: for every derivation, update rule, algorithm and worked example a planted fault is caught."""
import ast
import tomllib

import pytest

from chainrule.ledger import load
from tests.conftest import ROOT
from tests.lectures.faults import (
    LIBRARY,
    caught,
    code_fault,
    library_faults,
    made_by,
    nearest,
    planted,
    run,
    sites,
    told,
    trees_of,
)
from tests.lectures.reading import lectures, proofs, refusals
from tests.lectures.test_proofs import MUST_CATCH

LECTURES = list(lectures())
TO_CATCH = [(name, proof) for name in LECTURES for proof in proofs(name)
            if any(load()[id].kind in MUST_CATCH for id in proof.ids)]
SHARE = TO_CATCH[::12]                            # what `make test` runs; `make proof` runs all
RECORD = tomllib.loads((ROOT / "course" / "faults.toml").read_text(encoding="utf-8"))      # what was caught last time


def label(value):
    return value if isinstance(value, str) else "+".join(value.ids)


@pytest.mark.parametrize("name", LECTURES)
def test_a_lecture_without_a_fault_says_no_to_nothing(name):
    assert run(trees_of(name)) <= refusals(name)


@pytest.mark.parametrize("name, proof", SHARE, ids=label)
def test_a_fault_in_what_is_confirmed_is_caught(name, proof):
    assert code_fault(name, proof) or any(set(proof.ids) & ids for ids in library_faults(name).values())


@pytest.mark.proof
def test_every_statement_that_is_derived_catches_a_planted_fault(capsys):
    """The kill rate over all of them; survivors are named."""
    survivors, by_library, found = [], {name: library_faults(name) for name in LECTURES}, {}
    for name, proof in TO_CATCH:
        faults = caught(name, proof, by_library[name])
        found |= {id: fault for id, fault in faults.items() if fault}
        if not any(faults.values()):
            survivors.append((name, proof.cell, proof.ids))
    useless = [fault for fault in LIBRARY if not any(ids[fault] for ids in by_library.values())]
    with capsys.disabled():
        print(f"\n{len(TO_CATCH) - len(survivors)} of {len(TO_CATCH)} confirmations catch a planted fault; "
              f"survivors: {survivors or 'none'}; library faults that no lecture notices: {useless or 'none'}")
    assert survivors == []
    assert found == RECORD, "run python -m tests.lectures.faults, and build"


def test_the_record_names_a_fault_for_each_statement_that_must_catch_one_and_for_no_other():
    assert set(RECORD) == {id for _, proof in TO_CATCH for id in proof.ids}


def test_each_recorded_fault_can_still_be_planted():
    possible = {id: {f"in the library: {fault}" for fault in (*LIBRARY, "a step uphill")} for id in RECORD}
    for name, proof in TO_CATCH:
        trees = trees_of(name)
        for id in proof.ids:
            possible[id] |= {told(trees, site) for site in nearest(trees, proof)}
    assert all(fault in possible[id] for id, fault in RECORD.items())


@pytest.mark.parametrize("source, faults", [
    ("a @ b.T", {"`b.T` → `b`"}), ("-a", {"`-a` → `a`"}), ("a / 2", {"`a / 2` → `a * 2`", "`2` → `3`"}),
    ("f(a)", {"`f(a)` 3 % too large"})])
def test_a_fault_is_told_in_words(source, faults):
    trees = [(0, ast.parse(source))]
    assert {told(trees, site) for site in sites(trees, {id(n) for n in ast.walk(trees[0][1])})} == faults



def test_only_what_makes_the_left_side_is_changed():
    trees = [(0, ast.parse("a = 2 * 3\nb = 4 + 5\nc = a - 1"))]
    wanted = made_by(trees, ast.parse("c", mode="eval").body, 0)
    texts = {ast.unparse(planted(trees, site)[0][1]) for site in sites(trees, wanted)}
    assert len(texts) == 5 and all("b = 4 + 5" in text for text in texts)
