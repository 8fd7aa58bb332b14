"""Right answers to the differences assignment, written as differently as learners write them: all earn all."""
import math

import numpy as np

# ---- central -------------------------------------------------------------------------------------------


def central_in_place(f, x, h):
    slope = []
    for k in range(x.size):
        old = x[k]
        x[k] = old + h
        up = f(x)
        x[k] = old - h
        slope.append((up - f(x)) / (2 * h))
        x[k] = old
    return slope


def central_eye(f, x, h):
    return [0.5 * (f(x + e) - f(x - e)) / h for e in h * np.eye(len(x))]


def central_mean_of_both_sides(f, x, h):
    slope = np.zeros((len(x), 1))
    for k in range(len(x)):
        above, below = x.copy(), np.array(x, copy=True)
        above[k], below[k] = x[k] + h, x[k] - h
        slope[k] = ((f(above) - f(x)) / h + (f(x) - f(below)) / h) / 2
    return slope


# ---- relative_error ------------------------------------------------------------------------------------

def relative_loop(a, b):
    error = []
    for p, q in zip(a, b, strict=True):
        error.append(0.0 if p == q else abs(p - q) / max(abs(p), abs(q)))
    return error


def relative_nan_to_num(a, b):
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.abs(a - b) / np.maximum(np.abs(a), np.abs(b)))


def relative_where(a, b):
    larger = np.where(np.abs(a) > np.abs(b), np.abs(a), np.abs(b))
    return np.divide(np.abs(b - a), larger, out=np.zeros_like(a), where=larger != 0)


def relative_masked(a, b):
    error, some = np.zeros(len(a)), (a != 0) | (b != 0)
    error[some] = np.abs(a[some] - b[some]) / np.stack([np.abs(a), np.abs(b)]).max(axis=0)[some]
    return error


# ---- complex_step --------------------------------------------------------------------------------------

def complex_eye(f, x):
    return [f(x + 1e-30j * e).imag / 1e-30 for e in np.eye(len(x))]


def complex_put_back(f, x):
    slope, moved = np.zeros(len(x)), x + 0j
    for k, old in enumerate(x):
        moved[k] = complex(old, 1e-20)
        slope[k] = np.imag(f(moved)) / 1e-20
        moved[k] = old
    return slope


def complex_quotient(f, x):
    return np.array([np.real((f(x + 1e-40j * e) - f(x)) / 1e-40j) for e in np.eye(x.size)]).reshape(-1, 1)


# ---- gates ---------------------------------------------------------------------------------------------

def gates_tuples(x, y, upstream):
    first = x > y
    return (upstream, upstream), (upstream * y, upstream * x), (upstream * first, upstream * ~first)


def gates_loops(x, y, upstream):
    n = len(x)
    add, multiply, maximum = np.zeros((3, 2, n))
    for i in range(n):
        add[:, i] = upstream[i]
        multiply[0, i], multiply[1, i] = y[i] * upstream[i], x[i] * upstream[i]
        if x[i] > y[i]:
            maximum[0, i] = upstream[i]
        else:
            maximum[1, i] = upstream[i]
    return add, multiply, maximum


def gates_stacked(x, y, upstream):
    both = np.vstack([x, y])
    return [np.tile(upstream, (2, 1)), both[::-1] * upstream, np.where(both == both.max(axis=0), upstream, 0)]


# ---- simple --------------------------------------------------------------------------------------------

def simple_by_hand(x, y, z, df):
    return z * df, z * df, z * df, (x + y) * df


def simple_loops(x, y, z, df):
    out = [[], [], [], []]
    for a, b, c, up in zip(x, y, z, df, strict=True):
        q = a + b
        for wire, slope in zip(out, (up * c, 1 * up * c, 1 * up * c, up * q), strict=True):
            wire.append(slope)
    return out


def simple_locals(x, y, z, df):
    dq_local, dz_local = z, y + x
    dq = np.multiply(dq_local, df)
    return [dq, 1.0 * dq, dq.copy(), np.multiply(df, dz_local)]


# ---- neuron_forward ------------------------------------------------------------------------------------

def forward_list(w0, x0, w1, x1, w2):
    a = w0 * x0
    b = w1 * x1
    c = a + b
    s = c + w2
    m = -1 * s
    e = np.exp(m)
    p = e + 1
    return [a, b, c, s, m, e, p, p**-1]


def forward_loops(w0, x0, w1, x1, w2):
    values = np.zeros((8, len(w0)))
    for i in range(len(w0)):
        a, b = w0[i] * x0[i], w1[i] * x1[i]
        s = w2[i] + b + a
        values[:, i] = a, b, a + b, s, -s, math.exp(-s), 1 + math.exp(-s), 1 / (1 + math.exp(-s))
    return values


def forward_stacked(w0, x0, w1, x1, w2):
    products = np.stack([w0, w1]) * np.stack([x0, x1])
    u = products.sum(axis=0)
    e = 1 / np.exp(u + w2)
    return np.vstack([products, u, u + w2, -u - w2, e, 1 + e, 0.5 * (1 + np.tanh((u + w2) / 2))])


# ---- sigmoid_gates -------------------------------------------------------------------------------------

def sigmoid_gates_from_f(m, e, p, df):
    f = 1 / p
    dp = -f * f * df
    return dp, dp, e * dp, f * (1 - f) * df


def sigmoid_gates_loops(m, e, p, df):
    out = np.zeros((4, len(m)))
    for i in range(len(m)):
        dp = -df[i] / p[i] ** 2
        out[:, i] = dp, 1 * dp, math.exp(m[i]) * dp, -1 * math.exp(m[i]) * dp
    return list(out)


def sigmoid_gates_powers(m, e, p, df):
    dp = df * -np.power(p, -2)
    de = 1 * dp
    dm = (p - 1) * de
    return [dp, de, dm, dm * -1]


# ---- neuron --------------------------------------------------------------------------------------------

def neuron_wire_by_wire(w0, x0, w1, x1, w2):
    e = np.exp(-(w0 * x0 + w1 * x1 + w2))
    p = 1 + e
    dp = -1 / p**2
    dm = e * dp
    ds = -1 * dm
    return [ds * x0, ds * x1, ds], [ds * w0, ds * w1]


def neuron_cosh(w0, x0, w1, x1, w2):
    ds = 1 / (4 * np.cosh((w0 * x0 + w1 * x1 + w2) / 2) ** 2)
    return np.stack([x0, x1, np.ones_like(w2)]) * ds, np.vstack([w0, w1]) * ds


def neuron_loops(w0, x0, w1, x1, w2):
    dw, dx = np.zeros((3, len(w0))), np.zeros((2, len(w0)))
    for i, (a, b, c, d, t) in enumerate(zip(w0, x0, w1, x1, w2, strict=True)):
        f = 1 / (1 + math.exp(-(a * b + c * d + t)))
        dw[:, i] = b * f * (1 - f), d * f * (1 - f), f * (1 - f)
        dx[:, i] = a * f * (1 - f), c * f * (1 - f)
    return dw, dx


# ---- twice ---------------------------------------------------------------------------------------------

def twice_multiplied_out(x, y):
    return 2 * x * y + x, 2 * x * y**2 + 2 * x * y, 2 * x**2 * y + x**2


def twice_accumulated(x, y):
    p = x * y
    q = p + x
    slope = {name: np.zeros(len(x)) for name in "xypq"}
    slope["p"] += q
    slope["q"] += p
    slope["p"] += slope["q"]
    slope["x"] += slope["q"]
    slope["x"] += y * slope["p"]
    slope["y"] += x * slope["p"]
    return slope["p"], slope["x"], slope["y"]


def twice_lists(x, y):
    dp = [2 * a * b + a for a, b in zip(x, y, strict=True)]
    dx = [b * up + a * b for a, b, up in zip(x, y, dp, strict=True)]
    return dp, dx, [a * up for a, up in zip(x, dp, strict=True)]


# ---- circuit -------------------------------------------------------------------------------------------

def circuit_lists(kinds, left, right, values):
    slopes = [0.0] * len(values)
    slopes[-1] = 1.0
    wire = len(values)
    for kind, i, j in zip(kinds[::-1], left[::-1], right[::-1], strict=True):
        wire -= 1
        up, x, y = slopes[wire], values[i], values[j]
        if kind == 0:
            slopes[i] += up
            slopes[j] += up
        elif kind == 1:
            slopes[i] += up * y
            slopes[j] += up * x
        elif x >= y:
            slopes[i] += up
        else:
            slopes[j] += up
    return slopes


def circuit_matrix(kinds, left, right, values):
    """All local slopes in a matrix J (to, from); the slopes at the last wire solve s = Jᵀ s + last."""
    count, first = len(values), len(values) - len(kinds)
    J = np.zeros((count, count))
    for g in range(len(kinds)):
        x, y = values[left[g]], values[right[g]]
        local = {0: (1, 1), 1: (y, x), 2: (x > y, x < y)}[int(kinds[g])]
        J[first + g, left[g]] += local[0]
        J[first + g, right[g]] += local[1]
    return np.linalg.solve(np.eye(count) - J.T, np.eye(count)[-1])


def circuit_recursive(kinds, left, right, values):
    """Each wire asks its children, as TAYLOR-26 says it."""
    first = len(values) - len(kinds)

    def slope(wire):
        total = 1.0 if wire == len(values) - 1 else 0.0
        for g in range(max(0, wire - first + 1), len(kinds)):
            x, y = values[left[g]], values[right[g]]
            if left[g] == wire:
                total += slope(first + g) * [1, y, x > y][kinds[g]]
            if right[g] == wire:
                total += slope(first + g) * [1, x, y > x][kinds[g]]
        return total
    return [slope(wire) for wire in range(len(values))]


RIGHT = {
    "differences.central": [central_in_place, central_eye, central_mean_of_both_sides],
    "differences.relative_error": [relative_loop, relative_nan_to_num, relative_where, relative_masked],
    "differences.complex_step": [complex_eye, complex_put_back, complex_quotient],
    "differences.gates": [gates_tuples, gates_loops, gates_stacked],
    "differences.simple": [simple_by_hand, simple_loops, simple_locals],
    "differences.neuron_forward": [forward_list, forward_loops, forward_stacked],
    "differences.sigmoid_gates": [sigmoid_gates_from_f, sigmoid_gates_loops, sigmoid_gates_powers],
    "differences.neuron": [neuron_wire_by_wire, neuron_cosh, neuron_loops],
    "differences.twice": [twice_multiplied_out, twice_accumulated, twice_lists],
    "differences.circuit": [circuit_lists, circuit_matrix, circuit_recursive],
}
