"""The bundle for learners: everything they need, and by content nothing that is the instructor's."""
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from chainrule_grading import bundle, cli, secret
from chainrule_grading.course import Course, UserError
from tests.conftest import ROOT
from tests.grading.test_commands import work_of

FULL = ("course", "lectures", "solutions", "exercises", "lib", "nbgrader_config.py", "pyproject.toml", "README.md",
        "LICENSE", "LICENSE-TEXTS", "CITATION.cff")


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A copy of the whole repository in which a class is under way: secret, submissions, work in exercises/."""
    top = Course(tmp_path_factory.mktemp("full"))
    for name in FULL:
        source, target = ROOT / name, top.root / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    secret.of(top)
    work_of("ada", top, top.release("delta"))                  # somebody works here, and has the answers
    folder = top.classroom / "submitted/ada/delta"
    folder.mkdir(parents=True)
    (folder / "delta.ipynb").write_bytes(top.release("delta").read_bytes())
    (top.root / "lectures/.ipynb_checkpoints").mkdir()
    (top.root / "lectures/.ipynb_checkpoints/x.ipynb").write_bytes(top.release("delta").read_bytes())
    return top


@pytest.fixture(scope="module")
def made(full):
    """The bytes of the zip that the command writes."""
    done = subprocess.run([sys.executable, "-m", "chainrule_grading.cli", "class", "bundle"], cwd=full.root,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "no solution notebook, no secret" in done.stdout and "classroom/chainrule.zip" in done.stdout
    return (full.classroom / "chainrule.zip").read_bytes()


def contents(raw):
    """{name: bytes} of a zip and, in it, of the wheel."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    wheel, = (name for name in files if name.endswith(".whl"))
    with zipfile.ZipFile(io.BytesIO(files[wheel])) as archive:
        return files | {f"{wheel}/{name}": archive.read(name) for name in archive.namelist()}


def sources(data):
    return ["".join(cell["source"]) for cell in json.loads(data)["cells"]]


def test_what_learners_need_is_in_it(full, made):
    files = contents(made)
    assert {name.split("/")[1] for name in files} == {
        "lectures", "exercises", "nbgrader_config.py", "README.md", "LICENSE", "LICENSE-TEXTS", "CITATION.cff",
        "chainrule-0.1.0-py3-none-any.whl"}
    notebooks = {name for name in files if name.endswith(".ipynb")}
    assert notebooks == {f"chainrule/lectures/{p.name}" for p in full.lectures.glob("*.ipynb")} | {
        f"chainrule/exercises/{name}/{name}.ipynb" for name in full.assignments()}
    for path in full.lectures.glob("*.ipynb"):
        assert files[f"chainrule/lectures/{path.name}"] == path.read_bytes()
    for name in full.assignments():                            # as released, not as somebody left it
        theirs = files[f"chainrule/exercises/{name}/{name}.ipynb"]
        assert theirs.decode() == (ROOT / "exercises" / name / f"{name}.ipynb").read_text(encoding="utf-8")
    wheel = {name for name in files if ".whl/" in name}
    assert [name for name in wheel if name.endswith((".ipynb", ".db")) or "/solutions/" in name] == []
    assert any(name.endswith("chainrule/course/equations/lfd.toml") for name in wheel)


def test_no_byte_of_it_holds_the_secret(full, made):
    key = secret.of(full)
    pieces = [key, key.hex().encode(), key.hex().upper().encode(), key.hex()[:16].encode(), key[:8]]
    assert [name for name, data in [("zip", made), *contents(made).items()] if any(p in data for p in pieces)] == []


def test_no_notebook_of_it_holds_a_solution(full, made):
    """Line by line, for every assignment: solution regions, hidden tests, model answers."""
    files = contents(made)
    for name in full.assignments():
        solved = nbformat.read(full.solutions / name / f"{name}.ipynb", as_version=4)
        released = files[f"chainrule/exercises/{name}/{name}.ipynb"]
        shown = "\n".join(sources(released))
        lines = []
        for cell in solved.cells:
            for kind in ("SOLUTION", "HIDDEN TESTS"):
                for region in re.findall(rf"### BEGIN {kind}\n(.*?)### END {kind}", cell.source, flags=re.DOTALL):
                    lines += [line.strip() for line in region.splitlines() if len(line.strip()) > 15]
            about = cell.metadata.get("nbgrader") or {}
            if about.get("solution") and cell.cell_type == "markdown":
                lines += [line.strip() for line in cell.source.splitlines() if len(line.strip()) > 15]
        given = [line for line in lines if any(line in cell.source for cell in nbformat.read(
            ROOT / "exercises" / name / f"{name}.ipynb", as_version=4).cells)]
        assert len(lines) > 5 and len(given) < len(lines) / 3, name
        assert [line for line in lines if line in shown and line not in given] == []
    for name, data in files.items():
        if name.endswith(".ipynb"):
            assert "BEGIN SOLUTION" not in data.decode() and "BEGIN HIDDEN" not in data.decode(), name


def test_it_is_the_same_bytes_the_next_time(full, made):
    again = bundle.packed(bundle.contents(full, bundle.wheel(full)))
    assert again == made


def test_a_learner_can_work_from_it_and_the_instructor_takes_it_in(full, made, tmp_path):
    """Unpacked elsewhere, with the wheel's own package and without nbgrader: check, submit --zip; then class import."""
    zipfile.ZipFile(io.BytesIO(made)).extractall(tmp_path)
    home = tmp_path / "chainrule"
    zipfile.ZipFile(next(home.glob("*.whl"))).extractall(tmp_path / "site")
    (tmp_path / "site/nbgrader.py").write_text("raise ModuleNotFoundError('no nbgrader here', name='nbgrader')")
    work_of("ada", full, home / "exercises/delta/delta.ipynb")

    def chainrule(*arguments):
        code = "import chainrule, sys; assert 'site' in chainrule.__file__; from chainrule_grading import cli; " \
               "sys.exit(cli.main(sys.argv[1:]))"
        return subprocess.run([sys.executable, "-c", code, *arguments], cwd=home, capture_output=True, text=True,
                              env=os.environ | {"PYTHONPATH": str(tmp_path / "site")}, check=False)
    checked = chainrule("check", "exercises/delta/delta.ipynb")
    assert checked.returncode == 0 and "9 of 9 tasks are fully right." in checked.stdout, checked.stderr
    handed = chainrule("submit", "exercises/delta/delta.ipynb", "--as", "lovelace", "--zip")
    assert handed.returncode == 0, handed.stderr
    packed, = (home / "classroom/handed-in").glob("*.zip")
    readme = (home / "README.md").read_text(encoding="utf-8")
    assert f'"{next(home.glob("*.whl")).name}[learn]"' in readme
    for command in re.findall(r"\.venv/bin/chainrule ([^`\n]*)", readme):
        cli.parser().parse_args(command.split())
    fresh = chainrule("lab", "--fresh", "delta", "--from", str(full.classroom / "chainrule.zip"), "--keep-answers")
    assert fresh.returncode == 0, fresh.stderr
    done = subprocess.run([sys.executable, "-m", "chainrule_grading.cli", "class", "import", str(packed),
                           "--assignment", "delta"], cwd=full.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "1 of 1 were put into" in done.stdout, done.stdout + done.stderr
    assert (full.classroom / "submitted/lovelace/delta/timestamp.txt").is_file()


def test_a_folder_can_be_written_too_and_what_is_there_is_left_alone(full, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(full.root)
    monkeypatch.setattr(bundle, "wheel", lambda course: ("chainrule.whl", bundle.packed({"a.py": b""})))
    assert cli.main(["class", "bundle", "--out", str(tmp_path / "share")]) == 0
    assert (tmp_path / "share/exercises/delta/delta.ipynb").is_file()
    (tmp_path / "share/mine.txt").write_text("mine")
    assert cli.main(["class", "bundle", "--out", str(tmp_path / "share")]) == 2
    assert "holds something; name a new one" in capsys.readouterr().err


def test_a_zip_that_is_not_ours_is_kept(full, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(full.root)
    monkeypatch.setattr(bundle, "wheel", lambda course: ("chainrule.whl", bundle.packed({"a.py": b""})))
    (tmp_path / "b.zip").write_bytes(b"photographs")
    assert cli.main(["class", "bundle", "--out", str(tmp_path / "b.zip")]) == 0
    assert "What was there is kept in classroom/backups/b-" in capsys.readouterr().out
    kept, = (full.classroom / "backups").glob("b-*.zip")
    assert kept.read_bytes() == b"photographs" and zipfile.is_zipfile(tmp_path / "b.zip")
    assert cli.main(["class", "bundle", "--out", str(tmp_path / "b.zip")]) == 0
    assert list((full.classroom / "backups").glob("b-*.zip")) == [kept], "the same bundle again needs no copy"


@pytest.mark.parametrize("out, words", [
    ("/proc/b.zip", "/proc/b.zip cannot be written"), ("file/b.zip", "for there is a file where a folder is needed"),
    ("file/share", "for there is a file where a folder is needed"),
    ("file", "file is a file; name a new folder, or a zip"),
    ("folder.zip", "folder.zip is a folder; name a zip in it")])
def test_where_a_bundle_cannot_be_written_is_said_in_a_sentence(full, tmp_path, monkeypatch, out, words, capsys):
    monkeypatch.chdir(full.root)
    monkeypatch.setattr(bundle, "wheel", lambda course: ("chainrule.whl", bundle.packed({"a.py": b""})))
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder.zip").mkdir()
    assert cli.main(["class", "bundle", "--out", str(tmp_path / out)]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1 and "Traceback" not in said
    assert (tmp_path / "file").read_text() == "mine"


# ---------------------------------------------------------------- the search can fail

def inner(files):
    return bundle.packed(files)


@pytest.mark.parametrize("name, make, words", [
    ("lectures/01.ipynb", lambda key, solved: solved, "holds a solution"),
    ("lectures/notes.txt", lambda key, solved: b"it is " + key.hex().encode(), "holds the course secret"),
    ("x.bin", lambda key, solved: b"\0" + key + b"\0", "holds the course secret"),
    ("a.whl", lambda key, solved: inner({"pkg/data": key.hex().upper().encode()}), "pkg/data holds the course secret"),
    ("a.whl", lambda key, solved: inner({"b.zip": inner({"n.ipynb": solved})}), "n.ipynb holds a solution"),
    ("solutions/readme.txt", lambda key, solved: b"", "is not for learners"),
    ("lectures/gradebook.db", lambda key, solved: b"", "is not for learners"),
    ("exercises/x/x.ipynb", lambda key, solved: b"{}", "is not a notebook that can be read")])
def test_what_must_not_be_in_it_stops_the_bundle(full, name, make, words):
    solved = (full.solutions / "delta/delta.ipynb").read_bytes()
    with pytest.raises(UserError, match=words):
        bundle.searched(full, {name: make(secret.of(full), solved)})


def test_a_model_answer_alone_is_found(full):
    written = next(cell for cell in nbformat.read(full.solutions / "delta/delta.ipynb", as_version=4).cells
                   if cell.cell_type == "markdown" and (cell.metadata.get("nbgrader") or {}).get("solution"))
    leak = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("Look:\n\n" + written.source)])
    with pytest.raises(UserError, match="holds a solution"):
        bundle.searched(full, {"lectures/x.ipynb": nbformat.writes(leak).encode()})


def test_where_there_is_no_repository_the_cure_is_named(copy):
    with pytest.raises(UserError, match=r"has no pyproject.toml\. Make the bundle in a full copy"):
        bundle.wheel(copy)


def test_a_package_that_cannot_be_built_is_said_in_a_sentence(full, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "ERROR: no hatch")
    monkeypatch.setattr(bundle.subprocess, "run", lambda *a, **k: failed)
    with pytest.raises(UserError, match=r"could not be built \(ERROR: no hatch\); run: pip install hatchling"):
        bundle.wheel(full)


def test_nothing_of_the_class_is_made_by_bundling(copy, monkeypatch):
    monkeypatch.setattr(bundle, "wheel", lambda course: ("chainrule.whl", bundle.packed({"a.py": b""})))
    assert bundle.main(copy, str(Path(copy.root, "out.zip"))) == 0
    assert not secret.place(copy).exists()
