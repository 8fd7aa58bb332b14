"""`chainrule doctor`: try what the course needs on this machine, and say what is missing and how to get it."""
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from chainrule_grading.course import UserError, find_course


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `level` is "ok", "note" (works, worth knowing) or "bad"; `cure` says what to do."""
    level: str
    what: str
    cure: str = ""


def examine():
    """Yield a Finding for everything that matters, cheapest first."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield (Finding("ok", f"Python {version}") if sys.version_info >= (3, 11) else
           Finding("bad", f"Python {version} is too old", "install Python 3.11 or newer"))
    for role, packages in (("learn", ("numpy", "matplotlib", "jupyterlab", "ipykernel", "nbclient")),
                           ("teach", ("nbgrader",)), ("dev", ("jupytext", "nbval", "pytest"))):
        missing = [p for p in packages if importlib.util.find_spec(p) is None]
        have = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in packages if p not in missing)
        if not missing:
            yield Finding("ok", f"{role}: {have}")
        else:
            yield Finding("bad" if role == "learn" else "note", f"{role}: {', '.join(missing)} not installed",
                          f'pip install "chainrule[{role}]"')
    yield _kernel()
    yield _extensions()
    yield _course()
    yield _writable(Path(os.environ.get("CHAINRULE_STATE") or Path.home() / ".chainrule"), "your progress is kept in")
    yield from _isolation()


# Each tries to get out of the sandbox, and prints "out" if it did.
ESCAPES = {
    "read files of this machine": "import os\nif os.path.exists('/etc/passwd') or os.listdir('/proc'): print('out')",
    "see the environment of the grader": "import os; print('out' if 'CHAINRULE_PROBE' in os.environ else '')",
    "reach the network": "import socket\nsocket.create_connection(('127.0.0.1', PORT), 1); print('out')",
    "keep a file": "open('/usr/lib/x', 'w'); print('out')",
    "mount, or make namespaces": "import ctypes; c = ctypes.CDLL(None)\nprint('' if c.unshare(0x10000000) and "
                                 "c.mount(b'x', b'/tmp', b'tmpfs', 0, None) else 'out')",
    "start more processes than allowed": "import os, time\nn = 0\ntry:\n    while n < 40:\n        if os.fork() == 0:\n"
                                         "            time.sleep(9); os._exit(0)\n        n += 1\n    print('out')\n"
                                         "except OSError: pass",
    "take more memory than allowed": "x = bytearray(10**10); print('out')",
    "take it with several processes": "import os, time\nfor k in range(8):\n    if os.fork() == 0:\n"
                                      "        x = bytearray(b'x') * 600_000_000\n        time.sleep(9); os._exit(0)\n"
                                      "time.sleep(8); print('out')",
}


def _isolation():
    """Prove the level by trying: a canary in the environment, an open port, and the ways out above."""
    import socket

    from chainrule_grading.notebooks import Limits
    from chainrule_grading.sandbox import Lost, NoSandbox, Sandbox

    os.environ["CHAINRULE_PROBE"] = "canary"
    try:
        with socket.create_server(("127.0.0.1", 0)) as server, Sandbox() as sandbox:
            port, ways_out = server.getsockname()[1], []
            for what, code in ESCAPES.items():
                process = sandbox.session(Limits())
                try:
                    reply = process.ask({"op": "run", "source": code.replace("PORT", str(port))}, 10, "")
                    if reply.get("printed", "").strip():
                        ways_out.append(what)
                except Lost:
                    pass
                process.close()
        if ways_out:
            yield Finding("bad", f"isolation: the sandbox starts, but learners' code could {'; '.join(ways_out)}",
                          "grade only notebooks you trust, and tell the maintainers which Linux this is")
        else:
            yield Finding("ok", f"isolation: sandbox; {len(ESCAPES)} ways out were tried and none worked")
    except NoSandbox as why_not:
        yield Finding("note", "isolation: none; learners' code would run with your rights",
                      f"{why_not} Until then grade only notebooks you trust, with --accept-isolation=none")
    finally:
        del os.environ["CHAINRULE_PROBE"]


def _kernel():
    """Start a kernel and let it compute: looking for its files would prove little."""
    try:
        import nbformat

        from chainrule_grading.notebooks import Limits, run
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import numpy; print(6 * 7)")])
        trouble = run(notebook, Limits(60))
        text = "".join(o.get("text", "") for o in notebook.cells[0].outputs)
        if text.strip() == "42" and not trouble:
            return Finding("ok", "a Python kernel starts and computes")
        return Finding("bad", f"the Python kernel answers {text or trouble!r}",
                       "pip install --force-reinstall ipykernel")
    except ImportError as missing:
        return Finding("bad", f"no kernel: {missing}", 'pip install "chainrule[learn]"')


def _extensions():
    if importlib.util.find_spec("nbgrader") is None or importlib.util.find_spec("jupyterlab") is None:
        return Finding("note", "nbgrader's buttons in JupyterLab: not installed", 'pip install "chainrule[teach]"')
    listed = subprocess.run([sys.executable, "-m", "jupyter", "server", "extension", "list"], capture_output=True,
                            text=True, check=False)
    text = listed.stdout + listed.stderr
    wanted = ("formgrader", "validate_assignment", "assignment_list")
    missing = [name for name in wanted if f"nbgrader.server_extensions.{name}" not in text]
    if missing:
        return Finding("bad", f"nbgrader's extension {missing[0]} is off",
                       "jupyter server extension enable --sys-prefix --py nbgrader")
    return Finding("ok", "nbgrader's formgrader, validate and assignment list are on")


def _course():
    try:
        course = find_course()
    except UserError as nowhere:
        return Finding("note", str(nowhere))
    return _writable(course.classroom, f"course with {len(course.assignments())} assignment(s); classroom in")


def _writable(folder, words):
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            return Finding("ok", f"{words} {folder}")
    except OSError as no:
        return Finding("bad", f"cannot write in {folder} ({no.strerror})", "change its owner or its rights")


def main():
    """Print what was found; exit code 1 if something must be mended."""
    bad = 0
    for finding in examine():
        sign = {"ok": "✓", "note": "·", "bad": "✗"}[finding.level]
        print(f"{sign} {finding.what}" + (f"\n    → {finding.cure}" if finding.cure else ""), flush=True)
        bad += finding.level == "bad"
    print("Everything that is needed works." if not bad else f"{bad} thing{'s' * (bad > 1)} to mend, see → above.")
    return 1 if bad else 0
