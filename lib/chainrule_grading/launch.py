"""Become the sandbox's outer process: drop root, then turn into bubblewrap. Runs in a Python of its own.

Called as `python -I -S launch.py PLAN`, where PLAN is JSON: the folders to show inside, and the command. As root, the
folders are first bound under a public path in a private mount namespace, because the user whom root becomes may
not pass through the folders above them (a Python in a private home), and bubblewrap runs as that user.
"""
import ctypes
import json
import os
import sys

NEWNS, BIND, REC, PRIVATE, NOSUID, NODEV = 0x20000, 0x1000, 0x4000, 0x40000, 2, 4
STAGES = ("/mnt", "/media", "/srv", "/opt")


def main(plan):
    """Never returns."""
    shown = plan["shown"]                         # [[path outside, path inside], …]
    if os.geteuid() == 0:
        shown = stage(shown)
        os.setgroups([])
        os.setresgid(plan["uid"], plan["uid"], plan["uid"])
        os.setresuid(plan["uid"], plan["uid"], plan["uid"])
    arguments = [plan["bwrap"], *plan["options"]]
    for outside, inside in shown:
        arguments += ["--ro-bind", outside, inside]
    os.execve(arguments[0], [*arguments, *plan["after"], "--remount-ro", "/", "--", *plan["command"]], {})


def stage(shown):
    """Bind every folder under a path that anybody can reach; only this process and what it becomes see it."""
    libc = ctypes.CDLL(None, use_errno=True)

    def mount(source, target, kind, flags, options=None):
        if libc.mount(source.encode(), target.encode(), kind, ctypes.c_ulong(flags), options):
            raise OSError(ctypes.get_errno(), f"cannot mount {target}: {os.strerror(ctypes.get_errno())}")

    if libc.unshare(NEWNS):
        raise OSError(ctypes.get_errno(), "root may not make a mount namespace here")
    mount("none", "/", None, REC | PRIVATE)
    place = next(p for p in STAGES if os.path.isdir(p) and not any(o.startswith(p + "/") for o, _ in shown))
    mount("tmpfs", place, b"tmpfs", NOSUID | NODEV, b"mode=755")
    staged = []
    for k, (outside, inside) in enumerate(shown):
        target = f"{place}/{k}"
        if os.path.isdir(outside):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
        mount(outside, target, None, BIND)
        staged.append([target, inside])
    return staged


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
