"""The registry: an exercise is its contract, its cases, its answer and the wrong answers people give."""
import difflib
import importlib
import inspect
import pkgutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

REGISTRY = {}


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that learners really give: the code that makes it, its name, and two hints that ask.

    `hint` is shown first, `closer` when the same mistake comes back; neither holds the solution.
    """
    name: str
    function: Callable
    hint: str
    closer: str


@dataclass(frozen=True)
class Case:
    """One set of arguments, `inputs` (name → array or list of arrays), for n examples and these widths."""
    inputs: dict
    n: int
    widths: tuple

    def __str__(self):
        widths = f", widths {'-'.join(map(str, self.widths))}" if len(self.widths) > 1 else ""
        return f"{self.n} example{'s' * (self.n > 1)}{widths}"


@dataclass
class Exercise:
    """What is asked (`returns`: result name → its shape in words), how it is tried, and what it is worth."""
    id: str
    points: float
    returns: dict
    cites: tuple
    inputs: Callable              # (rng, n, widths, scale) → {argument name: value}
    shapes: tuple                 # ((n, widths), …): the networks on which an answer is tried
    praise: str                   # what a right answer has understood, in a sentence worth reading
    minutes: int
    answer: Callable
    misconceptions: list = field(default_factory=list)
    measure: Callable | None = None   # (function, *arguments) → the results, where an answer is judged by what it does

    def tried(self, function):
        """`function` as a check tries it: itself, or what `measure` finds out about it. Both take the arguments."""
        return function if self.measure is None else lambda *arguments: self.measure(function, *arguments)

    @property
    def assignment(self):
        return self.id.partition(".")[0]

    @property
    def contract(self):
        """A short name for what is asked, to tell editions of a task apart; its points and words are not in it."""
        told = repr((self.id, self.arguments, list(self.returns.items())))
        return f"{zlib.crc32(told.encode()):08x}"

    @property
    def arguments(self):
        return tuple(inspect.signature(self.answer).parameters)

    def misconception(self, name, hint, closer):
        """Decorator: register the decorated function as a named wrong answer."""
        def register(function):
            self.misconceptions.append(Misconception(name, function, hint, closer))
            return function
        return register

    def cases(self, seed=0, scale=1.0):
        """The networks of `shapes` with numbers drawn from `seed`; `scale` is the size of the weights."""
        rng = np.random.default_rng([seed, zlib.crc32(self.id.encode())])
        return [Case(self.inputs(rng, n, widths, scale), n, tuple(widths)) for n, widths in self.shapes]


# Batch n >= 3 and unlike every width; all widths distinct, falling to the output and rising to it; one square
# network; one with a single output: each of the mistakes we know shows on at least one of them.
SHAPES = ((3, (4, 5, 2)), (4, (3, 3, 3)), (6, (5, 2, 4)), (5, (3, 2, 1)))


class Unfit(Exception):
    """Raised by a `measure` that cannot go on with what a function gave back: one sentence for its author."""


def exercise(id, *, points, returns, cites, inputs, praise, minutes, shapes=SHAPES, measure=None):
    """Decorator: register the decorated reference answer as the exercise `id` ("assignment.task").

    measure: for tasks with many right answers, such as training. `measure(function, *arguments)` calls the function
    as it likes and returns what it found, one plain value for each name in `returns`; None if the function gave back
    nothing, and Unfit("a sentence") for what cannot be measured. It must find the same for every right answer.
    """
    def register(answer):
        REGISTRY[id] = Exercise(id, points, dict(returns), tuple(cites), inputs, tuple(shapes), praise,
                                minutes, answer, measure=measure)
        return REGISTRY[id]
    return register


def assignments():
    """The names of all assignments, each a module of this package."""
    import chainrule.exercises as package
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


def find(id):
    """The exercise with this id; KeyError, in one sentence with the nearest ids, if there is none."""
    if id in REGISTRY:
        return REGISTRY[id]
    assignment = str(id).partition(".")[0]
    for name in [assignment] if assignment in assignments() else assignments():
        importlib.import_module(f"chainrule.exercises.{name}")
    if id not in REGISTRY:
        near = difflib.get_close_matches(str(id), REGISTRY, n=1, cutoff=0) or ["delta.hidden"]
        raise KeyError(f"There is no exercise called {id!r}; the nearest is {near[0]!r}.")
    return REGISTRY[id]


def exercises_of(assignment):
    """All exercises of one assignment, in the order of its module."""
    importlib.import_module(f"chainrule.exercises.{assignment}")
    return [e for e in REGISTRY.values() if e.assignment == assignment]
