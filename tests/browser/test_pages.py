"""Start page and card as people see them: wide and narrow, light and dark, and to a screen reader."""
import re

import nbformat
import pytest
from playwright.sync_api import expect

from chainrule.exercises._card import LOOKS
from tests.browser.conftest import foreign
from tests.browser.test_learner import run, when_ready
from tests.conftest import ROOT

# One card of each kind, as `check` shows it.
CARDS = '''
from chainrule.exercises import CheckFailed, check, find

layer = find("delta.layer")

def unwritten(*arguments):
    raise NotImplementedError

def broken(*arguments):
    return 1 / 0

wrong = find("delta.output").misconceptions[0].function
part = next(m.function for m in layer.misconceptions if m.name == "the bias averages over the batch")
for id, answer in (("delta.layer", layer.answer), ("delta.layer", part), ("delta.output", wrong),
                   ("delta.layer", broken), ("delta.layer", unwritten)):
    try:
        check(id, answer)
    except CheckFailed:
        pass
'''
VIEWS = [("lab", 1280, False), ("lab", 1280, True), ("notebooks", 390, False), ("notebooks", 390, True)]
IDS = [f"{width}-{'dark' if dark else 'light'}" for _, width, dark in VIEWS]


def width_of(page):
    return page.evaluate("document.documentElement.scrollWidth")


@pytest.mark.parametrize("view, width, dark", VIEWS, ids=IDS)
def test_the_start_page_is_readable_for_everyone(lab, open_page, axe, view, width, dark):
    _, address, _ = lab
    page = open_page(f"{address}/chainrule/start?token=t0ken", width, dark)
    for closed in page.locator("summary").all():
        closed.click()                            # what is folded away is looked at too
    assert axe(page) == []
    assert width_of(page) == width, "the page scrolls sideways"
    lecture = page.get_by_role("link", name="07 The δ recursion", exact=True)
    assert f"open/{view}/lectures/07" in lecture.get_attribute("href")


def test_a_fault_in_the_page_would_be_found(lab, open_page, axe):
    _, address, _ = lab
    page = open_page(f"{address}/chainrule/start?token=t0ken")
    page.evaluate("document.querySelector('h1').style.color = '#ddd'; document.documentElement.lang = ''")
    assert {rule for rule, _ in axe(page)} == {"color-contrast", "html-has-lang"}


@pytest.mark.parametrize("view, width, dark", VIEWS, ids=IDS)
def test_every_kind_of_card_is_readable_for_everyone(lab, open_page, axe, view, width, dark):
    course, address, _ = lab
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CARDS)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (course.root / f"cards-{width}-{dark}.ipynb").write_text(nbformat.writes(notebook))
    folder = "lab/tree" if view == "lab" else "notebooks"
    page = open_page(f"{address}/{folder}/cards-{width}-{dark}.ipynb?token=t0ken&reset", width, dark)
    cards = run(when_ready(page), "from chainrule.exercises import CheckFailed").get_by_role("status")
    expect(cards).to_have_count(5)
    for kind, card in zip(("full", "part", "wrong", "error", "unwritten"), cards.all(), strict=True):
        sign, word, _ = LOOKS[kind]
        expect(card).to_contain_text(f"{sign} {word}")
        assert card.bounding_box()["width"] < width
    assert axe(page, ".jp-OutputArea [role=status]") == []


def test_cards_take_their_colours_from_the_style_sheet():
    colours = dict(re.findall(r"--cr-(\w+): (#\w{6})", (ROOT / "lib/chainrule/style.css").read_text().split("}")[0]))
    assert {kind: colour for kind, (_, _, colour) in LOOKS.items()} == {kind: colours[kind] for kind in LOOKS}


def test_a_request_for_another_machine_is_told_from_our_own():
    assert foreign("https://cdn.example.org/x.js") and foreign("wss://example.org/socket")
    assert not foreign("http://127.0.0.1:8888/lab") and not foreign("data:image/png;base64,xx")


def test_the_lab_has_a_way_back_to_the_start_page(lab, open_page):
    _, address, _ = lab
    page = open_page(f"{address}/lab?token=t0ken")
    page.locator(".lm-MenuBar-itemLabel", has_text="Course").click()
    with page.context.expect_page() as opened:
        page.locator(".lm-Menu-itemLabel", has_text="Start page").click()
    expect(opened.value.get_by_role("heading", name="Now", exact=True)).to_be_visible()


def test_a_stranger_and_a_foreign_page_get_nothing(lab, open_page):
    course, address, _ = lab
    stranger = open_page("about:blank")
    assert "/login" in stranger.request.get(f"{address}/chainrule/start").url
    assert stranger.request.post(f"{address}/chainrule/submit", form={"assignment": "losses"}).status == 403
    page = open_page(f"{address}/chainrule?token=t0ken")
    expect(page).to_have_url(re.compile("/chainrule/start"))
    refused = page.request.post(f"{address}/chainrule/submit", form={"assignment": "losses"})
    assert refused.status == 403 and not list((course.classroom / "submitted").glob("*/losses"))
    assert page.request.get(f"{address}/chainrule/open/lab/nbgrader_config.py").status == 404
    assert page.request.get(f"{address}/chainrule/open/lab/../../etc/passwd").status == 404


def test_a_refusal_is_said_on_the_page(lab, open_page):
    _, address, _ = lab
    page = open_page(f"{address}/chainrule/start?token=t0ken")
    page.locator("#losses").get_by_text("Hand in losses").first.click()
    page.get_by_label("to hand in losses").fill("../x")
    page.get_by_role("button", name="Hand in losses").click()
    expect(page.get_by_role("alert")).to_contain_text("'../x' cannot be a learner's name here")
