"""The drawings of the semicircle example show what the network computes, and moves in the directions they claim."""
import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from chainrule import MLP, HalfSquaredError, Sigmoid, gradient_step
from chainrule.figures import semicircle
from chainrule.figures.delta import number


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def network():
    return MLP.random([2, 3, 2], np.random.default_rng(252), hidden=Sigmoid(), scale=2)


T = np.linspace(0, np.pi, 9)
X, Y = np.column_stack([np.cos(T), np.sin(T)]), np.column_stack([np.cos(T), np.cos(T) ** 2])


def arrows(ax, colour):
    """(start, end) of the arrows of a colour."""
    return [(np.array(a.xyann), np.array(a.xy)) for a in ax.texts
            if getattr(a, "arrow_patch", None) and matplotlib.colors.same_color(a.arrow_patch.get_edgecolor(), colour)]


def test_on_its_line_a_hidden_unit_is_undecided_and_its_arrow_points_to_the_active_side(network):
    left, _ = semicircle.planes(network, X, Y)
    for j, (colour, _) in enumerate(semicircle.UNITS[:3]):
        (foot, tip), = arrows(left, colour)
        h_foot, h_tip = network.layers[0].forward(np.stack([foot, tip]))[:, j]
        assert h_foot == pytest.approx(0.5) and h_tip > 0.5


def test_the_error_is_drawn_from_wanted_to_given(network):
    _, right = semicircle.planes(network, X, Y, token=2)
    (start, end), = arrows(right, semicircle.BACKWARD)
    assert np.allclose(start, Y[2]) and np.allclose(end, network.forward(X)[-1][2])


def test_the_chain_of_columns_ends_in_the_answer(network):
    ax = semicircle.head_to_tail(network, X[2], Y[2])
    chain = [a for colour in (semicircle.GREY, *(c for c, _ in semicircle.UNITS[:3])) for a in arrows(ax, colour)]
    assert len(chain) == 4
    assert np.allclose(sum(end - start for start, end in chain), network.forward(X[[2]])[-1][0])


def test_columns_move_along_the_error_and_rows_against_the_sign_of_delta(network):
    columns, rows = semicircle.moves(network, X[2], Y[2], 0.3, longer=1)
    run = network.forward(X[[2]])
    lower, upper = network.backward(run, run[-1] - Y[[2]])
    moved = network.with_parameters(network.parameters())
    gradient_step(moved, [lower, upper], 0.3)
    for ax, new in ((columns, moved.layers[1].W), (rows, moved.layers[0].W.T)):
        assert np.allclose([end for _, end in arrows(ax, semicircle.BACKWARD)], new)
    for (start, end), delta in zip(arrows(rows, semicircle.BACKWARD), lower.delta[0], strict=True):
        assert np.sign((end - start) @ X[2]) == -np.sign(delta)


def test_the_thick_wish_is_the_mean_of_the_thin_ones():
    steps = np.random.default_rng(1).normal(size=(7, 2))
    ax = semicircle.pulls(steps)
    assert np.allclose([end for _, end in arrows(ax, semicircle.FORWARD)], steps)
    (_, mean), = arrows(ax, semicircle.BACKWARD)
    assert np.allclose(mean, steps.mean(axis=0))


def test_a_snapshot_joins_each_answer_to_what_was_wanted(network):
    axes = semicircle.snapshots({"a": network.forward(X)[-1], "b": Y}, Y)
    joined = np.array([line.get_xydata() for line in axes[0].lines[:len(Y)]])
    assert np.allclose(joined[:, 0], Y) and np.allclose(joined[:, 1], network.forward(X)[-1])


@pytest.fixture
def stepper():
    network = MLP.random([2, 2, 2], np.random.default_rng(3), hidden=Sigmoid())
    return network, semicircle.token_stepper(network, X[2], Y[2], 0.3, longer=2)


def test_the_stepper_tells_the_librarys_numbers_and_leaves_the_network_alone(stepper):
    network, figure = stepper
    same = MLP.random([2, 2, 2], np.random.default_rng(3), hidden=Sigmoid())
    assert np.array_equal(network.parameters(), same.parameters())
    run = same.forward(X[[2]])
    gradients = same.backward(run, HalfSquaredError().slope(run[-1], Y[[2]]))
    text = {shape["id"]: shape["text"] for shape in figure.shapes if shape["kind"] == "text"}
    for j, name in enumerate("₁₂"):
        assert text[f"h{j}"] == f"h{name} = {number(run[1][0, j])}"
        assert text[f"δ{j}"] == f"δ{name} = {number(gradients[0].delta[0, j])}"
    gradient_step(same, gradients, 0.3)
    new = same.forward(X[[2]])[-1][0]
    assert f"({number(new[0])}, {number(new[1])})" in figure.steps[-1]["say"]
    assert figure.steps[-1]["say"].endswith(f"to {number(np.linalg.norm(new - Y[2]))}.")


def test_the_steppers_moves_have_the_direction_and_twice_the_length_of_the_step(stepper):
    network, figure = stepper
    run = network.forward(X[[2]])
    lower, upper = network.backward(run, run[-1] - Y[[2]])
    lines = {shape["id"]: np.array([shape["x2"] - shape["x"], shape["y"] - shape["y2"]]) / 140
             for shape in figure.shapes if shape["kind"] == "line"}
    for j in range(2):
        assert np.allclose(lines[f"move column{j}"], -0.6 * upper.dW[j], atol=2e-3)
        assert np.allclose(lines[f"move row{j}"], -0.6 * lower.dW[:, j], atol=2e-3)
    assert np.allclose(lines["error"], Y[2] - run[-1][0], atol=2e-3)


def test_every_id_that_a_step_names_belongs_to_a_shape_that_is_there_by_then(stepper):
    _, figure = stepper
    ids = [shape["id"] for shape in figure.shapes]
    assert len(ids) == len(set(ids))
    hidden = {id for step in figure.steps for id in step["show"]}
    for step in figure.steps:
        hidden -= set(step["show"])
        assert set(step["show"] + step["light"]) <= set(ids) - hidden
