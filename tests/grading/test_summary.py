"""The page of what a learner has built: counted from their progress, drawn by their own functions."""
import base64
import json
import re
import shutil

import pytest

from chainrule.exercises import _progress, assignments
from chainrule.exercises._registry import exercises_of
from chainrule_grading import summary
from chainrule_grading.cli import main

TASKS = [task for name in assignments() for task in exercises_of(name)]


def all_right(but=()):
    return {task.id: {"tries": 2, "points": task.points, "earned": task.points, "mistakes": {"the <b>sign</b>": 1},
                      "best": 0 if task.id in but else task.points} for task in TASKS}


@pytest.fixture
def learner(copy):
    """A learner who has solved everything: their notebooks hold the solutions."""
    for path in copy.solutions.glob("*/*.ipynb"):
        shutil.copy(path, copy.exercises / path.parent.name / path.name)
    return copy


def test_every_piece_is_a_task_and_its_words_are_its_own():
    assert {piece.task for piece in summary.PIECES} <= {task.id for task in TASKS}
    for what in ("task", "title", "alt"):
        assert len({getattr(piece, what) for piece in summary.PIECES}) == len(summary.PIECES)


def test_who_has_finished_gets_a_page_with_pictures_that_their_own_code_drew(learner, monkeypatch, capsys):
    _progress.path().parent.mkdir(parents=True, exist_ok=True)
    _progress.path().write_text(json.dumps(all_right()), encoding="utf-8")
    before = _progress.path().read_bytes()
    monkeypatch.chdir(learner.root)
    assert main(["progress", "--page"]) == 0
    text = (learner.classroom / "what-i-built.html").read_text(encoding="utf-8")
    assert f"{len(TASKS)} of {len(TASKS)} tasks are fully right" in text and "everything this course asks for" in text
    drawn = re.findall(r'src="data:image/png;base64,([^"]+)" alt="([^"]+)"', text)
    assert [alt for _, alt in drawn] == [p.alt for name in assignments() for p in summary.PIECES
                                         if p.task.partition(".")[0] == name]
    pictures = [base64.b64decode(png) for png, _ in drawn]
    assert all(picture[:4] == b"\x89PNG" and len(picture) > 5000 for picture in pictures)
    assert len(set(pictures)) == len(pictures)
    assert "the &lt;b&gt;sign&lt;/b&gt;" in text and "<b>sign" not in text and not re.search("https?:", text)
    assert _progress.path().read_bytes() == before, "looking back is no try"
    assert "what-i-built.html" in capsys.readouterr().out


def test_other_functions_draw_other_pictures(learner):
    """The plot is the learner's: with weights of nothing, the crescents are not parted as before."""
    path = learner.exercises / "capstone" / "capstone.ipynb"
    piece = next(p for p in summary.PIECES if p.task == "capstone.moons")
    (_, before, _), = summary.drawn(path, [piece])
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"].append({"id": "mine", "cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
                              "source": "def train_moons(X, labels, seed):\n    return np.ones((2, 1)), [0.0], "
                                        "np.ones((1, 2)) * [1, -1], [0.0, 0.0]"})
    path.write_text(json.dumps(notebook), encoding="utf-8")
    (_, after, _), = summary.drawn(path, [piece])
    assert before and after and before != after


def test_only_what_is_fully_right_is_shown_and_a_notebook_that_no_longer_runs_is_told(learner):
    path = learner.exercises / "capstone" / "capstone.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"].append({"id": "mine", "cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
                              "source": "del train_moons"})
    path.write_text(json.dumps(notebook), encoding="utf-8")
    tried = {id: entry for id, entry in all_right(but={"capstone.digits"}).items() if id.startswith("capstone.")}
    found = summary.pictures(learner, tried, say=lambda _: None)
    assert [(piece.task, bool(png)) for piece, png, _ in found] == [("capstone.moons", False)]
    text = summary.page(tried, found)
    assert "NameError" in text and "mend that" in text and "capstone: 6 of 7" in text
    assert f"{len(TASKS) - 6} tasks wait for you" in text


def test_who_has_not_begun_is_not_scolded(copy):
    text = summary.page({}, summary.pictures(copy, {}))
    assert f"0 of {len(TASKS)} tasks" in text and "The first card is one check away" in text
