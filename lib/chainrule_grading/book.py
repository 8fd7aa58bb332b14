"""The course as a site: stage the pages as Sphinx wants them, build, and say where to look.

`python -m chainrule_grading.book` (make book) writes site/html. The staged folder mirrors the repository, so that
links between lectures, companions and exercises work in both as they are. What only a book needs is added on the
way: anchors for numbered equations, alt texts where the builder looks for them, and pages made from the ledger, the
registry and the library.
"""
import ast
import html
import importlib
import inspect
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat

from chainrule.exercises._registry import assignments, exercises_of
from chainrule.ledger import course_file, load
from chainrule_grading import companions, numbers
from chainrule_grading.course import UserError, find_course

API = ("activations", "losses", "mlp", "training", "gradcheck", "graph", "notation", "inputs", "ledger")
MATHJAX = ("tex-mml-chtml.js", "sre", "a11y", "input", "output", "ui")             # what a page may ask for
ID = re.compile(r"\b(?:ECE417|ECE884|AIML231|TAYLOR|LFD)-\d\d\b")
GROUPS = {"A": "Wrong as printed: the formula fails, and the correction holds",
          "B": "To be read with care: a gap, or a word too strong", "C": "Details of notation"}


def build(course, out=None, quiet=True):
    """Stage and build; the folder of the HTML pages. UserError if Sphinx says anything at all."""
    site = Path(out or course.root / "site")
    modules = course.root / "node_modules"
    if not (modules / "mathjax").is_dir():
        raise UserError("MathJax is not here, and the book's formulas need it; run npm ci in the course's folder.")
    shutil.rmtree(site / "source", ignore_errors=True)
    stage(course, site / "source")
    for folder, target in (("mathjax", "mathjax"), ("@mathjax/mathjax-newcm-font", "mathjax-newcm-font")):
        for name in MATHJAX if folder == "mathjax" else ("chtml.js", "chtml"):
            copy(modules / folder / name, site / "extra" / target / name)
    command = [sys.executable, "-m", "sphinx", "-n", "-W", "--keep-going", "-b", "html", "-j", "2",
               "-d", str(site / "doctrees"), *(["-q"] if quiet else []), str(site / "source"), str(site / "html")]
    done = subprocess.run(command, capture_output=quiet, text=True, check=False)
    if done.returncode:
        raise UserError("The book was not built; Sphinx says:\n" + (done.stderr or "")[-4000:])
    return site / "html"


def copy(source, target):
    """A file or a folder, with the folders above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)


# ---------------------------------------------------------------- the staged folder

def stage(course, target):
    """Write all sources of the book below `target`, at the paths that they have in the repository."""
    for path, text in pages(course).items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text, encoding="utf-8")
    for path in ("conf.py", "scorer.js", "static"):
        copy(course.sources / "book" / path, target / path)
    copy(course.sources / "book" / "benchmarks" / "cost.png", target / "course" / "book" / "benchmarks" / "cost.png")
    copy(course.sources / "pictures" / "delta-flows-back.png", target / "static" / "delta-flows-back.png")
    copy(Path(companions.__file__).parents[1] / "chainrule" / "style.css", target / "static" / "style.css")


def pages(course):
    """{path: text} of every page."""
    made = {f"lectures/{p.name}": notebook(p) for p in sorted(course.lectures.glob("*.ipynb"))}
    numbered = equations(made)
    made = {path: json.dumps(with_links(json.loads(text), path, numbered), ensure_ascii=False, indent=1)
            for path, text in made.items()}
    for name in course.assignments():
        made[f"exercises/{name}/{name}.ipynb"] = notebook(course.release(name))
    kept = ["glossary.md", "quiz.md", "when-stuck.md", "equations/README.md", "book/README.md",
            *(f"book/benchmarks/{p.name}" for p in sorted((course.sources / "book/benchmarks").glob("*.md"))),
            *(f"teach/{p.name}" for p in sorted((course.sources / "teach").glob("*.md"))),
            *(f"learn/{p.name}" for p in sorted((course.sources / "learn").glob("*.md")))]
    made |= {f"course/{name}": (course.sources / name).read_text(encoding="utf-8") for name in kept}
    made |= {f"course/{path}": statements_as_headings(text) if text.count("Derived in") else text
             for path, text in companions.pages(course).items()}
    readme = (course.root / "README.md").read_text(encoding="utf-8")
    contributing = (course.root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    made["teach.md"] = section(readme, "Teach with it")
    made["compare.md"] = section(readme, "How it compares")
    made["CONTRIBUTING.md"] = contributing
    made["notation.md"], made["clinic.md"] = notation_page(), clinic_page(course)
    made["exercises/index.md"] = exercises_page(re.findall(r"^\| \[(\w+)\]\(exercises/", readme, re.M))
    made |= api_pages()
    made["index.md"] = landing(course, readme, sorted(p for p in made if re.match(r"course/(teach|learn)/", p)))
    return made


def section(text, title):
    """A section of a Markdown file as a page of its own."""
    found = re.search(rf"^## ({re.escape(title)}\n.*?)(?=^## |\Z)", text, re.M | re.S)
    if found is None:
        raise UserError(f"README.md has no section {title!r}, which the book shows.")
    return "# " + re.sub(r"^###", "##", found[1], flags=re.M)


def landing(course, readme, taught):
    """The first page, with figures counted and the pages for teachers and learners listed."""
    tasks = [e for name in assignments() for e in exercises_of(name)]
    alt = re.search(r"!\[([^\]]*)\]\(course/pictures/delta-flows-back\.png\)", readme)[1]
    text = (course.sources / "book" / "index.md").read_text(encoding="utf-8")
    for name, value in {"alt": html.escape(alt, quote=True), "tasks": len(tasks),
                        "misconceptions": sum(len(e.misconceptions) for e in tasks),
                        "teach": "\n".join(path.removesuffix(".md") for path in taught)}.items():
        text = text.replace(f"@{name}@", str(value))
    return text


# ---------------------------------------------------------------- notebooks

def notebook(path):
    """A committed notebook with alt texts where myst-nb looks for them, and no marks of nbgrader's."""
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        if alt := cell.metadata.get("alt"):
            cell.metadata["mystnb"] = {"image": {"alt": alt}}
        cell.metadata.pop("nbgrader", None)
    return nbformat.writes(book)


def equations(notebooks):
    """{number: path} of every numbered equation."""
    return {number: path for path, text in notebooks.items()
            for number in numbers.TAG.findall(text.replace("\\\\", "\\"))}


def with_links(book, path, numbered):
    """The notebook with Sphinx's anchors and links to equations in place of JupyterLab's."""
    def address(number):
        home = numbered.get(number)
        return home and f"{'' if home == path else Path(home).name}#{numbers.name(number)}"
    for cell in book["cells"]:
        if cell["cell_type"] == "markdown":
            text = numbers.plain("".join(cell["source"]))
            cell["source"] = numbers.cite(numbers.anchor(text, "({})=\n"), address)
    return book


# ---------------------------------------------------------------- pages made from data

def statements_as_headings(text):
    """Companions: each statement a heading of its own, so that search finds it by its id and by what it says."""
    def heading(found):
        id, kind = found.groups()
        return f"({id.lower()})=\n### {id} · {companions.named(load()[id])}\n\n*{kind}*"
    return re.sub(r"^\*\*(" + ID.pattern[2:-2] + r")\*\* · (.+)$", heading, text, flags=re.M)


def slug(title):
    """The anchor of a heading; a statement's is its id alone, whatever it is called (conf.py)."""
    from myst_parser.mdit_to_docutils.base import default_slugify

    found = ID.match(title)
    return found[0].lower() if found else default_slugify(title)


def statement_link(id, above=""):
    """A link to a statement in its deck's companion."""
    return f"[{id}]({above}course/companions/{id.partition('-')[0].lower()}.md#{id.lower()})"


def notation_page():
    """The whole table of notation.toml: one role a row, one deck a column."""
    table = tomllib.loads(course_file("notation.toml").read_text(encoding="utf-8"))
    rows = [[role["name"], role["house"], f"`{role['code']}`", role["shape"], *(role[d] for d in table["decks"])]
            for role in table["roles"]]
    return ("# Who writes what\n\nOne row for each role, one column for each deck, and first our own letters, our code "
            "and its shape. The recursion in all five notations fits on [one page to print]"
            "(course/companions/delta-in-five-notations.md).\n\n"
            + companions.table(["role", "house", "code", "shape", *table["decks"]], rows) + "\n")


def clinic_page(course):
    """All errata of the ledger, by group, each with what it is and where it is taught."""
    homes, parts = companions.homes(course), [
        "# The clinic's index", "The decks are good: of their 245 statements eight are wrong as printed. Here is every "
        "slip, gap and detail that a careful reading found, and the lecture that teaches it. "
        "[The clinic](lectures/12-the-clinic.ipynb) makes the first group into cases to solve."]
    for group, title in GROUPS.items():
        entries = [e for e in load().values() if e.erratum_group == group]
        rows = [[statement_link(e.id), companions.prose(re.sub(r"^Notation( only)?: ", "", e.erratum)),
                 f"[{homes[e.id].title.partition(' · ')[0]}](lectures/{homes[e.id].lecture})"] for e in entries]
        parts += [f"## {title} ({len(entries)})",
                  companions.table(["statement", "what to know", "lecture"],
                                   [[cell.replace("|", "\\|") for cell in row] for row in rows])]
    return "\n\n".join(parts) + "\n"


def exercises_page(names):
    """Every task of these assignments, in the order in which the README teaches them."""
    parts = ["# Exercises", "Each set is a notebook with a contract for every task, hints, room to try, and a check "
             "that shows a card: what is right, or what is wrong and where to look. Open the notebooks of the folder "
             "`exercises/` with `chainrule lab`; here they can be read."]
    for name in names:
        tasks = exercises_of(name)
        rows = [[f"`{e.id}`", f"{e.points:g}", str(e.minutes), ", ".join(statement_link(id, "../") for id in e.cites),
                 str(len(e.misconceptions))] for e in tasks]
        parts += [f"## {name}", f"[Read the notebook]({name}/{name}.ipynb): {len(tasks)} tasks, "
                  f"{sum(e.points for e in tasks):g} points by checks, about {sum(e.minutes for e in tasks)} minutes.",
                  companions.table(["task", "points", "minutes", "statements", "wrong answers known"], rows)]
    listed = "\n".join(f"{name}/{name}" for name in names)
    return "\n\n".join([*parts, f"```{{toctree}}\n:hidden:\n{listed}\n```"]) + "\n"


# ---------------------------------------------------------------- the library, equations beside the code

def api_pages():
    """One page per module: what it says of itself, and its code to read."""
    made, rows = {}, []
    for name in API:
        module = importlib.import_module(f"chainrule.{name}")
        made[f"api/{name}.md"] = module_page(name, module)
        rows.append([f"[chainrule.{name}]({name}.md)", first_sentence(module)])
    listed = "\n".join(API)
    made["api/index.md"] = (
        "# The library\n\n`chainrule` needs NumPy alone and is made to be read beside the slides: one idea a function, "
        "one equation a line, the equation at the right of its line.\n\n"
        + companions.table(["module", "what it is"], rows)
        + f"\n\n```{{toctree}}\n:hidden:\n{listed}\n```\n")
    return made


def module_page(name, module):
    """A module's page: its docstring, then each public class and function with its source."""
    parts = [f"# chainrule.{name}", plain(module.__doc__)]
    tree = ast.parse(inspect.getsource(module))
    lines = inspect.getsource(module).splitlines()
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            source = "\n".join(lines[first - 1:node.end_lineno])
            cited = list(dict.fromkeys(ID.findall(source)))
            parts += [f"## {node.name}", f"```python\n{source}\n```"]
            if cited:
                parts.append("In the ledger: " + ", ".join(statement_link(id, "../") for id in cited) + ".")
    return "\n\n".join(parts) + "\n"


def first_sentence(module):
    return plain(re.split(r"(?<=[.:])\s", module.__doc__.strip(), maxsplit=1)[0]).replace("|", "\\|")


def plain(text):
    """A docstring as Markdown: paragraphs escaped, indented lines and tables as they stand."""
    blocks = re.split(r"\n\s*\n", inspect.cleandoc(text))
    made = []
    for block in blocks:
        if re.match(r"(    |\||[ ]+\S)", block):
            made.append(block if block.startswith("|") else f"```text\n{inspect.cleandoc(block)}\n```")
        else:
            made.append(re.sub(r"([*_<\[\]])", r"\\\1", block))
    return "\n\n".join(made)


def main(course=None):
    """The command `make book`."""
    print("Building the book (about a minute) …", flush=True)
    folder = build(course or find_course())
    print(f"The book is in {folder}; open {folder / 'index.html'}, or chainrule lab --book.")
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except UserError as wrong:
        raise SystemExit(f"chainrule: {wrong}") from None
