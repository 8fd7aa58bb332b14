"""The drawings of the clinic show the numbers they were given, and call nothing right that is not."""
import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from chainrule.figures import clinic


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def drawn(ax):
    return [line.get_xydata() for line in ax.get_lines()]


def test_every_run_has_its_panel_and_its_last_loss():
    histories = [[4.0, 2.0, 0.5], [4.0, 3.0, 0.031], [1.0, 1.0, 2.0]]
    axes = clinic.panels(histories, "ABC")
    assert [ax.get_title() for ax in axes] == ["A: ends at 0.5", "B: ends at 0.03", "C: ends at 2"]
    for ax, history in zip(axes, histories, strict=True):
        assert drawn(ax)[0].tolist() == [[k, value] for k, value in enumerate(history, 1)]
        assert ax.get_yscale() == "log" and ax.get_ylim() == axes[0].get_ylim()


def test_the_plane_shows_the_target_as_rings_and_each_answer_as_a_line_of_its_own():
    target, answers = np.array([[0, 1], [1, 0]]), {"right": np.eye(2), "printed": np.ones((3, 2))}
    ax = clinic.plane(target, answers)
    lines = ax.get_lines()
    assert np.array_equal(lines[0].get_xydata(), target) and lines[0].get_marker() == "o"
    assert [line.get_label() for line in lines] == ["wanted", "right", "printed"]
    assert len({line.get_linestyle() for line in lines[1:]}) == 2


def test_an_error_bar_runs_from_the_answer_to_the_truth():
    ax = clinic.flat_but_wrong([-1, 0, 1], [0.2, 0.8, 0.2], [0.4, 0.4, 0.4])
    bars = ax.collections[0].get_segments()
    assert [bar[:, 1].tolist() for bar in bars] == [[0.4, 0.2], [0.4, 0.8], [0.4, 0.2]]


def test_only_what_is_right_is_called_right():
    ax = clinic.verdicts(["a", "b"], ["W1", "b1"], [[0.0, 1e-8], [1e-15, 0.5]])
    assert [text.get_text() for text in ax.texts] == ["ok", "< 1%", "ok", "50%"]
    assert len(ax.patches) == 2
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_every_start_is_a_dot_and_the_bar_is_the_median():
    ax = clinic.depth({1: [3.0, 1.0, 2.0], 2: [100.0, 10.0, 40.0]})
    dots, bar, more, bar2 = drawn(ax)[:4]
    assert dots[:, 1].tolist() == [1, 2, 3] and more[:, 1].tolist() == [10, 40, 100]
    assert bar[:, 1].tolist() == [2, 2] and bar2[:, 1].tolist() == [40, 40]
