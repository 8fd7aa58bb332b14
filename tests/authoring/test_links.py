"""Numbers of equations are links in every lecture; the text in course/ has them plain, and the way back keeps it so."""
import re

import nbformat
import pytest

from chainrule_grading import links

PLACES = {"7.1": "07-delta", "5.4": "05-graphs"}
EQUATION = "\\begin{equation*}\nx\n\\tag{7.1}\n\\end{equation*}"


@pytest.mark.parametrize("text, made", [
    ("by (7.1) it is", "by [(7.1)](#eq-7-1) it is"),
    ("and (5.4), there", "and [(5.4)](05-graphs.ipynb#eq-5-4), there"),
    ("## Proof of (7.1)", "## Proof of (7.1)"), ("`f(7.1)` and $g(7.1)$", "`f(7.1)` and $g(7.1)$"),
    ("about (9.9) of it", "about (9.9) of it"), ("see [that (7.1)](x.md)", "see [that (7.1)](x.md)"),
    (EQUATION, '<a id="eq-7-1"></a>\n\n' + EQUATION),
    ("a\n\n" + EQUATION.replace("\\tag{7.1}\n", ""), "a\n\n" + EQUATION.replace("\\tag{7.1}\n", ""))])
def test_numbers_in_prose_become_links_and_numbered_equations_get_anchors(text, made):
    assert links.linked(text, "07-delta", PLACES) == made
    assert links.plain(made) == text


def test_the_book_gets_targets_in_place_of_anchors():
    made = links.for_book(links.linked(f"By (7.1):\n\n{EQUATION}", "07-delta", PLACES))
    assert made == f"By [(7.1)](#eq-7-1):\n\n(eq-7-1)=\n{EQUATION}"


def test_every_number_that_a_lecture_cites_leads_to_its_equation(course):
    read = {path.stem: nbformat.read(path, as_version=4) for path in course.lectures.glob("*.ipynb")}
    text = {name: "\n\n".join(cell.source for cell in lecture.cells if cell.cell_type == "markdown")
            for name, lecture in read.items()}
    anchors = {name: re.findall(r'<a id="(eq-[\d-]+)"></a>\n\n\\begin', lecture) for name, lecture in text.items()}
    assert sum(map(len, anchors.values())) == len(set().union(*anchors.values())) > 120
    cited = [(name, place.removesuffix(".ipynb") or name, anchor) for name, lecture in text.items()
             for place, anchor in re.findall(r"\[\(\d+\.\d+\)\]\(([\w.-]*)#(eq-[\d-]+)\)", lecture)]
    assert len(cited) > 120
    assert not [link for link in cited if link[2] not in anchors.get(link[1], ())]


def test_the_text_in_course_holds_no_link_that_the_build_makes(course):
    for path in (course.sources / "lectures").glob("*.md"):
        text = path.read_text(encoding="utf-8")
        assert links.plain(text) == text, path.name
