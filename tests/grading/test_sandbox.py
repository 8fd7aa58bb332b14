"""The sandbox: what a process in it cannot reach, its limits, and that it works for root and for an ordinary user."""
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chainrule_grading import sandbox as module
from chainrule_grading.grading import best_isolation, sandbox
from chainrule_grading.inside import wire
from chainrule_grading.notebooks import Limits
from chainrule_grading.sandbox import Lost, NoSandbox, Sandbox
from tests.conftest import ROOT
from tests.grading.ordinary import UID

LIMITS = Limits(total_seconds=20)


@pytest.fixture
def warm():
    level, why_not = best_isolation()
    assert level == "sandbox", f"these tests need the Debian package bubblewrap: {why_not}"
    return sandbox()


@pytest.fixture
def run(warm):
    """source → what it printed, or the name and text of its error, in one process with these limits."""
    processes = []

    def do(source, limits=LIMITS, seconds=10):
        processes.append(warm.session(limits))
        reply = processes[-1].ask({"op": "run", "source": source}, seconds, "late")
        error = reply["error"]
        return f"{error['name']}: {error['text']}" if error else reply["printed"].strip()
    yield do
    for process in processes:
        process.close()


def test_it_sees_no_files_no_processes_no_network_and_a_bare_environment(run):
    assert run("import os; print(os.listdir('/tmp'), os.listdir('/proc'), os.getuid(), os.getpid())") == "[] [] 1000 1"
    assert len(run("import os; print(*os.environ)").split()) < 12
    assert run("import os; print(os.path.exists('/etc/passwd'), os.path.exists('/home'))") == "False False"
    assert "unreachable" in run("import socket; socket.create_connection(('127.0.0.1', 80), 1)")
    folders = run("import os; print(sorted(os.listdir('/')))")
    assert "site" in folders and not {"work", "var", "srv", "bin", "sbin"} & set(folders.strip("[]").replace(
        "'", "").split(", "))


def test_a_session_begins_like_a_new_notebook(run):
    """The warm parent has run cells, so that children need not learn how; nothing of them is left."""
    assert run("""
import linecache
kept = ("In", "Out", "exit", "quit", "open", "get_ipython", "linecache", "kept")
print([name for name in list(globals()) if name[0] != "_" and name not in kept], Out, get_ipython().execution_count,
      len([name for name in linecache.cache if "ipython-input" in name]))
""") == "[] {} 1 1"


def test_only_the_allowed_packages_are_there(run):
    assert run("import numpy, matplotlib, IPython; print('yes')") == "yes"
    for name in ("nbgrader", "sqlalchemy", "jupyter_client", "zmq", "chainrule_grading", "pip", "nbformat"):
        assert run(f"import {name}").startswith("ModuleNotFoundError"), name
    assert "not available while graded" in run("from chainrule.losses import CrossEntropy\nCrossEntropy()")
    assert run("from chainrule.exercises import check\ncheck('delta.output', None)\nprint('no word')") == "no word"


def test_its_files_are_read_only_or_gone_with_it(run):
    for folder in ("/", "/usr/lib", "/inside", "/site", "/dev"):
        assert run(f"open('{folder}/x', 'w')").startswith(("OSError: [Errno 30]", "PermissionError")), folder
    assert run("open('note', 'w').write('x'); import os; print(os.listdir('.'))") == "['note']"
    assert run("import os; print(os.listdir('.'))") == "[]"


@pytest.mark.parametrize("source", [
    "import ctypes; print(ctypes.CDLL(None).unshare(0x10000000))",                      # a user namespace
    "import ctypes; print(ctypes.CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, None))",
    "import ctypes; print(ctypes.CDLL(None).umount2(b'/proc', 2))",
    "import ctypes; print(ctypes.CDLL(None).sethostname(b'x', 1))",
    "import ctypes; print(ctypes.CDLL(None).setns(3, 0))",
])
def test_rights_are_gone(run, source):
    assert run(source) == "-1"


@pytest.mark.parametrize("source", ["import os; os.setuid(0)", "import os; os.chroot('/tmp')",
                                    "import os; os.setgroups([])",
                                    "import os; os.mknod('d', 0o60600, 5)"])
def test_rights_do_not_come_back(run, source):
    assert run(source).startswith(("PermissionError", "OSError"))


def test_processes_are_counted_for_each_submission_alone(run):
    bomb = ("import os, time\nn = 0\ntry:\n    while True:\n        if os.fork() == 0:\n            time.sleep(60)\n"
            "        n += 1\nexcept OSError:\n    print(n)")
    first, second = run(bomb, replace(LIMITS, processes=12)), run(bomb, replace(LIMITS, processes=12))
    assert first == second and 8 <= int(first) <= 12


def test_memory_file_size_and_space_end_in_an_error(run):
    assert run("x = bytearray(3_000_000_000)").startswith("MemoryError")
    assert "File too large" in run("open('f', 'wb').write(bytes(20_000_000))")
    said = run("for k in range(9): open(f'f{k}', 'wb').write(bytes(7_000_000))")
    assert "No space left" in said


def test_many_processes_have_no_more_memory_than_one(warm):
    """Each stays below the limit of a process, all together would hold ten times as much."""
    import psutil
    process, most, before = warm.session(replace(LIMITS, memory=1_000_000_000)), 0, psutil.virtual_memory().available
    fill = ("import os, time\nfor k in range(10):\n    if os.fork() == 0:\n"
            "        x = bytearray(b'x') * 700_000_000\n        time.sleep(20)\n        os._exit(0)\ntime.sleep(20)")
    watched, stop = [before], threading.Event()

    def look():
        while not stop.wait(0.01):
            watched.append(psutil.virtual_memory().available)
    looking = threading.Thread(target=look)
    looking.start()
    with pytest.raises(Lost, match="its processes together held more than 1000 MB"):
        process.ask({"op": "run", "source": fill}, 15, "late")
    stop.set()
    looking.join()
    most = before - min(watched)
    assert most < 3_500_000_000, f"{most / 1e6:.0f} MB of the 7000 that it wanted"
    assert not process.alive


def test_one_process_may_use_what_the_limit_says(warm):
    process = warm.session(LIMITS)
    told = process.ask({"op": "run", "source": "x = bytearray(b'x') * 1_300_000_000; print(len(x))"}, 15, "late")
    assert told["printed"] == "1300000000\n"
    process.close()


@pytest.mark.parametrize("source", [
    "import os; os.memfd_create('x')",
    "import ctypes, os; c = ctypes.CDLL(None, use_errno=True)\n"
    "if c.shmget(0, 1 << 20, 0o1600) < 0: raise OSError(ctypes.get_errno(), 'shmget')",
    "import ctypes, os; c = ctypes.CDLL(None, use_errno=True)\n"
    "if c.ptrace(0, 0, 0, 0) < 0: raise OSError(ctypes.get_errno(), 'ptrace')",
    "import ctypes, os; c = ctypes.CDLL(None, use_errno=True); r, w = os.pipe()\n"
    "if c.vmsplice(w, None, 0, 0) < 0: raise OSError(ctypes.get_errno(), 'vmsplice')",
])
def test_memory_cannot_be_kept_where_it_counts_for_nobody(run, source):
    import platform
    if platform.machine() in ("x86_64", "aarch64"):
        assert run(source).startswith(("PermissionError: [Errno 1]",)), run(source)


def test_an_endless_loop_is_asked_to_stop_and_the_process_stays(warm):
    with_loop = warm.session(LIMITS)
    reply = with_loop.ask({"op": "run", "source": "x = 5\nwhile True: pass"}, 0.5, "too long")
    assert reply["late"] and reply["error"]["text"] == "too long"
    assert with_loop.ask({"op": "run", "source": "print(x)"}, 5, "late")["printed"] == "5\n"
    with_loop.close()


def test_a_deaf_loop_is_ended(warm):
    deaf, start = warm.session(LIMITS), time.monotonic()
    with pytest.raises(Lost, match="too long"):
        deaf.ask({"op": "run", "source": "import signal; signal.signal(2, signal.SIG_IGN)\nwhile True: pass"}, 0.5,
                 "too long")
    assert time.monotonic() - start < 4 and not deaf.alive


def test_ending_a_process_ends_its_children(warm, tmp_path):
    name = f"marker-{os.getpid()}-{time.monotonic_ns()}"
    process = warm.session(LIMITS)
    process.ask({"op": "run", "source": f"import os, time, ctypes\nif os.fork() == 0:\n"
                 f"    ctypes.CDLL(None).prctl(15, b'{name[-15:]}')\n    time.sleep(100)"}, 5, "late")

    def running():
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                found.append(Path(f"/proc/{pid}/comm").read_text().strip())
            except OSError:
                pass
        return name[-15:] in found
    deadline = time.monotonic() + 5
    while not running() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert running()
    process.close()
    while running() and time.monotonic() < deadline + 5:
        time.sleep(0.05)
    assert not running()


def test_without_bubblewrap_or_linux_the_cure_is_named(monkeypatch):
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    with pytest.raises(NoSandbox, match="apt install bubblewrap"):
        Sandbox()
    monkeypatch.setattr(module.sys, "platform", "darwin")
    with pytest.raises(NoSandbox, match="Containerfile"):
        Sandbox()


def test_where_namespaces_are_off_the_cure_is_named(tmp_path, monkeypatch):
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    refusing.chmod(0o755)
    os.chmod(tmp_path, 0o755)
    monkeypatch.setattr(module.shutil, "which", lambda name: "/bin/false")
    with pytest.raises(NoSandbox, match="chainrule doctor"):
        Sandbox()
    assert "user.max_user_namespaces" in module._why_not("bwrap: No permissions to create new namespace")


@pytest.mark.skipif(os.getuid() != 0, reason="an ordinary user is what the other tests run as")
def test_an_ordinary_user_has_the_same_sandbox():
    code = ("from chainrule_grading.sandbox import *\nfrom chainrule_grading.notebooks import Limits\n"
            "with Sandbox() as s:\n    p = s.session(Limits())\n"
            "    source = 'import os; print(os.getuid(), os.listdir(\"/proc\"))'\n"
            "    print(os.getuid(), p.ask({'op': 'run', 'source': source}, 9, '')['printed'])\n    p.close()")
    done = subprocess.run([sys.executable, "-m", "tests.grading.ordinary", "-c", code], capture_output=True, text=True,
                          check=False, cwd=ROOT)
    assert done.stdout.split() == [str(UID), "1000", "[]"], done.stderr[-1500:]


@pytest.mark.parametrize("value", [
    None, True, 5, -2.5, "text ∂", 1 + 2j, 10**30, [1, [2, (3, "x")]], (1, 2), {"a": 1, 2: [3]}, float("inf"),
    np.float64(0.5), np.arange(6).reshape(2, 3), np.zeros((0, 3)), np.ones(3, np.float32), np.array(True),
    np.ones(2, np.longdouble), np.array([1j])])
def test_plain_data_travels_unchanged(value):
    back = wire.decode(*wire.encode(value))
    assert type(back) is type(value) and repr(back) == repr(value)


@pytest.mark.parametrize("tree, buffers", [
    ({"a": ["|O", [1], False]}, [b"12345678"]), ({"a": ["<f8", [2], False]}, [b"12345678"]),
    ({"a": ["<f8", [-1], False]}, [b""]), ({"a": ["<f8", [2**62, 4], False]}, [b""]),
    ({"a": ["<f8", [1]]}, [b"12345678"]), ({"l": [1] * 60_000}, []), ({"q": 1}, []),
    ({"l": 1, "t": 2}, []), ({"i": "f" * 9999}, []), ({"i": 5}, []),
    ({"d": [[[], 1]]}, []), ({"d": [[{"l": []}, 1]]}, []), ({"o": [[2], [1]]}, []), ([1], []), (1, [b"left over"])])
def test_what_is_not_plain_data_is_refused(tree, buffers):
    with pytest.raises(wire.Refused):
        wire.decode(tree, buffers)


def test_what_does_not_travel_arrives_as_its_name():
    class Thing:
        pass
    back = wire.decode(*wire.encode([Thing(), lambda: 0, np.array(["x"]), {1, 2}]))
    assert [type(item).__name__ for item in back] == ["Thing", "function", "ndarray", "set"]
    assert all(isinstance(item, wire.Opaque) for item in back)


def test_truth_values_are_made_clean():
    assert wire.decode({"a": ["|b1", [2], False]}, [b"\xff\x00"]).tolist() == [True, False]
