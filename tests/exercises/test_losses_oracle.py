"""The answers of the losses assignment, derived again: naive formulas with many digits, and their measured slopes.

With 500 digits nothing overflows, so exp and log may be used as the slides write them; a slope is a central difference
of the loss itself. No stable form and no formula of a slope appears here.
"""
import mpmath as mp
import numpy as np
import pytest

from chainrule.exercises import find

SEEDS = range(2)
STEP = mp.mpf(10) ** -20


@pytest.fixture(autouse=True)
def many_digits():
    with mp.workdps(500):
        yield


def agree(given, expected):
    """Equal to rounding, entry by entry: no large entry excuses a small one."""
    np.testing.assert_allclose(given, np.array(expected, float), rtol=1e-10, atol=1e-14)


def trials(id):
    exercise = find(id)
    return [(case.inputs, exercise.answer(**case.inputs)) for seed in SEEDS for case in exercise.cases(seed)]


def exact(row):
    return [mp.mpf(float(value)) for value in row]


def measured(loss, row):
    """Central differences of `loss` in each entry of one row, with many digits."""
    slope = []
    for k in range(len(row)):
        above, below = exact(row), exact(row)
        above[k] += STEP
        below[k] -= STEP
        slope.append(float((loss(above) - loss(below)) / (2 * STEP)))
    return slope


def in_each_row(loss, A, B):
    """Measured slopes of loss(row of A, row of B), row by row: no other row has a say in them."""
    return np.array([measured(lambda row, b=b: loss(row, b), a) for a, b in zip(A, B, strict=True)])


def sigmoid(z):
    return 1 / (1 + mp.exp(-z))


def softmax(row):
    e = [mp.exp(z) for z in row]
    total = sum(e)
    return [v / total for v in e]


def square(row, wanted):
    return sum((p - t) ** 2 for p, t in zip(row, exact(wanted), strict=True))


def test_three_scalings_of_the_squared_error():
    for given, (ece417, aiml231, taylor) in trials("losses.squared"):
        single = [square(exact(row), wanted) for row, wanted in zip(*given.values(), strict=True)]
        agree(ece417, sum(single) / (2 * len(single)))
        agree(aiml231, single)
        agree(taylor, [value / 2 for value in single])


def test_their_slopes():
    for given, (ece417, aiml231, taylor) in trials("losses.slopes"):
        single = in_each_row(square, given["Y_hat"], given["Y"])
        agree(ece417, single / (2 * len(single)))
        agree(aiml231, single)
        agree(taylor, single / 2)


def test_the_tanh_output():
    for given, (e, delta) in trials("losses.tanh"):
        def error(s, y=given["y"]):
            return square([mp.tanh(v) for v in s], y)

        agree(e, error(exact(given["s"])))
        agree(delta, measured(error, given["s"]))


def binary(p, y):
    return -(mp.log(p) if y else mp.log(1 - p))


def test_binary_cross_entropy_at_the_probability():
    for given, (L, dy_hat) in trials("losses.bce"):
        y_hat, y = given["y_hat"], given["y"]
        agree(L, sum(map(binary, exact(y_hat), y)) / len(y))
        agree(dy_hat, in_each_row(lambda p, t: binary(p[0], t), y_hat[:, None], y)[:, 0] / len(y))


def test_binary_cross_entropy_at_any_z():
    for given, (losses, delta) in trials("losses.bce_at_z"):
        z, y = given["z"], given["y"]
        assert np.sum(np.abs(z) > 745) == 4                # where exp overflows or vanishes
        agree(losses, [binary(sigmoid(v), t) for v, t in zip(exact(z), y, strict=True)])
        agree(delta, in_each_row(lambda row, t: binary(sigmoid(row[0]), t), z[:, None], y)[:, 0])


def test_softmax_for_any_z():
    for given, P in trials("losses.softmax"):
        assert np.abs(given["Z"]).max() > 745
        agree(P, [softmax(exact(row)) for row in given["Z"]])


def test_cross_entropy_of_one_hot_targets():
    def charge(row, wanted):
        return -sum(t * mp.log(p) for p, t in zip(row, exact(wanted), strict=True))

    for given, (L, dP) in trials("losses.cross_entropy"):
        P, Y = given["P"], given["Y"]
        agree(L, sum(charge(exact(row), wanted) for row, wanted in zip(P, Y, strict=True)) / len(Y))
        agree(dP, in_each_row(charge, P, Y) / len(Y))


def test_back_through_softmax_is_the_slope_of_any_loss_that_has_the_given_slope_at_p():
    def loss(row, slopes):
        return sum(g * p for g, p in zip(exact(slopes), softmax(row), strict=True))

    for given, delta in trials("losses.softmax_back"):
        agree(delta, in_each_row(loss, np.log(given["P"]), given["dP"]))


def charge(row, k):
    """−ln p of class k, as the slides write it."""
    return -mp.log(softmax(row)[k])


def test_loss_and_delta_from_the_number_of_the_class():
    for given, (L, delta) in trials("losses.by_class"):
        Z, c = np.log(given["P"]), given["c"]
        agree(L, sum(charge(exact(row), k) for row, k in zip(Z, c, strict=True)) / len(c))
        agree(delta, in_each_row(charge, Z, c) / len(c))


def test_the_whole_classifier_for_any_z():
    far = 0
    for given, (L, delta) in trials("losses.classifier"):
        Z, c = given["Z"], given["c"]
        far += Z[-1].max() - Z[-1, c[-1]] > 700            # sure and wrong
        agree(L, sum(charge(exact(row), k) for row, k in zip(Z, c, strict=True)) / len(c))
        agree(delta, in_each_row(charge, Z, c) / len(c))
    assert far == 3 * len(SEEDS)
