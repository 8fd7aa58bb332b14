"""What several test folders share: the repository as a course, and a copy of it that a test may change."""
import os
import shutil
from pathlib import Path

import pytest

from chainrule_grading.course import Course, find_course

ROOT = Path(__file__).resolve().parent.parent

# Tests must not depend on, or touch, what the person who runs them has learned or configured.
os.environ.pop("CHAINRULE_CLASSROOM", None)
os.environ.pop("NBGRADER_EXECUTION", None)
os.environ["OPENBLAS_NUM_THREADS"] = "1"


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory, monkeypatch):
    """Each test has its own progress file."""
    monkeypatch.setenv("CHAINRULE_STATE", str(tmp_path_factory.mktemp("state")))


@pytest.fixture(scope="session")
def course():
    """The course in this repository; read only."""
    return find_course(ROOT)


@pytest.fixture
def copy(tmp_path, course):
    """A copy of the course with an empty classroom, for tests that write."""
    target = tmp_path / "course-copy"
    for name in ("course", "lectures", "solutions", "exercises"):
        shutil.copytree(course.root / name, target / name)
    shutil.copy(course.root / "nbgrader_config.py", target)
    return Course(target)
