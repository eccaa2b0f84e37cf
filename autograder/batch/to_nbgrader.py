"""Puts a class's scores and comments into nbgrader's database, through its own API."""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from autograder.batch.tables import Gradebook
from autograder.course.table import Course
from autograder.model import CourseError, Student
from autograder.reading.released import Release
from autograder.results.rows import Row


def export(
    book: Gradebook, rows: Sequence[Row], course: Course, out: Path, *, late: bool = False
) -> str:
    """Write into the database ``out``, which is made where it is none; say what was written.

    What ``late`` hand-ins cost is nbgrader's penalty.

    Raises:
        CourseError: the file is no database of nbgrader's.
    """
    from nbgrader.api import Gradebook as Database
    from sqlalchemy.exc import DatabaseError

    out.parent.mkdir(parents=True, exist_ok=True)
    # nbgrader starts alembic by its name, which lies beside this Python
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    try:
        with Database(f"sqlite:///{out.resolve()}") as database:
            release = Release.load(book.problem_set, course)
            _assignment(database, book, release)
            count = sum(_submission(database, book, row, late) for row in rows if not row.fault)
    except DatabaseError as error:
        said = str(error.orig or error).splitlines()[0]
        raise CourseError(f"{out} is no database of nbgrader's: {said}.") from None
    left = sum(bool(row.fault) for row in rows)
    rest = f" {left} with a fault of the grader were left out." if left else ""
    return f"{out}: scores and comments of {count} students.{rest}"


def _assignment(database: Any, book: Gradebook, release: Release) -> None:
    """The assignment as `nbgrader generate_assignment` records it, where that did not run."""
    ps = book.problem_set
    due = book.deadline.astimezone(UTC).replace(tzinfo=None)
    database.update_or_create_assignment(ps.id, duedate=due)
    database.update_or_create_notebook(ps.id, ps.id)
    points = {f"test_{q.id}": q.points for q in ps.questions}
    points |= {q.id: q.points for q in ps.by_hand}
    for cell in release.notebook["cells"]:
        marks = cell["metadata"].get("nbgrader")
        if not marks:
            continue
        id, kind = marks["grade_id"], cell["cell_type"]
        source = "".join(cell["source"])
        if marks["grade"]:
            top = points.get(id, float(marks["points"]))  # which the course may have changed
            database.update_or_create_grade_cell(id, ps.id, ps.id, max_score=top, cell_type=kind)
        if marks["solution"]:
            database.update_or_create_solution_cell(id, ps.id, ps.id)
        locked = bool(marks.get("locked"))
        database.update_or_create_source_cell(
            id, ps.id, ps.id, source=source, cell_type=kind, locked=locked
        )


def _submission(database: Any, book: Gradebook, row: Row, late: bool) -> int:
    """Write a submission's scores for each of its students; how many they are."""
    ps, at = book.problem_set, row.hand_in.submitted
    stamp = at.astimezone(UTC).replace(tzinfo=None) if at else None
    entries = book.entries([row])
    for line, told in entries:
        enrolled = book.roster.find(told)
        known = told if row.hand_in.students else Student(row.name)
        student = enrolled.student if enrolled else known
        id = student.id or row.name
        first, last = _names(student.name)
        database.update_or_create_student(
            id, first_name=first or None, last_name=last or None, email=student.email or None
        )
        with database.db.no_autoflush:  # else nbgrader's own way of making one warns
            made = database.update_or_create_submission(ps.id, id)
        if stamp:
            made.timestamp = stamp
        _scores(database, ps.id, id, row, book.given(row.name, Student(id)))
        off = float(line["total"]) - float(line["late_total"]) if late else 0.0
        database.find_submission_notebook(ps.id, ps.id, id).late_submission_penalty = off
        database.db.commit()
    return len(entries)


def _names(name: str) -> tuple[str, str]:
    """The first and the last name."""
    last, comma, first = map(str.strip, name.partition(","))
    if comma:
        return first, last
    first, _, last = name.rpartition(" ")
    return first, last


def _scores(
    database: Any, ps_id: str, student: str, row: Row, by_hand: Mapping[str, float]
) -> None:
    """Write scores and comments; nbgrader counts a bonus as extra credit."""
    for id, test in row.tests.items():
        grade = database.find_grade(f"test_{id}", ps_id, ps_id, student)
        bonus = bool(test["extra_data"].get("bonus"))
        grade.auto_score = 0.0 if bonus else float(test["score"])
        grade.extra_credit = float(test["score"]) if bonus else None
        grade.needs_manual_grade = False
        comment = database.find_comment(id, ps_id, ps_id, student)
        comment.auto_comment = str(test.get("output", ""))
    for id, points in by_hand.items():
        grade = database.find_grade(id, ps_id, ps_id, student)
        grade.manual_score, grade.needs_manual_grade = points, False
    database.db.commit()
