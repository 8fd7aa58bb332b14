"""Drawings of layers, units and the arrows between them."""
from itertools import pairwise

import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from chainrule.figures.style import BACKWARD, BLACK, FORWARD, GREY, canvas


def node(ax, at, label="", *, radius=0.34, colour=BLACK, fill="white", size=12):
    """A unit: a circle with its name inside."""
    ax.add_patch(Circle(at, radius, facecolor=fill, edgecolor=colour, linewidth=1.6, zorder=3))
    ax.text(*at, label, ha="center", va="center", fontsize=size, zorder=4)


def arrow(ax, start, end, *, colour=GREY, width=1.0, gap=0.36, bend=0.0, style="-|>", dashed=False, zorder=2):
    """An arrow from start to end that stops `gap` before either point."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    along = (end - start) / np.linalg.norm(end - start)
    ax.add_patch(FancyArrowPatch(start + gap * along, end - gap * along, arrowstyle=style, color=colour,
                                 linewidth=width, linestyle="--" if dashed else "-", mutation_scale=9 + 2 * width,
                                 shrinkA=0, shrinkB=0, connectionstyle=f"arc3,rad={bend}", zorder=zorder))


def columns(widths, xs, middle, gap=0.95):
    """Positions of the units, one list per layer: column xs[l], centred on the height `middle`."""
    return [[(x, middle + gap * ((n - 1) / 2 - k)) for k in range(n)] for n, x in zip(widths, xs, strict=True)]


def layers(ax, positions, labels=None, **kwargs):
    """Units and all forward arrows between neighbouring layers; returns how many arrows were drawn."""
    count = 0
    for depth, column in enumerate(positions):
        for k, at in enumerate(column):
            node(ax, at, labels[depth][k] if labels else "", **kwargs)
    for sources, targets in pairwise(positions):
        for a in sources:
            for b in targets:
                arrow(ax, a, b, colour=FORWARD, width=0.7)
                count += 1
    return count


def whole_idea():
    """Forward through three layers, then δ back through the same arrows, one layer at a time."""
    ax = canvas(10.4, 5.4)
    xs = (0.6, 3.2, 5.8, 8.4)
    positions = columns((3, 4, 3, 2), xs, 2.75)
    layers(ax, positions, radius=0.27)
    node(ax, (9.9, 2.75), "$L$", radius=0.36)
    for at in positions[-1]:
        arrow(ax, at, (9.9, 2.75), colour=FORWARD, width=0.7)
    for k, (left, right) in enumerate(pairwise(xs)):
        arrow(ax, (left, 4.75), (right, 4.75), colour=FORWARD, width=1.6, gap=0.55)
        ax.text((left + right) / 2, 4.92, f"$W_{k + 1}$", ha="center", color=FORWARD, fontsize=13)
        if k:
            arrow(ax, (right, 0.62), (left, 0.62), colour=BACKWARD, width=3, gap=0.55)
            ax.text(right, 0.62, f"$\\delta_{k + 1}$", ha="center", va="center", color=BACKWARD, fontsize=16)
    ax.text(xs[1], 0.62, r"$\delta_1$", ha="center", va="center", color=BACKWARD, fontsize=16)
    for x, name in zip(xs, ("$x$", "$h_1$", "$h_2$", r"$\hat y$"), strict=True):
        ax.text(x, 4.75, name, ha="center", va="center", color=FORWARD, fontsize=14)
    arrow(ax, (9.9, 2.4), (8.4, 0.62), colour=BACKWARD, width=3, gap=0.4)
    ax.text(9.2, 5.0, "forward:\nvalues", ha="left", va="center", color=FORWARD, fontsize=11)
    ax.text(1.9, 0.62, "backward:\none $\\delta$ per unit", ha="right", va="center", color=BACKWARD, fontsize=11)
    return ax


def one_unit():
    """LFD's picture of one unit: inputs, weights, signal, θ, output."""
    ax = canvas(10, 3.9)
    sources = [(0.7, 3.3), (0.7, 1.95), (0.7, 0.6)]
    for k, at in enumerate(sources, start=1):
        node(ax, at, f"$x_{k}^{{(l-1)}}$", radius=0.52, size=11)
        arrow(ax, at, (4.2, 1.95), colour=FORWARD, width=1.3, gap=0.6)
    for k, (x, y) in enumerate(sources, start=1):
        at = (x + 0.42 * (4.2 - x), y + 0.42 * (1.95 - y))
        ax.text(*at, f"$w_{{{k}j}}^{{(l)}}$", va="center", ha="center", zorder=5,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})
    node(ax, (4.2, 1.95), "$s_j^{(l)}$", radius=0.6, size=13)
    node(ax, (6.7, 1.95), r"$\theta$", radius=0.5, size=15)
    node(ax, (9.1, 1.95), "$x_j^{(l)}$", radius=0.6, size=13)
    arrow(ax, (4.2, 1.95), (6.7, 1.95), colour=FORWARD, width=1.6, gap=0.66)
    arrow(ax, (6.7, 1.95), (9.1, 1.95), colour=FORWARD, width=1.6, gap=0.66)
    for x, word in ((4.2, "signal"), (6.7, "activation\nfunction"), (9.1, "output")):
        ax.text(x, 1.15, word, ha="center", va="top", fontsize=11)
    return ax


def fan(count=3, below=r"\delta_i", above=r"\delta_{}", weight="w_{{i{}}}", left="layer $l-1$", right="layer $l$"):
    """One unit below, all units above: δ comes back along every arrow that the value went out on."""
    ax = canvas(9.4, 4.6)
    unit = (1.5, 2.15)
    for k, (x, y) in enumerate(columns((count,), (7.6,), 2.15, gap=1.5)[0], start=1):
        up = 0.11                                 # the two arrows of a route run side by side
        arrow(ax, (unit[0], unit[1] + up), (x, y + up), colour=FORWARD, width=1.0, gap=0.7)
        arrow(ax, (x, y - up), (unit[0], unit[1] - up), colour=BACKWARD, width=2.8, gap=0.7)
        node(ax, (x, y), f"${above.format(k)}$", radius=0.5, colour=BACKWARD, size=14)
        share = 0.52
        at = (unit[0] + share * (x - unit[0]), unit[1] + share * (y - unit[1]))
        ax.text(at[0], at[1] + 0.32, f"${weight.format(k)}$", ha="center", va="center", fontsize=13,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6}, zorder=5)
    node(ax, unit, f"${below}$", radius=0.5, colour=BACKWARD, size=14)
    ax.text(unit[0], 4.4, left, ha="center", va="center")
    ax.text(7.6, 4.4, right, ha="center", va="center")
    ax.text(unit[0], 1.38, "collects", ha="center", color=BACKWARD, fontsize=11)
    return ax


def flow(stations, backward):
    """A chain of arrays: values to the right, slopes to the left. `backward[k]` names the slope at stations[k+1]."""
    width = 1.9 * len(stations)
    ax = canvas(width, 2.7)
    for k, name in enumerate(stations):
        x = 0.95 + 1.9 * k
        node(ax, (x, 1.75), name, radius=0.52, size=13)
        if k:
            arrow(ax, (x - 1.9, 1.75), (x, 1.75), colour=FORWARD, width=1.4, gap=0.56)
        if k > 1:
            arrow(ax, (x, 0.55), (x - 1.9, 0.55), colour=BACKWARD, width=2.8, gap=0.6)
        if k:
            ax.text(x, 0.55, backward[k - 1], ha="center", va="center", color=BACKWARD, fontsize=14)
    return ax


def feature_transform():
    """A network whose hidden layers are boxed: what they do together is a change of coordinates."""
    ax = canvas(9.6, 4.0)
    positions = columns((2, 4, 3, 1), (0.8, 3.6, 6.0, 8.8), 1.75, gap=0.85)
    layers(ax, positions, radius=0.27)
    ax.add_patch(FancyBboxPatch((2.9, 0.1), 3.8, 3.3, boxstyle="round,pad=0.05,rounding_size=0.3", fill=False,
                                edgecolor=BACKWARD, linewidth=2, linestyle="--"))
    for x, name in ((0.8, "input"), (4.8, "learned transform"), (8.8, "one line")):
        ax.text(x, 3.72, name, ha="center", va="center", color=BACKWARD if x == 4.8 else BLACK)
    return ax


def two_weights():
    """A network with one weight of the last layer and one weight further down marked."""
    ax = canvas(9.6, 4.5)
    positions = columns((3, 4, 2), (1.0, 4.8, 8.6), 2.05, gap=1.0)
    labels = [[f"$a_{k}$" for k in range(3)], [f"$a_{k}$" for k in range(4)], ["$a_0$", "$a_1$"]]
    layers(ax, positions, labels)
    arrow(ax, positions[0][2], positions[1][1], colour=BACKWARD, width=3)
    arrow(ax, positions[1][1], positions[2][0], colour=BLACK, width=3, dashed=True)
    for at, name, colour in (((3.0, 2.0), "$w_{12}^{(L-1)}$", BACKWARD), ((6.3, 2.62), "$w_{01}^{(L)}$", BLACK)):
        ax.text(*at, name, color=colour, fontsize=14, ha="center", va="center", zorder=5,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})
    for x, name in ((1.0, "layer $L-2$"), (4.8, "layer $L-1$"), (8.6, "layer $L$")):
        ax.text(x, 4.3, name, ha="center", va="center")
    return ax


def two_stations():
    """Where β and δ are measured on the way z → o → E."""
    ax = canvas(9.6, 2.9)
    for x, name in ((1.2, "$z_j$"), (4.8, "$o_j$"), (8.4, "$E$")):
        node(ax, (x, 2.2), name, radius=0.5, size=14)
    arrow(ax, (1.2, 2.2), (4.8, 2.2), colour=FORWARD, width=1.6, gap=0.56)
    arrow(ax, (4.8, 2.2), (8.4, 2.2), colour=FORWARD, width=1.6, gap=0.56)
    ax.text(3.0, 2.4, r"$\sigma$", ha="center", va="bottom", color=FORWARD, fontsize=14)
    ax.text(4.8, 0.8, r"$\beta_j=-\,\partial E/\partial o_j$", ha="center", va="center", fontsize=14)
    ax.text(1.2, 0.8, r"$\delta_j=\partial E/\partial z_j$", ha="center", va="center", fontsize=14)
    arrow(ax, (3.5, 0.8), (2.5, 0.8), colour=BACKWARD, width=2.8, gap=0.0)
    ax.text(3.0, 0.38, "$\\times\\,(-o_j(1-o_j))$", ha="center", va="top", color=BACKWARD)
    for x in (1.2, 4.8):
        arrow(ax, (x, 1.72), (x, 1.1), colour=GREY, width=1, gap=0.02, style="-")
    return ax
