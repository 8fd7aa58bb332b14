"""Activation functions: each gives its value H = φ(Z) and carries a slope ∂L/∂H back to δ = ∂L/∂Z.

One protocol: `phi(Z)` → H and `phi.back(dH, H)` → δ, all of shape (n, d). `back` works from the value H, which the
forward pass has at hand, so no exponential is computed twice. Every φ keeps float32 and float64 as they are and
accepts complex Z, for complex-step checks. Ledger: TAYLOR-31, TAYLOR-44
"""
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Identity:
    """φ(z) = z, the linear output of a regression. Ledger: ECE417-01"""

    def __call__(self, Z):
        return Z

    def back(self, dH, H):
        """∂L/∂H (n, d) → δ = ∂L/∂Z (n, d). Ledger: ECE417-30"""
        return dH                                 # φ′ = 1


@dataclass(frozen=True)
class Sigmoid:
    """φ(z) = 1 / (1 + exp(−z)), written with tanh so that no z overflows. Ledger: ECE417-06, LFD-21"""

    def __call__(self, Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))       # LFD-21: Sig(z) = (1 + tanh(z/2)) / 2

    def back(self, dH, H):
        """∂L/∂H (n, d) → δ = ∂L/∂Z (n, d), from the value H. Ledger: ECE417-37"""
        return dH * (H * (1 - H))                 # δ = ∂L/∂h ⊙ φ′(z),  φ′ = φ (1 − φ)


@dataclass(frozen=True)
class Tanh:
    """φ(z) = tanh z. Ledger: LFD-15"""

    def __call__(self, Z):
        return np.tanh(Z)

    def back(self, dH, H):
        """∂L/∂H (n, d) → δ = ∂L/∂Z (n, d), from the value H. Ledger: LFD-18"""
        return dH * (1 - H**2)                    # δ = ∂L/∂h ⊙ φ′(z),  φ′ = 1 − φ²


@dataclass(frozen=True)
class ReLU:
    """φ(z) = max(0, z). At the kink z = 0 we choose the slope 0. Ledger: LFD-28, TAYLOR-31"""

    def __call__(self, Z):
        return Z * (Z.real > 0)                   # `.real`: a complex step must not decide the branch

    def back(self, dH, H):
        """∂L/∂H (n, d) → δ = ∂L/∂Z (n, d), from the value H; slope 0 where H = 0."""
        return dH * (H.real > 0)                  # φ′ = 1 where z > 0, else 0


@dataclass(frozen=True)
class Softmax:
    """pₖ = exp zₖ / Σⱼ exp zⱼ per row. Not elementwise: each output depends on every input. Ledger: TAYLOR-38"""

    def __call__(self, Z):
        Z = np.asfortranarray(Z)                  # examples side by side in memory: rows add up twice as fast
        E = np.exp(Z - Z.real.max(axis=1, keepdims=True))    # the shift cancels; it only avoids overflow
        return E / E.sum(axis=1, keepdims=True)

    def back(self, dH, H):
        """∂L/∂H (n, d) → δ = ∂L/∂Z (n, d): a vector times the Jacobian of each row. Ledger: TAYLOR-37"""
        return H * (dH - (dH * H).sum(axis=1, keepdims=True))     # δ = (diag p − p pᵀ) ∂L/∂p


ACTIVATIONS = {phi.__name__: phi for phi in (Identity, Sigmoid, Tanh, ReLU, Softmax)}
