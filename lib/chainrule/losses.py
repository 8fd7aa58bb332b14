"""Losses: each gives a scalar L and its slope ∂L/∂Ŷ. Only the loss divides by n, the number of examples."""
import numpy as np


class HalfSquaredError:
    """L = 1/(2n) Σᵢ ‖ŷᵢ − yᵢ‖². Ledger: ECE417-28"""

    def __call__(self, Y_hat, Y):
        """Ŷ (n, d), Y (n, d) → a scalar."""
        return 0.5 * np.sum((Y_hat - Y) ** 2) / len(Y)

    def slope(self, Y_hat, Y):
        """∂L/∂Ŷ (n, d). Ledger: ECE417-29"""
        return (Y_hat - Y) / len(Y)               # ∂L/∂ŷᵢ = (ŷᵢ − yᵢ) / n


class BinaryCrossEntropy:
    """L = −1/n Σᵢ Σₖ [yᵢₖ ln ŷᵢₖ + (1 − yᵢₖ) ln(1 − ŷᵢₖ)], with 0 < ŷ < 1. Ledger: ECE417-63"""

    def __call__(self, Y_hat, Y):
        """Probabilities Ŷ (n, d), labels Y (n, d) of 0 and 1 → a scalar."""
        return -np.sum(Y * np.log(Y_hat) + (1 - Y) * np.log(1 - Y_hat)) / len(Y)

    def slope(self, Y_hat, Y):
        """∂L/∂Ŷ (n, d)."""
        return (Y_hat - Y) / (Y_hat * (1 - Y_hat)) / len(Y)


class CrossEntropy:
    """L = −1/n Σᵢ Σₖ yᵢₖ ln ŷᵢₖ, with rows of Ŷ positive and adding to 1. Ledger: TAYLOR-39, ECE417-73"""

    def __call__(self, Y_hat, Y):
        """Probabilities Ŷ (n, C), one-hot targets Y (n, C) → a scalar."""
        return -np.sum(Y * np.log(Y_hat)) / len(Y)

    def slope(self, Y_hat, Y):
        """∂L/∂Ŷ (n, C)."""
        return -Y / Y_hat / len(Y)
