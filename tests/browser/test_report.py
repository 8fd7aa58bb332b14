"""The report and the feedback page in a browser: nothing for axe to find, and what the script does."""
import shutil

import pytest

from chainrule_grading import demo, report
from chainrule_grading.course import Course
from chainrule_grading.driver import grade_class
from tests.conftest import ROOT
from tests.grading.test_report import HOSTILE, renamed


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """{name: address} of a report, the same for 2,000 learners, one with hostile names, and a feedback page."""
    course = Course(tmp_path_factory.mktemp("class"))
    for name in ("course", "solutions", "exercises"):
        shutil.copytree(ROOT / name, course.root / name)
    shutil.copy(ROOT / "nbgrader_config.py", course.root)
    who = ("dora", "goran", "hana", "otto")
    demo.hand_in(course, [demo.read_learner(course.sources / f"class/{name}.py") for name in who])
    grade_class(course, "delta", say=lambda _: None)
    klass = report.read_class(course, "delta")
    many = tuple(report.replace(one, name=f"{one.name}{k}") for k in range(500) for one in klass.learners)
    pages = {"report": klass, "many": report.replace(klass, learners=many), "hostile": renamed(klass, HOSTILE)}
    for name, shown in pages.items():
        (course.root / f"{name}.html").write_text(report.page([report.view(shown)]), encoding="utf-8")
    pages = {name: course.root / f"{name}.html" for name in pages}
    return {name: path.as_uri() for name, path in
            (pages | {"feedback": course.classroom / "feedback/dora/delta/delta.html"}).items()}


def opened(page):
    for summary in page.query_selector_all("summary"):
        summary.click()
    if page.locator("details.cr-learners").count():
        page.locator("details.cr-learners tbody tr").first.wait_for()
    return page


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["report", "feedback"])
def test_axe_finds_nothing(open_page, places, axe, name, dark):
    page = opened(open_page(places[name], dark=dark))
    assert axe(page) == []


def test_two_thousand_learners_are_few_nodes_until_they_are_asked_for(open_page, places):
    page = open_page(places["many"])
    nodes = page.evaluate("document.querySelectorAll('*').length")
    assert nodes < 1500
    page.locator("details.cr-learners summary").click()
    rows = page.locator("details.cr-learners tbody tr")
    rows.first.wait_for()
    assert rows.count() == 100
    page.get_by_role("button", name="Show 100 more").click()
    assert rows.count() == 200
    page.get_by_label("Find").fill("dora17")
    assert rows.count() == 11                     # dora17 and dora170 to dora179
    page.get_by_label("Find").fill("")
    page.get_by_label("Order").select_option("least")
    assert rows.first.get_by_role("rowheader").inner_text().startswith("otto")


def test_hostile_names_do_nothing(open_page, places):
    page = open_page(places["hostile"])
    said = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    opened(page)
    assert page.locator("details.cr-learners tbody tr").count() == 4 and said == []
    assert page.locator("main img, main script").count() == 0
    assert page.locator("bdi", has_text=HOSTILE[0]).count() >= 1


def test_without_scripts_the_learners_are_there(chromium, places):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(places["report"])
    page.locator("details.cr-learners summary").click()
    assert page.locator("details.cr-learners tbody tr").count() == 4
    assert "the 1/n is missing" in page.locator("details.cr-learners").inner_text()
    context.close()


def test_a_phone_scrolls_the_tables_not_the_page(open_page, places):
    page = opened(open_page(places["hostile"], width=390))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
