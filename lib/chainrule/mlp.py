"""A multilayer perceptron to be read beside the slides; rows are examples."""
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from chainrule.activations import ACTIVATIONS, Identity, Tanh
from chainrule.inputs import batch_for, chain_of_layers, layer_parts, network_plan, slope_of_output


@dataclass
class Layer:
    """H = φ(X W + b), with W (d_in, d_out), b (d_out,) and φ an activation. Ledger: TAYLOR-30, TAYLOR-31"""
    W: np.ndarray
    b: np.ndarray
    phi: object

    def __post_init__(self):
        self.W, self.b = np.asarray(self.W), np.asarray(self.b)
        layer_parts(self.W, self.b, self.phi)

    def pre_activation(self, X):
        """X (n, d_in) → Z (n, d_out)."""
        return batch_for(X, self.W) @ self.W + self.b         # zᵢ = Wᵀ xᵢ + b

    def forward(self, X):
        """X (n, d_in) → H (n, d_out)."""
        return self.phi(self.pre_activation(X))   # hᵢ = φ(zᵢ)


@dataclass
class Gradient:
    """What one layer learns from a backward pass; shapes (n, d_out), (d_in, d_out), (d_out,) and (n, d_out)."""
    delta: np.ndarray                             # ∂L/∂Z
    dW: np.ndarray                                # ∂L/∂W
    db: np.ndarray                                # ∂L/∂b
    dH: np.ndarray | None = None                  # ∂L/∂H, the slope that arrived from above


@dataclass
class MLP:
    """Layers in order; it knows neither the loss nor the optimiser. Ledger: TAYLOR-29"""
    layers: list

    def __post_init__(self):
        chain_of_layers(self.layers)

    @classmethod
    def random(cls, widths, rng, hidden=None, output=None, scale=1.0, *, weights=None, dtype=np.float64):
        """Widths (d_0, …, d_L) → an MLP with N(0, scale²/d_in) weights and N(0, scale²/4) biases.

        `hidden` and `output` are activations (tanh and identity unless given); `rng` is a numpy Generator.
        `weights`: an initialiser, normal(sigma), xavier or he, in place of `scale`; biases then start at 0.
        """
        network_plan(widths, rng)
        hidden, output = hidden or Tanh(), output or Identity()
        layers = []
        for k, (d_in, d_out) in enumerate(pairwise(widths)):
            if weights is None:
                W = scale * rng.normal(size=(d_in, d_out)) / np.sqrt(d_in)
                b = scale * rng.normal(size=d_out) / 2
            else:
                W, b = weights(d_in, d_out, rng), np.zeros(d_out)
            layers.append(Layer(W.astype(dtype), b.astype(dtype), output if k == len(widths) - 2 else hidden))
        return cls(layers)

    def forward(self, X):
        """X (n, d_0) → the trace [X, H¹, …, Ŷ]: every layer's input, and last the output (n, d_L)."""
        trace = [np.asarray(X)]
        for layer in self.layers:
            trace.append(layer.forward(trace[-1]))
        return trace

    def backward(self, trace, dH):
        """Walk back from ∂L/∂Ŷ; return one Gradient(delta, dW, db, dH) per layer, in layer order.

        The slope of the loss in the input X, `gradients[0].delta @ layers[0].W.T`, is not computed: training does
        not ask for it, and at MNIST size it would cost half of the pass. Ledger: ECE417-46, TAYLOR-43, TAYLOR-44
        """
        slope_of_output(dH, trace, self.layers)
        gradients = []
        for k in reversed(range(len(self.layers))):
            X, H, layer = trace[k], trace[k + 1], self.layers[k]
            delta = layer.phi.back(dH, H)                                          # δ = ∂L/∂z
            gradients.append(Gradient(delta, X.T @ delta, delta.sum(axis=0), dH))  # Σᵢ xᵢ δᵢᵀ and Σᵢ δᵢ
            if k:
                dH = delta @ layer.W.T                                             # ∂L/∂xᵢ = W δᵢ
        return gradients[::-1]

    def tensors(self):
        """The parameters by name, {"W1": (d_0, d_1), "b1": (d_1,), "W2": …}: the arrays themselves, no copies."""
        return _named((layer.W, layer.b) for layer in self.layers)

    def slopes(self, gradients):
        """The slopes of `backward` under the names of their parameters, {"W1": dW, "b1": db, …}."""
        return _named((gradient.dW, gradient.db) for gradient in gradients)

    def with_tensors(self, tensors):
        """The same network with other parameters, named as in `tensors`; they may be complex."""
        return MLP([Layer(tensors[f"W{k}"], tensors[f"b{k}"], layer.phi) for k, layer in enumerate(self.layers, 1)])

    def parameters(self):
        """All parameters as one vector θ: W¹ row by row, b¹, W², …; a copy. Ledger: TAYLOR-05"""
        return flatten(self.tensors())

    def with_parameters(self, theta):
        """The same network with the parameters θ, a vector in the order of `parameters`; θ is copied."""
        old = self.tensors()
        size = sum(A.size for A in old.values())
        if np.shape(theta) != (size,):
            raise ValueError(f"theta has shape {np.shape(theta)}; this network has {size} parameters, ({size},).")
        pieces = np.split(np.array(theta), np.cumsum([A.size for A in old.values()])[:-1])
        return self.with_tensors({name: piece.reshape(old[name].shape)
                                  for name, piece in zip(old, pieces, strict=True)})

    def save(self, path):
        """Write parameters and the names of the activations to a .npz file at exactly this path."""
        with open(path, "wb") as file:
            np.savez(file, phi=[type(layer.phi).__name__ for layer in self.layers], **self.tensors())

    @classmethod
    def load(cls, path):
        """The network that `save` wrote; nothing in the file is executed."""
        with np.load(path, allow_pickle=False) as file:
            names = [str(name) for name in file["phi"]]
            unknown = sorted(set(names) - set(ACTIVATIONS))
            if unknown:
                raise ValueError(f"The file names the activation {unknown[0]!r}; known are {', '.join(ACTIVATIONS)}.")
            return cls([Layer(file[f"W{k}"], file[f"b{k}"], ACTIVATIONS[name]()) for k, name in enumerate(names, 1)])


def flatten(tensors):
    """A dictionary of arrays → one vector, in the order of the dictionary."""
    return np.concatenate([A.ravel() for A in tensors.values()])


def normal(sigma):
    """The initialiser W ~ N(0, σ²), whatever the width. Ledger: ECE884-05"""
    return lambda d_in, d_out, rng: rng.normal(0, sigma, (d_in, d_out))


def xavier(d_in, d_out, rng):
    """W ~ N(0, 2/(d_in + d_out)): keeps values and slopes of one size through tanh layers (Glorot, Bengio 2010)."""
    return rng.normal(0, np.sqrt(2 / (d_in + d_out)), (d_in, d_out))


def he(d_in, d_out, rng):
    """W ~ N(0, 2/d_in): twice the variance, because ReLU silences half of the units (He et al. 2015)."""
    return rng.normal(0, np.sqrt(2 / d_in), (d_in, d_out))


def _named(pairs):
    return {f"{letter}{k}": A for k, pair in enumerate(pairs, 1) for letter, A in zip("Wb", pair, strict=True)}
