"""`make run`: grade a class of invented learners for real, and show marks beside what each deserves.

The class lies in course/class, one readable file per learner. Its state lies in classroom/demo, apart from a
real class, and is made anew in each run. It is graded in the sandbox where there is one, and without it where there
is none, because its code is the course's own.
"""
import os
import re
import shutil
import sys
import textwrap
import time
from dataclasses import dataclass

import nbformat

from chainrule_grading.authoring import release_of
from chainrule_grading.course import UserError, find_course, write_atomically
from chainrule_grading.driver import grade_class
from chainrule_grading.grading import Limits, best_isolation
from chainrule_grading.report import write as write_report

ASSIGNMENT = "delta"
LIMITS = Limits(cell_seconds=10)


@dataclass(frozen=True)
class Learner:
    """One file of course/class: the story, the marks it deserves, the cells, and how the notebook is saved."""
    name: str
    story: str
    deserves: float
    cells: dict               # cell name → text; "new after NAME" adds a cell
    file: str = f"{ASSIGNMENT}.ipynb"
    encoding: str = "utf-8"
    raw: str = ""


def read_learner(path):
    """Read one learner; `# like: ada` starts from another learner's cells."""
    head, *sections = re.split(r"^# %% (.+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    comments = re.findall(r"^# (.*)$", head, flags=re.MULTILINE)
    about = dict(re.findall(r"^# (deserves|like|file|encoding|raw): (.+)$", head, flags=re.MULTILINE))
    story = " ".join(line for line in comments if line.partition(":")[0] not in about)
    base = read_learner(path.with_name(f"{about.pop('like')}.py")).cells if "like" in about else {}
    cells = base | dict(zip(sections[::2], (text.strip("\n") for text in sections[1::2]), strict=True))
    raw = re.sub(r"^#.*\n", "", head, flags=re.MULTILINE) if about.pop("raw", "") else ""
    return Learner(path.stem, story, float(about.pop("deserves")), cells, raw=raw, **about)


def notebook_of(learner, release):
    """The bytes that this learner hands in."""
    if learner.raw:
        return learner.raw.encode(learner.encoding)
    notebook = nbformat.from_dict(dict(release))
    notebook.cells = []
    for cell in release.cells:
        cell = nbformat.from_dict(dict(cell))
        cell.source = learner.cells.get(cell.id, cell.source)
        notebook.cells.append(cell)
        if (text := learner.cells.get(f"new after {cell.id}")) is not None:
            notebook.cells.append(nbformat.v4.new_code_cell(text, id=f"new-{cell.id}"[:64]))
    return nbformat.writes(notebook).encode(learner.encoding)


def hand_in(course, learners):
    """Put every learner's file where a collected class lies."""
    release = release_of(course, ASSIGNMENT)
    known = {cell.id for cell in release.cells}
    shutil.rmtree(course.classroom, ignore_errors=True)       # ours: classroom/demo, made anew each time
    for learner in learners:
        strange = [name for name in learner.cells if name.removeprefix("new after ") not in known]
        if strange:
            raise UserError(f"course/class/{learner.name}.py names a cell {strange[0]!r} that {ASSIGNMENT} "
                            "does not have.")
        folder = course.classroom / "submitted" / learner.name / ASSIGNMENT
        write_atomically(folder / learner.file, notebook_of(learner, release))


def main(argv=None):
    """Hand in, grade, show; exit code 1 if a mark is not what the work deserves."""
    os.environ["CHAINRULE_CLASSROOM"] = "classroom/demo"
    course = find_course(argv[0] if argv else None)
    start = time.perf_counter()
    learners = [read_learner(path) for path in sorted((course.sources / "class").glob("*.py"))]
    hand_in(course, learners)
    isolation, why_not = best_isolation()
    apart = "sandbox" if isolation == "sandbox" else "none, which is fine here: this class is the course's own"
    print(f"A class of {len(learners)} has handed in the assignment {ASSIGNMENT!r}. Grading, each notebook in a "
          f"Python of its own\n(isolation: {apart}; a cell may take {LIMITS.cell_seconds:g} s).\n"
          + (f"{why_not}\n" if why_not else ""), flush=True)
    results, failures = grade_class(course, ASSIGNMENT, limits=LIMITS, isolation=isolation,
                                    say=lambda text: print("  " + text, flush=True))
    by_name = {result.student: result for result in results}
    wrong = [who for who, _ in failures]
    print("\n" + "─" * 100)
    for learner in learners:
        result = by_name.get(learner.name)
        if result is None:
            continue
        right = result.earned == learner.deserves
        wrong += [] if right else [learner.name]
        print(f"\n{'✓' if right else '✗ NOT WHAT IT DESERVES:'} {learner.name}: {result.earned:g} points; "
              f"deserves {learner.deserves:g} of 27")
        print(textwrap.fill(learner.story, 98, initial_indent="    ", subsequent_indent="    "))
        for sentence in (result.problem, *result.flags):
            if sentence:
                print(textwrap.fill(f"· {sentence}", 98, initial_indent="    ", subsequent_indent="      "))
        unwritten = [m for m in result.marks if not m.written and m.says and m.says[0].startswith("○")]
        for mark in result.marks:
            if not mark.written and mark.earned < mark.points and mark not in unwritten:
                print(_said(mark))
        if unwritten:
            print(textwrap.fill(f"not begun: {', '.join(map(_task, unwritten))}", 98, initial_indent="    ",
                                subsequent_indent="      "))
    where = course.classroom.relative_to(course.root)
    example = where / "feedback" / "fatima" / ASSIGNMENT / f"{ASSIGNMENT}.html"
    print("\n" + "─" * 100)
    print(f"{len(learners) - len(set(wrong))} of {len(learners)} marks are what the work deserves "
          f"({time.perf_counter() - start:.0f} s).\n")
    print(f"Feedback for learners:  {where}/feedback/, for example {example}")
    report = write_report(course).relative_to(course.root)
    print(f"Report on the class:    {report}")
    print(f"Gradebook:              {where}/gradebook.db")
    print(f"Graded notebooks:       {where}/autograded/")
    print("\nOpen the course:        make lab      (or: .venv/bin/chainrule lab)")
    print("Teach with it:          README.md, section 'Teach with it'")
    return 1 if wrong else 0


def _said(mark):
    """What the card told the learner: the headline and the first thing to think about."""
    lines = [line for line in mark.says if not line.startswith(("By the way", "Right already"))]
    shown = lines[1:2] or lines[:1]
    shown += [line for line in lines[2:] if line.startswith("Think")][:1] or lines[2:3]
    shown = [f"{_task(mark)}: {shown[0]}", *shown[1:]] if shown else [_task(mark)]
    return "\n".join(textwrap.fill(line, 98, initial_indent="    " + "  " * k, subsequent_indent="      ")
                     for k, line in enumerate(shown))


def _task(mark):
    return mark.name.removeprefix("check-").replace("-", ".", 1)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except UserError as cure:
        sys.exit(f"chainrule: {cure}")
