"""The feedback card: one verdict as HTML for a notebook and as text for a terminal."""
import html
import re

# A word and a sign carry the meaning; the colour only underlines it (Okabe and Ito's palette).
LOOKS = {
    "full": ("✓", "Right", "#009E73"),
    "part": ("◐", "Partly right", "#E69F00"),
    "wrong": ("✗", "Not yet", "#D55E00"),
    "error": ("✗", "Not yet", "#D55E00"),
    "unwritten": ("○", "Waiting for your code", "#56B4E9"),
}
WORDS = {"hint": "Think", "closer": "Look closer", "remark": "By the way"}


class Card:
    """Shows a Verdict; `level` says how often this mistake has come before (0 = first time)."""

    def __init__(self, verdict, level=0):
        self.verdict, self.level = verdict, level

    def lines(self):
        """The card's sentences, [(role, text)], in reading order."""
        v = self.verdict
        rows = [] if v.kind == "unwritten" else [("headline", v.headline)]
        if v.good and v.kind != "full":
            rows.append(("good", f"Right already: {', '.join(f'`{name}`' for name in v.good)}."))
        rows += [("fact", fact) for fact in v.facts if fact]
        if v.cause:
            rows.append(("hint", v.cause.hint))
            if self.level:
                rows.append(("closer", v.cause.closer))
        return rows + [("remark", remark) for remark in v.remarks]

    def title(self):
        sign, word, _ = LOOKS[self.verdict.kind]
        points = "" if self.verdict.kind == "unwritten" else \
            f" · {self.verdict.earned:g} of {self.verdict.exercise.points:g} points"
        return f"{sign} {word} · {self.verdict.exercise.id}{points}"

    def __repr__(self):
        said = [f"{WORDS[role]}: {text}" if role in WORDS else text for role, text in self.lines()]
        return "\n  ".join([self.title(), *said])

    def _repr_html_(self):
        colour = LOOKS[self.verdict.kind][2]
        said = [f"<strong>{WORDS[role]}:</strong> {_rich(text)}" if role in WORDS else _rich(text)
                for role, text in self.lines()]
        rows = "".join(f'<p style="margin:.35em 0 0">{text}</p>' for text in said)
        return (f'<div role="status" style="border-left:.4em solid {colour};padding:.5em .9em;margin:.3em 0;'
                f'max-width:46em;line-height:1.45;font-family:system-ui,sans-serif">'
                f'<strong>{_rich(self.title())}</strong>{rows}</div>')


def _rich(text):
    """Escape everything; `name` becomes code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
