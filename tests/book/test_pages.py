"""The pages as files: links lead somewhere, nothing is fetched from elsewhere, pictures have words."""
import json
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from chainrule.ledger import load
from chainrule_grading import book, numbers


class Page(HTMLParser):
    """What a page holds: ids, links, what it loads, pictures, headings."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loads, self.pictures, self.levels = set(), [], [], [], []
        self.article = False                      # headings outside it are the theme's, for print
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        about = dict(attributes)
        self.ids |= {about[name] for name in ("id", "name") if about.get(name)}
        if tag == "a" and about.get("href"):
            self.links.append(about["href"])
        if tag in ("script", "img", "iframe", "source") and about.get("src"):
            self.loads.append(about["src"])
        if tag == "link" and about.get("rel") in ("stylesheet", "preload", "icon", "modulepreload"):
            self.loads.append(about["href"])
        if tag == "img":
            self.pictures.append((about.get("src", ""), about.get("alt")))
        self.article |= tag == "article"
        if self.article and re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))


@pytest.fixture(scope="session")
def parsed(site, pages):
    return {path: Page((site / path).read_text(encoding="utf-8")) for path in pages}


def dead(parsed, site):
    """Links within the site that lead nowhere: (page, link)."""
    found = []
    for path, page in parsed.items():
        for link in page.links + page.loads:
            parts = urlsplit(link)
            if parts.scheme or link.startswith("//"):
                continue
            target = (site / path).parent / unquote(parts.path) if parts.path else site / path
            name = str(target.resolve().relative_to(site.resolve()))
            if not target.exists() or (parts.fragment and name in parsed
                                       and unquote(parts.fragment) not in parsed[name].ids | {""}):
                found.append((path, link))
    return found


def test_no_link_is_dead(parsed, site):
    assert dead(parsed, site) == []


def test_a_dead_link_would_be_noticed(parsed, site):
    broken = {**parsed, "index.html": Page('<a href="lectures/14-none.html">x</a><a href="#nowhere">y</a>')}
    assert [link for _, link in dead(broken, site)] == ["lectures/14-none.html", "#nowhere"]


def test_no_page_loads_anything_from_another_machine(parsed):
    assert [(p, x) for p, page in parsed.items() for x in page.loads if re.match(r"(https?:)?//", x)] == []


def test_every_lecture_statement_and_task_has_its_place(parsed, course):
    assert {f"lectures/{p.stem}.html" for p in course.lectures.glob("*.ipynb")} <= set(parsed)
    assert {f"exercises/{name}/{name}.html" for name in course.assignments()} <= set(parsed)
    for id in load():
        assert id.lower() in parsed[f"course/companions/{id.partition('-')[0].lower()}.html"].ids, id


def test_pictures_have_words_of_their_own(parsed):
    alts = [(path, alt) for path, page in parsed.items() for src, alt in page.pictures if "data:" not in src]
    assert len(alts) > 100
    for path, alt in alts:
        assert alt and len(alt) >= 25 and not re.search(r"\.(png|svg|jpg)$", alt), (path, alt)
    assert len(alts) == len({alt for _, alt in alts}), "two pictures have the same words"


def test_headings_begin_with_one_title_and_skip_no_level(parsed):
    for path, page in parsed.items():
        if path != "search.html":
            assert page.levels.count(1) == 1 and page.levels[0] == 1, path
        assert all(b <= a + 1 for a, b in zip(page.levels, page.levels[1:], strict=False)), (path, page.levels)


def test_each_numbered_equation_has_an_anchor_and_its_citations_lead_there(parsed, course):
    homes = {}
    for path in course.lectures.glob("*.ipynb"):
        text = "".join("".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"])
        homes |= dict.fromkeys(numbers.TAG.findall(text), f"lectures/{path.stem}.html")
    assert len(homes) > 120
    for number, path in homes.items():
        assert f"eq-{number.replace('.', '-')}" in parsed[path].ids, number
    cited = [link for page in parsed.values() for link in page.links if "#eq-" in link]
    assert len(cited) > 120


# ---------------------------------------------------------------- how pages are staged

NUMBERED = {"7.1": "lectures/07-delta.ipynb", "5.4": "lectures/05-graphs.ipynb"}


def staged(text):
    """A Markdown cell of lecture 7 as the book has it."""
    cells = [{"cell_type": "markdown", "source": text}]
    return book.with_links({"cells": cells}, "lectures/07-delta.ipynb", NUMBERED)["cells"][0]["source"]


@pytest.mark.parametrize("text, made", [
    ("by (7.1) it is", "by [(7.1)](#eq-7-1) it is"),
    ("and (5.4), there", "and [(5.4)](05-graphs.ipynb#eq-5-4), there"),
    ("and [(5.4)](05-graphs.ipynb#cell-id=cell-040)", "and [(5.4)](05-graphs.ipynb#eq-5-4)"),
    ("by [(7.1)](#eq-7-1) it is", "by [(7.1)](#eq-7-1) it is"),
    ("## Proof of (7.1)", "## Proof of (7.1)"), ("`f(7.1)` and $g(7.1)$", "`f(7.1)` and $g(7.1)$"),
    ("about (9.9) of it", "about (9.9) of it"), ("see [that (7.1)](x.md)", "see [that (7.1)](x.md)"),
    ("<summary>Why (7.1)?</summary>", "<summary>Why (7.1)?</summary>"),
])
def test_numbers_of_equations_are_linked_in_prose_only(text, made):
    assert staged(text) == made


def test_an_anchor_stands_before_a_numbered_equation_and_no_other():
    numbered = "a\n\n\\begin{equation*}\nx\n\\tag{7.1}\n\\end{equation*}\n\n\\begin{equation*}\ny\n\\end{equation*}"
    for text in (numbered, numbers.anchor(numbered, numbers.ANCHOR)):
        assert staged(text).count("(eq-") == 1 and "a\n\n(eq-7-1)=\n\\begin{equation*}\nx" in staged(text)
        assert "<a" not in staged(text)


def test_a_statement_of_a_companion_becomes_a_heading_with_its_name():
    made = book.statements_as_headings("**TAYLOR-41** · derivation\n\nx")
    assert made == "(taylor-41)=\n### TAYLOR-41 · Bias gradient\n\n*derivation*\n\nx"
    assert book.slug("TAYLOR-41 · Bias gradient") == "taylor-41"


def test_a_missing_section_is_named():
    with pytest.raises(book.UserError, match=r"README\.md has no section 'Teach with it'"):
        book.section("# Title\n\n## Another\n\nx\n", "Teach with it")


def test_a_page_with_a_link_to_nowhere_is_not_built(course, tmp_path, monkeypatch):
    """Sphinx's warnings are errors; tried on three pages, which is quick."""
    few = {"index.md": "# A\n\n[b](b.md)\n\n```{toctree}\nb\n```\n", "b.md": "# B\n\n[gone](c.md)\n"}
    monkeypatch.setattr(book, "pages", lambda course: few)
    with pytest.raises(book.UserError, match=r"c\.md"):
        book.build(course, tmp_path)


def test_without_mathjax_the_cure_is_named(copy, tmp_path):
    with pytest.raises(book.UserError, match="run npm ci"):
        book.build(copy, tmp_path)
