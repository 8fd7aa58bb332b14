"""Feedback and formgrader in a real browser: no script of a learner's runs, and nothing is fetched from elsewhere."""
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

from chainrule_grading import demo
from chainrule_grading.course import Course
from chainrule_grading.grading import best_isolation, grade_class
from tests.grading.hostile import files
from tests.grading.test_feedback import HOSTILE

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
SAID = "because both sum over the same arrows"


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "these tests need the Debian package chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def hostile_class(course, tmp_path_factory):
    """A graded class of one, whose notebook carries every payload of the catalogue."""
    level, why_not = best_isolation()
    assert level == "sandbox", f"these tests need the Debian package bubblewrap: {why_not}"
    root = tmp_path_factory.mktemp("browser-course")
    for name in ("course", "lectures", "solutions", "exercises"):
        shutil.copytree(course.root / name, root / name)
    shutil.copy(course.root / "nbgrader_config.py", root)
    here = Course(root)
    demo.hand_in(here, [demo.read_learner(here.sources / "class/fatima.py")])
    path = here.classroom / "submitted/fatima/delta/delta.ipynb"
    notebook = nbformat.read(path, as_version=4)
    payloads = [*files.MARKDOWN.values(), *HOSTILE]
    notebook.cells[2:2] = [nbformat.v4.new_markdown_cell(text) for text in payloads] + [
        nbformat.v4.new_code_cell(code) for code in files.OUTPUTS.values()]
    words = next(cell for cell in notebook.cells if cell.get("metadata", {}).get("nbgrader", {}).get("grade_id") ==
                 "delta-why_transpose")
    words.source = f"{SAID} " + " ".join(payloads)
    nbformat.write(notebook, path)
    results, failures = grade_class(here, "delta", say=lambda _: None)
    assert not failures and results[0].earned == 20
    return here


class Watched:
    """A page of the browser that notes requests, dialogs and errors."""

    def __init__(self, browser, **options):
        self.page = browser.new_page(**options)
        self.requests, self.dialogs, self.errors = [], [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)

    def elsewhere(self, allowed):
        return [url for url in self.requests if not url.startswith((allowed, "data:"))]


@pytest.mark.parametrize("scheme, width", [("light", 1280), ("dark", 390)])
def test_a_feedback_page_runs_nothing_fetches_nothing_and_fits(browser, hostile_class, scheme, width):
    watched = Watched(browser, viewport={"width": width, "height": 900}, color_scheme=scheme)
    watched.page.goto(f"file://{hostile_class.classroom}/feedback/fatima/delta/delta.html")
    watched.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    watched.page.wait_for_timeout(500)
    assert watched.dialogs == [] and watched.elsewhere("file:") == [] and watched.errors == []
    assert watched.page.evaluate("document.scripts.length") == 0
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width, watched.page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth && "
        "!e.closest('pre, math')).map(e => e.outerHTML.slice(0, 200)).slice(0, 5)")
    # A fraction that is laid out stands higher than one of its letters; source text would not.
    tall, small = watched.page.evaluate("""() => { const f = document.querySelector('math mfrac');
        return [f.getBoundingClientRect().height, f.querySelector('mi, mn').getBoundingClientRect().height]; }""")
    assert tall > 1.5 * small > 0
    watched.page.close()


def test_the_browser_test_would_notice_a_script(browser, tmp_path):
    (tmp_path / "page.html").write_text("<img src=http://127.0.0.1:9/x onerror=alert(1)>")
    watched = Watched(browser)
    watched.page.goto(f"file://{tmp_path}/page.html")
    watched.page.wait_for_timeout(500)
    assert watched.dialogs == ["1"] and watched.elsewhere("file:")
    watched.page.close()


def test_the_policy_alone_stops_a_script(browser, hostile_class, tmp_path):
    """Even if cleaning failed: a script put into a finished page doesn't run."""
    text = (hostile_class.classroom / "feedback/fatima/delta/delta.html").read_text(encoding="utf-8")
    alive = "<script>alert(1)</script><img src=http://127.0.0.1:9/x onerror=alert(2)></main>"
    (tmp_path / "page.html").write_text(text.replace("</main>", alive), encoding="utf-8")
    watched = Watched(browser)
    watched.page.goto(f"file://{tmp_path}/page.html")
    watched.page.wait_for_timeout(500)
    assert watched.dialogs == []
    watched.page.close()


@pytest.fixture(scope="module")
def lab(hostile_class, tmp_path_factory):
    """The address of a running `chainrule lab` in that class."""
    state = tmp_path_factory.mktemp("lab")
    environment = os.environ | {"JUPYTER_DATA_DIR": str(state / "data"), "JUPYTER_TOKEN": "t0ken",
                                "JUPYTER_RUNTIME_DIR": str(state / "run"), "JUPYTER_CONFIG_DIR": str(state / "config")}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (state / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-m", "chainrule_grading.cli", "lab", "--no-browser", "--port",
                                   str(port)], cwd=hostile_class.root, env=environment, stdout=log, stderr=log)
        for _ in range(120):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token=t0ken").close()
                break
            except OSError:
                time.sleep(0.5)
        else:
            pytest.fail((state / "log").read_text())
        yield f"http://127.0.0.1:{port}"
        server.terminate()
        server.wait(20)


def test_the_formgrader_shows_a_hostile_submission_safely_with_its_rubric_and_takes_a_mark(browser, lab, hostile_class):
    from nbgrader.api import Gradebook
    watched = Watched(browser, viewport={"width": 1280, "height": 1000})
    watched.page.goto(f"{lab}/login?next=%2Fformgrader%2Fgradebook%2Fdelta%2Fdelta&token=t0ken")
    watched.page.wait_for_selector("a[href*='submissions/']")
    watched.page.goto(lab + watched.page.get_attribute("a[href*='submissions/']", "href"))
    box = watched.page.locator("input.score").last
    box.wait_for()
    watched.page.wait_for_timeout(1500)
    assert watched.dialogs == [] and watched.elsewhere(lab) == [] and watched.errors == []
    text = watched.page.inner_text("body")
    assert SAID in text and "For you only: model answer and points" in text and "Rubric." in text
    assert watched.page.locator("math msub, math msubsup").count() >= 20
    assert watched.page.evaluate("[...document.scripts].every(s => s.nonce)"), "only nbgrader's own scripts"
    box.fill("2.5")
    box.press("Tab")
    watched.page.wait_for_timeout(1500)
    with Gradebook(f"sqlite:///{hostile_class.classroom / 'gradebook.db'}") as book:
        grades = book.find_submission_notebook("delta", "delta", "fatima").grades
        assert {g.name: g.manual_score for g in grades if g.manual_score is not None} == {"delta-why_transpose": 2.5}
    # A script that is not nbgrader's own does not run there, even if cleaning failed.
    watched.page.evaluate("""() => { const s = document.createElement('div');
        s.innerHTML = '<img src=x onerror="window.ran = 1">'; document.body.append(s); }""")
    watched.page.wait_for_timeout(500)
    assert watched.page.evaluate("window.ran") is None
    watched.page.close()
