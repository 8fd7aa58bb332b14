"""The sandbox, seen from the grader: a warm Python in bubblewrap, and one session in it per submission.

Two levels only: sandboxed or not. `Sandbox()` raises NoSandbox, with one sentence and its cure, where it cannot be
had; it is found out by doing, not by looking for a program.
"""
import builtins
import contextlib
import functools
import importlib.metadata
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from chainrule_grading.inside import wire

HERE = Path(__file__).resolve().parent
ALLOWED = ("numpy", "matplotlib", "ipython")      # with what they need; everything else is not there
SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/lib32", "/etc/ld.so.cache")
PATIENCE = 20                                     # seconds to wait for a session to be there
GRACE = 1.0                                       # seconds between "please stop" and the end
GLANCE = 0.05                                     # seconds between two looks at a submission's memory
ENDED = "Python itself ended in this cell."
HELD = re.compile(r"^(?:RssAnon|RssShmem|VmSwap):\s*(\d+) kB", re.M)


class NoSandbox(Exception):
    """There is no sandbox on this machine: one sentence with its cure."""


class Lost(BaseException):
    """The learner's process is gone, or out of time: ends the cell that is being graded, whatever it catches."""

    def __init__(self, name, text):
        super().__init__(text)
        self.name = name


def command_of_python():
    """The interpreter behind this environment, and what it shows inside: [(outside, inside)], at the same paths."""
    program = Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    library = Path(os.__file__).resolve().parent
    shown = [(path, path) for path in map(Path, SYSTEM) if path.exists() and not path.is_symlink()]
    shown += [(program, program), (library, library)]
    shown += [(p, p) for p in sorted(Path(sys.base_prefix, "lib").glob("libpython*.so*"))]
    return program, [(str(o), str(i)) for o, i in dict.fromkeys(shown) if o != i or not _inside(o, SYSTEM)]


def _inside(path, folders):
    return any(str(path).startswith(folder + "/") for folder in folders)


@functools.cache
def allowed_packages():
    """[(path outside, path inside)] of the packages that learners' code may import, with what they need."""
    waiting, seen, shown = list(ALLOWED), set(), []
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue                              # needed on other systems only
        tops = {file.parts[0] for file in package.files or () if file.parts[0] not in ("..", "__pycache__")}
        shown += [(str(package.locate_file(top)), f"/site/{top}") for top in sorted(tops)]
        waiting += [re.match(r"[\w.-]+", need)[0] for need in package.requires or () if "extra ==" not in need]
    return tuple(shown)


class Joined:
    """The warm parent that another process started; several may ask it for sessions at once."""

    def __init__(self, control):
        self.control, self.ended = control, False

    def alive(self):
        """Whether it can give sessions, as far as is known."""
        return not self.ended

    def session(self, limits):
        """A fresh process for one submission."""
        mine, theirs = socket.socketpair()
        told, teller = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        about = {"cpu": max(int(limits.cpu_seconds), 1), "memory": limits.memory, "processes": limits.processes,
                 "file": limits.file, "files": limits.files, "output": limits.output}
        try:
            with theirs, teller, told:
                socket.send_fds(self.control, [json.dumps(about).encode()], [theirs.fileno(), teller.fileno()])
                theirs.close()
                teller.close()
                told.settimeout(PATIENCE)
                said, handles, _, _ = socket.recv_fds(told, 1000, 1)
        except OSError as failed:
            said, handles = f"the warm process ended: {failed.strerror or 'no answer'}".encode(), []
        if said != b"started":
            self.ended = self.ended or not said.startswith(b"failed")
            mine.close()
            raise NoSandbox(_why_not(said.decode(errors="replace") or "the warm process ended"))
        try:
            if wire.receive(mine, PATIENCE) != "ready":
                raise EOFError
        except (EOFError, OSError, wire.Refused):
            os.close(handles[0])
            mine.close()
            raise NoSandbox("The sandbox cannot confine a process here: are user namespaces allowed, and is /proc "
                            "fully visible?") from None
        return Process(mine, handles[0], limits.memory)

    def close(self):
        """Ask for no more sessions."""
        self.control.close()


class Sandbox(Joined):
    """A warm parent of one's own. Close it, or use `with`."""

    def __init__(self, seconds=60):
        bwrap = shutil.which("bwrap")
        if not sys.platform.startswith("linux"):
            raise NoSandbox("There is no sandbox on this system; grade inside Linux (see the Containerfile).")
        if bwrap is None:
            raise NoSandbox("bubblewrap is not installed; on Debian and Ubuntu: apt install bubblewrap.")
        program, python = command_of_python()
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        links = [x for p in ("/lib", "/lib64", "/lib32") if os.path.islink(p) for x in ("--symlink", os.readlink(p), p)]
        environment = {"HOME": "/tmp", "IPYTHONDIR": "/tmp", "MPLCONFIGDIR": "/tmp", "LANG": "C.UTF-8",
                       "PATH": "/nowhere", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
                       "NBGRADER_EXECUTION": "autograde", "LD_LIBRARY_PATH": f"{sys.base_prefix}/lib"}
        start = "import sys; sys.path[:0] = ['/inside', '/site']; import runpy; runpy.run_path('/inside/worker.py', " \
                "run_name='__main__')"
        plan = {"bwrap": bwrap, "uid": 60100 + os.getpid() % 400, "shown": [
                    *python, *allowed_packages(),
                    *((str(HERE / "inside" / f), f"/inside/{f}") for f in ("worker.py", "wire.py", "chainrule.py"))],
                "options": ["--unshare-all", "--uid", "1000", "--gid", "1000", "--new-session", "--hostname", "sandbox",
                            "--proc", "/proc", "--tmpfs", "/tmp", *links,
                            *(x for d in ("null", "zero", "random", "urandom")
                              for x in ("--dev-bind", f"/dev/{d}", f"/dev/{d}")),
                            *(x for pair in environment.items() for x in ("--setenv", *pair))],
                "after": [x for folder in _emptied(python) for x in ("--tmpfs", folder)],
                "command": [str(program), "-I", "-S", "-B", "-X", "utf8", "-c", start, str(theirs.fileno())]}
        super().__init__(control)
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(HERE / "launch.py"), json.dumps(plan)], pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={}, cwd="/")
        theirs.close()
        try:
            control.settimeout(seconds)
            ready = control.recv(100) == b"ready"
        except TimeoutError:
            ready = False
        if not ready:
            self.process.kill()
            said = self.process.stderr.read(2000).decode(errors="replace").strip().splitlines()
            self.close()
            raise NoSandbox(_why_not(said[-1] if said else "it did not start in time"))

    def alive(self):
        return super().alive() and self.process.poll() is None

    def close(self):
        """End it and everything in it."""
        super().close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _emptied(shown):
    """Folders among those shown that hold installed packages: they are covered, only the allowed ones are there."""
    names = ("site-packages", "dist-packages", "python3/dist-packages")
    return [os.path.join(folder, name) for folder, _ in shown for name in names
            if os.path.isdir(os.path.join(folder, name))]


def _why_not(said):
    """bubblewrap's words with the cure that fits."""
    if "namespace" in said or "permitted" in said or "uid map" in said:
        return (f"This system does not allow the sandbox ({said}); as root: sysctl kernel.unprivileged_userns_clone=1 "
                "user.max_user_namespaces=10000, and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0.")
    return f"The sandbox does not start ({said}); try chainrule doctor."


def memory_of(pid):
    """Bytes that a process and all those below it hold; a page that two of them share counts twice."""
    held, waiting = 0, [pid]
    while waiting:
        folder = Path(f"/proc/{waiting.pop()}")
        with contextlib.suppress(OSError):        # it has just ended
            held += sum(int(kilobytes) * 1024 for kilobytes in HELD.findall((folder / "status").read_text()))
            for task in (folder / "task").iterdir():
                waiting += (task / "children").read_text().split()
    return held


class Process:
    """One process in the sandbox: a socket, and a handle to end it with. Nothing that it sends is believed.

    Its address space has a limit of the kernel's; the memory of all that it starts is watched from here.
    """

    def __init__(self, channel, handle, memory):
        self.channel, self.handle, self.memory = channel, handle, memory
        self.why, self.ended, self.lock = ENDED, threading.Event(), threading.Lock()
        pid = re.search(r"^Pid:\s*(-?\d+)", Path(f"/proc/self/fdinfo/{handle}").read_text(), re.M)[1]
        threading.Thread(target=self._watch, args=(pid,), daemon=True).start()

    def _watch(self, pid):
        """End the process when it and its children together hold more than one process may."""
        while not self.ended.wait(GLANCE):
            if memory_of(pid) > self.memory:
                self.why = f"Ended: its processes together held more than {self.memory / 1e6:.0f} MB of memory."
                self._kill()
                return

    def ask(self, request, seconds, late, functions=()):
        """Send a request and wait for its answer; Lost if it does not come in time (`late` says so) or is none."""
        deadline = time.monotonic() + seconds
        try:
            self.channel.settimeout(seconds)
            wire.send(self.channel, request)
            while True:
                reply = wire.receive(self.channel, deadline - time.monotonic())
                if not (isinstance(reply, dict) and "ask" in reply):
                    break
                self.channel.settimeout(max(deadline - time.monotonic(), 0.01))
                wire.send(self.channel, _answer_back(reply, functions))
        except TimeoutError:
            return self._interrupt(late)
        except wire.Refused as wrong:
            raise self.lost("KernelEnded", f"What came back is no answer: {wrong}.") from None
        except (EOFError, OSError):
            raise self.lost("KernelEnded", self.why) from None
        except BaseException:                     # stopped while an answer was half read: the next one would be wrong
            self.close()
            raise
        if not isinstance(reply, dict):
            raise self.lost("KernelEnded", "What came back is no answer.")
        return reply

    def _interrupt(self, text):
        """Out of time: ask it to stop, as a person would; if it does, the process stays."""
        try:
            signal.pidfd_send_signal(self.handle, signal.SIGINT)
            reply = wire.receive(self.channel, GRACE)
            if isinstance(reply, dict) and "error" in reply:
                reply["error"] = {"name": "TooLong", "text": text, "line": "", "bases": []}
                return reply | {"late": True}
        except (EOFError, OSError, wire.Refused):
            pass
        raise self.lost("TooLong", text)

    def lost(self, name, text):
        """End the process; the exception to raise."""
        self.close()
        return Lost(name, text)

    @property
    def alive(self):
        return self.handle is not None

    def close(self):
        """End the process and all that it has started."""
        self.ended.set()
        self._kill()
        with self.lock:
            if self.handle is not None:
                select.select([self.handle], [], [], 5)
                os.close(self.handle)
                self.channel.close()
                self.handle = None

    def _kill(self):
        """As process 1 of its namespace it takes all the others with it."""
        with self.lock, contextlib.suppress(ProcessLookupError):
            if self.handle is not None:
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)


def _answer_back(reply, functions):
    """Call a function that a test passed along, with plain data, and send plain data back."""
    try:
        value = functions[int(reply["ask"])](*reply["args"])
        return {"value": value}
    except Exception as failed:
        name, text = type(failed).__name__, str(failed)[:300]
        return {"error": [name, text] if name in vars(builtins) else ["RuntimeError", f"{name}: {text}"]}
