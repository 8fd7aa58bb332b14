"""What the reference refuses, each in one sentence: the thing, what was expected, the cure.

The checks look at shapes and types, never at every number of a large array, so a training step hardly feels them.
"""
from itertools import pairwise

import numpy as np


def one_dtype(name, A, other, B):
    """Refuse what NumPy would upcast in silence: float32 next to float64 computes in float64, at twice the time.

    Whole numbers and truth values may meet float64, and complex numbers (a complex step) may meet anything.
    """
    kinds = A.dtype.kind + B.dtype.kind
    exact = A.dtype.kind in "biu" and B.dtype == np.float64
    if A.dtype == B.dtype or exact or ("c" in kinds and "O" not in kinds and "U" not in kinds):
        return
    raise TypeError(f"{name} holds {A.dtype} and {other} {B.dtype}; convert it once, "
                    f"{name} = {name}.astype(np.{B.dtype}).")


def batch_for(X, W):
    """X as an array (n, d_in) that fits W (d_in, d_out), or an error that says why not."""
    X = np.asarray(X)
    if X.ndim == 2 and X.shape[1] == len(W) and len(X) and X.dtype == W.dtype:
        return X
    if X.ndim != 2:
        raise ValueError(f"X has shape {X.shape}, not (n, d_in), a row per example; "
                         "a single example x is a batch of one, x[None, :].")
    if X.shape[1] != len(W):
        raise ValueError(f"X has {X.shape[1]} columns, but W has {len(W)} rows; they must be equal, "
                         "so check the width of the data and the order of the layers.")
    if not len(X):
        raise ValueError("X has no rows; a batch needs at least one example.")
    one_dtype("X", X, "W", W)
    return X


def predictions_and_targets(Y_hat, Y):
    """Ŷ and Y as arrays of one shape and kind, or an error that says why not."""
    Y_hat, Y = np.asarray(Y_hat), np.asarray(Y)
    if Y_hat.shape != Y.shape or not Y.ndim:
        raise ValueError(f"The predictions have shape {Y_hat.shape} and the targets Y {Y.shape}; both must be (n, d), "
                         "so Y = Y.reshape(-1, 1) may be what a single output needs.")
    if not Y.size:
        raise ValueError("Y is empty; a loss needs at least one example.")
    if Y.dtype != Y_hat.dtype:
        one_dtype("Y", Y, "the prediction", Y_hat)
    return Y_hat, Y


def zeros_and_ones(Y_hat, Y):
    """The same, with labels that are 0 or 1."""
    Y_hat, Y = predictions_and_targets(Y_hat, Y)
    if np.count_nonzero(Y * Y != Y):              # y² = y holds for 0 and 1 alone
        raise ValueError("Y must hold labels 0 and 1 only; labels −1 and 1 become (Y + 1) / 2.")
    return Y_hat, Y


def one_hot(Y_hat, Y):
    """The same, with a single 1 in each row of Y: rows that add to 1, and as many entries other than 0 as rows."""
    Y_hat, Y = predictions_and_targets(Y_hat, Y)
    if Y.ndim != 2 or not np.count_nonzero(Y @ np.ones(Y.shape[1]) == 1) == np.count_nonzero(Y) == len(Y):
        raise ValueError("Y must be one-hot, (n, C) with a single 1 per row and 0 elsewhere; "
                         "class numbers k become np.eye(C)[k].")
    return Y_hat, Y


def logarithm_exists(P, instead):
    """Probabilities P, or an error if the logarithm of one does not exist. NaN passes, and shows in the loss."""
    if np.min(P.real) <= 0 or np.max(P.real) > 1:
        raise ValueError(f"The probabilities of what occurred run from {np.min(P.real):g} to {np.max(P.real):g}, "
                         f"but must be above 0 and at most 1; {instead} takes pre-activations and cannot saturate.")
    return P


def layer_parts(W, b, phi):
    """Refuse what does not make a layer."""
    if W.ndim != 2 or 0 in W.shape or b.shape != W.shape[1:]:
        raise ValueError(f"W has shape {W.shape} and b {b.shape}; they must be (d_in, d_out) and (d_out,).")
    if W.dtype.kind not in "fc" or b.dtype.kind not in "fc":
        raise TypeError(f"W holds {W.dtype} and b {b.dtype}, but slopes need fractions; "
                        "convert them with .astype(float).")
    if b.dtype != W.dtype:
        one_dtype("b", b, "W", W)
    if isinstance(phi, type):
        raise TypeError(f"phi is the class {phi.__name__}; a layer wants one of them, {phi.__name__}().")


def chain_of_layers(layers):
    """Refuse layers that do not make a network."""
    if not layers:
        raise ValueError("A network needs at least one layer.")
    for k, (below, above) in enumerate(pairwise(layers), 1):
        if below.W.shape[1] != above.W.shape[0]:
            raise ValueError(f"Layer {k} gives {below.W.shape[1]} outputs, but layer {k + 1} takes "
                             f"{above.W.shape[0]}; they must be equal.")


def slope_of_output(dH, trace, layers):
    """Refuse a trace that is not of these layers, and a slope dH that is not of its output."""
    if len(trace) != len(layers) + 1:
        raise ValueError(f"The trace holds {len(trace)} arrays, but {len(layers)} layers leave {len(layers) + 1}; "
                         "pass on what forward returned.")
    if dH.shape != trace[-1].shape:
        raise ValueError(f"dH has shape {dH.shape}, but the output {trace[-1].shape}; they must be equal.")
    if dH.dtype != trace[-1].dtype:
        one_dtype("dH", dH, "the output", trace[-1])


def network_plan(widths, rng):
    """Refuse widths and random numbers that do not make a network."""
    if len(widths) < 2 or any(d != int(d) or d < 1 for d in widths):
        raise ValueError(f"widths is {widths}; it must list at least two whole numbers from 1, (d_0, …, d_L).")
    if not hasattr(rng, "normal"):
        raise TypeError("rng must be a numpy Generator, np.random.default_rng(seed).")


def training_plan(X, Y, rate, epochs, batch_size, rng):
    """Refuse data and settings that training cannot use."""
    if len(X) != len(Y):
        raise ValueError(f"X has {len(X)} rows and Y {len(Y)}; there must be one target row per example.")
    if not 0 < rate < np.inf:
        raise ValueError(f"rate is {rate}; a learning rate is a finite number above 0.")
    if epochs < 0 or epochs != int(epochs):
        raise ValueError(f"epochs is {epochs}; it must be a whole number, 0 or more.")
    if batch_size is not None and (batch_size < 1 or batch_size != int(batch_size)):
        raise ValueError(f"batch_size is {batch_size}; it must be a whole number from 1, or None for all examples.")
    if batch_size is not None and not hasattr(rng, "permutation"):
        raise TypeError("Mini-batches are shuffled, so rng must be a numpy Generator, np.random.default_rng(seed).")
