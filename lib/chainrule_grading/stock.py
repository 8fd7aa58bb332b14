"""nbgrader's own commands with our grader inside; `nbgrader_config.py` names these classes.

`nbgrader autograde` and formgrader's button then read as carefully, run learners' code in the same sandbox, and write
the same marks as `chainrule grade`.
"""
import json
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.converters.base import NbGraderException
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import GetGrades, NbGraderPreprocessor
from traitlets import Enum, Float

from chainrule_grading import grading, rules, secret
from chainrule_grading.authoring import release_of
from chainrule_grading.cli import limits_of
from chainrule_grading.course import find_course, write_atomically
from chainrule_grading.notebooks import handed_in, parse, read, restore


class Restored(NotebookExporter):
    """In place of nbgrader's reader: a submitted notebook arrives as the release with the learner's answers in it.

    As in `chainrule grade` a file may have another name, such as `delta (1).ipynb`: nbgrader looks for files before
    it makes its exporter, and here it learns which of them stands for the assignment's notebook.
    """

    def __init__(self, **kw):
        super().__init__(**kw)
        for folder in getattr(self.parent, "assignments", {}) if _sanitizing(self.parent) else ():
            self.parent.assignments[folder] = [str(Path(folder) / f"{self.parent.coursedir.assignment_id}.ipynb")]

    def from_filename(self, filename, resources, **kw):
        if not _sanitizing(self.parent):
            return super().from_filename(filename, resources, **kw)
        course, path = find_course(Path(self.parent.coursedir.root)), Path(filename)
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        self._forget_extra_files(course, resources["nbgrader"])
        release = release_of(course, resources["nbgrader"]["assignment"])
        notebook, flags = restore(parse(read(handed_in(path.parent, path.stem))), release)
        for flag in flags:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], flag)
        return self.from_notebook_node(notebook, resources, **kw)


    def _forget_extra_files(self, course, about):
        """nbgrader has copied whatever lay beside the notebook, and what links there point to."""
        built = Path(self.parent._format_dest(about["assignment"], about["student"]))
        source = course.solutions / about["assignment"]
        for path in built.rglob("*"):
            inside = path.relative_to(built)
            if path.is_file() and path.name != "timestamp.txt" and not (source / inside).is_file():
                path.unlink()


def _sanitizing(converter):
    """Whether nbgrader's autograde is about to read what was handed in."""
    return getattr(converter, "_sanitizing", False)


class Grades(GetGrades):
    """In place of nbgrader's GetGrades: marks and comments from the gradebook, and which answers nobody has read."""

    def _get_score(self, cell, resources):
        super()._get_score(cell, resources)
        grade = self.gradebook.find_grade(cell.metadata.nbgrader["grade_id"], self.notebook_id, self.assignment_id,
                                          self.student_id)
        cell.metadata.nbgrader["waiting"] = bool(grade.needs_manual_grade)


class LatePolicy(LateSubmissionPlugin):
    """In place of nbgrader's plugin for late work: what classroom/class.toml says, else its `penalty_method`."""

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        policy = rules.of(find_course(Path(self.config.CourseDirectory.root))).late
        if policy is None:
            return super().late_submission_penalty(student_id, score, total_seconds_late)
        return policy.loses(score, total_seconds_late)


class Sandboxed(NbGraderPreprocessor):
    """In place of nbgrader's Execute: grade the submitted file, and go on with the notebook that shows its marks."""

    accept_isolation = Enum(["", "none"], default_value="",
                            help="Where there is no sandbox: none runs learners' code with your rights."
                            ).tag(config=True)
    cell_seconds = Float(30.0, help="The longest time for one cell.").tag(config=True)
    call_seconds = Float(10.0, help="The longest time for one call of a learner's function.").tag(config=True)
    total_seconds = Float(60.0, help="The longest time for one submission.").tag(config=True)
    cpu_seconds = Float(65.0, help="The longest time that a process may compute.").tag(config=True)
    output_kb = Float(100.0, help="The most that a cell may print.").tag(config=True)
    memory_mb = Float(2000.0, help="Memory of all processes of a submission together.").tag(config=True)
    processes = Float(16.0, help="Most processes and threads.").tag(config=True)
    files_mb = Float(32.0, help="Most space for files.").tag(config=True)

    def preprocess(self, nb, resources):
        student, assignment = resources["nbgrader"]["student"], resources["nbgrader"]["assignment"]
        converter = self.parent.parent
        course = find_course(Path(converter.coursedir.root))
        isolation, why_not = (self.accept_isolation, "") if self.accept_isolation else grading.best_isolation()
        if isolation == "none" and not self.accept_isolation:
            raise NbGraderException(f"There is no sandbox for learners' code. {why_not} For notebooks you trust: "
                                    "--Sandboxed.accept_isolation=none")
        submitted = Path(converter.coursedir.format_path(converter.coursedir.submitted_directory, student, assignment))
        result = grading.grade(
            student, assignment, read(handed_in(submitted, assignment)),
            nbformat.writes(release_of(course, assignment)).encode("utf-8"),
            limits_of(self),
            instructor=grading.instructors(course, assignment), key=secret.of(course), isolation=isolation)
        if result.problem:
            raise NbGraderException(f"{student}: {result.problem}")
        for flag in result.flags:
            self.log.warning("%s: %s", student, flag)
        about = grading.about_result(result, secret.fingerprint(secret.of(course)))
        write_atomically(Path(converter.writer.build_directory) / "grading.json",
                         json.dumps(about, indent=1, ensure_ascii=False))
        return nbformat.from_dict(result.notebook), resources
