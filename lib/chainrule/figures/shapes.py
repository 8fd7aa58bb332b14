"""Drawings of arrays as tables, true to their shapes, and of what a tick in a lecture means."""
import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch, Rectangle

from chainrule.figures.networks import arrow
from chainrule.figures.style import BACKWARD, BLACK, FORWARD, GREY, SKY, canvas

CELL = 0.42


def table(ax, left, middle, shape, name, note, *, row=None, column=None):
    """An array as a grid of cells, centred on the height `middle`, with one row or column shaded."""
    rows, columns = shape
    top = middle + CELL * rows / 2
    for i in range(rows):
        for j in range(columns):
            at = (left + CELL * j, top - CELL * (i + 1))
            ax.add_patch(Rectangle(at, CELL, CELL, facecolor=SKY if i == row or j == column else "white",
                                   edgecolor=BLACK, linewidth=1))
    centre = left + CELL * columns / 2
    ax.text(centre, top + 0.12, name, ha="center", va="bottom", fontsize=13)
    ax.text(centre, top - CELL * rows - 0.14, note, ha="center", va="top", fontsize=10.5, color=GREY)
    return left + CELL * columns


def rows_and_columns(n, d_in, d_out):
    """The same layer twice: our batch of rows, and the decks' single column. Returns the shapes drawn."""
    ax = canvas(11.6, 5.9)
    drawn = {"X": (n, d_in), "W": (d_in, d_out), "b": (1, d_out), "Z": (n, d_out),
             "deck W": (d_out, d_in), "deck x": (d_in, 1), "deck b": (d_out, 1), "deck a": (d_out, 1)}

    def sign(x, y, text):
        ax.text(x, y, text, ha="center", va="center", fontsize=15)

    y = 4.2
    ax.text(0.1, y, "ours:\na row is\nan example", va="center", fontsize=11.5, color=FORWARD)
    table(ax, 3.0, y, drawn["Z"], "$Z$", "(n, d_out)", row=1)
    sign(4.4, y, "=")
    table(ax, 5.0, y, drawn["X"], "$X$", "(n, d_in)", row=1)
    sign(6.75, y, "@")
    table(ax, 7.4, y, drawn["W"], "$W$", "(d_in, d_out)")
    sign(8.9, y, "+")
    table(ax, 9.5, y, drawn["b"], "$b$", "(d_out,), added\nto every row")
    y = 1.15
    ax.text(0.1, y, "most decks:\na column is\nan example", va="center", fontsize=11.5, color=FORWARD)
    table(ax, 3.2, y, drawn["deck a"], "$a$", "", column=0)
    sign(4.4, y, "=")
    table(ax, 5.0, y, drawn["deck W"], "$W$", "(d_out, d_in)")
    sign(6.75, y, "·")
    table(ax, 7.4, y, drawn["deck x"], "$x$", "", column=0)
    sign(8.9, y, "+")
    table(ax, 9.7, y, drawn["deck b"], "$b$", "")
    return drawn


def two_routes():
    """A statement, computed by two routes; the comparison says yes only if they meet and wrong values do not."""
    ax = canvas(11.0, 4.4)

    def box(x, y, text, colour, width=2.5):
        ax.add_patch(FancyBboxPatch((x - width / 2, y - 0.42), width, 0.84, boxstyle="round,pad=0.08",
                                    facecolor="white", edgecolor=colour, linewidth=1.8, zorder=3))
        ax.text(x, y, text, ha="center", va="center", fontsize=11, zorder=4)

    box(1.5, 2.7, "statement\nof a slide", BLACK, 2.2)
    box(5.0, 3.7, "one route:\nthe library", FORWARD)
    box(5.0, 2.2, "another route:\nloops, counting, …", FORWARD)
    box(5.0, 0.7, "wrong on purpose:\na bias forgotten, …", BACKWARD)
    box(9.3, 2.7, "equal?  yes ✓", BLACK, 2.4)
    for y in (3.7, 2.2):
        arrow(ax, (2.7, 2.7), (3.6, y), colour=FORWARD, width=1.4, gap=0.05)
        arrow(ax, (6.4, y), (7.95, 2.9 if y > 3 else 2.6), colour=FORWARD, width=1.4, gap=0.05)
    arrow(ax, (6.4, 0.7), (8.6, 2.15), colour=BACKWARD, width=1.4, gap=0.05, dashed=True)
    ax.text(8.0, 1.1, "must not pass", color=BACKWARD, fontsize=11, ha="left")
    return plt.gcf()
