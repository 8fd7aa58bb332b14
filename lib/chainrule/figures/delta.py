"""The stepping figure of the δ recursion: a two-layer network, forward and then back, with its numbers."""
import numpy as np

from chainrule.figures.stepper import Stepper

SUB = "₀₁₂₃₄₅₆₇₈₉"


def number(value):
    """Two decimals and a true minus sign."""
    return f"{round(float(value), 2) + 0.0:.2f}".replace("-", "−")


def factor(value):
    """The number as a factor: in brackets if it is negative."""
    return number(value) if value >= 0 else f"({number(value)})"


def products(factors, others):
    """The sum of products in words: 0.50·(−1.20) + …"""
    return " + ".join(f"{factor(a)}·{factor(b)}" for a, b in zip(factors, others, strict=True))


def two_layer_stepper(network, loss, x, y):
    """Step through one example of a two-layer network with a linear output and squared error.

    x (1, d_0), y (1, d_2). All numbers come from `network` and `loss`. Returns a Stepper.
    """
    first, second = network.layers
    trace = network.forward(x)
    z, (_, h, y_hat) = (x @ first.W + first.b)[0], (values[0] for values in trace)
    gradients = network.backward(trace, loss.slope(trace[-1], y))
    delta1, delta2 = gradients[0].delta[0], gradients[1].delta[0]
    dh = (gradients[1].delta @ second.W.T)[0]

    figure = Stepper("δ through a two-layer network", "", 780, 480)
    rows = {n: [240 + 150 * (k - (n - 1) / 2) for k in range(n)] for n in (len(x[0]), len(h), len(y_hat))}
    columns = {"x": (50, rows[len(x[0])]), "h": (310, rows[len(h)]), "y": (580, rows[len(y_hat)])}
    r = 23

    def edges(name, source, target, W):
        for i, j in np.ndindex(W.shape):
            (x1, ys), (x2, yt) = columns[source], columns[target]
            step = np.array([x2 - x1, yt[j] - ys[i]], float)
            unit = step / np.linalg.norm(step)
            a, b = np.array([x1, ys[i]]) + (r + 3) * unit, np.array([x2, yt[j]]) - (r + 4) * unit
            figure.line(f"{name}{i}{j}", *map(float, np.round(np.concatenate([a, b]), 1)))
            at = np.array([x1, ys[i]]) + 0.27 * step
            figure.text(f"w{name}{i}{j}", *map(float, np.round(at - [0, 6], 1)), number(W[i, j]), size=16.5)

    edges("A", "x", "h", first.W)
    edges("B", "h", "y", second.W)
    for name, label in (("x", "x"), ("h", "h"), ("y", "ŷ")):
        for k, height in enumerate(columns[name][1]):
            figure.circle(f"{name}{k}", columns[name][0], height, r)
            figure.text(f"{name}{k}name", columns[name][0], height + 6, label + SUB[k + 1])
    figure.circle("L", 735, 240, r)
    figure.text("Lname", 735, 246, "L")
    for k, height in enumerate(columns["y"][1]):
        step = np.array([735 - 580, 240 - height])
        unit = step / np.linalg.norm(step)
        a, b = np.array([580, height]) + (r + 3) * unit, np.array([735, 240]) - (r + 4) * unit
        figure.line(f"C{k}", *map(float, np.round(np.concatenate([a, b]), 1)))

    for k, height in enumerate(columns["x"][1]):
        figure.text(f"x{k}value", 50, height - 32, number(x[0, k]))
    figure.step(f"One example: x = ({', '.join(map(number, x[0]))}), wanted y = ({', '.join(map(number, y[0]))}). "
                "Numbers on arrows are weights. Press Next, or use the arrow keys.",
                light=[f"x{k}value" for k in range(len(x[0]))])

    for j, height in enumerate(columns["h"][1]):
        figure.text(f"z{j}", 310, height - 48, f"z = {number(z[j])}", "forward")
        figure.step(f"Forward: z{SUB[j + 1]} = {products(first.W[:, j], x[0])}, plus the bias {number(first.b[j])}, "
                    f"is {number(z[j])}.", [f"z{j}"],
                    [f"h{j}", *(f"{p}A{i}{j}" for i in range(len(x[0])) for p in ("", "w"))])
        figure.text(f"h{j}value", 310, height - 30, f"h = {number(h[j])}", "forward")
        figure.step(f"The sigmoid turns z{SUB[j + 1]} = {number(z[j])} into h{SUB[j + 1]} = {number(h[j])}.",
                    [f"h{j}value"], [f"h{j}", f"z{j}"])
    for k, height in enumerate(columns["y"][1]):
        figure.text(f"y{k}value", 580, height - 32, f"ŷ = {number(y_hat[k])}", "forward")
        figure.step(f"The output is linear: ŷ{SUB[k + 1]} = {products(second.W[:, k], h)}, plus the bias "
                    f"{number(second.b[k])}, is {number(y_hat[k])}.", [f"y{k}value"],
                    [f"y{k}", *(f"{p}B{j}{k}" for j in range(len(h)) for p in ("", "w"))])
    value = loss(trace[-1], y)
    figure.text("Lvalue", 735, 208, number(value), "forward")
    figure.step(f"The loss is half the squared distance from ŷ to y: {number(value)}. End of the forward pass.",
                ["Lvalue"], ["L", *(f"C{k}" for k in range(len(y_hat)))])

    for k, height in enumerate(columns["y"][1]):
        figure.text(f"d2{k}", 580, height + 43, f"δ = {number(delta2[k])}", "backward")
        figure.step(f"Backward: δ of output {k + 1} is ŷ − y = {number(y_hat[k])} − {number(y[0, k])} = "
                    f"{number(delta2[k])}.", [f"d2{k}"], [f"y{k}", f"C{k}", "L"], "backward")
    for j, height in enumerate(columns["h"][1]):
        figure.text(f"dh{j}", 310, height + 43, f"∂L/∂h = {number(dh[j])}", "backward")
        figure.step(f"Hidden unit {j + 1} hears from every output it feeds: {products(second.W[j], delta2)} = "
                    f"{number(dh[j])}.", [f"dh{j}"],
                    [f"h{j}", *(f"d2{k}" for k in range(len(y_hat))),
                     *(f"{p}B{j}{k}" for k in range(len(y_hat)) for p in ("", "w"))], "backward")
        figure.text(f"d1{j}", 310, height + 62, f"δ = {number(delta1[j])}", "backward")
        slope = h[j] * (1 - h[j])
        figure.step(f"Through the sigmoid: its slope here is h(1 − h) = {number(slope)}, so δ of hidden unit {j + 1} "
                    f"is {factor(dh[j])}·{number(slope)} = {number(delta1[j])}.", [f"d1{j}"],
                    [f"h{j}", f"dh{j}", f"h{j}value"], "backward")
    figure.step("Done: every unit knows its δ. A weight's slope is the value at its tail times the δ at its head; "
                f"for the top left arrow, {factor(x[0, 0])}·{factor(delta1[0])} = {number(gradients[0].dW[0, 0])}.",
                light=["A00", "wA00", "x0value", "d10"])
    figure.alt = (f"A network of {len(x[0])} inputs, {len(h)} sigmoid units and {len(y_hat)} linear outputs with all "
                  f"values and slopes. Output δ: {', '.join(map(number, delta2))}. "
                  f"Hidden δ: {', '.join(map(number, delta1))}.")
    return figure
