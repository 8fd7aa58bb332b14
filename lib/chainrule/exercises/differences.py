"""Differences and gates: slopes by measuring, and slopes by walking back through a circuit.

Ten exercises as data. `central` and `complex_step` are handed a function as an argument, so outside the learner's own
process they need a harness which calls them there and brings home plain arrays. In the circuits every wire carries n
numbers, one per trial: a wire is an array (n,), and all trials are independent of one another.
"""
import numpy as np

from chainrule.activations import Sigmoid
from chainrule.exercises import exercise

sigmoid = Sigmoid()
POINTS = ((1, (4,)), (1, (3,)), (1, (6,)))        # one point x of so many entries
TRIALS = ((3, (1,)), (4, (1,)), (7, (1,)))        # so many numbers on each wire


# ---- 1 · central differences -----------------------------------------------------------------------------

def some_function(rng, d, scale):
    """A smooth f from (d,) to one number, whose entries act on each other; it takes complex numbers too."""
    A, c = rng.normal(size=(3, d)), scale * rng.uniform(0.5, 1.5, size=3)

    def f(x):
        return c @ np.exp(np.tanh(A @ x))
    return f


def for_central(rng, n, widths, scale):
    return {"f": some_function(rng, widths[0], scale), "x": rng.normal(size=widths[0]),
            "h": np.float64(rng.uniform(1e-3, 3e-3))}


@exercise("differences.central", points=2, minutes=10, returns={"slope": "(d,)"}, inputs=for_central, shapes=POINTS,
          cites=("LFD-06", "AIML231-03", "AIML231-15"),
          praise="Right. One entry moves, both ways, and everything else stands still: two calls of f for every entry "
                 "of x. That is the price that back-propagation saves.")
def central(f, x, h):
    slope = np.empty(len(x))
    for k in range(len(x)):
        e = np.zeros(len(x))
        e[k] = h
        slope[k] = (f(x + e) - f(x - e)) / (2 * h)         # the odd terms stay, the even ones cancel
    return slope


def differences(f, x, steps, over):
    """Σ over (weight, step) of weight · f(x + step along one entry), entry by entry, divided by `over`."""
    E = np.eye(len(x))
    return np.array([sum(weight * f(x + step * e) for weight, step in steps) for e in E]) / over


@central.misconception(
    "the step goes forward only",
    "At how many places beside x is f asked, for each entry? On which sides of x do they lie?",
    "Try f(x) = x² at x = 0. The slope there is 0. What does a step to one side alone say?")
def forward_only(f, x, h):
    return differences(f, x, [(1, h), (-1, 0)], h)


@central.misconception(
    "the step goes back only",
    "At how many places beside x is f asked, for each entry? On which sides of x do they lie?",
    "Try f(x) = x² at x = 0. Should a slope there depend on the side from which you look?")
def backward_only(f, x, h):
    return differences(f, x, [(1, 0), (-1, -h)], h)


@central.misconception(
    "a factor 2 too many",
    "How far apart do the two places lie at which you ask f?",
    "For f(x) = x the slope is 1 everywhere. How much does f grow between your two places?")
def whole_way_forgotten(f, x, h):
    return differences(f, x, [(1, h), (-1, -h)], h)


@central.misconception(
    "the division ends at the 2, and then h multiplies",
    "Python reads / and * from left to right. What does a / 2 * h mean?",
    "The smaller h, the smaller your answer. Where would a pair of brackets change that?")
def brackets_forgotten(f, x, h):
    return differences(f, x, [(1, h), (-1, -h)], 2) * h


@central.misconception(
    "all entries of x move at once",
    "You return one number. How many slopes has a function of d numbers?",
    "Adding a number to an array moves every entry. How can you move a single one?")
def all_at_once(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


@central.misconception(
    "an entry is not put back before the next one moves",
    "When the second entry has its turn, where is the first one?",
    "Print x before and after your loop. Is it the same?")
def not_put_back(f, x, h):
    x, slope = x.copy(), np.empty(len(x))
    for k in range(len(x)):
        x[k] += h
        above = f(x)
        x[k] -= 2 * h
        slope[k] = (above - f(x)) / (2 * h)
    return slope


@central.misconception(
    "the sign is the wrong way round",
    "If f rises with x, should its slope be positive? Is yours?",
    "Which of your two values of f belongs to the larger x, and which of them comes first in the difference?")
def turned_round(f, x, h):
    return differences(f, x, [(1, -h), (-1, h)], 2 * h)


@central.misconception(
    "the step is a share of the entry, but h is what it is divided by",
    "By how much does entry k move in your code? Is that the number under the fraction bar?",
    "Put x = 0 into your step. Does it move at all?")
def relative_step(f, x, h):
    return differences(f, x, [(1, h * x), (-1, -h * x)], 2 * h)


# ---- 2 · relative error ----------------------------------------------------------------------------------

def for_relative_error(rng, n, widths, scale):
    """Two slopes that nearly agree, and some that do not: both 0, one 0, both tiny and one twice the other."""
    a = scale * rng.normal(size=widths[0])
    b = a * (1 - rng.choice([-1, 1], size=widths[0]) * 10.0 ** rng.uniform(-6, -0.5, size=widths[0]))
    b[0] = -a[0] / 2
    a[1] = b[1] = b[2] = a[3] = 0.0
    a[4] = scale * 1e-9
    b[4] = 2 * a[4]
    return {"a": a, "b": b}


@exercise("differences.relative_error", points=2, minutes=8, returns={"error": "(d,)"}, inputs=for_relative_error,
          shapes=((1, (7,)), (1, (8,)), (1, (11,))), cites=("LFD-06",),
          praise="Yes. A share, not an amount: it means the same for slopes of a million and of a millionth, and two "
                 "zeros agree perfectly.")
def relative_error(a, b):
    size = np.maximum(np.abs(a), np.abs(b))
    return np.abs(a - b) / np.where(size > 0, size, 1)     # 0/0 := 0


@relative_error.misconception(
    "two zeros give NaN, and they agree perfectly",
    "What is 0 / 0 for NumPy, and what should it be here?",
    "Which entries have a zero below the fraction bar? Could another number stand there, just for them?")
def zero_by_zero(a, b):
    return np.abs(a - b) / np.maximum(np.abs(a), np.abs(b))


@relative_error.misconception(
    "a small number is added below the fraction bar",
    "For slopes of about 1e-9 the added number is the larger part. What does the error say then?",
    "Take a = 1e-9 and b = 2e-9. One is twice the other. Does your error say so?")
def additive_floor(a, b):
    return np.abs(a - b) / (np.maximum(np.abs(a), np.abs(b)) + 1e-8)


@relative_error.misconception(
    "the number below the fraction bar is kept from getting small",
    "A floor under the fraction bar makes all tiny slopes look right. Is a tiny slope always right?",
    "Take a = 1e-9 and b = 2e-9. Who is larger, b or your floor?")
def floor(a, b):
    return np.abs(a - b) / np.maximum(1e-8, np.maximum(np.abs(a), np.abs(b)))


@relative_error.misconception(
    "both sizes are added below the fraction bar",
    "The contract wants one of the two sizes there. Which?",
    "With a = 1 and b = 0 nothing agrees, and the error should be 1. What is yours?")
def sum_of_sizes(a, b):
    size = np.abs(a) + np.abs(b)
    return np.abs(a - b) / np.where(size > 0, size, 1)


@relative_error.misconception(
    "it is divided by the size of b alone",
    "Should it matter which of the two is called a and which b?",
    "Exchange a and b. Does your error stay the same? And what if b is 0 and a is not?")
def size_of_b(a, b):
    return np.abs(a - b) / np.abs(b)


@relative_error.misconception(
    "the larger number stands below, not the larger size",
    "What is the larger of −3 and −2? And which of them has the larger size?",
    "Try a = −3 and b = −2. Can your error be negative?")
def larger_number(a, b):
    size = np.maximum(a, b)
    return np.abs(a - b) / np.where(a == b, 1, size)


@relative_error.misconception(
    "the difference keeps its sign",
    "Should an error of −0.5 count as smaller than one of 0.1?",
    "Exchange a and b. Does your error turn its sign?")
def signed(a, b):
    size = np.maximum(np.abs(a), np.abs(b))
    return (a - b) / np.where(size > 0, size, 1)


@relative_error.misconception(
    "it is an amount, not a share",
    "Is a difference of 0.001 large or small? What would you have to know to say?",
    "Multiply a and b by a thousand. Should a relative error change? Does yours?")
def absolute(a, b):
    return np.abs(a - b)


@relative_error.misconception(
    "one size serves for all entries",
    "A small entry next to a large one: whose size should its difference be compared with?",
    "Make one entry a million times larger. Do your errors of the other entries change?")
def one_size(a, b):
    return np.abs(a - b) / np.max(np.maximum(np.abs(a), np.abs(b)))


# ---- 3 · the complex step --------------------------------------------------------------------------------

def for_complex_step(rng, n, widths, scale):
    return {"f": some_function(rng, widths[0], scale), "x": rng.normal(size=widths[0])}


@exercise("differences.complex_step", points=2, minutes=8, returns={"slope": "(d,)"}, inputs=for_complex_step,
          shapes=POINTS, cites=("LFD-06",),
          praise="Right, to the last digits. The step goes sideways, nothing is subtracted, so nothing is lost, and "
                 "the step may be as small as you like.")
def complex_step(f, x):
    slope = np.empty(len(x))
    for k in range(len(x)):
        moved = x.astype(complex)
        moved[k] += 1e-30j
        slope[k] = f(moved).imag / 1e-30                   # f(x + ih) = f(x) + ih f′(x) − …
    return slope


def sideways(f, x, step=1e-30j):
    """f at x moved by `step`, one entry after the other: complex, (d,)."""
    return np.array([f(x + step * e) for e in np.eye(len(x))])


@complex_step.misconception(
    "it is not divided by the step",
    "How large is an imaginary part that a step of 1e-30 makes? Is that a slope yet?",
    "For f(x) = 3x the slope is 3. What is the imaginary part of f at x + 1e-30 i?")
def undivided(f, x):
    return sideways(f, x).imag


@complex_step.misconception(
    "the real part is taken",
    "f has moved sideways. In which part of the complex number do you see the movement?",
    "The one part is f(x) itself, as before. Which part was 0 before you moved?")
def real_part(f, x):
    return sideways(f, x).real / 1e-30


@complex_step.misconception(
    "all entries of x move at once",
    "You return one number. How many slopes has a function of d numbers?",
    "Adding a number to an array moves every entry. How can you move a single one?")
def all_sideways(f, x):
    return np.imag(f(x + 1e-30j)) / 1e-30


@complex_step.misconception(
    "entries that have moved stay moved",
    "When the second entry has its turn, where is the first one?",
    "Do you begin each turn with a fresh copy of x?")
def stay_moved(f, x):
    moved, slope = x.astype(complex), np.empty(len(x))
    for k in range(len(x)):
        moved[k] += 1e-30j
        slope[k] = f(moved).imag / 1e-30
    return slope


@complex_step.misconception(
    "a factor 2 too few",
    "For a central difference the two places lie two steps apart. How many places are there here?",
    "f is asked once, one step away from x. By what do you divide?")
def divided_twice(f, x):
    return sideways(f, x).imag / 2e-30


@complex_step.misconception(
    "a factor 2 too many",
    "Do you take two sideways steps, up and down? How far apart are they?",
    "One sideways step is enough. If you take two, by what must their difference be divided?")
def two_steps(f, x):
    return (sideways(f, x) - sideways(f, x, -1e-30j)).imag / 1e-30


@complex_step.misconception(
    "the sign is the wrong way round",
    "Do you step up the imaginary axis or down?",
    "For f(x) = 3x the slope is 3. Which sign has your answer, and which sign has your step?")
def stepped_down(f, x):
    return sideways(f, x, -1e-30j).imag / 1e-30


@complex_step.misconception(
    "the step is a share of the entry, but the plain step is what it is divided by",
    "By how much does entry k move in your code? Is that the number under the fraction bar?",
    "Put x = 0 into your step. Does it move at all?")
def relative_sideways(f, x):
    return np.array([f(x + 1e-30j * x * e).imag for e in np.eye(len(x))]) / 1e-30


# ---- 4 · three gates -------------------------------------------------------------------------------------

def for_gates(rng, n, widths, scale):
    x, up = scale * rng.normal(size=(2, n))
    y = x + scale * rng.uniform(0.5, 2, size=n) * (-1.0) ** np.arange(n)      # now y is larger, now x
    return {"x": x, "y": y, "upstream": up}


@exercise("differences.gates", points=3, minutes=8, inputs=for_gates, shapes=TRIALS,
          returns={"add": "(2, n)", "multiply": "(2, n)", "maximum": "(2, n)"},
          cites=("ECE884-17", "ECE884-25", "ECE884-26", "ECE884-27"),
          praise="Add copies, multiply swaps, max routes. Three gates, three characters, and always the gate's own "
                 "slope times what came in.")
def gates(x, y, upstream):
    return (np.array([upstream, upstream]),                               # f = x + y
            np.array([y * upstream, x * upstream]),                       # f = x y
            np.array([np.where(x > y, upstream, 0), np.where(y > x, upstream, 0)]))    # f = max(x, y)


def but(right, **changed):
    """The right results by name, some of them changed."""
    return tuple((right | changed).values())


def right_gates(x, y, upstream):
    return dict(zip(("add", "multiply", "maximum"), gates.answer(x, y, upstream), strict=True))


@gates.misconception(
    "only the gate's own slope is given, without what came in",
    "Downstream is local times upstream. Where does the upstream slope enter your code?",
    "Double the slope that comes in. Do your answers double?")
def local_only(x, y, upstream):
    return gates.answer(x, y, np.ones(len(x)))


@gates.misconception(
    "what came in is added, not multiplied",
    "If the slope that comes in is 0, f does not matter to anyone. What may then go out?",
    "Nudge x by 1: f moves by so much, and each unit of f moves e by so much. Do such effects add or multiply?")
def added_upstream(x, y, upstream):
    one = np.ones(len(x))
    return tuple(local + upstream for local in gates.answer(x, y, one))


@gates.misconception(
    "the slope is shared out between the two inputs of the sum",
    "Nudge x by 1 and leave y alone: by how much does x + y move?",
    "Is a slope a portion of something? Does x react less because y is there too?")
def halved(x, y, upstream):
    return but(right_gates(x, y, upstream), add=np.array([upstream, upstream]) / 2)


@gates.misconception(
    "each input's own value is multiplied in",
    "By how much does x + y move when x moves by 1? Does it matter how large x is?",
    "Which of the three gates has a slope that depends on how large its inputs are? Is it this one?")
def add_by_own_value(x, y, upstream):
    return but(right_gates(x, y, upstream), add=np.array([x * upstream, y * upstream]))


@gates.misconception(
    "each input gets its own value instead of the other's",
    "Take x = 2 and y = 10. If x grows by 1, by how much does the product grow?",
    "In the product x y, which of the two letters is left when you take the slope in x?")
def not_swapped(x, y, upstream):
    return but(right_gates(x, y, upstream), multiply=np.array([x * upstream, y * upstream]))


@gates.misconception(
    "the multiply gate copies, as an add gate would",
    "Take x = 2 and y = 10. If x grows by 1, does the product grow by 1?",
    "Which gate hands on the same slope to both inputs? Is it this one?")
def multiply_like_add(x, y, upstream):
    return but(right_gates(x, y, upstream), multiply=np.array([upstream, upstream]))


@gates.misconception(
    "the smaller input gets the slope",
    "Which of the two inputs does the max gate let through?",
    "Take x = 2 and y = 10. Nudge y: does the maximum move? Nudge x: does it?")
def to_the_smaller(x, y, upstream):
    return but(right_gates(x, y, upstream), maximum=np.array([(x < y) * upstream, (y < x) * upstream]))


@gates.misconception(
    "both inputs get the slope",
    "Take x = 2 and y = 10. Nudge x a little: does the maximum move?",
    "A max gate is a switch. How many of its inputs are connected at one time?")
def to_both(x, y, upstream):
    return but(right_gates(x, y, upstream), maximum=np.array([upstream, upstream]))


@gates.misconception(
    "the slope is shared out between the two inputs of the maximum",
    "Take x = 2 and y = 10. Nudge y by 0.1: by how much does the maximum move?",
    "Away from a tie only one input decides. What is left for the other?")
def shared_maximum(x, y, upstream):
    return but(right_gates(x, y, upstream), maximum=np.array([upstream, upstream]) / 2)


@gates.misconception(
    "the winning value is multiplied in",
    "The larger input is let through as it is. By how much does the maximum move when that input moves by 1?",
    "Take x = 2 and y = 10. The maximum is 10. Is its slope in y 10 as well?")
def winner_multiplied(x, y, upstream):
    return but(right_gates(x, y, upstream), maximum=np.array([(x > y) * x * upstream, (y > x) * y * upstream]))


# ---- 5 · the circuit (x + y) z ---------------------------------------------------------------------------

def for_simple(rng, n, widths, scale):
    return dict(zip(("x", "y", "z", "df"), scale * rng.normal(size=(4, n)), strict=True))


@exercise("differences.simple", points=4, minutes=10, inputs=for_simple, shapes=TRIALS,
          returns={"dq": "(n,)", "dx": "(n,)", "dy": "(n,)", "dz": "(n,)"},
          cites=("ECE884-11", "ECE884-13", "ECE884-14", "ECE884-15", "ECE884-16", "ECE884-17"),
          praise="That is a whole backward pass. From f one step back to q and z, from q one step back to x and y, "
                 "and every wire knew its slope from the one after it.")
def simple(x, y, z, df):
    q = x + y
    dq = z * df                                            # f = q z: the other factor
    return dq, dq, dq, q * df                              # q = x + y: copied


def from_q(dq, dz):
    """The add gate, right; whatever comes out of the multiply gate."""
    return dq, dq, dq, dz


@simple.misconception(
    "each input of the product gets its own value instead of the other's",
    "f = q z. If q grows by 1, by how much does f grow: by q or by z?",
    "On the slide z = −4 and q = 3. Which of the two numbers belongs on the wire of q?")
def simple_not_swapped(x, y, z, df):
    return from_q((x + y) * df, z * df)


@simple.misconception(
    "the slope that arrives at f is left out",
    "On the slide a 1 arrives at f. Here it is `df`. Where does it enter your code?",
    "Double the slope that arrives. Do your answers double?")
def df_left_out(x, y, z, df):
    return from_q(z, x + y)


@simple.misconception(
    "the slope that arrives at f is multiplied in twice",
    "`df` enters once, at the last gate. Is it inside the slope at q already when you go on?",
    "Walk from f to x and count: how often do you multiply by what came in at f?")
def df_twice(x, y, z, df):
    dq, _, _, dz = simple.answer(x, y, z, df)
    return dq, dq * df, dq * df, dz


@simple.misconception(
    "the add gate hands out its own slope alone, without what came in",
    "The own slope of an add gate is 1. Times what?",
    "If z is 0, x does not matter to f at all. What does your answer for x say then?")
def add_local_only(x, y, z, df):
    dq, _, _, dz = simple.answer(x, y, z, df)
    return dq, np.ones(len(x)), np.ones(len(x)), dz


@simple.misconception(
    "the add gate multiplies by the value of its own input",
    "By how much does x + y grow when x grows by 1? Does it matter how large x is?",
    "Which gate has slopes that depend on its inputs: the sum or the product?")
def add_by_value(x, y, z, df):
    dq, _, _, dz = simple.answer(x, y, z, df)
    return dq, x * dq, y * dq, dz


@simple.misconception(
    "the add gate swaps its inputs, as a multiply gate would",
    "By how much does x + y grow when x grows by 1? Does it matter how large y is?",
    "Multiply swaps. What does add do?")
def add_swaps(x, y, z, df):
    dq, _, _, dz = simple.answer(x, y, z, df)
    return dq, y * dq, x * dq, dz


@simple.misconception(
    "the slope is shared out between the two inputs of the sum",
    "If x grows by 1 and y stays, by how much does x + y grow?",
    "Does x react less because y is there too?")
def add_shares(x, y, z, df):
    dq, _, _, dz = simple.answer(x, y, z, df)
    return dq, dq / 2, dq / 2, dz


@simple.misconception(
    "the result f stands where the other factor belongs",
    "f = q z. If z grows by 1, by how much does f grow?",
    "On the slide q = 3, z = −4 and f = −12. Which of them is the slope at z?")
def result_for_factor(x, y, z, df):
    dq = z * df
    return from_q(dq, (x + y) * z * df)


@simple.misconception(
    "q is taken for the product of x and y",
    "Which gate makes q on the slide?",
    "With x = −2 and y = 5 the slide has 3 on the wire of q. What have you?")
def q_as_product(x, y, z, df):
    return from_q(z * df, x * y * df)


# ---- 6 · the sigmoid neuron, forward ---------------------------------------------------------------------

def for_neuron(rng, n, widths, scale):
    return dict(zip(("w0", "x0", "w1", "x1", "w2"), scale * rng.normal(size=(5, n)), strict=True))


@exercise("differences.neuron_forward", points=2, minutes=6, inputs=for_neuron, shapes=TRIALS,
          returns={"values": "(8, n)"}, cites=("ECE884-18", "ECE884-19"),
          praise="Eight wires, eight numbers. Keep them: on the way back nearly every gate asks for one of them.")
def neuron_forward(w0, x0, w1, x1, w2):
    a, b = w0 * x0, w1 * x1
    s = a + b + w2
    e = np.exp(-s)
    return np.array([a, b, a + b, s, -s, e, 1 + e, 1 / (1 + e)])


def wires(a, b, s, m=None, e=None, p=None, f=None):
    """The eight wires, each made from the one before if it is not given."""
    m = -s if m is None else m
    e = np.exp(m) if e is None else e
    p = 1 + e if p is None else p
    return np.array([a, b, a + b, s, m, e, p, 1 / p if f is None else f])


@neuron_forward.misconception(
    "w2 is left out of the sum",
    "How many numbers are added on the way to the wire that carries 1.00 on the slide?",
    "w2 is the neuron's bias: it belongs to no x. At which gate does it come in?")
def bias_left_out(w0, x0, w1, x1, w2):
    return wires(w0 * x0, w1 * x1, w0 * x0 + w1 * x1)


@neuron_forward.misconception(
    "w2 multiplies the sum instead of joining it",
    "The slide has 4 before w2 = −3 comes in, and 1.00 after. Which gate does that?",
    "There are two multiply gates on the slide. Have you one more?")
def bias_multiplies(w0, x0, w1, x1, w2):
    return wires(w0 * x0, w1 * x1, (w0 * x0 + w1 * x1) * w2)


@neuron_forward.misconception(
    "the weights meet the wrong inputs",
    "Which x does w0 belong to?",
    "On the slide the first product is −2, of 2 and −1. Which letters carry these numbers?")
def crossed(w0, x0, w1, x1, w2):
    return wires(w0 * x1, w1 * x0, w0 * x1 + w1 * x0 + w2)


@neuron_forward.misconception(
    "the ×(−1) gate is left out",
    "On the slide 1.00 is followed by −1.00. Which gate stands between them, and have you one?",
    "Should a large sum make the neuron's output go to 1 or to 0? Which does yours?")
def minus_left_out(w0, x0, w1, x1, w2):
    return wires(w0 * x0, w1 * x1, w0 * x0 + w1 * x1 + w2, m=w0 * x0 + w1 * x1 + w2)


@neuron_forward.misconception(
    "exp reads the wire before the ×(−1) gate",
    "Which wire goes into exp: the one with 1.00 or the one with −1.00?",
    "On the slide exp gives 0.37, less than 1. What sign must its input have?")
def exp_of_sum(w0, x0, w1, x1, w2):
    s = w0 * x0 + w1 * x1 + w2
    return wires(w0 * x0, w1 * x1, s, e=np.exp(s))


@neuron_forward.misconception(
    "the +1 gate is left out",
    "What stands on the slide between 0.37 and 1.37?",
    "Can your output ever be larger than 1? Can a sigmoid?")
def one_left_out(w0, x0, w1, x1, w2):
    s = w0 * x0 + w1 * x1 + w2
    return wires(w0 * x0, w1 * x1, s, p=np.exp(-s))


@neuron_forward.misconception(
    "the last gate takes 1 minus its input instead of 1 over it",
    "On the slide the last gate makes 0.73 of 1.37. Which gate does that?",
    "The formula has a fraction bar. Where is it in your code?")
def minus_for_over(w0, x0, w1, x1, w2):
    s = w0 * x0 + w1 * x1 + w2
    return wires(w0 * x0, w1 * x1, s, f=-np.exp(-s))


@neuron_forward.misconception(
    "numbers are rounded on the way",
    "The slide shows two digits. Does the circuit carry two digits?",
    "A wire holds what its gate computed. Who needs the rounded number: the next gate, or your eye?")
def rounded(w0, x0, w1, x1, w2):
    return np.round(neuron_forward.answer(w0, x0, w1, x1, w2), 2)


# ---- 7 · back through the four gates of the sigmoid ------------------------------------------------------

def for_sigmoid_gates(rng, n, widths, scale):
    m, df = rng.normal(size=(2, n))
    return {"m": scale * m, "e": np.exp(scale * m), "p": 1 + np.exp(scale * m), "df": df}


@exercise("differences.sigmoid_gates", points=4, minutes=12, inputs=for_sigmoid_gates, shapes=TRIALS,
          returns={"dp": "(n,)", "de": "(n,)", "dm": "(n,)", "ds": "(n,)"},
          cites=("ECE884-17", "ECE884-20", "ECE884-21", "ECE884-22", "ECE884-23"),
          praise="Four gates, four small slopes, one product. Put together they are f (1 − f): whoever knows the "
                 "output of a sigmoid knows its slope.")
def sigmoid_gates(m, e, p, df):
    dp = -1 / p**2 * df                                    # f = 1/p
    de = dp                                                # p = e + 1
    dm = np.exp(m) * de                                    # e = exp m: its slope is its value
    return dp, de, dm, -dm                                 # m = −s


def four(m, e, p, df, over=lambda p: -1 / p**2, plus=lambda up: up, exp=lambda m, e, up: e * up,
         minus=lambda up: -up):
    """The walk with one gate replaced."""
    dp = over(p) * df
    de = plus(dp)
    dm = exp(m, e, de)
    return dp, de, dm, minus(dm)


@sigmoid_gates.misconception(
    "the sign is the wrong way round, from the gate 1/p on",
    "If p grows, does 1/p grow or fall? Which sign has the slope of 1/p, then?",
    "On the slide −0.53 stands under the 1.37. Which sign have you there?")
def over_positive(m, e, p, df):
    return four(m, e, p, df, over=lambda p: 1 / p**2)


@sigmoid_gates.misconception(
    "the gate 1/p hands back its value, not its slope",
    "What comes out of that gate is 1/p. Is its slope the same thing?",
    "Write 1/p as a power of p. What does the power rule make of it?")
def over_value(m, e, p, df):
    return four(m, e, p, df, over=lambda p: 1 / p)


@sigmoid_gates.misconception(
    "the slope of 1/p lacks a square",
    "Write 1/p as a power of p. What happens to the exponent when you take the slope?",
    "At p = 2, how much does 1/p change if p grows by 0.01? Is that half of 0.01, or a quarter of it?")
def over_unsquared(m, e, p, df):
    return four(m, e, p, df, over=lambda p: -1 / p)


@sigmoid_gates.misconception(
    "the +1 gate adds 1 to the slope",
    "If e grows by 0.1, by how much does e + 1 grow?",
    "Forward, the gate adds 1. Does a constant shift change how steep anything is?")
def plus_adds(m, e, p, df):
    return four(m, e, p, df, plus=lambda up: up + 1)


@sigmoid_gates.misconception(
    "exp is passed as if it were a straight wire",
    "Where exp is steep a small nudge of m moves e a lot. Which factor of your code says so?",
    "On the slide the slope before exp is −0.53 and after it −0.20. What lies between them?")
def exp_straight(m, e, p, df):
    return four(m, e, p, df, exp=lambda m, e, up: up)


@sigmoid_gates.misconception(
    "the input of exp stands where its slope belongs",
    "What is the slope of exp: its input or its value?",
    "At m = 0 the curve of exp rises at 45 degrees. What is your factor there?")
def exp_input(m, e, p, df):
    return four(m, e, p, df, exp=lambda m, e, up: m * up)


@sigmoid_gates.misconception(
    "exp is applied to e, which is a value of it already",
    "e is given as exp(m). At which of the two is the slope taken?",
    "How often does exp act on m in your code, the time inside e included?")
def exp_of_e(m, e, p, df):
    return four(m, e, p, df, exp=lambda m, e, up: np.exp(e) * up)


@sigmoid_gates.misconception(
    "the ×(−1) gate is passed without its sign",
    "If s grows, does m = −s grow or fall?",
    "On the slide −0.20 becomes 0.20 at this gate. Does yours turn the sign?")
def minus_lost(m, e, p, df):
    return four(m, e, p, df, minus=lambda up: up)


@sigmoid_gates.misconception(
    "the ×(−1) gate subtracts 1",
    "The gate multiplies by −1. By how much does its output move when its input moves by 1?",
    "On the slide −0.20 becomes 0.20 at this gate. Which operation does that?")
def minus_subtracts(m, e, p, df):
    return four(m, e, p, df, minus=lambda up: up - 1)


@sigmoid_gates.misconception(
    "the slope that arrives at f is left out",
    "On the slide a 1 arrives at f. Here it is `df`. Where does it enter your code?",
    "Double the slope that arrives. Do your answers double?")
def sigmoid_df_left_out(m, e, p, df):
    return four(m, e, p, np.ones(len(df)))


@sigmoid_gates.misconception(
    "numbers are rounded on the way",
    "The slide shows −0.53 and then −0.20. Multiply exp(−1) by −0.53: do you get −0.20?",
    "Two digits are for the eye. Which digits should the next gate get?")
def slopes_rounded(m, e, p, df):
    return four(m, e, p, df, over=lambda p: np.round(-1 / p**2, 2), exp=lambda m, e, up: np.round(e * up, 2))


# ---- 8 · the whole neuron, backward ----------------------------------------------------------------------

@exercise("differences.neuron", points=4, minutes=12, inputs=for_neuron, shapes=TRIALS,
          returns={"dw": "(3, n)", "dx": "(2, n)"}, cites=("ECE884-18", "ECE884-23", "ECE884-24"),
          praise="All five, from one number: the slope at the sum. The add gates copy it, each multiply gate swaps, "
                 "and w2 takes it as it is.")
def neuron(w0, x0, w1, x1, w2):
    f = sigmoid(w0 * x0 + w1 * x1 + w2)
    ds = f * (1 - f)                                       # four gates in one
    return np.array([x0 * ds, x1 * ds, ds]), np.array([w0 * ds, w1 * ds])


def from_sum(ds, w0, x0, w1, x1):
    """The right walk from a slope at the sum, right or wrong."""
    return np.array([x0 * ds, x1 * ds, ds]), np.array([w0 * ds, w1 * ds])


def at_output(w0, x0, w1, x1, w2):
    return sigmoid(w0 * x0 + w1 * x1 + w2)


@neuron.misconception(
    "each input of a product gets its own value instead of the other's",
    "In the product w0 x0, what is left when you take the slope in w0?",
    "If x0 is 0, w0 does not matter at all. What does your slope at w0 say then?")
def neuron_not_swapped(w0, x0, w1, x1, w2):
    return from_sum(neuron.answer(w0, x0, w1, x1, w2)[0][2], x0, w0, x1, w1)


@neuron.misconception(
    "the multiply gates copy, as add gates would",
    "If x0 doubles, does w0 matter more or less? Does your slope at w0 say so?",
    "Which gate joins w0 and x0: one that copies, or one that swaps?")
def neuron_copies(w0, x0, w1, x1, w2):
    ds = neuron.answer(w0, x0, w1, x1, w2)[0][2]
    return np.array([ds, ds, ds]), np.array([ds, ds])


@neuron.misconception(
    "the slope of the sigmoid is forgotten",
    "Your walk begins at the sum. Where does the slope of f in that sum come from?",
    "How much does f move when the sum moves a little? Which factor of your code says so?")
def neuron_no_slope(w0, x0, w1, x1, w2):
    return from_sum(np.ones(len(w0)), w0, x0, w1, x1)


@neuron.misconception(
    "f stands where the slope of the sigmoid belongs",
    "Where the sigmoid is almost 1 it is flat. Is your factor almost 0 there?",
    "On the slide f is 0.73 and the slope at the sum 0.20. Which of them does your walk begin with?")
def neuron_value(w0, x0, w1, x1, w2):
    return from_sum(at_output(w0, x0, w1, x1, w2), w0, x0, w1, x1)


@neuron.misconception(
    "the slope of tanh stands where that of the sigmoid belongs",
    "Which function ends this neuron? What is its largest slope?",
    "At s = 0 the sigmoid is 1/2 and its slope 1/4. What does your slope give there?")
def neuron_tanh(w0, x0, w1, x1, w2):
    return from_sum(1 - at_output(w0, x0, w1, x1, w2) ** 2, w0, x0, w1, x1)


@neuron.misconception(
    "the sigmoid is applied to f, which is a value of it already",
    "f is σ of the sum. Which of the two does your code hand to the slope?",
    "How often does σ act on the sum in your code, the time inside f included?")
def neuron_twice(w0, x0, w1, x1, w2):
    g = sigmoid(at_output(w0, x0, w1, x1, w2))
    return from_sum(g * (1 - g), w0, x0, w1, x1)


@neuron.misconception(
    "the sign is the wrong way round",
    "If the sum grows, does f grow or fall? Which sign has the slope, then?",
    "On the way back through 1/x and ×(−1) the sign turns twice. How often does yours?")
def neuron_negative(w0, x0, w1, x1, w2):
    return tuple(-slope for slope in neuron.answer(w0, x0, w1, x1, w2))


@neuron.misconception(
    "w2 is left out of the sum",
    "Where is the slope of the sigmoid taken? How many numbers are added up there?",
    "If w2 is very large the neuron is saturated. Do your slopes go to 0 then?")
def neuron_no_bias(w0, x0, w1, x1, w2):
    return neuron.answer(w0, x0, w1, x1, 0 * w2)


@neuron.misconception(
    "the row of w2 is multiplied by w2 itself",
    "w2 goes straight into an add gate. What does an add gate do to a slope?",
    "If w2 is 0, can it still move f? What does your slope at w2 say then?")
def neuron_bias_by_value(w0, x0, w1, x1, w2):
    dw, dx = neuron.answer(w0, x0, w1, x1, w2)
    return np.array([dw[0], dw[1], w2 * dw[2]]), dx


@neuron.misconception(
    "the row of w2 is 1, as if nothing came after its gate",
    "By how much does the sum move with w2? And by how much does f move with the sum?",
    "The own slope of an add gate is 1. Times what?")
def neuron_bias_local(w0, x0, w1, x1, w2):
    dw, dx = neuron.answer(w0, x0, w1, x1, w2)
    return np.array([dw[0], dw[1], np.ones(len(w2))]), dx


@neuron.misconception(
    "the two products are confused",
    "w0 meets x0, and w1 meets x1. Whom do they meet in your code?",
    "If x0 is 0, which weight has no say? Which of your slopes is 0 then?")
def neuron_crossed(w0, x0, w1, x1, w2):
    return from_sum(neuron.answer(w0, x0, w1, x1, w2)[0][2], w1, x1, w0, x0)


# ---- 9 · values used twice -------------------------------------------------------------------------------

def for_twice(rng, n, widths, scale):
    x, y = scale * rng.normal(size=(2, n))
    return {"x": x, "y": y}


@exercise("differences.twice", points=3, minutes=10, inputs=for_twice, shapes=TRIALS,
          returns={"dp": "(n,)", "dx": "(n,)", "dy": "(n,)"}, cites=("TAYLOR-26", "ECE417-83"),
          praise="Two uses, two slopes, one sum. This is the whole difference between a chain and a graph, and in code "
                 "it is the + of +=.")
def twice(x, y):
    p = x * y
    q = p + x
    dq = p                                                 # f = p q
    dp = q + dq                                            # f uses p, and q uses p
    return dp, y * dp + dq, x * dp                         # p uses x, and q uses x


def used(x, y, dp=lambda p, q: q + p, dx=lambda y, dp, dq: y * dp + dq, dy=lambda x, dp: x * dp):
    """The walk with one wire replaced."""
    p = x * y
    at_p = dp(p, p + x)
    return at_p, dx(y, at_p, p), dy(x, at_p)


@twice.misconception(
    "only the wire from p straight to f counts",
    "Into how many gates does p go? Does each of them send something back?",
    "If p moves, f moves, and what else? Does the other way from p to f appear in your code?")
def p_straight(x, y):
    return used(x, y, dp=lambda p, q: q)


@twice.misconception(
    "only the wire from p to q counts",
    "Into how many gates does p go? Does each of them send something back?",
    "If p moves, q moves, and what else? Did the second way overwrite the first?")
def p_through_q(x, y):
    return used(x, y, dp=lambda p, q: p)


@twice.misconception(
    "the two ways from p are multiplied",
    "Along one way slopes are multiplied. And what of two ways that lead to the same place?",
    "If one of the two ways is blocked, its slope 0, can p still move f by the other? What does yours say?")
def p_multiplied(x, y):
    return used(x, y, dp=lambda p, q: q * p)


@twice.misconception(
    "a mean of the two ways from p is taken instead of the sum",
    "If p moves f by two ways, do the effects add up or average out?",
    "Try f = p + p. What is its slope, and what does your rule give?")
def p_averaged(x, y):
    return used(x, y, dp=lambda p, q: (q + p) / 2)


@twice.misconception(
    "the last gate hands p and q their own values",
    "f = p q. If p alone grows by 1, by how much does f grow?",
    "Multiply swaps. Which letter belongs on the wire from f straight to p, and which on that to q?")
def p_not_swapped(x, y):
    p = x * y
    q = p + x
    return p + q, y * (p + q) + q, x * (p + q)


@twice.misconception(
    "only the way through p counts",
    "Into how many gates does x go? Does each of them send something back?",
    "If x moves, p moves, and what else? Does the other way from x appear in your code?")
def x_through_p(x, y):
    return used(x, y, dx=lambda y, dp, dq: y * dp)


@twice.misconception(
    "only the way through q counts",
    "Into how many gates does x go? Does each of them send something back?",
    "If x moves, q moves, and what else? Did the second way overwrite the first?")
def x_through_q(x, y):
    return used(x, y, dx=lambda y, dp, dq: dq)


@twice.misconception(
    "the two ways from x are multiplied",
    "Along one way slopes are multiplied. And what of two ways that lead to the same place?",
    "If one of the two ways is blocked, its slope 0, can x still move f by the other? What does yours say?")
def x_multiplied(x, y):
    return used(x, y, dx=lambda y, dp, dq: y * dp * dq)


@twice.misconception(
    "the product p hands x and y their own values",
    "p = x y. If x grows by 1, by how much does p grow?",
    "Multiply swaps. Which letter belongs on the wire from p to x?")
def x_not_swapped(x, y):
    p = x * y
    dp = p + x + p
    return dp, x * dp + p, y * dp


@twice.misconception(
    "what q sends back is counted for y as well",
    "Which gates does y go into? Is q one of them?",
    "Draw the wires that leave y. How many are there?")
def y_through_q(x, y):
    dp, dx, dy = twice.answer(x, y)
    return dp, dx, dy + x * y


# ---- 10 · any circuit ------------------------------------------------------------------------------------

def for_circuit(rng, n, widths, scale):
    """Gates wired by chance, redrawn until every wire matters and no maximum is a tie. Circuits have no weights to
    scale."""
    count = widths[0]
    d = count // 3
    while True:
        kinds = np.append(rng.permutation(np.resize([0, 1, 2], count - d - 1)), 1)
        before = np.arange(d - 1, count - 1)               # the wire just before, so that all are connected
        early = np.array([g if g < d - 1 else rng.integers(0, wire + (kind != 2))
                          for g, (wire, kind) in enumerate(zip(before, kinds, strict=True))])
        odd = np.arange(count - d) % 2 == 1
        left, right = np.where(odd, early, before), np.where(odd, before, early)
        values = np.append(rng.uniform(0.5, 1.5, size=d) * rng.choice([-1, 1], size=d), np.zeros(count - d))
        for g, (kind, i, j) in enumerate(zip(kinds, left, right, strict=True), d):
            x, y = values[i], values[j]
            values[g] = (x + y, x * y, max(x, y))[kind]
        ties = [k == 2 and abs(values[i] - values[j]) < 1e-3 for k, i, j in zip(kinds, left, right, strict=True)]
        sizes = np.abs(np.append(walk(kinds, left, right, values), values))
        if not any(ties) and sizes.min() > 1e-2 and sizes.max() < 1e2:
            return {"kinds": kinds, "left": left, "right": right, "values": values}


def shares(kind, x, y, up):
    """What one gate hands to its two inputs."""
    return ((up, up), (y * up, x * up), ((x > y) * up, (y > x) * up))[kind]


def walk(kinds, left, right, values, share=shares, start=1.0, order=reversed, collect=lambda old, new: old + new):
    """Back through all gates, with one step replaced."""
    slopes = np.zeros(len(values))
    slopes[-1] = start
    first = len(values) - len(kinds)
    for g in order(range(len(kinds))):
        i, j = left[g], right[g]
        to_i, to_j = share(kinds[g], values[i], values[j], slopes[first + g])
        slopes[i] = collect(slopes[i], to_i)
        slopes[j] = collect(slopes[j], to_j)
    return slopes


@exercise("differences.circuit", points=4, minutes=18, inputs=for_circuit, returns={"slopes": "(d + m,)"},
          shapes=((1, (7,)), (1, (9,)), (1, (11,)), (1, (8,))), cites=("TAYLOR-25", "TAYLOR-26", "TAYLOR-28"),
          praise="You have written automatic differentiation. However the gates are wired, one walk back finds the "
                 "slope at every wire, and visits each gate once.")
def circuit(kinds, left, right, values):
    slopes = np.zeros(len(values))
    slopes[-1] = 1.0
    for g in reversed(range(len(kinds))):
        i, j, up = left[g], right[g], slopes[len(values) - len(kinds) + g]
        x, y = values[i], values[j]
        to_i, to_j = ((up, up), (y * up, x * up), ((x > y) * up, (y > x) * up))[kinds[g]]
        slopes[i] += to_i                                  # a wire may be used again: add
        slopes[j] += to_j
    return slopes


@circuit.misconception(
    "a second use of a wire overwrites the first",
    "What happens in your code when a wire that has a slope already gets another share?",
    "Follow a wire that goes into two gates. Is what came back first still there at the end?")
def overwrites(kinds, left, right, values):
    return walk(kinds, left, right, values, collect=lambda old, new: new)


@circuit.misconception(
    "a second use of a wire is ignored",
    "What happens in your code when a wire that has a slope already gets another share?",
    "Follow a wire that goes into two gates. Does the one that comes later in the walk count too?")
def keeps_the_first(kinds, left, right, values):
    return walk(kinds, left, right, values, collect=lambda old, new: old if old else new)


@circuit.misconception(
    "the gates are visited from the first to the last",
    "When you visit a gate, must the slope at its output be known? Is it, in your order?",
    "Only one slope is known at the beginning. At which end of the circuit?")
def first_to_last(kinds, left, right, values):
    return walk(kinds, left, right, values, order=iter)


@circuit.misconception(
    "the first gate is never visited",
    "Gates are numbered from 0. At which number does your loop end?",
    "A range that counts down stops before its end is reached. Which gate does yours visit last?")
def first_gate_forgotten(kinds, left, right, values):
    return walk(kinds, left, right, values, order=lambda gates: reversed(gates[1:]))


@circuit.misconception(
    "the walk begins with the value of the last wire, not with its slope",
    "How much does the last wire move when the last wire moves by 1?",
    "On ECE884's slide f is −12. Which number stands under it, on the way back?")
def begins_with_value(kinds, left, right, values):
    return walk(kinds, left, right, values, start=values[-1])


@circuit.misconception(
    "the gate's own slope is handed on without what came in",
    "Downstream is local times upstream. Where does the slope at the gate's output enter?",
    "Is your share for an input the same, whatever the slope at the output is?")
def circuit_local_only(kinds, left, right, values):
    return walk(kinds, left, right, values, share=lambda kind, x, y, up: shares(kind, x, y, 1.0))


@circuit.misconception(
    "a multiply gate hands each input its own value",
    "In the product x y, what is left when you take the slope in x?",
    "Multiply swaps. Whose value belongs on the left wire?")
def circuit_not_swapped(kinds, left, right, values):
    return walk(kinds, left, right, values, share=lambda kind, x, y, up:
                (x * up, y * up) if kind == 1 else shares(kind, x, y, up))


@circuit.misconception(
    "an add gate shares the slope out between its inputs",
    "Nudge one input of a sum by 1: by how much does the sum move?",
    "Does one input react less because there is another?")
def circuit_add_shares(kinds, left, right, values):
    return walk(kinds, left, right, values, share=lambda kind, x, y, up:
                (up / 2, up / 2) if kind == 0 else shares(kind, x, y, up))


@circuit.misconception(
    "a max gate hands the slope to both inputs",
    "Nudge the smaller input a little. Does the maximum move?",
    "A max gate is a switch. How many of its inputs are connected at one time?")
def circuit_max_to_both(kinds, left, right, values):
    return walk(kinds, left, right, values, share=lambda kind, x, y, up: shares(kind % 2, x, y, up))


@circuit.misconception(
    "a max gate hands the slope to the smaller input",
    "Which of its two inputs does a max gate let through?",
    "Take 2 and 10. Nudge the 10: does the maximum move? Nudge the 2: does it?")
def circuit_max_to_smaller(kinds, left, right, values):
    return walk(kinds, left, right, values, share=lambda kind, x, y, up: shares(kind, -x, -y, up)
                if kind == 2 else shares(kind, x, y, up))


@circuit.misconception(
    "only the left input of a gate gets its share",
    "How many wires enter a gate? How many shares do you hand out?",
    "Nudge the wire on the right of a gate. Does the gate's output move?")
def left_only(kinds, left, right, values):
    return walk(kinds, left, right, values, share=lambda kind, x, y, up: (shares(kind, x, y, up)[0], 0.0))
