"""Plant faults in what a lecture confirms, and see which lines fail by disagreement.

    python -m tests.lectures.faults        plant all, and write course/faults.toml: statement → a fault that was caught

Two kinds of faults: in the library's functions, and in the lecture's own code that makes the LEFT side of a
confirmation (never in the code of the right side, its judge). Crashes don't count: only a comparison that was
made, and said no, is a fault caught.
"""
import ast
import contextlib
import copy
import io
import json
import warnings
from dataclasses import dataclass
from unittest import mock

import numpy as np

import chainrule
from chainrule import ledger
from chainrule_grading.course import find_course, write_atomically
from tests.conftest import ROOT
from tests.lectures.reading import lectures

SAID_NO = ("differ by", "correction misses")


# ---------------------------------------------------------------- faults in the library

def _pooled_mean(self, Y_hat, Y):
    return 0.5 * np.mean((Y_hat - Y) ** 2)


def _step_uphill(network, gradients, rate):
    for layer, gradient in zip(network.layers, gradients, strict=True):
        layer.W += rate * gradient.dW
        layer.b += rate * gradient.db


def _scaled(original, factor):
    return lambda self, *arguments: factor * original(self, *arguments)


def _gradients(change):
    """MLP.backward whose gradients are changed afterwards."""
    original = chainrule.MLP.backward

    def backward(self, trace, dH):
        return [change(g) for g in original(self, trace, dH)]
    return backward


LIBRARY = {                                       # fault → (class, method, what it becomes)
    "tanh carries 1 − h back": (chainrule.Tanh, "back", lambda self, dH, H: dH * (1 - H)),
    "sigmoid carries h back": (chainrule.Sigmoid, "back", lambda self, dH, H: dH * H),
    "relu passes everything back": (chainrule.ReLU, "back", lambda self, dH, H: dH * np.ones_like(H)),
    "softmax treated entry by entry": (chainrule.Softmax, "back", lambda self, dH, H: dH * H * (1 - H)),
    "tanh is 3 % too large": (chainrule.Tanh, "__call__", _scaled(chainrule.Tanh.__call__, 1.03)),
    "sigmoid is 3 % too large": (chainrule.Sigmoid, "__call__", _scaled(chainrule.Sigmoid.__call__, 1.03)),
    "relu is 3 % too large": (chainrule.ReLU, "__call__", _scaled(chainrule.ReLU.__call__, 1.03)),
    "softmax forgets to normalise": (chainrule.Softmax, "__call__", lambda self, Z: np.exp(Z)),
    "squared error averages over entries": (chainrule.HalfSquaredError, "__call__", _pooled_mean),
    "squared error's slope loses 1/n": (chainrule.HalfSquaredError, "slope", lambda self, A, Y: A - Y),
    "cross entropy adds instead of averaging": (
        chainrule.CrossEntropy, "__call__", lambda self, P, Y: -np.sum(Y * np.log(P))),
    "cross entropy's slope loses 1/n": (chainrule.CrossEntropy, "slope", lambda self, P, Y: -Y / P),
    "binary cross entropy forgets label 0": (
        chainrule.BinaryCrossEntropy, "__call__", lambda self, P, Y: -np.sum(Y * np.log(P)) / len(Y)),
    "binary cross entropy's slope loses 1/n": (
        chainrule.BinaryCrossEntropy, "slope", lambda self, P, Y: (P - Y) / (P * (1 - P))),
    "a layer forgets its bias": (chainrule.Layer, "forward", lambda self, X: self.phi(X @ self.W)),
    "δ has the wrong sign": (chainrule.MLP, "backward", _gradients(
        lambda g: chainrule.Gradient(-g.delta, -g.dW, -g.db))),
    "weights' slopes are divided by n": (chainrule.MLP, "backward", _gradients(
        lambda g: chainrule.Gradient(g.delta, g.dW / 2, g.db))),
    "biases' slopes are averaged": (chainrule.MLP, "backward", _gradients(
        lambda g: chainrule.Gradient(g.delta, g.dW, g.delta.mean(axis=0) / 2))),
}


# ---------------------------------------------------------------- faults in a lecture's own code

@dataclass(frozen=True)
class Site:
    """One place where a lecture's code can be made wrong: path of the node, and which change."""
    cell: int
    number: int               # of the node within its cell, in ast.walk order
    change: str


SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.Pow: ast.Mult,
         ast.MatMult: None}


def sites(trees, wanted):
    """The places within the wanted nodes at which a change is possible."""
    for cell, tree in trees:
        for number, node in enumerate(ast.walk(tree)):
            if id(node) not in wanted:
                continue
            if isinstance(node, ast.BinOp) and SWAPS.get(type(node.op)):
                yield Site(cell, number, "operator")
            elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
                yield Site(cell, number, "sign")
            elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
                yield Site(cell, number, "constant")
            elif isinstance(node, ast.Attribute) and node.attr == "T":
                yield Site(cell, number, "transpose")
            elif isinstance(node, ast.Call) and node.args:
                yield Site(cell, number, "result")


def planted(trees, site):
    """A copy of the trees with the change at this site."""
    changed = [(cell, copy.deepcopy(tree) if cell == site.cell else tree) for cell, tree in trees]
    tree = dict(changed)[site.cell]
    node = list(ast.walk(tree))[site.number]
    if site.change == "operator":
        node.op = SWAPS[type(node.op)]()
    elif site.change == "sign":
        node.op = ast.UAdd()
    elif site.change == "constant":
        node.value = node.value + 1
    else:                                          # a transpose lost, or a call's result 3 % too large
        wrapped = node.value if site.change == "transpose" else \
            ast.BinOp(copy.copy(node), ast.Mult(), ast.Constant(1.03))
        for parent in ast.walk(tree):
            for name, value in ast.iter_fields(parent):
                if value is node:
                    setattr(parent, name, wrapped)
                elif isinstance(value, list):
                    setattr(parent, name, [wrapped if item is node else item for item in value])
    return [(cell, ast.fix_missing_locations(t)) for cell, t in changed]


def made_by(trees, expression, until):
    """Ids of all syntax nodes on which the value of `expression`, in cell `until`, depends by name."""
    definitions = {}
    for cell, tree in trees:
        for statement in tree.body if cell <= until else ():
            for name in _defined(statement):
                definitions.setdefault(name, []).append(statement)
    nodes, waiting, known = set(), [expression], set()
    while waiting:
        piece = waiting.pop()
        own = _own_names(piece)
        for node in ast.walk(piece):
            nodes.add(id(node))
            if isinstance(node, ast.Name) and node.id not in known | own:
                known.add(node.id)
                waiting += definitions.get(node.id, [])
    return nodes


def _defined(statement):
    """The names that a statement gives to the cells after it."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return [statement.name]
    own = _own_names(statement)
    return [node.id for node in ast.walk(statement)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id not in own]


def _own_names(piece):
    """The names that live only inside: arguments of functions, variables of comprehensions."""
    names = set()
    for node in ast.walk(piece):
        if isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.comprehension):
            names |= {inner.id for inner in ast.walk(node.target) if isinstance(inner, ast.Name)}
    return names


# ---------------------------------------------------------------- running a lecture

def run(trees, until=None):
    """Execute the cells; return the ids whose comparison said no. A crash ends the run, and counts for nothing."""
    failed = set()

    def recording(original):
        def compare(ids, *values, **options):
            try:
                original(ids, *values, **options)
            except ledger.LedgerError as no:
                if any(words in str(no) for words in SAID_NO) and "wrong result" not in str(no):
                    failed.update([ids] if isinstance(ids, str) else ids)
        return compare

    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    with mock.patch.object(ledger, "confirm", recording(ledger.confirm)), \
            mock.patch.object(ledger, "refute", recording(ledger.refute)), \
            contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        space = {"__name__": "lecture"}
        try:
            for cell, tree in trees:
                if until is None or cell <= until:
                    exec(compile(tree, f"<cell {cell}>", "exec"), space)
        except Exception:
            pass
        finally:
            plt.close("all")
    return failed


def trees_of(name):
    return [(k, ast.parse(cell.source)) for k, cell in enumerate(lectures()[name].cells) if cell.cell_type == "code"]


def library_faults(name):
    """{fault: ids that said no} for every fault planted in the library."""
    caught = {}
    for fault, (owner, method, wrong) in LIBRARY.items():
        with mock.patch.object(owner, method, wrong):
            caught[fault] = run(trees_of(name))
    with mock.patch.object(chainrule, "gradient_step", _step_uphill), \
            mock.patch("chainrule.training.gradient_step", _step_uphill):
        caught["a step uphill"] = run(trees_of(name))
    return caught


def code_fault(name, proof):
    """The first fault in the code of a proof's left side that makes its own line say no, in words; "" if none does."""
    trees = trees_of(name)
    return next((told(trees, site) for site in nearest(trees, proof)
                 if set(proof.ids) & run(planted(trees, site), until=proof.cell)), "")


def nearest(trees, proof, most=12):
    """The places nearest to a proof where the code that makes its left side, and not its right, can be made wrong."""
    own = _same_call(trees, proof)
    left = made_by(trees, own[0], proof.cell) - (made_by(trees, own[1], proof.cell) if own[1] else set())
    left |= {id(node) for node in ast.walk(own[0])}
    return sorted(sites(trees, left), key=lambda s: (-s.cell, s.number))[:most]


def told(trees, site):
    """A planted fault in words: the code that was there, and what became of it."""
    node = list(ast.walk(dict(trees)[site.cell]))[site.number]
    text = ast.unparse(node)
    if site.change == "result":
        return f"{_short(text)} 3 % too large"
    becomes = {"transpose": lambda: ast.unparse(node.value), "constant": lambda: repr(node.value + 1),
               "sign": lambda: ast.unparse(node.operand),
               "operator": lambda: ast.unparse(ast.BinOp(node.left, SWAPS[type(node.op)](), node.right))}
    return f"{_short(text)} → {_short(becomes[site.change]())}"


def _short(text):
    text = " ".join(text.split()).replace("`", "'")
    return f"`{text if len(text) <= 44 else text[:43] + '…'}`"


def caught(name, proof, by_library):
    """{id: a fault that was caught} for one proof; what the library's faults touch needs no fault of its own."""
    found = {}
    for id in proof.ids:
        library = next((fault for fault, ids in by_library.items() if id in ids), "")
        found[id] = f"in the library: {library}" if library else None
    own = code_fault(name, proof) if None in found.values() else ""
    return {id: fault or own for id, fault in found.items()}


def _same_call(trees, proof):
    """The left and right expressions of a proof within these trees."""
    tree = dict(trees)[proof.cell]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == proof.verb \
                and ast.dump(node.args[0]) == ast.dump(_literal(proof)):
            values = node.args[1:] + [k.value for k in node.keywords]
            start = 0 if proof.verb == "confirm" else 1          # of refute, the corrected value is what is confirmed
            return values[start], values[start + 1]
    raise LookupError(proof)


def _literal(proof):
    text = repr(proof.ids[0]) if len(proof.ids) == 1 else repr(list(proof.ids))
    return ast.parse(text, mode="eval").body


# ---------------------------------------------------------------- the record

def main():
    """Plant every fault and write what was caught; the exit code is the number of confirmations that caught none."""
    from tests.lectures.test_faults import LECTURES, TO_CATCH
    by_library, found, survivors = {name: library_faults(name) for name in LECTURES}, {}, []
    for name, proof in TO_CATCH:
        faults = caught(name, proof, by_library[name])
        survivors += [] if any(faults.values()) else [proof.ids]
        found |= {id: fault for id, fault in faults.items() if fault}
    lines = ["# Statement → a fault that was planted in what is confirmed, and that its own line caught.",
             "# Written by python -m tests.lectures.faults; `make proof` checks that it still holds.", ""]
    lines += [f"{id} = {json.dumps(found[id], ensure_ascii=False)}" for id in ledger.load() if id in found]
    write_atomically(find_course(ROOT).root / "course" / "faults.toml", "\n".join(lines) + "\n")
    print(f"{len(TO_CATCH) - len(survivors)} of {len(TO_CATCH)} confirmations catch a planted fault; "
          f"survivors: {survivors or 'none'}")
    return len(survivors)


if __name__ == "__main__":
    raise SystemExit(main())
