"""Drawings of weight slopes: one table of products, the tables of a batch added up, and who counts how often."""
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from chainrule.figures.delta import number
from chainrule.figures.style import BACKWARD, BLACK, FORWARD, GREY, canvas


def table_of_products(values, delta):
    """Values at the tails (rows, and a 1 for the bias) times δ at the heads (columns). Returns ax.

    values (d_in,), delta (d_out,). The cells hold the slopes of W, and in the last row those of b.
    """
    tails = [*values, 1.0]
    ax = canvas(9.4, 1.1 + 0.8 * len(tails), inches=6.0)
    left, wide, high = 3.2, 1.9, 0.8
    top = ax.get_ylim()[1] - 0.9
    for j, head in enumerate(delta):
        ax.text(left + (j + 0.5) * wide, top + 0.32, rf"$\delta_{j + 1}$ = {number(head)}", color=BACKWARD,
                ha="center", va="center", fontsize=13)
    for i, tail in enumerate(tails):
        y, bias = top - (i + 0.5) * high, i == len(values)
        name = "bias:  1" if bias else rf"$h_{i + 1}$ = {number(tail)}"
        ax.text(left - 0.25, y, name, color=FORWARD, ha="right", va="center", fontsize=13)
        for j, head in enumerate(delta):
            ax.add_patch(Rectangle((left + j * wide, y - high / 2), wide, high, facecolor="white", edgecolor=GREY,
                                   linestyle="--" if bias else "-"))
            ax.text(left + (j + 0.5) * wide, y, number(tail * head), ha="center", va="center", fontsize=13)
    right = left + len(delta) * wide + 0.25
    ax.text(right, top - len(values) * high / 2, "slopes of $W$", ha="left", va="center")
    ax.text(right, top - (len(values) + 0.5) * high, "slopes of $b$", ha="left", va="center")
    return ax


def tables_add_up(H, delta):
    """One small table hᵢ δᵢᵀ per example and, at the right, their sum. H (n, d_in), delta (n, d_out)."""
    tables = [np.outer(h, d) for h, d in zip(H, delta, strict=True)]
    total = np.sum(tables, axis=0)
    most = np.max(np.abs([*tables, total]))
    figure, axes = plt.subplots(1, len(tables) + 1, figsize=(6.5, 0.35 + 0.42 * H.shape[1]))
    for k, (ax, table) in enumerate(zip(axes, [*tables, total], strict=True)):
        ax.imshow(table, cmap="PuOr", vmin=-1.6 * most, vmax=1.6 * most, aspect="auto")
        for at in np.ndindex(table.shape):
            ax.text(*at[::-1], number(table[at]), ha="center", va="center", fontsize=11.5)
        last = k == len(tables)
        ax.set(xticks=[], yticks=[], title="sum" if last else f"example {k + 1}")
        ax.grid(visible=False)
        for spine in ax.spines.values():
            spine.set(visible=True, color=BACKWARD if last else GREY, linewidth=3 if last else 1)
    return figure


def step_lengths(decks, sizes):
    """How long a step each deck takes at one learning rate, over the batch size; the house's step is 1."""
    _, ax = plt.subplots(figsize=(6.5, 3.2))
    groups = {}
    for name, deck in decks.items():
        lengths = tuple(abs(deck.factor("dW", n)) for n in sizes)
        groups.setdefault(lengths, []).append(name.replace("beta", " (β)"))
    for (lengths, names), marker in zip(sorted(groups.items()), "os^D", strict=False):
        ax.plot(sizes, lengths, marker=marker, markersize=5)
        ax.text(sizes[-1] * 1.12, lengths[-1], ", ".join(names), ha="left", va="center", color=BLACK)
    ax.set(xscale="log", yscale="log", xlabel="examples in the batch, $n$", ylabel="step, house = 1",
           xlim=(sizes[0] * 0.9, sizes[-1] * 25), ylim=(0.6, None), xticks=sizes,
           xticklabels=[str(size) for size in sizes])
    ax.minorticks_off()
    return ax
