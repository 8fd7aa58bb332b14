"""`python -m tests.grading.ordinary COMMAND …`: as root, run a command as an ordinary user, with this same Python.

A Python in a private home (0700) is shown to that user at its own path, in a mount namespace of the command's own.
"""
import ctypes
import os
import sys
from pathlib import Path

UID = 60555
NEWNS, PRIVATE, BIND = 0x20000, 0x44000, 0x5000


def private_top(path):
    """The first folder on the way to `path` that others may not pass, or None."""
    return next((p for p in [*reversed(Path(path).parents), Path(path)] if not p.stat().st_mode & 0o001), None)


def show(paths, files=()):
    """In a mount namespace of our own: make folders readable to everyone, and put (source, target) files in place."""
    libc = ctypes.CDLL(None, use_errno=True)

    def mount(source, target, kind=b"none", flags=BIND, options=None):
        if libc.mount(str(source).encode(), str(target).encode(), kind, ctypes.c_ulong(flags), options):
            raise OSError(ctypes.get_errno(), f"cannot mount {target}")

    if libc.unshare(NEWNS):
        raise OSError(ctypes.get_errno(), "cannot make a mount namespace")
    mount("none", "/", flags=PRIVATE)
    for source, target in files:
        mount(source, target)
    closed = {path: private_top(path) for path in paths if private_top(path)}
    mount("tmpfs", "/media", b"tmpfs", 0, b"mode=755")
    for k, path in enumerate(closed):
        Path(f"/media/{k}").mkdir()
        mount(path, f"/media/{k}")
    for top in set(closed.values()):
        mount("tmpfs", top, b"tmpfs", 0, b"mode=755")
    for k, path in enumerate(closed):
        Path(path).mkdir(parents=True, exist_ok=True)
        mount(f"/media/{k}", path)


def become(paths):
    """Turn this process into one of an ordinary user to whom these folders are readable."""
    show(paths)
    os.setgroups([])
    os.setresgid(UID, UID, UID)
    os.setresuid(UID, UID, UID)


if __name__ == "__main__":
    become([sys.base_prefix])
    os.environ |= {"HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1", "MPLCONFIGDIR": f"/tmp/mpl-{UID}"}
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
