"""The tables of lecture 00 are drawn with the shapes of the arrays they stand for."""
import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Rectangle

from chainrule.figures import shapes


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize(("n", "d_in", "d_out"), [(5, 3, 2), (2, 4, 3)])
def test_the_shapes_drawn_can_be_multiplied_and_added(n, d_in, d_out):
    drawn = {name: np.ones(shape) for name, shape in shapes.rows_and_columns(n, d_in, d_out).items()}
    assert (drawn["X"] @ drawn["W"] + drawn["b"]).shape == drawn["Z"].shape
    assert (drawn["deck W"] @ drawn["deck x"] + drawn["deck b"]).shape == drawn["deck a"].shape
    assert drawn["W"].T.shape == drawn["deck W"].shape


def test_a_cell_is_drawn_for_every_number():
    drawn = shapes.rows_and_columns(5, 3, 2)
    cells = [patch for patch in plt.gca().patches if isinstance(patch, Rectangle)]
    assert len(cells) == sum(rows * columns for rows, columns in drawn.values())


def test_the_wrong_value_is_shown_beside_the_two_routes():
    texts = " ".join(text.get_text() for text in shapes.two_routes().axes[0].texts)
    assert all(words in texts for words in ("one route", "another route", "wrong on purpose", "must not pass"))
