"""One neuron per layer: every factor of the chain rule, its product, its reuse, and the whole walk back.

Ten exercises as data. Examples travel side by side: entry i of an array belongs to example i, so one formula
serves one example and many. The numbers come from a forward pass through a real chain. Letters follow the
deck that the exercise names: AIML231 (a, z, C; then o, d, β) and ECE884 (h, e).
"""
import numpy as np

from chainrule.activations import Sigmoid
from chainrule.exercises import exercise

sigmoid = Sigmoid()
CHAINS = ((3, (1, 1, 1)), (4, (1, 1, 1, 1)), (6, (1, 1, 1)), (5, (1, 1, 1, 1, 1)))
DEPTHS = ((4, (1, 1, 1)), (3, (1, 1)), (7, (1, 1, 1, 1, 1)), (6, (1, 1, 1, 1)))
ONE_UNIT = ((1, (4, 1)), (1, (1, 1)), (1, (3, 1)), (1, (5, 1)))                     # ECE884: one example


def weights(rng, size, scale):
    """Numbers of either sign, none near 0."""
    return scale * rng.choice([-1.0, 1.0], size=size) * rng.uniform(0.5, 2, size=size)


def chain_for(rng, n, widths, scale):
    """The weights of a random chain, its activations on n random examples (first the input), and targets."""
    ws = weights(rng, len(widths) - 1, scale)
    activations = [rng.normal(size=n)]
    for w in ws:
        activations.append(sigmoid(w * activations[-1]))
    return ws, activations, rng.uniform(0.05, 0.95, size=n)


def slope(a):
    """σ′ from the value a = σ(z)."""
    return a * (1 - a)


# ---- 1 · the three factors, AIML231 ----------------------------------------------------------------------

def for_factors(rng, n, widths, scale):
    ws, a, y = chain_for(rng, n, widths, scale)
    return {"a_prev": a[-2], "w": ws[-1], "y": y}


@exercise("chains.factors", points=3, minutes=9, inputs=for_factors, shapes=CHAINS,
          returns={"dz_dw": "(n,)", "da_dz": "(n,)", "dC_da": "(n,)"},
          cites=("AIML231-14", "AIML231-17", "AIML231-18", "AIML231-19"),
          praise="Three links, three slopes: what comes in, how awake the neuron is, how wrong it is. Each "
                 "was found by looking at one link and nothing else.")
def factors(a_prev, w, y):
    a = sigmoid(w * a_prev)
    return a_prev.copy(), a * (1 - a), 2 * (a - y)


@factors.misconception(
    "w itself stands there, and w is what is being moved",
    "z is a product of two things. One of them moves: which one decides how far z then moves?",
    "Take an input of 10 and turn w by 0.1. By how much does z move, and did you need to know w for that?")
def weight_for_input(a_prev, w, y):
    a = sigmoid(w * a_prev)
    return w, slope(a), 2 * (a - y)


@factors.misconception(
    "this is z, not yet how z reacts to w",
    "Does your number say how large z is, or how far z moves when w moves by one?",
    "z is a straight line in w. What is the steepness of such a line, and does it depend on w?")
def value_of_z(a_prev, w, y):
    z = w * a_prev
    return z, slope(sigmoid(z)), 2 * (sigmoid(z) - y)


@factors.misconception(
    "the value a stands where the slope of the sigmoid belongs",
    "Where a is almost 1 the sigmoid is flat. Is your factor almost 0 there?",
    "What is the slope of the sigmoid in terms of its own value? Does your factor vanish at both its ends?")
def value_for_slope(a_prev, w, y):
    a = sigmoid(w * a_prev)
    return a_prev, a, 2 * (a - y)


@factors.misconception(
    "the sigmoid is applied to a, which is a value of it already",
    "At which point is the slope of the sigmoid wanted: at what goes in, or at what came out?",
    "How often does σ act on z in your code, the time inside a included?")
def sigma_twice(a_prev, w, y):
    a = sigmoid(w * a_prev)
    return a_prev, slope(sigmoid(a)), 2 * (a - y)


@factors.misconception(
    "z is used as if it were a already",
    "The short form of the slope is written with values of the sigmoid. Is that what you put into it?",
    "The slope of a sigmoid is never negative. Is yours, for a large z?")
def z_for_a(a_prev, w, y):
    z = w * a_prev
    return a_prev, slope(z), 2 * (sigmoid(z) - y)


@factors.misconception(
    "the slope of tanh stands where that of the sigmoid belongs",
    "Which activation does this neuron have? What is its largest slope?",
    "At z = 0 the sigmoid is 1/2 and its slope 1/4. What does your slope give there?")
def tanh_slope(a_prev, w, y):
    a = sigmoid(w * a_prev)
    return a_prev, 1 - a**2, 2 * (a - y)


@factors.misconception(
    "the slope is taken at the activation before, not at this neuron's own",
    "Two activations are in play. Which of them did this neuron's sigmoid give out?",
    "∂a/∂z belongs to one neuron. Whose z, and whose a, have you put in?")
def slope_one_below(a_prev, w, y):
    a = sigmoid(w * a_prev)
    return a_prev, slope(a_prev), 2 * (a - y)


@factors.misconception(
    "a factor 2 too few",
    "Does this deck's loss have a half in front that could cancel what the square brings down?",
    "At a = 0.88 and y = 1 the slope is −0.24. What does yours give?")
def lost_two(a_prev, w, y):
    a = sigmoid(w * a_prev)
    return a_prev, slope(a), a - y


@factors.misconception(
    "the sign is the wrong way round",
    "If the output is too large, does a larger output raise the loss or lower it?",
    "Take a = 0.9 and y = 0. Which sign must this slope have, and which has yours?")
def turned_sign(a_prev, w, y):
    a = sigmoid(w * a_prev)
    return a_prev, slope(a), 2 * (y - a)


@factors.misconception(
    "this is the loss itself, not yet its slope",
    "Can your number ever be negative? Should it, when the output is too small?",
    "You have squared the gap. What becomes of a square when you ask for its slope?")
def loss_for_slope(a_prev, w, y):
    a = sigmoid(w * a_prev)
    return a_prev, slope(a), (a - y) ** 2


@factors.misconception(
    "a mean over the examples has come in",
    "C carries the index of one example here. Does anything divide by n?",
    "Give the function one example, then the same one three times. Should the slope of the first change?")
def divided_by_n(a_prev, w, y):
    a = sigmoid(w * a_prev)
    return a_prev, slope(a), 2 * (a - y) / len(y)


@factors.misconception(
    "one link too many: it reaches back to z already",
    "How many links lie between a and C? How many slopes have you multiplied?",
    "Read the name of this result aloud: which slope, at which place? Is the sigmoid between the two?")
def already_at_z(a_prev, w, y):
    a = sigmoid(w * a_prev)
    return a_prev, slope(a), 2 * (a - y) * slope(a)


# ---- 2 · their product: the last weight, and the activation before it -------------------------------------

def for_last(rng, n, widths, scale):
    ws, a, y = chain_for(rng, n, widths, scale)
    return {"a_prev": a[-2], "a": a[-1], "y": y, "w": ws[-1]}


@exercise("chains.last", points=2, minutes=8, inputs=for_last, shapes=CHAINS,
          returns={"dC_dw": "(n,)", "dC_da_prev": "(n,)"},
          cites=("AIML231-16", "AIML231-27", "AIML231-30"),
          praise="Yes. Two questions share two of their three factors; only the first link differs. What w "
                 "and the activation do to z is each other's value.")
def last(a_prev, a, y, w):
    delta = 2 * (a - y) * a * (1 - a)              # ∂C/∂z
    return a_prev * delta, w * delta


def from_z(delta, a_prev, w):
    """What follows from a slope at z, right or wrong."""
    return a_prev * delta, w * delta


@last.misconception(
    "the link through the sigmoid is left out",
    "From w to C you pass z, then a. Which link of the three has no factor in your product?",
    "How much does a move when z moves a little? Which factor of your code says so?")
def no_sigmoid_link(a_prev, a, y, w):
    return from_z(2 * (a - y), a_prev, w)


@last.misconception(
    "the value a stands where the slope of the sigmoid belongs",
    "Where a is almost 1 the sigmoid is flat. Is your factor almost 0 there?",
    "What is the slope of the sigmoid in terms of its own value? Does your factor vanish at both its ends?")
def value_for_slope_last(a_prev, a, y, w):
    return from_z(2 * (a - y) * a, a_prev, w)


@last.misconception(
    "the sigmoid is applied to a, which is a value of it already",
    "You are given a, not z. Does the short form of the slope need another sigmoid?",
    "How often does σ act on z in your code, the time inside a included?")
def sigma_twice_last(a_prev, a, y, w):
    return from_z(2 * (a - y) * slope(sigmoid(a)), a_prev, w)


@last.misconception(
    "a factor 2 too few",
    "Does this deck's loss have a half in front that could cancel what the square brings down?",
    "At a = 0.88 and y = 1 the link to the loss is −0.24. What is it in your product?")
def lost_two_last(a_prev, a, y, w):
    return from_z((a - y) * slope(a), a_prev, w)


@last.misconception(
    "the sign is the wrong way round",
    "If the output is too large, does a larger output raise the loss or lower it?",
    "Take a = 0.9, y = 0 and a positive input. Must the slope at w be positive or negative?")
def turned_sign_last(a_prev, a, y, w):
    return from_z(2 * (y - a) * slope(a), a_prev, w)


@last.misconception(
    "the slopes of the links are added, not multiplied",
    "If z moves twice as far as w, and a a quarter as far as z, how far does a move for one step of w?",
    "Suppose one link is dead, its slope 0. Can anything get through? What does your formula give?")
def added_links(a_prev, a, y, w):
    rest = 2 * (a - y) + slope(a)
    return a_prev + rest, w + rest


@last.misconception(
    "the examples are averaged, and each is asked for by itself",
    "How many numbers does the contract want: one in all, or one for each example?",
    "Here C carries the index of one example. Which part of your code mixes the examples?")
def averaged_last(a_prev, a, y, w):
    one, other = from_z(2 * (a - y) * slope(a), a_prev, w)
    return one.mean(), other.mean()


@last.misconception(
    "it stops at z: the first link is missing",
    "You have the slope at z. How many links lie between z and the weight?",
    "Take an input of exactly 0. Can turning w then change anything? Does your slope say so?")
def stops_at_z(a_prev, a, y, w):
    delta = 2 * (a - y) * slope(a)
    return delta, w * delta


@last.misconception(
    "w stands where the input of the neuron belongs",
    "When w is turned, what decides how far z moves: w, or what w is multiplied with?",
    "Take an input of exactly 0. Can turning w then change anything? What does your slope say?")
def weight_for_input_last(a_prev, a, y, w):
    delta = 2 * (a - y) * slope(a)
    return w * delta, w * delta


@last.misconception(
    "it stops at z: the way through the weight is missing",
    "You have the slope at z. How does z react when the activation before it moves?",
    "Suppose w is exactly 0. Can the activation before then reach the loss? Does your slope say so?")
def stops_above_weight(a_prev, a, y, w):
    delta = 2 * (a - y) * slope(a)
    return a_prev * delta, delta


@last.misconception(
    "the activation's own value stands where the weight belongs",
    "This time the activation moves and w holds still. Which of the two is the steepness of z?",
    "Suppose w is exactly 0. Can the activation before it reach the loss? What does your slope say?")
def input_for_weight(a_prev, a, y, w):
    delta = 2 * (a - y) * slope(a)
    return a_prev * delta, a_prev * delta


@last.misconception(
    "it goes on from the slope at w instead of the slope at z",
    "The way from C to the activation before: does it lead through the weight's slope, or branch off at z?",
    "Two questions, one common stretch. At which station do the two ways part?")
def on_from_weight(a_prev, a, y, w):
    delta = 2 * (a - y) * slope(a)
    return a_prev * delta, w * a_prev * delta


# ---- 3 · five factors ------------------------------------------------------------------------------------

def for_earlier(rng, n, widths, scale):
    ws, a, y = chain_for(rng, n, widths, scale)
    return {"a_before": a[-3], "a_prev": a[-2], "a": a[-1], "y": y, "ws": ws[-2:]}


@exercise("chains.earlier", points=3, minutes=10, inputs=for_earlier, shapes=CHAINS,
          returns={"dC_dw_prev": "(n,)"}, cites=("AIML231-30", "AIML231-31"),
          praise="Five links, five factors, and the earlier weight itself is not among them: it enters only "
                 "through the values. The last three factors you had in task 2.")
def earlier(a_before, a_prev, a, y, ws):
    dC_da_prev = ws[1] * a * (1 - a) * 2 * (a - y)         # the last three links
    return a_before * a_prev * (1 - a_prev) * dC_da_prev


def five(a_before, lower, w, upper, gap):
    """The product of five factors, right or wrong."""
    return a_before * lower * w * upper * gap


@earlier.misconception(
    "the weight between the two neurons is left out",
    "How does the last z react when the activation before it moves? Which factor says so?",
    "Suppose the last weight is 0. Can the earlier one then change the loss? Does your slope say so?")
def no_weight(a_before, a_prev, a, y, ws):
    return five(a_before, slope(a_prev), 1, slope(a), 2 * (a - y))


@earlier.misconception(
    "the earlier weight stands where the last one belongs",
    "Between the two neurons you cross one weight. Which one: that before the first, or that between them?",
    "The slope at a weight asks what turning it does. Can its own value be a factor of that?")
def own_weight(a_before, a_prev, a, y, ws):
    return five(a_before, slope(a_prev), ws[0], slope(a), 2 * (a - y))


@earlier.misconception(
    "one weight too many: the earlier one is a factor too",
    "At the weight in question the walk ends. Is it crossed, or only reached?",
    "z is a straight line in its weight. Does the steepness of a line depend on where you stand?")
def both_weights(a_before, a_prev, a, y, ws):
    return five(a_before, slope(a_prev), ws[0] * ws[1], slope(a), 2 * (a - y))


@earlier.misconception(
    "the sigmoid of the earlier neuron is left out",
    "How many sigmoids lie between the earlier weight and the loss? How many slopes of them have you?",
    "From the activation before you still have to get to its z. What lies between the two?")
def no_lower_slope(a_before, a_prev, a, y, ws):
    return five(a_before, 1, ws[1], slope(a), 2 * (a - y))


@earlier.misconception(
    "the sigmoid of the last neuron is left out",
    "How many sigmoids lie between the earlier weight and the loss? Which of them have you crossed?",
    "From the last a to the last z: which factor of your product stands for that link?")
def no_upper_slope(a_before, a_prev, a, y, ws):
    return five(a_before, slope(a_prev), ws[1], 1, 2 * (a - y))


@earlier.misconception(
    "the last neuron's slope is used for both neurons",
    "Two neurons, two sigmoids, each with its own value. Does each get its own slope in your code?",
    "If the earlier neuron is saturated, its slope is near 0. Which factor of yours would notice?")
def upper_slope_twice(a_before, a_prev, a, y, ws):
    return five(a_before, slope(a), ws[1], slope(a), 2 * (a - y))


@earlier.misconception(
    "the earlier neuron's slope is used for both neurons",
    "Two neurons, two sigmoids, each with its own value. Whose slope comes twice in your code?",
    "If the last neuron is saturated, its slope is near 0. Which factor of yours would notice?")
def lower_slope_twice(a_before, a_prev, a, y, ws):
    return five(a_before, slope(a_prev), ws[1], slope(a_prev), 2 * (a - y))


@earlier.misconception(
    "the neuron's output stands where its input belongs",
    "The first link asks how the earlier z reacts to its weight. Which activation feeds that z?",
    "Count layers: the weight of layer L−1 multiplies an activation of which layer?")
def output_for_input(a_before, a_prev, a, y, ws):
    return five(a_prev, slope(a_prev), ws[1], slope(a), 2 * (a - y))


@earlier.misconception(
    "the values of the neurons stand where the slopes of their sigmoids belong",
    "Where an activation is almost 1 its sigmoid is flat. Are your factors almost 0 there?",
    "What is the slope of the sigmoid in terms of its own value? Do your factors vanish at both its ends?")
def values_for_slopes(a_before, a_prev, a, y, ws):
    return five(a_before, a_prev, ws[1], a, 2 * (a - y))


@earlier.misconception(
    "a factor 2 too few",
    "Does this deck's loss have a half in front that could cancel what the square brings down?",
    "Where in your product is the slope of the square, and what does it bring down?")
def lost_two_earlier(a_before, a_prev, a, y, ws):
    return five(a_before, slope(a_prev), ws[1], slope(a), a - y)


@earlier.misconception(
    "a factor 2 too many",
    "The 2 is born at the loss. How often does the way from the weight to C pass the loss?",
    "If every layer doubled again, what would three layers make of it?")
def two_twice(a_before, a_prev, a, y, ws):
    return five(a_before, slope(a_prev), ws[1], slope(a), 4 * (a - y))


@earlier.misconception(
    "the sign is the wrong way round",
    "If the output is too large, does a larger output raise the loss or lower it?",
    "Let all activations and the last weight be positive, and a above y. Which sign must come out?")
def turned_sign_earlier(a_before, a_prev, a, y, ws):
    return five(a_before, slope(a_prev), ws[1], slope(a), 2 * (y - a))


# ---- 4 · one running product -----------------------------------------------------------------------------

def for_running(rng, n, widths, scale):
    ws, activations, y = chain_for(rng, n, widths, scale)
    return {"activations": activations, "ws": ws, "y": y}


@exercise("chains.running", points=3, minutes=12, inputs=for_running, shapes=DEPTHS,
          returns={"dC_das": "(L + 1, n)"}, cites=("AIML231-30", "AIML231-31", "TAYLOR-23", "ECE884-37"),
          praise="One running product serves the whole chain. Each layer costs two multiplications, "
                 "whatever lies above it; from scratch the work would grow with the square of the depth.")
def running(activations, ws, y):
    dC_das = [2 * (activations[-1] - y)]
    for w, a in zip(ws[::-1], activations[:0:-1], strict=True):
        dC_das.insert(0, w * a * (1 - a) * dC_das[0])      # ∂C/∂a below = w σ′ ∂C/∂a
    return np.array(dC_das)


def products(activations, ws, y, start=lambda a, y: 2 * (a - y), slope=slope, a_of=1, w_of=0, again=None):
    """The running product with one step replaced; a_of: 1 is right, 0 is one too low; w_of: 0 is right."""
    found = [start(activations[-1], y)]
    for k in reversed(range(len(ws))):
        known = found[0] if again is None else again(found)
        w = ws[max(k - w_of, 0)]
        found.insert(0, w * slope(activations[k + a_of]) * known)
    return np.array(found)


@running.misconception(
    "each layer starts again from the loss instead of from the layer above",
    "What does the slope one layer up already contain? Is it used in your next step, or the slope at the "
    "end?",
    "Between the second layer from the top and the loss lie two neurons. How many do you cross for it?")
def no_reuse(activations, ws, y):
    return products(activations, ws, y, again=lambda found: found[-1])


@running.misconception(
    "the weights are left out on the way down",
    "One step down crosses a sigmoid and what else?",
    "If a weight is 0, nothing below it reaches the loss. Does your product become 0 there?")
def no_weights(activations, ws, y):
    return products(activations, 0 * ws + 1, y)


@running.misconception(
    "the sigmoids are left out on the way down",
    "One step down crosses a weight and what else?",
    "From an activation down to the one below you pass z. How much does a move when z moves a little?")
def no_slopes(activations, ws, y):
    return products(activations, ws, y, slope=lambda a: 1)


@running.misconception(
    "values stand where the slopes of the sigmoids belong",
    "Where an activation is almost 1 its sigmoid is flat. Is your factor almost 0 there?",
    "What is the slope of the sigmoid in terms of its own value? Does your factor vanish at both its ends?")
def values_for_slopes_running(activations, ws, y):
    return products(activations, ws, y, slope=lambda a: a)


@running.misconception(
    "the slope is taken at the lower end of the step instead of the upper",
    "A step down leaves one activation and arrives at another. Which of the two came out of the sigmoid you "
    "cross?",
    "The input x, `activations[0]`, came out of no sigmoid. Does its slope appear in your code?")
def slope_at_lower_end(activations, ws, y):
    return products(activations, ws, y, a_of=0)


@running.misconception(
    "each step crosses the weight one layer too low",
    "`ws[k]` leads from `activations[k]` to the next. Which weight lies between the two ends of your step?",
    "Write activations and weights on paper, in turns. Over which weight does your first step go?")
def weight_too_low(activations, ws, y):
    return products(activations, ws, y, w_of=1)


@running.misconception(
    "it starts at z of the last neuron, not at its activation",
    "The last row asks for the slope at the last activation. Is a sigmoid between that and the loss?",
    "How many links lie between the last a and C? How many slopes are in your last row?")
def starts_at_z(activations, ws, y):
    return products(activations, ws, y, start=lambda a, y: 2 * (a - y) * slope(a))


@running.misconception(
    "a factor 2 too few, from the start",
    "Does this deck's loss have a half in front that could cancel what the square brings down?",
    "Everything is halved, so the walk itself is fine. What does your first step at the loss look like?")
def lost_two_running(activations, ws, y):
    return products(activations, ws, y, start=lambda a, y: a - y)


@running.misconception(
    "the sign is the wrong way round from the start",
    "If the output is too large, does a larger output raise the loss or lower it?",
    "All signs are turned, so the walk itself is fine. In which order does your first step take the "
    "difference?")
def turned_sign_running(activations, ws, y):
    return products(activations, ws, y, start=lambda a, y: 2 * (y - a))


@running.misconception(
    "the 2 of the square comes in again at every layer",
    "The 2 is born at the loss. How often does the way down pass the loss?",
    "Your last row is right and the one before is doubled. What happens between the two?")
def two_in_every_layer(activations, ws, y):
    return products(activations, ws, y, slope=lambda a: 2 * slope(a))


@running.misconception(
    "the rows run from the output to the input",
    "The walk goes backwards. In which order does the contract want the results?",
    "To which activation does the first row of your answer belong, and to which should it?")
def rows_reversed(activations, ws, y):
    return products(activations, ws, y)[::-1]


# ---- 5 · the β algorithm, AIML231 ------------------------------------------------------------------------

def for_beta(rng, n, widths, scale):
    ws, outputs, d = chain_for(rng, n, widths, scale)
    return {"outputs": outputs, "d": d, "ws": ws, "eta": np.float64(rng.uniform(0.2, 0.8))}


@exercise("chains.beta", points=4, minutes=15, inputs=for_beta, shapes=DEPTHS,
          returns={"betas": "(L, n)", "changes": "(L,)"},
          cites=("AIML231-05", "AIML231-06", "AIML231-07", "AIML231-08", "AIML231-09"),
          praise="The algorithm slide, line by line. β says how much more is wanted of each node, so the "
                 "change is already downhill: it is added to the weight, and no further minus is needed.")
def beta(outputs, d, ws, eta):
    betas = [d - outputs[-1]]
    for w, o in zip(ws[:0:-1], outputs[:1:-1], strict=True):
        betas.insert(0, w * o * (1 - o) * betas[0])        # w and o of the node above
    changes = [eta * np.sum(o_i * o_j * (1 - o_j) * b)
               for o_i, o_j, b in zip(outputs[:-1], outputs[1:], betas, strict=True)]
    return np.array(betas), np.array(changes)


def descend(outputs, d, ws, eta, start=lambda d, o: d - o, slope=slope, o_of=1, w_of=0, own=False,
            rate=1.0, total=np.sum, change_slope=slope, end=0):
    """The β algorithm with one step replaced; o_of: 1 is right, 0 one too low; w_of: 0 right, 1 too low."""
    betas = [start(d, outputs[-1]) * (slope(outputs[-1]) if own else 1)]
    for k in reversed(range(1, len(ws))):
        betas.insert(0, ws[k - w_of] * slope(outputs[k + o_of]) * betas[0])
    changes = [rate * eta * total(outputs[k + end] * change_slope(outputs[k + 1]) * b)
               for k, b in enumerate(betas)]
    return np.array(betas), np.array(changes)


@beta.misconception(
    "β carries the sign of a slope, so every change climbs",
    "β says how much more is wanted. Is that the direction of the slope of E, or the opposite one?",
    "If d is 1 and o is 0.2, more is wanted. Which sign must β have at this node?")
def beta_as_slope(outputs, d, ws, eta):
    return descend(outputs, d, ws, eta, start=lambda d, o: o - d)


@beta.misconception(
    "the 2 of the squared error comes in, and this algorithm has no 2",
    "Which loss belongs to β = d − o: the squared gap, or half of it?",
    "The deck changes its loss between two slides. Which one has β, and does a 2 stand there?")
def two_of_the_other_loss(outputs, d, ws, eta):
    return descend(outputs, d, ws, eta, start=lambda d, o: 2 * (d - o))


@beta.misconception(
    "the slope is taken at the lower node instead of at the node above",
    "An arrow climbs from node j to node k. Through which node's sigmoid does it pass on its way?",
    "β is a slope at a node's output. When you step down to o_j, is the sigmoid of node j on your way?")
def slope_of_lower_node(outputs, d, ws, eta):
    return descend(outputs, d, ws, eta, o_of=0)


@beta.misconception(
    "the sigmoids are left out on the way down",
    "β_k is a slope at the output of node k. What lies between that and the weight below it?",
    "To get from o_k to o_j you cross a sigmoid and a weight. Which of the two does your step leave out?")
def no_slope_beta(outputs, d, ws, eta):
    return descend(outputs, d, ws, eta, slope=lambda o: 1)


@beta.misconception(
    "each step crosses the weight that leads into the node, not the one that leaves it",
    "Node j reaches the output by the arrow that leaves it. Which entry of `ws` is that?",
    "`ws[l]` leads from `outputs[l]` to `outputs[l + 1]`. Which one lies between the two nodes of your step?")
def incoming_weight(outputs, d, ws, eta):
    return descend(outputs, d, ws, eta, w_of=1)


@beta.misconception(
    "δ stands where β belongs: the last node's own sigmoid is crossed too early",
    "β is a slope at the node's output. Is the node's own sigmoid before that point or after it?",
    "What does the slide give for β at the output? Does a slope of the sigmoid stand in it?")
def delta_for_beta(outputs, d, ws, eta):
    return descend(outputs, d, ws, eta, own=True)


@beta.misconception(
    "a mean over the examples is taken, and this algorithm adds the changes up",
    "After all examples have been seen, what does the slide do with their changes: add, or average?",
    "Show every example twice. Does the total change double, by the slide? Does it in your code?")
def averaged_changes(outputs, d, ws, eta):
    return descend(outputs, d, ws, eta, total=np.mean)


@beta.misconception(
    "a minus has come in, so the weights climb",
    "β is minus a slope already. How many minuses stand in the slide's change of a weight?",
    "More is wanted of node j, and its input is positive. Should the weight grow? Does it?")
def climbing(outputs, d, ws, eta):
    return descend(outputs, d, ws, eta, rate=-1.0)


@beta.misconception(
    "the learning rate is left out",
    "Is this how the error reacts, or by how much the weight is to be changed?",
    "What would your code do differently if `eta` were ten times as large?")
def no_rate(outputs, d, ws, eta):
    return descend(outputs, d, ws, eta, rate=1 / eta)


@beta.misconception(
    "the output of the arrow's head stands where that of its tail belongs",
    "A weight multiplies what comes along its arrow. Does that come from node i or from node j?",
    "The change has three factors besides η and β. Which of them should know about the node below?")
def head_for_tail(outputs, d, ws, eta):
    return descend(outputs, d, ws, eta, end=1)


@beta.misconception(
    "the sigmoid of the arrow's head is left out",
    "β_j is a slope at the output of node j. The weight acts before its sigmoid. Which link is missing?",
    "If node j is saturated, turning its weight does nothing. Which factor of yours would notice?")
def no_slope_in_change(outputs, d, ws, eta):
    return descend(outputs, d, ws, eta, change_slope=lambda o: 1)


@beta.misconception(
    "only the first example counts",
    "The change is made after all examples have been seen. How many of them have a say in yours?",
    "If you changed the target of the last example, should the changes differ? Do they?")
def first_example(outputs, d, ws, eta):
    return descend(outputs, d, ws, eta, total=lambda terms: terms[0])


# ---- 6 · the bias as w₀ ----------------------------------------------------------------------------------

def for_bias(rng, n, widths, scale):
    X, b = rng.normal(size=(n, widths[0])), np.float64(scale * rng.uniform(0.3, 1))
    return {"X": X, "w": weights(rng, widths[0], scale), "b": b, "y": rng.uniform(0.05, 0.95, size=n)}


@exercise("chains.bias", points=2, minutes=10, inputs=for_bias,
          shapes=((3, (4, 1)), (5, (1, 1)), (6, (2, 1)), (5, (3, 1))),
          returns={"X1": "(n, p + 1)", "slopes": "(n, p + 1)"},
          cites=("AIML231-10", "AIML231-11", "AIML231-12"),
          praise="A bias is a weight whose input never changes. Its slope is the slope at z, times 1: the "
                 "same line of code now serves weights and bias alike.")
def bias(X, w, b, y):
    X1 = np.column_stack([np.ones(len(X)), X])
    a = sigmoid(X @ w + b)
    delta = 2 * (a - y) * a * (1 - a)              # ∂C/∂z, one number per example
    return X1, delta[:, None] * X1


def extended(X, w, b, y, x0=1.0, z=None, two=2, slope=slope):
    """The constant input x0 before the others, and the slopes that follow, with one step replaced."""
    X1 = np.column_stack([np.full(len(X), x0), X])
    a = sigmoid(X @ w + b if z is None else z)
    return X1, (two * (a - y) * slope(a))[:, None] * X1


@bias.misconception(
    "the constant input stands last, and its weight is called w₀",
    "In which column does the deck put the input x₀?",
    "Entry 0 of each row belongs to w₀. Which column of yours holds what never changes?")
def constant_last(X, w, b, y):
    return tuple(np.roll(array, -1, axis=1) for array in extended(X, w, b, y))


@bias.misconception(
    "the bias itself stands where the constant input belongs",
    "The bias has become a weight, w₀. Which input must it meet so that their product is b?",
    "If x₀ were b and w₀ were b too, what would the neuron add to its sum?")
def b_as_input(X, w, b, y):
    return extended(X, w, b, y, x0=b)


@bias.misconception(
    "the constant input is 0",
    "Which constant must w₀ be multiplied with, so that the bias comes out unchanged?",
    "With your x₀, how much does z move when the bias moves by one? And without this trick?")
def zero_as_input(X, w, b, y):
    return extended(X, w, b, y, x0=0.0)


@bias.misconception(
    "the forward pass forgets the bias",
    "Your a: does it know that the neuron has a bias?",
    "Put all inputs to 0 and b to 5. What does your neuron give out, and what should it?")
def forward_without_bias(X, w, b, y):
    return extended(X, w, b, y, z=X @ w)


@bias.misconception(
    "the bias is counted twice in z",
    "Once b is w₀, it is inside the sum. Do you add it another time?",
    "Put all inputs to 0 and b to 1. What is z, and what is it in your code?")
def bias_twice(X, w, b, y):
    return extended(X, w, b, y, z=X @ w + 2 * b)


@bias.misconception(
    "the first column is 1, as if z were already the loss",
    "1 is how z reacts to the bias. Is z what the slope is asked for?",
    "From the bias you come to z with the factor 1. Which links are still to be crossed up to C?")
def only_the_first_link(X, w, b, y):
    X1, slopes = extended(X, w, b, y)
    slopes[:, 0] = 1
    return X1, slopes


@bias.misconception(
    "the slope of the sigmoid is left out",
    "From z to C you pass a. Which link has no factor in your product?",
    "How much does a move when z moves a little? Which factor of your code says so?")
def no_slope_bias(X, w, b, y):
    return extended(X, w, b, y, slope=lambda a: 1)


@bias.misconception(
    "a factor 2 too few",
    "Does this deck's loss have a half in front that could cancel what the square brings down?",
    "At a = 0.88 and y = 1 the link to the loss is −0.24. What is it in your product?")
def lost_two_bias(X, w, b, y):
    return extended(X, w, b, y, two=1)


@bias.misconception(
    "the sign is the wrong way round",
    "If the output is too large, does a larger output raise the loss or lower it?",
    "Take a = 0.9 and y = 0. Should a larger bias raise the loss? Does your first column say so?")
def turned_sign_bias(X, w, b, y):
    return extended(X, w, b, y, two=-2)


@bias.misconception(
    "the weights stand where the inputs belong",
    "When one weight is turned, what decides how far z moves: the weight, or its input?",
    "Two examples with different inputs: should their slopes at one weight have different first links?")
def weights_for_inputs(X, w, b, y):
    X1, _ = extended(X, w, b, y)
    a = sigmoid(X @ w + b)
    return X1, np.outer(2 * (a - y) * slope(a), np.append(b, w))


@bias.misconception(
    "the examples are added up, and each is asked for by itself",
    "How many rows does the contract want, and how many have you?",
    "Row i should hold the slopes of example i alone. Which part of your code mixes the rows?")
def rows_added(X, w, b, y):
    X1, slopes = extended(X, w, b, y)
    return X1, slopes.sum(axis=0)


# ---- 7 · sum against mean --------------------------------------------------------------------------------

def for_steps(rng, n, widths, scale):
    ws, a, y = chain_for(rng, n, widths, scale)
    rows = []
    for known in running.answer(a, ws, y)[1:]:
        rows.append(a[len(rows)] * slope(a[len(rows) + 1]) * known)
    return {"slopes": np.array(rows).T.copy(), "eta": np.float64(rng.uniform(0.2, 0.8))}


@exercise("chains.steps", points=2, minutes=9, inputs=for_steps, shapes=DEPTHS,
          returns={"mean_step": "(L,)", "summed_step": "(L,)"},
          cites=("AIML231-01", "AIML231-05", "AIML231-06", "AIML231-09", "AIML231-28", "AIML231-29"),
          praise="Same direction, different length: the summed step is n/2 times the other. A learning rate "
                 "from one slide does not fit the other, and now you can convert it.")
def steps(slopes, eta):
    return -eta * slopes.mean(axis=0), -eta / 2 * slopes.sum(axis=0)


@steps.misconception(
    "the half of the other loss is forgotten",
    "The algorithm slide has β = d − o at the output. Which loss has exactly this slope, up to its sign?",
    "`slopes` belong to the squared gap. By how much are those of the algorithm's loss smaller?")
def no_half(slopes, eta):
    return -eta * slopes.mean(axis=0), -eta * slopes.sum(axis=0)


@steps.misconception(
    "the 2 goes the wrong way",
    "Which of the two losses is the larger one for the same gap, and which has the larger slope?",
    "From the slope of a square to that of half a square: do you double or halve?")
def doubled(slopes, eta):
    return -eta * slopes.mean(axis=0), -2 * eta * slopes.sum(axis=0)


@steps.misconception(
    "a mean is taken, and this algorithm adds the changes up",
    "After all examples have been seen, what does the algorithm slide do with their changes?",
    "Show every example twice. What should happen to this step, and what does yours do?")
def mean_for_sum(slopes, eta):
    return -eta * slopes.mean(axis=0), -eta / 2 * slopes.mean(axis=0)


@steps.misconception(
    "the examples are added up, and this loss is a mean",
    "What stands before the sum in the definition of C?",
    "Show every example twice. Should this step change? Does yours?")
def sum_for_mean(slopes, eta):
    return -eta * slopes.sum(axis=0), -eta / 2 * slopes.sum(axis=0)


@steps.misconception(
    "a half has come in, and this loss has none",
    "`slopes` are those of the squared gap. Which of the two conventions uses that very loss?",
    "Only one of the two steps needs a conversion. Which?")
def half_in_both(slopes, eta):
    return -eta / 2 * slopes.mean(axis=0), -eta / 2 * slopes.sum(axis=0)


@steps.misconception(
    "the sign is the wrong way round, so the step goes uphill",
    "A slope points to where the loss grows. Which way should a step go?",
    "If a weight's slope is positive, should the weight grow or shrink? What do you add to it?")
def uphill(slopes, eta):
    return eta * slopes.mean(axis=0), eta / 2 * slopes.sum(axis=0)


@steps.misconception(
    "the learning rate is left out",
    "Is this how the loss reacts, or by how much the weights are to be moved?",
    "What would your code do differently if `eta` were ten times as large?")
def no_rate_steps(slopes, eta):
    return -slopes.mean(axis=0), -slopes.sum(axis=0) / 2


@steps.misconception(
    "it runs over the weights of each example instead of the examples of each weight",
    "Rows are examples, columns are weights. Which of the two axes must disappear?",
    "Each weight has one step. How many numbers do you return, and how many weights are there?")
def wrong_axis(slopes, eta):
    return -eta * slopes.mean(axis=1), -eta / 2 * slopes.sum(axis=1)


@steps.misconception(
    "all weights get one and the same step",
    "Does your sum run over the examples only, or over the weights as well?",
    "A gradient has one entry per weight. How many numbers do you return?")
def everything_added(slopes, eta):
    return -eta * slopes.mean(), -eta / 2 * slopes.sum()


@steps.misconception(
    "it is divided by the number of weights instead of the number of examples",
    "C is a mean over something. Over which axis of `slopes` does that lie?",
    "For 6 examples and 4 weights, which number should stand under the fraction bar?")
def divided_by_weights(slopes, eta):
    return -eta * slopes.sum(axis=0) / slopes.shape[1], -eta / 2 * slopes.sum(axis=0)


# ---- 8 · ECE884, one layer: a linear unit ----------------------------------------------------------------

def for_unit(rng, n, widths, scale):
    return {"x": rng.normal(size=widths[0]), "w": weights(rng, widths[0], scale)}


def for_linear(rng, n, widths, scale):
    return for_unit(rng, n, widths, scale) | {"y": np.float64(rng.normal())}


@exercise("chains.linear", points=2, minutes=7, inputs=for_linear, shapes=ONE_UNIT,
          returns={"de_dh": "one number", "de_dw": "(d,)"}, cites=("ECE884-29", "ECE884-30", "ECE884-31"),
          praise="Upstream times local. The gap is one number for the whole unit, and each weight scales it "
                 "with its own input: so the answer has the shape of w.")
def linear(x, w, y):
    de_dh = -2 * (y - w @ x)
    return de_dh, de_dh * x


@linear.misconception(
    "a factor 2 too few",
    "Does this deck's error have a half in front that could cancel what the square brings down?",
    "Differentiate u² by hand. Is there anything in e that would cancel what comes down?")
def lost_two_linear(x, w, y):
    return w @ x - y, (w @ x - y) * x


@linear.misconception(
    "the sign is the wrong way round",
    "h stands in the bracket with a minus. What does the chain rule make of that?",
    "If h is too large, does a larger h raise the error or lower it? Which sign has your slope then?")
def turned_sign_linear(x, w, y):
    return 2 * (y - w @ x), 2 * (y - w @ x) * x


@linear.misconception(
    "this is the error itself, not yet its slope",
    "Can your number ever be negative? Should it, when h is too small?",
    "You have squared the gap. What becomes of a square when you ask for its slope?")
def error_for_slope(x, w, y):
    return (y - w @ x) ** 2, (y - w @ x) ** 2 * x


@linear.misconception(
    "the products of weights and inputs are not added up",
    "h is one number. How many numbers does your h hold?",
    "On the slide wᵀx is one number. How does one number come from d products?")
def not_added_up(x, w, y):
    return -2 * (y - w * x), -2 * (y - w * x) * x


@linear.misconception(
    "the weights stand where the inputs belong",
    "When one weight is turned, what decides how far h moves: the weight, or its input?",
    "Take an input that is 0. Can turning its weight then change anything? What does your slope say?")
def weights_for_inputs_linear(x, w, y):
    return -2 * (y - w @ x), -2 * (y - w @ x) * w


@linear.misconception(
    "it stops at h: the local slope is missing",
    "You have the upstream slope. Which factor says how h reacts to each weight?",
    "An answer for w has the shape of w. Which shape has yours?")
def stops_at_h(x, w, y):
    return -2 * (y - w @ x), -2 * (y - w @ x)


@linear.misconception(
    "all inputs are added up, so every weight gets the same slope",
    "Each weight has its own input. Do the others matter for how h reacts to this one?",
    "Two weights with very different inputs: should their slopes be equal? Are they, in your code?")
def inputs_added_up(x, w, y):
    return -2 * (y - w @ x), -2 * (y - w @ x) * x.sum() * np.ones(len(x))


@linear.misconception(
    "a sigmoid has come in, and this unit is linear",
    "What does the deck's first example put between the sum and h?",
    "If the sum is 3, what is h here? And in your code?")
def needless_sigmoid(x, w, y):
    h = sigmoid(w @ x)
    return -2 * (y - h), -2 * (y - h) * slope(h) * x


# ---- 9 · ECE884, two layers: a logistic unit with label 1 ------------------------------------------------

@exercise("chains.logistic", points=3, minutes=10, inputs=for_unit, shapes=ONE_UNIT,
          returns={"de_dh2": "one number", "dh2_dh1": "one number", "de_dw": "(d,)"},
          cites=("ECE884-34", "ECE884-35", "ECE884-36"),
          praise="Three simple slopes, and in their product the sigmoid cancels: what is left is minus the "
                 "probability of being wrong, times the input. The more wrong, the stronger the pull.")
def logistic(x, w):
    h2 = sigmoid(w @ x)
    return -1 / h2, h2 * (1 - h2), -sigmoid(-(w @ x)) * x


@logistic.misconception(
    "the sign is the wrong way round: the minus before the logarithm is lost",
    "Which sign stands before the logarithm in e, and where is it in your slope?",
    "The label is 1. If h₂ grows, does the error grow or fall? Which sign has your slope?")
def lost_minus(x, w):
    h2 = sigmoid(w @ x)
    return 1 / h2, slope(h2), (1 - h2) * x


@logistic.misconception(
    "this is the error itself, not yet its slope",
    "Does your number say how large the error is, or how it reacts when h₂ moves?",
    "What is the slope of a logarithm? Is there still a logarithm in it?")
def log_for_slope(x, w):
    h2 = sigmoid(w @ x)
    return -np.log(h2), slope(h2), -np.log(h2) * slope(h2) * x


@logistic.misconception(
    "the slope of the squared error stands where that of the logarithm belongs",
    "Which error does the deck's second example use? Has anything been squared?",
    "Let h₂ be nearly 0 although the label is 1. How strong should the slope of the logarithm be there?")
def squared_error(x, w):
    h2 = sigmoid(w @ x)
    return -2 * (1 - h2), slope(h2), -2 * (1 - h2) * slope(h2) * x


@logistic.misconception(
    "the label is treated as 0",
    "For the label 1 the output should grow. Does your slope push it up or down?",
    "Which of the two logarithms belongs to label 1: that of h₂, or that of its counter-probability?")
def label_zero(x, w):
    h2 = sigmoid(w @ x)
    return 1 / (1 - h2), slope(h2), h2 * x


@logistic.misconception(
    "the value h₂ stands where the slope of the sigmoid belongs",
    "Where h₂ is almost 1 the sigmoid is flat. Is your factor almost 0 there?",
    "What is the slope of the sigmoid in terms of its own value? Does your factor vanish at both its ends?")
def value_for_slope_logistic(x, w):
    h2 = sigmoid(w @ x)
    return -1 / h2, h2, -x


@logistic.misconception(
    "the sigmoid is applied to h₂, which is a value of it already",
    "At which point is the slope of the sigmoid wanted: at h₁ or at h₂?",
    "How often does σ act on h₁ in your code, the time inside h₂ included?")
def sigma_twice_logistic(x, w):
    h2 = sigmoid(w @ x)
    return -1 / h2, slope(sigmoid(h2)), -slope(sigmoid(h2)) / h2 * x


@logistic.misconception(
    "the slope of tanh stands where that of the sigmoid belongs",
    "Which function is f₂ in this example? What is its largest slope?",
    "At h₁ = 0 the sigmoid is 1/2 and its slope 1/4. What does your slope give there?")
def tanh_slope_logistic(x, w):
    h2 = sigmoid(w @ x)
    return -1 / h2, 1 - h2**2, -(1 - h2**2) / h2 * x


@logistic.misconception(
    "the probability of being right stands where that of being wrong belongs",
    "Two factors cancel. What is left: σ at h₁, or σ at minus h₁?",
    "Let the unit be almost surely right. Should it still be pulled strongly? Is it, in your code?")
def right_for_wrong(x, w):
    h2 = sigmoid(w @ x)
    return -1 / h2, slope(h2), -h2 * x


@logistic.misconception(
    "the sigmoid in the middle is left out of the product",
    "From h₂ to the weights you cross the sigmoid, then the sum. Which of the two is missing?",
    "Multiply your first two results by hand. Does the number appear in your third?")
def middle_left_out(x, w):
    h2 = sigmoid(w @ x)
    return -1 / h2, slope(h2), -x / h2


@logistic.misconception(
    "the slope of the error is left out of the product",
    "Three factors make this slope. Which of them is the upstream one, and is it in your code?",
    "You have how h₂ reacts to the weights. Is h₂ what the slope is asked for?")
def upstream_left_out(x, w):
    h2 = sigmoid(w @ x)
    return -1 / h2, slope(h2), slope(h2) * x


@logistic.misconception(
    "the weights stand where the inputs belong",
    "When one weight is turned, what decides how far h₁ moves: the weight, or its input?",
    "Take an input that is 0. Can turning its weight then change anything? What does your slope say?")
def weights_for_inputs_logistic(x, w):
    h2 = sigmoid(w @ x)
    return -1 / h2, slope(h2), -(1 - h2) * w


# ---- 10 · the whole chain --------------------------------------------------------------------------------

def for_whole(rng, n, widths, scale):
    ws, (x, *_), y = chain_for(rng, n, widths, scale)
    return {"x": x, "ws": ws, "bs": weights(rng, len(ws), scale / 2), "y": y}


@exercise("chains.whole", points=6, minutes=20, inputs=for_whole,
          shapes=((3, (1, 1, 1)), (5, (1, 1)), (6, (1, 1, 1, 1, 1)), (7, (1, 1, 1, 1)), (4, (1,) * 7)),
          returns={"dws": "(L,)", "dbs": "(L,)"},
          cites=("AIML231-12", "AIML231-29", "AIML231-31", "ECE884-37"),
          praise="Forward once, backward once, and every slope of a chain of any length is there. From here "
                 "to a real network only one thing is new: routes that join are added.")
def whole(x, ws, bs, y):
    activations = [x]
    for w, b in zip(ws, bs, strict=True):
        activations.append(sigmoid(w * activations[-1] + b))
    known = 2 * (activations[-1] - y) / len(y)             # ∂C/∂a at the end; only the loss divides by n
    dws, dbs = np.zeros(len(ws)), np.zeros(len(ws))
    for k in reversed(range(len(ws))):
        delta = known * activations[k + 1] * (1 - activations[k + 1])
        dws[k], dbs[k] = activations[k] @ delta, delta.sum()
        known = ws[k] * delta
    return dws, dbs


def walk(x, ws, bs, y, start=lambda a, y: 2 * (a - y) / len(y), slope=slope, last=None, w_of=0, end=0,
         biased=True, again=False, every=1.0, first=False, db=lambda delta, a, b: delta.sum()):
    """The whole walk with one step replaced; w_of: 0 is right, -1 one too low; end: 0 input, 1 output."""
    a = [x]
    for w, b in zip(ws, bs, strict=True):
        a.append(sigmoid(w * a[-1] + (b if biased else 0)))
    known = loss_slope = start(a[-1], y)
    dws, dbs = np.zeros(len(ws)), np.zeros(len(ws))
    for k in reversed(range(len(ws))):
        delta = every * known * (last or slope if k == len(ws) - 1 else slope)(a[k + 1])
        rows = slice(0, 1) if first else slice(None)
        dws[k] = a[k + end][rows] @ delta[rows]
        dbs[k] = db(delta[rows], a[k][rows], bs[k])
        known = ws[max(k + w_of, 0)] * (loss_slope if again else delta)
    return dws, dbs


@whole.misconception(
    "the examples are added up, and this loss is a mean",
    "What stands before the sum in the definition of C? At which single place does it enter the walk back?",
    "All your slopes are wrong by one and the same factor. Which number of the batch is it?")
def sum_for_mean_whole(x, ws, bs, y):
    return walk(x, ws, bs, y, start=lambda a, y: 2 * (a - y))


@whole.misconception(
    "every layer divides by n again",
    "Only the loss is a mean. How many fraction bars does one n meet on your way down?",
    "Your last layer and your first are wrong by different powers of one number. Which number is it?")
def mean_in_every_layer(x, ws, bs, y):
    return walk(x, ws, bs, y, start=lambda a, y: 2 * (a - y), every=1 / len(y))


@whole.misconception(
    "a factor 2 too few, from the start",
    "Does this deck's loss have a half in front that could cancel what the square brings down?",
    "Everything is halved, so the walk itself is fine. What does your first step at the loss look like?")
def lost_two_whole(x, ws, bs, y):
    return walk(x, ws, bs, y, start=lambda a, y: (a - y) / len(y))


@whole.misconception(
    "the sign is the wrong way round from the start",
    "If the output is too large, does a larger output raise the loss or lower it?",
    "All signs are turned, so the walk itself is fine. In which order does your first step take the "
    "difference?")
def turned_sign_whole(x, ws, bs, y):
    return walk(x, ws, bs, y, start=lambda a, y: 2 * (y - a) / len(y))


@whole.misconception(
    "the forward pass leaves out the biases",
    "Your activations: do they know that every neuron has a bias?",
    "Put x to 0 and the first bias to 5. What does the first neuron give out, and what in your code?")
def forward_without_biases(x, ws, bs, y):
    return walk(x, ws, bs, y, biased=False)


@whole.misconception(
    "the last neuron is treated as linear, and it has a sigmoid",
    "From the loss to the last z: how many links, and how many slopes have you?",
    "Every neuron of this chain has a sigmoid. Which of them does your walk not cross?")
def linear_output(x, ws, bs, y):
    return walk(x, ws, bs, y, last=lambda a: 1)


@whole.misconception(
    "the slopes of the sigmoids are left out",
    "One step down crosses a weight and what else?",
    "How much does an activation move when its z moves a little? Which factor of your loop says so?")
def no_slopes_whole(x, ws, bs, y):
    return walk(x, ws, bs, y, slope=lambda a: 1)


@whole.misconception(
    "values stand where the slopes of the sigmoids belong",
    "Where an activation is almost 1 its sigmoid is flat. Is your factor almost 0 there?",
    "What is the slope of the sigmoid in terms of its own value? Does your factor vanish at both its ends?")
def values_for_slopes_whole(x, ws, bs, y):
    return walk(x, ws, bs, y, slope=lambda a: a)


@whole.misconception(
    "each step crosses the weight one layer too low",
    "`ws[k]` stands before neuron k. When you leave this neuron downwards, which weight do you cross?",
    "Write activations and weights on paper, in turns. Over which weight does your first step go?")
def weight_too_low_whole(x, ws, bs, y):
    return walk(x, ws, bs, y, w_of=-1)


@whole.misconception(
    "each layer starts again from the loss instead of from the layer above",
    "What does the slope one layer up already contain? Is it used in your next step?",
    "Between the first weight and the loss lie all the neurons. How many of them do you cross for it?")
def no_reuse_whole(x, ws, bs, y):
    return walk(x, ws, bs, y, again=True)


@whole.misconception(
    "the neuron's output stands where its input belongs",
    "When a weight is turned, what decides how far z moves: what comes in, or what goes out?",
    "The first weight multiplies x. Does x appear in your slope for it?")
def output_for_input_whole(x, ws, bs, y):
    return walk(x, ws, bs, y, end=1)


@whole.misconception(
    "the bias is treated like a weight on the neuron's input",
    "How far does z move when the bias moves by one? Does the input matter for that?",
    "Which constant input does a bias have, and which have you given it?")
def bias_with_input(x, ws, bs, y):
    return walk(x, ws, bs, y, db=lambda delta, a, b: a @ delta)


@whole.misconception(
    "the slope is multiplied by the bias itself",
    "z is a straight line in the bias. Does the steepness of a line depend on where you stand?",
    "How far does z move when the bias moves by one? Does the size of the bias matter for that?")
def bias_times_itself(x, ws, bs, y):
    return walk(x, ws, bs, y, db=lambda delta, a, b: b * delta.sum())


@whole.misconception(
    "the slopes run from the output to the input",
    "The walk goes backwards. In which order does the contract want the results?",
    "To which neuron does the first entry of your answer belong, and to which should it?")
def answers_reversed(x, ws, bs, y):
    return tuple(slopes[::-1] for slopes in walk(x, ws, bs, y))


@whole.misconception(
    "only the first example counts",
    "All examples share each weight. Does every one of them have a say in its slope?",
    "If you changed the target of the last example, should the slopes differ? Do they?")
def first_example_whole(x, ws, bs, y):
    return walk(x, ws, bs, y, first=True)
