"""`chainrule class bundle`: all that a learner needs in one zip, and nothing that is the instructor's.

What goes in is named here; nothing is copied because it lies about. Before it is written, all of it is searched for
the course secret and for solutions.
"""
import io
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import nbformat

from chainrule import __version__
from chainrule_grading import secret
from chainrule_grading.authoring import keep_copy, release_of
from chainrule_grading.course import UserError, write_atomically
from chainrule_grading.learner import shown

TOP = "chainrule"                                 # the folder in the zip
LICENCES = ("LICENSE", "LICENSE-TEXTS", "CITATION.cff")
README = """# chainrule: a course on backpropagation in which every equation is run

You need Python 3.11 or newer. In a terminal, in this folder:

```
python -m venv .venv
.venv/bin/python -m pip install "{wheel}[learn]"
.venv/bin/chainrule lab
```

On Windows write `.venv\\Scripts\\` in place of `.venv/bin/`. The first two lines are needed once. The lab opens on a
start page: what to open now, where you stand, and what you handed in. Everything stays on this computer.

- **Lectures** are in `lectures/`, **exercises** in `exercises/`: write your code in the place of
  `raise NotImplementedError()` and run the check below it. A wrong answer costs nothing and is told what is wrong.
- **Hand in:** `.venv/bin/chainrule submit {example} --as YOUR-NAME --zip` writes a zip into
  `classroom/handed-in/`; upload it where your instructor collects work. You get a receipt.
- **A newer edition of the course:** unpack it beside this folder, or take one exercise over with your answers in it:
  `.venv/bin/chainrule lab --fresh {name} --from chainrule.zip --keep-answers`. Your work is never overwritten.

Edition {version}, with {lectures} lectures and the exercises {assignments}.
"""


def main(course, out=None):
    """The command; exit code 0."""
    target = Path(out) if out else course.classroom / f"{TOP}.zip"
    as_zip = target.suffix.lower() == ".zip"
    if not as_zip and target.is_file():
        raise UserError(f"{target} is a file; name a new folder, or a zip: --out chainrule.zip.")
    if as_zip and target.is_dir():
        raise UserError(f"{target} is a folder; name a zip in it: --out {target / 'chainrule.zip'}.")
    if not as_zip and target.is_dir() and any(target.iterdir()):
        raise UserError(f"{target} is a folder that holds something; name a new one, or a zip: --out chainrule.zip.")
    print("Building the package …", flush=True)
    files = contents(course, wheel(course))
    searched(course, files)
    if as_zip:
        data = packed(files)
        if target.is_file() and target.read_bytes() != data:       # an older bundle, or something that is not ours
            print(f"What was there is kept in {shown(course, keep_copy(course, target))}.")
        write_atomically(target, data)
    else:
        for name, data in files.items():
            write_atomically(target / name, data)
    size = sum(map(len, files.values())) / 1e6
    print(f"{len(files)} files, {size:.1f} MB: {len(course.assignments())} exercises, no solution notebook, no secret "
          f"(all of it was searched).\nWritten: {shown(course, target.resolve())}. Put it where learners find it.")
    return 0


def contents(course, package):
    """{name: bytes} of the bundle; `package` is (name, bytes) of the wheel."""
    name, data = package
    files = {name: data, "nbgrader_config.py": (course.root / "nbgrader_config.py").read_bytes()}
    for path in sorted(course.lectures.glob("*.ipynb")):
        files[f"lectures/{path.name}"] = path.read_bytes()
    assignments = course.assignments()
    if not assignments:
        course.release("")                        # one sentence: nothing has been released
    for assignment in assignments:                # as the solutions make it: in exercises/ somebody may have worked
        released = nbformat.writes(release_of(course, assignment)) + "\n"
        files[f"exercises/{assignment}/{assignment}.ipynb"] = released.encode("utf-8")
    files |= {path.name: path.read_bytes() for path in map(course.root.joinpath, LICENCES) if path.is_file()}
    files["README.md"] = README.format(
        wheel=name, version=__version__, lectures=len(list(course.lectures.glob("*.ipynb"))), name=assignments[0],
        example=f"exercises/{assignments[0]}/{assignments[0]}.ipynb", assignments=", ".join(assignments)).encode()
    return files


def wheel(course):
    """(name, bytes) of the course as a package, built here without a network from a copy of what belongs in it."""
    needed = ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXTS", "lib", "course/equations",
              "course/notation.toml")
    if missing := [name for name in needed if not (course.root / name).exists()]:
        raise UserError(f"The package cannot be built: {course.root} has no {missing[0]}. Make the bundle in a full "
                        "copy of the course's repository.")
    with tempfile.TemporaryDirectory() as folder:
        source, built = Path(folder, "source"), Path(folder, "wheel")
        for name in needed:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            if (course.root / name).is_dir():
                shutil.copytree(course.root / name, source / name, ignore=shutil.ignore_patterns(
                    "__pycache__", "*.ipynb", ".*", "classroom", "course-secret*"))
            else:
                shutil.copy(course.root / name, source / name)
        done = subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
                               "--no-index", "--disable-pip-version-check", "-w", str(built), str(source)],
                              capture_output=True, text=True, check=False)
        found = list(built.glob("*.whl"))
        if done.returncode or not found:
            why = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise UserError(f"The package could not be built ({why}); run: pip install hatchling editables")
        return found[0].name, found[0].read_bytes()


def searched(course, files):
    """UserError if something that learners must not get is anywhere in these files, also inside zips and wheels."""
    made = secret.place(course).is_file() or secret.backup(course).is_file()
    key = secret.of(course) if made else None
    secrets = (key, key.hex().encode(), key.hex().upper().encode()) if made else ()
    answers = model_answers(course)
    for name, data in _all(files):
        if any(one in data for one in secrets):
            raise UserError(f"{name} holds the course secret; take it out of there. No bundle was written.")
        if name.endswith(".ipynb"):
            text = _text(name, data)
            if "### BEGIN SOLUTION" in text or "### BEGIN HIDDEN TESTS" in text or any(a in text for a in answers):
                raise UserError(f"{name} holds a solution; run chainrule build, and look whether somebody has edited "
                                "it. No bundle was written.")
        if name.startswith(("solutions/", "classroom/")) or Path(name).name in ("gradebook.db", "course-secret"):
            raise UserError(f"{name} is not for learners. No bundle was written.")


def _all(files):
    """Every file, and every file in a zip or wheel."""
    for name, data in files.items():
        yield name, data
        if name.endswith((".zip", ".whl")):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                yield from _all({inner: archive.read(inner) for inner in archive.namelist()})


def model_answers(course):
    """The texts of answers in words, and of solution cells whole, as the instructor's notebooks have them."""
    answers = []
    for path in sorted(course.solutions.glob("*/*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if (cell.metadata.get("nbgrader") or {}).get("solution"):
                answers.append(cell.source.strip())
    return answers


def _text(name, data):
    """The cells of a notebook as one text."""
    try:
        return "\n\n".join("".join(cell["source"]) for cell in json.loads(data)["cells"])
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{name} is not a notebook that can be read. No bundle was written.") from None


def packed(files):
    """The zip; the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{TOP}/{name}", (2026, 1, 1, 0, 0, 0))
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return out.getvalue()
