"""Does a test notice when the library is wrong? Plant one small fault at a time and see.

    python tests/library/mutation.py                        every mutant, some minutes on one core
    python tests/library/mutation.py --share 3/40           every 40th, from the third: a fixed sample
    python tests/library/mutation.py --module losses        one module

A mutant is a module with one change: + for −, < for <=, another constant, the other axis, a transpose or a sign
dropped, a condition reversed, a statement left out. Each runs in a forked process that imports the changed module; it
is killed when a test fails, or when the tests take far too long. SURVIVORS gives the reasons for those that live.
"""
import argparse
import ast
import copy
import importlib.abc
import importlib.util
import json
import os
import signal
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
LIBRARY = HERE.parents[1] / "lib" / "chainrule"
MODULES = {                                       # module → the tests that should notice
    "activations": ("test_activations.py", "test_mlp.py"),
    "losses": ("test_losses.py", "test_training.py"),
    "mlp": ("test_mlp.py", "test_training.py"),
    "gradcheck": ("test_gradcheck.py", "test_gradcheck_cases.py"),
}
LIMIT = 300                                       # seconds for the tests of one mutant

# (module, function, change) → why no test can or need notice. Lines move, so they are not part of the key.
_EDGE = "an edge that no rounded number hits"
_TASTE = "a calibrated figure; its neighbour would do as well"
SURVIVORS = {
    ("losses", "HalfSquaredError.__call__", "Y_hat - Y → Y - Y_hat"): "no fault: the difference is squared",
    ("gradcheck", "_Check.__init__", "0 → 1"): "no fault: a seed is as good as any other",
    ("gradcheck", "_Check.line.value", "return t * np.nan → return -(t * np.nan)"): "no fault: NaN has no sign",
    ("gradcheck", "_Check.line.value", "t * np.nan → t / np.nan"): "no fault: NaN either way",
    ("gradcheck", "_Check.trusted", "2 → 3"): _TASTE,
    ("gradcheck", "_Check.central", "1e-05 → 0.0001"): _TASTE,
    ("gradcheck", "_Check.central", "1e-10 → 1e-09"): _TASTE,
    ("gradcheck", "_Check.kink", "abs(d - c) > max(abs(b - a) / 2, 1024 * self.eps * abs(self.value) / h) → "
     "abs(d - c) >= max(abs(b - a) / 2, 1024 * self.eps * abs(self.value) / h)"): _EDGE,
    ("gradcheck", "_Check.trusted", "abs(slope - rough) <= 2 * bar + 1e-06 * abs(rough) → "
     "abs(slope - rough) < 2 * bar + 1e-06 * abs(rough)"): "a slope of 0 was settled by the cheap look above",
    ("gradcheck", "_Check.by_complex_step", "off > 1 → off >= 1"): _EDGE,
    ("gradcheck", "_Check.by_differences", "0.0 → 1.0"): "no fault: what is wrong is off by more than 1",
    ("gradcheck", "_Check.allowed", "max → min"): "no fault where it is used: both lie within one error bar",
    ("gradcheck", "_Check.allowed", "abs(g - slope) <= reach → abs(g - slope) < reach"): _EDGE,
    ("gradcheck", "_Check.allowed", "abs(rival - slope) <= reach → abs(rival - slope) < reach"): _EDGE,
    ("gradcheck", "_Check.allowed", "bar > RESOLVED * size → bar >= RESOLVED * size"): _EDGE,
    ("gradcheck", "_Check.allowed",
     "low - slack <= g <= high + slack → low - slack < g <= high + slack"): _EDGE,
    ("gradcheck", "_Check.allowed",
     "low - slack <= g <= high + slack → low - slack <= g < high + slack"): _EDGE,
    ("gradcheck", "_Check.rounding", "abs(g - expected) <= self.cancelled * self.largest → "
     "abs(g - expected) < self.cancelled * self.largest"): _EDGE,
    ("gradcheck", "_Check.rounding", "g - expected → g + expected"): "a first, cheap look; the second one decides",
    ("gradcheck", "_Check.rounding", "A * (1 + EPS * self.rng.normal(size=A.shape)) → "
     "A / (1 + EPS * self.rng.normal(size=A.shape))"): "no fault: the nudge is symmetric",
    ("gradcheck", "_Check.rounding", "1 + EPS * self.rng.normal(size=A.shape) → "
     "1 - EPS * self.rng.normal(size=A.shape)"): "no fault: the nudge is symmetric",
    ("gradcheck", "_Check.rounding", "EPS * self.rng.normal(size=A.shape) → "
     "EPS / self.rng.normal(size=A.shape)"): "a nudge of about the same size",
    ("gradcheck", "_Check.rounding", "abs(g - expected) <= 16 * spread → abs(g - expected) < 16 * spread"): _EDGE,
}

SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult}
COMPARISONS = {ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt),
               ast.GtE: (ast.Gt, ast.LtE), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,),
               ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,)}
NAMES = {"maximum": "minimum", "minimum": "maximum", "max": "min", "min": "max", "any": "all", "all": "any",
         "argmax": "argmin", "vstack": "hstack"}


def changes(node):
    """Every faulty replacement of one node of the syntax tree."""
    def changed(**fields):
        other = copy.deepcopy(node)
        for name, value in fields.items():
            setattr(other, name, value)
        return other

    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in SWAPS:
        yield changed(op=SWAPS[type(node.op)]())
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        yield changed(left=node.right, right=node.left)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        yield node.operand
    if isinstance(node, ast.Compare):
        for k, op in enumerate(node.ops):
            for other in COMPARISONS.get(type(op), ()):
                yield changed(ops=[*node.ops[:k], other(), *node.ops[k + 1:]])
    if isinstance(node, ast.BoolOp):
        yield changed(op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    if isinstance(node, (ast.If, ast.IfExp)):
        yield changed(test=ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.Attribute) and node.attr == "T" and isinstance(node.ctx, ast.Load):
        yield node.value
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield changed(attr=NAMES[node.attr])
    if isinstance(node, ast.Name) and node.id in NAMES and isinstance(node.ctx, ast.Load):
        yield changed(id=NAMES[node.id])
    if isinstance(node, ast.keyword) and node.arg == "axis" and isinstance(node.value, ast.Constant):
        yield changed(value=ast.Constant(1 - node.value.value))
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield ast.Constant(not node.value)
        elif isinstance(node.value, int):
            yield ast.Constant(node.value + 1 if node.value < 4 else 10 * node.value)
        elif isinstance(node.value, (float, complex)):
            yield ast.Constant(10 * node.value if node.value else 1.0)
    if isinstance(node, ast.AugAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        yield ast.Pass()
    if isinstance(node, ast.Return) and isinstance(node.value, (ast.BinOp, ast.Call)) and _numeric(node.value):
        yield changed(value=ast.UnaryOp(ast.USub(), node.value))


def _numeric(value):
    return isinstance(value, ast.BinOp) and not isinstance(value.left, (ast.Constant, ast.JoinedStr))


def mutants(module):
    """[(module, function, line, change, source)]: every mutant of a module, in order of appearance."""
    source = (LIBRARY / f"{module}.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    found = []

    def visit(node, function):
        if isinstance(node, ast.JoinedStr):       # wording is not what is tested here
            return
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            function = f"{function}.{node.name}".lstrip(".")
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list"):
                continue
            parts = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
            for k, part in parts:
                if not isinstance(part, ast.AST):
                    continue
                if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)):
                    for other in changes(part):
                        if _inside_abs(node, part, other):
                            continue              # |a − b| is |b − a|: no fault at all
                        ast.copy_location(other, part)
                        put(node, name, k, other)
                        change = f"{_text(part)} → {_text(other)}"
                        found.append((module, function, getattr(part, "lineno", getattr(node, "lineno", 0)), change,
                                      ast.unparse(ast.fix_missing_locations(tree))))
                        put(node, name, k, part)
                    if not (isinstance(part, ast.keyword) and part.arg in ("axis", "strict")):
                        visit(part, function)

    def put(node, name, k, value):
        if k is None:
            setattr(node, name, value)
        else:
            getattr(node, name)[k] = value
    visit(tree, "")
    return found


def _inside_abs(node, part, other):
    """Is this the swap a − b → b − a directly under abs?"""
    return (isinstance(node, ast.Call) and ast.unparse(node.func) in ("abs", "np.abs")
            and isinstance(part, ast.BinOp) and type(part.op) is type(other.op) is ast.Sub)


def _text(node):
    lines = ast.unparse(node).splitlines() or [""]
    return lines[0] if len(lines) == 1 else lines[0] + " …"


class Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the changed source in place of one module."""

    def __init__(self, module, source):
        self.name, self.source = f"chainrule.{module}", source

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def exec_module(self, module):
        exec(compile(self.source, f"{self.name} (mutant)", "exec"), module.__dict__)


def lives(mutant, tests):
    """Do all these tests pass on the mutant? In a fork of this process, which has not imported the library."""
    child = os.fork()
    if not child:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1), os.dup2(silence, 2)
        signal.alarm(LIMIT)                       # kills the child, and with it the mutant
        os.environ |= {"PLANTED_FAULT": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}      # for speed alone
        code = 1
        try:
            import pytest
            sys.meta_path.insert(0, Planted(mutant[0], mutant[4]))
            code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--assert=plain", "-m", "not proof",
                                    *(str(HERE / test) for test in tests)]))
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def run(modules, start, every, say=print):
    """(number tried, survivors) of a fixed share of the mutants."""
    assert "chainrule" not in sys.modules, "the library must not be imported before a mutant is planted"
    import autograd.numpy
    import hypothesis
    import pytest
    import sympy
    assert autograd and hypothesis and pytest and sympy      # imported once, here, and forked with
    chosen = [m for module in modules for m in mutants(module)][start::every]
    survivors = []
    for module in modules:                        # the library as it is must live, or nothing below means anything
        if not lives((module, "", 0, "", (LIBRARY / f"{module}.py").read_text(encoding="utf-8")), MODULES[module]):
            raise RuntimeError(f"The tests of {module} fail on the module as it is; mend that first.")
    for k, mutant in enumerate(chosen, 1):
        if lives(mutant, MODULES[mutant[0]]):
            survivors.append(mutant)
            reason = SURVIVORS.get((mutant[0], mutant[1], mutant[3]), "no reason known")
            say(f"  lives: {mutant[0]}.{mutant[1]}, line {mutant[2]}: {mutant[3]}  [{reason}]", flush=True)
        if k % 100 == 0:
            say(f"  {k} of {len(chosen)} tried, {len(survivors)} live", flush=True)
    return chosen, survivors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", default="0/1", help="START/EVERY: one mutant in EVERY, from number START")
    parser.add_argument("--module", choices=MODULES, action="append")
    parser.add_argument("--json", type=Path, help="write the counts and the survivors here")
    options = parser.parse_args()
    start, every = map(int, options.share.split("/"))
    begin = time.time()
    chosen, survivors = run(options.module or list(MODULES), start, every)
    killed = 1 - len(survivors) / max(1, len(chosen))
    print(f"{len(chosen)} mutants, {len(chosen) - len(survivors)} killed ({killed:.1%}), {time.time() - begin:.0f} s")
    if options.json:
        options.json.write_text(json.dumps({
            "mutants": {module: sum(m[0] == module for m in chosen) for module in MODULES},
            "survivors": [{"module": m[0], "function": m[1], "change": m[3],
                           "reason": SURVIVORS.get((m[0], m[1], m[3]))} for m in survivors]},
            indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return killed < 0.95


if __name__ == "__main__":
    raise SystemExit(main())
