"""Numbered equations: the build links every mention, the links lead somewhere, and the text comes back without them."""
import re

import nbformat
import pytest

from chainrule_grading import numbers
from chainrule_grading.authoring import elsewhere

EQUATION = "a\n\n\\begin{equation*}\nx\n\\tag{7.1}\n\\end{equation*}\n\n\\begin{equation*}\ny\n\\end{equation*}"
THERE = {"5.4": ("05-graphs.ipynb", "cell-040")}


def linked(text):
    """A Markdown cell of lecture 7, which has one numbered equation, as the build makes it."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(t) for t in (text, EQUATION)])
    numbers.link(notebook, THERE.get)
    return notebook.cells[0].source


@pytest.mark.parametrize("text, made", [
    ("by (7.1) it is", "by [(7.1)](#eq-7-1) it is"),
    ("as (7.1), (5.4)", "as [(7.1)](#eq-7-1), [(5.4)](05-graphs.ipynb#cell-id=cell-040)"),
    *[(same, same) for same in ("## Proof of (7.1)", "`f(7.1)` and $g(7.1)$", "$$\n(7.1)\n$$", "```\n(7.1)\n```",
                                "about (9.9) of it", "see [that (7.1)](x.md)", "<summary>Why (7.1)?</summary>")],
])
def test_numbers_in_prose_become_links_and_the_way_back_takes_them_out(text, made):
    assert linked(text) == made
    assert numbers.plain(made) == text


def test_an_anchor_stands_before_a_numbered_equation_and_no_other():
    made = linked(EQUATION)
    assert made.count("<a id=") == 1 and '<a id="eq-7-1"></a>\n\n\\begin{equation*}\nx' in made
    assert numbers.plain(made) == EQUATION


def test_links_and_anchors_of_an_author_stay():
    for own in ("[(7.1)](https://example.org)", '<a id="mine"></a>\n\nx', "[all](05-graphs.ipynb#cell-id=cell-040)"):
        assert numbers.plain(own) == own


def test_an_equation_of_another_lecture_is_found_and_one_that_is_not_there_is_not(course):
    text = course.sources / "lectures" / "07-delta-recursion.md"
    file, id = elsewhere(text, "5.11")
    cells = {c.id: c.source for c in nbformat.read(course.lectures / file, as_version=4).cells}
    assert file == "05-graphs-and-gates.ipynb" and r"\tag{5.11}" in cells[id]
    assert elsewhere(text, "5.99") is None and elsewhere(text, "77.1") is None


def unlinked(cells):
    """Numbers in prose that are no links, and links whose target is not there: (cell, what)."""
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    anchors, wrong = re.findall(r'<a id="([^"]+)"></a>', text), []
    for cell in cells:
        if cell.cell_type == "markdown":
            wrong += [(cell.id, found[1]) for found in numbers.MENTION.finditer(cell.source) if found[1]]
            wrong += [(cell.id, to) for number, to in re.findall(r"\[\(([\d.]+)\)\]\(#([^)]*)\)", cell.source)
                      if to != numbers.name(number) or anchors.count(to) != 1]
    return wrong


def test_every_mention_in_the_lectures_is_a_link_to_an_equation(course):
    total = 0
    for path in sorted(course.lectures.glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        assert unlinked(cells) == [], path.name
        made = [to for c in cells if c.cell_type == "markdown" for to in re.findall(r"\]\(#(eq-[^)]*)\)", c.source)]
        total += len(made)
        for number, id in numbers.numbers_in(nbformat.from_dict({"cells": cells})).items():
            source = next(c.source for c in cells if c.id == id)
            before = source[:source.index(rf"\tag{{{number}}}")]
            assert before.rpartition("<a id=")[2].startswith(f'"{numbers.name(number)}"></a>'), number
    assert total > 120


@pytest.mark.parametrize("text", ["by (7.1)", "by (7.99)", "by [(7.1)](#eq-7-2)", "by [(7.99)](#eq-7-99)"])
def test_a_mention_without_a_link_or_a_link_to_nowhere_is_noticed(text):
    cells = [nbformat.v4.new_markdown_cell(t) for t in (text, linked(EQUATION))]
    assert [id for id, _ in unlinked(cells)] == [cells[0].id]
