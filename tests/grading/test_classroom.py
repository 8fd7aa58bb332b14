"""Setting up a class and giving marks out: lists as others write them, rules for late work, files others can take."""
import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chainrule_grading import cli, demo, marks, roster, rules, tables
from chainrule_grading import course as course_module
from chainrule_grading.course import UserError
from chainrule_grading.driver import Here, grade_class
from tests.grading.test_class import nbgrader
from tests.grading.test_commands import here, work_of  # noqa: F401 (here is a fixture)

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Exercise 3: delta (4711),Essay (4712),Current Score,Final Grade
,,,,,Manual Posting,,(read only),(read only)
    Points Possible,,,,,30,10,(read only),(read only)
"Lovelace, Ada",101,S1,ada,Sec A,,5.00,50,A
"D'Ora, Dora",102,S2,dora,Sec A,3.00,,30,B
"=HYPERLINK(""http://x""), Eve",103,S3,eve,Sec B,EX,,,
"Student, Test",999,,abcdef,Sec A,,,,
"""
PARTICIPANTS = "First name,Last name,ID number,Email address,Groups\nAda,Lovelace,77,ada@uni.example,A\n" \
               "Dora,D'Ora,,dora@uni.example,A\n"
WORKSHEET = """Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,\
Last modified (submission),Last modified (grade),Feedback comments
Participant 501,Ada Lovelace,ada@uni.example,Submitted,,100.00,Yes,"Friday, 20 November 2026, 4:05 PM",-,
Participant 502,Dora D'Ora,dora@uni.example,Submitted,12.00,100.00,No,-,"Friday, 20 November 2026, 4:05 PM","=1+1
two lines"
Participant 503,Eve Nobody,eve@uni.example,No submission,-,100.00,Yes,-,-,
"""
REASONS = {"eve": "nothing handed in", "otto": "a file that cannot be graded", "kim": "not graded yet"}


def init(*arguments):
    return cli.main(["class", "init", *map(str, arguments)])


def known(course):
    from nbgrader.api import Gradebook
    with Gradebook(f"sqlite:///{course.classroom / 'gradebook.db'}") as book:
        return ({s.id: (s.first_name, s.last_name, s.email, s.lms_user_id) for s in book.students},
                {a.name: a.duedate for a in book.assignments})


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and ".db-" not in path.name}


# ---------------------------------------------------------------- the list

LISTS = {
    "own": ("learner,first_name,last_name,email\nada,Ada,Lovelace,ada@uni.example\n", "ada"),
    "own with a semicolon": ("Learner;Name;E-Mail Address\nada;Ada Lovelace;ada@uni.example\n", "ada"),
    "canvas": (CANVAS, "ada"),
    "canvas without SIS columns": ('Student,ID,SIS Login ID,Section,x (1)\n"Lovelace, Ada",101,ada,S,\n', "ada"),
    "moodle's participants": (PARTICIPANTS, "ada"),
    "moodle's grade export": ("First name,Surname,ID number,Institution,Email address,Assignment: x (Real),Last downl"
                              "oaded from this course\nAda,Lovelace,77,,ada@uni.example,-,1795000000\n", "ada"),
    "moodle's worksheet": (WORKSHEET, "ada"),
    "names alone": ("Full name\nAda Lovelace\n", "ada.lovelace"),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("form", LISTS)
def test_a_list_is_understood_as_others_write_it(tmp_path, form, encoding):
    text, name = LISTS[form]
    (tmp_path / "list.csv").write_bytes(text.replace("\n", "\r\n").replace("Ada", "Zoë").encode(encoding))
    people, news = roster.merged(roster.Roster(), roster.read(tmp_path / "list.csv"))
    one = people.learners[name.replace("ada.l", "zoe.l")]
    assert (one.first_name, one.last_name) == ("Zoë", "Lovelace")
    assert "new: " in news[0] and not {"abcdef", "999", "student.test"} & set(people.learners)
    if form.startswith("canvas"):
        assert (one.canvas_id, one.sis_login_id) == ("101", "ada")
    if form.startswith("moodle"):
        assert one.email == "ada@uni.example"


def test_the_same_person_in_canvas_and_in_moodle_is_one_learner(tmp_path):
    people = roster.Roster()
    for name, text in (("canvas", CANVAS), ("moodle", PARTICIPANTS), ("canvas", CANVAS)):
        (tmp_path / name).write_text(text)
        people, news = roster.merged(people, roster.read(tmp_path / name))
    assert sorted(people.learners) == ["ada", "dora", "eve"] and not news
    ada = people.learners["ada"]
    assert (ada.canvas_id, ada.email, ada.id_number, ada.section) == ("101", "ada@uni.example", "77", "Sec A")


def test_namesakes_with_other_addresses_are_two(tmp_path):
    (tmp_path / "a").write_text("Full name,Email address\nKim Li,kim@a.example\n")
    (tmp_path / "b").write_text("Full name,Email address\nKim Li,kim@b.example\nKim Li,kim@a.example\n")
    people, _ = roster.merged(roster.Roster(), roster.read(tmp_path / "a"))
    people, _ = roster.merged(people, roster.read(tmp_path / "b"))
    assert {one.learner: one.email for one in people} == {"kim": "kim@a.example", "kim@b.example": "kim@b.example"}


CANVAS_NAMESAKES = """Student,ID,SIS User ID,SIS Login ID,Section
"Müller, Jürgen",67003,S003,jm003@uni.example,A
"Müller, Jürgen",67004,S004,jm004@uni.example,A
"Lovelace, Ada",67005,,ada5,A
"Lovelace, Ada",67006,,ada6,A
"""
MOODLE_NAMESAKES = """First name,Last name,ID number,Email address
Jürgen,Müller,S003,jm003@uni.example
Jürgen,Müller,S004,other.address@uni.example
Ada,Lovelace,,ada6@uni.example
Jürgen,Müller,S007,jm007@uni.example
"""


@pytest.mark.parametrize("order", [1, -1])
def test_namesakes_in_canvas_and_moodle_are_put_together_by_number_and_login(tmp_path, order):
    people = roster.Roster()
    for text in (CANVAS_NAMESAKES, MOODLE_NAMESAKES)[::order]:
        (tmp_path / "list.csv").write_text(text, encoding="utf-8")
        people, _ = roster.merged(people, roster.read(tmp_path / "list.csv"))
    told = {(one.canvas_id, one.id_number, one.email) for one in people}
    assert told == {("67003", "S003", "jm003@uni.example"), ("67004", "S004", "other.address@uni.example"),
                    ("67005", "", ""), ("67006", "", "ada6@uni.example"), ("", "S007", "jm007@uni.example")}
    for text in (CANVAS_NAMESAKES, MOODLE_NAMESAKES):
        (tmp_path / "list.csv").write_text(text, encoding="utf-8")
        assert not roster.merged(people, roster.read(tmp_path / "list.csv"))[1], "the second time says nothing new"


def test_a_second_namesake_does_not_become_the_first(tmp_path):
    """Only one of two Jürgens was on the first list."""
    for k, text in enumerate((CANVAS_NAMESAKES.replace(",S00", ",").replace(",jm00", ",x"), MOODLE_NAMESAKES)):
        (tmp_path / f"{k}.csv").write_text("\n".join(text.splitlines()[:2 + k]), encoding="utf-8")
    people, _ = roster.merged(roster.Roster(), roster.read(tmp_path / "0.csv"))
    people, _ = roster.merged(people, roster.read(tmp_path / "1.csv"))
    assert sorted(one.id_number for one in people) == ["", "S003", "S004"]


@pytest.mark.parametrize("text, words", [
    ("learner,first_name\nada,Ada\n,Dora\n,Eve\n", "'Dora' has no name in the column learner, and 1 more have none"),
    ("learners,first_name\nada,Ada\ndora,Dora\n", "has no column learner; its columns are learners, first_name"),
    ("learner\nada\nADA\n", "two learners would be called 'ADA'"),
    ("learner\na/b\n", "'a/b' cannot be a learner's name")])
def test_a_list_that_was_edited_by_hand_is_looked_at_as_closely(here, text, words, capsys):  # noqa: F811
    here.classroom.mkdir()
    roster.place(here).write_text(text)
    for arguments in ([], ["--due", "delta=2026-12-01"]):
        assert init(*arguments) == 2
        said = capsys.readouterr().err
        assert words in said and said.count("\n") == 1 and "roster.csv" in said
    assert everything(here.classroom) == {roster.place(here): text.encode()}


def test_a_list_without_a_line_is_a_class_of_nobody(copy):
    copy.classroom.mkdir()
    roster.place(copy).write_text(roster.as_text(roster.Roster()))
    assert len(roster.of(copy)) == 0


@pytest.mark.parametrize("name, fits", [
    ("ada", True), ("李明", True), ("Жан.Поль", True), ("józef", True), ("हिन्दी", True), ("7", True),
    ("a_b-c@d.e", True), ("console", True), ("", False), (".ada", False), ("a b", False), ("a/b", False),
    ("a\u202eb", False), ("CON", False), ("nul.txt", False), ("com1", False), ("ada.", False), ("a" * 65, False),
    ("𠀀" * 60, False), ("-x", False)])
def test_letters_of_all_scripts_make_names_and_what_no_folder_may_be_called_does_not(name, fits):
    assert (course_module.no_name(name) == "") == fits


def test_a_name_is_one_however_unicode_spells_it(here):  # noqa: F811
    (here.root / "list.csv").write_text("learner,full name\njo\u0301zef,Jo\n李明,李明\n", encoding="utf-8")
    assert init("--roster", "list.csv") == 0
    assert sorted(roster.of(here).learners) == ["józef", "李明"]
    assert set(known(here)[0]) == {"józef", "李明"}
    (here.root / "names.csv").write_text("Full name\n王 芳\n", encoding="utf-8")
    people, _ = roster.merged(roster.Roster(), roster.read(here.root / "names.csv"))
    assert list(people.learners) == ["王.芳"]
    work_of("ada", here, here.root / "mine.ipynb")
    assert cli.main(["submit", "mine.ipynb", "--as", "jo\u0301zef"]) == 0
    assert [path.name for path in (here.classroom / "submitted").iterdir()] == ["józef"]
    assert cli.main(["submit", "mine.ipynb", "--as", "NUL"]) == 2


@pytest.mark.parametrize("text, words", [
    ("", "is empty"), ("colour,size\nred,3\n", "is no list of a class"), ("learner\n", "names no learner"),
    ("learner\n../etc\n", "cannot be a learner's name"), ("learner\nada\nADA\n", "two learners would be called 'ADA'"),
    ("learner\n\"ada\n", "is not a CSV"), ("PK\3\4", "save it as CSV"), ("a\0b\n", "not a table of text")])
def test_a_list_that_cannot_be_used_changes_nothing(here, text, words, capsys):  # noqa: F811
    (here.root / "list.csv").write_text(text)
    assert init("--roster", "list.csv", "--due", "delta=2026-12-01") == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1 and not list(here.classroom.rglob("*"))


def test_init_can_be_run_again_and_says_what_changed(here, capsys):  # noqa: F811
    (here.root / "canvas.csv").write_text(CANVAS)
    assert init("--roster", "canvas.csv", "--due", "delta=2026-12-01", "--zone", "Europe/Berlin", "--late", "10%") == 0
    students, dates = known(here)
    assert students["ada"] == ("Ada", "Lovelace", None, "101") and len(students) == 3
    assert dates == {"delta": datetime(2026, 12, 1, 22, 59)}             # 23:59 in Berlin's winter
    said = capsys.readouterr().out
    assert "new: ada (Ada Lovelace)" in said and "delta is now due 2026-12-01 23:59 UTC+01:00" in said
    before = everything(here.classroom)
    assert init("--roster", "canvas.csv", "--due", "delta=2026-12-01", "--zone", "Europe/Berlin") == 0
    said = capsys.readouterr().out
    assert "in the class already" in said and "0 of 3 learners and 0 due dates were new or changed" in said
    assert everything(here.classroom) == before, "the second time changes nothing"
    (here.root / "more.csv").write_text("learner,email,first_name\nada,ada@uni.example,Augusta\nkim,,\n")
    assert init("--roster", "more.csv", "--due", "delta=none") == 0
    said = capsys.readouterr().out
    assert "ada: first_name is now Augusta, was Ada" in said and "new: kim (kim)" in said
    assert "4 learners are in the class" in said and "no longer due" in said
    assert known(here)[0]["ada"] == ("Augusta", "Lovelace", "ada@uni.example", "101")
    assert known(here)[1] == {"delta": None}
    kept = {path.name.partition("-")[0]: path.read_bytes() for path in (here.classroom / "backups").iterdir()}
    assert kept["roster"] == before[roster.place(here)] and kept["class"] == before[rules.place(here)]
    assert "gradebook" in kept


def test_a_formula_in_a_name_stays_a_name(here):  # noqa: F811
    (here.root / "canvas.csv").write_text(CANVAS)
    init("--roster", "canvas.csv")
    assert "'=HYPERLINK" in roster.place(here).read_text()
    assert roster.of(here).learners["eve"].last_name == '=HYPERLINK("http://x")'
    assert known(here)[0]["eve"][1] == '=HYPERLINK("http://x")'


# ---------------------------------------------------------------- rules

@pytest.mark.parametrize("typed, zone, utc", [
    ("delta=2026-07-01", "Europe/Berlin", datetime(2026, 7, 1, 21, 59)),             # summer: two hours
    ("delta=2026-12-01T18:00", "America/New_York", datetime(2026, 12, 1, 23, 0)),
    ("delta=2026-12-01T18:00+05:30", None, datetime(2026, 12, 1, 12, 30)),
    ("delta=2026-12-01T18:00Z", "Europe/Berlin", datetime(2026, 12, 1, 18, 0))])
def test_a_due_date_knows_its_zone(typed, zone, utc):
    assignment, when = rules.due(typed, zone)
    assert assignment == "delta" and rules.utc(when) == utc
    text = rules.as_text(rules.Rules(due={"delta": when}))
    assert text.count("\n") < 8 and f"delta = {when.isoformat()}" in text


@pytest.mark.parametrize("arguments, words", [
    (["--due", "delta"], "is no due date"), (["--due", "delta=tomorrow"], "is no due date"),
    (["--due", "dleta=2026-12-01"], "no assignment called 'dleta'"),
    (["--due", "delta=2026-12-01", "--zone", "Mars/Olympus"], "is no time zone"),
    (["--late", "much"], "rule for late work is not understood"), (["--late", "120%"], "not understood"),
    (["--late", "150%"], "what a day costs is 150%, more than all points earned; write 100% or less"),
    (["--late", "-5%"], "what a day costs is -5%, less than nothing; leave the minus away"),
    (["--late", "10%", "--late-at-most", "-5"], "the most that late work loses is -5, less than nothing"),
    (["--late", "10%", "--late-at-most", "half"], "the most that late work loses is 'half', neither points (2) nor"),
    (["--late", "10%", "--grace", "-5"], "not understood"), (["--grace", "5"], "add for instance --late 10%"),
    (["--roster", "nowhere.csv"], "nowhere.csv cannot be read")])
def test_rules_that_cannot_be_used_change_nothing(here, arguments, words, capsys):  # noqa: F811
    assert init(*arguments) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1 and not list(here.classroom.rglob("*"))


def slow_loss(per_day, share, grace, most, earned, seconds):
    """What late work loses, day by day."""
    lost, day = 0.0, 0
    while seconds > grace * 60 and day * 86400 < seconds:
        lost += earned * per_day / 100 if share else per_day
        day += 1
    return min(lost, earned * most / 100, earned)


@given(st.integers(0, 100), st.booleans(), st.integers(0, 3000), st.integers(0, 100), st.integers(0, 60),
       st.integers(1, 900_000))
@example(10, True, 30, 100, 27, 1800)
@example(10, True, 30, 100, 27, 1801)
@example(10, True, 0, 50, 27, 86_400)
@example(10, True, 0, 50, 27, 86_401)
def test_late_work_loses_so_much_for_each_day_begun(per_day, share, grace, most, earned, seconds):
    policy = rules.late(f"{per_day}{'%' * share}", grace, f"{most}%")
    assert policy.loses(earned, seconds) == pytest.approx(slow_loss(per_day, share, grace, most, earned, seconds),
                                                          abs=0.0051)


def test_the_file_of_rules_can_be_read_back():
    all_of_it = rules.Rules({"delta": datetime(2026, 12, 1, 22, tzinfo=UTC)}, rules.late(2, 30, "50%"),
                            {"delta": {"ada@x.example": timedelta(days=1.5)}})
    assert rules._rules(rules.tomllib.loads(rules.as_text(all_of_it))) == all_of_it


def test_the_example_in_the_guide_is_understood(course):
    text = (course.sources / "teach/class.md").read_text(encoding="utf-8")
    told = rules._rules(rules.tomllib.loads(re.search(r"```toml\n(.*?)```", text, re.DOTALL)[1]))
    assert told.due["delta"].utcoffset() == timedelta(hours=1) and told.late == rules.Late("10%", 30, "50%")
    assert told.extensions == {"delta": {"ada": timedelta(days=2)}}
    assert rules._rules(rules.tomllib.loads(rules.EXAMPLE)).extensions == told.extensions


@pytest.mark.parametrize("text, words", [
    ("[due]\ndetla = 2026-12-01T12:00:00Z\n", "there is no assignment 'detla', of which [due] speaks"),
    ("[extensions.detla]\nada = 2\n", "perhaps 'delta' is meant"),
    ("[extensions.delta]\nAda = 2\n", "[extensions.delta] names 'Ada', and no learner in classroom/roster.csv is "
                                      "called so; perhaps 'ada' is meant"),
    ("[extensions.delta]\nada = true\n", "[extensions.delta] gives ada true; an extension is a number of days from 0"),
    ("[extensions.delta]\nada = -1\n", "gives ada -1; an extension is a number of days"),
    ("[extensions.delta]\nada = nan\n", "gives ada nan"), ("[extensions.delta]\nada = 1e300\n", "gives ada 1e+300"),
    ("[extensions.delta]\nada = '2 days'\n", "gives ada '2 days'; an extension is a number of days"),
    ("[extensions.delta]\nli.wei = 2\n", 'a name with a dot in it needs quotes: "li.wei" = 2'),
    ("[extensions]\ndelta = 2\n", "[extensions.delta] must be a table of its own, with lines such as ada = 2"),
    ("due = 2026-12-01\n", "[due] must be a table of its own"), ("late = 10\n", "[late] must be a table of its own"),
    ("[late]\nper_day = 2\ngrace_minutes = '2 days'\n", "the grace is '2 days'; it is a number of minutes"),
    ("[late]\nper_day = true\n", "what a day costs is 'True', neither points (2) nor a share (10%)"),
    (b"[due]\n# \xfc\n", "is not text in UTF-8; save it so")])
def test_what_a_rule_written_by_hand_gets_wrong_is_said_in_words(here, text, words, capsys):  # noqa: F811
    here.classroom.mkdir()
    roster.place(here).write_text("learner\nada\n")
    rules.place(here).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert init() == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1 and not re.search("object|attribute|convert|NoneType", said)


def test_rules_that_cannot_be_read_are_said_in_a_sentence(here, capsys):  # noqa: F811
    rules.place(here).mkdir(parents=True)
    assert init() == 2
    said = capsys.readouterr().err
    assert "class.toml cannot be read (Is a directory)" in said and said.count("\n") == 1


def test_extensions_that_hold_are_listed_and_may_be_of_those_who_are_new(here, capsys):  # noqa: F811
    here.classroom.mkdir()
    roster.place(here).write_text("learner\ndora\n")
    rules.place(here).write_text("[extensions.delta]\nada = 2\ndora = 1\nkim = 0.5\n")
    (here.root / "list.csv").write_text("learner\nada\nkim\n")
    assert init("--roster", "list.csv") == 0
    said = capsys.readouterr().out
    for sentence in ("ada has 2 days more for delta", "dora has 1 day more for delta", "kim has 0.5 days more for"):
        assert f"  {sentence}" in said


@pytest.mark.parametrize("typed, kept, words", [
    ("none", "100%", "late work loses 10% of the points earned for each day begun\n"),
    ("0", "0", "late work loses nothing, as at_most is 0\n"),
    ("5", "5", "late work loses 10% of the points earned for each day begun, at most 5\n")])
def test_the_most_that_late_work_loses(here, typed, kept, words, capsys):  # noqa: F811
    assert init("--late", "10%", "--late-at-most", typed) == 0
    assert rules.of(here).late.at_most == kept and words in capsys.readouterr().out
    assert "comments of your own are not kept" in rules.place(here).read_text()


@pytest.mark.parametrize("text", ["[due]\ndelta = 2026-12-01T12:00:00\n", "[due]\ndelta = 'soon'\n",
                                  "[late]\nper_day = 'x'\n", "[late]\nper_week = 1\n", "[deu]\n", "late = 10\n"])
def test_rules_written_by_hand_that_cannot_be_used_are_refused(copy, text):
    copy.classroom.mkdir()
    rules.place(copy).write_text(text)
    with pytest.raises(UserError, match=r"class.toml cannot be used .* should look like this"):
        rules.of(copy)


def test_the_older_file_of_extensions_is_not_passed_over_in_silence(copy):
    copy.classroom.mkdir()
    (copy.classroom / "extensions.toml").write_text("[delta]\nada = 2\n")
    with pytest.raises(UserError, match=r"is not read any more: write its tables into .*class.toml"):
        rules.of(copy)


@pytest.fixture
def late_class(copy, monkeypatch):
    """ada (27 points) two days and a bit late, dora (19) not at all; the rule: a tenth for each day."""
    monkeypatch.chdir(copy.root)
    demo.hand_in(copy, [demo.read_learner(copy.sources / "class" / f"{name}.py") for name in ("ada", "dora")])
    for name, day in (("ada", 23), ("dora", 20)):
        (copy.classroom / f"submitted/{name}/delta/timestamp.txt").write_text(f"2026-11-{day} 12:00:00 UTC")
    assert init("--due", "delta=2026-11-21T10:00Z", "--late", "10%", "--grace", "30") == 0
    return copy


def penalties(course):
    from nbgrader.api import Gradebook
    with Gradebook(f"sqlite:///{course.classroom / 'gradebook.db'}") as book:
        return {s.student.id: s.late_submission_penalty for s in book.assignment_submissions("delta")}


def test_grading_goes_by_the_rules_and_again_when_they_change(late_class, capsys):
    grade_class(late_class, "delta", say=lambda _: None, workers=Here())
    assert penalties(late_class) == {"ada": pytest.approx(3 * 2.7), "dora": 0}
    page = (late_class.classroom / "feedback/ada/delta/delta.html").read_text(encoding="utf-8")
    assert "Handed in late: 8.1 points less" in page
    init("--late", "2")
    grade_class(late_class, "delta", say=lambda _: None, workers=Here())
    assert penalties(late_class) == {"ada": 6, "dora": 0}
    init("--due", "delta=2026-11-24T10:00Z")
    grade_class(late_class, "delta", say=lambda _: None, workers=Here())
    assert penalties(late_class) == {"ada": 0, "dora": 0}


def test_nbgraders_own_autograde_goes_by_the_same_rules(late_class):
    assert nbgrader(late_class, "generate_assignment", "delta", "--force").returncode == 0
    done = nbgrader(late_class, "autograde", "delta")
    assert done.returncode == 0, done.stderr[-2000:]
    assert penalties(late_class) == {"ada": pytest.approx(8.1), "dora": 0}


# ---------------------------------------------------------------- tables for others

AWKWARD = ["=1+1", "+1 (555)", "-2+3", "@SUM(A1)", "\t=1", " =1", "\n=1", "\u2003=1", "＝1", "-5", "+4.5", "1e3", "-",
           "'=1", "'t Hooft", "-x"]


@given(st.text() | st.sampled_from(AWKWARD))
def test_no_cell_is_a_formula(cell):
    safe = tables.safe(cell)
    if not _is_number(safe) and safe.strip() not in ("-", ""):
        assert re.match(r"[\t\r]|\s*[=+@＝＋－＠-]", safe) is None
    assert safe in (cell, "'" + cell)
    if not cell.startswith("'"):
        assert tables.plainly(safe) in (cell.strip(), cell), "nothing is lost"


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return re.fullmatch(r"[+-]?\d+(,\d+)?%?", cell.strip()) is not None
    return True


@given(st.floats(-1e6, 1e6).map(lambda x: f"{x:.2f}") | st.integers().map(str))
def test_numbers_stay_numbers(cell):
    assert tables.safe(cell) == cell


def read(path):
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


@pytest.fixture
def graded(copy, monkeypatch):
    """ada 27 of 27 and 3 by hand, dora 19, otto's file is none, kim's was not graded, eve handed in nothing."""
    monkeypatch.chdir(copy.root)
    demo.hand_in(copy, [demo.read_learner(copy.sources / "class" / f"{name}.py") for name in ("ada", "dora", "otto")])
    grade_class(copy, "delta", say=lambda _: None, workers=Here())
    folder = copy.classroom / "submitted/kim/delta"
    folder.mkdir(parents=True)
    (folder / "delta.ipynb").write_bytes(copy.release("delta").read_bytes())
    (copy.root / "canvas.csv").write_text(CANVAS)
    init("--roster", "canvas.csv")
    (copy.root / "moodle.csv").write_text(PARTICIPANTS)
    init("--roster", "moodle.csv")
    return copy


def read_answers(course, name, points):
    """A person gives points for the answer in words."""
    from nbgrader.api import Gradebook
    with Gradebook(f"sqlite:///{course.classroom / 'gradebook.db'}") as book:
        for grade in book.find_submission("delta", name).notebooks[0].grades:
            if grade.auto_score is None:
                grade.manual_score, grade.needs_manual_grade = points, False
        book.db.commit()


def canvas_takes(text, students, assignments):
    """How Canvas reads a gradebook (its lib/gradebook_importer.rb), in a few lines: {(assignment, student): cell}."""
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert "Student" in header[0] and "ID" in header[1]
    assert (header[2], header[3], header[4]) == ("SIS User ID", "SIS Login ID", "Section")
    taken = {}
    for row in rows:
        assert len(row) == len(header)
        if "Points Possible" in row[0] or all(cell in ("", "Manual Posting") for cell in row):
            continue
        student = row[1] if row[1] in students else None
        assert student, row
        for k, title in enumerate(header[5:], start=5):
            assert title in assignments, "a new assignment would be made"
            taken[title, student] = row[k]
    return taken


def test_canvas_gets_its_own_file_back_with_our_marks_and_nothing_else(graded, capsys):
    for name in ("ada", "dora"):
        read_answers(graded, name, 2.5)
    capsys.readouterr()
    assert cli.main(["class", "export", "--canvas", "--into", "canvas.csv", "--column", "delta=Exercise 3: delta",
                     "--out", "out.csv"]) == 0
    title = "Exercise 3: delta (4711)"
    taken = canvas_takes((graded.root / "out.csv").read_text(), {"101", "102", "103", "999"}, {title})
    assert taken == {(title, "101"): "29.5", (title, "102"): "21.5", (title, "103"): "EX", (title, "999"): ""}
    said = capsys.readouterr().out
    assert "delta: 2 marks, 3 empty" in said and all(f"1 {why}" in said for why in REASONS.values())
    assert (graded.root / "canvas.csv").read_text() == CANVAS
    assert "'=HYPERLINK" in (graded.root / "out.csv").read_text()


def test_a_new_file_for_canvas_has_the_documented_columns(graded):
    read_answers(graded, "ada", 3)
    assert cli.main(["class", "export", "--canvas", "--out", "out.csv"]) == 0
    rows = read(graded.root / "out.csv")
    assert list(rows[0]) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "delta"]
    assert rows[0]["Student"].strip() == "Points Possible" and rows[0]["delta"] == "30"
    by_name = {row["Student"]: row for row in rows}
    assert by_name["Lovelace, Ada"] == {"Student": "Lovelace, Ada", "ID": "101", "SIS User ID": "S1",
                                        "SIS Login ID": "ada", "Section": "Sec A", "delta": "30"}
    assert {name: row["delta"] for name, row in by_name.items() if name != "    Points Possible"} == {
        "Lovelace, Ada": "30", "D'Ora, Dora": "", "'=HYPERLINK(\"http://x\"), Eve": "", "kim": "", "otto": ""}


def test_no_mark_is_not_zero_unless_one_says_so(graded, capsys):
    assert cli.main(["class", "export", "--moodle", "--out", "out.csv"]) == 0
    assert {row["Email address"]: row["delta"] for row in read(graded.root / "out.csv")}["ada@uni.example"] == ""
    assert "2 an answer in words waits to be read" in capsys.readouterr().out
    assert cli.main(["class", "export", "--moodle", "--out", "out.csv", "--as-it-stands"]) == 0
    rows = {row["Email address"]: row for row in read(graded.root / "out.csv")}
    assert rows["ada@uni.example"] == {"First name": "Ada", "Last name": "Lovelace", "ID number": "77",
                                       "Email address": "ada@uni.example", "delta": "27"}
    assert rows["dora@uni.example"]["delta"] == "19"
    assert len(list((graded.classroom / "backups").glob("out-*.csv"))) == 1


def test_a_moodle_worksheet_comes_back_whole_with_grades_to_its_maximum(graded, capsys):
    for name in ("ada", "dora"):
        read_answers(graded, name, 3)
    (graded.root / "sheet.csv").write_text(WORKSHEET)
    arguments = ["class", "export", "--moodle", "--into", "sheet.csv", "--out", "out.csv"]
    capsys.readouterr()
    assert cli.main(arguments) == 0
    said = capsys.readouterr().out
    assert "30 points here and 100 there" in said and "1 marks may not be changed" in said
    before, after = list(csv.DictReader(io.StringIO(WORKSHEET))), read(graded.root / "out.csv")
    assert [row["Grade"] for row in after] == ["30", "12.00", "-"]
    assert [{k: v for k, v in row.items() if k not in ("Grade", "Feedback comments")} for row in after] == \
        [{k: v for k, v in row.items() if k not in ("Grade", "Feedback comments")} for row in before]
    assert after[1]["Feedback comments"] == "'=1+1\ntwo lines"
    assert cli.main([*arguments, "--scale"]) == 0
    assert [row["Grade"] for row in read(graded.root / "out.csv")] == ["100", "12.00", "-"]


def test_a_file_with_commas_for_points_gets_commas(graded):
    read_answers(graded, "ada", 2.5)
    (graded.root / "sheet.csv").write_text(WORKSHEET.replace("100.00", '"100,00"').replace("12.00", '"12,00"'))
    assert cli.main(["class", "export", "--moodle", "--into", "sheet.csv", "--out", "out.csv"]) == 0
    assert [row["Grade"] for row in read(graded.root / "out.csv")] == ["29,5", "12,00", "-"]


def test_moodles_gradebook_is_filled_in_by_its_heading(graded):
    read_answers(graded, "ada", 3)
    (graded.root / "grades.csv").write_text(
        "First name,Last name,ID number,Institution,Email address,Assignment: Week 3 (Real),Quiz: x (Real),"
        "Course total (Real)\nAda,Lovelace,77,,ADA@uni.example,-,5.00,5.00\nKim,Li,,,kim@uni.example,-,-,-\n")
    assert cli.main(["class", "export", "--moodle", "--into", "grades.csv", "--column", "delta=Week 3",
                     "--out", "out.csv"]) == 0
    assert [list(row.values()) for row in read(graded.root / "out.csv")] == [
        ["Ada", "Lovelace", "77", "ADA@uni.example", "30"], ["Kim", "Li", "", "kim@uni.example", "-"]]
    assert list(read(graded.root / "out.csv")[0])[-1] == "Assignment: Week 3 (Real)"


def test_points_lost_for_lateness_are_taken_off_and_old_ones_are_told(late_class, capsys):
    grade_class(late_class, "delta", say=lambda _: None, workers=Here())
    capsys.readouterr()
    assert cli.main(["class", "export", "--canvas", "--as-it-stands", "--out", "out.csv"]) == 0
    assert {row["Student"]: row["delta"] for row in read(late_class.root / "out.csv")}["ada"] == "18.9"
    assert "lost for lateness" not in capsys.readouterr().out
    read_answers(late_class, "ada", 3)
    assert cli.main(["class", "export", "--canvas", "--out", "out.csv"]) == 0
    assert "of 1 the points lost for lateness are not what the rule says now" in capsys.readouterr().out
    grade_class(late_class, "delta", say=lambda _: None, workers=Here())
    assert cli.main(["class", "export", "--canvas", "--out", "out.csv"]) == 0
    assert {row["Student"]: row["delta"] for row in read(late_class.root / "out.csv")}["ada"] == "21"
    assert "lost for lateness" not in capsys.readouterr().out


@pytest.mark.parametrize("arguments, words", [
    (["--canvas", "--into", "sheet.csv"], "is no gradebook of Canvas"),
    (["--moodle", "--into", "canvas.csv"], "is no export of Moodle's"),
    (["--canvas", "--into", "canvas.csv"], "No column of that file is called 'delta'"),
    (["--canvas", "--into", "canvas.csv", "--column", "dleta=x"], "is not understood"),
    (["--canvas", "--into", "canvas.csv", "--column", "delta=Essay", "--out", "canvas.csv"], "stays as it was"),
    (["--canvas", "--scale"], "give it with --into"),
    (["--canvas", "--assignment", "losses"], "no mark of losses to export"),
    (["--canvas", "--assignment", "dleta"], "no assignment called 'dleta'"),
    (["--moodle", "--into", "broken.csv"], "no column 'Last modified (grade)'")])
def test_an_export_that_would_go_wrong_is_refused(graded, arguments, words, capsys):
    (graded.root / "sheet.csv").write_text(WORKSHEET)
    (graded.root / "broken.csv").write_text("Identifier,Full name,Grade\nParticipant 1,Ada Lovelace,\n")
    capsys.readouterr()
    assert cli.main(["class", "export", *arguments]) == 2
    said = capsys.readouterr()
    assert words in said.err and said.err.count("\n") == 1 and not (graded.classroom / "exports").exists()


def test_before_anything_is_graded_there_is_nothing_to_export(here, capsys):  # noqa: F811
    assert cli.main(["class", "export", "--canvas"]) == 2
    assert "no mark to export yet; run chainrule grade" in capsys.readouterr().err


def test_what_is_exported_is_what_nbgrader_exports(graded):
    """The second way: nbgrader's own export of the same gradebook."""
    for name in ("ada", "dora"):
        read_answers(graded, name, 1.5)
    assert nbgrader(graded, "export", "--to", "theirs.csv").returncode == 0
    theirs = {row["student_id"]: float(row["score"]) for row in read(graded.root / "theirs.csv")
              if row["timestamp"] or float(row["score"])}
    ours = marks.gather(graded, ["delta"]).marks["delta"]
    assert {name: mark.points for name, mark in ours.items() if mark.points is not None} == theirs
    assert {name: mark.why for name, mark in ours.items() if mark.why} == {
        name: why for name, why in REASONS.items() if name != "eve"}


# ---------------------------------------------------------------- paths that cannot be written

def only_read(monkeypatch, folder):
    """A folder in which nothing can be written. (Tests run as root, who may write anywhere else.)"""
    import os
    ours, places = os.replace, (str(folder),)

    def refused(source, target, **more):
        if str(target).startswith(places):
            raise PermissionError(13, "Permission denied", str(source))
        return ours(source, target, **more)
    monkeypatch.setattr(os, "replace", refused)


@pytest.mark.parametrize("arguments, named", [
    (["class", "import", "ada_delta.ipynb", "--assignment", "delta"], "submitted/ada/delta/delta.ipynb"),
    (["submit", "ada_delta.ipynb", "--as", "ada"], "submitted/ada/delta/delta.ipynb"),
    (["class", "init", "--roster", "list.csv"], "roster.csv")])
def test_a_classroom_that_cannot_be_written_is_said(here, monkeypatch, arguments, named, capsys):  # noqa: F811
    work_of("ada", here, here.root / "ada_delta.ipynb")
    (here.root / "list.csv").write_text("learner\nada\n")
    only_read(monkeypatch, here.classroom)
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert f"classroom/{named} cannot be written (Permission denied)" in said and said.count("\n") == 1


@pytest.mark.parametrize("arguments", [
    ["class", "import", "ada_delta.ipynb", "--assignment", "delta"], ["submit", "ada_delta.ipynb", "--as", "ada"],
    ["submit", "ada_delta.ipynb", "--as", "ada", "--zip"],
    ["submit", "ada_delta.ipynb", "--as", "ada", "--to", "list.csv"],
    ["class", "init"], ["class", "export", "--canvas"], ["class", "forget", "ada", "--yes"]])
def test_a_file_where_the_classroom_should_be_is_said_in_a_sentence(here, arguments, capsys):  # noqa: F811
    work_of("ada", here, here.root / "ada_delta.ipynb")
    (here.root / "list.csv").write_text("x")
    here.classroom.write_text("no folder")
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1 and here.classroom.read_text() == "no folder"
