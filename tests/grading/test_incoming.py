"""Taking work in: files as Moodle, Canvas and learners name them; zips that are made to do harm; nothing lost."""
import io
import json
import os
import random
import stat
import tracemalloc
import zipfile
from datetime import UTC, datetime

import nbformat
import pytest

from chainrule_grading import cli, incoming, rules, unpack
from chainrule_grading.course import UserError
from chainrule_grading.grading import submissions
from tests.grading.test_commands import here, work_of  # noqa: F401 (here is a fixture)

ROSTER = """learner,first_name,last_name,email,canvas_id
ada,Ada,Lovelace,ada@uni.example,101
miles,Miles,O'Brien,miles@uni.example,102
zoe,Zoë,Müller-Lüdenscheidt,zoe@uni.example,103
kim1,Kim,Li,kim.one@uni.example,
kim2,Kim,Li,kim.two@uni.example,
"""
WORKSHEET = """Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,\
Last modified (submission),Last modified (grade),Feedback comments
Participant 21,Kim Li,kim.one@uni.example,Submitted,,30.00,Yes,"Friday, 20 November 2026, 4:05 PM",-,
Participant 22,Kim Li,kim.two@uni.example,Submitted,,30.00,Yes,"Friday, 20 November 2026, 16:07",-,
"""


@pytest.fixture
def people(here):  # noqa: F811
    here.classroom.mkdir()
    (here.classroom / "roster.csv").write_text(ROSTER, encoding="utf-8")
    return here


@pytest.fixture(scope="module")
def work(course, tmp_path_factory):
    """The bytes of delta as several people would hand it in, each another."""
    folder = tmp_path_factory.mktemp("work")
    return {name: work_of(name, course, folder / f"{name}.ipynb").read_bytes()
            for name in ("ada", "dora", "hana", "lena")}


def zipped(files, **options):
    """The bytes of a zip of {name: bytes}."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", options.pop("compression", zipfile.ZIP_DEFLATED)) as archive:
        for name, data in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, data)
    return out.getvalue()


def own_zip(data, when="2026-11-20 10:00:00 UTC"):
    """What chainrule submit --zip writes."""
    return zipped({"delta/delta.ipynb": data, "delta/timestamp.txt": when})


def take(*arguments):
    return cli.main(["class", "import", *map(str, arguments), "--assignment", "delta"])


def there(course):
    """{learner: bytes} of what has been taken in."""
    return {path.parent.parent.name: path.read_bytes()
            for path in (course.classroom / "submitted").glob("*/delta/delta.ipynb")}


def stamp(course, learner):
    path = course.classroom / "submitted" / learner / "delta/timestamp.txt"
    return path.read_text() if path.is_file() else None


# ---------------------------------------------------------------- names

MOODLE = {
    "folders": ("", "/delta.ipynb", "/w.zip"),                                         # from Moodle 4
    "older folders": ("", "_/delta.ipynb", "_/w.zip"),
    "folders in them": ("", "/week 3/delta.ipynb", "/a/b/w.zip"),
    "flat": ("", "_delta.ipynb", "_my work.zip"),
    "groups": ("Group A-", "_/delta.ipynb", "_/w.zip"),
    "in a folder": ("hw/", "/delta.ipynb", "/w.zip")}


@pytest.mark.parametrize("form", MOODLE)
def test_moodles_zip_is_taken_in(people, work, form, capsys):
    before, notebook, packed = MOODLE[form]
    middle = f"{before}{{}}_{{}}_assignsubmission_file"
    (people.root / "moodle.zip").write_bytes(zipped({
        middle.format("Ada Lovelace", 12) + notebook: work["ada"],
        middle.format("Miles OBrien", 13) + packed: own_zip(work["dora"]),              # Moodle drops the apostrophe
        middle.format("Zoë Müller-Lüdenscheidt", 14) + notebook: work["hana"]}))
    assert take("moodle.zip") == 0
    assert there(people) == {"ada": work["ada"], "miles": work["dora"], "zoe": work["hana"]}
    assert (stamp(people, "ada"), stamp(people, "miles")) == (None, "2026-11-20 10:00:00 UTC")
    said = capsys.readouterr().out
    assert "by the learner's own clock" in said and "3 of 3 were put into" in said
    assert "Nothing in it from 2: kim1, kim2." in said
    assert [s.student for s in submissions(people, "delta")] == ["ada", "miles", "zoe"]


def test_canvas_zip_is_taken_in(people, work, capsys):
    (people.root / "canvas.zip").write_bytes(zipped({
        "lovelaceada_101_5000_delta-1.ipynb": work["ada"],
        "lovelaceada_101_5009_picture.png": b"PNG",
        "obrienmiles_LATE_102_5001_delta-miles-20261120T100000.zip": own_zip(work["dora"]),
        "somebodyelse_103_5002_delta.ipynb": work["hana"],                   # the number counts, not the name
        "likim_777_5003_delta.ipynb": work["lena"],
        "studenttest_998_5010_delta.ipynb": work["lena"],
        "lovelaceada_999_5004_delta.ipynb": work["lena"]}))
    assert take("canvas.zip") == 1
    assert there(people) == {"ada": work["ada"], "miles": work["dora"], "zoe": work["hana"]}
    said = capsys.readouterr().out
    assert "Canvas calls it late, and does not say how late" in said
    assert "'likim' may be kim1 or kim2" in said
    assert "nobody in classroom/roster.csv is called 'lovelaceada (999)'" in said, "another person's number"
    assert "5010_delta.ipynb: is the work of Canvas' test student, who is nobody in the class; leave it out." in said
    assert "picture" not in said


def test_names_in_utf8_without_the_sign_for_it_are_understood(people, work):
    raw = zipped({"müllerlüdenscheidtzoë_104_5002_delta.ipynb": work["hana"]})
    (people.classroom / "roster.csv").write_text(ROSTER.replace(",103", ","), encoding="utf-8")
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        entry = archive.infolist()[0]
    assert entry.flag_bits & 0x800
    raw = bytearray(raw)
    for at, where in ((0, 6), (raw.find(b"PK\1\2"), 8)):                     # as Canvas writes: the flag is not set
        raw[at + where + 1] &= ~0x08
    (people.root / "canvas.zip").write_bytes(raw)
    assert take("canvas.zip") == 0 and there(people) == {"zoe": work["hana"]}


def test_a_worksheet_tells_namesakes_apart_and_when_work_came(people, work, capsys):
    files = {f"Kim Li_{number}_assignsubmission_file_/delta.ipynb": data
             for number, data in ((21, work["ada"]), (22, work["dora"]))}
    # A stamp that a learner uploads does not beat what Moodle says.
    files["Kim Li_21_assignsubmission_file_/timestamp.txt"] = "2020-01-01 00:00:00 UTC"
    (people.root / "moodle.zip").write_bytes(zipped(files))
    assert take("moodle.zip") == 1 and there(people) == {}
    assert "may be kim1 or kim2: with Moodle, add --worksheet" in capsys.readouterr().out
    (people.root / "sheet.csv").write_text(WORKSHEET)
    assert take("moodle.zip", "--worksheet", "sheet.csv", "--zone", "Europe/Berlin") == 0
    assert there(people) == {"kim1": work["ada"], "kim2": work["dora"]}
    assert (stamp(people, "kim1"), stamp(people, "kim2")) == ("2026-11-20 15:05:00 UTC", "2026-11-20 15:07:00 UTC")
    (people.classroom / "submitted/kim2/delta/timestamp.txt").unlink()     # taken in before there was a worksheet
    assert take("moodle.zip", "--worksheet", "sheet.csv", "--zone", "Europe/Berlin") == 0
    assert stamp(people, "kim2") == "2026-11-20 15:07:00 UTC" and "now with its time" in capsys.readouterr().out


def test_folders_and_files_are_taken_in_by_their_names(people, work):
    files = {"ada/delta.ipynb": work["ada"], "miles/delta/delta.ipynb": work["dora"],
             "miles/delta/timestamp.txt": b"2026-11-20 12:30:00 UTC", "zoe_delta.ipynb": work["hana"],
             "delta-kim1-20261120T100000.zip": own_zip(work["lena"]),
             "kim2_delta.zip": zipped({"x.ipynb": work["ada"]})}
    for name, data in files.items():
        path = people.root / "class" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert take("class") == 0
    wanted = {"ada": work["ada"], "miles": work["dora"], "zoe": work["hana"], "kim1": work["lena"], "kim2": work["ada"]}
    assert there(people) == wanted
    assert stamp(people, "miles") == "2026-11-20 12:30:00 UTC" and stamp(people, "kim1") == "2026-11-20 10:00:00 UTC"
    (people.root / "class.zip").write_bytes(zipped({f"class/{name}": data for name, data in files.items()}))
    before = everything(people.classroom)
    assert take("class.zip") == 0 and everything(people.classroom) == before, "the same from a zip, and again"


def test_what_chainrule_submit_makes_is_taken_in(people, work, capsys):
    """The whole way: a learner's command, a zip, Moodle's name around it, the instructor's command."""
    work_of("ada", people, people.root / "mine.ipynb")
    assert cli.main(["submit", "mine.ipynb", "--as", "somebody", "--zip"]) == 0
    made, = (people.classroom / "handed-in").glob("*.zip")
    (people.root / "moodle.zip").write_bytes(zipped({
        f"Ada Lovelace_12_assignsubmission_file_/{made.name}": made.read_bytes()}))
    assert take("moodle.zip") == 0 and there(people) == {"ada": (people.root / "mine.ipynb").read_bytes()}
    assert take(made) == 1
    assert "nobody in classroom/roster.csv is called 'somebody'" in capsys.readouterr().out


def test_without_a_list_plain_names_do_and_full_names_need_one(here, work, capsys):  # noqa: F811
    (here.root / "moodle.zip").write_bytes(zipped({"Ada Lovelace_12_assignsubmission_file_/delta.ipynb": work["ada"]}))
    (here.root / "class").mkdir()
    (here.root / "class/dora_delta.ipynb").write_bytes(work["dora"])
    (here.root / "class/DORA_delta.ipynb").write_bytes(work["hana"])
    assert take("moodle.zip", "class") == 1
    assert list(there(here)) == ["DORA"]
    said = capsys.readouterr().out
    assert "no list of the class says who 'Ada Lovelace' is" in said
    assert "chosen of 2, by the date of the file, for no time is known" in said


def test_inside_a_learners_zip_names_are_the_learners_and_do_not_count(people, work):
    evil = zipped({"Miles OBrien_13_assignsubmission_file_/delta.ipynb": work["lena"]})
    (people.root / "moodle.zip").write_bytes(zipped({
        "Ada Lovelace_12_assignsubmission_file_/a.zip": evil,
        "Ada Lovelace_12_assignsubmission_file/Kim Li_21_assignsubmission_file/fig.png": b"",
        "Miles OBrien_13_assignsubmission_file_Ada Lovelace_12_assignsubmission_file_delta.ipynb": work["dora"]}))
    (people.root / "canvas.zip").write_bytes(zipped({
        "müllerlüdenscheidtzoë_103_5002_lovelaceada_101_5000_delta.ipynb": work["hana"]}))
    assert take("moodle.zip", "canvas.zip") == 0
    assert there(people) == {"ada": work["lena"], "miles": work["dora"], "zoe": work["hana"]}


# ---------------------------------------------------------------- nothing lost

def everything(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_dry_run_shows_the_same_table_and_writes_nothing(people, work, capsys):
    (people.root / "zoe_delta.ipynb").write_bytes(work["ada"])
    before = everything(people.root)
    assert take("zoe_delta.ipynb", "--dry-run") == 0
    dry = capsys.readouterr().out
    assert everything(people.root) == before and "1 of 1 would be put into" in dry and "Next:" not in dry
    assert take("zoe_delta.ipynb") == 0
    assert capsys.readouterr().out.splitlines()[:3] == dry.splitlines()[:3]


def test_what_was_there_is_kept_and_what_is_newer_stays(people, work, capsys):
    def hand_in(data, when):
        (people.root / "delta-ada-20261120T100000.zip").write_bytes(own_zip(data, f"{when} UTC"))
        (people.root / "in").mkdir(exist_ok=True)
        for name, content in (("delta.ipynb", data), ("timestamp.txt", f"{when} UTC".encode())):
            (people.root / "in/ada/delta").mkdir(parents=True, exist_ok=True)
            (people.root / "in/ada/delta" / name).write_bytes(content)
        return take("in")
    assert hand_in(work["ada"], "2026-11-20 10:00:00") == 0
    assert hand_in(work["dora"], "2026-11-20 11:00:00") == 0
    assert there(people)["ada"] == work["dora"] and stamp(people, "ada") == "2026-11-20 11:00:00 UTC"
    kept, = (people.classroom / "backups/submitted/ada").iterdir()
    assert everything(kept) == {"delta.ipynb": work["ada"], "timestamp.txt": b"2026-11-20 10:00:00 UTC"}
    capsys.readouterr()
    assert hand_in(work["hana"], "2026-11-20 10:30:00") == 0
    assert "left out: what is there is newer (2026-11-20 11:00:00 UTC)" in capsys.readouterr().out
    assert there(people)["ada"] == work["dora"]
    assert take("in", "--replace") == 0, "typed, the older one counts"
    assert there(people)["ada"] == work["hana"] and stamp(people, "ada") == "2026-11-20 10:30:00 UTC"


def put(course, learner, data, when=None):
    """What somebody handed in earlier."""
    folder = course.classroom / "submitted" / learner / "delta"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "delta.ipynb").write_bytes(data)
    if when is not None:
        (folder / "timestamp.txt").write_text(when)


@pytest.mark.parametrize("when", ["2026-11-20 11:00:00 UTC", "Mittwoch"])
def test_a_known_time_is_not_dropped_without_a_word(people, work, when, capsys):
    """Also one that was written by hand, and one that is not understood."""
    put(people, "ada", work["ada"], when)
    put(people, "miles", work["ada"])
    (people.root / "m.zip").write_bytes(zipped({
        f"{name}_{number}_assignsubmission_file_/delta.ipynb": work["lena"]
        for name, number in (("Ada Lovelace", 12), ("Miles OBrien", 13))}))
    assert take("m.zip") == 1
    assert there(people) == {"ada": work["ada"], "miles": work["lena"]} and stamp(people, "ada") == when
    said = capsys.readouterr().out
    assert "left out: when it was handed in is not known, and " in said and when in said
    assert "Left out is the work of ada. If it shall count, add --replace" in said and "1 of 2 were" in said
    before = everything(people.classroom)
    assert take("m.zip", "--replace", "--dry-run") == 0 and everything(people.classroom) == before
    capsys.readouterr()
    assert take("m.zip", "--replace") == 0
    assert there(people)["ada"] == work["lena"] and stamp(people, "ada") is None
    assert f"in place of an earlier one, which is kept with its time ('{when}')" in capsys.readouterr().out
    kept, = (people.classroom / "backups/submitted/ada").iterdir()
    assert everything(kept) == {"delta.ipynb": work["ada"], "timestamp.txt": when.encode()}


def test_a_time_that_lies_there_before_the_notebook_stays(people, work, capsys):
    (people.classroom / "submitted/ada/delta").mkdir(parents=True)
    (people.classroom / "submitted/ada/delta/timestamp.txt").write_text("2026-12-02 10:00:00 UTC")
    (people.root / "ada_delta.ipynb").write_bytes(work["ada"])
    assert take("ada_delta.ipynb") == 0 and stamp(people, "ada") == "2026-12-02 10:00:00 UTC"
    assert "new, with the time that was there ('2026-12-02 10:00:00 UTC')" in capsys.readouterr().out


def test_another_time_of_the_same_work_keeps_the_one_before(people, work, capsys):
    put(people, "kim1", work["ada"], "2026-11-19 10:00:00 UTC")
    (people.root / "m.zip").write_bytes(zipped({"Kim Li_21_assignsubmission_file_/delta.ipynb": work["ada"]}))
    (people.root / "sheet.csv").write_text(WORKSHEET)
    assert take("m.zip", "--worksheet", "sheet.csv", "--zone", "UTC") == 0
    assert stamp(people, "kim1") == "2026-11-20 16:05:00 UTC"
    assert "now with its time; it was '2026-11-19 10:00:00 UTC', which is kept" in capsys.readouterr().out
    kept, = (people.classroom / "backups/submitted/kim1").iterdir()
    assert (kept / "timestamp.txt").read_text() == "2026-11-19 10:00:00 UTC"


@pytest.mark.parametrize("data", [b"", b"  ", b"%PDF-1.4", b"[]"])
def test_what_is_no_notebook_does_not_replace_one(people, work, data, capsys):
    put(people, "ada", work["ada"])
    put(people, "miles", b"broken before")
    (people.root / "m.zip").write_bytes(zipped({
        "Ada Lovelace_12_assignsubmission_file_/delta-2.ipynb": data,
        "Miles OBrien_13_assignsubmission_file_/delta.ipynb": data,
        "Zoë Müller-Lüdenscheidt_14_assignsubmission_file_/delta-2.ipynb": data,
        "Zoë Müller-Lüdenscheidt_14_assignsubmission_file_/delta-1.ipynb": work["hana"]}))
    assert take("m.zip") == 1
    assert there(people) == {"ada": work["ada"], "miles": data, "zoe": work["hana"]}
    said = capsys.readouterr().out
    assert "left out: it is empty or no notebook, and what is there is one" in said
    assert "chosen of 2, the one that can be read" in said
    assert take("m.zip", "--replace") == 0 and there(people)["ada"] == data


def test_of_two_whose_times_are_not_known_the_table_says_by_what_one_was_chosen(people, work):
    at = datetime(2026, 11, 20, tzinfo=UTC)

    def one(name="delta.ipynb", when=None, written=at, data=work["ada"]):
        return incoming.Work("ada", unpack.File("m.zip", (name,), data, written), when)
    later = at.replace(day=21)
    for first, second, note in (
            (one(when=at), one(when=later), "the newest of 2"),
            (one(written=later), one(), "chosen of 2, by the date of the file, for no time is known"),
            (one(), one(when=at.replace(day=2)), "chosen of 2, the one whose time is known"),
            (one(when=at), one("delta-1.ipynb", when=at), "chosen of 2, by the number in its name"),
            (one(when=at), one(when=at, written=later), "chosen of 2, by the date of the file"),
            (one(), one(data=b"x"), "chosen of 2, the one that can be read"),
            (one(), one(), "2 times the same"),
            (one(), one(data=work["dora"]), "one of 2 that nothing tells apart: ask which")):
        for both in ([first, second], [second, first]):
            assert incoming.best_of(both)[1] == note


@pytest.mark.parametrize("date", ["Mittwoch, 2. Dezember 2026, 10:15", "2/12/2026, 22:15", "soon"])
def test_a_date_of_the_worksheet_that_is_not_understood_is_told(people, work, date, capsys):
    sheet = WORKSHEET.replace("Friday, 20 November 2026, 4:05 PM", date).replace(
        "Participant 22", "Participant 23,Nobody,n@uni.example,,,30.00,Yes,-,-,\nParticipant 22")
    (people.root / "sheet.csv").write_text(sheet)
    (people.root / "m.zip").write_bytes(zipped({
        f"Kim Li_{number}_assignsubmission_file_/delta.ipynb": work["ada"] for number in (21, 22)}))
    assert take("m.zip", "--worksheet", "sheet.csv", "--zone", "UTC") == 1
    said = capsys.readouterr().out
    assert f"the date {date!r} of kim1 is not understood" in said
    assert "A date is not understood for kim1: their work counts as in time" in said
    assert "Set Moodle to English and export the worksheet again, or write" in said
    assert (stamp(people, "kim1"), stamp(people, "kim2")) == (None, "2026-11-20 16:07:00 UTC")


def test_a_stamp_that_is_not_understood_is_told(people, work, capsys):
    folder = people.root / "in/ada/delta"
    folder.mkdir(parents=True)
    (folder / "delta.ipynb").write_bytes(work["ada"])
    (folder / "timestamp.txt").write_text("02.12.2026 10:00")
    assert take("in") == 1 and stamp(people, "ada") is None
    assert "its timestamp.txt says '02.12.2026 10:00', which cannot be read as a time beyond doubt" in \
        capsys.readouterr().out


@pytest.mark.parametrize("names, wins", [(("delta.ipynb", "delta-1.ipynb"), 1),
                                         (("delta (2).ipynb", "delta (1).ipynb"), 0)])
def test_of_several_by_one_learner_the_newest_counts(people, work, names, wins, capsys):
    both = [work["ada"], work["dora"]]
    (people.root / "m.zip").write_bytes(zipped({
        f"Ada Lovelace_12_assignsubmission_file_/{name}": data for name, data in zip(names, both, strict=True)}))
    assert take("m.zip") == 0
    said = capsys.readouterr().out
    assert there(people)["ada"] == both[wins] and "chosen of 2, by the " in said and "the newest" not in said


def test_another_assignments_notebook_is_not_taken_for_this_one(people, work, capsys):
    losses = people.release("losses").read_bytes()
    (people.root / "m.zip").write_bytes(zipped({
        "Ada Lovelace_12_assignsubmission_file_/delta.ipynb": losses,
        "Miles OBrien_13_assignsubmission_file_/essay.pdf": b"%PDF",
        "Zoë Müller-Lüdenscheidt_14_assignsubmission_file_/delta.ipynb": b"half a noteb"}))
    assert take("m.zip") == 1
    said = capsys.readouterr().out
    assert "is a notebook of losses, not of delta; import it with --assignment losses" in said
    assert "essay.pdf: is no notebook, and none came with it; ask for the .ipynb file itself" in said
    assert there(people) == {"zoe": b"half a noteb"}, "a broken file is for the grader to judge"


@pytest.mark.parametrize("arguments, words", [
    (["nowhere.zip"], "There is no file or folder nowhere.zip"),
    (["roster.csv"], "roster.csv is neither a zip, a notebook (.ipynb) nor a folder, and nothing else can be taken in; "
                     "give Moodle's grading worksheet with --worksheet"),
    (["m.7z"], "m.7z is neither a zip, a notebook (.ipynb) nor a folder, and nothing else can be taken in; unpack it"),
    (["m.zip", "m.7z"], "m.7z is neither a zip"),
    (["empty.zip"], "There is no notebook in empty.zip; give the zip that Moodle or Canvas made"),
    (["folder"], "There is no notebook in folder; give the zip"),
    (["m.zip", "--worksheet", "old.csv"], "old.csv has no column Last modified (submission)"),
    (["m.zip", "--worksheet", "roster.csv"], "is not Moodle's grading worksheet")])
def test_each_mistake_gets_one_sentence(people, work, arguments, words, capsys):
    (people.root / "m.zip").write_bytes(zipped({"ada_delta.ipynb": work["ada"]}))
    (people.root / "roster.csv").write_text(ROSTER)
    (people.root / "m.7z").write_bytes(b"7z")
    (people.root / "empty.zip").write_bytes(zipped({}))
    (people.root / "folder").mkdir()
    (people.root / "folder/notes.docx").write_bytes(b"PK")
    (people.root / "old.csv").write_text("Identifier,Full name\nParticipant 21,Kim Li\n")
    assert take(*arguments) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert cli.main(["class", "import", "m.zip", "--assignment", "dleta"]) == 2 and there(people) == {}


# ---------------------------------------------------------------- zips that are made to do harm

def link(name, target="/etc/passwd"):
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry, target


def patched(raw, change):
    """A zip with the headers of its first entry changed: `change(bytes, where the header's fields begin, local?)`."""
    raw = bytearray(raw)
    change(raw, 0, True)
    change(raw, raw.find(b"PK\1\2"), False)
    return bytes(raw)


def encrypted(raw, at, local):
    raw[at + (6 if local else 8)] |= 1


def lying_size(raw, at, local):
    where = at + (22 if local else 24)
    raw[where:where + 4] = (100).to_bytes(4, "little")


def damaged(raw, at, local):
    if local:
        raw[60:70] = bytes(10)


GOOD = "Miles OBrien_13_assignsubmission_file_/delta.ipynb"
BAD = "Ada Lovelace_12_assignsubmission_file_/delta.ipynb"


BAD_ZIP = BAD.replace(".ipynb", ".zip")


def beside(name, data=None):
    """What makes a zip of an entry that is at fault and one that is not, from the bytes of a notebook."""
    return lambda work: zipped([(name, work if data is None else data), (GOOD, work)])


# what: (how to make it, words of the refusal)
HOSTILE = {
    "traversal": (beside(f"../../../{BAD}"), "leads out of the zip"),
    "backslashes": (beside("..\\..\\delta.ipynb"), "leads out of the zip"),
    "absolute": (beside("/etc/cron.d/delta.ipynb"), "leads out of the zip"),
    "drive": (beside("C:\\x\\delta.ipynb"), "leads out of the zip"),
    "link": (beside(*link(BAD)), "is a link or another special file"),
    "two of one name": (lambda work: zipped([(BAD, work), (BAD, work + b" "), (GOOD, work)]), "twice under one name"),
    "password": (lambda work: patched(beside(BAD)(work), encrypted), "locked with a password"),
    "bomb": (beside(BAD, bytes(60_000_000)), "has more than 5 MB"),
    "bomb in a zip": (lambda work: beside(BAD_ZIP, zipped({BAD: bytes(60_000_000)}))(work), "has more than 5 MB"),
    "size that lies": (lambda work: patched(beside(BAD, bytes(60_000_000))(work), lying_size), "is damaged"),
    "damaged": (lambda work: patched(beside(BAD)(work), damaged), "is damaged"),
    "no zip": (beside(BAD_ZIP, b"PK hello"), "is not a zip"),
    "empty zip": (beside(BAD_ZIP, b""), "is not a zip"),
    "zip in zip in zip": (lambda work: beside(BAD_ZIP, zipped({"a.zip": zipped({"b.ipynb": work})}))(work),
                          "a zip in a zip in a zip"),
    "thousands in a zip": (lambda work: beside(BAD_ZIP, zipped({f"{k}.py": b"" for k in range(3000)}))(work),
                           "has more than 500 entries"),
    "control signs": (beside("Ada\x1b[2J Lovelace_12_assignsubmission_file_/delta.ipynb"), "control characters"),
    "unusual packing": (lambda work: zipped([(BAD, work), (GOOD, work)], compression=zipfile.ZIP_LZMA),
                        "packed in an unusual way")}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_zip_is_refused_in_a_sentence_and_the_others_go_on(people, work, kind, capsys, tmp_path):
    make, words = HOSTILE[kind]
    (people.root / "m.zip").write_bytes(make(work["dora"]))
    before = everything(tmp_path)
    assert take("m.zip") == 1
    said = capsys.readouterr().out
    complaints = [line for line in said.splitlines() if words in line]
    assert complaints and all(line.endswith(".") and "\x1b" not in line for line in complaints)
    others_fit = kind != "unusual packing"                     # there every entry is packed so
    assert there(people) == ({"miles": work["dora"]} if others_fit else {})
    new = set(everything(tmp_path)) - set(before)
    assert new == ({"course-copy/classroom/submitted/miles/delta/delta.ipynb"} if others_fit else set())


@pytest.mark.parametrize("name", ["delta.ipynb\0.png", "nothing\0", "folder\0/../delta.ipynb"])
def test_a_name_with_nul_in_it_is_not_cut_short(people, work, name, capsys):
    stand_in = name.replace("\0", "N")
    raw = zipped({stand_in: work["ada"], GOOD: work["dora"]})
    (people.root / "m.zip").write_bytes(raw.replace(stand_in.encode(), name.encode()))
    assert take("m.zip") == 1
    assert "control characters" in capsys.readouterr().out and there(people) == {"miles": work["dora"]}


def test_a_zip_of_too_many_entries_is_not_read(people, capsys, monkeypatch):
    monkeypatch.setattr(unpack, "MOST_ENTRIES", 100)
    (people.root / "m.zip").write_bytes(zipped({f"{k}.ipynb": b"" for k in range(101)}))
    assert take("m.zip") == 1
    monkeypatch.setattr(zipfile, "ZipFile", None)              # with far too many, the directory is not even parsed
    monkeypatch.setattr(unpack, "MOST_ENTRIES", 20)
    assert take("m.zip") == 1
    assert capsys.readouterr().out.count("more than") == 2


def test_what_is_unpacked_is_counted_over_the_whole_zip(people, work, capsys, monkeypatch):
    monkeypatch.setattr(unpack, "READ_AT_MOST", 9_000_000)
    inner = zipped({f"{k}.ipynb": bytes(4_000_000) for k in range(9)})
    (people.root / "m.zip").write_bytes(zipped({GOOD: work["dora"], BAD.replace("ipynb", "zip"): inner}))
    assert take("m.zip") == 1
    assert "unpacks to more than 9 MB" in capsys.readouterr().out and there(people)["miles"] == work["dora"]


def test_a_bomb_does_not_fill_the_memory(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a_delta.ipynb", "w") as stream:
        for _ in range(300):
            stream.write(bytes(1_000_000))
    (tmp_path / "bomb.zip").write_bytes(out.getvalue())
    tracemalloc.start()
    try:
        found = list(unpack.files(tmp_path / "bomb.zip"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(found[0], unpack.Refused) and peak < 40_000_000


def test_links_pipes_and_hidden_files_of_a_folder_are_left_alone(people, work, capsys):
    folder = people.root / "in"
    (folder / ".ipynb_checkpoints").mkdir(parents=True)
    (folder / ".ipynb_checkpoints/ada_delta.ipynb").write_bytes(work["ada"])
    (folder / "secret.txt").write_text("secret")
    (folder / "ada_delta.ipynb").symlink_to(folder / "secret.txt")
    (folder / "zoe_delta.zip").symlink_to(folder / "secret.txt")
    os.mkfifo(folder / "miles_delta.ipynb")
    os.mkfifo(folder / "kim1_delta.zip")
    (folder / "kim1").symlink_to(people.root)
    (folder / "kim2_delta.ipynb").write_bytes(work["dora"])
    assert take("in") == 1
    said = capsys.readouterr().out
    assert there(people) == {"kim2": work["dora"]} and said.count("is not an ordinary file") == 4


def test_a_link_that_the_instructor_gives_is_followed(people, work):
    (people.root / "real.zip").write_bytes(zipped({GOOD: work["dora"]}))
    (people.root / "m.zip").symlink_to(people.root / "real.zip")
    assert take("m.zip") == 0 and there(people) == {"miles": work["dora"]}


def test_damage_anywhere_in_a_zip_never_stops_the_import(people, work):
    """A good zip with random bytes changed, 150 times: no traceback, and what is taken in is one of the two works."""
    raw = zipped({BAD: work["ada"], GOOD: work["dora"], "Kim_9_assignsubmission_file_/z.zip": own_zip(work["hana"])})
    directory = raw.find(b"PK\1\2", raw.rfind(b"PK\3\4"))
    names = incoming.Names(people, "delta")
    rng = random.Random(7)
    untouched = 0
    for _ in range(150):
        broken = bytearray(raw)
        for _ in range(rng.randint(1, 6)):
            at = rng.choice((rng.randrange(len(raw)), rng.randrange(directory, len(raw)), -rng.randint(1, 22)))
            broken[at] = rng.randrange(256)
        (people.root / "m.zip").write_bytes(broken[:rng.choice((len(raw), len(raw), rng.randrange(len(raw))))])
        works, _ = incoming.collected(people, [people.root / "m.zip"], names)
        untouched += len(works)
        assert all(one.file.data in (work["ada"], work["dora"]) for one in works.values())
    assert untouched > 20
    assert there(people) == {}


def test_many_submissions_are_read_in_one_go(people, work):
    """A class of 300 from one zip, each by the right name."""
    lines = ["learner,first_name,last_name"] + [f"l{k},First{k},Last{k}" for k in range(300)]
    (people.classroom / "roster.csv").write_text("\n".join(lines))
    notebook = nbformat.reads(work["ada"].decode(), as_version=4)
    files = {}
    for k in range(300):
        notebook.metadata["number"] = k
        files[f"First{k} Last{k}_{1000 + k}_assignsubmission_file_/delta.ipynb"] = nbformat.writes(notebook)
    (people.root / "m.zip").write_bytes(zipped(files))
    assert take("m.zip") == 0
    assert {name: json.loads(data)["metadata"]["number"] for name, data in there(people).items()} == {
        f"l{k}": k for k in range(300)}


@pytest.mark.parametrize("text, when", [
    (b"2026-11-20 12:00:00 UTC", datetime(2026, 11, 20, 12, tzinfo=UTC)),                   # as nbgrader writes it
    (b"2026-11-20 12:00:00.250000 UTC\n", datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)),
    (b"2026-11-20 12:00:00 +0100", datetime(2026, 11, 20, 11, tzinfo=UTC)),
    (b"2026-11-20T12:00:00-05:30", datetime(2026, 11, 20, 17, 30, tzinfo=UTC)),
    (b"2026-11-20 12:00:00.25", datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)),
    (b"2026-11-20 12:00:00 Europe/Berlin", datetime(2026, 11, 20, 11, tzinfo=UTC)),
    (b"\xef\xbb\xbf2026-07-20 12:00 CET\r\n", datetime(2026, 7, 20, 10, tzinfo=UTC)),      # CET is a zone with summer
    (b"2026-11-20T12:00Z", datetime(2026, 11, 20, 12, tzinfo=UTC))])
def test_times_are_utc_whatever_the_machines_zone(tmp_path, text, when):
    (tmp_path / "timestamp.txt").write_bytes(text)
    assert rules.time_of(tmp_path / "timestamp.txt") == when and rules.time_of(tmp_path / "timestamp.txt").tzinfo == UTC


@pytest.mark.parametrize("text", [
    b"02.12.2026 10:00", b"2/12/2026, 22:15", b"12/02/2026 10:00:00 UTC", b"tomorrow", b"soon", b"\xff\xfe", b"",
    b"2026-12-10", b"2026-13-10 10:00:00 UTC", b"2026-12-10 25:00:00 UTC", b"2026-12-10 10:00:00 MARS",
    b"2026-12-10 10:00:00 UTC UTC", b"1765360800", "２026-12-10 10:00:00 UTC".encode(), b"2026-12-10 10:00:00 +99:00"])
def test_a_time_that_may_mean_something_else_is_refused_with_the_right_form(tmp_path, text):
    (tmp_path / "timestamp.txt").write_bytes(text)
    with pytest.raises(UserError, match=r"timestamp.txt .*; write for instance 2026-12-10 10:00:00 UTC, or with"):
        rules.time_of(tmp_path / "timestamp.txt")


def test_a_time_in_the_machines_own_zone_is_read_by_its_name(monkeypatch):
    monkeypatch.setattr(rules.time, "tzname", ("CET", "CEST"))
    monkeypatch.setattr(rules.time, "timezone", -3600)
    monkeypatch.setattr(rules.time, "altzone", -7200)
    monkeypatch.setattr(rules.time, "daylight", 1)
    assert rules.time_in(b"2026-07-20 12:00:00 CEST") == datetime(2026, 7, 20, 10, tzinfo=UTC)
    assert rules.time_in(b"2026-11-20 12:00:00 CET") == datetime(2026, 11, 20, 11, tzinfo=UTC)
    monkeypatch.setattr(rules.time, "daylight", 0)
    with pytest.raises(ValueError, match="beyond doubt"):
        rules.time_in(b"2026-07-20 12:00:00 CEST")


def test_nbgraders_own_stamps_mean_the_same_here(tmp_path):
    """The second way: nbgrader's exchange writes them, and its reader says what they mean."""
    from nbgrader.exchange import Exchange
    from nbgrader.utils import parse_utc
    form = Exchange.timestamp_format.default_value
    for when in (datetime(2026, 12, 10, 10, tzinfo=UTC), datetime(2026, 7, 1, 23, 59, 59, 999_999, tzinfo=UTC)):
        text = when.strftime(form)
        assert rules.utc(rules.time_in(text.encode())) == parse_utc(text) == when.replace(tzinfo=None)
