"""`chainrule lab`: JupyterLab in the course folder, on its start page, with the course's own lectures trusted."""
import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import nbformat

from chainrule_grading.course import UserError


def trust_lectures(course):
    """Sign the committed lectures, so that their moving figures live without being run; return how many."""
    from nbformat.sign import NotebookNotary

    notary, lectures = NotebookNotary(), sorted(course.lectures.glob("*.ipynb"))
    for path in lectures:
        notary.sign(nbformat.read(path, as_version=4))
    return len(lectures)


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def command(course, port=None, browser=True):
    """The command line that starts JupyterLab for this course."""
    line = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={course.root}",
            "--LabApp.default_url=/chainrule/start"]
    if getattr(os, "geteuid", lambda: 1)() == 0:      # in a container one is often root
        line.append("--allow-root")
    if port:
        line += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    return line if browser else [*line, "--no-browser"]


def environment():
    """Ours plus our own Jupyter settings: the start page, no question about news, no request to other machines."""
    settings = [str(Path(__file__).parent / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    return os.environ | {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, settings))}


def serve_book(course, port=None, browser=True):
    """Serve the built book to this machine alone until Ctrl-C (from a file, a browser lets its formulas not speak)."""
    import webbrowser
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    folder = course.root / "site" / "html"
    if not (folder / "index.html").is_file():
        raise UserError("The book is not built here yet; run make book, which needs npm for the formulas.")
    must_be_free(port)
    with ThreadingHTTPServer(("127.0.0.1", port or 0), partial(SimpleHTTPRequestHandler, directory=folder)) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        print(f"The book is at {address} · stop with Ctrl-C.", flush=True)
        if browser:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0


def must_be_free(port):
    """UserError if `port` is none that we may listen on; None stands for any."""
    if port is not None and not 1024 <= port < 65536:
        raise UserError(f"{port} is not a port for a lab; choose one from 1024 to 65535.")
    if port and not port_is_free(port):
        raise UserError(f"Port {port} is in use, perhaps by another lab; try chainrule lab --port {port % 65535 + 1}, "
                        "or leave --port away to get a free one.")


def main(course, port=None, browser=True):
    """Start JupyterLab and wait for it; returns its exit code."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise UserError("JupyterLab is not installed; run: pip install \"chainrule[learn]\"")
    must_be_free(port)
    count = trust_lectures(course)
    print(f"Starting JupyterLab in {course.root} ({count} lecture{'s' * (count != 1)} trusted). "
          "It opens on its start page; stop with Ctrl-C.", flush=True)
    if os.name == "posix":                        # become the server, so that what stops us stops it
        os.chdir(course.root)
        os.execve(sys.executable, command(course, port, browser), environment())
    try:
        return subprocess.call(command(course, port, browser), cwd=course.root, env=environment())
    except KeyboardInterrupt:
        return 0
