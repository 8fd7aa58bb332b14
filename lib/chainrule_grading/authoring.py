"""From text to notebooks: course/*.md → lectures/, solutions/ and, through nbgrader, exercises/.

Text is the source and notebooks are built, one way. A second build of the same text is identical: cell
ids come from the exercise or from the position, and outputs carry no times and no machine.
"""
import ast
import json
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import nbformat

from chainrule import __version__
from chainrule.ledger import course_file
from chainrule_grading import numbers
from chainrule_grading.course import UserError, nbgrader_config, write_atomically
from chainrule_grading.notebooks import QUIET_KERNEL

KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
          "language_info": {"name": "python", "pygments_lexer": "ipython3"}}
DICTIONARY = re.compile(r"<!-- dictionary: (?P<decks>[\w, ]+) -->(?:\n.*?<!-- end of dictionary -->)?", re.DOTALL)
SECONDS_PER_CELL = 120


@dataclass(frozen=True)
class Product:
    """One notebook that is built: where it goes and what it holds."""
    path: Path
    notebook: nbformat.NotebookNode


# ---------------------------------------------------------------- text → notebook

def read_source(path):
    """A MyST text as a notebook without outputs, with neutral metadata."""
    import jupytext

    try:
        notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="md:myst")
    except Exception as broken:                   # jupytext raises what its YAML reader raises
        why = " ".join(str(broken).split())[:200]
        raise UserError(f"{path.name} cannot be read as MyST text: {why}. A colon in an :alt: needs the text in "
                        "quotes.") from None
    notebook.metadata = nbformat.from_dict(KERNEL)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def lecture(path):
    """The lecture of this source, not yet executed."""
    notebook = read_source(path)
    for k, cell in enumerate(notebook.cells):
        cell.id = f"cell-{k:03d}"
        if cell.cell_type == "markdown":
            cell.source = DICTIONARY.sub(lambda m: dictionary(m["decks"].split(",")), cell.source)
    numbers.link(notebook, lambda number: elsewhere(path, number))
    return notebook


def elsewhere(path, number):
    """(file, cell id) of an equation in another lecture beside this text, or None; (7.3) stands in lecture 07."""
    for other in path.parent.glob(f"{int(number.partition('.')[0]):02d}-*.md"):
        for k, cell in enumerate(read_source(other).cells):
            if cell.cell_type == "markdown" and number in numbers.TAG.findall(cell.source):
                return f"{other.stem}.ipynb", f"cell-{k:03d}"
    return None


def assignment(path):
    """The solution notebook of this source, with the metadata nbgrader needs.

    By convention: a cell with `:given: true` is locked; a cell with BEGIN SOLUTION is the learner's; a cell
    that calls check("a.b", …) is a locked test worth the points of exercise a.b; a Markdown cell with
    {"written": "a.b", "points": 4} is answered in words and graded by hand.
    """
    from chainrule.exercises import find

    notebook, given, waiting, tasks = read_source(path), 0, None, {}
    for k, cell in enumerate(notebook.cells):
        checked = checked_exercise(cell)
        if checked:
            if waiting is None:
                raise UserError(f"{path.name}: check({checked!r}, …) has no solution cell before it.")
            waiting.metadata["nbgrader"] = _nbgrader(checked.replace(".", "-"), solution=True)
            waiting.id, waiting = checked.replace(".", "-"), None
            name, tasks[checked] = f"check-{checked.replace('.', '-')}", find(checked).contract
            cell.metadata["nbgrader"] = _nbgrader(name, grade=True, locked=True, points=find(checked).points)
            cell.metadata["tags"] = ["raises-exception"]       # JupyterLab's Run All goes on after a red card
        elif cell.cell_type == "code" and "### BEGIN SOLUTION" in cell.source:
            if waiting is not None:
                raise UserError(f"{path.name}: a solution cell is not followed by a check:\n{waiting.source[:80]}")
            waiting, name = cell, f"cell-{k:03d}"
        elif "written" in cell.metadata:
            name = cell.metadata["written"].replace(".", "-")
            cell.metadata["nbgrader"] = _nbgrader(name, grade=True, solution=True, points=cell.metadata["points"])
        elif cell.metadata.get("given"):
            given += 1
            name = f"given-{given}"
            cell.metadata["nbgrader"] = _nbgrader(name, locked=True)
        else:
            name = f"cell-{k:03d}"
        cell.id = name
    if waiting is not None:
        raise UserError(f"{path.name}: a solution cell is not followed by a check:\n{waiting.source[:80]}")
    notebook.metadata["chainrule"] = {"version": __version__, "tasks": tasks}
    return notebook


def checked_exercise(cell):
    """The exercise id if the last statement of a code cell is check("id", …), else None."""
    if cell.cell_type != "code" or "check(" not in cell.source:
        return None
    try:
        last = ast.parse(cell.source).body[-1]
    except (SyntaxError, IndexError):
        return None
    match last:
        case ast.Expr(value=ast.Call(func=ast.Name(id="check"), args=[ast.Constant(value=str(id)), *_])):
            return id
    return None


def _nbgrader(grade_id, grade=False, solution=False, locked=False, points=None):
    metadata = {"grade": grade, "grade_id": grade_id, "locked": locked, "schema_version": 3,
                "solution": solution, "task": False}
    return metadata | ({"points": points} if grade else {})


def dictionary(decks):
    """The notation table for these decks, between two marks that let `--from` take it out again."""
    decks = [deck.strip() for deck in decks]
    data = tomllib.loads(course_file("notation.toml").read_text(encoding="utf-8"))
    unknown = [deck for deck in decks if deck not in data["decks"]]
    if unknown:
        raise UserError(f"The dictionary asks for {unknown[0]!r}; the decks are {', '.join(data['decks'])}.")
    rows = [f"| role | house | code | shape | {' | '.join(decks)} |", "|---" * (4 + len(decks)) + "|"]
    for role in data["roles"]:
        cells = [role["name"], role["house"], f"`{role['code']}`", role["shape"], *(role[deck] for deck in decks)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join([f"<!-- dictionary: {', '.join(decks)} -->", *rows, "<!-- end of dictionary -->"])


def release(notebook, config):
    """The learner's notebook: nbgrader's own preprocessors for a release, without its database."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.preprocessors import SaveCells

    released = nbformat.from_dict(json.loads(json.dumps(notebook)))
    for preprocessor in GenerateAssignment.preprocessors.default_args[0]:
        if preprocessor is not SaveCells:
            released, _ = preprocessor(config=config)(released, {"nbgrader": {}})
    return released


def release_of(course, assignment):
    """The release notebook of an assignment as its solution makes it.

    Never the file in exercises/: that is where a learner on the same machine works. Only where there are no
    solutions (on a learner's own machine) is that file read.
    """
    released = course.release(assignment)         # or one sentence that there is no such assignment
    source = course.solutions / assignment / f"{assignment}.ipynb"
    if not source.is_file():
        return nbformat.read(released, as_version=4)
    return release(nbformat.read(source, as_version=4), nbgrader_config(course))


def execute(notebook, folder):
    """Run all cells in `folder`; outputs are made the same on every machine. UserError names a cell that fails."""
    import warnings

    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    folder.mkdir(parents=True, exist_ok=True)
    client = NotebookClient(notebook, timeout=SECONDS_PER_CELL, resources={"metadata": {"path": str(folder)}},
                            record_timing=False, coalesce_streams=True, extra_arguments=QUIET_KERNEL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            client.execute()
    except CellTimeoutError:
        raise UserError(f"A cell ran longer than {SECONDS_PER_CELL} s; make it lighter.") from None
    except CellExecutionError as failed:
        raise UserError(f"A cell fails: {failed.ename}: {failed.evalue}\n{failed.traceback}") from None
    notebook.metadata = nbformat.from_dict(KERNEL)
    for cell in notebook.cells:
        _settle_outputs(cell)
    return notebook


def _settle_outputs(cell):
    """Drop what differs between two runs, and give every figure its alternative text in all the places read."""
    alt = cell.metadata.get("alt")
    if alt:
        cell.metadata["mystnb"] = {"image": {"alt": alt}}
    for output in cell.get("outputs", []):
        if alt and "image/png" in output.get("data", {}):
            output.setdefault("metadata", {})["image/png"] = {"alt": alt}


# ---------------------------------------------------------------- the whole course

def build(course, only=None, say=print, run_lectures=True):
    """Yield a Product for every notebook of the course (or for those whose name holds `only`)."""
    config = nbgrader_config(course)
    chosen = [p for p in sorted(course.sources.glob("lectures/*.md")) if not only or only in p.stem]
    tasks = [p for p in sorted(course.sources.glob("assignments/*/*.md")) if not only or only in p.stem]
    if only and not chosen and not tasks:
        raise UserError(f"No lecture or assignment is called {only!r}; see course/lectures and course/assignments.")
    for k, path in enumerate(chosen, 1):
        say(f"lecture {k} of {len(chosen)}: {path.stem}" + (" (running it)" if run_lectures else ""))
        notebook = lecture(path)
        try:
            yield Product(course.lectures / f"{path.stem}.ipynb",
                          execute(notebook, course.lectures) if run_lectures else notebook)
        except UserError as failed:
            raise UserError(f"{path.relative_to(course.root)}: {failed}") from None
    for path in tasks:
        say(f"assignment: {path.stem}")
        solution = assignment(path)
        yield Product(course.solutions / path.parent.name / f"{path.stem}.ipynb", solution)
        yield Product(course.exercises / path.parent.name / f"{path.stem}.ipynb", release(solution, config))


def write(product):
    """Write a product if it differs from what lies there; return whether it did."""
    text = _text(product.notebook)
    if product.path.is_file() and product.path.read_text(encoding="utf-8") == text:
        return False
    write_atomically(product.path, text)
    return True


def drift(product):
    """Say how the notebook on disk differs from the product; "" if only figures' bytes do, or nothing."""
    if not product.path.is_file():
        return "is missing"
    there = nbformat.read(product.path, as_version=4)
    for k, (old, new) in enumerate(zip(there.cells, product.notebook.cells, strict=False)):
        for what, a, b in (("id", old.id, new.id), ("type", old.cell_type, new.cell_type),
                           ("text", old.source, new.source), ("metadata", old.metadata, new.metadata),
                           ("output", _comparable(old), _comparable(new))):
            if a != b:
                return f"differs in the {what} of cell {k} ({new.id})"
    if len(there.cells) != len(product.notebook.cells):
        return f"has {len(there.cells)} cells, its source gives {len(product.notebook.cells)}"
    return "" if there.metadata == product.notebook.metadata else "differs in its metadata"


def _comparable(cell):
    """Outputs without the bytes of pictures, which differ between versions of a drawing library."""
    outputs = json.loads(json.dumps(cell.get("outputs", [])))
    for output in outputs:
        for kind in output.get("data", {}):
            if kind.startswith("image/"):
                output["data"][kind] = "picture"
    return outputs


def _text(notebook):
    return nbformat.writes(notebook) + "\n"


# ---------------------------------------------------------------- notebook → text

def source_of(course, path):
    """The MyST text of an edited notebook, and where it belongs: the way back of `lecture` and `assignment`."""
    import jupytext

    path = Path(path).resolve()
    if course.exercises in path.parents:
        raise UserError(f"{path.name} is a release, made from its solution; edit the notebook in solutions/ instead.")
    if path.parent == course.lectures:
        target = course.sources / "lectures" / f"{path.stem}.md"
    elif course.solutions in path.parents:
        target = course.sources / "assignments" / path.parent.name / f"{path.stem}.md"
    else:
        raise UserError(f"{path} is neither in lectures/ nor in solutions/, so its source is not known.")
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        for key in ("nbgrader", "mystnb", "tags", "editable", "deletable", "execution", "collapsed"):
            cell.metadata.pop(key, None)
        cell.source = DICTIONARY.sub(lambda m: f"<!-- dictionary: {m['decks']} -->", cell.source)
        if cell.cell_type == "markdown":
            cell.source = numbers.plain(cell.source)
    notebook.metadata = nbformat.from_dict(KERNEL)
    text = jupytext.writes(notebook, fmt="md:myst")
    return target, re.sub(r"^    (format|jupytext)_version: .*\n", "", text, flags=re.MULTILINE)


def write_back(course, path):
    """Write an edited notebook's text into course/, keeping the text that was there; return (target, backup)."""
    target, text = source_of(course, path)
    before = target.read_text(encoding="utf-8") if target.is_file() else None
    if before == text:
        return target, None
    backup = keep_copy(course, target) if before is not None else None
    write_atomically(target, text)
    return target, backup


def keep_copy(course, path):
    """A dated copy of `path` under classroom/backups; returns where."""
    from datetime import UTC, datetime

    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    backup = course.classroom / "backups" / f"{path.stem}-{stamp}{path.suffix}"
    write_atomically(backup, path.read_bytes())
    return backup


def main(course, only=None, dry_run=False, from_notebook=None):
    """The command `chainrule build`; returns its exit code."""
    if from_notebook:
        if not Path(from_notebook).is_file():
            raise UserError(f"There is no file {from_notebook}.")
        target, backup = write_back(course, from_notebook)
        where = target.relative_to(course.root)
        print(f"Wrote {where}; the text before is kept in {backup.relative_to(course.root)}" if backup else
              f"{where} holds this text.")
        return 0
    changed = 0
    for product in build(course, only, say=lambda text: print(text, flush=True)):
        where = product.path.relative_to(course.root)
        if dry_run:
            if how := drift(product):
                changed += 1
                print(f"  {where} {how}", file=sys.stderr)
        elif write(product):
            changed += 1
            print(f"  wrote {where}")
    if not only:                                  # pages that tell where each statement is derived
        from chainrule_grading import companions
        for path in companions.stale(course) if dry_run else companions.write(course):
            changed += 1
            print(f"  course/{path} is not what the lectures give" if dry_run else f"  wrote course/{path}",
                  file=sys.stderr if dry_run else sys.stdout)
    if dry_run and changed:
        print(f"{changed} file{'s differ' * (changed > 1) or ' differs'} from the text: run chainrule build and "
              "commit what it writes.", file=sys.stderr)
        return 1
    if not changed:
        print("Everything was up to date." if not dry_run else "Notebooks and text agree.")
    return 0
