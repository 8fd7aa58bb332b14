"""nbgrader's view of the course: sources in solutions/, releases in exercises/, everything that runs in classroom/."""
import os
from pathlib import Path

c = get_config()  # noqa: F821 (nbgrader defines it)

ROOT = Path(__file__).resolve().parent
CLASSROOM = os.environ.get("CHAINRULE_CLASSROOM", "classroom")     # relative to the course folder

c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.course_id = "chainrule"
c.CourseDirectory.db_url = f"sqlite:///{ROOT / CLASSROOM / 'gradebook.db'}"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = f"{CLASSROOM}/submitted"
c.CourseDirectory.autograded_directory = f"{CLASSROOM}/autograded"
c.CourseDirectory.feedback_directory = f"{CLASSROOM}/feedback"
c.CourseDirectory.solution_directory = f"{CLASSROOM}/solution"
(ROOT / CLASSROOM).mkdir(parents=True, exist_ok=True)              # the gradebook needs a folder to lie in

c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise NotImplementedError()"}
c.OverwriteCells.add_missing_cells = True      # a deleted check is put back and graded
c.Execute.timeout = 30                         # seconds a cell may take
