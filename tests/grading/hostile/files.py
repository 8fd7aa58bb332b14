"""Hostile and broken files: functions that spoil a right or a wrong submission, and payloads that want to run later."""
import copy
import json

import nbformat

from tests.grading.hostile.course import RIGHT, WRONG, as_bytes, handed_in


def _cells(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


# ---------------------------------------------------------------- tampering: wrong answers that must stay worth nothing

def tampering():
    """name → a notebook with wrong answers whose frame has been changed."""
    made = {}

    def entry(function):
        notebook = handed_in(WRONG)
        notebook = function(notebook) or notebook
        made[function.__name__.replace("_", "-")] = notebook

    @entry
    def tests_emptied(nb):
        for cell in nb.cells:
            cell.source = "pass" if cell.id.startswith("test") else cell.source

    @entry
    def tests_deleted(nb):
        nb.cells = [cell for cell in nb.cells if not cell.id.startswith("test")]

    @entry
    def tests_first(nb):
        nb.cells.sort(key=lambda cell: not cell.id.startswith("test"))

    @entry
    def tests_doubled(nb):
        twin = copy.deepcopy(_cells(nb, "test-slope"))
        twin.source = "pass"
        nb.cells.insert(0, twin)

    @entry
    def tests_renamed(nb):
        for cell in nb.cells:
            if cell.id.startswith("test"):
                cell.metadata["nbgrader"]["grade_id"] = "x" + cell.id

    @entry
    def tests_swapped(nb):
        a, b = _cells(nb, "test-slope"), _cells(nb, "test-rate")
        a.metadata["nbgrader"], b.metadata["nbgrader"] = b.metadata["nbgrader"], a.metadata["nbgrader"]
        a.source = b.source = "pass"

    @entry
    def points_raised(nb):
        for cell in nb.cells:
            if cell.metadata.get("nbgrader", {}).get("grade"):
                cell.metadata["nbgrader"]["points"] = 10_000

    @entry
    def points_negative(nb):
        _cells(nb, "test-slope").metadata["nbgrader"]["points"] = -5

    @entry
    def graded_answers(nb):
        for cell in nb.cells:
            if cell.id in WRONG:
                cell.metadata["nbgrader"] |= {"grade": True, "points": 50}

    @entry
    def tests_become_solutions(nb):
        for cell in nb.cells:
            if cell.id.startswith("test"):
                cell.metadata["nbgrader"] |= {"solution": True, "locked": False}
                cell.source = "pass"

    @entry
    def tests_become_tasks(nb):
        for cell in nb.cells:
            if cell.id.startswith("test"):
                cell.metadata["nbgrader"] |= {"task": True, "grade": False}

    @entry
    def tests_become_text(nb):
        for k, cell in enumerate(nb.cells):
            if cell.id.startswith("test"):
                nb.cells[k] = nbformat.v4.new_markdown_cell("done", id=cell.id, metadata=cell.metadata)

    @entry
    def metadata_stripped(nb):
        for cell in nb.cells:
            cell.metadata.clear()
        nb.metadata.clear()

    @entry
    def locks_removed(nb):
        _cells(nb, "given").metadata["nbgrader"]["locked"] = False
        _cells(nb, "given").source += "\nnp.allclose = lambda *a, **k: True\ncheck = lambda *a: None"

    @entry
    def raises_exception_tags(nb):
        for cell in nb.cells:
            cell.metadata["tags"] = ["raises-exception", "skip-execution"]

    @entry
    def baked_outputs(nb):
        for cell in nb.cells:
            if cell.id.startswith("test"):
                cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "1000.0"}, execution_count=1)]

    @entry
    def checksums_forged(nb):
        for cell in nb.cells:
            cell.metadata.setdefault("nbgrader", {"grade_id": cell.id})["checksum"] = "0" * 32

    @entry
    def invented_cells(nb):
        extra = copy.deepcopy(_cells(nb, "test-slope"))
        extra.id = extra.metadata["nbgrader"]["grade_id"] = "test-bonus"
        extra.source, extra.metadata["nbgrader"]["points"] = "pass", 100
        nb.cells.append(extra)

    @entry
    def two_answers_in_one_name(nb):
        twin = copy.deepcopy(_cells(nb, "slope"))
        twin.metadata["nbgrader"]["grade_id"] = "test-slope"
        twin.source = "pass"
        nb.cells.insert(1, twin)

    @entry
    def ids_shared(nb):
        for cell in nb.cells:
            cell.id = "same"

    @entry
    def strange_kernel(nb):
        nb.metadata["kernelspec"] = {"name": "/bin/true", "display_name": "x", "language": "python"}

    @entry
    def kernel_with_arguments(nb):
        nb.metadata["kernelspec"] = {"name": "python3; touch /tmp/x", "argv": ["sh"], "language": "python"}

    @entry
    def strange_schema(nb):
        for cell in nb.cells:
            if "nbgrader" in cell.metadata:
                cell.metadata["nbgrader"]["schema_version"] = 99

    @entry
    def wrong_types(nb):
        for cell in nb.cells:
            cell.metadata["nbgrader"] = {"grade_id": {"a": 1}, "points": "many", "grade": "yes"}

    @entry
    def attachments_and_widgets(nb):
        nb.cells[0]["attachments"] = {"x.html": {"text/html": "<script>1</script>"}}
        nb.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"</script><script>": {}}}}

    @entry
    def answers_in_text_cells(nb):
        for k, cell in enumerate(nb.cells):
            if cell.id in WRONG:
                nb.cells[k] = nbformat.v4.new_markdown_cell("full marks, please", id=cell.id, metadata=cell.metadata)
    return made


# ---------------------------------------------------------------- awkward files with right answers

def rescued():
    """name → bytes of right work in an unusual file: all of it counts."""
    nb = handed_in(RIGHT)
    text = nbformat.writes(nb)
    data = json.loads(text)
    old = {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"metadata": {}, "cells": [
        {"cell_type": c["cell_type"], "metadata": c["metadata"], "language": "python", "collapsed": False,
         "prompt_number": None, "outputs": [], "input" if c["cell_type"] == "code" else "source": c["source"]}
        for c in data["cells"]]}]}
    no_ids = copy.deepcopy(data)
    for cell in no_ids["cells"]:
        del cell["id"]
    joined = copy.deepcopy(data)
    for cell in joined["cells"]:
        cell["source"] = "".join(cell["source"])
    odd = copy.deepcopy(data)
    for cell in odd["cells"]:
        cell |= {"execution_count": "seven", "outputs": [{"output_type": "unknown"}], "attachments": 5}
    nul = json.dumps(handed_in(RIGHT, before="# \u0000 fine"))
    half = json.dumps(handed_in(RIGHT, before="# half a character: \ud83d"))
    return {"utf-16": text.encode("utf-16"), "utf-8-bom": text.encode("utf-8-sig"),
            "latin-1": nbformat.writes(handed_in(RIGHT, before="# Größe")).encode("latin-1"),
            "format-3": json.dumps(old).encode(), "no-cell-ids": json.dumps(no_ids).encode(),
            "sources-as-one-text": json.dumps(joined).encode(), "odd-fields": json.dumps(odd).encode(),
            "no-metadata-of-the-notebook": json.dumps({**data, "metadata": 7}).encode(),
            "windows-line-ends": text.replace("\\n", "\\r\\n").encode(), "nul-character": nul.encode(),
            "half-a-character": half.encode(),
            "nan-metadata": json.dumps({**data, "metadata": {"x": float("nan")}}).encode(),
            "future-minor-version": json.dumps({**data, "nbformat_minor": 99}).encode(),
            "other-syntax-error": as_bytes(handed_in(RIGHT, before="def broken(:"))}


# ---------------------------------------------------------------- files that are refused, with a reason

def broken():
    """name → bytes that cannot be graded."""
    whole = as_bytes(handed_in(RIGHT))
    frame = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    return {"empty": b"", "blank": b" \n ", "text": b"Dear teacher", "cut": whole[:len(whole) // 2],
            "cut-at-the-end": whole[:-3], "list": b"[]", "number": b"7", "null": b"null", "no-cells": b"{}",
            "cells-no-list": json.dumps({**frame, "cells": {"a": 1}}).encode(),
            "cells-of-numbers": json.dumps({**frame, "cells": [1, 2]}).encode(),
            "nested": b'{"cells": ' + b"[" * 200_000, "nested-objects": b'{"a":' * 100_000,
            "zip": b"PK\x03\x04" + bytes(100), "pickle": b"\x80\x04\x95" + bytes(50), "nul-bytes": bytes(5000),
            "pdf": b"%PDF-1.7\n%\xe2\xe3", "html": b"<!doctype html><script>alert(1)</script>",
            "python": b"def slope(z):\n    return 1\n", "huge-integer": b'{"cells": ' + b"9" * 100_000 + b"}",
            "old-and-broken": json.dumps({"nbformat": 3, "worksheets": 5}).encode(),
            "many-cells": json.dumps({**frame, "cells": [{"cell_type": "code", "source": ""}] * 20_000}).encode(),
            "half-utf-16": "{}".encode("utf-16")[:3], "random": bytes(range(256)) * 10}


# ---------------------------------------------------------------- scripts that want to run in a reader's browser

MARKDOWN = {
    "script": "<script>alert(1)</script>", "script-upper": "<ScRiPt>alert(1)</sCrIpT>",
    "script-cut": "<script>alert(1)", "image-error": "<img src=x onerror=alert(1)>",
    "image-slash": "<img/src=x/onerror=alert(1)>", "svg-load": "<svg onload=alert(1)>",
    "iframe": "<iframe src='javascript:alert(1)'></iframe>", "iframe-srcdoc": "<iframe srcdoc='<script>1</script>'>",
    "link": "[marks](javascript:alert(1))", "link-entity": "[marks](java&#115;cript&colon;alert(1))",
    "link-data": "[marks](data:text/html;base64,PHNjcmlwdD4=)", "anchor": "<a href=' javascript:alert(1)'>x</a>",
    "object": "<object data='javascript:alert(1)'></object>",
    "form": "<form action='javascript:alert(1)'><input type=submit>",
    "details": "<details ontoggle=alert(1) open>x</details>", "style": "<style>@import 'http://x/';</style>",
    "base": "<base href='http://x/'>", "meta": "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "mathml": "<math><mtext><script>alert(1)</script></mtext></math>", "tracker": "![x](http://tracker/pixel.png)",
    "nested": "<scr<script>ipt>alert(1)</scr</script>ipt>", "comment": "<!--><img src=x onerror=alert(1)>-->",
    "code-fence": "```\n</code></pre><script>alert(1)</script>\n```", "formula": "$</script><script>alert(1)</script>$",
    "video": "<video><source onerror=alert(1)></video>", "button": "<button onclick=alert(1)>marks</button>",
}
OUTPUTS = {
    "html": "from IPython.display import HTML; HTML('<script>alert(1)</script>')",
    "javascript": "from IPython.display import Javascript; Javascript('alert(1)')",
    "svg": "from IPython.display import SVG; SVG('<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>')",
    "iframe": "from IPython.display import IFrame; IFrame('javascript:alert(1)', 9, 9)",
    "markdown": "from IPython.display import Markdown; Markdown('<img src=x onerror=alert(1)>')",
    "latex": "from IPython.display import Latex; Latex('$</script><script>alert(1)</script>$')",
    "widget": "from IPython.display import display\n"
              "display({'application/vnd.jupyter.widget-view+json': {'model_id': '</script>'}}, raw=True)",
    "mime": "from IPython.display import display; display({'text/html': '<script>alert(1)</script>'}, raw=True)",
    "vdom": "from IPython.display import display\n"
            "display({'application/vdom.v1+json': {'tagName': 'script'}}, raw=True)",
    "stream": "print('<script>alert(1)</script>')", "error": "raise ValueError('<script>alert(1)</script>')",
    "ansi": "print('\\x1b[31m<script>alert(1)</script>\\x1b]8;;javascript:alert(1)\\x07x')",
    "repr": "class R:\n    def __repr__(self): return '<script>alert(1)</script>'\n"
            "    def _repr_html_(self): return '<script>alert(1)</script>'\nR()",
    "name": "raise type('<script>alert(1)</script>', (Exception,), {})('x')",
}
ANSWERS = {
    "error-text": "def output_delta(Y_hat, Y): raise ValueError('<script>alert(1)</script>')",
    "printed": "def output_delta(Y_hat, Y): print('<script>alert(1)</script>')",
    "type-name": "def output_delta(Y_hat, Y): return type('<script>alert(1)</script>', (), {})()",
    "warning": "import warnings\ndef output_delta(Y_hat, Y): warnings.warn('<img src=x onerror=alert(1)>')",
    "source-line": "def output_delta(Y_hat, Y):\n    x = '<script>alert(1)</script>'; 1 / 0",
    "argument": "def output_delta(a='</script><script>alert(1)</script>', *, b): pass",
}
