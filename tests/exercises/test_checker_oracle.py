"""The answers of the checker assignment, by other routes: exact fractions, symbols, and the library's own checker."""
import re
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from chainrule import check_gradient
from chainrule.exercises import checker, find
from chainrule.exercises._judge import judge
from chainrule.gradcheck import tolerance

SEEDS = range(4)


def trials(id):
    exercise = find(id)
    return [(case.inputs, exercise.answer(**case.inputs)) for seed in SEEDS for case in exercise.cases(seed)]


def within(f):
    """What a function keeps from where it was made, by name."""
    return dict(zip(f.__code__.co_freevars, (cell.cell_contents for cell in f.__closure__), strict=True))


def test_the_excess_in_exact_fractions_and_one_where_the_librarys_tolerance_ends():
    for given, found in trials("checker.excess"):
        for G, E, X in zip(given["given"], given["expected"], found, strict=True):
            assert np.array_equal(X <= 1, np.abs(G - E) <= tolerance(G, E))
            largest = max(abs(Fraction(v)) for v in [*G.flat, *E.flat])
            for g, e, x in zip(G.flat, E.flat, X.flat, strict=True):
                g, e = Fraction(g), Fraction(e)
                allowed = Fraction(1, 10**9) * max(abs(g), abs(e)) + Fraction(64, 2**52) * largest
                assert x == pytest.approx(float(abs(g - e) / allowed), rel=1e-12)


def test_along_a_direction_differences_measure_the_same_and_the_slip_is_seen():
    for given, (measured, predicted) in trials("checker.direction"):
        f, theta, V = given["f"], given["theta"], given["V"]
        rough = [(f(theta + 1e-5 * v) - f(theta - 1e-5 * v)) / 2e-5 for v in V]
        np.testing.assert_allclose(measured, rough, rtol=1e-6, atol=1e-6)
        slip = predicted - measured                        # is in entry (0, 0) alone
        np.testing.assert_allclose(slip / V[:, 0, 0], slip[0] / V[0, 0, 0], rtol=1e-6)
        assert abs(slip[0] / V[0, 0, 0]) > 1e-4


def test_the_truncation_is_three_quarters_of_what_the_third_slope_says():
    for given, (slope, truncation, rounding) in trials("checker.bar"):
        kept, x, h = within(given["f"]), given["x"], given["h"]
        X = sp.symbols(f"x:{len(x)}")
        formula = sum(c * sp.exp(sum(a * s for a, s in zip(row, X, strict=True)))
                      for c, row in zip(kept["c"], kept["A"], strict=True))
        for k, s in enumerate(X):
            first, third = (float(sp.lambdify(X, sp.diff(formula, s, order))(*x)) for order in (1, 3))
            assert truncation[k] == pytest.approx(abs(third) * h**2 / 8, rel=0.1)      # h²/6 (1 − 1/4)
            assert abs(slope[k] - first) < truncation[k]
        assert rounding == pytest.approx(-8 * given["eps"] / h * float(sp.lambdify(X, formula)(*x)), rel=1e-12)


def test_the_culprit_is_the_one_that_was_planted():
    for given, (layer, entry, (g, e)) in trials("checker.culprit"):
        times = [(G - E) / A for G, E, A in zip(*given.values(), strict=True)]
        k, place = int(layer) - 1, tuple(map(int, entry))
        assert times[k][place] == pytest.approx(-40, rel=1e-6)
        assert (g, e) == (given["given"][k][place], given["expected"][k][place])


def test_both_sides_of_a_corner_are_the_slopes_it_was_made_with():
    for given, (left, right, miss) in trials("checker.kink"):
        kept, x = within(given["f"]), given["x"]
        beyond = np.sign(x - kept["corner"])
        low = kept["middle"] + kept["bend"] * np.where(beyond == 0, -1, beyond)
        high = kept["middle"] + kept["bend"] * np.where(beyond == 0, 1, beyond)
        np.testing.assert_allclose([left, right], [low, high], rtol=1e-8)
        for g, a, b, m in zip(given["gradient"], low, high, miss, strict=True):
            nearest = sorted([a, b, g])[1]                 # the middle one of three lies in the interval
            assert m == pytest.approx(abs(g - nearest), rel=1e-7, abs=1e-12)
        assert miss[0] == miss[1] == 0 and all(miss[2:] > 0)


def test_every_row_of_the_nudges_differs_from_theta_in_one_entry():
    for given, (above, below) in trials("checker.nudges"):
        for rows, sign in ((above, 1), (below, -1)):
            moved = rows - given["theta"]
            assert [list(np.flatnonzero(row)) for row in moved] == [[k] for k in range(len(moved))]
            np.testing.assert_allclose(np.diag(moved), sign * given["h"], rtol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_librarys_checker_gives_the_verdicts_that_the_last_task_asks_for(seed):
    """The cases deserve what is said of them: a checker that was written for other reasons says the same."""
    for case in find("checker.whole").cases(seed):
        for kind, (right, wrong) in checker.problems(*case.inputs.values()).items():
            for group, verdict in ((right, True), (wrong, False)):
                for f, g, t in group:
                    try:
                        said = bool(check_gradient(f, g, t))
                    except (TypeError, ValueError):
                        said = False
                    assert said is verdict, (kind, g)


def test_a_constant_verdict_earns_nothing():
    for id in ("checker.agrees", "checker.whole"):
        for constant in (True, False):
            assert judge(find(id), lambda a, b, c, constant=constant: constant).earned == 0


@pytest.mark.parametrize("said, words", [(1, "it was 1"), (np.ones(3, bool), r"an array of shape \(3,\)"), ("yes", "yes")])
def test_what_is_no_verdict_gets_one_sentence(said, words):
    verdict = judge(find("checker.agrees"), lambda given, expected, allowed: said)
    assert verdict.earned == 0 and "True or False" in verdict.headline
    assert re.search(words, verdict.headline)


def test_a_checker_that_stops_on_some_cases_loses_these_and_no_others():
    def stops_on_shapes(f, gradient, theta):
        if gradient.shape != theta.shape:
            raise ValueError("shapes differ")
        return checker.whole.answer(f, gradient, theta)
    verdict = judge(find("checker.whole"), stops_on_shapes)
    assert verdict.bad == ("shapes",) and verdict.earned == 9
