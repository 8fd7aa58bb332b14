"""The grader is graded: every exercise of the registry, every wrong answer it knows, many right ones."""
import ast
import inspect
import itertools
import re
import textwrap

import numpy as np
import pytest
from registered import EXERCISES, MISCONCEPTIONS, RIGHT, equal, label, results

from chainrule import ledger
from chainrule.exercises._judge import judge

each = pytest.mark.parametrize("exercise", EXERCISES, ids=label)
each_mistake = pytest.mark.parametrize("exercise, mistake", MISCONCEPTIONS, ids=label)
each_right = pytest.mark.parametrize(
    "exercise, answer", [(e, answer) for e in EXERCISES for answer in RIGHT[e.id]], ids=label)


def a_right_answer_earns_all(exercise, answer, seeds):
    for seed, scale in itertools.product(seeds, (1, 0.1, 1e-3)):
        verdict = judge(exercise, answer, seed, scale)
        assert verdict.kind == "full" and verdict.earned == exercise.points, (seed, scale, verdict)
        assert verdict.headline == exercise.praise


def a_misconception_is_caught_and_named(exercise, mistake, seeds):
    for seed, scale in itertools.product(seeds, (1, 0.1)):
        verdict = judge(exercise, mistake.function, seed, scale)
        assert verdict.earned < exercise.points, (seed, scale)
        assert verdict.cause is mistake, (seed, scale, verdict.headline)
        assert mistake.name in verdict.headline


@each
def test_the_answer_earns_full_marks(exercise):
    a_right_answer_earns_all(exercise, exercise.answer, range(3))


@each_right
def test_a_right_answer_in_another_style_earns_full_marks(exercise, answer):
    a_right_answer_earns_all(exercise, answer, range(2))


@each_mistake
def test_a_misconception_is_below_full_marks_and_gets_its_own_name(exercise, mistake):
    a_misconception_is_caught_and_named(exercise, mistake, range(2))


@pytest.mark.proof
@each_right
def test_no_right_answer_fails_on_200_seeds(exercise, answer):
    a_right_answer_earns_all(exercise, answer, range(200))


@pytest.mark.proof
@each_mistake
def test_no_misconception_passes_on_200_seeds(exercise, mistake):
    a_misconception_is_caught_and_named(exercise, mistake, range(200))


@each
def test_an_exercise_has_three_right_styles_and_six_misconceptions_with_names_of_their_own(exercise):
    assert len(RIGHT[exercise.id]) >= 3
    assert len(exercise.misconceptions) >= 6
    for what in ("name", "function", "closer"):
        assert len({getattr(m, what) for m in exercise.misconceptions}) == len(exercise.misconceptions)


@each
def test_misconceptions_differ_pairwise_in_code_and_in_output(exercise):
    cases = exercise.cases(seed=5)
    for one, other in itertools.combinations(exercise.misconceptions, 2):
        bodies = [ast.dump(ast.parse(textwrap.dedent(inspect.getsource(m.function))).body[0].args) +
                  re.sub(r"(?s).*?def \w+", "", inspect.getsource(m.function)) for m in (one, other)]
        assert bodies[0] != bodies[1]
        outputs = [[results(exercise, m.function, case) for case in cases] for m in (one, other)]
        assert any((a is None) != (b is None) or (a and not all(equal(a[k], b[k]) for k in a))
                   for a, b in zip(*outputs, strict=True)), (one.name, other.name)


@each
def test_cases_tell_mistakes_apart(exercise):
    """n >= 3 and unlike every width, or one example as in the deck; one network square, one all distinct.

    No zeros, which hide mistakes: but for labels and numbers of classes, and where a task is about zeros.
    """
    cases = exercise.cases()
    assert all(case.n == 1 or (case.n >= 3 and case.n not in case.widths) for case in cases)
    if any(max(case.widths) > 1 for case in cases):         # in a chain of single neurons no width is mistaken
        assert any(len(set(case.widths)) == len(case.widths) for case in cases)
    assert any(len(set(case.widths)) == 1 for case in cases)
    for name in exercise.arguments:
        values = [case.inputs[name] for case in cases]
        given = [a for value in values for a in (value if isinstance(value, list) else [value])
                 if not callable(a) and not isinstance(a, str)]          # names of operations are no numbers
        assert all(np.all(np.isfinite(a)) and np.any(a != 0) for a in given)
        assert all(a.dtype == np.float64 for a in given) or all(a.dtype.kind == "i" for a in given)
        if exercise.id not in ("differences.relative_error", "capstone.local", "capstone.backward"):
            assert all(np.all(a != 0) or np.all(a == np.round(a)) for a in given)
        assert not given or not all(np.all(a == 1) for a in given)


@each
def test_cases_depend_on_the_seed_and_on_nothing_else(exercise):
    first, again, other = (exercise.cases(seed) for seed in (3, 3, 4))
    for a, b, c in zip(first, again, other, strict=True):
        for name in a.inputs:
            if not callable(a.inputs[name]):
                flat = [np.concatenate([np.ravel(v) for v in (x.inputs[name] if isinstance(x.inputs[name], list)
                                                             else [x.inputs[name]])]) for x in (a, b, c)]
                assert np.array_equal(flat[0], flat[1])
    numbers = [[v for v in x[0].inputs.values() if not callable(v)] for x in (first, other)]
    assert not all(np.array_equal(np.ravel(a[-1]), np.ravel(b[-1])) for a, b in zip(*numbers, strict=True))


@each
def test_an_exercise_cites_statements_of_the_ledger(exercise):
    assert exercise.cites
    for id in exercise.cites:
        assert ledger.equation(id).id == id


def plain(text):
    """Formulas in code and in prose made alike: no blanks, no backticks, one kind of minus and of times."""
    for sign, letter in {"−": "-", "·": "*", "×": "*", "⊙": "*", "²": "**2", "^2": "**2"}.items():
        text = text.replace(sign, letter)
    return re.sub(r"[\s`$]", "", text).lower()


@each
def test_no_hint_contains_a_piece_of_the_answer(exercise):
    tree = ast.parse(textwrap.dedent(inspect.getsource(exercise.answer)))
    nodes = [node for node in ast.walk(tree.body[0]) if isinstance(node, (ast.BinOp, ast.Call))
             and any(isinstance(inner, ast.Name) for inner in ast.walk(node))]
    pieces = {p for p in map(plain, map(ast.unparse, nodes)) if len(p) >= 4} - {"len(y)"}
    for mistake in exercise.misconceptions:
        for text in (mistake.name, mistake.hint, mistake.closer):
            assert not [p for p in pieces if p in plain(text)], text
            assert not re.search(r"@|\.T\b|np\.|sum\(|1 ?[-−] ?[hxo]", text), text


@each
def test_hints_ask_and_names_read_on_after_a_colon(exercise):
    for mistake in exercise.misconceptions:
        assert "?" in mistake.hint and "?" in mistake.closer
        assert mistake.hint != mistake.closer
        assert not mistake.name.endswith((".", "?"))
        assert mistake.name[0].islower() or mistake.name.startswith("W ")
        assert max(map(len, (mistake.hint, mistake.closer))) < 180 and len(mistake.name) < 90
    assert exercise.praise.endswith(".") and len(exercise.praise) > 60
