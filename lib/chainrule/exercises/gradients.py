"""Weights, biases, batches: from the δ of a layer to the gradient of a network, and one step against it.

Nine exercises as data. The first six look at one layer, fed by a real forward and backward pass; then comes
the whole walk three times, in house notation and as two decks write it. Letters follow the deck that the
exercise names.
"""
import numpy as np

from chainrule.activations import Identity, Sigmoid, Tanh
from chainrule.exercises import exercise
from chainrule.mlp import MLP

sigmoid = Sigmoid()
DEEP = ((3, (4, 5, 2)), (4, (3, 3, 3)), (5, (3, 2, 4, 6)), (7, (2, 3, 5, 4, 1)), (5, (3, 2)))
ONE_EXAMPLE = ((1, (4, 5, 2)), (1, (3, 3, 3)), (1, (3, 2, 4, 6)), (1, (2, 3, 5, 4, 1)), (1, (3, 2)))     # LFD


def network_for(rng, n, widths, scale, hidden=sigmoid, output=None):
    """A random network, its trace on n random examples, and random targets."""
    net = MLP.random(widths, rng, hidden, output or Identity(), scale)
    return net, net.forward(rng.normal(size=(n, widths[0]))), rng.normal(size=(n, widths[-1]))


def a_number(rng, low, high):
    return np.float64(rng.uniform(low, high))


# ---- 1 · dW, example by example --------------------------------------------------------------------------

def for_layer(rng, n, widths, scale):
    _, trace, Y = network_for(rng, n, widths, scale)
    return {"X": trace[-2], "delta": (trace[-1] - Y) / n}


@exercise("gradients.outer", points=2, minutes=8, inputs=for_layer, returns={"dW": "(d_in, d_out)"},
          cites=("ECE417-41", "ECE417-42", "ECE417-44", "LFD-08", "LFD-09"),
          praise="Each example adds one small table: what came in at the start of every arrow, times the δ "
                 "at its end. All examples share W, so the tables are added.")
def outer(X, delta):
    dW = np.zeros((X.shape[1], delta.shape[1]))
    for x, d in zip(X, delta, strict=True):
        dW += np.outer(x, d)                       # ∂L/∂w_jk = Σᵢ x_ij δ_ik
    return dW


@outer.misconception(
    "only the first example counts",
    "One W serves all examples. Does each of them have a say in its slope?",
    "Where does your `return` stand: after the loop, or inside it?")
def first_outer(X, delta):
    return np.outer(X[0], delta[0])


@outer.misconception(
    "only the last example counts",
    "What happens, in the second turn of your loop, to what the first turn found?",
    "Which sign puts a new table to the others: one that replaces, or one that adds?")
def last_outer(X, delta):
    return np.outer(X[-1], delta[-1])


@outer.misconception(
    "the last example is missed",
    "How many examples are there, and how often does your loop turn?",
    "What is the last number that `range` gives for n = 3? Is it the index of the last example?")
def one_too_few(X, delta):
    return X[:-1].T @ delta[:-1]


@outer.misconception(
    "the product is transposed",
    "Which index of W names where an arrow starts? Which of your two vectors sits at that end?",
    "An answer for W has the shape of W. Which vector must give the rows of each table?")
def transposed_outer(X, delta):
    return delta.T @ X


@outer.misconception(
    "a mean over the examples is taken instead of the sum",
    "Who divides by n here: the layer, or the loss?",
    "The δ you are given already hold the 1/n of the loss. If you divide too, how often is that?")
def mean_outer(X, delta):
    return X.T @ delta / len(X)


@outer.misconception(
    "the examples are added up before they are multiplied",
    "A sum of products is not a product of sums. Does each x still meet its own δ in your code?",
    "Two examples make two products. Multiply your two sums out: how many products are in there?")
def sums_apart(X, delta):
    return np.outer(X.sum(axis=0), delta.sum(axis=0))


@outer.misconception(
    "it is taken at one average example",
    "Is there an example with the average input and the average δ? Does its table stand for the others?",
    "Take two examples whose δ cancel. Is W's slope then 0, whatever their inputs?")
def average_example(X, delta):
    return np.outer(X.mean(axis=0), delta.mean(axis=0))


@outer.misconception(
    "the sizes are added, without their signs",
    "Can two examples pull at a weight in opposite directions? Does your sum let them?",
    "Which function in your code makes everything positive, and who asked for it?")
def sizes_only(X, delta):
    return np.abs(X).T @ np.abs(delta)


# ---- 2 · dW and db in matrices ---------------------------------------------------------------------------

@exercise("gradients.matrix", points=2, minutes=7, inputs=for_layer,
          returns={"dW": "(d_in, d_out)", "db": "(d_out,)"},
          cites=("ECE417-42", "TAYLOR-41", "TAYLOR-42", "TAYLOR-50"),
          praise="The loop is gone, the sum is not: examples are the inner index of the product. And b is a "
                 "weight whose input is 1 in every example, so its slope is the same sum with ones.")
def matrix(X, delta):
    return X.T @ delta, delta.sum(axis=0)


@matrix.misconception(
    "the product is transposed",
    "Which index of W names where an arrow starts? Which of your two factors sits at that end?",
    "An answer for W has the shape of W. Which of your two factors must bring the rows?")
def transposed_matrix(X, delta):
    return delta.T @ X, delta.sum(axis=0)


@matrix.misconception(
    "the sum runs over the units instead of the examples",
    "In a matrix product the inner index is summed away. Which one is that in yours: units or examples?",
    "Let W be square, so that any product fits. Which index of X must W's slope not have any more?")
def summed_over_units(X, delta):
    return X @ delta.T, delta.sum(axis=0)


@matrix.misconception(
    "the 1/n is taken a second time",
    "Only the loss divides by n. Has it not done so already, inside the δ you were given?",
    "Follow one n from the loss to W and to b. How many fraction bars does it meet in your code?")
def mean_again(X, delta):
    return X.T @ delta / len(X), delta.mean(axis=0)


@matrix.misconception(
    "the bias averages over the batch",
    "Who divides by n here: the layer, or the loss?",
    "dW adds up over the examples inside its product. Why should b treat them differently?")
def bias_mean(X, delta):
    return X.T @ delta, delta.mean(axis=0)


@matrix.misconception(
    "it runs over the units of each example instead of the examples of each unit",
    "An answer for b has the shape of b. Along which axis of δ lie the examples?",
    "The same b serves every row. Which axis must disappear, then: rows or columns?")
def bias_wrong_axis(X, delta):
    return X.T @ delta, delta.sum(axis=1)


@matrix.misconception(
    "the examples are not added up",
    "There is one b for all examples. What happens to its n small effects?",
    "Forward, b is copied into every row. What is the way back of a copy?")
def bias_not_summed(X, delta):
    return X.T @ delta, delta


@matrix.misconception(
    "all units share one number",
    "Every unit has a bias of its own. How many slopes do you return for them?",
    "What does a sum do in NumPy if you don't say along which axis?")
def bias_one_number(X, delta):
    return X.T @ delta, delta.sum()


@matrix.misconception(
    "only the first example counts",
    "One W and one b serve all examples. Does each of them have a say?",
    "If you changed the last row of δ, should the slopes change? Do they, in your code?")
def first_example(X, delta):
    return np.outer(X[0], delta[0]), delta[0]


# ---- 3 · sum and mean over a batch -----------------------------------------------------------------------

def for_batch(rng, n, widths, scale):
    _, trace, Y = network_for(rng, n, widths, scale)
    return {"X": trace[-2], "E": trace[-1] - Y}


@exercise("gradients.batch", points=2, minutes=8, inputs=for_batch,
          returns={"summed": "(d_in, d_out)", "mean": "(d_in, d_out)"},
          cites=("LFD-27", "ECE884-06", "TAYLOR-06", "ECE417-50"),
          praise="One direction, two lengths. With the sum a batch twice as large steps twice as far; with "
                 "the mean it only steps more surely. That is why a learning rate belongs to its convention.")
def batch(X, E):
    summed = X.T @ E
    return summed, summed / len(X)


@batch.misconception(
    "it is not divided by anything",
    "A mean of n tables: which number is missing?",
    "Hand in the same batch twice, one below the other. Should the mean change? Does yours?")
def never_divided(X, E):
    return X.T @ E, X.T @ E


@batch.misconception(
    "it is divided, and this rule adds up",
    "Is there a fraction bar in LFD's rule for a batch?",
    "Hand in the same batch twice, one below the other. What should the sum do? And yours?")
def always_divided(X, E):
    return X.T @ E / len(X), X.T @ E / len(X)


@batch.misconception(
    "it is divided by the number of outputs instead of the number of examples",
    "Rows are examples, columns are outputs. Which of the two does the mean run over?",
    "For 3 examples with 2 outputs each, which number should stand under the fraction bar?")
def divided_by_outputs(X, E):
    return X.T @ E, X.T @ E / E.shape[1]


@batch.misconception(
    "it is divided by the number of inputs instead of the number of examples",
    "X has two axes. Which of them did you count, and along which do the examples lie?",
    "For 3 examples with 5 inputs each, which number should stand under the fraction bar?")
def divided_by_inputs(X, E):
    return X.T @ E, X.T @ E / X.shape[1]


@batch.misconception(
    "it is divided by the number of errors instead of the number of examples",
    "The loss of one example adds its outputs up. Are they averaged over, too?",
    "What does `mean` count when you give it a table, and what does this loss count?")
def divided_by_entries(X, E):
    return X.T @ E, X.T @ E / E.size


@batch.misconception(
    "it is taken at the average example",
    "Is the mean of products the product of the means?",
    "Two examples whose errors cancel: is the mean of their tables 0? And yours?")
def at_the_average(X, E):
    return X.T @ E, np.outer(X.mean(axis=0), E.mean(axis=0))


@batch.misconception(
    "one example's table is taken n times",
    "The note in LFD leaves the example's index out under its sum. Did you leave it out, too?",
    "Change the last example. Should the result change? Does it, in your code?")
def literal_reading(X, E):
    one = np.outer(X[0], E[0])
    return len(X) * one, one


@batch.misconception(
    "the tables are transposed",
    "Which index of W names where an arrow starts? Which of your two factors sits at that end?",
    "An answer for W has the shape of W. Which of your two factors must bring the rows?")
def transposed_batch(X, E):
    return E.T @ X, E.T @ X / len(X)


# ---- 4 · the penalty, TAYLOR -----------------------------------------------------------------------------

def for_penalty(rng, n, widths, scale):
    net, trace, Y = network_for(rng, n, widths, scale)
    return {"X": trace[-2], "delta": (trace[-1] - Y) / n, "W": net.layers[-1].W, "b": net.layers[-1].b,
            "alpha": a_number(rng, 0.2, 0.8)}


@exercise("gradients.penalty", points=3, minutes=11, inputs=for_penalty,
          returns={"dW": "(d_in, d_out)", "db": "(d_out,)", "db_all": "(d_out,)"},
          cites=("TAYLOR-01", "TAYLOR-35", "TAYLOR-41", "TAYLOR-42", "ECE884-02"),
          praise="The penalty is added once, after all examples have had their say, and it pulls each "
                 "parameter it holds towards 0. Whether it holds biases is a decision: write it down, as "
                 "you did here.")
def penalty(X, delta, W, b, alpha):
    db = delta.sum(axis=0)
    return X.T @ delta + alpha * W, db, db + alpha * b


def with_penalty(X, delta, at_W, at_b, at_b_all):
    """The data's slopes, and what a penalty adds to each of the three results, right or wrong."""
    db = delta.sum(axis=0)
    return X.T @ delta + at_W, db + at_b, db + at_b_all


@penalty.misconception(
    "a factor 2 too many in the penalty",
    "Does this Ω have a half in front? What does the square bring down to meet it?",
    "Write Ω for a single weight and differentiate it. Which numbers cancel?")
def doubled_penalty(X, delta, W, b, alpha):
    return with_penalty(X, delta, 2 * alpha * W, 0, 2 * alpha * b)


@penalty.misconception(
    "a factor 2 too few in the penalty",
    "What does the square bring down? Does the half in front of Ω survive?",
    "Differentiate w² / 2 by hand. Is there still a half in it?")
def halved_penalty(X, delta, W, b, alpha):
    return with_penalty(X, delta, alpha * W / 2, 0, alpha * b / 2)


@penalty.misconception(
    "the penalty is divided by n",
    "The penalty is a statement about the weights. Which example does it belong to?",
    "Hand in each example twice. Should the penalty's part change? Does it in your code?")
def penalty_over_n(X, delta, W, b, alpha):
    return with_penalty(X, delta, alpha * W / len(X), 0, alpha * b / len(X))


@penalty.misconception(
    "the penalty is subtracted",
    "The objective adds the penalty to the loss. What does the slope of a sum do?",
    "A step goes against the slope. With yours, do weights shrink towards 0 or grow away from it?")
def subtracted_penalty(X, delta, W, b, alpha):
    return with_penalty(X, delta, -alpha * W, 0, -alpha * b)


@penalty.misconception(
    "the penalty itself is added, not its slope",
    "How many numbers is Ω? And how many should its slope have?",
    "Two weights of very different size: should the penalty pull at both equally? Does yours?")
def value_of_penalty(X, delta, W, b, alpha):
    omega = np.sum(W**2) / 2
    return with_penalty(X, delta, alpha * omega, 0, alpha * (omega + np.sum(b**2) / 2))


@penalty.misconception(
    "the penalty is added without its weight α",
    "Which number says how much the penalty counts beside the loss?",
    "What would your code do differently if `alpha` were ten times as large?")
def penalty_without_alpha(X, delta, W, b, alpha):
    return with_penalty(X, delta, W, 0, b)


@penalty.misconception(
    "the signs of the parameters are added, not the parameters",
    "Which Ω is this: one of squares, or one of sizes without sign?",
    "Near 0 the square is almost flat. Is your pull on a tiny weight small, too?")
def slope_of_sizes(X, delta, W, b, alpha):
    return with_penalty(X, delta, alpha * np.sign(W), 0, alpha * np.sign(b))


@penalty.misconception(
    "the penalty is left out",
    "The objective has two parts. Which of them do your slopes come from?",
    "What would your code do differently if `alpha` were ten times as large? Should it?")
def no_penalty(X, delta, W, b, alpha):
    return with_penalty(X, delta, 0, 0, 0)


@penalty.misconception(
    "the bias is held by the penalty, and here it is free",
    "Which parameters does the first Ω hold? Is b among them?",
    "Move b a little. Does the first Ω notice?")
def bias_held(X, delta, W, b, alpha):
    return with_penalty(X, delta, alpha * W, alpha * b, alpha * b)


@penalty.misconception(
    "the bias is free, and here the penalty holds it",
    "Which parameters does the second Ω hold? Is b among them?",
    "Move b a little. Does the second Ω notice? Do your slopes?")
def bias_free(X, delta, W, b, alpha):
    return with_penalty(X, delta, alpha * W, 0, 0)


@penalty.misconception(
    "the weights' penalty has come into the bias",
    "Each parameter is pulled by its own size. Whose size pulls at b here?",
    "Put b to 0. Is there anything left for the penalty to pull at? What does your code add?")
def weights_pull_bias(X, delta, W, b, alpha):
    return with_penalty(X, delta, alpha * W, 0, alpha * W.sum(axis=0))


@penalty.misconception(
    "the loss is weighted with α too",
    "Which of the two parts of the objective does α stand before?",
    "For a very small α the penalty should vanish. What should the loss do, and what does it in your code?")
def alpha_on_everything(X, delta, W, b, alpha):
    db = delta.sum(axis=0)
    return alpha * (X.T @ delta + W), db, alpha * (db + b)


# ---- 5 · one step, twice from the same place -------------------------------------------------------------

def for_steps(rng, n, widths, scale):
    net, trace, Y = network_for(rng, n, widths, scale)
    gradients = net.backward(trace, (trace[-1] - Y) / n)
    return {"Ws": [layer.W for layer in net.layers], "dWs": [g.dW for g in gradients],
            "eta_1": a_number(rng, 0.05, 0.2), "eta_2": a_number(rng, 0.5, 1)}


@exercise("gradients.step", points=2, minutes=9, inputs=for_steps, shapes=DEEP,
          returns={"cautious": "(d_in, d_out) in each layer", "bold": "(d_in, d_out) in each layer"},
          cites=("ECE417-14", "ECE417-16", "ECE417-45", "TAYLOR-07", "AIML231-01"),
          praise="Both steps start from the same place, because you made new arrays and left the old ones "
                 "alone. Whoever wants to try several rates, or go back, needs exactly this.")
def step(Ws, dWs, eta_1, eta_2):
    return tuple([W - eta * dW for W, dW in zip(Ws, dWs, strict=True)] for eta in (eta_1, eta_2))


def moved(Ws, dWs, eta):
    return [W - eta * dW for W, dW in zip(Ws, dWs, strict=True)]


@step.misconception(
    "the old weights were overwritten, so both answers are the same arrays, moved twice",
    "After the first step, where are the old weights? From where does the second step start?",
    "Does `-=` make a new array, or change the one that others hold, too? And a copy of a list: what is in "
    "it?")
def overwritten(Ws, dWs, eta_1, eta_2):
    for eta in (eta_1, eta_2):
        for W, dW in zip(Ws, dWs, strict=True):
            W -= eta * dW
    return Ws, Ws


@step.misconception(
    "the second step starts where the first one ended",
    "From which weights should both steps start?",
    "Try it with a first rate of 0, then with a large one. Should the second answer depend on it?")
def one_after_the_other(Ws, dWs, eta_1, eta_2):
    first = moved(Ws, dWs, eta_1)
    return first, moved(first, dWs, eta_2)


@step.misconception(
    "the sign is the wrong way round, so the step goes uphill",
    "A slope points to where the loss grows. Which way should a step go?",
    "If a weight's slope is positive, should the weight grow or shrink? What does yours do?")
def uphill(Ws, dWs, eta_1, eta_2):
    return moved(Ws, dWs, -eta_1), moved(Ws, dWs, -eta_2)


@step.misconception(
    "the learning rate is left out",
    "Two rates are given. Where do they come into your steps?",
    "What would your code do differently if a rate were ten times as large?")
def no_rate(Ws, dWs, eta_1, eta_2):
    return moved(Ws, dWs, 1), moved(Ws, dWs, 1)


@step.misconception(
    "the slope is divided by the learning rate",
    "A larger rate should mean a longer step. Does it, in your code?",
    "Let the rate be almost 0. How far should the weights move, and how far do yours?")
def divided_by_rate(Ws, dWs, eta_1, eta_2):
    return moved(Ws, dWs, 1 / eta_1), moved(Ws, dWs, 1 / eta_2)


@step.misconception(
    "this is how far to go, not where one arrives",
    "Do you return new weights, or only what is to be added to the old ones?",
    "With a rate of 0 nothing should move. Which weights would you return then?")
def only_the_change(Ws, dWs, eta_1, eta_2):
    return [-eta_1 * dW for dW in dWs], [-eta_2 * dW for dW in dWs]


@step.misconception(
    "only the last layer moves",
    "Which layers have a slope? Which of them take a step in your code?",
    "Does your loop reach the first layer, or does a `return` stop it?")
def last_layer_only(Ws, dWs, eta_1, eta_2):
    return tuple([*Ws[:-1], Ws[-1] - eta * dWs[-1]] for eta in (eta_1, eta_2))


@step.misconception(
    "the slope is made one long before the step",
    "Does the rule divide the slope by its length? What does it multiply it with?",
    "Near a minimum the slope is short. Should the step be short there as well? Is yours?")
def unit_steps(Ws, dWs, eta_1, eta_2):
    return tuple([W - eta * dW / np.sqrt(np.sum(dW**2)) for W, dW in zip(Ws, dWs, strict=True)]
                 for eta in (eta_1, eta_2))


# ---- 6 · use W, then change it ---------------------------------------------------------------------------

def for_order(rng, n, widths, scale):
    net, trace, _ = network_for(rng, n, widths, scale)
    return {"X": trace[0], "H": trace[1], "W": net.layers[0].W, "dH": rng.normal(size=trace[1].shape),
            "eta": a_number(rng, 0.2, 0.8)}


@exercise("gradients.order", points=3, minutes=11, inputs=for_order,
          returns={"dX": "(n, d_in)", "dW": "(d_in, d_out)", "W_new": "(d_in, d_out)"},
          cites=("LFD-24", "LFD-25", "ECE417-53", "TAYLOR-43"),
          praise="Use, then change. The slope below belongs to the weights that were there when the loss was "
                 "measured; with the new ones it would be the slope of nothing.")
def order(X, H, W, dH, eta):
    delta = dH * H * (1 - H)
    dW = X.T @ delta
    return delta @ W.T, dW, W - eta * dW


def layer_from(delta, X, W, eta):
    """What follows from a δ, right or wrong."""
    return delta @ W.T, X.T @ delta, W - eta * (X.T @ delta)


@order.misconception(
    "W is updated before it is used on the way back",
    "Which weights carried X up to Z when the loss was measured: the old ones or the new ones?",
    "In which order do your lines use W and change it? Does `-=` leave the old W anywhere?")
def updated_first(X, H, W, dH, eta):
    delta = dH * H * (1 - H)
    W_new = W - eta * (X.T @ delta)
    return delta @ W_new.T, X.T @ delta, W_new


@order.misconception(
    "the slope of the sigmoid is forgotten",
    "dH is the slope after the sigmoid, and W acts before it. How do you get from the one to the other?",
    "Which quantity do all three results share, and have you computed it before you use it?")
def no_slope(X, H, W, dH, eta):
    return layer_from(dH, X, W, eta)


@order.misconception(
    "h stands where the slope of the sigmoid belongs",
    "Where the sigmoid is almost 1 it is flat. Is your factor almost 0 there?",
    "What is the slope of the sigmoid in terms of its own value? Does your factor vanish at both its ends?")
def value_for_slope(X, H, W, dH, eta):
    return layer_from(dH * H, X, W, eta)


@order.misconception(
    "the sigmoid is applied to h, which is a value of it already",
    "H is given as σ(Z). At which of the two must the slope be taken?",
    "How often does σ act on Z in your code, the time inside H included?")
def sigma_twice(X, H, W, dH, eta):
    return layer_from(dH * sigmoid(H) * (1 - sigmoid(H)), X, W, eta)


@order.misconception(
    "the slope of tanh stands where that of the sigmoid belongs",
    "Which activation does this layer have? What is its largest slope?",
    "At z = 0 the sigmoid is 1/2 and its slope 1/4. What does your slope give there?")
def tanh_slope(X, H, W, dH, eta):
    return layer_from(dH * (1 - H**2), X, W, eta)


@order.misconception(
    "the way back to X leaves out the slope of the sigmoid",
    "X acts on the loss through Z. Do you start your last step at Z, or at H?",
    "Your other results use a quantity that this one does not. Which, and why should X be different?")
def dx_from_dh(X, H, W, dH, eta):
    _, dW, W_new = layer_from(dH * H * (1 - H), X, W, eta)
    return dH @ W.T, dW, W_new


@order.misconception(
    "W is used the forward way round",
    "Forward, W carries X to Z. Which way must the slopes travel?",
    "Which two shapes must meet to give the shape of X? Does it still work by luck if W is square?")
def w_forward(X, H, W, dH, eta):
    delta = dH * H * (1 - H)
    return delta @ W, X.T @ delta, W - eta * (X.T @ delta)


@order.misconception(
    "the layer divides by n",
    "Who divides by n here: the layer, or the loss?",
    "dH comes from a loss that may have divided already. If the layer divides too, how often is that?")
def layer_divides(X, H, W, dH, eta):
    delta = dH * H * (1 - H)
    return delta @ W.T, X.T @ delta / len(X), W - eta * (X.T @ delta) / len(X)


@order.misconception(
    "the sign is the wrong way round, so the step goes uphill",
    "A slope points to where the loss grows. Which way should the step go?",
    "If a weight's slope is positive, should the weight grow or shrink? What does yours do?")
def step_uphill(X, H, W, dH, eta):
    return layer_from(dH * H * (1 - H), X, W, -eta)


@order.misconception(
    "the learning rate is left out",
    "How far should the weights go along their slope?",
    "What would your code do differently if `eta` were ten times as large?")
def step_without_rate(X, H, W, dH, eta):
    return layer_from(dH * H * (1 - H), X, W, 1)


@order.misconception(
    "the learning rate is in it already, and a slope is asked for",
    "Is this how the loss reacts, or how far the weight is to go?",
    "Back-propagation gives slopes; who chooses the rate, and when does it come in?")
def rate_in_slope(X, H, W, dH, eta):
    dX, dW, W_new = layer_from(dH * H * (1 - H), X, W, eta)
    return dX, eta * dW, W_new


# ---- 7 · the whole gradient in house notation ------------------------------------------------------------

def for_network(rng, n, widths, scale):
    net, trace, Y = network_for(rng, n, widths, scale, Tanh())
    return {"X": trace[0], "Y": Y, "Ws": [layer.W for layer in net.layers],
            "bs": [layer.b for layer in net.layers], "alpha": a_number(rng, 0.05, 0.3)}


@exercise("gradients.network", points=6, minutes=22, inputs=for_network, shapes=DEEP,
          returns={"dWs": "(d_in, d_out) in each layer", "dbs": "(d_out,) in each layer"},
          cites=("ECE417-46", "TAYLOR-06", "TAYLOR-35", "TAYLOR-36", "TAYLOR-50"),
          praise="Forward, loss, backward, penalty: the gradient of a real objective for a network of any "
                 "depth, in a dozen lines that are yours. A training loop needs nothing more than to call "
                 "them.")
def network(X, Y, Ws, bs, alpha):
    Hs = [X]
    for W, b in zip(Ws[:-1], bs[:-1], strict=True):
        Hs.append(np.tanh(Hs[-1] @ W + b))
    delta = (Hs[-1] @ Ws[-1] + bs[-1] - Y) / len(Y)         # linear output; only the loss divides by n
    dWs, dbs = [], []
    for H, W in zip(Hs[::-1], Ws[::-1], strict=True):
        dWs.insert(0, H.T @ delta + alpha * W)
        dbs.insert(0, delta.sum(axis=0))
        delta = delta @ W.T * (1 - H**2)                   # not used any more once H is the input X
    return dWs, dbs


def walk(X, Y, Ws, bs, alpha, biased=True, end=np.array, start=lambda E: E / len(E), last=lambda H: 1,
         slope=lambda H: 1 - H**2, W_of=1, H_of=0, dW=lambda X, delta: X.T @ delta,
         db=lambda delta: delta.sum(axis=0), at_W=lambda W, n: W, at_b=lambda b: 0 * b):
    """The whole gradient with one step replaced; W_of: 1 is right, 0 one layer too low; the others 0."""
    Hs = [X]
    for k, (W, b) in enumerate(zip(Ws, bs, strict=True)):
        Hs.append((np.tanh if k < len(Ws) - 1 else end)(Hs[-1] @ W + biased * b))
    deltas = [start(Hs[-1] - Y) * last(Hs[-1])]
    for k in reversed(range(len(Ws) - 1)):
        deltas.insert(0, deltas[0] @ Ws[k + W_of].T * slope(Hs[k + 1 - H_of]))
    dWs = [dW(Hs[k], deltas[k]) + alpha * at_W(W, len(X)) for k, W in enumerate(Ws)]
    return dWs, [db(delta) + alpha * at_b(b) for delta, b in zip(deltas, bs, strict=True)]


@network.misconception(
    "the 1/n is missing",
    "The loss is a mean over the batch. At which single place does that enter the walk back?",
    "Put alpha to 0: all slopes are then wrong by one factor. Which number of the batch is it?")
def lost_mean(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, start=lambda E: E)


@network.misconception(
    "the 1/n is taken a second time",
    "Only the loss divides by n. What do the layers do with the examples: average, or add up?",
    "δ holds the 1/n already. How many fraction bars does it meet on its way into W and b?")
def mean_twice(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, dW=lambda X, d: X.T @ d / len(X), db=lambda d: d.mean(axis=0))


@network.misconception(
    "a factor 2 too many, from the start",
    "Which number stands before the sum in this loss, and what does the square bring down to meet it?",
    "The walk itself is fine. What does your first δ look like, for one example and one output?")
def factor_two(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, start=lambda E: 2 * E / len(E))


@network.misconception(
    "the sign is the wrong way round from the start",
    "If the prediction is too large, does a larger prediction raise the loss or lower it?",
    "The walk itself is fine. In which order does your first δ take its difference?")
def turned_sign(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, start=lambda E: -E / len(E))


@network.misconception(
    "the forward pass leaves out the biases",
    "Your layers' outputs: do they know that every layer has a bias?",
    "Put X to 0. What should the first layer give out, and what does it in your code?")
def forward_without_biases(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, biased=False)


@network.misconception(
    "the output is sent through tanh, and it is linear",
    "Which layers of this network have an activation? Does your forward pass stop in time?",
    "Can your predictions ever be larger than 1? Should they be able to?")
def tanh_forward(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, end=np.tanh)


@network.misconception(
    "on the way back the output is treated as tanh, and it is linear",
    "If ŷ = z, by how much does ŷ move when z moves by one? What does your first δ multiply with?",
    "Forward your last layer is linear. Which factor of the walk back thinks otherwise?")
def tanh_back(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, last=lambda H: 1 - H**2)


@network.misconception(
    "the slope of tanh is forgotten in the hidden layers",
    "Going down one layer you cross the weights, and what else?",
    "How much does h move when z moves a little? Which factor of your loop says so?")
def no_slope_network(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, slope=lambda H: 1)


@network.misconception(
    "the sigmoid's slope stands where that of tanh belongs",
    "Which activation do the hidden layers have here? What is its slope in terms of its own value?",
    "At z = 0 tanh has its largest slope, 1. What does your slope give there, where h = 0?")
def sigmoid_slope(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, slope=lambda H: H * (1 - H))


@network.misconception(
    "tanh is applied to h, which is a value of tanh already",
    "At which place is the slope wanted: at what goes into tanh, or at what came out?",
    "How often does tanh act on z in your code, the time inside h included?")
def tanh_twice(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, slope=lambda H: 1 - np.tanh(H) ** 2)


@network.misconception(
    "each step goes back through the layer's own weights, not those of the layer above",
    "Between this layer and the one above, which W does an arrow cross?",
    "Layer k's output is multiplied, on its way up, by the weights of which layer?")
def weights_too_low(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, W_of=0)


@network.misconception(
    "the slope is taken at the layer below instead of the layer's own output",
    "Which entry of your list is a layer's input, and which its output? At which is its slope taken?",
    "The input X came out of no tanh. Does its slope appear in your code?")
def slope_too_low(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, H_of=1)


@network.misconception(
    "the product is transposed",
    "Which index of W names where an arrow starts? Which end of the arrow does the layer's input sit at?",
    "An answer for W has the shape of W. Which of your two factors must bring the rows?")
def transposed_network(X, Y, Ws, bs, alpha):
    dWs, dbs = walk(X, Y, Ws, bs, alpha)
    return [dW.T for dW in dWs], dbs


@network.misconception(
    "the penalty is left out",
    "The objective has two parts. Which of them do your slopes come from?",
    "What would your code do differently if `alpha` were ten times as large?")
def network_without_penalty(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, at_W=lambda W, n: 0 * W)


@network.misconception(
    "the penalty is divided by n",
    "The penalty is a statement about the weights. Which example does it belong to?",
    "Hand in each example twice. Should the penalty's part change? Does it in your code?")
def network_penalty_over_n(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, at_W=lambda W, n: W / n)


@network.misconception(
    "a factor 2 too many in the penalty",
    "Does this penalty have a half in front? What does the square bring down to meet it?",
    "Write the penalty for a single weight and differentiate it. Which numbers cancel?")
def network_penalty_doubled(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, at_W=lambda W, n: 2 * W)


@network.misconception(
    "the penalty holds the biases too, and here they are free",
    "Over what does the sum in the penalty run: weights, or weights and biases?",
    "Move a bias a little. Does the penalty notice?")
def network_biases_held(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, at_b=lambda b: b)


@network.misconception(
    "the bias averages over the batch",
    "Who divides by n here: the layers, or the loss?",
    "dW adds up over the examples inside its product. Why should b treat them differently?")
def network_bias_mean(X, Y, Ws, bs, alpha):
    return walk(X, Y, Ws, bs, alpha, db=lambda delta: delta.mean(axis=0))


@network.misconception(
    "the lists run from the output to the input",
    "The walk goes backwards. In which order does the contract want the results?",
    "Which layer should come first in each list, and which comes first in yours?")
def network_reversed(X, Y, Ws, bs, alpha):
    return tuple(results[::-1] for results in walk(X, Y, Ws, bs, alpha))


# ---- 8 · the same with a column per example, ECE417 ------------------------------------------------------

def for_columns(rng, n, widths, scale):
    net, trace, Y = network_for(rng, n, widths, scale)
    return {"X": trace[0].T.copy(), "Y": Y.T.copy(), "Ws": [layer.W.T.copy() for layer in net.layers],
            "bs": [layer.b for layer in net.layers]}


@exercise("gradients.columns", points=4, minutes=16, inputs=for_columns, shapes=DEEP,
          returns={"dWs": "(d_to, d_from) in each layer", "dbs": "(d_to,) in each layer"},
          cites=("ECE417-34", "ECE417-39", "ECE417-42", "ECE417-44", "ECE417-46"),
          praise="The whole deck in one function, and one line more than it prints: the slope of the bias, "
                 "which its update rules leave out. Read with columns, each product stands the other way "
                 "round.")
def columns(X, Y, Ws, bs):
    Hs = [X]
    for W, b in zip(Ws[:-1], bs[:-1], strict=True):
        Hs.append(sigmoid(W @ Hs[-1] + b[:, None]))
    delta = (Ws[-1] @ Hs[-1] + bs[-1][:, None] - Y) / Y.shape[1]
    dWs, dbs = [], []
    for H, W in zip(Hs[::-1], Ws[::-1], strict=True):
        dWs.insert(0, delta @ H.T)                         # Σᵢ δᵢ hᵢᵀ
        dbs.insert(0, delta.sum(axis=1))
        delta = (W.T @ delta) * H * (1 - H)                # not used any more once H is the input X
    return dWs, dbs


def walk_columns(X, Y, Ws, bs, biased=True, start=lambda E: E / E.shape[1], last=lambda H: 1,
                 slope=lambda H: H * (1 - H), W_of=1, turned=True,
                 dW=lambda delta, H: delta @ H.T, db=lambda delta: delta.sum(axis=1)):
    """The whole gradient in columns with one step replaced; W_of: 1 is right, 0 one layer too low."""
    Hs = [X]
    for k, (W, b) in enumerate(zip(Ws, bs, strict=True)):
        Z = W @ Hs[-1] + biased * b[:, None]
        Hs.append(sigmoid(Z) if k < len(Ws) - 1 else Z)
    deltas = [start(Hs[-1] - Y) * last(Hs[-1])]
    for k in reversed(range(len(Ws) - 1)):
        W = Ws[k + W_of]
        deltas.insert(0, ((W.T if turned else W) @ deltas[0]) * slope(Hs[k + 1]))
    return [dW(d, H) for d, H in zip(deltas, Hs[:-1], strict=True)], [db(d) for d in deltas]


@columns.misconception(
    "it is divided by the number of outputs, for the rows are not examples here",
    "What does `len` count in an array: rows or columns? And where are the examples in this deck?",
    "For 3 examples with 2 outputs each, Y has the shape (2, 3). Which number should you divide by?")
def rows_counted(X, Y, Ws, bs):
    return walk_columns(X, Y, Ws, bs, start=lambda E: E / len(E))


@columns.misconception(
    "the 1/n is missing",
    "The loss is a mean over n examples. At which single place does that enter the walk back?",
    "All your slopes are wrong by one and the same factor. Which number of the batch is it?")
def columns_lost_mean(X, Y, Ws, bs):
    return walk_columns(X, Y, Ws, bs, start=lambda E: E)


@columns.misconception(
    "a factor 2 too many, from the start",
    "Which number stands before the sum in this deck's loss, and what does the square bring down?",
    "Everything is doubled, so the walk itself is fine. What does your first δ look like?")
def columns_factor_two(X, Y, Ws, bs):
    return walk_columns(X, Y, Ws, bs, start=lambda E: 2 * E / E.shape[1])


@columns.misconception(
    "the sign is the wrong way round from the start",
    "If the prediction is too large, does a larger prediction raise the loss or lower it?",
    "All signs are turned, so the walk itself is fine. In which order does your first δ take its difference?")
def columns_turned_sign(X, Y, Ws, bs):
    return walk_columns(X, Y, Ws, bs, start=lambda E: -E / E.shape[1])


@columns.misconception(
    "the product is transposed",
    "Row of this W: where an arrow ends. Which of your two factors sits at that end?",
    "On the slide, which of the two vectors lies down in the product, δ or h? Which one in yours?")
def columns_transposed(X, Y, Ws, bs):
    return walk_columns(X, Y, Ws, bs, dW=lambda delta, H: H @ delta.T)


@columns.misconception(
    "W is used the forward way round",
    "On the slides W carries h up to ξ of the next layer. Which way must the slopes travel?",
    "Over which index of W does the sum run, going back: where an arrow ends, or where it starts?")
def columns_w_forward(X, Y, Ws, bs):
    return walk_columns(X, Y, Ws, bs, turned=False)


@columns.misconception(
    "the slope σ̇ is forgotten in the hidden layers",
    "You have the slope of the loss at h. Is the excitation gradient taken at h, or at ξ?",
    "How much does h = σ(ξ) move when ξ moves a little? Which factor of your loop says so?")
def columns_no_slope(X, Y, Ws, bs):
    return walk_columns(X, Y, Ws, bs, slope=lambda H: 1)


@columns.misconception(
    "σ(ξ) stands where its slope σ̇(ξ) belongs",
    "The dot over σ on the slide is small but matters. What does it ask for?",
    "Where ξ is large, σ is nearly flat. Is your factor nearly 0 there, or nearly 1?")
def columns_value_for_slope(X, Y, Ws, bs):
    return walk_columns(X, Y, Ws, bs, slope=lambda H: H)


@columns.misconception(
    "σ is applied twice: its slope is taken at h and not at ξ",
    "At which point must the slope be taken: at what goes into σ, or at what comes out?",
    "How often does σ act on ξ in your slope, and how often in the network?")
def columns_sigma_twice(X, Y, Ws, bs):
    return walk_columns(X, Y, Ws, bs, slope=lambda H: sigmoid(H) * (1 - sigmoid(H)))


@columns.misconception(
    "the output is treated as a sigmoid on the way back, and it is linear",
    "What lies between ξ and ŷ in this deck's output layer?",
    "If ŷ = ξ, by how much does ŷ move when ξ moves by one? What does your first δ multiply with?")
def columns_sigmoid_output(X, Y, Ws, bs):
    return walk_columns(X, Y, Ws, bs, last=lambda H: H * (1 - H))


@columns.misconception(
    "the forward pass leaves out the biases",
    "Your excitations: do they know that every layer has a bias?",
    "Put X to 0. What should the first excitation be, and what is it in your code?")
def columns_without_biases(X, Y, Ws, bs):
    return walk_columns(X, Y, Ws, bs, biased=False)


@columns.misconception(
    "each step goes back through the layer's own weights, not those of the layer above",
    "Between this layer and the one above, which W does an arrow cross?",
    "On the slide δ of layer 1 is made with the W of which layer?")
def columns_weights_too_low(X, Y, Ws, bs):
    return walk_columns(X, Y, Ws, bs, W_of=0)


@columns.misconception(
    "it runs over the units of each example instead of the examples of each unit",
    "An answer for b has the shape of b. Along which axis of your δ lie the examples?",
    "In house notation rows are examples. Which axis holds them here?")
def columns_bias_wrong_axis(X, Y, Ws, bs):
    return walk_columns(X, Y, Ws, bs, db=lambda delta: delta.sum(axis=0))


@columns.misconception(
    "the bias averages over the batch",
    "Who divides by n here: the layers, or the loss?",
    "The slope of W adds up over the examples inside its product. Why should b treat them differently?")
def columns_bias_mean(X, Y, Ws, bs):
    return walk_columns(X, Y, Ws, bs, db=lambda delta: delta.mean(axis=1))


@columns.misconception(
    "the lists run from the output to the input",
    "The walk goes backwards. In which order does the contract want the results?",
    "Which layer should come first in each list, and which comes first in yours?")
def columns_reversed(X, Y, Ws, bs):
    return tuple(results[::-1] for results in walk_columns(X, Y, Ws, bs))


# ---- 9 · one example, one step, LFD ----------------------------------------------------------------------

def for_lfd(rng, n, widths, scale):
    net = MLP.random(widths, rng, Tanh(), Tanh(), scale)
    return {"x": rng.normal(size=widths[0]), "y": rng.choice([-1.0, 1.0], size=widths[-1]),
            "Ws": [layer.W for layer in net.layers], "eta": a_number(rng, 0.1, 0.5)}


@exercise("gradients.lfd", points=3, minutes=15, inputs=for_lfd, shapes=ONE_EXAMPLE,
          returns={"deltas": "(d_to,) in each layer", "dWs": "(d_from, d_to) in each layer",
                   "new_Ws": "(d_from, d_to) in each layer"},
          cites=("LFD-14", "LFD-18", "LFD-24", "LFD-25", "LFD-26"),
          praise="Forward, backward, update, in this order: one turn of LFD's loop. All δ were made with "
                 "the weights that made the error, and only then did the weights move.")
def lfd(x, y, Ws, eta):
    xs = [x]
    for W in Ws:
        xs.append(np.tanh(W.T @ xs[-1]))
    deltas = [2 * (xs[-1] - y) * (1 - xs[-1] ** 2)]
    for W, x_below in zip(Ws[:0:-1], xs[-2:0:-1], strict=True):
        deltas.insert(0, (1 - x_below**2) * (W @ deltas[0]))
    dWs = [np.outer(x_below, delta) for x_below, delta in zip(xs[:-1], deltas, strict=True)]
    return deltas, dWs, [W - eta * dW for W, dW in zip(Ws, dWs, strict=True)]


def walk_lfd(x, y, Ws, eta, start=lambda x, y: 2 * (x - y), last=lambda x: 1 - x**2,
             slope=lambda x: 1 - x**2, back=lambda W, delta: W @ delta, W_of=1, early=False):
    """One turn of the loop with one step replaced; W_of: 1 is right, 0 one layer too low; the others 0."""
    xs = [x]
    for W in Ws:
        xs.append(np.tanh(W.T @ xs[-1]))
    deltas = [start(xs[-1], y) * last(xs[-1])]
    for k in reversed(range(len(Ws) - 1)):
        W = Ws[k + W_of]
        if early:
            W = W - eta * np.outer(xs[k + 1], deltas[0])
        deltas.insert(0, slope(xs[k + 1]) * back(W, deltas[0]))
    dWs = [np.outer(below, delta) for below, delta in zip(xs[:-1], deltas, strict=True)]
    return deltas, dWs, [W - eta * dW for W, dW in zip(Ws, dWs, strict=True)]


@lfd.misconception(
    "each W is updated before δ has gone back through it",
    "Which weights made the error: the old ones or the new ones? Through which do your δ travel?",
    "LFD's listing has three lines in its loop. In which order do they stand, and in which do yours?")
def updated_early(x, y, Ws, eta):
    return walk_lfd(x, y, Ws, eta, early=True)


@lfd.misconception(
    "a factor 2 too few",
    "Does LFD's error have a half in front that could cancel what the square brings down?",
    "All slopes are halved, so the walk itself is fine. What does your first δ look like?")
def lfd_lost_two(x, y, Ws, eta):
    return walk_lfd(x, y, Ws, eta, start=lambda x, y: x - y)


@lfd.misconception(
    "the sign is the wrong way round from the start",
    "If x lies above its label, does raising x raise the error or lower it?",
    "All slopes point the other way, so the walk itself is fine. In which order does your first δ take its "
    "difference?")
def lfd_turned_sign(x, y, Ws, eta):
    return walk_lfd(x, y, Ws, eta, start=lambda x, y: 2 * (y - x))


@lfd.misconception(
    "the output's own θ′ is forgotten",
    "δ is the slope at the signal s, before tanh. Has your first δ come all the way back to s?",
    "Every layer of this network ends in tanh. Which of them does your walk not cross?")
def lfd_linear_output(x, y, Ws, eta):
    return walk_lfd(x, y, Ws, eta, last=lambda x: 1)


@lfd.misconception(
    "the slope θ′ is forgotten in the hidden layers",
    "You have the slope of the error at x. Does δ live at x or at the signal s?",
    "How much does x = tanh s move when s moves a little? Which factor of your loop says so?")
def lfd_no_slope(x, y, Ws, eta):
    return walk_lfd(x, y, Ws, eta, slope=lambda x: 1)


@lfd.misconception(
    "the sigmoid's slope stands where that of tanh belongs",
    "Which activation is θ in this deck, and what is its slope in terms of its own value?",
    "At s = 0 tanh has its largest slope, 1. What does your slope give there, where x = 0?")
def lfd_sigmoid_slope(x, y, Ws, eta):
    return walk_lfd(x, y, Ws, eta, last=lambda x: x * (1 - x), slope=lambda x: x * (1 - x))


@lfd.misconception(
    "tanh is applied to x, which is a value of tanh already",
    "Must the slope be worked out from s or from x, and which does your code hand to tanh?",
    "How often does tanh act on s in your slope, the time inside x included?")
def lfd_tanh_twice(x, y, Ws, eta):
    return walk_lfd(x, y, Ws, eta, last=lambda x: 1 - np.tanh(x) ** 2, slope=lambda x: 1 - np.tanh(x) ** 2)


@lfd.misconception(
    "W is used the forward way round",
    "Look at LFD's forward rule: which stands there, W or its transpose? Should the way back use the same?",
    "The rows of this W belong to units below, its columns to units above. Which does the sum run over?")
def lfd_transposed_by_habit(x, y, Ws, eta):
    return walk_lfd(x, y, Ws, eta, back=lambda W, delta: W.T @ delta)


@lfd.misconception(
    "each step goes back through the layer's own weights, not those of the layer above",
    "Between this layer and the one above, which W does an arrow cross?",
    "On the slide, δ of layer l − 1 is made with the weights of which layer?")
def lfd_weights_too_low(x, y, Ws, eta):
    return walk_lfd(x, y, Ws, eta, W_of=0)


@lfd.misconception(
    "the sign of the step is the wrong way round, so it goes uphill",
    "A slope points to where the error grows. Which way should a step go?",
    "If a weight's slope is positive, should the weight grow or shrink? What does yours do?")
def lfd_uphill(x, y, Ws, eta):
    deltas, dWs, _ = walk_lfd(x, y, Ws, eta)
    return deltas, dWs, [W + eta * dW for W, dW in zip(Ws, dWs, strict=True)]


@lfd.misconception(
    "the learning rate is left out",
    "How far should the weights go along their slope?",
    "What would your code do differently if `eta` were ten times as large?")
def lfd_no_rate(x, y, Ws, eta):
    deltas, dWs, _ = walk_lfd(x, y, Ws, eta)
    return deltas, dWs, [W - dW for W, dW in zip(Ws, dWs, strict=True)]


@lfd.misconception(
    "the learning rate is in it already, and a slope is asked for",
    "Is this how the error reacts, or how far the weight is to go?",
    "Back-propagation gives slopes; who chooses the rate, and when does it come in?")
def lfd_rate_in_slope(x, y, Ws, eta):
    deltas, dWs, new_Ws = walk_lfd(x, y, Ws, eta)
    return deltas, [eta * dW for dW in dWs], new_Ws


@lfd.misconception(
    "the lists run from the output to the input",
    "The walk goes backwards. In which order does the contract want the results?",
    "Which layer should come first in each list, and which comes first in yours?")
def lfd_reversed(x, y, Ws, eta):
    return tuple(results[::-1] for results in walk_lfd(x, y, Ws, eta))
