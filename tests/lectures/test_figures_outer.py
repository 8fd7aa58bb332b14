"""The tables of weight slopes hold the products they are named after; the step lengths are those of the decks."""
import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from chainrule.figures import outer
from chainrule.figures.delta import number
from chainrule.notation import DECKS


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def written(ax):
    return [text.get_text() for text in ax.texts]


def test_a_table_holds_every_product_and_below_them_the_deltas_of_the_bias():
    ax = outer.table_of_products([0.5, -0.9, 0.2], [-0.6, 0.4])
    cells = [text for text in ax.texts if text.get_text() in {number(v * d) for v in (0.5, -0.9, 0.2, 1)
                                                              for d in (-0.6, 0.4)}]
    by_place = sorted(cells, key=lambda t: (-t.get_position()[1], t.get_position()[0]))
    assert [t.get_text() for t in by_place] == ["−0.30", "0.20", "0.54", "−0.36", "−0.12", "0.08", "−0.60", "0.40"]
    assert written(ax).count("bias:  1") == 1


def test_the_last_table_is_the_matrix_product():
    rng = np.random.default_rng(3)
    H, delta = rng.random((4, 3)), rng.normal(size=(4, 2))
    figure = outer.tables_add_up(H, delta)
    assert [ax.get_title() for ax in figure.axes] == ["example 1", "example 2", "example 3", "example 4", "sum"]
    assert written(figure.axes[-1]) == [number(entry) for entry in (H.T @ delta).ravel()]
    assert written(figure.axes[1]) == [number(entry) for entry in np.outer(H[1], delta[1]).ravel()]


def test_each_deck_has_its_line_and_lines_of_one_length_share_a_label():
    ax = outer.step_lengths(DECKS, [1, 10])
    lengths = {tuple(line.get_ydata()) for line in ax.lines}
    assert lengths == {(1, 1), (2, 2), (1, 10), (2, 20)}
    assert sorted(written(ax)) == ["AIML231 (β)", "ECE417, TAYLOR", "ECE884, AIML231", "LFD"]
