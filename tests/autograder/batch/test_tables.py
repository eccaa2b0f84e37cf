"""grades.csv has everybody: who handed in, when, how late, and who did not."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import QUESTIONS, problem_set, report, wrong

from autograder.batch import late, roster
from autograder.batch.roster import Enrolled, Roster
from autograder.batch.tables import Gradebook, read_by_hand
from autograder.model import CourseError, HandIn, Lateness, QuestionResult, Report, Student
from autograder.results.files import results
from autograder.results.rows import Row, as_row

DUE = datetime(2026, 10, 27, tzinfo=UTC)


def row(report: Report) -> Row:
    return as_row(results(report), report.submission)


def lines(book: Gradebook, *reports: Report) -> list[list[str]]:
    return [[line.get(key, "") for key in book.header] for line in book.lines(map(row, reports))]


def handed_in(name: str, *students: Student, **told: object) -> Report:
    return replace(report(name=name), hand_in=HandIn(students, **told))  # type: ignore[arg-type]


def test_grades_have_a_row_a_submission(tmp_path: Path) -> None:
    reports = [
        report(name="Jürgen Müller"),
        report(wrong(QUESTIONS[0]), name="=cmd|'/C calc'!A1", notes=["-1+1"]),
        report(wrong(QUESTIONS[1], fault="no memory"), name="c, d"),
        Report("e", problem_set(), [QuestionResult(q) for q in QUESTIONS], problem="It is a PDF."),
    ]
    reports[0].questions[0].verified, reports[0].questions[1].verified = True, False
    reports[1].questions[0].verified = True
    Gradebook(problem_set(), DUE).write(map(row, reports), tmp_path / "grades.csv")
    text = (tmp_path / "grades.csv").read_text(encoding="utf-8")
    assert list(csv.reader(text.splitlines())) == [
        ["submission", "student", "name", "submitted", "late", "encoder", "train_ae", "extra",
         "essay", "total", "max", "verified", "note"],
        ["Jürgen Müller", "", "", "", "", "1", "2", "1", "", "4", "3", "no", ""],
        ["'=cmd|'/C calc'!A1", "", "", "", "", "0.5", "2", "1", "", "3.5", "3", "yes", "'-1+1"],
        ["c, d", "", "", "", "", "1", "", "1", "", "", "3", "", "fault of the grader: no memory"],
        ["e", "", "", "", "", "0", "0", "0", "", "0", "3", "", "It is a PDF."],
    ]  # fmt: skip


def test_each_of_those_who_hand_in_together_has_a_row() -> None:
    book = Gradebook(problem_set(), DUE)
    both = handed_in("7", Student("7", "Jane"), Student("8", "Ben"), submitted=DUE)
    assert [line[:5] for line in lines(book, both)] == [
        ["7", "7", "Jane", "2026-10-27T00:00:00+00:00", "0"],
        ["7", "8", "Ben", "2026-10-27T00:00:00+00:00", "0"],
    ]


ROSTER = """\
Student ID;Name;E-Mail;Section;Extension
007;Doe, Jane;jane@x.edu;A;2
8;Ben Öst;ben@x.edu;B;
9;Cleo Åström;cleo@x.edu;B;0,5
"""


@pytest.fixture
def book(tmp_path: Path) -> Gradebook:
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8-sig")
    return Gradebook(problem_set(), DUE, roster.read(tmp_path / "roster.csv"))


def test_who_handed_in_nothing_is_a_row(book: Gradebook) -> None:
    found = lines(book, handed_in("jane", Student("", "", "JANE@x.edu")), report(name="zoe"))
    assert [line[:3] for line in found] == [
        ["jane", "007", "Doe, Jane"],
        ["zoe", "", ""],
        ["", "8", "Ben Öst"],
        ["", "9", "Cleo Åström"],
    ]
    assert found[1][-1] == "Not on the roster." and found[2][-1] == "Nothing was handed in."
    assert found[2][-4] == ""  # no total: a gradebook should not take it for a zero unasked


@pytest.mark.parametrize(
    ("told", "id"),
    [
        (Student("007"), "007"),
        (Student("7"), None),
        (Student("123", "doejane"), "007"),
        (Student("4711", "Jane Doe"), "007"),
        (Student("124", "östben"), "8"),
        (Student("125", "ostben"), "8"),
        (Student("", "", "cleo@x.edu"), "9"),
        (Student("cleo"), "9"),
        (Student("jane@x.edu"), "007"),
        (Student("", "Jane"), None),
        (Student(), None),
    ],
)
def test_the_roster_knows_students_as_platforms_write_them(
    book: Gradebook, told: Student, id: str | None
) -> None:
    found = book.roster.find(told)
    assert (found.student.id if found else None) == id


@pytest.mark.parametrize(
    ("text", "students"),
    [
        (
            "Student,ID,SIS User ID,SIS Login ID,Section,HW (1)\n"
            '    Points Possible,,,,,10\n"Doe, Jane",123,u7,jane@x.edu,A,\n',
            [Student("123", "Doe, Jane", "jane@x.edu")],
        ),
        (
            "First Name,Last Name,SID,Email,Role,Sections\nJane,Doe,u7,jane@x.edu,Student,A\n",
            [Student("u7", "Jane Doe", "jane@x.edu")],
        ),
        (
            "First name,Surname,ID number,Email address,Groups\nJane,Doe,,jane@x.edu,A\n",
            [Student("jane@x.edu", "Jane Doe", "jane@x.edu")],
        ),
        ("student,name\n7,Jane Doe\n", [Student("7", "Jane Doe")]),
        ("Student;Email\nJane Doe;jane@x.edu\n", [Student("Jane Doe", "", "jane@x.edu")]),
        ('name,id\n"Doe,\nJane",7\n', [Student("7", "Doe,\nJane")]),
    ],
)
def test_platforms_own_tables_are_rosters(
    tmp_path: Path, text: str, students: list[Student]
) -> None:
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        (tmp_path / "r.csv").write_text(text, encoding=encoding, newline="")
        assert [one.student for one in roster.read(tmp_path / "r.csv").enrolled] == students


def test_the_folder_names_whoever_left_the_notebook_its_name(tmp_path: Path) -> None:
    known = Roster([Enrolled(Student("anna", "Anna Lee"))])
    book = Gradebook(problem_set(), DUE, known, {"ben": {"essay": 0.5}})
    found = lines(book, report(name="anna__ps_toy"), report(name="ben__ps_toy (1)"))
    assert [line[:3] for line in found] == [
        ["anna__ps_toy", "anna", "Anna Lee"],
        ["ben__ps_toy (1)", "", ""],
    ]
    assert found[1][8] == "0.5" and not book.strangers(map(row, [report(name="ben__ps_toy")]))


def test_of_two_with_one_name_nobody_is_meant() -> None:
    two = [Enrolled(Student(id, "Ann Lee", f"ann{id}@x.edu")) for id in "12"]
    assert Roster(two).find(Student("", "Ann Lee")) is None
    assert Roster(two).find(Student("2", "Ann Lee")) is two[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "begins with nothing"),
        ("a,b\n1,2\n", "begins with a, b: the first line of a roster"),
        ("id,extension\n1,soon\n", "line 2: the extension is 'soon'"),
        ("id,extension\n1,-1\n", "line 2: the extension is '-1'"),
        ("id,name\n1,Ann\n,,x\n", "line 3: neither an id nor a name"),
        ("id,name\n1,Ann\n2,Ben\n1,Cleo\n", "line 4: 1 stands there twice"),
    ],
)
def test_a_roster_that_is_none_is_told(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(CourseError, match=says):
        roster.read(tmp_path / "r.csv")
    with pytest.raises(CourseError, match="There is no roster"):
        roster.read(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("hours", "grace", "extension", "days"),
    [
        (-1, 0, 0, 0), (0, 0, 0, 0), (0.1, 0, 0, 1), (24, 0, 0, 1), (24.1, 0, 0, 2), (1, 1, 0, 0),
        (1.1, 1, 0, 1), (48, 0, 2, 0), (49, 1, 2, 0), (60, 0, 0.5, 2), (61, 0, 0.5, 3),
    ],
)  # fmt: skip
def test_late_counts_days_begun(hours: float, grace: float, extension: float, days: int) -> None:
    hand_in = HandIn((), DUE + timedelta(hours=hours))
    assert late.days(hand_in, DUE, Lateness(grace_hours=grace), extension) == days


def test_without_a_time_nothing_is_late_but_what_a_platform_calls_so() -> None:
    assert late.days(HandIn(), DUE, None, 0) is None
    assert late.days(HandIn(late=True), DUE, None, 0) == 1
    assert late.days(HandIn(late=True), DUE, None, 5) is None  # within them, or not


def test_a_platform_s_late_within_an_extension_is_left_to_a_person(book: Gradebook) -> None:
    (line,) = lines(book, handed_in("jane_7", Student("007"), late=True))[:1]
    assert line[4] == "" and "see whether the extension covers it" in line[-1]


@given(st.floats(0, 20), st.integers(0, 30), st.floats(0, 5), st.none() | st.integers(0, 10))
def test_lateness_never_earns_points(
    score: float, days: int, a_day: float, last: int | None
) -> None:
    left = late.after(score, days, Lateness(a_day, 0, last))
    assert 0 <= left <= round(score, 4) + 1e-4
    assert left <= late.after(score, max(0, days - 1), Lateness(a_day, 0, last)) + 1e-4
    if last is not None and days > last and days:
        assert left == 0


def test_a_late_policy_has_a_column_beside_the_total(book: Gradebook) -> None:
    ps = replace(problem_set(), late=Lateness(points_a_day=0.5, grace_hours=1))
    book = replace(book, problem_set=ps)
    late_one = handed_in("8", Student("8"), submitted=DUE + timedelta(days=1.5))
    extended = handed_in("007", Student("007"), submitted=DUE + timedelta(days=1.5))
    by_platform = handed_in("9", Student("9"), late=True)
    found = [dict(zip(book.header, line, strict=True)) for line in
             lines(book, late_one, extended, by_platform)]  # fmt: skip
    assert [(x["late"], x["total"], x["late_total"]) for x in found] == [
        ("2", "4", "3"),
        ("0", "4", "4"),
        ("1", "4", "3.5"),
    ]
    assert "without a time: counted as one day" in found[2]["note"]


def test_points_by_hand_join_the_total(tmp_path: Path) -> None:
    path = tmp_path / "by_hand.csv"
    path.write_text("submission,essay\nanna,0.5\nben,\n", encoding="utf-8-sig")
    book = Gradebook(problem_set(), DUE, by_hand=read_by_hand(path, problem_set()))
    found = [dict(zip(book.header, line, strict=True)) for line in
             lines(book, report(name="anna"), report(name="ben"))]  # fmt: skip
    assert [(x["essay"], x["total"], x["max"]) for x in found] == [
        ("0.5", "4.5", "4"),
        ("", "4", "3"),
    ]
    path.write_text("submission,essay\nanna,3\n")
    with pytest.raises(CourseError, match="line 2: essay is '3', but has to be a number of points"):
        read_by_hand(path, problem_set())


def test_points_by_hand_are_somebody_s(tmp_path: Path, book: Gradebook) -> None:
    path = tmp_path / "by_hand.csv"
    path.write_bytes("submission,essay\nJörg,1\n".encode("cp1252"))
    assert read_by_hand(path, problem_set()) == {"Jörg": {"essay": 1}}
    for text in ("submission,student,essay\n,,1\n", "name,essay\nAnna,1\n"):
        path.write_text(text)
        with pytest.raises(CourseError, match="line 2: points, and neither a submission nor"):
            read_by_hand(path, problem_set())
    path.write_text("submission,essay\nanna," + "9" * 200_000 + "\n")
    with pytest.raises(CourseError, match="is no CSV file"):
        read_by_hand(path, problem_set())
    on_paper = replace(book, by_hand={"8": {"essay": 0.5}})
    ben = next(line for line in on_paper.lines([]) if line["student"] == "8")
    assert (ben["essay"], ben["total"], ben["max"]) == ("0.5", "0.5", "4")
    assert ben["note"] == "Nothing was handed in."


def test_a_column_by_hand_that_nobody_asks_for_is_told(tmp_path: Path) -> None:
    path = tmp_path / "by_hand.csv"
    path.write_text("submission,esay\nanna,0.5\n")
    with pytest.raises(CourseError, match="a column 'esay'; there are submission or student, and"):
        read_by_hand(path, problem_set())


def test_points_by_hand_of_nobody_are_told(book: Gradebook) -> None:
    told = replace(book, by_hand={"anna": {"essay": 1}, "007": {"essay": 1}, "nobody": {}})
    assert told.strangers([row(report(name="anna"))]) == ["nobody"]


@given(st.text(), st.text())
def test_any_name_can_be_enrolled_and_looked_for(name: str, other: str) -> None:
    known = Roster([Enrolled(Student("1", name))])
    known.find(Student("", other))
    found = known.find(Student("", name))
    assert found is None or found.student.name == name
