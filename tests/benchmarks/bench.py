"""How fast, beside others: ratios measured side by side in one process, one thread, CPU time.

    python tests/benchmarks/bench.py            measure, judge the gates, write course/book/benchmarks/
    python tests/benchmarks/bench.py --dry-run  measure and judge only

Every candidate of a case first takes three steps from one start and must reach the same parameters. Then come rounds
in which all candidates run in shuffled order; a figure is the median over rounds of the ratio to the reference. The
floor is the bare matrix products of the step, written into arrays that exist already. The exit code is the number of
gates that fail. A peer that is not installed is named, with the line that installs it.
"""
# ruff: noqa: E402
import os

for _name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"      # before NumPy is imported
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(_name, None)                   # NumPy with the kernels it picks for this processor

import argparse
import importlib.util
import json
import platform
import subprocess
import sys
import warnings
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from time import process_time

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "lib"))

import numpy as np

from chainrule import (
    MLP,
    HalfSquaredError,
    Identity,
    ReLU,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Tanh,
    check_gradient,
    complex_step_gradient,
    gradient_step,
    he,
    xavier,
)

OUT = ROOT / "course" / "book" / "benchmarks"
RATE = 0.01
PEERS = {                                         # module → the line that installs it
    "torch": "pip install torch==2.13.0", "sklearn": "pip install scikit-learn", "autograd": "pip install autograd",
    "micrograd": "pip install micrograd",
}
HAVE = {name: importlib.util.find_spec(name) is not None for name in PEERS}
torch = None                                      # set by main: 1 thread, and only if it is installed


@dataclass(frozen=True)
class Case:
    """A training step: the network, its loss, the batch."""
    name: str
    widths: tuple
    n: int
    loss: str = "softmax"                         # softmax, sigmoid: cross-entropy of the pre-activations; half: ½ MSE
    hidden: str = "relu"
    dtype: str = "float64"

    def start(self):
        """Network, inputs and targets, the same for every candidate."""
        rng = np.random.default_rng(7)
        net = MLP.random(self.widths, rng, hidden=ReLU() if self.hidden == "relu" else Tanh(), output=Identity(),
                         weights=he if self.hidden == "relu" else xavier, dtype=self.dtype)
        X = rng.normal(size=(self.n, self.widths[0])).astype(self.dtype)
        d = self.widths[-1]
        if self.loss == "softmax":
            Y = np.eye(d)[rng.integers(0, d, self.n)]
        elif self.loss == "sigmoid":
            Y = rng.integers(0, 2, (self.n, d))
        else:
            Y = rng.normal(size=(self.n, d))
        return net, X, Y.astype(self.dtype)


CASES = [
    Case("tiny 2-8-1, n 32", (2, 8, 1), 32, "half", "tanh"),
    Case("tiny 2-8-1, n 32, labels", (2, 8, 1), 32, "sigmoid", "tanh"),
    Case("small 2-64-2, n 256", (2, 64, 2), 256, "softmax", "tanh"),
    Case("MNIST 784-128-10, n 64", (784, 128, 10), 64),
    Case("MNIST 784-128-10, n 256", (784, 128, 10), 256),
    Case("MNIST 784-128-10, n 64, float32", (784, 128, 10), 64, dtype="float32"),
    Case("MNIST 784-128-10, n 256, float32", (784, 128, 10), 256, dtype="float32"),
    Case("ten layers of 256, n 128", (256,) * 11, 128),
]
# case → the most that our step may take, relative to PyTorch eager and to the floor
STEP_GATES = {
    "tiny 2-8-1, n 32": (0.20, None), "small 2-64-2, n 256": (0.40, None), "MNIST 784-128-10, n 64": (0.75, 1.5),
    "MNIST 784-128-10, n 256": (0.90, 1.3), "ten layers of 256, n 128": (0.95, 1.35),
}
FLOAT32_GATE = 0.6
CHECK_GATES = {"2-8-1 every entry": 0.25, "784-30-10 every entry": 0.8, "784-30-10 directions": 0.001}
ERROR_GATE, IMPORT_GATE = 1e-11, 20.0             # worst relative error; milliseconds


# ── candidates: each a pair (run, parameters), where run(k) is a training loop of k steps ─────────────────────────

def ours(case):
    net, X, Y = case.start()
    loss = {"softmax": SoftmaxCrossEntropy(), "sigmoid": SigmoidCrossEntropy(), "half": HalfSquaredError()}[case.loss]

    def run(steps):
        for _ in range(steps):                    # the loop of `train`, with the loss of each batch as well
            trace = net.forward(X)
            value = loss(trace[-1], Y)
            gradients = net.backward(trace, loss.slope(trace[-1], Y))
            gradient_step(net, gradients, RATE)
        return value
    return run, net.parameters


def floor(case):
    net, X, _ = case.start()
    Ws, H = [layer.W for layer in net.layers], [X]
    for W in Ws:
        H.append(H[-1] @ W)
    D, G = [np.ones_like(h) for h in H], [np.empty_like(W) for W in Ws]

    def run(steps):
        for _ in range(steps):
            for k, W in enumerate(Ws):
                np.matmul(H[k], W, out=H[k + 1])
            for k in reversed(range(len(Ws))):
                np.matmul(H[k].T, D[k + 1], out=G[k])
                if k:
                    np.matmul(D[k + 1], Ws[k].T, out=D[k])
    return run, None


def torch_eager(case):
    net, X, Y = case.start()
    act = torch.nn.ReLU if case.hidden == "relu" else torch.nn.Tanh
    modules = []
    for k, layer in enumerate(net.layers):
        linear = torch.nn.Linear(*layer.W.shape, dtype=getattr(torch, case.dtype))
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(layer.W.T))
            linear.bias.copy_(torch.tensor(layer.b))
        modules += [linear] if k == len(net.layers) - 1 else [linear, act()]
    model = torch.nn.Sequential(*modules)
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE)
    X, Y = torch.tensor(X), torch.tensor(Y)
    F, labels = torch.nn.functional, Y.argmax(dim=1)
    loss = {"softmax": lambda Z: F.cross_entropy(Z, labels),
            "sigmoid": lambda Z: F.binary_cross_entropy_with_logits(Z, Y, reduction="sum") / case.n,
            "half": lambda Z: F.mse_loss(Z, Y, reduction="sum") * (0.5 / case.n)}[case.loss]

    def run(steps):
        for _ in range(steps):
            optimiser.zero_grad()
            value = loss(model(X))
            value.backward()
            optimiser.step()
            value.item()

    def parameters():
        linears = [m for m in modules if hasattr(m, "weight")]
        return np.concatenate([a for m in linears for a in (m.weight.detach().numpy().T.ravel(),
                                                            m.bias.detach().numpy())])
    return run, parameters


def looped(step, each=1):
    """The loop around a function that takes `each` steps a call."""
    def run(steps):
        for _ in range(0, steps, each):
            step()
    run.each = each
    return run


def torch_by_hand(case):
    net, X, Y = case.start()
    Ws, bs = ([torch.tensor(A) for A in group] for group in zip(*((p.W, p.b) for p in net.layers), strict=True))
    X, Y, n = torch.tensor(X), torch.tensor(Y), case.n
    F = torch.nn.functional

    @torch.no_grad()
    def step():
        H = [X]
        for k, (W, b) in enumerate(zip(Ws, bs, strict=True)):
            Z = torch.addmm(b, H[-1], W)
            H.append(Z if k == len(Ws) - 1 else torch.relu(Z) if case.hidden == "relu" else torch.tanh(Z))
        if case.loss == "softmax":
            logs = F.log_softmax(H[-1], dim=1)
            value, delta = -(Y * logs).sum() / n, (logs.exp() - Y) / n
        elif case.loss == "sigmoid":
            value = F.binary_cross_entropy_with_logits(H[-1], Y, reduction="sum") / n
            delta = (torch.sigmoid(H[-1]) - Y) / n
        else:
            delta = H[-1] - Y
            value, delta = 0.5 * (delta * delta).sum() / n, delta / n
        for k in reversed(range(len(Ws))):
            dW, db = H[k].T @ delta, delta.sum(dim=0)
            if k:
                dH = delta @ Ws[k].T
                delta = dH * (H[k] > 0) if case.hidden == "relu" else dH * (1 - H[k] * H[k])
            Ws[k] -= RATE * dW
            bs[k] -= RATE * db
        return value.item()
    return looped(step), lambda: np.concatenate([a.numpy().ravel() for pair in zip(Ws, bs, strict=True) for a in pair])


def hips_autograd(case):
    import autograd
    import autograd.numpy as anp
    net, X, Y = case.start()
    theta = [A for layer in net.layers for A in (layer.W, layer.b)]

    def objective(theta):
        H = X
        for k in range(0, len(theta), 2):
            Z = anp.dot(H, theta[k]) + theta[k + 1]
            H = Z if k == len(theta) - 2 else anp.maximum(Z, 0) if case.hidden == "relu" else anp.tanh(Z)
        if case.loss == "softmax":
            S = H - anp.max(H, axis=1, keepdims=True)
            return -anp.sum(Y * (S - anp.log(anp.sum(anp.exp(S), axis=1, keepdims=True)))) / case.n
        if case.loss == "sigmoid":
            return anp.sum(anp.logaddexp(0, H) - Y * H) / case.n
        return 0.5 * anp.sum((H - Y) ** 2) / case.n
    slopes = autograd.value_and_grad(objective)

    def step():
        value, gradient = slopes(theta)
        for A, dA in zip(theta, gradient, strict=True):
            A -= RATE * dA
        return value
    return looped(step), lambda: np.concatenate([A.ravel() for A in theta])


def scikit_learn(case):
    """Timed only: its own start and its own bookkeeping, 20 batches a call, each call counted as 20 steps."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    _, X, Y = case.start()
    batches = 20
    kind = MLPRegressor if case.loss == "half" else MLPClassifier
    X = np.tile(X, (batches, 1))
    y = Y if case.loss == "half" else Y.argmax(axis=1) if Y.shape[1] > 1 else Y[:, 0]
    y = np.concatenate([y] * batches)
    model = kind(hidden_layer_sizes=case.widths[1:-1], activation=case.hidden, solver="sgd", alpha=0.0,
                 batch_size=case.n, max_iter=1, learning_rate_init=RATE, momentum=0.0, nesterovs_momentum=False,
                 random_state=0)

    def step():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")       # one epoch is not meant to converge
            model.fit(X, y)
    return looped(step, batches), None


def micrograd(case):
    from micrograd.engine import Value
    net, X, Y = case.start()
    tensors = [(np.vectorize(Value, otypes=[object])(p.W), np.vectorize(Value, otypes=[object])(p.b))
               for p in net.layers]

    def tanh(z):                                  # its engine has relu only; the rest is built from its own gates
        e = _exp(z * 2)
        return (e - 1) / (e + 1)

    def _exp(z):
        out = Value(np.exp(z.data), (z,), "exp")

        def back():
            z.grad += out.data * out.grad
        out._backward = back
        return out

    def _log(z):
        out = Value(np.log(z.data), (z,), "log")

        def back():
            z.grad += out.grad / z.data
        out._backward = back
        return out

    def step():
        total = Value(0.0)
        for x, y in zip(X.tolist(), Y[:, 0].tolist(), strict=True):
            h = x
            for k, (W, b) in enumerate(tensors):
                z = [sum((h[i] * W[i, j] if isinstance(h[i], Value) else W[i, j] * h[i] for i in range(len(h))), b[j])
                     for j in range(len(b))]
                h = z if k == len(tensors) - 1 else [tanh(v) for v in z]
            total = total + _log(_exp(h[0] * (1 - 2 * y)) + 1)
        value = total * (1 / len(Y))
        for pair in tensors:
            for A in pair:
                for v in A.ravel():
                    v.grad = 0
        value.backward()
        for pair in tensors:
            for A in pair:
                for v in A.ravel():
                    v.data -= RATE * v.grad
        return value.data
    return looped(step), lambda: np.array([v.data for pair in tensors for A in pair for v in A.ravel()])


CANDIDATES = {                                    # name → (what makes it, the peer it needs)
    "chainrule": (ours, None), "PyTorch eager": (torch_eager, "torch"), "PyTorch by hand": (torch_by_hand, "torch"),
    "HIPS autograd": (hips_autograd, "autograd"), "scikit-learn": (scikit_learn, "sklearn"),
    "micrograd": (micrograd, "micrograd"), "bare matrix products": (floor, None),
}


def candidates(case, names=None):
    """The candidates that can run here, after three steps that took all of them to the same parameters."""
    made = {name: build(case) for name, (build, peer) in CANDIDATES.items()
            if (names is None or name in names) and (peer is None or HAVE[peer])
            and (name != "micrograd" or case.name.endswith("labels"))}
    for run, parameters in made.values():
        if parameters is not None:
            run(3)
    expected = made["chainrule"][1]()
    allowed = 1e-11 if case.dtype == "float64" else 1e-3
    for name, (_, parameters) in made.items():
        if parameters is not None:
            off = np.max(np.abs(parameters() - expected)) / np.max(np.abs(expected))
            if not off <= allowed:
                raise AssertionError(f"{case.name}: {name} reaches other parameters, off by {off:.1e}.")
    return {name: run for name, (run, _) in made.items()}


# ── measuring ───────────────────────────────────────────────────────────────────────────────────────────────────

def cpu_time(run, steps):
    begin = process_time()
    run(steps)
    return (process_time() - begin) / steps


def side_by_side(runs, rounds, rng, aim=0.02):
    """{name: seconds per step in each round}: all candidates, each round in another order, each for about `aim` s."""
    steps = {}
    for name, run in runs.items():
        each = getattr(run, "each", 1)
        run(each)
        once = max(cpu_time(run, 3 * each), 1e-7)
        steps[name] = each * max(1, min(5000, int(aim / once / each)))
    times = {name: [] for name in runs}
    for _ in range(rounds):
        for name in rng.permutation(list(runs)):
            times[name].append(cpu_time(runs[name], steps[name]))
    return times


def ratio(times, a, b):
    """The median over rounds of a's time over b's; None if one of them was not measured."""
    return median(x / y for x, y in zip(times[a], times[b], strict=True)) if a in times and b in times else None


def training_steps(rounds, rng):
    rows = []
    for case in CASES:
        times = side_by_side(candidates(case), rounds, rng)
        middle = {name: 1e6 * median(t) for name, t in times.items()}
        rows.append({"case": case.name, "microseconds": middle,
                     "over PyTorch eager": {name: ratio(times, name, "PyTorch eager") for name in times},
                     "over bare matrix products": {name: ratio(times, name, "bare matrix products") for name in times}})
        print(f"  {case.name}: " + ", ".join(f"{name} {t:.0f} µs" for name, t in middle.items()), flush=True)
    single = []
    for n in (64, 256):                           # float32 over float64 in shuffled rounds of their own
        pair = {dtype: ours(Case("", (784, 128, 10), n, dtype=dtype))[0] for dtype in ("float32", "float64")}
        single.append(ratio(side_by_side(pair, rounds, rng), "float32", "float64"))
    return rows, single


def checker(rounds, rng):
    """Our checker against torch.autograd.gradcheck (slow mode), on the same network, batch and loss."""
    rows, errors = {}, {}
    for name, case in (("2-8-1", CASES[0]), ("784-30-10", Case("", (784, 30, 10), 16, "softmax", "tanh"))):
        net, X, Y = case.start()
        loss = HalfSquaredError() if case.loss == "half" else SoftmaxCrossEntropy()
        trace = net.forward(X)
        slopes, tensors = net.slopes(net.backward(trace, loss.slope(trace[-1], Y))), net.tensors()

        def f(t, X=X, Y=Y, loss=loss):            # written out, as torch's f below: the checker is timed, not MLP
            return loss(np.tanh(X @ t["W1"] + t["b1"]) @ t["W2"] + t["b2"], Y)

        errors[name] = max(float(np.max(np.abs(g - e) / np.maximum(np.maximum(np.abs(g), np.abs(e)), 1e-3 * np.max(
            np.abs(e))))) for key, g in slopes.items() for e in [complex_step_gradient(
                lambda A, key=key, tensors=tensors, f=f: f({**tensors, key: A}), tensors[key])])

        def judged(every, f=f, slopes=slopes, tensors=tensors):
            assert check_gradient(f, slopes, tensors, every_entry=every).ok
        ways = {"every entry": looped(lambda judged=judged: judged(True)),
                "directions": looped(lambda judged=judged: judged(False))}
        if HAVE["torch"]:
            ways["torch"] = looped(torch_gradcheck(case))
        times = side_by_side(ways, rounds, rng)
        for way in ("every entry", "directions"):
            rows[f"{name} {way}"] = {"milliseconds": 1e3 * median(times[way]),
                                     "over torch slow": ratio(times, way, "torch")}
        if HAVE["torch"]:
            rows[f"{name} torch gradcheck, slow"] = {"milliseconds": 1e3 * median(times["torch"]),
                                                     "over torch slow": 1.0}
        print(f"  {name}: " + ", ".join(f"{way} {1e3 * median(t):.2f} ms" for way, t in times.items()), flush=True)
    return rows, errors


def torch_gradcheck(case):
    net, X, Y = case.start()
    X, Y, labels = torch.tensor(X), torch.tensor(Y), torch.tensor(Y).argmax(dim=1)
    theta = [torch.tensor(A, requires_grad=True) for A in net.tensors().values()]
    F = torch.nn.functional

    def f(W1, b1, W2, b2):
        Z = torch.tanh(X @ W1 + b1) @ W2 + b2
        if case.loss == "half":
            return F.mse_loss(Z, Y, reduction="sum") * (0.5 / case.n)
        return F.cross_entropy(Z, labels)

    def step():
        assert torch.autograd.gradcheck(f, theta)
    return step


def scaling(rounds, rng):
    """How the cost of a step grows, ours beside PyTorch eager: {what: [(value, our µs, their µs)]}."""
    families = {
        "width of two hidden layers": [(w, Case("", (64, w, w, 10), 64)) for w in (16, 32, 64, 128, 256, 512, 1024)],
        "number of layers": [(k, Case("", (64,) * k + (10,), 64)) for k in (2, 4, 8, 16, 32)],
        "examples in a batch": [(n, Case("", (64, 128, 10), n)) for n in (1, 4, 16, 64, 256, 1024, 4096)],
    }
    found = {}
    for what, family in families.items():
        found[what] = []
        for value, case in family:
            times = side_by_side(candidates(case, ("chainrule", "PyTorch eager", "bare matrix products")), rounds, rng)
            found[what].append({"value": value, **{name: 1e6 * median(t) for name, t in times.items()}})
        print(f"  {what}: " + ", ".join(f"{r['value']}: {r['chainrule']:.0f} µs" for r in found[what]), flush=True)
    return found


def import_time(rounds):
    """Milliseconds of CPU that `import chainrule` adds after `import numpy`."""
    code = ("import numpy; from time import process_time as t; a = t(); import chainrule; print(t() - a)")
    where = {**os.environ, "PYTHONPATH": str(ROOT / "lib")}
    runs = [float(subprocess.run([sys.executable, "-c", code], env=where, capture_output=True, text=True,
                                 check=True).stdout) for _ in range(rounds)]
    return 1e3 * median(runs)


# ── judging and writing ─────────────────────────────────────────────────────────────────────────────────────────

def judge(found):
    """All gates as (sentence, measured, allowed); measured None means that a peer was missing."""
    gates = []
    for row in found["steps"]:
        for against, allowed in zip(("PyTorch eager", "bare matrix products"), STEP_GATES.get(row["case"], ()),
                                    strict=False):
            if allowed is not None:
                gates.append((f"{row['case']}, time over {against}", row[f"over {against}"].get("chainrule"), allowed))
    for n, measured in zip((64, 256), found["float32 over float64"], strict=True):
        gates.append((f"MNIST 784-128-10, n {n}, float32 over float64", measured, FLOAT32_GATE))
    for name, allowed in CHECK_GATES.items():
        gates.append((f"gradient checker, {name}, time over torch gradcheck (slow)",
                      found["checker"][name]["over torch slow"], allowed))
    for name, error in found["checker error"].items():
        gates.append((f"gradient checker, {name}, worst relative error", error, ERROR_GATE))
    gates.append(("import chainrule, milliseconds", found["import ms"], IMPORT_GATE))
    return [{"gate": gate, "measured": measured, "at most": allowed,
             "holds": None if measured is None else bool(measured <= allowed)} for gate, measured, allowed in gates]


def machine():
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        model = next((line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines()
                      if line.startswith("model name")), model)
    versions = {"Python": platform.python_version(), "NumPy": np.__version__}
    versions |= {name: __import__(name).__version__ for name in ("torch", "sklearn") if HAVE[name]}
    return {"processor": model, "cores": os.cpu_count(), "load": [round(x, 2) for x in os.getloadavg()],
            "versions": versions}


def markdown(found):
    """The results as the page that the book includes."""
    number = lambda x: "–" if x is None else f"{x:.3g}"  # noqa: E731
    m = found["machine"]
    lines = [
        "# How fast it is, beside others", "",
        f"Measured on {found['date']} on {m['processor']} ({m['cores']} cores, load {m['load'][0]} at the start), one "
        f"thread, CPU time, medians of {found['rounds']} shuffled rounds; "
        + ", ".join(f"{name} {version}" for name, version in m["versions"].items()) + ".",
        "Every candidate first reached the same parameters; scikit-learn and the bare products are timed only.", "",
        *[f"Missing here: {name} (`{line}`)." for name, line in found["missing"].items()],
        "## Gates", "", "| gate | measured | at most | |", "|---|---|---|---|",
        *[f"| {g['gate']} | {number(g['measured'])} | {number(g['at most'])} | "
          f"{ {True: 'holds', False: '**fails**', None: 'not judged'}[g['holds']]} |" for g in found["gates"]], "",
        "## One training step", "", "Microseconds, and in brackets the time over PyTorch eager.", "",
    ]
    names = list(CANDIDATES)
    lines += ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for row in found["steps"]:
        cells = [f"{row['microseconds'][name]:.0f} ({number(row['over PyTorch eager'][name])})"
                 if name in row["microseconds"] else "–" for name in names]
        lines.append(f"| {row['case']} | " + " | ".join(cells) + " |")
    lines += ["", "## Checking a gradient", "", "| | milliseconds | over torch gradcheck (slow) |", "|---|---|---|"]
    lines += [f"| {name} | {row['milliseconds']:.3g} | {number(row['over torch slow'])} |"
              for name, row in found["checker"].items()]
    lines += ["", "## How the cost grows", "",
              "![Three panels: time of a training step against width, number of layers and batch size, chainrule below "
              "PyTorch eager in each, both nearing the bare matrix products as the matrices grow.](cost.png)", ""]
    return "\n".join(lines)


def plot(found):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    styles = {"PyTorch eager": ("#d55e00", "s"), "chainrule": ("#0072b2", "o"),
              "bare matrix products": ("#777777", "^")}
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True, constrained_layout=True)
    for axis, (what, rows) in zip(axes, found["scaling"].items(), strict=True):
        for name, (colour, marker) in styles.items():
            if name in rows[0]:
                axis.plot([r["value"] for r in rows], [r[name] for r in rows], marker=marker, color=colour, label=name,
                          ls="--" if name.startswith("bare") else "-", ms=5)
        axis.set(xscale="log", yscale="log", xlabel=what)
        axis.set_xticks([r["value"] for r in rows], [str(r["value"]) for r in rows], minor=False)
        axis.minorticks_off()
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("one training step, µs of CPU")
    axes[1].legend(frameon=False, loc="upper left")
    figure.suptitle("The larger the matrices, the less the way to them costs", fontsize=11)
    figure.savefig(OUT / "cost.png", dpi=150, metadata={"Software": None})


def main():
    global torch
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--dry-run", action="store_true", help="do not write the results")
    options = parser.parse_args()
    if options.rounds < 15:
        print("Fewer than 15 rounds: for a quick look only, nothing will be written.")
        options.dry_run = True
    missing = {name: line for name, line in PEERS.items() if not HAVE[name]}
    for name, line in missing.items():
        print(f"{name} is not installed, so it is left out: {line}")
    if HAVE["torch"]:
        import torch
        torch.set_num_threads(1)
    rng, rounds = np.random.default_rng(0), options.rounds
    found = {"date": date.today().isoformat(), "machine": machine(), "rounds": rounds, "missing": missing}
    print("training steps")
    found["steps"], found["float32 over float64"] = training_steps(rounds, rng)
    print("gradient checks")
    found["checker"], found["checker error"] = checker(rounds, rng)
    print("growth")
    found["scaling"] = scaling(rounds, rng)
    found["import ms"] = import_time(rounds)
    found["gates"] = judge(found)
    for g in found["gates"]:
        verdict = {True: "holds", False: "FAILS", None: "not judged, a peer is missing"}[g["holds"]]
        measured = "" if g["measured"] is None else f"{g['measured']:.3g}"
        print(f"{verdict:>5}  {g['gate']}: {measured} (at most {g['at most']:g})")
    if not options.dry_run:
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / "results.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        (OUT / "results.md").write_text(markdown(found), encoding="utf-8")
        plot(found)
    return sum(g["holds"] is False for g in found["gates"])


if __name__ == "__main__":
    raise SystemExit(main())
