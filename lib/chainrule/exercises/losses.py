"""Losses and the output δ: what a network is charged for its answers, and the first slope of every backward pass.

Ten exercises as data. Where a task says that |z| may be large, the last examples of every trial are so large that exp
overflows or becomes 0, whatever the scale of the others: an answer that is right only for small z is told so by name.
"""
import numpy as np

from chainrule.activations import Sigmoid, Softmax
from chainrule.exercises import exercise

sigmoid, softmax_of = Sigmoid(), Softmax()
BATCHES = ((3, (4,)), (4, (3,)), (6, (2,)), (5, (7,)))         # n examples with K outputs
ONE_EXAMPLE = ((1, (3,)), (1, (5,)), (1, (4,)))
LABELS = ((4, (1,)), (7, (1,)), (9, (1,)))                     # n examples with one output


def log_softmax(Z):
    """ln p by row, shifted by the largest entry of each."""
    Z = Z - Z.max(axis=1, keepdims=True)
    return Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))


def softplus(t):
    """ln(1 + exp t), where exp only ever sees −|t|."""
    return np.maximum(t, 0) + np.log1p(np.exp(-np.abs(t)))


def rows(n):
    return np.arange(n)


# ---- 1 · squared error, three scalings -------------------------------------------------------------------

def for_squares(rng, n, widths, scale):
    return {"Y_hat": scale * rng.normal(size=(n, widths[0])), "Y": rng.normal(size=(n, widths[0]))}


@exercise("losses.squared", points=3, minutes=8, inputs=for_squares, shapes=BATCHES,
          returns={"ece417": "one number", "aiml231": "(n,)", "taylor": "(n,)"},
          cites=("ECE417-28", "AIML231-32", "TAYLOR-09"),
          praise="Three decks, one idea, three sizes. TAYLOR's mean is ECE417's loss, and AIML231's is twice TAYLOR's. "
                 "Whoever compares learning curves must know which one was plotted.")
def squared(Y_hat, Y):
    squares = np.sum((Y_hat - Y) ** 2, axis=1)             # ‖ŷᵢ − yᵢ‖², one per example
    return squares.sum() / (2 * len(Y)), squares, squares / 2


def three_losses(squares, n):
    """The three decks' losses from one number per example, right or wrong."""
    return squares.sum() / (2 * n), squares, squares / 2


@squared.misconception(
    "the 1/n is missing",
    "This loss is a mean over the batch. Where does n enter your code?",
    "Copy every example once, so that the batch is twice as long. Should the loss change? Does it?")
def squared_no_mean(Y_hat, Y):
    _, C, L = squared.answer(Y_hat, Y)
    return L.sum(), C, L


@squared.misconception(
    "the half is missing",
    "Which number stands below the fraction bar before ECE417's sum: n or 2n?",
    "Two of the three decks have a half. Is ECE417 one of them?")
def squared_no_half(Y_hat, Y):
    _, C, L = squared.answer(Y_hat, Y)
    return C.sum() / len(Y), C, L


@squared.misconception(
    "it is a mean over all entries instead of over the examples",
    "On ECE417's slide the inner sum runs over the K outputs. Does a 1/K stand before it?",
    "How many numbers does your mean divide by: n, or n times K?")
def squared_mean_of_entries(Y_hat, Y):
    _, C, L = squared.answer(Y_hat, Y)
    return np.mean((Y_hat - Y) ** 2) / 2, C, L


@squared.misconception(
    "a half comes in, and this deck has none",
    "Which number stands before AIML231's sum?",
    "One output, one example, ŷ = 3 and y = 1: does AIML231 charge 4 or 2?")
def squared_needless_half(Y_hat, Y):
    L, C, per_example = squared.answer(Y_hat, Y)
    return L, C / 2, per_example


@squared.misconception(
    "the half is missing, and this deck has one",
    "Which number stands before TAYLOR's square?",
    "One output, one example, ŷ = 3 and y = 1: does TAYLOR charge 4 or 2?")
def squared_taylor_no_half(Y_hat, Y):
    L, C, per_example = squared.answer(Y_hat, Y)
    return L, C, 2 * per_example


@squared.misconception(
    "the sum runs over the examples instead of the outputs",
    "A loss per example: along which axis of Ŷ lie the outputs of one example?",
    "Rows are examples. Which axis must disappear if one number is left in each row?")
def squared_wrong_axis(Y_hat, Y):
    L, _, _ = squared.answer(Y_hat, Y)
    C = np.sum((Y_hat - Y) ** 2, axis=0)
    return L, C, C / 2


@squared.misconception(
    "a mean over the outputs is taken instead of the sum",
    "If one more output is wrong, should the charge for this example grow?",
    "A mean adds and then divides. By what, and does the slide divide by it?")
def squared_mean_of_outputs(Y_hat, Y):
    return three_losses(np.mean((Y_hat - Y) ** 2, axis=1), len(Y))


@squared.misconception(
    "the differences are added first and squared afterwards",
    "Miss one output by +1 and another by −1. Should the loss be 0?",
    "Which comes first on the slide, the square or the sum?")
def squared_afterwards(Y_hat, Y):
    return three_losses(np.sum(Y_hat - Y, axis=1) ** 2, len(Y))


@squared.misconception(
    "sizes are added instead of squares",
    "Is a miss of 2 twice as bad as a miss of 1, or four times?",
    "What does the little 2 on the slide do to each difference?")
def squared_sizes(Y_hat, Y):
    return three_losses(np.sum(np.abs(Y_hat - Y), axis=1), len(Y))


@squared.misconception(
    "the root is taken as well",
    "‖·‖² is a sum of squares. Does a root stand on the slide?",
    "A norm is ‖·‖. What has to be done to it to get ‖·‖²?")
def squared_root(Y_hat, Y):
    return three_losses(np.sqrt(np.sum((Y_hat - Y) ** 2, axis=1)), len(Y))


# ---- 2 · their slopes ------------------------------------------------------------------------------------

@exercise("losses.slopes", points=3, minutes=8, inputs=for_squares, shapes=BATCHES,
          returns={"ece417": "(n, K)", "aiml231": "(n, K)", "taylor": "(n, K)"},
          cites=("ECE417-29", "AIML231-13", "AIML231-39", "TAYLOR-09", "TAYLOR-36"),
          praise="Right: always the error itself, ŷ − y, times what the deck puts before its square. All directions "
                 "agree; only the length of a step differs, so a learning rate belongs to a scaling.")
def slopes(Y_hat, Y):
    miss = Y_hat - Y
    return miss / len(Y), 2 * miss, miss                   # the 2 of the square meets each deck's factor


def but(right, **changed):
    """The right results by name, some of them changed."""
    return tuple((right | changed).values())


def right_slopes(Y_hat, Y):
    return dict(zip(("ece417", "aiml231", "taylor"), slopes.answer(Y_hat, Y), strict=True))


@slopes.misconception(
    "the 1/n is missing",
    "ECE417's loss is a mean over n examples. Where does that n go when you take the slope?",
    "Nudge one entry of Ŷ: how many terms of the mean move, and which number stands before the whole sum?")
def slope_no_mean(Y_hat, Y):
    return but(right_slopes(Y_hat, Y), ece417=Y_hat - Y)


@slopes.misconception(
    "a factor 2 too many",
    "Which number stands before ECE417's sum, and what does the square bring down to meet it?",
    "Write the loss of one example and one output with all its factors. Which of them cancel in the slope?")
def slope_ece417_two(Y_hat, Y):
    return but(right_slopes(Y_hat, Y), ece417=2 * (Y_hat - Y) / len(Y))


@slopes.misconception(
    "it is divided by the number of entries instead of the number of examples",
    "Does ECE417 average over examples, or over outputs too?",
    "On the slide the inner sum runs over the K outputs. Does a 1/K stand before it?")
def slope_mean_of_entries(Y_hat, Y):
    return but(right_slopes(Y_hat, Y), ece417=(Y_hat - Y) / Y.size)


@slopes.misconception(
    "a factor 2 too few",
    "Differentiate u² by hand. Does AIML231 have anything that cancels what comes down?",
    "AIML231 writes its slope out for one output. How many factors stand there?")
def slope_aiml_no_two(Y_hat, Y):
    return but(right_slopes(Y_hat, Y), aiml231=Y_hat - Y)


@slopes.misconception(
    "a 1/n comes in, though this loss belongs to one example",
    "C with an index i is the loss of one example. Does it know how many others there are?",
    "AIML231 takes its mean later, over whole examples. Has it been taken already in what you return?")
def slope_aiml_mean(Y_hat, Y):
    return but(right_slopes(Y_hat, Y), aiml231=2 * (Y_hat - Y) / len(Y))


@slopes.misconception(
    "a 2 is left over, and here a half should meet it",
    "What stands before TAYLOR's square, and what does the square bring down?",
    "Differentiate u² / 2 by hand. Is a 2 left?")
def slope_taylor_two(Y_hat, Y):
    return but(right_slopes(Y_hat, Y), taylor=2 * (Y_hat - Y))


@slopes.misconception(
    "a half is left over, and the square has a 2 to meet it",
    "The half in the loss is there for a reason. What does the slope of a square do to it?",
    "Differentiate u² / 2 by hand. Does the half survive?")
def slope_taylor_half(Y_hat, Y):
    return but(right_slopes(Y_hat, Y), taylor=(Y_hat - Y) / 2)


@slopes.misconception(
    "the sign is the wrong way round",
    "If a prediction is too large, does a larger one raise the loss or lower it?",
    "Take ŷ = 3 and y = 1. Which sign must the slope of the loss have, and which has yours?")
def slope_sign(Y_hat, Y):
    return tuple(-slope for slope in slopes.answer(Y_hat, Y))


@slopes.misconception(
    "this is the loss entry by entry, not yet its slope",
    "Does your result say how large the loss is, or how it reacts when ŷ moves?",
    "Can something that is never negative ever say both “smaller, please” and “larger, please”?")
def slope_still_squared(Y_hat, Y):
    squares = (Y_hat - Y) ** 2
    return squares / (2 * len(Y)), squares, squares / 2


# ---- 3 · a tanh output, LFD ------------------------------------------------------------------------------

def for_tanh(rng, n, widths, scale):
    return {"s": scale * rng.normal(size=widths[0]), "y": rng.choice([-1.0, 1.0], size=widths[0])}


@exercise("losses.tanh", points=2, minutes=8, inputs=for_tanh, shapes=ONE_EXAMPLE,
          returns={"e": "one number", "delta": "(d,)"}, cites=("LFD-12", "LFD-13", "LFD-14", "LFD-15"),
          praise="Right. The error is measured at x, behind tanh; δ belongs to s, before it. The slope of tanh leads "
                 "from the one place to the other.")
def tanh_output(s, y):
    x = np.tanh(s)
    return np.sum((x - y) ** 2), 2 * (x - y) * (1 - x**2)  # θ′ = 1 − θ²


@tanh_output.misconception(
    "the error is measured at the signal s, before tanh",
    "What does the network answer: s, or θ(s)?",
    "The label is +1 and s is 5. Is this network wrong by 4?")
def error_at_signal(s, y):
    return np.sum((s - y) ** 2), 2 * (s - y)


@tanh_output.misconception(
    "half the error is taken, and LFD has no half",
    "What stands before the square on LFD's slide?",
    "x = 1 and y = −1: how large is the error on this deck?")
def error_halved(s, y):
    x = np.tanh(s)
    return np.sum((x - y) ** 2) / 2, (x - y) * (1 - x**2)


@tanh_output.misconception(
    "a factor 2 too few",
    "Differentiate u² by hand. Is there anything here that would cancel what comes down?",
    "Does your δ belong to the same error that you return beside it?")
def delta_without_two(s, y):
    e, delta = tanh_output.answer(s, y)
    return e, delta / 2


@tanh_output.misconception(
    "the slope of tanh is forgotten",
    "δ is the slope at the signal s, before tanh. Have you come all the way back to s?",
    "How much does x move when s moves a little? Which factor of your code says so?")
def tanh_no_slope(s, y):
    x = np.tanh(s)
    return np.sum((x - y) ** 2), 2 * (x - y)


@tanh_output.misconception(
    "the slope of tanh is written with s instead of its value",
    "The square in the slope belongs to θ(s), not to s. Which of the two do you square?",
    "At s = 5 tanh is flat. What does your slope say there?")
def tanh_slope_of_s(s, y):
    x = np.tanh(s)
    return np.sum((x - y) ** 2), 2 * (x - y) * (1 - s**2)


@tanh_output.misconception(
    "the slope of tanh lacks a square",
    "tanh is odd. Should its slope at s and at −s differ?",
    "Put x = −0.5 and x = 0.5 into your slope. Do both give the same, as they should?")
def tanh_no_square(s, y):
    x = np.tanh(s)
    return np.sum((x - y) ** 2), 2 * (x - y) * (1 - x)


@tanh_output.misconception(
    "the sigmoid's slope stands where that of tanh belongs",
    "Which activation does this deck use, and what is its slope in terms of its own value?",
    "At s = 0 tanh has its largest slope, 1. What does your slope give there, where x = 0?")
def tanh_as_sigmoid(s, y):
    x = np.tanh(s)
    return np.sum((x - y) ** 2), 2 * (x - y) * x * (1 - x)


@tanh_output.misconception(
    "the sign is the wrong way round",
    "If x lies above its label, does raising s raise the error or lower it?",
    "Take s = 0 and y = −1. Which sign must δ have, and which has yours?")
def tanh_sign(s, y):
    e, delta = tanh_output.answer(s, y)
    return e, -delta


@tanh_output.misconception(
    "a mean over the outputs is taken, and this error is a sum",
    "Does LFD divide the error by anything?",
    "A mean divides by the number of outputs. Where is that number on the slide?")
def tanh_mean(s, y):
    e, delta = tanh_output.answer(s, y)
    return e / len(s), delta / len(s)


# ---- 4 · binary cross-entropy at the probability ---------------------------------------------------------

def labels(rng, n):
    """0 and 1, both of them there."""
    return rng.permutation(np.arange(n) % 2).astype(float)


def for_bce(rng, n, widths, scale):
    return {"y_hat": sigmoid(scale * rng.normal(size=n)), "y": labels(rng, n)}


@exercise("losses.bce", points=2, minutes=10, inputs=for_bce, shapes=LABELS,
          returns={"L": "one number", "dy_hat": "(n,)"}, cites=("ECE417-62", "ECE417-63", "ECE417-64"),
          praise="Right. Only the probability of what really happened counts. The nearer it is to 0, the steeper the "
                 "loss, without limit: being sure and wrong is what this loss punishes.")
def bce(y_hat, y):
    observed = np.where(y == 1, y_hat, 1 - y_hat)          # p̂(yᵢ | xᵢ)
    return -np.log(observed).mean(), np.where(y == 1, -1, 1) / observed / len(y)


@bce.misconception(
    "only the first of the two terms counts",
    "What does your loss charge for an example with y = 0? Is it ever wrong about it?",
    "The slide prints no bracket round the two terms. Over how many of them does the sum run?")
def bce_first_term(y_hat, y):
    return -np.mean(y * np.log(y_hat)), -y / y_hat / len(y)


@bce.misconception(
    "the sign is the wrong way round",
    "Logarithms of probabilities are negative. Should a loss be?",
    "A better ŷ should lower the loss. Does it lower yours?")
def bce_sign(y_hat, y):
    L, dy_hat = bce.answer(y_hat, y)
    return -L, -dy_hat


@bce.misconception(
    "the 1/n is missing",
    "This loss is a mean over n examples. Where does n enter your code?",
    "Copy every example once, so that the batch is twice as long. Should the loss change?")
def bce_no_mean(y_hat, y):
    L, dy_hat = bce.answer(y_hat, y)
    return len(y) * L, len(y) * dy_hat


@bce.misconception(
    "the 1/n of the loss is lost in its slope",
    "The loss is a mean. Where does its n go when you take the slope?",
    "Nudge one ŷ: how many terms of the mean move, and which number stands before the whole sum?")
def bce_slope_no_mean(y_hat, y):
    L, dy_hat = bce.answer(y_hat, y)
    return L, len(y) * dy_hat


@bce.misconception(
    "this is the slope at the pre-activation, one link further back",
    "ŷ − y is a famous slope. At which place: at ŷ, or before the sigmoid?",
    "At ŷ = 0.001 with y = 1 the logarithm is very steep. Is your slope large there?")
def bce_slope_at_z(y_hat, y):
    L, _ = bce.answer(y_hat, y)
    return L, (y_hat - y) / len(y)


@bce.misconception(
    "the minus inside 1 − ŷ is lost on the way to the slope",
    "What is the slope of ln(1 − u)? Which sign does the inner function bring?",
    "With y = 0, should a larger ŷ raise the loss or lower it? What does your slope say?")
def bce_inner_minus(y_hat, y):
    L, dy_hat = bce.answer(y_hat, y)
    return L, -np.abs(dy_hat)


@bce.misconception(
    "the labels 0 and 1 have changed places",
    "ŷ is the probability of class 1. What should the loss charge for ŷ = 0.99 if y = 1?",
    "Which probability is observed if y = 0: ŷ or the rest?")
def bce_exchanged(y_hat, y):
    return bce.answer(y_hat, 1 - y)


@bce.misconception(
    "the logarithm is to the base 2",
    "ln on the slide is the natural logarithm. Which logarithm does your code take?",
    "What does your logarithm give for 2.71828…? It should be 1. Is it?")
def bce_base_two(y_hat, y):
    L, dy_hat = bce.answer(y_hat, y)
    return L / np.log(2), dy_hat


@bce.misconception(
    "it is the squared error's slope",
    "Which loss does this slope belong to: the one with the square, or the one with the logarithm?",
    "At ŷ = 0.001 with y = 1 the logarithm is very steep. Is your slope larger than 2 there?")
def bce_squared_slope(y_hat, y):
    L, _ = bce.answer(y_hat, y)
    return L, 2 * (y_hat - y) / len(y)


# ---- 5 · binary cross-entropy at z, for any z ------------------------------------------------------------

def for_bce_at_z(rng, n, widths, scale):
    """The last four examples lie far out: right and wrong, on both sides."""
    z, y = scale * rng.normal(size=n), labels(rng, n)
    z[-4:] = np.array([1, 1, -1, -1]) * rng.uniform(750, 900, size=4)
    y[-4:] = 0, 1, 0, 1
    return {"z": z, "y": y}


@exercise("losses.bce_at_z", points=4, minutes=15, inputs=for_bce_at_z, shapes=((7, (1,)), (8, (1,)), (11, (1,))),
          returns={"losses": "(n,)", "delta": "(n,)"},
          cites=("ECE417-63", "ECE417-67", "ECE417-69", "ECE417-70", "ECE884-35", "ECE884-36"),
          praise="Right, and for every z. Far out on the wrong side the loss is a straight line and δ is ±1: no "
                 "overflow, no NaN, and no saturated output that has stopped learning.")
def bce_at_z(z, y):
    s = np.where(y == 1, -1, 1)
    return softplus(s * z), sigmoid(z) - y                 # −ln σ(∓z) = ln(1 + exp(sz))


@bce_at_z.misconception(
    "far out it is infinite or NaN, even where the label is right",
    "At z = 800 a computer has σ(z) = 1 exactly. What is ln(1 − σ(z)) then, and what is 0 times that?",
    "Can you reach the loss without passing σ? What does ln(1 + exp t) look like for large t?")
def two_logarithms(z, y):
    p = sigmoid(z)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)), p - y


@bce_at_z.misconception(
    "it is not finite where a large |z| is on the wrong side",
    "At z = 800 and y = 0 the loss is 800. Which step of yours goes to infinity there, an exp or a logarithm of 0?",
    "For large t, ln(1 + exp t) is nearly t. Can exp be kept from ever seeing a large positive number?")
def naive_softplus(z, y):
    return np.log(1 + np.exp(np.where(y == 1, -z, z))), sigmoid(z) - y


@bce_at_z.misconception(
    "exp overflows for large positive z",
    "At z = 800 and y = 1 the loss is 0. What is ln(1 + exp(800)) on a computer, before you subtract 800?",
    "Your formula is safe for z < 0. Which one is safe for z > 0, and can |z| join them?")
def positive_overflow(z, y):
    return np.log(1 + np.exp(z)) - y * z, sigmoid(z) - y


@bce_at_z.misconception(
    "exp overflows for large negative z",
    "At z = −800 and y = 0 the loss is 0. What is ln(1 + exp(800)) on a computer, before you subtract 800?",
    "Your formula is safe for z > 0. Which one is safe for z < 0, and can |z| join them?")
def negative_overflow(z, y):
    return np.log(1 + np.exp(-z)) + (1 - y) * z, sigmoid(z) - y


@bce_at_z.misconception(
    "clipping the probability puts a lid on the loss",
    "At z = −800 and y = 1 the loss is 800. Which number do you get, and where does it come from?",
    "A clipped ŷ no longer moves with z. Is a loss that stands still an honest loss, when z is that wrong?")
def clipped(z, y):
    p = np.clip(sigmoid(z), 1e-12, 1 - 1e-12)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)), sigmoid(z) - y


@bce_at_z.misconception(
    "only the straight part is left, max(t, 0)",
    "At z = 0 the network does not know. Should it be charged nothing?",
    "ln(1 + exp t) = max(t, 0) + something small. What is that something at t = 0?")
def straight_part(z, y):
    return np.maximum(np.where(y == 1, -z, z), 0), sigmoid(z) - y


@bce_at_z.misconception(
    "the labels 0 and 1 have changed places",
    "σ(z) is the probability of class 1. Should a large z be cheap or dear when y = 1?",
    "With y = 1 the loss is −ln σ(z). Which sign of z goes into your exp then?")
def exchanged_at_z(z, y):
    return bce_at_z.answer(z, 1 - y)


@bce_at_z.misconception(
    "a mean over the examples is taken",
    "The contract asks for a loss per example. Which shape has yours?",
    "Dividing by n comes later, in task 10. Is it in your code already?")
def mean_at_z(z, y):
    losses, delta = bce_at_z.answer(z, y)
    return losses.mean(), delta


@bce_at_z.misconception(
    "a 1/n comes in, though each loss belongs to one example",
    "The contract asks for the slope of example i's own loss. Does that loss know how many others there are?",
    "Nudge one z. By how much does its own loss move, and which number do you divide by?")
def delta_of_mean_at_z(z, y):
    losses, delta = bce_at_z.answer(z, y)
    return losses, delta / len(y)


@bce_at_z.misconception(
    "the slope of the sigmoid is in it once too often",
    "The logarithm cancels one factor of the sigmoid's slope. Is it still in your δ?",
    "At z = 800 with y = 0 the network is as wrong as can be. Is your δ 0 there?")
def squared_error_delta(z, y):
    losses, delta = bce_at_z.answer(z, y)
    p = sigmoid(z)
    return losses, delta * p * (1 - p)


@bce_at_z.misconception(
    "far out, on both sides, it is not finite",
    "From ŷ back to z you divide by ŷ(1 − ŷ), then multiply by it. What is it at z = 800?",
    "The two factors cancel on paper. Can you let them cancel before NumPy sees them?")
def unfused(z, y):
    losses, delta = bce_at_z.answer(z, y)
    p = sigmoid(z)
    return losses, delta / (p * (1 - p)) * (p * (1 - p))


@bce_at_z.misconception(
    "exp overflows in σ where z is large",
    "exp(z) / (1 + exp(z)) at z = 800: what is above and what below the fraction bar?",
    "σ can be written with exp(z) or with exp(−z). Which is safe for z = 800, and which for −800? Or use tanh?")
def sigmoid_overflows(z, y):
    losses, _ = bce_at_z.answer(z, y)
    return losses, np.exp(z) / (1 + np.exp(z)) - y


@bce_at_z.misconception(
    "the sigmoid is missing",
    "δ compares a probability with a label. Is z a probability?",
    "Can δ be larger than 1 here? How far can σ(z) be from a label?")
def delta_without_sigmoid(z, y):
    losses, _ = bce_at_z.answer(z, y)
    return losses, z - y


@bce_at_z.misconception(
    "the sign is the wrong way round",
    "With y = 1, should a larger z raise the loss or lower it?",
    "Take z = 0 and y = 1. Which sign must the slope of the loss have, and which has yours?")
def delta_sign_at_z(z, y):
    losses, delta = bce_at_z.answer(z, y)
    return losses, -delta


# ---- 6 · softmax for any z -------------------------------------------------------------------------------

def for_softmax(rng, n, widths, scale):
    """The last row has one entry far above the rest; all of the row before lie far below 0."""
    Z = scale * rng.normal(size=(n, widths[0]))
    Z[-1, rng.integers(widths[0])] += rng.uniform(750, 900)
    Z[-2] -= rng.uniform(750, 900)
    return {"Z": Z}


@exercise("losses.softmax", points=2, minutes=8, inputs=for_softmax, shapes=BATCHES, returns={"P": "(n, C)"},
          cites=("TAYLOR-38", "ECE417-76", "ECE417-77"),
          praise="Right, for every z. Only differences within a row matter to softmax, so you may subtract what you "
                 "like, and the row's largest entry makes every exponential at most 1.")
def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))           # the shift cancels in the quotient
    return E / E.sum(axis=1, keepdims=True)


@softmax.misconception(
    "exp overflows, or all of a row becomes 0, for large |z|",
    "What is exp(800) on a computer, and exp(−800)? And infinity over infinity, or 0/0?",
    "Add 5 to all entries of a row. Do the probabilities change? Which number would be good to subtract?")
def softmax_naive(Z):
    E = np.exp(Z)
    return E / E.sum(axis=1, keepdims=True)


@softmax.misconception(
    "the largest entry of the whole array is subtracted from every row",
    "One row has an entry near 800. What becomes of exp in all the other rows after your shift?",
    "Each row is a distribution of its own. Whose largest entry should it be shifted by?")
def softmax_one_shift(Z):
    E = np.exp(Z - Z.max())
    return E / E.sum(axis=1, keepdims=True)


@softmax.misconception(
    "the shift leaves the largest entry so large that it overflows",
    "After your shift, what is the largest number that exp can see in a row?",
    "Overflow comes from large positive numbers. Which shift makes all of them 0 or less?")
def softmax_smallest(Z):
    E = np.exp(Z - Z.min(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


@softmax.misconception(
    "columns add to 1 instead of rows",
    "Rows are examples. What must add to 1: one example's classes, or one class over all examples?",
    "Along which axis of Z do the classes lie?")
def softmax_columns(Z):
    E = np.exp(Z - Z.max(axis=0))
    return E / E.sum(axis=0)


@softmax.misconception(
    "all entries together add to 1",
    "How many distributions are there in Z: one, or one in each row?",
    "What does a sum without an axis add up?")
def softmax_everything(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum()


@softmax.misconception(
    "the rows are not divided by their sum",
    "What do the entries of a row of yours add up to?",
    "The formula has a fraction bar. What stands below it?")
def softmax_no_sum(Z):
    return np.exp(Z - Z.max(axis=1, keepdims=True))


@softmax.misconception(
    "the rows are divided by their mean instead of their sum",
    "What do the entries of a row of yours add up to: 1, or the number of classes?",
    "The formula has a sum below the fraction bar. What does a mean do beyond adding?")
def softmax_mean(Z):
    return len(Z[0]) * softmax.answer(Z)


@softmax.misconception(
    "each entry has gone through a sigmoid of its own",
    "Do your rows add to 1? In softmax, does one class notice when another becomes more likely?",
    "A sigmoid looks at one number. At how many does softmax look for each of its results?")
def softmax_sigmoids(Z):
    return sigmoid(Z)


@softmax.misconception(
    "the largest entry gets all",
    "Two entries, 1.0 and 1.1. Should the second get everything?",
    "“Soft” is the point of it. What should be left for the others?")
def softmax_hard(Z):
    return np.eye(len(Z[0]))[Z.argmax(axis=1)]


# ---- 7 · cross-entropy with one-hot targets --------------------------------------------------------------

def probabilities(rng, n, C, scale):
    return softmax_of(scale * rng.normal(size=(n, C)))


def for_cross_entropy(rng, n, widths, scale):
    C = widths[0]
    return {"P": probabilities(rng, n, C, scale), "Y": np.eye(C)[rng.permutation(np.arange(n) % C)]}


@exercise("losses.cross_entropy", points=2, minutes=8, inputs=for_cross_entropy, shapes=BATCHES,
          returns={"L": "one number", "dP": "(n, C)"}, cites=("TAYLOR-39", "ECE417-71", "ECE417-73"),
          praise="Right. A one-hot row picks one logarithm out of C, so only the probability of the true class is "
                 "looked at, and only there does the slope live.")
def cross_entropy(P, Y):
    return -np.sum(Y * np.log(P)) / len(Y), -Y / P / len(Y)


@cross_entropy.misconception(
    "the probabilities of all classes are charged",
    "Which class is the true one? What does the one-hot row do to the other logarithms?",
    "Should it cost anything that a wrong class has a small probability?")
def ce_all_classes(P, Y):
    return -np.sum(np.log(P)) / len(P), -1 / P / len(P)


@cross_entropy.misconception(
    "it is a mean over all entries instead of over the examples",
    "How many numbers does your mean divide by: n, or n times C?",
    "Add a class that never occurs and gets almost no probability. Should the loss change?")
def ce_mean_of_entries(P, Y):
    return -np.mean(Y * np.log(P)), -Y / P / Y.size


@cross_entropy.misconception(
    "the 1/n is missing",
    "This loss is a mean over n examples. Where does n enter your code?",
    "Copy every example once, so that the batch is twice as long. Should the loss change?")
def ce_no_mean(P, Y):
    L, dP = cross_entropy.answer(P, Y)
    return L * len(Y), dP * len(Y)


@cross_entropy.misconception(
    "the 1/n of the loss is lost in its slope",
    "The loss is a mean. Where does its n go when you take the slope?",
    "Nudge one p: how many terms of the mean move, and which number stands before the whole sum?")
def ce_slope_no_mean(P, Y):
    L, dP = cross_entropy.answer(P, Y)
    return L, dP * len(Y)


@cross_entropy.misconception(
    "the sign is the wrong way round",
    "Logarithms of probabilities are negative. Should a loss be?",
    "If the true class becomes more probable, should the loss rise or fall? Does yours?")
def ce_sign(P, Y):
    L, dP = cross_entropy.answer(P, Y)
    return -L, -dP


@cross_entropy.misconception(
    "a minus is lost in the slope",
    "If the true class becomes more probable, should the loss rise or fall? What does your slope say?",
    "The loss begins with a minus. Where is it in the slope?")
def ce_slope_sign(P, Y):
    L, dP = cross_entropy.answer(P, Y)
    return L, -dP


@cross_entropy.misconception(
    "this is the slope before softmax, one link further back",
    "p − y is a famous slope. At which place: at p, or at the pre-activations?",
    "Which entries of P stand in this loss at all? Is your slope 0 at the others?")
def ce_slope_at_z(P, Y):
    L, _ = cross_entropy.answer(P, Y)
    return L, (P - Y) / len(Y)


@cross_entropy.misconception(
    "the binary formula is used, which charges the wrong classes as well",
    "How many terms has the loss for one example: C, or twice as many?",
    "Is there a logarithm of 1 minus something on TAYLOR's slide?")
def ce_binary(P, Y):
    return (-np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P)) / len(Y),
            (-Y / P + (1 - Y) / (1 - P)) / len(Y))


@cross_entropy.misconception(
    "the logarithm is to the base 2",
    "The deck takes the natural logarithm. Which one does your code take?",
    "What does your logarithm give for 2.71828…? It should be 1. Is it?")
def ce_base_two(P, Y):
    L, dP = cross_entropy.answer(P, Y)
    return L / np.log(2), dP


# ---- 8 · back through softmax ----------------------------------------------------------------------------

def for_softmax_back(rng, n, widths, scale):
    return {"P": probabilities(rng, n, widths[0], scale), "dP": rng.normal(size=(n, widths[0]))}


@exercise("losses.softmax_back", points=3, minutes=12, inputs=for_softmax_back, shapes=BATCHES,
          returns={"delta": "(n, C)"}, cites=("TAYLOR-20", "TAYLOR-37", "TAYLOR-38"),
          praise="Right. Each z moves every p of its row, so all of a row's slopes must be gathered. And no C × C "
                 "matrix was needed: one sum per row does its work.")
def softmax_back(P, dP):
    return P * (dP - np.sum(P * dP, axis=1, keepdims=True))   # (diag p − p pᵀ) ∂L/∂p


@softmax_back.misconception(
    "softmax is treated entry by entry, like a sigmoid",
    "If one z grows, does only its own p change?",
    "A row of P adds to 1. If one probability grows, what must the others do? Where is that in your code?")
def jvp_elementwise(P, dP):
    return dP * P * (1 - P)


@softmax_back.misconception(
    "the common part of a row is not taken away",
    "Add the same number to all slopes of a row: P always adds to 1, so nothing should change. Does your δ?",
    "Each z raises its own p and lowers all others. Which of the two is in your code?")
def jvp_no_sum(P, dP):
    return P * dP


@softmax_back.misconception(
    "the sum leaves out the probabilities",
    "The part taken away is an average of the row's slopes. With which weights?",
    "In the sum over k, two quantities carry the index k. Are both in yours?")
def jvp_plain_sum(P, dP):
    return P * (dP - dP.sum(axis=1, keepdims=True))


@softmax_back.misconception(
    "a plain mean of the row's slopes is taken away, not the weighted one",
    "The part taken away is an average of the row's slopes. Do all classes weigh the same in it?",
    "A class with probability 0 plays no part. Does it in your average?")
def jvp_plain_mean(P, dP):
    return P * (dP - dP.mean(axis=1, keepdims=True))


@softmax_back.misconception(
    "the sum runs over the examples instead of the classes",
    "Rows are examples. Does one example's p react to another example's z?",
    "Along which axis of P lie the classes of one example?")
def jvp_columns(P, dP):
    return P * (dP - np.sum(P * dP, axis=0))


@softmax_back.misconception(
    "the sum runs over the whole batch",
    "Does one example's p react to another example's z?",
    "What does a sum without an axis add up?")
def jvp_everything(P, dP):
    return P * (dP - np.sum(P * dP))


@softmax_back.misconception(
    "the factor p before the bracket is missing",
    "If p is almost 0, its z hardly moves anything. Is your δ almost 0 there?",
    "p_k (δ_jk − p_j): how many probabilities are there in one entry of the Jacobian?")
def jvp_no_front(P, dP):
    return dP - np.sum(P * dP, axis=1, keepdims=True)


@softmax_back.misconception(
    "the sign is the wrong way round",
    "If z grows, does its own p grow or fall?",
    "Which comes first in the bracket: the entry's own slope, or the average?")
def jvp_sign(P, dP):
    return -softmax_back.answer(P, dP)


@softmax_back.misconception(
    "only the other classes count, not the class itself",
    "If z_k grows, p_k grows too. Where is that in your code?",
    "The Jacobian has a diagonal. What stands there?")
def jvp_off_diagonal(P, dP):
    return -P * (np.sum(P * dP, axis=1, keepdims=True) - P * dP)


# ---- 9 · loss and δ from the number of the class ---------------------------------------------------------

def for_by_class(rng, n, widths, scale):
    C = widths[0]
    return {"P": probabilities(rng, n, C, scale), "c": rng.permutation(np.arange(n) % C)}


@exercise("losses.by_class", points=3, minutes=10, inputs=for_by_class, shapes=BATCHES,
          returns={"L": "one number", "delta": "(n, C)"}, cites=("TAYLOR-11", "TAYLOR-40", "LFD-04"),
          praise="Right. Two long formulas meet, and what is left is a subtraction: predicted minus true. No one-hot "
                 "array was needed, only an address.")
def by_class(P, c):
    delta = P.copy()
    delta[np.arange(len(c)), c] -= 1                       # ∂L/∂zⱼ = pⱼ − yⱼ
    return -np.log(P[np.arange(len(c)), c]).mean(), delta / len(c)


def one_hot(c, P):
    return np.eye(P.shape[1])[c]


@by_class.misconception(
    "classes are counted from 1",
    "Which numbers occur in c, and which is the smallest? How does NumPy count columns?",
    "LFD counts its classes from 1. From which number does this task count?")
def counted_from_one(P, c):
    return by_class.answer(P, c - 1)


@by_class.misconception(
    "each row meets the class numbers of all rows",
    "P[:, c] has n columns. How many numbers do you want from each row?",
    "For an entry NumPy needs a row number and a column number. Which row numbers go with c?")
def whole_columns(P, c):
    delta = P.copy()
    delta[:, c] -= 1
    return -np.log(P[:, c]).mean(), delta / len(c)


@by_class.misconception(
    "whole rows are picked, by the number of a class",
    "P[c] picks rows. Which index of P names an example, and which a class?",
    "For an entry NumPy needs two numbers, a row and a column. Which of the two is c?")
def whole_rows(P, c):
    delta = P.copy()
    delta[c] -= 1
    return -np.log(P[c]).mean(), delta / len(c)


@by_class.misconception(
    "the most probable class is charged instead of the true one",
    "Where does c enter your loss?",
    "A network that is sure and wrong: what should its loss be, and what is yours?")
def by_largest(P, c):
    return by_class.answer(P, P.argmax(axis=1))


@by_class.misconception(
    "the logarithm of the mean stands where the mean of the logarithms belongs",
    "Which comes first on the slide, the logarithm or the mean over the examples?",
    "One example gets probability 0. Should the loss be finite? Is yours?")
def log_of_mean(P, c):
    _, delta = by_class.answer(P, c)
    return -np.log(P[rows(len(c)), c].mean()), delta


@by_class.misconception(
    "only the true class gets a slope",
    "The wrong classes have probabilities too. Should nothing push them down?",
    "p − y: what is it where y is 0?")
def true_class_only(P, c):
    L, delta = by_class.answer(P, c)
    return L, delta * one_hot(c, P)


@by_class.misconception(
    "a 1 is subtracted for every class",
    "A one-hot row has how many ones? From how many classes is 1 subtracted?",
    "Which classes should be pushed up, and which down? Does any entry of yours push down?")
def minus_one_everywhere(P, c):
    L, _ = by_class.answer(P, c)
    return L, (P - 1) / len(c)


@by_class.misconception(
    "nothing is subtracted for the true class",
    "p − y: where has y gone?",
    "If every slope is positive, every z should sink. Should that of the true class?")
def nothing_subtracted(P, c):
    L, _ = by_class.answer(P, c)
    return L, P / len(c)


@by_class.misconception(
    "the 1/n of the loss is lost in δ",
    "L is a mean over n examples. Where does its n go when you take the slope?",
    "Only the loss divides by n, but it does. At which place does δ feel it?")
def by_class_no_mean(P, c):
    L, delta = by_class.answer(P, c)
    return L, len(c) * delta


@by_class.misconception(
    "the 1/n is missing",
    "This loss is a mean over n examples. Where does n enter your code?",
    "Copy every example once, so that the batch is twice as long. Should the loss change?")
def by_class_sum(P, c):
    L, delta = by_class.answer(P, c)
    return len(c) * L, len(c) * delta


@by_class.misconception(
    "the sign is the wrong way round",
    "If the z of the true class grows, should the loss rise or fall?",
    "Which entry of a row should be negative: that of the true class, or those of the others?")
def by_class_sign(P, c):
    L, delta = by_class.answer(P, c)
    return L, -delta


@by_class.misconception(
    "the slope of softmax is multiplied in once more",
    "p − y is the slope at z already. Which link of the chain do you cross after it?",
    "A sure and wrong network: p is nearly 1 at a wrong class. Is your δ nearly 0 there?")
def by_class_slope_again(P, c):
    L, delta = by_class.answer(P, c)
    return L, delta * P * (1 - P)


# ---- 10 · from any z to loss and δ -----------------------------------------------------------------------

def for_classifier(rng, n, widths, scale):
    """The first batch is harmless. Then as for softmax, and in the last row a wrong class is far ahead."""
    C = widths[0]
    c = rng.permutation(np.arange(n) % C)
    if n == 3:
        return {"Z": scale * rng.normal(size=(n, C)), "c": c}
    Z = for_softmax(rng, n, widths, scale)["Z"]
    c[-1] = (Z[-1].argmax() + 1) % C                       # so the true class gets probability 0
    return {"Z": Z, "c": c}


@exercise("losses.classifier", points=4, minutes=18, inputs=for_classifier, shapes=BATCHES,
          returns={"L": "one number", "delta": "(n, C)"},
          cites=("TAYLOR-11", "TAYLOR-38", "TAYLOR-39", "TAYLOR-40", "ECE417-75"),
          praise="This is what stands at the end of nearly every classifier. Yours never overflows, never takes the "
                 "logarithm of 0, and learns most where it is most wrong.")
def classifier(Z, c):
    Z = Z - Z.max(axis=1, keepdims=True)
    log_p = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))   # ln p = z − ln Σ exp z
    delta = np.exp(log_p)
    delta[np.arange(len(c)), c] -= 1
    return -log_p[np.arange(len(c)), c].mean(), delta / len(c)


@classifier.misconception(
    "exp overflows, or all of a row becomes 0, for large |z|",
    "What is exp(800) on a computer, and exp(−800)? And infinity over infinity, or 0/0?",
    "Only differences within a row matter. Which number would be good to subtract from a row?")
def classifier_naive(Z, c):
    E = np.exp(Z)
    return by_class.answer(E / E.sum(axis=1, keepdims=True), c)


@classifier.misconception(
    "it is not finite when a large |z| is wrong",
    "z = (0, 800) and the true class is the first: the loss is 800. Which step of yours makes it infinite, or NaN?",
    "ln p = z − ln Σ exp z. Must p be computed at all to find its logarithm?")
def log_of_zero(Z, c):
    return by_class.answer(softmax.answer(Z), c)


@classifier.misconception(
    "a small number inside the logarithm puts a lid on the loss",
    "z = (0, 800) and the true class is the first: the loss is 800. What does ln of your small number give?",
    "How large a loss can your code report at most? Is a loss that stands still an honest one?")
def lid(Z, c):
    _, delta = classifier.answer(Z, c)
    return -np.log(softmax.answer(Z)[rows(len(c)), c] + 1e-12).mean(), delta


@classifier.misconception(
    "what was subtracted in one term is not subtracted in the other",
    "z − ln Σ exp z: both parts must be shifted by the same number. Are they?",
    "Add 5 to all entries of a row. Should the loss change? Does yours?")
def shift_not_undone(Z, c):
    _, delta = classifier.answer(Z, c)
    shifted = Z - Z.max(axis=1, keepdims=True)
    return (np.log(np.exp(shifted).sum(axis=1)) - Z[rows(len(c)), c]).mean(), delta


@classifier.misconception(
    "the largest entry of the whole array is subtracted from every row",
    "One row has an entry near 800. What becomes of exp in all the other rows after your shift?",
    "Each row is a distribution of its own. Whose largest entry should it be shifted by?")
def classifier_one_shift(Z, c):
    E = np.exp(Z - Z.max())
    return by_class.answer(E / E.sum(axis=1, keepdims=True), c)


@classifier.misconception(
    "the score of the true class is left out of the loss",
    "ln p = z − ln Σ exp z: have you both parts?",
    "If the z of the true class is far ahead, the loss should be nearly 0. Is yours?")
def score_left_out(Z, c):
    _, delta = classifier.answer(Z, c)
    top = Z.max(axis=1)
    return (top + np.log(np.exp(Z - top[:, None]).sum(axis=1))).mean(), delta


@classifier.misconception(
    "classes are counted from 1",
    "Which numbers occur in c, and which is the smallest? How does NumPy count columns?",
    "LFD counts its classes from 1. From which number does this task count?")
def classifier_from_one(Z, c):
    return classifier.answer(Z, c - 1)


@classifier.misconception(
    "the softmax is missing",
    "p − y compares probabilities with a one-hot row. Is z a probability?",
    "Does a row of your δ add to 0? Should it?")
def delta_of_scores(Z, c):
    L, _ = classifier.answer(Z, c)
    return L, (Z - one_hot(c, Z)) / len(c)


@classifier.misconception(
    "each entry has gone through a sigmoid of its own",
    "Does a row of your δ add to 0? If one class gains, must not the others lose?",
    "A sigmoid looks at one number. At how many does softmax look for each of its results?")
def delta_of_sigmoids(Z, c):
    L, _ = classifier.answer(Z, c)
    return L, (sigmoid(Z) - one_hot(c, Z)) / len(c)


@classifier.misconception(
    "columns add to 1 instead of rows",
    "Rows are examples. What must add to 1: one example's classes, or one class over all examples?",
    "Along which axis of Z do the classes lie?")
def delta_of_columns(Z, c):
    L, _ = classifier.answer(Z, c)
    return L, (softmax_columns(Z) - one_hot(c, Z)) / len(c)


@classifier.misconception(
    "the 1/n of the loss is lost in δ",
    "L is a mean over n examples. Where does its n go when you take the slope?",
    "Only the loss divides by n, but it does. At which place does δ feel it?")
def classifier_no_mean(Z, c):
    L, delta = classifier.answer(Z, c)
    return L, len(c) * delta


@classifier.misconception(
    "the 1/n is missing",
    "This loss is a mean over n examples. Where does n enter your code?",
    "Copy every example once, so that the batch is twice as long. Should the loss change?")
def classifier_sum(Z, c):
    L, delta = classifier.answer(Z, c)
    return len(c) * L, len(c) * delta


@classifier.misconception(
    "the sign is the wrong way round",
    "If the z of the true class grows, should the loss rise or fall?",
    "Which entry of a row should be negative: that of the true class, or those of the others?")
def classifier_sign(Z, c):
    L, delta = classifier.answer(Z, c)
    return L, -delta


@classifier.misconception(
    "it is not finite where the true class has probability 0",
    "From p back to z you divide by the p of the true class, then multiply by it. What is p when z is 800 behind?",
    "The two factors cancel on paper. Can you let them cancel before NumPy sees them?")
def classifier_unfused(Z, c):
    L, _ = classifier.answer(Z, c)
    P = softmax.answer(Z)
    Y = one_hot(c, Z)
    return L, softmax_back.answer(P, -Y / P / len(c))
