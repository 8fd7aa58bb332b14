"""Drawings for gradient checking: error over step, staircases of rounding, shares of a norm, misses, kinks."""
import matplotlib.pyplot as plt
import numpy as np

from chainrule.figures.style import BACKWARD, BLACK, FORWARD, GREY

STYLES = (("o", FORWARD), ("s", BACKWARD), ("^", BLACK))
FLOOR = 1e-17                                     # where an error of exactly 0 is drawn, for it has no logarithm


def error_over_step(h, errors, guides=()):
    """Relative error of a slope over the step, both logarithmic. errors: {name: values}; guides: (label, values)."""
    _, ax = plt.subplots(figsize=(6.5, 3.2))
    for (name, values), (marker, colour) in zip(errors.items(), STYLES, strict=False):
        ax.loglog(h, np.maximum(values, FLOOR), marker, color=colour, markersize=4, linestyle="none", label=name)
    for (label, values), dash in zip(guides, ("--", ":", "-."), strict=False):
        ax.loglog(h, values, color=GREY, linestyle=dash, linewidth=1.4, label=label)
    ax.set(xlabel="step $h$", ylabel="relative error of the slope", ylim=(FLOOR / 2, 10))
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9.5)
    return ax


def staircase(f, at, slope, reach):
    """What f(at + h) − f(at) really is for tiny h, against the straight line that it should be."""
    _, ax = plt.subplots(figsize=(6.0, 2.7))
    h = np.linspace(-reach, reach, 600)
    ax.plot(h, slope * h, color=GREY, linestyle="--", linewidth=1.4, label="as it should be")
    ax.plot(h, f(at + h) - f(at), color=FORWARD, linewidth=1.6, label="in floating point")
    ax.set(xlabel="$h$", ylabel="$f(u+h)-f(u)$")
    ax.legend(loc="upper left")
    return ax


def shares(names, values, threshold):
    """How much of the norm of the whole gradient each tensor makes up, on a logarithmic axis."""
    _, ax = plt.subplots(figsize=(6.0, 2.7))
    ax.bar(names, values, color=FORWARD, width=0.6)
    ax.axhline(threshold, color=BACKWARD, linestyle="--", linewidth=1.8, label=f"what passes at {threshold:g}")
    ax.set(yscale="log", ylabel="share of the norm", ylim=(min(values) / 10, 2))
    ax.legend(loc="upper left")
    return ax


def misses(ratio, measured, bars, bound):
    """Chance that a direction misses an error, over threshold / size of the error. measured: {name: chances}."""
    _, ax = plt.subplots(figsize=(6.0, 3.0))
    for (name, values), (marker, colour) in zip(measured.items(), STYLES, strict=False):
        ax.errorbar(ratio, np.maximum(values, 1e-6), bars[name], fmt=marker, color=colour, markersize=6, label=name)
    ax.plot(ratio, bound, color=GREY, linestyle="--", linewidth=1.4, label="0.8 · ratio")
    ax.set(xscale="log", yscale="log", xlabel="threshold / size of the error", ylabel="chance of a miss",
           ylim=(min(bound) / 3, 1.5))
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9.5)
    return ax


def kink(h):
    """ReLU near 0, its two one-sided slopes, and the chord that a central difference of step h draws."""
    _, ax = plt.subplots(figsize=(5.6, 2.7))
    z = np.linspace(-1, 1, 201)
    ax.plot(z, np.maximum(z, 0), color=BLACK, label="ReLU")
    ax.plot([-h, h], [0, h], "o--", color=BACKWARD, linewidth=1.8, label="central difference: slope ½")
    ax.text(-0.75, 0.06, "slope 0", ha="center")
    ax.text(0.8, 0.62, "slope 1", ha="center")
    ax.set(xlabel="$z$", ylim=(-0.1, 1.05))
    ax.legend(loc="upper left")
    return ax


def verdicts(cases, truths, table):
    """A grid of verdicts: a row per case, a column per checker; wrong verdicts are filled and say what they are.

    truths: whether each gradient is right. table: {checker: verdicts, True for "accepted"}. Returns the mistakes.
    """
    _, ax = plt.subplots(figsize=(6.5, 0.29 * len(cases) + 0.7))
    wrong = {}
    for column, (checker, said) in enumerate(table.items()):
        wrong[checker] = 0
        for row, (right, accepted) in enumerate(zip(truths, said, strict=True)):
            mistake = bool(right) != bool(accepted)
            wrong[checker] += mistake
            text = {(0, 1): "ok", (0, 0): "ok", (1, 0): "false alarm", (1, 1): "false pass"}[mistake, bool(accepted)]
            ax.text(column, row, text, ha="center", va="center", fontsize=9.5,
                    color="white" if mistake else GREY, weight="bold" if mistake else "normal",
                    bbox={"facecolor": BACKWARD, "edgecolor": "none", "pad": 2.5} if mistake else None)
    ax.set(xlim=(-0.5, len(table) - 0.5), ylim=(len(cases) - 0.5, -0.5), yticks=range(len(cases)),
           xticks=range(len(table)))
    ax.set_yticklabels([f"{case} ({'right' if right else 'wrong'})" for case, right in zip(cases, truths, strict=True)],
                       fontsize=9.5)
    ax.set_xticklabels(table, fontsize=10)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.grid(visible=False)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    return wrong
