"""Every loss: its value, its slope, its extremes, what it refuses."""
import loops
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import (
    L2,
    MLP,
    BinaryCrossEntropy,
    CrossEntropy,
    HalfSquaredError,
    Sigmoid,
    SigmoidCrossEntropy,
    Softmax,
    SoftmaxCrossEntropy,
    complex_step_gradient,
)

LOSSES = [HalfSquaredError(), BinaryCrossEntropy(), CrossEntropy(), SigmoidCrossEntropy(), SoftmaxCrossEntropy()]
every = pytest.mark.parametrize("loss", LOSSES, ids=[type(loss).__name__ for loss in LOSSES])
binary = pytest.mark.parametrize("loss", [BinaryCrossEntropy(), SigmoidCrossEntropy()], ids=["p", "z"])
classes = pytest.mark.parametrize("loss", [CrossEntropy(), SoftmaxCrossEntropy()], ids=["p", "z"])


def data(loss, rng, n=4, d=3):
    """Predictions and targets of the kind that the loss takes."""
    P, bits = rng.uniform(0.05, 0.95, (n, d)), rng.integers(0, 2, (n, d)).astype(float)
    name = type(loss).__name__
    if name == "HalfSquaredError":
        return rng.normal(size=(n, d)), rng.normal(size=(n, d))
    if name == "BinaryCrossEntropy":
        return P, bits
    if name == "SigmoidCrossEntropy":
        return 3 * rng.normal(size=(n, d)), bits
    Y = np.eye(d)[rng.integers(0, d, n)]
    return (P / P.sum(axis=1, keepdims=True) if name == "CrossEntropy" else 3 * rng.normal(size=(n, d))), Y


@every
@given(seed=st.integers(0, 10**6), n=st.integers(1, 6), d=st.integers(2, 5))
def test_the_value_agrees_with_index_loops(loss, seed, n, d):
    A, Y = data(loss, np.random.default_rng(seed), n, d)
    assert np.isclose(loss(A, Y), loops.loss(type(loss).__name__, A.tolist(), Y.tolist()), rtol=1e-12)


@every
@given(seed=st.integers(0, 10**6), n=st.integers(1, 6), d=st.integers(2, 5))
def test_the_slope_is_the_one_that_the_complex_step_finds(loss, seed, n, d):
    A, Y = data(loss, np.random.default_rng(seed), n, d)
    expected = complex_step_gradient(lambda A: loss(A, Y), A)
    assert np.allclose(loss.slope(A, Y), expected, rtol=1e-11, atol=1e-15)
    assert loss.slope(A, Y).shape == A.shape


@every
def test_the_loss_of_a_batch_is_the_mean_over_its_rows(loss):
    A, Y = data(loss, np.random.default_rng(1), n=5)
    rows = [loss(A[i:i + 1], Y[i:i + 1]) for i in range(5)]
    assert np.isclose(loss(A, Y), np.mean(rows), rtol=1e-14)
    assert np.allclose(loss.slope(A, Y), np.vstack([loss.slope(A[i:i + 1], Y[i:i + 1]) / 5 for i in range(5)]))


@binary
def test_binary_cross_entropy_of_one_half_is_ln_2(loss):
    A = np.full((3, 1), 0.5 if isinstance(loss, BinaryCrossEntropy) else 0.0)
    assert np.isclose(loss(A, np.array([[0.0], [1], [1]])), np.log(2), rtol=1e-15)


def test_from_pre_activations_is_from_probabilities_without_the_detour():
    rng = np.random.default_rng(2)
    Z, bits, Y = rng.normal(size=(5, 3)), rng.integers(0, 2, (5, 3)).astype(float), np.eye(3)[[0, 1, 2, 2, 0]]
    P, Q = Sigmoid()(Z), Softmax()(Z)
    assert np.isclose(SigmoidCrossEntropy()(Z, bits), BinaryCrossEntropy()(P, bits), rtol=1e-14)
    assert np.isclose(SoftmaxCrossEntropy()(Z, Y), CrossEntropy()(Q, Y), rtol=1e-14)
    assert np.allclose(SigmoidCrossEntropy().slope(Z, bits), Sigmoid().back(BinaryCrossEntropy().slope(P, bits), P))
    assert np.allclose(SoftmaxCrossEntropy().slope(Z, Y), Softmax().back(CrossEntropy().slope(Q, Y), Q))
    assert np.allclose(SigmoidCrossEntropy().slope(Z, bits), (P - bits) / 5)
    assert np.allclose(SoftmaxCrossEntropy().slope(Z, Y), (Q - Y) / 5)


def test_saturated_pre_activations_keep_all_their_digits():
    Z, Y = np.array([[-800.0], [800], [45], [-45]]), np.array([[0.0], [1], [1], [0]])
    loss = SigmoidCrossEntropy()
    assert np.isclose(loss(Z, Y), 2 * np.exp(-45) / 4, rtol=1e-13)
    tiny = np.exp([[-800], [-800], [-45], [-45]]) * [[1], [-1], [-1], [1]]
    assert np.allclose(loss.slope(Z, Y) * 4, tiny, rtol=1e-13, atol=0)
    assert np.allclose(loss.slope(-Z, Y) * 4, [[1], [-1], [-1], [1]], rtol=1e-15)
    assert loss(-Z, Y) == (800 + 800 + 45 + 45) / 4
    Z, Y = np.array([[1e4, 0.0, -1e4]]), np.eye(3)
    assert [SoftmaxCrossEntropy()(Z, Y[k:k + 1]) for k in range(3)] == [0, 1e4, 2e4]
    assert np.array_equal(SoftmaxCrossEntropy().slope(Z, Y[1:2]), [[1, -1, 0]])


def test_probabilities_that_do_not_matter_may_be_zero():
    P, Y = np.array([[0.0, 1.0, 0.0]]), np.array([[0.0, 1, 0]])
    assert CrossEntropy()(P, Y) == 0 and np.array_equal(CrossEntropy().slope(P, Y), [[0, -1, 0]])
    assert BinaryCrossEntropy()(P, Y) == 0 and np.array_equal(BinaryCrossEntropy().slope(P, Y), [[1, -1, 1]])


@pytest.mark.parametrize("loss, P, instead", [
    (CrossEntropy(), [[0.0, 1.0]], "SoftmaxCrossEntropy"), (CrossEntropy(), [[1.2, -0.2]], "SoftmaxCrossEntropy"),
    (BinaryCrossEntropy(), [[1.0, 1.0]], "SigmoidCrossEntropy"), (BinaryCrossEntropy(), [[1.3, 0.5]], "SigmoidC"),
    (BinaryCrossEntropy(), [[0.0, 0.5]], "SigmoidCrossEntropy"),
])
def test_a_logarithm_that_does_not_exist_is_refused_with_the_cure(loss, P, instead):
    Y = np.array([[1.0, 0.0]])
    for ask in (loss, loss.slope):
        with pytest.raises(ValueError, match=f"above 0 and at most 1; {instead}"):
            ask(np.array(P), Y)


@pytest.mark.parametrize("loss", [BinaryCrossEntropy(), CrossEntropy()])
def test_nan_is_not_hidden(loss):
    assert np.isnan(loss(np.array([[np.nan, np.nan]]), np.array([[1.0, 0.0]])))


@binary
@pytest.mark.parametrize("wrong", [-1.0, 2.0, 0.5, np.nan])
def test_labels_other_than_0_and_1_are_refused(loss, wrong):
    for ask in (loss, loss.slope):
        with pytest.raises(ValueError, match="labels 0 and 1 only"):
            ask(np.array([[0.5], [0.5]]), np.array([[1.0], [wrong]]))


@classes
@pytest.mark.parametrize("wrong", [[0, 0, 0], [1, 1, 0], [2, -1, 0], [0.5, 0.5, 0], [0, 2, 0], [-1, 1, 1], [1, 1, -1]])
def test_rows_that_are_not_one_hot_are_refused(loss, wrong):
    A = np.full((2, 3), 1 / 3)
    for ask in (loss, loss.slope):
        with pytest.raises(ValueError, match="must be one-hot"):
            ask(A, np.array([[0, 1, 0], wrong], dtype=float))
        with pytest.raises(ValueError, match="must be one-hot"):
            ask(A[0], np.array([0.0, 1, 0]))


@every
def test_shapes_that_differ_are_refused_not_broadcast(loss):
    A, Y = data(loss, np.random.default_rng(3))
    for ask in (loss, loss.slope):
        for wrong in (Y[:, :1], Y[:1], Y[0], Y[:, 0]):
            with pytest.raises(ValueError, match=r"The predictions have shape \(4, 3\) and the targets Y"):
                ask(A, wrong)
        with pytest.raises(ValueError, match="Y is empty"):
            ask(A[:0], Y[:0])
        with pytest.raises(ValueError, match="shape"):
            ask(np.float64(0.5), np.float64(1.0))


@every
def test_float32_stays_float32_and_mixtures_are_refused(loss):
    A, Y = (T.astype(np.float32) for T in data(loss, np.random.default_rng(4)))
    assert loss.slope(A, Y).dtype == np.float32 and loss(A, Y).dtype == np.float32
    for ask in (loss, loss.slope):
        with pytest.raises(TypeError, match=r"Y holds float64 and the prediction float32; convert it once"):
            ask(A, Y.astype(float))


@every
def test_whole_numbers_may_be_targets_of_float64_predictions_but_not_of_float32(loss):
    A, Y = data(loss, np.random.default_rng(5))
    whole = np.rint(Y).astype(int)
    assert loss(A, whole) == loss(A, whole.astype(float))
    assert np.array_equal(loss.slope(A, whole), loss.slope(A, whole.astype(float)))
    with pytest.raises(TypeError, match="Y holds int64"):
        loss(A.astype(np.float32), whole)
    with pytest.raises(TypeError, match="Y holds"):
        loss(A, whole.astype(object))


@every
def test_inputs_are_left_alone_and_lists_are_welcome(loss):
    A, Y = data(loss, np.random.default_rng(6))
    kept = A.copy(), Y.copy()
    assert loss(A.tolist(), Y.tolist()) == loss(A, Y)
    assert np.array_equal(loss.slope(A.tolist(), Y.tolist()), loss.slope(A, Y))
    assert np.array_equal(A, kept[0]) and np.array_equal(Y, kept[1])


def test_l2_counts_half_of_every_squared_weight_and_biases_only_if_asked():
    net = MLP.random((2, 3, 1), np.random.default_rng(7))
    weights = sum(w * w for layer in net.layers for w in layer.W.ravel())
    biases = sum(b * b for layer in net.layers for b in layer.b)
    assert np.isclose(L2(0.3)(net), 0.15 * weights, rtol=1e-14)
    assert np.isclose(L2(0.3, biases=True)(net), 0.15 * (weights + biases), rtol=1e-14)


@pytest.mark.parametrize("biases", [True, False])
def test_the_slope_of_l2_is_the_one_that_the_complex_step_finds(biases):
    net, penalty = MLP.random((2, 3, 1), np.random.default_rng(8)), L2(0.7, biases)
    expected = complex_step_gradient(lambda theta: penalty(net.with_parameters(theta)), net.parameters())
    found = np.concatenate([A.ravel() for pair in penalty.slope(net) for A in pair])
    assert np.allclose(found, expected, rtol=1e-14)
    assert L2(0)(net) == 0


@pytest.mark.parametrize("alpha", [-1e-9, np.inf, np.nan])
def test_a_penalty_needs_a_weight_that_is_finite_and_not_negative(alpha):
    with pytest.raises(ValueError, match="alpha is"):
        L2(alpha)
