"""Grades submissions in a process of its own, with its own sandbox."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.course.table import Course
from autograder.grading.basis import Basis
from autograder.grading.grade import Grader, Update
from autograder.grading.rows import Right
from autograder.model import CourseError, QuestionResult, Report
from autograder.reading.collect import Found
from autograder.results.files import write_results
from autograder.sandbox.job import SandboxError

Expected = Mapping[str, list[Right]]


@dataclass(frozen=True)
class Setup:
    """What any process needs to make a grader: where the course lies, and its secret.

    ``secret`` is None where the course's folder holds it.
    """

    root: Path
    problem_set: str
    secret: bytes | None = field(default=None, repr=False)

    def grader(self) -> Grader:
        """A new one. Raises CourseError."""
        course = Course(self.root, self.secret)
        basis = Basis.load(course.problem_set(self.problem_set), course)
        return Grader(basis, kept=course.known_path(self.problem_set))


@dataclass(frozen=True)
class Task:
    """A submission to grade; ``good`` are results that still hold, by question.

    results.json is written into ``folder`` as it comes, where there is one.
    """

    found: Found
    good: Mapping[str, QuestionResult]
    folder: Path | None = None


def grade(grader: Grader, task: Task) -> Report:
    """The report on a task."""
    update: Update = _nothing
    if task.folder:
        path = task.folder / "results.json"

        def update(report: Report) -> None:
            write_results(report, path)

    return grader.grade(grader.load(task.found), update, task.good)


def _nothing(report: Report) -> None:
    pass


def serve(setup: Setup, receive: Callable[[], Any], send: Callable[[Any], None]) -> None:
    """Do what is asked until nobody asks: a question's id, what is expected, or a task."""
    with setup.grader() as grader:
        questions = {q.id: q for q in grader.problem_set.questions}
        while True:
            try:
                asked = receive()
            except EOFError:
                return
            match asked:
                case str():
                    try:
                        send(grader.expected(questions[asked]))
                    except (CourseError, SandboxError):
                        send([])  # whoever grades an answer to it says what is wrong
                case Task():
                    send(grade(grader, asked))
                case expected:
                    grader.expect(expected)
