"""What people open after grading: pages and notebooks in which nothing runs.

Learners' outputs are text and pictures since `evaluate`; here their Markdown, and the pages made of it, lose every
script as well. A feedback page carries a policy (CSP) under which a browser would run none and fetch nothing.
"""
import re

from bleach.css_sanitizer import CSSSanitizer
from bleach.sanitizer import Cleaner
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import markdown2html_mistune

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; form-action 'none'"
TAGS = {"a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl", "dt", "em", "h1",
        "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "ol", "p", "pre", "s", "small", "span", "strong",
        "sub", "summary", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul"}
STYLES = ["border-left", "padding", "margin", "max-width", "line-height", "font-family", "text-align", "color"]

PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[\w+/=\s]*$")


def _allowed(tag, name, value):
    if name in ("title", "class", "role", "style", "lang", "alt", "colspan", "rowspan"):
        return True
    if tag == "a":
        return name == "href" and re.match(r"(https?://|mailto:|#)", value.strip()) is not None
    return tag == "img" and name == "src" and PICTURE.match(value) is not None


_cleaner = Cleaner(tags=TAGS, attributes=_allowed, protocols={"http", "https", "mailto", "data"}, strip=True,
                   css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES))


def clean(text):
    """HTML with only what can be read and looked at."""
    text = re.sub(r"<(script|style|iframe|object|template|noscript|svg|math)\b.*?(</\1\s*>|\Z)", "", str(text),
                  flags=re.I | re.S)
    return _cleaner.clean(text)


@pass_context
def markdown(context, source):
    """The filter `markdown2html` of this course: the same HTML, cleaned."""
    return clean(markdown2html_mistune(source))


class SafeHTML(HTMLExporter):
    """nbconvert's HTML, without scripts and with a policy. Formulas stay as they were typed."""

    def from_notebook_node(self, nb, resources=None, **kw):
        page, resources = super().from_notebook_node(nb, resources, **kw)
        return safe_page(page), resources


def safe_page(page):
    """A whole page without its scripts and with the policy at its head."""
    page = re.sub(r"<script\b.*?</script\s*>", "", page, flags=re.I | re.S)
    page = re.sub(r"<link\b[^>]*>", "", page, flags=re.I)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    return re.sub(r"(<head[^>]*>)", lambda head: head[1] + "\n" + policy, page, count=1, flags=re.I)


# What makes a Markdown cell more than text: tags that act or load, handlers, pictures from elsewhere, addresses that
# are programs.
ACTIVE = re.compile(
    r"<\s*/?\s*(?!(?:b|i|u|em|strong|code|pre|br|sub|sup|details|summary|p|ul|ol|li|table|tr|td|th|kbd)\s*/?>)[a-z!?]"
    r"|\bon\w+\s*=|(?:java|vb|live)?script\s*:|data\s*:|!\[|&#|&(?:colon|tab|newline|lpar|lt);", re.I)


def inert(text):
    """A learner's Markdown as it was if it is only text; else with its tags and addresses spelled out."""
    if not ACTIVE.search(text):
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace("](", "] (").replace("]:", "] :")
    return re.sub(r"((?:java|vb|live)?script|data)(\s*):", r"\1\2 :", text, flags=re.I)


def tidy(notebook, release):
    """Make a graded notebook inert, in place: learners' Markdown, and outputs in any kind but text and pictures."""
    ours = {cell.source for cell in release.cells}
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source not in ours:
            cell.source = inert(cell.source)
        for output in cell.get("outputs", []):
            if "data" in output:
                output.metadata = {}
                output.data = {kind: clean(value) if kind == "text/html" else value
                               for kind, value in output.data.items()
                               if kind in ("text/plain", "image/png", "text/html")}
    return notebook
