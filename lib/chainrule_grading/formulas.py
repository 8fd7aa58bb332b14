"""TeX → MathML, which browsers show without a script. What comes out is built from a short list of tags and values.

latex2mathml does the reading. It passes text and attributes on as they were written (a `\\text{<script>}` too), so its
tree is only looked at: tags that are not in TAGS, and values that are no plain word or length, are left behind.
"""
import html
import re

from latex2mathml.converter import convert_to_element

LONGEST = 3000                    # characters of a formula; more is shown as it was typed
TAGS = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mstyle", "msub", "msup", "msubsup", "mover", "munder",
        "munderover", "mfrac", "msqrt", "mroot", "mtable", "mtr", "mtd"}
NAMES = {"display", "stretchy", "fence", "form", "accent", "accentunder", "width", "linethickness", "displaystyle",
         "scriptlevel", "minsize", "maxsize", "lspace", "rspace", "movablelimits", "largeop", "mathvariant"}
VALUE = re.compile(r"[A-Za-z0-9.+%-]{1,20}")
# Browsers know MathML Core, which leaves columns and weight to CSS.
COLUMN = {"right": "text-align:right;padding-right:0", "left": "text-align:left;padding-left:0;padding-right:1.5em"}
AS_READ = (                       # what latex2mathml reads → what stands in the course's texts
    (re.compile(r"\\(begin|end)\{(?:equation|displaymath)\*?\}"), ""),
    (re.compile(r"\\(begin|end)\{aligned\}"), r"\\\1{align*}"),
    (re.compile(r"\\(?:label|nonumber|notag)\b(?:\{[^{}]*\})?"), ""),
    (re.compile(r"\\tag\*?\{([^{}]*)\}"), r"\\qquad\\text{(\1)}"),
)


def mathml(tex, block):
    """A formula as (tag, attributes, children), where a child is the same or a text; None if it cannot be read."""
    if len(tex) > LONGEST:
        return None
    plain = tex
    for pattern, words in AS_READ:
        plain = pattern.sub(words, plain)
    try:
        tree = _rebuilt(convert_to_element(plain.strip(), display="block" if block else "inline"))
    except Exception:                             # TeX that is broken, nested too deeply, or unknown to it
        return None
    return ("math", tree[1] | {"alttext": tex.strip()}, tree[2])


def _rebuilt(element):
    tag = element.tag if element.tag in TAGS else "mrow"
    said = {name: str(value) for name, value in element.attrib.items()}
    kept = {name: value for name, value in said.items() if name in NAMES and VALUE.fullmatch(value)}
    style = COLUMN.get(said.get("columnalign"), "")
    if kept.get("mathvariant", "normal") != "normal":
        style = "font-weight:bold" if "bold" in kept.pop("mathvariant") else style
    text = html.unescape(re.sub(r"&(?!#x[0-9A-Fa-f]{1,6};)", "&amp;", element.text or ""))
    children = [text] if text else []
    return tag, kept | ({"style": style} if style else {}), children + [_rebuilt(child) for child in element]
