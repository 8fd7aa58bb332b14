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
c.Exchange.assignment_dir = str(ROOT / "exercises")                # where fetch puts an assignment, and submit finds it
(ROOT / CLASSROOM).mkdir(parents=True, exist_ok=True)              # the gradebook needs a folder to lie in

c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise NotImplementedError()"}
c.OverwriteCells.add_missing_cells = True      # a deleted check is put back and graded

# nbgrader autograde and formgrader's button read, run and mark as chainrule grade does: in the sandbox.
c.Autograde.exporter_class = "chainrule_grading.stock.Restored"
c.Autograde.autograde_preprocessors = [
    "chainrule_grading.stock.Sandboxed",       # in place of nbgrader's Execute
    "nbgrader.preprocessors.IgnorePattern", "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput", "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties", "nbgrader.preprocessors.CheckCellMetadata"]
c.Sandboxed.cell_seconds = 30                  # the longest time for one cell
c.Sandboxed.total_seconds = 60                 # and for one submission

c.AssignLatePenalties.plugin_class = "chainrule_grading.stock.LatePolicy"     # the rules in classroom/class.toml

# Pages made of learners' notebooks hold no script of theirs; feedback holds none at all.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {"markdown2html": "chainrule_grading.feedback.markdown",
                          "strip_files_prefix": "chainrule_grading.feedback.unchanged",
                          "clean_html": "chainrule_grading.feedback.clean"}
c.GenerateFeedback.exporter_class = "chainrule_grading.feedback.FeedbackPage"
c.GenerateFeedback.preprocessors = ["chainrule_grading.stock.Grades"]
