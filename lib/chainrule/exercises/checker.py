"""A gradient checker, built piece by piece: who judges a gradient must err to neither side.

Eight exercises as data. `agrees` and `whole` are judged by what they do: they are shown right gradients and wrong ones
of several kinds, and of each kind is counted how many of the right ones they accept and of the wrong ones they reject.
A checker that says the same of all earns nothing. Functions that are handed over stay with whoever calls the check.
"""
import itertools

import numpy as np

from chainrule.exercises import Unfit, exercise

EPS = np.finfo(float).eps
POINTS = ((1, (4,)), (1, (3,)), (1, (6,)))        # one point of so many entries
COUNTED = "right ones accepted, wrong ones rejected"
DIRECTIONS = ((3, (4, 2)), (4, (3, 3)), (6, (2, 5)), (5, (3, 1)))     # so many directions in matrices of this shape


def shapes_of(widths):
    return list(itertools.pairwise(widths))


# ---- 1 · by how much more than allowed -------------------------------------------------------------------

def for_excess(rng, n, widths, scale):
    """Slopes that agree to between one and eleven digits; the early layer is small, and one entry in each is tiny."""
    expected = [scale * 10.0 ** (3 * k - 6) * rng.normal(size=s) for k, s in enumerate(shapes_of(widths))]
    for E in expected:
        E[-1, -1] = 1e-6 * np.max(np.abs(E))
    given = [E * (1 - rng.choice([-1, 1], size=E.shape) * 10.0 ** rng.uniform(-11, -1, size=E.shape)) for E in expected]
    for G in given:
        G[-1, -1] *= 2
    return {"given": given, "expected": expected}


@exercise("checker.excess", points=2, minutes=10, returns={"excess": "(d_in, d_out), one for each layer"},
          inputs=for_excess, cites=("LFD-06",),
          praise="Yes. Nine digits where an entry counts, mercy where it is rounding, and every layer measured by its "
                 "own size: a small first layer can't hide behind a large last one.")
def excess(given, expected):
    found = []
    for G, E in zip(given, expected, strict=True):
        size = np.maximum(np.abs(G), np.abs(E))
        found.append(np.abs(G - E) / (1e-9 * size + 64 * EPS * size.max()))
    return found


def over(given, expected, allowed, miss=lambda G, E: np.abs(G - E)):
    """`miss` over what `allowed(size, G, E)` gives for each layer, where size is the larger of both sizes."""
    return [miss(G, E) / allowed(np.maximum(np.abs(G), np.abs(E)), G, E)
            for G, E in zip(given, expected, strict=True)]


@excess.misconception(
    "one largest size serves for all layers",
    "Whose largest size stands in the allowance of the first layer: its own, or that of the whole network?",
    "Make the last layer a thousand times larger. Should the first layer be judged more mildly for it?")
def global_size(given, expected):
    largest = max(np.max(np.abs(A)) for A in [*given, *expected])
    return over(given, expected, lambda size, G, E: 1e-9 * size + 64 * EPS * largest)


@excess.misconception(
    "the second part of the allowance is missing",
    "An entry may be a small difference of large terms. Whose rounding does it carry?",
    "Of the two parts of what is allowed, which one belongs to the whole layer? Do you add it?")
def no_mercy(given, expected):
    return over(given, expected, lambda size, G, E: 1e-9 * size)


@excess.misconception(
    "the first part of the allowance is missing",
    "Of how many digits must an ordinary entry be right? Where does your code say so?",
    "Of the two parts of what is allowed, which one belongs to each entry alone? Do you add it?")
def only_mercy(given, expected):
    return over(given, expected, lambda size, G, E: 64 * EPS * size.max() + 0 * size)


@excess.misconception(
    "a fixed number stands in the place of the layer's size",
    "A loss in other units has other slopes. Should the same gradient then be judged differently?",
    "Multiply all slopes by a millionth. Does your excess stay as it was?")
def fixed_floor(given, expected):
    return over(given, expected, lambda size, G, E: 1e-9 * size + 1e-8)


@excess.misconception(
    "only the size of the given slope counts",
    "If the given slope is 0 by mistake, how large is what you allow for this entry?",
    "Exchange given and expected. Does your excess stay the same?")
def size_of_given(given, expected):
    return over(given, expected, lambda size, G, E: 1e-9 * np.abs(G) + 64 * EPS * np.max(np.abs(G)))


@excess.misconception(
    "both sizes are added",
    "The contract asks for one of the two sizes. Which?",
    "With a given slope of 2 and an expected one of 1, is the size 3?")
def both_sizes(given, expected):
    return over(given, expected, lambda size, G, E: 1e-9 * (np.abs(G) + np.abs(E))
                + 64 * EPS * np.max(np.abs(G) + np.abs(E)))


@excess.misconception(
    "the difference keeps its sign",
    "Is an entry that is too small by a lot in better order than one that is too large by a little?",
    "Can your excess be negative? What would the verdict make of that?")
def signed(given, expected):
    return over(given, expected, lambda size, G, E: 1e-9 * size + 64 * EPS * size.max(), lambda G, E: G - E)


@excess.misconception(
    "it is the difference itself, not how many times the allowed one",
    "Is a difference of 1e-8 much or little? By what do you have to divide to say so?",
    "With an excess of 1 an entry is just allowed. Does yours say that?")
def amount(given, expected):
    return [np.abs(G - E) for G, E in zip(given, expected, strict=True)]


@excess.misconception(
    "the allowed difference is taken off instead of divided by",
    "An excess is a number of times. What should it be where given and expected agree exactly?",
    "Is your excess ever negative? Which operation turns two amounts into a number of times?")
def taken_off(given, expected):
    return [np.abs(G - E) - np.abs(G - E) / x
            for G, E, x in zip(given, expected, excess.answer(given, expected), strict=True)]


@excess.misconception(
    "the mean size of the layer stands where its largest should",
    "Rounding in a sum comes from its large terms. Which size of the layer stands for them?",
    "Many small entries and one large one: by which of them do you measure the layer?")
def mean_size(given, expected):
    return over(given, expected, lambda size, G, E: 1e-9 * size + 64 * EPS * size.mean())


# ---- 2 · a verdict that NaN, shapes and zeros can't deceive ------------------------------------------------

def for_agrees(rng, n, widths, scale):
    """Slopes that agree as well as is allowed, each within nine tenths of its allowance."""
    shape = widths[:2]
    expected = scale * rng.uniform(0.5, 2, size=shape) * rng.choice([-1, 1], size=shape)
    allowed = 1e-9 * scale * rng.uniform(0.9, 1.1, size=shape)
    return {"given": expected + allowed * rng.uniform(-0.9, 0.9, size=shape), "expected": expected, "allowed": allowed}


def verdict_on(function, arguments, first=False):
    """What `function` says of a case: True, False, or None if it stopped. The first case must not stop it."""
    try:
        said = function(*arguments)
    except (ArithmeticError, ValueError, TypeError, LookupError, AttributeError, AssertionError):
        if first:
            raise
        return None
    if first and said is None:
        return None
    if isinstance(said, (bool, np.bool_)) or (isinstance(said, np.ndarray) and said.shape == () and said.dtype == bool):
        return bool(said)
    what = f"an array of shape {said.shape}" if isinstance(said, np.ndarray) and said.ndim else f"{said!r:.40}"
    raise Unfit(f"The verdict should be True or False, one for all entries together; it was {what}.")


def counted(function, kinds):
    """(accepted, rejected) for each kind: how many of its right cases were accepted, of its wrong ones rejected."""
    first = next(iter(kinds.values()))[0][0]
    if verdict_on(function, first, first=True) is None:
        return None
    results = []
    for right, wrong in kinds.values():
        accepted = sum(verdict_on(function, case) is True for case in right)
        rejected = sum(verdict_on(function, case) is False for case in wrong)
        results.append(np.array([accepted, rejected], float))
    return tuple(results)


def shown_to_agrees(function, given, expected, allowed):
    """Right and wrong slopes of four kinds."""
    def with_entry(k, value):
        moved = given.copy()
        moved.flat[k] = value
        return moved

    def off_by(times, k):
        return with_entry(k, expected.flat[k] + times * allowed.flat[k])

    pair = expected.copy()
    pair.flat[0], pair.flat[-1] = pair.flat[0] + 1e-4 * abs(pair.flat[0]), pair.flat[-1] - 1e-4 * abs(pair.flat[0])
    nothing, equal = 0 * expected, np.full(expected.shape, expected[0, 0])
    kinds = {
        "entries": ([given, expected], [off_by(1.5, 0), off_by(-1.5, -1), off_by(1e9, expected.size // 2), pair]),
        "numbers": ([given], [with_entry(-1, np.nan), np.full(given.shape, np.nan), with_entry(0, np.inf)])}
    cases = {kind: tuple([(g.copy(), expected, allowed) for g in group] for group in groups)
             for kind, groups in kinds.items()}
    cases["shapes"] = ([(equal, equal, allowed)],
                       [(equal[:1], equal, allowed), (equal[0], equal, allowed), (equal[:1, :1], equal, allowed)])
    cases["limits"] = ([(nothing, nothing, nothing), (nothing + allowed, nothing, allowed)],
                       [(nothing + allowed, nothing, nothing)])
    return counted(function, cases)


@exercise("checker.agrees", points=4, minutes=10, inputs=for_agrees, measure=shown_to_agrees, cites=("LFD-06",),
          returns=dict.fromkeys(("entries", "numbers", "shapes", "limits"), COUNTED),
          praise="Right, to both sides. It accepts what is allowed, to the very limit, and neither NaN nor a shape "
                 "that NumPy would stretch gets past it.")
def agrees(given, expected, allowed):
    if given.shape != expected.shape:
        return False
    return bool(np.all(np.abs(given - expected) <= allowed))     # NaN <= x is False


@agrees.misconception(
    "it looks for a difference that is too large, and NaN is never larger",
    "What does Python say to NaN > 1? And to NaN <= 1?",
    "Do you search for bad entries, or do you demand that all are good? Which of the two does NaN slip through?")
def nan_slips(given, expected, allowed):
    return given.shape == expected.shape and not np.any(np.abs(given - expected) > allowed)


@agrees.misconception(
    "shapes are not compared, and NumPy stretches a small array",
    "What does NumPy do with an array (1, 3) minus an array (4, 3)? Is that a gradient of the right shape?",
    "Before any entry is compared: what must be the same of both arrays?")
def stretched(given, expected, allowed):
    return bool(np.all(np.abs(given - expected) <= allowed))


@agrees.misconception(
    "what is exactly at the limit is rejected",
    "A difference of 0 where 0 is allowed: is that too much?",
    "Is a difference that equals the allowed one still allowed? Which sign of comparison says so?")
def strictly_less(given, expected, allowed):
    return given.shape == expected.shape and bool(np.all(np.abs(given - expected) < allowed))


@agrees.misconception(
    "it divides by what is allowed, and 0 / 0 is not a number",
    "What if nothing is allowed and nothing is wrong? What does your division give?",
    "Can you compare the two without any division?")
def divided(given, expected, allowed):
    with np.errstate(all="ignore"):
        return given.shape == expected.shape and bool(np.all(np.abs(given - expected) / allowed <= 1))


@agrees.misconception(
    "differences are summed, and opposite ones cancel",
    "One entry is too large, another too small by as much. What does your sum say?",
    "Is one number for all entries enough, or must each entry pass by itself?")
def summed(given, expected, allowed):
    return given.shape == expected.shape and bool(abs(np.sum(given - expected)) <= np.sum(allowed))


@agrees.misconception(
    "one norm stands for all entries, and a single bad one hides in it",
    "Twenty good entries and one bad one: what does the length of the difference say about the one?",
    "Spoil one entry by half as much again as is allowed. Does your one number notice?")
def by_norm(given, expected, allowed):
    return given.shape == expected.shape and bool(np.linalg.norm(given - expected) <= 2 * np.linalg.norm(allowed))


@agrees.misconception(
    "one good entry is enough",
    "Any, or all: which of the two do you ask of the entries?",
    "Spoil one entry and leave the others. What does your function say, and what should it?")
def any_will_do(given, expected, allowed):
    return given.shape == expected.shape and bool(np.any(np.abs(given - expected) <= allowed))


@agrees.misconception(
    "a difference below zero always passes",
    "Is an entry that is far too small all right? How large is its difference, with its sign?",
    "Given 1 and expected 100: what do you compare with what is allowed?")
def below_passes(given, expected, allowed):
    return given.shape == expected.shape and bool(np.all(given - expected <= allowed))


@agrees.misconception(
    "the allowance that was handed over is not used",
    "Who says how large a difference may be: you, NumPy's defaults, or the third argument?",
    "Where does the third argument enter your verdict?")
def own_allowance(given, expected, allowed):
    return given.shape == expected.shape and bool(np.allclose(given, expected))


@agrees.misconception(
    "it says yes to everything",
    "Is there a gradient that your function rejects?",
    "Hand it something absurd. Which line of yours can give False?")
def yes(given, expected, allowed):
    return True


# ---- 3 · one number along a direction --------------------------------------------------------------------

def some_function(rng, shape, scale):
    """A smooth f of an array of this shape, safe for complex numbers, and its slope at a point."""
    A, c = rng.normal(size=(3, *shape)), scale * rng.uniform(0.5, 1.5, size=3)
    axes = tuple(range(1, len(shape) + 1))

    def f(x):
        return c @ np.exp(np.tanh((A * x).sum(axis=axes)))

    def slope(x):
        t = np.tanh((A * x).sum(axis=axes))
        return np.tensordot(c * np.exp(t) * (1 - t**2), A, 1)
    return f, slope


def for_direction(rng, n, widths, scale):
    """A gradient that is right but for one entry, and as many directions as there are examples elsewhere."""
    f, slope = some_function(rng, widths, scale)
    theta = 0.3 * rng.normal(size=widths)
    gradient = slope(theta)
    gradient[0, 0] += 0.1 * np.max(np.abs(gradient))
    return {"f": f, "gradient": gradient, "theta": theta, "V": rng.normal(size=(n, *widths))}


@exercise("checker.direction", points=2, minutes=10, inputs=for_direction, shapes=DIRECTIONS, cites=("LFD-06",),
          returns={"measured": "(m,)", "predicted": "(m,)"},
          praise="Right. One run of f asks all entries at once. Where the two numbers differ the gradient is wrong; "
                 "where they agree along a direction drawn by chance, it is very probably right.")
def direction(f, gradient, theta, V):
    measured = np.array([f(theta + 1e-30j * v).imag / 1e-30 for v in V])      # d/dt f(θ + t v) at t = 0
    predicted = np.array([np.sum(v * gradient) for v in V])                   # v · g
    return measured, predicted


def along(f, theta, V, step=1e-30j):
    return np.array([f(theta + step * v) for v in V])


def products(gradient, V):
    return np.array([(v * gradient).sum() for v in V])


@direction.misconception(
    "it is not divided by the step",
    "How large is an imaginary part that a step of 1e-30 makes? Is that a slope yet?",
    "For f(x) = 3x the slope along v = 1 is 3. What is the imaginary part of f after your step?")
def undivided(f, gradient, theta, V):
    return along(f, theta, V).imag, products(gradient, V)


@direction.misconception(
    "the real part is taken",
    "f has moved sideways. In which part of the complex number do you see the movement?",
    "The one part is f itself, as before. Which part was 0 before you moved?")
def real_part(f, gradient, theta, V):
    return along(f, theta, V).real / 1e-30, products(gradient, V)


@direction.misconception(
    "only the signs of the direction are used",
    "If two errors are equal and opposite, how likely is it that signs alone let them cancel?",
    "Print the direction that you walk along. Is it the one that was handed over?")
def signs_only(f, gradient, theta, V):
    return along(f, theta, np.sign(V)).imag / 1e-30, products(gradient, np.sign(V))


@direction.misconception(
    "the direction is brought to length 1 on this side only",
    "Twice as long a direction: what happens to each of your two numbers?",
    "Both numbers belong to the same v. Do you change its length in one of them?")
def unit_length(f, gradient, theta, V):
    return along(f, theta, [v / np.linalg.norm(v) for v in V]).imag / 1e-30, products(gradient, V)


@direction.misconception(
    "the mean is taken, not the sum over the entries",
    "Two entries move f, each by 1. Does f move by 2 or by 1?",
    "A dot product has no division. Does yours?")
def averaged(f, gradient, theta, V):
    return direction.answer(f, gradient, theta, V)[0], products(gradient, V) / gradient.size


@direction.misconception(
    "sizes are multiplied, and signs are lost",
    "One entry raises f, another lowers it. What should their effects do together?",
    "Can your prediction be negative? Should it?")
def sizes(f, gradient, theta, V):
    return direction.answer(f, gradient, theta, V)[0], products(np.abs(gradient), np.abs(V))


@direction.misconception(
    "all directions are walked at once",
    "You were handed several directions. How many numbers do you give back that differ?",
    "Do you add the directions before you step? What then has each of them found out?")
def all_together(f, gradient, theta, V):
    total = V.sum(axis=0)[None]
    return along(f, theta, total).imag.repeat(len(V)) / 1e-30, products(gradient, total).repeat(len(V))


@direction.misconception(
    "directions that were walked stay walked",
    "When the second direction has its turn, where does it start from?",
    "Do you begin each turn at the point you were handed?")
def stay_walked(f, gradient, theta, V):
    return along(f, theta, np.cumsum(V, axis=0)).imag / 1e-30, products(gradient, V)


# ---- 4 · a slope with its error bar ----------------------------------------------------------------------

def for_bar(rng, n, widths, scale):
    """An f whose third slopes keep away from 0, so that there is a truncation to be seen; f is negative."""
    A, c = rng.uniform(0.5, 1.5, size=(3, widths[0])), -scale * rng.uniform(0.5, 1.5, size=3)
    return {"f": lambda x: c @ np.exp(A @ x), "x": rng.uniform(-1, 1, size=widths[0]),
            "h": np.float64(rng.uniform(0.1, 0.3)), "eps": np.float64(rng.uniform(1e-7, 2e-7))}


@exercise("checker.bar", points=3, minutes=12, inputs=for_bar, shapes=POINTS, cites=("LFD-06", "AIML231-15"),
          returns={"slope": "(d,)", "truncation": "(d,)", "rounding": "a number"},
          praise="Right: a measurement with its error bar. What lies within the bar is not known, and a fair judge "
                 "accuses no one of it.")
def bar(f, x, h, eps):
    def central(s):
        return np.array([(f(x + s * e) - f(x - s * e)) / (2 * s) for e in np.eye(len(x))])
    slope = central(h / 2)
    truncation = np.abs(central(h) - slope)                # shrinks like h²
    rounding = 8 * eps * abs(f(x)) / h                     # grows like 1/h
    return slope, truncation, rounding


def centrals(f, x, h):
    """The central difference with step h, entry by entry."""
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])


@bar.misconception(
    "it is the coarser of the two, with the whole step",
    "You know two slopes, one with step h and one with h/2. Which is the better one?",
    "The error goes with the square of the step. By how much is the other slope better?")
def coarser(f, x, h, eps):
    return centrals(f, x, h), *bar.answer(f, x, h, eps)[1:]


@bar.misconception(
    "the step was halved, but not where it is divided by",
    "How far apart are the two places at which you ask f, when the step is h/2?",
    "For a straight line every step gives the same slope. Does yours, with half the step?")
def half_divided(f, x, h, eps):
    wrong = centrals(f, x, h / 2) / 2
    return wrong, np.abs(centrals(f, x, h) - wrong), bar.answer(f, x, h, eps)[2]


@bar.misconception(
    "it can have the wrong sign: the difference keeps its own",
    "Can an error bar be shorter than nothing?",
    "Is one of your numbers negative? What would a judge do who allows a difference of less than 0?")
def signed_truncation(f, x, h, eps):
    slope, _, rounding = bar.answer(f, x, h, eps)
    return slope, centrals(f, x, h) - slope, rounding


@bar.misconception(
    "it is a share of the slope, not an amount",
    "An error bar has the unit of what it belongs to. Has yours?",
    "Multiply f by 10. Do slope and truncation both grow tenfold?")
def relative_truncation(f, x, h, eps):
    slope, truncation, rounding = bar.answer(f, x, h, eps)
    return slope, truncation / np.abs(slope), rounding


@bar.misconception(
    "a difference to one side is compared with a central one",
    "How do the two slopes come about that you compare? Do they differ in their step alone?",
    "The contract asks what a smaller step changes. What else did you change?")
def one_sided_truncation(f, x, h, eps):
    slope, _, rounding = bar.answer(f, x, h, eps)
    forward = np.array([(f(x + h * e) - f(x)) / h for e in np.eye(len(x))])
    return slope, np.abs(forward - slope), rounding


@bar.misconception(
    "the step is multiplied by, not divided by",
    "The smaller the step, the more of the digits cancel. Does your number grow when h shrinks?",
    "f is wrong by so much. What do you divide f's difference by, to get a slope?")
def rounding_times_h(f, x, h, eps):
    slope, truncation, _ = bar.answer(f, x, h, eps)
    return slope, truncation, 8 * eps * abs(f(x)) * h


@bar.misconception(
    "the sign of f comes in",
    "f may be negative. Can an error bar be?",
    "Which of the numbers in the formula stands between bars?")
def rounding_with_sign(f, x, h, eps):
    slope, truncation, _ = bar.answer(f, x, h, eps)
    return slope, truncation, 8 * eps * f(x) / h


@bar.misconception(
    "the size of the slope stands where the size of f should",
    "What is rounded: the values of f, or the slope that they lead to?",
    "Add a million to f. No slope changes. Do the digits that are lost?")
def rounding_of_slope(f, x, h, eps):
    slope, truncation, _ = bar.answer(f, x, h, eps)
    return slope, truncation, 8 * eps * np.max(np.abs(slope)) / h


@bar.misconception(
    "the 8 is missing",
    "Two values of f are subtracted, and each comes out of several operations. Is one rounding enough?",
    "Compare your formula with the one in the task. What stands in front?")
def eight_forgotten(f, x, h, eps):
    slope, truncation, _ = bar.answer(f, x, h, eps)
    return slope, truncation, eps * abs(f(x)) / h


# ---- 5 · the culprit -------------------------------------------------------------------------------------

def for_culprit(rng, n, widths, scale):
    """One entry is 40 times off its allowance, downwards; the other layer has +20 and −25, this one a large amount."""
    shapes = shapes_of(widths)
    c = max(range(len(shapes)), key=lambda k: (np.prod(shapes[k]), k))
    expected = [scale * rng.normal(size=s) for s in shapes]
    allowed = [1e-9 * scale * rng.uniform(0.5, 2, size=s) for s in shapes]
    times = [rng.choice([-1, 1], size=s) * (rng.uniform(1.5, 3, size=s) if k == c else rng.uniform(12, 15, size=s))
             for k, s in enumerate(shapes)]
    rows, columns = shapes[c]
    times[c][rng.integers(1, rows), rng.integers(columns)] = -40.0
    other = 1 - c
    times[other].flat[0], times[other].flat[-1] = 20.0, -25.0
    allowed[c].flat[1] = 1e-7 * scale             # here a large difference is hardly more than allowed
    given = [E + t * A for E, t, A in zip(expected, times, allowed, strict=True)]
    return {"given": given, "expected": expected, "allowed": allowed}


@exercise("checker.culprit", points=3, minutes=12, inputs=for_culprit, cites=("LFD-06",),
          returns={"layer": "a number, from 1", "entry": "(2,), row and column", "values": "(2,), given and expected"},
          praise="Right. Whoever accuses should name the place and both numbers: that is where the search for the slip "
                 "begins.")
def culprit(given, expected, allowed):
    times = [np.abs(G - E) / A for G, E, A in zip(given, expected, allowed, strict=True)]
    layer = int(np.argmax([t.max() for t in times]))
    entry = np.unravel_index(np.argmax(times[layer]), times[layer].shape)
    return np.array(layer + 1.0), np.array(entry, float), np.array([given[layer][entry], expected[layer][entry]])


def named(given, expected, scores):
    """The results for the entry with the largest score."""
    layer = int(np.argmax([s.max() for s in scores]))
    entry = np.unravel_index(np.argmax(scores[layer]), scores[layer].shape)
    return np.array(layer + 1.0), np.array(entry, float), np.array([given[layer][entry], expected[layer][entry]])


def scored(given, expected, allowed):
    return [np.abs(G - E) / A for G, E, A in zip(given, expected, allowed, strict=True)]


@culprit.misconception(
    "the largest difference is named, not the one furthest beyond its allowance",
    "A large difference may be allowed, a small one not. By what do you compare two entries?",
    "Where does the third argument enter your search?")
def by_amount(given, expected, allowed):
    return named(given, expected, [np.abs(G - E) for G, E in zip(given, expected, strict=True)])


@culprit.misconception(
    "entries that are too small are overlooked",
    "Is an entry that is far too small a smaller sin than one that is a little too large?",
    "Which sign has a difference, if the given slope is too small? What does a search for the largest make of it?")
def sign_kept(given, expected, allowed):
    return named(given, expected, [(G - E) / A for G, E, A in zip(given, expected, allowed, strict=True)])


@culprit.misconception(
    "the first entry beyond its allowance is named, not the worst",
    "Several entries may be beyond what is allowed. Which one is asked for?",
    "When your loop has found one: does it look on?")
def first_found(given, expected, allowed):
    return named(given, expected, [(t > 1) * (1.0 + (len(given) - k)) for k, t in
                                   enumerate(scored(given, expected, allowed))])


@culprit.misconception(
    "layers are counted from 0",
    "What do people call the first layer, and what does Python call it?",
    "With which number does the contract begin to count?")
def from_zero(given, expected, allowed):
    layer, entry, values = culprit.answer(given, expected, allowed)
    return layer - 1, entry, values


@culprit.misconception(
    "row and column are exchanged",
    "Which of the two indices comes first when you write an entry of a matrix?",
    "Is your place always inside a matrix that is not square?")
def exchanged(given, expected, allowed):
    layer, entry, values = culprit.answer(given, expected, allowed)
    return layer, entry[::-1], values


@culprit.misconception(
    "expected stands before given",
    "In which order does the contract name the two values?",
    "A report says: the gradient is …, and should be …. Which comes first?")
def order_of_values(given, expected, allowed):
    layer, entry, values = culprit.answer(given, expected, allowed)
    return layer, entry, values[::-1]


@culprit.misconception(
    "only the last layer is searched",
    "In how many layers can a slip hide? In how many do you look?",
    "Does your loop keep the worst so far, or begin anew with each layer?")
def last_layer(given, expected, allowed):
    *rest, last = scored(given, expected, allowed)
    return named(given, expected, [0 * t for t in rest] + [last])


@culprit.misconception(
    "the layer with the worst average is searched",
    "Can a layer be fine on average and hold the one entry that is furthest off?",
    "By which of its entries should a layer be represented, if you look for the worst of all?")
def worst_average(given, expected, allowed):
    times = scored(given, expected, allowed)
    worst = int(np.argmax([t.mean() for t in times]))
    return named(given, expected, [t if k == worst else 0 * t for k, t in enumerate(times)])


@culprit.misconception(
    "the best entry is named, not the worst",
    "Is a large number of times the allowance good or bad?",
    "Do you look for the largest or for the smallest?")
def best_entry(given, expected, allowed):
    return named(given, expected, [-t for t in scored(given, expected, allowed)])


# ---- 6 · kinks -------------------------------------------------------------------------------------------

def for_kink(rng, n, widths, scale):
    """Straight pieces with a corner at some entries of x, bent up or down; the gradient is between, below, above."""
    d = widths[0]
    x = rng.normal(size=d)
    middle = scale * rng.choice([-1, 1], size=d) * rng.uniform(2, 3, size=d)
    bend = scale * rng.uniform(0.5, 1.5, size=d) * np.array([1, -1, 1, 1, -1, -1])[:d]
    corner = x + np.array([0, 0, 1, 0, 0, -1])[:d]
    where = np.array([0.5, -0.4, 1.6, -1.5, 2.0, 1.7])[:d]

    def f(x):
        return np.sum(middle * x + bend * np.abs(x - corner))
    return {"f": f, "gradient": middle + where * np.abs(bend), "x": x, "h": np.float64(rng.uniform(1e-3, 3e-3))}


@exercise("checker.kink", points=3, minutes=12, inputs=for_kink, shapes=POINTS, cites=("LFD-06",),
          returns={"left": "(d,)", "right": "(d,)", "miss": "(d,)"},
          praise="Right. At a corner every slope between the two sides is a fair answer, so the distance is to the "
                 "whole interval; and a corner may bend up or down.")
def kink(f, gradient, x, h):
    eye = np.eye(len(x))
    left = np.array([(f(x) - f(x - h * e)) / h for e in eye])
    right = np.array([(f(x + h * e) - f(x)) / h for e in eye])
    low, high = np.minimum(left, right), np.maximum(left, right)
    return left, right, np.maximum(0, np.maximum(low - gradient, gradient - high))


def sides(f, x, h):
    eye = np.eye(len(x))
    return (np.array([(f(x) - f(x - h * e)) / h for e in eye]), np.array([(f(x + h * e) - f(x)) / h for e in eye]))


def outside(gradient, left, right):
    return np.abs(gradient - np.clip(gradient, np.minimum(left, right), np.maximum(left, right)))


@kink.misconception(
    "one central difference stands for both sides",
    "A chord across a corner: whose slope has it?",
    "Which places does the slope of the left side know? Does yours also look to the right?")
def chord(f, gradient, x, h):
    left, right = sides(f, x, h)
    middle = (left + right) / 2
    return middle, middle, np.abs(gradient - middle)


@kink.misconception(
    "the slope on the left has the wrong sign",
    "If f rises towards x, is its slope on the left positive?",
    "Which of the two values belongs to the larger x, and which one comes first in a difference?")
def left_turned(f, gradient, x, h):
    left, right = sides(f, x, h)
    return -left, right, outside(gradient, -left, right)


@kink.misconception(
    "the left slope is taken for the smaller one",
    "A corner may bend up, like |x|, or down, like −|x|. Which side is steeper in each?",
    "Which of the two slopes is the lower end of the interval? Is it always the same?")
def bent_up_only(f, gradient, x, h):
    left, right = sides(f, x, h)
    return left, right, np.maximum(0, np.maximum(left - gradient, gradient - right))


@kink.misconception(
    "it is the distance to the middle, also for slopes between the two sides",
    "Which slopes are fair at a corner: the middle one, or all between the two sides?",
    "What should the distance be for a slope that lies between left and right?")
def to_the_middle(f, gradient, x, h):
    left, right = sides(f, x, h)
    return left, right, np.abs(gradient - (left + right) / 2)


@kink.misconception(
    "it is the distance to the nearer side, also for slopes between the two",
    "What should the distance be for a slope that lies between left and right?",
    "How far is a point from an interval in which it lies?")
def to_the_nearer(f, gradient, x, h):
    left, right = sides(f, x, h)
    return left, right, np.minimum(np.abs(gradient - left), np.abs(gradient - right))


@kink.misconception(
    "it is the distance to the right side only",
    "ReLU's slope at 0 is 0 in one library and 1 in another. Which of the two do you accuse?",
    "Where does the left slope enter your distance?")
def to_the_right(f, gradient, x, h):
    left, right = sides(f, x, h)
    return left, right, np.abs(gradient - right)


@kink.misconception(
    "the distance keeps a sign",
    "Can a slope be less than not at all away from an interval?",
    "Below and above the interval: do both give a positive distance?")
def signed_miss(f, gradient, x, h):
    left, right = sides(f, x, h)
    return left, right, gradient - np.clip(gradient, np.minimum(left, right), np.maximum(left, right))


@kink.misconception(
    "it is divided by twice the step",
    "How far apart are the two places that one side looks at?",
    "For a straight line with slope 1 each side has slope 1. Has yours?")
def half_as_steep(f, gradient, x, h):
    left, right = sides(f, x, 2 * h)
    left, right = (slope / 2 for slope in sides(f, x, h))
    return left, right, outside(gradient, left, right)


@kink.misconception(
    "it says yes or no, not how far",
    "How far is the slope outside? Can you read that from 0 and 1?",
    "A slope a little outside and one far outside: do they get the same number?")
def yes_or_no(f, gradient, x, h):
    left, right = sides(f, x, h)
    return left, right, (outside(gradient, left, right) > 0).astype(float)


# ---- 7 · borrowed memory ---------------------------------------------------------------------------------

def for_nudges(rng, n, widths, scale):
    return {"theta": scale * rng.normal(size=widths[0]), "h": np.float64(scale * rng.uniform(0.1, 0.3))}


@exercise("checker.nudges", points=2, minutes=8, inputs=for_nudges, shapes=POINTS, cites=("LFD-06",),
          returns={"above": "(d, d)", "below": "(d, d)"},
          praise="Right: 2d points, each with memory of its own, and the point they came from as it was.")
def nudges(theta, h):
    above, below = [], []
    for k in range(len(theta)):
        up, down = theta.copy(), theta.copy()              # `up = theta` would be a second name for theta
        up[k] += h
        down[k] -= h
        above.append(up)
        below.append(down)
    return np.array(above), np.array(below)


def rows(theta, step):
    return theta + step * np.eye(len(theta))


@nudges.misconception(
    "all rows are one and the same array, which was put back at the end",
    "You put the same array into your list d times and then go on changing it. What does the list hold?",
    "How many arrays have you made in all? How many do you need?")
def one_array(theta, h):
    same = np.tile(theta, (len(theta), 1))
    return same, same.copy()


@nudges.misconception(
    "all rows are one and the same array, and every entry has moved",
    "You put the same array into your list d times and then go on changing it. What does the list hold?",
    "Does `up = theta` make a new array, or a second name for the one there is?")
def one_array_moved(theta, h):
    d = len(theta)
    return np.tile(theta + h, (d, 1)), np.tile(theta - h, (d, 1))


@nudges.misconception(
    "an entry is not put back before the next one moves",
    "When the second entry has its turn, where is the first one?",
    "Compare your second row with theta. How many entries differ, and how many should?")
def not_put_back(theta, h):
    steps = np.tril(np.ones((len(theta), len(theta))))
    return theta + h * steps, theta - h * steps


@nudges.misconception(
    "the way down starts where the way up ended",
    "You went up by h. To come out h below theta, how far must you go down?",
    "Is `down` a copy of theta, or another name for `up`?")
def down_from_up(theta, h):
    return rows(theta, h), rows(theta, 0)


@nudges.misconception(
    "both are the same array, and the last step decides",
    "Does `up = down = …` make two arrays, or two names for one?",
    "You move one of them down. What happens to the other?")
def two_names(theta, h):
    return rows(theta, -h), rows(theta, -h)


@nudges.misconception(
    "the step is a share of the entry",
    "By how much should each entry move? Does the contract mention the size of the entry?",
    "Put a 0 into theta. Does it move at all?")
def share_of_entry(theta, h):
    return theta + h * np.diag(theta), theta - h * np.diag(theta)


@nudges.misconception(
    "the entry becomes the step, instead of moving by it",
    "Should the entry be h, or be h larger than it was?",
    "What stands in your code: an equals sign, or plus and equals?")
def replaced(theta, h):
    eye = np.eye(len(theta), dtype=bool)
    return np.where(eye, h, theta), np.where(eye, -h, theta)


@nudges.misconception(
    "the step itself is given, without theta",
    "At which place should f be asked: at the step, or at theta after the step?",
    "How large are the entries that have not moved? Are they those of theta?")
def steps_alone(theta, h):
    return h * np.eye(len(theta)), -h * np.eye(len(theta))


# ---- 8 · the whole checker -------------------------------------------------------------------------------

KINDS = ("plain", "precise", "tiny", "dead", "lifted", "opposite", "numbers", "shapes", "kinks")


def for_whole(rng, n, widths, scale):
    """A smooth f with its right gradient, no entry of which is near 0."""
    f, slope = some_function(rng, widths, scale)
    theta = 0.3 * rng.normal(size=widths)
    while np.min(np.abs(slope(theta))) < 0.05 * np.max(np.abs(slope(theta))):
        theta = 0.3 * rng.normal(size=widths)
    return {"f": f, "gradient": slope(theta), "theta": theta}


def with_entry(array, k, value):
    """A copy of `array` with another value at k."""
    array = array.copy()
    array[k] = value
    return array


def slowed(f, theta, factor):
    """f, but the first entry moves only `factor` times as far: its slope is so much smaller."""
    share = with_entry(np.ones(len(theta)), 0, factor)
    return lambda t: f(theta + share * (t - theta))


def bent(theta):
    """w · relu(t − theta + offset), with a corner at theta in the first entry, and the slopes of the others."""
    w, offset = 2.0 + np.arange(len(theta)), (-1.0) ** np.arange(1, len(theta) + 1)
    offset[0] = 0.0

    def f(t):
        z = t - theta + offset
        return np.sum(w * np.where(np.real(z) > 0, z, 0))
    return f, np.where(offset > 0, w, 0.0)


def problems(f, g, t):
    """{kind: (right ones, wrong ones)}, each a list of (f, gradient, theta)."""
    size, (corner, flat), value = np.max(np.abs(g)), bent(t), f(t)
    slow, still, small = slowed(f, t, 1e-8), slowed(f, t, 0.0), with_entry(g, 0, 1e-8 * g[0])
    flat_at = {k: with_entry(flat, 0, k) for k in (-0.5, 0.0, 1.0, 2.0, 3.0)}       # sides: 0 and 2
    wrong_beside = with_entry(flat_at[0.0], 1, 1.1 * flat[1] + 0.1)

    def lifted(x):
        return f(x) + 1e6 * value

    def straight(x):
        return 2.0 * np.sum(x)
    two = np.full(len(t), 2.0)
    opposite = with_entry(with_entry(g, 0, g[0] + 0.1 * size), -1, g[-1] - 0.1 * size)
    return {
        "plain": ([(f, g, t)], [(f, -g, t), (f, with_entry(g, -1, -g[-1]), t), (f, with_entry(g, 0, 1.5 * g[0]), t),
                                (f, 2 * g, t)]),
        "precise": ([(f, g, t)], [(f, (1 + 1e-5) * g, t), (f, with_entry(g, -1, (1 - 1e-5) * g[-1]), t)]),
        "tiny": ([(slow, small, t)], [(slow, with_entry(small, 0, share * small[0]), t) for share in (2, 0)]),
        "dead": ([(still, with_entry(g, 0, 0), t)], [(still, with_entry(g, 0, 1e-3 * size), t)]),
        "lifted": ([(lifted, g, t)], [(lifted, (1 + 1e-5) * g, t)]),
        "opposite": ([(f, g, t)], [(f, opposite, t)]),
        "numbers": ([(f, g, t)], [(f, with_entry(g, -1, np.nan), t), (f, np.nan * g, t),
                                  (f, with_entry(g, 0, np.inf), t)]),
        "shapes": ([(straight, two, t)], [(straight, two[:1], t), (straight, two[:, None], t)]),
        "kinks": ([(corner, flat_at[k], t) for k in (0.0, 1.0, 2.0)],
                  [(corner, flat_at[-0.5], t), (corner, flat_at[3.0], t), (corner, wrong_beside, t)])}


def shown_to_whole(function, f, gradient, theta):
    """Right and wrong gradients of nine kinds; and did parameters and gradient stay as they were?"""
    kept, verdicts = [True, True], set()

    def watched(f, g, t):
        g, t = g.copy(), t.copy()
        before = g.copy(), t.copy()
        said = function(f, g, t)
        verdicts.add(str(said))
        kept[0] &= np.array_equal(t, before[1])
        kept[1] &= np.array_equal(g, before[0], equal_nan=True)
        return said
    found = counted(watched, problems(f, gradient, theta))
    judged = len(verdicts) > 1                    # who says the same of all has touched nothing, and judged nothing
    return found and (*found, np.array(kept, float) * judged)


@exercise("checker.whole", points=10, minutes=40, inputs=for_whole, shapes=POINTS[:2], measure=shown_to_whole,
          cites=("LFD-06",),
          returns={**dict.fromkeys(KINDS, COUNTED), "untouched": "theta, gradient: 1 if as before"},
          praise="A judge that one can trust: it lets nothing wrong pass that we could think of, and accuses no one "
                 "who is right. Now use it, on every backward pass that you write.")
def whole(f, gradient, theta):
    if gradient.shape != theta.shape or not np.all(np.isfinite(gradient)):
        return False
    value, h = f(theta), 1e-6
    slope = np.array([np.imag(f(theta + 1e-30j * e)) / 1e-30 for e in np.eye(len(theta))])
    size = np.maximum(np.abs(gradient), np.abs(slope))
    fine = np.abs(gradient - slope) <= 1e-9 * size + 64 * EPS * size.max()
    for k, e in enumerate(np.eye(len(theta))):
        if not fine[k]:                           # a corner of f is the one excuse
            low, high = sorted([(value - f(theta - h * e)) / h, (f(theta + h * e) - value) / h])
            corner = high - low > 1e-3 * max(abs(low), abs(high)) + 1024 * EPS * abs(value) / h
            if not (corner and low - 1e-6 <= gradient[k] <= high + 1e-6):
                return False
    return True


def sane(gradient, theta):
    """Is the gradient of the right shape and finite?"""
    return gradient.shape == theta.shape and bool(np.all(np.isfinite(gradient)))


def sideways(f, theta):
    """The complex step's slope."""
    return np.array([np.imag(f(theta + 1e-30j * e)) / 1e-30 for e in np.eye(len(theta))])


def close(gradient, slope, share=1e-9, floor=64 * EPS):
    """Which entries agree: a share of the entry, and a floor that is a share of the largest."""
    size = np.maximum(np.abs(gradient), np.abs(slope))
    return np.abs(gradient - slope) <= share * size + floor * np.max(size)


def excused(f, gradient, theta, fine, inside=True):
    """Is each entry fine, or at a corner of f with a slope between both sides (or, inside=False, any slope)?"""
    value, h = f(theta), 1e-6
    for k, e in enumerate(np.eye(len(theta))):
        if not fine[k]:
            low, high = sorted([(value - f(theta - h * e)) / h, (f(theta + h * e) - value) / h])
            corner = high - low > 1e-3 * max(abs(low), abs(high)) + 1024 * EPS * abs(value) / h
            if not corner or (inside and not low - 1e-6 <= gradient[k] <= high + 1e-6):
                return False
    return True


@whole.misconception(
    "it says yes to everything",
    "Is there a gradient that your function rejects?",
    "Hand it a gradient with the wrong sign. Which line of yours can give False?")
def always_yes(f, gradient, theta):
    return True


@whole.misconception(
    "it says no to everything",
    "Is there a gradient that your function accepts?",
    "Hand it f(x) = 3x and the slope 3. Which of your conditions is not met?")
def always_no(f, gradient, theta):
    return False


@whole.misconception(
    "corners of f are not excused",
    "What is the slope of ReLU at exactly 0? Whom do you accuse?",
    "Before you reject an entry: do the slopes on its two sides agree?")
def no_excuse(f, gradient, theta):
    return sane(gradient, theta) and bool(np.all(close(gradient, sideways(f, theta))))


@whole.misconception(
    "at a corner any slope is accepted",
    "The slopes on the two sides are 0 and 2. Is 3 a slope of this f?",
    "Which slopes lie between the two sides? Do you compare with both ends?")
def any_at_corner(f, gradient, theta):
    return sane(gradient, theta) and excused(f, gradient, theta, close(gradient, sideways(f, theta)), inside=False)


@whole.misconception(
    "shapes are not compared, and NumPy stretches a small array",
    "What does NumPy do with one slope and four parameters? Is that a gradient?",
    "Before any entry is compared: what must be the same of gradient and theta?")
def shape_stretched(f, gradient, theta):
    if not np.all(np.isfinite(gradient)):
        return False
    fine = close(gradient, sideways(f, theta))
    return bool(np.all(fine)) or excused(f, gradient, theta, fine)


@whole.misconception(
    "a search for what is too large lets NaN and infinity pass",
    "What does Python say to NaN > 1? And to NaN <= 1?",
    "Do you search for bad entries, or do you demand that all are good?")
def nan_passes(f, gradient, theta):
    if gradient.shape != theta.shape:
        return False
    slope = sideways(f, theta)
    size = np.maximum(np.abs(gradient), np.abs(slope))
    bad = np.abs(gradient - slope) > 1e-9 * size + 64 * EPS * size.max()
    return excused(f, gradient, theta, ~bad)


@whole.misconception(
    "one ratio of norms stands for all entries: small ones hide in it, and corners are accused",
    "One entry is a hundred million times smaller than the others. What does a norm of all know about it?",
    "Is one number for all entries enough, or must each entry be looked at by itself?")
def norm_ratio(f, gradient, theta):
    if not sane(gradient, theta):
        return False
    slope = sideways(f, theta)
    return bool(np.linalg.norm(gradient - slope) <= 1e-7 * (np.linalg.norm(gradient) + np.linalg.norm(slope)))


@whole.misconception(
    "an allowance of a thousandth lets small mistakes through",
    "A slope that is wrong in its fifth digit: is that rounding?",
    "To how many digits do you know the slope that you measure? How many do you demand?")
def loose(f, gradient, theta):
    return sane(gradient, theta) and excused(f, gradient, theta, close(gradient, sideways(f, theta), share=1e-3))


@whole.misconception(
    "small slopes are smaller than what is always allowed",
    "One slope is 1, another 1e-8. What is allowed for the second one, and is that less than the slope itself?",
    "Double the smallest slope. Does your function notice?")
def high_floor(f, gradient, theta):
    return sane(gradient, theta) and excused(f, gradient, theta, close(gradient, sideways(f, theta), floor=1e-6))


@whole.misconception(
    "a slope of 0 that is 0 is rejected: 0 / 0 is not a number",
    "Some parameters don't matter, and their slope is 0. What does your relative error say of 0 and 0?",
    "Can you compare without dividing? Or what should stand below where both are 0?")
def zero_by_zero(f, gradient, theta):
    if not sane(gradient, theta):
        return False
    slope = sideways(f, theta)
    with np.errstate(invalid="ignore"):
        error = np.abs(gradient - slope) / np.maximum(np.abs(gradient), np.abs(slope))
    return excused(f, gradient, theta, error <= 1e-9)


@whole.misconception(
    "one direction of all ones is tried, in which opposite errors cancel",
    "One entry is too large, another too small by as much. What does a step along (1, 1, …) see of it?",
    "Which directions let two opposite errors cancel only by a rare chance? And who looks at a single entry?")
def ones(f, gradient, theta):
    if not sane(gradient, theta):
        return False
    return bool(abs(np.imag(f(theta + 1e-30j)) / 1e-30 - gradient.sum()) <= 1e-12 * np.abs(gradient).sum())


@whole.misconception(
    "differences decide, and rounding drowns a small slope or the slope of a large loss",
    "Add a million to the loss. How many digits of a difference are left?",
    "Nothing is lost where nothing is subtracted. Which step subtracts nothing?")
def by_differences(f, gradient, theta):
    return sane(gradient, theta) and excused(
        f, gradient, theta, close(gradient, centrals(f, theta, 1e-5), share=1e-6))


@whole.misconception(
    "only the first entry is looked at",
    "How many entries has a gradient? How many does your loop reach before it returns?",
    "Does a `return` stand inside your loop?")
def first_alone(f, gradient, theta):
    return sane(gradient, theta) and excused(
        f, gradient, theta, close(gradient, sideways(f, theta)) | (np.arange(len(theta)) > 0))


@whole.misconception(
    "theta is changed in place, and does not come back to the last digit",
    "Is x + h, then − 2h, then + h always x, to the last digit? And whose array do you change?",
    "Compare theta before and after, bit by bit. Who else may be using this array?")
def nudged_in_place(f, gradient, theta):
    for k in range(len(theta)):
        for step in (1e-6, -2e-6, 1e-6):
            theta[k] += step
    return whole.answer(f, gradient, theta)


@whole.misconception(
    "the gradient is used as scratch paper",
    "`a -= b` writes into a. Whose array is a?",
    "Who handed you the gradient will take a step with it next. With which numbers?")
def scratch_paper(f, gradient, theta):
    verdict = whole.answer(f, gradient, theta)
    gradient *= 0
    return verdict
