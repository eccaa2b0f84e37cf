"""The course of this checkout, graded with the public secret."""

from dataclasses import replace

from autograder.authoring.release import compose
from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.grading.basis import Basis
from autograder.model import Budget, ProblemSet

COURSE = Course(secret=PUBLIC_SECRET)


def basis(ps: ProblemSet | str, limits: Budget | None = None) -> Basis:
    """What a problem set is graded by: its release, and its solutions as they are now."""
    ps = COURSE.problem_set(ps) if isinstance(ps, str) else ps
    compose(ps, COURSE)
    return Basis.load(replace(ps, limits=limits) if limits else ps, COURSE)
