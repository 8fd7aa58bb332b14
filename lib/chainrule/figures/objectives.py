"""Drawings of what training minimises: squares on residuals, valleys, penalties, picked probabilities."""
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from chainrule.figures.style import BLACK, BLUE, GREY, VERMILION

LETTERS = "ABC"


def mean_half_square(x, y, w, b):
    """1/(2n) Σ (w x + b − y)², for arrays of candidates w and b of one shape."""
    w, b = np.asarray(w, float)[..., None], np.asarray(b, float)[..., None]
    return np.mean((w * x + b - y) ** 2, axis=-1) / 2


def candidate_lines(x, y, lines):
    """A panel per line (w, b): its residuals as squares, and half their mean area. Returns these numbers."""
    _, axes = plt.subplots(1, len(lines), figsize=(6.5, 2.7), sharey=True)
    values = []
    for ax, letter, (w, b) in zip(axes, LETTERS, lines, strict=False):
        for at, wanted in zip(x, y, strict=True):
            miss = w * at + b - wanted
            ax.add_patch(Rectangle((at, wanted), -abs(miss), miss, color=VERMILION, alpha=0.25))
        ax.axline((0, b), slope=w, color=BLUE)
        ax.plot(x, y, "o", color=BLACK, markersize=5)
        values.append(float(mean_half_square(x, y, w, b)))
        ax.set(aspect="equal", xlim=(-1.2, 4.1), ylim=(-0.7, 4.1), title=f"{letter}: {values[-1]:.2f}", xlabel="$x$",
               xticks=range(5), yticks=range(5))
    axes[0].set_ylabel("$y$")
    return values


def valley(x, y, lines, best):
    """The loss of all lines at once: a map over (w, b), with the candidates and the lowest point. Returns the map."""
    w, b = np.meshgrid(np.linspace(-0.6, 2.0, 121), np.linspace(-1.6, 3.2, 121))
    values = mean_half_square(x, y, w, b)
    _, ax = plt.subplots(figsize=(5.2, 3.2))
    levels = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2]
    drawn = ax.contour(w, b, values, levels=levels, colors=GREY, linewidths=1.2)
    ax.clabel(drawn, levels=levels[2:], fontsize=9)
    for letter, (at_w, at_b) in zip(LETTERS, lines, strict=False):
        ax.plot(at_w, at_b, "s", color=BLUE, markersize=6)
        ax.text(at_w + 0.06, at_b + 0.08, letter, color=BLUE, fontsize=13)
    ax.plot(*best, "*", color=VERMILION, markersize=15, label="lowest point")
    ax.set(xlabel="slope $w$ of the line", ylabel="height $b$ of the line")
    ax.grid(False)
    ax.legend(loc="upper right")
    return values


def trade_off(x, y, fits, strengths, data_losses, penalties, truth):
    """Left: fits under penalties of different strength. Right: how data loss and penalty answer to the strength."""
    _, (left, right) = plt.subplots(1, 2, figsize=(6.5, 3.0))
    t = np.linspace(-1, 1, 300)
    left.plot(t, truth(t), color=GREY, linestyle=":", linewidth=1.6, label="truth")
    for label, fit in fits.items():
        left.plot(t, fit(t), label=label)
    left.plot(x, y, "o", color=BLACK, markersize=5)
    left.set(ylim=(-2.2, 2.2), xlabel="$x$", ylabel="$y$")
    left.legend(loc="lower right", fontsize=9.5)
    right.loglog(strengths, data_losses, marker="o", markersize=4, label="data loss")
    right.loglog(strengths, penalties, marker="s", markersize=4, label="penalty $R$")
    right.set_xlabel(r"strength $\lambda$")
    right.legend()
    return left, right


def picked_entries(P, labels, classes):
    """Left: a row of probabilities per example, the true class framed. Right: −log p at the framed values.

    Returns the heights of the points on the right.
    """
    _, (left, right) = plt.subplots(1, 2, figsize=(6.5, 2.9), width_ratios=(1, 1.1))
    left.imshow(P, cmap="Greys", vmin=0, vmax=1.25, aspect="auto")
    for i, c in np.ndindex(P.shape):
        left.text(c, i, f"{P[i, c]:.2f}", ha="center", va="center", color="white" if P[i, c] > 0.7 else BLACK)
    for i, c in enumerate(labels):
        left.add_patch(Rectangle((c - 0.46, i - 0.46), 0.92, 0.92, fill=False, edgecolor=VERMILION, linewidth=3))
    left.set(xticks=range(P.shape[1]), xticklabels=classes, yticks=range(len(P)),
             yticklabels=[f"example {i + 1}" for i in range(len(P))], title="probabilities")
    left.grid(False)
    p = np.linspace(0.02, 1, 200)
    right.plot(p, -np.log(p))
    heights = []
    for i, c in enumerate(labels):
        heights.append(float(-np.log(P[i, c])))
        right.plot(P[i, c], heights[-1], "o", color=VERMILION, markersize=8)
        right.annotate(str(i + 1), (P[i, c], heights[-1]), (7, 5), textcoords="offset points", color=VERMILION)
    right.set(xlabel="probability given to the true class", title=r"cost $-\log p$", ylim=(-0.1, 4))
    return heights
