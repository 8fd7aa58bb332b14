"""A figure to step through, one quantity at a time.

A `Stepper` holds shapes and steps. In a notebook or a web page it becomes one self-contained piece of
HTML: inline SVG and JavaScript, buttons and arrow keys, each step announced to screen readers. Where
scripts are off (an untrusted notebook, say) the same shapes stand there as a picture, and the steps as text.
"""
import base64
import hashlib
import html
import json
from dataclasses import dataclass, field
from importlib import resources

from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.patheffects import withStroke

from chainrule.figures.style import BACKWARD, BLACK, FORWARD, png

INK = {"plain": BLACK, "forward": FORWARD, "backward": BACKWARD}


@dataclass
class Stepper:
    """Shapes on a canvas of width × height pixels, y downwards, and the steps that reveal them.

    A shape is shown from the first step that names it in `show` on; a shape that no step shows is always
    there. `light` marks what a step uses. `alt` describes the whole figure in words.
    """
    title: str
    alt: str
    width: int
    height: int
    shapes: list = field(default_factory=list)
    steps: list = field(default_factory=list)

    def circle(self, id, x, y, r, role="plain"):
        self.shapes.append({"id": id, "kind": "circle", "x": x, "y": y, "r": r, "role": role})

    def line(self, id, x1, y1, x2, y2, role="plain"):
        self.shapes.append({"id": id, "kind": "line", "x": x1, "y": y1, "x2": x2, "y2": y2, "role": role})

    def text(self, id, x, y, text, role="plain", anchor="middle", size=17):
        self.shapes.append({"id": id, "kind": "text", "x": x, "y": y, "text": text, "role": role,
                            "anchor": anchor, "size": size})

    def step(self, say, show=(), light=(), role="forward"):
        """One more step: the sentence `say`, the ids it reveals, the ids it marks, in the colour of `role`."""
        self.steps.append({"say": say, "show": list(show), "light": list(light), "role": role})

    def _repr_mimebundle_(self, include=None, exclude=None):
        lines = [self.title, *(f"{k}. {step['say']}" for k, step in enumerate(self.steps))]
        return {"text/html": self.html(), "text/plain": "\n".join(lines)}

    def html(self):
        """The figure as HTML; its id depends on its content alone, so that a rebuild changes nothing."""
        scene = json.dumps({"title": self.title, "alt": self.alt, "width": self.width, "height": self.height,
                            "shapes": self.shapes, "steps": self.steps}, ensure_ascii=False)
        template = resources.files(__package__).joinpath("stepper.html").read_text(encoding="utf-8")
        words = "".join(f"<li>{html.escape(step['say'])}</li>" for step in self.steps)
        parts = {"id": "stepper-" + hashlib.sha256(scene.encode()).hexdigest()[:12],
                 "picture": base64.b64encode(self.png()).decode(), "alt": html.escape(self.alt, quote=True),
                 "words": words,
                 "scene": scene.replace("<", "\\u003c")}        # no "</script>" inside the data
        for name, value in parts.items():
            template = template.replace(f"@{name}@", value)
        return template

    def png(self):
        """All shapes at once, as the bytes of a picture."""
        figure = Figure(figsize=(6.5, 6.5 * self.height / self.width), facecolor="white", layout="none")
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, self.width), ylim=(self.height, 0))
        ax.axis("off")
        points = 6.5 * 72 / self.width                          # a pixel of the canvas, in points
        for shape in self.shapes:
            ink = INK[shape["role"]]
            at = shape["x"], shape["y"]
            if shape["kind"] == "circle":
                ax.add_patch(Circle(at, shape["r"], facecolor="white", edgecolor=ink, linewidth=1.3, zorder=2))
            elif shape["kind"] == "line":
                ax.add_patch(FancyArrowPatch(at, (shape["x2"], shape["y2"]), arrowstyle="-|>", color=ink, zorder=1,
                                             mutation_scale=9, linewidth=0.9, shrinkA=0, shrinkB=0))
            else:
                side = {"start": "left", "middle": "center", "end": "right"}[shape["anchor"]]
                ax.text(*at, shape["text"], ha=side, va="baseline", fontsize=shape["size"] * points, color=ink,
                        zorder=3, path_effects=[withStroke(linewidth=2.5, foreground="white")])
        return png(figure, dpi=144)
