"""The commands as a person meets them: help that teaches, one sentence for each mistake, nothing lost."""
import json
import os
import socket
import subprocess
import sys

import nbformat
import pytest

from chainrule_grading import cli, demo, doctor, lab, learner, sandbox


@pytest.fixture
def here(copy, monkeypatch):
    monkeypatch.chdir(copy.root)
    return copy


def work_of(name, course, path):
    one = demo.read_learner(course.sources / "class" / f"{name}.py")
    path.write_bytes(demo.notebook_of(one, nbformat.read(course.release("delta"), as_version=4)))
    return path


def chainrule(*arguments, **options):
    return subprocess.run([sys.executable, "-m", "chainrule_grading.cli", *arguments], capture_output=True, text=True,
                          check=False, **options)


def test_help_names_every_command_and_shows_how_to_begin(capsys):
    assert cli.main([]) == 0
    text = capsys.readouterr().out
    for command in ("lab", "check", "submit", "progress", "grade", "build", "doctor"):
        assert command in text
    assert "exercises/delta/delta.ipynb" in text


@pytest.mark.parametrize("arguments, words", [
    (["check", "nowhere.ipynb"], "There is no file nowhere.ipynb"),
    (["check", "text.ipynb"], "not a Jupyter notebook"),
    (["check", "folder"], "folder is a folder; give the notebook in it"),
    (["check", "empty.ipynb"], "The file is empty"),
    (["check", "julia.ipynb"], "is a notebook for julia"),
    (["check", "plain.ipynb"], "holds no check(…) cell"),
    (["submit", "plain.ipynb"], "holds no cell of an assignment"),
    (["submit", "exercises/delta/delta.ipynb", "--as", "../../etc"], "cannot be a learner's name"),
    (["grade", "dleta"], "no assignment called 'dleta'"),
    (["grade", "delta"], "nothing to grade"),
    (["build", "--from", "nowhere.ipynb"], "There is no file nowhere.ipynb"),
    (["build", "--only", "nonesuch"], "No lecture or assignment is called 'nonesuch'"),
    (["lab", "--port", "99999999"], "is not a port for a lab"),
])
def test_each_mistake_gets_one_sentence(here, arguments, words, capsys):
    (here.root / "text.ipynb").write_text("hello")
    (here.root / "empty.ipynb").write_text("")
    (here.root / "folder").mkdir()
    plain = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    (here.root / "plain.ipynb").write_text(nbformat.writes(plain))
    plain.metadata["kernelspec"] = {"name": "julia-1.11", "display_name": "Julia", "language": "julia"}
    (here.root / "julia.ipynb").write_text(nbformat.writes(plain))
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1 and said.startswith("chainrule: ")


def test_outside_a_course_the_cure_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["grade", "delta"]) == 2
    assert "not inside a chainrule course" in capsys.readouterr().err


def test_check_shows_every_card_and_its_exit_code_tells(here, capsys):
    assert learner.check(work_of("goran", here, here.root / "mine.ipynb")) == 1
    said = capsys.readouterr().out
    assert "✓ Right · delta.output" in said and "the bias averages over the batch" in said
    assert "7 of 9 tasks are fully right." in said
    assert learner.check(work_of("ada", here, here.root / "mine.ipynb")) == 0


def test_check_leaves_the_notebook_as_it_was(here):
    path = work_of("ada", here, here.root / "mine.ipynb")
    before = path.read_bytes()
    learner.check(path)
    assert path.read_bytes() == before


def test_check_names_a_function_that_is_not_there(here, capsys):
    learner.check(work_of("jana", here, here.root / "mine.ipynb"))
    assert "Its function is not defined: run the cell above it without an error first." in capsys.readouterr().out


def test_the_untouched_release_gets_friendly_cards(here, capsys):
    assert learner.check(here.release("delta")) == 1
    said = capsys.readouterr().out
    assert said.count("○ Waiting for your code") == 9 and "Traceback" not in said and "0 of 9" in said


def test_submit_keeps_what_was_handed_in_before(here, capsys):
    first = work_of("hana", here, here.root / "mine.ipynb").read_bytes()
    assert cli.main(["submit", "mine.ipynb", "--as", "hana"]) == 0
    assert "Still as released: delta-hidden_columns" in capsys.readouterr().out
    second = work_of("ada", here, here.root / "mine.ipynb").read_bytes()
    assert cli.main(["submit", "mine.ipynb", "--as", "hana"]) == 0
    target = here.classroom / "submitted/hana/delta"
    assert target.joinpath("delta.ipynb").read_bytes() == second
    assert target.joinpath("timestamp.txt").read_text().endswith(" UTC")
    kept = list((here.classroom / "backups").glob("delta-*.ipynb"))
    assert [path.read_bytes() for path in kept] == [first]


def test_submit_knows_the_assignment_whatever_the_file_is_called(here, tmp_path):
    work_of("ada", here, here.root / "my work (2).ipynb")
    assert cli.main(["submit", "my work (2).ipynb", "--as", "ada", "--to", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out/ada/delta/delta.ipynb").is_file()


def test_progress_tells_where_one_stands(here, capsys):
    from chainrule.exercises import CheckFailed, check
    check("delta.output", lambda Y_hat, Y: (Y_hat - Y) / len(Y))
    with pytest.raises(CheckFailed):
        check("delta.hidden", lambda *a: None)
    capsys.readouterr()
    assert cli.main(["progress"]) == 0
    said = capsys.readouterr().out
    assert "delta: 2 of 27 points" in said and "✓ delta.output" in said and "1 try" in said
    assert "Next: delta.output_tanh" in said
    assert cli.main(["progress", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["delta.output"]["best"] == 2


def test_progress_of_one_assignment_and_of_none_that_there_is(here, capsys):
    assert cli.main(["progress", "delta"]) == 0
    said = capsys.readouterr().out
    assert "delta: " in said and "losses" not in said
    assert cli.main(["progress", "delt"]) == 2
    assert "There is no assignment called 'delt'; there are capstone, chains" in capsys.readouterr().err


def test_check_all_goes_through_every_notebook_task_by_task(here, capsys):
    for name in here.assignments():
        if name != "delta":
            (here.exercises / name / f"{name}.ipynb").unlink()
    work_of("ada", here, here.exercises / "delta/delta.ipynb")
    answered = cli.main(["check", "--all"])
    said = capsys.readouterr().out
    assert answered == 1 or "9 of 9 tasks are fully right." in said
    assert said.startswith("delta …") and said.count("  ✓ delta.") >= 5 and " tasks are fully right." in said


def test_an_occupied_port_is_named_with_a_way_out(course):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = chainrule("lab", "--port", str(port), cwd=course.root)
    assert done.returncode == 2 and f"Port {port} is in use" in done.stderr and "leave --port away" in done.stderr


def test_the_lab_starts_with_its_lectures_trusted_and_nbgrader_on(copy, tmp_path):
    """A real server: it answers, formgrader is there, and the lectures carry a signature."""
    import time
    import urllib.request

    from nbformat.sign import NotebookNotary
    environment = os.environ | {"JUPYTER_DATA_DIR": str(tmp_path / "data"), "JUPYTER_TOKEN": "t0ken",
                                "JUPYTER_RUNTIME_DIR": str(tmp_path / "run"), "JUPYTER_CONFIG_DIR": str(tmp_path / "c")}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path / "log").open("w")
    command = [sys.executable, "-m", "chainrule_grading.cli", "lab", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(command, cwd=copy.root, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(120):
            try:
                status = urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token=t0ken").status
                break
            except OSError:
                time.sleep(0.5)
        assert status == 200, (tmp_path / "log").read_text()
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/formgrader?token=t0ken").status == 200
    finally:
        server.terminate()
        server.wait(20)
        log.close()
    notary = NotebookNotary(data_dir=str(tmp_path / "data"))
    try:
        for path in copy.lectures.glob("*.ipynb"):
            assert notary.check_signature(nbformat.read(path, as_version=4)), path.name
    finally:
        notary.store.close()


def test_the_book_is_served_to_this_machine_alone(here):
    import signal
    import urllib.request
    done = chainrule("lab", "--book", cwd=here.root)
    assert done.returncode == 2 and "run make book" in done.stderr
    (here.root / "site/html").mkdir(parents=True)
    (here.root / "site/html/index.html").write_text("the book")
    server = subprocess.Popen([sys.executable, "-m", "chainrule_grading.cli", "lab", "--book", "--no-browser"],
                              cwd=here.root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = server.stdout.readline().split()[4]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address) as answer:
            assert answer.read() == b"the book"
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def test_without_jupyterlab_the_lab_says_what_to_install(course, monkeypatch, capsys):
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None)
    monkeypatch.chdir(course.root)
    assert cli.main(["lab"]) == 2
    assert 'pip install "chainrule[learn]"' in capsys.readouterr().err


def test_doctor_tries_and_tells(here, capsys):
    assert doctor.main() == 0
    said = capsys.readouterr().out
    assert "a Python kernel starts and computes" in said
    assert "isolation: sandbox; 8 ways out were tried and none worked" in said


def test_doctor_tells_a_way_out_and_a_missing_sandbox(here, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "ESCAPES", {"greet": "print('out')"})
    assert doctor.main() == 1
    assert "learners' code could greet" in capsys.readouterr().out
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    assert doctor.main() == 0
    assert "isolation: none" in (said := capsys.readouterr().out) and "apt install bubblewrap" in said


def test_class_init_makes_a_secret_once_and_keeps_a_copy(here, capsys):
    assert cli.main(["class", "init"]) == 0
    path = here.classroom / "course-secret"
    text, said = path.read_text(), capsys.readouterr().out
    assert "Made a course secret" in said and text.strip() not in said and path.stat().st_mode & 0o777 == 0o600
    assert cli.main(["class", "init"]) == 0 and path.read_text() == text
    assert "There is already" in capsys.readouterr().out
    path.unlink()
    assert cli.main(["class", "init"]) == 0 and path.read_text() == text, "restored from its copy"
    path.write_text("hello")
    assert cli.main(["class", "init"]) == 2 and "does not hold a course secret" in capsys.readouterr().err


def test_doctor_names_what_must_be_mended(here, monkeypatch, capsys):
    monkeypatch.setenv("CHAINRULE_STATE", str(here.root / "README-is-a-file"))
    (here.root / "README-is-a-file").write_text("")
    assert doctor.main() == 1
    said = capsys.readouterr().out
    assert "✗ cannot write in" in said and "1 thing to mend" in said


def test_the_command_starts_without_heavy_imports(course):
    code = ("import sys; from chainrule_grading import cli; cli.parser().format_help(); "
            "print(sorted(m for m in ('nbgrader', 'nbclient', 'nbformat', 'jupytext', 'matplotlib', 'IPython') "
            "if m in sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_interrupt_ends_quietly(monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt
    monkeypatch.setattr(cli, "run", interrupted)
    assert cli.main(["doctor"]) == 130
    assert capsys.readouterr().err == "\nStopped.\n"
