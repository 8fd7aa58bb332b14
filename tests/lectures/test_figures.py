"""The drawings say what the library computes; the stepping figure works without a kernel, a network or a mouse."""
import io
import json
import re

import matplotlib
import numpy as np
import pytest
from matplotlib.patches import Circle, FancyArrowPatch
from PIL import Image

from chainrule import MLP, HalfSquaredError, Sigmoid

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from chainrule import figures
from chainrule.figures.style import BACKWARD, FORWARD


@pytest.fixture(autouse=True)
def house_style():
    with plt.rc_context():
        figures.use_house_style()
        yield
        plt.close("all")


@pytest.fixture(params=[(2, 3, 2), (3, 2, 1)])
def example(request):
    rng = np.random.default_rng(5)
    network = MLP.random(request.param, rng, hidden=Sigmoid())
    x, y = rng.normal(size=(1, request.param[0])), rng.normal(size=(1, request.param[2]))
    return network, x, y, figures.two_layer_stepper(network, HalfSquaredError(), x, y)


def arrows(ax, colour):
    return [p for p in ax.patches if isinstance(p, FancyArrowPatch)
            and np.allclose(p.get_edgecolor(), matplotlib.colors.to_rgba(colour))]


def shown(value):
    return f"{round(float(value), 2) + 0.0:.2f}".replace("-", "−")


def texts(stepper):
    return {shape["id"]: shape["text"] for shape in stepper.shapes if shape["kind"] == "text"}


def test_the_whole_idea_has_an_arrow_for_every_weight_and_one_step_back_per_layer():
    ax = figures.whole_idea()
    weights, outputs, headline = 3 * 4 + 4 * 3 + 3 * 2, 2, 3
    assert len(arrows(ax, FORWARD)) == weights + outputs + headline
    assert len(arrows(ax, BACKWARD)) == 3


def test_the_name_of_each_weight_lies_on_its_arrow():
    ax = figures.one_unit()
    names = [text for text in ax.texts if text.get_text().startswith("$w_")]
    incoming = [p._posA_posB for p in arrows(ax, FORWARD)[:3]]
    assert len(names) == 3
    for name, (tail, head) in zip(names, incoming, strict=True):
        (x1, y1), (x2, y2), (x, y) = tail, head, name.get_position()
        assert x1 < x < x2
        assert y == pytest.approx(y1 + (y2 - y1) * (x - x1) / (x2 - x1), abs=0.02)


@pytest.mark.parametrize("count", [2, 3])
def test_in_the_fan_as_many_deltas_come_back_as_values_went_out(count):
    ax = figures.fan(count)
    assert len(arrows(ax, FORWARD)) == len(arrows(ax, BACKWARD)) == count
    assert sum(isinstance(p, Circle) for p in ax.patches) == count + 1
    for out, back in zip(arrows(ax, FORWARD), arrows(ax, BACKWARD), strict=True):
        assert out._posA_posB[0][0] < out._posA_posB[1][0]         # to the right
        assert back._posA_posB[0][0] > back._posA_posB[1][0]       # and back


def test_in_the_flow_the_way_back_ends_one_station_before_the_input():
    ax = figures.flow(list("abcd"), ["δ", "g", "1"])
    assert len(arrows(ax, FORWARD)) == 3
    assert len(arrows(ax, BACKWARD)) == 2


def test_the_stepper_shows_the_values_and_slopes_of_the_library(example):
    network, x, y, stepper = example
    trace = network.forward(x)
    lower, upper = network.backward(trace, trace[-1] - y)
    text = texts(stepper)
    for j in range(trace[1].shape[1]):
        assert text[f"h{j}value"] == f"h = {shown(trace[1][0, j])}"
        assert text[f"dh{j}"] == f"∂L/∂h = {shown(lower.dH[0, j])}"
        assert text[f"d1{j}"] == f"δ = {shown(lower.delta[0, j])}"
    for k in range(trace[2].shape[1]):
        assert text[f"y{k}value"] == f"ŷ = {shown(trace[2][0, k])}"
        assert text[f"d2{k}"] == f"δ = {shown(upper.delta[0, k])}"
    for (i, j), w in np.ndenumerate(network.layers[0].W):
        assert text[f"wA{i}{j}"] == shown(w)


def test_each_step_reveals_at_most_one_quantity_and_all_quantities_are_revealed_once(example):
    *_, stepper = example
    revealed = [id for step in stepper.steps for id in step["show"]]
    assert all(len(step["show"]) <= 1 for step in stepper.steps)
    assert sorted(revealed) == sorted(s["id"] for s in stepper.shapes if s["role"] != "plain")


def test_a_step_names_only_shapes_that_exist_and_are_visible_by_then(example):
    *_, stepper = example
    ids = [shape["id"] for shape in stepper.shapes]
    assert len(ids) == len(set(ids))
    hidden = {id for step in stepper.steps for id in step["show"]}
    for step in stepper.steps:
        hidden -= set(step["show"])
        assert set(step["light"]) <= set(ids) - hidden


def test_values_come_forward_then_slopes_come_back(example):
    *_, stepper = example
    roles = [next(s["role"] for s in stepper.shapes if s["id"] == step["show"][0])
             for step in stepper.steps if step["show"]]
    assert roles == sorted(roles, reverse=True)            # "forward" … then "backward" …


def test_the_html_is_self_contained_announced_and_the_same_each_time(example):
    *_, stepper = example
    html = stepper.html()
    assert html == stepper.html()
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "") and "https://" not in html
    assert "@" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", html)       # no placeholder left
    for needed in ('"aria-live": "polite"', 'htmlNode("button"', "ArrowRight", 'role: "img"', "currentColor",
                   "overflow-x:auto", "box.focus("):
        assert needed in html
    scene = json.loads(re.search(r"const scene = (\{.*\});", html)[1])
    assert scene["steps"] == stepper.steps and scene["shapes"] == stepper.shapes


def test_without_scripts_a_picture_and_all_sentences_remain(example):
    *_, stepper = example
    static = re.sub(r"<script>.*</script>", "", stepper.html(), flags=re.S)
    assert f'alt="{stepper.alt}"' in static and len(stepper.alt) > 80
    assert static.count("<li>") == len(stepper.steps)
    picture = Image.open(io.BytesIO(stepper.png()))
    assert picture.width >= 800 and picture.format == "PNG"
    assert all(step["say"] in stepper._repr_mimebundle_()["text/plain"] for step in stepper.steps)


def test_a_scene_cannot_end_the_script_early():
    stepper = figures.Stepper("t", "a", 100, 100)
    stepper.step("</script><b>")
    assert stepper.html().count("</script>") == 1


@pytest.mark.parametrize("draw", ["whole_idea", "one_unit", "fan", "feature_transform", "two_weights", "two_stations"])
def test_type_is_legible_and_inside_the_picture(draw):
    ax = getattr(figures, draw)()
    figure = ax.figure
    figure.canvas.draw()
    assert all(text.get_fontsize() >= 10 for text in ax.texts)
    frame = ax.get_window_extent().padded(12)
    for text in ax.texts:
        box = text.get_window_extent()
        assert frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1), text.get_text()
