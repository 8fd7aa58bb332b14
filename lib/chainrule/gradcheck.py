"""Slopes by other means, to check a backward pass: differences, the complex step, and a verdict."""
import warnings
from dataclasses import dataclass

import numpy as np

EPS, EPS32 = float(np.finfo(np.float64).eps), float(np.finfo(np.float32).eps)
SMALLEST = np.finfo(np.float64).tiny
RELATIVE = 1e-9           # measured rounding of the complex step stays below 4e-13; a 1e-6 mistake lies above
CANCELLED = 64 * EPS      # an entry may be a small sum of large terms of its tensor
ALONG = 1e-11             # the same for a whole tensor along a direction, measured 1e-16
TINY = 1e-30              # the complex step: its square vanishes, and nothing is subtracted
STEP = 6e-6               # cube root of EPS: balances truncation and rounding of a central difference
RESOLVED = 1e-3           # an error bar wider than this share of an entry decides nothing


def tolerance(a, b, relative=RELATIVE, cancelled=CANCELLED):
    """How far two float64 tensors of one shape may lie apart, entry by entry.

    1e-9 of the entry, plus 64 eps of the largest entry of the tensor, for entries that are a small
    difference of large terms. Scaled per tensor: a global norm would hide a wrong first layer.
    """
    size = np.maximum(np.abs(a), np.abs(b))
    return relative * size + cancelled * size.max(initial=0.0)


def numerical_gradient(f, theta, step=STEP):
    """Central-difference slope of the scalar f at theta, shaped like theta. Ledger: LFD-06"""
    theta = np.array(theta, dtype=float)
    slope = np.empty_like(theta)
    for k in np.ndindex(theta.shape):
        e = np.zeros_like(theta)
        e[k] = step * max(1, abs(theta[k]))
        slope[k] = (f(theta + e) - f(theta - e)) / (2 * e[k])
    return slope


def complex_step_gradient(f, theta, step=TINY):
    """Im f(theta + i·step) / step, entry by entry: exact to rounding where f is analytic and complex-safe.

    Nothing is subtracted, so nothing cancels. `np.abs`, `np.linalg.norm` and `float()` drop the
    imaginary part and are not complex-safe. Source: Squire and Trapp, SIAM Review 40 (1998) 110–112.
    """
    moved = np.array(theta, dtype=complex)
    slope = np.empty(moved.shape)
    for k in np.ndindex(moved.shape):
        moved.imag[k] = step
        slope[k] = f(moved).imag / step
        moved.imag[k] = 0
    return slope


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradient` found. `ok` is the verdict; the worst entry of `tensor` is `given`, and the `rule`, with
    its `step`, says `expected`. Unresolved entries, smaller than the error bar of the rule, never count as ok."""
    ok: bool
    entry: tuple
    given: float
    expected: float
    rule: str
    step: float
    tensor: str
    wrong: int                                    # how many entries disagree
    judged: int                                   # how many were looked at one by one; 0: directions sufficed
    unresolved: list                              # (tensor, entry)
    kinks: list                                   # (tensor, entry, lower slope, upper slope)
    notes: list

    def __bool__(self):
        return self.ok

    def __str__(self):
        rule = f"{self.rule} (step {self.step:.0e})"
        if self.wrong:
            digits = 6 if f"{self.given:.6g}" != f"{self.expected:.6g}" else 12
            said = (f"The gradient is {self.given:.{digits}g} at {_place(self.tensor, self.entry)}; the {rule} gives "
                    f"{self.expected:.{digits}g}. {self.wrong} of {self.judged} entries disagree.")
        elif self.unresolved:
            said = (f"Nothing contradicts the gradient, but {len(self.unresolved)} of {self.judged} entries are "
                    f"too small for the {rule}, first {_place(*self.unresolved[0])}.")
        elif self.judged:
            said = f"The gradient agrees with the {rule} in each of {self.judged} entries."
        else:
            said = (f"The gradient agrees with the {rule} along two random directions per tensor; "
                    "an error of one part in a million would pass with a chance below 1e-10.")
        if self.kinks:
            name, entry, low, high = self.kinks[0]
            said += (f" f has a kink in {len(self.kinks)} of them, where any slope between the two sides is right; "
                     f"first {_place(name, entry)}, from {low:.6g} to {high:.6g}.")
        return " ".join([said, *self.notes])


def check_gradient(f, gradient, theta, *, every_entry=None, rng=None):
    """Judge `gradient` as the slope of the scalar f at theta; return a GradientReport.

    theta: one array, or a dictionary name → array, handed to f in the same form; gradient: the same shapes.
    Each tensor is tried along two Gaussian directions drawn from `rng`; then entry by entry if that fails, if
    there are at most 1000 parameters, or if `every_entry` asks for it. The complex step judges where f can take
    it, central differences with an error bar elsewhere. Raises TypeError or ValueError, in one sentence, for what
    cannot be judged: whole numbers, other shapes, NaN, an f that is random, not a scalar, or changes its input.
    """
    named = isinstance(theta, dict)
    theta, gradient = (A if named else {"": A} for A in (theta, gradient))
    if theta.keys() != gradient.keys():
        raise ValueError(f"The gradient names {list(gradient)}, the parameters {list(theta)}; both must be the same.")
    gradient = {name: np.array(gradient[name]) for name in theta}        # copies, at once: f may reuse a buffer
    theta = {name: np.array(A) for name, A in theta.items()}
    single = [name for name in theta if _refuse(name, theta[name], gradient[name])]
    theta, gradient = ({name: A.astype(float) for name, A in T.items()} for T in (theta, gradient))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", np.exceptions.ComplexWarning)     # an imaginary part lost is a slope lost
        check = _Check(f if named else lambda tensors: f(tensors[""]), theta, bool(single), rng)
        small = sum(A.size for A in theta.values()) <= 1000
        return check.report(gradient, small if every_entry is None else every_entry)


class _Check:
    """The function at the point in question, and what has been found out about it."""

    def __init__(self, f, theta, single, rng):
        self.f, self.theta, self.eps = f, theta, EPS
        self.rng = np.random.default_rng(0) if rng is None else rng
        self.relative, self.cancelled, self.near = (1e-3, 64 * EPS32, 1e-4) if single else (RELATIVE, CANCELLED, ALONG)
        self.notes = ["float32 was judged to float32 precision; float64 shows far smaller mistakes."] * single
        self.judged, self.wrong, self.unresolved, self.kinks = 0, 0, [], []
        self.worst = (-np.inf, "", (), 0.0, 0.0, "complex step")
        untouched = {name: A.copy() for name, A in theta.items()}
        self.value = self.at({})
        if isinstance(self.value, complex) or not np.isfinite(self.value):
            raise ValueError(f"f is {self.value} at theta, not a finite real number; find where that arises first.")
        if self.at({}) != self.value:
            raise ValueError("f gives two values at one theta; draw its random numbers from a new default_rng(seed).")
        if not all(np.array_equal(A, untouched[name]) for name, A in theta.items()):
            raise ValueError("f changes its parameters in place; let it work on a copy.")

    def report(self, gradient, every_entry):
        self.largest = max(np.abs(g).max() for g in gradient.values())
        for name, g in gradient.items():
            if every_entry or not self.along_two_directions(name, g):
                self.judged += g.size
                self.entry_by_entry(name, g)
        _, name, entry, given, expected, rule = self.worst
        return GradientReport(not self.wrong and not self.unresolved, tuple(map(int, entry)), float(given),
                              float(expected), rule, TINY if rule == "complex step" else STEP, name, self.wrong,
                              self.judged, self.unresolved, self.kinks, self.notes)

    def at(self, moved):
        """f at theta, with some tensors moved, as a plain number, at once: f may reuse its buffer."""
        value = np.asarray(self.f({**self.theta, **moved}))
        if value.shape != () or value.dtype.kind not in "iufc":
            raise ValueError(f"f must return one number; it returned {value.dtype} of shape {value.shape}.")
        self.eps = EPS32 if value.dtype == np.float32 else self.eps
        return value.item()

    def line(self, name, v):
        """The restriction t ↦ f(theta + t v), with v in one tensor: every question below is about one line."""
        def value(t):
            try:
                return self.at({name: self.theta[name] + t * v})
            except Exception:                     # f need not exist beside theta, nor for complex numbers
                return t * np.nan
        return value

    def along_two_directions(self, name, g):
        """Does g agree with the complex step along two Gaussian directions, and may that be trusted?

        v·(g − ĝ) is normal with deviation |g − ĝ| whatever its pattern: an error e escapes the threshold t with
        probability below 0.8 t/|e|, twice. Directions of ±1 would let equal and opposite errors cancel.
        """
        directions = self.rng.normal(size=(2, *g.shape))
        slopes = [np.imag(self.line(name, v)(1j * TINY)) / TINY for v in directions]
        allowed = self.near * np.linalg.norm(g)
        return self.trusted(name, directions[0], slopes[0]) and all(
            abs(np.vdot(v, g) - slope) <= allowed for v, slope in zip(directions, slopes, strict=True))

    def trusted(self, name, v, slope):
        """Is the complex step's slope along v that of f? Differences, which know no complex numbers, decide."""
        line = self.line(name, v)
        if abs((line(STEP) - line(-STEP)) / (2 * STEP) - slope) <= 1e-6 * abs(slope):
            return True                           # what follows is for kinks, rounding and steep functions
        rough, bar = self.central(line, STEP)
        return abs(slope - rough) <= 2 * bar + 1e-6 * abs(rough) or self.kink(line, STEP) is not None

    def entry_by_entry(self, name, g):
        try:
            expected = complex_step_gradient(lambda A: self.at({name: A}), self.theta[name])
        except Exception:                         # whatever it is that f cannot do with complex numbers
            expected = np.full(g.shape, np.nan)
        v = self.rng.normal(size=g.shape)
        if self.trusted(name, v, np.vdot(v, expected)):
            self.by_complex_step(name, g, expected)
        else:
            self.notes.append("Central differences were used, for f loses the complex step"
                              f"{' in ' + name if name else ''}; np.abs, np.linalg.norm and float() do that.")
            self.by_differences(name, g)

    def central(self, line, h):
        """The central-difference slope and its error bar: truncation, seen by halving h, and the rounding of f."""
        for shrink in (1, 1e-5, 1e-10):           # where f does not reach that far: log near 0, for one
            h = shrink * h
            wide, near = ((line(s) - line(-s)) / (2 * s) for s in (h, h / 2))
            if np.isfinite(near) and np.isfinite(wide):
                break
        return near, abs(wide - near) + 8 * self.eps * abs(self.value) / h

    def kink(self, line, h):
        """The one-sided slopes, lower first, if they stay apart while the step shrinks; else None."""
        (a, b), (c, d) = (((self.value - line(-s)) / s, (line(s) - self.value) / s) for s in (h, h / 64))
        apart = abs(d - c) > max(abs(b - a) / 2, 1024 * self.eps * abs(self.value) / h)
        return (min(c, d), max(c, d)) if apart else None

    def by_complex_step(self, name, g, expected):
        """Every entry against the complex step; an alarm must survive a look at rounding and at differences."""
        off = np.abs(g - expected) / np.maximum(tolerance(g, expected, self.relative, self.cancelled), SMALLEST)
        off = np.where(np.isnan(off), np.inf, off)
        alarms = sorted(map(tuple, np.argwhere(off > 1)), key=lambda k: -off[k]) if (off > 1).any() else []
        for j, k in enumerate(alarms):
            if not self.rounding(name, k, g[k], expected[k]) and not self.allowed(name, k, g[k], expected[k])[0]:
                self.wrong += len(alarms) - j                 # the milder ones are not worth the time
                self.worst = max(self.worst, (off[k], name, k, g[k], expected[k], "complex step"))
                break

    def by_differences(self, name, g):
        """Every entry against central differences."""
        for k in np.ndindex(g.shape):
            fine, slope, bar = self.allowed(name, k, g[k])
            self.wrong += not fine
            off = 0.0 if fine else np.nan_to_num(abs(g[k] - slope) / bar, nan=np.inf)
            self.worst = max(self.worst, (off, name, k, g[k], slope, "central difference"))

    def allowed(self, name, k, g, rival=np.inf):
        """Do differences support g in entry k, against the rival that the complex step proposed?"""
        v = np.zeros_like(self.theta[name])
        v[k] = 1
        line, h = self.line(name, v), STEP * max(1, abs(self.theta[name][k]))
        slope, bar = self.central(line, h)
        size = max(abs(g), abs(slope))
        reach = bar + self.relative * size
        if abs(g - slope) <= reach and not abs(rival - slope) <= reach:
            if bar > RESOLVED * size and not (g == 0 and line(1e-2) == self.value == line(-1e-2)):
                self.unresolved.append((name, tuple(map(int, k))))
            return True, slope, reach
        low, high = self.kink(line, h) or (np.nan, np.nan)    # between NaN lies nothing
        slack = 1e-4 * max(abs(low), abs(high))
        between = low - slack <= g <= high + slack
        if between:
            self.kinks.append((name, tuple(map(int, k)), low, high))
        return between, slope, reach

    def rounding(self, name, k, g, expected):
        """Is the slope here rounding alone? Then nudging theta by eps moves it as far as g lies from it."""
        if not abs(g - expected) <= self.cancelled * self.largest:
            return False
        spread = 0.0
        for _ in range(4):
            nudged = {n: A * (1 + EPS * self.rng.normal(size=A.shape)) for n, A in self.theta.items()}
            nudged[name] = nudged[name].astype(complex)
            nudged[name][k] += 1j * TINY
            spread = max(spread, abs(np.imag(self.at(nudged)) / TINY - expected))
        return abs(g - expected) <= 16 * spread or expected == spread == 0


def _refuse(name, A, gradient):
    """Raise for arrays that cannot be judged; tell whether one of the two is float32."""
    of = f" of {name}" if name else ""
    if gradient.shape != A.shape:
        raise ValueError(f"The gradient{of} has shape {gradient.shape}, its parameters {A.shape}; they must be equal.")
    for what, array in ((f"theta{of}", A), (f"the gradient{of}", gradient)):
        if array.dtype not in (np.float32, np.float64):
            raise TypeError(f"{what} holds {array.dtype}; slopes are judged in float64, convert with .astype(float).")
        if not array.size or not np.isfinite(array).all():
            raise ValueError(f"{what} is empty or holds NaN or infinity; find where that arises first.")
    return A.dtype == np.float32 or gradient.dtype == np.float32


def _place(name, entry):
    return f"entry {entry}" + (f" of {name}" if name else "")
