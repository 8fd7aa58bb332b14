"""Numbered equations: the build makes each mention, such as (7.3), a link, and can take the links out again.

Tried in JupyterLab 4.6 and Notebook 7.6: within a notebook an `<a id="eq-7-3">` is found, on whatever screen it stands.
From another notebook the link opens the lecture and names the equation's cell; JupyterLab goes towards it, but cells
that are drawn afterwards push it on when it stands far down, and Notebook 7 stays at the top. The book has its own.
"""
import re

TAG = re.compile(r"\\tag\{(\d+\.\d+)\}")
NUMBER = re.compile(r"\((\d{1,2}\.\d{1,2})\)")
ENVIRONMENT = re.compile(r"^\\begin\{equation\*\}.*?\\end\{equation\*\}", re.MULTILINE | re.DOTALL)
# What holds no mention: formulas, headings, code, lines and tags of HTML, links.
KEPT = (r"^\\begin\{equation\*\}.*?\\end\{equation\*\}|^#.*?$|^```.*?^```|`[^`]*`|\$\$.*?\$\$|\$[^$]+\$|^<.*?$|<[^>]*>"
        r"|\[[^\]]*\]\([^)]*\)")
MENTION = re.compile(f"{KEPT}|{NUMBER.pattern}", re.MULTILINE | re.DOTALL)
ANCHOR = '<a id="{}"></a>\n\n'
MADE = re.compile(r'<a id="eq-\d+-\d+"></a>\n\n|'
                  r"\[(\(\d{1,2}\.\d{1,2}\))\]\((?:[^()\s]*\.ipynb#cell-id=|#eq-)[^()\s]*\)")


def name(number):
    """What an equation's anchor is called: eq-7-3."""
    return f"eq-{number.replace('.', '-')}"


def numbers_in(notebook):
    """{number: cell id} of a notebook's numbered equations."""
    return {number: cell.id for cell in notebook.cells if cell.cell_type == "markdown"
            for number in TAG.findall(cell.source)}


def cite(text, address):
    """The text with each mention as a link to address(number); where that is None it stays as it is."""
    def link(found):
        to = address(found[1]) if found[1] else None
        return f"[{found[0]}]({to})" if to else found[0]
    return MENTION.sub(link, text)


def anchor(text, mark):
    """The text with `mark`, which names the equation in its braces, before each equation that has a number."""
    def marked(found):
        number = TAG.search(found[0])
        return mark.format(name(number[1])) + found[0] if number else found[0]
    return ENVIRONMENT.sub(marked, text)


def link(notebook, elsewhere):
    """Put anchors and links into a lecture. elsewhere(number): (file, cell id), or None."""
    own = numbers_in(notebook)

    def address(number):
        if number in own:
            return f"#{name(number)}"
        there = elsewhere(number)
        return "{}#cell-id={}".format(*there) if there else None
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cite(anchor(cell.source, ANCHOR), address)


def plain(text):
    """The text as its author wrote it, without what `link` added."""
    return MADE.sub(lambda found: found[1] or "", text)
