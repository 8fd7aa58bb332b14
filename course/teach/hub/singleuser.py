"""What the Hub starts for each user, as that user: the course folder made ready, then their own server."""
import os
import shutil
import sys
from pathlib import Path

from chainrule_grading.course import Course
from chainrule_grading.lab import trust_lectures


def make_ready(share, course):
    """Put into the course folder what is missing there; what lies there already is the user's and stays."""
    for folder in (course, course / "exercises", course / "lectures"):
        folder.mkdir(exist_ok=True)
    course.chmod(0o700)                           # whatever the rights of the home around it
    for source in [share / "nbgrader_config.py", *share.glob("lectures/*.ipynb")]:
        target = course / source.relative_to(share)
        if not target.exists():
            shutil.copyfile(source, target)


if __name__ == "__main__":
    if os.environ["CHAINRULE_ROLE"] == "learner":
        os.umask(0o077)           # what a learner makes is private; what an instructor releases is not
    folder = Path.home() / "chainrule"
    make_ready(Path(os.environ["CHAINRULE_SRV"]) / "share", folder)
    trust_lectures(Course(folder))
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub.singleuser", *sys.argv[1:]])
