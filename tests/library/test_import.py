"""`import chainrule` is light, and imports point one way."""
import ast
import json
import subprocess
import sys
from pathlib import Path

import chainrule

LIBRARY = Path(chainrule.__file__).parent
REFERENCE = ("activations", "losses", "mlp", "training", "gradcheck")


def modules_after(statement):
    code = f"import sys, json; old = set(sys.modules); {statement}; print(json.dumps(sorted(set(sys.modules) - old)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_importing_the_library_loads_numpy_and_nothing_else():
    numpy_alone = modules_after("import numpy")
    ours = modules_after("import numpy, chainrule") - numpy_alone
    foreign = {name for name in ours if name.split(".")[0] not in {"chainrule", "numpy", *sys.stdlib_module_names}}
    assert not foreign
    assert {name for name in ours if name.startswith("chainrule.")} == {
        f"chainrule.{name}" for name in (*REFERENCE, "inputs")}


def test_the_parts_beside_the_reference_need_numpy_alone_too():
    loaded = modules_after("import chainrule.graph, chainrule.notation")
    assert {name.split(".")[0] for name in loaded} - set(sys.stdlib_module_names) <= {"chainrule", "numpy"}


def test_reference_modules_import_only_what_lies_below_them():
    allowed = {
        "inputs": set(), "activations": set(), "losses": {"inputs"}, "mlp": {"activations", "inputs"},
        "training": {"inputs"}, "gradcheck": set(), "graph": set(), "notation": set(),
    }
    for name, below in allowed.items():
        tree = ast.parse((LIBRARY / f"{name}.py").read_text(encoding="utf-8"))
        found = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} | {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert {m for m in found if m.startswith("chainrule")} <= {f"chainrule.{b}" for b in below}, name


def test_the_reference_stays_short_enough_for_an_evening():
    lines = [len((LIBRARY / f"{name}.py").read_text(encoding="utf-8").splitlines()) for name in REFERENCE]
    assert sum(lines) < 700


def test_every_public_name_has_a_docstring():
    for name in chainrule.__all__:
        assert getattr(chainrule, name).__doc__, name


def test_every_ledger_id_that_the_library_cites_exists():
    import re

    from chainrule.ledger import load
    cited = set()
    for path in LIBRARY.glob("*.py"):
        cited |= set(re.findall(r"\b(?:ECE417|ECE884|AIML231|TAYLOR|LFD)-\d\d\b", path.read_text(encoding="utf-8")))
    assert cited and cited <= set(load())
