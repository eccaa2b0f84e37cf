"""The executed reference of a problem set: each part is run once, whoever has it."""

from dataclasses import replace

import nbformat
from nbformat import NotebookNode

from autograder.authoring.compose import composed
from autograder.authoring.execute import execute
from autograder.authoring.resume import OWN_METADATA
from autograder.course.table import Course
from autograder.model import ProblemSet


def reference(ps: ProblemSet, course: Course, profile: str = "mini") -> NotebookNode:
    """The solution notebook of a problem set, executed, its results filled in.

    A problem set that begins with the parts of another continues from that one's execution.

    Raises:
        CourseError: a cell fails; the message names it.
    """
    executed: NotebookNode | None = None
    for n in range(len(ps.parts)):
        first = _beginning(ps, n + 1)
        parts = course.parts(first)
        executed = execute(
            nbformat.reads(composed(first, course), as_version=4),
            "-".join(first.parts),
            profile,
            root=course.root,
            rules={id: rule for part in parts for id, rule in part.reports.items()},
            before=executed,
        )
    assert executed is not None
    for key in OWN_METADATA:
        del executed.metadata[key]
    return executed


def _beginning(ps: ProblemSet, parts: int) -> ProblemSet:
    """The problem set with the first of its parts alone."""
    names = ps.parts[:parts]
    return replace(
        ps,
        parts=names,
        questions=tuple(q for q in ps.questions if q.part in names),
        by_hand=tuple(q for q in ps.by_hand if q.part in names),
    )
