"""How the tests read a lecture: its cells, its calls of confirm and refute, the ids its prose names."""
import ast
import re
from dataclasses import dataclass
from functools import cache

import nbformat

from chainrule_grading.course import find_course
from tests.conftest import ROOT

DECKS = "ECE417|ECE884|AIML231|TAYLOR|LFD"


@dataclass(frozen=True)
class Proof:
    """One call of confirm or refute in a lecture."""
    lecture: str
    cell: int
    verb: str
    ids: tuple
    left: ast.expr | None
    right: ast.expr | None
    unlike: tuple             # the labels under `unlike`


@cache
def lectures():
    """{name: notebook} of all committed lectures, in order."""
    return {p.stem: nbformat.read(p, as_version=4) for p in sorted(find_course(ROOT).lectures.glob("*.ipynb"))}


def code(notebook):
    """(cell number, syntax tree) of every code cell; magics are not used in lectures."""
    return [(k, ast.parse(cell.source)) for k, cell in enumerate(notebook.cells) if cell.cell_type == "code"]


def proofs(name):
    """Every confirm and refute of a lecture, in order, without those in a `try`: they show what a refusal looks like."""
    cells = code(lectures()[name])
    shown = {id(node) for _, tree in cells for node in _inside_try(tree)}
    return [_proof(name, k, node) for k, tree in cells for node in ast.walk(tree)
            if _is_proof(node) and id(node) not in shown]


def refusals(name):
    """The ids of the confirmations that a lecture lets fail on purpose, inside a `try`."""
    return {node.args[0].value for _, tree in code(lectures()[name]) for node in _inside_try(tree) if _is_proof(node)}


def _is_proof(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("confirm", "refute")


def _inside_try(tree):
    return [inner for node in ast.walk(tree) if isinstance(node, ast.Try) for inner in ast.walk(node)]


def _proof(name, k, call):
    try:
        ids = ast.literal_eval(call.args[0])
    except ValueError:
        raise AssertionError(f"{name}, cell {k}: the ids of {call.func.id} must be literals") from None
    keywords = {word.arg: word.value for word in call.keywords}
    names = ("left", "right") if call.func.id == "confirm" else ("printed", "corrected", "truth")
    sides = dict(zip(names, call.args[1:], strict=False)) | keywords
    if call.func.id == "confirm":
        left, right = sides.get("left"), sides.get("right")
    else:
        left, right = sides.get("corrected"), sides.get("truth")
    unlike = keywords.get("unlike")
    labels = tuple(ast.unparse(key) for key in unlike.keys) if isinstance(unlike, ast.Dict) else ()
    return Proof(name, k, call.func.id, (ids,) if isinstance(ids, str) else tuple(ids), left, right, labels)


def named_ids(text):
    """All ledger ids that prose names, with ranges: "LFD-16 … LFD-18" and "LFD-03, -04, -24 … -29"."""
    found, deck, last, end = set(), None, 0, 0
    for match in re.finditer(rf"({DECKS})-(\d\d)|(?<=[\s(,])-(\d\d)", text):
        deck, number = match[1] or deck, int(match[2] or match[3])
        if deck is None:
            continue
        if text[end:match.start()].strip() == "…":
            found |= {f"{deck}-{k:02d}" for k in range(last, number)}
        found.add(f"{deck}-{number:02d}")
        last, end = number, match.end()
    return found


def prose(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
