"""The answers of the gradients assignment, derived a second way: the complex step through the forward pass.

An answer is checked against what it claims to be, a slope or a step. No formula of the backward pass appears.
"""
import numpy as np

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


def at_every(arrays, f):
    """The slope of f(arrays) at every array of the list."""
    return [slope(lambda A, k=k: f([*arrays[:k], A, *arrays[k + 1:]]), arrays[k]) for k in range(len(arrays))]


def test_the_sum_of_outer_products_is_the_slope_at_w_of_a_loss_with_the_given_slope_at_z():
    for given, dW in trials("gradients.outer"):
        X, delta = given.values()
        agree(dW, slope(lambda W, X=X, d=delta: np.sum(d * (X @ W)), np.ones((X.shape[1], delta.shape[1]))))


def test_dw_and_db_are_the_slopes_at_w_and_b_of_a_loss_with_the_given_slope_at_z():
    for given, (dW, db) in trials("gradients.matrix"):
        X, delta = given.values()
        W, b = np.ones((X.shape[1], delta.shape[1])), np.ones(delta.shape[1])
        agree(dW, slope(lambda W, b=b, X=X, d=delta: np.sum(d * (X @ W + b)), W))
        agree(db, slope(lambda b, W=W, X=X, d=delta: np.sum(d * (X @ W + b)), b))


def test_sum_and_mean_of_a_batch_are_the_slopes_of_the_summed_and_of_the_mean_halved_squares():
    for given, (summed, mean) in trials("gradients.batch"):
        X, E = given.values()
        W = np.ones((X.shape[1], E.shape[1]))
        Y = X @ W - E                             # so that the errors at W are E

        def squares(W, X=X, Y=Y):
            return ((X @ W - Y) ** 2).sum(axis=1) / 2

        agree(summed, slope(lambda W, f=squares: np.sum(f(W)), W))
        agree(mean, slope(lambda W, f=squares: np.mean(f(W)), W))


def test_the_penalty_is_part_of_the_slopes_of_what_it_holds():
    for given, (dW, db, db_all) in trials("gradients.penalty"):
        X, delta, W, b, alpha = given.values()

        def first(W, b, X=X, d=delta, alpha=alpha):
            return np.sum(d * (X @ W + b)) + alpha * np.sum(W * W) / 2

        def second(W, b, first=first, alpha=alpha):
            return first(W, b) + alpha * np.sum(b * b) / 2

        for omega in (first, second):
            agree(dW, slope(lambda W, b=b, f=omega: f(W, b), W))
        agree(db, slope(lambda b, W=W, f=first: f(W, b), b))
        agree(db_all, slope(lambda b, W=W, f=second: f(W, b), b))


def test_a_step_goes_down_the_line_whose_slopes_are_given():
    for given, (cautious, bold) in trials("gradients.step"):
        Ws, dWs, eta_1, eta_2 = given.values()
        for k, (W, dW) in enumerate(zip(Ws, dWs, strict=True)):
            for eta, found in ((eta_1, cautious[k]), (eta_2, bold[k])):
                agree(found - W, -eta * slope(lambda V, g=dW: np.sum(V * g), W))
                assert np.sum((found - W) * dW) < 0
        assert not np.shares_memory(cautious[0], bold[0]) and not np.shares_memory(cautious[0], Ws[0])


def test_a_layer_that_learns_at_once_sends_back_the_slope_of_the_old_weights():
    for given, (dX, dW, W_new) in trials("gradients.order"):
        X, H, W, dH, eta = given.values()
        b = (logit(H) - X @ W)[0]

        def loss(X, W, b=b, dH=dH):
            return np.sum(dH * sigmoid(X @ W + b))

        agree(dX, slope(lambda X, W=W, loss=loss: loss(X, W), X))
        agree(dW, slope(lambda W, X=X, loss=loss: loss(X, W), W))
        agree(W_new, W - eta * slope(lambda W, X=X, loss=loss: loss(X, W), W))


def test_the_network_gradient_holds_the_slopes_of_loss_plus_penalty():
    for given, (dWs, dbs) in trials("gradients.network"):
        def objective(Ws, bs, X=given["X"], Y=given["Y"], alpha=given["alpha"]):
            H = X
            for W, b in zip(Ws[:-1], bs[:-1], strict=True):
                H = np.tanh(H @ W + b)
            error = H @ Ws[-1] + bs[-1] - Y
            return np.sum(error**2) / (2 * len(Y)) + sum(alpha / 2 * np.sum(W**2) for W in Ws)

        Ws, bs = given["Ws"], given["bs"]
        for found, right in zip(dWs, at_every(Ws, lambda Ws, bs=bs, f=objective: f(Ws, bs)), strict=True):
            agree(found, right)
        for found, right in zip(dbs, at_every(bs, lambda bs, Ws=Ws, f=objective: f(Ws, bs)), strict=True):
            agree(found, right)


def test_the_gradient_in_columns_holds_the_slopes_of_the_halved_mean_square():
    for given, (dWs, dbs) in trials("gradients.columns"):
        def loss(Ws, bs, X=given["X"], Y=given["Y"]):
            total = 0
            for x, y in zip(X.T, Y.T, strict=True):
                for W, b in zip(Ws[:-1], bs[:-1], strict=True):
                    x = sigmoid(W @ x + b)
                total = total + np.sum((y - Ws[-1] @ x - bs[-1]) ** 2)
            return total / (2 * X.shape[1])

        Ws, bs = given["Ws"], given["bs"]
        for found, right in zip(dWs, at_every(Ws, lambda Ws, bs=bs, f=loss: f(Ws, bs)), strict=True):
            agree(found, right)
        for found, right in zip(dbs, at_every(bs, lambda bs, Ws=Ws, f=loss: f(Ws, bs)), strict=True):
            agree(found, right)


def test_one_turn_of_lfds_loop_holds_the_slopes_at_signals_and_weights_and_then_descends():
    for given, (deltas, dWs, new_Ws) in trials("gradients.lfd"):
        x, y, Ws, eta = given.values()
        signals, below = [], x
        for W in Ws:
            signals.append(W.T @ below)
            below = np.tanh(signals[-1])

        def error(start, s, Ws, y=y):
            """The error, if layer `start` has the signal s."""
            for W in Ws[start + 1:]:
                s = W.T @ np.tanh(s)
            return np.sum((np.tanh(s) - y) ** 2)

        right = at_every(Ws, lambda Ws, x=x, f=error: f(0, Ws[0].T @ x, Ws))
        for k, s in enumerate(signals):
            agree(deltas[k], slope(lambda s, k=k, Ws=Ws, f=error: f(k, s, Ws), s))
            agree(dWs[k], right[k])
            agree(new_Ws[k], Ws[k] - eta * right[k])
