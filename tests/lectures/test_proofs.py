"""The ledger and the lectures: every statement has one home, and is proven there by a route of its own."""
import ast
from collections import Counter, defaultdict

import pytest

from chainrule.ledger import load
from tests.lectures.reading import lectures, named_ids, proofs, prose

LECTURES = list(lectures())
MUST_CATCH = {"derivation", "update-rule", "algorithm", "worked-example"}


@pytest.mark.parametrize("name", LECTURES)
def test_every_id_that_is_proven_is_named_in_the_prose(name):
    told = named_ids(prose(lectures()[name]))
    for proof in proofs(name):
        assert set(proof.ids) <= told, f"{name}, cell {proof.cell}"


def test_every_statement_has_at_most_one_home():
    homes = defaultdict(set)
    for name in LECTURES:
        for proof in proofs(name):
            for id in proof.ids:
                homes[id].add(name)
    assert {id: names for id, names in homes.items() if len(names) > 1} == {}
    assert set(homes) <= set(load())


@pytest.mark.parametrize("name", LECTURES)
def test_what_is_derived_would_have_caught_a_wrong_result(name):
    for proof in proofs(name):
        for id in proof.ids:
            if load()[id].kind in MUST_CATCH and proof.verb == "confirm":
                caught = any(id in p.ids and p.unlike for p in proofs(name)) or \
                    any(id in p.ids and p.verb == "refute" for p in proofs(name))
                assert caught, f"{name}, cell {proof.cell}: {id} is a {load()[id].kind} without `unlike`"


@pytest.mark.parametrize("name", LECTURES)
def test_formulas_that_are_wrong_as_printed_are_refuted(name):
    refuted = {id for proof in proofs(name) for id in proof.ids if proof.verb == "refute"}
    for proof in proofs(name):
        for id in proof.ids:
            if load()[id].erratum_group == "A":
                assert id in refuted, f"{name}: {id} is wrong as printed and must be refuted"


@pytest.mark.parametrize("name", LECTURES)
def test_the_right_side_is_not_the_left_side_again(name):
    aliases = _aliases(name)
    for proof in proofs(name):
        assert proof.left is not None and proof.right is not None, f"{name}, cell {proof.cell}"
        assert _bare(proof.left, aliases) != _bare(proof.right, aliases), \
            f"{name}, cell {proof.cell}: both sides of {proof.ids} are {ast.unparse(proof.right)}"


def _aliases(name):
    """{a: b} for every plain `a = b` of a lecture whose `a` is assigned only once."""
    from tests.lectures.reading import code
    simple, times = {}, Counter()
    for _, tree in code(lectures()[name]):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                times[node.targets[0].id] += 1
                simple[node.targets[0].id] = node.value
    return {a: b for a, b in simple.items() if times[a] == 1}


def _bare(expression, aliases, depth=0):
    """An expression without what leaves its value alone: copies, ± 0, · 1, double transposes, plain aliases."""
    e = expression
    if isinstance(e, ast.Name) and e.id in aliases and depth < 5:
        inner = aliases[e.id]
        if isinstance(inner, (ast.Name, ast.Attribute, ast.Subscript)) or _copies(inner):
            return _bare(inner, aliases, depth + 1)
    if _copies(e):
        return _bare(_copied(e), aliases, depth)
    if isinstance(e, ast.BinOp) and isinstance(e.right, ast.Constant) and (
            (isinstance(e.op, (ast.Add, ast.Sub)) and e.right.value == 0)
            or (isinstance(e.op, (ast.Mult, ast.Div, ast.Pow)) and e.right.value == 1)):
        return _bare(e.left, aliases, depth)
    if isinstance(e, ast.Attribute) and e.attr == "T" and isinstance(e.value, ast.Attribute) and e.value.attr == "T":
        return _bare(e.value.value, aliases, depth)
    return ast.dump(e)


def _copies(e):
    if not isinstance(e, ast.Call):
        return False
    name = e.func.attr if isinstance(e.func, ast.Attribute) else getattr(e.func, "id", "")
    return name in ("copy", "array", "asarray", "ascontiguousarray", "float", "list", "tuple") and _copied(e) is not None


def _copied(e):
    if e.args:
        return e.args[0]
    return e.func.value if isinstance(e.func, ast.Attribute) else None


@pytest.mark.parametrize("text, ids", [
    ("## 3 · Down (LFD-16 … LFD-18)", {"LFD-16", "LFD-17", "LFD-18"}),
    ("(LFD-03, -04, -24 … -26)", {"LFD-03", "LFD-04", "LFD-24", "LFD-25", "LFD-26"}),
    ("TAYLOR-37 and ECE417-30, -31", {"TAYLOR-37", "ECE417-30", "ECE417-31"}),
    ("no id, 10-12", set()),
])
def test_ids_are_read_from_prose(text, ids):
    assert named_ids(text) == ids


@pytest.mark.parametrize("left, right, equal", [
    ("a", "a", True), ("a", "a.copy()", True), ("a", "np.array(a)", True), ("a", "a + 0", True), ("a", "a.T.T", True),
    ("a", "b", False), ("a", "a.T", False), ("f(a)", "f(b)", False), ("a", "2 * a", False),
])
def test_a_rewriting_of_the_left_side_is_seen(left, right, equal):
    sides = [_bare(ast.parse(text, mode="eval").body, {}) for text in (left, right)]
    assert (sides[0] == sides[1]) is equal
