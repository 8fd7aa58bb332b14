"""A multilayer perceptron to be read beside the slides; rows are examples."""
from dataclasses import dataclass

import numpy as np

from chainrule.activations import Identity, Tanh


@dataclass
class Layer:
    """H = φ(X W + b), with W (d_in, d_out), b (d_out,) and φ an activation. Ledger: TAYLOR-30, TAYLOR-31"""
    W: np.ndarray
    b: np.ndarray
    phi: object

    def forward(self, X):
        """X (n, d_in) → H (n, d_out)."""
        return self.phi(X @ self.W + self.b)      # hᵢ = φ(Wᵀ xᵢ + b)


@dataclass
class Gradient:
    """What one layer learns from a backward pass; shapes (n, d_out), (d_in, d_out), (d_out,)."""
    delta: np.ndarray
    dW: np.ndarray
    db: np.ndarray


@dataclass
class MLP:
    """Layers in order; it knows neither the loss nor the optimiser. Ledger: TAYLOR-29"""
    layers: list

    @classmethod
    def random(cls, widths, rng, hidden=None, output=None, scale=1.0):
        """Widths (d_0, …, d_L) → an MLP with N(0, scale²/d_in) weights and N(0, scale²/4) biases.

        `hidden` and `output` are activations (tanh and identity unless given); `rng` is a numpy Generator.
        """
        hidden, output = hidden or Tanh(), output or Identity()
        layers = []
        for k, (d_in, d_out) in enumerate(zip(widths[:-1], widths[1:], strict=True)):
            W = scale * rng.normal(size=(d_in, d_out)) / np.sqrt(d_in)
            b = scale * rng.normal(size=d_out) / 2
            layers.append(Layer(W, b, output if k == len(widths) - 2 else hidden))
        return cls(layers)

    def forward(self, X):
        """X (n, d_0) → the trace [X, H¹, …, Ŷ]: every layer's input, and last the output (n, d_L)."""
        trace = [X]
        for layer in self.layers:
            trace.append(layer.forward(trace[-1]))
        return trace

    def backward(self, trace, dH):
        """Walk back from ∂L/∂Ŷ; return one Gradient(delta, dW, db) per layer, in layer order.

        The slope of the loss in the input X is not computed: nobody asks for it, and at MNIST size it
        would cost half of the backward pass. Ledger: ECE417-46, TAYLOR-43, TAYLOR-44
        """
        gradients = []
        for k in reversed(range(len(self.layers))):
            X, H, layer = trace[k], trace[k + 1], self.layers[k]
            delta = layer.phi.back(dH, H)                                  # δ = ∂L/∂z
            gradients.append(Gradient(delta, X.T @ delta, delta.sum(axis=0)))  # Σᵢ xᵢ δᵢᵀ and Σᵢ δᵢ
            if k:
                dH = delta @ layer.W.T                                     # ∂L/∂xᵢ = W δᵢ
        return gradients[::-1]
