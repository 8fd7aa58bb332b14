"""What every lecture has in common: how it opens and closes, its equations, figures, links and size."""
import re

import pytest

from tests.conftest import ROOT
from tests.lectures.reading import lectures, prose

LECTURES = list(lectures())
LARGEST = 600_000


def headings(notebook):
    """(level, text) of every Markdown heading outside code blocks."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL)
            found += [(len(m[1]), m[2]) for m in re.finditer(r"^(#{1,6}) (.+)$", text, flags=re.MULTILINE)]
    return found


def pictures(notebook):
    """(cell, output) for every picture a reader sees."""
    return [(cell, output) for cell in notebook.cells if cell.cell_type == "code"
            for output in cell.outputs if "image/png" in output.get("data", {})]


@pytest.mark.parametrize("name", LECTURES)
def test_a_lecture_opens_with_aims_needs_and_time_and_closes_with_questions(name):
    notebook = lectures()[name]
    opening = "\n".join(cell.source for cell in notebook.cells[:6])
    closing = "\n".join(cell.source for cell in notebook.cells[-6:])
    for words in ("**You will be able to**", "**You need**", "**Time**"):
        assert words in opening, f"{name} does not open with {words}"
    assert "<!-- dictionary: " in prose(notebook), f"{name} does not say who writes what"
    assert "## Summary" in prose(notebook) and "### Ask yourself" in prose(notebook)
    assert closing.count("<details>") >= 3 and closing.count("</details>") == closing.count("<details>")
    assert "exercise" in closing


@pytest.mark.parametrize("name", LECTURES)
def test_headings_start_with_one_title_and_skip_no_level(name):
    levels = [level for level, _ in headings(lectures()[name])]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False)), levels


@pytest.mark.parametrize("name", LECTURES)
def test_every_cited_equation_has_exactly_one_number(name):
    text, number = prose(lectures()[name]), str(int(name[:2]))
    tags = re.findall(r"\\tag\{([\d.]+)\}", text)
    assert len(tags) == len(set(tags)), "a number is given twice"
    assert all(tag.split(".")[0] == number for tag in tags)
    cited = {m for m in re.findall(r"\((\d{1,2}\.\d{1,2})\)", re.sub(r"\\tag\{[^}]*\}", "", text))
             if m.split(".")[0] == number}
    assert cited <= set(tags), f"cited but not there: {sorted(cited - set(tags))}"


@pytest.mark.parametrize("name", LECTURES)
def test_every_figure_has_a_caption_and_words_for_those_who_do_not_see_it(name):
    notebook = lectures()[name]
    captions = re.findall(r"\*\*Figure ([\d.]+)\.\*\*\s*(.+)", prose(notebook))
    numbers = [number for number, _ in captions]
    assert numbers == [f"{int(name[:2])}.{k}" for k in range(1, len(numbers) + 1)], "figures are numbered in order"
    for cell, output in pictures(notebook):
        alt = output.metadata.get("image/png", {}).get("alt", "")
        assert len(alt) >= 25, f"{cell.id} shows a figure without a telling `alt`"
        assert all(alt.strip(". ") != caption.strip(". ") for _, caption in captions)


def test_no_two_figures_have_the_same_words():
    alts = [output.metadata["image/png"]["alt"] for name in LECTURES for _, output in pictures(lectures()[name])]
    assert len(alts) == len(set(alts))


@pytest.mark.parametrize("name", LECTURES)
def test_a_lecture_is_silent_on_stderr_and_light(name):
    notebook = lectures()[name]
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr" and output.output_type != "error", cell.id
    assert (ROOT / "lectures" / f"{name}.ipynb").stat().st_size < LARGEST


@pytest.mark.parametrize("name", LECTURES)
def test_markup_is_portable_and_code_fits_a_cell(name):
    for cell in lectures()[name].cells:
        if cell.cell_type == "markdown":
            assert "```{" not in cell.source and ":::" not in cell.source, f"{cell.id}: a directive is raw text in JupyterLab"
            quoted = [line for line in cell.source.splitlines() if line.startswith(">")]
            assert all(line.count("$") % 2 == 0 for line in quoted), f"{cell.id}: a formula broken over two quoted lines"
            assert not re.search(r"\\texttt\{[^}]*\\_", cell.source), f"{cell.id}: MathJax shows the backslash"
            assert r"\label{" not in cell.source and r"\eqref" not in cell.source
        else:
            assert max(map(len, cell.source.splitlines()), default=0) <= 100, f"{cell.id}: a line is cut off"
            assert len(cell.source.splitlines()) <= 24, f"{cell.id}: too long to read at once"


@pytest.mark.parametrize("name", LECTURES)
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose(lectures()[name])):
        if not target.startswith(("http", "$", "\\")):
            assert (ROOT / "lectures" / target).exists(), target
