"""Handing in and fetching afresh: receipts, zips, the exchange, and never a lost piece of work."""
import hashlib
import json
import zipfile

import nbformat
import pytest

from chainrule_grading import cli, handin, start
from tests.grading.test_commands import here, work_of  # noqa: F401 (here is a fixture)


@pytest.fixture
def exchange(here, tmp_path, monkeypatch):  # noqa: F811
    """nbgrader's exchange with delta released, as the machine's configuration names it; the folder of this course."""
    settings, root = tmp_path / "settings", tmp_path / "exchange"
    settings.mkdir()
    settings.joinpath("nbgrader_config.py").write_text(f"get_config().Exchange.root = {str(root)!r}\n")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(settings))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    (root / "chainrule/inbound").mkdir(parents=True)
    (root / "chainrule/outbound/delta").mkdir(parents=True)
    root.chmod(0o777)
    (root / "chainrule/outbound/delta/delta.ipynb").write_bytes(here.release("delta").read_bytes())
    return root / "chainrule"


def test_the_receipt_says_what_when_and_where(here, capsys):  # noqa: F811
    data = work_of("hana", here, here.root / "mine.ipynb").read_bytes()
    assert cli.main(["submit", "mine.ipynb", "--as", "hana"]) == 0
    said = capsys.readouterr().out
    assert hashlib.sha256(data).hexdigest() in said and "classroom/submitted/hana/delta/delta.ipynb" in said
    assert "Still as released: delta-hidden_columns" in said
    one, = handin.receipts(here)
    assert (one["assignment"], one["learner"], one["sha256"]) == ("delta", "hana", hashlib.sha256(data).hexdigest())


def test_a_broken_line_among_the_receipts_disturbs_nobody(here):  # noqa: F811
    work_of("ada", here, here.root / "mine.ipynb")
    here.classroom.mkdir(parents=True)
    (here.classroom / "receipts.jsonl").write_text("half a li\n[1]\n")
    assert cli.main(["submit", "mine.ipynb", "--as", "ada"]) == 0
    assert [one["learner"] for one in handin.receipts(here)] == ["ada"]
    assert (here.classroom / "receipts.jsonl").read_text().startswith("half a li\n")


def test_each_zip_has_a_name_of_its_own_and_holds_the_notebook(here, capsys):  # noqa: F811
    data = work_of("ada", here, here.root / "mine.ipynb").read_bytes()
    for _ in range(3):
        assert cli.main(["submit", "mine.ipynb", "--as", "ada", "--zip"]) == 0
    zips = sorted((here.classroom / "handed-in").glob("delta-ada-*.zip"))
    assert len(zips) == 3
    for path in zips:
        with zipfile.ZipFile(path) as archive:
            assert archive.read("delta/delta.ipynb") == data
            assert archive.read("delta/timestamp.txt").decode().endswith(" UTC")
    assert "Upload that zip" in capsys.readouterr().out
    assert not (here.classroom / "submitted").exists()


@pytest.mark.parametrize("command", ["submit", "check"])
def test_without_a_notebook_the_command_shows_what_one_could_mean(here, command, capsys):  # noqa: F811
    assert cli.main([command]) == 2
    said = capsys.readouterr().err
    assert f"chainrule {command} exercises/" in said and "exercises/delta/delta.ipynb" in said and said.count("\n") == 1


def test_where_there_is_an_exchange_work_goes_through_it(here, exchange, capsys):  # noqa: F811
    data = work_of("ada", here, here.root / "mine.ipynb").read_bytes()
    assert cli.main(["submit", "mine.ipynb"]) == 0
    handed, = (exchange / "inbound").iterdir()
    assert handed.joinpath("delta.ipynb").read_bytes() == data
    assert sorted(p.name for p in handed.iterdir()) == ["delta.ipynb", "submission_secret.txt", "timestamp.txt"]
    assert str(handed) in capsys.readouterr().out
    assert not (here.classroom / "submitted").exists()


def test_a_name_or_a_zip_asks_for_a_file_even_where_there_is_an_exchange(here, exchange):  # noqa: F811
    work_of("ada", here, here.root / "mine.ipynb")
    assert cli.main(["submit", "mine.ipynb", "--as", "ada"]) == cli.main(["submit", "mine.ipynb", "--zip"]) == 0
    assert list((exchange / "inbound").iterdir()) == []


def test_what_is_not_released_is_refused_with_a_way_out(here, exchange, capsys):  # noqa: F811
    (exchange / "outbound/delta/delta.ipynb").unlink()
    (exchange / "outbound/delta").rmdir()
    work_of("ada", here, here.root / "mine.ipynb")
    assert cli.main(["submit", "mine.ipynb"]) == 2
    said = capsys.readouterr().err
    assert "did not take delta" in said and "add --zip" in said and said.count("\n") == 1
    assert handin.receipts(here) == []


def test_an_exchange_one_may_not_write_to_is_none(here, exchange, monkeypatch):  # noqa: F811
    assert handin.exchange(here) is not None
    monkeypatch.setattr(handin.os, "access", lambda *a: False)
    assert handin.exchange(here) is None
    monkeypatch.undo()
    monkeypatch.setattr(handin.os, "name", "nt")
    assert handin.exchange(here) is None


def test_a_fresh_copy_keeps_the_work_that_was_there(here, capsys):  # noqa: F811
    released = here.release("delta").read_bytes()
    mine = work_of("ada", here, here.release("delta")).read_bytes()
    assert cli.main(["lab", "--fresh", "delta"]) == 0
    assert here.release("delta").read_bytes() == released
    kept, = (here.classroom / "backups").glob("delta-*.ipynb")
    assert kept.read_bytes() == mine and str(kept.relative_to(here.root)) in capsys.readouterr().out
    assert cli.main(["lab", "--fresh", "delta"]) == 0
    assert "nothing was changed" in capsys.readouterr().out
    assert len(list((here.classroom / "backups").iterdir())) == 1


@pytest.mark.parametrize("form", ["zip", "folder", "notebook", "exchange"])
def test_a_newer_release_is_taken_from_where_it_is(here, exchange, tmp_path, form):  # noqa: F811
    notebook = nbformat.read(here.release("delta"), as_version=4)
    notebook.cells[0].source += "\n\nSecond edition."
    new = nbformat.writes(notebook).encode()
    place = tmp_path / "new/course/exercises/delta/delta.ipynb"
    place.parent.mkdir(parents=True)
    place.write_bytes(new)
    with zipfile.ZipFile(tmp_path / "new.zip", "w") as archive:
        archive.write(place, "course/exercises/delta/delta.ipynb")
    (exchange / "outbound/delta/delta.ipynb").write_bytes(new)
    source = {"zip": tmp_path / "new.zip", "folder": tmp_path / "new", "notebook": place, "exchange": None}[form]
    mine = work_of("ada", here, here.release("delta")).read_bytes()
    assert cli.main(["lab", "--fresh", "delta", *(["--from", str(source)] if source else [])]) == 0
    assert here.release("delta").read_bytes() == new
    assert [p.read_bytes() for p in (here.classroom / "backups").iterdir()] == [mine]


def test_answers_are_carried_over_into_a_newer_release(here, tmp_path):  # noqa: F811
    notebook = nbformat.read(here.release("delta"), as_version=4)
    notebook.cells[0].source = "Second edition."
    for cell in notebook.cells:                   # the new edition words its stubs and checks anew
        cell.source = cell.source.replace("# YOUR CODE HERE\n", "# New words.\n    # YOUR CODE HERE\n").replace(
            'check("delta.hidden",', 'check("delta.hidden" ,')
    (tmp_path / "delta.ipynb").write_text(nbformat.writes(notebook))
    work_of("hana", here, here.release("delta"))  # hana has left hidden_columns as it was
    mine = {cell.id: cell.source for cell in nbformat.read(here.release("delta"), as_version=4).cells}
    command = ["lab", "--fresh", "delta", "--from", str(tmp_path / "delta.ipynb"), "--keep-answers"]
    assert cli.main(command) == 0
    now = {cell.id: cell.source for cell in nbformat.read(here.release("delta"), as_version=4).cells}
    assert now["cell-000"] == "Second edition." and '"delta.hidden" ,' in now["check-delta-hidden"]
    assert now["delta-hidden"] == mine["delta-hidden"] and "NotImplementedError" not in now["delta-hidden"]
    assert "# New words." in now["delta-hidden_columns"]
    assert cli.main(command) == 0, "a second time changes nothing"
    assert len(list((here.classroom / "backups").iterdir())) == 1


def test_a_wrong_source_changes_nothing_and_says_why(here, tmp_path, capsys):  # noqa: F811
    before = work_of("ada", here, here.release("delta")).read_bytes()
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("hello")
    for source, words in ((tmp_path / "empty", "holds no delta.ipynb"), (tmp_path / "text.zip", "neither a folder"),
                          (here.release("losses"), "is not the assignment 'delta'")):
        assert cli.main(["lab", "--fresh", "delta", "--from", str(source)]) == 2
        assert words in capsys.readouterr().err
    assert cli.main(["lab", "--fresh", "dleta"]) == 2 and "no assignment called 'dleta'" in capsys.readouterr().err
    assert here.release("delta").read_bytes() == before and not (here.classroom / "backups").exists()


def test_the_next_step_goes_on_where_one_was(here):  # noqa: F811
    from chainrule.exercises import check, find
    found = start.items(here, {}, {})
    assert start.next_step(found).number == "00"
    start.note_opened("lectures/07-delta-recursion.ipynb")
    found = start.items(here, {}, start.opened())
    assert start.next_step(found).name == "delta", "the exercises of the lecture that was opened last"
    order = [item.name for item in found]
    assert order.index("delta") == order.index("07-delta-recursion") + 1
    assert order.index("losses") == order.index("10-classifiers") + 1
    check("losses.squared", find("losses.squared").answer)
    from chainrule.exercises import _progress
    tried = _progress.load()
    tried["losses.squared"]["last"] = "2999-01-01T00:00:00+00:00"
    assert start.next_step(start.items(here, tried, start.opened())).name == "losses"
    everything = {item.path: "2026-01-01" for item in found if item.kind == "lecture"}
    solved = {task[2]: {"best": find(task[2]).points, "last": "2026-01-02"} for item in found for task in item.tasks}
    assert start.next_step(start.items(here, solved, everything)) is None
    assert "Well done" in render(here, solved, everything)


def render(course, tried, seen):
    from unittest.mock import patch

    from chainrule.exercises import _progress
    with patch.object(_progress, "load", lambda: tried), patch.object(start, "opened", lambda: seen):
        return start.page(course)


def test_the_start_page_survives_what_may_lie_in_a_folder(here):  # noqa: F811
    own = here.exercises / "own"
    own.mkdir()
    (own / "own.ipynb").write_text("{broken")
    (here.lectures / "99-<script>alert(1)<!-- -->.ipynb").write_text(json.dumps({"cells": [
        {"cell_type": "markdown", "source": ["# <script>alert(1)</script>"]}]}))
    start.opened_file().write_text("[1, 2")
    page = start.page(here)
    assert "Exercises: own" in page and "<script" not in page and "opened" in page


def test_only_a_learners_own_feedback_is_listed(here):  # noqa: F811
    work_of("ada", here, here.root / "mine.ipynb")
    assert cli.main(["submit", "mine.ipynb", "--as", "ada"]) == 0
    for name in ("ada", "bela"):
        folder = here.classroom / "feedback" / name / "delta"
        folder.mkdir(parents=True)
        (folder / "delta.html").write_text("")
    page = start.page(here)
    assert "feedback/ada/delta" in page and "feedback/bela" not in page


def test_the_page_says_when_a_notebook_was_changed_after_handing_in(here):  # noqa: F811
    assert cli.main(["submit", "exercises/delta/delta.ipynb", "--as", "ada"]) == 0
    assert "as ada</summary>" in start.page(here)
    work_of("ada", here, here.release("delta"))
    assert "as ada; changed since</summary>" in start.page(here)


def test_without_a_login_the_name_is_asked_for(here, monkeypatch, capsys):  # noqa: F811
    def unknown():
        raise KeyError("uid not found")
    monkeypatch.setattr(handin.getpass, "getuser", unknown)
    work_of("ada", here, here.root / "mine.ipynb")
    assert cli.main(["submit", "mine.ipynb"]) == 2 and "--as ada" in capsys.readouterr().err
    assert "Hand in delta" in start.page(here)


def test_what_nbgrader_needs_to_hand_feedback_back_lies_beside_it(here):  # noqa: F811
    """nbgrader release_feedback reads both files; `chainrule grade` carries them there from the exchange."""
    folder = here.classroom / "submitted/ada/delta"
    folder.mkdir(parents=True)
    work_of("ada", here, folder / "delta.ipynb")
    (folder / "timestamp.txt").write_text("2026-11-01 12:00:00.000000 UTC")
    (folder / "submission_secret.txt").write_text("abc")
    assert cli.main(["grade", "delta"]) == 0
    feedback = here.classroom / "feedback/ada/delta"
    assert (feedback / "submission_secret.txt").read_text() == "abc"
    assert (feedback / "timestamp.txt").read_bytes() == (folder / "timestamp.txt").read_bytes()
    assert (feedback / "delta.html").is_file()
