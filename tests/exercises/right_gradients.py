"""Right answers to the gradients assignment, written as differently as learners write them: all earn all."""
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# ---- outer ---------------------------------------------------------------------------------------------

def outer_indices(X, delta):
    dW = [[0.0] * delta.shape[1] for _ in range(X.shape[1])]
    for i in range(len(X)):
        for j in range(X.shape[1]):
            for k in range(delta.shape[1]):
                dW[j][k] += X[i, j] * delta[i, k]
    return dW


def outer_einsum(X, delta):
    return np.einsum("ij,ik->jk", X, delta)


def outer_columns(X, delta):
    return sum(x[:, None] * d for x, d in zip(X, delta, strict=True))


def outer_backwards(X, delta):
    return np.sum([np.outer(X[i], delta[i]) for i in reversed(range(len(X)))], axis=0)


def outer_fortran(X, delta):
    return np.asfortranarray(np.tensordot(X, delta, axes=(0, 0)))


# ---- matrix --------------------------------------------------------------------------------------------

def matrix_ones(X, delta):
    both = np.column_stack([X, np.ones(len(X))]).T @ delta
    return both[:-1], both[-1]


def matrix_turned(X, delta):
    return [np.dot(delta.T, X).T, np.add.reduce(delta)]


def matrix_loops(X, delta):
    dW, db = np.zeros((X.shape[1], delta.shape[1])), np.zeros((1, delta.shape[1]))
    for x, d in zip(X, delta, strict=True):
        dW += np.outer(x, d)
        db += d
    return dW, db


# ---- batch ---------------------------------------------------------------------------------------------

def batch_tables(X, E):
    tables = X[:, :, None] * E[:, None, :]
    return tables.sum(axis=0), tables.mean(axis=0)


def batch_from_mean(X, E):
    mean = X.T @ (E / len(E))
    return mean * X.shape[0], mean


def batch_running_mean(X, E):
    mean = np.zeros((X.shape[1], E.shape[1]))
    for i, (x, e) in enumerate(zip(X, E, strict=True), 1):
        mean += (np.outer(x, e) - mean) / i
    return [(i * mean).tolist(), mean]


# ---- penalty -------------------------------------------------------------------------------------------

def penalty_by_parts(X, delta, W, b, alpha):
    dW, db = np.einsum("ij,ik->jk", X, delta), np.ones(len(delta)) @ delta
    return [dW + 0.5 * alpha * (2 * W), db.copy(), db + 0.5 * alpha * 2 * b]


def penalty_measured(X, delta, W, b, alpha):
    def slope(f, at):
        out = np.empty(at.shape)
        for k in np.ndindex(at.shape):
            moved = at.astype(complex)
            moved[k] += 1e-30j
            out[k] = np.imag(f(moved)) / 1e-30
        return out

    def first(W, b):
        return np.sum(delta * (X @ W + b)) + alpha / 2 * np.sum(W**2)

    return (slope(lambda W: first(W, b), W), slope(lambda b: first(W, b), b),
            slope(lambda b: first(W, b) + alpha / 2 * np.sum(b**2), b))


def penalty_stacked(X, delta, W, b, alpha):
    theta = np.vstack([b, W])
    slopes = np.insert(X, 0, 1, axis=1).T @ delta
    held = slopes + alpha * theta
    return held[1:], slopes[:1], held[:1]


# ---- step ----------------------------------------------------------------------------------------------

def step_copied(Ws, dWs, eta_1, eta_2):
    results = []
    for eta in (eta_1, eta_2):
        new = [W.copy() for W in Ws]
        for W, dW in zip(new, dWs, strict=True):
            W -= eta * dW
        results.append(new)
    return results


def step_back_and_forth(Ws, dWs, eta_1, eta_2):
    cautious = tuple(np.subtract(W, eta_1 * dW) for W, dW in zip(Ws, dWs, strict=True))
    return cautious, tuple(W + (eta_1 - eta_2) * dW for W, dW in zip(cautious, dWs, strict=True))


def step_in_lists(Ws, dWs, eta_1, eta_2):
    def one(eta):
        return [[[w - eta * g for w, g in zip(*rows, strict=True)] for rows in zip(W, dW, strict=True)]
                for W, dW in zip(Ws, dWs, strict=True)]
    return [one(eta_1), one(eta_2)]


# ---- order ---------------------------------------------------------------------------------------------

def order_in_place(X, H, W, dH, eta):
    delta = dH * (H - H**2)
    dX, dW = delta @ W.T, X.T @ delta
    W -= eta * dW
    return dX, dW, W


def order_by_example(X, H, W, dH, eta):
    dX, dW = np.zeros_like(X), np.zeros_like(W)
    for i in range(len(X)):
        delta = H[i] * (1 - H[i]) * dH[i]
        dX[i] = W @ delta
        dW += np.outer(X[i], delta)
    return [dX, dW, W + -eta * dW]


def order_updated_and_undone(X, H, W, dH, eta):
    delta = np.asfortranarray(dH * H - dH * H * H)
    dW = np.einsum("nj,nk->jk", X, delta)
    new = W - dW * eta
    return np.einsum("nk,jk->nj", delta, new + eta * dW), dW, new


# ---- network -------------------------------------------------------------------------------------------

def network_recursive(X, Y, Ws, bs, alpha):
    def learn(H, k):
        """Slopes of layers k …, and the slope at what layer k reads."""
        Z = H @ Ws[k] + bs[k]
        if k == len(Ws) - 1:
            delta, dWs, dbs = (Z - Y) / len(Y), [], []
        else:
            out = np.tanh(Z)
            dWs, dbs, dH = learn(out, k + 1)
            delta = dH * (1 - out) * (1 + out)
        return [H.T @ delta + alpha * Ws[k], *dWs], [delta.sum(0), *dbs], delta @ Ws[k].T
    return learn(X, 0)[:2]


def network_by_example(X, Y, Ws, bs, alpha):
    n, dWs, dbs = len(X), [alpha * W for W in Ws], [0 * b for b in bs]
    for x, y in zip(X, Y, strict=True):
        hs = [x]
        for k, (W, b) in enumerate(zip(Ws, bs, strict=True)):
            z = hs[-1] @ W + b
            hs.append(z if k == len(Ws) - 1 else np.tanh(z))
        delta = hs[-1] - y
        for k in range(len(Ws) - 1, -1, -1):
            dWs[k] = dWs[k] + np.outer(hs[k], delta) / n
            dbs[k] = dbs[k] + delta / n
            delta = Ws[k] @ delta - Ws[k] @ delta * hs[k] ** 2
    return tuple(dWs), tuple(dbs)


def network_measured(X, Y, Ws, bs, alpha):
    def objective(Ws, bs):
        H = X
        for k, (W, b) in enumerate(zip(Ws, bs, strict=True)):
            H = H @ W + b
            H = np.tanh(H) if k < len(Ws) - 1 else H
        return np.sum((H - Y) ** 2) / (2 * len(Y)) + alpha / 2 * sum(np.sum(W**2) for W in Ws)

    def slopes(arrays, f):
        found = []
        for k, A in enumerate(arrays):
            out = np.empty(A.shape)
            for at in np.ndindex(A.shape):
                moved = [B.astype(complex) for B in arrays]
                moved[k][at] += 1e-30j
                out[at] = np.imag(f(moved)) / 1e-30
            found.append(out)
        return found

    return slopes(Ws, lambda moved: objective(moved, bs)), slopes(bs, lambda moved: objective(Ws, moved))


def network_folded_bias(X, Y, Ws, bs, alpha):
    ones = np.ones((len(X), 1))
    thetas, Hs = [np.vstack([W, b]) for W, b in zip(Ws, bs, strict=True)], [np.hstack([X, ones])]
    for theta in thetas[:-1]:
        Hs.append(np.hstack([np.tanh(Hs[-1] @ theta), ones]))
    delta, found = (Hs[-1] @ thetas[-1] - Y) / len(Y), []
    for H, theta in zip(reversed(Hs), reversed(thetas), strict=True):
        found.append(H.T @ delta)
        delta = ((delta @ theta.T) * (1 - H**2))[:, :-1]
    found.reverse()
    return [d[:-1] + alpha * W for d, W in zip(found, Ws, strict=True)], [d[-1] for d in found]


# ---- columns -------------------------------------------------------------------------------------------

def columns_by_rows(X, Y, Ws, bs):
    """House notation inside, the deck's outside."""
    Hs = [X.T]
    for W, b in zip(Ws[:-1], bs[:-1], strict=True):
        Hs.append(sigmoid(Hs[-1] @ W.T + b))
    delta, dWs, dbs = (Hs[-1] @ Ws[-1].T + bs[-1] - Y.T) / len(Y.T), [], []
    for H, W in zip(Hs[::-1], Ws[::-1], strict=True):
        dWs.append((H.T @ delta).T)
        dbs.append(delta.sum(axis=0))
        delta = delta @ W * H * (1 - H)
    return dWs[::-1], dbs[::-1]


def columns_by_example(X, Y, Ws, bs):
    n, dWs, dbs = X.shape[1], [0 * W for W in Ws], [0 * b for b in bs]
    for i in range(n):
        hs = [X[:, i]]
        for W, b in zip(Ws[:-1], bs[:-1], strict=True):
            hs.append(sigmoid(W @ hs[-1] + b))
        delta = (Ws[-1] @ hs[-1] + bs[-1] - Y[:, i]) / n
        for k in reversed(range(len(Ws))):
            dWs[k] += np.outer(delta, hs[k])
            dbs[k] += delta
            delta = (Ws[k].T @ delta) * (hs[k] - hs[k] ** 2)
    return [dWs, [db[:, None] for db in dbs]]


def columns_excitations(X, Y, Ws, bs):
    Xis = [Ws[0] @ X + bs[0].reshape(-1, 1)]
    for W, b in zip(Ws[1:], bs[1:], strict=True):
        Xis.append(W @ sigmoid(Xis[-1]) + b.reshape(-1, 1))
    deltas = [-(Y - Xis[-1]) / Y.shape[1]]
    for W, Xi in zip(Ws[:0:-1], Xis[-2::-1], strict=True):
        deltas.insert(0, np.einsum("kj,ki->ji", W, deltas[0]) * sigmoid(Xi) * sigmoid(-Xi))
    inputs = [X, *map(sigmoid, Xis[:-1])]
    return (tuple(np.einsum("ki,ji->kj", d, h) for d, h in zip(deltas, inputs, strict=True)),
            tuple(d @ np.ones(d.shape[1]) for d in deltas))


# ---- lfd -----------------------------------------------------------------------------------------------

def lfd_loops(x, y, Ws, eta):
    L, xs = len(Ws), [list(x)]
    for W in Ws:
        xs.append([np.tanh(sum(W[i, j] * v for i, v in enumerate(xs[-1]))) for j in range(W.shape[1])])
    deltas = [None] * L
    deltas[-1] = [2 * (a - b) * (1 - a * a) for a, b in zip(xs[-1], y, strict=True)]
    for k in range(L - 2, -1, -1):
        deltas[k] = [(1 - v * v) * sum(Ws[k + 1][i, j] * d for j, d in enumerate(deltas[k + 1]))
                     for i, v in enumerate(xs[k + 1])]
    dWs = [[[v * d for d in delta] for v in below] for below, delta in zip(xs[:-1], deltas, strict=True)]
    return deltas, dWs, [W - eta * np.array(dW) for W, dW in zip(Ws, dWs, strict=True)]


def lfd_rows(x, y, Ws, eta):
    Hs = [x[None]]
    for W in Ws:
        Hs.append(np.tanh(Hs[-1] @ W))
    delta, deltas, dWs, new = -2 * (y - Hs[-1]) * (1 - Hs[-1] ** 2), [], [], []
    for H, W in zip(Hs[-2::-1], Ws[::-1], strict=True):
        deltas.insert(0, delta)
        dWs.insert(0, H.T @ delta)
        new.insert(0, W - eta * dWs[0])
        delta = delta @ W.T * (1 - H**2)
    return deltas, dWs, new


def lfd_in_place_but_last(x, y, Ws, eta):
    xs = [x]
    for W in Ws:
        xs.append(np.tanh(xs[-1] @ W))
    deltas = [2 * xs[-1] * (1 - xs[-1] ** 2) - 2 * y * (1 - xs[-1] ** 2)]
    for k in range(len(Ws) - 1, 0, -1):
        deltas = [(deltas[0] @ Ws[k].T) * (1 - xs[k]) * (1 + xs[k]), *deltas]
    dWs = [below[:, None] * d for below, d in zip(xs[:-1], deltas, strict=True)]
    for W, dW in zip(Ws, dWs, strict=True):
        W -= eta * dW
    return [deltas, dWs, Ws]


RIGHT = {
    "gradients.outer": [outer_indices, outer_einsum, outer_columns, outer_backwards, outer_fortran],
    "gradients.matrix": [matrix_ones, matrix_turned, matrix_loops],
    "gradients.batch": [batch_tables, batch_from_mean, batch_running_mean],
    "gradients.penalty": [penalty_by_parts, penalty_measured, penalty_stacked],
    "gradients.step": [step_copied, step_back_and_forth, step_in_lists],
    "gradients.order": [order_in_place, order_by_example, order_updated_and_undone],
    "gradients.network": [network_recursive, network_by_example, network_measured, network_folded_bias],
    "gradients.columns": [columns_by_rows, columns_by_example, columns_excitations],
    "gradients.lfd": [lfd_loops, lfd_rows, lfd_in_place_but_last],
}
