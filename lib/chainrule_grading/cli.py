"""The command `chainrule`. Heavy imports happen only in the command that needs them."""
import argparse
import sys
from importlib import import_module

from chainrule import __version__
from chainrule_grading.course import UserError, find_course, said_in_a_sentence

ABOUT = """chainrule: a course on backpropagation in which every equation is run.

for learners
  chainrule lab                               open the course in JupyterLab, on its start page
  chainrule check exercises/delta/delta.ipynb run your notebook from the top and see every card
  chainrule submit exercises/delta/delta.ipynb  hand in; --zip writes a zip to upload
  chainrule progress                          where you stand; --page makes a page of what you have built

for instructors
  chainrule class init --roster LIST.csv      set up a class: who, when work is due, the course secret
  chainrule class bundle                      the course as a zip for learners
  chainrule class import ZIP --assignment delta  take in what was handed in through Moodle, Canvas or a folder
  chainrule grade                             grade all submissions, in a sandbox
  chainrule report                            one page: how the class does, and what to say next
  chainrule class export --canvas             marks for Canvas, or --moodle
  chainrule doctor                            what works on this machine, and what to install

for maintainers
  chainrule build                             make the notebooks from the text in course/
  chainrule build --dry-run                   fail if notebooks and text differ

nbgrader's own commands (generate_assignment, autograde, export, formgrader, …) work in this folder as well."""


LAB = """The start page says what to open now, where you stand, what you handed in and where its feedback is. Reload it
to see how you stand now; in JupyterLab the menu Course leads back to it. Your progress is kept in the folder
.chainrule of your home; nothing is sent anywhere. Stop the lab with Ctrl-C.

examples
  chainrule lab
  chainrule lab --fresh delta                       begin delta again; your work is kept in classroom/backups
  chainrule lab --fresh delta --from chainrule.zip --keep-answers
                                                    a newer edition, with your answers carried over into it"""


SUBMIT = """where it goes
  on a class server     nbgrader's exchange, if there is one and none of the options below is given
  on your own computer  classroom/submitted/NAME/ASSIGNMENT/, or a zip to upload with --zip

Which assignment it is, chainrule reads in the notebook; the file may have any name. You can hand in as often as you
like: an earlier submission is kept, never overwritten. A receipt says what was handed in, when, and where it is.

examples
  chainrule submit exercises/delta/delta.ipynb
  chainrule submit exercises/delta/delta.ipynb --as ada --zip

Exit code: 0 if it was handed in."""


CLASS = """course/teach/class.md tells a term from first to last; course/teach/privacy.md what is kept of learners.

examples
  chainrule class init --roster canvas-export.csv --due delta=2026-12-01 --late 10%
  chainrule class bundle
  chainrule class import submissions.zip --assignment delta --dry-run
  chainrule class export --canvas --into canvas-export.csv --column delta="Exercise 3"
"""


INIT = """It can be run again at any time, with a newer list or other dates. It says what changed; of each file that it
changes, a copy is kept in classroom/backups. Nobody is ever taken out of the class.

the list      a CSV with columns such as learner, first_name, last_name, email; or Canvas' gradebook export; or
              Moodle's grade export, list of participants or grading worksheet (in English)
due dates     delta=2026-12-01 is the end of that day, delta=2026-12-01T18:00 that time, delta=none takes it away
late work     --late 10% takes off a tenth of the points earned for each day begun, --late 2 two points, --late 0
              nothing; --late none leaves it to nbgrader_config.py. --late-at-most 50% is the most that it takes off;
              none is no such limit, and with 0 late work loses nothing
extensions    [extensions.delta] in classroom/class.toml; those that hold are shown

The course secret, from which the grader draws its cases, is made the first time. Learners never get it. With it, a
submission can be graded again later with the same result: keep the copy.

examples
  chainrule class init
  chainrule class init --roster list.csv --due delta=2026-12-01 --due losses=2026-12-15T18:00 --zone Europe/Berlin
  chainrule class init --late 10% --grace 30 --late-at-most 50%"""


IMPORT = """Each notebook goes to classroom/submitted/LEARNER/ASSIGNMENT/; a dated copy of what was there before, to
classroom/backups/submitted/. Of several by one learner the newest counts, as far as it is known when they came; the
table says by what it was chosen. What is there stays, and the table says so, where it is newer, where its time is known
and that of the new one is not, and where the new one is empty or no notebook. --replace takes the new one all the same.

what it reads  Moodle   "Full Name_12345_assignsubmission_file/delta.ipynb", or "…_file_delta.ipynb"
               Canvas   lovelaceada_LATE_12345_67890_delta-1.ipynb
               folders  ada/delta.ipynb, ada/delta/delta.ipynb, ada_delta.ipynb
               zips     delta-ada-20261120T120000.zip as chainrule submit --zip makes them, also inside those above

Whose it is, the learning system and classroom/roster.csv say (chainrule class init --roster). When it was handed in is
known from Moodle's worksheet, from a timestamp.txt beside it, or from a learner's own zip; otherwise it is not late.
A date that is not understood (of a Moodle that is not in English) is named, and counts as not known.
Zips are not unpacked anywhere: what is odd in them is refused with a sentence, and the others go on.

Exit code: 0 if everything was taken in, or is there already or newer; 1 if something was not, or a date was not
understood."""


EXPORT = """Best give it a fresh export of theirs with --into: then numbers and headings are theirs, and a cell for
which there is no mark here stays as it is. Of a gradebook only the columns about people and of our assignments are
written, so that an upload changes nothing else. Without --into a new file is made from classroom/roster.csv.

No mark is not 0: such cells are empty, and the command says how many and why. Points lost for lateness are taken off.

examples
  chainrule class export --canvas --into Grades-Course.csv --column delta="Exercise 3"
  chainrule class export --moodle --assignment delta --into "Grades-delta.csv" --scale
  chainrule class export --moodle"""


BUNDLE = """In it are the lectures, the exercises as released, the course as a Python package (a wheel), nbgrader's
configuration and a page that says how to begin. Solution notebooks, the course secret and the classroom are not, and
the bundle is searched for them before it is written. The package holds the registry of right answers, as the open
course does (course/teach/safety.md). Of a zip that is there already, a copy is kept in classroom/backups.

examples
  chainrule class bundle
  chainrule class bundle --out share/"""


FORGET = """Work, marks, feedback, the line in the list, and all of it in backups as well. There is no way back.
course/teach/privacy.md says what lies elsewhere. Type the name as it stands in the list: if only another case of it is
there, nothing is deleted, and the right name is shown.

Exit code: 0 if it was deleted, 1 if --yes was missing, 2 if nobody is called so."""


def class_commands(of_class):
    """The arguments of `chainrule class …`."""
    commands = of_class.add_subparsers(dest="what", metavar="COMMAND", title="commands", required=True)

    def command(name, text, epilog):
        return commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", epilog=epilog,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)

    init = command("init", "set up the class, or change it: who, when work is due, what late work loses", INIT)
    init.add_argument("--roster", metavar="CSV", help="a list of the class: your own, Canvas' or Moodle's")
    init.add_argument("--due", action="append", default=[], metavar="ASSIGNMENT=DATE",
                      help="when an assignment is due (may be repeated)")
    init.add_argument("--zone", metavar="NAME", help="the time zone of these dates (default: this machine's)")
    init.add_argument("--late", metavar="AMOUNT", help="what each late day costs: 10%% of the points earned, 2 points, "
                                                       "or none")
    init.add_argument("--grace", type=float, metavar="MINUTES", help="so late, and nothing is lost")
    init.add_argument("--late-at-most", metavar="AMOUNT", help="the most that late work loses, such as 50%%; none: "
                                                              "no limit")

    take_in = command("import", "take in what was handed in: Moodle's or Canvas' zip, a folder, learners' zips", IMPORT)
    take_in.add_argument("paths", nargs="+", metavar="PATH", help="a zip, a folder or a notebook")
    take_in.add_argument("--assignment", required=True, metavar="NAME", help="for example delta")
    take_in.add_argument("--worksheet", metavar="CSV",
                         help="Moodle's grading worksheet of the assignment: tells namesakes apart, and when work came")
    take_in.add_argument("--zone", metavar="NAME", help="the time zone of the worksheet (default: this machine's)")
    take_in.add_argument("--replace", action="store_true",
                         help="take in also what is older than what is there, has no known time or is no notebook; a "
                              "copy of what was there is kept")
    take_in.add_argument("--dry-run", action="store_true", help="write nothing; show what would be taken in")

    export = command("export", "give marks out: a CSV that Canvas or Moodle takes", EXPORT)
    where = export.add_mutually_exclusive_group(required=True)
    where.add_argument("--canvas", action="store_true", help="for Canvas' gradebook")
    where.add_argument("--moodle", action="store_true", help="for Moodle's grade import or a grading worksheet")
    export.add_argument("--assignment", action="append", metavar="NAME",
                        help="only this one (may be repeated; default: all that have been graded)")
    export.add_argument("--into", metavar="CSV", help="their export, to be filled in; it stays as it was")
    export.add_argument("--column", action="append", default=[], metavar="NAME=HEADING",
                        help="what an assignment is called there, if not as here (may be repeated)")
    export.add_argument("--scale", action="store_true", help="scale marks to the points that the assignment has there")
    export.add_argument("--as-it-stands", action="store_true",
                        help="also marks of which answers in words have not been read; those count as 0")
    export.add_argument("--out", metavar="FILE", help="where to write (default: classroom/exports)")

    bundle = command("bundle", "make a zip of the course for learners", BUNDLE)
    bundle.add_argument("--out", metavar="PATH", help="a zip or a folder to write (default: classroom/chainrule.zip)")

    forget = command("forget", "delete all that the classroom keeps of a learner's", FORGET)
    forget.add_argument("learner", metavar="LEARNER", help="the name of the folder in classroom/submitted")
    forget.add_argument("--yes", action="store_true", help="delete; without it, only show what would be deleted")


def parser():
    """The arguments of all commands."""
    top = argparse.ArgumentParser(prog="chainrule", description=ABOUT,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--version", action="version", version=f"chainrule {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    def command(name, text, epilog=None):
        return commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", epilog=epilog,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)

    lab = command("lab", "open the course in JupyterLab, on its start page", LAB)
    lab.add_argument("--port", type=int, help="the port to listen on (default: the first free one from 8888)")
    lab.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")
    lab.add_argument("--book", action="store_true", help="open the book that make book has built instead")
    lab.add_argument("--fresh", metavar="ASSIGNMENT",
                     help="start nothing; put the released notebook in its place and keep a dated copy of your work")
    lab.add_argument("--keep-answers", action="store_true",
                     help="with --fresh: carry your answers over into the released notebook")
    lab.add_argument("--from", dest="source", metavar="PATH",
                     help="with --fresh: the zip, folder or notebook to take it from (default: the exchange, or what "
                          "solutions/ gives)")

    check = command("check", "run your notebook from the top and show every card",
                    "Exit code: 0 if every task is fully right, 1 if not. Your file is not changed.")
    check.add_argument("notebook", nargs="?", help="for example exercises/delta/delta.ipynb")
    check.add_argument("--all", action="store_true", help="every notebook in exercises/, task by task in a table")
    check.add_argument("--cell-seconds", type=float, default=60, help="longest time for one cell (default 60)")

    submit = command("submit", "hand in a notebook", SUBMIT)
    submit.add_argument("notebook", nargs="?", help="for example exercises/delta/delta.ipynb")
    submit.add_argument("--as", dest="learner", metavar="NAME", help="your name in the class (default: your login)")
    submit.add_argument("--to", metavar="FOLDER", help="the folder to put it in")
    submit.add_argument("--zip", action="store_true", help="write a zip to upload, in classroom/handed-in (or --to)")

    progress = command("progress", "where you stand, from the checks run on this computer")
    progress.add_argument("assignment", nargs="?", help="only this one, for example delta")
    progress.add_argument("--json", action="store_true", help="for programs")
    progress.add_argument("--page", action="store_true",
                          help="write a page of what you have built, with pictures that your own code draws")

    grade = command("grade", "grade submissions and write feedback",
                    "Submissions lie in classroom/submitted/<learner>/<assignment>/. Each is graded by itself: a file\n"
                    "that is broken, crashes or never ends costs only its own marks. Marks go into nbgrader's\n"
                    "gradebook, so formgrader and nbgrader export work as usual. Only what is new or changed is\n"
                    "graded; a run that was stopped goes on where it was. course/teach/grading.md tells the rest.\n"
                    "Exit code: 0, unless grading itself failed.")
    grade.add_argument("assignment", nargs="*",
                       help="for example delta; several are graded in one go (default: all that were handed in)")
    grade.add_argument("--learner", action="append", metavar="NAME", help="only this one (may be repeated)")
    grade.add_argument("--accept-isolation", choices=["none"],
                       help="where there is no sandbox: type none to run learners' code with your own rights")
    grade.add_argument("--workers", type=int, metavar="N", help="processes that grade (default: the cores)")
    grade.add_argument("--scheduler", metavar="ADDRESS", help="grade on the workers of a Dask scheduler")
    grade.add_argument("--force", action="store_true", help="grade again what has not changed")
    grade.add_argument("--dry-run", action="store_true", help="write no mark; show marks before and after")
    grade.add_argument("--watch", action="store_true", help="grade submissions as they arrive, until Ctrl-C")
    grade.add_argument("--json", action="store_true", help="for programs; progress goes to stderr")
    for name, (_, default, what) in LIMITS.items():
        grade.add_argument(f"--{name}", type=float, default=default, metavar="N", help=f"{what} (default {default})")

    class_commands(command("class", "set up a class, take work in, give marks out", CLASS))
    report = command("report", "write one page on the class: marks, mistakes it has in common, what to say next",
                     "The page needs nothing else and asks no other machine for anything; open it in a browser.\n"
                     "It reads the gradebook and what chainrule grade keeps beside each graded notebook.")
    report.add_argument("assignment", nargs="*", help="for example delta (default: all that have been graded)")
    report.add_argument("--anonymous", action="store_true", help="no names in it: letters stand for each learner")
    report.add_argument("--to", metavar="FILE", help="the file to write (default: classroom/report/report.html)")

    build = command("build", "make lectures/, solutions/ and exercises/ from the text in course/",
                    "Text is the source. Figures' bytes don't count as a difference, everything else does.")
    build.add_argument("--only", metavar="NAME", help="only lectures and assignments whose name holds NAME")
    build.add_argument("--dry-run", action="store_true", help="write nothing; exit code 1 if something differs")
    build.add_argument("--from", dest="from_notebook", metavar="NOTEBOOK",
                       help="the way back: write an edited notebook's text into course/")

    command("doctor", "try what the course needs on this machine, and say how to get what is missing")
    return top


LIMITS = {                        # option: the least that grading can do with, the default, what it is
    "cell-seconds": (0.5, 30, "longest time for one cell"),
    "call-seconds": (0.5, 10, "longest time for one call of a learner's function"),
    "total-seconds": (1, 60, "longest time for one submission"),
    "memory-mb": (550, 2000, "memory of all processes of a submission together, and address space of each, of which "
                             "Python and NumPy take about 500"),
    "cpu-seconds": (1, 65, "longest time that a process may compute"),
    "output-kb": (1, 100, "most that a cell may print"),
    "processes": (4, 16, "most processes and threads"),
    "files-mb": (1, 32, "most space for files")}


def limits_of(a):
    """The Limits that were typed, or set for nbgrader in its configuration."""
    for name, (least, default, _) in LIMITS.items():
        if not (typed := getattr(a, name.replace("-", "_"))) >= least:
            raise UserError(f"--{name} is {typed:g}, and no right answer could be graded with that; the least is "
                            f"{least:g}, the default {default}.")
    return import_module("chainrule_grading.notebooks").Limits(
        cell_seconds=a.cell_seconds, call_seconds=min(a.call_seconds, a.cell_seconds), total_seconds=a.total_seconds,
        cpu_seconds=a.cpu_seconds, memory=int(a.memory_mb * 1e6), processes=int(a.processes),
        files=int(a.files_mb * 1e6), file=int(a.files_mb * 1e6 / 4), output=int(a.output_kb * 1000))


def run(arguments):
    """Carry out parsed arguments; returns the exit code."""
    a = arguments
    match a.command:
        case "lab":
            if a.fresh:
                return import_module("chainrule_grading.handin").fresh(
                    find_course(), a.fresh, a.source, a.keep_answers)
            open_lab = import_module("chainrule_grading.lab")
            return (open_lab.serve_book if a.book else open_lab.main)(find_course(), a.port, not a.no_browser)
        case "check":
            if a.all and a.notebook is None:
                return import_module("chainrule_grading.learner").check_all(find_course(), a.cell_seconds)
            if a.notebook is None:
                raise UserError("Which notebook do you want to check? "
                                + import_module("chainrule_grading.handin").choices(find_course(), "check"))
            return import_module("chainrule_grading.learner").check(a.notebook, a.cell_seconds)
        case "submit":
            course = find_course()
            with said_in_a_sentence(a.to or course.classroom):
                return import_module("chainrule_grading.handin").submit(course, a.notebook, a.learner, a.to, a.zip)
        case "progress":
            if a.page:
                where = import_module("chainrule_grading.summary").write(find_course())
                print(f"Your page: {where}. Open it in a browser; it is one file, and yours to keep.")
                return 0
            return import_module("chainrule_grading.learner").progress(a.json, a.assignment)
        case "grade":
            return import_module("chainrule_grading.driver").main(
                find_course(), a.assignment, a.learner, a.accept_isolation, limits_of(a), workers=a.workers,
                scheduler=a.scheduler, force=a.force, dry_run=a.dry_run, watch=a.watch, as_json=a.json)
        case "report":
            course = find_course()
            with said_in_a_sentence(a.to or course.classroom):
                return import_module("chainrule_grading.report").main(course, a.assignment, a.anonymous, a.to)
        case "class":
            course = find_course()
            with said_in_a_sentence(course.classroom):
                return run_class(course, a)
        case "build":
            return import_module("chainrule_grading.authoring").main(
                find_course(), a.only, a.dry_run, a.from_notebook)
        case "doctor":
            return import_module("chainrule_grading.doctor").main()


def run_class(course, a):
    """Carry out `chainrule class …`; returns the exit code."""
    match a.what:
        case "init":
            return import_module("chainrule_grading.classroom").init(
                course, a.roster, a.due, a.late, a.grace, a.late_at_most, a.zone)
        case "import":
            return import_module("chainrule_grading.incoming").main(
                course, a.paths, a.assignment, a.dry_run, a.worksheet, a.zone, a.replace)
        case "export":
            return import_module("chainrule_grading.marks").main(
                course, a.canvas, a.assignment, a.out, a.into, a.column, a.scale, a.as_it_stands)
        case "bundle":
            return import_module("chainrule_grading.bundle").main(course, a.out)
        case "forget":
            return import_module("chainrule_grading.forget").main(course, a.learner, a.yes)


def _negative(argv):
    """argparse takes -5% for an option; joined to --late it is its value, and is refused with a reason."""
    joined = []
    for word in argv:
        if joined and joined[-1] in ("--late", "--late-at-most") and word[:1] == "-" and word[1:2].isdigit():
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def main(argv=None):
    """The entry point: one sentence instead of a traceback for everything a user can mend."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")       # a Windows console may be cp1252
    top = parser()
    arguments = top.parse_args(_negative(sys.argv[1:] if argv is None else argv))
    if not arguments.command:
        top.print_help()
        return 0
    try:
        return run(arguments)
    except UserError as wrong:
        print(f"chainrule: {wrong}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as missing:
        extra = {"nbgrader": "teach", "jupytext": "dev", "nbconvert": "teach"}.get(missing.name, "learn")
        print(f'chainrule: {missing.name} is not installed; run: pip install "chainrule[{extra}]"', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
