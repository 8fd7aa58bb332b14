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
        return _read()
    except (OSError, ValueError, RuntimeError):   # RuntimeError: there is no home folder
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


def _read():
    data = json.loads(path().read_text(encoding="utf-8"))
    if not isinstance(data, dict) or not all(isinstance(entry, dict) for entry in data.values()):
        raise ValueError("not a record of progress")
    return data


def _keep_a_broken_file():
    """A file that does not hold what we write is set aside under another name, never overwritten."""
    try:
        _read()
    except FileNotFoundError:
        pass
    except (OSError, ValueError):
        handle, aside = tempfile.mkstemp(dir=path().parent, prefix="progress-unreadable-", suffix=".json")
        os.close(handle)
        os.replace(path(), aside)
