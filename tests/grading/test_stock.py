"""The positive control: the same catalogue against nbgrader's own way to run a notebook, where it must succeed.

A catalogue that gains nothing anywhere would prove nothing. Each mechanism counts once, however much it gains.
"""
import contextlib
import json
import signal

import nbformat
import psutil
import pytest

from tests.grading.hostile import course, files
from tests.grading.test_hostile import ALL, CANARY, graded
from tests.grading.test_hostile_files import Alive

WORKS = 60                        # at least so many mechanisms succeed against nbgrader's own Execute


# Where our marks differ from nbgrader's on honest work: what course/teach/safety.md says, and where it shows here.
FAULTS = {
    "anything on stderr in a test cell, a warning for instance, costs all its points":
        {"stderr", "warnings", "runtime-warning", "logging"},
    "a function that works in place changes the test's own variables": {"in-place-gradient"},
    "a submission that ends Python has no mark at all": {"ends-python"},
    "a file that is not in plain UTF-8, or has a field of an odd kind, is not read":
        {"utf-16", "utf-8-bom", "latin-1", "half-a-character", "odd-fields", "no-metadata-of-the-notebook"},
    "a file that a browser renamed is skipped": set(),      # test_class.py, …_finds_a_file_that_a_browser_renamed
}


def executed(notebook, folder):
    """nbgrader's Execute on the notebook with the instructor's tests in it, as its autograde would."""
    from nbgrader.preprocessors import Execute
    tests = {cell.id: cell.source for cell in course.instructor().cells if cell.id.startswith("test")}
    for cell in notebook.cells:
        cell.source = tests.get(cell.id, cell.source)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "hostile.ipynb"
    path.write_text(json.dumps(notebook))
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(20)                              # some stop nbgrader for good, whatever its own time limit says
    try:
        return Execute(timeout=4).preprocess(notebook, {"metadata": {"path": str(folder)}})[0]
    finally:
        signal.alarm(0)
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):              # it may have ended by itself
                if "ipykernel_launcher" in " ".join(child.cmdline()):
                    child.kill()


def _too_long(*_):
    raise TimeoutError("nbgrader waits for ever")


def gained(notebook):
    from nbgrader.utils import determine_grade
    return sum(determine_grade(cell)[0] or 0 for cell in notebook.cells if cell.id.startswith("test"))


def read(notebook):
    """Whether the learner's own cells told a canary. A failing hidden test shows its text by itself: not counted."""
    own = [cell.get("outputs") for cell in notebook.cells if not cell.id.startswith("test")]
    return f"{CANARY}-" in json.dumps(own).replace("canary-4b1d-[a-z]", "") or "answers found" in json.dumps(own)


@pytest.mark.proof
@pytest.mark.filterwarnings("ignore")
def test_the_same_catalogue_succeeds_against_a_grader_without_walls(tmp_path, monkeypatch, capsys):
    from nbconvert.exporters import HTMLExporter
    home = tmp_path / "home"
    home.mkdir()
    (home / "canary").write_text(f"{CANARY}-home")
    other = tmp_path / "submitted/ada"
    other.mkdir(parents=True)
    (other / "other.ipynb").write_text(f'"{CANARY}-other"')
    here = tmp_path / "submitted/mallory/hostile"
    here.mkdir(parents=True)
    for name, value in (("CANARY_VALUE", f"{CANARY}-environment"), ("CANARY_HOME", str(home)),
                        ("IPYTHONDIR", str(tmp_path / "ipython")), ("HOME", str(home))):
        monkeypatch.setenv(name, value)
    # What would hurt the machine that runs this test is left out; so is what searches all of its disk.
    dangerous = {"kill-parent", "gradebook-write", "gradebook-read", "ptrace-parent", "sitecustomize",
                 "kernel-connection-files", "solutions-on-disk", "temp-folders", "own-notebook-with-tests",
                 "other-submissions", "raw-device", "keyring", "setuid", "udp-and-dns", "chroot-escape",
                 "mount-to-escape", "new-user-namespace", "parent-memory", "peer-of-the-socket", "url-fetch"}
    works, ungraded = [], []
    for case in ALL:
        if case.kind not in ("marks", "secrets") or case.name in dangerous:
            continue
        try:
            notebook = executed(case.notebook(), here)
        except Exception as stopped:              # nbgrader leaves such a submission without a mark
            ungraded.append((case.name, type(stopped).__name__))
            continue
        if gained(notebook) if case.kind == "marks" else read(notebook):
            works.append(f"{case.kind} {case.name}")
    for name, text in files.MARKDOWN.items():
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
        if Alive(HTMLExporter(template_name="basic").from_notebook_node(notebook)[0]).found:
            works.append(f"markdown {name}")
    for name, code in files.OUTPUTS.items():
        notebook = executed(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]), here)
        if Alive(HTMLExporter(template_name="basic").from_notebook_node(notebook)[0]).found:
            works.append(f"output {name}")
    with capsys.disabled():
        print(f"\n{len(works)} mechanisms succeed against nbgrader's own Execute: {', '.join(works)}"
              f"\n{len(ungraded)} leave their submission ungraded: {ungraded}")
    assert len(works) >= WORKS


def stocks_mark(notebook, folder):
    """What nbgrader's own way gives, or None if it leaves the submission without a mark."""
    try:
        return gained(executed(notebook, folder))
    except Exception:
        return None


def test_the_list_of_differences_is_in_the_handbook(course_root):
    text = " ".join((course_root / "course/teach/safety.md").read_text(encoding="utf-8").split())
    for fault in FAULTS:
        assert fault in text, fault


@pytest.fixture
def course_root():
    from tests.conftest import ROOT
    return ROOT


@pytest.mark.filterwarnings("ignore")
def test_a_submission_that_ends_python_after_its_last_answer_keeps_its_marks_here_and_none_there(tmp_path):
    notebook = course.handed_in(course.RIGHT)
    notebook.cells.append(nbformat.v4.new_code_cell("import os; os._exit(0)", id="ends"))
    assert stocks_mark(notebook, tmp_path) is None
    notebook = course.handed_in(course.RIGHT)
    notebook.cells.append(nbformat.v4.new_code_cell("import os; os._exit(0)", id="ends"))
    assert graded(notebook).earned == course.POINTS


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", files.rescued())
def test_odd_files_that_nbgrader_cannot_read_are_those_of_the_list(name, tmp_path):
    """All of them are worth full marks here (test_hostile_files.py)."""
    path = tmp_path / "hostile.ipynb"
    path.write_bytes(files.rescued()[name])
    try:
        nbformat.validate(nbformat.read(path, as_version=4))
        json.dumps(nbformat.read(path, as_version=4), ensure_ascii=False).encode()
        readable = True
    except Exception:
        readable = False
    if name != "format-3":                        # nbgrader asks for such files to be saved anew
        assert readable == (name not in set.union(*FAULTS.values()))


@pytest.mark.proof
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", [case for case in ALL if case.kind == "honest"], ids=lambda case: case.name)
def test_honest_work_has_the_same_mark_in_every_cell_but_for_the_list(case, tmp_path):
    """Cell by cell; ours is the full mark on all of them (test_hostile.py)."""
    notebook = executed(case.notebook(), tmp_path)
    from nbgrader.utils import determine_grade
    stocks = {cell.id: determine_grade(cell)[0] for cell in notebook.cells if cell.id.startswith("test")}
    ours = {mark.name: mark.earned for mark in graded(case.notebook()).marks if not mark.written}
    assert (stocks == ours) == (case.name not in set.union(*FAULTS.values())), (stocks, ours)
    assert all(stocks[name] <= ours[name] for name in ours)
