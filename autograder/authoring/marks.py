"""Marks the answers and tests of a composed notebook for nbgrader, having checked them."""

import ast
from typing import Any

from nbformat import NotebookNode

from autograder.authoring import leaks
from autograder.grading.marks import MARK as STEP
from autograder.grading.marks import instrumented
from autograder.model import CourseError, ProblemSet, Question
from helpers.notebook import question_of

TODO = "todo"
"""The tag of a given cell with lines between marks that are left to students, and not graded."""


def mark(cells: list[NotebookNode], ps: ProblemSet) -> None:
    """Mark answer and test cells for nbgrader, having checked them against the questions."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    _hidden_steps(code, ps)
    found: dict[str, int] = {}
    for index, cell in enumerate(code):
        if not (id := question_of(cell.source)):
            continue
        if id in found:
            raise CourseError(f"{ps.id}: two cells are marked `# Question: {id}`.")
        found[id] = index
    questions = {q.id: q for q in ps.questions}
    if unknown := [id for id in found if id not in questions]:
        raise CourseError(
            f"{ps.id}: a cell is marked `# Question: {unknown[0]}`, but the questions are "
            f"{', '.join(questions)}."
        )
    for question in ps.questions:
        if question.id not in found:
            raise CourseError(f"{ps.id}: no cell begins with `# Question: {question.id}`.")
        index = found[question.id]
        answer, test = code[index], code[index + 1] if index + 1 < len(code) else None
        _answer(answer, question, ps)
        if test is None or test.id != f"test_{question.id}":
            raise CourseError(
                f"{ps.id}: the code cell below the answer to {question.id} has to be its test, "
                f"with the id 'test_{question.id}', but is {test and test.id!r}."
            )
        answer.id = question.id
        answer.metadata.nbgrader = _nbgrader(question.id)
        # nbgrader has no bonus cells: such points are extra credit, beside the maximum.
        test.metadata.nbgrader = _nbgrader(test.id, 0 if question.bonus else question.points)
    for cell in code:
        if TODO in cell.metadata.get("tags", []):
            cell.metadata.nbgrader = _nbgrader(cell.id)
    for question in ps.by_hand:
        _by_hand(cells, question, ps)
    if doubles := sorted({c.id for c in cells if sum(c.id == d.id for d in cells) > 1}):
        raise CourseError(f"{ps.id}: several cells have the id {doubles[0]!r}.")


def _hidden_steps(code: list[NotebookNode], ps: ProblemSet) -> None:
    """Check that marks of steps stand where a release leaves them out."""
    for cell in code:
        if told := [line for line in leaks.split(cell.source)[0] if STEP.search(line)]:
            raise CourseError(
                f"{ps.id}, cell {cell.id!r}: `{told[0].strip()}` marks a step outside of the "
                "solution's lines, where students would read it."
            )


def _by_hand(cells: list[NotebookNode], question: Question, ps: ProblemSet) -> None:
    """Mark the text cell of a question that a person grades."""
    first = f"<!-- Question: {question.id} -->"
    texts = [c for c in cells if c.cell_type == "markdown"]
    found = [c for c in texts if question_of(c.source, "markdown") == question.id]
    if len(found) != 1:
        raise CourseError(f"{ps.id}: {len(found)} text cells begin with `{first}`, not one.")
    cell = found[0]
    if not leaks.split(cell.source)[1]:
        raise CourseError(
            f"{ps.id}, the answer to {question.id} has no lines between ### BEGIN SOLUTION and "
            "### END SOLUTION."
        )
    cell.id = question.id
    cell.metadata.nbgrader = {**_nbgrader(question.id, question.points), "solution": True}
    cell.metadata.nbgrader["locked"] = False


def _nbgrader(grade_id: str, points: float | None = None) -> dict[str, Any]:
    graded = points is not None
    marks: dict[str, Any] = {"grade": graded, "solution": not graded, "locked": graded}
    if points is not None:
        marks["points"] = int(points) if points == int(points) else points
    return {**marks, "grade_id": grade_id, "schema_version": 3}


def _answer(cell: NotebookNode, question: Question, ps: ProblemSet) -> None:
    place = f"{ps.id}, the answer to {question.id}"
    if not leaks.split(cell.source)[1]:
        raise CourseError(f"{place} has no lines between ### BEGIN SOLUTION and ### END SOLUTION.")
    instrumented(cell.source, place)
    names = [name for name, _ in definitions(cell.source, place)]
    if sorted(names) != sorted(question.names):
        raise CourseError(
            f"{place} defines {', '.join(names) or 'nothing'}, but has to define "
            f"{', '.join(question.names)} and nothing else."
        )


def definitions(source: str, place: str) -> list[tuple[str, str]]:
    """What a cell defines at its top level: each name, with its header if it is code."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise CourseError(f"{place} is no valid Python: {error}.") from None
    found: list[tuple[str, str]] = []
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name, bases=bases):
                found.append((name, f"class {name}({', '.join(map(ast.unparse, bases))}):"))
            case ast.FunctionDef(name=name, args=args):
                found.append((name, f"def {name}({ast.unparse(args)}):"))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found.append((name, ""))
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                found += [(alias.asname or alias.name, "") for alias in aliases]
            case ast.Expr(value=ast.Constant(value=str())):
                pass
            case _:
                found.append((f"`{ast.unparse(node).splitlines()[0]}`", ""))
    return found
