"""The course of this checkout, graded with the public secret."""

from dataclasses import replace
from pathlib import Path

from autograder.authoring.audit import composed_basis
from autograder.authoring.compose import composed
from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.grading.basis import Basis
from autograder.model import Budget, ProblemSet

COURSE = Course(secret=PUBLIC_SECRET)


def basis(ps: ProblemSet | str, limits: Budget | None = None) -> Basis:
    """What a problem set is graded by: its solutions as they are now."""
    ps = COURSE.problem_set(ps) if isinstance(ps, str) else ps
    return composed_basis(replace(ps, limits=limits) if limits else ps, COURSE)


def compose(ps_id: str) -> Path:
    """Write the composed notebook where ``grade`` looks for it."""
    path = COURSE.composed_path(ps_id)
    text = composed(COURSE.problem_set(ps_id), COURSE)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path
