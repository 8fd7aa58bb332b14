"""Drawings of computational graphs: a value above every node, the slope of the last node below it.

A graph is a dictionary in the order of computation, {"q": ("+", ("x", "y")), …}: each name with its gate and the
names that enter it. A name that nobody computes is an input. Values and slopes come from the lecture.
"""
import matplotlib.pyplot as plt

from chainrule.figures.networks import arrow, node
from chainrule.figures.stepper import Stepper
from chainrule.figures.style import BACKWARD, FORWARD, canvas

RADIUS = 0.33
# symbol: (what it computes, what it says when a slope g comes back), in the words of a stepping figure
WORDS = {
    "+": ("{} + {}", "an add gate hands on what it receives, 1 × {g}"),
    "×": ("{} × {}", "a multiply gate swaps: the other input {other} × {g}"),
    "× −1": ("−1 × {}", "times −1 has the slope −1, so −1 × {g}"),
    "exp": ("exp({})", "an exp gate has its own value as its slope, so {u} × {g}"),
    "+ 1": ("{} + 1", "adding a constant changes no slope, so 1 × {g}"),
    "1/x": ("1 / {}", "1/x has the slope −1/x², so −1/{x}² × {g}"),
    "σ": ("σ({})", "the sigmoid has the slope a(1 − a) with a = {u}, so {u} × (1 − {u}) × {g}"),
    "( − 1)²": ("({} − 1)²", "the square has the slope 2(a − 1), so 2 × ({x} − 1) × {g}"),
}


def inputs(graph):
    """The names that enter the graph from outside, in order of first use."""
    return list(dict.fromkeys(p for _, parents in graph.values() for p in parents if p not in graph))


def layout(graph):
    """A place (column, row) for every name: inputs just left of where they are used, gates between their parents."""
    column, order = {}, inputs(graph)
    for name, (_, parents) in graph.items():
        column[name] = 1 + max(column.get(p, 0) for p in parents)
    for name in order:
        column[name] = min(column[child] for child, (_, parents) in graph.items() if name in parents) - 1
    row = {name: float(k) for k, name in enumerate(order)}
    for name, (_, parents) in graph.items():
        row[name] = sum(row[p] for p in parents) / len(parents)
    return {name: (column[name], row[name]) for name in row}


def number(value, digits=2):
    """Rounded for display, with a true minus sign."""
    return f"{round(float(value), digits) + 0.0:.{digits}f}".replace("-", "−")


def draw(ax, graph, places, values=None, slopes=None, *, named=(), branches=None, digits=2, size=10.5,
         gap=(1.12, 1.5)):
    """Draw the graph into ax. named: gates whose name stands at their value. branches: (parent, child) → its share."""
    depth = max(row for _, row in places.values())
    at = {name: (0.6 + gap[0] * c, 0.75 + gap[1] * (depth - r)) for name, (c, r) in places.items()}
    white = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    for name, (_, parents) in graph.items():
        for p in parents:
            arrow(ax, at[p], at[name], colour=FORWARD, width=1.0, gap=RADIUS + 0.02)
            if branches:
                x, y = (0.5 * (a + b) for a, b in zip(at[p], at[name], strict=True))
                ax.text(x, y, number(branches[p, name], digits), color=BACKWARD, ha="center", va="center",
                        fontsize=size, weight="bold", bbox=white, zorder=5)
    for name, (x, y) in at.items():
        text = graph[name][0] if name in graph else name
        node(ax, (x, y), text, radius=RADIUS, size=size + 1 if len(text) < 3 else size - 2)
        if values is not None:
            said = number(values[name], digits)
            said = f"{name} = {said}" if name in named else said
            ax.text(x, y + RADIUS + 0.08, said, color=FORWARD, ha="center", va="bottom", fontsize=size,
                    bbox=white | {"pad": 0.3}, zorder=4)
        elif name in named:
            ax.text(x, y + RADIUS + 0.08, name, ha="center", va="bottom", fontsize=size, zorder=4)
        if slopes is not None and name in slopes:
            ax.text(x, y - RADIUS - 0.08, number(slopes[name], digits), color=BACKWARD, ha="center", va="top",
                    fontsize=size, weight="bold", bbox=white | {"pad": 0.3}, zorder=4)
    return at


def circuit(graph, values=None, slopes=None, *, moved=None, **options):
    """One graph with its numbers: values above (forward), slopes of the last node below (backward).

    moved: {name: (column, row)} where the layout needs a hand.
    """
    places = layout(graph) | (moved or {})
    columns, rows = (max(p[k] for p in places.values()) for k in (0, 1))
    gap = options.get("gap", (1.12, 1.5))
    ax = canvas(1.2 + gap[0] * columns, 1.5 + gap[1] * rows, inches=min(6.5, 0.85 * (1.2 + gap[0] * columns)))
    draw(ax, graph, places, values, slopes, **options)
    return ax


def gate():
    """Any gate z = f(x, y): values come in from the left, the slope of the end result e comes in from the right."""
    ax = canvas(9.6, 3.9)
    node(ax, (4.4, 1.95), "$f$", radius=0.62, size=17)
    for y, name in ((3.1, "x"), (0.8, "y")):
        node(ax, (1.0, y), f"${name}$", radius=0.4, size=14)
        up = 0.13
        arrow(ax, (1.0, y + up), (4.4, 1.95 + up), colour=FORWARD, width=1.2, gap=0.7)
        arrow(ax, (4.4, 1.95 - up), (1.0, y - up), colour=BACKWARD, width=2.8, gap=0.7)
        ax.text(3.1, 3.3 if y > 2 else 0.6,
                f"$\\frac{{\\partial e}}{{\\partial {name}}}=\\frac{{\\partial z}}{{\\partial {name}}}"
                f"\\cdot\\frac{{\\partial e}}{{\\partial z}}$",
                color=BACKWARD, fontsize=14, ha="center", va="center", zorder=5)
    arrow(ax, (4.4, 2.08), (8.0, 2.08), colour=FORWARD, width=1.2, gap=0.7)
    arrow(ax, (8.0, 1.82), (4.4, 1.82), colour=BACKWARD, width=2.8, gap=0.7)
    ax.text(6.9, 2.25, "$z$", color=FORWARD, fontsize=14, ha="center")
    ax.text(6.2, 1.2, r"$\partial e/\partial z$", color=BACKWARD, fontsize=14, ha="center", va="center")
    ax.text(8.5, 1.95, "… $e$", fontsize=14, ha="center", va="center")
    ax.text(6.2, 0.72, "upstream", color=BACKWARD, ha="center", va="center")
    ax.text(0.3, 1.95, "downstream", color=BACKWARD, ha="left", va="center")
    ax.text(4.4, 2.8, "knows its local slopes", ha="left", va="center")
    return ax


def patterns(gates, values, slopes):
    """Small graphs side by side, one per gate, each with its own values and slopes."""
    figure, axes = plt.subplots(1, len(gates), figsize=(6.5, 2.6))
    for ax, (title, graph) in zip(axes, gates.items(), strict=True):
        ax.set(xlim=(0, 2.9), ylim=(0, 3.0), aspect="equal", title=title)
        ax.axis("off")
        at = draw(ax, graph, layout(graph), values[title], slopes[title], digits=1, size=11, gap=(1.25, 1.5))
        x, y = at[list(graph)[-1]]
        arrow(ax, (x, y), (x + 1.1, y), colour=FORWARD, width=1.0, gap=RADIUS + 0.02)
    return figure


def gallery(graphs, moved=None):
    """Four graphs without numbers: title → graph. moved: title → {name: (column, row)} where layout needs a hand."""
    figure, axes = plt.subplots(2, 2, figsize=(6.5, 4.4))
    for ax, (title, graph) in zip(axes.flat, graphs.items(), strict=True):
        places = layout(graph) | (moved or {}).get(title, {})
        columns, rows = (max(p[k] for p in places.values()) for k in (0, 1))
        ax.set(xlim=(0, max(1.2 + 1.15 * columns, 4.6)), ylim=(0.2, 1.75 + 1.1 * rows), aspect="equal", title=title)
        ax.axis("off")
        draw(ax, graph, places, named=list(graph), gap=(1.15, 1.1), size=10)
    return figure


def stepper(title, graph, values, slopes, *, named=(), digits=2, moved=None):
    """Step through a graph in which every wire is used once: forward a gate a step, back a wire a step.

    moved: {name: (column, row)} where the layout needs a hand.
    """
    last = list(graph)[-1]
    used = [p for _, parents in graph.values() for p in parents]
    if any(used.count(name) != (name != last) for name in values):
        raise ValueError("This figure tells graphs in which every wire but the last is used exactly once.")
    places = layout(graph) | (moved or {})
    columns, rows = (max(p[k] for p in places.values()) for k in (0, 1))
    dx, dy, r = min(220, 670 / columns), 106, 26
    at = {name: (390 + dx * (c - columns / 2), 56 + dy * row) for name, (c, row) in places.items()}
    figure = Stepper(title, "", 780, round(112 + dy * rows))

    def say(name):
        return name if name in named or name not in graph else f"the {graph[name][0]} gate"

    def exact(value):
        return number(value, 0) if float(value).is_integer() else number(value, 4).rstrip("0")

    def factor(value):
        return exact(value) if value >= 0 else f"({exact(value)})"

    for name, (_, parents) in graph.items():
        for p in parents:
            (x1, y1), (x2, y2) = at[p], at[name]
            length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
            ux, uy = (x2 - x1) / length, (y2 - y1) / length
            figure.line(f"{p}>{name}", *(round(v, 1) for v in (x1 + (r + 3) * ux, y1 + (r + 3) * uy,
                                                                x2 - (r + 4) * ux, y2 - (r + 4) * uy)))
    for name, (x, y) in at.items():
        text = graph[name][0] if name in graph else name
        figure.circle(f"{name} node", round(x, 1), round(y, 1), r)
        figure.text(f"{name} name", round(x, 1), round(y + 6, 1), text, size=18 if len(text) < 3 else 15)
        shown = number(values[name], digits)
        shown = f"{name} = {shown}" if name in named else shown
        figure.text(f"{name} value", round(x, 1), round(y - r - 5, 1), shown, "forward", size=16)
        shown = number(slopes[name], digits)
        figure.text(f"{name} slope", round(x, 1), round(y + r + 17, 1), shown, "backward", size=16)

    entering = inputs(graph)
    figure.step("The inputs are given. Numbers above a circle are values, numbers below will be slopes. "
                "Press Next, or use the arrow keys.", [f"{name} value" for name in entering])
    for name, (symbol, parents) in graph.items():
        bare = exact if len(parents) == 2 or symbol in ("exp", "+ 1") else factor
        does = WORDS[symbol][0].format(bare(values[parents[0]]), *(factor(values[p]) for p in parents[1:]))
        figure.step(f"Forward: {say(name)} computes {does} = {exact(values[name])}.", [f"{name} value"],
                    [f"{name} node", *(f"{p}>{name}" for p in parents), *(f"{p} value" for p in parents)])
    figure.step(f"Backward begins at the end: the result reacts to itself with slope {exact(slopes[last])}.",
                [f"{last} slope"], [f"{last} node"], "backward")
    for child, name in ((i, p) for i in reversed(graph) for p in reversed(graph[i][1])):
        parents = graph[child][1]
        other = next((p for p in parents if p != name), None)
        does = WORDS[graph[child][0]][1].format(g=factor(slopes[child]), u=factor(values[child]),
                                                x=exact(values[name]), other=other and factor(values[other]))
        light = [f"{child} slope", f"{name} node", f"{name}>{child}", *([f"{other} value"] if other else [])]
        figure.step(f"Backward to {say(name)}: {does} = {exact(slopes[name])}.", [f"{name} slope"], light, "backward")
    figure.step("Done: every wire knows its slope. At the inputs: "
                + ", ".join(f"{name} {exact(slopes[name])}" for name in entering) + ".",
                light=[f"{name} slope" for name in entering], role="backward")
    figure.alt = (f"A circuit of {len(graph)} gates with the value of every wire above and its slope below. "
                  f"Result {number(values[last], digits)}; slopes at the inputs: "
                  + ", ".join(f"{name} {number(slopes[name], digits)}" for name in entering) + ".")
    return figure
