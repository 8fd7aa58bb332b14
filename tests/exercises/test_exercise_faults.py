"""Beyond the known misconceptions: whatever a learner hands in, the card says something true."""
import itertools
import re

import numpy as np
import pytest
from registered import EXERCISES, PLAIN, equal, label, mapped, results

from chainrule.exercises._card import Card
from chainrule.exercises._judge import judge

each = pytest.mark.parametrize("exercise", EXERCISES, ids=label)
each_plain = pytest.mark.parametrize("exercise", PLAIN, ids=label)        # what is done to numbers is done to these
SEVERAL = [e for e in PLAIN if len(e.returns) > 1]


def most_axes(exercise, of=max):
    """How many axes the results have: of the one with the most, or with the fewest."""
    arrays = itertools.chain(*results(exercise, exercise.answer, exercise.cases()[0]).values())
    return of(np.ndim(a) for a in arrays)


SLICES = [(e, part, keep, axis) for part, keep, axis in [("row|entry", 0, 0), ("row|entry", -1, 0), ("column", 0, 1)]
          for e in PLAIN if axis < most_axes(e, min)]
# Weights of two trainings, mixed, are what nobody trained.
TRAININGS = ("capstone.moons", "capstone.digits", "training.parabola")
MATRICES = [e for e in PLAIN if most_axes(e) >= 2]
UNLIKE = [e for e in SEVERAL if len(set(map(len, results(e, e.answer, e.cases()[0]).values()))) == 1
          and not any(equal(a, b) for a, b in itertools.combinations(results(e, e.answer, e.cases()[0]).values(), 2))]
SIGNED = [e for e in PLAIN if any(np.any(a < 0) and np.any(a > 0) for a in itertools.chain(
    *results(e, e.answer, e.cases(seed=11)[0]).values()))]


def words(verdict):
    return " ".join([verdict.headline, *verdict.facts])


def judged(exercise, answer):
    """The verdict, after checks that hold for every answer that is not right."""
    verdict = judge(exercise, answer, seed=11)
    assert verdict.earned < exercise.points and verdict.kind != "full", answer
    sentences = [verdict.headline, *verdict.facts]
    assert verdict.headline and all(s and s == s.strip() and "\n" not in s for s in sentences), sentences
    assert all(s.endswith((".", "?", ").")) for s in sentences), sentences
    assert not re.search(r"Traceback|NoneType|np\.|numpy\.ndarray|<function", words(verdict)), sentences
    assert str(Card(verdict)) and Card(verdict)._repr_html_()
    a_name_is_never_wrong(exercise, answer, verdict)
    return verdict


def a_name_is_never_wrong(exercise, answer, verdict):
    """What a headline says by a misconception's name, its code does, on networks not seen before."""
    for mistake in exercise.misconceptions:
        found = re.search(rf"(?:^|; )([^:;]*): {re.escape(mistake.name)}(?:;|\.$)", verdict.headline)
        if not found:
            continue
        for case in exercise.cases(seed=404):
            theirs, hers = results(exercise, answer, case), results(exercise, mistake.function, case)
            assert (theirs is None) == (hers is None), verdict.headline
            for name in re.findall(r"`(\w+)`", found[1]) if theirs else ():
                assert equal(theirs[name], hers[name]), verdict.headline


def first_entry(array):
    array = np.array(array)
    array.flat[0] = np.nan
    return array


def noisy(array):
    return array * (1 + 1e-8 * np.cos(np.arange(array.size)).reshape(array.shape))


def keeping(keep, axis=0):
    """Sets to a wrong value all but the slices that `keep` picks along `axis`."""
    def change(array):
        wrong = np.where(array == 0, 1.0, array) * np.linspace(1.5, 3, array.size).reshape(array.shape)
        index = [slice(None)] * array.ndim
        index[axis] = keep
        wrong[tuple(index)] = array[tuple(index)]
        return wrong
    return change


FAULTS = {                                        # what is done to every result: what the card must say of it
    "NaN": (first_entry, "NaN or infinity"),
    "zero": (lambda a: 0 * a, "zero everywhere"),
    "sign": (lambda a: -a, "wrong sign|sign is the wrong way|the sign of a slope"),
    "factor": (lambda a: 3 * a, "3 times the right one"),
    "noise as of finite differences": (noisy, "close, but not exact"),
    "complex": (lambda a: a + 1e-3j, "complex"),
    "objects": (lambda a: a.astype(object), "Python objects"),
    "ragged": (lambda a: [[1.0, 2.0], [3.0]], "not an array of numbers|list of \\d+ arrays"),
    "text": (str, "not an array of numbers|list of \\d+ arrays"),
    "one entry more": (lambda a: np.append(a, 1.0), "shape"),
    "all in one row": (lambda a: np.append(a.ravel(), [1.0, 2.0]), "shape"),
    "None inside": (lambda a: None, "is None|returns nothing"),
}


@each_plain
@pytest.mark.parametrize("fault", FAULTS)
def test_a_generic_fault_gets_a_true_sentence(exercise, fault):
    change, wanted = FAULTS[fault]
    assert re.search(wanted, words(judged(exercise, mapped(exercise.answer, change))))


@pytest.mark.parametrize("exercise, part, keep, axis", SLICES, ids=label)
def test_one_right_row_or_column_is_noticed(exercise, part, keep, axis):
    verdict = judged(exercise, mapped(exercise.answer, keeping(keep, axis)))
    assert verdict.cause is None
    if not any("layer" in shape for shape in exercise.returns.values()):
        assert re.search(part, words(verdict))


@pytest.mark.parametrize("exercise", SIGNED, ids=label)
@pytest.mark.parametrize("change", [np.abs, lambda a: -np.abs(a)])
def test_lost_signs_are_told(exercise, change):
    verdict = judged(exercise, mapped(exercise.answer, change))
    assert verdict.cause or "some of its signs" in words(verdict)


@each_plain
def test_gaps_are_told(exercise):
    gaps = mapped(exercise.answer, lambda a: a * (np.arange(np.size(a)).reshape(np.shape(a)) < 1))
    assert re.search("is 0 where it is wrong|is zero everywhere", words(judged(exercise, gaps)))


@pytest.mark.parametrize("exercise", MATRICES, ids=label)
def test_a_transposed_result_is_called_transposed(exercise):
    verdict = judged(exercise, mapped(exercise.answer, np.transpose))
    assert re.search("transpose|row per example", words(verdict))


@each_plain
def test_numbers_of_the_first_network_by_heart_are_noticed(exercise):
    first = exercise.answer(**exercise.cases(seed=11)[0].inputs)
    verdict = judged(exercise, lambda *inputs: first)
    assert verdict.cause is None
    assert re.search("first trial|list of \\d+ arrays", words(verdict))


@each
def test_a_list_or_a_number_for_an_array_is_answered_kindly(exercise):
    for value in (3.0, [], (), "delta", {"delta": 1}, [None], object(), np.nan, True, iter([1.0])):
        judged(exercise, lambda *inputs, value=value: value)


@pytest.mark.parametrize("exercise", UNLIKE, ids=label)
def test_results_in_another_order_are_recognised(exercise):
    for order in itertools.permutations(range(len(exercise.returns))):
        if list(order) != sorted(order):
            verdict = judged(exercise, lambda *x, order=order: [exercise.answer(*x)[k] for k in order])
            names = list(exercise.returns)
            assert f"in another order: {', '.join(names[k] for k in order)}." in verdict.headline
            assert verdict.cause is None


@pytest.mark.parametrize("exercise", SEVERAL, ids=label)
def test_too_few_and_too_many_results_are_counted(exercise):
    count = len(exercise.returns)
    for change, got in (
            (lambda r: r[:-1], count - 1), (lambda r: (*r, r[0]), count + 1), (lambda r: r[0], "an")):
        verdict = judged(exercise, lambda *x, change=change: change(exercise.answer(*x)))
        assert re.search(f"has {count} results, in this order: .*; yours gave ({got}?|\\d) ", verdict.headline)


@pytest.mark.parametrize("exercise", SEVERAL, ids=label)
def test_one_wrong_result_of_several_costs_its_own_share_only(exercise):
    names = list(exercise.returns)
    for k, name in enumerate(names):
        def answer(*x, k=k):
            value = list(exercise.answer(*x))
            value[k] = mapped(lambda v: v, lambda a: a + 1)(value[k])
            return value
        verdict = judged(exercise, answer)
        assert verdict.kind == "part" and verdict.good == tuple(n for n in names if n != name)
        assert verdict.earned == pytest.approx(exercise.points * (len(names) - 1) / len(names), abs=0.01)
        assert f"`{name}`" in verdict.headline


def boom(*inputs):
    raise ValueError("boom <script>alert(1)</script>")


@each
def test_what_is_no_answer_at_all_gets_one_clear_sentence(exercise):
    def printed(*inputs):
        print(exercise.answer(*inputs))

    def stub(*inputs):
        raise NotImplementedError()

    calls = itertools.count()

    def half_a_stub(*inputs):
        if next(calls) == 0:
            return exercise.answer(*inputs)
        raise NotImplementedError()

    def leaves(*inputs):
        raise SystemExit(3)

    def endless(*inputs):
        return endless(*inputs)

    for answer, wanted in ((boom, "stopped before it could answer.*ValueError.*boom"),
                           (printed, "prints, but it returns nothing"), (lambda *x: None, "returns nothing"),
                           (stub, "Waiting for your code"), (half_a_stub, "NotImplementedError"),
                           (leaves, "SystemExit"), (endless, "RecursionError"),
                           (3, "needs your function, not an int"), (None, "needs your function, not None"),
                           (np.ones(3), "needs your function"), (lambda: 1, r"takes \(\)"),
                           (lambda a, b, c, d, e, f, g: 1, r"takes \(a, b, c, d, e, f, g\)")):
        verdict = judge(exercise, answer, seed=11) if not callable(answer) else judged(exercise, answer)
        assert verdict.earned == 0 and verdict.cause is None
        assert re.search(wanted, words(verdict)), words(verdict)
    assert judge(exercise, stub).kind == "unwritten"


@each
def test_a_wrong_number_of_arguments_inside_the_function_is_not_blamed_on_its_first_line(exercise):
    def helper(a):
        return a

    verdict = judged(exercise, lambda *inputs: helper())
    assert "helper() missing 1 required positional argument" in words(verdict)
    assert "is called with" not in words(verdict)


@each_plain
def test_arguments_changed_in_place_are_a_remark_and_no_mark(exercise):
    def careless(*inputs):
        value = exercise.answer(*inputs)
        first = inputs[place]
        for array in first if isinstance(first, list) else [first]:
            array += 1
        return value

    place = next(k for k, v in enumerate(exercise.cases()[0].inputs.values())
                 if not callable(v) and not (isinstance(v, list) and isinstance(v[0], str)))
    verdict = judge(exercise, careless)
    assert verdict.kind == "full" and f"changes `{exercise.arguments[place]}` in place" in verdict.remarks[0]


@each
def test_warnings_and_prints_are_remarks_and_no_marks(exercise, capfd):
    def loud(*inputs):
        print("here")
        np.log(np.array(-1.0))
        return exercise.answer(*inputs)

    verdict = judge(exercise, loud)
    assert verdict.kind == "full" and "invalid value" in verdict.remarks[0] and "here" in verdict.remarks[1]
    assert capfd.readouterr() == ("", "")


MIXED = [e for e in EXERCISES if e.id not in TRAININGS]


@pytest.mark.parametrize("exercise, every", [
    *((e, 16 if e.measure else 1) for e in MIXED),           # an answer that is watched at work takes its time
    *(pytest.param(e, 1, marks=pytest.mark.proof) for e in MIXED if e.measure)], ids=label)
def test_a_mixture_of_two_misconceptions_never_gets_a_wrong_name(exercise, every):
    """Mixed result by result, and blended entry by entry (added errors, multiplied errors)."""
    mixtures = []
    for one, other in itertools.combinations(exercise.misconceptions, 2):
        mixtures += [blend(exercise, one, other, lambda a, b, r: a + b - r),
                     blend(exercise, one, other, lambda a, b, r: a * b / r)]
        for k in range(len(exercise.returns) if len(exercise.returns) > 1 else 0):
            mixtures.append(lambda *x, k=k, one=one, other=other: [
                (one if j == k else other).function(*x)[j] for j in range(len(exercise.returns))])
    for mixture in mixtures[::every]:
        if judge(exercise, mixture, seed=11).kind != "full":          # two errors may cancel
            judged(exercise, mixture)


def blend(exercise, one, other, how):
    def leaves(value):
        return [a for v in value for a in leaves(v)] if isinstance(value, (tuple, list)) else [value]

    def mixture(*x):
        right = exercise.answer(*x)
        three = map(leaves, (one.function(*x), other.function(*x), right))
        blended = iter([how(a, b, r) for a, b, r in zip(*three, strict=True)])
        return mapped(lambda *x: right, lambda a: next(blended))(*x)
    return mixture


@each_plain
def test_a_misconception_on_top_of_a_generic_fault_never_gets_a_wrong_name(exercise):
    for mistake in exercise.misconceptions:
        for change in (np.negative, lambda a: 2 * a, np.transpose, noisy, first_entry, lambda a: a / len(np.ravel(a))):
            answer = mapped(mistake.function, change)
            if judge(exercise, answer, seed=11).kind != "full":
                judged(exercise, answer)


@pytest.mark.parametrize("exercise", SEVERAL, ids=label)
def test_two_mistakes_in_two_results_are_both_named(exercise):
    def only(mistake):
        case = exercise.cases(seed=11)[0]
        right, wrong = results(exercise, exercise.answer, case), results(exercise, mistake.function, case)
        return {n for n in right if wrong and not equal(right[n], wrong[n])}

    alone = [m for m in exercise.misconceptions if len(only(m)) == 1]
    names = list(exercise.returns)
    for one, other in itertools.combinations(alone, 2):
        if only(one) != only(other):
            place = names.index(*only(one))
            verdict = judged(exercise, lambda *x, one=one, other=other, place=place: [
                (one if k == place else other).function(*x)[k] for k in range(len(names))])
            if "in another order" in verdict.headline:          # each result has what belongs to the other
                continue
            if all(results(exercise, m.function, c) for m in (one, other) for c in exercise.cases(seed=11)):
                assert one.name in verdict.headline and other.name in verdict.headline
