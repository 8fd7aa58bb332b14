"""nbgrader for everyone on this server: one course, one exchange, and each learner's exercises in their own home."""
import os
from pathlib import Path

c = get_config()  # noqa: F821 (nbgrader defines it)

c.CourseDirectory.course_id = "chainrule"
c.Exchange.root = str(Path(os.environ.get("CHAINRULE_SRV", "/srv/chainrule")) / "exchange")
c.Exchange.assignment_dir = str(Path.home() / "chainrule" / "exercises")
