"""The network: forward, backward, parameters, initialisers, files, refusals."""
import autograd
import autograd.numpy as anp
import loops
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from chainrule import (
    MLP,
    BinaryCrossEntropy,
    CrossEntropy,
    Gradient,
    HalfSquaredError,
    Identity,
    Layer,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    check_gradient,
    complex_step_gradient,
    flatten,
    he,
    normal,
    xavier,
)
from chainrule.gradcheck import tolerance

HIDDEN = [Identity(), Sigmoid(), Tanh(), ReLU(), Softmax()]
ENDS = [(Identity(), HalfSquaredError()), (Sigmoid(), BinaryCrossEntropy()), (Softmax(), CrossEntropy()),
        (Tanh(), HalfSquaredError())]
SLOPES = {                                    # one example's slope of the loss at the output, index by index
    "HalfSquaredError": lambda p, y: [a - b for a, b in zip(p, y, strict=True)],
    "BinaryCrossEntropy": lambda p, y: [-b / a + (1 - b) / (1 - a) for a, b in zip(p, y, strict=True)],
    "CrossEntropy": lambda p, y: [-b / a for a, b in zip(p, y, strict=True)],
}
networks = given(seed=st.integers(0, 10**6), widths=st.lists(st.integers(1, 5), min_size=2, max_size=5),
                 n=st.integers(1, 6), hidden=st.sampled_from(HIDDEN), end=st.sampled_from(ENDS),
                 scale=st.sampled_from([0.1, 1.0, 2.0]))


def problem(seed, widths, n, hidden, end, scale):
    rng = np.random.default_rng(seed)
    output, loss = end
    net = MLP.random(widths, rng, hidden=hidden, output=output, scale=scale)
    X, Y = rng.normal(size=(n, widths[0])), rng.normal(size=(n, widths[-1]))
    if isinstance(loss, BinaryCrossEntropy):
        Y = (Y > 0).astype(float)
    if isinstance(loss, CrossEntropy):
        Y = np.eye(widths[-1])[rng.integers(0, widths[-1], n)]
    trace = net.forward(X)
    return net, loss, X, Y, trace, net.backward(trace, loss.slope(trace[-1], Y))


def near(a, b, size=1e-10):
    return np.allclose(a, b, rtol=1e-8, atol=size * max(1e-3, np.max(np.abs(b), initial=0)))


@networks
def test_backward_agrees_with_index_loops(**draw):
    net, loss, X, Y, _, gradients = problem(**draw)
    plain = [(layer.W.tolist(), layer.b.tolist(), type(layer.phi).__name__) for layer in net.layers]
    dW, db = loops.backprop(plain, X.tolist(), Y.tolist(), SLOPES[type(loss).__name__])
    for k, gradient in enumerate(gradients):
        assert near(gradient.dW, np.array(dW[k]) / len(X)) and near(gradient.db, np.array(db[k]) / len(X))


@networks
def test_backward_agrees_with_the_complex_step(**draw):
    net, loss, X, Y, _, gradients = problem(**draw)
    expected = complex_step_gradient(lambda t: loss(net.with_parameters(t).forward(X)[-1], Y), net.parameters())
    found = flatten(net.slopes(gradients))
    assert np.all(np.abs(found - expected) <= tolerance(found, expected) + 1e-13)


@networks
def test_backward_agrees_with_hips_autograd(**draw):
    net, loss, X, Y, _, gradients = problem(**draw)
    functions = {
        "Identity": lambda Z: Z, "Tanh": anp.tanh, "ReLU": lambda Z: anp.maximum(Z, 0) * (Z > 0),
        "Sigmoid": lambda Z: 1 / (1 + anp.exp(-Z)),
        "Softmax": lambda Z: anp.exp(Z) / anp.sum(anp.exp(Z), axis=1, keepdims=True),
    }
    values = {
        "HalfSquaredError": lambda P: anp.sum((P - Y) ** 2) / 2,
        "BinaryCrossEntropy": lambda P: -anp.sum(Y * anp.log(P) + (1 - Y) * anp.log(1 - P)),
        "CrossEntropy": lambda P: -anp.sum(Y * anp.log(P)),
    }

    def objective(tensors):
        H = X
        for k, layer in enumerate(net.layers, 1):
            H = functions[type(layer.phi).__name__](anp.dot(H, tensors[f"W{k}"]) + tensors[f"b{k}"])
        return values[type(loss).__name__](H) / len(X)
    expected = autograd.grad(objective)(net.tensors())
    for name, slope in net.slopes(gradients).items():
        assert near(slope, expected[name])


def test_backward_agrees_with_sympy_on_a_two_layer_network():
    rng = np.random.default_rng(0)
    net = MLP.random((2, 2, 1), rng, hidden=Tanh(), output=Sigmoid())
    X, Y = rng.normal(size=(3, 2)), rng.normal(size=(3, 1))
    names = sympy.symbols("w0:9")
    W1, b1 = sympy.Matrix(2, 2, names[:4]), sympy.Matrix(1, 2, names[4:6])
    W2, b2 = sympy.Matrix(2, 1, names[6:8]), names[8]
    L = 0
    for x, y in zip(X, Y[:, 0], strict=True):
        h = (sympy.Matrix([x.tolist()]) * W1 + b1).applyfunc(sympy.tanh)
        L += (1 / (1 + sympy.exp(-((h * W2)[0] + b2))) - y) ** 2 / 6
    at = dict(zip(names, net.parameters().tolist(), strict=True))
    expected = [float(sympy.diff(L, v).subs(at)) for v in names]
    trace = net.forward(X)
    found = flatten(net.slopes(net.backward(trace, HalfSquaredError().slope(trace[-1], Y))))
    assert np.allclose(found, expected, rtol=1e-12)


@networks
def test_a_gradient_of_a_batch_is_the_mean_over_its_rows(**draw):
    net, loss, X, Y, _, gradients = problem(**draw)
    rows = []
    for i in range(len(X)):
        trace = net.forward(X[i:i + 1])
        rows.append(flatten(net.slopes(net.backward(trace, loss.slope(trace[-1], Y[i:i + 1])))))
    assert near(flatten(net.slopes(gradients)), np.mean(rows, axis=0))


@networks
def test_the_order_of_examples_does_not_matter(**draw):
    net, loss, X, Y, _, gradients = problem(**draw)
    order = np.random.default_rng(1).permutation(len(X))
    trace = net.forward(X[order])
    assert near(flatten(net.slopes(net.backward(trace, loss.slope(trace[-1], Y[order])))),
                flatten(net.slopes(gradients)))


@networks
def test_a_slope_of_zero_gives_gradients_of_zero(**draw):
    net, _, _, _, trace, _ = problem(**draw)
    for gradient in net.backward(trace, np.zeros_like(trace[-1])):
        assert not np.any(gradient.dW) and not np.any(gradient.db) and not np.any(gradient.delta)


@networks
def test_backward_is_linear_in_the_slope_that_it_is_given(**draw):
    net, loss, _, Y, trace, gradients = problem(**draw)
    doubled = net.backward(trace, 2 * loss.slope(trace[-1], Y))
    assert near(flatten(net.slopes(doubled)), 2 * flatten(net.slopes(gradients)))


def test_every_intermediate_of_the_backward_pass_has_a_name():
    rng = np.random.default_rng(3)
    net, loss = MLP.random((2, 4, 3), rng, hidden=Tanh(), output=Sigmoid()), HalfSquaredError()
    X, Y = rng.normal(size=(5, 2)), rng.normal(size=(5, 3))
    trace = net.forward(X)
    first, last = net.backward(trace, loss.slope(trace[-1], Y))
    top = net.layers[1]
    assert np.array_equal(last.dH, loss.slope(trace[-1], Y))
    assert np.allclose(last.delta, complex_step_gradient(lambda Z: loss(top.phi(Z), Y), top.pre_activation(trace[1])))
    assert np.allclose(first.dH, complex_step_gradient(lambda H: loss(top.forward(H), Y), trace[1]), rtol=1e-12)
    assert np.allclose(first.delta, complex_step_gradient(
        lambda Z: loss(top.forward(np.tanh(Z)), Y), net.layers[0].pre_activation(X)), rtol=1e-12)
    dX = first.delta @ net.layers[0].W.T
    assert np.allclose(dX, complex_step_gradient(lambda X: loss(net.forward(X)[-1], Y), X), rtol=1e-12)
    assert Gradient(1, 2, 3) == Gradient(delta=1, dW=2, db=3, dH=None)


def test_the_trace_holds_the_input_and_the_output_of_every_layer():
    net = MLP.random((2, 3, 1), np.random.default_rng(4))
    X = np.ones((2, 2))
    trace = net.forward(X)
    assert trace[0] is X and len(trace) == 3
    for below, above, layer in zip(trace, trace[1:], net.layers, strict=False):
        assert np.array_equal(above, layer.phi(below @ layer.W + layer.b))
        assert np.array_equal(above, layer.forward(below))


def test_forward_and_backward_change_neither_network_nor_inputs():
    net, loss, X, Y, trace, _ = problem(5, (2, 3, 2), 4, Tanh(), ENDS[0], 1.0)
    kept = net.parameters(), X.copy(), [T.copy() for T in trace]
    net.backward(net.forward(X), loss.slope(trace[-1], Y))
    assert np.array_equal(net.parameters(), kept[0]) and np.array_equal(X, kept[1])
    assert all(np.array_equal(a, b) for a, b in zip(trace, kept[2], strict=True))


def test_the_checker_passes_the_gradient_of_a_network_tensor_by_tensor():
    net, loss, X, Y, _, gradients = problem(6, (3, 4, 2), 5, Sigmoid(), ENDS[1], 1.0)
    f = lambda t: loss(net.with_tensors(t).forward(X)[-1], Y)  # noqa: E731
    assert check_gradient(f, net.slopes(gradients), net.tensors()).ok


# ── parameters ──────────────────────────────────────────────────────────────────────────────────────────────────

def test_parameters_are_one_vector_in_the_order_w1_b1_w2_and_so_on():
    net = MLP([Layer(np.array([[1.0, 2], [3, 4]]), np.array([5.0, 6]), Tanh()),
               Layer(np.array([[7.0], [8]]), np.array([9.0]), Identity())])
    assert np.array_equal(net.parameters(), np.arange(1.0, 10))
    assert list(net.tensors()) == ["W1", "b1", "W2", "b2"]
    assert net.tensors()["W2"] is net.layers[1].W


def test_a_vector_and_back_is_the_same_network_on_its_own_memory():
    net = MLP.random((3, 4, 2), np.random.default_rng(7), hidden=ReLU(), output=Softmax())
    theta = net.parameters()
    twin = net.with_parameters(theta)
    assert np.array_equal(twin.parameters(), theta) and [layer.phi for layer in twin.layers] == [ReLU(), Softmax()]
    twin.layers[0].W += 1
    assert np.array_equal(net.parameters(), theta) and not np.array_equal(twin.parameters(), theta)
    theta[:] = 0
    assert np.any(net.parameters()) and np.any(twin.parameters())
    for wrong in (theta[:-1], theta[None, :], np.append(theta, 0)):
        with pytest.raises(ValueError, match="this network has 26 parameters"):
            net.with_parameters(wrong)


def test_slopes_carry_the_names_of_their_parameters():
    net, _, _, _, _, gradients = problem(8, (2, 3, 1), 4, Tanh(), ENDS[0], 1.0)
    slopes = net.slopes(gradients)
    assert list(slopes) == ["W1", "b1", "W2", "b2"] and slopes["b2"] is gradients[1].db
    assert all(slopes[name].shape == A.shape for name, A in net.tensors().items())


def test_a_random_network_is_fixed_by_its_generator():
    draw = [MLP.random((3, 4, 2), np.random.default_rng(seed)).parameters() for seed in (9, 9, 10)]
    assert np.array_equal(draw[0], draw[1]) and not np.any(draw[0] == draw[2])
    net = MLP.random((3, 4, 2), np.random.default_rng(0))
    assert [layer.phi for layer in net.layers] == [Tanh(), Identity()]
    assert [layer.W.shape for layer in net.layers] == [(3, 4), (4, 2)]


def spread(net):
    return [np.std(layer.W) for layer in net.layers], [np.std(layer.b) for layer in net.layers]


def test_initialisers_have_the_variance_that_they_promise():
    rng, widths = np.random.default_rng(11), (100, 400, 200)
    weights, biases = spread(MLP.random(widths, rng))
    assert np.allclose(weights, [0.1, 0.05], rtol=0.02) and np.allclose(biases, 0.5, rtol=0.15)
    weights, biases = spread(MLP.random(widths, rng, scale=0.1))
    assert np.allclose(weights, [0.01, 0.005], rtol=0.02) and np.allclose(biases, 0.05, rtol=0.15)
    for initialiser, expected in ((normal(0.03), [0.03, 0.03]), (xavier, np.sqrt([2 / 500, 2 / 600])),
                                  (he, np.sqrt([2 / 100, 2 / 400]))):
        net = MLP.random(widths, rng, weights=initialiser)
        weights, biases = spread(net)
        assert np.allclose(weights, expected, rtol=0.02) and biases == [0, 0]
        assert all(abs(np.mean(layer.W)) < 0.02 * np.std(layer.W) for layer in net.layers)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_keeps_its_type_through_a_whole_step(dtype):
    rng = np.random.default_rng(12)
    net = MLP.random((3, 4, 2), rng, hidden=ReLU(), output=Softmax(), dtype=dtype, weights=he)
    X, Y = rng.normal(size=(5, 3)).astype(dtype), np.eye(2, dtype=dtype)[[0, 1, 1, 0, 1]]
    trace = net.forward(X)
    gradients = net.backward(trace, CrossEntropy().slope(trace[-1], Y))
    assert {A.dtype for A in [*trace, *net.tensors().values(), *net.slopes(gradients).values()]} == {np.dtype(dtype)}
    assert MLP.random((2, 1), rng, dtype=dtype).parameters().dtype == dtype


def test_a_network_in_a_file_comes_back_bit_for_bit(tmp_path):
    net = MLP.random((3, 4, 2), np.random.default_rng(13), hidden=Sigmoid(), output=Softmax(), dtype=np.float32)
    net.save(tmp_path / "network.of.mine")
    back = MLP.load(tmp_path / "network.of.mine")
    assert np.array_equal(back.parameters(), net.parameters()) and back.parameters().dtype == np.float32
    assert [layer.phi for layer in back.layers] == [Sigmoid(), Softmax()]
    assert [path.name for path in tmp_path.iterdir()] == ["network.of.mine"]


def test_a_file_with_an_unknown_activation_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", phi=["os.system"], W1=np.ones((1, 1)), b1=np.ones(1))
    with pytest.raises(ValueError, match=r"names the activation 'os.system'; known are Identity, Sigmoid"):
        MLP.load(tmp_path / "a.npz")


def test_a_file_with_pickled_objects_is_not_opened(tmp_path):
    np.savez(tmp_path / "a.npz", phi=np.array([{"run": "me"}], dtype=object), W1=np.ones((1, 1)), b1=np.ones(1))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        MLP.load(tmp_path / "a.npz")


# ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────

NET = MLP.random((3, 4, 2), np.random.default_rng(14))


@pytest.mark.parametrize("X, error, words", [
    (np.ones(3), ValueError, r"X has shape \(3,\), not \(n, d_in\)"),
    (np.ones((1, 2, 3)), ValueError, r"not \(n, d_in\)"),
    (np.ones((5, 4)), ValueError, "X has 4 columns, but W has 3 rows"),
    (np.ones((0, 3)), ValueError, "X has no rows"),
    (np.ones((5, 3), np.float32), TypeError, "X holds float32 and W float64; convert it once, X = X.astype"),
    (np.full((5, 3), "1"), TypeError, "X holds <U1"),
    (np.ones((5, 3), object), TypeError, "X holds object"),
])
def test_inputs_that_do_not_fit_are_refused_in_one_sentence(X, error, words):
    for ask in (NET.forward, NET.layers[0].forward, NET.layers[0].pre_activation):
        with pytest.raises(error, match=words) as caught:
            ask(X)
        assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_whole_numbers_and_lists_may_be_inputs_of_float64_networks():
    whole = [[1, 2, 3], [4, 5, 6]]
    assert np.array_equal(NET.forward(whole)[-1], NET.forward(np.array(whole, dtype=float))[-1])
    assert np.array_equal(NET.layers[0].forward(np.array(whole) > 2), NET.layers[0].forward(np.array(whole) > 2.0))
    with pytest.raises(TypeError, match="X holds int64 and W float32"):
        MLP.random((3, 1), np.random.default_rng(0), dtype=np.float32).forward(np.array(whole))


@pytest.mark.parametrize("dH, error, words", [
    (np.ones((5, 1)), ValueError, r"dH has shape \(5, 1\), but the output \(5, 2\)"),
    (np.ones(2), ValueError, "dH has shape"),
    (np.ones((5, 2), np.float32), TypeError, "dH holds float32 and the output float64"),
])
def test_a_slope_that_does_not_fit_the_output_is_refused(dH, error, words):
    with pytest.raises(error, match=words):
        NET.backward(NET.forward(np.ones((5, 3))), dH)
    with pytest.raises(ValueError, match="The trace holds 2 arrays, but 2 layers leave 3"):
        NET.backward(NET.forward(np.ones((5, 3)))[1:], np.ones((5, 2)))


@pytest.mark.parametrize("W, b, phi, error, words", [
    (np.ones((2, 3)), np.ones(2), Tanh(), ValueError, r"W has shape \(2, 3\) and b \(2,\)"),
    (np.ones((2, 3)), np.ones((1, 3)), Tanh(), ValueError, r"b \(1, 3\)"),
    (np.ones(3), np.ones(3), Tanh(), ValueError, r"W has shape \(3,\)"),
    (np.ones((0, 3)), np.ones(3), Tanh(), ValueError, r"W has shape \(0, 3\)"),
    (np.ones((2, 3), int), np.ones(3), Tanh(), TypeError, "W holds int64"),
    (np.ones((2, 3)), np.ones(3, bool), Tanh(), TypeError, "b bool"),
    (np.ones((2, 3)), np.ones(3, np.float32), Tanh(), TypeError, "b holds float32 and W float64"),
    (np.ones((2, 3)), np.ones(3), Tanh, TypeError, r"phi is the class Tanh; .* Tanh\(\)"),
])
def test_what_is_no_layer_is_refused(W, b, phi, error, words):
    with pytest.raises(error, match=words):
        Layer(W, b, phi)


def test_layers_that_do_not_fit_each_other_are_refused():
    layer = NET.layers[0]
    with pytest.raises(ValueError, match="Layer 2 gives 2 outputs, but layer 3 takes 3"):
        MLP([*NET.layers, layer])
    with pytest.raises(ValueError, match="at least one layer"):
        MLP([])


@pytest.mark.parametrize("widths", [(3,), (), (3, 0), (3, 2.5, 1), (3, -1)])
def test_widths_that_make_no_network_are_refused(widths):
    with pytest.raises(ValueError, match="widths is"):
        MLP.random(widths, np.random.default_rng(0))


def test_a_network_of_width_one_is_the_smallest():
    assert MLP.random((1, 1), np.random.default_rng(0)).parameters().shape == (2,)
    with pytest.raises(TypeError, match="rng must be a numpy Generator"):
        MLP.random((2, 1), 7)
