"""The drawings of chains show the numbers and names they are given."""
import matplotlib.pyplot as plt
import pytest

from chainrule.figures import chains


@pytest.fixture(autouse=True)
def close_figures():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def written(ax):
    return [text.get_text() for text in ax.texts]


def test_neurons_show_activations_weights_and_target():
    texts = written(chains.neurons([1.0, 0.62, 0.88], [0.5, -3.0], target=0.25))
    assert [t for t in texts if t.strip("−0123456789.") == ""] == ["1.00", "0.62", "0.50", "0.88", "−3.00", "0.25"]
    assert "$x$" in texts and "$a^{(L-1)}$" in texts and "$a^{(L)}$" in texts


def test_neurons_show_a_slope_under_each_weight():
    ax = chains.neurons([1.0, 0.5, 0.25], [2.0, 3.0], target=1.0, slopes=[-0.01, 0.02])
    at = {text.get_text(): text.get_position() for text in ax.texts}
    for weight, slope in (("2.00", "−0.0100"), ("3.00", "0.0200")):
        assert at[weight][0] == at[slope][0] and at[weight][1] > at[slope][1]


def test_ripple_draws_before_and_after_on_lines_of_one_scale():
    before, after = [3.0, 2.0, 0.9], [3.5, 2.3, 0.87]
    figure = chains.ripple(["w", "z", "a"], before, after)
    assert [[line.get_xdata()[0] for line in ax.lines] for ax in figure.axes] == [[3.0, 3.5], [2.0, 2.3], [0.9, 0.87]]
    widths = [ax.get_xlim()[1] - ax.get_xlim()[0] for ax in figure.axes]
    assert widths == pytest.approx([widths[0]] * 3)
    assert all(ax.get_xlim()[0] < min(a, b) < max(a, b) < ax.get_xlim()[1]
               for ax, a, b in zip(figure.axes, before, after, strict=True))
    assert [written(ax)[0] for ax in figure.axes] == ["0.50", "0.30", "−0.0300"]


def test_links_put_each_slope_under_its_own_link():
    ax = chains.links(["A", "B", "C"], ["ab", "bc"], sides={1: "side"}, reused=(1,))
    at = {text.get_text(): text.get_position() for text in ax.texts}
    assert at["A"][0] < at["ab"][0] < at["B"][0] < at["bc"][0] < at["C"][0]
    assert at["ab"][1] < at["A"][1] < at["side"][1] and at["side"][0] == at["B"][0]
    assert at["B"][0] < at["known already"][0] < at["C"][0]


def test_boxes_name_every_layer_weight_and_slope():
    texts = written(chains.boxes(["1", "…", "K"], back=True))
    for name in ("$x$", "$f_{1}$", "$f_{K}$", "$w_{1}$", "$w_{K}$", "$h_{1}$", "$h_{K}$", "$l$", "$y$", "$e$", "$1$",
                 r"$\frac{\partial e}{\partial h_{1}}$", r"$\frac{\partial e}{\partial w_{K}}$"):
        assert texts.count(name) == 1, name
    assert texts.count("…") == 2
    assert not any("partial" in text for text in written(chains.boxes(["1", "2"])))
