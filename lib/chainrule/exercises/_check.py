"""`check`: what stands in the locked cell under each exercise, in every notebook alike."""
import sys
from contextvars import ContextVar

from chainrule.exercises._card import Card
from chainrule.exercises._judge import judge
from chainrule.exercises._progress import remember
from chainrule.exercises._registry import find

grader = ContextVar("grader", default=None)       # while graded: (exercise, answer) → what `check` gives back


class CheckFailed(AssertionError):
    """Nothing earned yet. The card above says why, so a notebook shows one line instead of a traceback."""

    def _render_traceback_(self):
        return [str(self)]


def check(id, answer):
    """Try your function on the exercise `id`, show a card, and give the points.

    All right: a green card, and nothing is returned. Partly right: a card, and the points as a float, which
    nbgrader records. Nothing earned: a card, then CheckFailed. Never writes to stderr.
    """
    try:
        wanted = find(id)
    except KeyError as unknown:
        raise CheckFailed(unknown.args[0]) from None
    if graded := grader.get():
        return graded(wanted, answer)
    verdict = judge(wanted, answer)
    card = Card(verdict, remember(verdict))
    _show(card)
    if verdict.kind == "full":
        return None
    if verdict.earned > 0:
        return float(verdict.earned)
    raise CheckFailed(card.title() + ("." if verdict.kind == "unwritten" else f". {verdict.headline}"))


def _show(card):
    shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    if shell:
        from IPython.display import display
        display(card)
    else:
        print(card)
