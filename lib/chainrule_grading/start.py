"""The lab's start page, `/chainrule/start`: where you stand, what to open now, handing in, feedback.

`page` is a function of what lies on disk, made anew on each reload; below it is the small Jupyter server extension that
serves it, and that keeps an opened notebook from counting as changed. Links are relative, so they hold under any base
address (a Hub's, for instance).
"""
import asyncio
import hashlib
import importlib.util
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from chainrule_grading.course import UserError, find_course, write_atomically
from chainrule_grading.handin import login, receipts


@dataclass(frozen=True)
class Item:
    """A lecture or an assignment, in the order of the course. `touched` is an ISO time or ""."""
    kind: str                 # "lecture" or "assignment"
    path: str                 # from the course folder
    number: str               # "07", or "" for an assignment
    title: str
    touched: str
    done: bool
    tasks: tuple = ()         # an assignment's (sign, words, task name, minutes)
    earned: float = 0
    points: float = 0

    @property
    def name(self):
        return Path(self.path).stem


# ---------------------------------------------------------------- what lies on disk

@lru_cache(maxsize=256)
def _head(path, _when):
    """(title, lectures it names) from the first cell of a notebook; the file's time is part of the key."""
    try:
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
        text = "".join(cells[0]["source"])
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return Path(path).stem, ()
    title = re.search(r"^# (?:\d+ · )?(.+?)(?:: exercises)?$", text, flags=re.M)
    return title[1] if title else Path(path).stem, tuple(re.findall(r"lectures/([\w-]+)\.ipynb", text))


def head(path):
    return _head(str(path), path.stat().st_mtime_ns)


def opened_file():
    """Which lectures were opened is kept beside the progress of the exercises."""
    from chainrule.exercises import _progress
    return _progress.path().with_name("opened.json")


def opened():
    """{path of a lecture: ISO time of its last opening}, or {}."""
    try:
        data = json.loads(opened_file().read_text(encoding="utf-8"))
        return {k: v for k, v in data.items() if isinstance(v, str)} if isinstance(data, dict) else {}
    except (OSError, ValueError, RuntimeError):
        return {}


def note_opened(path):
    """Note that a lecture was opened now; a folder that can't be written to is no reason to stop."""
    try:
        write_atomically(opened_file(), json.dumps(
            opened() | {path: datetime.now(UTC).isoformat(timespec="seconds")}, indent=1))
    except (OSError, RuntimeError):
        pass


def items(course, tried, seen):
    """Lectures in their order, each followed by the assignments that belong to it (the last lecture they name)."""
    lectures = sorted(course.lectures.glob("*.ipynb"))
    homes = {name: max(head(_notebook(course, name))[1], default="~") for name in dict.fromkeys(course.assignments())
             if _notebook(course, name).is_file()}
    found = []
    for path in lectures:
        key = f"lectures/{path.name}"
        found.append(Item("lecture", key, path.stem.partition("-")[0], head(path)[0], seen.get(key, ""), key in seen))
        found += [_assignment(course, name, tried) for name, home in homes.items() if home == path.stem]
    placed = {path.stem for path in lectures}
    return found + [_assignment(course, name, tried) for name, home in homes.items() if home not in placed]


def _notebook(course, name):
    return course.exercises / name / f"{name}.ipynb"


def _assignment(course, name, tried):
    from chainrule.exercises import assignments
    from chainrule.exercises._registry import exercises_of
    registered = exercises_of(name) if name in assignments() else ()     # an instructor's own has none of our checks
    tasks, last, earned = [], "", 0
    for task in registered:
        entry = tried.get(task.id, {})
        best = entry.get("best", 0)
        tasks.append(("✓", "right", task.id, task.minutes) if best == task.points else
                     ("◐", "partly right", task.id, task.minutes) if best else
                     ("○", "tried" if entry else "not tried yet", task.id, task.minutes))
        last, earned = max(last, entry.get("last", "")), earned + best
    points = sum(task.points for task in registered)
    return Item("assignment", f"exercises/{name}/{name}.ipynb", "", head(_notebook(course, name))[0], last,
                bool(registered) and earned == points, tuple(tasks), earned, points)


def next_step(found):
    """What to open now: go on with the last one touched, else the first undone after it, else the first undone."""
    touched = [k for k, item in enumerate(found) if item.touched]
    last = max(touched, key=lambda k: (found[k].touched, k), default=0)
    if touched and not found[last].done:
        return found[last]
    return next((item for item in found[last:] + found[:last] if not item.done), None)


def feedback(course, assignment, names):
    """[(words, path from the course folder)] of the feedback pages of these learners, newest first."""
    given = [course.classroom / "feedback" / name / assignment for name in sorted(filter(None, names))]
    fetched = (course.exercises / assignment / "feedback").glob("*/*.html")           # nbgrader fetch_feedback
    dated = sorted(((path.stat().st_mtime, path) for path in
                    [*fetched, *(path for folder in given for path in folder.glob("*.html"))]), reverse=True)
    return [(f"{datetime.fromtimestamp(when, UTC):%d %B %Y, %H:%M} UTC", path.relative_to(course.root).as_posix())
            for when, path in dated if course.root in path.parents]


# ---------------------------------------------------------------- the page

def page(course, xsrf="", trouble=""):
    """The start page as HTML. `xsrf` is the hidden field for its forms, `trouble` a sentence to show on top."""
    from jinja2 import Environment

    from chainrule.exercises import _progress
    found = items(course, _progress.load(), opened())
    handed = receipts(course)
    latest = {one["assignment"]: one for one in handed}
    names = {login()} | {one["learner"] for one in handed}
    rows = [(item, _now(course, item, latest.get(item.name)), feedback(course, item.name, names)) for item in found]
    step = next_step(found)
    lectures = [item for item in found if item.kind == "lecture"]
    sets = [item for item in found if item.kind == "assignment"]
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        files("chainrule_grading").joinpath("start.html").read_text(encoding="utf-8"))
    return template.render(
        style=files("chainrule").joinpath("style.css").read_text(encoding="utf-8"), rows=rows, step=step, xsrf=xsrf,
        trouble=trouble, phone="notebooks" if importlib.util.find_spec("notebook") else "lab", quote=quote,
        opened=sum(item.done for item in lectures), lectures=len(lectures), earned=sum(i.earned for i in sets),
        points=sum(i.points for i in sets), name=handed[-1]["learner"] if handed else login())


def _now(course, item, receipt):
    """The receipt, and whether the notebook has changed since."""
    if receipt is None:
        return None
    now = hashlib.sha256((course.root / item.path).read_bytes()).hexdigest()
    return receipt | {"changed": now != receipt["sha256"]}


# ---------------------------------------------------------------- the Jupyter server extension

VIEWS = {"lab": "lab/tree", "notebooks": "notebooks"}


def _jupyter_server_extension_points():
    return [{"module": "chainrule_grading.start"}]


def _load_jupyter_server_extension(app):
    app.web_app.add_handlers(".*$", _handlers(app))
    # Once the server runs: another extension (jupytext) may still put its own contents manager in place.
    app.io_loop.add_callback(lambda: keep_unchanged(app.web_app.settings["contents_manager"], app.kernel_spec_manager))
    app.log.info("chainrule | the start page is at %schainrule/start", app.base_url)


def keep_unchanged(contents, kernels):
    """Hand out each Python notebook with the metadata that its kernel is going to write into it.

    JupyterLab copies the kernel's name and version into a notebook when it opens it; where that differs from the file,
    a lecture that was only looked at counts as unsaved. The files are left as they are, the same for every Python.
    """
    from ipykernel.ipkernel import IPythonKernel
    from jupyter_server.utils import ensure_async

    get = contents.get

    async def settled(path, content=True, **options):
        model = await ensure_async(get(path, content=content, **options))
        if content and model["type"] == "notebook" and model["content"]["metadata"].get("kernelspec", {}).get(
                "name") == "python3":
            spec = kernels.get_kernel_spec("python3")
            model["content"]["metadata"] |= {
                "kernelspec": {"display_name": spec.display_name, "language": spec.language, "name": "python3"},
                "language_info": dict(IPythonKernel.language_info)}
        return model

    contents.get = settled


def _handlers(app):
    """[(pattern, handler)]: the page, the links that note an opening, and handing in."""
    from jupyter_server.base.handlers import JupyterHandler
    from jupyter_server.utils import url_path_join
    from tornado.web import HTTPError, RedirectHandler, authenticated

    def here():
        return find_course(Path(app.root_dir).expanduser())

    class Base(JupyterHandler):
        def show(self, trouble=""):
            try:
                self.finish(page(here(), self.xsrf_form_html(), trouble))
            except UserError as nowhere:
                raise HTTPError(404, str(nowhere)) from None

    class Start(Base):
        @authenticated
        def get(self):
            self.show()

    class Open(Base):
        @authenticated
        def get(self, view, path):
            if path not in {item.path for item in items(here(), {}, {})}:
                raise HTTPError(404, f"There is no {path} in this course.")
            if path.startswith("lectures/"):
                note_opened(path)
            self.redirect(url_path_join(self.base_url, VIEWS[view], quote(path)))

    class Submit(Base):
        @authenticated
        async def post(self):
            """The command `chainrule submit`, in a process of its own, so that there is one way to hand in."""
            course, assignment, name = here(), self.get_body_argument("assignment"), self.get_body_argument("name", "")
            if assignment not in course.assignments():
                raise HTTPError(404, f"There is no assignment called {assignment}.")
            learner = [] if name in ("", login()) else [f"--as={name}"]
            command = [sys.executable, "-m", "chainrule_grading.cli", "submit",
                       f"exercises/{assignment}/{assignment}.ipynb", *learner]
            done = await asyncio.to_thread(subprocess.run, command, cwd=course.root, capture_output=True, check=False)
            if done.returncode == 0:
                return self.redirect(f"start#{assignment}")
            self.set_status(400)
            self.show(done.stderr.decode(errors="replace").strip().removeprefix("chainrule: "))

    ours = url_path_join(app.base_url, "chainrule")
    return [(f"{ours}/?", RedirectHandler, {"url": f"{ours}/start"}), (f"{ours}/start", Start),
            (f"{ours}/open/(lab|notebooks)/(.+)", Open), (f"{ours}/submit", Submit)]
