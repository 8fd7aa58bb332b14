"""Where a course lies on disk, and the one kind of error a command prints as a single sentence."""
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

LEARNER = re.compile(r"[A-Za-z0-9][\w.@-]{0,63}")          # a learner's name: a folder, and a row of the gradebook


class UserError(Exception):
    """Something the user can mend: one sentence that names the thing, what was expected, and the cure."""


@dataclass(frozen=True)
class Course:
    """The folders of one course. `classroom` holds running state; the rest belongs to the repository."""
    root: Path

    @property
    def sources(self):
        return self.root / "course"

    @property
    def lectures(self):
        return self.root / "lectures"

    @property
    def solutions(self):
        return self.root / "solutions"

    @property
    def exercises(self):
        return self.root / "exercises"

    @property
    def classroom(self):
        return self.root / os.environ.get("CHAINRULE_CLASSROOM", "classroom")

    def assignments(self):
        """The names of the assignments that have been released."""
        return sorted(p.parent.name for p in self.exercises.glob("*/*.ipynb"))

    def release(self, assignment):
        """The release notebook of an assignment; UserError if there is none."""
        path = self.exercises / assignment / f"{assignment}.ipynb"
        if not path.is_file():
            raise UserError(f"There is no assignment called {assignment!r}; the course has "
                            f"{', '.join(self.assignments()) or 'none yet: run chainrule build'}.")
        return path


def find_course(start=None):
    """The course around `start` (the current folder unless given); UserError if there is none."""
    start = Path(start or os.environ.get("CHAINRULE_COURSE") or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "nbgrader_config.py").is_file() and (folder / "exercises").is_dir():
            return Course(folder)
    raise UserError(f"{start} is not inside a chainrule course; change into the folder that holds exercises/ and "
                    "nbgrader_config.py, or name it in CHAINRULE_COURSE.")


def nbgrader_config(course):
    """nbgrader's configuration of this course, as its own commands read it.

    nbgrader creates a gradebook by calling the program `alembic`; its folder must be on PATH, or the
    gradebook is made without a version and later upgrades fail.
    """
    from traitlets.config import PyFileConfigLoader

    programs = str(Path(sys.executable).parent)
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = programs + os.pathsep + os.environ.get("PATH", "")
    return PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()


def write_atomically(path, data):
    """Write bytes or text so that a reader sees the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    os.replace(temporary, path)
