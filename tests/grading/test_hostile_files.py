"""Files that were tampered with, are broken, or carry scripts: marks, words and pages."""
import json
import re
from html.parser import HTMLParser

import nbformat
import pytest

from chainrule_grading.grading import Recorder, Submission, grade
from tests.grading.hostile import course, files
from tests.grading.test_hostile import INSTRUCTOR, RELEASE, graded

ALL = {"tampering": files.tampering(), "rescued": files.rescued(), "broken": files.broken()}


@pytest.mark.parametrize("name", ALL["tampering"])
def test_a_changed_frame_gains_nothing(name):
    result = graded(ALL["tampering"][name])
    assert result.earned == 0 and result.points == course.POINTS and not result.problem


@pytest.mark.parametrize("name", ["tests-emptied", "locks-removed", "tests-deleted", "points-raised"])
def test_right_work_in_a_changed_frame_keeps_its_marks_and_the_instructor_is_told(name):
    notebook = ALL["tampering"][name]
    for cell in notebook.cells:
        cell.source = course.RIGHT.get(cell.id, cell.source)
    result = graded(notebook)
    assert result.earned == course.POINTS and (result.flags or name == "points-raised")


@pytest.mark.parametrize("name", ALL["rescued"])
def test_right_work_in_an_odd_file_counts(name):
    result = graded(ALL["rescued"][name])
    assert result.earned == course.POINTS, (result.problem, result.flags)


@pytest.mark.parametrize("name", ALL["broken"])
def test_a_broken_file_gets_a_reason(name):
    result = graded(ALL["broken"][name])
    assert result.notebook is None and 20 < len(result.problem) < 250 and result.problem.endswith(".")


MATHS = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mstyle", "msub", "msup", "msubsup", "mover", "munder",
         "munderover", "mfrac", "msqrt", "mroot", "mtable", "mtr", "mtd"}
PLAIN = {"display", "alttext", "stretchy", "fence", "form", "accent", "width", "displaystyle", "scriptlevel", "style",
         "linethickness", "mathvariant", "minsize", "maxsize", "largeop", "movablelimits", "lspace", "rspace",
         "accentunder"}


class Alive(HTMLParser):
    """Collects what in a page could run or fetch: tags, handlers, addresses; in formulas all but plain layout."""
    INERT = ("#", "mailto:", "http://", "https://")

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "iframe", "object", "embed", "svg", "base", "form", "video", "link"):
            self.found.append(tag)
        if tag in MATHS:
            self.found += [(tag, name) for name, _ in attributes if name not in PLAIN]
        elif tag in ("annotation", "annotation-xml", "maction", "mglyph", "semantics", "merror", "menclose"):
            self.found.append(tag)
        for name, value in attributes:
            value = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or (name in ("srcdoc", "http-equiv") and "security-policy" not in value):
                self.found.append((tag, name))
            if name == "href" and not value.startswith(self.INERT):
                self.found.append((tag, value[:40]))
            if name == "src" and not value.startswith("data:image/"):
                self.found.append((tag, value[:40]))
    handle_startendtag = handle_starttag


@pytest.fixture(scope="module")
def recorder(tmp_path_factory):
    """A course folder whose only assignment is the catalogue's."""
    import shutil

    from chainrule_grading.course import Course
    from tests.conftest import ROOT
    root = tmp_path_factory.mktemp("hostile-course")
    for name, raw in (("solutions", INSTRUCTOR), ("exercises", RELEASE)):
        (root / name / "hostile").mkdir(parents=True)
        (root / name / "hostile/hostile.ipynb").write_bytes(raw)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    return Recorder(Course(root), "hostile")


def opened(recorder, notebook):
    """(feedback page, autograded notebook) of a submission."""
    folder = recorder.course.classroom / "submitted/mallory/hostile"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "hostile.ipynb"
    path.write_bytes(course.as_bytes(notebook))
    result = grade("mallory", "hostile", path.read_bytes(), RELEASE, instructor=INSTRUCTOR)
    recorder.record(result, Submission("mallory", "hostile", path))
    room = recorder.course.classroom
    return ((room / "feedback/mallory/hostile/hostile.html").read_text(encoding="utf-8"),
            nbformat.read(room / "autograded/mallory/hostile/hostile.ipynb", as_version=4))


def carrying(kind, name):
    notebook = course.handed_in(course.RIGHT)
    if kind == "markdown":
        notebook.cells.insert(1, nbformat.v4.new_markdown_cell(files.MARKDOWN[name]))
        notebook.cells[-1].source = files.MARKDOWN[name]
    elif kind == "output":
        notebook.cells.insert(1, nbformat.v4.new_code_cell(files.OUTPUTS[name]))
    else:
        next(cell for cell in notebook.cells if cell.id == "output").source = files.ANSWERS[name]
    return notebook


PAYLOADS = [(kind, name) for kind, group in (("markdown", files.MARKDOWN), ("output", files.OUTPUTS),
                                             ("answer", files.ANSWERS)) for name in group]


@pytest.mark.parametrize("kind, name", [pytest.param(*p, marks=[pytest.mark.proof] if k % 5 else [])
                                        for k, p in enumerate(PAYLOADS)])
def test_no_script_is_alive_in_what_people_open(recorder, kind, name):
    page, notebook = opened(recorder, carrying(kind, name))
    assert Alive(page).found == []
    assert "Content-Security-Policy" in page and "Score:" in page
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    kinds = {k for o in outputs for k in o.get("data", {})}
    assert kinds <= {"text/plain", "text/html", "image/png"}
    from nbconvert.exporters import HTMLExporter
    body = HTMLExporter(template_name="basic").from_notebook_node(notebook)[0]      # as anybody may convert it
    assert Alive(body).found == []


def test_the_test_of_scripts_would_see_one():
    for text in files.MARKDOWN.values():
        if text.startswith(("<script", "<img", "<svg", "<iframe", "<a ", "<form", "<details", "<button")):
            assert Alive(text).found, text


def test_the_feedback_shows_the_card_and_not_what_is_hidden(recorder):
    notebook = course.handed_in(course.RIGHT | {"slope": "def slope(z):\n    return 1 - np.tanh(z)**2 * (z.ndim < 2)",
                                                "output": course.WRONG["output"]})
    page, autograded = opened(recorder, notebook)
    assert "Not yet · delta.output" in page and "border-left" in page.split("delta.output")[-3][-400:] + page
    assert "A test that is not shown did not pass." in page
    for text in (page, json.dumps(autograded)):
        assert course.CANARY not in text and "HIDDEN" not in text and "einsum" not in text
