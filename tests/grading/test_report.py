"""The class report: what the class of make run must give, worked out by hand from what course/class tells."""
import html
import json
import re
import shutil

import nbformat
import pytest

from chainrule_grading import demo, report
from chainrule_grading.authoring import release_of
from chainrule_grading.course import Course, UserError
from chainrule_grading.driver import grade_class
from chainrule_grading.grading import grade, instructors
from tests.conftest import ROOT

# Learner → task → (kind, misconception) of every check that did not earn full marks. From the stories in course/class.
NOT_FULL = {
    "dora": {"output": ("wrong", "the 1/n is missing"), "network": ("wrong", "the 1/n is missing")},
    "emil": dict.fromkeys(("hidden_components", "hidden"),
                          ("wrong", "the sigmoid is applied to h, which is a value of it already")),
    "fatima": dict.fromkeys(("hidden", "hidden_columns", "hidden_lfd"), ("wrong", "W is used the forward way round")),
    "goran": {"beta": ("part", "the sign between β and δ is lost"),
              "layer": ("part", "the bias averages over the batch")},
    "hana": dict.fromkeys(("hidden_columns", "hidden_lfd", "beta", "layer", "network"), ("unwritten", "")),
    "ivan": dict.fromkeys(("output", "output_tanh", "hidden_components", "hidden", "hidden_columns", "hidden_lfd",
                           "beta", "layer", "network"), ("unwritten", "")),
    "jana": dict.fromkeys(("output_tanh", "hidden"), ("error", "")),
    "kofi": {"hidden_components": ("error", "")},
    "lena": {"output": ("wrong", ""), "layer": ("wrong", "")},
    "nora": {"hidden_lfd": ("wrong", "")},
    "pia": dict.fromkeys(("layer", "network"), ("error", "")),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The class of make run, graded; read only."""
    course = Course(tmp_path_factory.mktemp("class"))
    for name in ("course", "solutions", "exercises"):
        shutil.copytree(ROOT / name, course.root / name)
    shutil.copy(ROOT / "nbgrader_config.py", course.root)
    demo.hand_in(course, [demo.read_learner(path) for path in sorted((course.sources / "class").glob("*.py"))])
    _, failures = grade_class(course, "delta", limits=demo.LIMITS, say=lambda _: None)
    assert not failures
    return course


def kept(course):
    return {path.parent.parent.name: json.loads(path.read_text(encoding="utf-8"))
            for path in (course.classroom / "autograded").glob("*/delta/grading.json")}


# ---------------------------------------------------------------- what is kept of a diagnosis

def test_kind_and_misconception_are_kept_with_the_mark(graded):
    found = {who: {mark["task"].removeprefix("delta."): (mark["kind"], mark["cause"]) for mark in about["marks"]
                   if not mark["written"] and mark["kind"] != "full"} for who, about in kept(graded).items()}
    assert {who: tasks for who, tasks in found.items() if tasks} == NOT_FULL
    assert all(mark["kind"] == mark["cause"] == mark["task"] == "" for about in kept(graded).values()
               for mark in about["marks"] if mark["written"])


def test_the_diagnosis_is_not_left_in_what_learners_get(graded):
    for path in (graded.classroom / "autograded").glob("*/delta/delta.ipynb"):
        outputs = [out for cell in nbformat.read(path, as_version=4).cells for out in cell.get("outputs", ())]
        assert len(outputs) >= 5 and not any(out.get("metadata") for out in outputs)


@pytest.mark.parametrize("who", ["goran", "lena"])
def test_without_a_sandbox_the_same_is_read_from_the_card(graded, who):
    learner = demo.read_learner(graded.sources / "class" / f"{who}.py")
    release = release_of(graded, "delta")
    result = grade(who, "delta", demo.notebook_of(learner, release), nbformat.writes(release).encode(),
                   demo.LIMITS, instructor=instructors(graded, "delta"), isolation="none")
    found = {mark.task.removeprefix("delta."): (mark.kind, mark.cause) for mark in result.marks
             if not mark.written and mark.kind != "full"}
    assert found == NOT_FULL[who]


# ---------------------------------------------------------------- what the report says of this class

HOSTILE = ("<script>alert(1)</script>", "</noscript><img src=x onerror=alert(2)>", "\u202egnorw\u202c", "long" * 60)


@pytest.fixture(scope="module")
def klass(graded):
    return report.read_class(graded, "delta")


def renamed(klass, names):
    """The class, whose first learners have these names."""
    learners = [report.replace(one, name=name) for one, name in zip(klass.learners, names, strict=False)]
    return report.replace(klass, learners=(*learners, *klass.learners[len(learners):]))


def test_the_numbers_are_those_of_the_class(klass):
    view = report.view(klass)
    assert (view["learners"], view["graded"], len(view["problems"])) == (16, 15, 1)
    assert (view["points"], view["most"]) == (27, 30)
    # 27 ada bela chen mato · 25 nora · 24 goran kofi · 23 jana · 22 emil lena · 20 fatima · 19 dora · 18 pia
    # 9 hana · 0 ivan
    assert view["median"] == 23 and view["mean"] == pytest.approx(314 / 15)
    assert [number for _, number, _ in view["marks"]] == [1, 0, 0, 1, 0, 0, 3, 3, 7]
    tasks = {row["task"].exercise.id: row["counts"] for row in view["tasks"] if row["task"].exercise}
    assert tasks["delta.output"] == [12, 0, 2, 0, 1] and tasks["delta.layer"] == [10, 1, 1, 1, 2]
    assert tasks["delta.beta"] == [12, 1, 0, 0, 2] and tasks["delta.network"] == [11, 0, 1, 1, 2]
    assert sum(number for _, number, _ in view["times"]) == 16


def test_the_heat_map_and_the_sentences_count_learners(klass):
    view = report.view(klass)
    known = {name: ([cell and cell[0] for cell in cells], who) for name, cells, who in view["heat"]["known"]}
    cells, who = known["the 1/n is missing"]
    assert who == 1 and cells[0] == cells[8] == 1
    assert known["W is used the forward way round"][0][3:6] == [1, 1, 1] and len(known) == 5
    other = {name: ([cell[0] for cell in cells], who) for name, cells, who in view["heat"]["other"]}
    assert other["not begun"] == ([1, 1, 1, 1, 2, 2, 2, 2, 2], 2)
    assert other["stopped with an error"] == ([0, 1, 1, 1, 0, 0, 0, 1, 1], 3)
    assert other["wrong in another way"] == ([1, 0, 0, 0, 0, 1, 0, 1, 0], 2)
    more = report.replace(klass, learners=klass.learners + tuple(
        report.replace(one, name=f"another{k}") for one in klass.learners if one.name == "fatima" for k in range(3)))
    first = report.advice(more)[0]
    assert (first["number"], first["of"], first["cause"]) == (4, 18, "W is used the forward way round")
    assert [task.number for task in first["tasks"]] == ["4", "5", "6"] and first["ask"].endswith("?")


def test_a_persons_mark_counts(klass):
    task = next(task for task in klass.tasks if task.cell == "check-delta-output")
    about = {"marks": [{"name": task.cell, "earned": 0, "kind": "wrong", "cause": "the 1/n is missing"}]}
    assert report._answers([task], about, {task.cell: 2.0})[task.cell] == report.Answer(2.0, "full")
    assert report._answers([task], about, {task.cell: 1.0})[task.cell].kind == "part"


def test_no_name_is_in_an_anonymous_report(klass):
    names = [f"Zyxw{k}quokka" for k in range(16)]
    named = renamed(klass, names)
    named = report.replace(named, absent=("Zyxw99quokka",), learners=tuple(report.replace(
        one, called=f"{one.name} Full", flags=(*one.flags, f"cell {one.name}: odd"),
        problem=one.problem and f"{one.name}.ipynb cannot be read",
        answers={cell: report.replace(a, says=f"NameError: {one.name}") for cell, a in one.answers.items()})
        for one in named.learners))
    assert b"zyxw" in report.page([report.view(named)]).encode().lower()
    hidden = report.anonymous(named, b"k" * 32)
    data = report.page([report.view(hidden, True)], True).encode()
    assert b"zyxw" not in data.lower() and b"quokka" not in data.lower()
    shown = [one.name for one in hidden.learners]
    assert shown == sorted(shown) and len(set(shown)) == 16
    assert set(shown) == {report.pseudonym(b"k" * 32, name) for name in names}         # the same in every report
    assert [names.index(n) for h in shown for n in names if report.pseudonym(b"k" * 32, n) == h] != list(range(16))
    assert not set(shown) & {report.pseudonym(b"j" * 32, name) for name in names}      # only the secret tells them


def test_hostile_names_are_text(klass):
    text = report.page([report.view(renamed(klass, HOSTILE))])
    assert "<script>alert" not in text and "<img" not in text and text.count("</noscript>") == 1
    assert "&lt;script&gt;alert(1)" in text


def test_the_page_carries_a_policy_and_names_no_other_machine(klass):
    text = report.page([report.view(klass)])
    assert "default-src 'none'" in html.unescape(text) and "script-src 'sha256-" in html.unescape(text)
    assert not re.search(r"(src|href)=\"(https?:)?//|url\(|@import", text)


def test_the_command_writes_the_page_and_says_where(graded, capsys):
    assert report.main(graded, ["delta"]) == 0
    target = graded.classroom / "report/report.html"
    assert str(target) in capsys.readouterr().out
    assert 'href="../feedback/ada/delta/delta.html"' in target.read_text(encoding="utf-8")


def test_nothing_graded_is_one_sentence(copy):
    with pytest.raises(UserError, match="run chainrule grade delta first"):
        report.main(copy, ["delta"])
    with pytest.raises(UserError, match="no assignment called"):
        report.main(copy, ["none"])


def test_a_class_of_two_thousand_stays_small(klass):
    many = tuple(report.replace(one, name=f"{one.name}{k}") for k in range(125) for one in klass.learners)
    text = report.page([report.view(report.replace(klass, learners=many))])
    assert len(many) == 2000 and len(text.encode()) < 1_000_000
