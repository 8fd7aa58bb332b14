"""Right answers to the training assignment, written as differently as learners write them: all earn all."""
import random

import numpy as np

# ---- epoch_loss ----------------------------------------------------------------------------------------

def loss_loops(losses, sizes):
    means = []
    for row in losses:
        together, examples = 0.0, 0.0
        for loss, size in zip(row, sizes, strict=True):
            together += loss * size
            examples += size
        means.append(together / examples)
    return means


def loss_running(losses, sizes):
    mean, seen = 0.0, 0.0
    for column, size in zip(losses.T, sizes, strict=True):
        seen += size
        mean = mean + (column - mean) * size / seen
    return mean


def loss_averaged(losses, sizes):
    return np.average(losses, axis=1, weights=sizes)


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


def descend_single(gradient, theta, batches, rate):
    here = theta.astype(np.float32)
    for rows in batches:
        here = here - np.float32(rate) * gradient(here, rows).astype(np.float32)
    return here


def descend_from_single(gradient, theta, batches, rate):
    theta = np.float32(theta)                     # rate and slope carry the walk back to float64
    for rows in batches:
        theta = theta - rate * gradient(theta, rows)
    return theta


def descend_told(gradient, theta, batches, rate):
    for rows in batches:
        print(gradient(theta=theta, rows=rows))   # asks twice at each place
        theta = theta - rate * gradient(rows=rows, theta=theta)
    return theta


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


# ---- rates ---------------------------------------------------------------------------------------------

def rates_loop(curvatures, rate):
    limit, best, factor = [], [], []
    for row, r in zip(curvatures, rate, strict=True):
        limit.append(2 / max(row))
        best.append(2 / (max(row) + min(row)))
        factor.append(max(abs(1 - r * c) for c in row))
    return limit, best, factor


def rates_two_ends(curvatures, rate):
    low, high = np.sort(curvatures, axis=1)[:, [0, -1]].T
    return 2 / high, 1 / ((low + high) / 2), np.maximum(1 - rate * low, rate * high - 1)


def rates_stepped(curvatures, rate):
    moved = [np.ones(len(row)) - r * row for row, r in zip(curvatures, rate, strict=True)]
    return (np.min(2 / curvatures, axis=1), 2 / (curvatures.max(1) + curvatures.min(1)),
            [np.linalg.norm(m, np.inf) for m in moved])


# ---- epochs --------------------------------------------------------------------------------------------

def epochs_own_seed(step, theta, rows, size, count, seed):
    order, mine = list(rows), random.Random(seed)
    for _ in range(count):
        mine.shuffle(order)
        for k in range(0, len(order), size):
            theta = step(theta, order[k:k + size])
    return theta


def epochs_split(step, theta, rows, size, count, seed):
    rng = np.random.default_rng(seed + 1)
    for _ in range(count):
        for batch in np.split(rows[np.argsort(rng.random(len(rows)))], range(size, len(rows), size)):
            theta = step(theta, batch)
    return theta


def epochs_popped(step, theta, rows, size, count, seed):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        left = list(rng.permutation(rows))
        while left:
            theta = step(theta, np.array([left.pop() for _ in range(min(size, len(left)))]))
    return theta


def epochs_in_place(step, theta, rows, size, count, seed):
    rng, n, rows = np.random.default_rng(seed), len(rows), rows.copy()
    for number in range(count * -(-n // size)):
        k = number % -(-n // size)
        if k == 0:
            rng.shuffle(rows)
        theta[:] = step(theta, rows[k * size:(k + 1) * size])
    return theta.tolist()


def epochs_named(step, theta, rows, size, count, seed):
    places, rng = np.arange(len(rows)), np.random.default_rng([seed, 7])
    for _ in range(count):
        rng.shuffle(places)
        for k in range(0, len(rows), size):
            theta = step(batch=rows[places[k:k + size]], theta=theta)
    return theta


def epochs_single(step, theta, rows, size, count, seed):
    theta = theta.astype(np.float32)
    for epoch in range(count):
        order = np.random.default_rng(seed + epoch).choice(rows, len(rows), replace=False)
        for k in range(0, len(order), size):
            theta = np.float32(step(theta, order[k:k + size]))
    return theta


def epochs_of_old_numpy(step, theta, rows, size, count, seed):
    np.random.seed(seed)
    for _ in range(count):
        order = rows.copy()
        np.random.shuffle(order)
        while len(order):
            theta, order = step(theta, order[:size]), order[size:]
    return theta


def epochs_from_what_is_left(step, theta, rows, size, count, seed):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        left = set(rows.tolist())
        while left:
            batch = rng.choice(sorted(left), min(size, len(left)), replace=False)
            left -= set(batch.tolist())
            theta = step(theta, batch)
    return theta


def epochs_exchanged(step, theta, rows, size, count, seed):
    order, mine = rows.tolist(), random.Random(seed)
    for _ in range(count):
        for k in range(len(order) - 1, 0, -1):
            other = mine.randrange(k + 1)
            order[k], order[other] = order[other], order[k]
        for k in range(-(-len(order) // size)):
            theta = step(theta, order[k * size:(k + 1) * size])
    return theta


# ---- stop ----------------------------------------------------------------------------------------------

def stop_counter(losses, patience):
    stopped, kept = [], []
    for curve in losses:
        smallest, best, waited = float("inf"), 0, 0
        for k, loss in enumerate(curve):
            waited += 1
            if loss < smallest:
                smallest, best, waited = loss, k, 0
            if waited >= patience:
                break
        stopped.append(k)
        kept.append(best)
    return stopped, kept


def stop_running(losses, patience):
    pairs = []
    for curve in losses:
        for k in range(len(curve)):
            best = int(np.argmin(curve[:k + 1]))
            if k - best >= patience:
                break
        pairs.append((k, best))
    return list(zip(*pairs, strict=True))


def stop_no_loop(losses, patience):
    lowest = np.minimum.accumulate(losses, axis=1)
    best = np.array([np.searchsorted(-low, -low) for low in lowest])
    over = np.arange(losses.shape[1]) - best >= patience
    over[:, -1] = True
    stopped = np.argmax(over, axis=1)
    return stopped, best[np.arange(len(losses)), stopped]


# ---- parabola ------------------------------------------------------------------------------------------

def parabola_named(slopes, W1, b1, W2, b2, goal):
    W1, b1, W2, b2 = W1.copy(), b1.copy(), W2.copy(), b2.copy()
    for _ in range(400):
        loss, dW1, db1, dW2, db2 = slopes(W1, b1, W2, b2)
        if loss < goal:
            return W1, b1, W2, b2
        W1 -= 0.4 * dW1
        b1 -= 0.4 * db1
        W2 -= 0.4 * dW2
        b2 -= 0.4 * db2
    return W1, b1, W2, b2


def parabola_momentum(slopes, W1, b1, W2, b2, goal):
    arrays, velocity = [W1, b1, W2, b2], [0, 0, 0, 0]
    while slopes(*arrays)[0] > goal:              # asks twice at each place
        velocity = [0.8 * v - 0.1 * d for v, d in zip(velocity, slopes(*arrays)[1:], strict=True)]
        arrays = [a + v for a, v in zip(arrays, velocity, strict=True)]
    return arrays


def parabola_one_row(slopes, W1, b1, W2, b2, goal):
    shapes = [a.shape for a in (W1, b1, W2, b2)]
    ends = np.cumsum([int(np.prod(s)) for s in shapes])[:-1]

    def apart(row):
        return [part.reshape(shape) for part, shape in zip(np.split(row, ends), shapes, strict=True)]
    row = np.concatenate([a.ravel() for a in (W1, b1, W2, b2)])
    for _ in range(400):
        row = row - 0.5 * np.concatenate([d.ravel() for d in slopes(*apart(row))[1:]])
    return apart(row)


def parabola_by_name(slopes, W1, b1, W2, b2, goal):
    here = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    while (found := slopes(**here))[0] > goal:
        here = {name: array - 0.5 * slope for (name, array), slope in zip(here.items(), found[1:], strict=True)}
    return tuple(here.values())


def parabola_best(slopes, W1, b1, W2, b2, goal):
    arrays, walk = [np.float32(a) for a in (W1, b1, W2, b2)], []
    for _ in range(400):
        loss, *down = slopes(*arrays)
        walk.append((loss, arrays))
        arrays = [np.float32(a - 0.5 * d) for a, d in zip(arrays, down, strict=True)]
    return min(walk, key=lambda pair: pair[0])[1]


RIGHT = {
    "training.epoch_loss": [loss_loops, loss_running, loss_averaged],
    "training.descend": [descend_copied, descend_recursive, descend_entries, descend_single, descend_from_single,
                         descend_told],
    "training.rates": [rates_loop, rates_two_ends, rates_stepped],
    "training.one_step": [step_loops, step_fortran, step_last_first],
    "training.momentum": [momentum_positive, momentum_powers, momentum_from_unit],
    "training.epochs": [epochs_own_seed, epochs_split, epochs_popped, epochs_in_place, epochs_named, epochs_single,
                        epochs_of_old_numpy, epochs_from_what_is_left, epochs_exchanged],
    "training.stop": [stop_counter, stop_running, stop_no_loop],
    "training.parabola": [parabola_named, parabola_momentum, parabola_one_row, parabola_by_name, parabola_best],
}
