"""Training: the step that learns. Back-propagation gives slopes (TAYLOR-14); this module walks with them."""
import numpy as np


def gradient_step(network, gradients, rate):
    """Move every W and b of `network` by −rate · slope, in place. Ledger: ECE417-14, TAYLOR-07"""
    for layer, gradient in zip(network.layers, gradients, strict=True):
        layer.W -= rate * gradient.dW             # w ← w − η ∂L/∂w
        layer.b -= rate * gradient.db


def train(network, loss, X, Y, *, rate, epochs, batch_size, rng):
    """Mini-batch SGD in place; return the loss on (X, Y) before the first and after every epoch.

    X (N, d_0), Y (N, d_L); `rng` shuffles. Stops with a FloatingPointError, naming the epoch and the
    cure, when the loss is no longer finite. Ledger: TAYLOR-04, LFD-24
    """
    history = [loss(network.forward(X)[-1], Y)]
    for epoch in range(1, epochs + 1):
        order = rng.permutation(len(X))
        for start in range(0, len(X), batch_size):
            batch = order[start:start + batch_size]
            trace = network.forward(X[batch])
            gradients = network.backward(trace, loss.slope(trace[-1], Y[batch]))
            gradient_step(network, gradients, rate)
        history.append(loss(network.forward(X)[-1], Y))
        if not np.isfinite(history[-1]):
            raise FloatingPointError(f"The loss is {history[-1]} after epoch {epoch}: the steps are too long. "
                                     f"Try a learning rate below {rate:g}.")
    return history
