"""Training: the step, the batches and the loop, judged by what a loop does and not by how it is written.

`descend` is handed a function that gives slopes and remembers where it was asked, and for which examples.
"""
import numpy as np

from chainrule.exercises import exercise

# ---- the mean over an epoch whose last batch is short -----------------------------------------------------


def for_epoch_loss(rng, n, widths, scale):
    """Mean losses of full batches and of a last one that is shorter, and has the largest loss."""
    sizes = np.full(n + 2, n + 2.0)
    sizes[-1] = 1 + n // 3
    losses = scale * rng.uniform(0.5, 1.5, size=n + 2)
    losses[-1] = 3 * scale
    return {"losses": losses, "sizes": sizes}


@exercise("training.epoch_loss", points=2, minutes=6, returns={"loss": "a number"}, inputs=for_epoch_loss,
          cites=("TAYLOR-06",),
          praise="Yes: every example counts once, whichever batch it came in. The short batch counts for what it holds.")
def epoch_loss(losses, sizes):
    return np.array(np.sum(losses * sizes) / np.sum(sizes))


@epoch_loss.misconception(
    "a short batch counts as much as a full one",
    "The last batch holds fewer examples. Should each of them count for more than the others?",
    "How many examples stand behind each mean? By what do you multiply before you add?")
def unweighted(losses, sizes):
    return np.mean(losses)


@epoch_loss.misconception(
    "the sum is not divided by the number of examples",
    "With twice as many examples, should a mean loss be twice as large?",
    "You have the sum over all examples. What turns it into a mean?")
def total(losses, sizes):
    return np.sum(losses * sizes)


@epoch_loss.misconception(
    "it is divided by the number of batches, not of examples",
    "How many terms does your sum have, counted in examples?",
    "With all losses 1, does your mean come out as 1?")
def per_batch(losses, sizes):
    return np.sum(losses * sizes) / len(losses)


@epoch_loss.misconception(
    "the last batch is left out",
    "How many batches has the epoch, and how many do you add?",
    "Does the examples' number reach that of the whole data?")
def last_dropped(losses, sizes):
    return np.sum(losses[:-1] * sizes[:-1]) / np.sum(sizes[:-1])


@epoch_loss.misconception(
    "it is the loss of the last batch alone",
    "What does one batch, the last one, know about the others?",
    "Does a variable in your loop get overwritten where it should grow?")
def last_alone(losses, sizes):
    return losses[-1]


@epoch_loss.misconception(
    "all batches are taken to be as large as the first",
    "Is every batch full? Which one is not?",
    "By which number do you divide: the sum of the sizes, or batches times a size?")
def all_full(losses, sizes):
    return np.sum(losses * sizes) / (len(sizes) * sizes[0])


# ---- one step for each batch ------------------------------------------------------------------------------


def for_descend(rng, n, widths, scale):
    """Slopes of a bowl for each example, a start, batches with a short last one."""
    centres = rng.normal(size=(2 * n + 1, widths[0]))
    curve = rng.uniform(0.5, 1.5, size=widths[0])

    def gradient(theta, rows):
        return scale * curve * (theta - centres[rows].mean(axis=0))
    order = rng.permutation(2 * n + 1)
    return {"gradient": gradient, "theta": rng.normal(size=widths[0]),
            "batches": [order[:n], order[n:2 * n], order[2 * n:]], "rate": np.float64(rng.uniform(0.1, 0.3) / scale)}


def watched_descend(function, gradient, theta, batches, rate):
    """Where a walk ends; how often and for which rows slopes were asked; is theta as it was?"""
    asked, kept = [], np.array(theta)

    def recording(at, rows):
        asked.extend(np.ravel(rows).tolist())
        calls[0] += 1
        return gradient(np.array(at, float), np.array(rows))
    calls = [0]
    end = function(recording, theta, batches, rate)
    if end is None:
        return None
    size = sum(map(len, batches))
    return end, float(calls[0]), np.bincount(np.array(asked, int), minlength=size).astype(float), \
        float(np.array_equal(theta, kept) and calls[0] > 0)


@exercise("training.descend", points=4, minutes=12, inputs=for_descend, measure=watched_descend,
          returns={"end": "(d,)", "gradients asked": "a number", "seen": "(n,), how often each example was seen",
                   "untouched": "theta: 1 if as before"}, cites=("TAYLOR-07", "ECE417-14"),
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
    "slopes are summed over the batch by a factor of its size", "The slope is a mean over the batch already. Who divides?",
    "Does a batch of twice the size step twice as far in your walk? Should it?")
def times_size(gradient, theta, batches, rate):
    for rows in batches:
        theta = theta - rate * len(rows) * gradient(theta, rows)
    return theta


# ---- the step that moves all parameters at once -------------------------------------------------------------


def for_one_step(rng, n, widths, scale):
    """Two layers of weights, an input and a target: ŷ = tanh(X A) B, half the mean squared error."""
    d, h = widths[0], widths[1] + 1
    return {"X": rng.normal(size=(n, d)), "Y": scale * rng.normal(size=(n, 2)),
            "A": rng.normal(size=(d, h)), "B": scale * rng.normal(size=(h, 2)), "rate": np.float64(rng.uniform(0.2, 0.6) / scale**2)}


def slopes(X, Y, A, B):
    """The slopes at A and B."""
    H = np.tanh(X @ A)
    error = (H @ B - Y) / len(X)
    return X.T @ (error @ B.T * (1 - H**2)), H.T @ error


@exercise("training.one_step", points=4, minutes=12, returns={"new_A": "(d, h)", "new_B": "(h, c)"}, inputs=for_one_step,
          cites=("ECE417-10", "ECE417-14", "ECE417-15"),
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
    "it is the change, not the new weights", "Does the contract ask by how much the weights move, or where they arrive?",
    "With a rate of 0, what should come back?")
def change_alone(X, Y, A, B, rate):
    new_A, new_B = one_step.answer(X, Y, A, B, rate)
    return new_A - A, new_B - B


# ---- momentum -----------------------------------------------------------------------------------------------


def for_momentum(rng, n, widths, scale):
    """The slopes of n + 2 steps, one after the other."""
    return {"theta": rng.normal(size=widths[0]), "slopes": scale * rng.normal(size=(n + 2, widths[0])),
            "rate": np.float64(rng.uniform(0.1, 0.3)), "memory": np.float64(rng.uniform(0.5, 0.8))}


@exercise("training.momentum", points=3, minutes=10, returns={"theta": "(d,)", "velocity": "(d,)"}, inputs=for_momentum,
          cites=("ECE417-17",),
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


# ---- when to stop -------------------------------------------------------------------------------------------


def for_stop(rng, n, widths, scale):
    """A validation curve: down, a short bump, the best value, then up, and far below it too late."""
    patience = np.int64(3)
    falling = np.sort(rng.uniform(2, 3, size=n + 1))[::-1]
    bump = 3.2 + rng.uniform(0, 0.5, size=2)
    rising = np.array([1.7, 1.4, 1.6, 1.5]) + rng.uniform(0, 0.04)
    return {"losses": scale * np.concatenate([falling, bump, [1.0], rising, [0.1, 2.0]]), "patience": patience}


@exercise("training.stop", points=2, minutes=10, returns={"stopped": "a number", "best": "a number"}, inputs=for_stop,
          cites=("ECE417-10",),
          praise="Right. A bump is forgiven, a walk without news is ended, and what you keep is the best epoch and not "
                 "the last one.")
def stop(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best == patience:
            return np.array(epoch), np.array(best)
    return np.array(len(losses) - 1), np.array(best)


@stop.misconception(
    "it stops at the first rise", "The loss rises once and falls again. Was it over?",
    "How many epochs without news does `patience` forgive?")
def first_rise(losses, patience):
    k = int(np.flatnonzero(np.diff(losses) > 0)[0])
    return k + 1, k


@stop.misconception(
    "it looks at the whole curve, also at what comes after the stop",
    "When you stop, have you seen the epochs that follow?", "Can your best epoch lie after the one where you stop?")
def whole_curve(losses, patience):
    return len(losses) - 1, int(np.argmin(losses))


@stop.misconception(
    "it stops one epoch too late", "After how many epochs without news is patience at its end?",
    "With a patience of 1, does one epoch without news suffice? Is it > or ≥?")
def too_late(losses, patience):
    return stop.answer(losses, patience + 1)


@stop.misconception(
    "it stops one epoch too soon", "How many epochs lie between your best one and your stop?",
    "With a patience of 1, do you stop at the best epoch itself?")
def too_soon(losses, patience):
    k, best = stop.answer(losses, patience)
    return k - 1, best


@stop.misconception(
    "the last epoch is kept, not the best one", "You stop because things got worse. Which epoch do you want back?",
    "Where do you remember the epoch of the smallest loss?")
def last_kept(losses, patience):
    k, _ = stop.answer(losses, patience)
    return k, k


@stop.misconception(
    "epochs are counted from 1", "Place 0 of the losses belongs to which epoch?",
    "If the first loss is the best, what is the number of the best epoch?")
def from_one(losses, patience):
    k, best = stop.answer(losses, patience)
    return k + 1, best + 1


# ---- epochs: every example once, in a new order each time ---------------------------------------------------


def for_epochs(rng, n, widths, scale):
    """2n + 13 examples, so that two orders hardly ever agree; the last batch is short."""
    return {"n": np.int64(2 * n + 13), "size": np.int64(n + 3), "epochs": np.int64(3), "seed": rng.integers(1000)}


def watched_epochs(function, n, size, epochs, seed):
    """What a step was given: how many steps, are the rows of each epoch all once, the sizes, and are the orders new?"""
    given = []

    def step(rows):
        given.append(np.ravel(np.array(rows)).astype(int).tolist())
    function(step, n, size, epochs, seed)
    if not given:
        return None
    rows = [row for batch in given for row in batch]
    orders = [rows[k * n:(k + 1) * n] for k in range(epochs)]
    once = float(len(rows) == epochs * n and all(sorted(order) == list(range(n)) for order in orders))
    sizes = float(max(map(len, given)))
    seen = [order for order in [*orders, list(range(n))] if order]
    fresh = float(len({tuple(order) for order in seen}) == epochs + 1)
    return float(len(given)), once, sizes, fresh


@exercise("training.epochs", points=4, minutes=15, inputs=for_epochs, measure=watched_epochs, cites=("TAYLOR-04", "ECE884-05"),
          returns={"steps": "a number", "once": "1 if each epoch holds every example once",
                   "largest batch": "a number", "shuffled": "1 if each epoch has an order of its own"},
          praise="Right: no example is lost and none is used twice, the short batch has its step as well, and each "
                 "epoch comes in a new order.")
def epochs(step, n, size, epochs, seed):
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(n)
        for start in range(0, n, size):
            step(order[start:start + size])


def fed(step, orders, size):
    """Hand each order to `step`, batch by batch."""
    for order in orders:
        for start in range(0, len(order), size):
            step(order[start:start + size])


@epochs.misconception(
    "it never shuffles", "Are your data sorted by chance? What if the first half is all of one kind?",
    "Which line makes a new order, and how often is it run?")
def never_shuffled(step, n, size, epochs, seed):
    fed(step, [np.arange(n)] * epochs, size)


@epochs.misconception(
    "the short batch at the end is lost", "How many examples are left over when all full batches are made?",
    "Does your loop stop before the last rows? How many are these?")
def short_lost(step, n, size, epochs, seed):
    rng = np.random.default_rng(seed)
    fed(step, [rng.permutation(n)[:n // size * size] for _ in range(epochs)], size)


@epochs.misconception(
    "examples are drawn with putting back", "Can an example come twice in your epoch, and another not at all?",
    "Do you draw anew for each batch, or cut one order into pieces?")
def put_back(step, n, size, epochs, seed):
    rng = np.random.default_rng(seed)
    fed(step, [np.append(rng.integers(0, n, size=n - 1), 0) % (n - 1) for _ in range(epochs)], size)


@epochs.misconception(
    "there is one epoch only", "How often should every example be seen in all?",
    "Where does the number of epochs enter your code?")
def one_epoch(step, n, size, epochs, seed):
    fed(step, [np.random.default_rng(seed).permutation(n)], size)


@epochs.misconception(
    "there is a step for each example", "How many examples belong to a step?",
    "By how much does your start move on after each batch?")
def one_by_one(step, n, size, epochs, seed):
    rng = np.random.default_rng(seed)
    fed(step, [rng.permutation(n) for _ in range(epochs)], 1)


@epochs.misconception(
    "all examples are one batch", "How many examples may a batch hold?",
    "Where does the size of a batch enter your code?")
def one_batch(step, n, size, epochs, seed):
    rng = np.random.default_rng(seed)
    fed(step, [rng.permutation(n) for _ in range(epochs)], n)


@epochs.misconception(
    "neighbouring batches share a row", "Where does one batch end, and where does the next one begin?",
    "Does a Python slice hold the row at its end?")
def shared_row(step, n, size, epochs, seed):
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(n)
        for start in range(0, n, size):
            step(order[start:start + size + 1])
