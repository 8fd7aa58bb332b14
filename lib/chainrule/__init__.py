"""chainrule: backpropagation to be read beside the slides. Needs NumPy alone.

Rows are examples. A layer computes Z = X @ W + b and H = phi(Z); delta = ∂L/∂Z; only the loss divides by n.
"""
from chainrule.activations import Identity, ReLU, Sigmoid, Softmax, Tanh
from chainrule.gradcheck import check_gradient, complex_step_gradient, numerical_gradient
from chainrule.losses import (
    L2,
    BinaryCrossEntropy,
    CrossEntropy,
    HalfSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from chainrule.mlp import MLP, Gradient, Layer, flatten, he, normal, xavier
from chainrule.training import gradient_step, train

__version__ = "0.1.0"

__all__ = [
    "L2", "MLP", "BinaryCrossEntropy", "CrossEntropy", "Gradient", "HalfSquaredError", "Identity", "Layer", "ReLU",
    "Sigmoid", "SigmoidCrossEntropy", "Softmax", "SoftmaxCrossEntropy", "Tanh", "check_gradient",
    "complex_step_gradient", "flatten", "gradient_step", "he", "normal", "numerical_gradient", "train", "xavier",
]
