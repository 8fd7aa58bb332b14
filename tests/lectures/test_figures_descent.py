"""The drawings of descent show the numbers they were given."""
import matplotlib.pyplot as plt
import numpy as np
import pytest

from chainrule.figures import descent


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def drawn(ax):
    """All lines of a drawing, as pairs of coordinate arrays."""
    return [line.get_xydata() for line in ax.get_lines()]


def test_one_step_stands_on_the_curve_and_touches_it():
    ax = descent.one_step(lambda u: u**2, lambda u: 2 * u, start=1.0, rate=0.25, span=(-1, 2))
    lines = drawn(ax)
    tangent = lines[1]
    assert np.diff(tangent[:, 1]) / np.diff(tangent[:, 0]) == pytest.approx(2.0)
    points = [tuple(line[0]) for line in lines if len(line) == 1]
    assert points == [(1.0, 1.0), (0.5, 0.25)]


def test_the_marked_direction_is_the_lowest_of_the_measured_slopes():
    angles = np.radians(np.arange(0, 360, 0.5))
    at = np.array([2.0, 0.6])
    rates = at[0] * np.cos(angles) + 10 * at[1] * np.sin(angles)
    slope = np.array([1, 10])
    _, right = descent.around(lambda w: (w[0] ** 2 + 10 * w[1] ** 2) / 2, lambda w: slope * w, at, angles, rates)
    curve, mark = drawn(right)[:2]
    assert abs(curve[np.argmin(curve[:, 1]), 0] - mark[0, 0]) < 0.5


def test_a_path_begins_at_its_ring():
    _, ax = plt.subplots()
    descent.path(ax, [[1, 2], [3, 4], [5, 6]])
    places, ring = drawn(ax)
    assert places.tolist() == [[1, 2], [3, 4], [5, 6]] and ring.tolist() == [[1, 2]]


def test_contours_grow_outwards_from_the_lowest_point():
    _, ax = plt.subplots()
    descent.contours(ax, lambda w: w[0] ** 2 + 3 * w[1] ** 2, (-1, 1), (-1, 1), levels=5)
    levels = ax.collections[0].levels
    assert len(levels) == 5 and np.all(np.diff(levels, 2) > 0)
    for level, path in zip(levels, ax.collections[0].get_paths(), strict=True):
        w = path.vertices
        assert w[:, 0] ** 2 + 3 * w[:, 1] ** 2 == pytest.approx(level, abs=2e-3)


def test_each_learning_rate_has_its_panel_with_its_places_on_the_parabola():
    axes = descent.parabolas({0.1: [1.0, 0.6], 0.5: [1.0, -1.0]}, 4.0)
    assert [ax.get_title() for ax in axes] == [r"$\eta$ = 0.1", r"$\eta$ = 0.5"]
    assert drawn(axes[0])[1].tolist() == [[1.0, 2.0], [0.6, pytest.approx(0.72)]]


def test_starts_are_sorted_by_where_they_end():
    starts = np.array([-1.0, 0.5, 1.0])
    ax = descent.landings(lambda u: u**2, starts, np.array([-0.7, 0.9, 0.9]), (-1, 1))
    rest = drawn(ax)[1:]
    assert rest[0][:, 0].tolist() == [-1.0] and rest[1].tolist() == [[-0.7, pytest.approx(0.49)]]
    assert rest[2][:, 0].tolist() == [0.5, 1.0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["ends at u = −0.70", "ends at u = 0.90"]


def test_each_batch_size_has_its_cloud_around_the_same_cross():
    rng = np.random.default_rng(1)
    clouds = {1: rng.normal(size=(20, 2)), 32: rng.normal(size=(20, 2))}
    for (size, G), ax in zip(clouds.items(), descent.clouds(clouds, np.array([0.3, -0.2])), strict=True):
        dots, cross, zero = drawn(ax)
        assert ax.get_title() == f"B = {size}" and np.array_equal(dots, G)
        assert cross.tolist() == [[0.3, -0.2]] and zero.tolist() == [[0, 0]]


def test_the_race_shows_every_count():
    counts = {"gradient descent": 709, "Newton": 1, "Adam, η = 0.0001": 16027}
    ax = descent.race(counts)
    assert [bar.get_width() for bar in ax.patches] == [709, 1, 16027]
    assert [text.get_text() for text in ax.texts] == ["709", "1", "16,027"]
    assert ax.patches[1].get_hatch() == "//" and not ax.patches[0].get_hatch()
