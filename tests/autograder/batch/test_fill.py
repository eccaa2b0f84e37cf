"""Canvas's and Gradescope's own tables get a column filled, and stay as they are else."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from reports import problem_set, report

from autograder.batch.fill import CANVAS, GRADESCOPE, fill
from autograder.batch.roster import Enrolled, Roster
from autograder.batch.tables import Gradebook
from autograder.model import CourseError, HandIn, Report, Student
from autograder.results.files import results
from autograder.results.rows import as_row

DUE = datetime(2026, 10, 27, tzinfo=UTC)
# As Canvas writes it: a byte order mark, the row of points, and a student who only looks.
OF_CANVAS = """\
\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Reading (17),Autoencoders (4711),Final Score
    Points Possible,,,,,10,3,(read only)
"Doe, Jane",123,u007,jane@x.edu,A and B,9,,90.1
"Öst, Ben",124,u008,ben@x.edu,A,"7,5",1,70
"Lee, Ann",125,u009,ann@x.edu,A,,,
"Student, Test",999,,,A,,,
"""
OF_GRADESCOPE = """\
First Name,Last Name,SID,Email,Sections,Total Score,Max Points,Status,Submission ID
Jane,Doe,u007,jane@x.edu,A,,3.0,Ungraded,1
Ben,Öst,u008,ben@x.edu,A,,3.0,Missing,
"""


def handed_in(name: str, *students: Student) -> Report:
    return replace(report(name=name), hand_in=HandIn(students))


def filled(
    tmp_path: Path,
    own: str | None,
    *reports: Report,
    roster: Roster | None = None,
    gradescope: bool = False,
) -> tuple[list[list[str]], str]:
    path = tmp_path / "own.csv"
    if own is not None:
        path.write_text(own, encoding="utf-8")
    book = Gradebook(problem_set(), DUE, roster or Roster([]))
    rows = [as_row(results(r), r.submission) for r in reports]
    layout = GRADESCOPE if gradescope else CANVAS
    out = tmp_path / "out.csv"
    said = fill(layout, book, rows, out, path if own is not None else None, "total")
    return list(csv.reader(io.StringIO(out.read_text(encoding="utf-8")))), said


def test_canvas_keeps_rows_and_columns(tmp_path: Path) -> None:
    table, said = filled(
        tmp_path,
        OF_CANVAS,
        handed_in("doejane_123", Student("123", "doejane")),
        handed_in("ostben_124", Student("124", "ostben")),
        handed_in("nobody_1", Student("1", "nobody")),
    )
    before = list(csv.reader(io.StringIO(OF_CANVAS.removeprefix("\ufeff"))))
    assert [[c for i, c in enumerate(r) if i != 6] for r in table] == [
        [c for i, c in enumerate(r) if i != 6] for r in before
    ]
    assert [r[6] for r in table] == ["Autoencoders (4711)", "3", "4", "4", "", ""]
    assert said.endswith("2 grades in the column 'Autoencoders (4711)'. "
                         "Not in the gradebook: nobody_1.")  # fmt: skip


def test_the_roster_knows_who_a_platform_does_not_name_so(tmp_path: Path) -> None:
    roster = Roster([Enrolled(Student("jdoe", "Jane Doe", "jane@x.edu"))])
    table, said = filled(tmp_path, OF_CANVAS, report(name="jdoe"), roster=roster)
    assert table[2][6] == "4" and "Not in" not in said


def test_an_assignment_that_canvas_does_not_have_is_a_new_column(tmp_path: Path) -> None:
    own = OF_CANVAS.replace("Autoencoders (4711)", "Essay (3)")
    table, said = filled(tmp_path, own, handed_in("x", Student("123")))
    assert "It is new: none bears the problem set's title (there are Reading (17), Essay" in said
    assert [r[-1] for r in table] == ["Autoencoders", "3", "4", "", "", ""]
    assert len({len(r) for r in table}) == 1


def test_of_two_with_one_name_and_no_ids_nobody_gets_the_grade(tmp_path: Path) -> None:
    header = "Student,ID,SIS User ID,SIS Login ID,Section,Autoencoders\n"
    for rows in ('"Chen, Wei",1,,,A,\n"Chen, Wei",2,,,B,\n', '"Chen, Wei",,,,A,\n' * 2):
        table, said = filled(tmp_path, header + rows, handed_in("u77", Student("u77", "Wei Chen")))
        assert [r[5] for r in table[1:]] == ["", ""] and "Not in the gradebook: u77." in said


def test_canvas_s_own_numbers_of_students_go_where_it_has_them(tmp_path: Path) -> None:
    table, _ = filled(tmp_path, None, handed_in("chenwei_1001", Student("1001", "chenwei")))
    assert table[1] == ["chenwei", "1001", "", "", "", "4"]


def test_gradescope_keeps_rows_and_columns(tmp_path: Path) -> None:
    table, said = filled(
        tmp_path,
        OF_GRADESCOPE,
        handed_in("a", Student("", "", "jane@x.edu")),
        handed_in("b", Student("9", "Ben Öst")),
        gradescope=True,
    )
    assert [r[5] for r in table] == ["Total Score", "4", "4"]
    assert [r[7] for r in table] == ["Status", "Ungraded", "Missing"]
    assert "2 grades in the column 'Total Score'" in said


def test_without_a_table_of_theirs_everybody_who_is_known_is_in_it(tmp_path: Path) -> None:
    roster = Roster([Enrolled(Student("7", "Jane Doe", "jane@x.edu"), "A")])
    table, _ = filled(tmp_path, None, report(name="jane"), report(name="zoe"), roster=roster)
    assert table == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Autoencoders"],
        ["Jane Doe", "", "7", "jane@x.edu", "A", "4"],
        ["zoe", "", "zoe", "", "", "4"],
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "no CSV file"), ("a,b\n1,2\n", "none of the columns ID, SIS User ID, SIS Login ID")],
)
def test_what_is_no_gradebook_says_so(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(CourseError, match=says):
        filled(tmp_path, text, report(name="a"))
