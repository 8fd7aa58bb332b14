"""The class report: what the class of make run must give, worked out by hand from what course/class tells."""
import json
import shutil

import nbformat
import pytest

from chainrule_grading import demo
from chainrule_grading.authoring import release_of
from chainrule_grading.course import Course
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
        assert '"chainrule"' not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("who", ["goran", "lena"])
def test_without_a_sandbox_the_same_is_read_from_the_card(graded, who):
    learner = demo.read_learner(graded.sources / "class" / f"{who}.py")
    release = release_of(graded, "delta")
    result = grade(who, "delta", demo.notebook_of(learner, release), nbformat.writes(release).encode(),
                   demo.LIMITS, instructor=instructors(graded, "delta"), isolation="none")
    found = {mark.task.removeprefix("delta."): (mark.kind, mark.cause) for mark in result.marks
             if not mark.written and mark.kind != "full"}
    assert found == NOT_FULL[who]
