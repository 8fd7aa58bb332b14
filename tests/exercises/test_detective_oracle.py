"""The answers of the detective assignment, by other routes: the complex step, printed lines from the ledger, a race."""
import re

import numpy as np
import pytest

from chainrule import complex_step_gradient
from chainrule.activations import Sigmoid
from chainrule.exercises import detective, find
from chainrule.exercises._judge import judge

SEEDS = range(4)
sigmoid = Sigmoid()


def trials(id):
    exercise = find(id)
    return [(case.inputs, exercise.answer(**case.inputs)) for seed in SEEDS for case in exercise.cases(seed)]


def near(given, expected):
    np.testing.assert_allclose(given, expected, rtol=1e-9, atol=1e-13)


PRINTED = {                                       # (letter, role, where) by hand; the sum's letter; what is wrong
    "ECE417-40": ("ik kj ij", "13 32 12", "00 22 22", "k", {"two_roles": "", "escaped": "k", "unbound": "j"}),
    "ECE417-36": ("ij ij kj ij", "12 12 32 13", "00 11 22 22", "k", {"two_roles": "j", "escaped": "", "unbound": ""}),
    "ECE417-48": ("i j ik", "1 2 12", "0 2 22", "j", {"two_roles": "", "escaped": "", "unbound": "k"}),
    "AIML231-37": ("km m j jk j j", "24 4 2 32 3 3", "00 1 1 22 2 2", "j",
                   {"two_roles": "j", "escaped": "j", "unbound": ""}),
    "right": ("ik kj ij", "13 32 12", "00 22 22", "j", {"two_roles": "", "escaped": "", "unbound": ""})}


@pytest.mark.parametrize("id", PRINTED)
def test_the_three_rules_find_what_the_ledger_says(id):
    letters, roles, where, summed, wrong = PRINTED[id]
    letters, roles, where = (text.replace(" ", "") for text in (letters, roles, where))
    names = list(dict.fromkeys(letters))
    places = np.array([(names.index(a), int(b), int(c)) for a, b, c in zip(letters, roles, where, strict=True)])
    found = detective.letters.answer(places, np.array([names.index(summed)]))
    for result, expected in zip(found, wrong.values(), strict=True):
        assert "".join(name for name, one in zip(names, result, strict=True) if one) == expected


def test_the_three_mended_lines_belong_to_one_network():
    """y_hat in its pieces; delta1 as the slope of Σ δ ξ in the hidden excitations."""
    for given, (xi1, y_hat, delta1) in trials("detective.three_lines"):
        W1, b1, W2, b2 = (given[k] for k in ("W1", "b1", "W2", "b2"))
        for i, x in enumerate(given["X"]):
            near(xi1[i], [w @ x + b for w, b in zip(W1, b1, strict=True)])
            near(y_hat[i], b2 + sum(W2[:, j] / (1 + np.exp(-xi1[i, j])) for j in range(len(W1))))
        near(delta1, complex_step_gradient(lambda Z, W2=W2, d=given["delta2"]: np.sum(d * (sigmoid(Z) @ W2.T)), xi1))


def test_the_two_cases_are_the_slopes_of_the_cost():
    """The first layer's weights are not given; V = z₁ a₀ᵀ / |a₀|² makes the same hidden values."""
    for given, (dW, dV) in trials("detective.two_cases"):
        a0, a1, W, y = given["a0"], given["a1"], given["W"], given["y"]
        V = np.outer(np.log(a1 / (1 - a1)), a0) / (a0 @ a0)
        shift = np.log(given["a2"] / (1 - given["a2"])) - W @ a1       # the bias of the last layer

        def C(V, W, a0=a0, y=y, shift=shift):
            return np.sum((sigmoid(W @ sigmoid(V @ a0) + shift) - y) ** 2)
        near(dW, complex_step_gradient(lambda W, V=V, C=C: C(V, W), W))
        near(dV, complex_step_gradient(lambda V, W=W, C=C: C(V, W), V))


def test_with_the_target_labels_pull_apart_and_the_limit_is_the_slope_of_the_mean():
    for given, (e, dw1, dw2, limit) in trials("detective.target"):
        x, y = given["x"], given["y"]

        def losses(w, x=x, y=y):
            p = sigmoid(w[1] * np.tanh(w[0] * x))
            return -np.log(p**y * (1 - p) ** (1 - y))
        w = np.array([given["w1"], given["w2"]])
        near(e, losses(w))
        for i in range(len(x)):
            near([dw1[i], dw2[i]], complex_step_gradient(lambda w, i=i: losses(w)[i], w))
        near(limit, complex_step_gradient(lambda w: np.mean(losses(w)), w)[1])
        assert set(np.sign(dw2 * np.tanh(w[0] * x)) * np.where(y == 1, -1, 1)) == {1.0}


def test_the_suspects_deserve_their_verdict():
    """Right rules are the slope at many points; wrong ones are not, at some; so says another measurement."""
    for case in find("detective.witness").cases(3):
        e, rule, d = case.inputs["e"], case.inputs["rule"], len(case.inputs["start"])
        points = np.random.default_rng(5).uniform(-1.8, 1.8, size=(20, d))
        for kind, (right, wrong) in detective.suspects(rule).items():
            for group, guilty in ((right, False), (wrong, True)):
                for suspect in group:
                    misses = []
                    for s in points:
                        slope = np.array([(e(s + h) - e(s - h)) / 2e-5 for h in 1e-5 * np.eye(d)])
                        misses.append(np.max(np.abs(suspect(s) - slope)) / np.max(np.abs(slope)))
                    assert any(not m <= 2e-5 for m in misses) is guilty, kind


def test_patients_have_the_bug_that_their_code_says():
    """For each trial, what the table of the task says of each code, read literally."""
    for case in (c for seed in SEEDS for c in find("detective.symptoms").cases(seed)):
        right_W, right_b, n = case.inputs["right_dWs"], case.inputs["right_dbs"], case.inputs["n"]
        for code, dWs, dbs in detective.patients(*case.inputs.values()):
            last_right = np.allclose(dWs[-1], right_W[-1], rtol=1e-9, atol=0) if dWs[-1].shape == right_W[-1].shape else False
            if code < 5:
                factor = (1, n, -1, 1 / n, 1)[code], (1, n, -1, 1 / n, 1 / n)[code]
                for given, right, c in ((dWs, right_W, factor[0]), (dbs, right_b, factor[1])):
                    for G, R in zip(given, right, strict=True):
                        near(G / R, np.full(R.shape, c))
            elif code == 5:
                assert any(not np.array_equal(G, R) for G, R in zip(dWs, right_W, strict=True))
                assert all(np.array_equal(G, R) or np.array_equal(G.T, R) for G, R in zip(dWs, right_W, strict=True))
            else:
                assert last_right and (not any(map(np.any, dWs[:-1] + dbs[:-1]))) is (code == 7)
                off = [np.max(np.abs(G - R)) / np.max(np.abs(R)) for G, R in zip(dWs[:-1], right_W, strict=False)
                       if G.shape == R.shape]
                assert max(off) > 1e-6            # "no bug is smaller than the 6th" digit


def test_the_mended_pass_has_the_slopes_of_the_objective():
    for given, (dWs, dbs, stepped) in trials("detective.mended"):
        hs, Ws, Y, alpha, epsilon = given.values()
        bs = [np.arctanh(H[0]) - W @ X[0] for X, H, W in zip(hs[:-2], hs[1:-1], Ws[:-1], strict=True)]
        bs.append(np.log(hs[-1][0]) - Ws[-1] @ hs[-2][0])               # softmax: up to a constant

        def J(Ws, bs, X=hs[0], Y=Y, alpha=alpha):
            for W, b in zip(Ws, bs, strict=True):
                Z = X @ W.T + b
                X = np.tanh(Z)
            return -np.mean(np.sum(Y * (Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))), axis=1)) \
                + alpha / 2 * sum(np.sum(W**2) for W in Ws)
        for k in range(len(Ws)):
            slope = complex_step_gradient(lambda A, k=k, J=J: J([*Ws[:k], A, *Ws[k + 1:]], bs), Ws[k])
            np.testing.assert_allclose(dWs[k], slope, rtol=1e-7, atol=1e-10)
            np.testing.assert_allclose(dbs[k], complex_step_gradient(
                lambda A, k=k, J=J: J(Ws, [*bs[:k], A, *bs[k + 1:]]), bs[k]), rtol=1e-7, atol=1e-10)
            near(stepped[k], Ws[k] - epsilon * slope)


def test_the_suspect_pass_of_the_notebook_is_the_one_the_check_knows_and_its_last_bias_looks_right(course):
    text = (course.sources / "assignments/detective/detective.md").read_text(encoding="utf-8")
    code = text[text.index("def suspect_pass"):]
    space = {"np": np}
    exec(code[:code.index("```")], space)
    for given, (dWs, dbs, _) in trials("detective.mended"):
        for made, known in zip(space["suspect_pass"](*given.values()), detective.as_given(*given.values()), strict=True):
            for A, B in zip(made, known, strict=True):
                near(A, B)
        near(detective.as_given(*given.values())[1][-1], dbs[-1])
        assert judge(find("detective.mended"), space["suspect_pass"]).earned == 0


def test_who_says_the_same_of_all_earns_nothing():
    for verdict in range(8):
        assert judge(find("detective.symptoms"), lambda a, b, c, d, n, verdict=verdict: verdict).earned == 0
    for gap in (0.0, 1.0, np.inf):
        assert judge(find("detective.witness"), lambda rule, e, start, gap=gap: (start, gap)).earned == 0


@pytest.mark.parametrize("said, words", [(3.0, "two results"), ((np.ones(2), 0.1), "entries"), (("a", 1), "numbers"),
                                         ((np.ones(4), -1.0), "negative"), ((np.ones(4), np.ones(2)), "one number")])
def test_what_is_no_testimony_gets_one_sentence(said, words):
    verdict = judge(find("detective.witness"), lambda rule, e, start: said)
    assert verdict.earned == 0 and words in verdict.headline


# ---- answers that must not pass: each lacks what the task announces -----------------------------------------

def solved(name, source, change=("", "")):
    """The function `name` of the assignment's own solution, with one piece of it replaced."""
    text = source.read_text(encoding="utf-8")
    code = text[text.index(f"def {name}("):]
    code = code[:code.index("```")]
    assert change[0] in code
    space = {"np": np, "sigmoid": sigmoid}
    exec(code.replace(*change), space)
    return space[name]


@pytest.fixture
def assignment(course):
    return course.sources / "assignments/detective/detective.md"


NEAR = "np.max(np.abs(g - factor * r)) <= 1e-9 * np.max(np.abs(factor * r))"
TURNED = "all(agree([g], [r]) or agree([g.T], [r]) for g, r in zip(dWs, right_dWs))"
STILL = "dWs[:-1] + dbs[:-1]"
TINY, BIASES = "tiny slopes count as equal", "wherever the biases are right"
CARELESS = {                                      # of diagnose: (what is written, and what instead, its name)
    "NumPy's allowance": (NEAR, "np.allclose(g, factor * r)", TINY),
    "a fixed allowance": (NEAR, "np.allclose(g, factor * r, rtol=0, atol=1e-8)", TINY),
    "a smaller fixed one": (NEAR, "np.max(np.abs(g - factor * r)) <= 1e-12", TINY),
    "a share of no less than": (NEAR, "np.max(np.abs(g - factor * r)) <= 1e-9 * (np.max(np.abs(r)) + 1e-8)", TINY),
    "any for all": (TURNED, TURNED.replace("all", "any"), BIASES),
    "biases alone": (TURNED, "True", BIASES),
    "any is transposed": (TURNED, "any(agree([g.T], [r]) for g, r in zip(dWs, right_dWs))", "one transposed layer"),
    "any has another shape": (TURNED, "any(g.shape != r.shape or agree([g.T], [r]) for g, r in zip(dWs, right_dWs))",
                              "one transposed layer"),
    "the first layer stands": (STILL, "[dWs[0]]", "one layer alone is asked whether"),
    "the last but one stands": (STILL, "[dWs[-2]]", "one layer alone is asked whether"),
    "some layer stands": ("not any(np.any(g) for g in dWs[:-1] + dbs[:-1])", "any(not np.any(g) for g in dWs[:-1])", "")}


@pytest.mark.parametrize("written", CARELESS)
def test_a_diagnosis_without_one_of_the_announced_traps_is_rejected(written, assignment):
    good, careless, name = CARELESS[written]
    answer = solved("diagnose", assignment, (good, careless))
    for seed in range(30):
        verdict = judge(find("detective.symptoms"), answer, seed)
        assert verdict.earned < 4
        assert name in verdict.headline and (verdict.cause is not None) is bool(name), verdict.headline


def test_the_solutions_of_the_assignment_itself_pass(assignment):
    for id, name in (("letters", "proofread"), ("target", "with_target"), ("witness", "witness"),
                     ("symptoms", "diagnose")):
        for seed in range(5):
            assert judge(find(f"detective.{id}"), solved(name, assignment), seed).kind == "full"


def test_a_diagnosis_that_stops_is_told_so_with_its_error_and_on_how_many_patients(assignment):
    answer = solved("diagnose", assignment, ("g.shape == r.shape and ", ""))
    verdict = judge(find("detective.symptoms"), answer)
    assert verdict.kind == "error" and verdict.earned == 0
    assert re.search(r"^Your function stopped on 4 of 12 patients, the first time with ValueError.*: .*broadcast.*"
                     r"\(5, ?4\).*\.$", verdict.headline), verdict.headline


def test_a_witness_that_stops_is_told_so_with_its_error_its_line_and_on_how_many_suspects():
    def strict(rule, e, start):
        point, gap = detective.witness.answer(rule, e, start)
        if not np.all(np.isfinite(rule(point))):
            raise AssertionError("no number\n here")
        return point, gap

    def silent(rule, e, start):
        point, gap = detective.witness.answer(rule, e, start)
        if not np.isfinite(gap):
            raise AssertionError
        return point, gap
    for answer, text in ((strict, "no number here"), (silent, "without a message")):
        verdict = judge(find("detective.witness"), answer)
        assert re.search(rf"^Your function stopped on 2 of 18 suspects, .* with AssertionError in the line `raise .*`: "
                         rf"{text}\.$", verdict.headline), verdict.headline
    first = judge(find("detective.witness"), lambda rule, e, start: rule(start)[99])
    assert first.headline == "Your function stopped before it could answer." and "IndexError" in first.facts[0]


def witness_over(points, no_number=np.inf, given=None):
    """A witness that asks `points(rng, d)` and remembers the largest gap; `no_number` stands for a gap that is NaN."""
    def answer(rule, e, start):
        rng, best, where = np.random.default_rng(1), None, start
        for _ in range(10):
            s = points(rng, len(start))
            slope = detective.sideways(e, s)
            gap = np.max(np.abs(rule(s) - slope)) / np.max(np.abs(slope))
            gap = no_number if np.isnan(gap) else gap
            if best is None or gap > best:
                best, where = gap, s
        return where, best if given is None else given(best)
    return answer


def test_a_gap_that_is_returned_as_nan_convicts_nobody():
    def first_or_larger(rule, e, start):
        return witness_over(lambda rng, d: rng.uniform(-2, 2, size=d), np.nan)(rule, e, start)

    def put_right(rule, e, start):
        point, gap = detective.witness.answer(rule, e, start)
        return point, gap if np.isfinite(gap) else np.nan
    for seed in range(10):
        for answer in (first_or_larger, put_right):
            verdict = judge(find("detective.witness"), answer, seed)
            assert verdict.earned == 3.5 and verdict.bad == ("numbers",) and verdict.cause is None
            assert verdict.facts[0].endswith(": 1, nan, asked for is 1, 2."), verdict.facts


@pytest.mark.parametrize("size", [1.0, 0.5, 0.2])
def test_signals_that_are_all_small_have_a_name_of_their_own(size):
    for seed in range(10):
        verdict = judge(find("detective.witness"), witness_over(lambda rng, d: rng.uniform(-size, size, size=d)), seed)
        assert verdict.bad == ("numbers",) and "no large signal" in verdict.headline, verdict.headline


def test_who_convicts_everyone_a_little_earns_nothing():
    answer = witness_over(lambda rng, d: rng.uniform(-2, 2, size=d), given=lambda gap: max(gap, 1e-5))
    for seed in range(10):
        assert judge(find("detective.witness"), answer, seed).earned == 0


@pytest.mark.parametrize("said, kind", [(np.ones(5), "an array"), (3.0, "a float"), ({}, "a dict"), ("ab", "a str")])
def test_what_a_witness_gave_instead_is_said_in_words(said, kind):
    verdict = judge(find("detective.witness"), lambda rule, e, start: said)
    assert verdict.headline.endswith(f"yours gave {kind}.")


@pytest.mark.parametrize("change", [
    ("= len(roles) > 1", "= len(roles) - 1"), ("= len(roles) > 1", "= len(roles) == 2"),
    ("= 0 in where or 1 in where", "= np.sum(rows[:, 2] < 2)"), ("= 0 not in where", "= len(where - {0})")])
def test_a_count_where_one_or_zero_is_asked_is_rejected(change, assignment):
    for seed in range(10):
        verdict = judge(find("detective.letters"), solved("proofread", assignment, change), seed)
        assert verdict.earned == 2 and len(verdict.bad) == 1


def test_a_loss_with_its_first_term_alone_is_named_where_the_slopes_are_right(assignment):
    both = "-(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))"
    for seed in range(10):
        verdict = judge(find("detective.target"), solved("with_target", assignment, (both, "-y * np.log(y_hat)")), seed)
        assert verdict.earned == 3 and verdict.headline.startswith("`e`: ") and "label 0" in verdict.headline
