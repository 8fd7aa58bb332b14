"""Slopes by other means, to check a backward pass: differences, the complex step, and a verdict."""
from dataclasses import dataclass

import numpy as np

RELATIVE = 1e-9           # measured rounding of the complex step stays below 4e-13; a 1e-6 mistake lies above
CANCELLED = 64 * np.finfo(float).eps      # an entry may be a small sum of large terms of its tensor


def tolerance(a, b):
    """How far two float64 tensors of one shape may lie apart, entry by entry.

    1e-9 of the entry, plus 64 eps of the largest entry of the tensor, for entries that are a small
    difference of large terms. Scaled per tensor: a global norm would hide a wrong first layer.
    """
    size = np.maximum(np.abs(a), np.abs(b))
    return RELATIVE * size + CANCELLED * np.max(size, initial=0.0)


def numerical_gradient(f, theta, step=6e-6):
    """Central-difference slope of the scalar f at theta, shaped like theta. Ledger: LFD-06"""
    slope = np.empty_like(theta)
    for k in np.ndindex(theta.shape):
        e = np.zeros_like(theta)
        e[k] = step * max(1, abs(theta[k]))
        slope[k] = (f(theta + e) - f(theta - e)) / (2 * e[k])
    return slope


def complex_step_gradient(f, theta, step=1e-30):
    """Im f(theta + i·step) / step, entry by entry: exact to rounding where f is analytic and complex-safe.

    Nothing is subtracted, so nothing cancels. `np.abs`, `np.linalg.norm` and `float()` drop the
    imaginary part and are not complex-safe. Source: Squire and Trapp, SIAM Review 40 (1998) 110–112.
    """
    slope = np.empty(theta.shape)
    for k in np.ndindex(theta.shape):
        moved = theta.astype(complex)
        moved[k] += 1j * step
        slope[k] = np.imag(f(moved)) / step
    return slope


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradient` found; `ok` is the verdict, the rest names the worst entry."""
    ok: bool
    entry: tuple
    given: float
    expected: float
    rule: str

    def __str__(self):
        if self.ok:
            return f"The gradient agrees with the {self.rule}."
        return (f"Entry {self.entry} of the gradient is {self.given:.6g}; "
                f"the {self.rule} gives {self.expected:.6g}.")


def check_gradient(f, gradient, theta):
    """Compare `gradient` with the complex step of the scalar f at theta, entry by entry.

    theta and gradient: float64 arrays of one shape. Returns a GradientReport. Raises TypeError or
    ValueError, in one sentence, for input that cannot be judged.
    """
    gradient = np.array(gradient)                 # a copy: f may reuse its buffer
    if theta.dtype != np.float64 or gradient.dtype != np.float64:
        raise TypeError(f"check_gradient judges float64 only, not parameters of {theta.dtype} and a gradient "
                        f"of {gradient.dtype}; convert both with .astype(float).")
    if gradient.shape != theta.shape:
        raise ValueError(f"The gradient has shape {gradient.shape}, its parameters {theta.shape}; "
                         "they must be equal.")
    if not np.all(np.isfinite(gradient)):
        raise ValueError("The gradient holds NaN or infinity; find where it arises before checking slopes.")
    expected = complex_step_gradient(f, theta)
    excess = np.abs(gradient - expected) - tolerance(gradient, expected)
    worst = np.unravel_index(np.argmax(excess), theta.shape)
    return GradientReport(bool(np.all(excess <= 0)), tuple(int(i) for i in worst),
                          float(gradient[worst]), float(expected[worst]), "complex step")
