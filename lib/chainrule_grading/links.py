"""Numbers of equations as links: in lectures (JupyterLab, GitHub) by `a id`, in the book by MyST's targets.

In the text in course/ a number is written plainly, as in "by (7.3)". The build makes it a link to the equation, in this
lecture or another, and the way back takes the links out again.
"""
import re
from pathlib import Path

TAG = re.compile(r"\\tag\{(\d+\.\d+)\}")
EQUATION = re.compile(r"^\\begin\{equation\*\}.*?\\end\{equation\*\}", re.M | re.S)
ANCHOR = re.compile(r'^<a id="(eq-\d+-\d+)"></a>\n\n', re.M)
LINK = re.compile(r"\[(\(\d+\.\d+\))\]\([\w.-]*#eq-\d+-\d+\)")
# What is not prose, and then a number: headings, code, formulas, tags and links stay as they are.
PROSE = re.compile(EQUATION.pattern + r"|^#.*?$|^```.*?^```|`[^`]*`|\$\$.*?\$\$|\$[^$]+\$|<[^>]*>|\[[^\]]*\]\([^)]*\)"
                   r"|\((\d{1,2}\.\d{1,2})\)", re.M | re.S)


def numbered(folder, pattern="*.md"):
    """{number: file name without its ending} of every equation with a \\tag in the files of a folder."""
    return {number: path.stem for path in sorted(Path(folder).glob(pattern))
            for number in TAG.findall(path.read_text(encoding="utf-8"))}


def linked(text, home, places):
    """The text with an anchor before each numbered equation, and each citation a link; `home` is its own name."""
    def link(found):
        if found[1] is None or found[1] not in places:
            return found[0]
        place = places[found[1]]
        return f"[({found[1]})]({'' if place == home else f'{place}.ipynb'}#{_name(found[1])})"
    return EQUATION.sub(_anchored, PROSE.sub(link, text))


def _anchored(found):
    number = TAG.search(found[0])
    return f'<a id="{_name(number[1])}"></a>\n\n{found[0]}' if number else found[0]


def _name(number):
    return f"eq-{number.replace('.', '-')}"


def plain(text):
    """The way back: the text as it was before `linked`."""
    return LINK.sub(r"\1", ANCHOR.sub("", text))


def for_book(text):
    """The same links as MyST understands them: a target in place of the anchor."""
    return ANCHOR.sub(r"(\1)=\n", text)
