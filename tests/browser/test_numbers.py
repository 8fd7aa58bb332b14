"""Links to numbered equations, clicked in a real JupyterLab: within a lecture, and from one lecture to another."""
import re

import nbformat
import pytest
from playwright.sync_api import expect

from chainrule_grading import numbers
from chainrule_grading.authoring import KERNEL, elsewhere
from tests.browser.test_learner import when_ready
from tests.conftest import ROOT

OPEN = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-MarkdownOutput"


def bring(link):
    """Scroll until a link is on the screen: cells are drawn on the way, and push it on."""
    for _ in range(20):
        link.evaluate("one => one.scrollIntoView({block: 'center'})")
        try:
            return expect(link).to_be_in_viewport(timeout=1000)
        except AssertionError:
            continue
    raise AssertionError("the link never came to stand on the screen")


@pytest.mark.parametrize("view", ["lab/tree", "notebooks"])
def test_a_number_leads_to_its_equation_and_does_so_again(lab, open_page, view):
    _, address, _ = lab
    page = when_ready(open_page(f"{address}/{view}/lectures/07-delta-recursion.ipynb?token=t0ken"))
    # the one in the summary, screens away: "the last" would be another one while cells are still being drawn
    link = page.locator(f"{OPEN} li", has_text="One layer down").locator("a[href='#eq-7-5']")
    target = page.locator(f"{OPEN} [data-jupyter-id='eq-7-5']")
    for _ in range(2):
        bring(link)
        expect(target).not_to_be_in_viewport()
        link.click()
        formula = page.locator(f"{OPEN}:has([data-jupyter-id='eq-7-5']) mjx-container[display=true]").first
        expect(formula).to_be_in_viewport()
        expect(formula).to_contain_text("(7.5)")


def test_a_number_of_another_lecture_opens_that_lecture(lab, open_page):
    course, address, _ = lab
    cited = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("As (5.11) says.")], metadata=KERNEL)
    numbers.link(cited, lambda number: elsewhere(ROOT / "course/lectures/07-delta-recursion.md", number))
    nbformat.write(cited, course.lectures / "cites.ipynb")
    page = open_page(f"{address}/lab/tree/lectures/cites.ipynb?token=t0ken")
    page.locator(f"{OPEN} a", has_text="(5.11)").click()
    expect(page).to_have_url(re.compile("05-graphs-and-gates"))
    expect(page.locator(OPEN, has_text="Graphs and gates").first).to_be_attached()
