"""The catalogue of hostile, broken and awkward submissions: nothing gained, nothing read, nobody stopped."""
import json
import os
import socket
import threading
import time

import pytest

from chainrule_grading.grading import best_isolation, grade, sandbox
from chainrule_grading.notebooks import Limits
from tests.grading.hostile import course

LIMITS = Limits(cell_seconds=2, call_seconds=1.5, total_seconds=8, memory=1_500_000_000)
RELEASE, INSTRUCTOR = course.as_bytes(course.release()), course.as_bytes(course.instructor())
ALL = list(course.catalogue())
SHARE = {"marks": 6, "secrets": 4, "harm": 8, "honest": 6}      # every so-many-th also runs in `make test`
CANARY = "canary-4b1d"


def cases(kind):
    """The entries of one kind; those beyond the fixed share are for `make proof`."""
    return [pytest.param(case, id=case.name, marks=[pytest.mark.proof] if k % SHARE[kind] else [])
            for k, case in enumerate(c for c in ALL if c.kind == kind)]


@pytest.fixture(scope="module", autouse=True)
def canaries(tmp_path_factory):
    """Secrets of every kind around the grader: environment, files, network, an abstract socket."""
    level, why_not = best_isolation()
    assert level == "sandbox", f"these tests need the Debian package bubblewrap: {why_not}"
    home = tmp_path_factory.mktemp("home")
    (home / "canary").write_text(f"{CANARY}-home")
    os.environ |= {"CANARY_VALUE": f"{CANARY}-environment", "CANARY_HOME": str(home)}
    servers = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)]
    servers[1].bind(f"\0{CANARY}")
    servers[1].listen()
    os.environ["CANARY_PORT"] = str(servers[0].getsockname()[1])

    def serve(server):
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.sendall(f"{CANARY}-network".encode())
    for server in servers:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
    yield
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
    for name in ("CANARY_VALUE", "CANARY_HOME", "CANARY_PORT"):
        os.environ.pop(name)


def graded(notebook, limits=LIMITS):
    raw = notebook if isinstance(notebook, bytes) else course.as_bytes(notebook)
    result = grade("mallory", "hostile", raw, RELEASE, limits, instructor=INSTRUCTOR, key=b"k" * 32)
    json.dumps([result.notebook, result.flags, result.problem], ensure_ascii=False).encode()      # can be written down
    return result


def told(result):
    """Everything that a learner or an instructor could come to read."""
    return json.dumps([result.notebook, [mark.says for mark in result.marks], result.flags, result.problem])


def not_read(result):
    """No canary came out, in any cell but as a text that the learner wrote down."""
    outputs = [cell.get("outputs") for cell in (result.notebook or {"cells": []})["cells"]]
    said = json.dumps([outputs, [mark.says for mark in result.marks], result.flags])
    return f"{CANARY}-" not in said


@pytest.mark.parametrize("case", cases("marks"))
def test_no_mark_is_gained(case):
    result = graded(case.notebook())
    assert not result.problem and result.earned == case.deserves and not_read(result)


@pytest.mark.parametrize("case", cases("secrets"))
def test_nothing_is_read(case):
    result = graded(case.notebook())
    assert result.earned == 0 and not_read(result), told(result)
    assert "answers found" not in told(result).replace("answers found\\\", open", "")


@pytest.mark.parametrize("case", cases("harm"))
def test_harm_ends_in_time_and_stops_nobody(case):
    before, start = sandbox(), time.monotonic()
    result = graded(case.notebook())
    assert result.earned == 0 and not result.problem and not_read(result)
    assert time.monotonic() - start < LIMITS.total_seconds + 6
    assert sandbox() is before and before.alive()
    assert graded(course.handed_in(course.RIGHT)).earned == course.POINTS, "the next learner is graded as if alone"


@pytest.mark.parametrize("case", cases("honest"))
def test_honest_and_awkward_work_gets_everything(case):
    result = graded(case.notebook())
    assert result.earned == course.POINTS, [(m.name, m.earned, m.says) for m in result.marks]


def test_the_catalogue_is_large_and_its_names_are_unique():
    names = [case.name for case in ALL]
    assert len(names) == len(set(names)) >= 200
