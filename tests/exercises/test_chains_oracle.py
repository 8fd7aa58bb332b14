"""The answers of the chains assignment, derived a second way: by the complex step through the forward pass.

An answer is checked against what it claims to be, a slope. No product of factors appears here.
"""
import numpy as np

from chainrule.exercises import find
from chainrule.gradcheck import complex_step_gradient as slope

SEEDS = range(3)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def through(a, ws):
    """What a chain of neurons with the weights `ws` makes of the activation `a`."""
    for w in ws:
        a = sigmoid(w * a)
    return a


def each(f, at):
    """The slope of f at every entry of `at`, where entry i of f depends on entry i alone."""
    return slope(lambda u: np.sum(f(u)), at)


def at_weight(f, w):
    """The slope, for every example, of f at one shared number w."""
    return np.imag(f(w + 1e-30j)) / 1e-30


def agree(given, expected):
    np.testing.assert_allclose(given, expected, rtol=1e-8, atol=1e-13)


def trials(id):
    exercise = find(id)
    return [(case.inputs, exercise.answer(**case.inputs)) for seed in SEEDS for case in exercise.cases(seed)]


def test_the_three_factors_are_the_slopes_of_the_three_links():
    for given, (dz_dw, da_dz, dC_da) in trials("chains.factors"):
        a_prev, w, y = given.values()
        agree(dz_dw, at_weight(lambda w, a=a_prev: w * a, w))
        agree(da_dz, each(sigmoid, w * a_prev))
        agree(dC_da, each(lambda a, y=y: (a - y) ** 2, sigmoid(w * a_prev)))


def test_the_last_neuron_gives_the_slopes_at_its_weight_and_at_its_input():
    for given, (dC_dw, dC_da_prev) in trials("chains.last"):
        a_prev, a, y, w = given.values()
        agree(a, sigmoid(w * a_prev))
        agree(dC_dw, at_weight(lambda w, a=a_prev, y=y: (sigmoid(w * a) - y) ** 2, w))
        agree(dC_da_prev, each(lambda a, w=w, y=y: (sigmoid(w * a) - y) ** 2, a_prev))


def test_five_factors_make_the_slope_at_the_earlier_weight():
    for given, dC_dw_prev in trials("chains.earlier"):
        def loss(v, g=given):
            return (through(g["a_before"], [v, g["ws"][1]]) - g["y"]) ** 2

        agree(dC_dw_prev, at_weight(loss, given["ws"][0]))


def test_the_running_product_is_the_slope_at_every_activation():
    for given, dC_das in trials("chains.running"):
        activations, ws, y = given.values()
        assert len(dC_das) == len(activations) == len(ws) + 1
        for k, found in enumerate(dC_das):
            agree(found, each(lambda a, k=k, ws=ws, y=y: (through(a, ws[k:]) - y) ** 2, activations[k]))


def test_beta_is_minus_the_slope_at_an_output_and_the_changes_descend_the_summed_halved_error():
    for given, (betas, changes) in trials("chains.beta"):
        outputs, d, ws, eta = given.values()
        for k, found in enumerate(betas, 1):
            agree(found, -each(lambda o, k=k, ws=ws, d=d: (d - through(o, ws[k:])) ** 2 / 2, outputs[k]))
        agree(changes, -eta * slope(lambda ws, x=outputs[0], d=d: np.sum((d - through(x, ws)) ** 2) / 2, ws))


def test_a_bias_is_a_weight_whose_input_is_1():
    for given, (X1, slopes) in trials("chains.bias"):
        X, w, b, y = given.values()
        for row, inputs, found, target in zip(X, X1, slopes, y, strict=True):
            agree(inputs, [1, *row])
            def loss(v, x=row, t=target):
                return (sigmoid(v[0] + x @ v[1:]) - t) ** 2

            agree(found, slope(loss, np.array([b, *w])))


def test_both_steps_descend_the_loss_they_belong_to():
    for given, (mean_step, summed_step) in trials("chains.steps"):
        slopes, eta = given.values()

        def squares(move, slopes=slopes):
            return slopes @ move                  # how every C_i changes, to first order

        still = np.zeros(slopes.shape[1])
        agree(mean_step, -eta * slope(lambda m, f=squares: np.mean(f(m)), still))
        agree(summed_step, -eta * slope(lambda m, f=squares: np.sum(f(m) / 2), still))


def test_the_given_slopes_of_the_two_steps_are_those_of_a_chain():
    exercise, running = find("chains.steps"), find("chains.running")
    for case, twin in zip(exercise.cases(1), running.cases(1), strict=True):
        assert case.inputs["slopes"].shape == (twin.n, len(twin.inputs["ws"]))


def test_the_linear_unit_gives_the_slopes_of_the_squared_error():
    for given, (de_dh, de_dw) in trials("chains.linear"):
        x, w, y = given.values()
        agree(de_dh, slope(lambda h, y=y: (y - h[0]) ** 2, np.array([w @ x]))[0])
        agree(de_dw, slope(lambda w, x=x, y=y: (y - w @ x) ** 2, w))


def test_the_logistic_unit_gives_the_slopes_of_minus_the_logarithm():
    for given, (de_dh2, dh2_dh1, de_dw) in trials("chains.logistic"):
        x, w = given.values()
        h1 = np.array([w @ x])
        agree(de_dh2, slope(lambda h: -np.log(h[0]), sigmoid(h1))[0])
        agree(dh2_dh1, slope(lambda h: sigmoid(h[0]), h1)[0])
        agree(de_dw, slope(lambda w, x=x: np.log(1 + np.exp(-w @ x)), w))


def test_the_whole_chain_gives_the_slopes_of_the_mean_loss():
    for given, (dws, dbs) in trials("chains.whole"):
        def loss(ws, bs, x=given["x"], y=given["y"]):
            a = x
            for w, b in zip(ws, bs, strict=True):
                a = sigmoid(w * a + b)
            return np.mean((a - y) ** 2)

        ws, bs = given["ws"], given["bs"]
        agree(dws, slope(lambda ws, bs=bs, loss=loss: loss(ws, bs), ws))
        agree(dbs, slope(lambda bs, ws=ws, loss=loss: loss(ws, bs), bs))
