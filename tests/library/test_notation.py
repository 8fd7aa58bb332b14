"""Each deck's formulas in plain index loops, on that deck's own arrays, against house results carried over."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import (
    MLP,
    CrossEntropy,
    HalfSquaredError,
    Identity,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    gradient_step,
)
from chainrule.notation import DECKS, PARAMETER_SLOPES, PARAMETERS, UNIT_SLOPES, UNITS, delta_from_beta

ROLES = (*UNITS, *PARAMETERS, *UNIT_SLOPES, *PARAMETER_SLOPES)
seeds = given(seed=st.integers(0, 10**6), n=st.integers(2, 5))


def sig(z):
    return 1 / (1 + np.exp(-z))


def house(seed, n, hidden, output, loss=None, widths=(3, 4, 2), targets=None):
    rng = np.random.default_rng(seed)
    loss = loss or HalfSquaredError()
    net = MLP.random(widths, rng, hidden=hidden, output=output)
    X = rng.normal(size=(n, widths[0]))
    Y = targets(rng, n) if targets else rng.normal(size=(n, widths[-1]))
    trace = net.forward(X)
    return net, X, Y, trace, net.backward(trace, loss.slope(trace[-1], Y)), loss(trace[-1], Y)


def carried(deck, net, X, Y):
    """The deck's own arrays: W and b of two layers, inputs and targets."""
    one, two = net.layers
    return (deck.write("W", one.W), deck.write("b", one.b), deck.write("W", two.W), deck.write("b", two.b),
            deck.write("X", X), deck.write("Y", Y))


def same(a, b):
    assert np.shape(a) == np.shape(b)
    assert np.allclose(a, b, rtol=1e-11, atol=1e-13)


@seeds
def test_ece417_with_its_own_loops(seed, n):
    net, X, Y, trace, (g1, g2), L = house(seed, n, Sigmoid(), Identity())
    deck = DECKS["ECE417"]
    W1, b1, W2, b2, x, y = carried(deck, net, X, Y)
    N, D, K = 4, 3, 2
    xi1, h, yhat = np.zeros((N, n)), np.zeros((N, n)), np.zeros((K, n))
    for i in range(n):
        for k in range(N):
            xi1[k, i] = b1[k] + sum(W1[k, j] * x[j, i] for j in range(D))        # ECE417-04
            h[k, i] = sig(xi1[k, i])
        for k in range(K):
            yhat[k, i] = b2[k] + sum(W2[k, j] * h[j, i] for j in range(N))       # ECE417-02
    d2, d1 = np.zeros((K, n)), np.zeros((N, n))
    for i in range(n):
        for k in range(K):
            d2[k, i] = (yhat[k, i] - y[k, i]) / n                                # ECE417-47
        for k in range(N):
            d1[k, i] = sum(d2[m, i] * W2[m, k] for m in range(K)) * sig(xi1[k, i]) * (1 - sig(xi1[k, i]))
    G1 = np.array([[sum(d1[k, i] * x[j, i] for i in range(n)) for j in range(D)] for k in range(N)])    # ECE417-43
    G2 = np.array([[sum(d2[k, i] * h[j, i] for i in range(n)) for j in range(N)] for k in range(K)])    # ECE417-41
    loss = sum((y[k, i] - yhat[k, i]) ** 2 for i in range(n) for k in range(K)) / (2 * n)               # ECE417-28
    same(deck.write("H", trace[1], n=n), h)
    same(deck.write("delta", g1.delta, n=n), d1)
    same(deck.write("delta", g2.delta, n=n), d2)
    same(deck.write("dW", g1.dW, n=n), G1)
    same(deck.write("dW", g2.dW, n=n), G2)
    same(deck.write("loss", L, n=n), loss)
    same(deck.read("dW", G2, n=n), g2.dW)


@seeds
def test_ece884_with_its_own_loops(seed, n):
    net, X, Y, _trace, (g1, g2), L = house(seed, n, Tanh(), Identity())
    deck = DECKS["ECE884"]
    W1, b1, W2, b2, x, y = carried(deck, net, X, Y)
    J1, J2, e = np.zeros((4, 3)), np.zeros((2, 4)), 0.0
    at_h1, at_h2 = np.zeros((4, n)), np.zeros((2, n))
    for i in range(n):                                                           # one example at a time
        h1 = [np.tanh(b1[k] + sum(W1[k, j] * x[j, i] for j in range(3))) for k in range(4)]        # ECE884-01
        h2 = [b2[k] + sum(W2[k, j] * h1[j] for j in range(4)) for k in range(2)]
        e += sum((y[k, i] - h2[k]) ** 2 for k in range(2)) / n                   # ECE884-30, mean over N: ECE884-02
        for k in range(2):
            at_h2[k, i] = -2 * (y[k, i] - h2[k])                                 # ECE884-31
        for j in range(4):
            at_h1[j, i] = sum(at_h2[k, i] * W2[k, j] for k in range(2))          # ECE884-34
        for k in range(2):
            for j in range(4):
                J2[k, j] += at_h2[k, i] * h1[j] / n                              # ECE884-06
        for k in range(4):
            for j in range(3):
                J1[k, j] += at_h1[k, i] * (1 - h1[k] ** 2) * x[j, i] / n
    same(deck.write("dH", g2.dH, n=n), at_h2)
    same(deck.write("dH", g1.dH, n=n), at_h1)
    same(deck.write("dW", g1.dW, n=n), J1)
    same(deck.write("dW", g2.dW, n=n), J2)
    same(deck.write("loss", L, n=n), e)
    same(deck.read("dH", at_h1, n=n), g1.dH)


@seeds
def test_the_chain_rule_slides_of_aiml231_with_their_own_loops(seed, n):
    net, X, Y, _trace, (g1, g2), L = house(seed, n, Sigmoid(), Sigmoid())
    deck = DECKS["AIML231"]
    W1, b1, W2, b2, x, y = carried(deck, net, X, Y)
    C, C1, C2, Cb = 0.0, np.zeros((4, 3)), np.zeros((2, 4)), np.zeros(2)
    dCda, dCdz = np.zeros((4, n)), np.zeros((2, n))
    for i in range(n):
        a0 = x[:, i]
        a1 = [sig(b1[j] + sum(W1[j, k] * a0[k] for k in range(3))) for j in range(4)]
        a2 = [sig(b2[j] + sum(W2[j, k] * a1[k] for k in range(4))) for j in range(2)]
        C += sum((a2[j] - y[j, i]) ** 2 for j in range(2)) / n                   # AIML231-32, -28
        for j in range(2):
            dCdz[j, i] = a2[j] * (1 - a2[j]) * 2 * (a2[j] - y[j, i])             # AIML231-19
            Cb[j] += dCdz[j, i] / n                                              # AIML231-12
            for k in range(4):
                C2[j, k] += a1[k] * dCdz[j, i] / n                               # AIML231-38, first case, mean: -40
        for k in range(4):
            dCda[k, i] = sum(W2[j, k] * dCdz[j, i] for j in range(2))            # AIML231-36
            for m in range(3):
                C1[k, m] += a0[m] * a1[k] * (1 - a1[k]) * dCda[k, i] / n         # AIML231-37, corrected
    same(deck.write("dH", g1.dH, n=n), dCda)
    same(deck.write("delta", g2.delta, n=n), dCdz)
    same(deck.write("dW", g1.dW, n=n), C1)
    same(deck.write("dW", g2.dW, n=n), C2)
    same(deck.write("db", g2.db, n=n), Cb)
    same(deck.write("loss", L, n=n), C)


@seeds
def test_the_algorithm_of_aiml231_with_beta_and_folded_biases(seed, n):
    net, X, Y, trace, (g1, g2), L = house(seed, n, Sigmoid(), Sigmoid())
    deck = DECKS["AIML231beta"]
    M1, M2 = deck.fold(net.layers[0].W, net.layers[0].b), deck.fold(net.layers[1].W, net.layers[1].b)
    assert M1.shape == (4, 4) and M2.shape == (2, 5)
    x, d = deck.write("X", X), deck.write("Y", Y)
    eta = 0.3
    beta1, beta2 = np.zeros((4, n)), np.zeros((2, n))
    change1, change2, E = np.zeros((4, 4)), np.zeros((2, 5)), 0.0
    for i in range(n):
        o0 = [1.0, *x[:, i]]                                                     # AIML231-10: x0 = 1
        o1 = [1.0] + [sig(sum(M1[j, k] * o0[k] for k in range(4))) for j in range(4)]
        o2 = [sig(sum(M2[z, k] * o1[k] for k in range(5))) for z in range(2)]
        E += sum((d[z, i] - o2[z]) ** 2 for z in range(2)) / 2
        for z in range(2):
            beta2[z, i] = d[z, i] - o2[z]                                        # AIML231-06
        for j in range(4):
            beta1[j, i] = sum(M2[k, j + 1] * o2[k] * (1 - o2[k]) * beta2[k, i] for k in range(2))      # AIML231-07
        for j in range(2):
            for k in range(5):
                change2[j, k] += eta * o1[k] * o2[j] * (1 - o2[j]) * beta2[j, i]                       # -08, -09
        for j in range(4):
            for k in range(4):
                change1[j, k] += eta * o0[k] * o1[j + 1] * (1 - o1[j + 1]) * beta1[j, i]
    same(deck.write("dH", g2.dH, n=n), beta2)
    same(deck.write("dH", g1.dH, n=n), beta1)
    same(deck.write("loss", L, n=n), E)
    factor = deck.factor("dW", n)
    same(eta * factor * deck.fold(g1.dW, g1.db), change1)
    same(eta * factor * deck.fold(g2.dW, g2.db), change2)
    same(delta_from_beta(beta1, trace[1], Sigmoid(), n), g1.delta)
    same(delta_from_beta(beta2, trace[2], Sigmoid(), n), g2.delta)
    gradient_step(net, [g1, g2], eta * n)                                        # the same step in house notation
    same(deck.fold(net.layers[1].W, net.layers[1].b), M2 + change2)


def one_hot(rng, n):
    return np.eye(2)[rng.integers(0, 2, n)]


@seeds
def test_taylor_with_its_own_loops_and_the_overwritten_g(seed, n):
    net, X, Y, _trace, (g1, g2), L = house(seed, n, ReLU(), Softmax(), CrossEntropy(), targets=one_hot)
    deck = DECKS["TAYLOR"]
    W1, b1, W2, b2, x, y = carried(deck, net, X, Y)
    at_h, at_a, J = np.zeros((4, n)), np.zeros((2, n)), 0.0
    G1, G2, B1 = np.zeros((4, 3)), np.zeros((2, 4)), np.zeros(4)
    for i in range(n):
        a1 = [b1[k] + sum(W1[k, j] * x[j, i] for j in range(3)) for k in range(4)]                    # TAYLOR-30
        h1 = [max(a, 0) for a in a1]
        a2 = [b2[k] + sum(W2[k, j] * h1[j] for j in range(4)) for k in range(2)]
        p = [np.exp(a) / sum(np.exp(b) for b in a2) for a in a2]                                      # TAYLOR-38
        J -= sum(y[k, i] * np.log(p[k]) for k in range(2)) / n                                        # TAYLOR-39
        g = [p[k] - y[k, i] for k in range(2)]                                                        # TAYLOR-40
        at_a[:, i] = g
        G2 += np.array([[g[k] * h1[j] / n for j in range(4)] for k in range(2)])                      # TAYLOR-42, -06
        g = [sum(W2[k, j] * g[k] for k in range(2)) for j in range(4)]                                # TAYLOR-43
        at_h[:, i] = g
        g = [g[j] * (a1[j] > 0) for j in range(4)]                                                    # TAYLOR-44
        B1 += np.array(g) / n                                                                         # TAYLOR-45
        G1 += np.array([[g[k] * x[j, i] / n for j in range(3)] for k in range(4)])
    kind = {"n": n, "loss": "cross-entropy"}
    same(deck.write("dH", g1.dH, **kind), at_h)
    same(deck.write("delta", g2.delta, **kind), at_a)
    same(deck.write("dW", g1.dW, **kind), G1)
    same(deck.write("dW", g2.dW, **kind), G2)
    same(deck.write("db", g1.db, **kind), B1)
    same(deck.write("loss", L, **kind), J)


@seeds
def test_lfd_with_its_own_loops_and_the_transposed_w(seed, n):
    def signs(rng, n):
        return rng.choice([-1.0, 1.0], (n, 1))
    net, X, Y, _trace, (g1, g2), L = house(seed, n, Tanh(), Tanh(), widths=(3, 4, 1), targets=signs)
    deck = DECKS["LFD"]
    w1, w2 = deck.fold(net.layers[0].W, net.layers[0].b), deck.fold(net.layers[1].W, net.layers[1].b)
    assert w1.shape == (4, 4) and w2.shape == (5, 1)
    x, y = deck.write("X", X), deck.write("Y", Y)
    d1, d2, e = np.zeros((4, n)), np.zeros((1, n)), 0.0
    sum1, sum2 = np.zeros((4, 4)), np.zeros((5, 1))
    for m in range(n):
        x0 = [1.0, *x[:, m]]
        x1 = [1.0] + [np.tanh(sum(w1[i, j] * x0[i] for i in range(4))) for j in range(4)]             # LFD-07
        out = np.tanh(sum(w2[i, 0] * x1[i] for i in range(5)))
        e += (out - y[0, m]) ** 2                                                                     # LFD-12
        d2[0, m] = 2 * (out - y[0, m]) * (1 - out**2)                                                 # LFD-14
        for i in range(4):
            d1[i, m] = (1 - x1[i + 1] ** 2) * w2[i + 1, 0] * d2[0, m]                                 # LFD-18
        for i in range(5):
            sum2[i, 0] += x1[i] * d2[0, m]                                                            # LFD-27
        for i in range(4):
            for j in range(4):
                sum1[i, j] += x0[i] * d1[j, m]
    same(deck.write("delta", g1.delta, n=n), d1)
    same(deck.write("delta", g2.delta, n=n), d2)
    same(deck.write("loss", L, n=n), e)
    same(deck.factor("dW", n) * deck.fold(g1.dW, g1.db), sum1)
    same(deck.write("dW", g2.dW, n=n), sum2[1:])
    same(deck.read("delta", d1, n=n), g1.delta)
    same(deck.write("W", net.layers[0].W), net.layers[0].W)


@pytest.mark.parametrize("deck", DECKS.values(), ids=list(DECKS))
@pytest.mark.parametrize("loss", ["squared error", "cross-entropy"])
@given(seed=st.integers(0, 10**6), n=st.integers(1, 400))
def test_round_trips_are_exact_and_to_the_last_bit_where_n_must_be_divided_away(deck, loss, seed, n):
    rng = np.random.default_rng(seed)
    for role in ROLES:
        A = rng.normal(size=(3, 4) if role not in ("b", "db") else 4)
        for there, back in ((deck.write, deck.read), (deck.read, deck.write)):
            B = back(role, there(role, A, n=n, loss=loss), n=n, loss=loss)
            factor = abs(deck.factor(role, n, loss))
            if factor & (factor - 1) == 0:                    # a power of two, 1 among them
                assert np.array_equal(B, A)
            else:
                assert np.all(np.abs(B - A) <= np.spacing(np.abs(A)))
    M = deck.fold(A4 := rng.normal(size=(3, 4)), b := rng.normal(size=4))
    W, c = deck.unfold(M)
    assert np.array_equal(W, A4) and np.array_equal(c, b)


def test_only_lfd_keeps_our_w_and_only_beta_turns_the_sign():
    W = np.arange(6.0).reshape(2, 3)
    assert [name for name, deck in DECKS.items() if np.array_equal(deck.write("W", W), W, equal_nan=False)] == ["LFD"]
    assert [name for name, deck in DECKS.items() if deck.factor("dH", 4) < 0] == ["AIML231beta"]
    assert {name: deck.factor("delta", 3) for name, deck in DECKS.items()} == {
        "ECE417": 1, "ECE884": 6, "AIML231": 6, "AIML231beta": -3, "TAYLOR": 3, "LFD": 6}
    assert {name: deck.factor("dW", 3) for name, deck in DECKS.items()} == {
        "ECE417": 1, "ECE884": 2, "AIML231": 2, "AIML231beta": -3, "TAYLOR": 1, "LFD": 6}
    assert {name: deck.factor("dW", 3, "cross-entropy") for name, deck in DECKS.items()} == {
        "ECE417": 1, "ECE884": 1, "AIML231": 1, "AIML231beta": -3, "TAYLOR": 1, "LFD": 3}


@pytest.mark.parametrize("ask, words", [
    (lambda deck: deck.write("gamma", np.ones((2, 2)), n=2), "There is no role 'gamma'; known are X, Z"),
    (lambda deck: deck.write("delta", np.ones((2, 2))), "n is None; delta needs the number of examples"),
    (lambda deck: deck.write("dW", np.ones((2, 2)), n=0), "n is 0"),
    (lambda deck: deck.write("dW", np.ones((2, 2)), n=1.5), "n is 1.5"),
    (lambda deck: deck.write("delta", np.ones(2), n=2), r"delta has shape \(2,\); it must be a matrix"),
    (lambda deck: deck.write("delta", np.ones((2, 2)), n=2, loss="hinge"), "The loss is 'hinge'"),
])
def test_what_cannot_be_carried_over_is_refused(ask, words):
    with pytest.raises(ValueError, match=words):
        ask(DECKS["TAYLOR"])
