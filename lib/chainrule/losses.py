"""Losses: each gives a scalar L and its slope ∂L/∂Ŷ. Only the loss divides by n, the number of examples.

Cross-entropy comes twice: of probabilities, as on the slides, behind a Sigmoid or Softmax layer; and of
pre-activations, behind an Identity layer, where the two meet in one formula that neither overflows nor takes the
logarithm of 0. Wrong shapes, types or labels raise a ValueError or TypeError of one sentence.
"""
from dataclasses import dataclass

import numpy as np

from chainrule.inputs import logarithm_exists, one_hot, predictions_and_targets, zeros_and_ones


@dataclass(frozen=True)
class HalfSquaredError:
    """L = 1/(2n) Σᵢ ‖ŷᵢ − yᵢ‖². Ledger: ECE417-28"""

    def __call__(self, Y_hat, Y):
        """Ŷ (n, d), Y (n, d) → a scalar."""
        Y_hat, Y = predictions_and_targets(Y_hat, Y)
        return 0.5 * ((Y_hat - Y) ** 2).sum() / len(Y)

    def slope(self, Y_hat, Y):
        """∂L/∂Ŷ (n, d). Ledger: ECE417-29"""
        Y_hat, Y = predictions_and_targets(Y_hat, Y)
        return (Y_hat - Y) / len(Y)               # ∂L/∂ŷᵢ = (ŷᵢ − yᵢ) / n


@dataclass(frozen=True)
class BinaryCrossEntropy:
    """L = −1/n Σᵢ Σₖ [yᵢₖ ln ŷᵢₖ + (1 − yᵢₖ) ln(1 − ŷᵢₖ)], with 0 < ŷ < 1. Ledger: ECE417-63"""

    def __call__(self, Y_hat, Y):
        """Probabilities Ŷ (n, d), labels Y (n, d) of 0 and 1 → a scalar."""
        return -np.log(self.observed(Y_hat, Y)).sum() / len(Y)

    def slope(self, Y_hat, Y):
        """∂L/∂Ŷ (n, d)."""
        P = self.observed(Y_hat, Y)
        return (1 - 2 * np.asarray(Y)) / P / len(Y)           # −1/(n ŷ) where y = 1, 1/(n (1 − ŷ)) where y = 0

    def observed(self, Y_hat, Y):
        """The probability given to the label that occurred: ŷ where y = 1, 1 − ŷ where y = 0. Ledger: ECE417-62"""
        Y_hat, Y = zeros_and_ones(Y_hat, Y)
        return logarithm_exists(Y * Y_hat + (1 - Y) * (1 - Y_hat), "SigmoidCrossEntropy")


@dataclass(frozen=True)
class CrossEntropy:
    """L = −1/n Σᵢ Σₖ yᵢₖ ln ŷᵢₖ, with rows of Ŷ that add to 1. Ledger: TAYLOR-39, ECE417-73"""

    def __call__(self, Y_hat, Y):
        """Probabilities Ŷ (n, C), one-hot targets Y (n, C) → a scalar."""
        return -np.log(self.observed(Y_hat, Y)).sum() / len(Y)

    def slope(self, Y_hat, Y):
        """∂L/∂Ŷ (n, C)."""
        return -np.asarray(Y) / self.observed(Y_hat, Y) / len(Y)     # −1/(n ŷ) for the true class, else 0

    def observed(self, Y_hat, Y):
        """The probability of the class that occurred (n, 1); the others do not enter. Ledger: TAYLOR-11"""
        Y_hat, Y = one_hot(Y_hat, Y)
        return logarithm_exists((Y * Y_hat).sum(axis=1, keepdims=True), "SoftmaxCrossEntropy")


@dataclass(frozen=True)
class SigmoidCrossEntropy:
    """Binary cross-entropy of σ(Z), from the pre-activations Z: L = 1/n Σ ln(1 + exp(∓z)). Ledger: ECE417-63, -69

    With s = 1 − 2y (−1 where y = 1, else 1) both labels share one formula: the loss is softplus(s z) and its slope
    s σ(s z), which is σ(z) − y without the subtraction, so a saturated unit keeps all its digits.
    """

    def __call__(self, Z, Y):
        """Pre-activations Z (n, d), labels Y (n, d) of 0 and 1 → a scalar."""
        Z, Y = zeros_and_ones(Z, Y)
        return _softplus((1 - 2 * Y) * Z).sum() / len(Y)

    def slope(self, Z, Y):
        """∂L/∂Z (n, d) = (σ(Z) − Y) / n. Ledger: ECE417-67"""
        Z, Y = zeros_and_ones(Z, Y)
        s = 1 - 2 * Y
        T = s * Z
        sigmoid = np.exp(np.minimum(T, 0)) / (1 + np.exp(np.minimum(T, -T)))      # 1 / (1 + exp(−t)), no overflow
        return s * sigmoid / len(Y)


@dataclass(frozen=True)
class SoftmaxCrossEntropy:
    """Cross-entropy of softmax(Z), from the pre-activations Z: −1/n Σᵢ Σₖ yᵢₖ ln pᵢₖ. Ledger: TAYLOR-38, TAYLOR-39"""

    def __call__(self, Z, Y):
        """Pre-activations Z (n, C), one-hot targets Y (n, C) → a scalar."""
        Z, Y = one_hot(Z, Y)
        return -(Y * _log_softmax(Z)).sum() / len(Y)

    def slope(self, Z, Y):
        """∂L/∂Z (n, C). Ledger: TAYLOR-40"""
        Z, Y = one_hot(Z, Y)
        return (np.exp(_log_softmax(Z)) - Y) / len(Y)         # ∂L/∂zᵢ = (pᵢ − yᵢ) / n


@dataclass(frozen=True)
class L2:
    """The penalty αΩ(θ) = α/2 Σ w², added once and never divided by n. Ledger: TAYLOR-01, ECE884-02

    It holds weights; biases only if asked, `biases=True`: they shift a unit and do not make it steep.
    """
    alpha: float
    biases: bool = False

    def __post_init__(self):
        if not 0 <= self.alpha < np.inf:
            raise ValueError(f"alpha is {self.alpha}; the weight of a penalty is a finite number, 0 or more.")

    def __call__(self, network):
        """αΩ(θ), a scalar."""
        squares = sum(np.sum(layer.W**2) + self.biases * np.sum(layer.b**2) for layer in network.layers)
        return 0.5 * self.alpha * squares

    def slope(self, network):
        """One pair (α ∂Ω/∂W, α ∂Ω/∂b) per layer, to be added to its dW and db. Ledger: TAYLOR-41, TAYLOR-42"""
        return [(self.alpha * layer.W, self.alpha * self.biases * layer.b) for layer in network.layers]


def _softplus(T):
    """ln(1 + exp t), where exp only ever sees −|t|; complex numbers are ordered by their real part."""
    return np.maximum(T, 0) + np.log1p(np.exp(np.minimum(T, -T)))        # max(t, 0) + ln(1 + exp(−|t|))


def _log_softmax(Z):
    """ln pₖ = zₖ − ln Σⱼ exp zⱼ per row, shifted by the largest entry so that exp cannot overflow."""
    Z = np.asfortranarray(Z)                      # classes far apart, examples together: rows add up twice as fast
    Z = Z - Z.real.max(axis=1, keepdims=True)
    return Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
