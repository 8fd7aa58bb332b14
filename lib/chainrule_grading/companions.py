"""Deck companions: the ledger as pages to lay beside the slides, and the δ recursion in five notations.

`python -m chainrule_grading.companions` writes course/companions/. The pages depend on the ledger, the notation table
and on which lecture confirms what; never on what a lecture prints.
"""
import ast
import json
import re
import tomllib
from dataclasses import dataclass

import nbformat

from chainrule.exercises import assignments
from chainrule.exercises._registry import exercises_of
from chainrule.ledger import course_file, load
from chainrule_grading.course import find_course, write_atomically

DECKS = ("ECE417", "ECE884", "AIML231", "TAYLOR", "LFD")
FOLDER = "companions"
PROOFS = "every-statement-and-its-proof"
TASKS = "every-task-and-its-mistakes"
SHEET = "delta-in-five-notations"

REMARK = {                                        # erratum group → how its note begins
    "A": "**A slip on the slide.**",
    "B": "**To be read with care.**",
    "C": "**A detail of notation.**",
}

INTRODUCTION = """\
*{title}*: {count} statements in slide order. Each is given as the slide has it, its own slips kept; then in words; with
a note where there is something to note; and with the lecture that derives it and checks it by a second route. The
letters are explained in [δ in five notations]({sheet}.md); the deck's author is named in
[the ledger](../equations/README.md). The slides were read through optical character recognition (OCR), so a slip may
now and then be the reader's."""

ON_SHEET = ("W", "Z", "phi, phi.back", "H", "loss", "dH", "delta", "dW", "db")       # more would not fit on one page

# One step of the recursion per table: its question, how our code says it, and the statement of each deck.
STEPS = (
    ("At the output", "how does the loss react to the last pre-activation?", "delta = phi.back(dH, H)",
     {"ECE417": ["ECE417-30"], "ECE884": [], "AIML231": ["AIML231-06"], "TAYLOR": ["TAYLOR-40"],
      "LFD": ["LFD-14"]}),
    ("One layer down", "and to the pre-activation of the layer before?", "delta = phi.back(delta @ W.T, H)",
     {"ECE417": ["ECE417-39"], "ECE884": ["ECE884-17"], "AIML231": ["AIML231-07"],
      "TAYLOR": ["TAYLOR-43", "TAYLOR-44"], "LFD": ["LFD-18"]}),
    ("To the weights", "and to a weight?", "dW = X.T @ delta",
     {"ECE417": ["ECE417-44"], "ECE884": ["ECE884-37"], "AIML231": ["AIML231-35"], "TAYLOR": ["TAYLOR-46"],
      "LFD": ["LFD-08", "LFD-09"]}),
    ("The step", "which way do the weights move?", "W -= rate * dW",
     {"ECE417": ["ECE417-45"], "ECE884": ["ECE884-10"], "AIML231": ["AIML231-08"], "TAYLOR": ["TAYLOR-07"],
      "LFD": ["LFD-25"]}),
)

TRANSLATE = r"""
- **AIML231:** $\beta=-\partial E/\partial o$ with $E=\tfrac12\sum(d-o)^2$: one station later than δ, and with the sign
  turned, $\delta=-o(1-o)\,\beta$. Its later slides drop the half.
- **TAYLOR:** $\mathbf{g}$ is overwritten: it is $\partial J/\partial\mathbf{h}$ first, and then
  $\partial J/\partial\mathbf{a}$.
- **LFD:** $w_{ij}$ leads from $i$ to $j$, like ours. Other decks name the head first: their $W$ is ours transposed.
- **Factors:** ECE417 keeps $1/n$ inside δ; LFD has no half, so a 2 stays; AIML231 adds up over the examples.
- **ECE884:** each function is a box of its own; the slope that arrives at a box is its upstream gradient.
""".strip()


@dataclass(frozen=True)
class Home:
    """Where a statement is derived: the lecture's file name, its title and the section."""
    lecture: str
    title: str
    section: str


def pages(course):
    """{path below course/: text} of all pages; pure but for reading the ledger, the table and the lectures."""
    found = homes(course)
    made = {f"{FOLDER}/{deck.lower()}.md": companion(deck, found) for deck in DECKS}
    return made | {f"{FOLDER}/{SHEET}.md": sheet(), f"{FOLDER}/{PROOFS}.md": proof_table(course, found),
                   f"{FOLDER}/{TASKS}.md": task_table(course)}


def stale(course):
    """{path below course/: text} of the pages that are not there, or not as they should be."""
    return {path: text for path, text in pages(course).items()
            if not (course.sources / path).is_file() or (course.sources / path).read_text(encoding="utf-8") != text}


def write(course):
    """Write the pages that changed; return their paths below course/."""
    changed = stale(course)
    for path, text in changed.items():
        write_atomically(course.sources / path, text)
    return list(changed)


# ---------------------------------------------------------------- where a statement is derived

HEADING = re.compile(r"^(##?) (.+?)(?: \([^()]*-\d\d[^()]*\))?$", re.MULTILINE)       # without the ids at its end


def homes(course):
    """{id: Home} of every statement that a lecture confirms or refutes, read from the code of its cells."""
    found = {}
    for path in sorted(course.lectures.glob("*.ipynb")):
        title = section = path.stem
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                for level, heading in HEADING.findall(cell.source):
                    title, section = (heading, heading) if level == "#" else (title, heading)
            elif cell.cell_type == "code":
                for id in proven(cell.source):
                    found.setdefault(id, Home(path.name, title, section))
    return found


def proven(source):
    """The ids that a cell confirms or refutes."""
    return [id for call in proofs_in(source) for id in ids_of(call)]


def proofs_in(source):
    """The calls of confirm and refute in a cell; not those of a `try`, which shows what a refusal looks like."""
    waiting, calls = [ast.parse(source)], []
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Try):
            continue
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("confirm", "refute"):
            calls.append(node)
        waiting += ast.iter_child_nodes(node)
    return calls


def ids_of(call):
    first = ast.literal_eval(call.args[0])
    return [first] if isinstance(first, str) else first


# ---------------------------------------------------------------- one deck

def companion(deck, found):
    """The page of one deck: every statement in slide order."""
    data = tomllib.loads(course_file(f"equations/{deck.lower()}.toml").read_text(encoding="utf-8"))
    entries = slide_order([e for e in load().values() if e.deck == deck])
    parts = [f"# {deck} beside the slides",
             INTRODUCTION.format(title=data["title"], count=len(entries), sheet=SHEET)]
    slide = None
    for entry in entries:
        if entry.slide != slide:
            slide = entry.slide
            parts.append(f"## {prose(slide)}")
        parts += [f"**{entry.id}** · {entry.kind}", f"$$\n{entry.latex}\n$$", prose(entry.meaning)]
        if entry.erratum:
            said = re.sub(r"^Notation( only)?: ", "", entry.erratum)
            said = said[0].upper() + said[1:] if said[:2].isalpha() else said
            parts.append(f"> {REMARK[entry.erratum_group]} {prose(said)}")
        parts.append(whereabouts(found.get(entry.id)))
    return "\n\n".join(parts) + "\n"


def named(entry):
    """What a statement is called: the names that the field has for it, and the first clause of its meaning."""
    said = re.sub(r"^(Annotation|The slide's claim): ", "", entry.meaning)
    clause = re.split(r"[:;](?= |$)|\.(?= [A-Z(]|$)| \(", said)[0]
    heard = clause.lower()
    if entry.called and any(word not in heard for word in re.findall(r"[\w-]+", entry.called.lower())):
        first, *rest = clause.split(" ", 1)
        small = first.lower() if first == first.capitalize() else first           # not ReLU
        clause = " ".join([f"{entry.called} –", small, *rest])
    return prose(clause[0].upper() + clause[1:])


def slide_order(entries):
    """File order, with each later entry right behind the one that its `after` names."""
    ordered = [e for e in entries if e.after is None]
    for entry in (e for e in entries if e.after):
        ordered.insert([e.id for e in ordered].index(entry.after) + 1, entry)
    return ordered


def whereabouts(home):
    if home is None:
        return "Derived in a lecture to come."
    return f"Derived in [{home.title}](../../lectures/{home.lecture}), section *{home.section}*."


# ---------------------------------------------------------------- one page for five notations

def sheet():
    """The symbols and the recursion of all five decks side by side, to be printed."""
    roles = tomllib.loads(course_file("notation.toml").read_text(encoding="utf-8"))["roles"]
    without_delta = next(role for role in roles if role["code"] == "delta")     # there a deck says why it has none
    parts = ["# δ in five notations",
             "One page to print (A4, at 80 %). The lines of a table say the same thing, each as its deck writes it. "
             "The house line is our code: rows are examples, `W` is (from, to), and only the loss divides by n.",
             table(["", "house", *DECKS],
                   [[role["name"], role["house"], *(role[deck] for deck in DECKS)] for role in roles
                    if role["code"] in ON_SHEET])]
    for name, question, code, decks in STEPS:
        rows = [["house", f"`{code}`", ""]]
        for deck, ids in decks.items():
            formula = r",\quad ".join(load()[id].latex for id in ids).replace("|", r"\vert ")
            rows.append([deck, f"${formula}$" if ids else without_delta[deck], ", ".join(ids)])
        parts += [f"## {name}: {question}", table(["deck", "formula", "statement"], rows)]
    parts += ["## To translate", TRANSLATE]
    return "\n\n".join(parts) + "\n"


def table(header, rows):
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows])


# ---------------------------------------------------------------- every statement and its proof

def proof_table(course, found):
    """One row per statement: kind, home, code of the independent route, wrong results refused, planted fault caught."""
    record = course.sources / "faults.toml"
    faults = tomllib.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    calls = {}
    for path in sorted(course.lectures.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for call in proofs_in(cell.source) if cell.cell_type == "code" else ():
                for id in ids_of(call):
                    calls.setdefault(id, []).append(call)
    rows = []
    for id, entry in load().items():
        home, mine = found.get(id), calls.get(id, [])
        where = f"[{home.lecture[:2]}](../../lectures/{home.lecture})" if home else "to come"
        caught = [ast.literal_eval(key) for call in mine for word in call.keywords if word.arg == "unlike"
                  for key in getattr(word.value, "keys", ())]
        caught += ["the formula as printed" for call in mine if call.func.id == "refute"]
        rows.append([id, entry.kind, where, "; ".join(f"`{route(call)}`" for call in mine),
                     "; ".join(dict.fromkeys(map(str, caught))), faults.get(id, "–")])
    text = ("Each statement is computed in its home lecture and compared with the value of the expression under "
            "*beside*, which is made by another route; the *wrong results* were refused by the same comparison. The "
            "last column names a fault that `make proof` planted, in the library or in the lecture's code for this "
            "side alone, and that the statement's own line caught; definitions and claims need none.")
    header = ["statement", "kind", "home", "beside", "wrong results refused", "planted fault caught"]
    return "\n\n".join(["# Every statement and its proof", text,
                        table(header, [[cell.replace("|", "\\|") for cell in row] for row in rows])]) + "\n"


def route(call):
    """The code of the side that judges: the second value of confirm, the third of refute, shortened."""
    name, place = ("right", 2) if call.func.id == "confirm" else ("truth", 3)
    judge = next((word.value for word in call.keywords if word.arg == name), None) or call.args[place]
    text = " ".join(ast.unparse(judge).split()).replace("`", "'")
    return text if len(text) <= 70 else text[:69] + "…"


# ---------------------------------------------------------------- every task and the mistakes it knows

def task_table(course):
    """The whole registry: one row per task, then the names of the mistakes that each task knows."""
    counted = course.sources / "book" / "benchmarks" / "confusion.json"
    proof = json.loads(counted.read_text(encoding="utf-8")) if counted.is_file() else {"tasks": {}}
    styles, rows, named = right_styles(course), [], []
    for name in assignments():
        named.append(f"## {name}")
        for task in exercises_of(name):
            found = proof["tasks"].get(task.id)
            rows.append([f"`{task.id}`", f"{task.points:g}", str(task.minutes), ", ".join(task.cites),
                         str(len(task.misconceptions)), str(styles.get(task.id, "–")), outcome(found)])
            named.append(f"**{task.id}**\n\n" + "\n".join(f"- {m.name}" for m in task.misconceptions))
    text = (f"{len(rows)} tasks, {sum(int(row[4]) for row in rows)} wrong answers known by name. *Right styles* counts "
            "answers written differently, which must earn full marks. *Proof* is what `make proof` counted last: right "
            "answers that passed, and known mistakes that were named, of all that were tried on many seeds at several "
            "scales.")
    header = ["task", "points", "minutes", "statements", "mistakes known", "right styles", "proof"]
    return "\n\n".join(["# Every task and its mistakes", text, table(header, rows), *named]) + "\n"


def outcome(counts):
    """One cell of the column *proof*."""
    if counts is None:
        return "not yet counted"
    right, known = counts["right answers"], counts["misconceptions"]
    passed, named = right.get("full", 0), known.get("named", 0)
    return f"{passed} of {sum(right.values())} right, {named} of {sum(known.values())} named"


def right_styles(course):
    """{task: number of right answers in other styles}, read from the tests; {} where there are none."""
    found = {}
    for path in sorted((course.root / "tests" / "exercises").glob("right_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and node.targets[0].id == "RIGHT":
                lists = {n.targets[0].id: n.value for n in ast.parse(path.read_text(encoding="utf-8")).body
                         if isinstance(n, ast.Assign) and isinstance(n.value, ast.List)}
                for key, value in zip(node.value.keys, node.value.values, strict=True):
                    value = lists.get(getattr(value, "id", None), value)
                    found[key.value] = len(value.elts) if isinstance(value, ast.List) else "several"
    return found


# ---------------------------------------------------------------- plain text with bare LaTeX → Markdown

OPEN_ENDED = re.compile(r"\\(leftarrow|Delta|neq|ln|nabla|partial|sum)$")
QUOTES = ".,;:!?'"


def prose(text):
    """The ledger's plain text as Markdown: words that hold LaTeX go between dollars, the rest is escaped."""
    words, made = text.split(" "), []
    while words:
        word = words.pop(0)
        if not re.search(r"[\\_^]", word):
            made.append(word.replace("<=", "≤").replace("<", "&lt;").replace("*", r"\*"))
            continue
        before = re.match(r"['(]*(?=.)", word)[0] if word[0] in "'(" else ""
        word = word[len(before):]
        while words and (OPEN_ENDED.search(word) or word.count("(") > word.count(")")):
            word += f" {words.pop(0)}"
        after = ""
        while word[-1] in QUOTES or (word[-1] == ")" and word.count(")") > word.count("(")):
            word, after = word[:-1], word[-1] + after
        made.append(f"{before}${braced(word)}${after}")
    return " ".join(made)


def braced(formula):
    """_ij and ^(l) as TeX wants them: _{ij} and ^{(l)}."""
    return re.sub(r"\^(\(\w+\))", r"^{\1}", re.sub(r"_([A-Za-z0-9]{2,})", r"_{\1}", formula))


if __name__ == "__main__":
    for path in write(find_course()):
        print(f"wrote course/{path}")
