"""The δ recursion: how the slope of the loss at one layer becomes the slope at the layer before.

Nine exercises as data. In each, the quantities a step needs come from a real forward pass of a small random
network, so that an early error costs its own mark only. Letters follow the deck that the exercise names.
"""
import numpy as np

from chainrule.activations import Identity, Sigmoid, Tanh
from chainrule.exercises import exercise
from chainrule.mlp import MLP

sigmoid = Sigmoid()
ONE_EXAMPLE = ((1, (4, 5, 2)), (1, (3, 3, 3)), (1, (5, 2, 4)), (1, (3, 2, 1)))     # for LFD and AIML231


def network_for(rng, n, widths, scale, hidden=sigmoid, output=None):
    """A random network, its trace on n random examples, and random targets."""
    net = MLP.random(widths, rng, hidden, output or Identity(), scale)
    return net, net.forward(rng.normal(size=(n, widths[0]))), rng.normal(size=(n, widths[-1]))


# ---- 1 · output δ, ECE417 --------------------------------------------------------------------------------

def for_output(rng, n, widths, scale):
    _, trace, Y = network_for(rng, n, widths, scale)
    return {"Y_hat": trace[-1], "Y": Y}


@exercise("delta.output", points=2, minutes=6, returns={"delta": "(n, K)"}, inputs=for_output,
          cites=("ECE417-28", "ECE417-29", "ECE417-30"),
          praise="Exactly. The 2 of the square meets the half, the mean over the examples stays, and a "
                 "linear output adds nothing: δ is the error itself, shared out over the batch.")
def output(Y_hat, Y):
    return (Y_hat - Y) / len(Y)


@output.misconception(
    "the 1/n is missing",
    "The loss is a mean over n examples. Where does that n go when you take the slope?",
    "Nudge one entry of Ŷ: how many terms of the mean move, and which number stands before the whole sum?")
def lost_mean(Y_hat, Y):
    return Y_hat - Y


@output.misconception(
    "a factor 2 too many",
    "Which number stands before this deck's sum, and what does the square bring down to meet it?",
    "Write the loss for one example and one output with all its factors. Which of them cancel in the slope?")
def factor_two(Y_hat, Y):
    return 2 * (Y_hat - Y) / len(Y)


@output.misconception(
    "a factor 2 too few",
    "The half in the loss is there for a reason. What does the slope of a square do to it?",
    "Differentiate u² / 2 by hand. Does the half survive?")
def half_left(Y_hat, Y):
    return (Y_hat - Y) / (2 * len(Y))


@output.misconception(
    "the sign is the wrong way round",
    "If the prediction is too large, does a larger prediction raise the loss or lower it?",
    "Take Ŷ = 3 and Y = 1. Which sign must the slope of the loss have, and which has yours?")
def turned_sign(Y_hat, Y):
    return (Y - Y_hat) / len(Y)


@output.misconception(
    "it is divided by the number of entries instead of the number of examples",
    "This loss averages over something. Over examples, or over outputs too?",
    "On the slide the inner sum runs over the K outputs. Does a 1/K stand before it?")
def mean_over_entries(Y_hat, Y):
    return (Y_hat - Y) / Y.size


@output.misconception(
    "it is divided by the number of outputs instead of the number of examples",
    "Rows are examples, columns are outputs. Which of the two does `n` count?",
    "For 3 examples with 2 outputs each, which number should stand under the fraction bar? Which does your "
    "code take?")
def divided_by_outputs(Y_hat, Y):
    return (Y_hat - Y) / Y.shape[1]


@output.misconception(
    "a sigmoid's slope comes in, though this output is linear",
    "What lies between ξ and ŷ in this deck's output layer?",
    "If ŷ = ξ, by how much does ŷ move when ξ moves by one?")
def needless_slope(Y_hat, Y):
    return (Y_hat - Y) * Y_hat * (1 - Y_hat) / len(Y)


@output.misconception(
    "this is the loss, entry by entry, not yet its slope",
    "Does your result say how large the loss is, or how it reacts when Ŷ moves?",
    "Can a slope that is never negative ever say both “make the prediction smaller” and “make it larger”?")
def still_squared(Y_hat, Y):
    return (Y_hat - Y) ** 2 / (2 * len(Y))


# ---- 2 · output δ, LFD -----------------------------------------------------------------------------------

def for_output_tanh(rng, n, widths, scale):
    _, trace, _ = network_for(rng, n, widths, scale, Tanh(), Tanh())
    return {"x": trace[-1][0], "y": rng.choice([-1.0, 1.0], size=widths[-1])}


@exercise("delta.output_tanh", points=2, minutes=6, returns={"delta": "(d,)"}, inputs=for_output_tanh,
          shapes=ONE_EXAMPLE, cites=("LFD-12", "LFD-14", "LFD-15"),
          praise="Right. No half, so the 2 stays; and θ′ comes from the output you already have. Where |x| "
                 "is close to 1 this δ is close to 0, even if the label is wrong.")
def output_tanh(x, y):
    return 2 * (x - y) * (1 - x**2)


@output_tanh.misconception(
    "the slope of tanh is forgotten",
    "δ is the slope at the signal s, before tanh. Have you come all the way back to s?",
    "How much does x = tanh s move when s moves a little? Which factor of your code says so?")
def no_slope(x, y):
    return 2 * (x - y)


@output_tanh.misconception(
    "a factor 2 too few",
    "Compare the two decks' losses: does LFD's have a half in front?",
    "Differentiate u² by hand. Is there anything here that would cancel what comes down?")
def lost_two(x, y):
    return (x - y) * (1 - x**2)


@output_tanh.misconception(
    "the sign is the wrong way round",
    "If x lies above its label, does raising x raise the error or lower it?",
    "Take x = 0.5 and y = −1. Which sign must δ have, and which has yours?")
def turned_sign_tanh(x, y):
    return 2 * (y - x) * (1 - x**2)


@output_tanh.misconception(
    "tanh is applied to x, which is a value of tanh already",
    "x = tanh s is given. Must the slope be worked out from s or from x, and which have you?",
    "How often does tanh act on s in your code, the time inside x included?")
def slope_at_output(x, y):
    return 2 * (x - y) * (1 - np.tanh(x) ** 2)


@output_tanh.misconception(
    "the sigmoid's slope stands where that of tanh belongs",
    "Which activation does this deck use, and what is its slope in terms of its own value?",
    "At s = 0 tanh has its largest slope, 1. What does your slope give there, where x = 0?")
def sigmoid_slope(x, y):
    return 2 * (x - y) * x * (1 - x)


@output_tanh.misconception(
    "the slope of tanh lacks a square",
    "tanh is odd. Should its slope at s and at −s differ?",
    "Put x = −0.5 and x = 0.5 into your slope. Do both give the same, as they should?")
def lost_square(x, y):
    return 2 * (x - y) * (1 - x)


@output_tanh.misconception(
    "the squared error itself stands where its slope belongs",
    "Two slopes are multiplied here: one of the error, one of tanh. Is the first of yours a slope?",
    "Can your first factor be negative? Should it be, when x lies below its label?")
def error_not_slope(x, y):
    return (x - y) ** 2 * (1 - x**2)


@output_tanh.misconception(
    "a mean over the outputs is taken, and this error is a sum",
    "Does LFD divide the error by anything?",
    "Nudge one of the outputs. Does the number of the others matter for how the error moves?")
def mean_over_outputs(x, y):
    return 2 * (x - y) * (1 - x**2) / len(x)


# ---- 3 · hidden δ in components --------------------------------------------------------------------------

def for_hidden(rng, n, widths, scale):
    net, trace, Y = network_for(rng, n, widths, scale)
    return {"delta_next": (trace[-1] - Y) / n, "W": net.layers[-1].W, "H": trace[-2]}


@exercise("delta.hidden_components", points=3, minutes=12, returns={"delta": "(n, d)"}, inputs=for_hidden,
          cites=("ECE417-33", "ECE417-36", "ECE417-47", "AIML231-36"),
          praise="That is the total derivative, written out: one hidden unit reaches the loss through "
                 "every unit above it, so the routes are added, and the unit's own slope scales the sum "
                 "once.")
def hidden_components(delta_next, W, H):
    delta = np.zeros(H.shape)
    for i, j in np.ndindex(H.shape):
        for k in range(delta_next.shape[1]):
            delta[i, j] += delta_next[i, k] * W[j, k]      # Σₖ: every route from unit j upwards
        delta[i, j] *= H[i, j] * (1 - H[i, j])             # σ′ of unit j itself
    return delta


@hidden_components.misconception(
    "inside the sum, δ carries the index of the hidden unit",
    "Read your sum aloud: over which index does it run, and which index does δ carry in it?",
    "Which unit does each δ of the sum belong to, one of this layer or one of the next? (A slide of ECE417 "
    "slips here.)")
def as_printed(delta_next, W, H):
    delta = np.zeros(H.shape)
    for i, j in np.ndindex(H.shape):
        for k in range(W.shape[1]):
            delta[i, j] += W[j, k] * delta_next[i, j]
        delta[i, j] *= H[i, j] * (1 - H[i, j])
    return delta


@hidden_components.misconception(
    "the two indices of W are exchanged",
    "In house notation, does the first index of W name where an arrow starts or where it ends?",
    "W has the shape (d, d_next). Which of your two loop indices runs to d?")
def indices_exchanged(delta_next, W, H):
    delta = np.zeros(H.shape)
    for i, j in np.ndindex(H.shape):
        for k in range(delta_next.shape[1]):
            delta[i, j] += delta_next[i, k] * W[k, j]
        delta[i, j] *= H[i, j] * (1 - H[i, j])
    return delta


@hidden_components.misconception(
    "only the first unit above counts",
    "Through how many units above does one hidden unit reach the loss?",
    "Follow all arrows that leave unit j. Does each of them appear in your code?")
def first_route(delta_next, W, H):
    return delta_next[:, :1] * W[:, 0] * H * (1 - H)


@hidden_components.misconception(
    "only the last unit above counts",
    "If you add up in a loop: what happens, in its second turn, to what the first turn found?",
    "Which sign puts a term into your sum: one that replaces, or one that adds?")
def last_route(delta_next, W, H):
    return delta_next[:, -1:] * W[:, -1] * H * (1 - H)


@hidden_components.misconception(
    "a mean over the units above is taken instead of the sum",
    "If a unit reaches the loss by two routes, do their effects add up or average out?",
    "Give the next layer one more unit with weight 0. Should that change δ of this layer? Does it, in your "
    "code?")
def mean_of_routes(delta_next, W, H):
    return (delta_next @ W.T) / W.shape[1] * H * (1 - H)


@hidden_components.misconception(
    "the slope of the sigmoid is forgotten",
    "You have the slope of the loss at h. Is that where δ lives?",
    "How much does h move when z moves a little? Which factor of your code says so?")
def no_slope_components(delta_next, W, H):
    return delta_next @ W.T


@hidden_components.misconception(
    "the slope is multiplied in at every turn of the sum",
    "The slope belongs to unit j alone. How often should it act on what the routes bring together?",
    "Look at the indentation of your last line: does it run once per unit j, or once per route?")
def slope_in_every_turn(delta_next, W, H):
    delta = np.zeros(H.shape)
    for k in range(W.shape[1]):
        delta = (delta + delta_next[:, [k]] * W[:, k]) * H * (1 - H)
    return delta


@hidden_components.misconception(
    "h stands where the slope of the sigmoid belongs",
    "Where the sigmoid is almost 1 it is flat. Is your factor almost 0 there?",
    "What is the slope of the sigmoid in terms of its own value? Does your factor also vanish at h = 1?")
def value_for_slope(delta_next, W, H):
    return delta_next @ W.T * H


@hidden_components.misconception(
    "the sigmoid is applied to h, which is a value of it already",
    "H is given as σ(Z). At which of the two must the slope be taken, and which does your code hand to it?",
    "How often does σ act on Z in your code, the time inside H included?")
def slope_at_h(delta_next, W, H):
    return delta_next @ W.T * sigmoid(H) * (1 - sigmoid(H))


@hidden_components.misconception(
    "the 1/n is taken a second time",
    "Only the loss divides by n. Has it not done so already, inside the δ you were given?",
    "Follow one n from the loss down to this layer. How many fraction bars does it meet in your code?")
def mean_again(delta_next, W, H):
    return delta_next @ W.T * H * (1 - H) / len(H)


# ---- 4 · hidden δ in matrices ----------------------------------------------------------------------------

@exercise("delta.hidden", points=2, minutes=7, returns={"delta": "(n, d)"}, inputs=for_hidden,
          cites=("ECE417-35", "ECE417-39", "TAYLOR-43", "TAYLOR-44"),
          praise="Two products say it all: a matrix product gathers the routes from above, an entrywise "
                 "one scales by each unit's own slope. The transposed W is the arrow pointing back.")
def hidden(delta_next, W, H):
    return delta_next @ W.T * H * (1 - H)


@hidden.misconception(
    "the slope of the sigmoid is forgotten",
    "You have the slope of the loss at h. Is that where δ lives?",
    "Going back from h to z, which function do you pass, and what is its slope? Which factor of your code "
    "says so?")
def no_slope_hidden(delta_next, W, H):
    return delta_next @ W.T


@hidden.misconception(
    "W is used the forward way round",
    "Forward, W carries values from this layer to the next. Which way must the slopes travel?",
    "Over which index of W does the sum run, going back: the one of this layer or the one of the next?")
def w_not_transposed(delta_next, W, H):
    return delta_next @ W * H * (1 - H)


@hidden.misconception(
    "the weights are added up before δ comes in",
    "A sum of products is not a product of sums. Does each weight still meet its own δ in your code?",
    "Unit j sends one arrow to each unit k above. With which δ should the weight of that arrow be "
    "multiplied?")
def sums_apart(delta_next, W, H):
    return delta_next.sum(axis=1, keepdims=True) * W.sum(axis=1) * H * (1 - H)


@hidden.misconception(
    "h stands where the slope of the sigmoid belongs",
    "Where the sigmoid is almost 1 it is flat. Is your factor almost 0 there?",
    "What is the slope of the sigmoid in terms of its own value? Does your factor also vanish at h = 1?")
def value_for_slope_hidden(delta_next, W, H):
    return delta_next @ W.T * H


@hidden.misconception(
    "a part of the sigmoid's slope is lost: it should vanish at h = 0 as well",
    "The sigmoid is flat at both of its ends. Does your factor vanish at both?",
    "Put h = 0 and h = 1 into your factor. What should come out, and what does?")
def half_a_slope(delta_next, W, H):
    return delta_next @ W.T * (1 - H)


@hidden.misconception(
    "the sigmoid is applied to h, which is a value of it already",
    "H is given as σ(Z). At which of the two must the slope be taken, and which does your code hand to it?",
    "How often does σ act on Z in your code, the time inside H included?")
def slope_at_h_hidden(delta_next, W, H):
    return delta_next @ W.T * sigmoid(H) * (1 - sigmoid(H))


@hidden.misconception(
    "the slope of tanh stands where that of the sigmoid belongs",
    "Which activation does this hidden layer have? What is its largest slope?",
    "At z = 0 the sigmoid is 1/2 and its slope 1/4. What does your slope give there?")
def tanh_slope(delta_next, W, H):
    return delta_next @ W.T * (1 - H**2)


@hidden.misconception(
    "the 1/n is taken a second time",
    "Only the loss divides by n. Has it not done so already, inside the δ you were given?",
    "Follow one n from the loss down to this layer. How many fraction bars does it meet in your code?")
def mean_again_hidden(delta_next, W, H):
    return delta_next @ W.T * H * (1 - H) / len(H)


# ---- 5 · hidden δ with a column per example, ECE417 ------------------------------------------------------

def for_hidden_columns(rng, n, widths, scale):
    net, trace, Y = network_for(rng, n, widths, scale)
    Xi = trace[-3] @ net.layers[-2].W + net.layers[-2].b
    return {"Delta_next": ((trace[-1] - Y) / n).T.copy(), "W": net.layers[-1].W.T.copy(), "Xi": Xi.T.copy()}


@exercise("delta.hidden_columns", points=3, minutes=8, returns={"Delta": "(N, n)"}, inputs=for_hidden_columns,
          cites=("ECE417-26", "ECE417-37", "ECE417-39"),
          praise="Just as on the slide: one column per example, the matrix on the left. The same numbers "
                 "as in house notation, written the other way round, so nothing new had to be learnt, only "
                 "read.")
def hidden_columns(Delta_next, W, Xi):
    H = sigmoid(Xi)
    return (W.T @ Delta_next) * H * (1 - H)


@hidden_columns.misconception(
    "σ(ξ) stands where its slope σ̇(ξ) belongs",
    "The dot over σ on the slide is small but matters. What does it ask for?",
    "Where ξ is large, σ is nearly flat. Is your factor nearly 0 there, or nearly 1?")
def value_for_slope_columns(Delta_next, W, Xi):
    return (W.T @ Delta_next) * sigmoid(Xi)


@hidden_columns.misconception(
    "the slope σ̇ is forgotten",
    "You have the slope of the loss at h. Is the excitation gradient taken at h, or at ξ?",
    "How much does h = σ(ξ) move when ξ moves a little? Which factor of your code says so?")
def no_slope_columns(Delta_next, W, Xi):
    return W.T @ Delta_next


@hidden_columns.misconception(
    "ξ is used as if it were h already",
    "Which do you hold in your hands here: the excitation before σ, or the activation after it?",
    "The shortcut for σ̇ is written with values of σ. Is Xi, as given, a value of σ?")
def xi_for_h(Delta_next, W, Xi):
    return (W.T @ Delta_next) * Xi * (1 - Xi)


@hidden_columns.misconception(
    "σ is applied twice: its slope is taken at h and not at ξ",
    "At which point must the slope be taken: at what goes into σ, or at what comes out?",
    "How often does σ act on Xi in your code, and how often in the network?")
def sigma_twice(Delta_next, W, Xi):
    H = sigmoid(sigmoid(Xi))
    return (W.T @ Delta_next) * H * (1 - H)


@hidden_columns.misconception(
    "W is used the forward way round",
    "On this slide W carries h up to ξ of the next layer. Which way must the slopes travel?",
    "Row of W: where an arrow ends. Column: where it starts. Over which of the two must the sum run, going "
    "back?")
def w_not_transposed_columns(Delta_next, W, Xi):
    H = sigmoid(Xi)
    return (W @ Delta_next) * H * (1 - H)


@hidden_columns.misconception(
    "the answer has a row per example, and a column per example is asked for",
    "The numbers are right. Which way does this deck write examples: as rows or as columns?",
    "Compare the shape of your result with that of Xi. Should they differ?")
def rows_for_columns(Delta_next, W, Xi):
    return hidden_columns.answer(Delta_next, W, Xi).T


@hidden_columns.misconception(
    "the slope of tanh stands where that of the sigmoid belongs",
    "Which activation does this hidden layer have? What is its largest slope?",
    "At ξ = 0 the sigmoid is 1/2 and its slope 1/4. What does your slope give there?")
def tanh_slope_columns(Delta_next, W, Xi):
    return (W.T @ Delta_next) * (1 - sigmoid(Xi) ** 2)


@hidden_columns.misconception(
    "the 1/n is taken a second time",
    "Only the loss divides by n. Has it not done so already, inside the δ you were given?",
    "Follow one n from the loss down to this layer. How many fraction bars does it meet in your code?")
def mean_again_columns(Delta_next, W, Xi):
    return hidden_columns.answer(Delta_next, W, Xi) / Xi.shape[1]


# ---- 6 · hidden δ of one example, LFD --------------------------------------------------------------------

def for_hidden_lfd(rng, n, widths, scale):
    net, trace, _ = network_for(rng, n, widths, scale, Tanh(), Tanh())
    x, y = trace[-1][0], rng.choice([-1.0, 1.0], size=widths[-1])
    return {"delta_next": 2 * (x - y) * (1 - x**2), "W": net.layers[-1].W, "x": trace[-2][0]}


@exercise("delta.hidden_lfd", points=2, minutes=7, returns={"delta": "(d,)"}, inputs=for_hidden_lfd,
          shapes=ONE_EXAMPLE, cites=("LFD-17", "LFD-18", "LFD-20"),
          praise="Yes: no transpose, and for a good reason. In this deck the first index of W says where "
                 "an arrow starts, so the plain product already points back.")
def hidden_lfd(delta_next, W, x):
    return (1 - x**2) * (W @ delta_next)


@hidden_lfd.misconception(
    "W is used the forward way round",
    "Look at LFD's forward rule: which stands there, W or its transpose? Should the way back use the same?",
    "The rows of this W belong to units below, its columns to units above. Which of the two does the sum "
    "run over?")
def transposed_by_habit(delta_next, W, x):
    return (1 - x**2) * (W.T @ delta_next)


@hidden_lfd.misconception(
    "the slope θ′ is forgotten",
    "You have the slope of the error at x. Does δ live at x or at the signal s?",
    "How much does x = tanh s move when s moves a little? Which factor of your code says so?")
def no_slope_lfd(delta_next, W, x):
    return W @ delta_next


@hidden_lfd.misconception(
    "the sigmoid's slope stands where that of tanh belongs",
    "Which activation is θ in this deck, and what is its slope in terms of its own value?",
    "At s = 0 tanh has its largest slope, 1. What does your slope give there, where x = 0?")
def sigmoid_slope_lfd(delta_next, W, x):
    return x * (1 - x) * (W @ delta_next)


@hidden_lfd.misconception(
    "tanh is applied to x, which is a value of tanh already",
    "x = tanh s is given. Must the slope be worked out from s or from x, and which have you?",
    "How often does tanh act on s in your code, the time inside x included?")
def slope_at_x(delta_next, W, x):
    return (1 - np.tanh(x) ** 2) * (W @ delta_next)


@hidden_lfd.misconception(
    "the slope of tanh lacks a square",
    "tanh is odd. Should its slope at s and at −s differ?",
    "Put x = −0.5 and x = 0.5 into your slope. Do both give the same, as they should?")
def lost_square_lfd(delta_next, W, x):
    return (1 - x) * (W @ delta_next)


@hidden_lfd.misconception(
    "the weights and the δs are added up apart from each other",
    "A sum of products is not a product of sums. Does each weight still meet its own δ in your code?",
    "Unit i sends one arrow to each unit j above. With which δ should the weight of that arrow be "
    "multiplied?")
def sums_apart_lfd(delta_next, W, x):
    return (1 - x**2) * W.sum(axis=1) * delta_next.sum()


@hidden_lfd.misconception(
    "a factor 2 too many",
    "The 2 of the squared error was born where the error was differentiated. Which layer was that?",
    "The δ from above holds that 2 already. If every layer doubled again, what would three layers make of "
    "it?")
def two_again(delta_next, W, x):
    return 2 * (1 - x**2) * (W @ delta_next)


# ---- 7 · β, AIML231 --------------------------------------------------------------------------------------

def for_beta(rng, n, widths, scale):
    net, trace, _ = network_for(rng, n, widths, scale, sigmoid, sigmoid)
    o_k, d_k = trace[-1][0], rng.uniform(0.05, 0.95, size=widths[-1])
    return {"beta_k": d_k - o_k, "o_k": o_k, "W": net.layers[-1].W, "o_j": trace[-2][0]}


def beta_and_delta(beta_j, o_j):
    """What follows from a β, right or wrong: δ = −o (1 − o) β."""
    return beta_j, -o_j * (1 - o_j) * beta_j


@exercise("delta.beta", points=4, minutes=12, returns={"beta_j": "(d_j,)", "delta_j": "(d_j,)"},
          inputs=for_beta, shapes=ONE_EXAMPLE, cites=("AIML231-06", "AIML231-07", "AIML231-08"),
          praise="Well read. β lives after the sigmoid and points downhill, δ lives before it and points "
                 "uphill; one slope and one sign lie between them, and everything else is the same "
                 "recursion.")
def beta(beta_k, o_k, W, o_j):
    beta_j = W @ (o_k * (1 - o_k) * beta_k)
    return beta_j, -o_j * (1 - o_j) * beta_j


@beta.misconception(
    "the sigmoid's slope is taken at the lower node instead of at each node above",
    "An arrow climbs from o_j to o_k. Through which node's sigmoid does it pass on its way?",
    "In the deck's sum, which letter do the two o carry: the free one, or the one that is summed?")
def slope_of_lower_node(beta_k, o_k, W, o_j):
    return beta_and_delta(o_j * (1 - o_j) * (W @ beta_k), o_j)


@beta.misconception(
    "the sigmoid's slope is missing in the sum",
    "β_k is a slope at the output o_k. What lies between o_k and the weighted sum that o_j feeds?",
    "To get from o_k to o_j you cross a sigmoid and a weight. Which of the two does your sum leave out?")
def no_slope_in_sum(beta_k, o_k, W, o_j):
    return beta_and_delta(W @ beta_k, o_j)


@beta.misconception(
    "o_k stands where the sigmoid's slope belongs",
    "A node whose output is almost 1 hardly reacts any more. Is your factor almost 0 there?",
    "What is the slope of the sigmoid in terms of its own value? Does your factor also vanish at 1?")
def output_for_slope(beta_k, o_k, W, o_j):
    return beta_and_delta(W @ (o_k * beta_k), o_j)


@beta.misconception(
    "the indices of W are exchanged",
    "w_{j→k} is W[j, k] here. Over which of the two letters does the deck's sum run?",
    "The rows of W belong to the lower nodes, its columns to the upper ones. Which are summed away?")
def w_exchanged(beta_k, o_k, W, o_j):
    return beta_and_delta(W.T @ (o_k * (1 - o_k) * beta_k), o_j)


@beta.misconception(
    "a mean over the successors is taken instead of the sum",
    "If a node reaches the error by two routes, do their effects add up or average out?",
    "Give node j one more successor, with weight 0. Should that change β_j? Does it, in your code?")
def mean_of_successors(beta_k, o_k, W, o_j):
    return beta_and_delta(W @ (o_k * (1 - o_k) * beta_k) / len(o_k), o_j)


@beta.misconception(
    "the slope of the node's own sigmoid is in it already",
    "β is a slope at the node's output. Is the node's own sigmoid before that point or after it?",
    "If you stop at o_j on your way back, have you already crossed the sigmoid of node j?")
def own_slope_too_early(beta_k, o_k, W, o_j):
    b = o_j * (1 - o_j) * (W @ (o_k * (1 - o_k) * beta_k))
    return b, -b


@beta.misconception(
    "the sign between β and δ is lost",
    "β is defined with a sign that δ does not have. Which of the two points uphill?",
    "β says “wanted minus got”. Which sign has the slope of the error when more is wanted?")
def sign_lost(beta_k, o_k, W, o_j):
    b, _ = beta.answer(beta_k, o_k, W, o_j)
    return b, o_j * (1 - o_j) * b


@beta.misconception(
    "the slope at the output is handed back as the slope at z",
    "The sign is turned. But does δ live at the node's output, or before its sigmoid?",
    "How much does o_j move when z_j moves a little? Which factor of your δ says so?")
def no_slope_to_delta(beta_k, o_k, W, o_j):
    b, _ = beta.answer(beta_k, o_k, W, o_j)
    return b, -b


@beta.misconception(
    "β comes with the sign of a slope",
    "All β of this deck carry the same sign convention. Does yours still, after one step?",
    "The sum passes on what the β above say. Is there a minus anywhere in the deck's rule for β_j?")
def beta_as_slope(beta_k, o_k, W, o_j):
    return beta_and_delta(-beta.answer(beta_k, o_k, W, o_j)[0], o_j)


# ---- 8 · one layer, backwards ----------------------------------------------------------------------------

def for_layer(rng, n, widths, scale):
    net, trace, _ = network_for(rng, n, widths, scale, Tanh())
    return {"X": trace[0], "H": trace[1], "W": net.layers[0].W, "dH": rng.normal(size=trace[1].shape)}


@exercise("delta.layer", points=3, minutes=12, inputs=for_layer,
          returns={"dX": "(n, d_in)", "dW": "(d_in, d_out)", "db": "(d_out,)"},
          cites=("LFD-09", "LFD-15", "TAYLOR-42", "TAYLOR-43", "TAYLOR-45"),
          praise="This is all a layer ever does. One δ, and from it three answers: one for the layer "
                 "before, one for W, one for b, each in the shape of what it answers for.")
def layer(X, H, W, dH):
    delta = dH * (1 - H**2)
    return delta @ W.T, X.T @ delta, delta.sum(axis=0)


def layer_from(delta, X, W):
    """What a layer hands out once it has a δ, right or wrong."""
    return delta @ W.T, X.T @ delta, delta.sum(axis=0)


@layer.misconception(
    "the slope of tanh is forgotten",
    "dH is the slope after tanh, and W and b act before it. How do you get from the one place to the other?",
    "Which quantity do all three results share, and have you computed it before you use it?")
def no_slope_layer(X, H, W, dH):
    return layer_from(dH, X, W)


@layer.misconception(
    "the sigmoid's slope stands where that of tanh belongs",
    "Which activation does this layer have? What is its slope in terms of its own value?",
    "At z = 0 tanh has its largest slope, 1. What does your slope give there, where h = 0?")
def sigmoid_slope_layer(X, H, W, dH):
    return layer_from(dH * H * (1 - H), X, W)


@layer.misconception(
    "the slope of tanh lacks a square",
    "tanh is odd. Should its slope at z and at −z differ?",
    "Put h = −0.5 and h = 0.5 into your slope. Do both give the same, as they should?")
def lost_square_layer(X, H, W, dH):
    return layer_from(dH * (1 - H), X, W)


@layer.misconception(
    "tanh is applied to h, which is a value of tanh already",
    "H is given as tanh(Z). Which of the two does your code hand to the slope?",
    "How often does tanh act on Z in your code, the time inside H included?")
def slope_at_h_layer(X, H, W, dH):
    return layer_from(dH * (1 - np.tanh(H) ** 2), X, W)


@layer.misconception(
    "W is used the forward way round",
    "Forward, W carries X to Z. Which way must the slopes travel?",
    "Which two shapes must meet to give the shape of X? Does it still work by luck if W is square?")
def w_not_transposed_layer(X, H, W, dH):
    delta = dH * (1 - H**2)
    return delta @ W, X.T @ delta, delta.sum(axis=0)


@layer.misconception(
    "the way back to X leaves out the slope of tanh",
    "X acts on the loss through Z. Do you start your last step at Z, or at H?",
    "Your other results use a quantity that this one does not. Which, and why should X be different?")
def dx_from_dh(X, H, W, dH):
    delta = dH * (1 - H**2)
    return dH @ W.T, X.T @ delta, delta.sum(axis=0)


@layer.misconception(
    "the product is transposed",
    "Which index of W names where an arrow starts? Which end of the arrow does X sit at?",
    "An answer for W has the shape of W. Which of your two factors must bring the rows?")
def dw_transposed(X, H, W, dH):
    delta = dH * (1 - H**2)
    return delta @ W.T, delta.T @ X, delta.sum(axis=0)


@layer.misconception(
    "the layer's output is used where its input belongs",
    "A weight multiplies what comes into the layer. Is that X or H?",
    "When one weight moves, what decides how far Z moves: the value at the start of its arrow, or at its "
    "end?")
def output_for_input(X, H, W, dH):
    delta = dH * (1 - H**2)
    return delta @ W.T, H.T @ delta, delta.sum(axis=0)


@layer.misconception(
    "only the first example counts",
    "One matrix W serves all n examples. Does each of them have a say in its slope?",
    "If you changed the last row of X, should the slope at W change? Does it, in your code?")
def first_example(X, H, W, dH):
    delta = dH * (1 - H**2)
    return delta @ W.T, np.outer(X[0], delta[0]), delta[0]


@layer.misconception(
    "a mean over the batch is taken instead of the sum",
    "Who divides by n here: the layer, or the loss?",
    "dH comes from a loss that may have divided already. If the layer divides too, how often is that?")
def mean_for_sum(X, H, W, dH):
    delta = dH * (1 - H**2)
    return delta @ W.T, X.T @ delta / len(X), delta.mean(axis=0)


@layer.misconception(
    "the bias averages over the batch",
    "Who divides by n here: the layer, or the loss?",
    "dW adds up over the examples inside its product. Why should b treat them differently?")
def bias_mean(X, H, W, dH):
    delta = dH * (1 - H**2)
    return delta @ W.T, X.T @ delta, delta.mean(axis=0)


@layer.misconception(
    "the sum runs over the units instead of the examples",
    "An answer for b has the shape of b. Along which axis of δ lie the examples?",
    "The same b serves every row. Which axis must disappear, then: rows or columns?")
def bias_wrong_axis(X, H, W, dH):
    delta = dH * (1 - H**2)
    return delta @ W.T, X.T @ delta, delta.sum(axis=1)


@layer.misconception(
    "the examples are not added up",
    "There is one b for all examples. What happens to its n small effects?",
    "Forward, b is copied into every row. What is the way back of a copy?")
def bias_not_summed(X, H, W, dH):
    delta = dH * (1 - H**2)
    return delta @ W.T, X.T @ delta, delta


# ---- 9 · the whole network -------------------------------------------------------------------------------

def for_network(rng, n, widths, scale):
    net, trace, Y = network_for(rng, n, widths, scale)
    return {"Hs": trace, "Ws": [layer.W for layer in net.layers], "Y": Y}


@exercise("delta.network", points=6, minutes=20, inputs=for_network,
          returns={"deltas": "(n, d_out) in each layer", "dWs": "(d_in, d_out) in each layer",
                   "dbs": "(d_out,) in each layer"},
          shapes=((3, (4, 5, 2)), (4, (3, 3, 3)), (5, (3, 2, 4, 6)), (7, (2, 3, 5, 4, 1)), (5, (3, 2))),
          cites=("ECE417-46", "LFD-24", "TAYLOR-36", "TAYLOR-50"),
          praise="That is back-propagation, all of it: one walk back, every δ computed once and used three "
                 "times, whatever the depth. What a library adds to this is convenience.")
def network(Hs, Ws, Y):
    deltas = [(Hs[-1] - Y) / len(Y)]                        # the loss and the linear output
    for W, H in zip(Ws[:0:-1], Hs[-2:0:-1], strict=True):   # from the last layer back to the second
        deltas.insert(0, deltas[0] @ W.T * H * (1 - H))
    dWs = [H.T @ delta for H, delta in zip(Hs[:-1], deltas, strict=True)]
    return deltas, dWs, [delta.sum(axis=0) for delta in deltas]


def walk(Hs, Ws, Y, start=lambda Y_hat, Y: (Y_hat - Y) / len(Y), slope=lambda H: H * (1 - H), W_of=1, H_of=1,
         dW=lambda X, delta: X.T @ delta, db=lambda delta: delta.sum(axis=0)):
    """A backward pass with one step replaced; W_of, H_of: 1 is right, 0 is one layer too low."""
    deltas = [start(Hs[-1], Y)]
    for k in reversed(range(len(Ws) - 1)):
        deltas.insert(0, deltas[0] @ Ws[k + W_of].T * slope(Hs[k + H_of]))
    dWs = [dW(H, delta) for H, delta in zip(Hs[:-1], deltas, strict=True)]
    return deltas, dWs, [db(delta) for delta in deltas]


@network.misconception(
    "the 1/n is missing",
    "The loss is a mean over the batch. At which single place does that enter the backward pass?",
    "All your slopes are wrong by one and the same factor. Which number of the batch is it, and who should "
    "have divided?")
def lost_mean_network(Hs, Ws, Y):
    return walk(Hs, Ws, Y, start=lambda Y_hat, Y: Y_hat - Y)


@network.misconception(
    "a factor 2 too many, from the start",
    "Which number stands before the sum in this loss, and what does the square bring down to meet it?",
    "Everything is doubled, so the walk itself is fine. What does your first δ look like?")
def factor_two_network(Hs, Ws, Y):
    return walk(Hs, Ws, Y, start=lambda Y_hat, Y: 2 * (Y_hat - Y) / len(Y))


@network.misconception(
    "the sign is the wrong way round from the start",
    "If the prediction is too large, does a larger prediction raise the loss or lower it?",
    "All signs are turned, so the walk itself is fine. In which order does your first δ take its difference?")
def turned_sign_network(Hs, Ws, Y):
    return walk(Hs, Ws, Y, start=lambda Y_hat, Y: (Y - Y_hat) / len(Y))


@network.misconception(
    "the output layer is treated as a sigmoid, and it is linear",
    "Which activation does the last layer have here? Does your walk treat it like the hidden ones?",
    "If ŷ = z, by how much does ŷ move when z moves by one? What does your first δ multiply with?")
def sigmoid_output(Hs, Ws, Y):
    return walk(Hs, Ws, Y, start=lambda Y_hat, Y: (Y_hat - Y) / len(Y) * Y_hat * (1 - Y_hat))


@network.misconception(
    "the slope of the sigmoid is forgotten in the hidden layers",
    "Going down one layer you cross the weights, and what else?",
    "Your last layer is right. Which factor does task 4 have that your loop has not?")
def no_slope_network(Hs, Ws, Y):
    return walk(Hs, Ws, Y, slope=lambda H: 1)


@network.misconception(
    "h stands where the slope of the sigmoid belongs",
    "Where a sigmoid is almost 1 it is flat. Is your factor almost 0 there?",
    "What is the slope of the sigmoid in terms of its own value? Does your factor also vanish at h = 1?")
def value_for_slope_network(Hs, Ws, Y):
    return walk(Hs, Ws, Y, slope=lambda H: H)


@network.misconception(
    "the slope of tanh stands where that of the sigmoid belongs",
    "Which activation do the hidden layers have here? What is its largest slope?",
    "At z = 0 the sigmoid is 1/2 and its slope 1/4. What does your slope give there?")
def tanh_slope_network(Hs, Ws, Y):
    return walk(Hs, Ws, Y, slope=lambda H: 1 - H**2)


@network.misconception(
    "the slope is taken at the layer below instead of the layer's own output",
    "Which entry of Hs is a layer's input, and which its output? At which is its slope taken?",
    "Layer k reads Hs[k]. Where in the list stands what layer k gives out?")
def slope_one_too_low(Hs, Ws, Y):
    return walk(Hs, Ws, Y, H_of=0)


@network.misconception(
    "each step goes back through the layer's own weights, not those of the layer above",
    "Between this layer and the one above, which W does an arrow cross?",
    "Layer k's output is multiplied, on its way up, by the weights of which layer?")
def weights_one_too_low(Hs, Ws, Y):
    return walk(Hs, Ws, Y, W_of=0)


@network.misconception(
    "the lists run from the output to the input",
    "The walk goes backwards. In which order does the contract want the results?",
    "Which layer should come first in each list, and which comes first in yours?")
def lists_reversed(Hs, Ws, Y):
    return tuple(results[::-1] for results in walk(Hs, Ws, Y))


@network.misconception(
    "the product is transposed",
    "Which index of W names where an arrow starts? Which end of the arrow does the layer's input sit at?",
    "An answer for W has the shape of W. Which of your two factors must bring the rows?")
def dw_transposed_network(Hs, Ws, Y):
    return walk(Hs, Ws, Y, dW=lambda X, delta: delta.T @ X)


@network.misconception(
    "the 1/n is taken a second time",
    "Only the loss divides by n. What do the layers do with the examples: average, or add up?",
    "δ holds the 1/n already. How many fraction bars does it meet on its way into W and b?")
def mean_again_network(Hs, Ws, Y):
    return walk(Hs, Ws, Y, dW=lambda X, delta: X.T @ delta / len(X), db=lambda delta: delta.mean(axis=0))


@network.misconception(
    "the bias averages over the batch",
    "Who divides by n here: the layers, or the loss?",
    "dW adds up over the examples inside its product. Why should b treat them differently?")
def bias_mean_network(Hs, Ws, Y):
    return walk(Hs, Ws, Y, db=lambda delta: delta.mean(axis=0))
