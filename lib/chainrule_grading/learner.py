"""The learner's commands check and progress, and what `submit` asks of a notebook."""
import json
from pathlib import Path

import nbformat

from chainrule_grading.authoring import checked_exercise
from chainrule_grading.course import UserError
from chainrule_grading.notebooks import Limits, as_user_error, parse, read, run

STUB = "raise NotImplementedError()"


def load(path):
    """The notebook at `path` for a learner's command; UserError says what is wrong with the file."""
    path = Path(path)
    if not path.exists():
        raise UserError(f"There is no file {path}; give the path of your notebook, for example "
                        "exercises/delta/delta.ipynb.")
    if path.is_dir():
        raise UserError(f"{path} is a folder; give the notebook in it, for example "
                        f"{next(iter(sorted(path.rglob('*.ipynb'))), path / 'delta.ipynb')}.")
    notebook = as_user_error(parse, as_user_error(read, path))
    language = notebook.metadata.get("kernelspec", {}).get("language", "python")
    if language != "python":
        raise UserError(f"{path.name} is a notebook for {language}; the exercises are in Python. In JupyterLab choose "
                        "Kernel, Change Kernel, Python 3, and save.")
    return notebook


def check(path, cell_seconds=60.0):
    """Run your notebook from the top in a fresh Python and show every card; return the exit code."""
    path = Path(path)
    notebook = load(path)
    checks = [cell for cell in notebook.cells if checked_exercise(cell)]
    if not checks:
        raise UserError(f"{path.name} holds no check(…) cell, so there is nothing to check; "
                        "is it one of the exercises?")
    print(f"Running {path.name} from the top in a fresh Python …", flush=True)
    trouble = run(notebook, Limits(cell_seconds), folder=path.resolve().parent)
    full = 0
    for cell in checks:
        text, passed = _outcome(cell)
        full += passed
        print("\n" + text)
    print()
    for sentence in trouble:
        print(sentence + ".")
    print(f"{full} of {len(checks)} tasks are fully right.")
    return 0 if full == len(checks) else 1


def check_all(course, cell_seconds=60.0):
    """Check every exercise notebook of the course, task by task in a table; exit code 0 if all are fully right."""
    total = full = 0
    for assignment in course.assignments():
        path = course.release(assignment)
        print(f"{assignment} …", flush=True)
        notebook = load(path)
        trouble = run(notebook, Limits(cell_seconds), folder=path.parent)
        for cell in notebook.cells:
            if id := checked_exercise(cell):
                text, passed = _outcome(cell)
                total, full = total + 1, full + passed
                headline = "waiting for your code" if text[0] == "○" else "" if passed else text.splitlines()[1].strip()
                print(f"  {text[0]} {id:<28} {headline[:80]}")
        for sentence in trouble:
            print(f"  {sentence}.")
    print(f"{full} of {total} tasks are fully right.")
    return 0 if full == total else 1


def _outcome(cell):
    card = next((o.data["text/plain"] for o in cell.outputs if o.output_type == "display_data"
                 and "text/plain" in o.data), None)
    error = next((o for o in cell.outputs if o.output_type == "error"), None)
    partial = any(o.output_type == "execute_result" for o in cell.outputs)
    if card:
        return card, error is None and not partial
    if error is None:
        return f"? {checked_exercise(cell)}: the check showed nothing", False
    hint = ("\n  Its function is not defined: run the cell above it without an error first."
            if error.ename == "NameError" else "")
    return f"✗ Not yet · {checked_exercise(cell)}\n  {error.ename}: {error.evalue}{hint}", False


def which_assignment(course, notebook, path, known=None):
    """The assignment whose cells this notebook holds; its file name does not matter. `known`: cells_of, if at hand."""
    names = {(c.metadata.get("nbgrader") or {}).get("grade_id") for c in notebook.cells} - {None}
    hits = {assignment: len(names & theirs) for assignment, theirs in (known or cells_of(course)).items()}
    best = max(hits, key=hits.get, default=None)
    if not hits.get(best):
        raise UserError(f"{path.name} holds no cell of an assignment of this course "
                        f"({', '.join(course.assignments())}); hand in the notebook from exercises/.")
    return best


def cells_of(course):
    """{assignment: the names of its cells}."""
    return {assignment: {c.metadata["nbgrader"]["grade_id"] for c in _release(course, assignment).cells
                         if c.metadata.get("nbgrader")} for assignment in course.assignments()}


def untouched(notebook):
    """The names of the answers that are still as released: the stub is in them, or nothing was written."""
    return [cell.metadata["nbgrader"]["grade_id"] for cell in notebook.cells
            if cell.metadata.get("nbgrader") and (("# YOUR CODE HERE\n" in cell.source and STUB in cell.source)
                                                  or cell.source.strip() == "YOUR ANSWER HERE")]


def _release(course, assignment):
    return nbformat.read(course.release(assignment), as_version=4)


def shown(course, path):
    """A path as it is printed: from the course folder if it lies there."""
    return path.relative_to(course.root) if course.root in path.parents else path


def progress(as_json=False, only=None):
    """Where you stand, from the checks you have run on this computer; exit code 0. `only`: in this assignment."""
    from chainrule.exercises import _progress, assignments
    from chainrule.exercises._registry import exercises_of

    if only is not None and only not in assignments():
        raise UserError(f"There is no assignment called {only!r}; there are {', '.join(assignments())}.")
    tried = _progress.load()
    if as_json:
        print(json.dumps(tried, indent=1, ensure_ascii=False))
        return 0
    for assignment in assignments() if only is None else [only]:
        tasks = exercises_of(assignment)
        earned = sum(tried.get(t.id, {}).get("best", 0) for t in tasks)
        print(f"{assignment}: {earned:g} of {sum(t.points for t in tasks):g} points")
        for task in tasks:
            entry = tried.get(task.id)
            best = entry["best"] if entry else 0
            sign = "✓" if entry and best == task.points else "◐" if best else "○"
            tries = f"{entry['tries']} {'try' if entry['tries'] == 1 else 'tries'}" if entry else "not tried yet"
            print(f"  {sign} {task.id:<28} {best:g} of {task.points:g}   {tries}")
        upcoming = next((t for t in tasks if tried.get(t.id, {}).get("best", 0) < t.points), None)
        print(f"  Next: {upcoming.id}, about {upcoming.minutes} minutes." if upcoming else "  All done. Well done!")
    return 0
