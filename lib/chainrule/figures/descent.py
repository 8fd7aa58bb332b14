"""Drawings of descent: a step on a curve, steps in a valley, the scatter of mini-batch slopes, a race of methods."""
import matplotlib.pyplot as plt
import numpy as np

from chainrule.figures.style import BACKWARD, BLACK, FORWARD, GREY


def one_step(loss, slope, start, rate, span):
    """A loss over one weight: where we stand, the tangent there, and the step −rate · slope along the weight axis."""
    _, ax = plt.subplots()
    u = np.linspace(*span, 300)
    ax.plot(u, [loss(v) for v in u], color=FORWARD)
    here, g = loss(start), slope(start)
    end = start - rate * g
    reach = np.array([-0.35, 0.35]) * (span[1] - span[0]) / 2
    ax.plot(start + reach, here + g * reach, color=BLACK, linestyle="--", linewidth=1.3)
    ax.annotate("", (end, here), (start, here), arrowprops={"arrowstyle": "-|>", "color": BACKWARD, "linewidth": 2.6})
    ax.plot([end, end], [here, loss(end)], color=GREY, linestyle=":", linewidth=1.3)
    ax.plot(start, here, "o", color=BLACK, markersize=8)
    ax.plot(end, loss(end), "s", color=BLACK, markersize=8)
    ax.text((start + end) / 2, here, r"step $-\eta\,d\mathcal{L}/du$", color=BACKWARD, ha="center", va="bottom",
            fontsize=13)
    ax.text(start, here, "here  ", ha="right", va="top")
    ax.text(end, loss(end), "  next", ha="left", va="bottom")
    ax.set(xlabel="one weight $u$", ylabel=r"loss $\mathcal{L}$", xlim=span, ylim=(-0.05 * here, 1.45 * here))
    return ax


def contours(ax, f, span, tall, levels=12):
    """Lines of equal height of f((w₁, w₂)), closer together near the bottom."""
    w1, w2 = np.meshgrid(np.linspace(*span, 90), np.linspace(*tall, 90))
    heights = np.reshape([f(w) for w in zip(w1.ravel(), w2.ravel(), strict=True)], w1.shape)
    low, high = heights.min(), heights.max()
    ax.contour(w1, w2, heights, low + (high - low) * np.linspace(0.02, 1, levels) ** 2, colors=GREY, linewidths=0.8)
    ax.set(xlim=span, ylim=tall)
    ax.grid(visible=False)


def path(ax, points, label="", *, marker="o", colour=BACKWARD, width=1.4, size=4.5):
    """The places visited, joined by lines; the first is marked by a ring."""
    points = np.asarray(points)
    ax.plot(*points.T, marker=marker, color=colour, linewidth=width, markersize=size, linestyle="-", label=label)
    ax.plot(*points[0], "o", markersize=11, markerfacecolor="none", color=BLACK)


def around(f, slope, at, angles, rates):
    """Left: in a valley, the way down and the way to the bottom. Right: the slope measured in each direction."""
    _, (left, right) = plt.subplots(1, 2, figsize=(6.5, 2.9))
    contours(left, f, (-0.6, 2.6), (-0.9, 1.5))
    g = slope(at)
    for vector, text, colour, style in ((-0.95 * g / np.linalg.norm(g), r"$-\nabla L$", BACKWARD, "-"),
                                        (-0.8 * at, "to the bottom", FORWARD, "--")):
        left.annotate("", at + vector, at, arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 2.4,
                                                       "linestyle": style, "shrinkA": 0})
        down = colour == BACKWARD
        left.text(*(at + (0.75 if down else 0.5) * vector), f"  {text}  ", color=colour, ha="left" if down else "right",
                  va="center" if down else "bottom",
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5}, zorder=2)
    left.plot(*at, "o", color=BLACK)
    left.plot(0, 0, "+", color=BLACK, markersize=12)
    left.set(xlabel="$w_1$", ylabel="$w_2$", aspect="equal")
    down = np.arctan2(*-g[::-1]) % (2 * np.pi)
    right.plot(np.degrees(angles), rates, color=FORWARD)
    right.axvline(np.degrees(down), color=BACKWARD, linestyle="--", linewidth=1.6)
    right.text(np.degrees(down) + 8, 0.6 * max(rates), r"$-\nabla L$", color=BACKWARD, ha="left", va="center")
    right.axhline(0, color=GREY, linewidth=0.8)
    right.set(xlabel="direction, in degrees", ylabel="slope in that direction", xticks=range(0, 361, 90))
    return left, right


def parabolas(walks, curvature):
    """One panel per learning rate: the first places of a walk on ½λu², joined in order. walks: {rate: places}."""
    _, axes = plt.subplots(1, len(walks), figsize=(6.5, 2.4), sharey=True)
    u = np.linspace(-1.75, 1.75, 100)
    for ax, (rate, places) in zip(axes, walks.items(), strict=True):
        places = np.asarray(places)
        ax.plot(u, curvature / 2 * u**2, color=FORWARD, linewidth=1.2)
        ax.plot(places, curvature / 2 * places**2, "o-", color=BACKWARD, markersize=4.5, linewidth=1.2)
        ax.set(title=rf"$\eta$ = {rate:g}", xlabel="$u$", xlim=(-1.75, 1.75), ylim=(-0.2, curvature / 2 * 1.75**2))
    axes[0].set_ylabel("loss")
    return axes


def landings(loss, starts, ends, span):
    """A curve with several valleys: where walks began (above) and where they ended (on the curve)."""
    _, ax = plt.subplots()
    u = np.linspace(*span, 300)
    ax.plot(u, loss(u), color=FORWARD)
    top = loss(u).max()
    for place, marker, colour in zip(np.unique(np.round(ends, 6)), "sD^", (BACKWARD, BLACK, GREY), strict=False):
        mine = np.isclose(ends, place, atol=1e-5)
        ax.plot(starts[mine], np.full(mine.sum(), 1.06 * top), marker, color=colour, markersize=4.5)
        label = f"ends at u = {place:.2f}".replace("-", "−")
        ax.plot(place, loss(place), marker, color=colour, markersize=10, label=label)
    ax.set(xlabel="$u$", ylabel="loss", ylim=(None, 1.14 * top))
    ax.legend(loc="upper center", bbox_to_anchor=(0.47, 0.93))
    return ax


def clouds(slopes, truth):
    """One panel per batch size: many mini-batch slopes as dots, the slope of all examples as a cross."""
    _, axes = plt.subplots(1, len(slopes), figsize=(6.5, 2.7), sharex=True, sharey=True)
    for ax, (size, G) in zip(axes, slopes.items(), strict=True):
        ax.plot(*G.T, ".", color=FORWARD, markersize=3, alpha=0.5)
        ax.plot(*truth, "P", color=BACKWARD, markersize=10, markeredgecolor="white")
        ax.plot(0, 0, "+", color=BLACK, markersize=9)
        ax.set(title=f"B = {size}", xlabel=r"$\partial J/\partial w$")
    axes[0].set_ylabel(r"$\partial J/\partial b$")
    return axes


def race(counts):
    """Steps needed by each method, on a logarithmic axis, the number written at the bar. counts: {name: steps}."""
    _, ax = plt.subplots(figsize=(6.5, 0.42 * len(counts) + 0.8))
    for k, (name, steps) in enumerate(counts.items()):
        ax.barh(-k, steps, left=0.5, color=FORWARD if "Adam" in name or "descent" in name else BACKWARD, height=0.62,
                hatch="" if "Adam" in name or "descent" in name else "//", edgecolor="white")
        ax.text(steps * 1.15 + 0.5, -k, f"{steps:,}", va="center")
    ax.set(xscale="log", xlim=(0.5, 9e4), xlabel="steps until the distance is below $10^{-6}$",
           yticks=[-k for k in range(len(counts))], yticklabels=list(counts))
    ax.grid(visible=False, axis="y")
    return ax
