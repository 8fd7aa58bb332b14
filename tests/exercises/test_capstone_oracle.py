"""The answers of the capstone, by other routes: the library's graph, complex steps, the reference MLP, autograd."""
import numpy as np
import pytest
from right_capstone import train_momentum

from chainrule import MLP, graph
from chainrule.exercises import capstone, find
from chainrule.exercises._judge import judge

SEEDS = range(4)


def trials(id):
    exercise = find(id)
    return [(case.inputs, exercise.answer(**case.inputs)) for seed in SEEDS for case in exercise.cases(seed)]


def as_nodes(ops, parents, x):
    """The same graph with the library's nodes."""
    nodes = [graph.variable(v) for v in x]
    for op, by in list(zip(ops, parents, strict=True))[len(x):]:
        nodes.append(graph.apply(op, *(nodes[p] for p in by if p >= 0)))
    return nodes


def test_the_values_are_those_of_the_librarys_graph():
    for given, values in trials("capstone.forward"):
        np.testing.assert_allclose(values, [float(node.value) for node in as_nodes(**given)], rtol=1e-12)


def test_graphs_have_forks_a_node_used_twice_and_relu_on_both_sides():
    for given, values in trials("capstone.forward"):
        ops, parents = given["ops"], given["parents"]
        assert all(p < i for i, by in enumerate(parents) for p in by)
        assert set(range(len(ops) - 1)) <= set(parents.ravel().tolist())           # each reaches the end
        assert any(a == b >= 0 for a, b in parents)
        assert {bool(values[by[0]] > 0) for op, by in zip(ops, parents, strict=True) if op == "relu"} == {True, False}


def test_local_slopes_and_the_walk_back_agree_with_the_librarys_graph():
    for given, _ in trials("capstone.forward"):
        nodes = as_nodes(**given)
        graph.backward(nodes[-1])
        values = capstone.forward.answer(**given)
        local = capstone.local.answer(given["ops"], given["parents"], values)
        for row, node in zip(local, nodes, strict=True):
            np.testing.assert_allclose(row, [*map(float, graph.local_slopes(node)), 0, 0][:2], rtol=1e-12)
        grad = capstone.backward.answer(given["parents"], local)
        np.testing.assert_allclose(grad, [float(node.slope) for node in nodes], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("k", range(2))
def test_slopes_of_inputs_by_differences(k):
    for given, _ in trials("capstone.forward"):
        ops, parents, x = given.values()
        grad = capstone.backward.answer(
            parents, capstone.local.answer(ops, parents, capstone.forward.answer(ops, parents, x)))
        step = 1e-6 * np.eye(len(x))[k]
        up, down = (capstone.forward.answer(ops, parents, x + s)[-1] for s in (step, -step))
        assert grad[k] == pytest.approx((up - down) / 2e-6, rel=1e-6, abs=1e-8)


def test_what_is_carried_back_is_the_slope_of_the_output_weighed_with_G():
    for given, (dX, dW, db, dT, dR) in trials("capstone.carry"):
        X, W, H, Z, G = given.values()
        b, h = np.zeros(W.shape[1]), 1e-30
        for gate, at, slope in ((lambda A: A @ W, X, dX), (lambda A: X @ A, W, dW), (lambda A: X @ W + A, b, db),
                                (np.tanh, np.arctanh(H), dT), (lambda A: np.where(A.real > 0, A, 0), Z, dR)):
            for k in np.ndindex(at.shape):
                moved = at.astype(complex)
                moved[k] += 1j * h
                assert slope[k] == pytest.approx(np.sum(G * gate(moved).imag) / h, rel=1e-10, abs=1e-13)


def scores(leaves, np=np):
    """The two graphs of the cases, written out, for real and complex numbers and for autograd."""
    def relu(z):
        return np.where(np.real(z) > 0, z, 0)
    if len(leaves) == 6:
        X, _, W, b, P, Q = leaves
        return np.tanh(2 * (np.dot(X, W) + b)) + relu(P) + P + Q + b
    X, _, W1, b1, W2, b2, V = leaves
    H = np.tanh(np.dot(X, W1) + b1)
    return np.dot(H, W2) + b2 + np.dot(relu(H), V)


def loss_at(leaves, np=np):
    A, T = scores(leaves, np), leaves[1]
    return np.sum(T * (np.log(np.sum(np.exp(A), axis=1, keepdims=True)) - A)) / len(A)


def test_the_engines_slopes_of_every_leaf_by_complex_steps():
    for given, (loss, slopes, _) in trials("capstone.engine"):
        leaves = given["leaves"]
        assert loss == pytest.approx(loss_at(leaves), rel=1e-12)
        for place, slope in enumerate(slopes):
            if place == 1:                        # the targets' slope does not know that rows of T add up to 1
                continue
            for k in np.ndindex(slope.shape):
                moved = [leaf.astype(complex) for leaf in leaves]
                moved[place][k] += 1e-30j
                assert slope[k] == pytest.approx(loss_at(moved).imag / 1e-30, rel=1e-9, abs=1e-13)


def test_the_slope_of_the_targets_is_minus_log_p_over_n():
    for given, (_, slopes, _) in trials("capstone.engine"):
        leaves = given["leaves"]
        for k in np.ndindex(slopes[1].shape):
            others = [leaf if place != 1 else np.eye(leaf.shape[1])[np.full(len(leaf), k[1])]
                      for place, leaf in enumerate(leaves)]
            rows = (0, 1, 4, 5) if len(leaves) == 6 else (0, 1)              # leaves that have a row for each example
            alone = [leaf[k[0]:k[0] + 1] if place in rows else leaf for place, leaf in enumerate(others)]
            assert slopes[1][k] == pytest.approx(loss_at(alone) / len(leaves[0]), rel=1e-9)


def test_without_the_side_road_the_deltas_are_those_of_the_reference_recursion():
    for given, _ in [trial for trial in trials("capstone.engine") if len(trial[0]["leaves"]) == 7]:
        leaves = [*given["leaves"][:6], 0 * given["leaves"][6]]
        X, T, W1, b1, W2, b2, _ = leaves
        net = MLP.random((W1.shape[0], *W2.shape), np.random.default_rng(0))
        for layer, W, b in zip(net.layers, (W1, W2), (b1, b2), strict=True):
            layer.W, layer.b = W, b
        trace = net.forward(X)
        p = np.exp(trace[-1]) / np.exp(trace[-1]).sum(axis=1, keepdims=True)
        gradients = net.backward(trace, (p - T) / len(X))
        _, slopes, deltas = capstone.engine.answer(given["ops"], given["parents"], leaves)
        for delta, theirs in zip(deltas, gradients, strict=True):
            np.testing.assert_allclose(delta, theirs.delta, rtol=1e-10, atol=1e-15)
        for slope, theirs in zip(slopes[2:6], (g for grad in gradients for g in (grad.dW, grad.db)), strict=True):
            np.testing.assert_allclose(slope, theirs, rtol=1e-10, atol=1e-15)


def test_where_one_bias_serves_two_nodes_each_has_a_delta_of_its_own():
    """A bias of its own for every example, moved in one entry: first at one node, then at the other."""
    given, (_, _, deltas) = next(trial for trial in trials("capstone.engine") if len(trial[0]["leaves"]) == 6)
    X, T, W, b, P, Q = given["leaves"]
    rows = np.tile(b, (len(X), 1)).astype(complex)
    for place in (0, 1):
        for k in np.ndindex(rows.shape):
            two = [rows.copy(), rows.copy()]
            two[place][k] += 1e-30j
            A = np.tanh(2 * (X @ W + two[0])) + np.where(P > 0, P, 0) + P + Q + two[1]
            loss = np.sum(T * (np.log(np.sum(np.exp(A), axis=1, keepdims=True)) - A)) / len(A)
            assert deltas[place][k] == pytest.approx(loss.imag / 1e-30, rel=1e-9, abs=1e-13)


def test_autograd_finds_the_same_slopes():
    import autograd.numpy as anp
    from autograd import grad

    for given, (_, slopes, _) in trials("capstone.engine"):
        for k, (ours, theirs) in enumerate(zip(slopes, grad(lambda leaves: loss_at(leaves, anp))(given["leaves"]),
                                               strict=True)):
            if k != 1:
                np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-14)


def one_network_by_heart(ops, parents, leaves):
    X, T, W1, b1, W2, b2, V = leaves
    return capstone.engine.answer(ops, parents, leaves)


def adding_in_place(ops, parents, leaves):
    """The first slope that arrives is kept, not copied; two parents of add then share one array."""
    def add(old, new):
        old += new
        return old
    return capstone.told(ops, leaves, *capstone.engine_with(ops, parents, leaves, add=add))


def both_parents_at_once(ops, parents, leaves):
    """grad[a], grad[b] = grad[a] + …, grad[b] + …: where a is b, the second line wins."""
    u, _ = capstone.engine_with(ops, parents, leaves)
    grad = [0.0] * len(u)
    grad[-1] = 1.0
    for i in reversed(range(len(leaves), len(u))):
        a, b = parents[i]
        sent = capstone.BACK[ops[i]](grad[i], u[i], u[a], u[b])
        if len(sent) == 2:
            grad[a], grad[b] = grad[a] + sent[0], grad[b] + sent[1]
        else:
            grad[a] = grad[a] + sent[0]
    return capstone.told(ops, leaves, u, grad)


@pytest.mark.parametrize("engine", [one_network_by_heart, adding_in_place, both_parents_at_once])
def test_an_engine_for_networks_alone_is_not_enough(engine):
    networks = [case for case in find("capstone.engine").cases(seed=5) if len(case.inputs["leaves"]) == 7]
    for case in networks:                         # on these it is right
        right = capstone.engine.answer(*case.inputs.values())
        for ours, theirs in zip(engine(*case.inputs.values())[1], right[1], strict=True):
            np.testing.assert_allclose(ours, theirs)
    for seed in range(5):
        assert judge(find("capstone.engine"), engine, seed).kind in ("part", "wrong", "error")


@pytest.mark.parametrize("draw, inputs, classes", [(capstone.two_moons, 2, 2), (capstone.drawn_digits, 42, 5)])
def test_the_data_are_balanced_on_both_halves_and_no_labels_follow_from_the_order(draw, inputs, classes):
    X, labels = draw(np.random.default_rng(1), 200)
    assert X.shape == (200, inputs)
    for half in (labels[::2], labels[1::2]):
        assert list(np.bincount(half)) == [100 // classes] * classes


@pytest.mark.parametrize("id", ["capstone.moons", "capstone.digits"])
def test_a_training_that_is_right_needs_no_seed_of_ours(id):
    """Momentum learns both tasks, and weights that are not of a network get a sentence, not a mark."""
    exercise = find(id)
    assert judge(exercise, train_momentum, 77).kind == "full"
    for spoil, said in ((lambda P: P[:3], "four arrays"), (lambda P: [P[0].T, *P[1:]], "W1 should have"),
                        (lambda P: [*P[:2], P[2][:, :1], P[3]], "W2 should have"),
                        (lambda P: [np.nan * p for p in P], "NaN or infinite"),
                        (lambda P: [P[0], P[1].ravel()[:2], *P[2:]], "b1 should hold"),
                        (lambda P: [*P[:3], "b2"], "real numbers")):
        verdict = judge(exercise, lambda *x, spoil=spoil: spoil(list(train_momentum(*x))), 77)
        assert verdict.earned == 0 and said in verdict.headline, verdict
