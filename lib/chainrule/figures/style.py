"""House style of the drawings: Okabe–Ito colours, type legible at half width, a white ground in light and dark.

Forward is always blue and thin, backward vermilion and thick: colour never carries a meaning alone.
"""
import io
import sys

import matplotlib.pyplot as plt
from matplotlib import cycler
from matplotlib.figure import Figure
from PIL import Image

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#767676"
FORWARD, BACKWARD = BLUE, VERMILION


def use_house_style():
    """Set matplotlib's defaults for this course; call it once, at the top of a lecture."""
    plt.rcParams.update({
        "figure.figsize": (6.5, 3.0), "figure.dpi": 110, "savefig.dpi": 110, "figure.facecolor": "white",
        "axes.facecolor": "white", "savefig.facecolor": "white", "savefig.bbox": "tight",
        "font.size": 11.5, "axes.titlesize": 12, "axes.labelsize": 11.5, "legend.fontsize": 10.5,
        "xtick.labelsize": 10.5, "ytick.labelsize": 10.5, "mathtext.fontset": "cm",
        "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
        "grid.color": "#dddddd", "grid.linewidth": 0.8, "lines.linewidth": 2.2, "legend.frameon": False,
        # a colour and a dash pattern together, so that lines differ in grey as well
        "axes.prop_cycle": cycler(color=[BLUE, VERMILION, GREEN, PURPLE], linestyle=["-", "--", "-.", ":"]),
        "svg.hashsalt": "chainrule", "figure.constrained_layout.use": True,
    })
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
        plt.switch_backend(plt.get_backend())     # let the inline backend register first, then take its place
        shell.display_formatter.formatters["image/png"].for_type(Figure, png)


def png(figure, **options):
    """The figure as the bytes of a PNG with a palette: a third of the size, for notebooks that live in git."""
    buffer, small = io.BytesIO(), io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None}, **options)
    Image.open(buffer).convert("RGB").quantize(128).save(small, "png", optimize=True)
    return small.getvalue()


def canvas(width, height, *, inches=6.5):
    """An empty, true-to-scale drawing area from (0, 0) to (width, height), `inches` wide."""
    _, ax = plt.subplots(figsize=(inches, inches * height / width))
    ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    ax.axis("off")
    return ax
