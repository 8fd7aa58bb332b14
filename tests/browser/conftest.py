"""A real browser and a real lab. Nothing may leave this machine: what tries to is stopped, noted and fails the test."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from chainrule_grading.course import Course
from tests.conftest import ROOT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
LOCAL = {"127.0.0.1", "localhost"}


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests."""
    assert CHROMIUM, "The browser tests need Chromium: apt install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


def foreign(address):
    """Whether a request for this address would leave the machine."""
    parts = urlsplit(address)
    return parts.scheme not in ("data", "blob", "about", "file") and parts.hostname not in LOCAL


@pytest.fixture
def open_page(chromium):
    """open_page(address, width=1280, dark=False) → a page; at the end no request may have asked for another machine."""
    asked, contexts = [], []

    def note(address):
        if foreign(address):
            asked.append(address)

    def open_page(address, width=1280, dark=False):
        context = chromium.new_context(viewport={"width": width, "height": 900},
                                       color_scheme="dark" if dark else "light")
        contexts.append(context)
        context.on("request", lambda request: note(request.url))
        page = context.new_page()
        page.on("websocket", lambda socket: note(socket.url))
        page.set_default_timeout(45_000)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert asked == [], "requests for other machines"


@pytest.fixture(scope="session")
def axe():
    """axe(page, within) → [(rule, first element's HTML)] for what axe-core finds wrong in that part of the page."""
    path = ROOT / "node_modules/axe-core/axe.min.js"
    assert path.is_file(), "axe-core is not here: run npm ci"
    source = path.read_text(encoding="utf-8")
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

    def run(page, within="html"):
        page.evaluate(source)
        found = page.evaluate("([within, rules]) => axe.run(within, {runOnly: rules})", [within, rules])
        return [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]]
    return run


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def own_environment(folder):
    """The environment of a learner whose home, progress and Jupyter folders lie in `folder`."""
    return os.environ | {"HOME": str(folder), "CHAINRULE_STATE": str(folder / "state"), "JUPYTER_TOKEN": "t0ken",
                         "JUPYTER_DATA_DIR": str(folder / "data"), "JUPYTER_RUNTIME_DIR": str(folder / "run"),
                         "JUPYTER_CONFIG_DIR": str(folder / "config"), "IPYTHONDIR": str(folder / "ipython"),
                         "CHAINRULE_SEED": "0"}


@contextmanager
def serve(course, folder):
    """`chainrule lab` for this course; yields its address without a path."""
    port = free_port()
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "chainrule_grading.cli", "lab", "--no-browser", "--port", str(port)],
            cwd=course.root, env=own_environment(folder), stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token=t0ken", timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, (folder / "lab.log").read_text()
                time.sleep(0.25)
        else:
            raise AssertionError((folder / "lab.log").read_text())
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)             # the group that we started: the server and its kernels
        server.wait(20)


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """(course, address, the learner's folder): a copy of the course, open in a lab of its own."""
    folder = tmp_path_factory.mktemp("lab")
    course = Course(folder / "course")
    for name in ("lectures", "solutions", "exercises"):
        shutil.copytree(ROOT / name, course.root / name)
    shutil.copy(ROOT / "nbgrader_config.py", course.root)
    with serve(course, folder) as address:
        yield course, address, Path(folder)
