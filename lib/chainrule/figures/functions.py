"""Drawings of networks as functions: layers, decisions in the plane, and a forward pass to step through."""
from itertools import pairwise, product

import matplotlib.pyplot as plt
import numpy as np

from chainrule.figures.delta import SUB, factor, number, products
from chainrule.figures.networks import arrow, columns, node
from chainrule.figures.stepper import Stepper
from chainrule.figures.style import BLACK, BLUE, FORWARD, GREEN, GREY, PURPLE, VERMILION, canvas

UNIT_INK = (BLUE, VERMILION, GREEN, PURPLE)
UNIT_LINE = ("-", "--", "-.", ":")


def two_layer_network():
    """Inputs and a constant 1, sigmoid units and a constant 1, linear outputs, with ECE417's letters."""
    ax = canvas(10.4, 5.0)
    xs = (1.2, 5.0, 8.8)
    positions = columns((3, 4, 2), xs, 2.75, gap=0.92)
    labels = (("$x_1$", "$x_2$", "$x_D$"), ("$h_1$", "$h_2$", "$h_3$", "$h_N$"), (r"$\hat y_1$", r"$\hat y_K$"))
    ones = [(2.6, 0.42), (6.4, 0.42)]
    for depth, (sources, targets) in enumerate(((positions[0], positions[1]), (positions[1], positions[2]))):
        for a, b in product(sources, targets):
            arrow(ax, a, b, colour=FORWARD, width=0.8, gap=0.4)
        for b in targets:
            arrow(ax, ones[depth], b, colour=GREY, width=0.8, gap=0.38, dashed=True)
        node(ax, ones[depth], "1", radius=0.28, colour=GREY)
    for column, names in zip(positions, labels, strict=True):
        for at, name in zip(column, names, strict=True):
            node(ax, at, name, radius=0.38)
    for x, words in zip(xs, ("inputs", r"hidden units: $h_k=\sigma(\xi_k^{(1)})$",
                             r"outputs: $\hat y_k=\xi_k^{(2)}$"), strict=True):
        ax.text(x, 4.85, words, ha="center", va="top", fontsize=11)
    for (x, y), name in zip(ones, ("$b^{(1)}$", "$b^{(2)}$"), strict=True):
        ax.text(x - 0.42, y, name, ha="right", va="center", fontsize=12, color=GREY)
    return ax


def two_neurons():
    """The same neuron twice: the bias added at the end, and the bias as weight w₀ of the constant input x₀ = 1."""
    ax = canvas(11.4, 4.5)
    for left, start, title in ((0.0, 1, "bias added at the end"), (5.9, 0, "bias as one more weight")):
        names = range(start, 4)
        heights = np.linspace(3.6, 0.55, 4)[start:]
        for k, y in zip(names, heights, strict=True):
            at, ink = (left + 0.6, y), GREY if k == 0 else FORWARD
            arrow(ax, at, (left + 3.2, 2.0), colour=ink, width=1.3, gap=0.5, dashed=k == 0)
            node(ax, at, "$x_0=1$" if k == 0 else f"$x_{k}$", radius=0.42, size=9.5 if k == 0 else 12)
            ax.text(left + 1.62, y + 0.39 * (2.0 - y) + 0.16, f"$w_{k}$", ha="center", va="bottom", fontsize=12)
        node(ax, (left + 3.2, 2.0), r"$\sigma$", radius=0.45, size=15)
        arrow(ax, (left + 3.2, 2.0), (left + 4.7, 2.0), colour=FORWARD, width=1.3, gap=0.5)
        ax.text(left + 4.3, 2.0, "$y$", va="center", fontsize=14)
        ax.text(left + 2.6, 4.45, title, ha="center", va="top", fontsize=12)
        if start:
            ax.text(left + 3.2, 3.6, "$b$", ha="center", va="center", fontsize=13)
            arrow(ax, (left + 3.2, 3.75), (left + 3.2, 2.0), colour=GREY, width=1.3, gap=0.48, dashed=True)
    return ax


def codes(W, b, points):
    """Which units say yes at each point: points (n, 2), W (2, N), b (N,) → 0s and 1s (n, N)."""
    return (points @ W + b > 0).astype(int)


def grid(reach=2.0, steps=201):
    """Points of a square grid around the origin, (steps², 2)."""
    line = np.linspace(-reach, reach, steps)
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)


def pointer(ax, start, end, colour, width):
    """An arrow in the coordinates of the data."""
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": width, "shrinkA": 0,
                                            "shrinkB": 0})


def decision_lines(ax, W, b, reach=2.0, labels=True):
    """One line w·x + b = 0 per unit, an arrow to its yes side, and in every region who says yes.

    Returns the codes written into the regions.
    """
    for k, (w, c) in enumerate(zip(W.T, b, strict=True)):
        foot, along = -c * w / (w @ w), w / np.linalg.norm(w)
        beside = np.array([-along[1], along[0]])
        ax.axline(foot, foot + beside, color=UNIT_INK[k], linestyle=UNIT_LINE[k], linewidth=2.2)
        for tail in (foot - 1.3 * beside, foot + 1.3 * beside):
            pointer(ax, tail, tail + 0.32 * along, UNIT_INK[k], 1.6)
    points = grid(reach, 160)                     # an even number: no point lies where lines cross at 0
    rows = codes(W, b, points)
    written = sorted({tuple(int(bit) for bit in row) for row in rows})
    for code in written if labels else ():
        region = points[(rows == code).all(axis=1)]
        room = np.min(np.c_[np.abs(region @ W + b) / np.linalg.norm(W, axis=0), reach - np.abs(region)], axis=1)
        ax.text(*region[np.argmax(room)], "".join(map(str, code)), ha="center", va="center", fontsize=12,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85})
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
    ax.grid(False)
    return written


def lines_with_and_without_bias(W, b):
    """Two planes: the decisions of a layer, and those of the same layer without its biases."""
    _, axes = plt.subplots(1, 2, figsize=(6.5, 3.5), sharey=True)
    counts = []
    for ax, bias, title in zip(axes, (b, 0 * b), ("with biases", "biases forgotten"), strict=True):
        counts.append(len(decision_lines(ax, W, bias)))
        ax.set_title(f"{title}: {counts[-1]} regions")
    axes[1].set_ylabel("")
    return counts


def heat(ax, values, reach=2.0, **options):
    """Shade a square by values on `grid(reach)`; dark is high."""
    side = round(np.sqrt(values.size))
    return ax.imshow(values.reshape(side, side), origin="lower", extent=(-reach, reach, -reach, reach),
                     cmap="Greys", aspect="equal", interpolation="bilinear", **options)


def units_and_vote(network, reach=2.0):
    """What each hidden unit answers over the plane, and what the output makes of it. Returns the output's values."""
    points = grid(reach, 121)
    _, H, Y = network.forward(points)
    _, axes = plt.subplots(1, H.shape[1] + 1, figsize=(6.5, 2.1), sharey=True)
    for k, ax in enumerate(axes[:-1]):
        heat(ax, H[:, k], reach, vmin=0, vmax=1)
        ax.set_title(f"$h_{k + 1}$")
    heat(axes[-1], Y[:, 0], reach)
    side = np.linspace(-reach, reach, 121)
    axes[-1].contour(side, side, Y[:, 0].reshape(121, 121), levels=[0], colors=VERMILION, linewidths=2)
    axes[-1].set_title(r"$\hat y$")
    for ax in axes:
        ax.grid(False)
        ax.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    return Y


def walk_of_arrows(network, t, base):
    """Left: the hidden units switch on one after another. Right: each adds its arrow to the output."""
    _, (left, right) = plt.subplots(1, 2, figsize=(6.5, 3.1), width_ratios=(1.25, 1))
    _, H, Y = network.forward(t)
    for k in range(H.shape[1]):
        left.plot(t[:, 0], H[:, k], color=BLUE, linestyle="-", linewidth=1.4)
        if H.shape[1] <= 8:
            left.text(t[np.argmin(np.abs(H[:, k] - 0.5)), 0] + 0.08, 0.44, str(k + 1), fontsize=11)
    left.set(xlabel="input $t$", title="hidden units $h_j$", yticks=[0, 0.5, 1])
    right.plot(np.cos(t), np.sin(t), color=GREY, linestyle="--", linewidth=1.4, label="target")
    right.plot(*Y.T, color=BLUE, linestyle="-", label=r"$\hat y$")
    tips = base + np.r_[[[0, 0]], np.cumsum(network.layers[1].W, axis=0)]
    for k, (a, b) in enumerate(pairwise(tips), 1):
        pointer(right, a, b, VERMILION, 1.3)
        if H.shape[1] <= 8:
            middle = (a + b) / 2
            right.text(*(1.16 * middle), str(k), ha="center", va="center", fontsize=11, color=VERMILION)
    right.plot(*base, "o", color=BLACK, markersize=6)
    right.set(aspect="equal", title="output", xlim=(-1.5, 1.5), ylim=(-1.35, 1.35))
    right.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    return tips


def chain_of_layers(widths, names=("$x$", "$h^{(1)}$", "$h^{(2)}$", r"$\hat y$")):
    """Values as columns of units, the weights between them as arrows with their shapes. Returns the arrows drawn."""
    ax = canvas(10.6, 4.7)
    xs = np.linspace(1.0, 9.6, len(widths))
    positions = columns(widths, xs, 2.2, gap=0.72)
    drawn = 0
    for depth, (sources, targets) in enumerate(pairwise(positions)):
        for a, b in product(sources, targets):
            arrow(ax, a, b, colour=FORWARD, width=0.7, gap=0.32)
            drawn += 1
        middle = (xs[depth] + xs[depth + 1]) / 2
        ax.text(middle, 4.62, f"$W^{{({depth + 1})}}$", ha="center", va="top", fontsize=12, color=FORWARD)
        shape = f"{widths[depth + 1]} × {widths[depth]}"
        ax.text(middle, 4.1, shape, ha="center", va="top", fontsize=11, color=FORWARD)
    for x, column, name in zip(xs, positions, names, strict=True):
        ax.text(x, 4.62, name, ha="center", va="top", fontsize=13)
        for at in column:
            node(ax, at, radius=0.27)
    return drawn


def slope_tables(tables):
    """Titles → square tables of ∂h_k/∂z_j, with the numbers in the cells."""
    _, axes = plt.subplots(1, len(tables), figsize=(6.5, 2.9))
    for ax, (title, table) in zip(axes, tables.items(), strict=True):
        ax.imshow(np.abs(table), cmap="Greys", vmin=0, vmax=1.3)
        for k, j in np.ndindex(table.shape):
            dark = abs(table[k, j]) > 0.75
            ax.text(j, k, number(table[k, j]), ha="center", va="center", color="white" if dark else BLACK, fontsize=11)
        names = range(len(table))
        ax.set(title=title, xticks=names, yticks=names, xticklabels=[f"$z_{j + 1}$" for j in names],
               yticklabels=[f"$h_{k + 1}$" for k in names])
        ax.grid(False)
        ax.spines[:].set_visible(False)
    axes[0].set_ylabel("… this output moves")
    for ax in axes:
        ax.set_xlabel("if this one is nudged …")
    return axes


def forward_stepper(network, x):
    """Step through one example of a network with two inputs, a sigmoid layer and one linear output.

    x (1, 2). All numbers come from `network`. Returns a Stepper.
    """
    first, second = network.layers
    _, h, y_hat = (values[0] for values in network.forward(x))
    z = first.pre_activation(x)[0]
    figure = Stepper("One point through the network", "", 780, 420)
    rows = {n: [205 + 130 * (k - (n - 1) / 2) for k in range(n)] for n in (2, len(h), 1)}
    places = {"x": (60, rows[2]), "h": (370, rows[len(h)]), "y": (690, rows[1])}
    r = 23

    def edges(name, source, target, W):
        for i, j in np.ndindex(W.shape):
            a = np.array([places[source][0], places[source][1][i]])
            b = np.array([places[target][0], places[target][1][j]])
            along = (b - a) / np.linalg.norm(b - a)
            ends = np.r_[a + (r + 3) * along, b - (r + 4) * along]
            figure.line(f"{name}{i}{j}", *map(float, np.round(ends, 1)))
            at = a + (0.2 if source == "x" else 0.42) * (b - a) - [0, 6]
            figure.text(f"w{name}{i}{j}", *map(float, np.round(at, 1)), number(W[i, j]), size=16)

    edges("A", "x", "h", first.W)
    edges("B", "h", "y", second.W)
    for name, label in (("x", "x"), ("h", "h"), ("y", "ŷ")):
        for k, height in enumerate(places[name][1]):
            figure.circle(f"{name}{k}", places[name][0], height, r)
            figure.text(f"{name}{k}name", places[name][0], height + 6, label + (SUB[k + 1] if name != "y" else ""))
    for i, height in enumerate(rows[2]):
        figure.text(f"x{i}value", 60, height - 32, number(x[0, i]))
    figure.step(f"One point: x = ({number(x[0, 0])}, {number(x[0, 1])}). Numbers on arrows are weights. "
                "Press Next, or use the arrow keys.", light=["x0value", "x1value"])
    for j, height in enumerate(rows[len(h)]):
        figure.text(f"z{j}", 370, height + 41, f"z = {number(z[j])}", "forward")
        side = "the yes side" if z[j] > 0 else "the no side"
        figure.step(f"Unit {j + 1} weighs the inputs: {products(first.W[:, j], x[0])}, plus its bias "
                    f"{number(first.b[j])}, is z{SUB[j + 1]} = {number(z[j])}: on {side} of its line.", [f"z{j}"],
                    [f"h{j}", f"A0{j}", f"wA0{j}", f"A1{j}", f"wA1{j}"])
        figure.text(f"h{j}value", 370, height - 30, f"h = {number(h[j])}", "forward")
        figure.step(f"The sigmoid turns {number(z[j])} into h{SUB[j + 1]} = {number(h[j])}: "
                    f"{'almost yes' if h[j] > 0.9 else 'almost no' if h[j] < 0.1 else 'undecided'}.",
                    [f"h{j}value"], [f"h{j}", f"z{j}"])
    figure.text("yvalue", 690, rows[1][0] - 32, f"ŷ = {number(y_hat[0])}", "forward")
    figure.step(f"The output adds the answers: {products(second.W[:, 0], h)}, plus its bias {factor(second.b[0])}, is "
                f"{number(y_hat[0])}. {'Above 0: inside.' if y_hat[0] > 0 else 'Below 0: outside.'}", ["yvalue"],
                ["y0", *(f"{p}B{j}0" for j in range(len(h)) for p in ("", "w"))])
    figure.alt = (f"The point ({number(x[0, 0])}, {number(x[0, 1])}) goes through {len(h)} sigmoid units with answers "
                  f"{', '.join(map(number, h))}; the output is {number(y_hat[0])}.")
    return figure
