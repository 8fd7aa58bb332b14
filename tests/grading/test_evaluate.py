"""The instructor's side: what test cells may ask of a learner's functions, and how two walks make one mark."""
import json

import nbformat
import numpy as np
import pytest

from chainrule_grading import demo, evaluate
from chainrule_grading.evaluate import LEARNT, NOT_SHOWN, defined, plan, seeds
from chainrule_grading.grading import best_isolation, grade
from chainrule_grading.notebooks import Limits
from tests.grading.hostile.course import _cell

LIMITS = Limits(cell_seconds=2, call_seconds=1, total_seconds=15)


@pytest.fixture(autouse=True)
def needs_a_sandbox():
    level, why_not = best_isolation()
    assert level == "sandbox", f"these tests need the Debian package bubblewrap: {why_not}"


def course_of(*cells):
    """An instructor's notebook: ("answer", text), ("test", text), ("given", text), ("harness", text), in order."""
    notebook = nbformat.v4.new_notebook()
    for k, (kind, source) in enumerate(cells):
        about = {"answer": {"solution": True}, "test": {"grade": True, "locked": True, "points": 2}}.get(
            kind, {"locked": True})
        notebook.cells.append(_cell(source, f"{kind}-{k}", **about))
    return notebook


def marks(instructor, answers, limits=LIMITS, key=b"", student="ada"):
    """Points of each test cell for a learner whose answer cells hold `answers`, in order; and the Result."""
    from chainrule_grading.evaluate import HIDDEN
    release = nbformat.from_dict(json.loads(json.dumps(instructor)))
    for cell in release.cells:
        cell.source = HIDDEN.sub("", cell.source)
    mine, waiting = nbformat.from_dict(json.loads(json.dumps(release))), list(answers)
    for cell in mine.cells:
        if cell.id.startswith("answer") and waiting:
            cell.source = waiting.pop(0)
    result = grade(student, "x", *(json.dumps(n).encode() for n in (mine, release)), limits,
                   instructor=json.dumps(instructor).encode(), key=key)
    return [mark.earned for mark in result.marks], result


@pytest.mark.parametrize("answer, test", [
    ("def f(x, *, k=2): return k * x", "assert f(3) == 6 and f(3, k=5) == 15"),
    ("def f(x): return x, [x, {'a': x}]", "a, (b, c) = f(2)\nassert a == b == c['a'] == 2"),
    ("def f(x): return x.sum(axis=0)", "import numpy as np\nnp.testing.assert_allclose(f(np.ones((3, 2))), [3, 3])"),
    ("def f(x):\n    if x < 0: raise ValueError('below 0')", "try:\n    f(-1)\nexcept ValueError as e:\n"
     "    assert 'below' in str(e)\nelse:\n    raise AssertionError"),
    ("class Low(ArithmeticError): pass\ndef f(x): raise Low('x')", "try:\n    f(1)\nexcept ArithmeticError as e:\n"
     "    assert type(e).__name__ == 'Low'"),
    ("f = 0.5", "assert f == 0.5"), ("f = [1, 2]", "assert f[1] == 2 and type(f) is list"),
    ("def f(g): return g(2.0)", "assert f(lambda x: x + 1) == 3"),
    ("def f(rng): return rng.normal(size=3)", "import numpy as np\n"
     "assert (f(np.random.default_rng(3)) == np.random.default_rng(3).normal(size=3)).all()"),
    ("def f(): return g()\ndef g(): return 1", "assert f() == 1"),
    ("import math\ndef f(x): return math.sqrt(x)", "assert f(4) == 2 and math.pi > 3"),
    ("def f(x): return x", "import inspect\nassert list(inspect.signature(f).parameters) == ['x']"),
])
def test_ordinary_test_cells_work_unchanged(answer, test):
    earned, result = marks(course_of(("answer", answer), ("test", test)), [answer])
    assert earned == [2], result.marks


def test_set_up_cells_and_tests_that_lean_on_each_other():
    notebook = course_of(("given", "base = 10"), ("answer", "def f(x): return base + x"), ("given", "y = f(1)"),
                         ("test", "assert y == 11\nkeep = f(2)"), ("answer", "def g(x): return f(x) * 2"),
                         ("test", "assert keep == 12 and g(0) == 20"))
    assert marks(notebook, ["def f(x): return base + x", "def g(x): return 2 * f(x)"])[0] == [2, 2]
    assert marks(notebook, ["def f(x): return x", "def g(x): return 20"])[0] == [0, 0]


def test_only_names_that_the_instructors_answer_defines_are_the_learners():
    names, imports = defined("import numpy as np\nfrom math import pi\ndef f(): inner = 1\na, (b, *c) = 1, (2, 3)\n"
                             "for k in (): d: int = 0\nclass K: x = 1\n[q for q in ()]")
    assert names == {"f", "a", "b", "c", "k", "d", "K"} and imports == "import numpy as np\nfrom math import pi"
    notebook = course_of(("answer", "def f(): return 1"), ("test", "limit = 5\nassert f() < limit"))
    assert marks(notebook, ["limit = 100\ndef f(): return 50\nint = len = print = None"])[0] == [0]


def test_part_marks_and_prints_of_a_test_cell():
    notebook = course_of(("answer", "def f(x): return x"), ("test", "right = sum(f(k) == k for k in (1, 2))\n"
                                                            "print('right:', right)\nfloat(right)"))
    earned, result = marks(notebook, ["def f(x): return 1"])
    assert earned == [1]
    assert "right: 1" in json.dumps(result.notebook)


@pytest.mark.parametrize("crash, name", [("import os\n    os._exit(1)", "ended"),
                                         ("while True: pass", "Stopped after 1 s"),
                                         ("import ctypes; ctypes.string_at(0)", "ended")])
def test_a_crash_or_a_time_out_of_a_call_costs_only_its_cell(crash, name):
    notebook = course_of(("answer", "def f(): return 1"), ("test", "assert f() == 1"),
                         ("answer", "def g(): return 2"), ("test", "assert g() == 2"), ("test", "assert g() + 1 == 3"))
    earned, result = marks(notebook, [f"def f():\n    {crash}", "def g(): return 2"])
    assert earned == [0, 2, 2] and name in result.marks[0].says[0] and "cell test-1" in result.flags[0]


def test_a_submission_costs_at_most_its_time():
    import time
    tests = [("test", f"assert f() == {k}") for k in range(30)]
    start = time.monotonic()
    earned, result = marks(course_of(("answer", "def f(): return 1"), *tests), ["def f():\n    while True: pass"],
                           Limits(cell_seconds=2, call_seconds=1, total_seconds=4))
    assert time.monotonic() - start < 8 and sum(earned) == 0
    assert "A whole notebook may take 4 s" in result.marks[-1].says[0]


def test_a_class_is_asked_through_a_harness():
    answer = "class Counter:\n    n = 0\n    def up(self, k): self.n += k"
    harness = "# Harness\ndef after(*steps):\n    c = Counter()\n    for k in steps: c.up(k)\n    return c.n"
    notebook = course_of(("answer", answer), ("harness", harness), ("test", "assert after(1, 2, 3) == 6"))
    assert marks(notebook, [answer])[0] == [2]
    assert marks(notebook, [answer.replace("+= k", "+= 1")])[0] == [0]


ENGINE = """class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes, self.grad = data, parents, slopes, 0.0
    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))
    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))
    def backward(self, slope=1.0):
        self.grad += slope
        for parent, own in zip(self.parents, self.slopes):
            parent.backward(slope * own)"""


def test_a_harness_builds_objects_of_a_class_and_asks_them():
    """A small autodiff engine; the harness takes names of operations, the slopes were worked out by hand."""
    harness = ("# Harness\nimport operator\ndef slopes(names, x, y):\n    a, b = Value(x), Value(y)\n    out = a\n"
               "    for name in names: out = getattr(operator, name)(out, b)\n    out.backward()\n"
               "    return {'out': out.data, 'slopes': (a.grad, b.grad)}")
    test = ("told = slopes(['mul', 'add', 'mul'], 2.0, 5.0)     # (a b + b) b\n"
            "assert told == {'out': 75.0, 'slopes': (25.0, 30.0)}")
    notebook = course_of(("answer", ENGINE), ("harness", harness), ("test", test))
    assert marks(notebook, [ENGINE])[0] == [2]
    assert marks(notebook, [ENGINE.replace("self.grad +=", "self.grad =")])[0] == [0]
    assert marks(notebook, [ENGINE.replace("class Value", "class Node").replace("Value(", "Node(")])[0] == [0]
    assert marks(notebook, ["class Value:\n    def __getattr__(self, n): return lambda *a: self\n"
                            "    def __init__(self, *a): pass"])[0] == [0]


CHECKER = """def checker(f, df, x, h=1e-6):
    worst = 0.0
    for k in range(x.size):
        e = np.zeros_like(x)
        e[k] = h
        worst = max(worst, abs((f(x + e) - f(x - e)) / (2 * h) - df(x)[k]))
    return worst"""


def test_a_learners_gradient_checker_is_given_functions_and_may_call_them_ten_thousand_times():
    test = ("f, df, wrong = lambda x: float(np.sum(x**3)), lambda x: 3 * x**2, lambda x: 2 * x**2\n"
            "x = np.linspace(0.1, 1, 3500)\nassert checker(f, df, x[:5]) < 1e-6 < 0.01 < checker(f, wrong, x[:5])\n"
            "assert checker(f, df, x) < 1e-5")
    notebook = course_of(("given", "import numpy as np"), ("answer", CHECKER), ("test", test))
    limits = Limits(cell_seconds=30, call_seconds=30, total_seconds=100)
    assert marks(notebook, [CHECKER], limits)[0] == [2]
    assert marks(notebook, ["def checker(f, df, x, h=1e-6): return 0.0"], limits)[0] == [0]


def test_questions_to_the_grader_without_end_cost_the_time_of_one_call():
    notebook = course_of(("answer", "def ask(f): return f(1)"), ("test", "assert ask(lambda x: x) == 1"),
                         ("test", "assert True"))
    answer = "def ask(f):\n    while True:\n        try: f(1)\n        except Exception: pass"
    earned, result = marks(notebook, [answer])
    assert earned == [0, 2] and "Stopped after 1 s" in result.marks[0].says[0]


@pytest.mark.parametrize("raised", ["ValueError", "ZeroDivisionError", "TypeError"])
def test_what_a_passed_function_raises_arrives_as_what_it_is(raised):
    test = f"def f(x): raise {raised}('no')\nassert safe(f) == '{raised}'"
    answer = "def safe(f):\n    try: f(1)\n    except Exception as e: return type(e).__name__"
    assert marks(course_of(("answer", answer), ("test", test)), [answer])[0] == [2]


def test_check_judges_a_harness_as_it_judges_a_function_in_the_sandbox_and_at_home():
    """The exercise of the registry is asked through a function of a harness that builds the learner's class."""
    answer = "class Loss:\n    def slope(self, Y_hat, Y): return (Y_hat - Y) / len(Y)"
    harness = "# Harness\ndef through(Y_hat, Y): return Loss().slope(Y_hat, Y)"
    test = 'check("delta.output", through)'
    notebook = course_of(("given", "from chainrule.exercises import check"), ("answer", answer),
                         ("harness", harness), ("test", test))
    flipped = answer.replace("Y_hat - Y)", "Y - Y_hat)")
    assert marks(notebook, [answer], key=b"secret")[0] == [2]
    earned, result = marks(notebook, [flipped], key=b"secret")
    assert earned == [0] and "sign" in " ".join(result.marks[0].says)
    for text, right in ((answer, True), (flipped, False)):      # the same cells in one Python, as at home
        namespace = {}
        for source in ("from chainrule.exercises import check", text, harness):
            exec(source, namespace)
        try:
            exec(test, namespace)
            assert right
        except AssertionError as failed:
            assert not right and "sign" in str(failed)


@pytest.fixture
def no_margin(monkeypatch):
    monkeypatch.setattr(evaluate, "MARGIN", 0.2)


@pytest.mark.parametrize("test", ["while True: pass", "while True:\n    try: 1\n    except: pass",
                                  "assert f() == 1\n### BEGIN HIDDEN TESTS\nwhile True: pass\n### END HIDDEN TESTS"])
def test_an_instructors_cell_that_never_ends_is_stopped_and_told(test, no_margin):
    notebook = course_of(("answer", "def f(): return 1"), ("test", test), ("test", "assert f() == 1"))
    earned, result = marks(notebook, ["def f(): return 1"], Limits(cell_seconds=1, call_seconds=1, total_seconds=15))
    assert earned == [0, 2] and any("instructor's cell was stopped after 1.2 s" in flag for flag in result.flags)


def test_an_instructors_set_up_cell_that_never_ends_is_stopped_and_told(no_margin):
    notebook = course_of(("given", "import os\nif os.path.exists('/etc/passwd'):\n    while True: pass"),
                         ("answer", "def f(): return 1"), ("test", "assert f() == 1"))
    earned, result = marks(notebook, ["def f(): return 1"], Limits(cell_seconds=1, call_seconds=1, total_seconds=15))
    assert earned == [2] and "in given-0: The instructor's cell was stopped" in result.flags[0]


@pytest.mark.parametrize("code, words", [
    ("x = bytearray(2_000_000_000)", "There are 2000 MB of memory"),
    ("open('f', 'wb').write(bytes(20_000_000))", "A file may have 8 MB"),
    ("for k in range(9): open(f'f{k}', 'wb').write(bytes(7_000_000))", "All files together may have 32 MB"),
    ("import os, time\nfor k in range(40):\n    if os.fork() == 0: time.sleep(9); os._exit(0)", "There may be 16 proc"),
    ("import threading, time\nfor k in range(40): threading.Thread(target=time.sleep, args=(9,)).start()",
     "There may be 16 proc"),
    ("for k in range(30_000): print('a line')", "A cell may print 100000 characters"),
    ("while True: pass", "Stopped after 2 s. Is there a loop"),
    ("import os\nwhile True: pass", "A process may compute for 1 s"),
    ("import os\nfor k in range(12):\n    if os.fork() == 0:\n        x = bytearray(b'x') * 500_000_000\n"
     "while True: pass", "its processes together held more than 2000 MB"),
])
@pytest.mark.parametrize("where", ["cell", pytest.param("call", marks=pytest.mark.proof)])
def test_a_limit_that_is_hit_gets_a_sentence_for_learner_and_instructor(code, words, where):
    """In a cell and in a call of a function; nobody else pays."""
    seconds = 2 if "Stopped" in words else 30
    limits = Limits(cell_seconds=seconds, call_seconds=seconds, total_seconds=100,
                    cpu_seconds=1 if "compute" in words else 100)
    body = code if where == "cell" else "def f():\n" + "\n".join(f"    {line}" for line in code.splitlines())
    earned, result = marks(course_of(("answer", "def f(): pass"), ("test", "assert f() == 1")), [body], limits)
    assert earned == [0] and any(words in flag for flag in result.flags), result.flags
    if "print" not in code or where == "cell":
        assert words in json.dumps(result.notebook), "the learner reads it"
    assert marks(course_of(("answer", "def f(): return 1"), ("test", "assert f() == 1")),
                 ["def f(): return 1"], limits)[0] == [2]


def test_every_limit_can_be_set_on_the_command_line_and_for_nbgrader():
    from chainrule_grading import cli
    from chainrule_grading.stock import Sandboxed
    words = ["--cell-seconds=3", "--call-seconds=2", "--total-seconds=4", "--cpu-seconds=5", "--memory-mb=600",
             "--processes=7", "--files-mb=8", "--output-kb=9"]
    limits = cli.limits_of(cli.parser().parse_args(["grade", "delta", *words]))
    assert limits == Limits(3, 2, 4, 5, 600_000_000, 7, 2_000_000, 8_000_000, 9000)
    typed = {word[2:].split("=")[0].replace("-", "_"): float(word.split("=")[1]) for word in words}
    assert cli.limits_of(Sandboxed(**typed)) == limits
    assert cli.limits_of(cli.parser().parse_args(["grade", "delta"])) == Limits() == cli.limits_of(Sandboxed())


def test_a_cell_that_is_too_long_to_be_run_costs_itself_alone():
    notebook = course_of(("answer", "def f(): return 1"), ("test", "assert f() == 1"), ("answer", "def g(): return 2"),
                         ("test", "assert g() == 2"))
    earned, result = marks(notebook, ["def f(): return 1\n#" + "x" * 1_500_000, "def g(): return 2"])
    assert earned == [0, 2] and "may have 200000" in result.flags[0]


def test_what_does_not_travel_is_said_to_the_instructor():
    notebook = course_of(("answer", "def f(x): return x"), ("test", "f(object())"))
    _, result = marks(notebook, ["def f(x): return x"])
    assert "harness cell" in result.marks[0].says[0]


def test_a_hidden_test_says_only_that_it_did_not_pass():
    test = "assert f(1) == 1\n### BEGIN HIDDEN TESTS\nassert f(7311) == 7311, 'canary'\n### END HIDDEN TESTS"
    notebook = course_of(("answer", "def f(x): return x"), ("test", test))
    earned, result = marks(notebook, ["def f(x):\n    print(x)\n    if x > 1: raise ValueError(x)\n    return x"])
    assert earned == [0] and result.marks[0].says == (NOT_SHOWN,)
    assert "7311" not in json.dumps(result.notebook) and "canary" not in json.dumps(result.notebook)


def test_what_was_heard_in_secret_cannot_be_told_later():
    """A function may keep the hidden arguments; whatever it shows later is not shown to anybody."""
    test = "assert f(1) == 1\n### BEGIN HIDDEN TESTS\nassert f(7311) == 7311\n### END HIDDEN TESTS"
    notebook = course_of(("answer", "def f(x): return x"), ("test", test), ("answer", "def g(): return 0"),
                         ("test", "assert g() == 0"))
    tell = "def g(): raise ValueError(str(heard))\nprint(heard)"
    _, result = marks(notebook, ["heard = []\ndef f(x):\n    heard.append(x)\n    return x", tell])
    assert result.marks[0].earned == 2 and "7311" not in json.dumps(result.notebook)


def delta_course():
    return course_of(("given", "import numpy as np\nfrom chainrule.exercises import check"),
                     ("answer", "def output_delta(Y_hat, Y): return (Y_hat - Y) / len(Y)"),
                     ("test", 'check("delta.output", output_delta)'))


def test_answers_learnt_by_heart_earn_nothing_and_secret_numbers_are_not_shown():
    from chainrule.exercises import find
    cases = [(c.inputs["Y"].tolist(), (find("delta.output").answer(**c.inputs)).tolist())
             for c in find("delta.output").cases(0)]
    by_heart = (f"cases = {cases}\ndef output_delta(Y_hat, Y):\n    for y, right in cases:\n"
                "        if np.array_equal(y, Y): return np.array(right)\n    raise ValueError(str(Y.tolist()))")
    earned, result = marks(delta_course(), [by_heart], key=b"secret")
    assert earned == [0] and result.marks[0].says == (LEARNT,)
    assert marks(delta_course(), ["def output_delta(Y_hat, Y): return (Y_hat - Y) / len(Y)"], key=b"secret")[0] == [2]


def test_seeds_depend_on_secret_learner_assignment_and_exercise_and_on_nothing_else():
    base = seeds(b"k", "ada", "delta")("delta.output")
    assert base == seeds(b"k", "ada", "delta")("delta.output") != 0
    others = {seeds(b"l", "ada", "delta")("delta.output"), seeds(b"k", "ben", "delta")("delta.output"),
              seeds(b"k", "ada", "gamma")("delta.output"), seeds(b"k", "ada", "delta")("delta.hidden")}
    assert len(others | {base}) == 5
    np.random.default_rng([base, 1])              # it is a seed that NumPy takes


def test_grading_again_with_the_same_secret_gives_the_same(course):
    raw = demo.notebook_of(demo.read_learner(course.sources / "class" / "goran.py"),
                           nbformat.read(course.release("delta"), as_version=4))
    release, solution = course.release("delta").read_bytes(), (course.solutions / "delta/delta.ipynb").read_bytes()
    first, second = (grade("goran", "delta", raw, release, instructor=solution, key=b"x") for _ in range(2))
    assert first.marks == second.marks and first.notebook == second.notebook


def test_a_learners_outputs_stay_as_text_and_pictures():
    picture = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);\nplt.show()\nprint('a'); 'b'"
    _, result = marks(course_of(("answer", "def f(): pass"), ("test", "f()")), [picture])
    outputs = nbformat.from_dict(result.notebook).cells[0].outputs
    assert [o.output_type for o in outputs] == ["stream", "display_data", "execute_result"]
    assert set(outputs[1].data) == {"text/plain", "image/png"} and outputs[2].data == {"text/plain": "'b'"}


def test_the_plan_of_a_notebook_names_the_part_of_each_cell():
    cells = plan(course_of(("given", "import os"), ("answer", "x = 1"), ("harness", "# harness\ndef h(): pass"),
                           ("test", "assert x")))
    assert [cell.kind for cell in cells.values()] == ["given", "answer", "harness", "test"]
    assert cells["harness-2"].names == {"h"} and cells["test-3"].points == 2


# ---------------------------------------------------------------- one process for both kinds of cases

def sessions_of(monkeypatch):
    """Counts the processes that a submission gets."""
    from chainrule_grading.sandbox import Joined
    begun, before = [], Joined.session
    monkeypatch.setattr(Joined, "session", lambda self, limits: begun.append(1) or before(self, limits))
    return begun


CHECKED = course_of(("given", "from chainrule.exercises import check"), ("answer", "def output(Y_hat, Y): pass"),
                    ("test", 'check("delta.output", output)'), ("answer", "pass"))
RIGHT = "def output(Y_hat, Y):\n    return (Y_hat - Y) / len(Y)"


def test_a_right_answer_costs_one_process(monkeypatch):
    begun = sessions_of(monkeypatch)
    assert marks(CHECKED, [RIGHT], key=b"secret")[0] == [2] and len(begun) == 1


@pytest.mark.parametrize("answer, later", [
    ("size = 1\ndef output(Y_hat, Y):\n    return size * (Y_hat - Y) / len(Y)", "size = 3"),
    (RIGHT, "def output(*_): raise ValueError"), (RIGHT, "del output")])
def test_what_the_notebook_changes_later_costs_no_mark(answer, later, monkeypatch):
    begun = sessions_of(monkeypatch)
    assert marks(CHECKED, [answer, later], key=b"secret")[0] == [2] and len(begun) == 2


def test_an_answer_that_knows_the_known_cases_by_heart_earns_nothing():
    from chainrule.exercises._registry import find
    known = [float(case.inputs["Y_hat"][0, 0]) for case in find("delta.output").cases()]
    by_heart = (f"def output(Y_hat, Y):\n    return (Y_hat - Y) / len(Y) if float(Y_hat[0, 0]) in {known} else Y_hat")
    earned, result = marks(CHECKED, [by_heart], key=b"secret")
    assert earned == [0] and result.marks[0].says == (LEARNT,)


# ---------------------------------------------------------------- what is killed from outside costs no mark

@pytest.mark.parametrize("victim", ["the learner's process", "the warm parent"])
def test_a_process_that_is_killed_from_outside_costs_no_mark(monkeypatch, victim):
    import os
    import signal

    from chainrule_grading import grading
    from chainrule_grading.sandbox import Process
    killed, before = [], Process.ask

    def ask(process, request, *rest):
        if request.get("op") == "call" and not killed:
            killed.append(1)
            if victim == "the warm parent":
                os.kill(grading.sandbox().process.pid, signal.SIGKILL)
                grading.sandbox().process.wait()
            else:
                process._kill()
        return before(process, request, *rest)
    monkeypatch.setattr(Process, "ask", ask)
    assert marks(CHECKED, [RIGHT], key=b"secret")[0] == [2] and killed


def test_a_notebook_that_ends_python_each_time_is_run_twice_and_no_more(monkeypatch):
    begun = sessions_of(monkeypatch)
    earned, result = marks(CHECKED, ["import os\n" + RIGHT + "\nos._exit(1)"])
    assert earned == [0] and len(begun) == 2 and "Python itself ended" in result.flags[0]
