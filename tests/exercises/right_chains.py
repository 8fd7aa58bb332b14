"""Right answers to the chains assignment, written as differently as learners write them: all earn all."""
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def logit(a):
    return np.log(a / (1 - a))


def imag(f, at):
    """A slope by the complex step: right numbers by another route."""
    return np.imag(f(at + 1e-30j)) / 1e-30


# ---- factors -------------------------------------------------------------------------------------------

def factors_loops(a_prev, w, y):
    dz, da, dC = [], [], []
    for a_in, target in zip(a_prev, y, strict=True):
        out = 1 / (1 + np.exp(-w * a_in))
        dz.append(a_in)
        da.append(out - out**2)
        dC.append(2 * out - 2 * target)
    return dz, da, dC


def factors_exponential(a_prev, w, y):
    E = np.exp(-w * a_prev)
    return [1 * a_prev, E / (1 + E) ** 2, 2 / (1 + E) - 2 * y]


def factors_measured(a_prev, w, y):
    z = w * a_prev
    return (imag(lambda w: w * a_prev, w), imag(sigmoid, z), imag(lambda a: (a - y) ** 2, sigmoid(z)))


def factors_column(a_prev, w, y):
    a = sigmoid(w * a_prev)
    return a_prev[:, None], (a * sigmoid(-w * a_prev))[:, None], -2 * (y - a)[None]


# ---- last ----------------------------------------------------------------------------------------------

def last_in_one_line(a_prev, a, y, w):
    return a_prev * a * (1 - a) * 2 * (a - y), w * a * (1 - a) * 2 * (a - y)


def last_by_formula(a_prev, a, y, w):
    gap = np.subtract(y, a)
    return [-2 * gap * (a - a**2) * thing for thing in (a_prev, w)]


def last_measured(a_prev, a, y, w):
    z = logit(a)
    loss = imag(lambda z: (sigmoid(z) - y) ** 2, z)
    return loss * a_prev, loss * w


def last_by_example(a_prev, a, y, w):
    rows = []
    for p, q, t in zip(a_prev, a, y, strict=True):
        rows.append(np.array([p, w]) * 2 * (q - t) * q * (1 - q))
    return np.array(rows).T[0], np.array(rows).T[1]


# ---- earlier -------------------------------------------------------------------------------------------

def earlier_product(a_before, a_prev, a, y, ws):
    return np.prod([a_before, a_prev, 1 - a_prev, ws[1] + 0 * a, a, 1 - a, 2 * (a - y)], axis=0)


def earlier_measured(a_before, a_prev, a, y, ws):
    return imag(lambda v: (sigmoid(ws[1] * sigmoid(v * a_before)) - y) ** 2, ws[0])


def earlier_loops(a_before, a_prev, a, y, ws):
    slopes = []
    for k in range(len(y)):
        known = 2 * (a[k] - y[k])
        for factor in (a[k] * (1 - a[k]), ws[1], a_prev[k] * (1 - a_prev[k]), a_before[k]):
            known = known * factor
        slopes.append(known)
    return slopes


def earlier_single(a_before, a_prev, a, y, ws):
    p, q, r, t = (v.astype(np.float32) for v in (a_before, a_prev, a, y))
    return p * q * (1 - q) * np.float32(ws[1]) * r * (1 - r) * 2 * (r - t)


# ---- running -------------------------------------------------------------------------------------------

def running_appended(activations, ws, y):
    found = [2 * (activations[-1] - y)]
    for k in range(len(ws) - 1, -1, -1):
        found += [found[-1] * (activations[k + 1] - activations[k + 1] ** 2) * ws[k]]
    return found[::-1]


def running_recursive(activations, ws, y):
    if len(ws) == 0:
        return (2 * (activations[0] - y),)
    above = running_recursive(activations[1:], ws[1:], y)
    return (ws[0] * activations[1] * (1 - activations[1]) * above[0], *above)


def running_cumulative(activations, ws, y):
    A = np.array(activations)
    factors = np.vstack([ws[:, None] * A[1:] * (1 - A[1:]), 2 * (A[-1:] - y)])
    return np.asfortranarray(np.cumprod(factors[::-1], axis=0)[::-1])


def running_from_scratch(activations, ws, y):
    def slope(k):
        known = 2 * (activations[-1] - y)
        for w, a in zip(ws[k:], activations[k + 1:], strict=True):
            known = known * w * a * (1 - a)
        return known
    return [slope(k).tolist() for k in range(len(activations))]


# ---- beta ----------------------------------------------------------------------------------------------

def beta_as_on_the_slide(outputs, d, ws, eta):
    L, n = len(ws), len(d)
    betas, changes = [np.zeros(n) for _ in range(L)], [0.0] * L
    for i in range(n):
        betas[L - 1][i] = d[i] - outputs[L][i]
        for j in range(L - 2, -1, -1):
            o = outputs[j + 2][i]
            betas[j][i] = ws[j + 1] * o * (1 - o) * betas[j + 1][i]
        for j in range(L):
            o = outputs[j + 1][i]
            changes[j] += eta * outputs[j][i] * o * (1 - o) * betas[j][i]
    return betas, changes


def beta_through_slopes(outputs, d, ws, eta):
    dE_do = [a / 2 for a in running_appended(outputs, ws, d)[1:]]
    arrows = zip(outputs[:-1], outputs[1:], dE_do, strict=True)
    gradient = [np.dot(o_i, o * (1 - o) * s) for o_i, o, s in arrows]
    return tuple(-s for s in dE_do), -eta * np.array(gradient)


def beta_with_deltas(outputs, d, ws, eta):
    betas, deltas = [], []
    for k in reversed(range(len(ws))):
        betas.insert(0, deltas[0] * ws[k + 1] if deltas else d - outputs[-1])
        deltas.insert(0, betas[0] * outputs[k + 1] * (1 - outputs[k + 1]))
    return betas, eta * np.einsum("kn,kn->k", np.array(outputs[:-1]), np.array(deltas))


# ---- bias ----------------------------------------------------------------------------------------------

def bias_augmented(X, w, b, y):
    X1 = np.hstack([np.ones((len(X), 1)), X])
    a = sigmoid(X1 @ np.concatenate([[b], w]))
    return X1, X1 * (2 * (a - y) * a * (1 - a)).reshape(-1, 1)


def bias_rows(X, w, b, y):
    X1, slopes = [], []
    for x, target in zip(X, y, strict=True):
        a = sigmoid(sum(wi * xi for wi, xi in zip(w, x, strict=True)) + b)
        X1.append([1.0, *x])
        slopes.append([2 * (a - target) * (a - a * a) * xi for xi in X1[-1]])
    return X1, slopes


def bias_diagonal(X, w, b, y):
    X1 = np.insert(X, 0, 1, axis=1)
    a = sigmoid(X.dot(w) + b)
    return [np.asfortranarray(X1), np.diag(2 * (a - y) * a * (1 - a)) @ X1]


# ---- steps ---------------------------------------------------------------------------------------------

def steps_loops(slopes, eta):
    n, L = slopes.shape
    mean, total = [0.0] * L, [0.0] * L
    for row in slopes:
        for k in range(L):
            mean[k] -= eta * row[k] / n
            total[k] += eta * (-row[k] / 2)
    return mean, total


def steps_ratio(slopes, eta):
    mean = -eta * np.mean(slopes, 0)
    return mean, mean * len(slopes) / 2


def steps_ones(slopes, eta):
    ones = np.ones(len(slopes))
    return [ones @ slopes * -eta / len(ones), np.einsum("nk->k", -0.5 * eta * slopes)]


# ---- linear and logistic -------------------------------------------------------------------------------

def linear_other_sign(x, w, y):
    h = np.dot(w, x)
    return 2 * (h - y), 2 * h * x - 2 * y * x


def linear_loops(x, w, y):
    h = 0.0
    for wi, xi in zip(w, x, strict=True):
        h += wi * xi
    return [-2 * (y - h), [-2 * (y - h) * xi for xi in x]]


def linear_column(x, w, y):
    X, W = x[None], w[:, None]
    gap = X @ W - y
    return 2 * gap, 2 * X.T @ gap


def logistic_multiplied(x, w):
    h2 = sigmoid(w @ x)
    one, two = -1 / h2, h2 * (1 - h2)
    return one, two, one * two * x


def logistic_minus_one(x, w):
    h2 = sigmoid(np.sum(w * x))
    return [-(h2**-1), h2 - h2**2, (h2 - 1) * x]


def logistic_exponentials(x, w):
    E = np.exp(-np.inner(w, x))
    return -(1 + E), E / (1 + E) ** 2, [-E / (1 + E) * xi for xi in x]


# ---- whole ---------------------------------------------------------------------------------------------

def whole_by_example(x, ws, bs, y):
    n, L = len(x), len(ws)
    dws, dbs = [0.0] * L, [0.0] * L
    for i in range(n):
        a = [x[i]]
        for w, b in zip(ws, bs, strict=True):
            a.append(sigmoid(w * a[-1] + b))
        known = 2 * (a[-1] - y[i])
        for k in range(L - 1, -1, -1):
            delta = known * a[k + 1] * (1 - a[k + 1])
            dws[k] += a[k] * delta / n
            dbs[k] += delta / n
            known = delta * ws[k]
    return dws, dbs


def whole_as_matrices(x, ws, bs, y):
    Hs = [x[:, None]]
    for w, b in zip(ws, bs, strict=True):
        Hs.append(sigmoid(Hs[-1] @ np.array([[w]]) + b))
    dH, dws, dbs = 2 * (Hs[-1] - y[:, None]) / len(y), [], []
    for k in reversed(range(len(ws))):
        delta = dH * Hs[k + 1] * (1 - Hs[k + 1])
        dws.insert(0, (Hs[k].T @ delta)[0, 0])
        dbs.insert(0, delta.sum())
        dH = delta @ np.array([[ws[k]]])
    return dws, dbs


def whole_measured(x, ws, bs, y):
    def loss(ws, bs):
        a = x
        for w, b in zip(ws, bs, strict=True):
            a = sigmoid(w * a + b)
        return np.mean((a - y) ** 2)

    nudges = 1e-30j * np.eye(len(ws))
    return ([np.imag(loss(ws + e, bs)) / 1e-30 for e in nudges],
            [np.imag(loss(ws, bs + e)) / 1e-30 for e in nudges])


def whole_mean_at_the_end(x, ws, bs, y):
    a = [x]
    for w, b in zip(ws, bs, strict=True):
        a.append(sigmoid(w * a[-1] + b))
    delta, dws, dbs = 2 * (a[-1] - y), np.empty_like(ws), np.empty_like(bs)
    for k in range(len(ws), 0, -1):
        delta = delta * (a[k] - a[k] ** 2)
        dws[k - 1], dbs[k - 1] = np.mean(a[k - 1] * delta), np.mean(delta)
        delta = delta * ws[k - 1]
    return np.array([dws, dbs])[0], dbs


RIGHT = {
    "chains.factors": [factors_loops, factors_exponential, factors_measured, factors_column],
    "chains.last": [last_in_one_line, last_by_formula, last_measured, last_by_example],
    "chains.earlier": [earlier_product, earlier_measured, earlier_loops, earlier_single],
    "chains.running": [running_appended, running_recursive, running_cumulative, running_from_scratch],
    "chains.beta": [beta_as_on_the_slide, beta_through_slopes, beta_with_deltas],
    "chains.bias": [bias_augmented, bias_rows, bias_diagonal],
    "chains.steps": [steps_loops, steps_ratio, steps_ones],
    "chains.linear": [linear_other_sign, linear_loops, linear_column],
    "chains.logistic": [logistic_multiplied, logistic_minus_one, logistic_exponentials],
    "chains.whole": [whole_by_example, whole_as_matrices, whole_measured, whole_mean_at_the_end],
}
