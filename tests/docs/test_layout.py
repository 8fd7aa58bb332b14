"""The promises of the layout: imports point one way, the wheel stands alone, nothing of one machine is in the tree."""
import ast
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest

from tests.conftest import ROOT

REFERENCE = {"activations", "losses", "mlp", "training", "gradcheck", "inputs"}
MAY_IMPORT = {
    "chainrule.reference": {"chainrule.reference"},
    "chainrule.figures": {"chainrule.reference", "chainrule.graph", "chainrule.notation", "chainrule.figures"},
    "chainrule.graph": {"chainrule.reference", "chainrule.graph"},
    "chainrule.notation": {"chainrule.reference", "chainrule.notation"},
    "chainrule.ledger": {"chainrule.reference", "chainrule.ledger"},
    "chainrule.exercises": {"chainrule.reference", "chainrule.exercises", "chainrule.graph", "chainrule.notation"},
    "chainrule_grading": {"chainrule.reference", "chainrule.exercises", "chainrule.ledger", "chainrule_grading",
                          "chainrule.notation", "chainrule.figures"},
}


def part_of(module):
    """Which part of the project a module name belongs to; None for what is not ours."""
    top, _, rest = module.partition(".")
    if top == "chainrule_grading":
        return top
    if top != "chainrule":
        return None
    first = rest.partition(".")[0]
    return "chainrule.reference" if not first or first in REFERENCE else f"chainrule.{first}"


def imports_of(path):
    """(line, module) for every import in a file, also those inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
            if node.module == "chainrule":
                yield from ((node.lineno, f"chainrule.{a.name}") for a in node.names if a.name.islower()
                            and (ROOT / "lib/chainrule" / a.name).exists())


def wrong_way(path):
    """The imports of a file that point the wrong way."""
    parts = path.relative_to(ROOT / "lib").with_suffix("").parts
    mine = part_of(".".join(p for p in parts if p != "__init__"))
    return [(line, module) for line, module in imports_of(path)
            if part_of(module) and part_of(module) not in MAY_IMPORT[mine]]


@pytest.mark.parametrize("path", sorted((ROOT / "lib").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path):
    assert wrong_way(path) == []


def test_an_import_that_points_the_wrong_way_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / "lib" / "chainrule" / "mlp.py"
    path.parent.mkdir(parents=True)
    path.write_text("from chainrule.exercises import check\nimport chainrule.figures\nimport numpy\n")
    assert [module for _, module in wrong_way(path)] == ["chainrule.exercises", "chainrule.figures"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built as it would be published."""
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
                    "--disable-pip-version-check", "-w", str(out), str(ROOT)], check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_the_wheel_holds_the_ledger_and_no_solutions(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "chainrule/course/equations/lfd.toml" in names and "chainrule/course/notation.toml" in names
    assert not [n for n in names if n.endswith(".ipynb") or n.startswith(("solutions", "tests", "classroom"))]


def test_the_library_works_from_the_wheel_outside_any_checkout(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = ("import sys; sys.path.insert(0, 'site'); import chainrule, chainrule.ledger as l\n"
            "assert chainrule.__file__.endswith('site/chainrule/__init__.py'), chainrule.__file__\n"
            "from chainrule.exercises import find; find('delta.hidden')\n"
            "print(len(l.load()), l.equation('LFD-17').deck)")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "245 LFD\n", done.stderr


def tracked():
    """Text files that git tracks, with their text."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix not in (".png", ".svg"):
            yield name, path.read_text(encoding="utf-8")


def test_nothing_of_one_machine_is_in_the_tree():
    """No absolute home or work paths, and no addresses in the lock file."""
    home = re.compile(r"(?<![\w.:/])/(?:home|root|Users|work)/\w")
    found = [f"{name}: {m[0]}" for name, text in tracked() for m in home.finditer(text)]
    assert found == []
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock and "--index-url" not in lock and "torch" not in lock
    assert lock.count("--hash=sha256:") > lock.count("==")


def test_the_lock_file_holds_everything_that_is_named():
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [re.match(r"[\w-]+", d)[0] for group in [data["dependencies"], *data["optional-dependencies"].values()]
             for d in group]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert [n for n in set(named) - {"chainrule"} if not re.search(rf"^{n}==", lock, flags=re.MULTILINE)] == []
    assert data["dependencies"] == ["numpy>=2.0"]


def test_the_version_has_one_value():
    import chainrule
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert chainrule.__version__ == data["version"]
    assert f"version: {data['version']}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_tests_are_not_skipped_in_silence():
    """Only `skipif` with a reason is left: CI, which is root on Debian, runs everything."""
    marks = re.compile(r"pytest\.(skip|xfail|importorskip)\(|mark\.(skip|xfail)\b|mark\.skipif\((?!.*reason=)")
    assert [name for name, text in tracked() if name.startswith("tests/") and not name.endswith("test_layout.py")
            and marks.search(text)] == []
