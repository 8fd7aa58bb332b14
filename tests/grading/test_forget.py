"""Deleting a learner: no byte of the classroom names them any more, and nobody else loses anything."""
import sqlite3
from contextlib import closing

import pytest

from chainrule_grading import cli, demo, forget, roster, rules
from chainrule_grading.driver import Here, grade_class
from tests.grading.test_commands import work_of

ROSTER = """learner,first_name,last_name,email
ada,Augusta,Lovelace,augusta@uni.example
dora,Dora,Dee,dora@uni.example
"""
NAMES = (b"augusta", b"Augusta", b"Lovelace", b"lovelace")


@pytest.fixture
def term(copy, monkeypatch):
    """A class late in its term: list, rules, submissions twice, marks, copies, exports, receipts."""
    monkeypatch.chdir(copy.root)
    demo.hand_in(copy, [demo.read_learner(copy.sources / "class" / f"{name}.py") for name in ("ada", "dora")])
    (copy.classroom / "class.toml").write_text("[extensions.delta]\nada = 2\ndora = 1\n")
    (copy.root / "list.csv").write_text(ROSTER)
    assert cli.main(["class", "init", "--roster", "list.csv", "--due", "delta=2026-12-01"]) == 0
    (copy.root / "list.csv").write_text(ROSTER.replace("Dee", "Doe"))
    assert cli.main(["class", "init", "--roster", "list.csv", "--due", "delta=2026-12-02"]) == 0
    for _ in range(2):
        grade_class(copy, "delta", say=lambda _: None, workers=Here(), force=True)
    for system in ("--canvas", "--moodle"):
        assert cli.main(["class", "export", system, "--as-it-stands"]) == 0
    for name in ("ada", "dora"):
        work_of(name, copy, copy.root / f"{name}_delta.ipynb")
        with (copy.root / f"{name}_delta.ipynb").open("a") as file:
            file.write(" ")
        assert cli.main(["class", "import", f"{name}_delta.ipynb", "--assignment", "delta"]) == 0
        assert cli.main(["submit", f"{name}_delta.ipynb", "--as", name, "--zip"]) == 0
    (copy.classroom / "report").mkdir()
    for name, text in (("report.html", "<td>ada</td><td>Augusta Lovelace</td>"), ("other.html", "<td>adamant</td>")):
        (copy.classroom / "report" / name).write_text(text)
    (copy.classroom / "journal/delta").mkdir(parents=True, exist_ok=True)
    (copy.classroom / "journal/delta/ada.json").write_text("{}")
    return copy


def traces(course, *pieces):
    """Every path or file content in the classroom that holds one of these pieces."""
    found = []
    for path in course.classroom.rglob("*"):
        text = str(path.relative_to(course.classroom)).encode()
        data = path.read_bytes() if path.is_file() else b""
        found += [str(path)] if any(piece in text or piece in data for piece in pieces) else []
    return found


def rows(course):
    with closing(sqlite3.connect(course.classroom / "gradebook.db")) as book:
        return dict(book.execute(
            "select s.id, count(g.id) from student s left join submitted_assignment a on a.student_id = s.id "
            "left join submitted_notebook n on n.assignment_id = a.id left join grade g on g.notebook_id = n.id "
            "group by s.id"))


def test_a_learner_is_deleted_to_the_last_byte_and_nobody_else(term, capsys):
    assert len(traces(term, *NAMES)) > 5 and traces(term, b"/ada/", b"-ada-", b'"ada"')
    others = {path: path.read_bytes() for path in term.classroom.rglob("*") if path.is_file() and "dora" in str(path)}
    before = rows(term)
    assert before["ada"] == before["dora"] == 10
    capsys.readouterr()
    assert cli.main(["class", "forget", "ada"]) == 1
    listed = capsys.readouterr().out
    assert "Nothing was deleted" in listed and "classroom/submitted/ada" in listed and rows(term) == before
    assert cli.main(["class", "forget", "ada", "--yes"]) == 0
    assert traces(term, *NAMES, b"submitted/ada", b"/ada/", b"-ada-", b'"ada"', b"\nada", b"ada.json") == []
    assert not list(term.classroom.rglob("ada*"))
    assert rows(term) == {"dora": 10}
    assert [path.name for path in (term.classroom / "report").iterdir()] == ["other.html"]
    for path, data in others.items():
        assert path.read_bytes() == data
    assert list(roster.of(term).learners) == ["dora"] and list(rules.of(term).extensions["delta"]) == ["dora"]
    export = next((term.classroom / "exports").glob("canvas-*.csv")).read_text()
    assert "Points Possible" in export and "Doe, Dora" in export
    results, failures = grade_class(term, "delta", say=lambda _: None, workers=Here())
    assert [r.student for r in results] == ["dora"] and not failures
    assert cli.main(["class", "forget", "ada", "--yes"]) == 2
    assert "Nothing in" in capsys.readouterr().err


def test_a_name_that_is_none_is_refused(term, capsys):
    for name in ("../dora", "nobody", "*"):
        assert cli.main(["class", "forget", name, "--yes"]) == 2
    assert (term.classroom / "submitted/dora").is_dir() and set(rows(term)) == {"ada", "dora"}


@pytest.mark.parametrize("name", ["Ada", "ADA"])
def test_a_name_in_another_case_deletes_nothing_and_is_told_the_right_one(term, name, capsys):
    before = {path: path.read_bytes() for path in term.classroom.rglob("*") if path.is_file()}
    assert cli.main(["class", "forget", name, "--yes"]) == 2
    said = capsys.readouterr().err
    assert f"Nobody is called {name!r} here, but there is 'ada'; type the name so" in said and said.count("\n") == 1
    assert {path: path.read_bytes() for path in before} == before and "Deleted" not in said
    assert cli.main(["class", "forget", "a.da", "--yes"]) == 2, "nor is a name like it another spelling of it"
    assert "Nothing in" in capsys.readouterr().err and {path: path.read_bytes() for path in before} == before


def test_the_exact_name_comes_first(term):
    """On Linux two folders may differ in case alone."""
    (term.classroom / "submitted/ADA/delta").mkdir(parents=True)
    assert cli.main(["class", "forget", "ADA", "--yes"]) == 0
    assert (term.classroom / "submitted/ada/delta/delta.ipynb").is_file() and set(rows(term)) == {"ada", "dora"}
    assert "ada" in roster.of(term).learners


def test_of_two_namesakes_one_keeps_the_lines(term):
    roster.place(term).write_text("learner,first_name,last_name,email,canvas_id\nkim1,Kim,Li,k1@uni.example,1\n"
                                  "kim2,Kim,Li,,2\n")
    rules.place(term).unlink()
    export = term.classroom / "exports/canvas-9.csv"
    export.write_text('Student,ID,SIS User ID,SIS Login ID,Section,delta\n"Li, Kim",1,,,A,3\n"Li, Kim",2,,,A,4\n')
    assert cli.main(["class", "forget", "kim1", "--yes"]) == 0
    assert export.read_text().splitlines()[1:] == ['"Li, Kim",2,,,A,4']
    assert list(roster.of(term).learners) == ["kim2"]
    assert cli.main(["class", "forget", "kim2", "--yes"]) == 0 and not len(roster.of(term))


def test_one_name_that_begins_like_another_is_another(term):
    (term.classroom / "submitted/ad/delta").mkdir(parents=True)
    assert cli.main(["class", "forget", "ad", "--yes"]) == 0
    assert (term.classroom / "submitted/ada/delta/delta.ipynb").is_file() and set(rows(term)) == {"ada", "dora"}
    assert list((term.classroom / "handed-in").glob("delta-ada-*"))


def test_what_cannot_be_deleted_is_named_in_a_sentence(term, monkeypatch, capsys):
    def refused(path):
        raise PermissionError(13, "Permission denied", "delta.ipynb")
    monkeypatch.setattr(forget.shutil, "rmtree", refused)
    assert cli.main(["class", "forget", "ada", "--yes"]) == 2
    said = capsys.readouterr()
    assert "classroom/submitted/ada cannot be written (Permission denied)" in said.err and said.err.count("\n") == 1
    assert "Deleted." not in said.out
