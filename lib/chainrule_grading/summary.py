"""`chainrule progress --page`: what a learner has built, on one page to keep, with pictures that their own code draws.

The page lists what was understood (the praise of each task that is fully right) and what it took. For some tasks it
runs the learner's notebook, on their own machine and with their own rights as JupyterLab does, and lets their
functions draw. Nothing is sent anywhere; the file needs nothing else.
"""
import html
from dataclasses import dataclass
from datetime import date

import nbformat

from chainrule.exercises import _progress, assignments
from chainrule.exercises._registry import exercises_of
from chainrule_grading.course import write_atomically
from chainrule_grading.notebooks import Limits, new_cell, run
from chainrule_grading.page import framed

AXES = """
import matplotlib.pyplot as plt
import numpy as np
plt.rcParams.update({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 110})
plt.close("all")
"""


@dataclass(frozen=True)
class Piece:
    """A picture that a learner's own function draws, once its task is fully right."""
    task: str
    title: str
    alt: str
    code: str


PIECES = (
    Piece("delta.network", "Your δ, walking back through ten layers",
          "The mean size of δ in each of ten layers on a logarithmic axis: it shrinks from the top layer to the first.",
          """
rng = np.random.default_rng(7)
Ws = [rng.normal(size=(16, 16)) / 4 for _ in range(10)]
Hs = [rng.normal(size=(20, 16))]
for l, W in enumerate(Ws):
    Z = Hs[-1] @ W
    Hs.append(Z if l == 9 else 1 / (1 + np.exp(-Z)))
deltas = backward_pass(Hs, Ws, np.zeros_like(Hs[-1]))[0]
fig, ax = plt.subplots(figsize=(6, 3))
ax.semilogy(range(1, 11), [np.mean(np.abs(np.asarray(d))) for d in deltas], "o-", color="#0072B2")
ax.set(xlabel="layer (10 is the output)", ylabel="mean of |δ|", xticks=range(1, 11))
ax.set_title("sigmoid layers: each step back costs a factor", fontsize=11)
plt.show()
"""),
    Piece("training.parabola", "A semicircle becomes your parabola",
          "Where the network of the training set puts the points of the semicircle before and after your training, and "
          "the parabola on which they should lie.",
          """
end = learn(semicircle, *[a.copy() for a in begin], 0.002)

def put(W1, b1, W2, b2):
    return (1 / (1 + np.exp(-(X @ W1 + b1))) @ W2 + b2).T

fig, ax = plt.subplots(figsize=(6, 3.6))
ax.plot(*X.T, "-", color="#999999", label="given: a semicircle")
ax.plot(*Y.T, "o", color="#999999", ms=5, label="wanted: a parabola")
ax.plot(*put(*begin), "--", color="#D55E00", label="before")
ax.plot(*put(*end), "-", color="#0072B2", lw=2, label="after your training")
ax.set(xlabel="first output", ylabel="second output")
ax.legend(frameon=False)
plt.show()
"""),
    Piece("capstone.moons", "Two crescents, parted by your engine",
          "Two crescents of points in the plane and the curve between them at which your classifier changes its mind.",
          """
X, labels = two_moons(np.random.default_rng(1), 100)
W1, b1, W2, b2 = map(np.asarray, train_moons(X.copy(), labels.copy(), 1))
a, b = np.meshgrid(np.linspace(-1.5, 2.5, 160), np.linspace(-1.1, 1.7, 120))
scores = np.tanh(np.column_stack([a.ravel(), b.ravel()]) @ W1 + b1) @ W2 + b2
fig, ax = plt.subplots(figsize=(6, 3.8))
ax.contourf(a, b, (scores[:, 1] - scores[:, 0]).reshape(a.shape), levels=[-1e9, 0, 1e9], colors=["#cfe3f3", "#f7dcc9"])
for label, marker, colour in ((0, "o", "#0072B2"), (1, "^", "#D55E00")):
    ax.plot(*X[labels == label].T, marker, color=colour, ms=5, label=f"label {label}")
ax.set(xlabel="first coordinate", ylabel="second coordinate", aspect="equal")
ax.legend(frameon=False)
plt.show()
"""),
    Piece("capstone.digits", "Digits, read by your engine",
          "Ten noisy pictures of digits, each with the number that your network reads in it.",
          """
X, labels = digits(np.random.default_rng(1), 100)
W1, b1, W2, b2 = map(np.asarray, train_digits(X.copy(), labels.copy(), 1))
fresh, truth = digits(np.random.default_rng(2), 10)
read = np.argmax(np.tanh(fresh @ W1 + b1) @ W2 + b2, axis=1)
fig, axes = plt.subplots(2, 5, figsize=(6, 3.6))
for ax, picture, told, right in zip(axes.flat, fresh, read, truth):
    ax.imshow(picture.reshape(7, 6), cmap="Greys")
    ax.set_title(f"read {told}" + ("" if told == right else f", is {right}"), fontsize=11)
    ax.set_axis_off()
plt.show()
"""))


def write(course, target=None, say=print):
    """Write the page; return where it is."""
    tried = _progress.load()
    target = target or course.classroom / "what-i-built.html"
    write_atomically(target, page(tried, pictures(course, tried, say)))
    return target


def full(tried, task):
    """Whether a task has once been fully right."""
    return tried.get(task.id, {}).get("best", 0) >= task.points


def pictures(course, tried, say=print):
    """[(Piece, PNG as base64, or why there is none)] of the tasks that are fully right."""
    found = []
    for assignment in assignments():
        right = {task.id for task in exercises_of(assignment) if full(tried, task)}
        pieces = [piece for piece in PIECES if piece.task in right]
        path = course.exercises / assignment / f"{assignment}.ipynb"
        if pieces and path.is_file():
            say(f"Running your {assignment} notebook, for {len(pieces)} picture{'s' * (len(pieces) > 1)} …")
            found += drawn(path, pieces)
    return found


def drawn(path, pieces):
    """The pictures that the functions of this notebook draw."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code" and "check(" not in cell.source]
    asked = [new_cell("code", AXES + piece.code, f"piece-{k}") for k, piece in enumerate(pieces)]
    notebook.cells += asked
    run(notebook, Limits(cell_seconds=60), folder=path.parent)
    return [(piece, *_picture(cell)) for piece, cell in zip(pieces, asked, strict=True)]


def _picture(cell):
    for output in cell.outputs:
        if "image/png" in output.get("data", {}):
            return output.data["image/png"].replace("\n", ""), ""
    error = next((o for o in cell.outputs if o.output_type == "error"), None)
    return "", f"{error.ename}: {error.evalue}" if error else "nothing was drawn"


def page(tried, found):
    """The page's HTML."""
    tasks = [task for name in assignments() for task in exercises_of(name)]
    done = [task for task in tasks if full(tried, task)]
    points, tries = sum(tried[t.id]["best"] for t in tasks if t.id in tried), sum(e["tries"] for e in tried.values())
    sections = [_section(name, tried) for name in assignments()]
    shown = "".join(f"<h3>{html.escape(piece.title)}</h3>{_shown(piece, png, why)}" for piece, png, why in found)
    ready = "All of it: you have built everything this course asks for." if len(done) == len(tasks) else \
        f"{len(tasks) - len(done)} tasks wait for you; chainrule progress names the next one."
    return framed("What you have built", f"""
<p><strong>{len(done)} of {len(tasks)} tasks are fully right: {points:g} of {sum(t.points for t in tasks):g} points, in
{tries} tries.</strong> {ready}</p>
<p>Made on {date.today():%d %B %Y} from the checks that were run on this computer. Nothing of it was sent anywhere.</p>
{"<h2>Drawn by your code</h2>" + shown if shown else ""}
<h2>What you have understood</h2>
{"".join(sections) or "<p>Nothing is fully right yet. The first card is one check away.</p>"}""")


def _shown(piece, png, why):
    if png:
        return f'<p><img class="cr-figure" src="data:image/png;base64,{png}" alt="{html.escape(piece.alt)}"></p>'
    return (f"<p>Your notebook did not draw it when it was run from the top ({html.escape(why[:200])}). Run it once "
            "more, mend that, and make this page again.</p>")


def _section(name, tried):
    done = [task for task in exercises_of(name) if full(tried, task)]
    if not done:
        return ""
    said = "".join(f"<dt><code>{html.escape(task.id)}</code></dt>"
                   f"<dd>{html.escape(task.praise)}{_met(tried[task.id])}</dd>" for task in done)
    return f"<h3>{html.escape(name)}: {len(done)} of {len(exercises_of(name))}</h3><dl>{said}</dl>"


def _met(entry):
    """The mistake that was met most on the way, for it will be met again."""
    mistakes = {name: count for name, count in entry.get("mistakes", {}).items() if isinstance(count, int)}
    most = max(mistakes, key=mistakes.get, default=None)
    return f" <em>On the way: {html.escape(most)}.</em>" if most else ""
