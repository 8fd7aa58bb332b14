"""Arrays between house notation and that of each deck: transposes, signs, and who divides by n.

    lfd = DECKS["LFD"]
    s_slopes = lfd.write("delta", gradient.delta, n=n)        # δ of LFD, a column per example
    delta = lfd.read("delta", s_slopes, n=n)                  # and back

House notation: rows are examples, W (d_in, d_out), L = 1/(2n) Σ ‖ŷ − y‖² or 1/n Σ cross-entropy, and every slope is one
of L. The five decks write an example as a column, so a batch is turned on its side in all of them. They differ in
W, and in what their error term is the slope of:

| deck        | W            | a unit's slope is that of                         | a weight's slope, over the batch |
|-------------|--------------|---------------------------------------------------|----------------------------------|
| ECE417      | (to, from)   | L itself: 1/n is inside δ (ECE417-29)             | that of L                        |
| ECE884      | (to, from)   | one example's e = ‖y − h‖², no ½ (ECE884-30)      | mean over the batch (ECE884-06)  |
| AIML231     | (to, from)   | one example's C = Σ(a − y)², no ½ (AIML231-32)    | mean over examples (AIML231-40)  |
| AIML231beta | (to, from)   | one example's ½ Σ(d − o)², MINUS: β (AIML231-06)  | MINUS the sum (AIML231-08, -09)  |
| TAYLOR      | (to, from)   | one example's J, with ½ (TAYLOR-09, -36)          | mean over m (TAYLOR-06)          |
| LFD         | (from, to)   | one example's e = (x − y)², no ½ (LFD-12)         | sum over the batch (LFD-27)      |

A round trip is exact: bit for bit, unless a factor n that is no power of two has to be multiplied and divided away
again, and then to the last bit. The symbols themselves are data, in course/notation.toml.
"""
from dataclasses import dataclass

import numpy as np

# What is written down, by role: values of units, values of parameters, slopes at units, slopes at parameters.
UNITS, PARAMETERS = ("X", "Z", "H", "Y"), ("W", "b")
UNIT_SLOPES, PARAMETER_SLOPES = ("dH", "delta"), ("dW", "db")


@dataclass(frozen=True)
class Deck:
    """How one deck writes what we write."""
    name: str
    from_to: bool = False             # W is (from, to), as ours; else (to, from), its transpose
    half: bool = True                 # the squared error carries ½
    each: bool = True                 # a unit's slope is that of one example's loss, without the 1/n
    batch: str = "mean"               # a weight's slope: mean or sum over the batch
    sign: int = 1                     # −1: the deck keeps minus the slope

    def write(self, role, A, *, n=None, loss="squared error"):
        """House array → the deck's. `n`, the size of the batch, is needed for slopes and for the loss itself."""
        return self._turn(role, np.asarray(A)) * self.factor(role, n, loss)

    def read(self, role, A, *, n=None, loss="squared error"):
        """The deck's array → house."""
        return self._turn(role, np.asarray(A)) / self.factor(role, n, loss)

    def factor(self, role, n=None, loss="squared error"):
        """The deck's number over ours."""
        if role in UNITS + PARAMETERS:
            return 1
        if role not in (*UNIT_SLOPES, *PARAMETER_SLOPES, "loss"):
            raise ValueError(f"There is no role {role!r}; known are "
                             f"{', '.join((*UNITS, *PARAMETERS, *UNIT_SLOPES, *PARAMETER_SLOPES, 'loss'))}.")
        if loss not in ("squared error", "cross-entropy"):
            raise ValueError(f"The loss is {loss!r}; it must be 'squared error' or 'cross-entropy'.")
        if n is None or n < 1 or n != int(n):
            raise ValueError(f"n is {n}; {role} needs the number of examples in the batch, a whole number from 1.")
        doubled = 2 if loss == "squared error" and not self.half else 1
        if role in UNIT_SLOPES:
            return self.sign * doubled * (n if self.each else 1)
        if role in PARAMETER_SLOPES:
            return self.sign * doubled * (n if self.batch == "sum" else 1)
        return doubled * (n if self.batch == "sum" else 1)

    def fold(self, W, b):
        """House W (d_in, d_out) and b (d_out,) → the deck's one matrix, its bias on a constant input x₀ = 1, first.

        Slopes dW and db fold in the same way, after `write`'s factor. Ledger: AIML231-10, AIML231-12
        """
        return self._turn("W", np.vstack([b, W]))

    def unfold(self, M):
        """The deck's one matrix → house W and b."""
        M = self._turn("W", np.asarray(M))
        return M[1:], M[0]

    def _turn(self, role, A):
        """The transposition, which is its own inverse."""
        sideways = role in UNITS + UNIT_SLOPES or (role in ("W", "dW") and not self.from_to)
        if sideways and A.ndim != 2:
            raise ValueError(f"{role} has shape {A.shape}; it must be a matrix, a single example a batch of one.")
        return A.T if sideways else A


DECKS = {deck.name: deck for deck in (
    Deck("ECE417", each=False),
    Deck("ECE884", half=False),
    Deck("AIML231", half=False),
    Deck("AIML231beta", batch="sum", sign=-1),
    Deck("TAYLOR"),
    Deck("LFD", from_to=True, half=False, batch="sum"),
)}


def delta_from_beta(beta, H, phi, n):
    """AIML231's β (d, n), minus a slope at outputs → house δ (n, d): δ = −β o(1 − o) / n for a sigmoid.

    H (n, d) are the outputs o, phi their activation. Ledger: AIML231-06, AIML231-08
    """
    return phi.back(DECKS["AIML231beta"].read("dH", beta, n=n), H)
