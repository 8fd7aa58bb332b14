"""Right answers to the delta assignment, written as differently as learners write them: all earn all."""
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# ---- output --------------------------------------------------------------------------------------------

def output_loops(Y_hat, Y):
    delta = []
    for i in range(len(Y)):
        delta.append([])
        for k in range(len(Y[0])):
            delta[i].append((Y_hat[i][k] - Y[i][k]) / len(Y))
    return delta


def output_by_parts(Y_hat, Y):
    return -(1 / Y.shape[0]) * np.subtract(Y, Y_hat)


def output_fortran(Y_hat, Y):
    return np.asfortranarray(Y_hat / len(Y) - Y / len(Y))


def output_single(Y_hat, Y):
    return ((Y_hat - Y) / np.float32(len(Y))).astype(np.float32)


def output_complex_step(Y_hat, Y):
    delta = np.empty(Y.shape)
    for k in np.ndindex(Y.shape):
        moved = Y_hat.astype(complex)
        moved[k] += 1e-30j
        delta[k] = np.imag(np.sum((moved - Y) ** 2) / (2 * len(Y))) / 1e-30
    return delta


# ---- output_tanh ---------------------------------------------------------------------------------------

def output_tanh_list(x, y):
    return [2 * (a - b) * (1 - a * a) for a, b in zip(x, y, strict=True)]


def output_tanh_factored(x, y):
    return -2 * (y - x) * (1 - x) * (1 + x)


def output_tanh_from_signal(x, y):
    return 2 * (x - y) / np.cosh(np.arctanh(x)) ** 2


def output_tanh_column(x, y):
    return (2 * (x - y) * (1 - x**2)).reshape(-1, 1)


# ---- hidden_components and hidden ----------------------------------------------------------------------

def hidden_loops(delta_next, W, H):
    delta = np.zeros_like(H)
    for i in range(H.shape[0]):
        for j in range(H.shape[1]):
            back = sum(delta_next[i, k] * W[j, k] for k in range(W.shape[1]))
            delta[i, j] = back * (H[i, j] - H[i, j] ** 2)
    return delta


def hidden_einsum(delta_next, W, H):
    return np.einsum("ik,jk,ij->ij", delta_next, W, H * (1 - H))


def hidden_row_by_row(delta_next, W, H):
    return [W @ d * h * (1 - h) for d, h in zip(delta_next, H, strict=True)]


def hidden_from_the_left(delta_next, W, H):
    return np.asfortranarray((W @ delta_next.T).T * (H - H * H))


def hidden_jacobian(delta_next, W, H):
    return np.stack([np.diag(h * (1 - h)) @ W @ d for d, h in zip(delta_next, H, strict=True)])


def hidden_single(delta_next, W, H):
    a, b, c = (array.astype(np.float32) for array in (delta_next, W, H))
    return a @ b.T * c * (1 - c)


def hidden_in_place(delta_next, W, H):
    delta = delta_next @ W.T
    delta *= H
    H *= -1
    H += 1
    delta *= H
    return delta


# ---- hidden_columns ------------------------------------------------------------------------------------

def columns_loops(Delta_next, W, Xi):
    Delta = np.zeros(Xi.shape)
    for i in range(Xi.shape[1]):
        for j in range(Xi.shape[0]):
            s = 1 / (1 + np.exp(-Xi[j, i]))
            Delta[j, i] = sum(W[k, j] * Delta_next[k, i] for k in range(len(W))) * s * (1 - s)
    return Delta


def columns_exponential(Delta_next, W, Xi):
    return np.dot(W.T, Delta_next) * (np.exp(-Xi) / (1 + np.exp(-Xi)) ** 2)


def columns_transposed_twice(Delta_next, W, Xi):
    return (Delta_next.T @ W * sigmoid(Xi.T) * sigmoid(-Xi.T)).T


def columns_hyperbolic(Delta_next, W, Xi):
    return np.einsum("kj,ki->ji", W, Delta_next) / (4 * np.cosh(Xi / 2) ** 2)


# ---- hidden_lfd ----------------------------------------------------------------------------------------

def lfd_loops(delta_next, W, x):
    return [(1 - x[i] ** 2) * sum(W[i][j] * d for j, d in enumerate(delta_next)) for i in range(len(x))]


def lfd_from_the_right(delta_next, W, x):
    return (delta_next @ W.T) * (1 - x) * (1 + x)


def lfd_sum(delta_next, W, x):
    return (W * delta_next).sum(axis=1) - x**2 * (W * delta_next).sum(axis=1)


def lfd_column(delta_next, W, x):
    return (1 - x[:, None] ** 2) * (W @ delta_next[:, None])


# ---- beta ----------------------------------------------------------------------------------------------

def beta_loops(beta_k, o_k, W, o_j):
    b, d = [], []
    for j in range(len(o_j)):
        b.append(sum(W[j, k] * o_k[k] * (1 - o_k[k]) * beta_k[k] for k in range(len(o_k))))
        d.append(-b[j] * o_j[j] * (1 - o_j[j]))
    return b, d


def beta_scaled_weights(beta_k, o_k, W, o_j):
    beta_j = (W * (o_k - o_k**2)) @ beta_k
    return [beta_j, (o_j**2 - o_j) * beta_j]


def beta_through_delta(beta_k, o_k, W, o_j):
    slope_at_o = np.einsum("jk,k->j", W, -o_k * (1 - o_k) * beta_k)
    return -slope_at_o, slope_at_o * o_j * (1 - o_j)


# ---- layer ---------------------------------------------------------------------------------------------

def layer_loops(X, H, W, dH):
    dX, dW, db = np.zeros(X.shape), np.zeros(W.shape), np.zeros(W.shape[1])
    for x, h, g, dx in zip(X, H, dH, dX, strict=True):
        delta = g * (1 - h * h)
        dx += W @ delta
        dW += np.outer(x, delta)
        db += delta
    return dX, dW, db


def layer_einsum(X, H, W, dH):
    delta = dH * (1 - H) * (1 + H)
    return [np.einsum("nk,jk->nj", delta, W), np.einsum("nj,nk->jk", X, delta), np.einsum("nk->k", delta)]


def layer_ones(X, H, W, dH):
    delta = np.asfortranarray(dH - dH * H**2)
    return delta.dot(W.T), (delta.T @ X).T, np.ones((1, len(X))) @ delta


# ---- network -------------------------------------------------------------------------------------------

def network_appended(Hs, Ws, Y):
    L, delta = len(Ws), (Hs[-1] - Y) / Y.shape[0]
    deltas, dWs, dbs = [None] * L, [None] * L, [None] * L
    for k in range(L - 1, -1, -1):
        deltas[k], dWs[k], dbs[k] = delta, Hs[k].T @ delta, delta.sum(0)
        if k > 0:
            delta = (delta @ Ws[k].T) * Hs[k] * (1 - Hs[k])
    return deltas, dWs, dbs


def network_recursive(Hs, Ws, Y):
    def below(k):
        if k == len(Ws) - 1:
            return ((Hs[-1] - Y) / len(Y),)
        later = below(k + 1)
        return (np.einsum("ik,jk->ij", later[0], Ws[k + 1]) * (Hs[k + 1] - Hs[k + 1] ** 2), *later)
    deltas = below(0)
    return deltas, tuple(np.einsum("ni,nj->ij", H, d) for H, d in zip(Hs, deltas, strict=False)), \
        tuple(np.ones(len(Y)) @ d for d in deltas)


def network_by_example(Hs, Ws, Y):
    n, L = len(Y), len(Ws)
    deltas = [np.zeros((n, W.shape[1]), order="F") for W in Ws]
    dWs, dbs = [np.zeros(W.shape) for W in Ws], [np.zeros(W.shape[1]) for W in Ws]
    for i in range(n):
        delta = (Hs[L][i] - Y[i]) / n
        for k in reversed(range(L)):
            deltas[k][i] = delta
            dWs[k] += np.outer(Hs[k][i], delta)
            dbs[k] += delta
            delta = Ws[k] @ delta * Hs[k][i] * (1 - Hs[k][i])
    return [deltas, dWs, dbs]


def network_reversed(Hs, Ws, Y):
    deltas = [-(Y - Hs[-1]) / len(Y)]
    for W, H in zip(reversed(Ws[1:]), reversed(Hs[1:-1]), strict=True):
        deltas.append(deltas[-1] @ W.T * (H * (1 - H)))
    deltas.reverse()
    dWs = [(d.T @ H).T.tolist() for H, d in zip(Hs, deltas, strict=False)]
    return deltas, dWs, [d.sum(axis=0) for d in deltas]


HIDDEN = [hidden_loops, hidden_einsum, hidden_row_by_row, hidden_from_the_left, hidden_jacobian,
          hidden_single, hidden_in_place]
RIGHT = {
    "delta.output": [output_loops, output_by_parts, output_fortran, output_single, output_complex_step],
    "delta.output_tanh": [output_tanh_list, output_tanh_factored, output_tanh_from_signal,
                          output_tanh_column],
    "delta.hidden_components": HIDDEN,
    "delta.hidden": HIDDEN,
    "delta.hidden_columns": [columns_loops, columns_exponential, columns_transposed_twice,
                             columns_hyperbolic],
    "delta.hidden_lfd": [lfd_loops, lfd_from_the_right, lfd_sum, lfd_column],
    "delta.beta": [beta_loops, beta_scaled_weights, beta_through_delta],
    "delta.layer": [layer_loops, layer_einsum, layer_ones],
    "delta.network": [network_appended, network_recursive, network_by_example, network_reversed],
}
