"""The answers of the delta assignment, derived a second way: by the complex step through the forward pass.

An answer is checked against what it claims to be, a slope. No formula of the backward pass appears here.
"""
import numpy as np
import pytest

from chainrule.exercises import find
from chainrule.gradcheck import complex_step_gradient as slope

SEEDS = range(3)


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def logit(H):
    return np.log(H / (1 - H))


def agree(given, expected):
    np.testing.assert_allclose(given, expected, rtol=1e-8, atol=1e-12)


def trials(id):
    exercise = find(id)
    return [(case.inputs, exercise.answer(**case.inputs)) for seed in SEEDS for case in exercise.cases(seed)]


def test_output_delta_is_the_slope_of_the_halved_mean_square():
    for given, delta in trials("delta.output"):
        n, Y = len(given["Y"]), given["Y"]
        agree(delta, slope(lambda Y_hat, n=n, Y=Y: np.sum((Y_hat - Y) ** 2) / (2 * n), given["Y_hat"]))


def test_output_delta_of_tanh_is_the_slope_at_the_signal():
    for given, delta in trials("delta.output_tanh"):
        agree(delta, slope(lambda s, y=given["y"]: np.sum((np.tanh(s) - y) ** 2), np.arctanh(given["x"])))


@pytest.mark.parametrize("id", ["delta.hidden_components", "delta.hidden"])
def test_hidden_delta_is_the_slope_at_z_of_a_loss_with_the_given_slope_above(id):
    for given, delta in trials(id):
        agree(delta, slope(lambda Z, g=given: np.sum(g["delta_next"] * (sigmoid(Z) @ g["W"])), logit(given["H"])))


def test_hidden_delta_in_columns_is_the_slope_at_xi():
    for given, Delta in trials("delta.hidden_columns"):
        agree(Delta, slope(lambda Xi, g=given: np.sum(g["Delta_next"] * (g["W"] @ sigmoid(Xi))), given["Xi"]))


def test_hidden_delta_of_lfd_is_the_slope_at_s():
    for given, delta in trials("delta.hidden_lfd"):
        s = np.arctanh(given["x"])
        agree(delta, slope(lambda s, g=given: np.sum(g["delta_next"] * (g["W"].T @ np.tanh(s))), s))


def test_beta_is_minus_the_slope_at_the_output_and_delta_the_slope_before_the_sigmoid():
    for given, (beta_j, delta_j) in trials("delta.beta"):
        def error(o_j, g=given):
            z_k = logit(g["o_k"]) + (o_j - g["o_j"]) @ g["W"]
            return -np.sum(g["beta_k"] * sigmoid(z_k))

        agree(beta_j, -slope(error, given["o_j"]))
        agree(delta_j, slope(lambda z, error=error: error(sigmoid(z)), logit(given["o_j"])))


def test_a_layer_gives_back_the_slopes_at_its_input_weights_and_bias():
    for given, (dX, dW, db) in trials("delta.layer"):
        X, W = given["X"], given["W"]
        b = (np.arctanh(given["H"]) - X @ W)[0]

        def loss(X, W, b, dH=given["dH"]):
            return np.sum(dH * np.tanh(X @ W + b))

        agree(dX, slope(lambda X, W=W, b=b, loss=loss: loss(X, W, b), X))
        agree(dW, slope(lambda W, X=X, b=b, loss=loss: loss(X, W, b), W))
        agree(db, slope(lambda b, X=X, W=W, loss=loss: loss(X, W, b), b))


def test_a_backward_pass_gives_the_slopes_of_the_loss_in_every_layer():
    for given, (deltas, dWs, dbs) in trials("delta.network"):
        Hs, Ws, Y = given["Hs"], given["Ws"], given["Y"]
        last = len(Ws) - 1
        bs = [((H if k == last else logit(H)) - X @ W)[0] for k, (X, W, H) in
              enumerate(zip(Hs, Ws, Hs[1:], strict=False))]

        def loss(start, Z, Ws=Ws, bs=bs, Y=Y, last=last):
            """The loss, if layer `start` has the pre-activation Z."""
            for k in range(start, last):
                Z = sigmoid(Z) @ Ws[k + 1] + bs[k + 1]
            return np.sum((Z - Y) ** 2) / (2 * len(Y))

        for k, (X, W, b) in enumerate(zip(Hs, Ws, bs, strict=False)):
            agree(deltas[k], slope(lambda Z, k=k, loss=loss: loss(k, Z), X @ W + b))
            agree(dWs[k], slope(lambda W, k=k, loss=loss, X=X, b=b: loss(k, X @ W + b), W))
            agree(dbs[k], slope(lambda b, k=k, loss=loss, X=X, W=W: loss(k, X @ W + b), b))
