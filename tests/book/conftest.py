"""The book, built once for all tests, served on this machine and opened in Debian's chromium."""
import functools
import http.server
import shutil
import threading
from contextlib import contextmanager

import pytest

from chainrule_grading import book
from tests.conftest import ROOT

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def site(tmp_path_factory, course):
    """The folder of the built pages."""
    return book.build(course, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def pages(site):
    """The paths of all pages, relative to the site, without those that Sphinx makes of nothing."""
    found = sorted(str(p.relative_to(site)) for p in site.rglob("*.html"))
    return [p for p in found if not p.startswith("_") and p != "genindex.html"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *about):
        pass


@pytest.fixture(scope="session")
def address(site):
    """Where the book is served."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser():
    """Chromium under Playwright."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        pytest.fail("these tests need a browser: apt-get install chromium")
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=program, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe():
    """The accessibility checker, as the text of its script."""
    script = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        pytest.fail("these tests need axe-core: npm ci")
    return script.read_text(encoding="utf-8")


@pytest.fixture
def opened(browser):
    """opened(url, …) → a page that has settled; whatever it asked of other machines is in page.asked."""
    contexts = []

    def go(url, width=1280, scheme="light", **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.wrong = [], []
        page.on("request", lambda r: page.asked.append(r.url)
                if not r.url.startswith(("http://127.0.0.1:", "file:", "data:", "blob:")) else None)
        page.on("pageerror", lambda error: page.wrong.append(f"{error} {error.stack}"))
        settle(page, url)
        return page

    yield go
    for context in contexts:
        context.close()


SET = """() => {
  if (!document.querySelector("script[src*=mathjax]") || !document.querySelector(".math")) return true;
  if (location.protocol === "file:") return document.querySelector("mjx-container") !== null;  // no worker there
  window.MathJax?.startup?.promise?.then(() => { window.formulasAreSet = true; });
  return window.formulasAreSet === true;
}"""


def settle(page, url):
    """Open a page and wait until its formulas stand."""
    page.goto(url)
    page.wait_for_function(SET, timeout=30_000)


@contextmanager
def one_context(browser, **options):
    """A context for many pages in a row."""
    context = browser.new_context(**options)
    try:
        yield context.new_page()
    finally:
        context.close()
