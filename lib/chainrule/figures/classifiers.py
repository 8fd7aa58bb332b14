"""Drawings for classifiers: what a label costs, what its slope is, and softmax's Jacobian collapsing into p − y."""
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from chainrule.figures.delta import SUB, factor, number
from chainrule.figures.stepper import Stepper
from chainrule.figures.style import BACKWARD, BLACK, BLUE, FORWARD, GREY, VERMILION, canvas


def costs_and_slopes(xi, costs, slopes):
    """Left: what label 1 costs at each excitation, a curve per loss. Right: how steep each curve is there."""
    _, (left, right) = plt.subplots(1, 2, figsize=(6.5, 2.9), sharex=True)
    for name, values in costs.items():
        left.plot(xi, values, label=name)
        right.plot(xi, slopes[name], label=name)
    left.set(title="cost of label 1", xlabel=r"excitation $\xi$")
    right.set(title="slope of that cost", xlabel=r"excitation $\xi$")
    left.legend()
    for ax in (left, right):
        ax.axvspan(xi[0], xi[0] + 4, color=GREY, alpha=0.15, linewidth=0)
    right.text(xi[0] + 2, -0.5, "sure\nand\nwrong", ha="center", va="center", color=BLACK)
    return left, right


def surprise(y_hat, y):
    """The two branches of binary cross entropy, and the examples where they pay. Returns the heights of the points."""
    _, ax = plt.subplots(figsize=(5.6, 3.0))
    p = np.linspace(0.012, 0.988, 300)
    ax.plot(p, -np.log(p), color=BLUE, label=r"label 1 pays $-\ln\,\hat y$")
    ax.plot(p, -np.log(1 - p), color=VERMILION, linestyle="--", label=r"label 0 pays $-\ln(1-\hat y)$")
    heights = []
    for i, (at, label) in enumerate(zip(y_hat, y, strict=True), 1):
        heights.append(float(-np.log(at if label else 1 - at)))
        ax.plot(at, heights[-1], "o" if label else "s", color=BLUE if label else VERMILION, markersize=8)
        ax.annotate(str(i), (at, heights[-1]), (8, 4), textcoords="offset points")
    ax.set(xlabel=r"what the network says, $\hat y$", ylabel="cost", ylim=(-0.1, 4.6))
    ax.legend(loc="upper center")
    return heights


def jacobian_times_slope(J, slope, names):
    """A table times a column is a column: softmax's Jacobian, the slope of the loss, and their product."""
    size, product = len(slope), J.T @ slope
    ax = canvas(4.5 + 1.25 * size, 0.9 * size + 0.95, inches=6.0)

    def block(x, values, title, colour, marked=()):
        rows, columns = values.shape
        for i, j in np.ndindex(rows, columns):
            at = x + j * 1.25, 0.25 + (rows - 1 - i) * 0.9
            lit = (i, j) in marked
            ax.add_patch(Rectangle(at, 1.25, 0.9, facecolor="#fff2cc" if lit else "white", edgecolor=GREY))
            ax.text(at[0] + 0.62, at[1] + 0.45, number(values[i, j]), ha="center", va="center", color=colour,
                    fontsize=12, weight="bold" if lit else "normal")
        ax.text(x + 0.62 * columns, 0.25 + 0.9 * rows + 0.25, title, ha="center", va="bottom", fontsize=13)

    counted = [k for k in range(size) if slope[k]]
    block(0.35, J, r"$\partial\hat y_k/\partial a_j$", BLACK, [(k, j) for k in counted for j in range(size)])
    block(0.95 + 1.25 * size, slope[:, None], r"$\partial L/\partial\hat y_k$", BACKWARD, [(k, 0) for k in counted])
    block(2.95 + 1.25 * size, product[:, None], r"$\partial L/\partial a_j$", BACKWARD)
    middle = 0.25 + 0.45 * size
    ax.text(0.65 + 1.25 * size, middle, "·", ha="center", va="center", fontsize=20)
    ax.text(2.55 + 1.25 * size, middle, "=", ha="center", va="center", fontsize=16)
    for k, name in enumerate(names):
        ax.text(0.25, 0.25 + (size - 0.5 - k) * 0.9, name, ha="right", va="center")
    return product


def softmax_stepper(a, true):
    """Step through one example: pre-activations, exponentials, shares, loss; then back until p − y is left.

    a (C,), true: the number of the right class, counted from 0. Returns a Stepper.
    """
    a = np.asarray(a, float)
    e = np.exp(a)
    p = e / e.sum()
    y = np.arange(len(a)) == true
    row = p[true] * (y - p)                                    # ∂p_true/∂a_j
    outer = -1 / p[true]                                       # ∂L/∂p_true
    delta = outer * row
    t, r = SUB[true + 1], 24
    figure = Stepper("Softmax and cross entropy, forward and back", "", 780, 130 + 96 * len(a))
    height = [104 + 96 * k for k in range(len(a))]
    middle, bottom = sum(height) / len(height), height[-1] + 70
    names = [SUB[k + 1] for k in range(len(a))]

    for k, at in enumerate(height):
        for name, x, text in (("a", 44, "a" + names[k]), ("e", 160, "exp"), ("p", 400, "ŷ" + names[k])):
            figure.circle(f"{name}{k}", x, at, r)
            figure.text(f"{name}{k}name", x, at + 6, text)
        figure.line(f"ae{k}", 44 + r + 3, at, 160 - r - 4, at)
        for name, start, end in (("es", (160, at), (280, middle)), ("sp", (280, middle), (400, at))):
            step = np.subtract(end, start)
            unit = step / np.linalg.norm(step)
            ends = np.r_[np.add(start, (r + 3) * unit), np.subtract(end, (r + 4) * unit)]
            figure.line(f"{name}{k}", *map(float, np.round(ends, 1)))
    figure.circle("s", 280, middle, r)
    figure.text("sname", 280, middle + 6, "Σ")
    for x, text in ((510, f"∂ŷ{t}/∂aⱼ"), (620, f"times ∂L/∂ŷ{t}"), (726, "ŷⱼ − yⱼ")):
        figure.text(f"head{x}", x, 40, text, "backward", size=15)

    for k, at in enumerate(height):
        figure.text(f"a{k}value", 44, at - 31, number(a[k]))
    figure.step(f"One example with {len(a)} classes; class {true + 1} is the right one. Left: its pre-activations. "
                "The three columns on the right are still empty. Press Next, or use the arrow keys.",
                [f"a{k}value" for k in range(len(a))])
    for k, at in enumerate(height):
        figure.text(f"e{k}value", 160, at - 31, number(e[k]), "forward")
        figure.step(f"Forward: exp({number(a[k])}) = {number(e[k])}. An exponential is always positive.",
                    [f"e{k}value"], [f"a{k}", f"ae{k}", f"e{k}"])
    figure.text("svalue", 280, middle - 31, number(e.sum()), "forward")
    figure.step(f"The sum of the exponentials is {' + '.join(map(number, e))} = {number(e.sum())}.", ["svalue"],
                ["s", *(f"es{k}" for k in range(len(a)))])
    for k, at in enumerate(height):
        figure.text(f"p{k}value", 400, at - 31, number(p[k]), "forward")
        figure.step(f"Class {k + 1} gets its share: ŷ{names[k]} = {number(e[k])} / {number(e.sum())} = {number(p[k])}.",
                    [f"p{k}value"], [f"p{k}", f"sp{k}", f"e{k}value", "svalue"])
    loss = -np.log(p[true])
    figure.text("L", 400, bottom, f"L = −ln ŷ{t} = {number(loss)}", "forward")
    figure.step(f"The loss looks at the right class alone: −ln {number(p[true])} = {number(loss)}. "
                "End of the forward pass.", ["L"], [f"p{true}"])

    figure.text("g", 620, bottom, f"∂L/∂ŷ{t} = {number(outer)}", "backward")
    figure.step(f"Backward: ∂L/∂ŷ{t} = −1/ŷ{t} = −1/{number(p[true])} = {number(outer)}. For the other classes it is "
                f"0, so of the Jacobian's {len(a) ** 2} entries only the {len(a)} in the row of ŷ{t} count.", ["g"],
                ["L", f"p{true}"], "backward")
    for j, at in enumerate(height):
        figure.text(f"J{j}", 510, at + 6, number(row[j]), "backward")
        if j == true:
            said = (f"Its own pre-activation lifts it: ŷ{t}(1 − ŷ{t}) = {number(p[j])}·{number(1 - p[j])} = "
                    f"{number(row[j])}.")
        else:
            said = (f"Raising a{names[j]} takes from ŷ{t}: −ŷ{t}·ŷ{names[j]} = −{number(p[true])}·{number(p[j])} = "
                    f"{number(row[j])}.")
        figure.step(said, [f"J{j}"], [f"a{j}", f"p{j}value", f"p{true}value", f"head{510}"], "backward")
    for j, at in enumerate(height):
        figure.text(f"d{j}", 620, at + 6, number(delta[j]), "backward")
        left = f"ŷ{t} − 1, that is −{number(1 - p[j])}" if j == true else f"ŷ{names[j]}, that is {number(p[j])}"
        figure.step(f"{factor(row[j])} times {factor(outer)}: the factor ŷ{t} in the Jacobian meets −1/ŷ{t} and is "
                    f"gone. What is left is {left}.", [f"d{j}"], [f"J{j}", "g", f"a{j}", "head620"], "backward")
    for j, at in enumerate(height):
        figure.text(f"r{j}", 726, at + 6, number(p[j] - y[j]), "backward")
    figure.step(f"Compare with ŷ − y, where y = ({', '.join(str(int(v)) for v in y)}): the same numbers. They add to "
                "0: what the right class gains, the others give.", [f"r{j}" for j in range(len(a))],
                [*(f"d{j}" for j in range(len(a))), "head726"], "backward")
    figure.alt = (f"Pre-activations {', '.join(map(number, a))} turn into shares {', '.join(map(number, p))}; class "
                  f"{true + 1} is right. The row of the Jacobian, {', '.join(map(number, row))}, times "
                  f"{number(outer)} is ŷ − y: {', '.join(map(number, delta))}.")
    return figure


def fading(sizes):
    """Size of δ in every layer, on a logarithmic axis; the output is the last layer. sizes: {name: values}."""
    _, ax = plt.subplots(figsize=(6.5, 2.9))
    for (name, values), marker in zip(sizes.items(), "osD^", strict=False):
        ax.semilogy(range(1, len(values) + 1), values, marker=marker, label=name)
    count = len(next(iter(sizes.values())))
    ax.set(xlabel="layer (the last is the output)", ylabel=r"size of $\delta$", xticks=range(1, count + 1))
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9.5)
    return ax


def chances(x, p, answers):
    """True chances as bars, and the answers of fitted units as marked lines over them. answers: {name: values}."""
    _, ax = plt.subplots(figsize=(5.6, 2.9))
    width = 0.6 * np.min(np.diff(x))
    ax.bar(x, p, width=width, color="#dddddd", edgecolor=GREY, label="true chance $p(1|x)$")
    for (name, values), marker, colour in zip(answers.items(), "os^", (FORWARD, BACKWARD, BLACK), strict=False):
        ax.plot(x, values, marker=marker, color=colour, label=name)
    ax.set(xlabel="$x$", ylim=(0, 1.05), xticks=x)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9.5)
    return ax
