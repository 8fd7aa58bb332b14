"""The drawings of computational graphs show the numbers they are given, in the right places."""
import matplotlib.pyplot as plt
import pytest

from chainrule.figures import circuits

SIMPLE = {"q": ("+", ("x", "y")), "f": ("×", ("q", "z"))}
VALUES = {"x": -2, "y": 5, "z": -4, "q": 3, "f": -12}
SLOPES = {"x": -4.0, "y": -4.0, "z": 3.0, "q": -4.0, "f": 1.0}


@pytest.fixture(autouse=True)
def close_figures():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def written(ax):
    return [text.get_text() for text in ax.texts]


def test_parents_stand_left_of_their_children_and_no_two_nodes_share_a_place():
    neuron = {"m": ("×", ("w", "x")), "s": ("+", ("m", "b")), "n": ("× −1", ("s",)), "f": ("exp", ("n",))}
    places = circuits.layout(neuron)
    assert all(places[p][0] < places[name][0] for name, (_, parents) in neuron.items() for p in parents)
    assert len(set(places.values())) == len(places) == 7
    assert places["b"][0] == places["s"][0] - 1               # an input stands next to where it is used


def test_a_circuit_shows_each_value_once_and_each_slope_once():
    texts = written(circuits.circuit(SIMPLE, VALUES, SLOPES, named="qf", digits=0))
    assert sorted(texts) == sorted(["x", "y", "z", "+", "×", "−2", "5", "−4", "q = 3", "f = −12",
                                    "−4", "−4", "3", "−4", "1"])


def test_values_stand_above_and_slopes_below_their_node():
    ax = circuits.circuit(SIMPLE, VALUES, SLOPES, named="qf", digits=0)
    height = {text.get_text(): text.get_position()[1] for text in ax.texts}
    assert height["1"] < height["×"] < height["f = −12"]


def test_shares_on_the_arrows_are_those_given():
    graph = {"f": ("×", ("x", "x"))}
    ax = circuits.circuit(graph, {"x": 3, "f": 9}, {"x": 6, "f": 1}, branches={("x", "f"): 5}, digits=0)
    assert "5" in written(ax)


def test_stepper_tells_each_forward_gate_and_each_slope_in_one_step():
    figure = circuits.stepper("title", SIMPLE, VALUES, SLOPES, named="qf", digits=0)
    says = [step["say"] for step in figure.steps]
    assert len(says) == 1 + len(SIMPLE) + len(VALUES) + 1
    assert says[1] == "Forward: q computes −2 + 5 = 3."
    assert "3 × 1 = 3" in says[4] and "(−4) × 1 = −4" in says[5]
    shown = [id for step in figure.steps for id in step["show"]]
    assert sorted(shown) == sorted(f"{name} {what}" for name in VALUES for what in ("value", "slope"))


def test_every_id_that_a_step_names_belongs_to_a_shape():
    figure = circuits.stepper("title", SIMPLE, VALUES, SLOPES)
    ids = [shape["id"] for shape in figure.shapes]
    assert len(ids) == len(set(ids))
    assert {id for step in figure.steps for id in step["show"] + step["light"]} <= set(ids)


def test_stepper_forward_words_are_true_for_every_gate():
    """The sentence 'a ∘ b = c' is evaluated, with the numbers as they are printed."""
    import math
    graph = {"p": ("×", ("x", "y")), "n": ("× −1", ("p",)), "e": ("exp", ("n",)), "d": ("+ 1", ("e",)),
             "r": ("1/x", ("d",)), "f": ("+", ("r", "z"))}
    v = {"x": -2.0, "y": 0.5, "z": -0.25, "p": -1.0, "n": 1.0, "e": math.e, "d": math.e + 1, "r": 1 / (math.e + 1)}
    v["f"] = v["r"] + v["z"]
    figure = circuits.stepper("title", graph, v, dict.fromkeys(v, 1.0), named=list(graph))
    for step in figure.steps[1:1 + len(graph)]:
        left, right = step["say"].split("computes ")[1].rstrip(".").split(" = ")
        left, right = (side.replace("−", "-").replace("×", "*") for side in (left, right))
        assert eval(left, {"exp": math.exp}) == pytest.approx(float(right), abs=2e-4)


def test_stepper_refuses_a_graph_in_which_a_wire_is_used_twice():
    with pytest.raises(ValueError, match="used exactly once"):
        circuits.stepper("t", {"f": ("×", ("x", "x"))}, {"x": 3, "f": 9}, {"x": 6, "f": 1})


def test_patterns_and_gallery_draw_one_panel_per_graph():
    one = {"f": ("+", ("x", "y"))}
    numbers = {"x": 1.0, "y": 2.0, "f": 3.0}
    figure = circuits.patterns({"a": one, "b": one}, {"a": numbers, "b": numbers}, {"a": numbers, "b": numbers})
    assert [ax.get_title() for ax in figure.axes] == ["a", "b"]
    figure = circuits.gallery(dict.fromkeys("abcd", SIMPLE), moved={"d": {"z": (0, 4)}})
    assert [written(ax).count("z") for ax in figure.axes] == [1, 1, 1, 1]


def test_gate_names_the_three_slopes():
    texts = written(circuits.gate())
    assert "upstream" in texts and "downstream" in texts and any("local" in text for text in texts)
