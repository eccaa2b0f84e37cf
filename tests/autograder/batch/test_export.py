"""Grades go to other programs: nbgrader's database through its own API, and tables by command."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from handed_in import PS
from nbgrader.api import Gradebook as Database
from shipped import COURSE
from stand_in import SET

from autograder.batch.export import export
from autograder.course.table import Course
from autograder.model import CheckResult, CourseError, HandIn, QuestionResult, Report, Student
from autograder.paths import ROOT
from autograder.results.files import write_results

pytestmark = pytest.mark.slow
ANNA = Student("a1", "Anna Lee", "a@x.edu")
AT = datetime(2026, 10, 25, 12, 0, tzinfo=UTC)


def graded(name: str, wrong: str = "", **hand_in: object) -> Report:
    questions = [
        QuestionResult(q, [CheckResult("It adds.", q.id != wrong)], done=True)
        for q in SET.questions
    ]
    return Report(name, SET, questions, hand_in=HandIn(**hand_in))  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    reports = [
        graded(
            "anna", wrong="encoder", students=(Student("a1", "Anna Lee", "a@x.edu"),), submitted=AT
        ),
        graded("ben"),
        graded("cleo", students=(Student("c1"), Student("c2"))),
    ]
    for report in reports:
        write_results(report, tmp_path / "out" / report.submission / "results.json")
    fault = graded("dora")
    fault.questions[0].fault = "no memory"
    write_results(fault, tmp_path / "out" / "dora" / "results.json")
    return tmp_path / "out"


def test_nbgraders_database_has_scores_comments_and_times(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "gradebook.db"
    for _ in range(2):  # again, it is the same
        said = export(folder, "nbgrader", out, None, COURSE)
        assert "scores and comments of 4 students. 1 with a fault" in said
        with Database(f"sqlite:///{out}") as book:
            scores = {s.student.id: s.score for s in book.assignment_submissions(PS)}
            assert scores == {"a1": 4, "ben": 5, "c1": 5, "c2": 5}
            anna = book.find_submission(PS, "a1")
            assert anna.max_score == 5 and anna.timestamp == AT.replace(tzinfo=None)
            assert not anna.needs_manual_grade
            student = book.find_student("a1")
            assert (student.first_name, student.last_name, student.email) == (
                "Anna", "Lee", "a@x.edu",
            )  # fmt: skip
            comment = book.find_comment("encoder", PS, PS, "a1").comment
            assert "It adds" in comment and "checks failed" in comment


def test_points_by_hand_and_a_bonus_go_where_nbgrader_keeps_them(tmp_path: Path) -> None:
    ps = COURSE.problem_set("ps_transfer")
    questions = [
        QuestionResult(q, [CheckResult("It adds.", True)], done=True) for q in ps.questions
    ]
    out = tmp_path / "out"
    write_results(Report("anna", ps, questions), out / "anna" / "results.json")
    by_hand = ps.by_hand[0]
    (out / "by_hand.csv").write_text(f"submission,{by_hand.id}\nanna,{by_hand.points / 2}\n")
    export(out, "nbgrader", tmp_path / "gradebook.db", None, COURSE)
    with Database(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        submission = book.find_submission(ps.id, "anna")
        bonus = sum(q.points for q in ps.questions if q.bonus)
        assert submission.score == pytest.approx(ps.points + bonus + by_hand.points / 2)
        assert submission.needs_manual_grade == (len(ps.by_hand) > 1)


def test_what_is_no_database_is_told_and_left_alone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("my notes, which are no database\n" * 100)
    with pytest.raises(CourseError, match="is no database of nbgrader's"):
        export(folder, "nbgrader", tmp_path / "notes.db", None, COURSE)
    assert (tmp_path / "notes.db").read_text().startswith("my notes")


def test_a_table_with_the_total_after_lateness(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="says nothing of what lateness costs"):
        export(folder, "canvas", tmp_path / "c.csv", None, COURSE, late=True)
    root = tmp_path / "course"
    (root / "secrets").mkdir(parents=True)
    (root / "notebooks").symlink_to(ROOT / "notebooks")
    text = COURSE.file.read_text(encoding="utf-8")
    text = text.replace("due = 2026-10-26", "due = 2026-10-24").replace(
        "# [late]", "[late]\npoints_a_day = 1"
    )
    (root / "course.toml").write_text(text, encoding="utf-8")
    course = Course(root, b"secret")
    assert course.problem_set(PS).late is not None
    export(folder, "gradescope", tmp_path / "late.csv", None, course, late=True)
    rows = (tmp_path / "late.csv").read_text(encoding="utf-8").splitlines()
    assert rows[1].endswith(",3") and rows[1].startswith("Anna Lee,a1")  # 4, a day late
    export(folder, "nbgrader", tmp_path / "late.db", None, course, late=True)
    with Database(f"sqlite:///{tmp_path / 'late.db'}") as book:
        anna = book.find_submission(PS, "a1")
        assert (anna.score, anna.late_submission_penalty) == (4, 1)
        assert book.find_submission(PS, "c1").late_submission_penalty == 0


def test_nbgraders_database_is_no_gradebook_to_be_filled(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="--gradebook is a table of Canvas's or Gradescope's"):
        export(folder, "nbgrader", tmp_path / "g.db", tmp_path / "own.csv", COURSE)


def test_a_name_with_a_comma_begins_with_the_last_one(folder: Path, tmp_path: Path) -> None:
    (folder / "roster.csv").write_text('id,name\nben,"Öst, Ben Olof"\n', encoding="utf-8")
    export(folder, "nbgrader", tmp_path / "g.db", None, COURSE)
    with Database(f"sqlite:///{tmp_path / 'g.db'}") as book:
        ben = book.find_student("ben")
        assert (ben.first_name, ben.last_name) == ("Ben Olof", "Öst")


def test_an_empty_folder_says_what_it_has_to_hold(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="has to hold results of one problem set"):
        export(tmp_path, "canvas", tmp_path / "c.csv", None, COURSE)
