"""The drawings of lecture 02 show the numbers they claim to show."""
from fractions import Fraction

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from chainrule.figures import objectives as draw

X, Y = np.array([0.0, 1.0, 3.0]), np.array([1.0, 0.0, 2.0])
LINES = [(0.0, 2.0), (1.0, -1.0)]


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def exact(w, b):
    misses = [Fraction(w) * Fraction(x) + Fraction(b) - Fraction(y) for x, y in zip(X, Y, strict=True)]
    return float(sum(m * m for m in misses) / 2 / len(misses))


def test_the_number_over_a_line_is_half_the_mean_area_of_its_squares():
    values = draw.candidate_lines(X, Y, LINES)
    assert values == pytest.approx([exact(*line) for line in LINES])
    for ax, (w, b) in zip(plt.gcf().axes, LINES, strict=True):
        areas = [abs(square.get_width() * square.get_height()) for square in ax.patches]
        assert sum(areas) / len(X) / 2 == pytest.approx(exact(w, b))
        assert all(abs(square.get_width()) == pytest.approx(abs(square.get_height())) for square in ax.patches)


def test_the_map_of_all_lines_holds_the_loss_of_each():
    values = draw.valley(X, Y, LINES, (0.5, 0.3))
    w, b = np.linspace(-0.6, 2.0, 121), np.linspace(-1.6, 3.2, 121)
    for i, j in ((0, 0), (60, 13), (120, 120)):
        assert values[i, j] == pytest.approx(exact(w[j], b[i]))


def test_the_points_on_the_cost_curve_are_minus_the_log_of_the_framed_entries():
    P = np.array([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]])
    heights = draw.picked_entries(P, [0, 2], ["a", "b", "c"])
    np.testing.assert_allclose(np.exp(heights), [2, 8])
    frames = [frame.get_x() + 0.46 for frame in plt.gcf().axes[0].patches]
    np.testing.assert_allclose(frames, [0, 2])


def test_the_trade_off_draws_every_fit_and_both_curves():
    left, right = draw.trade_off(X / 3, Y, {"one": np.sin, "two": np.cos}, [0.1, 1.0], [1.0, 2.0], [4.0, 3.0], np.tanh)
    assert [line.get_label() for line in left.lines[:3]] == ["truth", "one", "two"]
    np.testing.assert_array_equal(left.lines[2].get_ydata(), np.cos(left.lines[2].get_xdata()))
    np.testing.assert_array_equal([line.get_ydata() for line in right.lines], [[1, 2], [4, 3]])
