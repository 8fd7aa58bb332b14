"""Watching a two-layer network learn a map from plane to plane: its lines, its arrows, and how one token moves them.

Throughout: two inputs, sigmoid units, two linear outputs. A hidden unit j has a row of incoming weights, an arrow in
the input plane, and a column of outgoing weights, an arrow in the output plane.
"""
from itertools import permutations

import matplotlib.pyplot as plt
import numpy as np

from chainrule.figures.delta import SUB, factor, number, products
from chainrule.figures.stepper import Stepper
from chainrule.figures.style import BACKWARD, BLACK, BLUE, FORWARD, GREEN, GREY, PURPLE

UNITS = [(BLUE, "-"), (GREEN, "-."), (PURPLE, ":"), (BLACK, "--"), (GREY, "-")]


def _arrow(ax, start, end, colour, width=2.0, style="-"):
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": width, "shrinkA": 0,
                                            "shrinkB": 0, "linestyle": style, "mutation_scale": 8 + 3 * width})


def _beside(ax, at, along, text, colour=BLACK, away=0.13):
    """Text at the tip of an arrow, a little further on."""
    at = np.asarray(at) + away * np.asarray(along) / (np.linalg.norm(along) or 1)
    ax.text(*at, text, color=colour, ha="center", va="center", fontsize=12, zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8})


def planes(network, X, Y, token=None, reach=1.7):
    """Left: inputs, and the line on which each hidden unit is undecided. Right: answers wanted and given.

    `token`: the number of an example whose δ = ŷ − y is drawn. Returns the two axes.
    """
    _, axes = plt.subplots(1, 2, figsize=(6.5, 3.1), width_ratios=(1, 1.05))
    left, right = axes
    left.plot(*X.T, "o", color=GREY, markersize=4)
    first = network.layers[0]
    for j, (row, b) in enumerate(zip(first.W.T, first.b, strict=True)):
        colour, style = UNITS[j % len(UNITS)]
        foot = -b * row / (row @ row)                      # the point of the line nearest to the origin
        left.axline(foot, foot + np.array([-row[1], row[0]]), color=colour, linestyle=style, linewidth=1.6)
        tip = foot + 0.35 * row / np.linalg.norm(row)
        _arrow(left, foot, tip, colour, 1.3)
        if np.max(np.abs(tip - [0, 0.5])) < reach:
            _beside(left, tip, row, str(j + 1), colour, 0.14)
    left.set(xlim=(-reach, reach), ylim=(0.5 - reach, 0.5 + reach), xlabel="$x_1$", ylabel="$x_2$", title="input")
    Y_hat = network.forward(X)[-1]
    right.plot(*Y.T, "o", color=GREY, markersize=5, markerfacecolor="white", label=r"wanted $\vec y$")
    right.plot(*Y_hat.T, "s-", color=FORWARD, markersize=3.5, linewidth=1, label=r"given $\hat y$")
    if token is not None:
        left.plot(*X[token], "D", color=BACKWARD, markersize=8)
        right.plot(*Y_hat[token], "D", color=BACKWARD, markersize=6)
        _arrow(right, Y[token], Y_hat[token], BACKWARD, 2.6)
    right.set(xlabel="$y_1$", ylabel="$y_2$", title="output")
    right.legend(loc="best", fontsize=10)
    for ax in axes:
        ax.set_aspect("equal", adjustable="datalim" if ax is right else "box")
    return axes


def head_to_tail(network, x, y):
    """One answer as a chain of arrows: the bias, and each column j as often as h_j says, ending in ŷ. x (2,), y (2,).

    A sum has no order: of all orders we take the one that spreads the joints most, to see every arrow.
    """
    _, ax = plt.subplots(figsize=(5.2, 3.4))
    _, H, Y_hat = network.forward(x[None])
    second, at = network.layers[1], np.zeros(2)
    pieces = [(second.b, r"$\vec b$", GREY), *((h * w, rf"$h_{j} \vec w_{j}$", UNITS[(j - 1) % len(UNITS)][0])
              for j, (h, w) in enumerate(zip(H[0], second.W, strict=True), start=1))]

    def spread(order):
        joints = np.cumsum([piece for piece, *_ in order], axis=0)
        return np.linalg.norm(joints[:, None] - joints, axis=2).sum() + np.linalg.norm(joints, axis=1).sum()

    for piece, name, colour in max(permutations(pieces), key=spread):
        _arrow(ax, at, at + piece, colour)
        _beside(ax, at + piece / 2, [-piece[1], piece[0]], name, colour, 0.1)
        at = at + piece
        ax.plot(*at, ".", color=colour)
    ax.plot(0, 0, "+", color=BLACK, markersize=12)
    ax.plot(*y, "o", color=BLACK, markerfacecolor="white", markersize=8)
    ax.plot(*Y_hat[0], "s", color=BLACK, markersize=7)
    _arrow(ax, y, Y_hat[0], BACKWARD, 2.6)
    _beside(ax, (y + Y_hat[0]) / 2, [0, 1], r"$\vec\delta$", BACKWARD, 0.1)
    _beside(ax, y, y - Y_hat[0], r"$\vec y$", away=0.13)
    _beside(ax, Y_hat[0], Y_hat[0] - y, r"$\hat y$", away=0.13)
    ax.set(xlabel="$y_1$", ylabel="$y_2$")
    ax.margins(0.15)
    ax.set_aspect("equal", adjustable="datalim")
    return ax


def moves(network, x, y, rate, longer=1):
    """What one token does to the columns of layer 2 (left) and the rows of layer 1 (right).

    Each arrow is a weight vector, each thick one its step, drawn `longer` times as long. Returns the axes.
    """
    _, axes = plt.subplots(1, 2, figsize=(6.5, 3.3))
    trace = network.forward(x[None])
    lower, upper = network.backward(trace, trace[-1] - y[None])
    error, delta = y - trace[-1][0], lower.delta[0]
    columns, rows = network.layers[1].W, network.layers[0].W.T       # both: a line per hidden unit
    panels = ((axes[0], columns, -rate * upper.dW, error, r"$\vec y - \hat y$", r"columns $\vec w_j$"),
              (axes[1], rows, -rate * lower.dW.T, x, r"$\vec x$", r"rows $\bar w_k$"))
    for ax, vectors, steps, guide, name, title in panels:
        size = 0.8 * np.max(np.abs(vectors)) / np.linalg.norm(guide)
        ax.plot(*np.outer([-3 * size, 3 * size], guide).T, ":", color=GREY, linewidth=1.4, scalex=False, scaley=False)
        for j, (vector, step) in enumerate(zip(vectors, steps, strict=True), start=1):
            colour, _ = UNITS[(j - 1) % len(UNITS)]
            _arrow(ax, (0, 0), vector, colour, 1.4)
            _arrow(ax, vector, vector + longer * step, BACKWARD, 2.8)
            sign = f", $\\delta$ {'>' if delta[j - 1] > 0 else '<'} 0" if ax is axes[1] else ""
            _beside(ax, 0.6 * vector, [-vector[1], vector[0]], f"{j}{sign}", colour, 0.02)
        tips = np.vstack([vectors, vectors + longer * steps, [[0, 0]]])
        middle, reach = (tips.max(0) + tips.min(0)) / 2, 0.62 * np.max(np.ptp(tips, axis=0))
        ax.set(xlim=(middle[0] - reach, middle[0] + reach), ylim=(middle[1] - reach, middle[1] + reach),
               title=f"{title}; dotted: along {name}", aspect="equal")
    return axes


def pulls(steps):
    """The steps that single tokens want for one weight vector, as thin arrows, and their mean, thick. steps (n, 2)."""
    _, ax = plt.subplots(figsize=(5.2, 3.2))
    for step in steps:
        _arrow(ax, (0, 0), step, FORWARD, 0.9)
    mean = np.mean(steps, axis=0)
    _arrow(ax, (0, 0), mean, BACKWARD, 3.2)
    _beside(ax, mean, mean, "mean", BACKWARD, 0.09 * np.max(np.ptp(steps, axis=0)))
    ax.plot(*np.asarray(steps).T, ".", color=FORWARD, markersize=1)
    ax.set(xlabel="change of the first entry", ylabel="of the second")
    ax.set_aspect("equal", adjustable="datalim")
    return ax


def snapshots(pictures, Y):
    """What the network answers at several moments, one panel each. pictures: {title: Ŷ (n, 2)}."""
    _, axes = plt.subplots(1, len(pictures), figsize=(6.5, 2.2), sharex=True, sharey=True)
    for ax, (title, Y_hat) in zip(axes, pictures.items(), strict=True):
        for wanted, given in zip(Y, Y_hat, strict=True):
            ax.plot(*np.transpose([wanted, given]), "-", color=BACKWARD, linewidth=0.8)
        ax.plot(*Y.T, "o", color=GREY, markersize=4, markerfacecolor="white")
        ax.plot(*Y_hat.T, "s", color=FORWARD, markersize=2.8)
        ax.set(title=title, xlabel="$y_1$", aspect="equal")
    axes[0].set_ylabel("$y_2$")
    return axes


def token_stepper(network, x, y, rate, longer=3):
    """Step through one update by one token: forward, error, columns, δ, rows, forward again. x (2,), y (2,).

    All numbers come from `network`, which is left as it is; moves are drawn `longer` times as long as they are.
    """
    trace = network.forward(x[None])
    (_, h, y_hat), error = (values[0] for values in trace), y - trace[-1][0]
    lower, upper = network.backward(trace, trace[-1] - y[None])
    rows, columns, delta = network.layers[0].W.T, network.layers[1].W, lower.delta[0]
    old = network.parameters()
    slopes = np.concatenate([A.ravel() for A in network.slopes([lower, upper]).values()])
    again = network.with_parameters(old - rate * slopes).forward(x[None])[-1][0]

    figure = Stepper("One token moves a network", "", 780, 470)
    scale, centres = 140, {"in": (190, 250), "out": (585, 250)}

    def at(plane, p):
        return [round(float(v), 1) for v in (centres[plane][0] + scale * p[0], centres[plane][1] - scale * p[1])]

    def vector(id, plane, start, end, role="plain"):
        figure.line(id, *at(plane, start), *at(plane, end), role)

    def label(id, plane, p, text, role="plain", dx=0, dy=0):
        px, py = at(plane, p)
        figure.text(id, px + dx, py + dy, text, role)

    figure.text("in title", 190, 26, "input plane: rows of W⁽¹⁾")
    figure.text("out title", 585, 26, "output plane: columns of W⁽²⁾")
    for plane in centres:
        figure.circle(f"{plane} origin", *centres[plane], 3)
    for k, angle in enumerate(np.linspace(0, np.pi, 13)):
        figure.circle(f"arc{k}", *at("in", (np.cos(angle), np.sin(angle))), 2)
        figure.circle(f"parabola{k}", *at("out", (np.cos(angle), np.cos(angle) ** 2)), 2)
    figure.circle("x", *at("in", x), 7)
    label("x name", "in", x, "x", dx=17, dy=-5)
    figure.circle("y", *at("out", y), 7)
    label("y name", "out", y, "y", dx=18, dy=5)
    for j in range(len(h)):
        name = SUB[j + 1]
        vector(f"row{j}", "in", (0, 0), rows[j])
        label(f"row{j} name", "in", 0.55 * rows[j], f"row {j + 1}", dx=-6, dy=20 if rows[j][0] > 0 else 22)
        vector(f"column{j}", "out", (0, 0), columns[j])
        label(f"column{j} name", "out", 0.6 * columns[j], f"column {j + 1}", dx=-50)
    figure.step(f"One token: x = ({', '.join(map(number, x))}), wanted y = ({', '.join(map(number, y))}). Two hidden "
                "units, each with a row (its incoming weights) and a column (its outgoing ones).",
                light=["x", "x name", "y", "y name"])

    z = network.layers[0].pre_activation(x[None])[0]
    for j, (row, b) in enumerate(zip(rows, network.layers[0].b, strict=True)):
        name = SUB[j + 1]
        figure.text(f"h{j}", 70 + 190 * j, 420, f"h{name} = {number(h[j])}", "forward")
        figure.step(f"Forward: row {j + 1} times x is {products(row, x)}, plus the bias {number(b)}, "
                    f"is {number(z[j])}. The sigmoid makes h{name} = {number(h[j])} of it.",
                    [f"h{j}"], [f"row{j}", "x"])
    figure.circle("ŷ", *at("out", y_hat), 7, "forward")
    figure.text("ŷ name", at("out", y_hat)[0] + 22, at("out", y_hat)[1] + 6, "ŷ", "forward")
    figure.step(f"The output adds up the columns, column 1 {number(h[0])} times and column 2 {number(h[1])} times, and "
                f"the bias: ŷ = ({', '.join(map(number, y_hat))}).", ["ŷ", "ŷ name"],
                [f"column{j}" for j in range(len(h))])
    vector("error", "out", y_hat, y, "backward")
    figure.step(f"From ŷ to y is y − ŷ = ({', '.join(map(number, error))}), of length {number(np.linalg.norm(error))}. "
                "That is minus δ of the output.", ["error"], ["ŷ", "y"])
    for j, column in enumerate(columns):
        step = -rate * upper.dW[j]
        vector(f"move column{j}", "out", column, column + longer * step, "backward")
        figure.step(f"Column {j + 1} moves along y − ŷ, by η h{SUB[j + 1]} = {number(rate)}·{number(h[j])} times it. "
                    f"(Moves are drawn {longer} times as long.)", [f"move column{j}"], ["error", f"h{j}", f"column{j}"])
    for j, row in enumerate(rows):
        slope, collected = h[j] * (1 - h[j]), lower.dH[0, j]
        figure.text(f"δ{j}", 70 + 190 * j, 448, f"δ{SUB[j + 1]} = {number(delta[j])}", "backward")
        figure.step(f"Backward: the OLD column {j + 1} collects {products(columns[j], -error)} = {number(collected)}; "
                    f"times the slope {number(slope)}, δ{SUB[j + 1]} = {number(delta[j])}.", [f"δ{j}"],
                    [f"column{j}", f"h{j}"])
        step = -rate * lower.dW[:, j]
        vector(f"move row{j}", "in", row, row + longer * step, "backward")
        way = "against x: the unit was too active" if delta[j] > 0 else "along x: the unit was not active enough"
        figure.step(f"Row {j + 1} moves by −η δ{SUB[j + 1]} x = {factor(-rate * delta[j])}·x, {way} for this token.",
                    [f"move row{j}"], [f"δ{j}", f"row{j}", "x"])
    figure.step("The biases move too: b⁽²⁾ by η times y − ŷ, and b⁽¹⁾ of each unit by −η times its δ.",
                light=["error", *(f"δ{j}" for j in range(len(h)))])
    figure.circle("new", *at("out", again), 7, "forward")
    figure.text("new name", at("out", again)[0] + 38, at("out", again)[1] + 6, "new ŷ", "forward")
    figure.step(f"Forward again, with everything moved: ŷ = ({', '.join(map(number, again))}). The error has shrunk "
                f"from {number(np.linalg.norm(error))} to {number(np.linalg.norm(y - again))}.", ["new", "new name"],
                ["y", "x"])
    figure.alt = ("Two planes. In the input plane, on a semicircle, token x moves the rows parallel to x; in the "
                  f"output plane all columns move parallel to y − ŷ. δ of the units: {', '.join(map(number, delta))}.")
    return figure
