"""Files out of folders and zips that strangers made. Nothing is ever unpacked to a place that a zip names.

A file is looked at by its name and read into memory, up to a limit that counts what is really read. What is odd is
refused in one sentence, and the others go on. Zips in zips are opened once: that is what learners upload.
"""
import errno
import io
import mmap
import os
import stat
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chainrule_grading.course import UserError
from chainrule_grading.notebooks import LARGEST, NO_LINK, Unreadable, read

ZIP_LARGEST = 20_000_000                          # bytes of a zip that lies in another one
READ_AT_MOST = 500_000_000                        # bytes read from one zip altogether
MOST_ENTRIES = 20_000                             # of a zip that is given; a class of 2,000 has a fifth
MOST_INNER = 500                                  # of a zip that lies in it
OF_NO_INTEREST = ("__MACOSX", ".ipynb_checkpoints")


@dataclass(frozen=True)
class File:
    """A notebook, a time stamp, or a name alone (data None): its path inside what was given, part by part."""
    source: str
    parts: tuple
    data: bytes | None = None
    written: datetime | None = None               # as the folder or the zip says
    nested: int = 0                               # how many parts lead to the zip that it lies in: a learner's own

    @property
    def name(self):
        return self.parts[-1]

    def __str__(self):
        return shown("/".join(self.parts))


@dataclass(frozen=True)
class Refused:
    """What was not read, and why: a name and a sentence."""
    name: str
    why: str


def shown(name, most=90):
    """A stranger's file name on a terminal: no signs that move the cursor, and not without end."""
    name = "".join(c if c.isprintable() else "�" for c in name)
    return name if len(name) <= most else name[:most // 2] + "…" + name[-most // 2:]


def files(path):
    """Every File, and every Refused, in a notebook, a folder or a zip that somebody named."""
    if not path.exists():
        raise UserError(f"There is no file or folder {path}; give the zip that Moodle or Canvas made, or a folder.")
    if path.is_dir():
        yield from _folder(path)
    else:
        yield from _one(path.resolve(), (path.name,), path.name)


def _folder(top):
    for folder, below, names in os.walk(top):
        below[:] = sorted(name for name in below if name not in OF_NO_INTEREST and not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            parts = path.relative_to(top).parts
            yield from _one(path, parts, name if len(parts) == 1 else top.name)


def _one(path, parts, source):
    """A file of a folder. A zip that lies deeper in it is somebody's, and its name belongs to the path."""
    suffix = path.suffix.lower()
    if path.name.startswith("."):
        return
    if suffix == ".zip":
        yield from _zip_file(path, parts if len(parts) > 1 else (), source)
    elif suffix == ".ipynb" or path.name == "timestamp.txt":
        try:
            yield File(source, parts, read(path), datetime.fromtimestamp(path.stat().st_mtime, UTC))
        except Unreadable as why:
            yield Refused(shown("/".join(parts)), str(why))
    else:
        yield File(source, parts)


def _zip_file(path, outside, source):
    name = shown("/".join(outside) or source)
    try:
        # Neither through a link nor waiting for a pipe, as notebooks are read.
        with open(os.open(path, os.O_RDONLY | NO_LINK), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                yield Refused(name, "is not an ordinary file")
            elif not about.st_size:
                yield Refused(name, "is empty")
            else:
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
                    count = _signatures(view)
                yield from _zip(file, count, outside, source)
    except OSError as failed:
        yield Refused(name, "is not an ordinary file" if failed.errno == errno.ELOOP else
                      f"cannot be read ({failed.strerror})")


def _signatures(data):
    """At least as many entries as a zip's directory can have: zipfile reads it whole before we see how long it is."""
    count, at = 0, data.find(b"PK\1\2")
    while at >= 0 and count <= 4 * MOST_ENTRIES:
        count, at = count + 1, data.find(b"PK\1\2", at + 4)
    return count


def _zip(file, count, outside, source, depth=0, budget=None):
    """What is in a zip, in its order. `outside` is its own path where it lies in something else."""
    most, budget = (MOST_INNER, budget) if depth else (MOST_ENTRIES, [READ_AT_MOST])
    label = f"{shown(source)}: {shown('/'.join(outside))}" if outside else shown(source)
    too_many = Refused(label, f"has more than {most} entries; ask for a zip of the notebook alone" if depth else
                       f"has more than {most} entries; unpack it yourself and import the folder")
    if count > 4 * most:
        yield too_many
        return
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OverflowError, OSError, NotImplementedError):
        yield Refused(label, "is not a zip, or a damaged one; download it again, or ask for the notebook itself")
        return
    with archive:
        entries = archive.infolist()
        if len(entries) > most:
            yield too_many
            return
        names = Counter(_named(entry) for entry in entries)
        top = "" if outside else _common_top(names)
        for entry in entries:
            parts = tuple(_named(entry).split("/"))
            if parts[-1] == "" or set(parts) & set(OF_NO_INTEREST) or parts[-1].startswith("._"):
                continue
            path = (*outside, *(parts[1:] if top else parts))
            if why := _odd(entry, parts, names):
                yield Refused(f"{shown(source)}: {shown('/'.join(path))}", why)
            else:
                yield from _entry(archive, entry, path, source, depth, budget, len(outside))


def _common_top(names):
    """The one folder in which everybody's folders lie; "" if there is none."""
    tops = {name.partition("/")[0] for name in names}
    second = {name.split("/")[1] for name in names if name.count("/") > 1}
    return tops.pop() if len(tops) == 1 and len(second) > 1 else ""


def _entry(archive, entry, path, source, depth, budget, nested):
    suffix = path[-1].lower().rpartition(".")[2]
    label = f"{shown(source)}: {shown('/'.join(path))}"
    if suffix == "zip" and depth:
        yield Refused(label, "is a zip in a zip in a zip; ask for the notebook itself")
        return
    if suffix not in ("zip", "ipynb") and path[-1] != "timestamp.txt":
        yield File(source, path, nested=nested)
        return
    most = ZIP_LARGEST if suffix == "zip" else LARGEST
    try:
        with archive.open(entry) as stream:
            data = stream.read(min(most, budget[0]) + 1)      # what comes out counts, not what the header says
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError):
        yield Refused(label, "is damaged: what is in the zip is not what was packed; ask for it again")
        return
    budget[0] -= min(len(data), budget[0])
    if not budget[0]:
        yield Refused(label, f"is not read: this zip unpacks to more than {READ_AT_MOST // 1_000_000} MB")
    elif len(data) > most:
        yield Refused(label, f"has more than {most // 1_000_000} MB; ask for the notebook without its outputs")
    elif suffix == "zip":
        yield from _zip(io.BytesIO(data), _signatures(data), path, source, depth + 1, budget)
    else:
        yield File(source, path, data, _written(entry), nested)


def _named(entry):
    """The entry's name with / between its parts. Names in UTF-8 without the sign for it (Canvas) are understood."""
    name = entry.orig_filename
    if not entry.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return name.replace("\\", "/")


def _odd(entry, parts, names):
    """Why an entry of a zip is not touched; "" if it is ordinary."""
    if any(ord(c) < 32 or ord(c) == 127 for part in parts for c in part):
        return "has control characters in its name; ask for it under another one"
    if not all(part.strip() for part in parts) or ".." in parts or parts[0][1:2] == ":":
        return "has a name that leads out of the zip; ask for the notebook itself"
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        return "is a link or another special file; ask for the notebook itself"
    if entry.flag_bits & 0x1:
        return "is locked with a password; ask for it without one"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed in an unusual way; ask for an ordinary zip"
    if names["/".join(parts)] > 1:
        return "is in the zip twice under one name; ask which of them is meant"
    return ""


def _written(entry):
    try:
        return datetime(*entry.date_time).astimezone()
    except (ValueError, OverflowError):
        return None
