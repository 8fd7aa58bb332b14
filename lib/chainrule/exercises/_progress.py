"""What a learner has tried: one small JSON file, written atomically, holding no code and no name.

It lies in the folder .chainrule of the home folder, or where CHAINRULE_STATE says. While a grader runs
(nbgrader sets NBGRADER_EXECUTION) nothing is read or written, so marks never depend on it.
"""
import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path


def path():
    """Where the file lies."""
    folder = os.environ.get("CHAINRULE_STATE")
    return (Path(folder) if folder else Path.home() / ".chainrule") / "progress.json"


def load():
    """{exercise id: {"tries", "points", "earned", "best", "mistakes": {name: count}, "last"}}, or {}."""
    try:
        data = json.loads(path().read_text(encoding="utf-8"))
        return data if isinstance(data, dict) else {}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RuntimeError):
        return {}


def remember(verdict):
    """Note one try; return how often the same mistake had come before (0 = first time).

    A folder that can't be written to is no reason to disturb the learner: the count is then 0.
    """
    if os.environ.get("NBGRADER_EXECUTION") or verdict.kind == "unwritten":
        return 0
    try:
        _keep_a_broken_file()
        data = load()
        entry = data.setdefault(verdict.exercise.id, {})
        mistake = verdict.cause.name if verdict.cause else verdict.headline
        mistakes = entry.setdefault("mistakes", {})
        before = mistakes.get(mistake, 0)
        if verdict.kind != "full":
            mistakes[mistake] = before + 1
        entry.update(tries=entry.get("tries", 0) + 1, points=verdict.exercise.points, earned=verdict.earned,
                     best=max(entry.get("best", 0.0), verdict.earned),
                     last=datetime.now(UTC).isoformat(timespec="seconds"))
        _write(data)
        return before
    except (OSError, ValueError, RuntimeError, AttributeError, TypeError):
        return 0


def _write(data):
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix="progress-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1, ensure_ascii=False)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _keep_a_broken_file():
    """A file that is not ours to read is set aside under another name, never overwritten."""
    target = path()
    if not target.exists():
        return
    try:
        if isinstance(json.loads(target.read_text(encoding="utf-8")), dict):
            return
    except (OSError, ValueError):
        pass
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    os.replace(target, target.with_name(f"progress-unreadable-{stamp}.json"))
