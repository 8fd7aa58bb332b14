"""Training: the step, the batches and the loop, judged by what a loop does and not by how it is written.

`descend`, `epochs` and `parabola` are handed a function that remembers where it was asked, and for which examples.
"""
import numpy as np

from chainrule.exercises import Unfit, exercise
from chainrule.exercises._judge import same

EACH = "each 1 if so, else 0"


def numbers(value):
    """`value` as an array of floats; what is in float32 stays so, for then it is judged as such."""
    array = np.asarray(value)
    return array if array.dtype == np.float32 else np.asarray(array, float)


def like(value, wanted, sentence):
    """`value` as an array of the size of `wanted`; else Unfit with this sentence."""
    try:
        array = numbers(value)
    except (TypeError, ValueError):
        raise Unfit(sentence) from None
    if array.size != wanted.size:
        raise Unfit(sentence)
    return array.reshape(wanted.shape)


def called(name):
    """Decorator: a watched function bears the name that the task prints for it, also in error messages."""
    def rename(function):
        function.__name__ = function.__qualname__ = name
        return function
    return rename


# ---- 1 · the mean over an epoch whose last batch is short --------------------------------------------------

def for_epoch_loss(rng, n, widths, scale):
    """Mean losses of the batches of some epochs; the last batch is shorter and has the largest loss."""
    sizes = np.full(n + 2, n + 4.0)               # so many batches, and not so many examples in a full one
    sizes[-1] = 1 + n // 3
    losses = scale * rng.uniform(0.5, 1.5, size=(widths[0], n + 2))
    losses[:, -1] += 2 * scale
    return {"losses": losses, "sizes": sizes}


@exercise("training.epoch_loss", points=2, minutes=6, returns={"loss": "(e,)"}, inputs=for_epoch_loss,
          cites=("TAYLOR-06", "ECE884-06"),
          praise="Yes: every example counts once, whichever batch it came in. The short batch counts for what it "
                 "holds.")
def epoch_loss(losses, sizes):
    return losses @ sizes / np.sum(sizes)


@epoch_loss.misconception(
    "a short batch counts as much as a full one",
    "The last batch holds fewer examples. Should each of them count for more than the others?",
    "How many examples stand behind each mean? By what do you multiply before you add?")
def unweighted(losses, sizes):
    return np.mean(losses, axis=1)


@epoch_loss.misconception(
    "the sum is not divided by the number of examples",
    "With twice as many examples, should a mean loss be twice as large?",
    "You have the sum over all examples. What turns it into a mean?")
def total(losses, sizes):
    return losses @ sizes


@epoch_loss.misconception(
    "it is divided by the number of batches, not of examples",
    "How many terms does your sum have, counted in examples?",
    "With all losses 1, does your mean come out as 1?")
def per_batch(losses, sizes):
    return losses @ sizes / len(sizes)


@epoch_loss.misconception(
    "the sum over all batches is divided by the examples of a single one",
    "How many examples stand behind your sum? Those of one batch, or those of all?",
    "With all losses 1 and three full batches, does your mean come out as 1, or as 3?")
def per_full_batch(losses, sizes):
    return losses @ sizes / sizes[0]


@epoch_loss.misconception(
    "the last batch is left out",
    "How many batches has the epoch, and how many do you add?",
    "Does the examples' number reach that of the whole data?")
def last_dropped(losses, sizes):
    return losses[:, :-1] @ sizes[:-1] / np.sum(sizes[:-1])


@epoch_loss.misconception(
    "it is the loss of the last batch alone",
    "What does one batch, the last one, know about the others?",
    "Does a variable in your loop get overwritten where it should grow?")
def last_alone(losses, sizes):
    return losses[:, -1]


@epoch_loss.misconception(
    "all batches are taken to be as large as the first",
    "Is every batch full? Which one is not?",
    "By which number do you divide: the sum of the sizes, or batches times a size?")
def all_full(losses, sizes):
    return losses @ sizes / (len(sizes) * sizes[0])


@epoch_loss.misconception(
    "it is a mean over the epochs, one number for each batch",
    "What lies along a row of the losses, and what along a column?",
    "How many epochs are there? How many numbers do you return?")
def over_epochs(losses, sizes):
    return np.mean(losses, axis=0)


@epoch_loss.misconception(
    "the batches of all epochs go into one mean",
    "The loss should fall from epoch to epoch. Can one see that in what you return?",
    "Does your sum run over one row of the losses, or over the whole table?")
def one_for_all(losses, sizes):
    return np.full(len(losses), np.mean(losses @ sizes) / np.sum(sizes))


# ---- 2 · one step for each batch ----------------------------------------------------------------------------

def for_descend(rng, n, widths, scale):
    """Slopes of a bowl for each example, a start, batches with a short last one."""
    centres = rng.normal(size=(2 * n + 1, widths[0]))
    curve = rng.uniform(0.5, 1.5, size=widths[0])

    def gradient(theta, rows):
        return scale * curve * (theta - centres[rows].mean(axis=0))
    order = rng.permutation(2 * n + 1)
    return {"gradient": gradient, "theta": rng.normal(size=widths[0]),
            "batches": [order[:n], order[n:2 * n], order[2 * n:]], "rate": np.float64(rng.uniform(0.1, 0.3) / scale)}


def watched_descend(function, gradient, start, batches, rate):
    """Where a walk ends, how often the slope of each example was asked for, and whether theta is as it was."""
    given, asked, single, seen = start.copy(), set(), False, np.zeros(sum(map(len, batches)))

    @called("gradient")
    def watched(theta, rows):
        nonlocal single
        single = single or numbers(theta).dtype == np.float32
        at = np.array(theta, float)
        slope = gradient(at, rows)
        place = (*np.ravel(at), *np.ravel(rows))
        if place not in asked:                    # who asks again at one place, to print it, has learnt nothing more
            asked.add(place)
            np.add.at(seen, np.ravel(rows), 1)
        return slope
    end = function(watched, given, batches, rate)
    if end is None:
        return None
    end = like(end, start, f"The answer is theta after the last step, an array of {len(start)} numbers here.")
    kept = np.array([not np.array_equal(end, start), np.array_equal(given, start)], float)
    return end.astype(np.float32) if single else end, seen, kept


@exercise("training.descend", points=3, minutes=10, inputs=for_descend, measure=watched_descend,
          returns={"end": "where the walk ends", "seen": "at how many places the slope of each example was asked for",
                   "untouched": f"theta has moved from the start, the caller's own theta has not changed: {EACH}"},
          cites=("TAYLOR-04", "TAYLOR-07", "ECE884-07"),
          praise="Right: one slope and one step for each batch, each slope taken where the last step ended, and the "
                 "start is still the caller's own.")
def descend(gradient, theta, batches, rate):
    for rows in batches:
        theta = theta - rate * gradient(theta, rows)
    return theta


@descend.misconception(
    "it climbs", "The slope points uphill. Which way do you want to go?",
    "After one short step, is the loss smaller or larger? Which sign decides?")
def climbs(gradient, theta, batches, rate):
    for rows in batches:
        theta = theta + rate * gradient(theta, rows)
    return theta


@descend.misconception(
    "all slopes are taken at the start", "Where are you when the second batch has its turn?",
    "At which theta do you ask for the second slope: the first, or the one after the first step?")
def all_at_start(gradient, theta, batches, rate):
    return theta - rate * sum(gradient(theta, rows) for rows in batches)


@descend.misconception(
    "theta is changed in place", "`theta -= …` writes into an array. Whose array is it?",
    "Compare the start before and after your walk. Who else may still need it?")
def in_place(gradient, theta, batches, rate):
    for rows in batches:
        theta -= rate * gradient(theta, rows)
    return theta


@descend.misconception(
    "no step has been kept: it is still the start",
    "A step ends somewhere. Under which name do you keep that place, and which name do you return?",
    "Print theta in each turn. Does it move?")
def step_unkept(gradient, theta, batches, rate):
    for rows in batches:
        gradient(theta, rows)
    return theta


@descend.misconception(
    "the last batch is left out", "How many batches are there, and how many steps do you take?",
    "Is a short batch not worth a step?")
def drops_last(gradient, theta, batches, rate):
    return descend.answer(gradient, theta, batches[:-1], rate)


@descend.misconception(
    "it returns after the first batch", "Where does your `return` stand: inside the loop, or below it?",
    "How many times was a slope asked for, and how many batches are there?")
def returns_early(gradient, theta, batches, rate):
    return descend.answer(gradient, theta, batches[:1], rate)


@descend.misconception(
    "there is a step for each example", "How many steps belong to one batch?",
    "Do you hand over a whole batch, or one row after the other?")
def by_example(gradient, theta, batches, rate):
    return descend.answer(gradient, theta, [rows[k:k + 1] for rows in batches for k in range(len(rows))], rate)


@descend.misconception(
    "the rate is missing", "How long is your step? Who decides that?",
    "Where does the learning rate enter your code?")
def no_rate(gradient, theta, batches, rate):
    return descend.answer(gradient, theta, batches, 1.0)


@descend.misconception(
    "the mean slope is multiplied by the size of the batch",
    "The slope is a mean over the batch already. Is there anything left to multiply or to divide?",
    "Does a batch of twice the size step twice as far in your walk? Should it?")
def times_size(gradient, theta, batches, rate):
    for rows in batches:
        theta = theta - rate * len(rows) * gradient(theta, rows)
    return theta


# ---- 3 · how long a step may be, and how long it should be --------------------------------------------------

def for_rates(rng, n, widths, scale):
    """n + 1 bowls with d + 1 curvatures each, and a rate for each: too long, too short, or anywhere between."""
    curvatures = scale * rng.uniform(0.5, 8, size=(n + 1, widths[0] + 1))
    times = rng.uniform(0.2, 1.8, size=n + 1)                     # in units of 1/λ_max
    times[:2] = rng.uniform(2.1, 2.6), rng.uniform(0.05, 0.1)
    return {"curvatures": curvatures, "rate": rng.permutation(times) / curvatures.max(axis=1)}


@exercise("training.rates", points=3, minutes=12, inputs=for_rates, cites=("ECE417-16", "ECE417-14"),
          returns={"limit": "(m,)", "best": "(m,)", "factor": "(m,)"},
          praise="Right. The steepest wall sets the limit for all directions, the best rate makes the steepest and the "
                 "flattest one equally slow, and a factor above 1 says that the walk climbs out.")
def rates(curvatures, rate):
    steepest, flattest = curvatures.max(axis=1), curvatures.min(axis=1)
    factor = np.abs(1 - rate[:, None] * curvatures).max(axis=1)
    return 2 / steepest, 2 / (steepest + flattest), factor


def rates_but(curvatures, rate, limit=None, best=None, factor=None):
    """The right results, but for those that are given."""
    right = rates.answer(curvatures, rate)
    return tuple(r if other is None else other for r, other in zip(right, (limit, best, factor), strict=True))


@rates.misconception(
    "this is where the walk begins to jump across, not where it begins to grow",
    "A step that lands beyond the valley: has it failed? Is it nearer than before?",
    "By which number is the distance multiplied at your limit: by 0, or by minus one?")
def half_limit(curvatures, rate):
    return rates_but(curvatures, rate, limit=1 / curvatures.max(axis=1))


@rates.misconception(
    "the flattest direction sets the limit",
    "Which wall throws a long step back higher: the steep one, or the flat one?",
    "Put your limit into the steepest direction. By what is the distance multiplied there?")
def flattest_limit(curvatures, rate):
    return rates_but(curvatures, rate, limit=2 / curvatures.min(axis=1))


@rates.misconception(
    "the average direction sets the limit",
    "One direction grows without end and all others shrink. Has the walk settled?",
    "Does the limit belong to a mean of the walls, or to the steepest of them?")
def average_limit(curvatures, rate):
    return rates_but(curvatures, rate, limit=2 / curvatures.mean(axis=1))


@rates.misconception(
    "it is the best rate for the steepest direction alone",
    "The steepest direction arrives in one step. How long does the flattest one take?",
    "At the best rate, which two directions are equally slow?")
def best_for_steepest(curvatures, rate):
    return rates_but(curvatures, rate, best=1 / curvatures.max(axis=1))


@rates.misconception(
    "the middle of two rates is taken, where their curvatures should be added",
    "Each direction has a rate of its own that would be perfect. Is the best for both halfway between these rates?",
    "Draw both factors over the rate: two lines. Where do they meet?")
def middle_of_rates(curvatures, rate):
    return rates_but(curvatures, rate, best=(1 / curvatures.max(axis=1) + 1 / curvatures.min(axis=1)) / 2)


@rates.misconception(
    "all directions have a say, and not only the two extreme ones",
    "A direction in the middle shrinks faster than both extremes. Does it hold anything up?",
    "Which two curvatures decide the slowest factor? Do the others come into your formula?")
def best_of_mean(curvatures, rate):
    return rates_but(curvatures, rate, best=1 / curvatures.mean(axis=1))


@rates.misconception(
    "its sign decides which one is the largest",
    "A factor of −3 and one of 0.5: with which one does the distance grow?",
    "What is the length of a vector that is multiplied by −2?")
def signed_factor(curvatures, rate):
    return rates_but(curvatures, rate, factor=(1 - rate[:, None] * curvatures).max(axis=1))


@rates.misconception(
    "it is the factor of the fastest direction, not of the slowest",
    "After many steps, which direction is left over?",
    "Is a factor of 0.1 faster or slower than one of 0.9? Which one do you return?")
def fastest_factor(curvatures, rate):
    return rates_but(curvatures, rate, factor=np.abs(1 - rate[:, None] * curvatures).min(axis=1))


@rates.misconception(
    "it is the factor of the steepest direction alone",
    "With a short step, which direction is slow: the steep one, or the flat one?",
    "Do you look at every direction before you choose?")
def steepest_factor(curvatures, rate):
    return rates_but(curvatures, rate, factor=np.abs(1 - rate * curvatures.max(axis=1)))


@rates.misconception(
    "it is the factor of the loss, not of the distance",
    "The loss grows with the square of the distance. Which of the two is asked for?",
    "Where does a square, or a product of a factor with itself, come into your code?")
def factor_of_loss(curvatures, rate):
    return rates_but(curvatures, rate, factor=(1 - rate[:, None] * curvatures).max(axis=1) ** 2)


# ---- 4 · the step that moves all parameters at once ------------------------------------------------------------

def for_one_step(rng, n, widths, scale):
    """Two layers of weights, an input and a target: ŷ = tanh(X A) B, half the mean squared error."""
    d, h = widths[0], widths[1] + 1
    return {"X": rng.normal(size=(n, d)), "Y": scale * rng.normal(size=(n, 2)),
            "A": rng.normal(size=(d, h)), "B": scale * rng.normal(size=(h, 2)),
            "rate": np.float64(rng.uniform(0.2, 0.6) / scale**2)}


def slopes(X, Y, A, B):
    """The slopes at A and B."""
    H = np.tanh(X @ A)
    error = (H @ B - Y) / len(X)
    return X.T @ (error @ B.T * (1 - H**2)), H.T @ error


@exercise("training.one_step", points=4, minutes=12, inputs=for_one_step,
          returns={"new_A": "(d, h)", "new_B": "(h, c)"}, cites=("ECE417-10", "ECE417-14", "ECE417-15"),
          praise="Right: first the whole backward pass, with the weights that made the error, and only then the step. "
                 "Both layers move at the same moment.")
def one_step(X, Y, A, B, rate):
    dA, dB = slopes(X, Y, A, B)
    return A - rate * dA, B - rate * dB


@one_step.misconception(
    "the last layer has moved before the error is sent back through it",
    "Through which weights did the signal go forward? Does the error go back through the same ones?",
    "Which line changes B, and which line uses B after that?")
def moved_too_soon(X, Y, A, B, rate):
    H = np.tanh(X @ A)
    error = (H @ B - Y) / len(X)
    new_B = B - rate * H.T @ error
    return A - rate * X.T @ (error @ new_B.T * (1 - H**2)), new_B


@one_step.misconception(
    "the first layer moves first, and the second one sees a new forward pass",
    "At which weights was the error measured? Are both slopes taken there?",
    "How many forward passes does one step need?")
def forward_again(X, Y, A, B, rate):
    new_A = A - rate * slopes(X, Y, A, B)[0]
    return new_A, B - rate * slopes(X, Y, new_A, B)[1]


@one_step.misconception(
    "it climbs", "The slope points uphill. Which way do you want to go?",
    "After a short step, is the loss smaller or larger? Which sign decides?")
def steps_up(X, Y, A, B, rate):
    return one_step.answer(X, Y, A, B, -rate)


@one_step.misconception(
    "the slope is summed over the examples, not averaged",
    "The loss is a mean over the examples. Where is its 1/n in your slopes?",
    "Copy every example once. Does your step stay as long as it was?")
def summed_over_rows(X, Y, A, B, rate):
    return one_step.answer(X, Y, A, B, rate * len(X))


@one_step.misconception(
    "the slope is divided by the number of examples twice",
    "Who divides by n: the loss, the layer, or the step? How often is that done?",
    "Do you use `mean` over examples where the error has its 1/n already?")
def divided_twice(X, Y, A, B, rate):
    return one_step.answer(X, Y, A, B, rate / len(X))


@one_step.misconception(
    "only the last layer learns", "How many layers have weights? How many of them move?",
    "Compare A before and after the step. Has it changed?")
def last_layer_only(X, Y, A, B, rate):
    return A, one_step.answer(X, Y, A, B, rate)[1]


@one_step.misconception(
    "the slope of tanh is missing", "What happens to an error on its way back through tanh?",
    "A unit is saturated: how much should its weights move?")
def without_slope_of_tanh(X, Y, A, B, rate):
    H = np.tanh(X @ A)
    error = (H @ B - Y) / len(X)
    return A - rate * X.T @ (error @ B.T), B - rate * H.T @ error


@one_step.misconception(
    "it is the change, not the new weights",
    "Does the contract ask by how much the weights move, or where they arrive?",
    "With a rate of 0, what should come back?")
def change_alone(X, Y, A, B, rate):
    new_A, new_B = one_step.answer(X, Y, A, B, rate)
    return new_A - A, new_B - B


# ---- 5 · momentum ---------------------------------------------------------------------------------------------

def for_momentum(rng, n, widths, scale):
    """The slopes of n + 2 steps, one after the other."""
    return {"theta": rng.normal(size=widths[0]), "slopes": scale * rng.normal(size=(n + 2, widths[0])),
            "rate": np.float64(rng.uniform(0.1, 0.3)), "memory": np.float64(rng.uniform(0.5, 0.8))}


@exercise("training.momentum", points=3, minutes=10, returns={"theta": "(d,)", "velocity": "(d,)"}, inputs=for_momentum,
          cites=("TAYLOR-07", "ECE417-14"),
          praise="Yes. The velocity remembers where the walk was going, and each new slope bends it a little: what "
                 "keeps its sign adds up, what changes it cancels.")
def momentum(theta, slopes, rate, memory):
    velocity = np.zeros_like(theta)
    for g in slopes:
        velocity = memory * velocity - rate * g
        theta = theta + velocity
    return theta, velocity


def walked(theta, slopes, start, turn):
    """Begin with a velocity `start(slopes)`; `turn(theta, v, g)` gives the next theta and velocity."""
    velocity = start
    for g in slopes:
        theta, velocity = turn(theta, velocity, g)
    return theta, velocity


@momentum.misconception(
    "the old velocity moves theta, and only then it is renewed",
    "In the first turn the velocity is 0. Should the first step be 0 too?",
    "Which line comes first in the contract: the new velocity, or the step?")
def old_velocity(theta, slopes, rate, memory):
    return walked(theta, slopes, 0 * theta, lambda t, v, g: (t + v, memory * v - rate * g))


@momentum.misconception(
    "the last slope is left out",
    "How many slopes are there, and how many turns does your loop make?",
    "Which number is the last one that your loop variable takes? Which slope belongs to it?")
def last_slope_unused(theta, slopes, rate, memory):
    return momentum.answer(theta, slopes[:-1], rate, memory)


@momentum.misconception(
    "nothing is remembered", "What of the last velocity is left in the new one?",
    "Where does `memory` enter your code?")
def forgets(theta, slopes, rate, memory):
    return walked(theta, slopes, 0 * theta, lambda t, v, g: (t - rate * g, -rate * g))


@momentum.misconception(
    "the velocity never fades", "A slope long ago: should it push as hard as the latest one?",
    "By what do you multiply the old velocity?")
def never_fades(theta, slopes, rate, memory):
    return walked(theta, slopes, 0 * theta, lambda t, v, g: (t + v - rate * g, v - rate * g))


@momentum.misconception(
    "the velocity points uphill", "Which way does the slope point, and which way should the walk go?",
    "With which sign does the slope enter the velocity?")
def uphill_velocity(theta, slopes, rate, memory):
    return momentum.answer(theta, slopes, -rate, memory)


@momentum.misconception(
    "the new slope counts only by what the memory leaves over",
    "Does the contract put a factor 1 − memory before the slope?",
    "With a memory of 0.9, how long is your first step? How long should it be?")
def averaged(theta, slopes, rate, memory):
    return momentum.answer(theta, slopes, rate * (1 - memory), memory)


@momentum.misconception(
    "the rate is applied a second time, when theta moves",
    "The velocity has the rate in it. How often does a step need it?",
    "How long is your first step: rate times the slope?")
def rate_twice(theta, slopes, rate, memory):
    return walked(theta, slopes, 0 * theta,
                  lambda t, v, g: (t + rate * (memory * v - rate * g), memory * v - rate * g))


@momentum.misconception(
    "memory and rate are exchanged", "Which of the two fades the velocity, and which one measures the slope?",
    "With a memory of 0, is your step rate times the slope?")
def exchanged(theta, slopes, rate, memory):
    return momentum.answer(theta, slopes, memory, rate)


# ---- 6 · epochs: every example once, in a new order each time ----------------------------------------------

def for_epochs(rng, n, widths, scale):
    """A step that moves theta a little; row numbers of a training set. The last batch is short, for n = 4 full."""
    size = 2 * n + 13                             # so many that two orders hardly ever agree

    def step(theta, rows):
        return 0.9 * theta + scale * np.sum(rows)
    return {"step": step, "theta": scale * rng.normal(size=widths[0]),
            "rows": np.sort(rng.permutation(3 * size)[:size]), "size": np.int64(n + 3),
            "count": np.int64(rng.integers(3, 6)), "seed": np.int64(rng.integers(1, 1000))}


def record(function, step, theta, rows, size, count, seed):
    """What comes back; and of each step where it began, which rows it got, and where it ended."""
    steps, at = [], theta.copy()

    @called("step")
    def watched(theta, batch):
        begin, batch = np.array(numbers(theta)), np.ravel(batch).astype(int)
        end = step(np.array(begin, float), batch)
        steps.append((begin, batch.tolist(), end))
        return end.copy()
    end = function(watched, theta, rows, int(size), int(count), int(seed))
    if end is None:
        return None, steps
    return like(end, at, f"The answer is theta after the last step, an array of {len(at)} numbers here."), steps


def fed_rows(steps):
    """All rows that were handed over, in their order."""
    return [row for _, batch, _ in steps for row in batch]


def mixed(order):
    """Whether rows that were neighbours have parted. By chance 3 of 4 stay together once in 10⁹ orders."""
    places = np.unique(order, return_inverse=True)[1]
    return len(order) > 1 and np.mean(np.abs(np.diff(places)) == 1) < 0.75


def companies(order, size):
    """Which rows share a batch, if the order is cut into batches of this size."""
    return tuple(sorted(tuple(sorted(order[k:k + size])) for k in range(0, len(order), size)))


def handed_on(steps, start, end, n):
    """Whether theta came from the step before: within epochs, between them, in the end; how many began anew."""
    if not steps:
        return np.zeros(4)
    befores = np.cumsum([0, *(len(batch) for _, batch, _ in steps)])[:-1]
    on = [same(begin, before) for (begin, _, _), before in
          zip(steps, [start, *(ends for _, _, ends in steps[:-1])], strict=True)]
    between = [ok for ok, before in zip(on, befores, strict=True) if before % n == 0]
    within = [ok for ok, before in zip(on, befores, strict=True) if before % n]
    anew = [same(begin, start) for begin, _, _ in steps[1:]]
    return np.array([all(within), all(between), same(end, steps[-1][2]), np.mean(anew) if anew else 0], float)


def watched_epochs(function, step, theta, rows, size, count, seed):
    """What `step` was given: how often, which rows, how many at once, in which orders, and from where.

    Three runs, the second with the same seed as the first, the third with another.
    """
    start, mine, n, all_rows = theta.copy(), rows.copy(), len(rows), rows.tolist()
    end, steps = record(function, step, theta, mine, size, count, seed)
    if end is None:
        return None
    again, other = (fed_rows(record(function, step, start.copy(), rows.copy(), size, count, number)[1])
                    for number in (seed, seed + 1000))
    given = fed_rows(steps)
    orders = [given[k * n:(k + 1) * n] for k in range(count)]
    known, enough = set(given) <= set(all_rows), len(given) == count * n
    once = enough and all(sorted(order) == all_rows for order in orders)
    new = {companies(order, size) for order in orders if mixed(order)} - {companies(all_rows, size)}
    sizes = [len(batch) for _, batch, _ in steps]
    return (np.array([len(sizes), sizes.count(0)], float),
            np.array([known and enough, enough, once, np.array_equal(mine, rows)], float),
            float(max(sizes, default=0)), np.array([len(new), again == given, other != given], float),
            handed_on(steps, start, end, n))


@exercise("training.epochs", points=5, minutes=18, inputs=for_epochs, measure=watched_epochs,
          cites=("TAYLOR-04", "ECE884-05", "LFD-24"),
          returns={"steps": "how often `step` was called, how often with an empty batch",
                   "rows": "all of the training set, as many as asked for, each once in each epoch, your own `rows` "
                           f"left in their order: {EACH}",
                   "largest": "the size of the largest batch",
                   "orders": "in how many new orders all rows were mixed; the same again with the same seed, others "
                             f"with another: {EACH}",
                   "handed": "theta came from the step before within each epoch, from one epoch to the next, in your "
                             f"answer: {EACH}; which part of the later steps began at the start again"},
          praise="Right: no example is lost and none is used twice, the short batch has its step as well, each "
                 "epoch comes in a new order, and theta is handed on from step to step.")
def epochs(step, theta, rows, size, count, seed):
    rng = np.random.default_rng(seed)
    return fed(step, theta, [rng.permutation(rows) for _ in range(count)], size)


def fed(step, theta, orders, size, more=0):
    """Hand each order to `step`, batch by batch; each batch reaches `more` rows into the next."""
    for order in orders:
        for start in range(0, len(order), size):
            theta = step(theta, order[start:start + size + more])
    return theta


def shuffled(rows, count, seed):
    """A new order of `rows` for each epoch."""
    rng = np.random.default_rng(seed)
    return [rng.permutation(rows) for _ in range(count)]


@epochs.misconception(
    "it never shuffles: rows that were neighbours stay so, whatever the seed", "Are your data sorted by chance? What if the first half is all of one kind?",
    "Which line makes a new order, and how often is it run?")
def never_shuffled(step, theta, rows, size, count, seed):
    return fed(step, theta, [rows] * count, size)


@epochs.misconception(
    "rows that began side by side are still kept together",
    "Do whole batches change places, or single rows? Which rows can meet in a batch?",
    "Write down the rows of one batch. Do they share a batch in the next epoch as well?")
def kept_together(step, theta, rows, size, count, seed):
    rng, batches = np.random.default_rng(seed), [rows[k:k + size] for k in range(0, len(rows), size)]
    return fed(step, theta, [np.concatenate([rng.permutation(batch) for batch in batches]) for _ in range(count)], size)


@epochs.misconception(
    "a second run with the same seed brings other orders",
    "Tomorrow you want to see the same run once more. What must be the same then?",
    "From where does your generator get its first number, and does `seed` reach it?")
def unseeded(step, theta, rows, size, count, seed):
    return fed(step, theta, shuffled(rows, count, None), size)


@epochs.misconception(
    "the seed has no say: another one brings the same orders",
    "Ten runs with ten seeds should differ. Would yours?",
    "Is there a number in your code that stands where `seed` should stand?")
def deaf_to_the_seed(step, theta, rows, size, count, seed):
    return fed(step, theta, shuffled(rows, count, 20), size)


@epochs.misconception(
    "the caller's own `rows` have been put into another order",
    "Some functions return a new order, others write it into the array that they get. Which one do you use?",
    "Compare `rows` before and after your call. Whose array is it?")
def rows_in_place(step, theta, rows, size, count, seed):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        rng.shuffle(rows)
        theta = fed(step, theta, [rows], size)
    return theta


@epochs.misconception(
    "every epoch comes in the same order", "Where is the order made: before the loop over epochs, or inside it?",
    "Does your generator begin anew in each epoch, with the same seed?")
def one_order(step, theta, rows, size, count, seed):
    return fed(step, theta, shuffled(rows, 1, seed) * count, size)


@epochs.misconception(
    "the short batch at the end is lost", "How many examples are left over when all full batches are made?",
    "Does your loop stop before the last rows? How many are these?")
def short_lost(step, theta, rows, size, count, seed):
    full = len(rows) // size * size
    return fed(step, theta, [order[:full] for order in shuffled(rows, count, seed)], size)


@epochs.misconception(
    "an empty batch is handed over where all batches are full",
    "How many batches of 7 do 21 examples make? And how many do you make of them?",
    "Does your loop make one more turn than there are full batches, always?")
def empty_batch(step, theta, rows, size, count, seed):
    for order in shuffled(rows, count, seed):
        for k in range(len(order) // size + 1):
            theta = step(theta, order[k * size:(k + 1) * size])
    return theta


@epochs.misconception(
    "examples are drawn with putting back", "Can an example come twice in your epoch, and another not at all?",
    "Do you draw anew for each batch, or cut one order into pieces?")
def put_back(step, theta, rows, size, count, seed):
    rng = np.random.default_rng(seed)
    return fed(step, theta, [rng.choice(rows, size=len(rows)) for _ in range(count)], size)


@epochs.misconception(
    "these are places in the training set, not its row numbers",
    "The training set holds some rows of a larger table. Which numbers do they have there?",
    "Do you shuffle `rows`, or the numbers from 0 on?")
def places(step, theta, rows, size, count, seed):
    return fed(step, theta, shuffled(np.arange(len(rows)), count, seed), size)


@epochs.misconception(
    "there is one epoch only", "How often should every example be seen in all?",
    "Where does the number of epochs enter your code?")
def one_epoch(step, theta, rows, size, count, seed):
    return fed(step, theta, shuffled(rows, 1, seed), size)


@epochs.misconception(
    "there is a step for each example", "How many examples belong to a step?",
    "By how much does your start move on after each batch?")
def one_by_one(step, theta, rows, size, count, seed):
    return fed(step, theta, shuffled(rows, count, seed), 1)


@epochs.misconception(
    "all examples are one batch", "How many examples may a batch hold?",
    "Where does the size of a batch enter your code?")
def one_batch(step, theta, rows, size, count, seed):
    return fed(step, theta, shuffled(rows, count, seed), len(rows))


@epochs.misconception(
    "the rows are spread evenly over the batches, and so the first ones are not full",
    "Which batches may be shorter than `size`?",
    "Do you ask for a number of batches, or for batches of a size?")
def spread_evenly(step, theta, rows, size, count, seed):
    for order in shuffled(rows, count, seed):
        for batch in np.array_split(order, -(-len(order) // size)):
            theta = step(theta, batch)
    return theta


@epochs.misconception(
    "neighbouring batches share a row", "Where does one batch end, and where does the next one begin?",
    "Does a Python slice hold the row at its end?")
def shared_row(step, theta, rows, size, count, seed):
    return fed(step, theta, shuffled(rows, count, seed), size, more=1)


@epochs.misconception(
    "theta is not handed on: each step begins at the start again",
    "`step` returns where it has arrived. What becomes of that in your loop?",
    "From where does your second step begin: from the start, or from the end of the first?")
def not_handed(step, theta, rows, size, count, seed):
    ends = [fed(step, theta, [order[k:k + size]], size) for order in shuffled(rows, count, seed)
            for k in range(0, len(order), size)]
    return ends[-1]


@epochs.misconception(
    "what `step` gives back is not kept, and your answer is the start",
    "`step` cannot move your theta. What does it give you instead?",
    "Does the call of `step` stand alone in its line? What becomes of its result?")
def thrown_away(step, theta, rows, size, count, seed):
    not_handed(step, theta, rows, size, count, seed)
    return theta


@epochs.misconception(
    "each epoch begins at the start again",
    "What has the first epoch learnt, and who hands it to the second?",
    "Which theta does the first step of a new epoch get? Where is that name set?")
def restarted(step, theta, rows, size, count, seed):
    ends = [fed(step, theta, [order], size) for order in shuffled(rows, count, seed)]
    return ends[-1]


@epochs.misconception(
    "theta is something else than what the step before returned",
    "`step` returns the new theta itself. Is there anything left to add, or to subtract?",
    "Print what `step` returns, and what it gets in the next turn. Are these the same numbers?")
def added(step, theta, rows, size, count, seed):
    for order in shuffled(rows, count, seed):
        for k in range(0, len(order), size):
            theta = theta + step(theta, order[k:k + size])
    return theta


# ---- 7 · when to stop ---------------------------------------------------------------------------------------

def a_curve(rng, patience, length):
    """Held-back losses: down, a bump that is forgiven, the best; up and down above it; a lower one too late."""
    falling = np.sort(rng.uniform(2, 3, size=rng.integers(patience, patience + 3)))[::-1]
    bump = rng.uniform(3.1, 3.6, size=rng.integers(1, patience - 1))
    after = np.resize([1.7, 1.4, 1.6, 1.3, 1.5, 1.8], patience + 2) + rng.uniform(0, 0.05, size=patience + 2)
    curve = np.concatenate([falling, bump, [rng.uniform(0.9, 1.1)], after, [0.1]])
    return np.append(curve, np.sort(rng.uniform(2, 3, size=length - len(curve))))


def best_at_once(rng, length, low):
    """It rises from its first epoch on; at the epoch `low`, where another run was best, it is lowest, too late."""
    curve = np.sort(rng.uniform(1.3, 3, size=length))
    curve[low] = 0.2
    return curve


def with_ties(rng, patience, length):
    """Down to the best, which then comes again and again, exactly; then up for good."""
    falling, best = np.sort(rng.uniform(2, 3, size=rng.integers(2, 5)))[::-1], rng.uniform(1.1, 1.3)
    again = np.resize([best, best, 1.5], patience + 2)
    curve = np.concatenate([falling, [best], again])
    return np.append(curve, np.sort(rng.uniform(2, 3, size=length - len(curve))))


def for_stop(rng, n, widths, scale):
    """The curves of some runs, and one that is still falling near its end, with bumps that patience outlasts."""
    patience = n
    length = 3 * patience + 9
    curves = [a_curve(rng, patience, length) for _ in range(widths[0])]
    _, best = first_without_news(curves[-1], patience)
    falling = np.sort(rng.uniform(1, 3, size=length))[::-1].copy()
    falling[[-3, -1]] = 3.5, 3.4
    curves += [best_at_once(rng, length, best), with_ties(rng, patience, length), falling]
    return {"losses": scale * np.array(curves), "patience": np.int64(patience)}


@exercise("training.stop", points=3, minutes=12, returns={"stopped": "(r,)", "best": "(r,)"}, inputs=for_stop,
          cites=("ECE417-10", "LFD-24"),
          praise="Right. A bump is forgiven, a walk without news is ended, and what you keep is the best epoch and not "
                 "the last one.")
def stop(losses, patience):
    return per_run(losses, lambda curve: first_without_news(curve, patience))


def first_without_news(curve, patience):
    """Where a walk along one curve stops, and its best epoch."""
    best = 0
    for epoch, loss in enumerate(curve):
        if loss < curve[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return epoch, best


def per_run(losses, found):
    """The two results of `found`, for each row."""
    stopped, best = np.array([found(curve) for curve in losses], float).T
    return stopped.copy(), best.copy()


@stop.misconception(
    "it stops at the first rise", "The loss rises once and falls again. Was it over?",
    "How many epochs without news does `patience` forgive?")
def first_rise(losses, patience):
    return per_run(losses, lambda curve: first_without_news(curve, 1))


@stop.misconception(
    "it looks at the whole curve, also at what comes after the stop",
    "When you stop, have you seen the epochs that follow?", "Can your best epoch lie after the one where you stop?")
def whole_curve(losses, patience):
    return per_run(losses, lambda curve: (len(curve) - 1, np.argmin(curve)))


@stop.misconception(
    "the best epoch is sought in the whole curve, before the walk along it begins",
    "Training goes on epoch by epoch. Which losses are known when you decide to stop?",
    "Cover the curve from some epoch on. Does your decision before that epoch remain the same?")
def ahead(losses, patience):
    return per_run(losses, lambda curve: (min(np.argmin(curve) + patience, len(curve) - 1), np.argmin(curve)))


@stop.misconception(
    "a loss that is only equal to the smallest so far counts as news",
    "The curve lies flat for a long time. Is there anything new in that?",
    "Twice the same smallest loss: which of the two epochs do you keep, and how do you compare them?")
def tie_is_news(losses, patience):
    def found(curve):
        best = 0
        for epoch, loss in enumerate(curve):
            if loss <= curve[best]:
                best = epoch
            if epoch - best >= patience:
                break
        return epoch, best
    return per_run(losses, found)


@stop.misconception(
    "the best epoch of one run is carried into the next",
    "A new run begins. What should it know of the run before?",
    "Which lines come before your outer loop, and which are run anew for each row?")
def carried_over(losses, patience):
    best = 0

    def found(curve):
        nonlocal best
        for epoch, loss in enumerate(curve):
            if loss < curve[best]:
                best = epoch
            if epoch - best >= patience:
                break
        return epoch, best
    return per_run(losses, found)


@stop.misconception(
    "the first epoch never gets its chance to be the best",
    "A run that only gets worse: which of its epochs do you keep?",
    "With which epoch does your walk begin, and what is the best one before the walk?")
def first_unseen(losses, patience):
    return per_run(losses[:, 1:], lambda curve: np.add(first_without_news(curve, patience), 1))


@stop.misconception(
    "it stops one epoch too late", "After how many epochs without news is patience at its end?",
    "With a patience of 1, does one epoch without news suffice? Is it > or ≥?")
def too_late(losses, patience):
    return per_run(losses, lambda curve: first_without_news(curve, patience + 1))


@stop.misconception(
    "it stops one epoch too soon", "How many epochs lie between your best one and your stop?",
    "With a patience of 1, do you stop at the best epoch itself?")
def too_soon(losses, patience):
    return per_run(losses, lambda curve: first_without_news(curve, patience - 1))


@stop.misconception(
    "the last epoch is kept, not the best one", "You stop because things got worse. Which epoch do you want back?",
    "Where do you remember the epoch of the smallest loss?")
def last_kept(losses, patience):
    stopped, _ = stop.answer(losses, patience)
    return stopped, stopped.copy()


@stop.misconception(
    "epochs are counted from 1", "Place 0 of the losses belongs to which epoch?",
    "If the first loss is the best, what is the number of the best epoch?")
def from_one(losses, patience):
    stopped, best = stop.answer(losses, patience)
    return stopped + 1, best + 1


@stop.misconception(
    "news is a loss below the one before, not below the best so far",
    "Up by 2 and down by 1, again and again: is that news each time?",
    "With which loss do you compare: with the last one, or with the smallest so far?")
def against_the_last(losses, patience):
    def found(curve):
        waited = best = 0
        for epoch in range(1, len(curve)):
            best = epoch if curve[epoch] < curve[best] else best
            waited = 0 if curve[epoch] < curve[epoch - 1] else waited + 1
            if waited >= patience:
                break
        return epoch, best
    return per_run(losses, found)


@stop.misconception(
    "the count of epochs without news is never set back",
    "A bump is forgiven, and then there is news. Does patience begin afresh?",
    "Where in your code does the counter become 0 again?")
def never_set_back(losses, patience):
    def found(curve):
        waited = best = 0
        for epoch in range(1, len(curve)):
            if curve[epoch] < curve[best]:
                best = epoch
            else:
                waited += 1
            if waited >= patience:
                break
        return epoch, best
    return per_run(losses, found)


# ---- 8 · semicircle to parabola -----------------------------------------------------------------------------

ARRAYS, HIDDEN, MOST = ("W1", "b1", "W2", "b2"), 4, 400


def for_parabola(rng, n, widths, scale):
    """The slopes of a small network on n points of a semicircle, its four arrays, and a loss to reach."""
    t = np.linspace(0, np.pi, n)
    X, Y = np.column_stack([np.cos(t), np.sin(t)]), np.column_stack([np.cos(t), np.cos(t) ** 2])

    def slopes(W1, b1, W2, b2):
        H = 1 / (1 + np.exp(-(X @ W1 + b1)))
        error = H @ W2 + b2 - Y
        delta2 = error / n
        delta1 = delta2 @ W2.T * H * (1 - H)
        return np.sum(error**2) / (2 * n), X.T @ delta1, delta1.sum(axis=0), H.T @ delta2, delta2.sum(axis=0)
    return {"slopes": slopes, "W1": 2 * rng.normal(size=(2, HIDDEN)), "b1": 0.5 * rng.normal(size=HIDDEN),
            "W2": rng.normal(size=(HIDDEN, 2)), "b2": 0.5 * rng.normal(size=2),
            "goal": np.float64(rng.uniform(0.02, 0.025))}


def four(returned, start):
    """The four arrays of an answer, or Unfit with a sentence on what does not fit."""
    if not isinstance(returned, (tuple, list)) or len(returned) != 4:
        raise Unfit("The answer is four arrays, in this order: W1, b1, W2, b2.")
    arrays = [like(a, s, f"{name} should have the shape that it had at the start, {s.shape}.")
              for a, s, name in zip(returned, start, ARRAYS, strict=True)]
    if not all(np.all(np.abs(a) < 1e6) for a in arrays):
        raise Unfit("Some weights have grown beyond a million, or are NaN. How long is a step, and which way does it go?")
    return arrays


def watched_parabola(function, slopes, *start_and_goal):
    """The loss of what comes back, which arrays have moved, where slopes were asked, and how often."""
    *start, goal = start_and_goal
    given, asked = [a.copy() for a in start], []

    @called("slopes")
    def watched(W1=None, b1=None, W2=None, b2=None):
        arrays = W1, b1, W2, b2
        if any(a is None or np.shape(a) != s.shape for a, s in zip(arrays, start, strict=True)):
            raise ValueError("slopes takes W1, b1, W2, b2, in this order and in the shapes of the start")
        at = [np.array(a, float) for a in arrays]
        if not asked or not all(map(np.array_equal, at, asked[-1])):
            asked.append(at)                      # to ask twice at one place is no update
        with np.errstate(all="ignore"):
            return slopes(*at)
    returned = function(watched, *given, goal)
    if returned is None:
        return None
    end = four(returned, start)
    with np.errstate(all="ignore"):
        before, after = slopes(*start)[0], slopes(*end)[0]
    moved = [not np.array_equal(a, s) for a, s in zip(end, start, strict=True)]
    reached = all(moved) and after <= goal
    last = not any(all(map(np.array_equal, end, at)) for at in reversed(asked))      # an update after the last asking
    together = all(not np.array_equal(a, b) for one, two in zip(asked, asked[1:], strict=False)
                   for a, b in zip(one, two, strict=True))
    untouched = all(map(np.array_equal, given, start))
    facts = ((after < before, *moved), (all(moved), reached),
             *((reached, reached and fact) for fact in (len(asked) - 1 + last <= MOST, together, untouched)))
    return tuple(np.array(fact, float) for fact in facts)


@exercise("training.parabola", points=5, minutes=30, inputs=for_parabola, shapes=((21, (2,)), (15, (2,))),
          measure=watched_parabola,
          returns={"moved": f"loss lower than at the start, W1, b1, W2, b2 moved: {EACH}",
                   "reached": f"all four arrays moved, and then the loss is at the goal or below: {EACH}",
                   "within": f"the goal was reached, and with at most 400 updates: {EACH}",
                   "together": f"it was reached, and all arrays moved between one asking for slopes and the next: {EACH}",
                   "untouched": f"it was reached, and the arrays you were given are as before: {EACH}"},
          cites=("ECE417-10", "ECE417-48", "ECE417-56"),
          praise="From nonsense to a parabola, by nothing but slopes and short steps: all four arrays at once, from "
                 "weights that belong together, and the start is kept.")
def parabola(slopes, W1, b1, W2, b2, goal):
    return walk(slopes, (W1, b1, W2, b2), goal)


def walk(slopes, arrays, goal, steps=MOST, rate=0.5, moving=(1, 1, 1, 1)):
    """Steps against the slopes until the goal is reached; `moving` says which arrays take part."""
    for _ in range(steps):
        loss, *down = slopes(*arrays)
        if loss <= goal:
            break
        arrays = [a - rate * m * d for a, m, d in zip(arrays, moving, down, strict=True)]
    return arrays


@parabola.misconception(
    "the loss has grown: the steps go uphill, or they are far too long",
    "Print the loss in each turn. Does it fall? Which sign stands before the rate?",
    "Try a rate ten times smaller. Does the loss fall now? If not, which way do you step?")
def parabola_uphill(slopes, W1, b1, W2, b2, goal):
    return walk(slopes, (W1, b1, W2, b2), 0.0, 20, rate=-0.05)


@parabola.misconception(
    "it goes down, but it has not arrived: too few steps, or too short ones",
    "Print the loss from time to time. Was it still falling when you stopped?",
    "Does your loop end when the goal is reached, or before? Is a rate of 0.01 long enough?")
def parabola_short(slopes, W1, b1, W2, b2, goal):
    return walk(slopes, (W1, b1, W2, b2), goal, 3, rate=0.01)


@parabola.misconception(
    "the weights are those of the start: no step has reached them",
    "Which arrays do you return: those of the start, or those after the last step?",
    "Are the new arrays the ones for which the next slopes are asked?")
def parabola_start(slopes, W1, b1, W2, b2, goal):
    return W1, b1, W2, b2


@parabola.misconception(
    "only the second layer learns", "How many layers has this network, and how many of them move?",
    "Which of the four slopes do you use? Does W1 change?")
def parabola_second(slopes, W1, b1, W2, b2, goal):
    return walk(slopes, (W1, b1, W2, b2), 0.0, 5, 0.2, moving=(0, 0, 1, 1))


@parabola.misconception(
    "the biases stay where they were", "How many arrays has this network, and how many of them move?",
    "A bias is a weight like any other. Which line of yours moves it?")
def parabola_biases(slopes, W1, b1, W2, b2, goal):
    return walk(slopes, (W1, b1, W2, b2), 0.0, 5, 0.2, moving=(1, 0, 1, 0))


@parabola.misconception(
    "the biases of the hidden layer stay where they were",
    "Each layer has biases. Which of them move in your code?",
    "What could the hidden units not do if all their lines had to keep their places?")
def parabola_hidden_bias(slopes, W1, b1, W2, b2, goal):
    return walk(slopes, (W1, b1, W2, b2), 0.0, 5, 0.2, moving=(1, 0, 1, 1))


@parabola.misconception(
    "the weights of the first layer stay where they were",
    "Four arrays, four slopes, four steps: does each of the three come four times in your code?",
    "Print W1 before and after training. Is there a line that should have changed it?")
def parabola_no_first(slopes, W1, b1, W2, b2, goal):
    return walk(slopes, (W1, b1, W2, b2), 0.0, 5, 0.2, moving=(0, 1, 1, 1))


@parabola.misconception(
    "the weights of the second layer stay where they were",
    "The hidden units learn what to say. Who learns how to listen to them?",
    "Print W2 before and after training. Is there a line that should have changed it?")
def parabola_no_second(slopes, W1, b1, W2, b2, goal):
    return walk(slopes, (W1, b1, W2, b2), 0.0, 5, 0.2, moving=(1, 1, 0, 1))


@parabola.misconception(
    "the biases of the output stay where they were",
    "A goal can be reached with a part standing still. Which of your four arrays has never moved?",
    "Which slope do you get from `slopes` and never use? Look at the last of them.")
def parabola_output_bias(slopes, W1, b1, W2, b2, goal):
    return walk(slopes, (W1, b1, W2, b2), 0.0, 5, 0.2, moving=(1, 1, 1, 0))


@parabola.misconception(
    "the layers move in turns, and the slopes of the second one are asked in between",
    "At how many places does one step need slopes? Where do all four of them belong together?",
    "How often do you call `slopes` for one step? Has anything moved between two of these calls?")
def parabola_turns(slopes, W1, b1, W2, b2, goal):
    arrays = W1, b1, W2, b2
    for turn in range(MOST):
        first = turn % 2
        arrays = walk(slopes, arrays, goal, 1, moving=(first, first, 1 - first, 1 - first))
    return arrays


@parabola.misconception(
    "it takes more updates than are allowed",
    "How many updates are allowed, and how many do you make?",
    "A longer step needs fewer of them. How long may it be before the loss begins to jump?")
def parabola_many(slopes, W1, b1, W2, b2, goal):
    return walk(slopes, walk(slopes, (W1, b1, W2, b2), 0.0, MOST + 1), goal, 2 * MOST)


@parabola.misconception(
    "the arrays that were handed over have changed", "Whose arrays are W1, b1, W2 and b2? Do you write into them?",
    "Does your code hold a line like W1 -= something? What could it make instead?")
def parabola_written_into(slopes, W1, b1, W2, b2, goal):
    for array, new in zip((W1, b1, W2, b2), walk(slopes, (W1, b1, W2, b2), goal), strict=True):
        array[:] = new
    return W1, b1, W2, b2
