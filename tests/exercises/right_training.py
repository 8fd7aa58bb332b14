"""Right answers to the training assignment, written as differently as learners write them: all earn all."""
import random

import numpy as np

# ---- epoch_loss ----------------------------------------------------------------------------------------


def loss_loop(losses, sizes):
    together, examples = 0.0, 0.0
    for loss, size in zip(losses, sizes, strict=True):
        together += loss * size
        examples += size
    return together / examples


def loss_running(losses, sizes):
    mean, seen = 0.0, 0.0
    for loss, size in zip(losses, sizes, strict=True):
        seen += size
        mean += (loss - mean) * size / seen
    return np.array([mean])


# ---- descend -------------------------------------------------------------------------------------------

def descend_copied(gradient, theta, batches, rate):
    here = theta.copy()
    for rows in batches:
        here -= rate * gradient(here, rows)
    return here


def descend_recursive(gradient, theta, batches, rate):
    if not len(batches):
        return theta
    return descend_recursive(gradient, theta - rate * gradient(theta, batches[0]), batches[1:], rate)


def descend_entries(gradient, theta, batches, rate):
    here = theta.tolist()
    for rows in batches:
        here = [t - rate * s for t, s in zip(here, gradient(np.array(here), rows[::-1]), strict=True)]
    return here


# ---- one_step ------------------------------------------------------------------------------------------

def step_loops(X, Y, A, B, rate):
    dA, dB = np.zeros_like(A), np.zeros_like(B)
    for x, y in zip(X, Y, strict=True):
        h = np.tanh(x @ A)
        error = h @ B - y
        dB += np.outer(h, error) / len(X)
        dA += np.outer(x, (B @ error) * (1 - h * h)) / len(X)
    return A - rate * dA, B - rate * dB


def step_fortran(X, Y, A, B, rate):
    H = np.tanh(X @ A)
    error = H @ B - Y
    delta = error @ B.T / np.cosh(X @ A) ** 2
    return np.asfortranarray(A - rate / len(X) * X.T @ delta), np.asfortranarray(B - rate / len(X) * H.T @ error)


def step_last_first(X, Y, A, B, rate):
    old, H = B.copy(), np.tanh(X @ A)
    error = (H @ B - Y) / len(X)
    B = B - rate * np.einsum("nh,nc->hc", H, error)
    return A - rate * np.einsum("nd,nc,hc,nh->dh", X, error, old, 1 - H**2), B


# ---- momentum ------------------------------------------------------------------------------------------

def momentum_positive(theta, slopes, rate, memory):
    v = np.zeros(len(theta))
    for g in slopes:
        v = memory * v + rate * g
        theta = theta - v
    return theta, -v


def momentum_powers(theta, slopes, rate, memory):
    v = [-rate * sum(memory ** (k - j) * slopes[j] for j in range(k + 1)) for k in range(len(slopes))]
    return theta + np.sum(v, axis=0), v[-1]


def momentum_from_unit(theta, slopes, rate, memory):
    v, here = 0 * theta, theta.copy()
    for g in slopes:
        v *= memory
        v += g
        here -= rate * v
    return here, -rate * v


# ---- stop ----------------------------------------------------------------------------------------------

def stop_counter(losses, patience):
    smallest, best, waited = float("inf"), 0, 0
    for k, loss in enumerate(losses):
        waited += 1
        if loss < smallest:
            smallest, best, waited = loss, k, 0
        if waited >= patience:
            return k, best
    return k, best


def stop_running(losses, patience):
    for k in range(len(losses)):
        best = int(np.argmin(losses[:k + 1]))
        if k - best >= patience:
            break
    return [k, best]


def stop_while(losses, patience):
    k = best = 0
    while k - best < patience and k < len(losses) - 1:
        k += 1
        best = k if losses[k] < losses[best] else best
    return np.array(k), np.array(best)


# ---- epochs --------------------------------------------------------------------------------------------

def epochs_own_seed(step, n, size, epochs, seed):
    order = list(range(n))
    mine = random.Random(20)
    for _ in range(epochs):
        mine.shuffle(order)
        for k in range(0, n, size):
            step(order[k:k + size])


def epochs_split(step, n, size, epochs, seed):
    rng = np.random.default_rng(seed + 1)
    for _ in range(epochs):
        for rows in np.split(np.argsort(rng.random(n)), range(size, n, size)):
            step(rows)


def epochs_popped(step, n, size, epochs, seed):
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        left = list(rng.permutation(n))
        while left:
            step(np.array([left.pop() for _ in range(min(size, len(left)))]))


RIGHT = {
    "training.epoch_loss": [loss_loop, loss_running, lambda losses, sizes: np.average(losses, weights=sizes)],
    "training.descend": [descend_copied, descend_recursive, descend_entries],
    "training.one_step": [step_loops, step_fortran, step_last_first],
    "training.momentum": [momentum_positive, momentum_powers, momentum_from_unit],
    "training.stop": [stop_counter, stop_running, stop_while],
    "training.epochs": [epochs_own_seed, epochs_split, epochs_popped],
}
