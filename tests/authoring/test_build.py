"""Text and notebooks: one way, reproducible, and with a way back that loses nothing."""
import json

import nbformat
import pytest

from chainrule_grading import authoring
from chainrule_grading.authoring import (
    assignment,
    build,
    checked_exercise,
    dictionary,
    drift,
    lecture,
    source_of,
    write,
    write_back,
)
from chainrule_grading.course import UserError, nbgrader_config

HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

"""


def sources(course, kind):
    return sorted(course.sources.glob("lectures/*.md" if kind == "lectures" else "assignments/*/*.md"))


def test_every_notebook_agrees_with_its_text(course):
    """Solutions and exercises are compared whole; lectures without running them (their outputs: tests/lectures)."""
    for product in build(course, say=lambda _: None, run_lectures=False):
        if product.path.parent == course.lectures:
            there = nbformat.read(product.path, as_version=4)
            assert [(c.id, c.source) for c in there.cells] == \
                   [(c.id, c.source) for c in product.notebook.cells], product.path
        else:
            assert drift(product) == "", product.path


def test_no_notebook_lies_about_that_no_text_makes(course):
    made = {p.path for p in build(course, say=lambda _: None, run_lectures=False)}
    for folder in (course.lectures, course.solutions, course.exercises):
        assert {p for p in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts} <= made


def test_a_second_build_changes_nothing(copy):
    first = [write(p) for p in build(copy, "delta", say=lambda _: None, run_lectures=False)]
    second = [write(p) for p in build(copy, "delta", say=lambda _: None, run_lectures=False)]
    assert first and not any(second)


@pytest.mark.parametrize("kind", ["lectures", "assignments"])
def test_the_way_back_gives_the_same_text(course, kind):
    for path in sources(course, kind):
        notebook = course.lectures / f"{path.stem}.ipynb" if kind == "lectures" else \
            course.solutions / path.parent.name / f"{path.stem}.ipynb"
        target, text = source_of(course, notebook)
        assert target == path
        assert text == path.read_text(encoding="utf-8"), f"{path} is not as chainrule build --from would write it"


def test_an_edited_notebook_comes_back_as_text_and_the_old_text_is_kept(copy):
    path = copy.solutions / "delta" / "delta.ipynb"
    before = (copy.sources / "assignments" / "delta" / "delta.md").read_text(encoding="utf-8")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source += "\n\nA new sentence."
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    target, backup = write_back(copy, path)
    assert "A new sentence." in target.read_text(encoding="utf-8")
    assert backup.read_text(encoding="utf-8") == before


def test_a_release_cannot_be_written_back(copy):
    with pytest.raises(UserError, match="edit the notebook in solutions/"):
        source_of(copy, copy.exercises / "delta" / "delta.ipynb")


def test_a_notebook_from_elsewhere_cannot_be_written_back(copy, tmp_path):
    with pytest.raises(UserError, match="neither in lectures/ nor in solutions/"):
        source_of(copy, tmp_path / "x.ipynb")


@pytest.mark.parametrize("change, word", [
    (lambda nb: nb.cells.pop(), "cells"),
    (lambda nb: nb.cells[1].update(source=nb.cells[1].source + " "), "text"),
    (lambda nb: nb.cells[1].update(id="another"), "id"),
    (lambda nb: nb.cells[1].metadata.update(extra=1), "metadata"),
    (lambda nb: nb.metadata.update(extra=1), "metadata"),
])
def test_drift_is_seen(copy, change, word):
    product = next(p for p in build(copy, "delta", say=lambda _: None, run_lectures=False)
                   if p.path.parent.parent == copy.exercises)
    notebook = nbformat.read(product.path, as_version=4)
    change(notebook)
    product.path.write_text(nbformat.writes(notebook), encoding="utf-8")
    assert word in drift(product)


def test_drift_of_an_output_is_seen_but_not_of_a_picture(tmp_path):
    def notebook(number, picture):
        outputs = [nbformat.v4.new_output("stream", text=number),
                   nbformat.v4.new_output("display_data", {"image/png": picture, "text/plain": "<Figure>"})]
        return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", id="a", outputs=outputs)])
    path = tmp_path / "x.ipynb"
    path.write_text(nbformat.writes(notebook("1.0", "AAAA")), encoding="utf-8")
    assert drift(authoring.Product(path, notebook("1.0", "BBBB"))) == ""
    assert "output" in drift(authoring.Product(path, notebook("1.1", "AAAA")))


def test_dry_run_writes_nothing_and_fails_on_drift(copy, capsys):
    path = copy.exercises / "delta" / "delta.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("YOUR CODE HERE", "MY CODE HERE"), encoding="utf-8")
    for lecture_text in sources(copy, "lectures"):
        lecture_text.unlink()
    before = path.read_bytes()
    assert authoring.main(copy, dry_run=True) == 1
    assert "exercises/delta/delta.ipynb differs" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_releases_equal_what_nbgrader_itself_makes(copy):
    """Our in-memory release is byte for byte what `nbgrader generate_assignment` writes."""
    from nbgrader.apps import NbGraderAPI

    from chainrule_grading.grading import quiet
    ours = (copy.exercises / "delta" / "delta.ipynb").read_bytes()
    (copy.exercises / "delta" / "delta.ipynb").unlink()
    with quiet():
        outcome = NbGraderAPI(config=nbgrader_config(copy)).generate_assignment("delta", force=True)
    assert outcome["success"], outcome["log"]
    theirs = (copy.exercises / "delta" / "delta.ipynb").read_bytes()
    assert json.loads(theirs) == json.loads(ours)


def test_no_solution_leaks_into_a_release(course):
    for path in course.exercises.glob("*/*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert "BEGIN SOLUTION" not in text and "BEGIN HIDDEN" not in text
        release = nbformat.read(path, as_version=4)
        for cell in release.cells:
            about = cell.metadata.get("nbgrader", {})
            if about.get("solution"):
                assert "raise NotImplementedError()" in cell.source or cell.source == "YOUR ANSWER HERE"


def test_points_come_from_the_registry(course):
    from chainrule.exercises import find
    for path in course.exercises.glob("*/*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if checked := checked_exercise(cell):
                assert cell.metadata.nbgrader.points == find(checked).points


@pytest.mark.parametrize("source, expected", [
    ('check("delta.a", f)', "delta.a"), ('x = 1\ncheck("delta.a", f)', "delta.a"),
    ('check("delta.a", f)\nx = 1', None), ('# check("delta.a", f)', None), ("check(", None), ("", None),
])
def test_a_check_is_known_by_its_last_statement(source, expected):
    assert checked_exercise(nbformat.v4.new_code_cell(source)) == expected


def md(tmp_path, body):
    path = tmp_path / "x.md"
    path.write_text(HEADER + body, encoding="utf-8")
    return path


SOLUTION = "```{code-cell} ipython3\ndef f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n```\n\n"


def test_a_check_without_a_solution_is_refused(tmp_path, course):
    some = next(c for c in map(checked_exercise, assignment(sources(course, "assignments")[0]).cells) if c)
    with pytest.raises(UserError, match="no solution cell before it"):
        assignment(md(tmp_path, f'```{{code-cell}} ipython3\ncheck("{some}", f)\n```\n'))


def test_a_solution_without_a_check_is_refused(tmp_path):
    with pytest.raises(UserError, match="not followed by a check"):
        assignment(md(tmp_path, SOLUTION))
    with pytest.raises(UserError, match="not followed by a check"):
        assignment(md(tmp_path, SOLUTION + SOLUTION))


def test_the_dictionary_names_every_role_and_goes_away_again(tmp_path):
    table = dictionary(["LFD", "TAYLOR"])
    assert "pre-activation" in table and "the signal" in table and "excitation" not in table
    assert authoring.DICTIONARY.sub("gone", table) == "gone"
    notebook = lecture(md(tmp_path, "# T\n\n+++\n\n<!-- dictionary: LFD, TAYLOR -->\n"))
    assert notebook.cells[1].source == table


def test_a_dictionary_of_an_unknown_deck_is_refused():
    with pytest.raises(UserError, match="'LFX'"):
        dictionary(["LFX"])


def test_a_failing_lecture_is_named_with_its_error(copy):
    for path in sources(copy, "lectures"):
        path.unlink()
    (copy.sources / "lectures" / "99-broken.md").write_text(
        HEADER + "```{code-cell} ipython3\n1 / 0\n```\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"(?s)99-broken.md: A cell fails: ZeroDivisionError"):
        list(build(copy, "99-broken", say=lambda _: None))


def test_a_text_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UserError, match=r"x\.md cannot be read as MyST text"):
        lecture(md(tmp_path, "```{code-cell} ipython3\n:alt: one: two: three\n\n1\n```\n"))


def test_an_unknown_name_is_refused(copy):
    with pytest.raises(UserError, match="No lecture or assignment"):
        list(build(copy, "nonesuch", say=lambda _: None))


def test_figures_carry_their_alternative_text(tmp_path):
    path = md(tmp_path, "```{code-cell} ipython3\n:alt: a rising line\n\n"
                        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);\n```\n")
    notebook = authoring.execute(lecture(path), tmp_path)
    picture = next(o for o in notebook.cells[0].outputs if "image/png" in o.get("data", {}))
    assert picture.metadata["image/png"]["alt"] == "a rising line"
    assert notebook.cells[0].metadata["mystnb"]["image"]["alt"] == "a rising line"
