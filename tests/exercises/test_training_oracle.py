"""The answers of the training assignment by a second way: finite differences of the loss."""
import numpy as np

from chainrule.exercises import find
from chainrule.gradcheck import numerical_gradient


def test_one_step_goes_against_the_measured_slope_of_the_mean_loss():
    rng = np.random.default_rng(7)
    X, Y, A, B = (rng.normal(size=s) for s in ((5, 3), (5, 2), (3, 4), (4, 2)))

    def loss(A, B):
        return sum(0.5 * np.sum((np.tanh(x @ A) @ B - y) ** 2) for x, y in zip(X, Y, strict=True)) / 5
    new_A, new_B = find("training.one_step").answer(X, Y, A, B, 0.3)
    assert np.allclose(new_A, A - 0.3 * numerical_gradient(lambda W: loss(W, B), A), rtol=0, atol=1e-8)
    assert np.allclose(new_B, B - 0.3 * numerical_gradient(lambda W: loss(A, W), B), rtol=0, atol=1e-8)


def test_loss_of_an_epoch_is_the_mean_over_its_examples():
    rng = np.random.default_rng(7)
    batches = [rng.normal(size=size) for size in (4, 4, 3)]
    found = find("training.epoch_loss").answer(np.array([b.mean() for b in batches]), np.array([4.0, 4.0, 3.0]))
    assert np.isclose(found, np.concatenate(batches).mean())
