"""Computational graphs: every value a node, every node with its slope, and the chain rule one edge at a time.

Write ordinary arithmetic with nodes, then ask how the result reacts to each of them:

    x, y, z = variable(-2, "x"), variable(5, "y"), variable(-4, "z")
    f = (x + y) * z                    # ECE884-11; every value is computed at once
    backward(f)
    x.slope, y.slope, z.slope          # -4.0, -4.0, 3.0

A slope is that of the last node, ∂f/∂(node), shaped like the node's value. A value that is used twice collects both
slopes (TAYLOR-26). `local_slopes(node)` shows what a gate does on its own, `trace(f)` prints the whole graph.
`listing_6_1` and `listing_6_2` are the two algorithms that TAYLOR-27 and TAYLOR-28 state, step for step.
"""
from dataclasses import dataclass, field
from itertools import count

import numpy as np

_births = count()


@dataclass(eq=False)
class Node:
    """A value, the gate that made it and the nodes it was made from. Ledger: TAYLOR-16, TAYLOR-24"""
    value: np.ndarray
    gate: str = "input"
    inputs: tuple = ()
    name: str = ""
    slope: np.ndarray | None = None               # ∂(last node)/∂(this node); None before `backward`
    birth: int = field(default_factory=_births.__next__)      # a node is younger than all its inputs

    def __repr__(self):
        made = self.gate if not self.inputs else f"{self.gate}({', '.join(x.name or '·' for x in self.inputs)})"
        slope = "" if self.slope is None else f", slope {_short(self.slope)}"
        return f"{self.name or '·'} = {made} = {_short(self.value)}{slope}"

    __array_ufunc__ = None                        # NumPy leaves array ∘ node to the node

    def __add__(self, other): return apply("add", self, other)
    def __mul__(self, other): return apply("mul", self, other)
    def __sub__(self, other): return apply("add", self, -_node(other))
    def __neg__(self): return apply("mul", self, -1.0)
    def __truediv__(self, other): return apply("mul", self, reciprocal(other))
    def __matmul__(self, other): return dot(self, other)
    def __radd__(self, other): return apply("add", other, self)
    def __rmul__(self, other): return apply("mul", other, self)
    def __rsub__(self, other): return apply("add", other, -self)
    def __rtruediv__(self, other): return apply("mul", other, reciprocal(self))
    def __rmatmul__(self, other): return dot(other, self)
    def __pow__(self, exponent): return apply("power", self, exponent)


def variable(value, name=""):
    """A node without inputs, holding a float or an array of floats."""
    value = np.asarray(value)
    if value.dtype.kind not in "biufc":
        raise TypeError(f"A node holds numbers, not {value.dtype}.")
    return Node(value if value.dtype.kind in "fc" else value.astype(float), name=name)


# Each gate: its value, and what it sends back to each input when g = ∂f/∂u arrives at its own value u. Downstream
# is local times upstream (ECE884-17). Where two inputs of max tie, the first takes all, so max(x, x) has slope 1;
# ECE884-27 as printed gives neither anything. ReLU has slope 0 at 0.
GATES = {
    "add": (lambda x, y: x + y, lambda g, u, x, y: (g, g)),                                             # ECE884-25
    "mul": (lambda x, y: x * y, lambda g, u, x, y: (g * y, g * x)),                                     # ECE884-26
    "max": (lambda x, y: np.where(x.real >= y.real, x, y),
            lambda g, u, x, y: (g * (x.real >= y.real), g * (x.real < y.real))),                        # ECE884-27
    "exp": (np.exp, lambda g, u, x: (g * u,)),                                                          # ECE884-22
    "log": (np.log, lambda g, u, x: (g / x,)),
    "reciprocal": (lambda x: 1 / x, lambda g, u, x: (-g * u * u,)),                                     # ECE884-20
    "power": (lambda x, c: x**c, lambda g, u, x, c: (g * c * x ** (c - 1), None)),                      # AIML231-21
    "relu": (lambda x: x * (x.real > 0), lambda g, u, x: (g * (x.real > 0),)),                          # LFD-28
    "sigmoid": (lambda x: 0.5 * (1 + np.tanh(0.5 * x)), lambda g, u, x: (g * u * (1 - u),)),            # ECE417-37
    "tanh": (np.tanh, lambda g, u, x: (g * (1 - u * u),)),                                              # LFD-15
    "sin": (np.sin, lambda g, u, x: (g * np.cos(x),)),
    "sum": (np.sum, lambda g, u, x: (g * np.ones_like(x),)),
    "dot": (lambda x, y: x @ y, lambda g, u, x, y: _dot_back(g, x, y)),                                 # ECE417-35, -42
}


def apply(gate, *inputs, name=""):
    """The node that `gate` makes from its inputs; numbers and arrays among them become nodes."""
    inputs = tuple(map(_node, inputs))
    if gate == "power" and inputs[1].value.ndim:
        raise ValueError("The exponent of a power is one fixed number here; write exp(y * log(x)) for x to the y.")
    if gate == "dot" and not all(x.value.ndim in (1, 2) for x in inputs):
        raise ValueError("dot takes vectors and matrices; numbers are multiplied with *.")
    return Node(np.asarray(GATES[gate][0](*(x.value for x in inputs))), gate, inputs, name)


def maximum(x, y): return apply("max", x, y)
def exp(x): return apply("exp", x)
def log(x): return apply("log", x)
def reciprocal(x): return apply("reciprocal", x)
def relu(x): return apply("relu", x)
def sigmoid(x): return apply("sigmoid", x)
def tanh(x): return apply("tanh", x)
def sin(x): return apply("sin", x)
def total(x): return apply("sum", x)
def dot(x, y): return apply("dot", x, y)


def nodes(last):
    """Every node that `last` depends on, each after its inputs, `last` at the end."""
    found, waiting = {}, [last]
    while waiting:
        node = waiting.pop()
        if id(node) not in found:
            found[id(node)] = node
            waiting.extend(node.inputs)
    return sorted(found.values(), key=lambda node: node.birth)


def local_slopes(node, g=1.0):
    """What the gate of `node` sends back to each of its inputs when g arrives; g = 1 shows the gate's own slopes."""
    g = g * np.ones_like(node.value)
    sent = GATES[node.gate][1](g, node.value, *(x.value for x in node.inputs)) if node.inputs else ()
    return tuple(None if s is None else _shaped_like(x.value, s) for x, s in zip(node.inputs, sent, strict=True))


def backward(last):
    """Fill in the slope of every node that the number `last` depends on; return the nodes. Ledger: TAYLOR-26, TAYLOR-28

    Calling it again begins anew. The fixed exponent of a power has no slope and keeps None.
    """
    if last.value.size != 1:
        raise ValueError(f"The last node has shape {last.value.shape}; slopes are those of one number, "
                         "so add its entries up with total().")
    order = nodes(last)
    for node in order:
        node.slope = None
    last.slope = np.ones_like(last.value)                     # ECE884-13: ∂f/∂f = 1
    for node in reversed(order):
        if node.slope is None:
            continue                                          # nothing arrives at an exponent
        for x, sent in zip(node.inputs, local_slopes(node, node.slope), strict=True):
            if sent is not None:
                x.slope = sent if x.slope is None else x.slope + sent        # used twice: both slopes count
    return order


def trace(last):
    """The graph as text, a node per line: name, gate, value and, after `backward`, slope."""
    unnamed = count(1)
    order = nodes(last)
    for node in order:
        node.name = node.name or f"u{next(unnamed)}"
    return "\n".join(map(repr, order))


def listing_6_1(order, x):
    """Forward through a graph: the value of the last node for new inputs x. Ledger: TAYLOR-27

    order: nodes, each after its inputs, first the n_i inputs that x lists. Returns u(1), …, u(n).
    """
    if any(node.inputs for node in order[:len(x)]):
        raise ValueError(f"x lists {len(x)} values, but the graph does not begin with as many inputs.")
    u = {}
    for node, value in zip(order, x, strict=False):           # for i = 1 … n_i
        u[node] = np.asarray(value, dtype=float)              #     u(i) ← x_i
    for node in order[len(x):]:                               # for i = n_i + 1 … n
        A = [u[parent] for parent in node.inputs]             #     A(i) ← {u(j) | j ∈ Pa(u(i))}
        u[node] = GATES[node.gate][0](*A) if A else node.value        # u(i) ← f(i)(A(i)); a constant keeps its value
    return list(u.values())


def listing_6_2(order, u):
    """Backward through a graph of numbers: ∂u(n)/∂u(j) for every node j. Ledger: TAYLOR-28, TAYLOR-25

    order as in `listing_6_1`, u: the values it returned. Each edge is visited once.
    """
    value = dict(zip(order, u, strict=True))
    children = {node: [] for node in order}                   # (i, place of j among the parents of i)
    for i in order:
        for place, j in enumerate(i.inputs):
            children[j].append((i, place))
    grad = {order[-1]: 1.0}                                   # grad[u(n)] ← 1
    for j in reversed(order[:-1]):                            # for j = n − 1 down to 1
        grad[j] = 0.0
        for i, place in children[j]:                          #     Σ over i with j ∈ Pa(u(i))
            slope = GATES[i.gate][1](1.0, value[i], *(value[k] for k in i.inputs))[place]
            grad[j] += 0.0 if slope is None else grad[i] * slope      # grad[u(i)] · ∂u(i)/∂u(j)
    return [float(grad[node]) for node in order]


def _node(x):
    return x if isinstance(x, Node) else variable(x)


def _shaped_like(x, slope):
    """Add a slope up over the axes along which x was repeated to meet a larger partner."""
    slope = np.asarray(slope)
    slope = slope.sum(axis=tuple(range(slope.ndim - x.ndim)))
    repeated = tuple(k for k, d in enumerate(x.shape) if d == 1 and slope.shape[k] != 1)
    return np.asarray(slope.sum(axis=repeated, keepdims=True))


def _dot_back(g, x, y):
    """For u = x y: ∂f/∂x = g yᵀ and ∂f/∂y = xᵀ g, where a vector counts as a row on the left, a column on the right."""
    X, Y = x.reshape(-1, x.shape[-1]), y.reshape(len(y), -1)
    G = np.reshape(g, (len(X), Y.shape[1]))
    return (G @ Y.T).reshape(x.shape), (X.T @ G).reshape(y.shape)


def _short(value):
    return f"{value.item():.6g}" if value.size == 1 else f"array {value.shape}"
