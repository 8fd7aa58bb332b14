"""What is wrong around a class, made to be really so: one sentence with the cure, and no work is begun."""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from chainrule_grading import demo
from chainrule_grading.course import Course
from tests.conftest import ROOT
from tests.grading.ordinary import UID

GRADE = ["-m", "chainrule_grading.cli", "grade", "delta"]


@pytest.fixture
def of_anybody(course):
    """A course with one submission, in a folder that an ordinary user owns."""
    root = Path(tempfile.mkdtemp(prefix="chainrule-anybody-"))
    for name in ("course", "solutions", "exercises"):
        shutil.copytree(course.root / name, root / name)
    shutil.copy(course.root / "nbgrader_config.py", root)
    here = Course(root)
    demo.hand_in(here, [demo.read_learner(here.sources / "class/ada.py")])
    if os.getuid() == 0:
        for path in (root, *root.rglob("*")):
            os.chown(path, UID, UID)
    yield here
    shutil.rmtree(root)


def as_anybody(here, command, **environment):
    """Run Python with these arguments as an ordinary user, in the course's folder."""
    become = ["-m", "tests.grading.ordinary"] if os.getuid() == 0 else []
    return subprocess.run([sys.executable, *become, *command], capture_output=True, text=True, check=False,
                          cwd=here.root, env=os.environ | {"PYTHONPATH": str(ROOT)} | environment)


def refused(done, here, *words):
    assert done.returncode == 2, done.stdout + done.stderr[-1500:]
    assert done.stderr.startswith("chainrule: ") and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
    for text in words:
        assert text in done.stderr, done.stderr
    assert not (here.classroom / "autograded").exists() and not (here.classroom / "feedback").exists()


def test_nothing_is_wrong_with_the_course_of_these_tests(of_anybody):
    done = as_anybody(of_anybody, GRADE)
    assert done.returncode == 0 and "27 / 27" in done.stdout, done.stdout + done.stderr[-1500:]


def test_bubblewrap_is_missing(of_anybody, tmp_path):
    done = as_anybody(of_anybody, GRADE, PATH=str(tmp_path))
    refused(done, of_anybody, "bubblewrap is not installed", "apt install bubblewrap", "--accept-isolation=none")


def test_user_namespaces_are_switched_off(of_anybody):
    """In a user namespace of its own whose limit on further ones is zero, as `sysctl user.max_user_namespaces=0`."""
    off = ("import ctypes, os, sys\nuid, gid = os.getuid(), os.getgid()\n"
           "assert ctypes.CDLL(None).unshare(0x10000000) == 0\n"
           "for name, text in (('setgroups', 'deny'), ('uid_map', f'{uid} {uid} 1'), ('gid_map', f'{gid} {gid} 1')):\n"
           "    open(f'/proc/self/{name}', 'w').write(text)\n"
           "open('/proc/sys/user/max_user_namespaces', 'w').write('0')\n"
           f"os.execv(sys.executable, [sys.executable, *{GRADE!r}])")
    done = as_anybody(of_anybody, ["-c", off])
    refused(done, of_anybody, "user.max_user_namespaces", "--accept-isolation=none")


def test_a_folder_cannot_be_read(of_anybody):
    folder = of_anybody.classroom / "submitted/ada"
    folder.chmod(0)
    try:
        refused(as_anybody(of_anybody, GRADE), of_anybody, f"{folder} cannot be read", "chmod u+rx")
    finally:
        folder.chmod(0o755)


@pytest.mark.parametrize("twin", ["ADA", "ａda", "ada "])
def test_two_learners_have_one_id(of_anybody, twin):
    shutil.copytree(of_anybody.classroom / "submitted/ada", of_anybody.classroom / "submitted" / twin)
    refused(as_anybody(of_anybody, GRADE), of_anybody, "are one learner to some systems", "rename or merge")


def test_the_assignment_is_unknown(of_anybody):
    done = as_anybody(of_anybody, [*GRADE[:-1], "dleta"])
    refused(done, of_anybody, "no assignment called 'dleta'", "the course has")


@pytest.mark.parametrize("spoil, words", [
    (lambda book: book.executescript("create table course (id text); insert into course values ('physics')"),
     ("gradebook of the course 'physics'", "CHAINRULE_CLASSROOM")),
    (lambda book: book.executescript("create table marks (id text)"), ("not a gradebook that can be read",))])
def test_the_gradebook_is_another_courses(of_anybody, spoil, words):
    path = of_anybody.classroom / "gradebook.db"
    with closing(sqlite3.connect(path)) as book:
        spoil(book)
        book.commit()
    before = path.read_bytes()
    refused(as_anybody(of_anybody, GRADE), of_anybody, *words)
    assert path.read_bytes() == before, "it was not touched"
