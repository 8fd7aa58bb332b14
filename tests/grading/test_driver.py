"""The driver: nothing is graded twice, nothing is lost, whoever is killed and whenever."""
import contextlib
import html
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import nbformat
import pytest

from chainrule_grading import demo, driver, grading, recorder, rules
from chainrule_grading.course import UserError, nbgrader_config
from chainrule_grading.driver import Cluster, Here, Job, Pool, compare, edition, grade_class, main
from chainrule_grading.journal import Journal, result_from
from chainrule_grading.marks import Mark, gather
from chainrule_grading.recorder import Recorder, back_up, digest, make_gradebook

NAMES = ("ada", "dora", "goran", "otto")


@pytest.fixture
def class_of(copy):
    def hand_in(*names):
        demo.hand_in(copy, [demo.read_learner(copy.sources / "class" / f"{name}.py") for name in names])
        return copy
    return hand_in


def dump(course):
    """The gradebook as sorted rows without ids and times, and the marks of each grading.json; SQL, not nbgrader."""
    with closing(sqlite3.connect(course.classroom / "gradebook.db")) as book:
        grades = book.execute("""
            select a.student_id, c.name, g.auto_score, g.manual_score, g.needs_manual_grade, n.late_submission_penalty
            from grade g join submitted_notebook n on g.notebook_id = n.id
            join submitted_assignment a on n.assignment_id = a.id join base_cell c on g.cell_id = c.id""").fetchall()
        comments = book.execute("""
            select a.student_id, c.name, k.auto_comment, k.manual_comment
            from comment k join submitted_notebook n on k.notebook_id = n.id
            join submitted_assignment a on n.assignment_id = a.id join base_cell c on k.cell_id = c.id""").fetchall()
    marks = [(path.parent.parent.name, json.loads(path.read_text(encoding="utf-8"))["marks"])
             for path in course.classroom.glob("autograded/*/*/grading.json")]
    return sorted(map(repr, [*grades, *comments, *marks]))


class Counting(Here):
    """Grades here, and remembers whom."""

    def __init__(self):
        self.whom = []

    def submit(self, student, *rest):
        self.whom.append(student)
        return super().submit(student, *rest)


def silent(_):
    pass


def test_only_what_is_new_or_changed_is_graded_again(class_of):
    course, counting = class_of("ada", "otto"), Counting()
    first, _ = grade_class(course, "delta", say=silent, workers=counting)
    assert counting.whom == ["ada", "otto"]
    again, failures = grade_class(course, "delta", say=silent, workers=counting)
    assert counting.whom == ["ada", "otto"] and not failures
    assert [(r.student, r.earned, r.marks, r.problem) for r in again] == \
        [(r.student, r.earned, r.marks, r.problem) for r in first]
    path = course.classroom / "submitted/ada/delta/delta.ipynb"
    path.write_bytes(path.read_bytes() + b"\n")
    grade_class(course, "delta", say=silent, workers=counting)
    assert counting.whom == ["ada", "otto", "ada"]
    grade_class(course, "delta", say=silent, workers=counting, force=True)
    assert counting.whom == ["ada", "otto", "ada", "ada", "otto"]


@pytest.mark.parametrize("lost", ["gradebook.db", "feedback/ada/delta/delta.html", "autograded/ada/delta/grading.json"])
def test_what_was_lost_from_the_classroom_is_made_again(class_of, lost):
    course, counting = class_of("ada"), Counting()
    grade_class(course, "delta", say=silent, workers=counting)
    before = dump(course)
    (course.classroom / lost).unlink()
    grade_class(course, "delta", say=silent, workers=counting)
    assert counting.whom == ["ada", "ada"] and (course.classroom / lost).is_file() and dump(course) == before


def test_other_limits_another_secret_another_course_text_mean_grading_again(class_of, monkeypatch):
    course, counting = class_of("ada"), Counting()
    grade_class(course, "delta", say=silent, workers=counting)
    grade_class(course, "delta", limits=grading.Limits(cell_seconds=9), say=silent, workers=counting)
    assert len(counting.whom) == 2
    (course.classroom / "course-secret").write_text("0" * 64 + "\n")
    grade_class(course, "delta", limits=grading.Limits(cell_seconds=9), say=silent, workers=counting)
    assert len(counting.whom) == 3
    monkeypatch.setattr(driver, "edition", lambda: "another")
    grade_class(course, "delta", limits=grading.Limits(cell_seconds=9), say=silent, workers=counting)
    assert len(counting.whom) == 4


def test_a_result_that_was_not_recorded_waits_in_the_journal_and_is_not_graded_again(class_of, monkeypatch):
    course, counting = class_of("ada", "dora"), Counting()
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "_save", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        _, failures = grade_class(course, "delta", say=silent, workers=counting)
    assert [who for who, why in failures if "No space" in why] == ["ada", "dora"]
    assert sorted(p.name for p in (course.classroom / "journal/delta").iterdir()) == ["ada.json", "dora.json"]
    results, failures = grade_class(course, "delta", say=silent, workers=counting)
    assert not failures and [r.earned for r in results] == [27, 19] and counting.whom == ["ada", "dora"]
    assert not list((course.classroom / "journal/delta").iterdir())


def test_a_journal_of_other_bytes_or_half_a_file_is_not_believed(class_of):
    course = class_of("ada")
    journal = Journal(course, "delta")
    result = grading.Result("ada", "delta", nbformat.v4.new_notebook(),
                            (grading.Mark("check-a", 1.0, 2.0, ("says",)),), ("flag",))
    journal.write(result, "one")
    assert journal.read("ada", "one") == result and journal.read("ada", "two") is None
    place = course.classroom / "journal/delta/ada.json"
    place.write_bytes(place.read_bytes()[:-20])
    assert journal.read("ada", "one") is None
    assert result_from({"student": "a", "assignment": "b"}) == grading.Result("a", "b")


def test_names_of_bytes_do_not_run_into_each_other():
    assert digest(b"ab", b"c") != digest(b"a", b"bc") and digest(b"a", None) != digest(b"a")
    assert digest("é") == digest("é".encode())


def test_a_submission_that_is_half_recorded_is_not_in_the_gradebook(class_of, monkeypatch):
    """The transaction: what stops in the middle leaves no row of that learner, and the others'."""
    course = class_of("ada", "dora")
    late = Recorder._late
    monkeypatch.setattr(Recorder, "_late", lambda self, theirs, rows, student:
                        1 / 0 if student == "ada" else late(self, theirs, rows, student))
    _, failures = grade_class(course, "delta", say=silent, workers=Here())
    assert [who for who, _ in failures] == ["ada"]
    rows = dump(course)
    assert rows and not [row for row in rows if "'ada'" in row] and [row for row in rows if "'dora'" in row]


def test_a_locked_gradebook_costs_a_failure_and_the_next_run_finishes(class_of, monkeypatch):
    course = class_of("ada")
    monkeypatch.setattr(recorder, "PATIENCE", 0.1)
    with Recorder(course, "delta"):
        pass
    with closing(sqlite3.connect(course.classroom / "gradebook.db")) as other:
        save = Recorder._save

        def locked(*arguments):
            other.execute("begin immediate")
            return save(*arguments)
        with monkeypatch.context() as patch:
            patch.setattr(Recorder, "_save", locked)
            _, failures = grade_class(course, "delta", say=silent)
        assert len(failures) == 1 and "locked" in failures[0][1]
        other.rollback()
    counting = Counting()
    results, failures = grade_class(course, "delta", say=silent, workers=counting)
    assert not failures and not counting.whom and results[0].earned == 27


# ---------------------------------------------------------------- killed

def run(course, *arguments):
    return subprocess.Popen([sys.executable, "-m", "chainrule_grading.cli", "grade", "delta", "--workers", "2",
                             *arguments], cwd=course.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            start_new_session=True)


def family(pid):
    """All processes below this one, from /proc."""
    found, waiting = [], [pid]
    while waiting:
        for path in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                children = [int(child) for child in path.read_text().split()]
                found += children
                waiting += children
    return found


def disturbed(course, victim, seconds):
    """Run the command, kill -9 one process after so many seconds, and let it, or a second run, finish."""
    process = run(course)
    time.sleep(seconds)
    those = family(process.pid)
    target = process.pid if victim == "driver" else random.Random(seconds).choice(those) if those else process.pid
    with contextlib.suppress(ProcessLookupError):
        os.kill(target, signal.SIGKILL)
    printed, _ = process.communicate(timeout=200)
    if target == process.pid or process.returncode:
        done = run(course)
        printed, _ = done.communicate(timeout=200)
        assert done.returncode == 0, printed
    return those


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, course):
    """The gradebook of a run that nobody disturbed, and the course that the others start from."""
    import shutil

    from chainrule_grading.course import Course
    root = tmp_path_factory.mktemp("undisturbed") / "course"
    for name in ("course", "solutions", "exercises", "lectures"):
        shutil.copytree(course.root / name, root / name)
    shutil.copy(course.root / "nbgrader_config.py", root)
    own = Course(root)
    demo.hand_in(own, [demo.read_learner(own.sources / "class" / f"{name}.py") for name in NAMES])
    (own.classroom / "course-secret").write_text("7" * 64 + "\n")
    fresh = root.parent / "fresh"
    shutil.copytree(root, fresh)
    done = run(own)
    printed, _ = done.communicate(timeout=200)
    assert done.returncode == 0, printed
    return Course(fresh), dump(own)


def moments(count, seed):
    rng = random.Random(seed)
    return [(("driver", "anyone")[k % 2], round(rng.uniform(0.3, 4), 2)) for k in range(count)]


@pytest.mark.parametrize(("victim", "seconds"), [
    ("driver", 1.2), ("driver", 2.2), ("anyone", 2.4),
    *(pytest.param(*moment, marks=pytest.mark.proof) for moment in moments(47, 9))])
def test_killed_at_any_moment_it_ends_with_the_same_gradebook(undisturbed, tmp_path, victim, seconds):
    """The victim is the driver, or any process below it: worker, fork server, warm parent, sandbox."""
    import shutil

    from chainrule_grading.course import Course
    fresh, wanted = undisturbed
    shutil.copytree(fresh.root, tmp_path / "course")
    course = Course(tmp_path / "course")
    those = disturbed(course, victim, seconds)
    assert dump(course) == wanted
    deadline = time.monotonic() + 10
    while (left := [pid for pid in those if _runs(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left, "processes were left behind"


def _runs(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_worker_that_dies_each_time_is_a_failure_and_not_an_endless_loop(monkeypatch):
    from concurrent.futures import Future
    from concurrent.futures.process import BrokenProcessPool

    class Dying:
        size, renewed = 1, 0

        def submit(self, student, *_):
            future = Future()
            future.set_exception(BrokenProcessPool()) if student == "eve" else future.set_result("fine")
            return future

        def renew(self):
            self.renewed += 1

    class Klass:
        def send(self, workers, job):
            return workers.submit(job.submission)

    workers = Dying()
    found = [(job.submission, result) for job, result in
             driver.graded(Klass(), [Job("eve", b"", ""), Job("ada", b"", "")], workers)]
    assert sorted(who for who, _ in found) == ["ada", "eve"] and dict(found)["ada"] == "fine"
    assert isinstance(dict(found)["eve"], BrokenProcessPool) and workers.renewed == driver.TRIES


# ---------------------------------------------------------------- copies, lateness, a person's marks

def test_the_gradebook_is_copied_before_each_run_and_the_last_copies_are_kept(class_of, monkeypatch):
    course = class_of("ada")
    assert back_up(course) is None
    grade_class(course, "delta", say=silent, workers=Here())
    before = dump(course)
    monkeypatch.setattr(recorder, "COPIES", 3)
    copies = [back_up(course) for _ in range(5)]
    assert sorted((course.classroom / "backups").glob("gradebook-*")) == copies[-3:]
    copies[-1].replace(course.classroom / "gradebook.db")
    assert dump(course) == before


def test_an_empty_gradebook_is_the_one_that_nbgrader_makes(tmp_path, course):
    from nbgrader.api import Gradebook
    nbgrader_config(course)                       # nbgrader's way needs the program alembic on PATH
    Gradebook(f"sqlite:///{tmp_path / 'theirs.db'}").close()
    make_gradebook(tmp_path / "ours.db")

    def tables(name):
        with closing(sqlite3.connect(tmp_path / name)) as book:
            return (sorted(map(repr, book.execute("select type, name, tbl_name, lower(sql) from sqlite_master"))),
                    book.execute("select version_num from alembic_version").fetchall())
    assert tables("ours.db") == tables("theirs.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ours.db", "theirs.db"]


def test_a_gradebook_that_is_there_is_left_alone(class_of):
    course = class_of("ada")
    grade_class(course, "delta", say=silent, workers=Here())
    before = (course.classroom / "gradebook.db").read_bytes()
    make_gradebook(course.classroom / "gradebook.db")
    assert (course.classroom / "gradebook.db").read_bytes() == before


def test_an_extension_saves_a_learner_from_the_penalty_and_no_other(class_of):
    from nbgrader.api import Gradebook
    course = class_of("ada", "dora")
    for name in ("ada", "dora"):
        (course.classroom / f"submitted/{name}/delta/timestamp.txt").write_text("2026-11-21 12:00:00 UTC")
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    url = f"sqlite:///{course.classroom / 'gradebook.db'}"
    with Recorder(course, "delta"), Gradebook(url) as book:
        book.update_or_create_assignment("delta", duedate=datetime(2026, 11, 20, 11, 0, 0))

    def penalties():
        with Gradebook(url) as book:
            return {s.student.id: s.late_submission_penalty for s in book.assignment_submissions("delta")}
    grade_class(course, "delta", say=silent, workers=Here())
    assert penalties() == {"ada": 27, "dora": 19}
    (course.classroom / "class.toml").write_text("[extensions.delta]\nada = 1.5\n")
    counting = Counting()
    grade_class(course, "delta", say=silent, workers=counting)
    assert penalties() == {"ada": 0, "dora": 19} and counting.whom == ["ada"]
    page = (course.classroom / "feedback/dora/delta/delta.html").read_text(encoding="utf-8")
    assert "Handed in late: 19 points less" in page
    assert rules.of(course).extensions == {"delta": {"ada": timedelta(days=1.5)}}


@pytest.mark.parametrize("text", ["[extensions\n", "ada = 2\n", "[extensions.delta]\nada = 'soon'\n"])
def test_extensions_that_cannot_be_used_are_said_in_a_sentence(copy, text):
    copy.classroom.mkdir()
    (copy.classroom / "class.toml").write_text(text)
    with pytest.raises(UserError, match=r"class.toml cannot be used .* should look like this: \[due\]"):
        rules.of(copy)


def test_a_persons_mark_and_its_reason_survive_and_reach_the_feedback(class_of):
    from nbgrader.api import Gradebook
    course = class_of("dora")
    grade_class(course, "delta", say=silent, workers=Here())
    with Gradebook(f"sqlite:///{course.classroom / 'gradebook.db'}") as book:
        book.find_grade("delta-why_transpose", "delta", "delta", "dora").manual_score = 2.5
        book.find_comment("delta-why_transpose", "delta", "delta", "dora").manual_comment = "Said in the oral exam."
        book.db.commit()
    grade_class(course, "delta", say=silent, workers=Here(), force=True)
    rows = [row for row in dump(course) if "delta-why_transpose" in row]
    assert any("2.5" in row for row in rows) and any("oral exam" in row for row in rows)
    assert "Said in the oral exam." in (course.classroom / "feedback/dora/delta/delta.html").read_text(encoding="utf-8")


def test_after_a_person_has_marked_the_next_run_writes_new_pages_and_grades_nobody(class_of):
    from nbgrader.api import Gradebook
    course, said, counting = class_of("ada", "dora"), [], Counting()
    grade_class(course, "delta", say=silent, workers=counting)
    page = course.classroom / "feedback/dora/delta/delta.html"
    others = (course.classroom / "feedback/ada/delta/delta.html").stat().st_mtime_ns
    assert "3 points for answers in words, which a person will read" in page.read_text(encoding="utf-8")
    with Gradebook(f"sqlite:///{course.classroom / 'gradebook.db'}") as book:
        mark = book.find_grade("delta-why_transpose", "delta", "delta", "dora")
        mark.manual_score, mark.needs_manual_grade = 2.5, False
        book.find_comment("delta-why_transpose", "delta", "delta", "dora").manual_comment = "Well said."
        book.db.commit()
    for news in (True, False):
        grade_class(course, "delta", say=said.append, workers=counting)
        assert any("New feedback pages for 1 of them" in text for text in said) == news
        said.clear()
    assert "2.5 of 3 points for answers in words" in page.read_text(encoding="utf-8") and len(counting.whom) == 2
    assert "Well said." in page.read_text(encoding="utf-8")
    assert (course.classroom / "feedback/ada/delta/delta.html").stat().st_mtime_ns == others


def read_by_a_person(course, student, points, cell="delta-why_transpose"):
    """As the formgrader writes it."""
    from nbgrader.api import Gradebook
    with Gradebook(f"sqlite:///{course.classroom / 'gradebook.db'}") as book:
        mark = book.find_grade(cell, "delta", "delta", student)
        mark.manual_score, mark.needs_manual_grade = points, False
        book.db.commit()


def rewritten(course, student, cell, source):
    """The learner hands in again, with another text in one cell."""
    path = course.classroom / f"submitted/{student}/delta/delta.ipynb"
    notebook = nbformat.read(path, as_version=4)
    next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == cell).source = source
    nbformat.write(notebook, path)


def test_what_a_person_has_read_need_not_be_read_again_unless_the_answer_is_another(class_of):
    """nbgrader asks for another look after each grading; then a read class would have no marks any more."""
    course = class_of("dora")
    grade_class(course, "delta", say=silent, workers=Here())
    read_by_a_person(course, "dora", 2)
    read_by_a_person(course, "dora", 1, "check-delta-hidden")
    page, found = course.classroom / "feedback/dora/delta/delta.html", []
    for change in (lambda: None, lambda: rewritten(course, "dora", "delta-output_tanh", "Z = 1"),
                   lambda: rewritten(course, "dora", "delta-why_transpose", "No idea.")):
        change()
        grade_class(course, "delta", say=silent, workers=Here(), force=True)
        text = page.read_text(encoding="utf-8")
        found.append(("2 of 3 points for answers in words" in text, "3 points for answers in words, which" in text,
                      "1 of 2" in text, gather(course, ["delta"]).marks["delta"]["dora"].why))
    assert [row[:3] for row in found] == [(True, False, True), (True, False, True), (False, True, True)]
    assert [row[3] for row in found] == ["", "", "an answer in words waits to be read"]


def test_a_time_of_handing_in_goes_with_its_file(class_of):
    course = class_of("dora")
    (course.classroom / "class.toml").write_text(
        "[due]\ndelta = 2026-11-20T12:00:00Z\n[late]\nper_day = '10%'\n")
    stamp = course.classroom / "submitted/dora/delta/timestamp.txt"
    stamp.write_text("2026-11-21 12:00:00 UTC")
    pages = []
    for _ in range(2):
        grade_class(course, "delta", say=silent, workers=Here())
        pages.append((course.classroom / "feedback/dora/delta/delta.html").read_text(encoding="utf-8"))
        stamp.unlink(missing_ok=True)
    assert ["Handed in late" in page for page in pages] == [True, False]
    assert not (course.classroom / "autograded/dora/delta/timestamp.txt").exists()


def test_an_extension_without_a_date_means_nothing_and_stops_nothing(class_of):
    course = class_of("dora")
    (course.classroom / "class.toml").write_text("[extensions.delta]\ndora = 2\n")
    (course.classroom / "submitted/dora/delta/timestamp.txt").write_text("2026-11-21 12:00:00 UTC")
    _, failures = grade_class(course, "delta", say=silent, workers=Here())
    assert not failures and gather(course, ["delta"], as_it_stands=True).marks["delta"]["dora"].points == 19


def test_a_broken_file_after_a_good_one_has_no_mark_wherever_one_looks(class_of):
    course = class_of("dora")
    grade_class(course, "delta", say=silent, workers=Here())
    (course.classroom / "submitted/dora/delta/delta.ipynb").write_text("{")
    (result,), _ = grade_class(course, "delta", say=silent, workers=Here())
    assert result.problem and gather(course, ["delta"]).marks["delta"]["dora"] == \
        Mark(None, "a file that cannot be graded")


def test_two_runs_in_one_classroom_take_turns(class_of):
    course, said = class_of("ada"), []
    with driver.alone(course, said.append):
        second = run(course)
        time.sleep(3)
        assert second.poll() is None and not (course.classroom / "gradebook.db").exists()
    printed, _ = second.communicate(timeout=100)
    assert second.returncode == 0 and "Another chainrule grade is at work" in printed and not said


def test_ctrl_c_ends_a_run_that_waits_for_submissions_without_python_s_insides(class_of):
    """As in a terminal, where all processes of the command get the signal."""
    course = class_of("ada")
    process = run(course, "--watch")
    for line in process.stdout:
        if "ada" in line:
            break
    time.sleep(3)                                 # it has written and waits
    os.killpg(process.pid, signal.SIGINT)
    rest = process.communicate(timeout=30)[0]
    assert "Traceback" not in rest and "Stopped." in rest


def test_a_gradebook_that_may_not_be_written_is_not_called_broken(class_of, monkeypatch):
    course = class_of("ada")
    grade_class(course, "delta", say=silent, workers=Here())
    monkeypatch.setattr(grading, "to_read", lambda path: (_ for _ in ()).throw(
        sqlite3.OperationalError("attempt to write a readonly database")))
    with pytest.raises(UserError, match="may not be written by you"):
        grading.own_gradebook(course)


def test_each_learner_has_one_page_over_all_assignments(class_of):
    course = class_of("dora", "otto")
    folder = course.classroom / "submitted/dora/losses"
    folder.mkdir(parents=True)
    (folder / "losses.ipynb").write_bytes((course.solutions / "losses/losses.ipynb").read_bytes())
    for name in ("delta", "losses"):
        grade_class(course, name, say=silent, workers=Here())
    page = (course.classroom / "feedback/dora/index.html").read_text(encoding="utf-8")
    assert "19 of 27" in page and 'href="losses/losses.html"' in page and "ada" not in page
    assert "3, to be read" in page and "19 of 30" in page
    read_by_a_person(course, "dora", 2)
    (result, *_), _ = grade_class(course, "delta", say=silent, workers=Here())
    page = (course.classroom / "feedback/dora/index.html").read_text(encoding="utf-8")
    assert "2 of 3" in page and "21 of 30" in page and "19 of 27" in page
    assert result.stands == 21 and result.by_hand == 0 and "stands at 21 of 30" in driver.table([result])
    assert "not graded, see the page" in (course.classroom / "feedback/otto/index.html").read_text(encoding="utf-8")


# ---------------------------------------------------------------- a disk that is full, or may not be written

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root, as in CI, may mount a small disk to fill it")


@pytest.fixture
def mounted():
    """mount(folder, *options): undone at the end."""
    places = []

    def mount(folder, *options):
        subprocess.run(["mount", *options, str(folder)], check=True)
        places.append(folder)
    yield mount
    for folder in reversed(places):
        subprocess.run(["umount", str(folder)], check=True)


def copy_of(fresh, target):
    import shutil

    from chainrule_grading.course import Course
    shutil.copytree(fresh.root, target)
    return Course(target)


@only_root
@pytest.mark.parametrize("room", ["300k", "700k", pytest.param("400k", marks=pytest.mark.proof),
                                  pytest.param("600k", marks=pytest.mark.proof)])
def test_a_full_disk_costs_failures_and_after_it_has_room_the_gradebook_is_the_same(
        undisturbed, tmp_path, mounted, room):
    fresh, wanted = undisturbed
    course = copy_of(fresh, tmp_path / "course")
    kept = tmp_path / "kept"
    (course.classroom).rename(kept)
    course.classroom.mkdir()
    mounted(course.classroom, "-t", "tmpfs", "-o", f"size={room}", "tmpfs")
    subprocess.run(["cp", "-a", f"{kept}/.", str(course.classroom)], check=True)
    process = run(course)
    printed, _ = process.communicate(timeout=200)
    assert process.returncode and ("No space left" in printed or "disk is full" in printed), printed
    assert "Traceback" not in printed
    subprocess.run(["mount", "-o", "remount,size=100m", str(course.classroom)], check=True)
    process = run(course)
    printed, _ = process.communicate(timeout=200)
    assert process.returncode == 0 and dump(course) == wanted, printed


@only_root
def test_a_folder_that_may_not_be_written_costs_failures_and_nothing_else(undisturbed, tmp_path, mounted):
    fresh, wanted = undisturbed
    course = copy_of(fresh, tmp_path / "course")
    folder = course.classroom / "feedback"
    folder.mkdir()
    mounted(folder, "--bind", str(folder))
    subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
    process = run(course)
    printed, _ = process.communicate(timeout=200)
    assert process.returncode == 1 and "Read-only file system" in printed and "Traceback" not in printed, printed
    subprocess.run(["mount", "-o", "remount,rw,bind", str(folder)], check=True)
    process = run(course)
    printed, _ = process.communicate(timeout=200)
    assert process.returncode == 0 and dump(course) == wanted, printed


@only_root
def test_a_classroom_that_may_not_be_written_is_said_in_one_sentence(undisturbed, tmp_path, mounted):
    fresh, _ = undisturbed
    course = copy_of(fresh, tmp_path / "course")
    mounted(course.classroom, "--bind", str(course.classroom))
    subprocess.run(["mount", "-o", "remount,ro,bind", str(course.classroom)], check=True)
    process = run(course)
    printed, _ = process.communicate(timeout=200)
    assert process.returncode == 2 and "cannot be written" in printed and "Traceback" not in printed, printed


# ---------------------------------------------------------------- the command

def test_a_dry_run_shows_marks_before_and_after_and_writes_nothing(class_of, capsys):
    course = class_of("ada", "dora")
    assert main(course, ["delta"]) == 0
    before, book = dump(course), (course.classroom / "gradebook.db").read_bytes()
    worse = course.classroom / "submitted/dora/delta/delta.ipynb"
    worse.write_bytes(course.release("delta").read_bytes())
    capsys.readouterr()
    assert main(course, ["delta"], dry_run=True) == 0
    printed = capsys.readouterr().out
    line = next(line for line in printed.splitlines() if line.startswith("dora"))
    assert line.split() == ["dora", "19", "0"] and "1 would be graded, 1 of them" in printed
    assert "\nada" not in printed and dump(course) == before
    assert len(book) == len((course.classroom / "gradebook.db").read_bytes())
    assert compare(course, "delta", workers=Here())[0][0] == "dora"
    assert main(course, ["delta"], dry_run=True, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == [
        {"assignment": "delta", "learner": "dora", "before": "19", "after": "0"}]


def test_the_summary_for_programs_is_json_alone_on_stdout(class_of, capsys):
    course = class_of("ada", "otto")
    assert main(course, ["delta"], as_json=True, workers=1) == 0
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert [(r["learner"], r["earned"], bool(r["problem"])) for r in told["results"]] == \
        [("ada", 27, False), ("otto", 0, True)]
    assert "[2/2]" in printed.err and told["failures"] == []
    with pytest.raises(UserError, match="at least one process"):
        main(course, ["delta"], workers=0)


def test_watching_grades_what_arrives_and_what_is_handed_in_again(class_of, monkeypatch):
    course, said, looks = class_of("otto"), [], []

    def next_look(_):
        looks.append(len(said))
        folder = course.classroom / "submitted/ada/delta"
        if len(looks) == 2:
            demo.hand_in(course, [demo.read_learner(course.sources / "class" / "ada.py")])
        elif len(looks) == 4:
            (folder / "delta.ipynb").write_bytes(course.release("delta").read_bytes())
        elif len(looks) == 6:
            raise KeyboardInterrupt
    monkeypatch.setattr(driver.time, "sleep", next_look)
    monkeypatch.setattr(driver, "Pool", lambda workers: Here())
    with pytest.raises(KeyboardInterrupt):
        main(course, ["delta"], watch=True, as_json=False)
    rows = [row for row in dump(course) if row.startswith("('ada', 'check-delta-output'")]
    assert rows == ["('ada', 'check-delta-output', 0.0, None, 0, None)"]
    assert len(list((course.classroom / "backups").glob("gradebook-*"))) <= 1


# ---------------------------------------------------------------- Dask

@pytest.fixture(scope="module")
def dask_cluster():
    """A scheduler and two workers as separate processes on loopback."""
    from distributed import Client

    program = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    log = subprocess.DEVNULL
    import socket
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    started = [subprocess.Popen([*program, "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"], stdout=log,
                                stderr=log)]
    started += [subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1",
                                  "--no-dashboard", "--no-nanny"], stdout=log, stderr=log) for _ in range(2)]
    try:
        with Client(address, timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, started
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_cluster_gives_the_same_gradebook_and_a_worker_that_dies_loses_nothing(undisturbed, tmp_path, dask_cluster):
    import shutil

    from chainrule_grading.course import Course
    fresh, wanted = undisturbed
    address, started = dask_cluster
    shutil.copytree(fresh.root, tmp_path / "course")
    course, said = Course(tmp_path / "course"), []

    def kill_one(text):
        said.append(text)
        if len(said) == 2:
            started[1].kill()
    cluster = Cluster(address)
    try:
        assert cluster.size == 2
        _, failures = grade_class(course, "delta", say=kill_one, workers=cluster)
    finally:
        cluster.close()
    assert not failures and dump(course) == wanted


def test_dasks_own_local_cluster_gives_the_same_gradebook(undisturbed, tmp_path):
    from distributed import LocalCluster
    fresh, wanted = undisturbed
    course = copy_of(fresh, tmp_path / "course")
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as local:
        cluster = Cluster(local.scheduler_address)
        try:
            assert cluster.size == 2
            _, failures = grade_class(course, "delta", say=silent, workers=cluster)
        finally:
            cluster.close()
    assert not failures and dump(course) == wanted


def test_a_worker_with_other_code_is_refused_before_work(tmp_path):
    """A real one: its chainrule differs in one line of one misconception."""
    import shutil
    import socket

    from distributed import Client
    library = tmp_path / "lib"
    shutil.copytree(Path(driver.__file__).parents[1], library, ignore=shutil.ignore_patterns("__pycache__"))
    changed = library / "chainrule/exercises/delta.py"
    changed.write_text(changed.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, quiet = f"tcp://127.0.0.1:{port}", {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    theirs = os.environ | {"PYTHONPATH": str(library)}
    started = [subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1",
                                 "--port", str(port), "--no-dashboard"], **quiet),
               subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1",
                                 "--no-dashboard", "--no-nanny"], env=theirs, **quiet)]
    try:
        with Client(address, timeout=60) as client:
            client.wait_for_workers(1, timeout=60)
        with pytest.raises(UserError, match="has another edition of chainrule"):
            Cluster(address)
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_cluster_of_another_edition_is_refused_before_work(dask_cluster, monkeypatch):
    monkeypatch.setattr(driver, "edition", lambda: "another")
    with pytest.raises(UserError, match="another edition of chainrule"):
        Cluster(dask_cluster[0])
    with pytest.raises(UserError, match="no Dask scheduler at"):
        Cluster("tcp://127.0.0.1:9")


def test_several_assignments_are_graded_in_one_go_by_default_all_that_were_handed_in(class_of, capsys):
    course = class_of("ada", "dora")
    folder = course.classroom / "submitted/ada/losses"
    folder.mkdir(parents=True)
    (folder / "losses.ipynb").write_bytes((course.solutions / "losses/losses.ipynb").read_bytes())
    assert main(course, workers=1) == 0
    printed = capsys.readouterr().out
    assert printed.index("\ndelta\n") < printed.index("\nlosses\n") and "27 / 27" in printed
    assert (course.classroom / "feedback/ada/losses/losses.html").is_file()
    assert len(list((course.classroom / "backups").glob("gradebook-*"))) <= 1
    assert main(course, ["losses", "delta"], dry_run=True) == 0
    assert capsys.readouterr().out.count("0 would be graded") == 2


def test_nobody_has_handed_in_anything(copy):
    with pytest.raises(UserError, match="nobody has handed in any of"):
        main(copy)


def test_a_dry_run_makes_no_gradebook(class_of):
    course = class_of("ada")
    assert main(course, ["delta"], dry_run=True) == 0
    assert not (course.classroom / "gradebook.db").exists()


def test_an_idle_worker_ends_with_a_driver_that_was_killed(tmp_path):
    source = ("import os, time\nfrom chainrule_grading.driver import Pool\n"
              "pool = Pool(1)\nprint(pool._started().submit(os.getpid).result(), flush=True)\ntime.sleep(60)")
    driver_process = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    worker = int(driver_process.stdout.readline())
    driver_process.kill()
    driver_process.wait()
    driver_process.stdout.close()
    deadline = time.monotonic() + 20
    while _runs(worker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _runs(worker)


def test_a_worker_starts_quickly_for_it_builds_no_grammar_of_addresses():
    told = subprocess.run([sys.executable, "-c", "import chainrule_grading.evaluate, chainrule_grading.driver, sys; "
                           "print('lark' in sys.modules, 'jsonschema' in sys.modules)"],
                          capture_output=True, text=True, check=True).stdout
    assert told.split() == ["False", "True"]


def test_the_edition_is_the_same_in_another_process():
    there = subprocess.run([sys.executable, "-c", "import chainrule_grading.driver as d; print(d.edition())"],
                           capture_output=True, text=True, check=True).stdout.strip()
    assert there == edition() and len(there) == 64


def test_a_pool_starts_nothing_until_it_is_used():
    pool = Pool(2)
    assert pool.executor is None
    pool.close()


def test_a_learner_with_an_older_notebook_reads_why_it_was_graded_by_todays(class_of):
    course = class_of("ada")
    path = course.classroom / "submitted/ada/delta/delta.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"]["chainrule"]["tasks"]["delta.output"] = "00000000"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    (result,), _ = grade_class(course, "delta", say=silent, workers=Here())
    assert result.earned == 27 and "delta.output asked for something else" in result.notes[0]
    page = (course.classroom / "feedback/ada/delta/delta.html").read_text(encoding="utf-8")
    assert result.notes[0] in html.unescape(page)
    (again,), _ = grade_class(course, "delta", say=silent, workers=Here())
    assert again.notes == result.notes


def test_the_edition_changes_with_what_decides_marks_and_not_with_the_rest():
    library = Path(driver.__file__).parent
    decide = {library / f"{name}.py" for name in driver.DECIDE}
    assert all(path.is_file() for path in decide)
    rest = {path.stem for path in library.glob("*.py")} - set(driver.DECIDE)
    assert rest >= {"book", "lab", "doctor", "authoring", "driver", "journal", "start"}


def test_a_gradebook_whose_log_is_unfinished_can_be_read(class_of):
    """What a killed run leaves: a log with rows in it, and no file of shared memory."""
    import shutil
    import sqlite3

    from chainrule_grading.recorder import with_rows
    course = class_of("ada")
    grade_class(course, "delta", say=silent, workers=Here())
    path, kept = course.classroom / "gradebook.db", course.classroom / "kept"
    kept.mkdir()
    writing = sqlite3.connect(path)
    writing.execute("pragma journal_mode = wal")
    writing.execute("insert into student (id) values ('eve')")
    writing.commit()
    for name in ("gradebook.db", "gradebook.db-wal"):
        shutil.copy(course.classroom / name, kept)
    writing.close()
    for left in course.classroom.glob("gradebook.db*"):
        left.unlink()
    for name in ("gradebook.db", "gradebook.db-wal"):
        shutil.move(kept / name, course.classroom)
    grading.own_gradebook(course)
    assert with_rows(course, "delta") == {"ada"}


def test_work_that_nobody_would_grade_is_named(class_of, capsys):
    course = class_of("ada")
    raw = course.release("delta").read_bytes()
    for place in ("emil/delta.ipynb", "greta/Delta/delta.ipynb"):
        path = course.classroom / "submitted" / place
        path.parent.mkdir(parents=True)
        path.write_bytes(raw)
    assert main(course, ["delta"], workers=1) == 0
    said = capsys.readouterr().out
    assert "emil/delta.ipynb lies in no assignment's folder" in said and "there is no assignment 'Delta'" in said
    assert sum(text.startswith("Not graded") for text in said.splitlines()) == 2


@pytest.mark.parametrize("name", ["losses", ""])
def test_the_notebook_of_another_assignment_has_no_mark_and_no_page_of_flags(class_of, name):
    course = class_of("ada")
    path = course.classroom / "submitted/ada/delta/delta.ipynb"
    path.write_bytes(course.release(name).read_bytes() if name else nbformat.writes(
        nbformat.v4.new_notebook()).encode())
    (result,), _ = grade_class(course, "delta", say=silent, workers=Here())
    assert "none of the tasks of this assignment" in result.problem and not result.flags


@pytest.mark.parametrize("option", ["--cell-seconds=0", "--cell-seconds=-3", "--memory-mb=10", "--total-seconds=nan"])
def test_limits_with_which_nothing_could_be_graded_are_refused(class_of, monkeypatch, capsys, option):
    from chainrule_grading import cli
    monkeypatch.chdir(class_of("ada").root)
    assert cli.main(["grade", "delta", option]) != 0
    assert f"{option.partition('=')[0]} is" in capsys.readouterr().err
