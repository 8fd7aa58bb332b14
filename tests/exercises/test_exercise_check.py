"""`check`: what it returns, raises, shows and remembers."""
import json
import re
from pathlib import Path

import numpy as np
import pytest
from registered import EXERCISES, label

from chainrule.exercises import CheckFailed, Exercise, Unfit, check, find
from chainrule.exercises import _progress as progress
from chainrule.exercises._card import LOOKS, Card
from chainrule.exercises._judge import judge

LAYER = find("delta.layer")
OUTPUT = find("delta.output")
FIRST, SECOND = OUTPUT.misconceptions[:2]


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """A learner's own folder, empty, and no grader around."""
    monkeypatch.setenv("CHAINRULE_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    return tmp_path / "state"


def db_is_wrong(*x):
    dX, dW, db = LAYER.answer(*x)
    return dX, dW, db + 1


def unwritten(*x):
    raise NotImplementedError()


@pytest.mark.parametrize("exercise", EXERCISES, ids=label)
def test_a_right_answer_returns_nothing_and_shows_its_praise(exercise, capfd):
    assert check(exercise.id, exercise.answer) is None
    out, err = capfd.readouterr()
    assert err == "" and "✓ Right" in out and exercise.praise in out


def test_part_marks_are_returned_as_a_plain_float(capfd):
    earned = check("delta.layer", db_is_wrong)
    assert type(earned) is float and earned == 2.0
    assert "Right already: `dX`, `dW`." in capfd.readouterr().out


@pytest.mark.parametrize("answer", [
    FIRST.function, unwritten, lambda: 0, lambda a, b: None, lambda a, b: a[99], 3, lambda a, b: "x\ny",
    lambda a, b: {}["two\nlines"]])
def test_nothing_earned_raises_one_line_and_writes_nothing_to_stderr(answer, capfd):
    with pytest.raises(CheckFailed) as failure:
        check("delta.output", answer)
    rendered = failure.value._render_traceback_()
    assert len(rendered) == 1 and rendered[0] and "\n" not in rendered[0]
    assert isinstance(failure.value, AssertionError)
    out, err = capfd.readouterr()
    assert err == "" and "Traceback" not in out and out.startswith(("✗", "○"))


def test_an_untouched_cell_is_told_where_to_write(capfd):
    with pytest.raises(CheckFailed, match=r"Waiting for your code · delta.output\.$"):
        check("delta.output", unwritten)
    assert "Put your code in the place of that line" in capfd.readouterr().out


def test_an_unknown_exercise_is_answered_with_the_nearest_one():
    with pytest.raises(CheckFailed, match=r"called 'delta\.outptu'; the nearest is 'delta\.output'"):
        check("delta.outptu", OUTPUT.answer)


def test_in_a_notebook_the_card_is_displayed_not_printed(monkeypatch, capfd):
    import IPython
    shown = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: "a shell")
    monkeypatch.setattr("IPython.display.display", shown.append)
    check("delta.output", OUTPUT.answer)
    assert [type(card) for card in shown] == [Card] and capfd.readouterr() == ("", "")


def test_the_card_escapes_what_it_shows():
    def evil(Y_hat, Y):
        print("<img src=x onerror=alert(2)>")
        raise ValueError("<script>alert(1)</script> & `code`")

    page = Card(judge(OUTPUT, evil))._repr_html_()
    assert "<script" not in page and "<img" not in page
    assert "&lt;script&gt;" in page and "&lt;img" in page and "<code>code</code>" in page


def test_the_card_says_its_verdict_in_words_and_signs_not_only_in_colour():
    wrong = LAYER.misconceptions[0].function
    for answer, kind in ((LAYER.answer, "full"), (db_is_wrong, "part"), (wrong, "wrong"),
                         (lambda *x: 1 / 0, "error"), (unwritten, "unwritten")):
        verdict = judge(LAYER, answer)
        sign, word, _ = LOOKS[kind]
        assert verdict.kind == kind
        for shown in (repr(Card(verdict)), Card(verdict)._repr_html_()):
            assert sign in shown and word in shown
        assert 'role="status"' in Card(verdict)._repr_html_()


def test_secret_cases_keep_the_right_values_out_of_every_fact():
    for answer in (FIRST.function, lambda Y_hat, Y: Y_hat, lambda Y_hat, Y: 0 * Y):
        told, kept = (" ".join(judge(OUTPUT, answer, reveal=reveal).facts) for reveal in (True, False))
        assert "right is" not in kept
    assert "right is" in " ".join(judge(OUTPUT, FIRST.function).facts) and told


def test_the_hint_grows_more_specific_when_the_same_mistake_comes_back(capfd):
    shown = []
    for function in (FIRST.function, FIRST.function, SECOND.function, FIRST.function):
        with pytest.raises(CheckFailed):
            check("delta.output", function)
        shown.append(capfd.readouterr().out)
    assert [FIRST.closer in s for s in shown] == [False, True, False, True]
    assert [FIRST.hint in s for s in shown] == [True, True, False, True]
    assert SECOND.hint in shown[2] and SECOND.closer not in shown[2]


def test_progress_counts_tries_and_keeps_the_best(state):
    for answer in (lambda *x: None, db_is_wrong, LAYER.answer, db_is_wrong):
        try:
            check("delta.layer", answer)
        except CheckFailed:
            pass
    with pytest.raises(CheckFailed):
        check("delta.layer", unwritten)           # not a try
    entry = progress.load()["delta.layer"]
    assert (entry["tries"], entry["points"], entry["earned"], entry["best"]) == (4, 3, 2.0, 3.0)
    assert [p.name for p in state.iterdir()] == ["progress.json"]


def test_progress_holds_no_code_and_is_written_in_one_move(state, monkeypatch):
    check("delta.layer", LAYER.answer)
    before = (state / "progress.json").read_bytes()

    def crash(*names):
        raise OSError("the machine went down")

    monkeypatch.setattr(progress.os, "replace", crash)
    check("delta.layer", LAYER.answer)
    assert (state / "progress.json").read_bytes() == before
    assert len(list(state.iterdir())) == 1        # no temporary file is left behind
    assert set(json.loads(before)["delta.layer"]) == {"mistakes", "tries", "points", "earned", "best", "last"}


@pytest.mark.parametrize("broken", [b"{", b"", b"[1, 2]", b"\xff\xfe", b'{"delta.output": 3}'])
def test_a_broken_progress_file_is_set_aside_not_lost(state, broken, capfd):
    state.mkdir()
    (state / "progress.json").write_bytes(broken)
    assert check("delta.output", OUTPUT.answer) is None
    assert progress.load()["delta.output"]["best"] == 2.0
    aside = [p for p in state.iterdir() if p.name.startswith("progress-unreadable")]
    assert [p.read_bytes() for p in aside] == [broken]
    assert capfd.readouterr().err == ""


def test_two_broken_files_in_one_second_are_both_kept(state):
    state.mkdir()
    for text in ("one", "two"):
        (state / "progress.json").write_text(text)
        check("delta.output", OUTPUT.answer)
    assert sorted(p.read_text() for p in state.glob("progress-unreadable*")) == ["one", "two"]


def test_a_folder_that_cannot_be_written_disturbs_nobody(tmp_path, monkeypatch, capfd):
    (tmp_path / "file").write_text("a file where a folder should be")
    monkeypatch.setenv("CHAINRULE_STATE", str(tmp_path / "file"))
    assert check("delta.output", OUTPUT.answer) is None
    with pytest.raises(CheckFailed):
        check("delta.output", FIRST.function)
    assert capfd.readouterr().err == "" and progress.load() == {}


def test_while_a_grader_runs_nothing_is_read_or_written(state, monkeypatch, capfd):
    with pytest.raises(CheckFailed):
        check("delta.output", FIRST.function)
    before = (state / "progress.json").read_bytes()
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    capfd.readouterr()
    with pytest.raises(CheckFailed):
        check("delta.output", FIRST.function)
    assert FIRST.closer not in capfd.readouterr().out          # in the grader always the first hint
    assert (state / "progress.json").read_bytes() == before and len(list(state.iterdir())) == 1


def test_the_judge_leaves_numpys_random_state_and_warning_filters_alone():
    import warnings
    np.random.seed(1)
    drawn, filters = np.random.get_state()[1].copy(), list(warnings.filters)
    judge(OUTPUT, FIRST.function)
    assert np.array_equal(drawn, np.random.get_state()[1]) and filters == warnings.filters


ASSIGNMENTS = sorted((Path(__file__).parents[2] / "course" / "assignments").glob("*/*.md"))


@pytest.mark.parametrize("source", ASSIGNMENTS, ids=lambda p: p.stem)
def test_an_assignment_says_what_the_registry_says(source):
    """Every task of the text has its exercise, with the same points, minutes, arguments and results."""
    sections = re.split(r"(?m)^## (?=\d+ · )", source.read_text(encoding="utf-8"))[1:]
    found = [(re.search(r'^check\("([^"]+)", (\w+)\)', text, re.M), text) for text in sections]
    tasks = {match[1]: text for match, text in found if match}
    assert list(tasks) == [e.id for e in EXERCISES if e.assignment == source.parent.name]
    for id, text in tasks.items():
        exercise, heading = find(id), text.splitlines()[0]
        function = re.search(r"^check\(.*, (\w+)\)", text, re.M)[1]
        assert f"· {exercise.points} points · about {exercise.minutes} minutes" in heading and "★" in heading
        assert f"def {function}({', '.join(exercise.arguments)}):" in text
        assert f"Write\n`{function}(" in text or f"Write `{function}(" in text
        for name in exercise.returns:
            assert f"`{name}`" in text
        cited = re.search(r"\*\*Ledger:\*\* (.*?)\*\*Lecture", text, re.S)[1]
        assert all(c in cited or " to " in cited for c in exercise.cites), exercise.cites
        assert text.count("<details>") == 2 and "/lectures/" in text and "Room for your own trials" in text
        for part in ("**Given:**", "**Return:**", "**Letters:**", "### BEGIN SOLUTION", "### END SOLUTION"):
            assert text.count(part) == 1, part


@pytest.mark.parametrize("source", ASSIGNMENTS, ids=lambda p: p.stem)
def test_an_assignment_adds_up_to_the_points_it_announces(source):
    text = source.read_text(encoding="utf-8")
    headings = [int(p) for p in re.findall(r"(?m)^## .* · (\d+) points", text)]
    written = [json.loads(line)["points"] for line in re.findall(r'(?m)^\+\+\+ (\{.*"written".*)', text)]
    checked = [e.points for e in EXERCISES if e.assignment == source.parent.name]
    assert sum(headings) == sum(written) + sum(checked) == int(re.search(r"\*\*(\d+) points", text)[1])


@pytest.mark.parametrize("source", ASSIGNMENTS, ids=lambda p: p.stem)
def test_an_assignment_gives_away_no_answer_outside_its_solutions(source):
    text = source.read_text(encoding="utf-8")
    kept = re.sub(r"(?s)### BEGIN SOLUTION.*?### END SOLUTION", "", text)
    kept = re.sub(r'(?ms)^\+\+\+ \{.*?"written".*?^\+\+\+$', "", kept)
    assert re.findall(r".*(?:import|from) chainrule.*", kept) == ["from chainrule.exercises import check"]
    kept = kept.replace("`Z = X @ W + b`", "")
    assert not re.search(r"\(1 ?[-−] ?[hxo]|@ W|W\.T|\.T @|\.sum\(axis", kept, re.I)


# ---------------------------------------------------------------- tasks that are judged by what an answer does

def halvings(function, start):
    """How a descent on x² behaves: does it end below a thousandth, and does every step go down?"""
    walk = function(start)
    if walk is None:
        return None
    if np.ndim(walk) != 1:
        raise Unfit("The walk should be a list of numbers, one for each step.")
    return float(abs(walk[-1]) < 1e-3), float(np.all(np.diff(np.abs(walk)) < 0))


@pytest.fixture
def measured():
    task = Exercise("delta.walk", 2, {"arrives": "1 if so", "falls": "1 if so"}, ("ECE417-14",),
                    lambda rng, n, widths, scale: {"start": rng.uniform(1, 2)}, ((3, (4, 5)), (4, (3, 3))),
                    "A walk that arrives, whichever way.", 5, lambda start: start * 0.5 ** np.arange(20), measure=halvings)
    task.misconception("it stops too early", "Is it there yet?", "How far is it?")(lambda start: [start, start / 2])
    return task


@pytest.mark.parametrize("right", [lambda start: [start * 0.1**k for k in range(6)], lambda start: (start, 1e-4, 0.0)])
def test_every_walk_that_arrives_is_right(measured, right):
    assert judge(measured, right).kind == "full"


def test_a_measured_mistake_is_named_and_costs_its_own_share(measured):
    verdict = judge(measured, lambda start: [start, start / 2, start / 4])
    assert verdict.cause is measured.misconceptions[0] and verdict.earned == 1 and verdict.good == ("falls",)
    assert judge(measured, lambda start: [start, 2 * start, 0.0]).bad == ("falls",)
    assert verdict.facts[0] == "Measured for `arrives` (1 if so): 0, asked for is 1."


@pytest.mark.parametrize("answer, words", [
    (lambda start: None, "returns nothing"), (lambda start: 3.0, "The walk should be a list of numbers"),
    (lambda start: 1 / 0, "stopped before it could answer")])
def test_what_cannot_be_measured_gets_one_sentence(measured, answer, words):
    verdict = judge(measured, answer)
    assert verdict.earned == 0 and words in verdict.headline


def test_results_that_are_numbers_may_come_in_one_array():
    exercise = find("training.stop")
    assert judge(exercise, lambda *x: np.array(exercise.answer(*x))).kind == "full"
    assert judge(exercise, lambda *x: np.array(exercise.answer(*x))[::-1]).kind == "wrong"


def test_leaves_of_a_graph_are_not_called_layers():
    exercise = find("capstone.engine")

    def one_leaf_wrong(*x):
        loss, slopes, deltas = exercise.answer(*x)
        return loss + 1, [slopes[0], 3 * slopes[1] + 1, *slopes[2:]], deltas
    verdict = judge(exercise, one_leaf_wrong)
    assert verdict.kind == "part" and not any("layer" in fact for fact in verdict.facts)
