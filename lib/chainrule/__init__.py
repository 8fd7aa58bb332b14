"""chainrule: backpropagation to be read beside the slides. Needs NumPy alone.

Rows are examples. A layer computes Z = X @ W + b and H = phi(Z); delta = ∂L/∂Z; only the loss divides by n.
"""
from chainrule.activations import Identity, ReLU, Sigmoid, Softmax, Tanh
from chainrule.gradcheck import check_gradient, complex_step_gradient, numerical_gradient
from chainrule.losses import BinaryCrossEntropy, CrossEntropy, HalfSquaredError
from chainrule.mlp import MLP, Gradient, Layer
from chainrule.training import gradient_step, train

__version__ = "0.1.0"

__all__ = [
    "MLP", "BinaryCrossEntropy", "CrossEntropy", "Gradient", "HalfSquaredError", "Identity", "Layer", "ReLU",
    "Sigmoid", "Softmax", "Tanh", "check_gradient", "complex_step_gradient", "gradient_step",
    "numerical_gradient", "train",
]
