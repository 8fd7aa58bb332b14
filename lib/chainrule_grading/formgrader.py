"""The formgrader's page of a submission: nbgrader's, with the rubric beside an answer in words, and a policy (CSP).

`chainrule lab` loads this as an extension of its server. Learners' text arrives there cleaned already
(`feedback`); under the policy a browser would run no script in it either, because only nbgrader's own carry the
nonce, and would fetch nothing from elsewhere.
"""
import base64
import hashlib
import html
import re
import secrets
from pathlib import Path

import nbformat
from nbconvert.exporters import HTMLExporter

SCRIPT = re.compile(r"<script\b[^>]*>.*?</script\s*>", re.I | re.S)
ELSEWHERE = re.compile(r"<script\b[^>]*\bsrc\s*=\s*[\"']?(?:https?:)?//|MathJax", re.I)     # formulas are MathML
STAND_IN = 'var MathJax = {Hub: {Startup: {signal: {Interest: function (f) { setTimeout(f, 0, "End"); }}}}};'
HANDLERS = ("toggle_name(true);", "toggle_name(false);")                       # what nbgrader's page has in onclick


class FormgraderPage(HTMLExporter):
    """In place of the exporter of nbgrader's formgrader."""

    def from_notebook_node(self, nb, resources=None, **kw):
        escaped = {name: html.escape(value) if isinstance(value, str) else value
                   for name, value in (resources or {}).items()}
        notebook = with_rubric(nb, self._instructors(escaped))
        page, about = super().from_notebook_node(notebook, escaped, **kw)
        blank, _ = super().from_notebook_node(nbformat.v4.new_notebook(), escaped, **kw)
        return locked(page, blank, secrets.token_urlsafe(16)), about

    def _instructors(self, resources):
        """The notebook with model answers, if it is at hand."""
        course = self.config.CourseDirectory
        name, assignment = resources.get("notebook_id"), resources.get("assignment_id")
        path = Path(course.get("root", "."), course.get("source_directory", "source"), f"{assignment}/{name}.ipynb")
        return nbformat.read(path, as_version=4) if path.is_file() else nbformat.v4.new_notebook()


def with_rubric(notebook, instructors):
    """A copy of the notebook in which the model answer and its points follow each answer in words."""
    models = {about["grade_id"]: cell.source for cell in instructors.cells if cell.cell_type == "markdown"
              and (about := cell.metadata.get("nbgrader") or {}).get("solution")}
    copy = nbformat.from_dict(dict(notebook))
    copy.cells = []
    for cell in notebook.cells:
        copy.cells.append(cell)
        model = models.get((cell.metadata.get("nbgrader") or {}).get("grade_id"))
        if cell.cell_type == "markdown" and model:
            said = f"**For you only: model answer and points**\n\n{model}"
            copy.cells.append(nbformat.v4.new_markdown_cell("\n".join(f"> {line}" for line in said.splitlines())))
    return copy


def locked(page, blank, nonce):
    """The page with a policy under which only the scripts run that the page of an empty notebook has, too."""
    page = SCRIPT.sub(lambda found: "" if ELSEWHERE.search(found[0]) else found[0], page)
    for script in dict.fromkeys(SCRIPT.findall(blank)):
        page = page.replace(script, script.replace("<script", f'<script nonce="{nonce}"', 1), 1)
    allowed = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
                       for text in HANDLERS)
    policy = (f"default-src 'none'; script-src 'nonce-{nonce}' 'unsafe-hashes' {allowed}; style-src 'self' "
              "'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
              "base-uri 'none'")
    meta = (f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            f'<script nonce="{nonce}">{STAND_IN}</script>')      # nbgrader's script waits for MathJax to be ready
    return re.sub(r"(<head[^>]*>)", lambda head: head[1] + "\n" + meta, page, count=1, flags=re.I)


def _jupyter_server_extension_points():
    return [{"module": "chainrule_grading.formgrader"}]


def _load_jupyter_server_extension(app):
    """Put our exporter into the formgrader's settings once all extensions are loaded."""
    from tornado.ioloop import IOLoop

    def replace():
        settings = app.web_app.settings
        if "nbgrader_exporter" in settings:
            settings["nbgrader_exporter"] = FormgraderPage(config=settings["nbgrader_exporter"].config)
    IOLoop.current().add_callback(replace)
