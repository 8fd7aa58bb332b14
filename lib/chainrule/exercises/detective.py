"""The slide detective: find, name, prove and mend slips in printed formulas, and bugs in a backward pass.

Seven exercises as data. Four of them mend: the eight formulas that are wrong as printed (group A of the ledger), and a
pass with five bugs of our own. `witness` and `symptoms` are judged by what they do, and counted to both sides: the
guilty must be convicted and the innocent let go. Functions that are handed over stay with whoever calls the check.
"""
from functools import lru_cache

import numpy as np

from chainrule.activations import Identity, Sigmoid, Softmax, Tanh
from chainrule.exercises import Unfit, exercise
from chainrule.exercises._judge import _kind, _own_line
from chainrule.mlp import MLP

sigmoid = Sigmoid()
ONE_EXAMPLE = ((1, (4, 5, 2)), (1, (3, 3, 3)), (1, (5, 2, 4)), (1, (3, 2, 1)))
DEEP = ((3, (4, 5, 2)), (4, (3, 3, 3)), (5, (3, 2, 4, 6)))
STOPS = (ArithmeticError, ValueError, TypeError, LookupError, AttributeError, AssertionError)


def asked(function, questions, whom):
    """What `function` says to each of the questions, tuples of arguments; None if it says nothing to the first.

    The first question must not stop it. If others do, Unfit tells how many, and the first error.
    """
    said, errors = [], []
    for k, arguments in enumerate(questions):
        try:
            said.append(function(*arguments))
        except STOPS as error:
            if k == 0:
                raise
            errors.append(error)
        if k == 0 and said[0] is None:
            return None
    if errors:
        raise Unfit(stopped(errors, len(questions), whom))
    return said


def stopped(errors, count, whom):
    """One sentence for errors that arose at some of `count` questions: how many, and the first with line and text."""
    first = errors[0]
    line = _own_line(first)
    text = " ".join(str(first).split())[:300] or "without a message"
    return (f"Your function stopped on {len(errors)} of {count} {whom}, "
            f"{'the first time ' if len(errors) > 1 else ''}with {type(first).__name__}"
            f"{f' in the line `{line}`' if line else ''}: {text}{'' if text.endswith(('.', '?')) else '.'}")


# ---- 1 · read the letters ----------------------------------------------------------------------------------

LEFT, OUTSIDE, INSIDE = 0, 1, 2                   # where a letter stands: left of =, right but outside Σ, inside Σ


def for_letters(rng, n, widths, scale):
    """A line with thirteen letters: of each kind of slip at least two, each of which a hasty reader overlooks."""
    a, b, c, d = (int(role) for role in rng.permutation(9)[:4] + 1)
    lives = {                                     # (where, what it counts) for each place of a letter
        "free": [(LEFT, a), (INSIDE, a)], "free outside": [(LEFT, b), (OUTSIDE, b)], "left alone": [(LEFT, c)],
        "summed": [(INSIDE, c), (INSIDE, c)], "summed too": [(INSIDE, d)],
        "summed, left": [(LEFT, d), (INSIDE, d)], "summed, outside": [(OUTSIDE, a), (OUTSIDE, a), (INSIDE, a)],
        "unbound inside": [(INSIDE, b), (INSIDE, b)], "unbound outside": [(OUTSIDE, c)],
        "late": [(LEFT, a), (OUTSIDE, a), (INSIDE, b)], "between": [(LEFT, b), (OUTSIDE, d), (INSIDE, b)],
        "summed, three roles": [(INSIDE, c), (INSIDE, d), (INSIDE, a)],      # a count of them is no 1
        "unbound, two roles": [(OUTSIDE, d), (INSIDE, a)]}
    number = dict(zip(lives, rng.permutation(len(lives)), strict=True))
    rows = [(number[name], role, where) for name, places in lives.items() for where, role in places]
    rows = [rows[k] for k in rng.permutation(len(rows))]
    summed = rng.permutation([number[name] for name in lives if name.startswith("summed")])
    return {"places": np.array(sorted(rows, key=lambda row: row[2])), "summed": summed}


def marks(places, is_so):
    """1.0 for each letter of which `is_so(its roles, where it stands)` holds, else 0.0."""
    table = [places[places[:, 0] == letter] for letter in range(places[:, 0].max() + 1)]
    return np.array([float(bool(is_so(letter, list(rows[:, 1]), set(rows[:, 2].tolist()))))
                     for letter, rows in enumerate(table)])


def two_roles(places, is_so=lambda roles: len(set(roles)) > 1):
    return marks(places, lambda letter, roles, where: is_so(roles))


def escaped(places, summed, outside=(LEFT, OUTSIDE)):
    return marks(places, lambda letter, roles, where: letter in summed and where & set(outside))


def unbound(places, summed, right=(OUTSIDE, INSIDE)):
    return marks(places, lambda letter, roles, where: letter not in summed and LEFT not in where and where & set(right))


@exercise("detective.letters", points=3, minutes=15, inputs=for_letters,
          returns={"two_roles": "(L,), 1 or 0 for each letter", "escaped": "(L,)", "unbound": "(L,)"},
          cites=("ECE417-36", "ECE417-40", "ECE417-48", "AIML231-37", "AIML231-38"),
          praise="Yes. Three rules, none of which knows what a derivative is, and they find five of the eight slips "
                 "that the decks have. Keep the habit: a finger on each letter, and ask who binds it.")
def letters(places, summed):
    L = places[:, 0].max() + 1
    found = np.zeros((3, L))
    for letter in range(L):
        mine = places[places[:, 0] == letter]
        where = set(mine[:, 2].tolist())
        found[0, letter] = len(set(mine[:, 1].tolist())) > 1
        if letter in summed:
            found[1, letter] = bool(where & {LEFT, OUTSIDE})
        else:
            found[2, letter] = LEFT not in where
    return tuple(found)


@letters.misconception(
    "every letter that stands in two places is accused",
    "May a letter stand in two places? What must be the same in both?",
    "In a product of matrices each letter stands twice. Is every product wrong?")
def twice_is_wrong(places, summed):
    return two_roles(places, lambda roles: len(roles) > 1), escaped(places, summed), unbound(places, summed)


@letters.misconception(
    "only the first and the last place of a letter are compared",
    "A letter may stand in three places. Which of them do you look at?",
    "A letter counts examples, then units, then examples again. Do you notice?")
def first_and_last(places, summed):
    return two_roles(places, lambda roles: roles[0] != roles[-1]), escaped(places, summed), unbound(places, summed)


@letters.misconception(
    "only the left side is compared with the right",
    "Can a letter that is not on the left at all count two things?",
    "Two factors under one sum share a letter: what if it counts units in one and examples in the other?")
def left_with_right(places, summed):
    roles = marks(places, lambda letter, roles, where: LEFT in where and len(set(roles)) > 1)
    return roles, escaped(places, summed), unbound(places, summed)


@letters.misconception(
    "two letters that count the same thing are accused",
    "May two letters count the same thing, as j and m may both count outputs?",
    "Which of the two may not be shared: a letter by two roles, or a role by two letters?")
def shared_role(places, summed):
    owners = {role: len(set(places[places[:, 1] == role][:, 0].tolist())) for role in places[:, 1].tolist()}
    return (two_roles(places, lambda roles: any(owners[r] > 1 for r in roles[:1])), escaped(places, summed),
            unbound(places, summed))


@letters.misconception(
    "only the left side is searched for letters that left their sum",
    "Where can a summed letter stand wrongly? Left of the equals sign is one place. Is there another?",
    "A factor in front of Σ: does it live inside the sum?")
def escaped_left_only(places, summed):
    return two_roles(places), escaped(places, summed, (LEFT,)), unbound(places, summed)


@letters.misconception(
    "only the right side is searched for letters that left their sum",
    "Can the left side depend on a letter over which the right side has summed?",
    "In which of the two places outside the sum do you look, and in which do you not?")
def escaped_right_only(places, summed):
    return two_roles(places), escaped(places, summed, (OUTSIDE,)), unbound(places, summed)


@letters.misconception(
    "every summed letter is accused, also those that stay inside",
    "Where does a summed letter live rightly? Is that forbidden?",
    "In a plain weighted sum of inputs, is the letter of the inputs wrong?")
def all_summed(places, summed):
    return two_roles(places), escaped(places, summed, (LEFT, OUTSIDE, INSIDE)), unbound(places, summed)


@letters.misconception(
    "letters that no sum binds are accused of leaving one",
    "Which letters does a Σ bind? Does the second argument enter this result?",
    "The example's letter stands on the left and inside the sum. Whose sum should it have left?")
def not_asked_whether_summed(places, summed):
    leaving = marks(places, lambda letter, roles, where: INSIDE in where and where & {LEFT, OUTSIDE})
    return two_roles(places), leaving, unbound(places, summed)


@letters.misconception(
    "only the inside of sums is searched for letters that nothing binds",
    "Can a factor in front of the sum carry a letter that comes from nowhere?",
    "On the right side there are two regions. Do you search both?")
def unbound_inside_only(places, summed):
    return two_roles(places), escaped(places, summed), unbound(places, summed, (INSIDE,))


@letters.misconception(
    "summed letters are accused of being bound by nothing",
    "What does a Σ do for its letter? Does it still have to stand on the left?",
    "In a plain weighted sum of inputs the letter of the inputs is not on the left. Who binds it?")
def sum_binds_nothing(places, summed):
    return two_roles(places), escaped(places, summed), unbound(places, ())


@letters.misconception(
    "the left side is searched, for letters that the right does not have",
    "A letter from nowhere: on which side does it make the line impossible to compute?",
    "The left side names what is computed. Which side must not use letters that were not named?")
def left_letters_missing(places, summed):
    left = marks(places, lambda letter, roles, where: where == {LEFT})
    return two_roles(places), escaped(places, summed), left


# ---- 2 · three printed lines, ECE417 -----------------------------------------------------------------------

def network_for(rng, n, widths, scale, hidden=sigmoid, output=None):
    """A random network, its trace on n random examples, and random targets."""
    net = MLP.random(widths, rng, hidden, output or Identity(), scale)
    return net, net.forward(rng.normal(size=(n, widths[0]))), rng.normal(size=(n, widths[-1]))


def for_three_lines(rng, n, widths, scale):
    net, trace, Y = network_for(rng, n, widths, scale)
    first, second = net.layers
    return {"X": trace[0], "W1": first.W.T.copy(), "b1": first.b, "W2": second.W.T.copy(), "b2": second.b,
            "delta2": (trace[-1] - Y) / n}


@exercise("detective.three_lines", points=3, minutes=12, inputs=for_three_lines,
          returns={"xi1": "(n, N)", "y_hat": "(n, K)", "delta1": "(n, N)"},
          cites=("ECE417-25", "ECE417-36", "ECE417-40", "ECE417-48"),
          praise="Mended. Each sum runs over the units where the arrows start or arrive, each factor inside it carries "
                 "the sum's letter, and what is left outside is what the left side names.")
def three_lines(X, W1, b1, W2, b2, delta2):
    xi1 = X @ W1.T + b1                           # ξ⁽¹⁾_ij = Σ_d w⁽¹⁾_jd x_id + b⁽¹⁾_j
    H = sigmoid(xi1)
    y_hat = H @ W2.T + b2                         # ŷ_ik = Σ_j w⁽²⁾_kj h_ij + b⁽²⁾_k
    delta1 = delta2 @ W2 * H * (1 - H)            # δ⁽¹⁾_ij = (Σ_k w⁽²⁾_kj δ⁽²⁾_ik) σ̇(ξ⁽¹⁾_ij)
    return xi1, y_hat, delta1


def lines(X, W1, b1, W2, b2, delta2, second=lambda H, W2, b2: H @ W2.T + b2, back=lambda delta2, W2: delta2 @ W2,
          slope=lambda H: H * (1 - H)):
    """The three results, with one of their steps replaced."""
    xi1 = X @ W1.T + b1
    H = sigmoid(xi1)
    return xi1, second(H, W2, b2), back(delta2, W2) * slope(H)


@three_lines.misconception(
    "as printed, k is summed: all outputs agree, fed by one hidden unit",
    "The left side carries k. Which letter may the sum not use, then?",
    "Change a weight of one output only. Do all outputs move in your code?")
def sum_over_k(X, W1, b1, W2, b2, delta2):
    return lines(X, W1, b1, W2, b2, delta2,
                 lambda H, W2, b2: np.outer(H[:, 0], np.ones(len(W2))) * W2[:, 0].sum() + b2)


@three_lines.misconception(
    "the printed sum is taken at its word: k goes, j stays, an entry for each hidden unit",
    "How many targets are there? How many entries must be compared with them?",
    "Which letter counts outputs? Is it still there after your sum?")
def entries_for_hidden_units(X, W1, b1, W2, b2, delta2):
    return lines(X, W1, b1, W2, b2, delta2, lambda H, W2, b2: H * W2.sum(axis=0))


@three_lines.misconception(
    "as printed, every column is multiplied by the same hidden unit",
    "In how many ways can such an output move, if one hidden unit decides everything?",
    "The sum runs over columns j. Which row of the first layer belongs to column j?")
def one_row_for_all(X, W1, b1, W2, b2, delta2):
    return lines(X, W1, b1, W2, b2, delta2, lambda H, W2, b2: np.outer(H[:, 0], W2.sum(axis=1)) + b2)


@three_lines.misconception(
    "as printed, δ carries j under a sum over k",
    "What does j count, and what does δ of the second layer have an entry for?",
    "Each route back over an output k brings a δ. Whose?")
def printed_delta(X, W1, b1, W2, b2, delta2):
    if delta2.shape[1] < len(W1):
        raise IndexError(f"index {delta2.shape[1]} is out of bounds")
    return lines(X, W1, b1, W2, b2, delta2, back=lambda delta2, W2: delta2[:, :len(W1)] * W2.sum(axis=0))


@three_lines.misconception(
    "weights and δ are summed apart, then multiplied",
    "Is a sum of products the product of two sums?",
    "Two outputs, one δ of 0: should the weight to it still matter?")
def sums_apart(X, W1, b1, W2, b2, delta2):
    return lines(X, W1, b1, W2, b2, delta2, back=lambda delta2, W2: np.outer(delta2.sum(axis=1), W2.sum(axis=0)))


@three_lines.misconception(
    "the bias of the first layer is left out, as printed",
    "Where would all decision lines meet without it?",
    "Which of your arguments does not come in anywhere?")
def no_first_bias(X, W1, b1, W2, b2, delta2):
    return lines(X, W1, 0, W2, b2, delta2)


@three_lines.misconception(
    "the bias of the second layer is left out, as printed",
    "What should the network answer where all hidden units are 0?",
    "The line on the deck leaves something out that changes no slope in w. Does it change the output?")
def no_second_bias(X, W1, b1, W2, b2, delta2):
    return lines(X, W1, b1, W2, b2, delta2, lambda H, W2, b2: H @ W2.T)


@three_lines.misconception(
    "a sigmoid is put on the output, which is linear in this deck",
    "What lies between ξ of the second layer and ŷ?",
    "The example fits a parabola that goes below 0. Could your outputs?")
def sigmoid_on_top(X, W1, b1, W2, b2, delta2):
    return lines(X, W1, b1, W2, b2, delta2, lambda H, W2, b2: sigmoid(H @ W2.T + b2))


@three_lines.misconception(
    "the slope of the sigmoid is missing",
    "The line has two brackets. What does the second one stand for?",
    "A saturated hidden unit hardly moves. Does your δ for it come out small?")
def slope_missing(X, W1, b1, W2, b2, delta2):
    return lines(X, W1, b1, W2, b2, delta2, slope=np.ones_like)


@three_lines.misconception(
    "h stands where its slope belongs",
    "What is the slope of a sigmoid where its value is almost 1? Is your factor that small?",
    "The dot above σ: what does it do?")
def value_for_slope(X, W1, b1, W2, b2, delta2):
    return lines(X, W1, b1, W2, b2, delta2, slope=lambda H: H)


@three_lines.misconception(
    "the slope is taken at h instead of ξ",
    "At which place does σ̇ stand in the line? Have you gone through σ once too often?",
    "σ̇ in terms of its value needs the value once. Do you apply σ to something that has been through it?")
def slope_at_h(X, W1, b1, W2, b2, delta2):
    return lines(X, W1, b1, W2, b2, delta2, slope=lambda H: sigmoid(H) * (1 - sigmoid(H)))


# ---- 3 · a summary in two cases, AIML231 -------------------------------------------------------------------

def for_two_cases(rng, n, widths, scale):
    _, trace, _ = network_for(rng, 1, widths, scale, sigmoid, sigmoid)
    net, trace, y = network_for(rng, 1, widths, scale, sigmoid, sigmoid)
    a0, a1, a2 = (H[0] for H in trace)
    return {"a0": a0, "a1": a1, "a2": a2, "W": net.layers[1].W.T.copy(), "y": y[0]}


@exercise("detective.two_cases", points=4, minutes=15, inputs=for_two_cases, shapes=ONE_EXAMPLE,
          returns={"dW": "(d2, d1)", "dV": "(d1, d0)"}, cites=("AIML231-37", "AIML231-38"),
          praise="All four letters are mended: each output has its own target, each hidden unit its own slope, and the "
                 "sum has a letter of its own, so that its weights start at the unit they should.")
def two_cases(a0, a1, a2, W, y):
    back = a2 * (1 - a2) * 2 * (a2 - y)           # σ′(z_j) ∂C/∂a_j, of the last layer
    return np.outer(back, a1), np.outer(a1 * (1 - a1) * (W.T @ back), a0)


def cases_of(a0, a1, a2, W, y, dC=lambda a2, y: 2 * (a2 - y), slope2=lambda a2: a2 * (1 - a2),
             slope1=lambda a1: a1 * (1 - a1), below=lambda W, back: W.T @ back):
    """Both results, with one of their factors replaced."""
    back = slope2(a2) * dC(a2, y)
    return np.outer(back, a1), np.outer(slope1(a1) * below(W, back), a0)


@two_cases.misconception(
    "as printed, every output is pulled to the target of one",
    "What does i count here, and what does a target have an entry for?",
    "Exchange two targets, not the first. Should the slopes change? Do yours?")
def one_target(a0, a1, a2, W, y):
    return cases_of(a0, a1, a2, W, y, dC=lambda a2, y: 2 * (a2 - y[0]))


@two_cases.misconception(
    "as printed, all hidden units share the slope of one",
    "A weight leads to one unit. Whose slope does the signal cross there?",
    "Saturate one hidden unit. Which row should become small, and which rows do in your code?")
def shared_slope(a0, a1, a2, W, y):
    return cases_of(a0, a1, a2, W, y, slope1=lambda a1: np.full(len(a1), a1[0] * (1 - a1[0])))


@two_cases.misconception(
    "the slope of the layer below is taken into the sum, with its letter",
    "The sum runs over outputs. Is there a hidden unit for each of them?",
    "Whose slope stands before the sum: that of the outputs, or of the one unit where the weight ends?")
def slope_under_the_sum(a0, a1, a2, W, y):
    if len(a2) > len(a1):
        raise IndexError(f"index {len(a1)} is out of bounds")
    back = a2 * (1 - a2) * 2 * (a2 - y)
    return np.outer(back, a1), np.outer(W.T @ (back * (a1 * (1 - a1))[:len(a2)]), a0)


@two_cases.misconception(
    "as printed, the weights of the sum start at the input k, not at the unit j",
    "The sum walks back from the outputs. To which unit should its weights belong?",
    "An input and a hidden unit have the same letter in your sum. What if there are more inputs than units?")
def weights_from_the_input(a0, a1, a2, W, y):
    if len(a0) > len(a1):
        raise IndexError(f"index {len(a1)} is out of bounds")
    back = a2 * (1 - a2) * 2 * (a2 - y)
    return np.outer(back, a1), np.outer(a1 * (1 - a1), a0 * (W.T @ back)[:len(a0)])


@two_cases.misconception(
    "a factor 2 too few",
    "Does this deck's C have a half in front? What does the square bring down?",
    "Differentiate u² by hand. Is there anything that would cancel the 2?")
def lost_two(a0, a1, a2, W, y):
    return cases_of(a0, a1, a2, W, y, dC=lambda a2, y: a2 - y)


@two_cases.misconception(
    "the sign is the wrong way round",
    "If an output is too large, does a larger one raise C or lower it?",
    "Output 0.9, target 0: which sign should the slope of C have there?")
def turned(a0, a1, a2, W, y):
    return cases_of(a0, a1, a2, W, y, dC=lambda a2, y: 2 * (y - a2))


@two_cases.misconception(
    "the slope of the last layer is missing",
    "Between z and a of the last layer lies a sigmoid. Which factor says so?",
    "An output that is stuck at 1: how large should its slopes be?")
def no_last_slope(a0, a1, a2, W, y):
    return cases_of(a0, a1, a2, W, y, slope2=lambda a2: 1)


@two_cases.misconception(
    "under the sum the slope of the layer above is missing",
    "Each route back crosses a weight, and before that a sigmoid. How many factors has each term of your sum?",
    "Your last layer is right. Which of its factors should come back in every term below?")
def no_slope_under_the_sum(a0, a1, a2, W, y):
    dW, _ = cases_of(a0, a1, a2, W, y)
    return dW, np.outer(a1 * (1 - a1) * (W.T @ (2 * (a2 - y))), a0)


@two_cases.misconception(
    "the slope of the hidden layer is missing",
    "Before the sum stands a factor for the unit where the weight ends. Is it in your code?",
    "Saturate a hidden unit. Should the weights that lead to it still matter?")
def no_hidden_slope(a0, a1, a2, W, y):
    return cases_of(a0, a1, a2, W, y, slope1=np.ones_like)


@two_cases.misconception(
    "the table is transposed: rows and columns are exchanged",
    "In this deck the first letter of w says to which unit. Which vector gives the rows, then?",
    "An answer for a weight stands where the weight stands. How many rows has W here?")
def exchanged(a0, a1, a2, W, y):
    return tuple(d.T for d in cases_of(a0, a1, a2, W, y))


@two_cases.misconception(
    "only the first output sends something back",
    "Over how many outputs does a hidden unit act on C?",
    "Does your loop over the outputs add up, or is it left after one turn?")
def one_route(a0, a1, a2, W, y):
    return cases_of(a0, a1, a2, W, y, below=lambda W, back: W[0] * back[0])


# ---- 4 · a loss that knows its target, ECE884 and ECE417 ---------------------------------------------------

def for_target(rng, n, widths, scale):
    x = rng.choice([-1, 1], size=n) * rng.uniform(0.5, 2, size=n)
    w1, w2 = scale * rng.choice([-1, 1], size=2) * rng.uniform(0.5, 1.5, size=2)
    y = rng.permutation(np.arange(n) % 2).astype(float)
    return {"x": x, "w1": np.float64(w1), "w2": np.float64(w2), "y": y}


@exercise("detective.target", points=4, minutes=15, inputs=for_target, shapes=((4, (1,)), (6, (1,)), (5, (1,))),
          returns={"e": "(n,)", "dw1": "(n,)", "dw2": "(n,)", "limit": "a number"}, cites=("ECE884-32", "ECE417-66"),
          praise="Two examples that differ in their label alone now pull in opposite directions, and the mean of their "
                 "pulls has the sign with which a step downhill goes down.")
def target(x, w1, w2, y):
    h1 = np.tanh(w1 * x)
    p = sigmoid(w2 * h1)
    e = -np.log(np.where(y == 1, p, 1 - p))       # l(h₂, y)
    dw2 = (p - y) * h1
    return e, (p - y) * w2 * (1 - h1**2) * x, dw2, dw2.mean()


def with_target(x, w1, w2, y, pull=lambda p, y: p - y, e=lambda p, y: -np.log(np.where(y == 1, p, 1 - p)),
                first=lambda w2, h1, x: w2 * (1 - h1**2) * x):
    """All results, with one of their steps replaced; `pull` is ∂e/∂z at the output."""
    h1 = np.tanh(w1 * x)
    p = sigmoid(w2 * h1)
    dw2 = pull(p, y) * h1
    return e(p, y), pull(p, y) * first(w2, h1, x), dw2, dw2.mean()


@target.misconception(
    "as printed, the target does not come in",
    "What would this function have to know, to say how wrong an answer is?",
    "Turn one label around. Which of your results change?")
def no_target(x, w1, w2, y):
    return with_target(x, w1, w2, np.ones_like(y))


@target.misconception(
    "as printed, the sign of the limit is turned",
    "One example, Y = 1 and Ŷ = 0.1 and H = 1: should w grow or shrink? So which sign has the gradient?",
    "The limit is a mean of slopes that you have already. Does it have their sign?")
def limit_turned(x, w1, w2, y):
    e, dw1, dw2, limit = with_target(x, w1, w2, y)
    return e, dw1, dw2, -limit


@target.misconception(
    "the two labels are exchanged",
    "p is the probability of which label? When is the loss small?",
    "Label 1 and p almost 1: should e be almost 0?")
def labels_exchanged(x, w1, w2, y):
    return with_target(x, w1, w2, 1 - y)


@target.misconception(
    "the sign is the wrong way round: the minus before the logarithm is lost",
    "Which sign has the logarithm of a probability? And a loss?",
    "Should a loss fall or rise when the answer gets better? Which does yours?")
def log_likelihood(x, w1, w2, y):
    return with_target(x, w1, w2, y, lambda p, y: y - p, lambda p, y: np.log(np.where(y == 1, p, 1 - p)))


@target.misconception(
    "the slope of the sigmoid is left in, as for a squared error",
    "The slope of the logarithm and the slope of the sigmoid meet. What is left of them?",
    "A sure and wrong answer: is its slope in your code large or small? Which should it be?")
def squared_errors_slope(x, w1, w2, y):
    return with_target(x, w1, w2, y, lambda p, y: (p - y) * p * (1 - p))


@target.misconception(
    "the slope of tanh is missing",
    "From w₁ to e there is a way through f₁. Which function stands in it?",
    "A large input saturates f₁. Does your slope in w₁ notice?")
def no_tanh_slope(x, w1, w2, y):
    return with_target(x, w1, w2, y, first=lambda w2, h1, x: w2 * x)


@target.misconception(
    "the weight of the second layer is missing on the way back",
    "From the first layer to the loss the signal crosses w₂. And on the way back?",
    "Set w₂ to 0. Does w₁ still act on the loss? Does your slope say so?")
def no_second_weight(x, w1, w2, y):
    return with_target(x, w1, w2, y, first=lambda w2, h1, x: (1 - h1**2) * x)


@target.misconception(
    "h₁ stands where the input belongs",
    "What does w₁ multiply: the input of f₁, or what f₁ gives out?",
    "A weight's slope has what came in at the start of its arrow. What came in at w₁?")
def output_for_input(x, w1, w2, y):
    return with_target(x, w1, w2, y, first=lambda w2, h1, x: w2 * (1 - h1**2) * h1)


@target.misconception(
    "it is a sum, not a mean",
    "E stands for an expected value. What does a sum do when the number of examples grows?",
    "Hand in every example twice. Should the limit change?")
def limit_summed(x, w1, w2, y):
    e, dw1, dw2, _ = with_target(x, w1, w2, y)
    return e, dw1, dw2, dw2.sum()


@target.misconception(
    "it is a product of two means, not the mean of the products",
    "E[A B] and E[A] E[B]: are they the same?",
    "The gradient asks whether error and feature go together. Can two means, each for itself, know that?")
def limit_of_means(x, w1, w2, y):
    h1 = np.tanh(w1 * x)
    e, dw1, dw2, _ = with_target(x, w1, w2, y)
    return e, dw1, dw2, (sigmoid(w2 * h1) - y).mean() * h1.mean()


@target.misconception(
    "an example with label 0 costs nothing",
    "Cross entropy has two terms. When does each of them speak?",
    "Label 0 and p almost 1: is that a good answer? What does your loss say?")
def first_term_alone(x, w1, w2, y):
    return with_target(x, w1, w2, y, lambda p, y: (p - 1) * y, lambda p, y: -y * np.log(p))


@target.misconception(
    "an example with label 0 costs nothing, though it has slopes",
    "Your slopes pull at examples with label 0. Which loss do they lower?",
    "Measure the slope of your own e at an example with label 0. Is it the one that you return?")
def first_term_in_e(x, w1, w2, y):
    return with_target(x, w1, w2, y, e=lambda p, y: -y * np.log(p))


# ---- 5 · a witness, LFD ------------------------------------------------------------------------------------

CONVICTED = 1e-6                                  # a larger gap is no rounding
WITNESSED = ("plain", "slope", "letters", "far", "signs", "entries", "numbers")


def for_witness(rng, n, widths, scale):
    """The error of LFD's last layer as a function of the signals before it, and its rule for δ: which is right."""
    d = widths[0]
    w, y = scale * rng.normal(size=(d, 2)), rng.choice([-1.0, 1.0], size=2)

    def e(s):
        return np.sum((np.tanh(np.tanh(s) @ w) - y) ** 2)

    def rule(s):
        x = np.tanh(s)
        out = np.tanh(x @ w)
        return (1 - x**2) * (w @ (2 * (out - y) * (1 - out**2)))
    return {"rule": rule, "e": e, "start": np.full(d, rng.uniform(1e-4, 2e-4))}


def suspects(rule):
    """{kind: (right ones, wrong ones)}: the rule written otherwise, and with slips planted by us."""
    def theta(s):
        return 1 - np.tanh(s) ** 2

    def with_slope(slope):
        return lambda s: rule(s) / theta(s) * slope(s)

    def factor(c):
        return lambda s: c * rule(s)

    def last_forgotten(s):
        return np.append(rule(s)[:-1], 0.0)

    def two_exchanged(s):
        found = rule(s)
        found[[0, -1]] = found[[-1, 0]]
        return found

    def nan_where(is_so):
        return lambda s: np.where(is_so(s), np.nan, rule(s))
    return {
        "plain": ([rule], [factor(-1.0), factor(0.5), factor(1.0001)]),
        "slope": ([with_slope(lambda s: 1 / np.cosh(s) ** 2)], [with_slope(np.ones_like)]),
        "letters": ([factor(1 - 1e-13)], [with_slope(lambda s: np.full(len(s), theta(s)[-1]))]),
        "far": ([with_slope(lambda s: (1 - np.tanh(s)) * (1 + np.tanh(s)))], [with_slope(lambda s: 1 - s**2)]),
        "signs": ([with_slope(lambda s: 1 - np.tanh(np.abs(s)) ** 2)],
                  [with_slope(lambda s: 1 - np.tanh(s) * np.abs(np.tanh(s)))]),
        "entries": ([factor(1 + 1e-13)], [last_forgotten, two_exchanged]),
        "numbers": ([rule], [nan_where(lambda s: np.abs(s) > 1), nan_where(lambda s: s < 0)])}


def sideways(e, s):
    """The slope of e at s, by the complex step."""
    return remembered_slope(e, tuple(s)).copy()


@lru_cache(maxsize=64)                            # every suspect is asked at the same few points: measure once there
def remembered_slope(e, s):
    return np.array([np.imag(e(s + 1e-30j * v)) / 1e-30 for v in np.eye(len(s))])


def gap_at(rule, e, s):
    """The largest difference between rule and slope, as a share of the largest slope; infinity if it is no number."""
    slope = sideways(e, s)
    gap = np.max(np.abs(rule(s) - slope)) / np.max(np.abs(slope))
    return gap if np.isfinite(gap) else np.inf


def testimony(said, start):
    """(point, gap) of what a witness said, or Unfit with a sentence on what does not fit."""
    if not isinstance(said, (tuple, list)) or len(said) != 2:
        what = f"{len(said)} results" if isinstance(said, (tuple, list)) else _kind(said)
        raise Unfit(f"A witness is two results, in this order: a point and a gap; yours gave {what}.")
    try:
        point, gap = np.asarray(said[0], float), np.asarray(said[1], float)
    except (TypeError, ValueError):
        raise Unfit("Point and gap should be numbers; one of yours is something else.") from None
    if point.size != start.size or not np.all(np.isfinite(point)):
        raise Unfit(f"The point should have {start.size} finite entries, as start has; yours has shape {point.shape}.")
    if gap.size != 1:
        raise Unfit(f"The gap should be one number; yours has shape {gap.shape}.")
    if gap.item() < 0:
        raise Unfit("The gap should not be negative: it is the largest size of a difference.")
    return point.reshape(start.shape), gap.item()


def share(gap, own):
    """The gap told over the gap there is; 1 if both are no number, 0 if only the one told is, or if there is none."""
    if own <= CONVICTED:
        return 0.0
    return gap / own if np.isfinite(gap) else float(np.isinf(own))


def heard(function, rule, e, start):
    """Of each kind: the right rules let go, the wrong ones convicted by a point at which they err; and the gaps told."""
    trials = [(kind, suspect, guilty) for kind, (right, wrong) in suspects(rule).items()
              for group, guilty in ((right, False), (wrong, True)) for suspect in group]
    said = asked(function, [(suspect, e, start.copy()) for _, suspect, _ in trials], "suspects")
    if said is None:
        return None
    counts, shares = {kind: np.zeros(2) for kind in WITNESSED}, []
    for (kind, suspect, guilty), words in zip(trials, said, strict=True):
        point, gap = testimony(words, start)
        if guilty and np.isnan(gap):              # it convicts nobody, and the card shows that it was told
            counts[kind][1] = np.nan
        elif gap > CONVICTED:
            own = gap_at(suspect, e, point)
            counts[kind][1] += guilty and own > CONVICTED
            shares.append(share(gap, own))
        elif not guilty:
            counts[kind][0] += gap <= CONVICTED   # not if it is NaN
    return (*counts.values(), np.round(np.mean(shares), 2) if shares else np.array(0.0))


@exercise("detective.witness", points=4, minutes=25, inputs=for_witness, shapes=((1, (4,)), (1, (3,))), measure=heard,
          returns={**dict.fromkeys(WITNESSED, "right ones let go, wrong ones convicted"),
                   "gaps": "gap told over gap at the point, on average"},
          cites=("LFD-06", "LFD-17", "LFD-18"),
          praise="A witness for every slip, and none against a rule that is right. The points did it: of ordinary "
                 "size, of both signs, no two entries alike. One comfortable point proves nothing.")
def witness(rule, e, start):
    rng, worst, point = np.random.default_rng(0), 0.0, start
    for _ in range(6):
        s = rng.uniform(0.3, 1.8, size=len(start)) * rng.choice([-1, 1], size=len(start))
        gap = gap_at(rule, e, s)
        if gap > worst:
            worst, point = gap, s
    return point, worst


def best_of(points, gap):
    """The point with the largest gap, and this gap."""
    gaps = [gap(s) for s in points]
    worst = max(range(len(gaps)), key=gaps.__getitem__)
    return points[worst], gaps[worst]


def ordinary(start, rng=0):
    rng = np.random.default_rng(rng)
    return [rng.uniform(0.3, 1.8, size=len(start)) * rng.choice([-1, 1], size=len(start)) for _ in range(6)]


@witness.misconception(
    "only the point to begin with is asked",
    "At a point where all signals are small and equal, which slips can't be seen?",
    "What is θ′ near 0? Would you notice there if it were missing?")
def start_alone(rule, e, start):
    return start, gap_at(rule, e, start)


@witness.misconception(
    "a point of ones is asked, and no other",
    "Where all entries are equal, does it matter whose slope is taken?",
    "Which slips show only where entries differ, or where one is negative?")
def ones_alone(rule, e, start):
    return np.ones(len(start)), gap_at(rule, e, np.ones(len(start)))


@witness.misconception(
    "only small signals are asked",
    "Near 0 a curve and its first terms agree. Do you ask far enough away?",
    "How large are your signals? Which formulas agree with tanh there to six digits?")
def small_alone(rule, e, start):
    return best_of([0.003 * s for s in ordinary(start)], lambda s: gap_at(rule, e, s))


@witness.misconception(
    "only positive signals are asked",
    "Could a slip show only at units whose signal is negative?",
    "What range do your random numbers have? Does it reach below 0?")
def positive_alone(rule, e, start):
    return best_of([np.abs(s) for s in ordinary(start)], lambda s: gap_at(rule, e, s))


@witness.misconception(
    "a gap that is NaN gets away, for it is never the larger one",
    "What does Python say to NaN > 0? And what to NaN <= 0?",
    "The rule gives no number at some point. Is that right, or wrong, or passed over in silence?")
def nan_gets_away(rule, e, start):
    def gap(s):
        found = gap_at(rule, e, s)
        return found if np.isfinite(found) else 0.0
    return best_of(ordinary(start), gap)


@witness.misconception(
    "no large signal is asked, and what goes wrong there alone is not seen",
    "How large is your largest signal? How far does the task let you go?",
    "Numbers overflow where signals are large. Would any of your points make one overflow?")
def no_large_signal(rule, e, start):
    points = np.random.default_rng(0).uniform(-1, 1, size=(10, len(start)))
    return best_of(points, lambda s: gap_at(rule, e, s))


@witness.misconception(
    "the differences are added up with their signs, and opposite ones cancel",
    "Two units are exchanged: what does the sum of all entries say?",
    "Is one number for all entries enough, or must each be compared by itself?")
def cancelled(rule, e, start):
    def gap(s):
        slope = sideways(e, s)
        return np.nan_to_num(abs(np.sum(rule(s) - slope)) / np.max(np.abs(slope)), nan=np.inf)
    return best_of(ordinary(start), gap)


@witness.misconception(
    "only the first entry is compared",
    "How many entries has δ? Which of them does your comparison reach?",
    "A loop that ends too early leaves the last unit out. Would you see it?")
def first_entry(rule, e, start):
    def gap(s):
        slope = sideways(e, s)
        return np.nan_to_num(np.abs(rule(s) - slope)[0] / np.max(np.abs(slope)), nan=np.inf)
    return best_of(ordinary(start), gap)


@witness.misconception(
    "a coarse difference stands for the slope, and accuses the innocent",
    "How many digits of a slope does a difference with a large step know?",
    "Your rule and your measurement differ. How do you know which of them is wrong?")
def coarse(rule, e, start):
    def gap(s):
        slope = np.array([(e(s + 1e-2 * v) - e(s)) / 1e-2 for v in np.eye(len(s))])
        return np.nan_to_num(np.max(np.abs(rule(s) - slope)) / np.max(np.abs(slope)), nan=np.inf)
    return best_of(ordinary(start), gap)


@witness.misconception(
    "the gap belongs to another point than the one that is named",
    "You remember the largest gap so far. Do you remember where it was?",
    "Who looks at your point again, will they find your gap there?")
def other_point(rule, e, start):
    points = ordinary(start)
    return points[0], best_of(points, lambda s: gap_at(rule, e, s))[1]


@witness.misconception(
    "the gap is a difference, not a share of the largest slope",
    "Is a difference of 0.01 much? By what do you divide to say so?",
    "Measure e in other units, a thousand times smaller. Should your gap change?")
def absolute(rule, e, start):
    points = ordinary(start)
    point, gap = best_of(points, lambda s: gap_at(rule, e, s))
    return point, gap * np.max(np.abs(sideways(e, point)))


@witness.misconception(
    "everyone is let go",
    "Is there a rule that your function convicts?",
    "Hand it −δ for δ. Does it find a gap?")
def all_innocent(rule, e, start):
    return start, 0.0


@witness.misconception(
    "everyone is convicted",
    "Is there a rule that your function lets go?",
    "Hand it the right rule. Which gap should it report?")
def all_guilty(rule, e, start):
    return ordinary(start)[0], 1.0


# ---- 6 · from symptoms to the bug --------------------------------------------------------------------------

CODES = ("right", "lost_n", "sign", "twice_n", "bias", "transposed", "step_down", "standing")


def pass_of(trace, Ws, Y, slope=lambda H: H * (1 - H), used=None):
    """Slopes of weights and biases; `used` are the weights with which δ goes down, if not `Ws`."""
    delta, dWs, dbs = (trace[-1] - Y) / len(Y), [], []
    for k in reversed(range(len(Ws))):
        dWs.insert(0, trace[k].T @ delta)
        dbs.insert(0, delta.sum(axis=0))
        delta = delta @ (used(Ws[k], dWs[0]) if used else Ws[k]).T * slope(trace[k])
    return dWs, dbs


TINY = 1e-20                                      # slopes so small that a fixed allowance lets all of them pass


def for_symptoms(rng, n, widths, scale):
    """The right slopes, and those of a pass that goes wrong on its way down, in one of three ways; tiny if deep."""
    net, trace, Y = network_for(rng, n, widths, scale)
    Ws = [layer.W for layer in net.layers]
    right_dWs, right_dbs = pass_of(trace, Ws, Y)
    ways = ({"slope": np.ones_like}, {"slope": lambda H: H}, {"used": lambda W, dW: W - 0.5 * dW})
    dWs, dbs = pass_of(trace, Ws, Y, **ways[rng.integers(3)])
    size = TINY if len(Ws) > 2 else 1.0
    return {name: [size * A for A in arrays] for name, arrays in (
        ("dWs", dWs), ("dbs", dbs), ("right_dWs", right_dWs), ("right_dbs", right_dbs))} | {"n": np.float64(n)}


def patients(dWs, dbs, right_dWs, right_dbs, n):
    """[(code, dWs, dbs)]: of each bug what its gradients look like, up to rounding. The case itself has code 6."""
    def times(factor, arrays):
        return [factor * (1 + 3e-14) * A for A in arrays]

    def turned(*layers):
        return [A.T.copy() if k in layers else A.copy() for k, A in enumerate(right_dWs)]

    def a_little(given, right):
        return [R + 1e-4 * (G - R) for G, R in zip(given, right, strict=True)]

    def silent(arrays, *layers):
        return [0 * A if k in layers else A.copy() for k, A in enumerate(arrays)]
    last = len(right_dWs) - 1
    below = range(last)
    everywhere = [(code, times(factor, right_dWs), times(factor, right_dbs))
                  for code, factor in enumerate((1, n, -1, 1 / n))]
    transposed = [(5, turned(*layers), times(1, right_dbs)) for layers in ((0,), (last,), range(last + 1))]
    one_of_several = [(6, silent(dWs, k), silent(dbs, k)) for k in below] if last > 1 else []
    return [*everywhere, (4, times(1, right_dWs), times(1 / n, right_dbs)), *transposed, (6, dWs, dbs),
            (6, a_little(dWs, right_dWs), a_little(dbs, right_dbs)),
            (6, [dWs[0], *turned(*below)[1:]], times(1, right_dbs)),         # biases right; transposed, but not all
            *one_of_several, (7, silent(right_dWs, *below), silent(right_dbs, *below))]


def code_in(said):
    """The code that was told, a number, or Unfit with a sentence on what it was instead."""
    number = np.asarray(said) if isinstance(said, (int, float, np.number, np.ndarray)) else np.asarray("")
    if number.size != 1 or number.dtype.kind not in "iuf":
        what = f"an array of shape {number.shape}" if number.ndim else f"{said!r:.40}"
        raise Unfit(f"The code should be one whole number from 0 to {len(CODES) - 1}; it was {what}.")
    return number.item()


def diagnosed(function, dWs, dbs, right_dWs, right_dbs, n):
    """For each code: how many of its patients got it, and how many of the others did not."""
    cases = patients(dWs, dbs, right_dWs, right_dbs, n)
    said = asked(function, [[*([A.copy() for A in arrays] for arrays in (*given, right_dWs, right_dbs)), n]
                            for _, *given in cases], "patients")
    if said is None:
        return None
    pairs = [(code_in(words), code) for words, (code, *_) in zip(said, cases, strict=True)]
    return tuple(np.array([sum(told == c for told, code in pairs if code == c),
                           sum(told != c for told, code in pairs if code != c)], float) for c in range(len(CODES)))


@exercise("detective.symptoms", points=4, minutes=20, inputs=for_symptoms, shapes=DEEP, measure=diagnosed,
          returns=dict.fromkeys(CODES, "patients named, others left alone"),
          cites=("ECE417-29", "ECE417-46", "LFD-17", "TAYLOR-50"),
          praise="Eight findings, eight names. One factor everywhere points to where the walk begins, right above and "
                 "wrong below to the step down: the pattern is the diagnosis.")
def symptoms(dWs, dbs, right_dWs, right_dbs, n):
    def are(given, right, factor=1.0):
        return all(G.shape == R.shape and np.allclose(G, factor * R, rtol=1e-9, atol=1e-12 * np.max(np.abs(R)))
                   for G, R in zip(given, right, strict=True))
    given, right = [*dWs, *dbs], [*right_dWs, *right_dbs]
    for code, factor in enumerate((1, n, -1, 1 / n)):
        if are(given, right, factor):
            return code
    if are(dWs, right_dWs) and are(dbs, right_dbs, 1 / n):
        return 4
    if all(are([G], [R]) or are([G.T], [R]) for G, R in zip(dWs, right_dWs, strict=True)):
        return 5
    return 6 if any(np.any(G) for G in dWs[:-1]) else 7


def alike(G, R, factor=1.0, rtol=1e-9):
    """Is G factor times R, up to a share of its entries?"""
    return G.shape == R.shape and bool(np.all(np.abs(G - factor * R) <= rtol * np.abs(factor * R) + 1e-3 * rtol
                                              * np.max(np.abs(R))))


def found_by(dWs, dbs, right_dWs, right_dbs, n, same=alike, factors=None, turned=None, standing=7, below=slice(-1)):
    """The code, with one part of the search replaced; `same(G, R, factor)` compares two arrays."""
    def are(given, right, factor=1.0):
        return all(same(G, R, factor) for G, R in zip(given, right, strict=True))
    for code, factor in enumerate(factors or (1.0, n, -1.0, 1 / n)):
        if are([*dWs, *dbs], [*right_dWs, *right_dbs], factor):
            return code
    if are(dWs, right_dWs) and are(dbs, right_dbs, 1 / n):
        return 4
    turned = turned or (lambda G, R: same(G, R, 1.0) or same(G.T, R, 1.0))
    if all(turned(G, R) for G, R in zip(dWs, right_dWs, strict=True)):
        return 5
    return 6 if any(np.any(G) for G in dWs[below]) else standing


@symptoms.misconception(
    "the biases are not looked at",
    "Can all weights have right slopes while something is wrong?",
    "How many lists with slopes are you given? How many of them enter your comparison?")
def no_biases(dWs, dbs, right_dWs, right_dbs, n):
    return found_by(dWs, [], right_dWs, [], n)


@symptoms.misconception(
    "only the last layer is looked at",
    "Where does a walk back begin, and where can it go wrong after that?",
    "The last layer is right. What does that say about the layers below?")
def last_layer(dWs, dbs, right_dWs, right_dbs, n):
    return found_by(dWs[-1:], dbs[-1:], right_dWs[-1:], right_dbs[-1:], n)


@symptoms.misconception(
    "only the first layer is looked at",
    "Can the first layer be right and a later one have a slip of its own?",
    "Transpose the last dW alone. Does your function notice?")
def first_layer(dWs, dbs, right_dWs, right_dbs, n):
    return found_by(dWs[:1], dbs[:1], right_dWs[:1], right_dbs[:1], n)


@symptoms.misconception(
    "equal is taken to the last digit, and rounding is called a bug",
    "Do two right computations always agree in their last digit?",
    "Who accuses a difference in the fourteenth digit?")
def to_the_last_digit(dWs, dbs, right_dWs, right_dbs, n):
    return found_by(dWs, dbs, right_dWs, right_dbs, n, lambda G, R, factor: np.array_equal(G, factor * R))


@symptoms.misconception(
    "a thousandth is called rounding, and a small mistake passes as right",
    "Weights that moved a little before they were used: how large is the mistake then?",
    "How many digits do two right slopes share? How many do you ask for?")
def too_generous(dWs, dbs, right_dWs, right_dbs, n):
    return found_by(dWs, dbs, right_dWs, right_dbs, n, lambda G, R, factor: alike(G, R, factor, rtol=1e-2))


@symptoms.misconception(
    "tiny slopes count as equal, whatever they are",
    "1e-20 and 2e-20: does your comparison call them equal?",
    "Which allowances has the comparison that you call, also those that you did not write? Do they shrink with "
    "the slopes?")
def fixed_allowance(dWs, dbs, right_dWs, right_dbs, n):
    return found_by(dWs, dbs, right_dWs, right_dbs, n,
                    lambda G, R, factor: G.shape == R.shape and np.allclose(G, factor * R))


@symptoms.misconception(
    "only sizes are compared, and signs and places are not seen",
    "Which mistakes leave the length of a gradient as it is?",
    "Turn all signs. Which of your numbers changes?")
def by_size(dWs, dbs, right_dWs, right_dbs, n):
    return found_by(dWs, dbs, right_dWs, right_dbs, n, lambda G, R, factor: np.isclose(
        np.linalg.norm(G), abs(factor) * np.linalg.norm(R), rtol=1e-9, atol=0))


@symptoms.misconception(
    "n times and 1/n times are exchanged",
    "If nobody has divided by n, are the slopes too large or too small?",
    "Ten examples, given 5, right 0.5: was a division forgotten, or made twice?")
def n_exchanged(dWs, dbs, right_dWs, right_dbs, n):
    return found_by(dWs, dbs, right_dWs, right_dbs, n, factors=(1.0, 1 / n, -1.0, n))


@symptoms.misconception(
    "layers that stand still are not told from layers that go wrong",
    "What are the slopes of a layer that a loop never reached?",
    "Zeros, or wrong numbers: which of the two points to a loop that ends too early?")
def zeros_not_seen(dWs, dbs, right_dWs, right_dbs, n):
    return found_by(dWs, dbs, right_dWs, right_dbs, n, standing=6)


@symptoms.misconception(
    "a transpose is looked for in the shape alone, and a square one is missed",
    "What shape has the transpose of a square table?",
    "Three inputs, three units: by what else could you know a transpose?")
def shape_alone(dWs, dbs, right_dWs, right_dbs, n):
    return found_by(dWs, dbs, right_dWs, right_dbs, n,
                    turned=lambda G, R: alike(G, R) or (G.shape != R.shape and G.shape == R.shape[::-1]))


@symptoms.misconception(
    "a transpose is looked for in all layers at once",
    "May one layer be transposed and another one not?",
    "For each layer there are two ways to be fine here. Do you ask each layer by itself?")
def all_transposed(dWs, dbs, right_dWs, right_dbs, n):
    whole = all(alike(G.T, R) for G, R in zip(dWs, right_dWs, strict=True))
    return found_by(dWs, dbs, right_dWs, right_dbs, n, turned=lambda G, R: whole)


@symptoms.misconception(
    "wherever the biases are right, a wrong dW passes as transposed",
    "Biases right, one dW right, one dW wrong in every entry: what do you call that?",
    "Of how many layers do you ask that they be right or transposed: of one, or of more?")
def right_biases(dWs, dbs, right_dWs, right_dbs, n):
    whole = all(map(alike, dbs, right_dbs))
    return found_by(dWs, dbs, right_dWs, right_dbs, n, turned=lambda G, R: whole)


@symptoms.misconception(
    "one transposed layer is enough for it, however wrong another one is",
    "One dW is transposed, and one below it has nothing to do with the right one. Which code should that have?",
    "You have found a transposed layer. Do you look at the other layers then?")
def one_transposed(dWs, dbs, right_dWs, right_dbs, n):
    whole = any(alike(G.T, R) for G, R in zip(dWs, right_dWs, strict=True))
    return found_by(dWs, dbs, right_dWs, right_dbs, n, turned=lambda G, R: whole)


@symptoms.misconception(
    "one layer alone is asked whether it stands still",
    "Three layers: one is 0, one is wrong, the last is right. Is everything below the last one 0?",
    "In a network of three layers, how many are below the last one? How many of them do you ask?")
def one_stands(dWs, dbs, right_dWs, right_dbs, n):
    return found_by(dWs, dbs, right_dWs, right_dbs, n, below=slice(1))


@symptoms.misconception(
    "whatever stands before it, everything is called right",
    "Is there a gradient to which your function gives another code than 0?",
    "Which of the comparisons that you wrote can fail?")
def all_healthy(dWs, dbs, right_dWs, right_dbs, n):
    return 0


# ---- 7 · five bugs in one pass, TAYLOR ---------------------------------------------------------------------

def for_mended(rng, n, widths, scale):
    net, trace, _ = network_for(rng, n, widths, scale, Tanh(), Softmax())
    Y = np.eye(widths[-1])[rng.integers(widths[-1], size=n)]
    return {"hs": trace, "Ws": [layer.W.T.copy() for layer in net.layers], "Y": Y,
            "alpha": np.float64(rng.uniform(0.2, 0.8)), "epsilon": np.float64(rng.uniform(0.2, 0.8))}


@exercise("detective.mended", points=6, minutes=25, inputs=for_mended, shapes=DEEP,
          returns={"dWs": "(d_out, d_in) in each layer", "dbs": "(d_out,) in each layer",
                   "stepped": "(d_out, d_in) in each layer"},
          cites=("TAYLOR-35", "TAYLOR-36", "TAYLOR-43", "TAYLOR-44", "TAYLOR-50"),
          praise="All five are out, also the two that hid each other: a lost 1/m and a mean where a sum belongs made "
                 "the last bias look right. Who mends one thing at a time and measures after each is not fooled.")
def mended(hs, Ws, Y, alpha, epsilon):
    g, dWs, dbs = (hs[-1] - Y) / len(Y), [], []
    for W, below in zip(Ws[::-1], hs[-2::-1], strict=True):
        dWs.insert(0, g.T @ below + alpha * W)    # ∇_W J = g hᵀ + α ∇_W Ω
        dbs.insert(0, g.sum(axis=0))              # ∇_b J = g, added up over the examples
        g = g @ W * (1 - below**2)                # g ← (Wᵀ g) ⊙ g′(a): with W as it was
    return dWs, dbs, [W - epsilon * dW for W, dW in zip(Ws, dWs, strict=True)]


def mended_but(hs, Ws, Y, alpha, epsilon, start=lambda g, m: g / m, slope=lambda h: 1 - h**2,
               db=lambda g: g.sum(axis=0), early=False, penalty=lambda alpha, W, m: alpha * W, step=-1.0):
    """The pass with parts replaced; early: weights move before they are used."""
    m, Ws, old = len(Y), [W.copy() for W in Ws], Ws
    g, dWs, dbs = start(hs[-1] - Y, m), [], []
    for k in reversed(range(len(Ws))):
        dWs.insert(0, g.T @ hs[k] + penalty(alpha, old[k], m))
        dbs.insert(0, db(g))
        Ws[k] += step * epsilon * dWs[0]
        if k:
            g = g @ (Ws if early else old)[k] * slope(hs[k])
    return dWs, dbs, Ws


BUGS = {"start": lambda g, m: g, "slope": lambda h: (1 - h) ** 2, "db": lambda g: g.mean(axis=0), "early": True,
        "penalty": lambda alpha, W, m: alpha / m * W}


@mended.misconception(
    "the 1/m is still missing",
    "J is a mean over the examples. At which single place does that come in?",
    "Hand in every example twice. Should the gradient change? Does yours?")
def bug_start(hs, Ws, Y, alpha, epsilon):
    return mended_but(hs, Ws, Y, alpha, epsilon, start=BUGS["start"])


@mended.misconception(
    "the bracket of the slope is still in the wrong place",
    "The slope of tanh is the same for h and −h. Is yours?",
    "What is squared: the difference, or h alone?")
def bug_slope(hs, Ws, Y, alpha, epsilon):
    return mended_but(hs, Ws, Y, alpha, epsilon, slope=BUGS["slope"])


@mended.misconception(
    "it is still a mean over the examples, and the 1/m has been taken before",
    "Follow one 1/m from the loss to the biases. How often does it come in?",
    "Weights add up over the examples inside their product. Do your biases add up, too?")
def bug_bias(hs, Ws, Y, alpha, epsilon):
    return mended_but(hs, Ws, Y, alpha, epsilon, db=BUGS["db"])


@mended.misconception(
    "the weights still move before the walk back has used them",
    "With which weights were the values made that you differentiate: the old ones or the new ones?",
    "In your loop, which comes first: the step of a layer, or the walk through it?")
def bug_early(hs, Ws, Y, alpha, epsilon):
    return mended_but(hs, Ws, Y, alpha, epsilon, early=True)


@mended.misconception(
    "the penalty is still divided by m",
    "Over what is the mean in J taken? Does the penalty stand inside it?",
    "Hand in every example twice. Should the penalty's part of the gradient change?")
def bug_penalty(hs, Ws, Y, alpha, epsilon):
    return mended_but(hs, Ws, Y, alpha, epsilon, penalty=BUGS["penalty"])


@mended.misconception(
    "all five bugs are still there",
    "What does a gradient check say to this pass? Which part of which result is wrong?",
    "Is this the suspect pass as it was given? Where do last layer and penalty meet first?")
def as_given(hs, Ws, Y, alpha, epsilon):
    return mended_but(hs, Ws, Y, alpha, epsilon, **BUGS)


@mended.misconception(
    "two bugs that hide each other are left: in the last bias they cancel",
    "The last bias was right from the beginning. Can two things be wrong there at once?",
    "Where should the 1/m come in: at one place, or at many? Is that so for weights and for biases?")
def hidden_pair(hs, Ws, Y, alpha, epsilon):
    return mended_but(hs, Ws, Y, alpha, epsilon, start=BUGS["start"], db=BUGS["db"])


@mended.misconception(
    "the 1/m comes in a second time, in every layer",
    "Only the loss divides by m. What do the layers do with the examples?",
    "How many fraction bars does an example's error meet before it arrives at a weight?")
def mean_again(hs, Ws, Y, alpha, epsilon):
    right = mended_but(hs, Ws, Y, alpha, epsilon)
    m = len(Y)
    dWs = [(dW - alpha * W) / m + alpha * W for dW, W in zip(right[0], Ws, strict=True)]
    return dWs, [db / m for db in right[1]], [W - epsilon * dW for W, dW in zip(Ws, dWs, strict=True)]


@mended.misconception(
    "the penalty is gone, not mended",
    "J has two parts. Which of them do your slopes come from?",
    "Would your code notice if `alpha` were ten times as large?")
def penalty_gone(hs, Ws, Y, alpha, epsilon):
    return mended_but(hs, Ws, Y, alpha, epsilon, penalty=lambda alpha, W, m: 0 * W)


@mended.misconception(
    "the step goes uphill",
    "The gradient says where J grows. Which way do you want to go?",
    "After a small step, should J be larger or smaller?")
def uphill(hs, Ws, Y, alpha, epsilon):
    return mended_but(hs, Ws, Y, alpha, epsilon, step=1.0)


@mended.misconception(
    "no step is taken",
    "What do you do with the slopes when you have them?",
    "Compare what you return with the weights that you were given. Has anything moved?")
def no_step(hs, Ws, Y, alpha, epsilon):
    return mended_but(hs, Ws, Y, alpha, epsilon, step=0.0)


@mended.misconception(
    "the slope of tanh is gone, not mended",
    "Between a and h of a hidden layer lies tanh. Which factor of your walk says so?",
    "A saturated unit passes almost nothing back. Does yours?")
def slope_gone(hs, Ws, Y, alpha, epsilon):
    return mended_but(hs, Ws, Y, alpha, epsilon, slope=np.ones_like)
