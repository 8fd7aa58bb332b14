"""`python -m tests.grading.hub FOLDER CONFIG`: as root, a JupyterHub whose users exist only for it.

FOLDER/passwd and FOLDER/group stand in for those of /etc in a mount namespace of the Hub's own, so that the users are
real to everything that runs below it (setuid, ownership, nbgrader) and the machine knows nothing of them.
"""
import os
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.grading.ordinary import show

if __name__ == "__main__":
    folder, config = map(Path, sys.argv[1:])
    show([sys.base_prefix, str(ROOT)], [(folder / "passwd", "/etc/passwd"), (folder / "group", "/etc/group")])
    os.chdir(folder / "state")
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub", "-f", str(config)])
