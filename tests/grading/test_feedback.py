"""Feedback pages: formulas, names of tasks, points, and what learners may and may not put there."""
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import nbformat
import pytest

from chainrule_grading.course import find_course
from chainrule_grading.feedback import clean, rendered
from chainrule_grading.formulas import LONGEST, mathml
from chainrule_grading.page import page, sorry, tasks_of
from tests.conftest import ROOT
from tests.grading.test_hostile_files import Alive


class Words(HTMLParser):
    """The text that a reader sees, and the tags in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.seen, self.tags, self.links = "", [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "a":
            self.links.append(dict(attributes).get("href"))

    def handle_data(self, data):
        self.seen += data


def shape(node):
    """A formula as nested lists of tags and texts, rows of one child left out: what a person would write down."""
    if isinstance(node, str):
        return node
    tag, _, children = node
    inner = [shape(child) for child in children]
    return inner[0] if tag in ("mrow", "math") and len(inner) == 1 else [tag, *inner]


@pytest.mark.parametrize("tex, written_by_hand", [
    (r"\delta_j", ["msub", ["mi", "δ"], ["mi", "j"]]),
    (r"\frac{a}{2n}", ["mfrac", ["mi", "a"], ["mrow", ["mn", "2"], ["mi", "n"]]]),
    (r"W^\top x", ["mrow", ["msup", ["mi", "W"], ["mo", "⊤"]], ["mi", "x"]]),
    (r"\sqrt{y}<1", ["mrow", ["msqrt", ["mi", "y"]], ["mo", "<"], ["mn", "1"]]),
    (r"\text{a < b}", ["mtext", "a\N{NO-BREAK SPACE}<\N{NO-BREAK SPACE}b"]),
])
def test_formulas_have_the_structure_that_a_person_writes_down(tex, written_by_hand):
    assert shape(mathml(tex, False)) == written_by_hand


def test_lines_of_a_derivation_stand_under_each_other_and_keep_their_number():
    formula = mathml(r"\begin{equation*}\begin{aligned}a&=b\\c&=d\end{aligned}\tag{5.2}\end{equation*}", True)
    text = repr(formula)
    assert text.count("'mtr'") == 2 and text.count("text-align:right") == 2 and "'(5.2)'" in text
    assert formula[1]["display"] == "block" and "&" not in repr(formula[2])


@pytest.mark.parametrize("assignment", find_course(ROOT).assignments())
def test_every_formula_of_every_assignment_is_shown_without_a_script(course, assignment):
    notebook = nbformat.read(course.release(assignment), as_version=4)
    formulas = 0
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        told = Words(rendered(cell.source))
        formulas += told.tags.count("math")
        assert not re.search(r"\\[a-z]+|\$", told.seen), told.seen[:500]
        for found in re.findall(r"<math.*?</math>", rendered(cell.source), flags=re.S):
            ElementTree.fromstring(found)         # each is well-formed
            assert "<mi>&amp;</mi>" not in found, "an alignment that was not read"
    assert formulas >= 5


HOSTILE = [r"$\text{<script>alert(1)</script>}$", r"$\text{</mtext></math><img src=x onerror=alert(1)>}$",
           r"$\href{javascript:alert(1)}{x}$", r"$\style{background:url(http://x/)}{y}$", r"$\class{x}{y}$",
           r"$\color{red\" onclick=\"alert(1)}x$", "$$\\text{&lt;script&gt;alert(1)&lt;/script&gt;}$$",
           "$\\text{&#60;script>alert(1)&#60;/script>}$", "\\begin{x}<script>alert(1)</script>\\end{x}",
           "![$a$](http://x/y.png)", '<a href="http://x/&#xe000;0&#xe000; onclick=alert(1)">$"a"$</a>',
           '<img alt="&#xe000;0&#xe000;" src=x onerror=alert(1)> $a$', "\ue0000\ue000 $a$ \ue0009999\ue000",
           '[$x$](javascript:alert("$y$"))', "$\\mathchoice{<script>alert(1)</script>}$",
           "# $</h1><script>alert(1)</script>$", r"$\unicode{<script>}$", r"$\operatorname{<svg onload=alert(1)>}$",
           r"$\begin{matrix}<iframe src=x>\end{matrix}$", r"$\hspace{1em\" onload=\"x}a$",
           r"$\newcommand{\x}{<script>alert(1)</script>}\x$",
           "<math><mtext><script>alert(1)</script></mtext></math> $a$",
           '<math><annotation-xml encoding="text/html"><img src=x onerror=alert(1)></annotation-xml></math>',
           '<math><maction actiontype="statusline" xlink:href="javascript:alert(1)">x</maction></math>',
           '<math href="javascript:alert(1)"><mi>x</mi></math>', "$\\require{html}\\href{javascript:alert(1)}{x}$"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_learners_formula_opens_no_hole(text):
    assert Alive(rendered(text)).found == []
    assert "javascript:" not in " ".join(filter(None, Words(rendered(text)).links))
    assert rendered(text) == clean(rendered(text)), "what was cleaned is not cleaned twice"


def test_only_formulas_of_our_converter_pass_the_cleaner():
    assert "<math" not in clean("<p><math><mi>x</mi></math></p>") and "<mi" not in clean("<mi>x</mi>")
    assert "<math" in rendered("$x$")


@pytest.mark.parametrize("tex", [r"\frac{", "{" * 3000, "x" * (LONGEST + 1), r"\begin{aligned}", r"\right)"])
def test_a_formula_that_cannot_be_read_stays_as_it_was_typed(tex):
    assert mathml(tex, False) is None
    assert tex in Words(rendered(f"so ${tex}$ then")).seen


def test_a_text_that_is_too_long_to_be_read_as_markdown_is_shown_as_it_is():
    text = "\\begin{a}" * 9000                    # would take minutes: the reader's time grows with the square
    assert Words(rendered(text)).tags == ["pre"] and Words(rendered(text)).seen == text


def graded(*cells):
    notebook = nbformat.v4.new_notebook()
    for kind, source, about in cells:
        make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        cell = make(source, id=about.pop("id", "x"))
        cell.metadata["nbgrader"] = about
        notebook.cells.append(cell)
    return notebook


def example(waiting):
    return graded(
        ("text", "## 1 · The output δ  (★ · 2 points · 6 minutes)\n\nSee [lecture](../../lectures/07.ipynb).", {}),
        ("code", "def f(): pass", {"solution": True, "grade_id": "f"}),
        ("code", "check('a')", {"grade": True, "grade_id": "check-f", "score": 1.5, "points": 2.0}),
        ("text", "# A learner's own heading", {"id": "added-x"}),
        ("text", "## 2 · In words", {}),
        ("text", "# Because $x^2$", {"grade": True, "solution": True, "grade_id": "why", "points": 3.0, "score": 2.0,
                                     "waiting": waiting, "comment": "Good: $y^2$ <script>alert(1)</script>"}))


def test_the_page_names_tasks_and_counts_checks_and_words_apart():
    assert [task["title"] for task in tasks_of(example(False))] == ["1 · The output δ", "2 · In words"]
    told = Words(page(example(False), "delta", "ada", late=1.0))
    assert "Score: 1.5 of 2 points from checks + 2 of 3 points for answers in words." in told.seen
    assert "Feedback: delta · ada" in told.seen and "Handed in late: 1 points less." in told.seen
    told = Words(page(example(True), "delta"))
    assert "Score: 1.5 of 2 points from checks + 3 points for answers in words, which a person will read." in told.seen
    assert "Comment:" in told.seen and "alert" not in told.seen and told.tags.count("math") == 2
    assert "Test cell" not in told.seen


def test_links_in_the_page_lead_to_its_own_tasks_and_to_nothing_that_is_not_there():
    text = page(example(False), "delta")
    assert set(filter(None, Words(text).links)) == {"#task-check-f", "#task-why"}
    assert all(f'id="{link[1:]}"' in text for link in filter(None, Words(text).links))
    assert "lecture" in Words(text).seen and "07.ipynb" not in text


def test_pages_carry_the_policy_and_escape_names():
    for text in (page(example(True), "<script>alert(1)</script>", "<b>eve</b>"),
                 sorry("<script>x</script>", "<i>no</i>")):
        assert "Content-Security-Policy" in text and "default-src 'none'" in text
        assert Alive(text).found == [] and "<b>" not in text and "<i>" not in text


@pytest.mark.parametrize("text", [
    '<div role="status" style="color:#fff"><p style="margin:0">a &lt;b&gt;</p><code>x</code></div>'])
def test_a_card_of_ours_needs_no_cleaning_and_would_survive_it(text):
    from chainrule_grading.feedback import clean, clean_card
    assert clean_card(text) == text and "script" not in clean(text)


@pytest.mark.parametrize("text", [
    "<p>x</p><script>alert(1)</script>", '<p style="margin:0" onclick="x()">y</p>', "<p <img src=x onerror=x()>",
    '<div role="status" style="background:url(javascript:x)">y</div>', "<img src=x onerror=alert(1)>",
    "<p><svg onload=x>", "<a href='javascript:x'>y</a>", "<style>p{}</style>", "x <script",
    "<strong\n onmouseover=x()>y</strong>"])
def test_anything_else_in_a_card_goes_through_the_cleaner(text):
    from chainrule_grading.feedback import CARD, clean, clean_card
    made = clean_card(text)
    assert made == clean(text)
    bad = ("<script", "onerror=", 'onclick="', "<svg", "src=", "url(", "<style")
    assert not any(piece in made.lower() for piece in bad)
    assert CARD.fullmatch("<p>") and not CARD.fullmatch("<p onclick=x>")
