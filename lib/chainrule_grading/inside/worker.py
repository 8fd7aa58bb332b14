"""Runs inside the sandbox: a warm Python that forks once per submission. It holds no secret and knows no test.

The warm parent waits on a control socket. For each submission the grader hands it one end of a fresh socket; a child
with namespaces, temporary files and limits of its own then runs cells and answers calls over that socket.
"""
import binascii
import builtins
import contextlib
import copy
import ctypes
import errno
import gc
import inspect
import io
import json
import linecache
import os
import platform
import re
import resource
import signal
import socket
import struct
import sys
import warnings

import numpy as np
import wire
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
libc = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
NOSUID, NODEV, NOEXEC, READONLY, PRIVATE = 2, 4, 8, 1, 0x44000       # MS_…; PRIVATE with MS_REC
CAPBSET_DROP, NO_NEW_PRIVS, SET_SECCOMP = 24, 38, 22                 # prctl

# System calls that no notebook needs: those that keep memory where it counts for no process (shared segments, queues,
# memory files, pages given to pipes), and some through which kernels have been attacked. Their numbers by processor:
REFUSED = {"x86_64": (0xC000003E, {"shmget": 29, "semget": 64, "msgget": 68, "memfd_create": 319, "memfd_secret": 447,
                                   "vmsplice": 278, "ptrace": 101, "add_key": 248, "request_key": 249, "keyctl": 250,
                                   "perf_event_open": 298, "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425}),
           "aarch64": (0xC00000B7, {"shmget": 194, "semget": 190, "msgget": 186, "memfd_create": 279,
                                    "memfd_secret": 447, "vmsplice": 75, "ptrace": 117, "add_key": 217,
                                    "request_key": 218, "keyctl": 219, "perf_event_open": 241, "bpf": 280,
                                    "userfaultfd": 282, "io_uring_setup": 425})}


# ---------------------------------------------------------------- the warm parent

def serve(control):
    """Fork a child for each request until all graders have closed the control socket."""
    shell = make_shell()
    rehearse(shell)
    gc.collect()
    gc.freeze()                                   # children share these pages
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control.send(b"ready")
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, 4096, 2)
        if not request:
            return
        if os.fork() == 0:
            _child(*descriptors, json.loads(request), shell)
        for descriptor in descriptors:
            os.close(descriptor)


def _child(descriptor, told, limits, shell):
    """Never returns; the grader hears over `told` whether this works.

    Two forks: a PID namespace begins with the next child of the process that asks for it.
    """
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        uid, gid = os.getuid(), os.getgid()
        _call(libc.unshare, NEWUSER | NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
        inner = os.fork()
        if inner:
            handle = os.pidfd_open(inner)
            with socket.socket(fileno=told) as grader:
                socket.send_fds(grader, [b"started"], [handle])
            os._exit(0)
    except BaseException as failed:
        os.write(told, f"failed: {failed!r}"[:500].encode())
        os._exit(1)
    try:
        os.dup2(os.open("/dev/null", os.O_RDWR), 0)
        os.dup2(0, 1)
        os.dup2(0, 2)
        os.dup2(descriptor, 3)
        os.closerange(4, 4096)                    # the control socket among them
        channel = socket.socket(fileno=3)
        confine(limits)
        wire.send(channel, "ready")
    except BaseException as failed:
        with contextlib.suppress(OSError):
            os.write(3, repr(failed).encode())
        os._exit(1)
    answer(channel, shell)
    os._exit(0)


def confine(limits):
    """Own files and limits, no way to more rights. Runs as process 1 of its PID namespace."""
    _mount(None, "/", None, PRIVATE)
    _mount("proc", "/proc", "proc", NOSUID | NODEV | NOEXEC)
    for path, text in (("/proc/sys/user/max_user_namespaces", "0"), ("/proc/self/oom_score_adj", "1000")):
        with open(path, "w") as file:
            file.write(text)
    _mount("tmpfs", "/proc", "tmpfs", NOSUID | NODEV | NOEXEC | READONLY, "size=4k,mode=555")
    _mount("tmpfs", "/tmp", "tmpfs", NOSUID | NODEV | NOEXEC, f"size={limits['files']},nr_inodes=2000,mode=700")
    os.chdir("/tmp")
    for kind, most in ((resource.RLIMIT_AS, limits["memory"]),
                       (resource.RLIMIT_NPROC, limits["processes"]), (resource.RLIMIT_FSIZE, limits["file"]),
                       (resource.RLIMIT_NOFILE, 128), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_MSGQUEUE, 0),
                       (resource.RLIMIT_MEMLOCK, 0)):
        resource.setrlimit(kind, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu"], limits["cpu"] + 1))      # asked to stop, then ended
    signal.signal(signal.SIGXCPU, _out_of_cpu)
    _Text.most = limits["output"]
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)             # an over-long file is an OSError, not a death
    _call(libc.prctl, NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(64):
        if libc.prctl(CAPBSET_DROP, capability, 0, 0, 0):
            break
    header, nothing = struct.pack("=Ii", 0x20080522, 0), bytes(24)      # _LINUX_CAPABILITY_VERSION_3, this thread
    _call(libc.capset, ctypes.create_string_buffer(header), ctypes.create_string_buffer(nothing))
    if platform.machine() in REFUSED:
        refuse(*REFUSED[platform.machine()])


def _out_of_cpu(*_):
    raise OSError(errno.ETIME, "too much computing")


def refuse(processor, calls):
    """From here on these system calls are errors (EPERM); code for another kind of processor ends the process."""
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06                          # BPF: LD|W|ABS, JEQ, JGE, RET
    allow, error, kill, numbers = 0x7FFF0000, 0x00050001, 0x80000000, sorted(set(calls.values()))
    program = [(load, 0, 0, 4), (equal, 1, 0, processor), (give, 0, 0, kill),     # the word at 4 is the processor
               (load, 0, 0, 0), (at_least, 0, 1, 0x40000000), (give, 0, 0, kill),     # at 0 the number of the call
               *(line for n in numbers for line in ((equal, 0, 1, n), (give, 0, 0, error))), (give, 0, 0, allow)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    whole = struct.pack("@HP", len(program), ctypes.addressof(code))
    _call(libc.prctl, SET_SECCOMP, 2, ctypes.create_string_buffer(whole), 0, 0)


def _call(function, *arguments):
    if function(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}: {os.strerror(number)}")


def _mount(source, target, kind, flags, options=None):
    as_bytes = [text.encode() if text else None for text in (source, target, kind, options)]
    if libc.mount(*as_bytes[:3], ctypes.c_ulong(flags), as_bytes[3]):
        raise OSError(ctypes.get_errno(), f"mount {target}: {os.strerror(ctypes.get_errno())}")


# ---------------------------------------------------------------- a learner's session

class _Text(io.StringIO):
    """What a cell prints, up to a limit; the rest is lost, and `cut` says so."""
    cut, most = False, 100_000                    # `confine` sets how many characters

    def write(self, text):
        room = max(self.most - self.tell(), 0)
        self.cut = self.cut or len(text) > room
        super().write(text[:room])
        return len(text)


class Shown(DisplayPublisher):
    """Collects what a cell displays, as text and pictures."""
    outputs = ()

    def publish(self, data, metadata=None, **_):
        if len(self.outputs) < 50:
            self.outputs.append(_plain(data))


class Last(DisplayHook):
    """Collects the value of a cell's last line."""
    value = None

    def write_output_prompt(self):
        pass

    def write_format_data(self, data, metadata=None):
        self.value = _plain(data)

    def finish_displayhook(self):
        pass


class Shell(InteractiveShell):
    """IPython as far as a notebook's cells need it; errors travel as data and are not printed."""

    def enable_gui(self, gui=None):
        pass

    def showtraceback(self, *_, **__):
        pass

    def showsyntaxerror(self, *_, **__):
        pass


def _plain(data):
    """The text and the picture of something displayed; nothing else is looked at."""
    plain, picture = {"text": str(data.get("text/plain", ""))[:_Text.most]}, data.get("image/png")
    if isinstance(picture, str):
        picture = binascii.a2b_base64(picture)
    return plain | ({"png": np.frombuffer(picture, np.uint8)} if isinstance(picture, bytes) else {})


def make_shell():
    """IPython without history or threads, with figures as pictures; Matplotlib is loaded once, here."""
    import matplotlib.pyplot  # noqa: F401

    quiet = Config()
    quiet.HistoryManager.enabled = quiet.HistoryAccessor.enabled = False
    quiet.InteractiveShell.colors = "nocolor"
    shell = Shell.instance(config=quiet, displayhook_class=Last, display_pub_class=Shown)
    shell.display_pub.outputs = []
    with contextlib.redirect_stdout(io.StringIO()):
        shell.run_line_magic("matplotlib", "inline")
    return shell


def rehearse(shell):
    """Do once what every session does, and forget it: what Python and IPython learn on the way, children share."""
    cells = ("import numpy as np\n\ndef f(X, W=2):\n    return np.tanh(X @ X.T) * W", "print(f(np.eye(3)))", "f(1.0)")
    matrix, lines = np.arange(6.0).reshape(2, 3), dict(linecache.cache)
    for _ in range(8):                            # Python adapts its code to what it does only after some times
        for source in cells:
            run_cell(shell, None, {"source": source})
        describe(shell, None, {"names": ["f", "np"]})
        reply = call(shell, None, {"name": "f", "args": (matrix,), "kwargs": {}, "watch": True})
        here, there = socket.socketpair()
        with here, there:
            wire.send(here, reply)
            wire.receive(there)
    shell.reset(new_session=False)
    linecache.cache.clear()
    linecache.cache.update(lines)


def answer(channel, shell):
    """Run cells and answer calls until the grader hangs up."""
    while True:
        try:
            request = wire.receive(channel)
        except EOFError:
            return
        try:
            reply = {"run": run_cell, "describe": describe, "call": call}[request["op"]](shell, channel, request)
        except BaseException as failed:           # learners may raise anything, also while we look at their values
            reply = {"error": _error(failed)}
        try:
            wire.send(channel, reply)
        except Exception:
            wire.send(channel, {"error": {"name": "ValueError", "text": "The result is too large to be looked at.",
                                          "line": "", "bases": ["ValueError"]}})


def run_cell(shell, channel, request):
    """Execute one cell as a notebook would; its outputs as plain data."""
    out, err = _Text(), _Text()
    shell.display_pub.outputs, shell.displayhook.value = [], None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        result = shell.run_cell(request["source"], store_history=False)
    failed = result.error_before_exec or result.error_in_exec
    return {"printed": ANSI.sub("", out.getvalue()), "warned": ANSI.sub("", err.getvalue()),
            "shown": shell.display_pub.outputs, "value": shell.displayhook.value, "error": failed and _error(failed),
            "cut": out.cut or err.cut}


def describe(shell, channel, request):
    """What stands behind names: a function and its arguments, a value, or nothing."""
    return {"names": {name: _describe(shell.user_ns[name]) for name in request["names"] if name in shell.user_ns}}


def _describe(value):
    if not callable(value):
        return {"value": value}
    try:
        parameters = inspect.signature(value).parameters.values()
        return {"function": [[p.name, int(p.kind), p.default is not p.empty] for p in parameters]}
    except (TypeError, ValueError):
        return {"function": None}


def call(shell, channel, request):
    """Call a function that the learner wrote; its result, and what it did on the side."""
    function = shell.user_ns[request["name"]]
    arguments, keywords = (_arrived(request[part], shell, channel) for part in ("args", "kwargs"))
    before = copy.deepcopy(arguments) if request["watch"] else None
    out = _Text()
    with warnings.catch_warnings(record=True) as warned, \
            contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("always")
        try:
            reply = {"value": function(*arguments, **keywords)}
        except BaseException as failed:
            reply = {"error": _error(failed)}
    reply["printed"], reply["cut"] = out.getvalue(), out.cut
    reply["warned"] = list(dict.fromkeys((w.category.__name__, str(w.message)[:300]) for w in warned[:50]))
    if before is not None:
        reply["changed"] = {str(k): new for k, (old, new) in enumerate(zip(before, arguments, strict=True))
                            if not _equal(old, new)}
    return reply


def _arrived(value, shell, channel):
    """Functions that a test passes stay with the grader; here each is a line back to it."""
    if isinstance(value, dict):
        match value:
            case {"function of the grader": number}:
                return _callback(channel, number)
            case {"function of the learner": name}:
                return shell.user_ns[name]
            case {"generator of the grader": state}:
                generator = np.random.default_rng()
                generator.bit_generator.state = state
                return generator
        return {k: _arrived(v, shell, channel) for k, v in value.items()}
    return type(value)(_arrived(v, shell, channel) for v in value) if type(value) in (list, tuple) else value


def _callback(channel, number):
    def function(*arguments):
        wire.send(channel, {"ask": number, "args": arguments})
        reply = wire.receive(channel)
        if "error" in reply:
            name, text = reply["error"]
            raise getattr(builtins, name, RuntimeError)(text)
        return reply["value"]
    return function


def _equal(before, after):
    if isinstance(before, (list, tuple)):
        return isinstance(after, (list, tuple)) and len(before) == len(after) and all(map(_equal, before, after))
    return callable(before) or bool(np.array_equal(before, after))


def _error(failed):
    """An exception as plain data: name, text, the learner's line, and the built-in types it extends."""
    name, line = type(failed).__name__, ""
    trace = failed.__traceback__
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if "/site/" not in file and "/inside/" not in file:
            line = linecache.getline(file, trace.tb_lineno).strip() or line
        trace = trace.tb_next
    bases = [t.__name__ for t in type(failed).__mro__ if vars(builtins).get(t.__name__) is t]
    if isinstance(failed, SyntaxError) and failed.text:
        line = str(failed.text).strip()
    try:
        text = str(failed)
    except BaseException:
        text = "(an error that cannot be shown)"
    return {"name": str(name)[:60], "text": ANSI.sub("", text)[:500], "line": line[:200], "bases": bases,
            "errno": getattr(failed, "errno", None)}


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
