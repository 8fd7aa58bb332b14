"""Reading notebooks that others made, putting learners' answers into the instructor's notebook, and running it."""
import errno
import json
import os
import re
import stat
import tempfile
import warnings
from dataclasses import dataclass

import nbformat

from chainrule_grading.course import UserError

QUIET_KERNEL = ["--HistoryManager.enabled=False", "--IPKernelApp.log_level=40"]
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
LARGEST = 5_000_000               # bytes; an exercise with many figures has about a tenth
SHOWN = 4                         # cells that are named one by one in a flag
MOST_CELLS = 400


class Unreadable(Exception):
    """A file that cannot be graded: one sentence for learner and instructor."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Sizes in bytes, times in seconds of the clock."""
    cell_seconds: float = 30.0
    call_seconds: float = 10.0
    total_seconds: float = 60.0
    cpu_seconds: float = 65.0                     # of computing, for each process
    memory: int = 2_000_000_000                   # of all processes together, and the address space of each
    processes: int = 16                           # threads count
    file: int = 8_000_000                         # the largest file
    files: int = 32_000_000                       # all files together
    output: int = 100_000                         # characters that a cell may print
    starts: int = 3                               # how often a process that died is replaced


def handed_in(folder, name):
    """The notebook in a learner's folder that counts: the one called `name`, else the newest; None if there is none."""
    files = [p for p in folder.iterdir() if p.suffix == ".ipynb" and not p.name.startswith(".")]
    exact = [p for p in files if p.stem == name]
    return max(exact or files, key=lambda p: p.lstat().st_mtime, default=None)


def read(path):
    """The bytes of a submitted file; Unreadable if it is not an ordinary file of sensible size."""
    no_ordinary_file = Unreadable(f"{path.name} is not an ordinary file; hand in the notebook itself.")
    try:
        # Neither through a link nor waiting for a pipe, and looked at after it is open: nothing can be swapped between.
        with open(os.open(path, os.O_RDONLY | NO_LINK), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise no_ordinary_file
            if about.st_size > LARGEST:
                raise Unreadable(f"{path.name} has {about.st_size / 1e6:.0f} MB and a notebook may have "
                                 f"{LARGEST / 1e6:.0f}: clear its outputs, save, and hand it in again.")
            return file.read(LARGEST + 1)
    except OSError as failed:
        if failed.errno in (errno.ELOOP, errno.ENOENT, errno.EISDIR, errno.ENXIO):
            raise no_ordinary_file from None
        raise Unreadable(f"{path.name} cannot be read ({failed.strerror}).") from None


# nbformat's own new_code_cell, new_output and their like check each piece against the schema, a third of a grader's
# time; these make the same pieces, and a test checks a whole notebook of them.

def new_cell(kind, source, id, **more):
    """A code or Markdown cell."""
    own = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return nbformat.from_dict({"id": id, "cell_type": kind, "metadata": {}, "source": source} | own | more)


def new_output(kind, data=None, **more):
    """An output; `data` is for the kinds that have any."""
    own = {"data": data, "metadata": {}} if kind in ("display_data", "execute_result") else {}
    own |= {"execution_count": None} if kind == "execute_result" else {}
    return nbformat.from_dict({"output_type": kind} | own | more)


def parse(raw):
    """Bytes → notebook (nbformat 4) that holds each cell's text and name, nothing else; Unreadable says why not.

    Outputs, attachments and metadata are of no use to a grader and are often what is broken in a file, so
    they are not read. UTF-16 and the older format 3 are understood.
    """
    text = _decode(raw)
    if not text.strip():
        raise Unreadable("The file is empty; save the notebook and hand it in again.")
    try:
        data = json.loads(text)
        if isinstance(data, dict) and "worksheets" in data:
            data = nbformat.convert(nbformat.from_dict(data), 4)
    except Exception:                             # not JSON, nested too deep, or broken beyond conversion
        data = None
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        raise Unreadable("The file is not a Jupyter notebook (it is not the JSON of one). Hand in the .ipynb file "
                         "that you worked on, not an export of it.")
    if len(data["cells"]) > MOST_CELLS:
        raise Unreadable(f"The notebook has {len(data['cells'])} cells and may have {MOST_CELLS}.")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [_plain(cell, k) for k, cell in enumerate(data["cells"])]
    about = data.get("metadata")
    kernel = about.get("kernelspec") if isinstance(about, dict) else None
    if isinstance(kernel, dict) and isinstance(kernel.get("language"), str):
        notebook.metadata["kernelspec"] = {"language": kernel["language"]}
    released = about.get("chainrule") if isinstance(about, dict) else None
    tasks = released.get("tasks") if isinstance(released, dict) else None
    if isinstance(tasks, dict):
        notebook.metadata["chainrule"] = {"version": str(released.get("version"))[:20], "tasks": {
            task: contract for task, contract in tasks.items() if isinstance(contract, str)}}
    return notebook


def _plain(cell, k):
    """One cell's kind, text, id and nbgrader name, from JSON that may be anything."""
    if not isinstance(cell, dict):
        raise Unreadable("The file is damaged: it has the frame of a notebook, but some of its cells are not cells. "
                         "Copy your answers into a fresh copy of the exercise.")
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    about = cell.get("metadata")
    about = about.get("nbgrader") if isinstance(about, dict) else None
    name = about.get("grade_id") if isinstance(about, dict) else None
    id = cell.get("id")
    usable = isinstance(id, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", id)
    source = source.encode("utf-8", "replace").decode() if isinstance(source, str) else ""    # half characters
    kind = "code" if cell.get("cell_type") == "code" else "markdown"
    plain = new_cell(kind, source, id if usable else f"nameless-{k}")
    if isinstance(name, str):
        plain.metadata["nbgrader"] = {"grade_id": name}
    return plain


def _decode(raw):
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def restore(submitted, release):
    """The instructor's release notebook with the learner's answers in it; return it and what had been altered.

    Only text is taken over: of solution cells, of the release's free code cells, and of cells the learner
    added, each after the cell it followed. Locked cells, checks, points and metadata are the instructor's.
    """
    restored, flags = nbformat.from_dict(dict(release)), []
    restored.cells = [nbformat.from_dict(dict(cell)) for cell in release.cells]
    by_name = {_name(cell): cell for cell in restored.cells}
    release_texts = {cell.source for cell in release.cells}
    seen, after, added = set(), None, {}
    for cell in submitted.cells:
        name = _name(cell)
        if name not in by_name or (name in seen and not _is_ours(cell)):
            if cell.source not in release_texts:
                added.setdefault(after, []).append(cell)
            continue
        if name in seen:
            flags.append(f"cell {name} was there twice; the first one counts")
            continue
        seen.add(name)
        after, target = name, by_name[name]
        kind = target.metadata.get("nbgrader", {})
        text = cell.source
        if kind.get("solution") or (not kind and target.cell_type == "code"):
            target.source = text
        elif kind and text != target.source:
            flags.append(f"locked cell {name} had been changed; the instructor's was used")
    asked = [_name(cell) for cell in release.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    if asked and not seen.intersection(asked):
        raise Unreadable("The notebook holds none of the tasks of this assignment; is it that of another one, or an "
                         "empty one? Hand in the notebook that you worked on.")
    missing = [_name(cell) for cell in release.cells if cell.metadata.get("nbgrader") and _name(cell) not in seen]
    flags += [f"cell {name} was missing; the release's was used" for name in missing[:SHOWN]]
    if more := missing[SHOWN:]:
        flags.append(f"cell {more[0]} and {len(more) - 1} more were missing, too" if more[1:] else
                     f"cell {more[0]} was missing; the release's was used")
    restored.cells = [_own(cell, k) for k, cell in enumerate(added.get(None, []))] + [
        piece for cell in restored.cells for piece in
        [cell, *(_own(c, f"{cell.id}-{k}") for k, c in enumerate(added.get(_name(cell), [])))]]
    return restored, tuple(flags)


def other_contracts(submitted, release):
    """What a learner must know whose notebook was released with another edition of the course, in sentences.

    A notebook says what each of its tasks asks for, in the registry's terms, and that is compared with the release of
    today; a notebook that says nothing is taken for one of today's.
    """
    theirs, ours = (n.metadata.get("chainrule", {}) for n in (submitted, release))
    tasks = sorted(task for task, contract in ours.get("tasks", {}).items()
                   if theirs.get("tasks", {}).get(task, contract) != contract)
    if not tasks:
        return ()
    what = ", ".join(tasks[:5]) + (f" and {len(tasks) - 5} more" if len(tasks) > 5 else "")
    return (f"Your notebook is of edition {theirs['version']} of the course, in which {what} asked for something else; "
            f"it was graded by edition {ours['version']}. To move your answers into today's notebook: "
            "chainrule lab --fresh ASSIGNMENT --keep-answers.",)


def _is_ours(cell):
    return bool(cell.metadata.get("nbgrader"))


def _name(cell):
    """What identifies a cell: nbgrader's name for it, else its id."""
    return cell.metadata.get("nbgrader", {}).get("grade_id") or cell.id


def _own(cell, where):
    """A cell the learner added: its text, nothing else."""
    return new_cell(cell.cell_type, cell.source, f"added-{where}"[:64])


def run(notebook, limits, folder=None):
    """Execute all cells in a fresh kernel; return sentences about what went wrong with the kernel.

    A cell that fails or runs too long costs itself; if the kernel dies, the cells after it get an error
    output that says so. Without `folder` the notebook runs in an empty temporary one.
    """
    from nbclient import NotebookClient

    started = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    with tempfile.TemporaryDirectory() as empty, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = NotebookClient(
            notebook, timeout=limits.cell_seconds, interrupt_on_timeout=True, allow_errors=True,
            error_on_timeout=_timeout(limits), record_timing=False, coalesce_streams=True, kernel_name="python3",
            extra_arguments=QUIET_KERNEL, on_cell_execute=lambda cell, cell_index: started.append(cell),
            resources={"metadata": {"path": str(folder or empty)}})
        try:
            client.execute(env=os.environ | {"NBGRADER_EXECUTION": "autograde", "OPENBLAS_NUM_THREADS": "1"})
            trouble = ()
        except Exception as died:                 # a dead or deaf kernel, in any of nbclient's ways to say so
            trouble = (_after_death(notebook, started, died),)
    return trouble + tuple(_say_too_long(notebook, limits))


def _timeout(limits):
    text = f"Stopped after {limits.cell_seconds:g} s. Is there a loop whose condition never becomes false?"
    return {"ename": "TooLong", "evalue": text, "traceback": [text]}


def _say_too_long(notebook, limits):
    """A cell that was interrupted shows KeyboardInterrupt and a page of traceback; say what happened instead."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error" and output.ename == "KeyboardInterrupt":
                output.update(_timeout(limits))
                yield f"cell {cell.id} was stopped after {limits.cell_seconds:g} s"


def _after_death(notebook, started, died):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    first = next((k for k, cell in enumerate(code) if started and cell is started[-1]), 0)
    culprit = code[first] if code else None
    why = ("Python itself ended in this cell" if "Dead" in type(died).__name__ or "died" in str(died) else
           "Python stopped answering in this cell")
    for k, cell in enumerate(code[first:]):
        text = f"{why}." if k == 0 else "Not run: Python had ended in a cell above."
        cell.outputs.append(new_output("error", ename="KernelEnded", evalue=text, traceback=[text]))
    return f"{why.replace('this cell', f'cell {culprit.id}' if culprit is not None else 'the notebook')}"


def as_user_error(function, *arguments):
    """Call a reader for somebody at a terminal: Unreadable becomes a UserError."""
    try:
        return function(*arguments)
    except Unreadable as reason:
        raise UserError(str(reason)) from None
