"""The drawings for classifiers show the numbers that the formulas give, in the right places."""
import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from chainrule import SoftmaxCrossEntropy
from chainrule.figures import classifiers
from chainrule.figures.delta import number


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def written(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("a, true", [((2.0, 1.0, -0.5), 1), ((0.1, -2.0, 0.4, 1.5), 0), ((-1.0, 3.0), 1)])
def test_stepper_ends_with_the_slope_that_the_library_gives(a, true):
    figure = classifiers.softmax_stepper(a, true)
    texts = {shape["id"]: shape["text"] for shape in figure.shapes if shape["kind"] == "text"}
    slope = SoftmaxCrossEntropy().slope(np.array([a]), np.eye(len(a))[[true]])[0]
    for column in "dr":
        assert [texts[f"{column}{j}"] for j in range(len(a))] == [number(s) for s in slope]


def test_stepper_shows_one_quantity_a_step_and_names_only_shapes_that_exist():
    figure = classifiers.softmax_stepper((2.0, 1.0, -0.5), 1)
    ids = [shape["id"] for shape in figure.shapes]
    assert len(ids) == len(set(ids))
    assert {id for step in figure.steps for id in step["show"] + step["light"]} <= set(ids)
    assert all(len(step["show"]) == 1 for step in figure.steps[1:-1])
    shown = [id for step in figure.steps for id in step["show"]]
    assert len(shown) == len(set(shown))


def test_every_shape_lies_on_the_canvas():
    figure = classifiers.softmax_stepper((2.0, 1.0, -0.5, 0.3), 1)
    for shape in figure.shapes:
        half = 4.5 * len(shape.get("text", "")) + shape.get("r", 0)
        assert half <= shape["x"] <= figure.width - half and 0 < shape["y"] < figure.height, shape["id"]


def test_each_example_pays_the_branch_of_its_label():
    heights = classifiers.surprise([0.9, 0.2], [1, 0])
    assert heights == pytest.approx([-np.log(0.9), -np.log(0.8)])


def test_the_product_is_written_beside_its_factors():
    J = np.array([[0.2, -0.2], [-0.1, 0.1]])
    product = classifiers.jacobian_times_slope(J, np.array([0.0, -3.0]), ["a", "b"])
    assert product == pytest.approx([0.3, -0.3])
    assert [written(plt.gca()).count(text) for text in ("0.30", "−0.30", "−3.00", "0.20")] == [1, 1, 1, 1]


def test_curves_are_those_that_are_handed_in():
    xi = np.linspace(-8, 8, 5)
    left, right = classifiers.costs_and_slopes(xi, {"A": xi**2}, {"A": 2 * xi})
    assert list(left.lines[0].get_ydata()) == list(xi**2) and list(right.lines[0].get_ydata()) == list(2 * xi)
    ax = classifiers.fading({"A": [0.1, 0.2], "B": [0.3, 0.4]})
    assert [list(line.get_ydata()) for line in ax.lines] == [[0.1, 0.2], [0.3, 0.4]]
    ax = classifiers.chances(np.arange(3), [0.2, 0.8, 0.2], {"flat": [0.4] * 3})
    assert [bar.get_height() for bar in ax.patches] == [0.2, 0.8, 0.2] and list(ax.lines[0].get_ydata()) == [0.4] * 3
