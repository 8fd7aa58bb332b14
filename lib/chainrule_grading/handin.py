"""Handing in (`chainrule submit`) and fetching an exercise afresh (`chainrule lab --fresh`); nothing is overwritten."""
import getpass
import hashlib
import importlib.util
import io
import json
import os
import re
import tempfile
import zipfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import nbformat

from chainrule_grading.authoring import keep_copy, release
from chainrule_grading.course import UserError, nbgrader_config, no_name, spelt, write_atomically
from chainrule_grading.learner import load, shown, untouched, which_assignment
from chainrule_grading.notebooks import as_user_error, parse, restore

EXCHANGE = "/usr/local/share/nbgrader/exchange"           # nbgrader's own default


# ---------------------------------------------------------------- handing in

def submit(course, path=None, learner=None, to=None, as_zip=False):
    """Hand in a notebook and print a receipt; exit code 0.

    Through nbgrader's exchange where there is one and neither a name, a folder nor a zip was asked for; else as a
    file `<to>/<learner>/<assignment>/<assignment>.ipynb`, of which an earlier one is kept, or as a zip with a name of
    its own.
    """
    if path is None:
        raise UserError("Which notebook do you want to hand in? " + choices(course, "submit"))
    path = Path(path)
    notebook = load(path)
    assignment = which_assignment(course, notebook, path)
    through_exchange = None if learner or to or as_zip else exchange(course)
    named, learner = learner, spelt(learner or login())
    if why := no_name(learner):
        raise UserError(f"{learner!r} cannot be a learner's name here: {why}, for example --as ada.")
    now, data = datetime.now(UTC), path.read_bytes()
    if through_exchange:
        where = _through(through_exchange, assignment, data)
    elif as_zip:
        where = _zip(Path(to or course.classroom / "handed-in"), assignment, learner, now, data)
    else:
        where = _file(course, Path(to or course.classroom / "submitted"), assignment, learner, now, data)
    receipt = {"assignment": assignment, "learner": learner, "when": now.isoformat(timespec="seconds"),
               "file": str(shown(course, path.resolve())), "sha256": hashlib.sha256(data).hexdigest(),
               "where": str(shown(course, where)), "untouched": untouched(notebook)}
    _note(course, receipt)
    print(as_text(receipt))
    if not named and not through_exchange:
        print(f"({learner} is your login; use --as NAME if the class knows you by another name.)")
    if as_zip:
        print("Upload that zip where your instructor collects work.")
    elif to is None and not through_exchange:
        print("If your instructor collects files elsewhere, that is the file to upload.")
    return 0


def login():
    """The name by which this machine knows the person; "" where it knows none (some containers)."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def choices(course, command):
    """The notebooks that a learner could have meant, as a sentence with one command to copy."""
    names = [f"exercises/{name}/{name}.ipynb" for name in course.assignments()]
    if not names:
        return "There is none in exercises/ yet: fetch one, or run this in the course folder."
    return f"For example: chainrule {command} {names[0]}" + \
        (f" (you also have {', '.join(names[1:])})." if names[1:] else ".")


def as_text(receipt):
    """The receipt as four lines to keep."""
    empty = receipt["untouched"]
    return "\n".join([
        f"Handed in {receipt['assignment']} for {receipt['learner']}",
        f"  when    {receipt['when'].replace('T', ' ')[:16]} UTC",
        f"  what    {receipt['file']}, SHA-256 {receipt['sha256']}",
        f"  where   {receipt['where']}",
        *([f"Still as released: {', '.join(empty)}. You can hand in again at any time."] if empty else [])])


def receipts(course):
    """Every receipt of this course folder, oldest first; a line that is not one is passed over."""
    found = []
    try:
        lines = _receipts(course).read_text(encoding="utf-8").splitlines()
    except OSError:
        return found
    for line in lines:
        try:
            one = json.loads(line)
            found.append({key: one[key] for key in ("assignment", "learner", "when", "sha256", "where")})
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _receipts(course):
    return course.classroom / "receipts.jsonl"


def _note(course, receipt):
    before = _receipts(course).read_text(encoding="utf-8") if _receipts(course).is_file() else ""
    write_atomically(_receipts(course), before + json.dumps(receipt, ensure_ascii=False) + "\n")


def _file(course, folder, assignment, learner, now, data):
    target = folder / learner / assignment / f"{assignment}.ipynb"
    if target.is_file():
        print(f"Your earlier submission is kept in {shown(course, keep_copy(course, target))}.")
    write_atomically(target, data)
    write_atomically(target.parent / "timestamp.txt", f"{now:%Y-%m-%d %H:%M:%S} UTC")
    return target


def _zip(folder, assignment, learner, now, data):
    """A zip with the time in its name; a second one in the same second gets a number."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{assignment}/{assignment}.ipynb", data)
        archive.writestr(f"{assignment}/timestamp.txt", f"{now:%Y-%m-%d %H:%M:%S} UTC")
    name, number = f"{assignment}-{learner}-{now:%Y%m%dT%H%M%S}", 1
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        target = folder / (f"{name}.zip" if number == 1 else f"{name}-{number}.zip")
        try:
            with target.open("xb") as file:
                file.write(packed.getvalue())
            return target
        except FileExistsError:
            number += 1


# ---------------------------------------------------------------- nbgrader's exchange

def exchange(course):
    """nbgrader's configuration of the exchange if there is one that takes this course's work, else None.

    There is none on Windows, nor where nbgrader is not installed, nor where the folder named by nbgrader's
    configuration (this course's, then /etc/jupyter and the like) does not exist or may not be written to.
    """
    if os.name == "nt" or importlib.util.find_spec("nbgrader") is None:
        return None
    from jupyter_core.application import JupyterApp

    class Settings(JupyterApp):
        name = "nbgrader"

    app = Settings(config_file_name="nbgrader_config")
    app.load_config_file()
    config = nbgrader_config(course)
    config.merge(app.config)
    inbound = _exchange_folder(config) / "inbound"
    return config if inbound.is_dir() and os.access(inbound, os.W_OK | os.X_OK) else None


def _exchange_folder(config):
    return Path(config.Exchange.get("root", EXCHANGE)) / config.CourseDirectory.course_id


def _through(config, assignment, data):
    """Submit as nbgrader does, but this one notebook and nothing else that lies beside it."""
    with _quiet_nbgrader() as nbgrader, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / assignment).mkdir()
        (Path(folder) / assignment / f"{assignment}.ipynb").write_bytes(data)
        config.CourseDirectory.assignment_id = assignment
        config.Exchange.assignment_dir = folder
        submitter = nbgrader.exchange.ExchangeFactory(config=config).Submit(
            coursedir=nbgrader.coursedir.CourseDirectory(config=config),
            authenticator=nbgrader.auth.Authenticator(config=config), config=config)
        try:
            submitter.start()
        except nbgrader.exchange.ExchangeError as refused:
            raise UserError(f"nbgrader's exchange did not take {assignment}: {str(refused).rstrip('.')}. Ask your "
                            "instructor whether it is released, or hand in a file: add --zip.") from None
        return Path(submitter.inbound_path) / submitter.assignment_filename


@contextmanager
def _quiet_nbgrader():
    """nbgrader without its log: what it refuses reaches the learner as one sentence of ours."""
    import nbgrader.auth
    import nbgrader.coursedir
    import nbgrader.exchange
    from traitlets import log

    logger = log.get_logger()
    before, logger.disabled = logger.disabled, True
    try:
        yield nbgrader
    finally:
        logger.disabled = before


# ---------------------------------------------------------------- an exercise afresh

def fresh(course, assignment, source=None, keep_answers=False):
    """Put the released notebook of an assignment in its place and keep a dated copy of what was there; exit code 0.

    `source` is a notebook, a folder or a zip (a new bundle of the course); without it the exchange is asked, then
    solutions/. With `keep_answers` the learner's answers and own cells are carried over into it.
    """
    data = _newest(course, assignment, source)
    notebook = as_user_error(parse, data)
    wanted = f"check(\"{assignment}."
    if not any(wanted in cell.source for cell in notebook.cells):
        raise UserError(f"What was found is not the assignment {assignment!r}: it holds no {wanted}…\") cell. "
                        "Look into the folder or zip that you named.")
    target = course.exercises / assignment / f"{assignment}.ipynb"
    if keep_answers and target.is_file():
        data = _with_answers(load(target), nbformat.reads(data.decode(), as_version=4))
    if target.is_file() and _cells(target.read_bytes()) == _cells(data):
        print(f"{shown(course, target)} holds just that already; nothing was changed.")
        return 0
    if target.is_file():
        print(f"Your work is kept in {shown(course, keep_copy(course, target))}.")
    write_atomically(target, data)
    print(f"{shown(course, target)} is as released{', with your answers in it' * keep_answers}. Open it from chainrule "
          "lab; if it is open already, close it and open it again.")
    return 0


def _with_answers(mine, released):
    """The released notebook, as bytes, with what the learner wrote: cells that are still as released stay behind."""
    left = set(untouched(mine))
    mine.cells = [cell for cell in mine.cells if (cell.metadata.get("nbgrader") or {}).get("grade_id") not in left]
    return (nbformat.writes(restore(mine, released)[0]) + "\n").encode()


def _cells(data):
    try:
        return [(c.get("cell_type"), c.get("source")) for c in nbformat.reads(data.decode(), as_version=4).cells]
    except Exception:                             # a broken file of the learner's is different from the release, too
        return None


def _newest(course, assignment, source):
    """The bytes of the newest release that can be had."""
    if not re.fullmatch(r"[a-z][\w-]*", assignment):
        raise UserError(f"{assignment!r} is not the name of an assignment; the course has "
                        f"{', '.join(course.assignments())}.")
    if source is not None:
        return _from(Path(source), assignment)
    config = exchange(course)
    released = _exchange_folder(config) / "outbound" / assignment / f"{assignment}.ipynb" if config else None
    if released and released.is_file():
        return released.read_bytes()
    solution = course.solutions / assignment / f"{assignment}.ipynb"
    if solution.is_file():
        made = release(nbformat.read(solution, as_version=4), nbgrader_config(course))
        return (nbformat.writes(made) + "\n").encode()
    if assignment not in course.assignments():
        course.release(assignment)                # one sentence: there is no such assignment
    raise UserError(f"No release of {assignment} can be had here but the file that you work in; name the course's zip "
                    f"or folder: chainrule lab --fresh {assignment} --from chainrule.zip.")


def _from(source, assignment):
    """The notebook of an assignment in a file, a folder or a zip: the one that lies least deep."""
    name = f"{assignment}.ipynb"
    if source.suffix == ".ipynb" and source.is_file():
        return source.read_bytes()
    if source.is_dir():
        found = [p for p in source.rglob(name) if not {"solutions", "classroom", ".ipynb_checkpoints"} & set(p.parts)]
        if found:
            return min(found, key=lambda p: (len(p.parts), str(p))).read_bytes()
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            found = [i for i in archive.infolist() if i.filename.split("/")[-1] == name and i.file_size < 10_000_000]
            if found:
                return archive.read(min(found, key=lambda i: (i.filename.count("/"), i.filename)))
    else:
        raise UserError(f"{source} is neither a folder, a zip nor a notebook; give the course's zip or its folder.")
    raise UserError(f"{source} holds no {name}; give a zip or folder of the course in which {assignment} is released.")
