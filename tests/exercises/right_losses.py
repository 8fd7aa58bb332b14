"""Right answers to the losses assignment, written as differently as learners write them: all earn all."""
import math

import numpy as np

# ---- squared and slopes --------------------------------------------------------------------------------


def squared_loops(Y_hat, Y):
    C = [sum((p - t) ** 2 for p, t in zip(row, wanted, strict=True)) for row, wanted in zip(Y_hat, Y, strict=True)]
    return sum(C) / len(C) / 2, C, [c / 2 for c in C]


def squared_norms(Y_hat, Y):
    C = np.linalg.norm(Y_hat - Y, axis=1) ** 2
    return 0.5 * C.mean(), C, 0.5 * C


def squared_einsum(Y_hat, Y):
    D = Y - Y_hat
    C = np.einsum("ik,ik->i", D, D)
    return np.array([np.vdot(D, D) / (2 * Y.shape[0])]), C[:, None], C[:, None] / 2


def slopes_loops(Y_hat, Y):
    n, K = Y.shape
    three = np.zeros((3, n, K))
    for i in range(n):
        for k in range(K):
            miss = Y_hat[i, k] - Y[i, k]
            three[:, i, k] = miss / n, miss + miss, miss
    return three[0], three[1], three[2]


def slopes_turned(Y_hat, Y):
    return -(Y - Y_hat) / Y.shape[0], -2 * (Y - Y_hat), -(Y - Y_hat)


def slopes_complex(Y_hat, Y):
    moved = (Y_hat + 1e-30j - Y) ** 2
    per_entry = moved.imag / 1e-30
    return [per_entry / (2 * len(Y)), per_entry, np.asfortranarray(per_entry / 2)]


# ---- tanh ----------------------------------------------------------------------------------------------

def tanh_lists(s, y):
    x = [math.tanh(v) for v in s]
    return sum((a - b) ** 2 for a, b in zip(x, y, strict=True)), [2 * (a - b) * (1 - a * a)
                                                                    for a, b in zip(x, y, strict=True)]


def tanh_cosh(s, y):
    miss = np.tanh(s) - y
    return miss @ miss, 2 * miss / np.cosh(s) ** 2


def tanh_multiplied_out(s, y):
    x = np.tanh(s)
    return np.sum(x**2) - 2 * np.sum(x * y) + np.sum(y**2), -2 * (y - x) * (1 + x) * (1 - x)


# ---- bce -----------------------------------------------------------------------------------------------

def bce_two_terms(y_hat, y):
    L = -np.mean(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))
    return L, -(y / y_hat - (1 - y) / (1 - y_hat)) / len(y)


def bce_loops(y_hat, y):
    L, slope = 0.0, []
    for p, t in zip(y_hat, y, strict=True):
        L += -math.log(p) if t else -math.log1p(-p)
        slope.append((-1 / p if t else 1 / (1 - p)) / len(y))
    return L / len(y), slope


def bce_fraction(y_hat, y):
    observed = y_hat**y * (1 - y_hat) ** (1 - y)
    return np.log(1 / observed).sum() / y.size, (y_hat - y) / (y_hat * (1 - y_hat)) / y.size


# ---- bce_at_z ------------------------------------------------------------------------------------------

def at_z_logaddexp(z, y):
    return np.logaddexp(0, z) - y * z, 0.5 * (1 + np.tanh(z / 2)) - y


def at_z_max(z, y):
    losses = np.maximum(z, 0) - z * y + np.log(1 + np.exp(-abs(z)))
    return losses, np.exp(-np.logaddexp(0, -z)) - y


def at_z_loops(z, y):
    losses, delta = [], []
    for v, t in zip(z, y, strict=True):
        away = -v if t == 1 else v
        losses.append(away + math.log1p(math.exp(-away)) if away > 0 else math.log1p(math.exp(away)))
        p = 1 / (1 + math.exp(-v)) if v >= 0 else math.exp(v) / (1 + math.exp(v))
        delta.append(p - t)
    return losses, delta


def at_z_overflowing_to_zero(z, y):
    """exp(−z) may become infinite here: 1 / infinity is the 0 that is wanted; a warning costs nothing."""
    return np.logaddexp(0, np.where(y == 1, -z, z)), 1 / (1 + np.exp(-z)) - y


# ---- softmax -------------------------------------------------------------------------------------------

def softmax_loops(Z):
    P = []
    for row in Z:
        e = [math.exp(z - max(row)) for z in row]
        P.append([v / sum(e) for v in e])
    return P


def softmax_differences(Z):
    with np.errstate(over="ignore"):
        return 1 / np.exp(Z[:, None, :] - Z[:, :, None]).sum(axis=2)


def softmax_log(Z):
    return np.exp(Z - np.logaddexp.reduce(Z, axis=1, keepdims=True))


def softmax_transposed(Z):
    E = np.exp(Z.T - Z.max(axis=1))
    return (E / E.sum(axis=0)).T


# ---- cross_entropy -------------------------------------------------------------------------------------

def ce_selected(P, Y):
    dP = np.zeros(P.shape)
    dP[Y == 1] = -1 / P[Y == 1] / len(Y)
    return -np.log(P[Y == 1]).mean(), dP


def ce_loops(P, Y):
    L, dP = 0.0, [[0.0] * P.shape[1] for _ in P]
    for i in range(len(P)):
        for k in range(P.shape[1]):
            if Y[i, k]:
                L -= math.log(P[i, k]) / len(P)
                dP[i][k] = -1 / (len(P) * P[i, k])
    return L, dP


def ce_observed(P, Y):
    observed = (P * Y).sum(axis=1, keepdims=True)
    return np.log(1 / observed).mean(), -(Y / observed) / P.shape[0]


# ---- softmax_back --------------------------------------------------------------------------------------

def back_jacobians(P, dP):
    return np.stack([(np.diag(p) - np.outer(p, p)) @ g for p, g in zip(P, dP, strict=True)])


def back_loops(P, dP):
    n, C = P.shape
    delta = np.zeros((n, C))
    for i in range(n):
        for k in range(C):
            for j in range(C):
                delta[i, k] += dP[i, j] * P[i, j] * ((j == k) - P[i, k])
    return delta


def back_einsum(P, dP):
    return P * dP - P * np.einsum("ij,ij->i", P, dP).reshape(-1, 1)


# ---- by_class ------------------------------------------------------------------------------------------

def by_class_one_hot(P, c):
    Y = np.eye(P.shape[1])[c]
    return -np.sum(Y * np.log(P)) / len(c), (P - Y) / len(c)


def by_class_loops(P, c):
    L, delta = 0, (P / len(c)).tolist()
    for i, k in enumerate(c):
        L -= math.log(P[i][k])
        delta[i][k] -= 1 / len(c)
    return L / len(c), delta


def by_class_take(P, c):
    observed = np.take_along_axis(P, c[:, None], axis=1)
    delta = P / len(P)
    np.put_along_axis(delta, c[:, None], (observed - 1) / len(P), axis=1)
    return -np.log(observed).mean(), delta


def by_class_where(P, c):
    true = np.arange(P.shape[1]) == c[:, None]
    return np.mean(-np.log(P[true])), np.where(true, P - 1, P) / len(P)


# ---- classifier ----------------------------------------------------------------------------------------

def classifier_logaddexp(Z, c):
    every = np.arange(len(c))
    total = np.logaddexp.reduce(Z, axis=1)
    delta = np.exp(Z - total[:, None])
    delta[every, c] -= 1
    return (total - Z[every, c]).mean(), delta / len(c)


def classifier_loops(Z, c):
    n, L, delta = len(c), 0.0, np.zeros(Z.shape)
    for i, (z, k) in enumerate(zip(Z, c, strict=True)):
        top = max(z)
        total = sum(math.exp(v - top) for v in z)
        L += (top + math.log(total) - z[k]) / n
        delta[i] = [(math.exp(v - top) / total - (j == k)) / n for j, v in enumerate(z)]
    return L, delta


def classifier_one_hot(Z, c):
    Y = np.eye(Z.shape[1])[c]
    S = Z - np.amax(Z, 1)[:, np.newaxis]
    E = np.exp(S)
    total = E.sum(1)[:, np.newaxis]
    return (np.log(total).sum() - (Y * S).sum()) / len(Y), (E / total - Y) / len(Y)


def classifier_relative_to_the_true_class(Z, c):
    """Everything relative to the score of the true class, then shifted by what is largest."""
    R = Z - np.take_along_axis(Z, c[:, None], axis=1)
    top = R.max(axis=1)
    E = np.exp(R - top[:, None])
    delta = (E.T / E.sum(axis=1)).T
    delta[range(len(c)), c] -= 1
    return np.mean(top + np.log(E.sum(axis=1))), delta / len(c)


RIGHT = {
    "losses.squared": [squared_loops, squared_norms, squared_einsum],
    "losses.slopes": [slopes_loops, slopes_turned, slopes_complex],
    "losses.tanh": [tanh_lists, tanh_cosh, tanh_multiplied_out],
    "losses.bce": [bce_two_terms, bce_loops, bce_fraction],
    "losses.bce_at_z": [at_z_logaddexp, at_z_max, at_z_loops, at_z_overflowing_to_zero],
    "losses.softmax": [softmax_loops, softmax_differences, softmax_log, softmax_transposed],
    "losses.cross_entropy": [ce_selected, ce_loops, ce_observed],
    "losses.softmax_back": [back_jacobians, back_loops, back_einsum],
    "losses.by_class": [by_class_one_hot, by_class_loops, by_class_take, by_class_where],
    "losses.classifier": [classifier_logaddexp, classifier_loops, classifier_one_hot,
                          classifier_relative_to_the_true_class],
}
