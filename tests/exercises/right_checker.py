"""Right answers to the checker assignment, written as differently as learners write them: all earn all."""
import numpy as np

EPS = 2.0 ** -52


# ---- excess --------------------------------------------------------------------------------------------

def excess_loops(given, expected):
    found = []
    for G, E in zip(given, expected, strict=True):
        largest = max(max(abs(g), abs(e)) for g, e in zip(G.flat, E.flat, strict=True))
        layer = np.zeros(G.shape)
        for k in np.ndindex(G.shape):
            layer[k] = abs(G[k] - E[k]) / (1e-9 * max(abs(G[k]), abs(E[k])) + 64 * EPS * largest)
        found.append(layer)
    return found


def excess_of_one(G, E):
    sizes = np.stack([np.abs(G), np.abs(E)])
    return np.abs(E - G) / (sizes.max(axis=0) * 1e-9 + sizes.max() * 64 * EPS)


def excess_mapped(given, expected):
    return tuple(map(excess_of_one, given, expected))


def excess_where(given, expected):
    layers = range(len(given))
    size = [np.where(abs(given[k]) > abs(expected[k]), abs(given[k]), abs(expected[k])) for k in layers]
    return [1 / ((1e-9 * size[k] + 2.0 ** -46 * np.max(size[k])) / abs(given[k] - expected[k])) for k in layers]


# ---- agrees --------------------------------------------------------------------------------------------

def agrees_loops(given, expected, allowed):
    if np.shape(given) != np.shape(expected):
        return False
    for k in np.ndindex(expected.shape):
        if not abs(given[k] - expected[k]) <= allowed[k]:
            return False
    return True


def agrees_finite_first(given, expected, allowed):
    if given.shape != expected.shape or not np.isfinite(given).all():
        return np.bool_(False)
    return ~np.any(np.abs(given - expected) > allowed)


def agrees_counted(given, expected, allowed):
    same_shape = given.ndim == expected.ndim and given.shape == expected.shape
    return same_shape and np.count_nonzero(abs(given - expected) <= allowed) == expected.size


# ---- direction -----------------------------------------------------------------------------------------

def direction_einsum(f, gradient, theta, V):
    moved = theta + 1j * 1e-25 * V
    return [np.imag(f(m)) * 1e25 for m in moved], np.einsum("mij,ij->m", V, gradient)


def direction_flat(f, gradient, theta, V):
    measured = []
    for v in V:
        point = theta.astype(complex)
        point.imag = 1e-20 * v
        measured.append(f(point).imag / 1e-20)
    return measured, V.reshape(len(V), -1) @ gradient.ravel()


def direction_loops(f, gradient, theta, V):
    predicted = np.zeros((len(V), 1))
    for m, v in enumerate(V):
        for i, row in enumerate(v):
            for j, entry in enumerate(row):
                predicted[m] += entry * gradient[i, j]
    return np.array([complex(f(theta + 1e-30j * v)).imag * 1e30 for v in V]), predicted


# ---- bar -----------------------------------------------------------------------------------------------

def bar_loops(f, x, h, eps):
    slope, truncation = np.zeros(len(x)), np.zeros(len(x))
    for k in range(len(x)):
        quotients = []
        for step in (h, h / 2):
            up, down = x.copy(), x.copy()
            up[k] += step
            down[k] -= step
            quotients.append((f(up) - f(down)) / (2 * step))
        slope[k], truncation[k] = quotients[1], abs(quotients[0] - quotients[1])
    return slope, truncation, 8 * eps * abs(f(x)) / h


def bar_lists(f, x, h, eps):
    wide = [(f(x + e) - f(x - e)) / h / 2 for e in h * np.eye(len(x))]
    near = [(f(x + e / 2) - f(x - e / 2)) / h for e in h * np.eye(len(x))]
    return near, [max(a - b, b - a) for a, b in zip(wide, near, strict=True)], [8 / h * eps * np.abs(f(x))]


def bar_in_place(f, x, h, eps):
    def quotient(k, s, x=x.copy()):
        old = x[k]
        x[k] = old + s
        up = f(x)
        x[k] = old - s
        down = f(x)
        x[k] = old
        return 0.5 * (up - down) / s
    pairs = np.array([[quotient(k, h), quotient(k, h / 2)] for k in range(x.size)])
    return pairs[:, 1], np.abs(np.diff(pairs)), eps * 8 * np.sqrt(f(x) ** 2) / h


# ---- culprit -------------------------------------------------------------------------------------------

def culprit_loops(given, expected, allowed):
    worst, where = -1.0, None
    for k in range(len(given)):
        for i, j in np.ndindex(given[k].shape):
            times = abs(given[k][i, j] - expected[k][i, j]) / allowed[k][i, j]
            if times > worst:
                worst, where = times, (k, i, j)
    k, i, j = where
    return k + 1, [i, j], (given[k][i, j], expected[k][i, j])


def culprit_sorted(given, expected, allowed):
    entries = [(abs(g - e) / a, layer, place, g, e) for layer, (G, E, A) in
               enumerate(zip(given, expected, allowed, strict=True), 1)
               for place, g, e, a in zip(np.ndindex(G.shape), G.flat, E.flat, A.flat, strict=True)]
    _, layer, place, g, e = max(entries)
    return layer, place, [g, e]


def culprit_divmod(given, expected, allowed):
    ratios = [np.abs((G - E) / A) for G, E, A in zip(given, expected, allowed, strict=True)]
    layer = max(range(len(ratios)), key=lambda k: ratios[k].max())
    row, column = divmod(int(ratios[layer].argmax()), ratios[layer].shape[1])
    return np.float64(layer + 1), np.array([row, column]), np.array([given[layer][row, column],
                                                                    expected[layer][row, column]])


# ---- kink ----------------------------------------------------------------------------------------------

def kink_loops(f, gradient, x, h):
    left, right, miss = [], [], []
    here = f(x)
    for k in range(len(x)):
        moved = x.copy()
        moved[k] = x[k] - h
        left.append((here - f(moved)) / h)
        moved[k] = x[k] + h
        right.append((f(moved) - here) / h)
        low, high = sorted((left[-1], right[-1]))
        miss.append(low - gradient[k] if gradient[k] < low else max(gradient[k] - high, 0.0))
    return left, right, miss


def kink_clipped(f, gradient, x, h):
    left = np.array([(f(x - h * e) - f(x)) / -h for e in np.eye(len(x))])
    right = np.array([(f(x + h * e) - f(x)) / h for e in np.eye(len(x))])
    both = np.stack([left, right])
    return left, right, np.abs(gradient - np.clip(gradient, both.min(axis=0), both.max(axis=0)))


def kink_products(f, gradient, x, h):
    left, right = (np.array([(f(x + s * e) - f(x)) / s for e in np.eye(x.size)]) for s in (-h, h))
    between = (gradient - left) * (gradient - right) <= 0
    return left, right, np.where(between, 0, np.minimum(abs(gradient - left), abs(gradient - right)))


# ---- nudges --------------------------------------------------------------------------------------------

def nudges_eye(theta, h):
    return theta + h * np.eye(len(theta)), theta - h * np.eye(len(theta))


def nudges_tiled(theta, h):
    d = len(theta)
    above, below = np.tile(theta, (d, 1)), np.tile(theta, (d, 1))
    above[range(d), range(d)] += h
    below[range(d), range(d)] -= h
    return above, below


def nudges_put_back(theta, h):
    above, below = [], []
    for k in range(len(theta)):
        old = theta[k]
        theta[k] = old + h
        above.append(theta.copy())
        theta[k] = old - h
        below.append(list(theta))
        theta[k] = old
    return above, below


# ---- whole ---------------------------------------------------------------------------------------------

def whole_early_exits(f, gradient, theta):
    if np.shape(gradient) != np.shape(theta):
        return False
    largest = np.max(np.abs(gradient))
    for k in range(len(theta)):
        moved = theta.astype(complex)
        moved[k] += 1e-20j
        slope = complex(f(moved)).imag / 1e-20
        if abs(gradient[k] - slope) <= 1e-8 * abs(slope) + 1e-14 * largest:
            if np.isfinite(gradient[k]):
                continue
        sides = []
        for h in (-1e-4, 1e-4):
            moved = theta.copy()
            moved[k] += h
            sides.append((f(moved) - f(theta)) / h)
        low, high = min(sides), max(sides)
        if not (high - low > 0.1 * max(abs(low), abs(high)) and high - low > 1e-3 * largest
                and low - 1e-3 <= gradient[k] <= high + 1e-3):
            return False
    return True


def whole_with_intervals(f, gradient, theta):
    """Each entry has an interval in which it must lie: the complex step's slope, or both sides of a corner."""
    if gradient.shape != theta.shape:
        return np.False_
    eye = np.eye(theta.size)
    low = np.array([f(theta + 1e-30j * e).imag * 1e30 for e in eye])
    high = low.copy()
    for k, e in enumerate(eye):
        left, right = (f(theta) - f(theta - 1e-5 * e)) / 1e-5, (f(theta + 1e-5 * e) - f(theta)) / 1e-5
        nearer = (f(theta) - f(theta - 1e-6 * e)) / 1e-6, (f(theta + 1e-6 * e) - f(theta)) / 1e-6
        gap, again = abs(right - left), abs(nearer[1] - nearer[0])
        if gap > 0.01 * max(abs(left), abs(right)) and 0.5 < again / gap < 2 and gap > 1e-4 * np.abs(low).max():
            low[k], high[k] = min(left, right), max(left, right)
    slack = 1e-8 * np.maximum(np.abs(low), np.abs(high)) + 1e-14 * np.abs(low).max()
    return np.all((gradient >= low - slack) & (gradient <= high + slack))


def whole_in_pieces(f, gradient, theta):
    def slope(k):
        z = np.array(theta, complex)
        z[k] = complex(theta[k], 1e-40)
        return np.imag(f(z)) / 1e-40

    def at_corner(k):
        e = np.zeros(len(theta))
        e[k] = 1e-5
        up, here, down = f(theta + e), f(theta), f(theta - e)
        ends = sorted([(here - down) / 1e-5, (up - here) / 1e-5])
        noise = 1e-12 * abs(here) / 1e-5
        return ends[1] - ends[0] > 0.01 * max(map(abs, ends)) + noise and ends[0] - noise < gradient[k] < ends[1] + noise

    if not isinstance(gradient, np.ndarray) or gradient.shape != theta.shape or np.isnan(gradient).any():
        return False
    slopes = np.array([slope(k) for k in range(len(theta))])
    limit = 1e-9 * np.maximum(abs(slopes), abs(gradient)) + 1e-14 * abs(slopes).max()
    return all(d <= a or at_corner(k) for k, (d, a) in enumerate(zip(abs(gradient - slopes), limit, strict=True))
               ) and bool(np.isfinite(gradient).all())


RIGHT = {
    "checker.excess": [excess_loops, excess_mapped, excess_where],
    "checker.agrees": [agrees_loops, agrees_finite_first, agrees_counted],
    "checker.direction": [direction_einsum, direction_flat, direction_loops],
    "checker.bar": [bar_loops, bar_lists, bar_in_place],
    "checker.culprit": [culprit_loops, culprit_sorted, culprit_divmod],
    "checker.kink": [kink_loops, kink_clipped, kink_products],
    "checker.nudges": [nudges_eye, nudges_tiled, nudges_put_back],
    "checker.whole": [whole_early_exits, whole_with_intervals, whole_in_pieces],
}
