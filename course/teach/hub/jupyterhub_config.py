"""A class on one server: see ../jupyterhub.md. Start it as root: jupyterhub -f jupyterhub_config.py"""
import os
import sys
from importlib.util import find_spec
from pathlib import Path

c = get_config()  # noqa: F821 (JupyterHub defines it)

HERE = Path(__file__).resolve().parent
SRV = Path(os.environ.get("CHAINRULE_SRV", "/srv/chainrule"))      # share/: what learners get; exchange/: nbgrader's
INSTRUCTORS = set(os.environ.get("CHAINRULE_INSTRUCTORS", "").split())
OURS = Path(find_spec("chainrule_grading").origin).parent / "jupyter"

# Everyone with an account on this machine may log in with its password (PAM); or name them in allowed_users.
c.Authenticator.allow_all = True

# Each server runs as its user, with that user's own uid: nbgrader's exchange knows people by nothing else.
c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.cmd = [sys.executable, str(HERE / "singleuser.py")]
c.Spawner.notebook_dir = "~/chainrule"
c.Spawner.default_url = "/chainrule/start"


def surroundings(spawner):
    """The environment of one user's server. Nothing is written here: the Hub is root, and homes belong to others."""
    role = "instructor" if spawner.user.name in INSTRUCTORS else "learner"
    settings = [HERE / "settings", OURS]
    if role == "learner":
        settings.insert(0, HERE / "settings-learner")              # without the formgrader
    spawner.environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "JUPYTER_CONFIG_PATH": os.pathsep.join(map(str, settings)),
        "CHAINRULE_SRV": str(SRV), "CHAINRULE_ROLE": role}


c.Spawner.pre_spawn_hook = surroundings
