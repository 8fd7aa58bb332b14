"""Every activation: its value, its slope, its extremes, its types."""
import loops
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from chainrule import Identity, ReLU, Sigmoid, Softmax, Tanh, complex_step_gradient
from chainrule.activations import ACTIVATIONS

ELEMENTWISE = [Identity(), Sigmoid(), Tanh(), ReLU()]
ALL = [*ELEMENTWISE, Softmax()]
ids = [type(phi).__name__ for phi in ALL]
every = pytest.mark.parametrize("phi", ALL, ids=ids)
elementwise = pytest.mark.parametrize("phi", ELEMENTWISE, ids=ids[:4])


@elementwise
def test_values_and_slopes_agree_with_index_loops(phi):
    Z = np.array([[-3.0, -0.2, 1e-9, 0.7], [2.0, 30.0, -30.0, 0.1]])
    value, slope = loops.PHI[type(phi).__name__]
    H = phi(Z)
    assert np.allclose(H, [[value(z) for z in row] for row in Z], rtol=1e-13, atol=1e-16)
    dH = np.arange(1.0, 9).reshape(2, 4)
    expected = [[g * slope(z) for g, z in zip(*rows, strict=True)] for rows in zip(dH, Z, strict=True)]
    assert np.allclose(phi.back(dH, H), expected, rtol=1e-12, atol=1e-14)


def test_softmax_agrees_with_index_loops():
    Z = np.array([[0.3, -2.0, 1.0], [5.0, 5.0, 4.0]])
    assert np.allclose(Softmax()(Z), [loops.softmax(row) for row in Z], rtol=1e-14)


@every
@given(seed=st.integers(0, 10**6), n=st.integers(1, 5), d=st.integers(1, 5), size=st.sampled_from([0.01, 1, 30]))
def test_back_is_the_slope_that_the_complex_step_finds(phi, seed, n, d, size):
    rng = np.random.default_rng(seed)
    Z, dH = size * rng.normal(size=(n, d)), rng.normal(size=(n, d))
    expected = complex_step_gradient(lambda Z: np.sum(dH * phi(Z)), Z)
    assert np.allclose(phi.back(dH, phi(Z)), expected, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("phi, formula", [(Sigmoid(), "1/(1+exp(-z))"), (Tanh(), "tanh(z)")])
def test_back_is_the_slope_that_sympy_derives(phi, formula):
    z = sympy.Symbol("z")
    slope = sympy.lambdify(z, sympy.diff(sympy.sympify(formula), z))
    Z = np.linspace(-4, 4, 17)[:, None]
    assert np.allclose(phi.back(np.ones_like(Z), phi(Z)), [[slope(v)] for v in Z[:, 0]], rtol=1e-11)


def test_the_jacobian_of_softmax_is_the_one_that_sympy_derives():
    z = sympy.symbols("z0:3")
    p = [sympy.exp(v) / sum(map(sympy.exp, z)) for v in z]
    at = dict(zip(z, (0.3, -1.0, 0.8), strict=True))
    J = np.array(sympy.Matrix(p).jacobian(z).subs(at).evalf(), dtype=float)
    H = Softmax()(np.array([[0.3, -1.0, 0.8]]))
    for m in range(3):
        assert np.allclose(Softmax().back(np.eye(3)[m:m + 1], H)[0], J[m], rtol=1e-13)


def test_softmax_rows_add_to_one_and_do_not_feel_a_shift():
    Z = np.random.default_rng(0).normal(size=(4, 5))
    assert np.allclose(Softmax()(Z).sum(axis=1), 1, rtol=1e-15)
    assert np.allclose(Softmax()(Z + 700), Softmax()(Z), rtol=1e-12)


def test_softmax_carries_a_slope_that_is_equal_everywhere_back_to_zero():
    H = Softmax()(np.random.default_rng(1).normal(size=(4, 5)))
    assert np.allclose(Softmax().back(np.full((4, 5), 3.0), H), 0, atol=1e-15)


@every
def test_nothing_overflows_and_no_warning_is_raised_at_extremes(phi):
    Z = np.array([[-1e4, 0.0, 1e4], [-800.0, 800.0, 1.0]])
    for dtype in (np.float64, np.float32, complex):
        H = phi(Z.astype(dtype))
        assert np.all(np.isfinite(H)) and np.all(np.isfinite(phi.back(np.ones_like(H), H)))


def test_sigmoid_saturates_at_zero_and_one():
    assert np.array_equal(Sigmoid()(np.array([-1e4, 0.0, 1e4])), [0, 0.5, 1])


def test_at_its_kink_relu_has_value_and_slope_zero_also_under_a_complex_step():
    Z = np.array([[0.0, -0.0, 1e-300]])
    assert np.array_equal(ReLU().back(np.ones((1, 3)), ReLU()(Z)), [[0, 0, 1]])
    assert np.array_equal(complex_step_gradient(lambda Z: np.sum(ReLU()(Z)), Z), [[0, 0, 1]])


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_of_the_numbers_stays(phi, dtype):
    Z = np.linspace(-2, 2, 6, dtype=dtype).reshape(2, 3)
    H = phi(Z)
    assert H.dtype == dtype and phi.back(np.ones_like(H), H).dtype == dtype


@every
def test_inputs_are_left_alone(phi):
    Z, dH = np.linspace(-1, 1, 6).reshape(2, 3), np.ones((2, 3))
    H = phi(Z.copy())
    kept = Z.copy(), H.copy()
    phi(Z), phi.back(dH, H)
    assert np.array_equal(Z, kept[0]) and np.array_equal(H, kept[1]) and np.array_equal(dH, np.ones((2, 3)))


def test_activations_are_known_by_name_and_equal_to_their_like():
    assert list(ACTIVATIONS) == ids
    assert ACTIVATIONS["Tanh"]() == Tanh() != Sigmoid() and repr(Tanh()) == "Tanh()"
