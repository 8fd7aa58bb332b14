"""The drawings of routes: what they say in numbers is what the machine they draw computes."""
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch, Rectangle

from chainrule.figures import routes


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_the_graph_marks_the_routes_asked_for_and_no_other_arrow():
    plain = [p for p in routes.flow_graph().patches if isinstance(p, FancyArrowPatch)]
    marked = [p for p in routes.flow_graph(["xgy", "xhy"]).patches if isinstance(p, FancyArrowPatch)]
    assert len(plain) == len(marked) == 6
    assert [p.get_linewidth() > 2 for p in plain] == [False] * 6
    thick = [pair for pair, p in zip(routes.ARROWS, marked, strict=True) if p.get_linewidth() > 2]
    dashed = [pair for pair, p in zip(routes.ARROWS, marked, strict=True) if p.get_linestyle() == "--"]
    assert thick == ["xg", "xh", "gy", "hy"] and dashed == ["xh", "hy"]


def test_slopes_stand_on_their_arrows():
    ax = routes.flow_graph(slopes={"gy": "$h$"})
    label = next(text for text in ax.texts if text.get_text() == "$h$" and text.get_fontsize() == 13)
    assert label.get_position() == pytest.approx(np.mean([routes.PLACES["g"], routes.PLACES["y"]], axis=0))


def test_the_cuts_carry_the_partial_slopes():
    _, right = routes.slices(lambda a, b: a**2 * b, np.array([1.0, 1.5]), (0, 2))
    tangents = [line.get_xydata() for line in right.get_lines() if len(line.get_xydata()) == 2]
    assert [float(np.diff(t[:, 1])[0] / np.diff(t[:, 0])[0]) for t in tangents] == pytest.approx([3.0, 1.0])


def test_the_strips_of_the_product_rule_make_up_the_growth():
    f, g, df, dg = 3.0, 2.0, 0.5, 0.4
    ax = routes.product_rule(f, g, df, dg)
    areas = [p.get_width() * p.get_height() for p in ax.patches if isinstance(p, Rectangle)]
    assert areas == pytest.approx([f * g, g * df, f * dg, df * dg])
    assert sum(areas) == pytest.approx((f + df) * (g + dg))


def test_number_lines_show_the_images_to_scale():
    ends, ax = routes.magnify(np.square, np.sqrt, 1.0, 0.2)
    assert ends[1].tolist() == pytest.approx([1.0, 1.44]) and ends[2].tolist() == pytest.approx([1.0, 1.2])
    assert [w for w in words(ax) if w[0].isdigit()] == ["0.20", "0.44", "0.20"]


def test_the_blocks_have_the_shapes_they_name():
    ax = routes.shapes(4, 3)
    assert len([p for p in ax.patches if isinstance(p, Rectangle)]) == 3 + 3 * 4 + 4
    assert "3 × 4" in words(ax)


def test_the_chain_has_a_slope_beside_every_arrow():
    slopes = [w for w in words(routes.chain()) if "partial" in w]
    assert slopes == [r"$\partial x/\partial w = f^\prime(w)$", r"$\partial y/\partial x = f^\prime(x)$",
                      r"$\partial z/\partial y = f^\prime(y)$"]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6])
def test_the_rows_hold_as_many_calls_as_the_expanded_slope_makes(n):
    calls, ax = routes.towers(n)
    boxes = [p for p in ax.patches if isinstance(p, Rectangle)]
    assert calls == len(boxes) == n * (n - 1) // 2
    assert sum(not p.get_hatch() for p in boxes) == n - 1                   # the calls that are no repeats


@pytest.mark.parametrize("x, z", [(2.0, 3.0), (-1.5, 0.5)])
def test_the_stepper_tells_the_slopes_of_its_machine(x, z):
    figure = routes.total_stepper(x, z)
    told = {s["id"]: s["text"] for s in figure.shapes if s["kind"] == "text"}
    h = 1e-20j
    in_x, in_z = ((x + h) * z * (x + h + z)).imag / 1e-20, (x * (z + h) * (x + z + h)).imag / 1e-20
    for name, slope in (("x", in_x), ("z", in_z)):
        assert told[f"d{name}"] == f"dy/d{name} = {routes.number(slope)}"
    shown = {id for step in figure.steps for id in step["show"]}
    ids = {shape["id"] for shape in figure.shapes}
    assert all({*step["show"], *step["light"]} <= ids for step in figure.steps)
    assert {f"d{name}" for name in "xzghy"} <= shown and {f"{name}value" for name in "xzghy"} <= shown


def test_the_sums_in_the_stepper_add_up():
    for step in routes.total_stepper(2.0, 3.0).steps:
        terms = re.findall(r"By [gh]: \S+ = (\S+)\. ", step["say"] + " ")
        if terms:
            total = re.search(r"Together \S+ = (\S+)\.$", step["say"])[1]
            assert sum(map(float, terms)) == pytest.approx(float(total))
