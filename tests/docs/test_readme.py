"""The README is true: its code prints what it says, its commands exist, its numbers are the project's."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule_grading import cli
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
GUIDES = [ROOT / "course/learn/README.md",
          *(ROOT / f"course/teach/{name}.md" for name in ("jupyterhub", "class", "privacy"))]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


EXAMPLES = re.findall(r"^```python\n(.*?)^```\n+```text\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_readme_has_examples_with_output():
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize("code, printed", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_code_in_the_readme_prints_what_it_says(code, printed, tmp_path):
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == printed, done.stderr


@pytest.mark.parametrize("line", [line for text in (README, CONTRIBUTING, *map(Path.read_text, GUIDES))
                                  for block in blocks(text, "sh") for line in block.splitlines() if line])
def test_every_command_in_the_readme_exists(line):
    command = line.partition("#")[0].split()
    if command[0] == "make":
        assert re.search(rf"^{command[1]}:", MAKEFILE, flags=re.MULTILINE)
    elif command[0] == "chainrule":
        cli.parser().parse_args(command[1:])
    elif command[0] == "nbgrader":
        from nbgrader.apps import NbGraderApp
        assert command[1] in NbGraderApp.subcommands
    else:
        assert command[:-1] == ["pip", "install", "-e"] and command[-1] in ('".[teach]"', '".[learn]"')


def test_every_make_target_named_in_the_texts_exists():
    for text in (README, CONTRIBUTING):
        for target in re.findall(r"`make ([a-z-]+)`", text):
            assert re.search(rf"^{target}:", MAKEFILE, flags=re.MULTILINE), target


def test_links_and_pictures_are_there():
    for text in (README, CONTRIBUTING):
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            assert target.startswith("http") or (ROOT / target).exists(), target


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_links_in_the_guides_are_there(path):
    targets = re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    assert targets and [t for t in targets if not t.startswith("http") and not (path.parent / t).exists()] == []


def test_every_lecture_and_assignment_is_listed(course):
    for path in course.lectures.glob("*.ipynb"):
        assert f"lectures/{path.name}" in README, f"{path.name} is not in the README's table"
    for name in course.assignments():
        assert f"exercises/{name}/{name}.ipynb" in README


def test_numbers_in_the_readme_are_the_projects(course):
    from chainrule.exercises import assignments
    from chainrule.exercises._registry import exercises_of
    from chainrule.ledger import load
    assert f"{len(load())} statements" in README
    assert f"{sum(e.erratum is not None for e in load().values())} slips and gaps" in README
    count = len(list((course.sources / "class").glob("*.py")))
    assert f"a class of {count} invented learners" in README
    for name in assignments():
        tasks = exercises_of(name)
        row = next(line for line in README.splitlines() if line.startswith(f"| [{name}](exercises/"))
        wrong = sum(len(t.misconceptions) for t in tasks)
        assert f"{len(tasks)} tasks" in row and f"{wrong} misconceptions" in row, (name, len(tasks), wrong)


def test_the_sum_of_misconceptions_is_the_registrys():
    from chainrule.exercises import assignments
    from chainrule.exercises._registry import exercises_of
    tasks = [task for name in assignments() for task in exercises_of(name)]
    assert f"{sum(len(t.misconceptions) for t in tasks)} wrong answers in {len(tasks)} tasks" in README


def test_the_layout_in_contributing_is_the_layout():
    tree = blocks(CONTRIBUTING, "text")[0]
    for name in re.findall(r"^(\w[\w/]*)/(?:\s|$)", tree, flags=re.MULTILINE):
        assert (ROOT / name).is_dir() or name == "classroom", name
