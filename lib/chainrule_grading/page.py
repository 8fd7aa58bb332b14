"""The feedback page of one notebook: one file that needs nothing else, runs nothing and fetches nothing."""
import functools
import html
import re
from importlib import resources
from urllib.parse import quote

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from chainrule_grading.feedback import LONGEST, POLICY, clean_card, rendered

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
LEXER, FORMATTER = PythonLexer(), HtmlFormatter(nowrap=True)


def page(notebook, name, student="", late=0.0, notes=()):
    """HTML of a graded notebook whose graded cells carry `score`, `points`, and perhaps `comment` and `waiting`.

    `notes` are sentences on the whole notebook.
    """
    tasks = tasks_of(notebook)
    read = [t for t in tasks if not t["waiting"]]
    said = [f"{_sum(group, 'score')} of {_sum(group, 'points')} points {what}" for group, what in
            (([t for t in read if not t["words"]], "from checks"),
             ([t for t in read if t["words"]], "for answers in words")) if group]
    if waiting := [t for t in tasks if t["waiting"]]:
        said.append(f"{_sum(waiting, 'points')} points for answers in words, which a person will read")
    rows = "".join(
        f'<tr><td>{t["sign"]}</td><td><a href="#{html.escape(t["anchor"])}">{html.escape(t["title"])}</a></td>'
        f'<td class="cr-number">{_earned(t)}</td></tr>' for t in tasks)
    by_name = {t["name"]: t for t in tasks}
    cells = "\n".join(_cell(cell, by_name.get(_about(cell).get("grade_id"))) for cell in notebook.cells)
    return framed(f"Feedback: {name}{f' · {student}' if student else ''}", f"""
<p><strong>Score: {" + ".join(said) or "no graded task"}.</strong></p>
{f"<p>Handed in late: {late:g} points less.</p>" if late else ""}
{"".join(f"<p>{html.escape(note)}</p>" for note in notes)}
<div class="cr-scroll"><table class="cr-table">
<thead><tr><td></td><th>task</th><th class="cr-number">points</th></tr></thead>
<tbody>{rows}</tbody></table></div>
{cells}""")


def overview(student, graded):
    """The learner's page over all assignments: `graded` is what `grading.json` tells of each, by its name."""
    rows = []
    for name, about in graded.items():
        total, words = about.get("total"), "–"
        if about.get("problem") or not total:
            said = "not graded, see the page" if about.get("problem") else "see the page"       # an earlier edition's
            standing = said
        else:
            possible = sum(mark["points"] for mark in about["marks"] if mark["written"])
            said = f"{total['checks']:g} of {total['points'] - possible:g}"
            standing = f"{total['stands']:g} of {total['points']:g}"
            standing += ", late" if total["late"] else ""
            if possible:
                words = f"{total['words']:g} of {possible:g}"
            if total["waiting"]:
                words = f"{total['waiting']:g}, to be read"
        cells = "".join(f'<td class="cr-number">{cell}</td>' for cell in (said, words, standing))
        rows.append(f'<tr><td><a href="{quote(name)}/{quote(name)}.html">{html.escape(name)}</a></td>{cells}'
                    f'<td>{html.escape(str(about.get("graded", ""))[:10])}</td></tr>')
    return framed(f"Feedback: {student}", f"""
<p>Points for answers in words are given by a person; once they are, they stand on the assignment's page.</p>
<div class="cr-scroll"><table class="cr-table">
<thead><tr><th>assignment</th><th class="cr-number">checks</th><th class="cr-number">words</th>
<th class="cr-number">stands at</th><th>graded on</th></tr></thead>
<tbody>{"".join(rows)}</tbody></table></div>""")


def sorry(name, problem):
    """The page of a file that could not be graded."""
    return framed(f"{name}: not graded yet", f"<p>{html.escape(problem)}</p>\n"
                   "<p>Nothing is lost: your file is kept as you handed it in.</p>")


def framed(title, body):
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{_style()}</style></head>
<body class="cr-page"><main>
<h1>{html.escape(title)}</h1>
{body}
</main></body></html>
"""


@functools.cache
def _style():
    return resources.files("chainrule").joinpath("style.css").read_text(encoding="utf-8")


def tasks_of(notebook):
    """The graded cells in order, each with the title of the section it stands in."""
    tasks, title = [], ""
    for cell in notebook.cells:
        about = _about(cell)
        heading = re.match(r"#+\s+(.+)", cell.source) if cell.cell_type == "markdown" else None
        if heading and not about.get("solution") and not cell.get("id", "").startswith("added-"):
            title = re.sub(r"\s*\(★.*\)\s*$", "", heading[1])
        if not about.get("grade"):
            continue
        score, points = float(about.get("score") or 0), float(about.get("points") or 0)
        words, name = bool(about.get("solution")), str(about.get("grade_id"))
        waiting = words and bool(about.get("waiting"))        # a check has a mark, though a person may look at it again
        sign = "…" if waiting else "✓" if score >= points else "◐" if score > 0 else "✗"
        tasks.append({"name": name, "anchor": f"task-{name}", "title": title or name.removeprefix("check-"),
                      "score": score, "points": points, "words": words, "waiting": waiting,
                      "sign": sign})
    return tasks


def _earned(task):
    return f"{task['points']:g}, to be read" if task["waiting"] else f"{task['score']:g} of {task['points']:g}"


def _sum(tasks, what):
    return f"{sum(task[what] for task in tasks):g}"


def _about(cell):
    return cell.metadata.get("nbgrader") or {}


def _cell(cell, task):
    about = _about(cell)
    if cell.cell_type == "markdown":
        body = rendered(cell.source)
    else:
        code = coloured(cell.source)
        outputs = cell.get("outputs", [])
        if any("text/html" in output.get("data", {}) for output in outputs):      # a card, which says it all
            outputs = [output for output in outputs if output.get("ename") != "CheckFailed"]
        body = (f'<pre class="cr-code"><code>{code}</code></pre>' if code else "") + "".join(map(_output, outputs))
    comment = f'<div class="cr-comment"><strong>Comment:</strong> {rendered(about["comment"])}</div>' \
        if about.get("comment") else ""
    if task:
        head = f'<p class="cr-mark" id="{html.escape(task["anchor"])}">{task["sign"]} {_earned(task)}</p>'
        return f'<section class="cr-task">{head}{body}{comment}</section>'
    yours = ' class="cr-yours"' if about.get("solution") or cell.get("id", "").startswith("added-") else ""
    return f"<div{yours}>{body}{comment}</div>"


@functools.lru_cache(maxsize=2000)                # most cells of a class are the same
def coloured(source):
    """Python as HTML."""
    if not 0 < len(source.strip()) < LONGEST:     # colouring may take the square of the length
        return html.escape(source)
    return highlight(source, LEXER, FORMATTER)


def _output(output):
    kind, data = output.output_type, output.get("data", {})
    if kind == "stream":
        return _text(output.text)
    if kind == "error":
        return _text("\n".join(output.traceback) or f"{output.ename}: {output.evalue}")
    if "text/html" in data:
        return clean_card(data["text/html"])
    if "image/png" in data:
        source = re.sub(r"[^A-Za-z0-9+/=]", "", str(data["image/png"]))
        return f'<p><img class="cr-figure" src="data:image/png;base64,{source}" alt="A figure that the code drew"></p>'
    return _text(str(data.get("text/plain", "")))


def _text(text):
    return f'<pre class="cr-out">{html.escape(ANSI.sub("", text))}</pre>' if text.strip() else ""
