"""The deck companions: every statement once, in slide order, as the ledger has it, linked to where it is derived."""
import re
from collections import Counter

import nbformat
import pytest
from tests.lectures.reading import lectures, named_ids, proofs

from chainrule.exercises import assignments
from chainrule.exercises._registry import exercises_of
from chainrule.ledger import course_file, load
from chainrule_grading import companions
from chainrule_grading.course import Course

ENTRY = re.compile(r"^\*\*((?:ECE417|ECE884|AIML231|TAYLOR|LFD)-\d\d)\*\*", re.MULTILINE)


@pytest.fixture(scope="module")
def pages(course):
    return companions.pages(course)


@pytest.fixture(scope="module")
def entries(pages):
    """{id: the text of its entry}, from the pages of all decks."""
    found = {}
    for path, text in pages.items():
        if companions.SHEET not in path:
            parts = ENTRY.split(text)
            found |= dict(zip(parts[1::2], parts[2::2], strict=True))
    return found


def test_the_committed_pages_are_what_the_generator_makes(course, pages):
    folder = course.sources / companions.FOLDER
    assert {f"{companions.FOLDER}/{p.name}" for p in folder.iterdir()} == set(pages)
    for path, text in pages.items():
        there = (course.sources / path).read_text(encoding="utf-8")
        assert there == text, f"{path} is old: run python -m chainrule_grading.companions"


def test_every_statement_appears_exactly_once(pages):
    ids = Counter(id for text in pages.values() for id in ENTRY.findall(text))
    assert len(ids) == 245 and set(ids) == set(load()) and set(ids.values()) == {1}


@pytest.mark.parametrize("deck", companions.DECKS)
def test_statements_stand_in_slide_order(pages, deck):
    ids = ENTRY.findall(pages[f"companions/{deck.lower()}.md"])
    assert all(id.startswith(deck) for id in ids)
    original = [id for id in ids if load()[id].after is None]
    assert original == sorted(original)
    for id in ids:
        if anchor := load()[id].after:
            assert ids[ids.index(id) - 1] == anchor


def test_a_later_entry_may_follow_another_later_entry():
    first, second = list(load().values())[:2]
    late = type(first)(**vars(first) | {"id": "x", "after": first.id})
    later = type(first)(**vars(first) | {"id": "y", "after": "x"})
    assert [e.id for e in companions.slide_order([first, second, late, later])] == [first.id, "x", "y", second.id]


def test_every_formula_is_the_ledgers(entries):
    for id, text in entries.items():
        assert f"\n$$\n{load()[id].latex}\n$$\n" in text, id


def test_a_note_stands_where_the_ledger_has_one_and_nowhere_else(entries):
    for id, text in entries.items():
        group = load()[id].erratum_group
        notes = re.findall(r"^> (\*\*.*?\*\*)", text, re.MULTILINE)
        assert notes == ([companions.REMARK[group]] if group else []), id
    slips = {id for id, text in entries.items() if companions.REMARK["A"] in text}
    assert slips == {"ECE417-25", "ECE417-36", "ECE417-40", "ECE417-48", "ECE417-66", "ECE884-32", "AIML231-37",
                     "AIML231-38"}


def test_what_is_not_an_erratum_carries_no_note(entries):
    listed = course_file("equations/README.md").read_text(encoding="utf-8").split("**Not errata**")[1]
    blameless = named_ids(listed)
    assert len(blameless) > 20
    assert not [id for id in blameless if re.search("^> ", entries[id], re.MULTILINE)]


def test_each_link_leads_to_the_lecture_that_proves_the_statement(entries):
    proven = {id: name for name in lectures() for proof in proofs(name) for id in proof.ids}
    for id, text in entries.items():
        linked = re.findall(r"\.\./\.\./lectures/([\w-]+)\.ipynb", text)
        assert linked == ([proven[id]] if id in proven else []), id
        assert bool(linked) != ("Derived in a lecture to come." in text)


def test_links_lead_somewhere(course, pages):
    for path, text in pages.items():
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert ((course.sources / path).parent / target).resolve().exists(), f"{path}: {target}"


def test_plain_text_holds_no_bare_latex(pages):
    for path, text in pages.items():
        words = re.sub(r"\$\$.*?\$\$|`[^`]*`", "", text, flags=re.DOTALL)
        assert words.count("$") % 2 == 0, path
        assert not re.search(r"[\\^](?![*|])", re.sub(r"\$[^$]*\$", "", words)), path


@pytest.mark.parametrize("plain, markdown", [
    ("The output is linear.", "The output is linear."),
    (r"it must be \delta_{i,k}^{(2)}, because", r"it must be $\delta_{i,k}^{(2)}$, because"),
    (r"update w\leftarrow w+\sum\Delta w, which", r"update $w\leftarrow w+\sum\Delta w$, which"),
    (r"(\vec{y} read as \hat{y})", r"($\vec{y}$ read as $\hat{y}$)"),
    ("own l(h_2, 1) example", "own $l(h_2, 1)$ example"),
    ("'direction -\\vec{x}' alone", "'direction $-\\vec{x}$' alone"),
    ("Computing de/dw_ij^(l)", "Computing $de/dw_{ij}^{(l)}$"),
    ("a factor <= 1/4, exp(-1)*2", r"a factor ≤ 1/4, exp(-1)\*2"),
    (r"between d and \partial.", r"between d and $\partial$."),
])
def test_bare_latex_goes_between_dollars(plain, markdown):
    assert companions.prose(plain) == markdown


def made_course(folder, *sources):
    """A course of one lecture with these cells: text that starts with # is Markdown."""
    cells = [nbformat.v4.new_markdown_cell(s) if s.startswith("#") else nbformat.v4.new_code_cell(s) for s in sources]
    (folder / "lectures").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "lectures" / "03-made.ipynb")
    return Course(folder)


def test_a_home_is_the_section_in_which_a_statement_is_first_proven(tmp_path):
    course = made_course(tmp_path, "# 3 · Made",
                         "## 1 · First (LFD-01, -02)", 'x = 1\nconfirm(["LFD-01", "LFD-02"], 1, 2)',
                         "### Deeper", 'refute("ECE417-36", 1, 2, 3)',
                         "## 2 · Second (why not)", 'confirm("LFD-01", 1, 2)',
                         'try:\n    confirm("LFD-09", 1, 2)\nexcept ValueError:\n    confirm_not("LFD-08")')
    homes = companions.homes(course)
    assert set(homes) == {"LFD-01", "LFD-02", "ECE417-36"}
    assert homes["LFD-01"] == homes["ECE417-36"] == companions.Home("03-made.ipynb", "3 · Made", "1 · First")


def test_a_statement_without_a_home_says_so_and_what_is_printed_does_not_matter(tmp_path):
    course = made_course(tmp_path, "# 3 · Made", 'confirm("LFD-01", 1, 2)')
    assert len(re.findall("lecture to come", "".join(companions.pages(course).values()))) == 244
    before, path = companions.pages(course), course.lectures / "03-made.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="LFD-01 ✓")]
    nbformat.write(notebook, path)
    assert companions.pages(course) == before


def test_writing_twice_changes_nothing(tmp_path):
    course = made_course(tmp_path, "# 3 · Made")
    assert len(companions.write(course)) == 8
    assert companions.write(course) == []


def test_the_sheet_has_all_decks_in_every_step_and_no_formula_that_is_wrong_as_printed(pages):
    sheet = pages[f"companions/{companions.SHEET}.md"]
    for _, _, code, decks in companions.STEPS:
        assert set(decks) == set(companions.DECKS) and f"`{code}`" in sheet
        for deck, ids in decks.items():
            assert all(load()[id].deck == deck and load()[id].erratum_group != "A" for id in ids)
            assert all(load()[id].latex.replace("|", r"\vert ") in sheet for id in ids)
    rows = [row for row in sheet.splitlines() if row.startswith("|")]
    assert {row.count(" | ") for row in rows} == {2, 6}
    assert len([row for row in rows if row.count(" | ") == 6]) == 2 + len(companions.ON_SHEET)


# ---------------------------------------------------------------- the three pages beside the companions

@pytest.fixture(scope="module", params=["glossary", "quiz", "when-stuck"])
def page(request, course):
    return (course.sources / f"{request.param}.md").read_text(encoding="utf-8")


def test_the_pages_links_lead_somewhere(course, page):
    targets = re.findall(r"\]\(([^)#]+)\)", page)
    assert targets and all((course.sources / target).resolve().exists() for target in targets)


def test_a_pages_dollars_come_in_pairs(page):
    words = re.sub("`[^`]*`", "", page)
    assert words.count("$") % 2 == 0 and "\\" not in re.sub(r"\$[^$]*\$", "", words)


def test_glossary_terms_are_in_order_and_link_to_a_lecture_that_uses_them(course):
    text = (course.sources / "glossary.md").read_text(encoding="utf-8")
    entry = r"^\*\*(.+?)\*\*(.+?)\[Lecture (\d\d)\]\(\.\./lectures/(\d\d)"
    terms = re.findall(entry, text, re.MULTILINE | re.DOTALL)
    names = [name.replace("δ", "delta").lower() for name, *_ in terms]
    assert 35 <= len(names) == len(set(names)) and names == sorted(names)
    for name, rest, said, linked in terms:
        assert said == linked
        lecture = next(course.sources.glob(f"lectures/{linked}-*.md")).read_text(encoding="utf-8").lower()
        stem = r"[\s-]+".join(re.split("[ -]", name.lower().split(",")[0]))
        codes = re.findall(r"`(\w+)`", rest.split("):")[0])
        assert re.search(stem, lecture) or any(code.lower() in lecture for code in codes), f"{linked}: {name}"


def test_the_quiz_has_twelve_questions_whose_answers_are_among_their_choices(course):
    text = (course.sources / "quiz.md").read_text(encoding="utf-8")
    questions = re.split(r"^\*\*(\d+)\.\*\* ", text, flags=re.MULTILINE)[1:]
    assert [int(number) for number in questions[::2]] == list(range(1, 13))
    right = []
    for question in questions[1::2]:
        choices = re.findall(r"^- \((\w)\)", question, re.MULTILINE)
        answer, = re.findall(r"<details>.*?^\*\*\((\w)\)\.\*\*.*?</details>", question, re.MULTILINE | re.DOTALL)
        assert choices == list("abcd"[:len(choices)]) and len(choices) >= 3 and answer in choices
        right.append(answer)
    assert max(Counter(right).values()) <= 5, "a habit would be rewarded"


def test_the_table_of_proofs_has_a_row_for_every_statement(course):
    text = companions.pages(course)["companions/every-statement-and-its-proof.md"]
    rows = [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in text.splitlines()
            if re.match(r"\| [A-Z0-9]+-\d\d ", line)]
    assert [row[0] for row in rows] == list(load())
    for row in rows:
        assert len(row) == 6 and "lectures/" in row[2] and row[3].startswith("`"), row
        derived = row[1] in ("derivation", "update-rule", "algorithm", "worked-example")
        assert bool(row[4].strip()) >= derived and (row[5] != "–") >= derived, row


def test_the_table_of_tasks_has_a_row_for_every_task_and_names_every_mistake(course):
    text = companions.pages(course)["companions/every-task-and-its-mistakes.md"]
    tasks = [e for name in assignments() for e in exercises_of(name)]
    rows = re.findall(r"^\| `([\w.]+)` \| (.+) \|$", text, re.M)
    assert [id for id, _ in rows] == [e.id for e in tasks]
    for task, (_, row) in zip(tasks, rows, strict=True):
        cells = row.split(" | ")
        assert cells[:2] == [f"{task.points:g}", str(task.minutes)] and int(cells[3]) == len(task.misconceptions) >= 6
        assert int(cells[4]) >= 3, "right answers in other styles"
        assert all(f"\n- {m.name}" in text for m in task.misconceptions)


def test_without_tests_or_counts_the_table_of_tasks_says_so(copy):
    (copy.sources / "book" / "benchmarks" / "confusion.json").unlink()
    row = next(line for line in companions.task_table(copy).splitlines() if line.startswith("| `delta.hidden`"))
    assert row.endswith("| – | not yet counted |")
