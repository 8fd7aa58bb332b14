"""A class from first to last: what must be graded, by whom, and in which order it is written down.

`grade` is called in the processes of a pool, or of a Dask cluster; this process alone writes. A result goes into the
journal, then into the gradebook; whatever is killed, the next run finishes it.
"""
import contextlib
import functools
import gc
import json
import logging
import multiprocessing
import os
import sys
import threading
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import nbformat

from chainrule_grading import grading, rules, secret
from chainrule_grading.authoring import release_of
from chainrule_grading.course import UserError, said_in_a_sentence
from chainrule_grading.grading import Result, best_isolation, instructors, misplaced, own_gradebook, submissions
from chainrule_grading.journal import Journal, result_from
from chainrule_grading.notebooks import Limits, Unreadable, read
from chainrule_grading.recorder import Recorder, Records, back_up, digest
from chainrule_grading.sandbox import NoSandbox, Sandbox

DECIDE = ("evaluate", "feedback", "formulas", "grading", "launch", "notebooks", "page", "recorder", "sandbox")
TRIES = 3                         # how often a submission is graded whose worker died
AHEAD = 2                         # submissions that wait for each worker
GLANCE = 2.0                      # seconds between two looks at the class with --watch

_one_at_a_time = threading.Lock()


def job(student, assignment, raw, release, limits, about):
    """What a worker does. A process grades one submission at a time: its sandbox and clocks are its own."""
    with _one_at_a_time:
        return grading.grade(student, assignment, raw, release, limits, **about)


@functools.cache
def edition():
    """One name for the code that decides marks and feedback: the reference library, the registry, and the grader."""
    library, ours = (Path(sys.modules[name].__file__).parent for name in ("chainrule", "chainrule_grading"))
    files = [path for path in sorted(library.rglob("*.py")) if "figures" not in path.parts]
    files += [ours / f"{name}.py" for name in DECIDE] + sorted((ours / "inside").glob("*.py"))
    return digest(*(part for path in files for part in (path.name, path.read_bytes())))


def _theirs():
    """Sent by name, so that a worker asks its own code."""
    return edition()


def _begin(control):
    """In a worker: use the driver's sandbox, and end with the driver; if it is killed, an idle worker would wait on."""
    if control is not None:
        grading.join(control)
    gc.freeze()                                   # what was imported stays, and need not be looked through again
    driver = multiprocessing.parent_process()

    def watch():
        driver.join()
        os._exit(1)
    threading.Thread(target=watch, daemon=True).start()


# ---------------------------------------------------------------- who grades

class Pool:
    """Processes of this machine that share a warm sandbox. One that dies is replaced, and its work done again."""

    def __init__(self, workers=None):
        self.size = workers or os.cpu_count() or 1
        self.executor = self.sandbox = None

    def submit(self, *arguments):
        return self._started().submit(job, *arguments)

    def isolation(self):
        """("sandbox", "") where it works, else ("none", why not)."""
        try:
            self.sandbox = self.sandbox or Sandbox()
            self.sandbox.session(Limits()).close()
            return "sandbox", ""
        except NoSandbox as why:
            return "none", str(why)

    def _started(self):
        if self.executor is None:
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
            forks = "forkserver" in multiprocessing.get_all_start_methods()
            context = multiprocessing.get_context("forkserver" if forks else "spawn")
            if forks:                             # a clean process that knows how to grade; workers share its memory
                context.set_forkserver_preload(["chainrule_grading.warm"])
            self.executor = ProcessPoolExecutor(self.size, mp_context=context, initializer=_begin,
                                                initargs=(self.sandbox and self.sandbox.control,))
        return self.executor

    def renew(self):
        """After a worker died: Python's pool is then of no more use."""
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.executor = None

    def close(self):
        if self.executor:
            self.executor.shutdown(cancel_futures=True)
        if self.sandbox:
            self.sandbox.close()


class Here:
    """This process: for one submission, or where there should be no other."""
    size = 1

    def submit(self, *arguments):
        return _Now().submit(job, *arguments)

    def isolation(self):
        return best_isolation()

    def close(self):
        pass


class _Now(Executor):
    def submit(self, function, *arguments):
        from concurrent.futures import Future
        future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as failed:
            future.set_exception(failed)
        return future


class Cluster:
    """The workers of a Dask scheduler. Dask itself gives the work of one that dies to another."""

    def __init__(self, address):
        try:
            from distributed import Client
        except ModuleNotFoundError:
            raise UserError("Dask is not installed here; run: pip install distributed") from None
        try:
            self.client = Client(address, timeout=10)
        except (OSError, ValueError) as failed:
            raise UserError(f"There is no Dask scheduler at {address} ({failed}); start one with dask scheduler, and "
                            "workers with dask worker ADDRESS.") from None
        try:
            self._same_edition(address)
        except BaseException:
            self.client.close()
            raise
        self.executor = self.client.get_executor(pure=False, retries=TRIES)

    def _same_edition(self, address):
        """UserError before any work if a worker would judge otherwise than this machine."""
        found = self.client.run(_theirs)
        if not found:
            raise UserError(f"The scheduler at {address} has no workers; start some: dask worker {address}.")
        if others := sorted(worker for worker, theirs in found.items() if theirs != edition()):
            raise UserError(f"The worker {others[0]} has another edition of chainrule than this machine; install the "
                            "same one on all of them.")
        self.size = len(found)

    def submit(self, *arguments):
        return self.executor.submit(job, *arguments)

    def isolation(self):
        """The worst of what the workers have."""
        found = self.client.run(best_isolation)
        return next(((level, f"On {worker}: {why}") for worker, (level, why) in found.items() if level == "none"),
                    ("sandbox", ""))

    def close(self):
        self.client.close()


# ---------------------------------------------------------------- what is graded

@dataclass
class Job:
    """A submission that must be graded, what its mark is made of, and how often it was tried."""
    submission: object
    raw: bytes
    made_of: str
    tries: int = 0


@dataclass
class Class:
    """The submissions of an assignment, and all that a mark depends on beside them."""
    course: object
    assignment: str
    limits: Limits
    isolation: str = "sandbox"

    def __post_init__(self):
        self.release = nbformat.writes(release_of(self.course, self.assignment)).encode("utf-8")
        key = secret.of(self.course)
        self.about = {"instructor": instructors(self.course, self.assignment), "key": key,
                      "isolation": self.isolation}
        self.base = digest(self.release, self.about["instructor"], key, repr(self.limits), self.isolation, edition(),
                           rules.of(self.course).mattering(self.assignment))

    def made_of(self, submission, raw, extension):
        """One name for all that the mark of this submission depends on."""
        stamp = submission.path.parent / "timestamp.txt"
        return digest(self.base, submission.student, raw, stamp.read_bytes() if stamp.is_file() else b"",
                      repr(extension))

    def send(self, workers, job):
        return workers.submit(job.submission.student, self.assignment, job.raw, self.release, self.limits, self.about)


def graded(klass, jobs, workers):
    """(job, Result or the exception that grading raised) as they come. Few are under way at a time."""
    waiting, flying = deque(jobs), {}
    while waiting or flying:
        while waiting and len(flying) < workers.size * AHEAD:
            job = waiting.popleft()
            try:
                flying[klass.send(workers, job)] = job
            except BrokenProcessPool:
                waiting.appendleft(job)
                _again(workers, waiting, flying)
        done, _ = wait(flying, return_when=FIRST_COMPLETED)
        broken = False
        for future in [f for f in flying if f in done]:
            job, failed = flying.pop(future), future.exception()
            if isinstance(failed, BrokenProcessPool):
                broken, job.tries = True, job.tries + 1
                if job.tries < TRIES:
                    waiting.appendleft(job)
                    continue
                yield job, failed
            else:
                yield job, failed or future.result()
        if broken:
            _again(workers, waiting, flying)


def _kept_apart(klass, jobs, workers):
    """UserError where there is no sandbox: found out where grading is done, and before any of it."""
    isolation, why_not = workers.isolation() if jobs and klass.isolation == "sandbox" else ("typed", "")
    if isolation == "none":
        raise UserError(
            "Grading runs learners' code on this machine, with your rights and your files in reach, and there is "
            f"no sandbox here. {why_not} For notebooks you trust, type --accept-isolation=none; for your own work "
            "use chainrule check.")


def _again(workers, waiting, flying):
    """A worker died. What was under way with the others is sent again; nothing of it had been written."""
    waiting.extendleft(flying.values())
    flying.clear()
    workers.renew()


def grade_class(course, assignment, only=None, limits=Limits(), say=print, isolation="sandbox", *,  # noqa: B008
                workers=None, force=False, copy=True):
    """Grade every submission that is new or changed, so that none stops the class; return (results, failures).

    Results are those of all submissions, graded now or before. A failure is ours, not a learner's: (student, one
    sentence). `workers` is a Pool, Here or Cluster (default: a Pool of this machine's cores). The gradebook is copied
    to the classroom's backups first.
    """
    own_gradebook(course)
    with alone(course, say):
        return _grade_class(course, assignment, only, limits, say, isolation, workers, force, copy)


@contextlib.contextmanager
def alone(course, say):
    """Runs in one classroom take turns: while one is at work, the next waits, and says so. Ends with the process."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ModuleNotFoundError:                   # Windows, where nothing is graded in a sandbox
        yield
        return
    with contextlib.ExitStack() as stack:
        with said_in_a_sentence(course.classroom):
            course.classroom.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context((course.classroom / ".grading.lock").open("w"))
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            say("Another chainrule grade is at work in this classroom; waiting for it.")
            flock(lock, LOCK_EX)
        yield


def _grade_class(course, assignment, only, limits, say, isolation, workers, force, copy):
    waiting, own = submissions(course, assignment, only), workers is None
    with said_in_a_sentence(course.classroom):
        klass = Class(course, assignment, limits, isolation)
        if copy:
            back_up(course)
        recorder = Recorder(course, assignment)
    if own:
        workers = _as_many_as_needed(len(waiting))
    try:
        with recorder:
            return _grade(klass, waiting, recorder, Journal(course, assignment), workers, say, force)
    finally:
        if own:
            workers.close()


def _as_many_as_needed(count):
    return Pool(min(os.cpu_count() or 1, count)) if count > 1 else Here()


def _grade(klass, waiting, recorder, journal, workers, say, force):
    results, failures, jobs, start, asked = {}, [], [], time.monotonic(), 0

    def record(result, submission, made_of):
        try:
            journal.write(result, made_of)
            total = recorder.record(result, submission, made_of)
            journal.done(result.student)
        except Exception as failed:
            fail(submission.student, failed)
            return
        results[submission.student] = replace(result, notebook=None, total=total)     # a large class would fill memory
        say(f"[{len(results) + len(failures)}/{len(waiting)}] {submission.student}: "
            f"{result.problem or f'{result.earned:g} of {result.points:g}'}  ({result.seconds:.1f} s{left()})")

    def fail(student, failed):
        logging.getLogger(__name__).debug("grading failed", exc_info=failed)
        kind = "" if isinstance(failed, UserError) else f"{type(failed).__name__}: "
        failures.append((student, f"{kind}{failed}"))
        say(f"[{len(results) + len(failures)}/{len(waiting)}] {student}: FAILED, {failures[-1][1]}")

    def left():
        ended = asked - (len(waiting) - len(results) - len(failures))
        if ended < 5 or ended >= asked:
            return ""
        rate = ended / (time.monotonic() - start)
        return f"; {rate:.1f} a second, {_clock((asked - ended) / rate)} left"

    unchanged = refreshed = 0
    for submission in waiting:
        student, extension = submission.student, (recorder.extensions or {}).get(submission.student)
        try:
            raw = read(submission.path)
        except Unreadable as reason:
            made_of = klass.made_of(submission, str(reason), extension)
            record(Result(student, klass.assignment, problem=str(reason), isolation=klass.isolation), submission,
                   made_of)
            continue
        made_of = klass.made_of(submission, raw, extension)
        before = recorder.recorded(student)
        if not force and before.get("made_of") == made_of:
            now = recorder.refresh(student)
            results[student] = _kept(before | ({"total": now} if now else {}), student, klass.assignment)
            unchanged, refreshed = unchanged + 1, refreshed + bool(now)
        elif not force and (result := journal.read(student, made_of)) is not None:
            record(result, submission, made_of)   # graded by a run that was stopped
        else:
            jobs.append(Job(submission, raw, made_of))
    if unchanged:
        say(f"{unchanged} of {len(waiting)} are graded already and have not changed (--force grades them again).")
    if refreshed:
        say(f"New feedback pages for {refreshed} of them, because a person has marked or commented since.")
    asked = len(jobs)
    _kept_apart(klass, jobs, workers)
    for job, result in graded(klass, jobs, workers):
        job.raw = b""
        if isinstance(result, Result):
            record(result, job.submission, job.made_of)
        else:
            fail(job.submission.student, result)
    return [results[s.student] for s in waiting if s.student in results], failures


def _kept(about, student, assignment):
    """The Result that `grading.json` tells of, without its notebook."""
    return result_from({"student": student, "assignment": assignment,
                        "total": about.get("total", {}),
                        **{key: about[key] for key in ("marks", "flags", "notes", "problem", "seconds", "isolation")}})


def _clock(seconds):
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def compare(course, assignment, only=None, limits=Limits(), isolation="sandbox", *, workers, force=False):  # noqa: B008
    """Grade and write nothing: [(learner, result before or None, result now or exception)] of what would be graded."""
    own_gradebook(course)
    klass, jobs, before = Class(course, assignment, limits, isolation), [], {}
    records = Records(course, assignment)
    for submission in submissions(course, assignment, only):
        try:
            raw = read(submission.path)
        except Unreadable:
            continue                              # its mark cannot change
        made_of = klass.made_of(submission, raw, (records.extensions or {}).get(submission.student))
        about = records.recorded(submission.student)
        if force or about.get("made_of") != made_of:
            jobs.append(Job(submission, raw, made_of))
            before[submission.student] = _kept(about, submission.student, assignment) if about else None
    _kept_apart(klass, jobs, workers)
    found = {job.submission.student: result for job, result in graded(klass, jobs, workers)}
    return [(student, old, found[student]) for student, old in before.items()]


# ---------------------------------------------------------------- the command

def table(results):
    """The class at a glance, as text."""
    width = max([len(r.student) for r in results] + [7])
    lines = [f"{'learner':<{width}}   mark      to read   what to know", "─" * (width + 60)]
    for r in results:
        notes = [r.problem] if r.problem else [*r.flags, *r.notes]
        open_tasks = [m.name.removeprefix("check-") for m in r.marks if not m.written and m.earned < m.points]
        if open_tasks:
            notes.append(f"not full: {', '.join(open_tasks)}")
        if r.total.get("late"):
            notes.append(f"late: {r.total['late']:g} points less")
        if r.total and (r.stands != r.earned or r.total["words"]):
            notes.append(f"stands at {r.stands:g} of {r.total['points']:g}")
        mark = "–" if r.problem else f"{r.earned:g} / {r.points:g}"
        hand = f"{r.by_hand:g} p." if r.by_hand else ""
        lines.append(f"{r.student:<{width}}   {mark:<9} {hand:<9} {'; '.join(notes) or 'all right'}")
    return "\n".join(lines)


def changed(compared):
    """(learner, mark before, mark after) of those who would have another one, the marks as text."""
    def mark(result):
        if result is None:
            return "none"
        return f"failed: {result}" if isinstance(result, Exception) else result.problem or f"{result.earned:g}"
    return [(student, mark(old), mark(new)) for student, old, new in compared if mark(old) != mark(new)]


def changes(compared):
    """What checks give before and after, of those for whom it differs, as a table."""
    other = changed(compared)
    width = max([len(student) for student, _, _ in other] + [7])
    lines = [f"{'learner':<{width}}   before   after", "─" * (width + 30)]
    lines += [f"{student:<{width}}   {old:<8} {new}" for student, old, new in other]
    return "\n".join(lines if other else []) + \
        f"\n{len(compared)} would be graded, {len(other)} of them would have another mark. No mark was written."


def summary(results, failures):
    """The same for programs: one JSON object."""
    return json.dumps({"edition": edition()[:12], "failures": [
        {"assignment": assignment, "learner": student, "why": why} for assignment, student, why in failures],
        "results": [
        {"learner": r.student, "assignment": r.assignment, "earned": r.earned, "points": r.points,
         "to_read": r.by_hand, "stands": r.stands, "late": r.total.get("late", 0),
         "problem": r.problem, "flags": r.flags, "notes": r.notes, "isolation": r.isolation,
         "marks": [asdict(mark) for mark in r.marks]} for r in results]}, indent=1, ensure_ascii=False)


def main(course, assignments=(), students=None, isolation=None, limits=Limits(), *,  # noqa: B008 (frozen)
         workers=None, scheduler=None, force=False, dry_run=False, watch=False, as_json=False):
    """The command `chainrule grade`; returns its exit code: 0 unless grading itself failed."""
    def say(text):
        print(text, file=sys.stderr if as_json else sys.stdout, flush=True)

    if workers is not None and workers < 1:
        raise UserError(f"--workers is {workers}; at least one process must grade.")
    assignments = list(assignments) or handed_in(course, watch)
    for assignment in assignments:
        course.release(assignment)                # or one sentence that there is no such assignment
    count = 0 if watch else sum(len(submissions(course, assignment, students)) for assignment in assignments)
    say("Isolation: none (typed). Learners' code runs with your rights." if isolation == "none" else
        "Isolation: sandbox. Learners' code sees no files, no network and no marks.")
    pool = (Cluster(scheduler) if scheduler else Pool(workers) if workers or watch or dry_run else
            _as_many_as_needed(count))
    for sentence in misplaced(course):
        say(sentence)
    how = {"limits": limits, "isolation": isolation or "sandbox", "workers": pool}
    gc.freeze()
    try:
        if watch:
            return _watch(course, assignments, students, say, how)
        if dry_run:
            compared = [(assignment, compare(course, assignment, students, force=force, **how))
                        for assignment in assignments]
            for assignment, those in [] if as_json else compared:
                print(_of(assignment, assignments) + changes(those))
            if as_json:
                print(json.dumps({"edition": edition()[:12], "changes": [
                    {"assignment": assignment, "learner": student, "before": before, "after": after}
                    for assignment, those in compared for student, before, after in changed(those)]},
                    indent=1, ensure_ascii=False))
            return 0
        graded = [(assignment, *grade_class(course, assignment, students, say=say, force=force, copy=not k, **how))
                  for k, assignment in enumerate(assignments)]
    finally:
        pool.close()
    failures = [(assignment, student, why) for assignment, _, failed in graded for student, why in failed]
    if as_json:
        print(summary([result for _, results, _ in graded for result in results], failures))
        return 1 if failures else 0
    for assignment, results, _ in graded:
        print("\n" + _of(assignment, assignments) + table(results))
    where = course.classroom.relative_to(course.root) if course.root in course.classroom.parents else course.classroom
    print(f"\nGradebook: {where}/gradebook.db · feedback: {where}/feedback/<learner>/<assignment>/ · "
          f"notebooks: {where}/autograded/")
    print("Written answers wait for you in the formgrader (chainrule lab, menu Nbgrader, Formgrader, Manual Grading). "
          "Marks as a table: nbgrader export.")
    for assignment, student, why in failures:
        print(f"Grading {assignment} failed for {student}: {why}", file=sys.stderr)
    return 1 if failures else 0


def handed_in(course, all_of_them=False):
    """The assignments that somebody has handed in (with --watch: all of the course); UserError if there are none."""
    found = [name for name in course.assignments()
             if all_of_them or any((course.classroom / "submitted").glob(f"*/{name}"))]
    if not found:
        raise UserError(f"There is nothing to grade: nobody has handed in any of {', '.join(course.assignments())} in "
                        f"{course.classroom / 'submitted'}.")
    return found


def _of(assignment, assignments):
    return f"{assignment}\n" if len(assignments) > 1 else ""


def _watch(course, assignments, students, say, how):
    """Grade what arrives until Ctrl-C. A submission is looked at again when one of its folder's files has changed."""
    say(f"Waiting for submissions of {', '.join(assignments)} in {course.classroom / 'submitted'}; stop with Ctrl-C.")
    seen = {}
    while True:
        for assignment in assignments:
            new = _arrived(course, assignment, students, seen)
            try:
                if new:
                    grade_class(course, assignment, sorted(f.parent.name for f in new), say=say, copy=not seen, **how)
                    seen |= new
            except UserError as wrong:
                say(str(wrong))
        time.sleep(GLANCE)


def _arrived(course, assignment, students, seen):
    """{folder: its files} of the submissions that are new, or have changed since they were seen."""
    new = {}
    for folder in (course.classroom / "submitted").glob(f"*/{assignment}"):
        if students is None or folder.parent.name in students:
            stats = [(path.name, path.lstat()) for path in sorted(folder.iterdir())]
            state = [(name, stat.st_mtime_ns, stat.st_size) for name, stat in stats]
            if any(name.endswith(".ipynb") for name, _, _ in state) and seen.get(folder) != state:
                new[folder] = state
    return new
