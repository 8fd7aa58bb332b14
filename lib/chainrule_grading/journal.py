"""What has been graded and is not yet in the gradebook: one file per submission, gone once it is recorded.

Grading costs time, recording little. A result is written here before it is recorded, so a run that was killed at any
moment goes on where it was: nothing is lost, and nothing that was graded is graded again.
"""
import json
import os
from dataclasses import asdict

import nbformat

from chainrule_grading.grading import Mark, Result


class Journal:
    """The results of one assignment that wait to be recorded."""

    def __init__(self, course, assignment):
        self.folder = course.classroom / "journal" / assignment

    def _place(self, student):
        return self.folder / f"{student}.json"

    def write(self, result, made_of):
        """Keep a result; when this returns, it is on the disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self._place(result.student)
        partial = place.with_name(f".{place.name}.tmp")
        with open(partial, "w", encoding="utf-8") as file:
            told = vars(result) | {"marks": list(map(asdict, result.marks))}
            file.write(json.dumps({"made_of": made_of, "result": told}))
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, place)

    def read(self, student, made_of):
        """The result that waits for this learner, if it was made of the same bytes; else None."""
        try:
            kept = json.loads(self._place(student).read_text(encoding="utf-8"))
            return result_from(kept["result"]) if kept["made_of"] == made_of else None
        except (OSError, ValueError, KeyError, TypeError):
            return None                           # a file that cannot be read costs no more than grading again

    def done(self, student):
        """The result has been recorded."""
        self._place(student).unlink(missing_ok=True)


def result_from(told):
    """A Result from its JSON."""
    notebook = told.pop("notebook", None)
    marks = tuple(Mark(**mark | {"says": tuple(mark["says"])}) for mark in told.pop("marks", ()))
    return Result(**told | {key: tuple(told.get(key, ())) for key in ("flags", "notes")}, marks=marks,
                  notebook=nbformat.from_dict(notebook) if notebook else None)
