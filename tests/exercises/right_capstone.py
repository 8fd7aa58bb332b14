"""Right answers to the capstone, written as differently as learners write them: all earn all."""
import functools

import numpy as np

from chainrule import graph

# ---- forward -------------------------------------------------------------------------------------------

def forward_match(ops, parents, x):
    u = np.empty(len(ops))
    for i, op in enumerate(ops):
        a, b = parents[i]
        if op == "input":
            u[i] = x[i]
        elif op == "add":
            u[i] = u[a] + u[b]
        elif op == "mul":
            u[i] = u[a] * u[b]
        elif op == "tanh":
            u[i] = np.tanh(u[a])
        elif op == "exp":
            u[i] = np.exp(u[a])
        else:
            u[i] = u[a] if u[a] > 0 else 0.0
    return u


def forward_recursive(ops, parents, x):
    @functools.cache
    def value(i):
        if ops[i] == "input":
            return x[i]
        known = [value(int(p)) for p in parents[i] if p != -1]
        return {"add": sum, "mul": np.prod, "tanh": lambda v: np.tanh(v[0]), "exp": lambda v: np.exp(v[0]),
                "relu": lambda v: max(0, v[0])}[ops[i]](known)
    return [value(i) for i in range(len(ops))]


def forward_stack(ops, parents, x):
    done, waiting = dict(enumerate(x)), list(range(len(ops)))
    while waiting:
        i = waiting[-1]
        missing = [p for p in parents[i].tolist() if p >= 0 and p not in done]
        if missing:
            waiting += missing
            continue
        waiting.pop()
        if i not in done:
            v = [done[p] for p in parents[i].tolist() if p >= 0]
            done[i] = {"add": lambda a, b: b + a, "mul": lambda a, b: b * a, "tanh": np.tanh, "exp": np.exp,
                       "relu": lambda a: (abs(a) + a) / 2}[ops[i]](*v)
    return np.array([done[i] for i in range(len(ops))])


# ---- local ---------------------------------------------------------------------------------------------

def local_if(ops, parents, values):
    rows = []
    for i in range(len(ops)):
        a, b = values[parents[i, 0]], values[parents[i, 1]]
        if ops[i] == "add":
            rows.append([1, 1])
        elif ops[i] == "mul":
            rows.append([b, a])
        elif ops[i] == "tanh":
            rows.append([1 / np.cosh(a) ** 2, 0])
        elif ops[i] == "exp":
            rows.append([np.exp(a), 0])
        elif ops[i] == "relu":
            rows.append([1 if a > 0 else 0, 0])
        else:
            rows.append([0, 0])
    return rows


def local_masks(ops, parents, values):
    ops, found, a, b = np.array(ops), np.zeros((len(ops), 2)), values[parents[:, 0]], values[parents[:, 1]]
    found[ops == "add"] = 1
    found[ops == "mul"] = np.stack([b, a], axis=1)[ops == "mul"]
    found[ops == "tanh", 0] = (1 - values * values)[ops == "tanh"]
    found[ops == "exp", 0] = values[ops == "exp"]
    found[ops == "relu", 0] = np.heaviside(a, 0)[ops == "relu"]
    return found


GATES = {"add": lambda a, b: a + b, "mul": lambda a, b: a * b, "tanh": lambda a, b: np.tanh(a),
         "exp": lambda a, b: np.exp(a), "relu": lambda a, b: a * (a.real > 0), "input": lambda a, b: 0j}


def local_sideways(ops, parents, values):
    """By the complex step, gate by gate."""
    h = 1e-30
    return np.array([[np.imag(GATES[op](values[a] + 1j * h, values[b] + 0j)) / h,
                      np.imag(GATES[op](values[a] + 0j, values[b] + 1j * h)) / h]
                     for op, (a, b) in zip(ops, parents, strict=True)])


# ---- backward ------------------------------------------------------------------------------------------

def backward_by_children(parents, local):
    """As the listing is printed: each node collects from its children."""
    n = len(parents)
    grad = [0.0] * n
    grad[n - 1] = 1.0
    for j in range(n - 2, -1, -1):
        for i in range(j + 1, n):
            for place in (0, 1):
                if parents[i][place] == j:
                    grad[j] += grad[i] * local[i][place]
    return grad


def backward_recursive(parents, local):
    @functools.cache
    def slope(j):
        if j == len(parents) - 1:
            return 1.0
        return sum(slope(int(i)) * local[i, place] for i, place in zip(*np.where(parents == j), strict=True))
    return np.array([slope(j) for j in range(len(parents))])


def backward_matrix(parents, local):
    """All roads at once: (1 − A)⁻¹ of the table of edges."""
    n = len(parents)
    edges = np.zeros((n, n))
    for i, place in zip(*np.where(parents >= 0), strict=True):
        edges[i, parents[i, place]] += local[i, place]
    row, total = np.eye(n)[-1], np.zeros(n)
    for _ in range(n):
        total += row
        row = row @ edges
    return total


def backward_stack(parents, local):
    """Road by road, without a table in between."""
    grad, roads = np.zeros(len(parents)), [(len(parents) - 1, 1.0)]
    while roads:
        i, so_far = roads.pop()
        grad[i] += so_far
        roads += [(p, so_far * s) for p, s in zip(parents[i], local[i], strict=True) if p >= 0]
    return grad


# ---- carry ---------------------------------------------------------------------------------------------

def carry_loops(X, W, H, Z, G):
    (n, d), k = X.shape, W.shape[1]
    dX, dW, db, dT, dR = np.zeros((n, d)), np.zeros((d, k)), np.zeros(k), np.zeros((n, k)), np.zeros((n, k))
    for i in range(n):
        for u in range(k):
            db[u] += G[i, u]
            dT[i, u] = G[i, u] - G[i, u] * H[i, u] * H[i, u]
            dR[i, u] = G[i, u] if Z[i, u] > 0 else 0
            for j in range(d):
                dX[i, j] += G[i, u] * W[j, u]
                dW[j, u] += X[i, j] * G[i, u]
    return dX, dW, db, dT, dR


def carry_einsum(X, W, H, Z, G):
    return [np.einsum("nk,dk->nd", G, W), np.einsum("nd,nk->dk", X, G), np.einsum("nk->k", G),
            G * (1 + H) * (1 - H), np.where(Z > 0, G, 0)]


def carry_rows(X, W, H, Z, G):
    dX = np.array([W @ g for g in G])
    dW = sum(np.outer(x, g) for x, g in zip(X, G, strict=True))
    return dX, dW, np.ones(len(G)) @ G, G / np.cosh(np.arctanh(H)) ** 2, G * np.heaviside(Z, 0)


# ---- engine --------------------------------------------------------------------------------------------

class Value:
    """A value that remembers how its slope gets back to its parents."""

    def __init__(self, value, back=()):
        self.value, self.back, self.slope = value, back, np.zeros_like(value)

    def send(self):
        for parent, rule in self.back:
            parent.slope = parent.slope + rule(self.slope)


def engine_classes(ops, parents, leaves):
    notes = [Value(A) for A in leaves]
    for op, (p, q) in list(zip(ops, parents, strict=True))[len(leaves):]:
        a, b = notes[p], notes[q]
        if op == "matmul":
            note = Value(a.value @ b.value, [(a, lambda s, b=b: s @ b.value.T), (b, lambda s, a=a: a.value.T @ s)])
        elif op == "bias":
            note = Value(a.value + b.value, [(a, lambda s: s), (b, lambda s: np.sum(s, axis=0))])
        elif op == "add":
            note = Value(a.value + b.value, [(a, lambda s: s), (b, lambda s: s)])
        elif op == "tanh":
            H = np.tanh(a.value)
            note = Value(H, [(a, lambda s, H=H: s * (1 - H * H))])
        elif op == "relu":
            note = Value(np.maximum(0, a.value), [(a, lambda s, a=a: np.where(a.value > 0, s, 0))])
        else:
            E, n = np.exp(a.value), len(a.value)
            P = E / E.sum(axis=1, keepdims=True)
            note = Value(-np.sum(b.value * np.log(P)) / n, [
                (a, lambda s, P=P, b=b, n=n: s * (P - b.value) / n), (b, lambda s, P=P, n=n: -s * np.log(P) / n)])
        notes.append(note)
    notes[-1].slope = 1.0
    for note in reversed(notes):
        note.send()
    return (notes[-1].value, [note.slope for note in notes[:len(leaves)]],
            [note.slope for note, op in zip(notes, ops, strict=True) if op == "bias"])


def engine_recursive(ops, parents, leaves):
    """Each node asks its children for its slope, and remembers the answer."""
    u = list(leaves)
    for i in range(len(leaves), len(ops)):
        a, b = u[parents[i, 0]], u[parents[i, 1]]
        u.append(a @ b if ops[i] == "matmul" else a + b if ops[i] in ("bias", "add") else np.tanh(a)
                 if ops[i] == "tanh" else a * (a > 0) if ops[i] == "relu"
                 else np.mean(np.log(np.exp(a).sum(axis=1)) - (a * b).sum(axis=1)))

    def sent(i, place):
        g, (a, b) = slope(i), (u[parents[i, 0]], u[parents[i, 1]])
        if ops[i] == "matmul":
            return [lambda: g @ b.T, lambda: a.T @ g][place]()
        if ops[i] in ("bias", "add"):
            return g if place == 0 or ops[i] == "add" else np.ones(len(g)) @ g
        if ops[i] == "tanh":
            return g - g * u[i] ** 2
        if ops[i] == "relu":
            return g * (u[i] > 0)
        log_p = a - np.log(np.exp(a).sum(axis=1, keepdims=True))
        return ((np.exp(log_p) - b) if place == 0 else -log_p) / len(a)

    @functools.cache
    def slope(j):
        if j == len(ops) - 1:
            return 1.0
        return sum(sent(i, place) for i, place in zip(*np.where(parents == j), strict=True))
    return u[-1], [slope(j) for j in range(len(leaves))], [slope(j) for j in range(len(ops)) if ops[j] == "bias"]


def engine_library(ops, parents, leaves):
    """With the nodes of the library's own graph."""
    nodes = list(map(graph.variable, leaves))
    for op, (p, q) in list(zip(ops, parents, strict=True))[len(leaves):]:
        a, b = nodes[p], nodes[q]
        if op == "loss":
            per_row = graph.log(graph.exp(a) @ graph.variable(np.ones((a.value.shape[1], 1))))
            ones = graph.variable(np.ones((1, a.value.shape[1])))
            nodes.append(graph.total(b * (per_row @ ones - a)) / len(a.value))
        else:
            nodes.append(a @ b if op == "matmul" else a + b if op in ("bias", "add") else getattr(graph, op)(a))
    graph.backward(nodes[-1])
    return (nodes[-1].value, [node.slope for node in nodes[:len(leaves)]],
            [node.slope for node, op in zip(nodes, ops, strict=True) if op == "bias"])


# ---- training ------------------------------------------------------------------------------------------

def network_of(X, T, parameters):
    ops = ["leaf"] * 6 + ["matmul", "bias", "tanh", "matmul", "bias", "loss"]
    by = np.array([[-1, -1]] * 6 + [[0, 2], [6, 3], [7, -1], [8, 4], [9, 5], [10, 1]])
    return ops, by, [X, T, *parameters]


def train_with_engine(X, labels, seed, hidden=10, steps=200, rate=2.0):
    rng = np.random.default_rng(seed)
    T, d = np.eye(labels.max() + 1)[labels], X.shape[1]
    P = [rng.normal(size=(d, hidden)) / np.sqrt(d), np.zeros(hidden), rng.normal(size=(hidden, T.shape[1])) / 4,
         np.zeros(T.shape[1])]
    for _ in range(steps):
        _, slopes, _ = engine_classes(*network_of(X, T, P))
        P = [p - rate * s for p, s in zip(P, slopes[2:], strict=True)]
    return P


def train_momentum(X, labels, seed):
    """Momentum, small uniform weights, many units; b with a row."""
    rng = np.random.RandomState(seed)
    n, d, k = len(X), X.shape[1], labels.max() + 1
    P = [rng.uniform(-1, 1, (d, 24)) / d**0.5, rng.uniform(-1, 1, (1, 24)), rng.uniform(-0.3, 0.3, (24, k)),
         np.zeros((1, k))]
    V = [0 * p for p in P]
    for _ in range(200):
        H = np.tanh(X @ P[0] + P[1])
        E = np.exp(H @ P[2] + P[3])
        D = E / E.sum(axis=1, keepdims=True)
        D[np.arange(n), labels] -= 1
        D /= n
        B = D @ P[2].T * (1 - H * H)
        for v, p, g in zip(V, P, [X.T @ B, B.sum(axis=0, keepdims=True), H.T @ D, D.sum(axis=0, keepdims=True)],
                           strict=True):
            v *= 0.9
            v -= 0.4 * g
            p += v
    return tuple(P)


def train_batches(X, labels, seed):
    """Mini-batches in a shuffled order, each parameter with a step of its own size (Adam)."""
    rng = np.random.default_rng([seed, 5])
    d, k = X.shape[1], int(labels.max()) + 1
    P = [rng.normal(size=(d, 16)) / d**0.5, 0.1 * rng.normal(size=16), 0.5 * rng.normal(size=(16, k)), np.zeros(k)]
    m, v, t = [0 * p for p in P], [0 * p for p in P], 0
    for _ in range(80):
        order = rng.permutation(len(X))
        for rows in np.array_split(order, 5):
            x, H = X[rows], np.tanh(X[rows] @ P[0] + P[1])
            Z = H @ P[2] + P[3]
            p = np.exp(Z - Z.max(axis=1, keepdims=True))
            D = (p / p.sum(axis=1, keepdims=True) - np.eye(k)[labels[rows]]) / len(rows)
            B = D @ P[2].T * (1 - H**2)
            t += 1
            for i, g in enumerate((x.T @ B, B.sum(axis=0), H.T @ D, D.sum(axis=0))):
                m[i], v[i] = 0.9 * m[i] + 0.1 * g, 0.99 * v[i] + 0.01 * g * g
                P[i] = P[i] - 0.04 * (m[i] / (1 - 0.9**t)) / (np.sqrt(v[i] / (1 - 0.99**t)) + 1e-8)
    return P


RIGHT = {
    "capstone.forward": [forward_match, forward_recursive, forward_stack],
    "capstone.local": [local_if, local_masks, local_sideways],
    "capstone.backward": [backward_by_children, backward_recursive, backward_matrix, backward_stack],
    "capstone.carry": [carry_loops, carry_einsum, carry_rows],
    "capstone.engine": [engine_classes, engine_recursive, engine_library],
    "capstone.moons": [lambda X, labels, seed: train_with_engine(X, labels, seed, 12, 300, 4.0), train_momentum,
                       train_batches],
    "capstone.digits": [lambda X, labels, seed: train_with_engine(X, labels, seed, 10, 100, 1.0), train_momentum,
                        train_batches],
}
