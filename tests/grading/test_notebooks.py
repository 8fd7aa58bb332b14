"""Files as learners hand them in: what is read, what is refused and with which words, and what is put back."""
import json
import os

import nbformat
import pytest

from chainrule_grading import notebooks
from chainrule_grading.course import UserError
from chainrule_grading.notebooks import LARGEST, Limits, Unreadable, as_user_error, parse, read, restore, run

code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell


def graded(cell, name, **about):
    cell.metadata["nbgrader"] = {"grade_id": name, "grade": False, "solution": False, "locked": False,
                                 "schema_version": 3, "task": False} | about
    cell.id = name
    return cell


@pytest.fixture
def release():
    return nbformat.v4.new_notebook(cells=[
        text("# Title", id="cell-000"),
        graded(code("import numpy as np"), "given-1", locked=True),
        graded(code("def f():\n    raise NotImplementedError()"), "a", solution=True),
        code("# trials", id="cell-003"),
        graded(code("check('a', f)"), "check-a", grade=True, locked=True, points=2),
        graded(text("YOUR ANSWER HERE"), "words", grade=True, solution=True, points=3),
    ])


def changed(release, **texts):
    notebook = nbformat.from_dict(json.loads(json.dumps(release)))
    for cell in notebook.cells:
        cell.source = texts.get(cell.id.replace("-", "_"), cell.source)
    return notebook


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def test_answers_trials_and_words_are_taken_over(release):
    mine = changed(release, a="def f():\n    return 1", cell_003="f()", words="Because.")
    restored, flags = restore(mine, release)
    assert sources(restored) == sources(mine) and flags == ()


def test_a_changed_check_and_a_changed_set_up_are_put_back_and_flagged(release):
    restored, flags = restore(changed(release, check_a="pass", given_1="import os"), release)
    assert sources(restored) == sources(release)
    assert flags == ("locked cell given-1 had been changed; the instructor's was used",
                     "locked cell check-a had been changed; the instructor's was used")


def test_points_and_other_metadata_are_the_instructors(release):
    mine = changed(release)
    mine.cells[4].metadata["nbgrader"]["points"] = 1000
    mine.cells[2].metadata["nbgrader"]["solution"] = False
    mine.cells[2].metadata["tags"] = ["raises-exception"]
    mine.cells[4].outputs = [nbformat.v4.new_output("stream", text="full marks")]
    restored, _ = restore(mine, release)
    assert [cell.metadata for cell in restored.cells] == [cell.metadata for cell in release.cells]
    assert all(not cell.get("outputs") for cell in restored.cells)


def test_deleted_cells_come_back_with_the_release_text_and_a_flag(release):
    mine = changed(release)
    del mine.cells[4], mine.cells[2]
    restored, flags = restore(mine, release)
    assert sources(restored) == sources(release)
    assert "cell check-a was missing; the release's was used" in flags and len(flags) == 2


def test_a_copied_solution_cell_counts_once(release):
    mine = changed(release, a="def f():\n    return 1")
    mine.cells.append(changed(release, a="def f():\n    return 2").cells[2])
    restored, flags = restore(mine, release)
    assert "return 1" in restored.cells[2].source and "return 2" not in "".join(sources(restored))
    assert flags == ("cell a was there twice; the first one counts",)


def test_cells_of_the_learner_stay_where_they_were(release):
    mine = changed(release)
    mine.cells.insert(3, code("helper = 1"))
    mine.cells.insert(0, code("first = 1"))
    mine.cells.append(text("a note"))
    restored, flags = restore(mine, release)
    assert sources(restored) == sources(mine) and flags == ()
    assert len({cell.id for cell in restored.cells}) == len(restored.cells)


def test_a_notebook_without_cell_ids_does_not_double_the_release(release):
    mine = nbformat.from_dict(json.loads(json.dumps(changed(release, a="def f():\n    return 1"))))
    for cell in mine.cells:
        del cell["id"]
    mine.nbformat_minor = 4
    restored, _ = restore(parse(json.dumps(mine).encode()), release)
    assert len(restored.cells) == len(release.cells) and "return 1" in restored.cells[2].source


def test_what_is_restored_leaves_the_release_alone(release):
    before = json.dumps(release, sort_keys=True)
    restored, _ = restore(changed(release, a="x"), release)
    restored.cells[2].metadata["touched"] = True
    assert json.dumps(release, sort_keys=True) == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_that_editors_make_are_read(release, encoding):
    mine = changed(release, words="Größe")
    assert parse(nbformat.writes(mine).encode(encoding)).cells[-1].source == "Größe"


def test_an_old_notebook_is_read(release):
    old = nbformat.v3.new_notebook(worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell("1 + 1")])])
    assert parse(nbformat.writes(old, version=3).encode()).cells[0].source == "1 + 1"


@pytest.mark.parametrize("raw, word", [
    (b"", "empty"), (b"  \n", "empty"), (b"hello", "not a Jupyter notebook"), (b"[1, 2]", "not a Jupyter notebook"),
    (b"{}", "not a Jupyter notebook"), (b"\x00\x01\x02", "not a Jupyter notebook"), (b'{"cells": [', "not a Jupyter"),
    (b"PK\x03\x04zip", "not a Jupyter notebook"),
    (json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [5]}).encode(), "notebook"),
    (json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {},
                 "cells": [{"cell_type": "code", "source": "1"}] * 500}).encode(), "500 cells"),
])
def test_what_is_no_notebook_is_refused_in_one_sentence(raw, word):
    with pytest.raises(Unreadable, match=word) as refused:
        parse(raw)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 250


def test_links_folders_and_giants_are_refused(tmp_path):
    real = tmp_path / "real.ipynb"
    real.write_text("{}")
    (tmp_path / "link.ipynb").symlink_to(real)
    (tmp_path / "folder.ipynb").mkdir()
    with (tmp_path / "big.ipynb").open("wb") as big:
        big.truncate(LARGEST + 1)
    os.mkfifo(tmp_path / "pipe.ipynb")
    for name, word in (("link", "ordinary file"), ("pipe", "ordinary file"),
                       ("folder", "ordinary file"), ("big", "5 MB"), ("none", "ordinary")):
        with pytest.raises(Unreadable, match=word):
            read(tmp_path / f"{name}.ipynb")
    with pytest.raises(UserError, match="ordinary file"):
        as_user_error(read, tmp_path / "link.ipynb")


def executed(*cells, seconds=20):
    notebook = nbformat.v4.new_notebook(cells=[code(c) for c in cells])
    return notebook, run(notebook, Limits(seconds))


def outputs(cell):
    return "".join(o.get("text", "") + o.get("evalue", "") for o in cell.outputs)


def test_a_failing_cell_costs_only_itself():
    notebook, trouble = executed("1 / 0", "print('after')")
    assert outputs(notebook.cells[0]) == "division by zero" and outputs(notebook.cells[1]) == "after\n" and not trouble


def test_an_endless_loop_costs_only_itself_and_says_so():
    notebook, trouble = executed("while True: pass", "print('after')", seconds=2)
    assert "Stopped after 2 s" in outputs(notebook.cells[0]) and outputs(notebook.cells[1]) == "after\n"
    assert "was stopped after 2 s" in trouble[0]


def test_when_python_ends_the_cells_after_it_say_so():
    notebook, trouble = executed("x = 1", "import os; os._exit(3)", "print('after')")
    assert "Python itself ended" in trouble[0] and notebook.cells[1].id in trouble[0]
    assert "ended in this cell" in outputs(notebook.cells[1]) and "Not run" in outputs(notebook.cells[2])


def test_learners_code_sees_an_empty_folder_and_a_grader():
    notebook, _ = executed("import os; print(os.listdir(), os.environ['NBGRADER_EXECUTION'])")
    assert outputs(notebook.cells[0]) == "[] autograde\n"


def test_the_pieces_that_are_made_without_the_schema_fit_it():
    notebook = nbformat.v4.new_notebook()
    outputs = [notebooks.new_output("stream", name="stdout", text="a"),
               notebooks.new_output("display_data", {"a/b": "c"}),
               notebooks.new_output("execute_result", {"text/plain": "1"}),
               notebooks.new_output("error", ename="E", evalue="why", traceback=["line"])]
    notebook.cells = [notebooks.new_cell("code", "1", "one", outputs=outputs),
                      notebooks.new_cell("markdown", "a", "two")]
    nbformat.validate(notebook)
    for ours, theirs in zip(outputs, (nbformat.v4.new_output("stream", name="stdout", text="a"),
                                      nbformat.v4.new_output("display_data", {"a/b": "c"}),
                                      nbformat.v4.new_output("execute_result", {"text/plain": "1"}),
                                      nbformat.v4.new_output("error", ename="E", evalue="why", traceback=["line"])),
                            strict=True):
        assert ours == theirs
    assert notebooks.new_cell("code", "1", "one") == nbformat.v4.new_code_cell("1", id="one")
    assert notebooks.new_cell("markdown", "a", "two") == nbformat.v4.new_markdown_cell("a", id="two")


def stamped(contracts, version="0.1.0"):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("text", id="text")])
    if contracts is not None:
        notebook.metadata["chainrule"] = {"version": version, "tasks": contracts}
    return notebook


@pytest.mark.parametrize("theirs, says", [
    ({"a.one": "11", "a.two": "22"}, []), (None, []), ({}, []), ({"a.one": "11", "a.two": 7}, []),
    ({"a.one": "11", "a.two": "2x"}, ["edition 0.0.9 of the course, in which a.two asked"]),
    ({"a.one": "1x", "a.two": "2x"}, ["in which a.one, a.two asked"])])
def test_a_notebook_of_another_edition_is_told_so_if_a_task_asked_for_something_else(theirs, says):
    release = stamped({"a.one": "11", "a.two": "22"})
    submitted = parse(nbformat.writes(stamped(theirs, "0.0.9")).encode())
    found = notebooks.other_contracts(submitted, release)
    assert len(found) == len(says) and all(text in note for text, note in zip(says, found, strict=True))
    assert "chainrule" in restore(submitted, release)[0].metadata         # the release's, not what was handed in
    assert restore(submitted, release)[0].metadata.chainrule.version == "0.1.0"


def test_each_release_says_what_its_tasks_ask_for(course):
    from chainrule.exercises import find
    for path in course.exercises.glob("*/*.ipynb"):
        about = nbformat.read(path, as_version=4).metadata.chainrule
        assert about.tasks and all(find(task).contract == contract for task, contract in about.tasks.items())
