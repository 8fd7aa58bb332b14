"""The assignment that the catalogue attacks: visible and hidden asserts, numpy.testing, a value, and a `check`."""
import json
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

CANARY = "canary-4b1d-hidden"     # stands in a hidden test; no learner may ever read it
RIGHT = {
    "slope": "def slope(z):\n    return 1 - np.tanh(z)**2",
    "gradient": "def gradient(X, delta):\n    return X.T @ delta, delta.sum(axis=0)",
    "output": "def output_delta(Y_hat, Y):\n    return (Y_hat - Y) / len(Y)",
    "rate": "rate = 0.25",
}
WRONG = {
    "slope": "def slope(z):\n    return 0 * z",
    "gradient": "def gradient(X, delta):\n    return 0 * X.T @ delta, 0 * delta.sum(axis=0)",
    "output": "def output_delta(Y_hat, Y):\n    return 0 * Y",
    "rate": "rate = 0.0",
}
TESTS = {
    "slope": (2, "z = np.linspace(-2, 2, 9)\nassert np.allclose(slope(z), 1 / np.cosh(z)**2)",
              f"secret = '{CANARY}'\nfor z in (np.array([0.3, -0.7]), np.ones((2, 3))):\n"
              "    assert np.allclose(slope(z), 1 / np.cosh(z)**2), secret"),
    "gradient": (3, "X, delta = np.arange(6.0).reshape(3, 2), np.ones((3, 4))\ndW, db = gradient(X, delta=delta)\n"
                    "np.testing.assert_allclose(db, [3, 3, 3, 3])\nassert dW.shape == (2, 4)",
                 "rng = np.random.default_rng(5)\nX, delta = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))\n"
                 "np.testing.assert_allclose(gradient(X, delta)[0], np.einsum('ni,nj->ij', X, delta))"),
    "output": (2, 'check("delta.output", output_delta)', ""),
    "rate": (1, "assert rate == 0.25", ""),
}
POINTS = sum(points for points, _, _ in TESTS.values())


def _cell(source, name, **about):
    cell = nbformat.v4.new_code_cell(source, id=name)
    cell.metadata["nbgrader"] = {"grade_id": name, "grade": False, "solution": False, "locked": False, "task": False,
                                 "schema_version": 3, "cell_type": "code"} | about
    return cell


def instructor():
    """The notebook with solutions and hidden tests."""
    cells = [nbformat.v4.new_markdown_cell("# Hostile", id="title"),
             _cell("import numpy as np\nfrom chainrule.exercises import check", "given", locked=True)]
    for name, (points, visible, hidden) in TESTS.items():
        hidden = f"\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS" if hidden else ""
        cells += [_cell(RIGHT[name], name, solution=True),
                  _cell(visible + hidden, f"test-{name}", grade=True, locked=True, points=points)]
    words = nbformat.v4.new_markdown_cell("In words?", id="words")
    words.metadata["nbgrader"] = {"grade_id": "words", "grade": True, "solution": True, "locked": False, "task": False,
                                  "schema_version": 3, "cell_type": "markdown", "points": 2}
    return nbformat.v4.new_notebook(cells=[*cells, words])


def release():
    """What learners get."""
    notebook = instructor()
    for cell in notebook.cells:
        name = cell.id
        if name in RIGHT:
            first = RIGHT[name].splitlines()[0]
            cell.source = first + "\n    raise NotImplementedError()" if first.endswith(":") else "# YOUR CODE HERE"
        cell.source = re.sub(r"\n### BEGIN HIDDEN.*END HIDDEN TESTS", "", cell.source, flags=re.S)
    return notebook


def handed_in(cells, before=None):
    """A submission whose solution cells hold `cells`; `before` is a cell of the learner's own, above all others."""
    notebook = release()
    for cell in notebook.cells:
        cell.source = cells.get(cell.id, cell.source)
    if before is not None:
        notebook.cells.insert(2, nbformat.v4.new_code_cell(before, id="own"))
    return notebook


def as_bytes(notebook):
    return json.dumps(notebook).encode()         # nbformat would mend what is to be broken


@dataclass(frozen=True)
class Case:
    """One entry of a catalogue file: its code, and what it is worth."""
    name: str
    kind: str                     # marks, secrets, harm, honest
    code: str
    deserves: float
    cells: dict

    def notebook(self):
        return handed_in(self.cells, self.code)


def catalogue():
    """All entries of runtime.txt: `#: kind name`, then a cell that stands above wrong answers (honest: right ones).

    A line `#: in CELL` starts the text of one of the learner's answers.
    """
    text = (Path(__file__).parent / "runtime.txt").read_text(encoding="utf-8")
    for block in re.split(r"^#: (?!in )", text, flags=re.M)[1:]:
        head, _, body = block.partition("\n")
        kind, name = head.split()[:2]
        code, *parts = re.split(r"^#: in (\w+)\n", body, flags=re.M)
        base = RIGHT if kind == "honest" else WRONG
        cells = base | dict(zip(parts[::2], (p.strip("\n") for p in parts[1::2]), strict=True))
        yield Case(name, kind, code.strip("\n"), POINTS if kind == "honest" else 0, cells)
