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
          cites=("TAYLOR-04",),
          praise="Yes: every example counts once, whichever batch it came in. The short batch counts for what it holds.")
def epoch_loss(losses, sizes):
    return np.sum(losses * sizes) / np.sum(sizes)


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
            "batches": [order[:n], order[n:2 * n], order[2 * n:]], "rate": rng.uniform(0.1, 0.3) / scale}


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
