"""Drawings of the clinic: loss curves without names, a straight parabola, who is wrong where, what depth does."""
import matplotlib.pyplot as plt
import numpy as np

from chainrule.figures.style import BACKWARD, BLACK, FORWARD, GREY


def panels(histories, titles):
    """One small panel per training run, all on the same logarithmic axes, its last loss in the title."""
    rows = -(-len(histories) // 3)
    _, axes = plt.subplots(rows, 3, figsize=(6.5, 1.75 * rows), sharex=True, sharey=True)
    for ax, history, title in zip(axes.flat, histories, titles, strict=True):
        ax.plot(np.arange(1, len(history) + 1), history, color=FORWARD)
        ax.set(xscale="log", yscale="log", title=f"{title}: ends at {history[-1]:.1g}")
    for ax in axes.flat[-3:]:
        ax.set_xlabel("step")
    for ax in axes.flat[::3]:
        ax.set_ylabel("loss")
    return axes.ravel()


def plane(target, outputs):
    """Points in the plane of the two outputs: the wanted curve as rings, each network's answers as a line."""
    _, ax = plt.subplots(figsize=(4.6, 3.2))
    ax.plot(*np.asarray(target).T, "o", color=GREY, markerfacecolor="none", markersize=6, label="wanted")
    for (name, points), colour, style in zip(outputs.items(), (FORWARD, BACKWARD, BLACK), ("-", "--", ":"),
                                             strict=False):
        ax.plot(*np.asarray(points).T, color=colour, linestyle=style, label=name)
    ax.set(xlabel=r"$\hat y_1$", ylabel=r"$\hat y_2$")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def flat_but_wrong(x, p, y_hat):
    """True probabilities as dots, a model's answers as a dashed line, the errors as thick bars between them."""
    _, ax = plt.subplots(figsize=(4.6, 2.6))
    ax.vlines(x, y_hat, p, color=BACKWARD, linewidth=4, alpha=0.6)
    ax.plot(x, y_hat, "--", color=FORWARD, label=r"answer $\hat y$")
    ax.plot(x, p, "o", color=BLACK, markersize=8, label="truth $p(1|x)$")
    ax.set(xlabel="$x$", ylim=(0, 1), xticks=list(x))
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def verdicts(names, tensors, misses):
    """A table as a picture: how far each pass is off in each tensor, as a share of it; "ok" where it is right.

    misses (pass, tensor): the distance to the true slope over its length; below 1e-9 it counts as right.
    """
    misses = np.asarray(misses)
    _, ax = plt.subplots(figsize=(6.5, 0.36 * len(names) + 0.5))
    for (row, column), miss in np.ndenumerate(misses):
        right = miss < 1e-9
        if not right:
            ax.add_patch(plt.Rectangle((column - 0.47, row - 0.42), 0.94, 0.84, facecolor=BACKWARD, alpha=0.25))
        ax.text(column, row, "ok" if right else f"{miss:.0%}" if miss >= 0.01 else "< 1%", ha="center", va="center",
                color=GREY if right else BLACK, fontweight="normal" if right else "bold")
    ax.set(xlim=(-0.5, len(tensors) - 0.5), ylim=(len(names) - 0.5, -0.5), xticks=range(len(tensors)),
           xticklabels=tensors, yticks=range(len(names)), yticklabels=names)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return ax


def depth(ratios):
    """Each start as a dot: the last loss with a wrong pass over that with the right one, per number of layers."""
    _, ax = plt.subplots(figsize=(5.2, 2.9))
    for layers, values in ratios.items():
        spread = np.linspace(-0.14, 0.14, len(values))
        ax.plot(layers + spread, np.sort(values), "o", color=BACKWARD, alpha=0.65)
        ax.plot([layers - 0.25, layers + 0.25], [np.median(values)] * 2, "-", color=BLACK)
    ax.axhline(1, color=GREY, linestyle=":", linewidth=1.3)
    ax.text(max(ratios) + 0.48, 1, "as good as the right pass", ha="right", va="bottom", color=GREY)
    ax.set(yscale="log", xticks=list(ratios), xlabel="hidden layers", ylabel="last loss: wrong / right",
           xlim=(min(ratios) - 0.5, max(ratios) + 0.5))
    return ax
