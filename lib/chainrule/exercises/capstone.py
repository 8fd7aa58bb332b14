"""A reverse-mode engine, built piece by piece, and two small classifiers that are trained with it.

Seven exercises as data. A graph is plain data: the names of its operations, and for each node the numbers of its
parents, of which each is smaller than the node's own. Engine and graph are Goodfellow's two listings, TAYLOR-27 and
TAYLOR-28. The two trainings are judged by what the trained weights do on points that were held back.
"""
import itertools

import numpy as np

from chainrule.exercises import Unfit, exercise

GRAPHS = ((1, (4,)), (1, (3,)), (1, (5,)))        # a graph of so many inputs
NETWORKS = ((3, (4, 5, 2)), (4, (3, 3, 3)), (6, (5, 2)))          # the last is no network, see `no_network`
NONE = -1                                         # stands in `parents` where there is no parent


# ---- graphs of numbers -----------------------------------------------------------------------------------

def some_graph(rng, inputs, scale):
    """ops, parents and inputs x: every operation, forks, a node used twice by one other, relu on both its sides."""
    ops, parents = ["input"] * inputs, [(NONE, NONE)] * inputs

    def node(op, *by):
        ops.append(op)
        parents.append((*by, NONE)[:2])
        return len(ops) - 1

    a, b, c, *others = map(int, rng.permutation(inputs))
    product = node("mul", a, b)
    bent = node("tanh", product)
    dead = node("relu", c)
    total = node("add", bent, b)                  # b has two children
    square = node("mul", total, total)            # one child, twice
    grown = node("exp", product)                  # so has the product
    alive = node("relu", grown)
    for other in others:
        alive = node(str(rng.choice(["add", "mul"])), alive, other)
    node("mul", node("add", square, dead), node("add", alive, bent))
    x = scale * rng.uniform(0.5, 1.5, size=inputs) * rng.choice([-1, 1], size=inputs)
    x[c] = -abs(x[c])
    return ops, np.array(parents), x


OPERATIONS = {"add": lambda a, b: a + b, "mul": lambda a, b: a * b, "tanh": lambda a, b: np.tanh(a),
              "exp": lambda a, b: np.exp(a), "relu": lambda a, b: max(a, 0.0)}
LOCAL = {"input": lambda u, a, b: (0.0, 0.0), "add": lambda u, a, b: (1.0, 1.0), "mul": lambda u, a, b: (b, a),
         "tanh": lambda u, a, b: (1 - u**2, 0.0), "exp": lambda u, a, b: (u, 0.0),
         "relu": lambda u, a, b: (float(a > 0), 0.0)}


def values_with(ops, parents, x, operations=None, at=lambda i, p: p):
    """The values of all nodes, with some operations done otherwise, or parents looked up elsewhere."""
    table, u = {**OPERATIONS, **(operations or {})}, []
    for i, op in enumerate(ops):
        u.append(x[i] if op == "input" else table[op](*(u[at(i, p)] for p in parents[i])))
    return np.array(u)


def slopes_with(ops, parents, values, **otherwise):
    """The local slopes of all nodes, with some gates done otherwise."""
    table = {**LOCAL, **otherwise}
    return np.array([table[op](u, *(values[p] for p in by))
                     for op, by, u in zip(ops, parents, values, strict=True)])


# ---- 1 · forward -----------------------------------------------------------------------------------------

def for_forward(rng, n, widths, scale):
    ops, parents, x = some_graph(rng, widths[0], scale)
    return {"ops": ops, "parents": parents, "x": x}


@exercise("capstone.forward", points=4, minutes=15, inputs=for_forward, shapes=GRAPHS,
          returns={"values": "(n,), one for each node"}, cites=("TAYLOR-24", "TAYLOR-27"),
          praise="Yes. A graph is only a list in the right order: when a node has its turn, its parents have their "
                 "values. Each value is computed once and kept, however many children ask for it.")
def forward(ops, parents, x):
    values = list(x)
    for op, (a, b) in list(zip(ops, parents, strict=True))[len(x):]:
        values.append(OPERATIONS[op](values[a], values[b]))
    return np.array(values)


@forward.misconception(
    "a node takes the two values computed just before it, not its parents'",
    "Where does it say which nodes a node is made from? Are these always its neighbours in the list?",
    "In a chain the parent is the node before. Which table tells you for a graph that forks?")
def neighbours(ops, parents, x):
    return values_with(ops, parents, x, at=lambda i, p: i - 1 if p == parents[i][0] else i - 2)


@forward.misconception(
    "parents are counted from 1, and Python counts from 0",
    "Which value does parent number 0 mean: the first one, or the one before it?",
    "Do you take 1 off the parents' numbers? What does Python make of place −1?")
def from_one(ops, parents, x):
    return values_with(ops, parents, x, at=lambda i, p: p - 1)


@forward.misconception(
    "a parent that is named twice counts once",
    "A node multiplies another one by itself. How many factors has its product?",
    "Do you collect parents in a set? What becomes of {3, 3}?")
def as_a_set(ops, parents, x):
    u = list(x)
    for op, (a, b) in list(zip(ops, parents, strict=True))[len(x):]:
        u.append(u[a] if a == b else OPERATIONS[op](u[a], u[b]))
    return np.array(u)


@forward.misconception(
    "only the computed nodes are there, the inputs are missing",
    "Is an input a node? How long should your list be?",
    "Before the first operation is done, which values are known already, and are they in your list?")
def without_inputs(ops, parents, x):
    return values_with(ops, parents, x)[len(x):]


@forward.misconception(
    "only the last value is handed back",
    "Which values does the walk back need: the last, or all?",
    "How many nodes has the graph, and how many numbers do you return?")
def last_alone(ops, parents, x):
    return values_with(ops, parents, x)[-1]


@forward.misconception(
    "relu lets numbers below 0 through",
    "What comes out of relu when −2 goes in?",
    "relu has two branches. Which one do your numbers below 0 take?")
def relu_open(ops, parents, x):
    return values_with(ops, parents, x, {"relu": lambda a, b: a})


@forward.misconception(
    "relu makes the size of a number instead of cutting at 0",
    "Is |−2| the same as what relu makes of −2?",
    "Draw both, |z| and relu. On which side of 0 do they part?")
def relu_size(ops, parents, x):
    return values_with(ops, parents, x, {"relu": lambda a, b: abs(a)})


@forward.misconception(
    "relu keeps what is below 0 and cuts what is above",
    "Which of two numbers does relu choose: the larger one, or the smaller one?",
    "What comes out of your relu when 5 goes in?")
def relu_turned(ops, parents, x):
    return values_with(ops, parents, x, {"relu": lambda a, b: min(a, 0.0)})


@forward.misconception(
    "the sigmoid stands where tanh should",
    "What is tanh of 0, and what does your node give there?",
    "One of the two lies between −1 and 1, the other between 0 and 1. Which did the contract name?")
def sigmoid_for_tanh(ops, parents, x):
    return values_with(ops, parents, x, {"tanh": lambda a, b: 1 / (1 + np.exp(-a))})


@forward.misconception(
    "every node with two parents adds them",
    "There are two operations with two parents. What do you do with the other one?",
    "What does your function make of 3 and 4 at a node called mul?")
def always_adds(ops, parents, x):
    return values_with(ops, parents, x, {"mul": lambda a, b: a + b})


# ---- 2 · local slopes ------------------------------------------------------------------------------------

def for_local(rng, n, widths, scale):
    ops, parents, x = some_graph(rng, widths[0], scale)
    values = values_with(ops, parents, x)
    return {"ops": ops, "parents": parents, "values": values}


@exercise("capstone.local", points=4, minutes=15, inputs=for_local, shapes=GRAPHS,
          returns={"local": "(n, 2), a place for each parent"},
          cites=("TAYLOR-26", "ECE884-17", "ECE884-25", "ECE884-26"),
          praise="Right. Five little slopes, each found by looking at one gate and at nothing else: that is all an "
                 "autodiff library has to know about calculus.")
def local(ops, parents, values):
    found = np.zeros((len(ops), 2))
    for i, (op, (a, b)) in enumerate(zip(ops, parents, strict=True)):
        found[i] = LOCAL[op](values[i], values[a], values[b])
    return found


@local.misconception(
    "at mul each factor got its own value as its slope",
    "z = a b. When a moves by one, by how much does z move: by a, or by b?",
    "Take 3 times 5 and turn the 3 into a 4. By how much did the product grow?")
def own_factor(ops, parents, values):
    return slopes_with(ops, parents, values, mul=lambda u, a, b: (a, b))


@local.misconception(
    "at mul the product itself stands for both slopes",
    "Does your number say how large the product is, or how it reacts?",
    "Take 3 times 5 and turn the 3 into a 4. Did the product grow by 15?")
def product_itself(ops, parents, values):
    return slopes_with(ops, parents, values, mul=lambda u, a, b: (u, u))


@local.misconception(
    "where one node is both factors, the two places are merged into the first",
    "Each place of a node has a slope of its own. What happens later to what both places send?",
    "Who adds up what comes over several roads: the gate, or the walk back? Would it be added twice?")
def merged(ops, parents, values):
    found = local.answer(ops, parents, values)
    for i, (a, b) in enumerate(parents):
        if a == b and ops[i] == "mul":
            found[i] = 2 * values[a], 0
    return found


@local.misconception(
    "at tanh the slope is computed from the parent's value as if it were the node's own",
    "The short formula of this slope has the value of tanh in it. Which node holds that value?",
    "What do you square: what went into tanh, or what came out?")
def square_of_input(ops, parents, values):
    return slopes_with(ops, parents, values, tanh=lambda u, a, b: (1 - a**2, 0.0))


@local.misconception(
    "at tanh the function is applied once more to its own value",
    "The node's value already is a tanh. What do you do to it once more?",
    "How many times does tanh stand in your formula, counting the one in the node's value?")
def tanh_twice(ops, parents, values):
    return slopes_with(ops, parents, values, tanh=lambda u, a, b: (1 - np.tanh(u) ** 2, 0.0))


@local.misconception(
    "at tanh stands the slope of the sigmoid",
    "How steep is tanh at 0: 1, or a quarter?",
    "Two bent functions, two formulas for their slopes. Which one did you write?")
def sigmoids_slope(ops, parents, values):
    return slopes_with(ops, parents, values, tanh=lambda u, a, b: (u * (1 - u), 0.0))


@local.misconception(
    "at exp the function is applied once more to its own value",
    "The node's value already is e to the something. What do you do to it once more?",
    "What is the slope of exp in terms of exp's own value?")
def exp_twice(ops, parents, values):
    return slopes_with(ops, parents, values, exp=lambda u, a, b: (np.exp(u), 0.0))


@local.misconception(
    "at exp stands the rule for powers",
    "Which of the two moves here, the base or the exponent?",
    "At an input of 0, how steep is exp? And what does your formula say?")
def as_a_power(ops, parents, values):
    return slopes_with(ops, parents, values, exp=lambda u, a, b: (a * u, 0.0))


@local.misconception(
    "at relu the slope is 1 on both sides",
    "What does relu do with −3 and with −4? How steep is it between them?",
    "Which side of 0 was the parent on? Where do you ask?")
def relu_always(ops, parents, values):
    return slopes_with(ops, parents, values, relu=lambda u, a, b: (1.0, 0.0))


@local.misconception(
    "at relu the value stands where its slope belongs",
    "Above 0 relu is a straight line. Is it steeper further out?",
    "Between 7 and 8 relu grows by how much?")
def relu_value(ops, parents, values):
    return slopes_with(ops, parents, values, relu=lambda u, a, b: (u, 0.0))


@local.misconception(
    "at add the slope is shared out, a half to each",
    "a + b: when a moves by one, does the total move by a half?",
    "Add 3 and 5, then turn the 3 into a 4. By how much did the total grow?")
def shared_out(ops, parents, values):
    return slopes_with(ops, parents, values, add=lambda u, a, b: (0.5, 0.5))


@local.misconception(
    "at add stand the other parent's values, as at mul",
    "Does it matter to the growth of a + b how large b is?",
    "Add 3 and 5, then turn the 3 into a 4. Did the total grow by 5?")
def add_like_mul(ops, parents, values):
    return slopes_with(ops, parents, values, add=lambda u, a, b: (b, a))


# ---- 3 · backward ----------------------------------------------------------------------------------------

def for_backward(rng, n, widths, scale):
    given = for_local(rng, n, widths, scale)
    return {"parents": given["parents"], "local": local.answer(**given)}


def walk(parents, local, send=lambda g, s: g * s, arrive=lambda old, new: old + new, start=0.0, places=(0, 1)):
    """The slopes of all nodes, with what is sent and what becomes of it done otherwise."""
    grad = np.full(len(parents), start)
    grad[-1] = 1.0
    for i in reversed(range(len(parents))):
        for place in places:
            j = parents[i][place]
            if j >= 0:
                grad[j] = arrive(grad[j], send(grad[i], local[i][place]))
    return grad


@exercise("capstone.backward", points=4, minutes=15, inputs=for_backward, shapes=GRAPHS,
          returns={"grad": "(n,), one for each node"}, cites=("TAYLOR-25", "TAYLOR-26", "TAYLOR-28"),
          praise="That is back-propagation, all of it: one walk from the end, each edge visited once, and what meets at "
                 "a node is added. It never knew what the operations were.")
def backward(parents, local):
    grad = np.zeros(len(parents))
    grad[-1] = 1.0
    for i in reversed(range(len(parents))):
        for parent, slope in zip(parents[i], local[i], strict=True):
            if parent >= 0:
                grad[parent] += grad[i] * slope
    return grad


@backward.misconception(
    "what arrives later overwrites what arrived before",
    "A node has two children. What becomes of what the first one sent?",
    "Does your line put a number into the table, or add to what is there?")
def overwritten(parents, local):
    return walk(parents, local, arrive=lambda old, new: new)


@backward.misconception(
    "only what arrives first counts",
    "A node has two children. Do you use what the second one sends?",
    "Do you skip nodes that have a slope already? Is that slope complete?")
def first_counts(parents, local):
    return walk(parents, local, arrive=lambda old, new: old if old else new)


@backward.misconception(
    "what arrives from several children is averaged",
    "If x moves, both its children react. Does the end feel half of each, or all of both?",
    "Take x + x. What is its slope, and what do you get?")
def averaged(parents, local):
    used, grad = np.zeros(len(parents)), np.zeros(len(parents))
    grad[-1] = 1.0
    for i in reversed(range(len(parents))):
        grad[i] /= max(used[i], 1)
        for j, slope in zip(parents[i], local[i], strict=True):
            if j >= 0:
                grad[j] += grad[i] * slope
                used[j] += 1
    return grad


@backward.misconception(
    "the walk goes from the inputs to the end",
    "When a node hands its slope on, must its own be complete? Who completes it?",
    "Which node's slope do you know before the walk begins? Start there.")
def from_the_inputs(parents, local):
    grad = np.zeros(len(parents))
    grad[-1] = 1.0
    for i in range(len(parents)):
        for j, slope in zip(parents[i], local[i], strict=True):
            if j >= 0:
                grad[j] += grad[i] * slope
    return grad


@backward.misconception(
    "local slopes arrive alone, without the slope of the node that sends them",
    "How far from the end is this edge? Where does the rest of the road enter?",
    "Downstream is local times upstream. Which of the two is missing?")
def local_alone(parents, local):
    return walk(parents, local, send=lambda g, s: s)


@backward.misconception(
    "the slope is handed on unchanged, without the local one",
    "What does the gate itself do to a slope that passes through it?",
    "Downstream is local times upstream. Which of the two is missing?" " Look at a gate that multiplies.")
def upstream_alone(parents, local):
    return walk(parents, local, send=lambda g, s: g)


@backward.misconception(
    "along an edge slopes are added instead of multiplied",
    "A gear that doubles, then one that triples: how much faster is the end, 5 times or 6 times?",
    "Roads are added, links of one road are something else. What do you do along one road?")
def added_along(parents, local):
    return walk(parents, local, send=lambda g, s: g + s)


@backward.misconception(
    "every place of the table begins with 1",
    "Which node has the slope 1 from the start, and which have none yet?",
    "If nothing arrives at a node, what should its slope be? What stands in your table?")
def ones_at_first(parents, local):
    return walk(parents, local, start=1.0)


@backward.misconception(
    "the second parent gets nothing",
    "How many parents has a product? How many of them hear from you?",
    "How many columns has the table of parents, and how many do you read?")
def first_parent(parents, local):
    return walk(parents, local, places=(0,))


@backward.misconception(
    "both parents get the local slope of the first",
    "The two places of a node have slopes of their own. Which one goes to the second parent?",
    "Which column of the local slopes belongs to which column of the parents?")
def first_slope(parents, local):
    return walk(parents, np.column_stack([local[:, 0], local[:, 0]]))


@backward.misconception(
    "a parent that is named twice is served once",
    "A node is multiplied by itself. Over how many roads does it reach the product?",
    "What is the slope of x² at 3, and what do you get for x times x?")
def served_once(parents, local):
    once = local.copy()
    once[parents[:, 0] == parents[:, 1], 1] = 0
    return walk(parents, once)


# ---- 4 · the same with matrices --------------------------------------------------------------------------

def for_carry(rng, n, widths, scale):
    d, k = widths[0], widths[-1]
    return {"X": rng.normal(size=(n, d)), "W": scale * rng.normal(size=(d, k)),
            "H": np.tanh(rng.normal(size=(n, k))), "Z": rng.normal(size=(n, k)), "G": rng.normal(size=(n, k))}


@exercise("capstone.carry", points=5, minutes=15, inputs=for_carry,
          returns={"dX": "(n, d)", "dW": "(d, k)", "db": "(k,)", "dT": "(n, k)", "dR": "(n, k)"},
          cites=("TAYLOR-43", "ECE417-35", "ECE417-42", "LFD-15"),
          praise="Right, five vector-Jacobian products. None of them wrote a Jacobian down, and each has the "
                 "shape of what it answers for.")
def carry(X, W, H, Z, G):
    return G @ W.T, X.T @ G, G.sum(axis=0), G * (1 - H**2), G * (Z > 0)


def carried(X, W, H, Z, G, **otherwise):
    """The five results, some of them otherwise."""
    right = dict(zip(carry.returns, carry.answer(X, W, H, Z, G), strict=True))
    return tuple({**right, **otherwise}.values())


@carry.misconception(
    "it is averaged over the examples",
    "One bias serves all examples. Do their wishes add up, or is their mean taken? Who divides by n?",
    "Is there an n in Z = X W + b? Then who could have put one into its slopes?")
def bias_mean(X, W, H, Z, G):
    return carried(X, W, H, Z, G, db=G.mean(axis=0))


@carry.misconception(
    "every example keeps a bias of its own",
    "How many biases are there: one for each unit, or one for each unit and example?",
    "A bias was repeated for every row on the way forward. What is done on the way back?")
def bias_rows(X, W, H, Z, G):
    return carried(X, W, H, Z, G, db=G.copy())


@carry.misconception(
    "units were added up instead of examples",
    "Is there one bias for each unit, or one for each example?",
    "Along which axis do examples lie, and which axis should be left?")
def bias_units(X, W, H, Z, G):
    return carried(X, W, H, Z, G, db=G.sum(axis=1))


@carry.misconception(
    "it is divided by the number of examples",
    "Is there an n in the product X W? Who divides by n, the product or the loss?",
    "Hand in the same examples twice. Should the slope of a weight at this gate stay as it was?")
def weights_mean(X, W, H, Z, G):
    return carried(X, W, H, Z, G, dW=X.T @ G / len(X))


@carry.misconception(
    "signs were taken instead of the inputs themselves",
    "A weight on a large input and one on a small input: which moves Z more?",
    "Does doubling an input double the slope of its weights? Does it in your formula?")
def signs_of_inputs(X, W, H, Z, G):
    return carried(X, W, H, Z, G, dW=np.sign(X).T @ G)


@carry.misconception(
    "each unit sends back the sum of its weights' sizes, without their signs",
    "A weight below 0 turns a wish around. Does it in your formula?",
    "Which weights carry the slope back: those of the way forward, or their sizes?")
def sizes_of_weights(X, W, H, Z, G):
    return carried(X, W, H, Z, G, dX=G @ np.abs(W).T)


@carry.misconception(
    "the slope of tanh stands alone, without what arrives",
    "What arrives at this gate from above, and where is it in your formula?",
    "If nothing arrives, what should be sent on? What does your formula send?")
def slope_alone(X, W, H, Z, G):
    return carried(X, W, H, Z, G, dT=1 - H**2)


@carry.misconception(
    "the square is missing in the slope of tanh",
    "At a value of −1 tanh is flat. What does your slope say there?",
    "Is tanh as steep at −0.5 as at 0.5? Does your formula think so?")
def no_square(X, W, H, Z, G):
    return carried(X, W, H, Z, G, dT=G * (1 - H))


@carry.misconception(
    "tanh is applied once more to its own value",
    "H already is a tanh. What do you do to it once more?",
    "How many times does tanh stand in your formula, counting the one in H?")
def tanh_of_tanh(X, W, H, Z, G):
    return carried(X, W, H, Z, G, dT=G * (1 - np.tanh(H) ** 2))


@carry.misconception(
    "relu's gate asks the slope that arrives, not what went in",
    "On what does it depend whether relu is open: on Z, or on what comes back?",
    "Can a slope below 0 pass an open relu? Does it pass yours?")
def gate_by_slope(X, W, H, Z, G):
    return carried(X, W, H, Z, G, dR=np.maximum(G, 0))


@carry.misconception(
    "the value of relu stands where its slope belongs",
    "Above 0 relu is a straight line. Is it steeper further out?",
    "What do you multiply by: what relu gives, or how it reacts?")
def value_of_relu(X, W, H, Z, G):
    return carried(X, W, H, Z, G, dR=G * np.maximum(Z, 0))


@carry.misconception(
    "relu lets everything back through",
    "A unit below 0 gave 0 and would give 0 if Z moved a little. What does it send back?",
    "Where does your formula look at Z?")
def relu_passes(X, W, H, Z, G):
    return carried(X, W, H, Z, G, dR=G.copy())


# ---- 5 · the engine --------------------------------------------------------------------------------------

def log_softmax(Z):
    Z = Z - Z.max(axis=1, keepdims=True)
    return Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))


def softmax(Z):
    return np.exp(log_softmax(Z))


FORWARD = {"matmul": lambda a, b: a @ b, "bias": lambda a, b: a + b, "add": lambda a, b: a + b,
           "tanh": lambda a, b: np.tanh(a), "relu": lambda a, b: np.maximum(a, 0),
           "loss": lambda a, b: -np.sum(b * log_softmax(a)) / len(a)}
BACK = {"matmul": lambda g, u, a, b: (g @ b.T, a.T @ g), "bias": lambda g, u, a, b: (g, g.sum(axis=0)),
        "add": lambda g, u, a, b: (g, g), "tanh": lambda g, u, a, b: (g * (1 - u**2),),
        "relu": lambda g, u, a, b: (g * (a > 0),),
        "loss": lambda g, u, a, b: (g * (softmax(a) - b) / len(a), -g * log_softmax(a) / len(a))}


def for_engine(rng, n, widths, scale):
    """A network for widths d, m, k; for widths d, k a graph that is none."""
    T = np.eye(widths[-1])[rng.integers(widths[-1], size=n)]
    return a_network(rng, n, widths, scale, T) if len(widths) == 3 else no_network(rng, n, widths, scale, T)


def a_network(rng, n, widths, scale, T):
    """One hidden layer, and a side road from it, through relu, to the output."""
    d, m, k = widths
    leaves = [rng.normal(size=(n, d)), T, scale * rng.normal(size=(d, m)), scale * rng.normal(size=m),
              scale * rng.normal(size=(m, k)), scale * rng.normal(size=k), scale * rng.normal(size=(m, k))]
    return graph(leaves, ("matmul", 0, 2), ("bias", 7, 3), ("tanh", 8), ("matmul", 9, 4), ("bias", 10, 5), ("relu", 9),
                 ("matmul", 12, 6), ("add", 11, 13), ("loss", 14, 1))


def no_network(rng, n, widths, scale, T):
    """One bias for two nodes, a node added to itself, a leaf in front of relu, two leaves that get one slope."""
    d, k = widths
    leaves = [rng.normal(size=(n, d)), T, scale * rng.normal(size=(d, k)), scale * rng.normal(size=k),
              rng.normal(size=(n, k)), rng.normal(size=(n, k))]
    return graph(leaves, ("relu", 4), ("add", 4, 5), ("matmul", 0, 2), ("bias", 8, 3), ("add", 9, 9), ("tanh", 10),
                 ("add", 11, 6), ("add", 12, 7), ("bias", 13, 3), ("loss", 14, 1))


def graph(leaves, *nodes):
    """ops, parents and leaves, of nodes given as (operation, parent, perhaps another)."""
    parents = [(NONE, NONE)] * len(leaves) + [(*by, NONE)[:2] for _, *by in nodes]
    return {"ops": ["leaf"] * len(leaves) + [op for op, *_ in nodes], "parents": np.array(parents), "leaves": leaves}


def engine_with(ops, parents, leaves, forward=None, back=None, add=lambda old, new: old + new):
    """Values and slopes of all nodes, with some operations done otherwise."""
    forward, back, u = {**FORWARD, **(forward or {})}, {**BACK, **(back or {})}, list(leaves)
    for op, (a, b) in list(zip(ops, parents, strict=True))[len(leaves):]:
        u.append(forward[op](u[a], u[b]))
    grad = [None] * len(u)
    grad[-1] = 1.0
    for i in reversed(range(len(leaves), len(u))):
        a, b = parents[i]
        for j, sent in zip((a, b), back[ops[i]](grad[i], u[i], u[a], u[b]), strict=False):
            grad[j] = sent if grad[j] is None else add(grad[j], sent)
    return u, grad


def told(ops, leaves, u, grad):
    """What the exercise asks for."""
    return u[-1], grad[:len(leaves)], [g for op, g in zip(ops, grad, strict=True) if op == "bias"]


@exercise("capstone.engine", points=8, minutes=35, inputs=for_engine, shapes=NETWORKS,
          returns={"loss": "a number", "slopes": "one for each leaf, in its shape",
                   "deltas": "(n, d_out), one for each node called bias"},
          cites=("TAYLOR-27", "TAYLOR-28", "TAYLOR-40", "TAYLOR-43"),
          praise="You have an autodiff engine. It knows six gates and one loop, and what it leaves at the "
                 "pre-activations is δ, to the last digits: the recursion of this course was such a walk all along.")
def engine(ops, parents, leaves):
    return told(ops, leaves, *engine_with(ops, parents, leaves))


@engine.misconception(
    "what arrives later overwrites what arrived before",
    "The hidden layer has two children. What becomes of what the first of them sent?",
    "Does your line put an array into the table, or add to what is there?")
def engine_overwrites(ops, parents, leaves):
    return told(ops, leaves, *engine_with(ops, parents, leaves, add=lambda old, new: new))


@engine.misconception(
    "only what arrives first counts",
    "The hidden layer has two children. Do you use what the second of them sends?",
    "Do you skip nodes that have a slope already? Is that slope complete?")
def engine_first(ops, parents, leaves):
    return told(ops, leaves, *engine_with(ops, parents, leaves, add=lambda old, new: old))


@engine.misconception(
    "the slope of the loss is not divided by the number of examples",
    "The loss is a mean over examples. Where is that n in its slope?",
    "Who divides by n in this course, and who does it in your walk back?")
def slope_without_n(ops, parents, leaves):
    return told(ops, leaves, *engine_with(ops, parents, leaves, back={
        "loss": lambda g, u, a, b: (g * (softmax(a) - b), -g * log_softmax(a))}))


@engine.misconception(
    "the loss is added up over the examples, and only its slope is divided",
    "The loss is a mean over examples. By what do you divide the sum?",
    "Show the engine the same examples twice. Does your loss stay as it was?")
def loss_added_up(ops, parents, leaves):
    return told(ops, leaves, *engine_with(ops, parents, leaves, {
        "loss": lambda a, b: -np.sum(b * log_softmax(a))}))


@engine.misconception(
    "its sign is the wrong way round: a logarithm of a probability is below 0",
    "What turns the logarithm of a probability into a loss above 0?",
    "Is a loss of −0.7 better or worse than one of −0.1? What should your loss do when the network improves?")
def loss_negative(ops, parents, leaves):
    return told(ops, leaves, *engine_with(ops, parents, leaves, {
        "loss": lambda a, b: np.sum(b * log_softmax(a)) / len(a)}))


@engine.misconception(
    "softmax makes its sum over the whole batch, not row by row",
    "To what do the probabilities of one example add up? And yours?",
    "Along which axis do classes lie? Do you keep that axis when you divide?")
def batch_softmax(ops, parents, leaves):
    def log_p(a):
        return a - np.log(np.sum(np.exp(a)))
    return told(ops, leaves, *engine_with(ops, parents, leaves, {
        "loss": lambda a, b: -np.sum(b * log_p(a)) / len(a)}, {
        "loss": lambda g, u, a, b: (g * (np.exp(log_p(a)) - b) / len(a), -g * log_p(a) / len(a))}))


@engine.misconception(
    "the slope at the output carries the slope of a sigmoid besides",
    "Softmax and the logarithm were derived together. What became of the slope of softmax in the result?",
    "Where p is 1 and the target is 0 the miss is largest. How large is what your gate sends back there?")
def slope_twice(ops, parents, leaves):
    return told(ops, leaves, *engine_with(ops, parents, leaves, back={"loss": lambda g, u, a, b: (
        g * (softmax(a) - b) * softmax(a) * (1 - softmax(a)) / len(a), -g * log_softmax(a) / len(a))}))


@engine.misconception(
    "the targets get the slope of the predictions, turned round",
    "The loss is a sum of products with the targets. What stands beside a target in its product?",
    "If a target grows by one, by how much does the loss grow? Does the miss come in at all?")
def target_like_prediction(ops, parents, leaves):
    return told(ops, leaves, *engine_with(ops, parents, leaves, back={
        "loss": lambda g, u, a, b: (g * (softmax(a) - b) / len(a), g * (b - softmax(a)) / len(a))}))


@engine.misconception(
    "tanh hands its slope on unchanged",
    "A unit at 0.99 hardly reacts any more. Does it in your walk back?",
    "What does the tanh gate do to what arrives?")
def tanh_open(ops, parents, leaves):
    return told(ops, leaves, *engine_with(ops, parents, leaves, back={"tanh": lambda g, u, a, b: (g,)}))


@engine.misconception(
    "the slope of tanh is computed from what went in",
    "The short formula of this slope has the value of tanh in it. Which node holds that value?",
    "What do you square: what went into tanh, or what came out?")
def tanh_from_input(ops, parents, leaves):
    return told(ops, leaves, *engine_with(ops, parents, leaves, back={"tanh": lambda g, u, a, b: (g * (1 - a**2),)}))


@engine.misconception(
    "relu lets everything back through",
    "A unit below 0 gave 0 and would give 0 if it moved a little. What does it send back?",
    "On which values does the relu gate look, forward and back?")
def engine_relu_open(ops, parents, leaves):
    return told(ops, leaves, *engine_with(ops, parents, leaves, back={"relu": lambda g, u, a, b: (g,)}))


@engine.misconception(
    "biases are averaged over the examples",
    "One bias serves all examples. Do their wishes add up, or is their mean taken?",
    "Who divides by n: the bias gate, or the loss, which has done it already?")
def engine_bias_mean(ops, parents, leaves):
    return told(ops, leaves, *engine_with(ops, parents, leaves, back={
        "bias": lambda g, u, a, b: (g, g.mean(axis=0))}))


@engine.misconception(
    "at add each parent gets a half",
    "When one of two terms grows by one, does the total grow by a half?",
    "Two roads meet at this gate. What does it do to a slope on its way back?")
def engine_add_half(ops, parents, leaves):
    return told(ops, leaves, *engine_with(ops, parents, leaves, back={"add": lambda g, u, a, b: (g / 2, g / 2)}))


@engine.misconception(
    "these are the slopes after the activation, not before it",
    "δ belongs to Z. Which nodes hold Z, and which hold H?",
    "In front of tanh or behind it: where did you read your deltas off?")
def after_activation(ops, parents, leaves):
    u, grad = engine_with(ops, parents, leaves)
    loss, slopes, deltas = told(ops, leaves, u, grad)
    return loss, slopes, [grad[ops.index("tanh")], *deltas[1:]]


# ---- 6 and 7 · two classifiers, judged by what they do ---------------------------------------------------

EACH = "each 1 if so, else 0"
FOUND = {"given": "loss below a sixth of guessing's, not nearly all in wrong classes, more than one class named, loss not far "
                  f"above guessing's, hidden units differ, hidden biases moved: {EACH} (0.5: all but they moved)",
         "fresh": f"given learnt, 85 % of the points held back right: {EACH}",
         "again": f"given learnt, the same weights from the same seed: {EACH}",
         "untouched": f"given learnt, X and labels as before: {EACH}"}


def two_moons(rng, n):
    """n points on two crescents, turn by turn, that no straight line parts."""
    t, labels = rng.uniform(0, np.pi, size=n), np.arange(n) // 2 % 2
    upper, lower = np.column_stack([np.cos(t), np.sin(t)]), np.column_stack([1 - np.cos(t), 0.6 - np.sin(t)])
    return np.where(labels[:, None] == 0, upper, lower) + 0.08 * rng.normal(size=(n, 2)), labels


SEGMENTS = {"a": (0, slice(1, 4)), "b": (slice(1, 3), 4), "c": (slice(4, 6), 4), "d": (6, slice(1, 4)),
            "e": (slice(4, 6), 0), "f": (slice(1, 3), 0), "g": (3, slice(1, 4))}
DIGITS = ("abcdef", "bc", "abged", "abgcd", "fgbc")             # 0 to 4, as on a pocket calculator


def drawn_digits(rng, n):
    """n pictures of 0 … 4, 7 by 5, moved by up to one place in 7 by 6, with noise; a row of 42 numbers for each."""
    labels, pictures = np.arange(n) // 2 % len(DIGITS), np.zeros((n, 7, 6))
    for picture, label in zip(pictures, labels, strict=True):
        moved = int(rng.integers(2))
        for s in DIGITS[label]:
            picture[:, moved:moved + 5][SEGMENTS[s]] = 1
    return pictures.reshape(n, -1) + 0.2 * rng.normal(size=(n, 42)), labels


def descent(X, labels, seed, rate=2.0, hidden=12, start=None, turn=1.0, targets=None, frozen=False):
    """A small network with one hidden layer of tanh: W1, b1, W2, b2 at the start, and after each step on all points.

    Two outputs and more, through softmax, with the cross entropy; its slope at the output is p − t, over n.
    """
    rng, T = np.random.default_rng(seed), np.eye(labels.max() + 1)[labels]
    T = T if targets is None else targets(T)
    W1, W2 = 0.6 * rng.normal(size=(X.shape[1], hidden)), 0.1 * rng.normal(size=(hidden, T.shape[1]))
    if X.shape[1] > 2:
        W1 /= 3                                   # many inputs: so much smaller, or tanh is flat from the start
    if start is not None:
        W1, W2 = np.full(W1.shape, start), np.full(W2.shape, start)
    b1, b2 = np.zeros(hidden), np.zeros(T.shape[1])
    while True:
        yield W1, b1, W2, b2
        H = np.tanh(X @ W1 + b1)
        delta2 = turn * (softmax(H @ W2 + b2) - T) / len(X)
        delta1 = delta2 @ W2.T * (1 - H**2)
        W2, b2 = W2 - rate * H.T @ delta2, b2 - rate * delta2.sum(axis=0)
        W1, b1 = W1 - rate * X.T @ delta1, b1 if frozen else b1 - rate * delta1.sum(axis=0)


def fitted(X, labels, seed, steps, rate=2.0, **otherwise):
    """The weights after so many steps."""
    return next(itertools.islice(descent(X, labels, seed, rate, **otherwise), steps, None))


def losses_of(weights, X, labels):
    """Each point's loss, and the class that it gets."""
    W1, b1, W2, b2 = weights
    p = softmax(np.tanh(X @ W1 + b1) @ W2 + b2)
    return -np.log(p[np.arange(len(X)), labels] + 1e-300), p.argmax(axis=1)


def jumping(X, labels, seed, rate):
    """Steps that are far too long, ended where the loss has just jumped up."""
    for weights in itertools.islice(descent(X, labels, seed, rate), 5, 1000):
        loss, named = losses_of(weights, X, labels)
        largest = np.bincount(named).max() / len(named)
        if loss.mean() > 2 * np.log(labels.max() + 1) and largest < 0.9 and np.mean(named == labels) > 0.5:
            break
    return weights


def parameters(returned, d, k):
    """The four arrays, or Unfit with a sentence on what does not fit."""
    if not isinstance(returned, (tuple, list)) or len(returned) != 4:
        raise Unfit("The answer is four arrays, in this order: W1, b1, W2, b2.")
    try:
        W1, b1, W2, b2 = (np.asarray(a, float) for a in returned)
    except (TypeError, ValueError):
        raise Unfit("W1, b1, W2 and b2 should be arrays of real numbers.") from None
    if W1.ndim != 2 or len(W1) != d:
        raise Unfit(f"W1 should have {d} rows, one for each input, and a column for each hidden unit; "
                    f"its shape is {W1.shape}.")
    m = W1.shape[1]
    if W2.shape != (m, k):
        raise Unfit(f"W2 should have {m} rows, one for each hidden unit, and {k} columns, one for each class; "
                    f"its shape is {W2.shape}.")
    if b1.size != m or b2.size != k:
        raise Unfit(f"b1 should hold {m} numbers and b2 {k}; they hold {b1.size} and {b2.size}.")
    if not all(np.all(np.isfinite(a)) for a in (W1, b1, W2, b2)):
        raise Unfit("Some weights are NaN or infinite: the training blew up. How large is one step?")
    return W1, b1.reshape(-1), W2, b2.reshape(-1)


def trained(function, X, labels, seed):
    """Train on every second point, twice; look at the weights and at the points that were held back."""
    k, seen, wanted = labels.max() + 1, X[::2].copy(), labels[::2].copy()
    returned = function(seen, wanted, seed)
    if returned is None:
        return None
    untouched = np.array_equal(seen, X[::2]) and np.array_equal(wanted, labels[::2])
    W1, b1, _, _ = first = parameters(returned, X.shape[1], k)
    second = parameters(function(X[::2].copy(), labels[::2].copy(), seed), X.shape[1], k)
    loss, named = losses_of(first, X, labels)
    right, reached, guessing = named == labels, loss[::2].mean(), np.log(k)
    learnt, calm = reached <= guessing / 6, reached <= 1.5 * guessing
    units = W1.shape[1] == 1 or np.abs(W1 - W1[:, :1]).max() > 1e-3 * np.abs(W1).max()       # less is rounding
    moved = 1 if np.any(b1 != 0) else 0.5 if reached < 0.75 * guessing else 0
    again = all(np.allclose(a, b, rtol=1e-4, atol=1e-6) for a, b in zip(first, second, strict=True))
    facts = ((learnt, calm or right[::2].mean() > 0.8 / k, calm or len(set(named[::2])) > 1, calm, units, moved),
             (learnt, learnt and right[1::2].mean() >= 0.85), (learnt, again), (learnt, untouched))
    return tuple(np.array(fact, float) for fact in facts)         # who has learnt nothing earns nothing


def for_moons(rng, n, widths, scale):
    X, labels = two_moons(rng, n)
    return {"X": X, "labels": labels, "seed": rng.integers(1, 1000)}


def for_digits(rng, n, widths, scale):
    X, labels = drawn_digits(rng, n)
    return {"X": X, "labels": labels, "seed": rng.integers(1, 1000)}


@exercise("capstone.moons", points=5, minutes=35, inputs=for_moons, shapes=((200, (2,)),), measure=trained,
          returns=FOUND, cites=("TAYLOR-28", "TAYLOR-40"),
          praise="It parts what no straight line can part, on points that it never saw, and every slope on the way came out of "
                 "code that you wrote yourself.")
def moons(X, labels, seed):
    return fitted(X, labels, seed, 200, rate=4.0)


@moons.misconception(
    "points land in wrong classes with confidence: some sign or order is turned round",
    "Is each step one downhill? Which sign stands before the rate?",
    "Look at the loss after each step. Does it fall? And is column 1 of the targets class 1?")
def moons_uphill(X, labels, seed):
    return fitted(X, labels, seed, 200, rate=0.2, turn=-1.0)


@moons.misconception(
    "all points get one and the same class, with confidence",
    "Which classes do the points have that you learn from? And does the loss fall, or does it jump?",
    "Print the labels you train on, and the loss after each step. What should each look like?")
def moons_one_class(X, labels, seed):
    return fitted(X, labels, seed, 200, rate=4.0, targets=lambda T: np.eye(T.shape[1])[0 * labels])


@moons.misconception(
    "the loss is far above that of guessing, as it is where steps are too long",
    "Print the loss after each step. Does it fall, or does it jump?",
    "What becomes of the loss with steps a tenth as long? How far does one of yours carry a weight?")
def moons_jumping(X, labels, seed):
    return jumping(X, labels, seed, rate=15.0)


@moons.misconception(
    "the hidden biases have never moved, and all else has",
    "Which of the four arrays is the same before and after training?",
    "What is the slope of b1? Does a line of yours take it off b1?")
def moons_frozen(X, labels, seed):
    return fitted(X, labels, seed, 200, rate=1.0, frozen=True)


@moons.misconception(
    "it has not learnt enough yet: too few steps, or steps that are too short",
    "Print the loss from time to time. Was it still falling when you stopped?",
    "Would twice as many steps help, or steps twice as long? Try both.")
def moons_too_short(X, labels, seed):
    return fitted(X, labels, seed, 3, rate=0.01)


@moons.misconception(
    "all is as at the start: the loss is that of guessing, and no hidden bias has moved",
    "Which weights do you return: those from the start, or those after the last step?",
    "Compare what you return with what you began with. What has moved?")
def moons_start_returned(X, labels, seed):
    return fitted(X, labels, seed, 0)


@moons.misconception(
    "all weights began at 0, and so no slope ever reached the hidden layer",
    "If all weights are 0, what do the hidden units say? And what slope reaches W1?",
    "What multiplies the slope on its way from W2 to W1, when W2 is 0?")
def moons_from_zero(X, labels, seed):
    return fitted(X, labels, seed, 200, start=0.0)


@moons.misconception(
    "all hidden units began alike, and so they have stayed alike",
    "If all hidden units begin alike, what could ever make them different?",
    "How many different columns has your W1 at the start, and how many at the end?")
def moons_all_alike(X, labels, seed):
    return fitted(X, labels, seed, 200, start=0.1)


@moons.misconception(
    "two runs with the same seed give different weights",
    "Where does your random generator get its seed from?",
    "What must go into default_rng, so that a run can be repeated?")
def moons_unseeded(X, labels, seed):
    return fitted(X, labels, None, 300, rate=4.0)


@moons.misconception(
    "the arrays that were handed over have changed",
    "Whose array is X? Do you write into it?",
    "Does your code hold a line like X -= something? What could it make instead?")
def moons_written_into(X, labels, seed):
    X -= 5
    return fitted(X + 5, labels, seed, 200, rate=4.0)


@exercise("capstone.digits", points=5, minutes=30, inputs=for_digits, shapes=((200, (42,)),), measure=trained,
          returns=FOUND, cites=("TAYLOR-28", "TAYLOR-40"),
          praise="It reads. The same engine, the same loop, and 42 inputs instead of two: what you built does not "
                 "care what the numbers mean.")
def digits(X, labels, seed):
    return fitted(X, labels, seed, 100, rate=1.0)


@digits.misconception(
    "pictures get wrong digits, with confidence: some sign or order is turned round",
    "Does the loss fall from step to step? And which column of the targets holds the 1 of a picture of a 0?",
    "Are your classes counted from 0 or from 1? Which sign stands before the rate?")
def digits_reordered(X, labels, seed):
    return fitted(X, labels, seed, 100, rate=1.0, targets=lambda T: np.roll(T, 1, axis=1))


@digits.misconception(
    "all points get one and the same class, with confidence",
    "There are five digits. Do you learn from pictures of all of them? And does the loss fall, or does it jump?",
    "Count the rows of your targets that hold a 1 in column 3. Are there any? How long is a step?")
def digits_one_class(X, labels, seed):
    return fitted(X, labels, seed, 100, rate=1.0, targets=lambda T: np.eye(T.shape[1])[0 * labels])


@digits.misconception(
    "the loss is far above that of guessing, as it is where steps are too long",
    "Follow the loss from step to step. Does it ever rise, and by how much?",
    "Forty-two inputs push each hidden unit at once. Is your rate small enough for that?")
def digits_jumping(X, labels, seed):
    return jumping(X, labels, seed, rate=8.0)


@digits.misconception(
    "the hidden biases have never moved, and all else has",
    "Print b1 after training. Is it still what it was?",
    "A hidden unit has a bias, too. Which of the slopes you computed belongs to it, and is it used?")
def digits_frozen(X, labels, seed):
    return fitted(X, labels, seed, 100, rate=1.0, frozen=True)


@digits.misconception(
    "it has not learnt enough yet: too few steps, or steps that are too short",
    "Print the loss from time to time. How far below that of guessing is it?",
    "Forty-two inputs, five classes: is your last step still making the loss smaller?")
def digits_too_short(X, labels, seed):
    return fitted(X, labels, seed, 3, rate=0.01)


@digits.misconception(
    "all is as at the start: the loss is that of guessing, and no hidden bias has moved",
    "What happens to the new weights after each step? Do they reach the next step?",
    "Print W1 before and after training. Is there a difference?")
def digits_start_returned(X, labels, seed):
    return fitted(X, labels, seed, 0)


@digits.misconception(
    "all weights began at 0, and so no slope ever reached the hidden layer",
    "What is tanh of 0, and what does a weight in front of it learn from that?",
    "Begin with small numbers drawn by chance. Why does it have to be chance?")
def digits_from_zero(X, labels, seed):
    return fitted(X, labels, seed, 100, start=0.0)


@digits.misconception(
    "all hidden units began alike, and so they have stayed alike",
    "Two hidden units with the same weights get the same slopes. When will they part?",
    "Print two columns of your W1 after training. What does tell them apart?")
def digits_all_alike(X, labels, seed):
    return fitted(X, labels, seed, 30, rate=1.0, start=0.1)      # after 100 long steps rounding parts them


@digits.misconception(
    "two runs with the same seed give different weights",
    "Two runs with the same seed should be the same run. Which line of yours draws without it?",
    "Count the random generators in your code. Which of them knows the seed?")
def digits_unseeded(X, labels, seed):
    return fitted(X, labels, None, 100, rate=1.0)


@digits.misconception(
    "the arrays that were handed over have changed",
    "Other code may be using the pictures, too. Do they look the same afterwards?",
    "Do you scale or shift the pictures? In a new array, or in the one that was handed over?")
def digits_written_into(X, labels, seed):
    X -= 5
    return fitted(X + 5, labels, seed, 100, rate=1.0)
