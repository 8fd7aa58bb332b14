"""The drawings of lecture 01 show what the network computes."""
import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from chainrule import MLP, Identity, Layer, Sigmoid
from chainrule.figures import functions as draw

W = np.array([[0.0, -5.0, 5.0], [6.0, -3.0, -3.0]])
B = np.array([4.0, 4.0, 4.0])


@pytest.fixture
def triangle():
    return MLP([Layer(W, B, Sigmoid()), Layer(np.ones((3, 1)), np.array([-2.5]), Identity())])


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def test_three_lines_make_seven_regions_and_six_if_all_pass_through_the_origin():
    assert draw.lines_with_and_without_bias(W, B) == [7, 6]


def test_each_region_is_labelled_with_the_answers_of_the_units_there():
    _, ax = plt.subplots()
    written = draw.decision_lines(ax, W, B)
    assert (1, 1, 1) in written and (0, 0, 0) not in written
    for text in ax.texts:
        if text.get_text().isdigit():
            x = np.array(text.get_position())
            signs = [sum(x[i] * W[i, k] for i in range(2)) + B[k] > 0 for k in range(3)]
            assert text.get_text() == "".join(str(int(s)) for s in signs)


def test_an_arrow_is_drawn_for_every_weight():
    assert draw.chain_of_layers([5, 4, 3, 2]) == 5 * 4 + 4 * 3 + 3 * 2


def test_the_arrows_of_a_closed_polygon_return_to_the_base():
    corners = np.array([[1.0, 0], [0, 1], [-1, 0], [1, 0]])
    hidden = Layer(np.full((1, 3), 4.0), -4 * np.array([1.0, 3, 5]), Sigmoid())
    network = MLP([hidden, Layer(np.diff(corners, axis=0), corners[0], Identity())])
    tips = draw.walk_of_arrows(network, np.linspace(0, 6, 20)[:, None], corners[0])
    np.testing.assert_allclose(tips, corners, atol=1e-15)


def test_the_outlined_shape_is_where_the_vote_is_positive(triangle):
    Y = draw.units_and_vote(triangle)
    for x, y in zip(draw.grid(2.0, 121)[::37], Y[::37, 0], strict=True):
        votes = [1 / (1 + np.exp(-(W[0, k] * x[0] + W[1, k] * x[1] + B[k]))) for k in range(3)]
        assert y == pytest.approx(sum(votes) - 2.5)


def test_the_stepper_says_the_numbers_of_the_network(triangle):
    figure = draw.forward_stepper(triangle, np.array([[1.4, 0.2]]))
    said = " ".join(step["say"] for step in figure.steps)
    z = [1.4 * W[0, k] + 0.2 * W[1, k] + B[k] for k in range(3)]
    h = [1 / (1 + np.exp(-v)) for v in z]
    for value in (*z, *h, sum(h) - 2.5):
        assert f"{value:.2f}".replace("-", "−") in said
    assert len(figure.steps) == 2 + 2 * len(z) and "outside" in said


def test_every_step_of_the_stepper_names_shapes_that_exist(triangle):
    figure = draw.forward_stepper(triangle, np.array([[0.1, 0.3]]))
    ids = {shape["id"] for shape in figure.shapes}
    assert all(set(step["show"] + step["light"]) <= ids for step in figure.steps)
    assert "inside" in figure.steps[-1]["say"]
