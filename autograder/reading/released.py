"""The release that students were given, which says what was theirs to fill in."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from autograder.model import CourseError, ProblemSet
from helpers.reading.cells import Cell, cells_of
from helpers.reading.finding import Asked, mark

if TYPE_CHECKING:
    from autograder.course.table import Course


@dataclass(frozen=True)
class Release:
    """The notebook that students were given, as it was when it was loaded."""

    problem_set: ProblemSet
    notebook: dict[str, Any]

    @classmethod
    def load(cls, problem_set: ProblemSet, course: "Course") -> "Release":
        path = course.release_path(problem_set.id)
        if not path.is_file():
            raise CourseError(
                f"{path} is missing: run `python -m autograder release {problem_set.id}`."
            )
        return cls(problem_set, json.loads(path.read_text(encoding="utf-8")))

    @cached_property
    def cells(self) -> list[Cell]:
        return cells_of(self.notebook)

    @cached_property
    def given(self) -> list[str]:
        """The sources of the code cells that are neither answers nor tests."""
        return [c.source for c in self.cells if c.kind == "code" and not c.grade_id]

    @cached_property
    def asked(self) -> list[Asked]:
        questions = self.problem_set.questions
        return [Asked(q.id, q.names, mark(self.blank(q.id))) for q in questions]

    def blank(self, grade_id: str) -> str:
        """The source of an answer or test cell as it was given out; "" where there is none."""
        return next((c.source for c in self.cells if c.grade_id == grade_id), "")
