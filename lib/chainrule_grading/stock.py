"""nbgrader's own commands with our grader inside; `nbgrader_config.py` names these two classes.

`nbgrader autograde` and formgrader's button then read as carefully, run learners' code in the same sandbox, and write
the same marks as `chainrule grade`.
"""
import json
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import GetGrades, NbGraderPreprocessor
from traitlets import Enum, Float

from chainrule_grading import grading, secret
from chainrule_grading.authoring import release_of
from chainrule_grading.course import find_course, write_atomically
from chainrule_grading.notebooks import Limits, parse, read, restore


class Restored(NotebookExporter):
    """In place of nbgrader's reader: a submitted notebook arrives as the release with the learner's answers in it."""

    def from_filename(self, filename, resources, **kw):
        if not getattr(self.parent, "_sanitizing", False):
            return super().from_filename(filename, resources, **kw)
        course, path = find_course(Path(self.parent.coursedir.root)), Path(filename)
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        self._forget_extra_files(course, resources["nbgrader"])
        release = release_of(course, resources["nbgrader"]["assignment"])
        notebook, flags = restore(parse(read(path)), release)
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


class Grades(GetGrades):
    """In place of nbgrader's GetGrades: marks and comments from the gradebook, and which answers nobody has read."""

    def _get_score(self, cell, resources):
        super()._get_score(cell, resources)
        grade = self.gradebook.find_grade(cell.metadata.nbgrader["grade_id"], self.notebook_id, self.assignment_id,
                                          self.student_id)
        cell.metadata.nbgrader["waiting"] = bool(grade.needs_manual_grade)


class Sandboxed(NbGraderPreprocessor):
    """In place of nbgrader's Execute: grade the submitted file, and go on with the notebook that shows its marks."""

    accept_isolation = Enum(["", "none"], default_value="",
                            help="Where there is no sandbox: none runs learners' code with your rights."
                            ).tag(config=True)
    cell_seconds = Float(30.0, help="The longest time for one cell.").tag(config=True)
    total_seconds = Float(60.0, help="The longest time for one submission.").tag(config=True)

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
            student, assignment, read(submitted / f"{resources['nbgrader']['notebook']}.ipynb"),
            nbformat.writes(release_of(course, assignment)).encode("utf-8"),
            Limits(self.cell_seconds, total_seconds=self.total_seconds),
            instructor=grading.instructors(course, assignment), key=secret.of(course), isolation=isolation)
        if result.problem:
            raise NbGraderException(f"{student}: {result.problem}")
        for flag in result.flags:
            self.log.warning("%s: %s", student, flag)
        about = grading.about_result(result, secret.fingerprint(secret.of(course)))
        write_atomically(Path(converter.writer.build_directory) / "grading.json",
                         json.dumps(about, indent=1, ensure_ascii=False))
        return nbformat.from_dict(result.notebook), resources
