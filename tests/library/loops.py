"""A second way to everything: scalar loops over indices, from the formulas, sharing no code with the library."""
import math


def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


PHI = {
    "Identity": (lambda z: z, lambda z: 1.0),
    "Sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "Tanh": (math.tanh, lambda z: 1 / math.cosh(z) ** 2 if abs(z) < 300 else 0.0),
    "ReLU": (lambda z: max(z, 0.0), lambda z: 1.0 if z > 0 else 0.0),
}


def softmax(z):
    top = max(z)
    e = [math.exp(v - top) for v in z]
    return [v / sum(e) for v in e]


def loss(name, y_hat, y):
    """The loss of a batch, rows of numbers in, one number out."""
    total = 0.0
    for p, t in zip(y_hat, y, strict=True):
        for a, b in zip(p, t, strict=True):
            if name == "HalfSquaredError":
                total += (a - b) ** 2 / 2
            elif name == "BinaryCrossEntropy":
                total -= b * math.log(a) + (1 - b) * math.log(1 - a)
            elif name == "CrossEntropy":
                total -= b * math.log(a) if b else 0.0
            elif name == "SigmoidCrossEntropy":
                total -= math.log(sigmoid(a) if b else sigmoid(-a))
            elif name == "SoftmaxCrossEntropy":
                total -= math.log(softmax(p)[list(p).index(a)]) if b else 0.0
    return total / len(y)


def backprop(layers, X, Y, slope):
    """layers: (W, b, activation name) with plain lists; slope(y_hat row, y row) → one example's ∂(loss)/∂ŷ row.

    Returns the sums over the batch of ∂/∂W and ∂/∂b, one example at a time, one index at a time.
    """
    dW = [[[0.0] * len(W[0]) for _ in W] for W, _, _ in layers]
    db = [[0.0] * len(b) for _, b, _ in layers]
    for x, y in zip(X, Y, strict=True):
        h, zs = [list(x)], []
        for W, b, name in layers:
            z = [b[j] + sum(W[i][j] * h[-1][i] for i in range(len(W))) for j in range(len(b))]
            zs.append(z)
            h.append(softmax(z) if name == "Softmax" else [PHI[name][0](v) for v in z])
        g = slope(h[-1], y)
        for k in reversed(range(len(layers))):
            W, _, name = layers[k]
            if name == "Softmax":             # δⱼ = Σₘ gₘ ∂pₘ/∂zⱼ, with ∂pₘ/∂zⱼ = pₘ([m = j] − pⱼ)
                p = h[k + 1]
                delta = [sum(g[m] * p[m] * ((m == j) - p[j]) for m in range(len(p))) for j in range(len(p))]
            else:
                delta = [g[j] * PHI[name][1](zs[k][j]) for j in range(len(g))]
            for j, d in enumerate(delta):
                db[k][j] += d
                for i in range(len(W)):
                    dW[k][i][j] += h[k][i] * d
            g = [sum(W[i][j] * delta[j] for j in range(len(delta))) for i in range(len(W))]
    return dW, db
