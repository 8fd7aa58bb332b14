"""Computational graphs: gates, slopes, accumulation, and the two listings."""
import autograd
import autograd.numpy as anp
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from chainrule import graph
from chainrule.graph import (
    GATES,
    apply,
    backward,
    dot,
    exp,
    listing_6_1,
    listing_6_2,
    local_slopes,
    log,
    maximum,
    nodes,
    reciprocal,
    relu,
    sigmoid,
    sin,
    tanh,
    total,
    trace,
    variable,
)

POINTS = {"power": (1.3, 3.0), "add": (0.4, -2.0), "mul": (0.4, -2.0), "max": (0.4, -2.0)}


def complex_slopes(gate, values):
    """Slope in each input, from the gate's value alone."""
    value = GATES[gate][0]
    return [np.imag(value(*(np.asarray(v + 1e-30j * (k == j)) for j, v in enumerate(values)))) / 1e-30
            for k in range(len(values))]


@pytest.mark.parametrize("gate", [gate for gate in GATES if gate not in ("sum", "dot")])
@pytest.mark.parametrize("flip", [1, -1])
def test_the_local_slopes_of_every_gate_agree_with_the_complex_step(gate, flip):
    values = POINTS.get(gate, (0.7,))
    values = values[::flip] if gate != "power" else values
    slopes = local_slopes(apply(gate, *values))
    expected = complex_slopes(gate, values)
    for k, slope in enumerate(slopes):
        assert (slope is None and (gate, k) == ("power", 1)) or np.isclose(slope, expected[k], rtol=1e-13)


def test_the_small_graph_of_the_lecture_slide_by_slide():
    x, y, z = variable(-2, "x"), variable(5, "y"), variable(-4, "z")
    q = x + y
    f = q * z
    assert (q.value, f.value) == (3, -12)                     # ECE884-12
    backward(f)
    assert [node.slope for node in (f, z, q, y, x)] == [1, 3, -4, -4, -4]       # ECE884-13 to -16


def test_the_neuron_of_the_lecture_wire_by_wire():
    w0, x0, w1, x1, w2 = (variable(v) for v in (2, -1, -3, -2, -3))
    f = 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))
    backward(f)
    values = [round(float(node.value), 2) for node in nodes(f) if node.inputs]
    assert values == [-2, 6, 4, 1, -1, 0.37, 1.37, 0.73, 0.73]                  # ECE884-19
    assert [round(float(v.slope), 2) for v in (w0, x0, w1, x1, w2)] == [-0.20, 0.39, -0.39, -0.59, 0.20]


def test_a_value_that_is_used_twice_collects_both_slopes():
    x = variable(3.0)
    backward(x + x)
    assert x.slope == 2
    backward(x * x * x)
    assert x.slope == 27
    y = sigmoid(x)
    backward(y * x + y)
    s = 1 / (1 + np.exp(-3))
    assert np.isclose(x.slope, s * (1 - s) * 4 + s)


def test_a_second_backward_begins_anew():
    x = variable(3.0)
    f = x * x
    backward(f), backward(f)
    assert x.slope == 6


def test_max_and_relu_at_a_tie():
    x, y = variable(2.0), variable(2.0)
    backward(maximum(x, y))
    assert (x.slope, y.slope) == (1, 0)                       # the first takes all
    backward(maximum(x, x))
    assert x.slope == 1
    zero = variable(0.0)
    backward(relu(zero))
    assert zero.slope == 0


def test_numbers_and_arrays_mix_with_nodes_on_either_side():
    x, A = variable(np.array([[1.0, 2], [3, 4]])), np.array([[2.0, 0], [1, 3]])
    for made, expected in (
        (x + 1, x.value + 1), (1 + x, x.value + 1), (x - A, x.value - A), (A - x, A - x.value), (A * x, A * x.value),
        (x / A.T[1] if False else x / 2, x.value / 2), (2 / x, 2 / x.value), (x @ A, x.value @ A),
        (A @ x, A @ x.value), (x**2, x.value**2), (-x, -x.value), (x**-0.5, x.value**-0.5),
    ):
        assert np.allclose(made.value, expected, rtol=1e-15)


ROUTES = {
    "network": (lambda X, W, b: total(tanh(X @ W + b) ** 2),
                lambda X, W, b: anp.sum(anp.tanh(anp.dot(X, W) + b) ** 2), [(4, 3), (3, 2), (2,)]),
    "softmax": (lambda Z: -total(log(exp(Z) / dot(exp(Z), np.ones((3, 1))))),
                lambda Z: -anp.sum(anp.log(anp.exp(Z) / anp.sum(anp.exp(Z), axis=1, keepdims=True))), [(4, 3)]),
    "vectors": (lambda x, M, y: dot(dot(x, M), y), lambda x, M, y: anp.dot(anp.dot(x, M), y), [(3,), (3, 4), (4,)]),
    "column": (lambda M, y: total(sin(M @ y)), lambda M, y: anp.sum(anp.sin(anp.dot(M, y))), [(3, 4), (4,)]),
    "broadcast": (lambda A, c, s: total(relu(A * c + s) * sigmoid(s)),
                  lambda A, c, s: anp.sum(anp.maximum(A * c + s, 0) / (1 + anp.exp(-s))), [(3, 4), (3, 1), ()]),
    "inner": (lambda x, y: reciprocal(dot(x, y)) + maximum(dot(x, x), dot(y, y)),
              lambda x, y: 1 / anp.dot(x, y) + anp.maximum(anp.dot(x, x), anp.dot(y, y)), [(3,), (3,)]),
}


@pytest.mark.parametrize("name", ROUTES)
@given(seed=st.integers(0, 10**6))
def test_slopes_of_whole_graphs_agree_with_hips_autograd(name, seed):
    ours, theirs, shapes = ROUTES[name]
    rng = np.random.default_rng(seed)
    values = [rng.normal(size=shape) for shape in shapes]
    inputs = [variable(v) for v in values]
    f = ours(*inputs)
    backward(f)
    assert np.isclose(f.value, theirs(*values), rtol=1e-12)
    for k, x in enumerate(inputs):
        expected = autograd.grad(theirs, k)(*values)
        assert x.slope.shape == x.value.shape
        assert np.allclose(x.slope, expected, rtol=1e-9, atol=1e-10 * max(1, np.max(np.abs(expected))))


def test_slopes_agree_with_sympy():
    a, b = sympy.symbols("a b")
    formula = sympy.sin(a * b) * sympy.exp(-a) + sympy.log(b) / a**3
    x, y = variable(0.8), variable(1.7)
    backward(sin(x * y) * exp(-x) + log(y) / x**3)
    at = {a: 0.8, b: 1.7}
    assert np.isclose(x.slope, float(formula.diff(a).subs(at))) and np.isclose(y.slope, float(formula.diff(b).subs(at)))


@given(seed=st.integers(0, 10**6), size=st.integers(1, 25))
def test_the_listings_agree_with_backward_and_with_differences_on_random_graphs(seed, size):
    rng = np.random.default_rng(seed)
    inputs = [variable(v) for v in rng.normal(size=3)]
    made = list(inputs)
    for _ in range(size):
        a, b = (made[k] for k in rng.integers(0, len(made), 2))
        made.append([a + b, a * b, tanh(a), sigmoid(a * b), a + sin(b)][rng.integers(0, 5)])
    f = tanh(sum(made[1:], made[0]))
    order = backward(f)
    order = [*inputs, *(node for node in order if node not in inputs)]
    u = listing_6_1(order, [x.value for x in inputs])
    assert np.allclose(u, [node.value for node in order], rtol=0, atol=0)
    grad = listing_6_2(order, u)
    assert np.allclose(grad, [0.0 if node.slope is None else node.slope for node in order], rtol=1e-11, atol=1e-14)
    for k in range(3):
        step = 1e-6 * np.eye(3)[k]
        ends = [listing_6_1(order, [x.value + s * d for x, d in zip(inputs, step, strict=True)])[-1] for s in (1, -1)]
        assert np.isclose(grad[k], (ends[0] - ends[1]) / 2e-6, rtol=1e-4, atol=1e-7)


def test_the_forward_listing_takes_new_inputs_and_leaves_the_nodes_alone():
    x, y = variable(2.0), variable(3.0)
    f = x * y + 1
    assert listing_6_1([x, y, *nodes(f)[2:]], [5, 7])[-1] == 36 and f.value == 7
    with pytest.raises(ValueError, match="does not begin with as many inputs"):
        listing_6_1(nodes(x * y), [1, 2, 3])


def test_each_edge_is_visited_once_however_many_routes_there_are():
    x = variable(1e-3)
    y = x
    for _ in range(300):                                      # 2^300 routes
        y = y + y * y
    calls = []
    original = GATES["mul"]
    GATES["mul"] = (original[0], lambda *a: calls.append(1) or original[1](*a))
    try:
        backward(y)
    finally:
        GATES["mul"] = original
    assert len(calls) == 300


def test_a_chain_of_ten_thousand_nodes_is_no_problem():
    x = y = variable(0.1)
    for _ in range(10**4):
        y = y + 1e-6
    backward(y)
    assert x.slope == 1 and len(nodes(y)) == 2 * 10**4 + 1


def test_the_trace_prints_each_node_with_value_and_slope():
    x, y = variable(-2, "x"), variable(np.ones(3), "y")
    f = total(y * x)
    assert trace(f).splitlines()[0] == "x = input = -2"
    backward(f)
    assert trace(f).splitlines() == ["x = input = -2, slope 3", "y = input = array (3,), slope array (3,)",
                                     "u1 = mul(y, x) = array (3,), slope array (3,)", "u2 = sum(u1) = -6, slope 1"]


def test_what_no_graph_can_hold_is_refused():
    x = variable(np.ones(3))
    for ask, error, words in (
        (lambda: backward(x), ValueError, r"The last node has shape \(3,\)"),
        (lambda: variable("one"), TypeError, "A node holds numbers"),
        (lambda: 2 + x ** np.ones(3), ValueError, "The exponent of a power is one fixed number"),
        (lambda: dot(variable(1.0), x), ValueError, "dot takes vectors and matrices"),
    ):
        with pytest.raises(error, match=words):
            ask()


def test_every_gate_can_be_written_as_a_function_or_an_operator():
    for name in ("exp", "log", "reciprocal", "relu", "sigmoid", "tanh", "sin"):
        assert getattr(graph, name)(variable(0.5)).gate == name
