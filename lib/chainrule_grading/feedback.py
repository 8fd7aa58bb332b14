"""What people open after grading: pages and notebooks in which nothing runs.

Learners' outputs are text and pictures since `evaluate`; here their Markdown, and the pages made of it, lose every
script as well. A feedback page carries a policy (CSP) under which a browser would run none and fetch nothing.
"""
import functools
import html
import re

from bleach.css_sanitizer import CSSSanitizer
from bleach.html5lib_shim import Filter
from bleach.sanitizer import Cleaner
from jinja2 import pass_context
from nbconvert.exporters import Exporter, HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from chainrule_grading.formulas import mathml

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


class Clean(str):
    """HTML that has been cleaned, with its formulas in it."""


def clean(text, formulas=()):
    """HTML with only what can be read and looked at; a number between two MARKs becomes that formula."""
    if isinstance(text, Clean):
        return text
    text = re.sub(r"<(script|style|iframe|object|template|noscript|svg|math)\b.*?(</\1\s*>|\Z)", "", str(text),
                  flags=re.I | re.S)
    cleaner = Cleaner(tags=TAGS, attributes=_allowed, protocols={"http", "https", "mailto", "data"}, strip=True,
                      css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
                      filters=[functools.partial(Formulas, formulas=formulas)])
    return Clean(cleaner.clean(text))


# The tags of our own cards. Text that holds no others, and no attribute but these, needs no parser to clean it.
CARD = re.compile(r'</?(?:div|p|code|strong)>|<div role="status" style="[\w\s:;.#%,-]*">|<p style="[\w\s:;.#%,-]*">')


@functools.lru_cache(maxsize=2000)                # a class shows the same cards again and again
def clean_card(text):
    """The HTML of a card, cleaned."""
    if all(CARD.fullmatch(tag) for tag in re.findall(r"<[^>]*>?", text)):
        return Clean(text)
    return clean(text)


# ---------------------------------------------------------------- Markdown and its formulas

MARK = "\ue000"                                   # of no alphabet; taken out of what people write
LONGEST = 10_000                                  # characters of a cell that is read as Markdown: readers can be slow


class Formulas(Filter):
    """Puts formulas into text that has been cleaned: only into text, never into an attribute, and as parsed tags."""

    def __init__(self, source, formulas):
        super().__init__(source)
        self.formulas = formulas

    def __iter__(self):
        for token in super().__iter__():
            if token["type"] != "Characters" or MARK not in token["data"]:
                yield token
                continue
            for k, piece in enumerate(re.split(f"{MARK}(\\d+){MARK}", token["data"])):
                if k % 2 == 0:
                    yield {"type": "Characters", "data": piece.replace(MARK, "")}
                elif int(piece) < len(self.formulas):
                    yield from _tokens(self.formulas[int(piece)])


def _tokens(node):
    """A formula as the cleaner's parser would have read it."""
    if isinstance(node, str):
        yield {"type": "Characters", "data": node}
        return
    tag, attributes, children = node
    about = {"name": tag, "namespace": None}
    yield {"type": "StartTag", "data": {(None, name): value for name, value in attributes.items()}} | about
    for child in children:
        yield from _tokens(child)
    yield {"type": "EndTag", "data": {}} | about


class WithFormulas(IPythonRenderer):
    """nbconvert's HTML of Markdown, with each formula set aside; one that cannot be read stays as it was typed."""

    def __init__(self):
        super().__init__(escape=False, exclude_anchor_links=True)
        self.formulas = []

    def _aside(self, tex, block, typed):
        self.formulas.append(mathml(tex, block) or ("code", {}, [typed]))
        return f"{MARK}{len(self.formulas) - 1}{MARK}"

    def image(self, text, url, title=None):
        """Words that stand in for a picture hold no tags: a formula there is its TeX."""
        def typed(found):
            _, about, children = self.formulas[int(found[1])]
            return html.escape(about.get("alttext") or children[0])
        return super().image(re.sub(f"{MARK}(\\d+){MARK}", typed, text), url, title)

    def inline_math(self, body):
        return self._aside(body, False, f"${body}$")

    def block_math(self, body):
        return self._aside(body, True, f"$${body}$$")

    def latex_environment(self, name, body):
        typed = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return self._aside(typed, True, typed)


@functools.lru_cache(maxsize=2000)                # the instructor's text is the same for the whole class
def rendered(source):
    """Markdown → clean HTML in which formulas are MathML."""
    if len(source) > LONGEST:
        return Clean(f"<pre>{html.escape(source)}</pre>")
    renderer = WithFormulas()
    return clean(MarkdownWithMath(renderer=renderer).render(source.replace(MARK, "")), renderer.formulas)


@pass_context
def markdown(context, source):
    """The filter `markdown2html` of this course."""
    return rendered(source)


def unchanged(text):
    """The filter `strip_files_prefix`, which has nothing to do here and would forget what is clean."""
    return text


class FeedbackPage(HTMLExporter):
    """nbgrader's exporter for feedback, which makes our page."""

    def from_notebook_node(self, nb, resources=None, **kw):
        from chainrule_grading.page import page

        notebook, resources = Exporter.from_notebook_node(self, nb, resources, **kw)
        about = resources["nbgrader"]
        return page(notebook, about["notebook"], about["student"], about.get("late_penalty") or 0), resources


# What makes a Markdown cell more than text: tags that act or load, handlers, pictures from elsewhere, addresses that
# are programs.
ACTIVE = re.compile(
    r"<[\s/]*+(?!(?:b|i|u|em|strong|code|pre|br|sub|sup|details|summary|p|ul|ol|li|table|tr|td|th|kbd)\s*/?>)[a-z!?]"
    r"|\bon\w+\s*=|(?:java|vb|live)?script\s*:|data\s*:|!\[|&#|&(?:colon|tab|newline|lpar|lt);", re.I)


def inert(text):
    """A learner's Markdown as it was if it is only text; else with its tags and addresses spelled out."""
    if len(text) <= LONGEST and not ACTIVE.search(text):
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
                output.data = {kind: clean_card(value) if kind == "text/html" else value
                               for kind, value in output.data.items()
                               if kind in ("text/plain", "image/png", "text/html")}
    return notebook
