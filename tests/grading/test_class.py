"""From a class of files to marks: what each deserves, nbgrader's own numbers, nothing lost."""
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from chainrule_grading import demo, grading, sandbox
from chainrule_grading.course import UserError, find_course
from chainrule_grading.driver import grade_class, main, table
from chainrule_grading.grading import Limits, Mark, Recorder, Result, grade, submissions
from tests.conftest import ROOT

HONEST = ("ada", "bela", "dora", "goran", "hana", "ivan", "lena")


@pytest.fixture(scope="module")
def learners(course):
    return {path.stem: demo.read_learner(path) for path in sorted((course.sources / "class").glob("*.py"))}


@pytest.fixture
def class_of(copy, learners):
    """Hand in the named learners' work in a copy of the course."""
    def hand_in(*names):
        demo.hand_in(copy, [learners[name] for name in names])
        return copy
    return hand_in


def nbgrader(course, *arguments):
    environment = os.environ | {"PATH": str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]}
    return subprocess.run([sys.executable, "-m", "nbgrader", *arguments], cwd=course.root, env=environment,
                          capture_output=True, text=True, check=False)


def rows(course):
    """Every grade in the gradebook: (learner, cell) → (auto score, needs a person, max score)."""
    from nbgrader.api import Gradebook
    with Gradebook(f"sqlite:///{course.classroom / 'gradebook.db'}") as book:
        return {(s.student.id, g.name): (g.auto_score, g.needs_manual_grade, g.max_score)
                for s in book.assignment_submissions("delta") for n in s.notebooks for g in n.grades}


def test_the_main_job_gives_every_learner_what_the_work_deserves(copy):
    """`make run` on the whole class of course/class, at least twelve different ones."""
    done = subprocess.run([sys.executable, "-m", "chainrule_grading.demo", str(copy.root)], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    count = len(list((copy.sources / "class").glob("*.py")))
    assert count >= 12 and f"{count} of {count} marks are what the work deserves" in done.stdout
    for name in ("ada", "kofi", "otto", "pia"):
        assert (copy.root / "classroom/demo/feedback" / name / "delta/delta.html").is_file()
    assert "the 1/n is missing" in done.stdout and "wrong sign" in done.stdout


def test_the_demonstration_notices_a_mark_that_is_not_deserved(copy, learners):
    path = copy.sources / "class" / "dora.py"
    path.write_text(path.read_text(encoding="utf-8").replace("# deserves: 19", "# deserves: 20"), encoding="utf-8")
    for other in (copy.sources / "class").glob("*.py"):
        if other.stem not in ("dora", "ada"):
            other.unlink()
    done = subprocess.run([sys.executable, "-m", "chainrule_grading.demo", str(copy.root)], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 1 and "✗ NOT WHAT IT DESERVES: dora" in done.stdout


@pytest.mark.parametrize("inside", ["our grader", "nbgrader's own"])
def test_marks_equal_nbgraders_row_by_row(class_of, inside):
    """Honest work: `nbgrader autograde` writes the rows of `chainrule grade`, with our grader in it and without."""
    course = class_of(*HONEST)
    if inside == "nbgrader's own":
        config = course.root / "nbgrader_config.py"
        config.write_text(config.read_text() + "\nc.pop('Autograde')\n")
    _, failures = grade_class(course, "delta", say=lambda _: None)
    ours = rows(course)
    assert not failures and len(ours) == 10 * len(HONEST)
    done = nbgrader(course, "autograde", "delta", "--force")
    assert done.returncode == 0, done.stderr[-2000:]
    assert rows(course) == ours
    assert nbgrader(course, "export").returncode == 0
    with (course.root / "grades.csv").open() as file:
        marks = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert marks["ada"] == 27 and marks["dora"] == 19 and marks["ivan"] == 0


def test_nbgraders_other_commands_work_in_the_course(class_of):
    course = class_of("dora")
    assert nbgrader(course, "generate_assignment", "delta", "--force").returncode == 0
    assert nbgrader(course, "autograde", "delta").returncode == 0
    assert nbgrader(course, "generate_feedback", "delta").returncode == 0
    assert "the 1/n is missing" in (course.classroom / "feedback/dora/delta/delta.html").read_text(encoding="utf-8")
    untouched = nbgrader(course, "validate", "exercises/delta/delta.ipynb")
    assert "VALIDATION FAILED ON 10 CELL(S)" in untouched.stdout and "Waiting for your code" in untouched.stdout
    assert "Success" in nbgrader(course, "validate", "solutions/delta/delta.ipynb").stdout


def test_nbgraders_autograde_finds_a_file_that_a_browser_renamed(class_of):
    """mato handed in `delta (1).ipynb`; the marks are those of `chainrule grade`, and the folder stays as it was."""
    course = class_of("mato", "ada")
    before = sorted(path.name for path in (course.classroom / "submitted/mato/delta").iterdir())
    grade_class(course, "delta", say=lambda _: None)
    ours = rows(course)
    assert "delta.ipynb" not in before and ours["mato", "check-delta-output"][0] == 2
    (course.classroom / "gradebook.db").unlink()
    Recorder(course, "delta")
    done = nbgrader(course, "autograde", "delta", "--force")
    assert done.returncode == 0, done.stderr[-2000:]
    assert rows(course) == ours
    assert sorted(path.name for path in (course.classroom / "submitted/mato/delta").iterdir()) == before


def test_the_formgraders_button_grades_in_the_sandbox_and_takes_no_extra_files(class_of, tmp_path):
    """The button calls nbgrader's API with the course's configuration. A link beside the notebook leads nowhere."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    from chainrule_grading.course import nbgrader_config
    course = class_of("goran")
    (tmp_path / "canary").write_text("canary")
    (course.classroom / "submitted/goran/delta/data.txt").symlink_to(tmp_path / "canary")
    Recorder(course, "delta")
    with grading.quiet():
        done = NbGraderAPI(config=Config(nbgrader_config(course))).autograde("delta", "goran")
    assert done["success"], done
    folder = course.classroom / "autograded/goran/delta"
    assert json.loads((folder / "grading.json").read_text(encoding="utf-8"))["isolation"] == "sandbox"
    assert sorted(path.name for path in folder.iterdir()) == ["delta.ipynb", "grading.json"]
    assert rows(course)["goran", "check-delta-layer"][0] == 2


@pytest.mark.parametrize("assignment", find_course(ROOT).assignments())
def test_answers_of_every_assignment_get_everything_in_the_sandbox_and_releases_nothing(course, assignment):
    release = course.release(assignment).read_bytes()
    solution = (course.solutions / assignment / f"{assignment}.ipynb").read_bytes()
    full = grade("ada", assignment, solution, release, instructor=solution, key=b"key")
    assert full.earned == full.points > 0 and not full.flags
    assert grade("ada", assignment, release, release, instructor=solution, key=b"key").earned == 0


def test_one_bad_submission_does_not_stop_the_class(class_of):
    course = class_of("ada", "otto", "pia")
    results, failures = grade_class(course, "delta", say=lambda _: None)
    assert not failures and [r.student for r in results] == ["ada", "otto", "pia"]
    assert [r.earned for r in results] == [27, 0, 18] and "not a Jupyter notebook" in results[1].problem
    assert "not graded yet" in (course.classroom / "feedback/otto/delta/delta.html").read_text(encoding="utf-8")
    assert (course.classroom / "submitted/otto/delta/delta.ipynb").read_text().startswith("Dear teacher")
    assert ("otto", "check-delta-output") not in rows(course)


def test_what_breaks_in_the_grader_itself_is_a_failure_and_the_others_are_graded(class_of, monkeypatch):
    course = class_of("ada", "dora")
    record = Recorder.record

    def broken(self, result, submission, made_of):
        if result.student == "ada":
            raise OSError("disk full")
        record(self, result, submission, made_of)
    monkeypatch.setattr(Recorder, "record", broken)
    results, failures = grade_class(course, "delta", say=lambda _: None)
    assert failures == [("ada", "OSError: disk full")] and [r.student for r in results] == ["dora"]
    assert main(course, ["delta"], ["ada"], isolation="none") == 1


def test_grading_twice_gives_the_same_rows(class_of):
    course = class_of("goran")
    grade_class(course, "delta", say=lambda _: None)
    first = rows(course)
    grade_class(course, "delta", say=lambda _: None)
    assert rows(course) == first


def test_a_manual_mark_survives_grading_again(class_of):
    from nbgrader.api import Gradebook
    course = class_of("ada")
    grade_class(course, "delta", say=lambda _: None)
    url = f"sqlite:///{course.classroom / 'gradebook.db'}"
    with Gradebook(url) as book:
        book.find_grade("delta-why_transpose", "delta", "delta", "ada").manual_score = 2.5
        book.db.commit()
    grade_class(course, "delta", say=lambda _: None)
    with Gradebook(url) as book:
        assert book.find_grade("delta-why_transpose", "delta", "delta", "ada").manual_score == 2.5
        assert book.find_submission("delta", "ada").score == 29.5


def test_late_work_loses_what_the_instructors_policy_says(class_of):
    from datetime import datetime

    from nbgrader.api import Gradebook
    course = class_of("ada")
    (course.classroom / "submitted/ada/delta/timestamp.txt").write_text("2026-11-20 12:00:00 UTC")
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    Recorder(course, "delta")
    with Gradebook(f"sqlite:///{course.classroom / 'gradebook.db'}") as book:
        book.update_or_create_assignment("delta", duedate=datetime(2026, 11, 20, 11, 0, 0))
    grade_class(course, "delta", say=lambda _: None)
    with Gradebook(f"sqlite:///{course.classroom / 'gradebook.db'}") as book:
        notebook = book.find_submission("delta", "ada").notebooks[0]
        assert notebook.late_submission_penalty == 27


def test_how_work_was_kept_apart_is_recorded_with_each_mark(class_of):
    course = class_of("nora")
    grade_class(course, "delta", say=lambda _: None)
    about = json.loads((course.classroom / "autograded/nora/delta/grading.json").read_text(encoding="utf-8"))
    assert about["isolation"] == "sandbox"
    assert about["flags"] == ["locked cell check-delta-hidden_lfd had been changed; the instructor's was used"]
    assert {mark["name"]: mark["earned"] for mark in about["marks"]}["check-delta-hidden_lfd"] == 0


def test_grading_is_a_function_of_bytes(course, learners):
    """The seam behind which a sandbox and a pool come: no course, no gradebook, arguments and result travel."""
    import pickle
    release = course.release("delta").read_bytes()
    raw = demo.notebook_of(learners["emil"], nbformat.reads(release.decode(), as_version=4))
    result = pickle.loads(pickle.dumps(grade("emil", "delta", raw, release, Limits(20))))
    assert result.earned == 22 and result.points == 27 and result.by_hand == 3
    assert grade("otto", "delta", b"hello", release).problem.startswith("The file is not a Jupyter notebook")


def test_other_peoples_notebooks_are_refused_until_isolation_is_accepted(class_of, capsys, monkeypatch):
    """Where there is no sandbox. What was typed is stored with each mark."""
    course = class_of("ada")
    monkeypatch.setattr(grading, "_warm", {})
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    with pytest.raises(UserError, match=r"apt install bubblewrap.*--accept-isolation=none"):
        main(course, ["delta"])
    assert not (course.classroom / "autograded").exists()
    assert main(course, ["delta"], isolation="none") == 0
    printed = capsys.readouterr().out
    assert "Isolation: none" in printed and "27 / 27" in printed and "gradebook.db" in printed
    about = json.loads((course.classroom / "autograded/ada/delta/grading.json").read_text(encoding="utf-8"))
    assert about["isolation"] == "none"


def test_nothing_to_grade_and_unknown_names_are_said_in_a_sentence(copy, learners):
    with pytest.raises(UserError, match="nothing to grade"):
        submissions(copy, "delta")
    with pytest.raises(UserError, match=r"no assignment called 'dleta'; the course has .*delta"):
        main(copy, ["dleta"], isolation="none")
    demo.hand_in(copy, [learners["ada"]])
    with pytest.raises(UserError, match="no submission of delta by 'eve'"):
        submissions(copy, "delta", ["eve"])


def test_what_is_wrong_around_the_files_is_said_before_work_starts(class_of, monkeypatch, tmp_path):
    import sqlite3
    from contextlib import closing
    course = class_of("ada")
    twin = course.classroom / "submitted/ADA/delta"
    twin.mkdir(parents=True)
    with pytest.raises(UserError, match="'ADA' and 'ada'"):
        grade_class(course, "delta")
    twin.parent.rename(tmp_path / "elsewhere")
    with monkeypatch.context() as patch:
        patch.setattr(grading.os, "access", lambda path, mode: "ada" not in str(path.name))
        with pytest.raises(UserError, match=r"submitted/ada cannot be read.*chmod"):
            grade_class(course, "delta")
    book = course.classroom / "gradebook.db"
    with closing(sqlite3.connect(book)) as other:
        other.execute("create table course (id text)")
        other.execute("insert into course values ('physics')")
        other.commit()
    with pytest.raises(UserError, match="gradebook of the course 'physics'"):
        grade_class(course, "delta")
    book.write_bytes(b"hello " * 1000)
    with pytest.raises(UserError, match="not a gradebook that can be read"):
        grade_class(course, "delta")
    assert not (course.classroom / "autograded").exists()


def test_the_newest_of_several_files_counts(class_of):
    course = class_of("mato")
    folder = course.classroom / "submitted/mato/delta"
    older = folder / "delta (2).ipynb"
    older.write_bytes(b"older")
    os.utime(older, (1, 1))
    assert submissions(course, "delta")[0].path.name == "delta (1).ipynb"


def test_the_table_reads_at_a_glance():
    results = [Result("ada", "delta", {}, (Mark("check-a", 2.0, 2.0), Mark("words", None, 3.0, written=True))),
               Result("ben", "delta", {}, (Mark("check-a", 0.5, 2.0),), flags=("cell a was missing",)),
               Result("cy", "delta", problem="The file is empty.")]
    lines = table(results).splitlines()
    assert lines[2].split() == ["ada", "2", "/", "2", "3", "p.", "all", "right"]
    assert "0.5 / 2" in lines[3] and "cell a was missing; not full: a" in lines[3]
    assert "–" in lines[4] and "The file is empty." in lines[4]


def test_work_in_the_exercises_folder_of_the_same_machine_is_not_taken_for_the_release(class_of, learners):
    """A learner works in exercises/; somebody else hands in a notebook without the cell: no answer is lent to it."""
    course = class_of("ivan")
    worked_in = course.exercises / "delta" / "delta.ipynb"
    release = nbformat.read(worked_in, as_version=4)
    worked_in.write_bytes(demo.notebook_of(learners["ada"], release))
    path = course.classroom / "submitted/ivan/delta/delta.ipynb"
    lazy = nbformat.read(path, as_version=4)
    lazy.cells = [cell for cell in lazy.cells if cell.id != "delta-output"]
    path.write_text(nbformat.writes(lazy), encoding="utf-8")
    results, failures = grade_class(course, "delta", say=lambda _: None)
    assert not failures and results[0].earned == 0
    assert "cell delta-output was missing; the release's was used" in results[0].flags
