"""Evaluate: the instructor's test cells run here, in the trusted process; learners' code only answers calls.

A notebook is walked twice, each time with a fresh process in the sandbox. The *shown* walk gives what learners see:
their outputs, and the checks on the numbers that they know from home. The *secret* walk gives only numbers: hidden
tests, and the checks on cases drawn from the course secret. A mark is the smaller of the two, so nothing that
is secret can come back in words, and nothing that was learnt by heart can earn a mark.
"""
import ast
import base64
import builtins
import contextlib
import ctypes
import errno
import functools
import hashlib
import hmac
import inspect
import io
import keyword
import os
import re
import sys
import threading
import time
import warnings
from dataclasses import dataclass, field

import numpy as np

from chainrule.exercises import CheckFailed
from chainrule.exercises._card import Card
from chainrule.exercises._check import grader
from chainrule.exercises._judge import judge
from chainrule_grading.notebooks import new_cell, new_output
from chainrule_grading.sandbox import ENDED, Lost

HIDDEN = re.compile(r"^[^\n]*BEGIN HIDDEN TESTS.*?END HIDDEN TESTS[^\n]*\n?", re.M | re.S)
NOT_SHOWN = "A test that is not shown did not pass."
LEARNT = ("It is right on the networks that the check uses at home, and not on others of the same kind. "
          "Does every number come from the arguments?")
AGAIN = 1.0                                       # seconds for a cell that did not end in its time the first time
RESERVE = 2.0                                     # seconds of a submission's time that ending its process may take
MOST_SOURCE = 200_000                             # characters of a cell
MARGIN = 2.0                                      # seconds that a test has beyond the learner's limits, which act first
PICTURE, PICTURES = 1_500_000, 4_000_000          # bytes of one picture, of all


# ---------------------------------------------------------------- what the instructor's notebook says

@dataclass(frozen=True)
class Cell:
    """One cell of the instructor's notebook: its part in grading, its text with hidden tests, what it defines."""
    name: str
    kind: str                     # "test", "answer", "harness", "given", or "" for text
    source: str
    points: float = 0.0
    names: frozenset = frozenset()
    imports: str = ""


def plan(instructor):
    """{name: Cell} of the instructor's notebook, the one with solutions and hidden tests if it is at hand."""
    cells = {}
    for cell in instructor.cells:
        about = cell.metadata.get("nbgrader") or {}
        name = about.get("grade_id") or cell.id
        kind = ("" if cell.cell_type != "code" else "answer" if about.get("solution") else
                "test" if about.get("grade") else
                "harness" if about and cell.source.lstrip().lower().startswith("# harness") else "given")
        names, imports = defined(cell.source) if kind in ("answer", "harness") else (frozenset(), "")
        cells[name] = Cell(name, kind, cell.source, float(about.get("points") or 0), names, imports)
    return cells


def defined(source):
    """The names that a cell defines at its top level, and its import lines, which are the instructor's to run."""
    try:
        tree = ast.parse(without_magics(source))
    except SyntaxError:
        return frozenset(), ""
    imports = [ast.unparse(node) for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    imported = {a.asname or a.name.partition(".")[0] for node in ast.walk(tree)
                if isinstance(node, (ast.Import, ast.ImportFrom)) for a in node.names}
    return frozenset(stored(tree) - imported), "\n".join(imports)


def stored(tree):
    """The names that running this code binds in its module."""
    names, waiting = set(), [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {a.asname or a.name.partition(".")[0] for a in node.names}
        elif not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            waiting += ast.iter_child_nodes(node)
    return names


@functools.lru_cache(maxsize=500)                 # an instructor's cells are the same for a whole class
def compiled(source):
    """An instructor's cell as code, the value of its last line as code (or None), and the names that it binds."""
    tree = ast.parse(without_magics(source))
    names = frozenset(stored(tree))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    return (compile(tree, "<test>", "exec"),
            last and compile(ast.Expression(last.value), "<test>", "eval"), names)


def without_magics(source):
    """The same lines, with those that only IPython understands made empty."""
    return re.sub(r"^[%!].*$", "", source, flags=re.M)


# ---------------------------------------------------------------- the learner's process, kept to its limits

class Session:
    """A process in the sandbox that is replaced when a call ended it, and the clock of the whole notebook."""

    def __init__(self, sandbox, limits, end):
        self.sandbox, self.limits, self.end, self.process = sandbox, limits, end, None
        self.ran, self.starts, self.over = [], 0, False
        self.ended = False                        # whether a process ended and nobody knows why
        self.hits, self.stopped = [], []          # limits met in the cell that is running; tests that never ended

    def run(self, source, seconds=None):
        """Run a learner's cell. If it ends Python, that was the end of the notebook."""
        seconds = seconds or self.limits.cell_seconds
        if len(source) > MOST_SOURCE:
            raise Lost("TooLong", f"Not run: the cell has {len(source)} characters and may have {MOST_SOURCE}.")
        try:
            reply = self.ask({"op": "run", "source": source}, seconds)
        except Lost:
            self.over = True
            raise
        self.ran.append((source, min(seconds, AGAIN) if "late" in reply else seconds))
        return reply

    def ask(self, request, seconds, functions=()):
        """A request to the process, which is started, or started again, if it is not there."""
        if self.over:
            raise Lost("KernelEnded", "Not run: Python had ended in a cell above.")
        whole = f"A whole notebook may take {self.limits.total_seconds:g} s, and they are over."
        if self.end <= time.monotonic():
            raise Lost("TooLong", whole)
        if self.process is None or not self.process.alive:
            self._start()
        left = max(self.end - time.monotonic(), 0.01)
        late = f"Stopped after {seconds:g} s. Is there a loop whose condition never becomes false?"
        try:
            reply = self.process.ask(request, min(seconds, left), late if seconds <= left else whole, functions)
        except Lost as lost:
            self.ended = self.ended or str(lost) == ENDED
            raise
        if hit := limit_hit(reply, self.limits):
            self.hits.append(hit)
            if isinstance(reply.get("error"), dict):
                reply["error"]["text"] = hit
        return reply

    def _start(self):
        if self.starts >= self.limits.starts:
            raise Lost("KernelEnded", "Python ended too often; nothing more was run.")
        self.starts += 1
        self.process = self.sandbox.session(self.limits)
        for source, seconds in self.ran:          # as if the notebook had been run up to here
            self.process.ask({"op": "run", "source": source}, min(seconds, max(self.end - time.monotonic(), 0.01)),
                             "Python had ended, and running the notebook again took too long.")

    def left(self):
        """Seconds that the next cell may take."""
        return max(min(self.limits.cell_seconds, self.end - time.monotonic()), 0)

    def close(self):
        if self.process:
            self.process.close()


def limit_hit(reply, limits):
    """One sentence on the limit that an answer says it ran into, or nothing. It costs no mark and earns none."""
    told = reply.get("error") if isinstance(reply.get("error"), dict) else {}
    bases = told.get("bases") if isinstance(told.get("bases"), list) else []
    number = told.get("errno") if type(told.get("errno")) is int else 0
    if "MemoryError" in bases:
        return f"There are {limits.memory / 1e6:.0f} MB of memory, and this wanted more."
    if number == errno.ETIME:
        return f"A process may compute for {limits.cpu_seconds:g} s, and this wanted more."
    if number == errno.EFBIG:
        return f"A file may have {limits.file / 1e6:g} MB, and this one wanted more."
    if number == errno.ENOSPC:
        return f"All files together may have {limits.files / 1e6:g} MB, and these wanted more."
    if number == errno.EAGAIN or told.get("text") == "can't start new thread":
        return f"There may be {limits.processes} processes and threads, and this wanted more."
    if reply.get("cut") is True:
        return f"A cell may print {limits.output} characters; the rest was cut off."
    return ""


class Proxy:
    """Stands for a learner's function: sends the arguments, gives back plain data, raises what it raised."""

    def __init__(self, session, name, parameters, watch=False):
        self.__name__ = self.__qualname__ = name
        self._session, self._parameters, self._watch = session, parameters, watch
        if (signature := _signature(parameters)) is not None:
            self.__signature__ = signature

    def watched(self):
        """The same function, which also carries back what it changed in its arguments."""
        return Proxy(self._session, self.__name__, self._parameters, True)

    def __call__(self, *arguments, **keywords):
        functions = []
        request = {"op": "call", "name": self.__name__, "args": _travelling(arguments, functions),
                   "kwargs": _travelling(keywords, functions), "watch": self._watch}
        reply = self._session.ask(request, self._session.limits.call_seconds, functions)
        if reply.get("late"):
            raise Lost("TooLong", str(reply["error"]["text"]))
        if isinstance(reply.get("printed"), str):
            print(reply["printed"], end="")
        for warned in reply.get("warned") if isinstance(reply.get("warned"), list) else ():
            _warn(warned)
        if self._watch and isinstance(reply.get("changed"), dict):
            _carry_back(arguments, reply["changed"])
        if "error" in reply:
            raise exception_of(reply["error"])
        return reply.get("value")

    def __repr__(self):
        return f"<function {self.__name__} of the learner>"


class DoesNotTravel(TypeError):
    """The instructor's test passes something that cannot be sent into the sandbox."""


def _travelling(value, functions):
    """Arguments with each function replaced by a number, under which the learner's process may ask for it."""
    if isinstance(value, (list, tuple)):
        return type(value)(_travelling(v, functions) for v in value) if type(value) in (list, tuple) else value
    if isinstance(value, dict):
        return {k: _travelling(v, functions) for k, v in value.items()}
    if isinstance(value, Proxy):
        return {"function of the learner": value.__name__}
    if callable(value) and not isinstance(value, type):
        functions.append(value)
        return {"function of the grader": len(functions) - 1}
    if isinstance(value, np.random.Generator) and isinstance(value.bit_generator, np.random.PCG64):
        return {"generator of the grader": value.bit_generator.state}
    if value is None or isinstance(value, (bool, int, float, complex, str, np.ndarray, np.generic)):
        return value
    raise DoesNotTravel(f"a test passes a {type(value).__name__} to a learner's function, and only numbers, arrays, "
                        "text, lists, functions and generators travel; build it in a harness cell.")


def _signature(parameters):
    try:
        if any(not name.isidentifier() or keyword.iskeyword(name) or len(name) > 100 for name, _, _ in parameters):
            return None
        empty = inspect.Parameter.empty
        return inspect.Signature([inspect.Parameter(name, inspect._ParameterKind(kind), default=None if has else empty)
                                  for name, kind, has in parameters[:50]])
    except (TypeError, ValueError, AttributeError):
        return None


def _warn(warned):
    name, text = warned if isinstance(warned, (list, tuple)) and len(warned) == 2 else ("", warned)
    category = getattr(builtins, str(name), None)
    is_one = isinstance(category, type) and issubclass(category, Warning)
    warnings.warn(str(text)[:300], category if is_one else UserWarning, stacklevel=3)


def _carry_back(arguments, changed):
    for k, value in changed.items():
        old = arguments[int(k)] if str(k).isdigit() and int(k) < len(arguments) else None
        if isinstance(old, np.ndarray) and isinstance(value, np.ndarray) and old.shape == value.shape \
                and np.can_cast(value.dtype, old.dtype, "same_kind"):
            old[...] = value
        elif isinstance(old, list) and isinstance(value, list):
            old[:] = value


def exception_of(told):
    """An exception as the learner's code raised it: its built-in type if it has one, its text, its line."""
    told = told if isinstance(told, dict) else {}
    name, text = str(told.get("name") or "Error")[:60], str(told.get("text") or "")[:500]
    bases = told.get("bases") if isinstance(told.get("bases"), list) else []
    known = [t for t in (getattr(builtins, str(b), None) for b in bases)
             if isinstance(t, type) and issubclass(t, Exception)]
    base = known[0] if known else Exception
    try:
        error = base(text) if base.__name__ == name else type(name, (base,), {})(text)
    except Exception:                             # a type that wants more than a text
        error = type(name if name.isidentifier() else "Error", (Exception,), {})(text)
    error.learners_line = str(told.get("line") or "")[:200]
    return error


# ---------------------------------------------------------------- the instructor's side

class OutOfTime(BaseException):
    """Arrives in the instructor's own code when it takes too long."""


@contextlib.contextmanager
def at_most(seconds):
    """Raise OutOfTime in this thread after so many seconds, and again until it is out of here.

    It arrives between two steps of Python: a loop ends, a single long call of NumPy is waited for.
    """
    thread, done = ctypes.c_ulong(threading.get_ident()), threading.Event()

    def remind():
        wait = seconds
        while not done.wait(wait):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(OutOfTime))
            wait = 0.5                            # a bare `except:` may have swallowed it

    reminder = threading.Thread(target=remind, daemon=True)
    reminder.start()
    try:
        try:
            yield
        finally:
            done.set()
            reminder.join()
    finally:                                      # should it arrive in the lines above
        done.set()


@dataclass
class Trusted:
    """The namespace in which set-up and test cells run, and what the cell that is running has shown."""
    session: Session
    names: dict = field(default_factory=lambda: {"__name__": "__main__"})
    theirs: set = field(default_factory=set)      # names that are the learner's
    outputs: list = field(default_factory=list)
    cards: list = field(default_factory=list)     # what `check` showed in the cell that is running
    judged: bool = False                          # whether it called `check`

    def bind(self, only=None):
        """Bind the names that are the learner's (or only some of them) to what stands behind them now."""
        names = self.theirs if only is None else self.theirs & only
        if not names:
            return
        told = self.session.ask({"op": "describe", "names": sorted(names)}, self.session.limits.call_seconds)
        told = told["names"] if isinstance(told.get("names"), dict) else {}
        for name in names:
            about = told.get(name)
            if not isinstance(about, dict) or not about.keys() & {"function", "value"}:
                self.names.pop(name, None)
            elif "function" in about:
                self.names[name] = Proxy(self.session, name, about["function"])
            else:
                self.names[name] = about["value"]

    def execute(self, source, in_time=at_most):
        """Run instructor's code; True if it was all right. Whatever it shows is in `outputs`."""
        self.outputs, out, seconds = [], io.StringIO(), self.session.left() + MARGIN
        try:
            body, last, names = compiled(source)
            self.theirs -= names
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()), \
                    warnings.catch_warnings(), in_time(seconds):
                warnings.simplefilter("ignore")
                exec(body, self.names)
                value = eval(last, self.names) if last else None
            passed = True
        except Lost as lost:
            value, passed = None, False
            self.outputs.append(error_output(lost.name, str(lost)))
        except OutOfTime:
            value, passed = None, False
            self.outputs.append(error_output("TooLong", f"The instructor's cell was stopped after {seconds:.3g} s, "
                                                        "calls of the learner's functions included."))
        except (Exception, SystemExit) as failed:
            value, passed = None, False
            self.outputs.append(error_output(type(failed).__name__, _say(failed), _line(failed, source)))
        if out.getvalue():
            self.outputs.insert(0, new_output("stream", name="stdout", text=out.getvalue()[:100_000]))
        if value is not None and not source.rstrip().endswith(";"):
            self.outputs.append(new_output("execute_result", {"text/plain": repr(value)[:10_000]}))
        return passed


def _say(failed):
    try:
        return str(failed)[:3000]
    except Exception:
        return ""


def _line(failed, source):
    lines, line, trace = source.splitlines(), "", failed.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<test>" and trace.tb_lineno <= len(lines):
            line = lines[trace.tb_lineno - 1].strip()
        trace = trace.tb_next
    return line


def error_output(name, text, line=""):
    """An error as a notebook shows it, in plain text and without a tour of the grader."""
    said = [f"{name}: {text}" if text else name]
    where = [f"in the line  {line}"] if line and name != "CheckFailed" else []
    return new_output("error", ename=name, evalue=text, traceback=where + said)


# ---------------------------------------------------------------- the two walks

def evaluate(notebook, cells, sandbox, limits, seed_of):
    """Fill in the outputs of a restored notebook so that they are its marks.

    Return whether a process of it ended for a reason that nobody knows, and sentences for the instructor.

    A mark that was earned on the cases that learners know is asked for again on secret ones: at once, of the process
    that has just run the notebook, whose outputs nobody sees any more. Only what that leaves open (the notebook may
    since have changed what a function needs, or the instructor has hidden tests) costs a second walk.
    """
    with _without_a_screen():
        end = time.monotonic() + max(limits.total_seconds - RESERVE, RESERVE)
        session = Session(sandbox, limits, end)
        try:
            flags, trusted = shown_walk(notebook, cells, session)
            earned = {_name(cell) for cell in notebook.cells if is_test(cell) and nbgraders_mark(cell)}
            unsure = earned - kept_on_secret_cases(notebook, cells, trusted, earned, seed_of)
        finally:
            session.close()
            _close_figures()
        secret = Session(sandbox, limits, end)
        if unsure:                                    # where nothing was earned, nothing can be lost
            lower(notebook, secret_walk(notebook, cells, secret, unsure, seed_of))
            flags += [f"{text} (in what is not shown)" for text in secret.stopped]
        return session.ended or secret.ended, tuple(flags)


@contextlib.contextmanager
def _without_a_screen():
    """Set-up cells may draw; what this process starts later keeps its own way of showing pictures."""
    before = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = "Agg"
    try:
        yield
    finally:
        if before is None:
            del os.environ["MPLBACKEND"]
        else:
            os.environ["MPLBACKEND"] = before


def shown_walk(notebook, cells, session):
    """Run the notebook as the learner knows it and fill in its outputs; return what went wrong, in sentences, and the
    namespace at its end."""
    flags, room = [], [PICTURES]
    trusted = Trusted(session)

    def check(exercise, answer):
        verdict = judge(exercise, answer.watched() if isinstance(answer, Proxy) else answer)
        card = Card(verdict)
        trusted.cards.append(new_output(
            "display_data", {"text/plain": repr(card), "text/html": card._repr_html_()},
            metadata={"chainrule": {"task": exercise.id, "kind": verdict.kind,
                                    "cause": verdict.cause.name if verdict.cause else ""}}))
        return points_of(verdict, card)

    with judging(check):
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            known, trusted.cards = cells.get(_name(cell)), []
            kind = known.kind if known else "added"
            cell.execution_count = None
            if kind == "test":
                _test(trusted, HIDDEN.sub("", known.source))
                cell.outputs = trusted.cards + trusted.outputs
            else:
                cell.outputs = _learners(session, cell.source, room)
                _set_up(trusted, known)
            flags += [f"cell {_name(cell)}: {text}" for text in dict.fromkeys([*session.hits, *(
                o.evalue for o in cell.outputs if o.output_type == "error" and
                o.ename in ("TooLong", "KernelEnded") and not o.evalue.startswith("Not run: Python"))])]
            session.hits.clear()
    return flags, trusted


def kept_on_secret_cases(notebook, cells, trusted, wanted, seed_of):
    """The wanted test cells that are a `check` and nothing else, and whose points stand on secret cases (names)."""
    kept = set()
    with judging(_secretly(trusted, seed_of)):
        for cell in notebook.cells:
            known = cells.get(_name(cell))
            if known and known.name in wanted and only_a_check(known.source):
                _test(trusted, known.source)
                if _points_of_outputs(trusted, known, cell) >= nbgraders_mark(cell):
                    kept.add(known.name)
    return kept


@functools.lru_cache(maxsize=500)
def only_a_check(source):
    """Whether a test cell is one call of `check`, which needs nothing but the learner's function."""
    try:
        body = ast.parse(without_magics(source)).body
    except SyntaxError:
        return False
    call = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "check"


def _secretly(trusted, seed_of):
    def check(exercise, answer):
        trusted.judged = True
        return points_of(judge(exercise, answer, seed=seed_of(exercise.id), reveal=False), None)
    return check


def _points_of_outputs(trusted, known, cell):
    """nbgrader's mark for what a test cell has just shown, to us alone."""
    return nbgraders_mark(new_cell("code", known.source, cell.id, outputs=trusted.outputs, metadata=cell.metadata))


def secret_walk(notebook, cells, session, wanted, seed_of):
    """The points that hidden tests and secret cases leave of the `wanted` test cells: {name: (points, why)}."""
    trusted, earned = Trusted(session), {}
    try:
        with judging(_secretly(trusted, seed_of)):
            for cell in notebook.cells:
                if cell.cell_type != "code":
                    continue
                known = cells.get(_name(cell))
                if known and known.kind == "test":
                    if known.name not in wanted and "check(" in known.source:
                        continue                  # a call that gave nothing, perhaps after a long time
                    trusted.judged = False
                    _test(trusted, known.source)
                    lost = next((o.evalue for o in trusted.outputs if o.output_type == "error"
                                 and o.ename in ("TooLong", "KernelEnded")), "")
                    session.stopped += [f"cell {known.name}: {lost}"] if lost else []
                    earned[known.name] = (_points_of_outputs(trusted, known, cell),
                                          lost or (LEARNT if trusted.judged else NOT_SHOWN))
                else:
                    with contextlib.suppress(Lost):
                        session.run(cell.source, AGAIN if _was_late(cell) else None)
                    _set_up(trusted, known)
    finally:
        session.close()
        _close_figures()
    return earned


def _test(trusted, source):
    """Run a test cell with the learner's names as they are now.

    A single call of `check` needs no clock and no names but its own: it is our code, and each call that it makes of the
    learner's function ends in time, as all of them together do.
    """
    alone = only_a_check(source)
    try:
        trusted.bind(_loaded(source) if alone else None)
    except Lost as lost:
        trusted.outputs = [error_output(lost.name, str(lost))]
        return
    trusted.execute(source, contextlib.nullcontext if alone else at_most)


def _set_up(trusted, known):
    """What the instructor's cells mean for the test cells below: given code runs, answers become proxies."""
    if known is None:
        return
    if known.kind == "given":
        with contextlib.suppress(Lost):
            trusted.bind() if trusted.theirs & _loaded(known.source) else None
        trusted.execute(known.source)
        trusted.session.hits += [f"in {known.name}: {o.evalue}" for o in trusted.outputs
                                 if o.output_type == "error" and o.ename == "TooLong"]
    elif known.kind in ("answer", "harness"):
        if known.imports:
            trusted.execute(known.imports, contextlib.nullcontext)       # nothing that could take long
        trusted.theirs |= known.names
    trusted.outputs = []


@functools.lru_cache(maxsize=500)
def _loaded(source):
    try:
        return frozenset(n.id for n in ast.walk(ast.parse(without_magics(source))) if isinstance(n, ast.Name))
    except SyntaxError:
        return frozenset()


def _close_figures():
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def points_of(verdict, card):
    """What `check` does with a verdict in a notebook: nothing, a float, or CheckFailed."""
    if verdict.kind == "full":
        return None
    if verdict.earned > 0:
        return float(verdict.earned)
    end = "." if verdict.kind == "unwritten" else f". {verdict.headline}"
    raise CheckFailed(card.title() + end if card else "")


@contextlib.contextmanager
def judging(check):
    """While this lasts, every `check(…)` in this process is judged by `check(exercise, answer)`."""
    token = grader.set(check)
    try:
        yield
    finally:
        grader.reset(token)


def lower(notebook, earned):
    """Give each test cell the smaller of its two marks, in outputs from which nbgrader reads it."""
    for cell in notebook.cells:
        name = _name(cell)
        if name not in earned:
            continue
        points, why = earned[name]
        if points >= nbgraders_mark(cell):
            continue
        said = new_output("display_data", {"text/plain": f"◐ Not on every network · {name}\n  {why}"}) \
            if points else None
        cell.outputs = [said, new_output("execute_result", {"text/plain": repr(float(points))})] if points else \
            [error_output("NotPassed", why)]


def is_test(cell):
    about = cell.metadata.get("nbgrader") or {}
    return bool(cell.cell_type == "code" and about.get("grade") and not about.get("solution"))


def _was_late(cell):
    return any(o.output_type == "error" and o.ename == "TooLong" for o in cell.get("outputs", []))


def nbgraders_mark(cell):
    """The points of a test cell by nbgrader's rule, and never more than it is worth."""
    from nbgrader.utils import determine_grade

    earned, points = determine_grade(cell)
    return min(max(earned, 0.0), points)


def seeds(key, student, assignment):
    """exercise id → a seed that only the holder of the course secret can know, the same in every run."""
    def seed_of(exercise):
        text = "\0".join((student, assignment, exercise)).encode()
        return int.from_bytes(hmac.new(key, text, hashlib.sha256).digest()[:8], "big")
    return seed_of


# ---------------------------------------------------------------- a learner's outputs, as text and pictures

def _learners(session, source, room):
    """Run a learner's cell; its outputs, projected to plain text and PNG pictures."""
    try:
        reply = session.run(source)
    except Lost as lost:
        return [error_output(lost.name, str(lost))]
    most = session.limits.output
    outputs = [new_output("stream", name=name, text=_text(reply.get(key), most))
               for name, key in (("stdout", "printed"), ("stderr", "warned")) if _text(reply.get(key))]
    if reply.get("cut") is True:
        outputs.append(new_output("stream", name="stderr", text=f"\n{limit_hit(reply, session.limits)}\n"))
    shown = reply.get("shown")
    for data in shown[:50] if isinstance(shown, list) else ():
        outputs.append(new_output("display_data", _display(data, room)))
    if isinstance(reply.get("value"), dict):
        outputs.append(new_output("execute_result", _display(reply["value"], room)))
    if isinstance(told := reply.get("error"), dict):
        outputs.append(error_output(_text(told.get("name"), 60) or "Error", _text(told.get("text"), 500),
                                    _text(told.get("line"), 200)))
    return outputs


def _display(data, room):
    data = data if isinstance(data, dict) else {}
    shown, png = {"text/plain": _text(data.get("text"))}, data.get("png")
    if isinstance(png, np.ndarray) and png.dtype == np.uint8 and png.ndim == 1 and png.size <= min(PICTURE, room[0]) \
            and png[:8].tobytes() == b"\x89PNG\r\n\x1a\n":
        room[0] -= png.size
        shown["image/png"] = base64.b64encode(png.tobytes()).decode()
    return shown


def _text(value, most=100_000):
    """Text without control characters, or nothing."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", value[:most]) if isinstance(value, str) else ""


def _name(cell):
    return (cell.metadata.get("nbgrader") or {}).get("grade_id") or cell.id
