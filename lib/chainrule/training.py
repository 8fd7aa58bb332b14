"""Training: the step that learns. Back-propagation gives slopes (TAYLOR-14); this module walks with them."""
import time

import numpy as np

from chainrule.inputs import training_plan


def gradient_step(network, gradients, rate):
    """Move every W and b of `network` by −rate · slope, in place. Ledger: ECE417-14, TAYLOR-07"""
    rate = float(rate)                            # a NumPy float64 would upcast float32 slopes
    for layer, gradient in zip(network.layers, gradients, strict=True):
        layer.W -= rate * gradient.dW             # w ← w − η ∂L/∂w
        layer.b -= rate * gradient.db


def train(network, loss, X, Y, *, rate, epochs, batch_size=None, rng=None, regulariser=None, progress_every=10.0):
    """Train in place; return the history, the objective on (X, Y) before the first and after every epoch.

    X (N, d_0), Y (N, d_L). batch_size=None: gradient descent, each step on all examples. Otherwise mini-batch SGD,
    shuffled by `rng`, a numpy Generator: the same seed gives the same history. regulariser: L2(alpha), say; the
    objective is then loss + αΩ(θ). A line of progress is printed every `progress_every` seconds (None: never).
    Stops with a FloatingPointError, naming the epoch and the cure, when the objective is no longer finite.
    Ledger: TAYLOR-04, TAYLOR-06, LFD-24, ECE884-05
    """
    X, Y = np.asarray(X), np.asarray(Y)
    training_plan(X, Y, rate, epochs, batch_size, rng)

    def objective():
        value = loss(network.forward(X)[-1], Y) + (regulariser(network) if regulariser else 0)
        return float(value)

    history, spoken = [objective()], time.monotonic()
    with np.errstate(over="ignore", invalid="ignore"):        # divergence is reported below, in words
        for epoch in range(1, epochs + 1):
            for rows in _batches(len(X), batch_size, rng):
                trace = network.forward(X[rows])
                gradients = network.backward(trace, loss.slope(trace[-1], Y[rows]))
                if regulariser:
                    for gradient, (dW, db) in zip(gradients, regulariser.slope(network), strict=True):
                        gradient.dW += dW                     # TAYLOR-42: g hᵀ + α ∂Ω/∂W
                        gradient.db += db
                gradient_step(network, gradients, rate)
            history.append(objective())
            if not np.isfinite(history[-1]):
                raise FloatingPointError(f"The loss is {history[-1]} after epoch {epoch}: the steps are too long. "
                                         f"Start again with a learning rate below {rate:g}.")
            if progress_every is not None and time.monotonic() - spoken >= progress_every:
                print(f"epoch {epoch} of {epochs}: loss {history[-1]:.6g}", flush=True)
                spoken = time.monotonic()
    return history


def _batches(n, batch_size, rng):
    """Row numbers of one epoch, batch by batch; together they are every example once. Ledger: LFD-26"""
    if batch_size is None:
        return [slice(None)]
    order = rng.permutation(n)
    return [order[start:start + batch_size] for start in range(0, n, batch_size)]
