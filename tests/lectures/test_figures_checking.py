"""The drawings for gradient checking show the numbers that they are given; the grid counts mistakes right."""
import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from chainrule.figures import checking


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def written(ax):
    return [text.get_text() for text in ax.texts]


def test_errors_are_drawn_as_they_are_and_zero_at_the_floor():
    h = np.array([1e-3, 1e-2, 1e-1])
    ax = checking.error_over_step(h, {"A": [0.0, 1e-4, 1e-2]}, [("guide", h)])
    assert list(ax.lines[0].get_ydata()) == [checking.FLOOR, 1e-4, 1e-2]
    assert list(ax.lines[1].get_ydata()) == list(h)


def test_the_staircase_is_the_function_itself_minus_its_value():
    ax = checking.staircase(lambda u: 3 * u, 1.0, 3.0, reach=0.5)
    line, stairs = (np.asarray(drawn.get_ydata()) for drawn in ax.lines)
    assert stairs == pytest.approx(line) and line[-1] == 1.5


def test_shares_and_misses_keep_their_values():
    ax = checking.shares(["W1", "W2"], [1e-3, 0.9], threshold=1e-2)
    assert [bar.get_height() for bar in ax.patches] == [1e-3, 0.9]
    ratio = np.array([0.1, 0.2])
    ax = checking.misses(ratio, {"G": np.array([0.08, 0.16])}, {"G": np.array([0.01, 0.01])}, 0.8 * ratio)
    assert list(ax.containers[0].lines[0].get_ydata()) == [0.08, 0.16]


def test_the_chord_over_the_kink_has_slope_one_half():
    (x1, x2), (y1, y2) = checking.kink(0.3).lines[1].get_data()
    assert (y2 - y1) / (x2 - x1) == pytest.approx(0.5)


def test_verdicts_tell_false_passes_from_false_alarms_and_count_both():
    mistakes = checking.verdicts(["a", "b"], [True, False], {"good": [True, False], "bad": [False, True]})
    assert mistakes == {"good": 0, "bad": 2}
    assert written(plt.gca()) == ["ok", "ok", "false alarm", "false pass"]
    assert [label.get_text() for label in plt.gca().get_yticklabels()] == ["a (right)", "b (wrong)"]
