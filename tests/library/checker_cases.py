"""Cases for the gradient checker, each a function → (f, gradient, theta), with the verdict it deserves.

KNOWN are the 27 on which eight published checkers were compared; FRESH are others, written afterwards for this one.
"right" must be passed, "wrong" must not be, "unusable" must be refused in one sentence.
"""
import numpy as np

from chainrule import (
    L2,
    MLP,
    BinaryCrossEntropy,
    CrossEntropy,
    HalfSquaredError,
    Identity,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    Softmax,
    SoftmaxCrossEntropy,
    Tanh,
)

KNOWN, FRESH = [], []


def known(verdict):
    return lambda build: KNOWN.append((build.__name__, verdict, build)) or build


def fresh(verdict):
    return lambda build: FRESH.append((build.__name__, verdict, build)) or build


def network(widths=(3, 5, 4, 2), n=6, seed=0, hidden=None, output=None, loss=None, scale=1.0):
    """(f, gradient, theta) of a small network, tensors by name, the gradient from its own backward pass."""
    rng = np.random.default_rng(seed)
    net = MLP.random(widths, rng, hidden=hidden or Tanh(), output=output or Identity(), scale=scale)
    loss = loss or HalfSquaredError()
    X = rng.normal(size=(n, widths[0]))
    if isinstance(loss, HalfSquaredError):
        Y = rng.normal(size=(n, widths[-1]))
    elif isinstance(loss, (BinaryCrossEntropy, SigmoidCrossEntropy)):
        Y = rng.integers(0, 2, (n, widths[-1])).astype(float)
    else:
        Y = np.eye(widths[-1])[rng.integers(0, widths[-1], n)]
    trace = net.forward(X)
    gradient = net.slopes(net.backward(trace, loss.slope(trace[-1], Y)))
    return lambda t: loss(net.with_tensors(t).forward(X)[-1], Y), gradient, net.tensors()


def quartic(n=5, seed=1):
    theta = np.random.default_rng(seed).normal(size=n)
    return lambda t: np.sum(t**4) / 4, theta**3, theta


def absolute(factor=1.0):
    rng = np.random.default_rng(2)
    A, y, theta = rng.normal(size=(7, 4)), rng.normal(size=7), rng.normal(size=4)
    return lambda t: np.mean(np.abs(A @ t - y)), factor * A.T @ np.sign(A @ theta - y) / 7, theta


# ── the 27 ──────────────────────────────────────────────────────────────────────────────────────────────────────

@known("wrong")
def every_entry_is_a_thousandth_too_large():
    f, g, theta = network()
    return f, {name: A * (1 + 1e-3) for name, A in g.items()}, theta


@known("wrong")
def every_entry_is_a_millionth_too_large():
    f, g, theta = network()
    return f, {name: A * (1 + 1e-6) for name, A in g.items()}, theta


@known("wrong")
def the_smallest_entry_is_doubled():
    f, g, theta = network((4, 30, 1))
    k = np.unravel_index(np.argmin(np.abs(g["W1"])), g["W1"].shape)
    g["W1"][k] *= 2
    return f, g, theta


@known("wrong")
def a_loss_of_size_1e_minus_8_has_its_gradient_doubled():
    f, g, theta = network()
    return lambda t: 1e-8 * f(t), {name: 2e-8 * A for name, A in g.items()}, theta


@known("wrong")
def the_first_of_seven_sigmoid_layers_learns_nothing():
    f, g, theta = network((3,) + (4,) * 6 + (1,), hidden=Sigmoid(), output=Sigmoid())
    g["W1"][:] = 0
    return f, g, theta


@known("wrong")
def one_small_entry_of_a_wide_layer_is_half_too_large():
    f, g, theta = network((16, 128, 1))
    k = np.unravel_index(np.argmin(np.abs(np.abs(g["W1"]) - 1e-3)), g["W1"].shape)
    g["W1"][k] *= 1.5
    return f, g, theta


@known("wrong")
def f_uses_abs_and_every_entry_is_a_thousandth_too_large():
    return absolute(1 + 1e-3)


@known("unusable")
def the_gradient_holds_nan():
    f, g, theta = network()
    g["W2"][0, 0] = np.nan
    return f, g, theta


@known("unusable")
def the_loss_is_infinite_because_of_log_one_minus_p():
    theta = np.array([0.3, 1.0])

    def f(t):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.sum(np.log(1 - t))
    return f, np.array([-1 / 0.7, 0.0]), theta


@known("wrong")
def f_returns_one_reused_buffer_and_the_gradient_is_zero():
    buffer = np.zeros(())

    def f(t):
        buffer[...] = np.sum(t**2)
        return buffer
    return f, np.zeros(4), np.random.default_rng(3).normal(size=4)


@known("unusable")
def the_gradient_has_one_entry_for_five_parameters():
    f, g, theta = quartic()
    return f, g[:1], theta


@known("unusable")
def the_parameters_are_whole_numbers():
    return lambda t: np.sum(t**2), np.array([2.0, 4.0]), np.array([1, 2])


@known("right")
def relu_stands_exactly_at_zero():
    A = np.array([[1.0, -1.0], [2.0, 0.5]])
    theta = np.array([0.5, 0.5])
    z = A @ theta
    return lambda t: np.sum(np.maximum(A @ t, 0) ** 1), A.T @ (z > 0).astype(float), theta


@known("right")
def relu_stands_a_hair_from_zero():
    theta = np.array([1e-8, -1e-8, 0.7, -0.4])
    return lambda t: np.sum(np.maximum(t, 0)), (theta > 0).astype(float), theta


@known("right")
def the_parameters_are_float32():
    f, g, theta = network()
    return f, *({name: A.astype(np.float32) for name, A in T.items()} for T in (g, theta))


@known("right")
def a_million_is_added_to_the_loss():
    f, g, theta = network()
    return lambda t: f(t) + 1e6, g, theta


@known("right")
def the_output_is_saturated_and_the_loss_stable():
    _, _, theta = network((3, 4, 1), loss=SigmoidCrossEntropy())
    theta = {**theta, "b2": np.array([45.0])}
    rng = np.random.default_rng(0)
    net = MLP.random((3, 4, 1), rng).with_tensors(theta)
    X = rng.normal(size=(6, 3))
    Y = np.array([1.0, 1, 1, 1, 0, 1])[:, None]
    trace = net.forward(X)
    loss = SigmoidCrossEntropy()
    g = net.slopes(net.backward(trace, loss.slope(trace[-1], Y)))
    return lambda t: loss(net.with_tensors(t).forward(X)[-1], Y), g, theta


@known("right")
def a_wide_layer_with_small_entries():
    return network((16, 128, 1))


@known("right")
def the_gradient_is_a_buffer_that_the_next_f_overwrites():
    theta = np.random.default_rng(4).normal(size=5)
    buffer = theta**3

    def f(t):
        buffer[:] = np.real(t) ** 2               # f keeps its own notes where the gradient was
        return np.sum(t**4) / 4
    return f, buffer, theta


@known("right")
def a_smooth_network():
    return network()


@known("right")
def dead_units_have_slope_zero():
    _, _, theta = network((3, 6, 2), hidden=ReLU(), seed=5)
    b = theta["b1"].copy()
    b[:3] = -50
    rng = np.random.default_rng(5)
    net = MLP.random((3, 6, 2), rng, hidden=ReLU()).with_tensors({**theta, "b1": b})
    X, Y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    loss, trace = HalfSquaredError(), net.forward(X)
    g = net.slopes(net.backward(trace, loss.slope(trace[-1], Y)))
    return lambda t: loss(net.with_tensors(t).forward(X)[-1], Y), g, net.tensors()


@known("right")
def a_loss_of_size_1e_minus_8():
    f, g, theta = network()
    return lambda t: 1e-8 * f(t), {name: 1e-8 * A for name, A in g.items()}, theta


@known("right")
def the_parameter_is_a_python_float():
    return lambda t: t**3 - t, 3 * 1.3**2 - 1, 1.3


@known("right")
def the_weights_are_strided():
    W = np.random.default_rng(6).normal(size=(8, 6))[::2, ::-3]
    return lambda t: np.sum(np.tanh(t) ** 2), 2 * np.tanh(W) * (1 - np.tanh(W) ** 2), W


@known("right")
def f_uses_abs_correctly():
    return absolute()


@known("unusable")
def f_changes_its_input():
    def f(t):
        t -= 0.1
        return np.sum(t**2)
    theta = np.random.default_rng(7).normal(size=3)
    return f, 2 * (theta - 0.1), theta


@known("unusable")
def f_is_random():
    rng = np.random.default_rng(8)
    return lambda t: np.sum(t**2) + 1e-6 * rng.normal(), np.array([2.0, 4.0]), np.array([1.0, 2.0])


# ── ours: wrong ─────────────────────────────────────────────────────────────────────────────────────────────────

@fresh("wrong")
def softmax_is_treated_elementwise():
    f, g, theta = network((3, 4, 3), output=Softmax(), loss=CrossEntropy())
    rng = np.random.default_rng(0)
    net = MLP.random((3, 4, 3), rng, output=Softmax())
    X, Y = rng.normal(size=(6, 3)), None
    Y = np.eye(3)[rng.integers(0, 3, 6)]
    trace = net.forward(X)
    P = trace[-1]
    delta = CrossEntropy().slope(P, Y) * P * (1 - P)          # the diagonal of the Jacobian alone
    g["W2"], g["b2"] = trace[1].T @ delta, delta.sum(axis=0)
    return f, g, theta


@fresh("wrong")
def biases_average_over_the_batch():
    f, g, theta = network()
    return f, {**g, "b2": g["b2"] / 6}, theta


@fresh("wrong")
def one_sign_among_three_thousand_is_flipped():
    f, g, theta = network((100, 30, 10), loss=SoftmaxCrossEntropy())
    g["W1"][57, 11] *= -1
    return f, g, theta


@fresh("wrong")
def two_equal_and_opposite_errors():
    f, g, theta = network((60, 20, 1))
    g["W1"][3, 4] += 1e-4
    g["W1"][40, 4] -= 1e-4
    return f, g, theta


@fresh("wrong")
def a_square_weight_gradient_is_transposed():
    f, g, theta = network((3, 5, 5, 2))
    return f, {**g, "W2": g["W2"].T}, theta


@fresh("wrong")
def two_rows_are_swapped():
    f, g, theta = network((40, 30, 2))
    g["W1"][[7, 8]] = g["W1"][[8, 7]]
    return f, g, theta


@fresh("wrong")
def the_division_by_n_is_lost():
    f, g, theta = network()
    return f, {name: 6 * A for name, A in g.items()}, theta


@fresh("wrong")
def a_tiny_regulariser_is_forgotten():
    f, g, theta = network()
    return lambda t: f(t) + 0.5e-5 * np.sum(t["W2"] ** 2), g, theta


@fresh("wrong")
def the_gradient_is_one_small_step_old():
    f, _, theta = network(seed=11)
    _, g, _ = network(seed=11)
    moved = {name: A - 1e-4 * g[name] for name, A in theta.items()}
    return f, g, moved


@fresh("wrong")
def only_the_first_example_counts():
    f, _, theta = network(seed=12)
    rng = np.random.default_rng(12)
    net = MLP.random((3, 5, 4, 2), rng)
    X, Y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    trace = net.forward(X[:1])
    return f, net.slopes(net.backward(trace, (trace[-1] - Y[:1]) / 6)), theta


@fresh("wrong")
def the_sigmoid_slope_is_taken_at_the_activation():
    f, g, theta = network((3, 4, 2), hidden=Sigmoid(), seed=13)
    rng = np.random.default_rng(13)
    net = MLP.random((3, 4, 2), rng, hidden=Sigmoid())
    X, Y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    _, H, out = net.forward(X)
    S = Sigmoid()(H)
    delta = ((out - Y) / 6 @ net.layers[1].W.T) * S * (1 - S)
    return f, {**g, "W1": X.T @ delta, "b1": delta.sum(axis=0)}, theta


@fresh("wrong")
def one_tensor_is_a_ten_millionth_too_large():
    f, g, theta = network()
    return f, {**g, "W2": g["W2"] * (1 + 1e-7)}, theta


@fresh("wrong")
def a_tensor_without_influence_is_given_a_slope():
    f, g, theta = network()
    return f, {**g, "unused": np.full(3, 1e-6)}, {**theta, "unused": np.ones(3)}


@fresh("wrong")
def twenty_layers_down_the_vanished_slope_is_doubled():
    f, g, theta = network((2,) + (3,) * 20 + (1,), hidden=Sigmoid(), scale=0.5)
    assert np.max(np.abs(g["W1"])) < 1e-12        # far below any global norm
    return f, {**g, "W1": 2 * g["W1"]}, theta


@fresh("wrong")
def the_vanished_slope_is_set_to_zero():
    f, g, theta = network((2,) + (3,) * 25 + (1,), hidden=Sigmoid(), scale=0.3)
    assert 0 < np.max(np.abs(g["W1"])) < 1e-15 * np.max(np.abs(g["W26"]))
    return f, {**g, "W1": 0 * g["W1"], "b1": 0 * g["b1"]}, theta


@fresh("wrong")
def the_vanished_slope_has_the_wrong_sign():
    f, g, theta = network((2,) + (3,) * 25 + (1,), hidden=Sigmoid(), scale=0.3)
    return f, {**g, "W1": -g["W1"]}, theta


@fresh("wrong")
def it_climbs():
    f, g, theta = network()
    return f, {name: -A for name, A in g.items()}, theta


@fresh("wrong")
def relu_leaks_below_zero():
    theta = np.array([-0.5, 0.8, -1.2])
    return lambda t: np.sum(np.maximum(t, 0) ** 2), np.where(theta > 0, 2 * theta, 0.01), theta


@fresh("wrong")
def beyond_both_sides_of_a_kink():
    return lambda t: np.sum(np.maximum(t, 0)), np.array([1.2, 1.0]), np.array([0.0, 0.5])


@fresh("wrong")
def below_both_sides_of_a_kink():
    return lambda t: np.sum(np.maximum(t, 0)), np.array([-0.1, 1.0]), np.array([0.0, 0.5])


@fresh("wrong")
def a_kink_hides_a_wrong_neighbour():
    return lambda t: np.sum(np.maximum(t, 0)), np.array([0.0, 1.0, 0.999]), np.array([0.0, 0.5, 0.7])


@fresh("wrong")
def a_norm_one_percent_too_steep():
    theta = np.random.default_rng(14).normal(size=6)
    return lambda t: np.linalg.norm(t), 1.01 * theta / np.linalg.norm(theta), theta


@fresh("wrong")
def f_forgets_its_argument():
    f, g, theta = quartic()
    return lambda t: f(theta), g, theta


@fresh("wrong")
def f_takes_only_the_real_part_of_one_term():
    # The complex step sees the first term alone, and the gradient repeats the omission.
    theta = np.random.default_rng(15).normal(size=4)
    return lambda t: np.sum(t**2) + np.sum(np.real(t) ** 3), 2 * theta, theta


@fresh("wrong")
def float32_two_percent_off():
    f, g, theta = network()
    return f, *({name: (s * A).astype(np.float32) for name, A in T.items()} for T, s in ((g, 1.02), (theta, 1)))


@fresh("wrong")
def two_layers_of_one_shape_are_swapped():
    f, g, theta = network((3, 4, 4, 4, 2))
    return f, {**g, "W2": g["W3"], "W3": g["W2"]}, theta


@fresh("wrong")
def the_slope_of_max_goes_to_the_runner_up():
    theta = np.array([[0.2, 0.9, 0.7], [1.5, -0.3, 0.1]])
    g = np.zeros_like(theta)
    g[0, 2] = g[1, 2] = 1
    return lambda t: np.sum(np.max(t, axis=1)), g, theta


@fresh("wrong")
def abs_with_one_small_sign_error():
    theta = np.array([0.7, -0.4, 1.3])
    return lambda t: np.sum(np.abs(t)) * 1e-3 + np.sum(t**2), 2 * theta + 1e-3 * np.array([1, 1, 1]), theta


@fresh("wrong")
def doubled_below_the_error_bar_of_differences():
    # Not complex-safe, and the entry is so small that differences cannot see it: unresolved is not a pass.
    theta = np.array([0.7, 1.1])
    return lambda t: np.abs(t[0]) + 1e-13 * t[1], np.array([1.0, 2e-13]), theta


@fresh("wrong")
def zero_where_a_small_slope_is():
    theta = np.array([0.7, 1.1])
    return lambda t: np.abs(t[0]) + 1e-8 * t[1], np.array([1.0, 0.0]), theta


# ── ours: right, and nasty ──────────────────────────────────────────────────────────────────────────────────────

@fresh("right")
def a_shift_before_softmax_has_only_rounding_as_slope():
    rng = np.random.default_rng(20)
    Z, Y = rng.normal(size=(9, 4)), np.eye(4)[rng.integers(0, 4, 9)]
    theta = {"Z": Z, "shift": np.array([0.3])}
    loss = SoftmaxCrossEntropy()
    slope = loss.slope(Z + 0.3, Y)
    return lambda t: loss(t["Z"] + t["shift"], Y), {"Z": slope, "shift": np.array([slope.sum()])}, theta


@fresh("right")
def a_bias_before_the_batch_mean_is_taken_off():
    rng = np.random.default_rng(21)
    X, V = rng.normal(size=(12, 3)), rng.normal(size=(12, 3))

    def f(t):
        Z = X @ t["W"] + t["b"]
        Z = Z - Z.mean(axis=0)
        return np.sum(V * np.tanh(Z))

    W = rng.normal(size=(3, 3))
    Z = (X - X.mean(axis=0)) @ W
    g = (X - X.mean(axis=0)).T @ (V * (1 - np.tanh(Z) ** 2))
    b = np.array([1e-17, -2e-17, 0.0])            # what a sum of terms that cancel leaves behind
    return f, {"W": g, "b": b}, {"W": W, "b": np.array([0.1, -0.2, 0.3])}


@fresh("right")
def dropout_with_a_mask_that_stays():
    rng = np.random.default_rng(22)
    keep = rng.random(8) > 0.5
    theta = rng.normal(size=8)
    return lambda t: np.sum(np.exp(t) * keep), np.exp(theta) * keep, theta


@fresh("right")
def a_generator_with_a_fixed_seed_inside_f():
    theta = np.random.default_rng(23).normal(size=5)

    def noise():
        return np.random.default_rng(1).normal(size=5)
    return lambda t: np.sum(t**2 * noise()), 2 * theta * noise(), theta


@fresh("right")
def scores_of_a_thousand_in_a_softmax():
    Z = 1000 * np.random.default_rng(24).normal(size=(5, 3))
    Y = np.eye(3)[[0, 1, 2, 0, 1]]
    loss = SoftmaxCrossEntropy()
    return lambda t: loss(t, Y), loss.slope(Z, Y), Z


@fresh("right")
def twenty_layers_of_sigmoid():
    return network((2,) + (3,) * 20 + (1,), hidden=Sigmoid(), scale=0.5)


@fresh("right")
def a_determinant_whose_terms_cancel():
    A = np.vander(np.linspace(1, 1.4, 5)) + 0
    return lambda t: np.linalg.det(t), np.linalg.det(A) * np.linalg.inv(A).T, A


@fresh("right")
def a_loss_of_size_1e12():
    f, g, theta = network()
    return lambda t: 1e12 * f(t), {name: 1e12 * A for name, A in g.items()}, theta


@fresh("right")
def parameters_of_all_sizes():
    theta = np.array([1e8, 1e-8, 1.0, -1e4])
    return lambda t: np.sum(np.tanh(t / np.abs(theta.real))), 1 / np.cosh(1) ** 2 / np.abs(theta), theta


@fresh("right")
def fortran_order_and_read_only():
    theta = np.asfortranarray(np.random.default_rng(25).normal(size=(3, 4)))
    theta.setflags(write=False)
    M = np.random.default_rng(26).normal(size=(4, 2))
    return lambda t: 0.5 * np.sum((t @ M) ** 2), theta @ M @ M.T, theta


@fresh("right")
def a_number_without_dimensions():
    return lambda t: np.sin(t) * np.exp(t), np.exp(0.4) * (np.sin(0.4) + np.cos(0.4)), np.array(0.4)


@fresh("right")
def a_convolution_with_three_axes():
    rng = np.random.default_rng(27)
    K, X = rng.normal(size=(2, 3, 3)), rng.normal(size=(2, 7, 7))

    def f(t):
        return sum(np.sum(t * X[:, i:i + 3, j:j + 3]) ** 2 for i in range(5) for j in range(5))
    g = sum(2 * np.sum(K * X[:, i:i + 3, j:j + 3]) * X[:, i:i + 3, j:j + 3] for i in range(5) for j in range(5))
    return f, g, K


@fresh("right")
def a_norm_that_loses_the_imaginary_part():
    theta = np.random.default_rng(28).normal(size=6)
    return lambda t: np.linalg.norm(t), theta / np.linalg.norm(theta), theta


@fresh("right")
def logaddexp_that_refuses_complex_numbers():
    theta = np.random.default_rng(29).normal(size=6)
    return lambda t: np.sum(np.logaddexp(0, t)), Sigmoid()(theta), theta


@fresh("right")
def huber_at_its_knee():
    theta = np.array([1.0, -1.0, 0.3, 2.5])

    def f(t):
        size = np.where(t.real < 0, -t, t)
        return np.sum(np.where(size.real <= 1, t * t / 2, size - 0.5))
    return f, np.clip(theta, -1, 1), theta


@fresh("right")
def a_tie_in_max_shared_between_both():
    theta = np.array([0.5, 0.5, 0.1])
    return lambda t: np.max(t), np.array([0.5, 0.5, 0.0]), theta


@fresh("right")
def hinge_exactly_at_the_margin():
    x, theta = np.array([1.0, 2.0]), np.array([0.5, 0.25])
    return lambda t: np.maximum(1 - x @ t, 0) + np.sum(t**2), 2 * theta, theta


@fresh("right")
def abs_at_zero():
    theta = np.array([0.0, 2.0])
    return lambda t: np.sum(np.abs(t)), np.array([0.0, 1.0]), theta


@fresh("right")
def a_network_of_relus_that_starts_from_zero():
    rng = np.random.default_rng(30)
    X, Y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    net = MLP.random((3, 4, 2), rng, hidden=ReLU()).with_parameters(np.zeros(26))
    loss, trace = HalfSquaredError(), net.forward(X)
    g = net.slopes(net.backward(trace, loss.slope(trace[-1], Y)))
    return lambda t: loss(net.with_tensors(t).forward(X)[-1], Y), g, net.tensors()


@fresh("right")
def relu_written_with_maximum_at_its_kink_in_a_network():
    X = np.array([[1.0, -1.0], [0.5, 0.25], [-1.0, 2.0]])
    W = np.array([[1.0, 0.3], [1.0, -0.8]])       # X[0] @ W[:, 0] is exactly 0
    v = np.array([0.7, -1.1])

    def f(t):
        return np.sum(np.tanh(np.maximum(X @ t, 0) @ v))
    Z = X @ W
    delta = ((1 - np.tanh(np.maximum(Z, 0) @ v) ** 2)[:, None] * v) * (Z > 0)
    return f, X.T @ delta, W


@fresh("right")
def a_constant():
    return lambda t: 3.0, np.zeros(4), np.ones(4)


@fresh("right")
def clipped_and_flat_there():
    theta = np.array([0.4, 7.0, -9.0])
    return lambda t: np.sum(np.clip(t.real, -1, 1)), np.array([1.0, 0.0, 0.0]), theta


@fresh("right")
def a_polynomial_of_degree_nine():
    theta = np.array([3.0, -2.0, 0.01])
    return lambda t: np.sum(t**9 - 4 * t**5), 9 * theta**8 - 20 * theta**4, theta


@fresh("right")
def a_regularised_network():
    rng = np.random.default_rng(31)
    net = MLP.random((3, 4, 1), rng, hidden=Sigmoid(), output=Sigmoid())
    X, Y = rng.normal(size=(5, 3)), rng.integers(0, 2, (5, 1)).astype(float)
    loss, penalty, trace = BinaryCrossEntropy(), L2(0.1, biases=True), net.forward(X)
    g = net.slopes(net.backward(trace, loss.slope(trace[-1], Y)))
    for k, (dW, db) in enumerate(penalty.slope(net), 1):
        g[f"W{k}"], g[f"b{k}"] = g[f"W{k}"] + dW, g[f"b{k}"] + db

    def f(t):
        moved = net.with_tensors(t)
        return loss(moved.forward(X)[-1], Y) + penalty(moved)
    return f, g, net.tensors()


@fresh("right")
def logarithms_of_probabilities_near_zero():
    theta = np.array([1e-12, 0.5, 1 - 1e-12])
    return lambda t: -np.sum(np.log(t)), -1 / theta, theta


@fresh("right")
def a_tensor_of_a_thousand_and_more():
    return network((64, 40, 10), loss=SoftmaxCrossEntropy())


# ── ours: unusable ──────────────────────────────────────────────────────────────────────────────────────────────

@fresh("unusable")
def f_returns_a_vector():
    return lambda t: t**2, 2 * np.ones(3), np.ones(3)


@fresh("unusable")
def f_returns_a_vector_of_one():
    return lambda t: np.sum(t**2, keepdims=True), 2 * np.ones(3), np.ones(3)


@fresh("unusable")
def f_returns_nothing():
    return lambda t: None, 2 * np.ones(3), np.ones(3)


@fresh("unusable")
def f_is_complex():
    return lambda t: np.sum(t) + 1j, np.ones(3), np.ones(3)


@fresh("unusable")
def the_gradient_is_complex():
    return lambda t: np.sum(t), np.ones(3, complex), np.ones(3)


@fresh("unusable")
def a_tensor_of_the_gradient_is_missing():
    f, g, theta = network()
    del g["b2"]
    return f, g, theta


@fresh("unusable")
def a_row_is_given_for_a_column():
    return lambda t: np.sum(t), np.ones((1, 3)), np.ones((3, 1))


@fresh("unusable")
def there_are_no_parameters():
    return lambda t: 0.0, np.ones(0), np.ones(0)


@fresh("unusable")
def a_parameter_is_infinite():
    return lambda t: 0.0, np.ones(2), np.array([1.0, np.inf])


@fresh("unusable")
def the_parameters_are_truth_values():
    return lambda t: 0.0, np.ones(2), np.array([True, False])


@fresh("unusable")
def f_keeps_a_counter():
    calls = []

    def f(t):
        calls.append(1)
        return np.sum(t**2) * (1 + 1e-12 * len(calls))
    return f, 2 * np.ones(2), np.ones(2)
