"""Drawings of chains: one neuron per layer, the links between its stations, and layers as boxes."""
import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

from chainrule.figures.circuits import number
from chainrule.figures.networks import arrow, node
from chainrule.figures.style import BACKWARD, BLACK, FORWARD, GREY, canvas


def neurons(activations, weights, target, slopes=None):
    """A chain of single neurons, activations written in, each weight at its arrow, the target beside the end.

    slopes: the loss's slope in each weight, to stand under its arrow.
    """
    gap = 2.3
    ax = canvas(gap * (len(activations) + 1), 2.4)
    for k, a in enumerate(activations):
        x = 0.9 + gap * k
        node(ax, (x, 1.35), number(a), radius=0.5, size=13)
        last = k == len(activations) - 1
        name = "$x$" if k == 0 else "$a^{(L)}$" if last else f"$a^{{(L-{len(activations) - 1 - k})}}$"
        ax.text(x, 0.62, name, ha="center", va="top", fontsize=13)
        if k:
            arrow(ax, (x - gap, 1.35), (x, 1.35), colour=FORWARD, width=1.4, gap=0.55)
            ax.text(x - gap / 2, 1.5, number(weights[k - 1]), ha="center", va="bottom", color=FORWARD, fontsize=11)
            if slopes is not None:
                ax.text(x - gap / 2, 1.2, number(slopes[k - 1], 4), ha="center", va="top", color=BACKWARD,
                        fontsize=11, weight="bold")
    x = 0.9 + gap * len(activations)
    node(ax, (x, 1.35), number(target), radius=0.5, size=13, colour=GREY)
    ax.text(x, 0.62, "wanted: $y$", ha="center", va="top", fontsize=13)
    ax.text(x - gap / 2, 1.35, "≈ ?", ha="center", va="center", fontsize=14)
    return ax


def ripple(names, before, after):
    """Little number lines, all of one scale: where each quantity stood, and where a nudge has moved it."""
    reach = 0.6 * max(abs(b - a) for a, b in zip(before, after, strict=True))
    figure, axes = plt.subplots(1, len(names), figsize=(6.5, 1.35))
    for ax, name, a, b in zip(axes, names, before, after, strict=True):
        ax.set(xlim=(a - 0.4 * reach, a + 1.9 * reach) if b >= a else (a - 1.9 * reach, a + 0.4 * reach),
               ylim=(-1, 1), yticks=[], xticks=[round(a, 2)], title=f"${name}$")
        ax.spines["left"].set_visible(False)
        ax.spines["bottom"].set_position(("data", 0))
        ax.grid(False)
        ax.plot(a, 0, "o", color=FORWARD, markersize=7, markerfacecolor="white", zorder=3)
        ax.plot(b, 0, "o", color=BACKWARD, markersize=5, zorder=4)
        ax.text(a if abs(b - a) < 0.3 * reach else (a + b) / 2, 0.32, number(b - a, 4 if abs(b - a) < 0.1 else 2),
                ha="center", color=BACKWARD, fontsize=10)
    return figure


def links(stations, ratios, sides=None, reused=()):
    """A chain of stations with the slope of every link under it. sides: station number → what else enters it.

    reused: numbers of the links that a bracket marks as known already.
    """
    gap, r = 2.15, 0.56
    ax = canvas(1.3 + gap * (len(stations) - 1), 3.5 if reused else 2.9)
    y = 1.8 if reused else 1.2
    for k, name in enumerate(stations):
        x = 0.65 + gap * k
        node(ax, (x, y), name, radius=r, size=9.5 if len(stations) > 4 else 14)
        if k:
            arrow(ax, (x - gap, y), (x, y), colour=FORWARD, width=1.4, gap=r + 0.05)
            ax.text(x - gap / 2, y - 0.2, ratios[k - 1], ha="center", va="top", color=BACKWARD,
                    fontsize=13 if len(stations) > 4 else 17)
        if sides and k in sides:
            ax.text(x, y + 1.6, sides[k], ha="center", va="top", fontsize=12)
            arrow(ax, (x, y + 1.15), (x, y + r + 0.05), colour=FORWARD, width=1.0, gap=0.0)
    if reused:
        left, right = (0.65 + gap * reused[0] + r, 0.65 + gap * (reused[-1] + 1) - r)
        ax.plot([left, left, right, right], [0.6, 0.45, 0.45, 0.6], color=BLACK, linewidth=1.4, linestyle="-")
        ax.text((left + right) / 2, 0.34, "known already", ha="center", va="top", fontsize=11)
    return ax


def boxes(layers, back=False):
    """Layers as boxes in a row, then the loss: x → f₁ → h₁ → … → l → e, weights from above, y into the loss.

    layers: the index of each box as text, "…" for those left out. back: the way back, with its slopes, too.
    """
    gap, names = 2.7, [*layers, "l"]
    y = 3.4 if back else 0.7
    width = 1.2 + gap * len(names) + 0.5
    ax = canvas(width, y + 1.75, inches=min(6.5, 0.62 * width))
    ax.text(0.3, y, "$x$", ha="center", va="center", fontsize=15)
    for k, name in enumerate(names):
        x, skipped = 1.75 + gap * k, name == "…"
        arrow(ax, (x - gap + 0.6 if k else 0.55, y), (x - 0.6, y), colour=FORWARD, width=1.4, gap=0.0)
        if not skipped:
            ax.add_patch(FancyBboxPatch((x - 0.5, y - 0.42), 1.0, 0.84, boxstyle="round,pad=0.04", facecolor="white",
                                        edgecolor=BLACK, linewidth=1.6, zorder=3))
            ax.text(x, y + 1.42, "$y$" if name == "l" else f"$w_{{{name}}}$", ha="center", va="center", fontsize=14)
            arrow(ax, (x, y + 1.12), (x, y + 0.48), colour=FORWARD, width=1.2, gap=0.0)
        inside = name if skipped else "$l$" if name == "l" else f"$f_{{{name}}}$"
        ax.text(x, y, inside, ha="center", va="center", fontsize=15, zorder=4)
        if name == "l":
            arrow(ax, (x + 0.6, y), (x + 1.25, y), colour=FORWARD, width=1.4, gap=0.0)
            ax.text(x + 1.5, y, "$e$", ha="center", va="center", fontsize=15)
            if back:
                arrow(ax, (x + 1.5, y - 1.2), (x - gap / 2, y - 1.2), colour=BACKWARD, width=2.8, gap=0.75)
                ax.text(x + 1.3, y - 1.2, "$1$", ha="center", va="center", color=BACKWARD, fontsize=13)
            continue
        slope = "…" if skipped else f"$\\frac{{\\partial e}}{{\\partial h_{{{name}}}}}$"
        if not skipped:
            ax.text(x + gap / 2, y + 0.16, f"$h_{{{name}}}$", ha="center", va="bottom", fontsize=14, color=FORWARD)
        if back:
            at = (x + gap / 2, y - 1.2)
            ax.text(*at, slope, ha="center", va="center", color=BACKWARD, fontsize=17)
            if k:
                arrow(ax, at, (x - gap / 2, y - 1.2), colour=BACKWARD, width=2.8, gap=0.55)
            if not skipped:
                arrow(ax, at, (x, y - 2.8), colour=BACKWARD, width=1.6, gap=0.6)
                ax.text(x, y - 2.9, f"$\\frac{{\\partial e}}{{\\partial w_{{{name}}}}}$", ha="center", va="center",
                        color=BACKWARD, fontsize=17)
    return ax
