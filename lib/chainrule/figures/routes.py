"""Drawings of how a change travels: slices, the product rule, number lines, flow graphs, a chain and its towers."""
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from chainrule.figures.delta import factor, number
from chainrule.figures.networks import arrow, node
from chainrule.figures.stepper import Stepper
from chainrule.figures.style import BACKWARD, BLACK, FORWARD, GREY, SKY, YELLOW, canvas

PLACES = {"x": (1.2, 3.6), "z": (1.2, 0.9), "g": (4.4, 3.6), "h": (4.4, 0.9), "y": (7.6, 2.25)}
ARROWS = ("xg", "xh", "zg", "zh", "gy", "hy")


def flow_graph(routes=(), slopes=None):
    """x and z feed g and h, which feed y. `routes` are drawn thick, the second one dashed; `slopes`: {"xg": text}."""
    ax = canvas(8.8, 4.5)
    for pair in ARROWS:
        on = [k for k, route in enumerate(routes) if pair in [route[i:i + 2] for i in range(len(route) - 1)]]
        style = {"colour": BACKWARD, "width": 3, "dashed": on == [1]} if on else {"colour": FORWARD, "width": 1.2}
        arrow(ax, PLACES[pair[0]], PLACES[pair[1]], gap=0.5, **style)
    for name, at in PLACES.items():
        node(ax, at, f"${name}$", radius=0.42, size=15)
    for pair, text in (slopes or {}).items():
        (x1, y1), (x2, y2) = PLACES[pair[0]], PLACES[pair[1]]
        share = 0.5 if y1 == y2 or pair[1] == "y" else 0.32
        ax.text(x1 + share * (x2 - x1), y1 + share * (y2 - y1), text, ha="center", va="center", fontsize=13, zorder=5,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2})
    return ax


def slices(f, at, span):
    """Left: lines of equal f and the two straight cuts through a point. Right: f along each cut, with its slope."""
    _, (left, right) = plt.subplots(1, 2, figsize=(6.5, 2.9))
    t = np.linspace(*span, 120)
    w1, w2 = np.meshgrid(t, t)
    left.contour(w1, w2, f(w1, w2), 14, colors=GREY, linewidths=0.8)
    left.axhline(at[1], color=FORWARD)
    left.axvline(at[0], color=BACKWARD, linestyle="--")
    left.plot(*at, "o", color=BLACK)
    left.set(xlabel="$w_1$", ylabel="$w_2$", aspect="equal")
    left.grid(visible=False)
    right.plot(t, f(t, at[1]), color=FORWARD, label="only $w_1$ moves")
    right.plot(t, f(at[0], t), color=BACKWARD, linestyle="--", label="only $w_2$ moves")
    for k in range(2):
        tilt = f(at[0] + 1e-20j * (k == 0), at[1] + 1e-20j * (k == 1)).imag / 1e-20
        reach = np.array([-0.32, 0.32])
        right.plot(at[k] + reach, f(*at) + tilt * reach, "-", color=BLACK, linewidth=1.4)
        right.plot(at[k], f(*at), "o", color=BLACK)
    right.set(xlabel="the one that moves", ylabel="$f$")
    right.legend()
    return left, right


def product_rule(f=3.0, g=2.0, df=0.5, dg=0.4):
    """The area f·g and what is added when both sides grow: two strips and a small corner."""
    ax = canvas(5.4, 3.1, inches=5.2)
    ax.set(xlim=(-0.6, 4.8), ylim=(-0.4, 2.7))
    for x, y, w, h, colour, hatch in ((0, 0, f, g, "white", ""), (f, 0, df, g, SKY, "//"), (0, g, f, dg, YELLOW, ".."),
                                      (f, g, df, dg, "white", "xx")):
        ax.add_patch(Rectangle((x, y), w, h, facecolor=colour, edgecolor=BLACK, linewidth=1, hatch=hatch))
    ax.text(f / 2, g / 2, "$f\\,g$", ha="center", va="center", fontsize=16)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    ax.text(f / 2, g + dg / 2, "$f\\,\\Delta g$", ha="center", va="center", fontsize=13, bbox=paper)
    ax.text(f + df + 0.12, g / 2, "$g\\,\\Delta f$", ha="left", va="center", fontsize=13)
    ax.text(f + df + 0.12, g + dg / 2, "$\\Delta f\\,\\Delta g$: tiny × tiny", ha="left", va="center", fontsize=11)
    ax.text(f / 2, -0.08, "$f$", ha="center", va="top")
    ax.text(-0.1, g / 2, "$g$", ha="right", va="center")
    return ax


def magnify(g, f, at, width, names=("x", "y = g(x)", "z = f(y)")):
    """Three number lines: a short piece of x, its image under g, and the image of that under f, each to scale."""
    _, ax = plt.subplots(figsize=(6.5, 2.5))
    ends = [np.array([at, at + width])]
    ends += [g(ends[0])]
    ends += [f(ends[1])]
    for level, (piece, name) in enumerate(zip(ends, names, strict=True)):
        ax.axhline(-level, color=GREY, linewidth=1)
        ax.plot(piece, [-level, -level], "-", color=BACKWARD, linewidth=6, solid_capstyle="butt")
        ax.text(-0.02, -level + 0.12, f"${name}$", transform=ax.get_yaxis_transform(), ha="right", va="center")
        ax.text(piece.mean(), -level + 0.14, number(piece[1] - piece[0]), ha="center", va="bottom", fontsize=11)
        if level:
            for a, b in zip(ends[level - 1], piece, strict=True):
                ax.plot([a, b], [-level + 1, -level], "-", color=FORWARD, linewidth=0.9)
    ax.set(ylim=(-2.4, 0.6), yticks=[])
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    return ends, ax


def shapes(middle, inner):
    """The product of a transposed table of slopes with a column: (inner, middle) times (middle,) gives (inner,)."""
    ax = canvas(9.4, 3.4)
    unit = 0.55

    def block(x, rows, columns, name, colour, under):
        y = 1.9 - rows * unit / 2
        for r, c in np.ndindex(rows, columns):
            ax.add_patch(Rectangle((x + c * unit, y + r * unit), unit, unit, facecolor=colour, edgecolor=BLACK,
                                   linewidth=0.8))
        ax.text(x + columns * unit / 2, y - 0.12, under, ha="center", va="top", fontsize=11)
        ax.text(x + columns * unit / 2, y + rows * unit + 0.1, name, ha="center", va="bottom", fontsize=13)
        return x + columns * unit

    x = block(0.9, inner, 1, r"$\nabla_{\mathbf{x}}z$", "white", f"{inner}")
    ax.text(x + 0.45, 1.9, "=", ha="center", va="center", fontsize=16)
    x = block(x + 0.9, inner, middle, r"$(\partial\mathbf{y}/\partial\mathbf{x})^T$", SKY, f"{inner} × {middle}")
    ax.text(x + 0.4, 1.9, "·", ha="center", va="center", fontsize=18)
    x = block(x + 0.8, middle, 1, r"$\nabla_{\mathbf{y}}z$", "white", f"{middle}")
    ax.text(x + 0.5, 1.9, "row $i$ of the table holds all routes\nout of $x_i$, one for each $y_j$", ha="left",
            va="center", fontsize=11)
    return ax


def chain(names=("w", "x", "y", "z")):
    """TAYLOR's vertical chain: every arrow is f; beside it the slope that belongs to the arrow."""
    ax = canvas(7.5, 6.2, inches=4.6)
    for k, name in enumerate(names):
        at = (2.0, 0.7 + 1.6 * k)
        node(ax, at, f"${name}$", radius=0.42, size=15)
        if k:
            below = (2.0, at[1] - 1.6)
            arrow(ax, (1.9, below[1]), (1.9, at[1]), colour=FORWARD, width=1.4, gap=0.5)
            arrow(ax, (2.14, at[1]), (2.14, below[1]), colour=BACKWARD, width=2.8, gap=0.5)
            ax.text(1.65, at[1] - 0.8, "$f$", ha="right", va="center", color=FORWARD, fontsize=14)
            text = rf"$\partial {name}/\partial {names[k - 1]} = f^\prime({names[k - 1]})$"
            ax.text(2.5, at[1] - 0.8, text, ha="left", va="center", color=BACKWARD, fontsize=13)
    return ax


def towers(n):
    """What the expanded slope of an n-fold f computes: for each factor f′ its calls of f, repeats but for one row."""
    ax = canvas(10.4, 0.9 + 0.62 * n)
    calls, high = 0, 0.3 + 0.62 * (n - 1)
    for factor_index in range(n):
        depth = n - 1 - factor_index
        y = high - 0.62 * factor_index
        ax.text(3.3, y + 0.24, "$f^\\prime(" + "f(" * depth + "w" + ")" * depth + ")$", ha="right", va="center",
                fontsize=13)
        for k in range(depth):
            repeat = factor_index > 0
            ax.add_patch(Rectangle((3.7 + 1.25 * k, y), 1.15, 0.48, facecolor=YELLOW if repeat else SKY,
                                   edgecolor=BLACK, linewidth=0.8, hatch=".." if repeat else ""))
            ax.text(3.7 + 1.25 * k + 0.575, y + 0.24, f"call {calls + 1}", ha="center", va="center", fontsize=10,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})
            calls += 1
        if not depth:
            ax.text(3.7, y + 0.24, "no call: $w$ is at hand", ha="left", va="center", fontsize=11, color=GREY)
    return calls, ax


def total_stepper(x, z):
    """Step through y = g·h with g = x·z and h = x + z: values forward, then slopes back along all routes."""
    g, h = x * z, x + z
    y = g * h
    dg, dh = h, g
    routes = {"xg": dg * z, "xh": dh * 1.0, "zg": dg * x, "zh": dh * 1.0}
    dx, dz = routes["xg"] + routes["xh"], routes["zg"] + routes["zh"]
    figure = Stepper("Slopes along all routes", "", 780, 430)
    at = {"x": (90, 110), "z": (90, 330), "g": (390, 110), "h": (390, 330), "y": (680, 220)}
    r = 26
    for pair in ARROWS:
        a, b = np.array(at[pair[0]], float), np.array(at[pair[1]], float)
        unit = (b - a) / np.linalg.norm(b - a)
        figure.line(pair, *map(float, np.round(np.concatenate([a + (r + 3) * unit, b - (r + 5) * unit]), 1)))
    for name, (cx, cy) in at.items():
        figure.circle(name, cx, cy, r)
        figure.text(f"{name}name", cx, cy + 6, name)
    local = {"gy": ("∂y/∂g = h", h, 545, 140), "hy": ("∂y/∂h = g", g, 545, 314), "xg": ("∂g/∂x = z", z, 240, 100),
             "zh": ("∂h/∂z = 1", 1.0, 240, 352), "xh": ("∂h/∂x = 1", 1.0, 172, 152), "zg": ("∂g/∂z = x", x, 172, 300)}
    values = {"x": x, "z": z, "g": g, "h": h, "y": y}
    for name, (cx, cy) in at.items():
        figure.text(f"{name}value", cx, cy - 36, f"{name} = {number(values[name])}",
                    "plain" if name in "xz" else "forward")
    figure.step("Two inputs, x and z. Each feeds g and h, and both feed y. Press Next, or use the arrow keys.",
                ["xvalue", "zvalue"], ["x", "z"])
    figure.step(f"Forward: g = x·z = {factor(x)}·{factor(z)} = {number(g)}.", ["gvalue"], ["g", "xg", "zg"])
    figure.step(f"h = x + z = {number(x)} + {factor(z)} = {number(h)}.", ["hvalue"], ["h", "xh", "zh"])
    figure.step(f"y = g·h = {factor(g)}·{factor(h)} = {number(y)}. End of the forward walk.", ["yvalue"],
                ["y", "gy", "hy"])
    for pair, (text, value, tx, ty) in local.items():
        words = text if text.endswith("1") else f"{text} = {number(value)}"
        figure.text(f"{pair}slope", tx, ty, words, size=15, anchor="start" if pair in ("xh", "zg") else "middle")
    figure.step("Every arrow has a slope of its own: how its head reacts to its tail, the other inputs held still.",
                [f"{pair}slope" for pair in ARROWS], ARROWS)
    below = {"y": 46, "h": 46, "z": 46, "g": -60, "x": -60}         # the top row has its arrows below
    slopes = {"y": 1.0, "g": dg, "h": dh, "x": dx, "z": dz}
    for name, (cx, cy) in at.items():
        figure.text(f"d{name}", cx, cy + below[name], f"dy/d{name} = {number(slopes[name])}", "backward")
    figure.step("Backward: begin at y with dy/dy = 1.", ["dy"], ["y"], "backward")
    for name, other in (("g", "h"), ("h", "g")):
        figure.step(f"One arrow leaves {name}: dy/d{name} = 1·{factor(values[other])} = {number(slopes[name])}.",
                    [f"d{name}"], [name, f"{name}y", f"{name}yslope"], "backward")
    for name in "xz":
        other = {"x": z, "z": x}[name]
        figure.step(f"Two arrows leave {name}. By g: {factor(dg)}·{factor(other)} = {number(routes[name + 'g'])}. "
                    f"By h: {factor(dh)}·{factor(1.0)} = {number(routes[name + 'h'])}. "
                    f"Together dy/d{name} = {number(slopes[name])}.", [f"d{name}"],
                    [name, f"{name}g", f"{name}h", f"{name}gslope", f"{name}hslope"], "backward")
    figure.step("Done. The slopes at g and h were found once and used twice, for x and for z.",
                light=["g", "h", "dg", "dh"], role="backward")
    figure.alt = (f"A flow graph, x and z into g and h into y, with all values and slopes: y = {number(y)}, "
                  f"dy/dg = {number(dg)}, dy/dh = {number(dh)}, dy/dx = {number(dx)}, dy/dz = {number(dz)}.")
    return figure
