"""The answers of the differences assignment, derived again: by symbols, exact fractions and the slides' numbers.

Slopes come from SymPy, which differentiates a formula as a whole and knows no gates; relative errors and the slopes of
random circuits from fractions, without rounding. No formula of the assignment appears here.
"""
from fractions import Fraction

import numpy as np
import sympy as sp

from chainrule.exercises import find

SEEDS = range(3)


def agree(given, expected, rtol=1e-9):
    np.testing.assert_allclose(given, np.asarray(expected, float), rtol=rtol, atol=1e-13)


def trials(id):
    exercise = find(id)
    return [(case.inputs, exercise.answer(**case.inputs)) for seed in SEEDS for case in exercise.cases(seed)]


def symbolic(formula, wires, inputs):
    """∂formula/∂wire for each wire, as functions of the inputs."""
    return [sp.lambdify(inputs, sp.diff(formula, wire)) for wire in wires]


def inner_parts(f):
    """A and c of f(x) = c · exp(tanh(A x)), read from the function that a case hands out."""
    named = dict(zip(f.__code__.co_freevars, (cell.cell_contents for cell in f.__closure__), strict=True))
    return named["A"], named["c"]


def as_symbols(f, d):
    A, c = inner_parts(f)
    X = sp.symbols(f"x:{d}")
    return X, sum(cj * sp.exp(sp.tanh(sum(a * x for a, x in zip(row, X, strict=True))))
                  for cj, row in zip(c, A, strict=True))


def test_the_complex_step_gives_the_slope_of_the_formula():
    for given, slope in trials("differences.complex_step"):
        X, formula = as_symbols(given["f"], len(given["x"]))
        agree(slope, [g(*given["x"]) for g in symbolic(formula, X, X)])


def test_central_differences_are_off_by_h_squared_over_six_times_the_third_derivative():
    for given, slope in trials("differences.central")[:4]:
        X, formula = as_symbols(given["f"], len(given["x"]))
        for k, x in enumerate(X):
            first, third = (float(sp.lambdify(X, sp.diff(formula, x, order))(*given["x"])) for order in (1, 3))
            miss = given["h"] ** 2 / 6 * third
            assert abs(slope[k] - first - miss) < 1e-9 + 0.01 * abs(miss)


def test_relative_error_in_exact_fractions():
    zeros = 0
    for given, error in trials("differences.relative_error"):
        for a, b, e in zip(given["a"], given["b"], error, strict=True):
            p, q = Fraction(a), Fraction(b)
            zeros += p == q == 0
            agree(e, 0 if p == q else abs(p - q) / max(abs(p), abs(q)))
            assert 0 <= e <= 2
    assert zeros
    assert find("differences.relative_error").answer(np.array([1e-9, 0.0]), np.array([2e-9, 5.0])).tolist() == [0.5, 1]


def test_gates_give_the_slope_of_upstream_times_the_gate():
    x, y, up = sp.symbols("x y up")
    formulas = {"add": x + y, "multiply": x * y, "maximum": (x + y + sp.sqrt((x - y) ** 2)) / 2}
    for given, results in trials("differences.gates"):
        for formula, result in zip(formulas.values(), results, strict=True):
            for row, slope in zip(result, symbolic(up * formula, (x, y), (x, y, up)), strict=True):
                agree(row, slope(given["x"], given["y"], given["upstream"]) + 0 * given["x"])


def test_the_simple_circuit():
    x, y, z, q, df = sp.symbols("x y z q df")
    for given, (dq, *others) in trials("differences.simple"):
        for result, slope in zip(others, symbolic(df * (x + y) * z, (x, y, z), (x, y, z, df)), strict=True):
            agree(result, slope(*given.values()))
        agree(dq, sp.lambdify((z, df), sp.diff(df * q * z, q))(given["z"], given["df"]))


def test_the_numbers_of_the_slide_for_the_simple_circuit():
    x, y, z, one = (np.array([v]) for v in (-2.0, 5.0, -4.0, 1.0))
    assert [float(s[0]) for s in find("differences.simple").answer(x, y, z, one)] == [-4, -4, -4, 3]


def the_slide():
    return [np.array([v]) for v in (2.0, -1.0, -3.0, -2.0, -3.0)]


def test_the_numbers_of_the_slide_for_the_neuron():
    values = find("differences.neuron_forward").answer(*the_slide())[:, 0]
    assert [round(float(v), 2) for v in values] == [-2, 6, 4, 1, -1, 0.37, 1.37, 0.73]
    gates = find("differences.sigmoid_gates").answer(*values[[4, 5, 6]], 1.0)
    assert [round(float(s), 2) for s in gates] == [-0.53, -0.53, -0.2, 0.2]
    slopes = find("differences.neuron").answer(*the_slide())
    assert np.round(np.vstack(slopes)[:, 0], 2).tolist() == [-0.2, -0.39, 0.2, 0.39, -0.59]


def test_the_neuron_forward_and_backward():
    names = w0, x0, w1, x1, w2 = sp.symbols("w0 x0 w1 x1 w2")
    f = 1 / (1 + sp.exp(-(w0 * x0 + w1 * x1 + w2)))
    for given, values in trials("differences.neuron_forward"):
        agree(values[-1], sp.lambdify(names, f)(*given.values()))
        agree(np.log(values[5]), values[4])
        agree(values[3], values[0] + values[1] + given["w2"])
        agree(values[6] * values[7], np.ones(len(given["w0"])))
    for given, results in trials("differences.neuron"):
        for row, slope in zip(np.vstack(results), symbolic(f, (w0, w1, w2, x0, x1), names), strict=True):
            agree(row, slope(*given.values()))


def test_the_four_gates_of_the_sigmoid():
    """Each wire's slope is that of the rest of the formula, seen from this wire."""
    s, m, e, p, df = sp.symbols("s m e p df")
    rest = {p: df / p, e: df / (1 + e), m: df / (1 + sp.exp(m)), s: df / (1 + sp.exp(-s))}
    for given, results in trials("differences.sigmoid_gates"):
        at = {p: given["p"], e: given["e"], m: given["m"], s: -given["m"]}
        for (wire, formula), result in zip(rest.items(), results, strict=True):
            agree(result, sp.lambdify((wire, df), sp.diff(formula, wire))(at[wire], given["df"]))


def test_values_used_twice():
    x, y, p = sp.symbols("x y p")
    for given, (dp, *others) in trials("differences.twice"):
        for result, slope in zip(others, symbolic(x * y * (x * y + x), (x, y), (x, y)), strict=True):
            agree(result, slope(*given.values()))
        agree(dp, sp.lambdify((p, x), sp.diff(p * (p + x), p))(given["x"] * given["y"], given["x"]))


def test_any_circuit_by_nudging_each_wire_in_exact_arithmetic():
    """Cut the circuit at a wire, nudge it there by a millionth, and run the rest forward; fractions, no rounding."""
    for given, slopes in trials("differences.circuit"):
        gates = list(zip(given["kinds"], given["left"], given["right"], strict=True))
        first = len(slopes) - len(gates)

        def last(wire, nudge, gates=gates, first=first, values=given["values"]):
            u = [Fraction(v) for v in values]
            u[wire] += nudge
            for g, (kind, i, j) in enumerate(gates, first):
                if g > wire:
                    u[g] = [u[i] + u[j], u[i] * u[j], max(u[i], u[j])][kind]
            return u[-1]

        h = Fraction(1, 10**7)
        for wire, slope in enumerate(slopes):
            agree(slope, (last(wire, h) - last(wire, -h)) / (2 * h), rtol=1e-8)
