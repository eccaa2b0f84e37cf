"""The executed reference of a problem set: each part is run once, whoever has it."""

from dataclasses import replace

import nbformat
from nbformat import NotebookNode

from autograder.authoring.compose import composed
from autograder.authoring.execute import execute
from autograder.authoring.resume import OWN_METADATA
from autograder.course.table import Course
from autograder.grading.reported import fill
from autograder.model import ProblemSet
from helpers.handing.claims import shown_results
from helpers.notebook import RESULT
from helpers.reading.cells import cells_of, outputs


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


def with_results(ps: ProblemSet, course: Course, executed: NotebookNode) -> NotebookNode:
    """The solution notebook of a problem set, not run, with the results of another's execution.

    What is judged of other numbers are the answers: no training has to be waited for.
    """
    notebook = nbformat.reads(composed(ps, course), as_version=4)
    shown = [o for o in outputs(cells_of(executed)) if RESULT in o.get("data", {})]
    for cell in notebook.cells:
        for part in course.parts(ps):
            if rule := part.reports.get(cell.metadata.get("nbgrader", {}).get("grade_id")):
                cell.source = fill(rule, cell.source, shown_results(shown))
    notebook.cells.append(nbformat.v4.new_code_cell(outputs=shown, id="results"))
    return notebook


def _beginning(ps: ProblemSet, parts: int) -> ProblemSet:
    """The problem set with the first of its parts alone."""
    names = ps.parts[:parts]
    return replace(
        ps,
        parts=names,
        questions=tuple(q for q in ps.questions if q.part in names),
        by_hand=tuple(q for q in ps.by_hand if q.part in names),
    )
