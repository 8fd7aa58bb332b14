"""Where a course lies on disk, how learners may be called, and the one kind of error that is a single sentence."""
import contextlib
import os
import re
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

LONGEST = 200                                     # bytes of a learner's name: file names have 255, and hold more
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)       # Windows', nul.txt too


class UserError(Exception):
    """Something the user can mend: one sentence that names the thing, what was expected, and the cure."""


def spelt(name):
    """A name in the one spelling that is kept: Unicode has two for é, and macOS and Linux each prefer another."""
    return unicodedata.normalize("NFC", name)


def no_name(name):
    """Why this cannot be a learner's name, which is a folder and a row of the gradebook; "" if it can be one."""
    kinds = [unicodedata.category(sign)[0] for sign in spelt(name)]
    if not kinds or kinds[0] not in "LN" or any(
            kind not in "LMN" and sign not in "._-@" for kind, sign in zip(kinds, spelt(name), strict=True)):
        return "use letters and digits of any script and . _ - @, with a letter or digit first"
    if len(name) > 64 or len(spelt(name).encode()) > LONGEST:
        return "use at most 64 letters"
    if DEVICES.fullmatch(name) or name.endswith("."):
        return "no folder can be called so on Windows; use another"
    return ""


@contextlib.contextmanager
def said_in_a_sentence(where, always=False):
    """A file or folder that cannot be read or written is the user's to mend: UserError.

    It names the file at fault, or `where` if the error names none, or `always`: rmtree's errors have half a path.
    """
    try:
        yield
    except Exception as failed:
        if not isinstance(failed, OSError) and type(failed).__name__ != "OperationalError":     # of SQLAlchemy
            raise
        if isinstance(failed, BrokenPipeError):   # whoever reads what is printed has gone: no file is at fault
            raise
        why = getattr(failed, "strerror", None) or str(getattr(failed, "orig", failed))
        named = None if always else getattr(failed, "filename", None)
        path = Path(os.fsdecode(named)) if isinstance(named, str | bytes) else Path(where)
        if found := re.fullmatch(r"\.(.+)\.tmp", path.name):       # the file that was to become it: write_atomically
            path = path.with_name(found[1])
        if isinstance(failed, FileExistsError | NotADirectoryError):
            raise UserError(f"{path} cannot be written, for there is a file where a folder is needed; move it away, or "
                            "name another place. Nothing is lost.") from failed
        raise UserError(f"{path} cannot be {'read' if _only_read(failed) else 'written'} ({why}); make room there, or "
                        "give yourself the right to, and run the command again. Nothing is lost.") from failed


def _only_read(failed):
    """Whether a file is there, and its owner does not let us read it."""
    named = getattr(failed, "filename", None)
    return isinstance(failed, PermissionError) and named is not None and os.path.isfile(named) and \
        not os.access(named, os.R_OK)


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
