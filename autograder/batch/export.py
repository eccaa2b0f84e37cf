"""Grades for another program's gradebook."""

from pathlib import Path

from autograder.batch import to_nbgrader
from autograder.batch.fill import CANVAS, GRADESCOPE, fill
from autograder.batch.tables import Gradebook, read_class
from autograder.course.table import Course
from autograder.model import CourseError


def export(
    folder: Path, to: str, out: Path, own: Path | None, course: Course, *, late: bool = False
) -> str:
    """Write the grades in ``folder`` for ``canvas``, ``gradescope`` or ``nbgrader``.

    ``own`` is the platform's own table, of which rows and columns stay; ``late`` takes the total
    after lateness.

    Raises:
        CourseError: there are no results, or the gradebook is none.
    """
    ps, rows = read_class(folder, course)
    book = Gradebook.of(folder, ps, course)
    if late and not ps.late:
        raise CourseError(f"--late: {course.file} says nothing of what lateness costs ([late]).")
    if to == "nbgrader":
        if own:
            raise CourseError("--gradebook is a table of Canvas's or Gradescope's: leave it out.")
        return to_nbgrader.export(book, rows, course, out, late=late)
    layout = CANVAS if to == "canvas" else GRADESCOPE
    return fill(layout, book, rows, out, own, "late_total" if late else "total")
