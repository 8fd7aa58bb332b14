"""Training: it walks downhill, the same way every time, says how it goes, and stops when it must."""
import numpy as np
import pytest

from chainrule import (
    L2,
    MLP,
    BinaryCrossEntropy,
    HalfSquaredError,
    Sigmoid,
    SigmoidCrossEntropy,
    gradient_step,
    train,
)

XOR = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])


def start(seed=0, **options):
    return MLP.random((2, 8, 1), np.random.default_rng(seed), **options)


def test_a_step_moves_every_parameter_against_its_slope():
    net, (X, Y), loss = start(), XOR, HalfSquaredError()
    trace = net.forward(X)
    gradients = net.backward(trace, loss.slope(trace[-1], Y))
    before = {name: A.copy() for name, A in net.tensors().items()}
    where = [layer.W for layer in net.layers]
    gradient_step(net, gradients, 0.1)
    for name, slope in net.slopes(gradients).items():
        assert np.array_equal(net.tensors()[name], before[name] - 0.1 * slope)
    assert all(layer.W is W for layer, W in zip(net.layers, where, strict=True))       # in place
    with pytest.raises(ValueError):
        gradient_step(net, gradients[:1], 0.1)


def test_gradient_descent_is_gradient_steps_on_all_examples():
    (X, Y), loss, net, twin = XOR, HalfSquaredError(), start(), start()
    history = train(net, loss, X, Y, rate=0.3, epochs=5)
    expected = []
    for _ in range(6):
        trace = twin.forward(X)
        expected.append(loss(trace[-1], Y))
        gradient_step(twin, twin.backward(trace, loss.slope(trace[-1], Y)), 0.3)
    assert history == expected and all(isinstance(value, float) for value in history)
    assert history == sorted(history, reverse=True)


def test_mini_batches_are_every_example_once_an_epoch_in_shuffled_order():
    X, Y = np.arange(10.0)[:, None], np.zeros((10, 1))
    seen = []

    class Net(MLP):
        def forward(self, X):
            seen.append(X[:, 0].tolist())
            return super().forward(X)
    net = Net(MLP.random((1, 1), np.random.default_rng(0)).layers)
    train(net, HalfSquaredError(), X, Y, rate=1e-6, epochs=2, batch_size=4, rng=np.random.default_rng(1))
    whole, *first, whole2 = seen[:5]
    assert whole == whole2 == list(range(10))
    assert [len(batch) for batch in first] == [4, 4, 2]
    one, two = ([row for batch in batches for row in batch] for batches in (first, seen[5:8]))
    assert sorted(one) == sorted(two) == list(range(10)) and one != two and one != sorted(one)
    assert one == np.random.default_rng(1).permutation(10).tolist()


def test_one_seed_gives_one_history_to_the_last_bit():
    histories = []
    for seed in (3, 3, 4):
        rng = np.random.default_rng(seed)
        net = MLP.random((2, 8, 1), rng)
        histories.append(train(net, HalfSquaredError(), *XOR, rate=0.1, epochs=4, batch_size=2, rng=rng))
    assert histories[0] == histories[1] != histories[2] and len(histories[0]) == 5


@pytest.mark.parametrize("output, loss", [(None, SigmoidCrossEntropy()), (Sigmoid(), BinaryCrossEntropy())])
def test_a_network_learns_exclusive_or(output, loss):
    net = start(output=output)
    history = train(net, loss, *XOR, rate=1.0, epochs=800)
    assert history[-1] < 0.05 < 0.5 < history[0]
    threshold = 0.5 if output else 0.0
    assert np.array_equal(net.forward(XOR[0])[-1] > threshold, XOR[1] > 0.5)


def test_no_epochs_leave_the_network_as_it_was():
    net = start()
    before = net.parameters()
    assert len(train(net, HalfSquaredError(), *XOR, rate=1, epochs=0)) == 1
    assert np.array_equal(net.parameters(), before)


def test_a_regulariser_enters_objective_and_slopes():
    (X, Y), loss, penalty = XOR, HalfSquaredError(), L2(0.2, biases=True)
    net = start()
    theta = net.parameters()
    history = train(net, loss, X, Y, rate=0.1, epochs=1, regulariser=penalty)
    plain = start()
    trace = plain.forward(X)
    assert history[0] == loss(trace[-1], Y) + penalty(plain)
    gradient_step(plain, plain.backward(trace, loss.slope(trace[-1], Y)), 0.1)
    assert np.allclose(net.parameters(), plain.parameters() - 0.1 * 0.2 * theta, rtol=1e-14)
    strong = start()
    train(strong, loss, X, Y, rate=0.1, epochs=300, regulariser=L2(5.0))
    assert max(np.max(np.abs(layer.W)) for layer in strong.layers) < 1e-6


def test_divergence_stops_with_the_epoch_and_the_cure():
    with pytest.raises(FloatingPointError, match=r"after epoch \d+: the steps are too long.*below 50\.$"):
        train(start(), HalfSquaredError(), *XOR, rate=50, epochs=10**4)


def test_float32_trains_in_float32_even_with_a_numpy_rate():
    X, Y = (A.astype(np.float32) for A in XOR)
    net = start(dtype=np.float32)
    train(net, HalfSquaredError(), X, Y, rate=np.float64(0.1), epochs=2, batch_size=2, rng=np.random.default_rng(0),
          regulariser=L2(1e-3))
    assert net.parameters().dtype == np.float32
    trace = net.forward(X)
    gradients = net.backward(trace, HalfSquaredError().slope(trace[-1], Y))
    twin = net.with_parameters(net.parameters())
    gradient_step(net, gradients, np.float64(0.1))
    gradient_step(twin, gradients, 0.1)
    assert np.array_equal(net.parameters(), twin.parameters())


def test_long_training_tells_how_it_goes_and_short_training_is_silent(capsys):
    train(start(), HalfSquaredError(), *XOR, rate=0.1, epochs=3)
    assert capsys.readouterr().out == ""
    history = train(start(), HalfSquaredError(), *XOR, rate=0.1, epochs=3, progress_every=0)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"epoch {k} of 3: loss {history[k]:.6g}" for k in (1, 2, 3)]
    train(start(), HalfSquaredError(), *XOR, rate=0.1, epochs=3, progress_every=None)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("change, error, words", [
    ({"Y": XOR[1][:3]}, ValueError, "X has 4 rows and Y 3"),
    ({"rate": 0}, ValueError, "rate is 0"), ({"rate": -1}, ValueError, "rate is -1"),
    ({"rate": np.nan}, ValueError, "rate is nan"), ({"rate": np.inf}, ValueError, "rate is inf"),
    ({"epochs": -1}, ValueError, "epochs is -1"), ({"epochs": 1.5}, ValueError, "epochs is 1.5"),
    ({"batch_size": 0}, ValueError, "batch_size is 0"), ({"batch_size": 1.5}, ValueError, "batch_size is 1.5"),
    ({"batch_size": 2, "rng": None}, TypeError, "rng must be a numpy Generator"),
    ({"batch_size": 2, "rng": 7}, TypeError, "rng must be a numpy Generator"),
    ({"X": XOR[0][:0], "Y": XOR[1][:0]}, ValueError, "X has no rows"),
])
def test_settings_that_cannot_be_used_are_refused(change, error, words):
    settings = {"X": XOR[0], "Y": XOR[1], "rate": 0.1, "epochs": 1, "batch_size": 1, "rng": np.random.default_rng(0)}
    with pytest.raises(error, match=words):
        train(start(), HalfSquaredError(), **(settings | change))
