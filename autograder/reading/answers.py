"""Reads a submission: its answers, the student's other code, and what its outputs tell.

Nothing of what a student wrote is run. Bad input is never an error
here: it becomes a sentence in ``Submission.problem``, or a note.
"""

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.model import HandIn, ProblemSet
from autograder.reading.needs import needed
from autograder.reading.newer import not_parsed, written_in
from autograder.reading.released import Release
from autograder.sandbox.cells import is_definition
from helpers.handing.claims import Result, is_number, literals, shown_results
from helpers.reading.cells import LONGEST, Cell, cells_of, mended, outputs
from helpers.reading.files import decode
from helpers.reading.finding import Finder, defined, may_be_code, same_text
from helpers.reading.magics import neutralise, tree

MOST_CODE = 1_000_000  # characters of all cells that may hold code
MOST_CELLS = 10_000
MANY_ANSWERS = 3  # in one cell, of which then only definitions are taken

Plain = bool | int | float | str | None
Claims = dict[str, dict[str, Plain] | None]
Model = dict[str, np.ndarray] | str


@dataclass
class Submission:
    """What is graded of a notebook.

    ``answers`` holds Python by question id, "" where there is none; ``extras`` the student's own
    other code cells. By question id as well, ``claims`` are the plain values that an answer
    assigns, ``uses`` the other answers that it needs, and ``needs`` the statements that make what
    it takes from own cells. ``results`` are the accuracies that the notebook shows, by name;
    ``models`` the weights that were handed in, or why they are none, by their SHA-256; ``problem``
    says in a sentence why nothing can be graded, ``fault`` what failed in the grader. ``newer`` is
    the version of Python that the notebook says it ran in, by the id of each question whose answer
    this Python cannot parse, and that one may. ``hand_in`` tells who handed it in.
    """

    name: str
    answers: dict[str, str]
    extras: list[str] = field(default_factory=list)
    results: dict[str, Result] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    question_notes: dict[str, list[str]] = field(default_factory=dict)
    problem: str = ""
    fault: str = ""
    claims: dict[str, Claims] = field(default_factory=dict)
    uses: dict[str, list[str]] = field(default_factory=dict)
    needs: dict[str, str] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    newer: dict[str, str] = field(default_factory=dict)
    hand_in: HandIn = field(default_factory=HandIn)


def read_bytes(data: bytes, file: str, release: Release, name: str) -> Submission:
    """The submission in a notebook's bytes; ``file`` is what messages call it."""
    notebook, notes, problem = decode(data, file)
    if problem:
        return Submission(name, {}, problem=problem)
    submission = read_notebook(notebook, release, name)
    submission.notes[:0] = notes
    return submission


def read_notebook(notebook: dict[str, Any], release: Release, name: str) -> Submission:
    """The submission in a notebook parsed from JSON."""
    ps = release.problem_set
    submission = Submission(name, {q.id: "" for q in ps.questions})
    cells = cells_of(notebook)
    submission.problem = _not_readable(notebook, cells, ps)
    if submission.problem:
        return submission
    cells = mended(cells)
    if "nbformat" not in notebook:
        submission.notes.append("The file does not say that it is a notebook (`nbformat`).")
    elif "worksheets" in notebook:
        submission.notes.append("The notebook is saved in an old format (nbformat 3).")

    finder = Finder(cells, release.asked)
    _find_answers(finder, submission, release)
    if not finder.used:
        ids = ", ".join(q.id for q in ps.questions)
        submission.problem = f"The notebook answers no question of {ps.id} ({ids})."
        return submission
    if not any(c.grade_id for c in cells):
        submission.notes.append(
            "The cells have lost their marks; answers were found by their first lines and names."
        )
    _note_tests(cells, submission, release)
    _add_extras(cells, finder.used, submission, release)
    submission.results = shown_results(outputs(cells))
    for question in ps.questions:
        if question.report:
            submission.claims[question.id] = claims(submission.answers[question.id])
        else:
            submission.uses[question.id] = _uses(question.id, submission.answers)
            answer = submission.answers[question.id]
            submission.needs[question.id] = needed(answer, submission.extras)
    if version := written_in(notebook):
        newer = not_parsed(cells, submission.answers, release)
        submission.newer = dict.fromkeys(newer, version)
    submission.notes = list(dict.fromkeys(submission.notes))
    return submission


def _find_answers(finder: Finder, submission: Submission, release: Release) -> None:
    found = {question.id: finder.find(question) for question in release.asked}
    times = Counter(cell for answer in found.values() for cell in answer.cells)
    for id, answer in found.items():
        # A cell with this many answers is much of a notebook, trainings too.
        whole = any(times[cell] >= MANY_ANSWERS for cell in answer.cells)
        source = definitions(answer.source, release.given) if whole else answer.source
        submission.answers[id], submission.question_notes[id] = source, answer.notes


def _not_readable(notebook: dict[str, Any], cells: list[Cell], ps: ProblemSet) -> str:
    names = [name for q in ps.questions for name in q.names]
    length = sum(len(c.source) for c in cells if may_be_code(c, names))
    if other := _other_problem_set(notebook, ps):
        return f"This is the notebook of {other}, not of {ps.id}."
    if not cells:
        return "The notebook has no cells: save it again and hand it in."
    if len(cells) > MOST_CELLS or length > MOST_CODE:
        return (
            f"The notebook has {len(cells):,} cells and {length:,} characters of code: too many "
            "to read. Delete what was pasted into it."
        )
    return ""


def _other_problem_set(notebook: dict[str, Any], ps: ProblemSet) -> str:
    metadata = notebook.get("metadata")
    course = metadata.get("course") if isinstance(metadata, dict) else None
    id = course.get("problem_set") if isinstance(course, dict) else None
    return id[:80] if isinstance(id, str) and id != ps.id else ""


def _note_tests(cells: list[Cell], submission: Submission, release: Release) -> None:
    for question in release.problem_set.questions:
        id = f"test_{question.id}"
        for cell in cells:
            if cell.grade_id == id and not same_text(cell.source, release.blank(id)):
                submission.question_notes[question.id].append(
                    "The test cell was changed; grading does not use it."
                )
                break


def _add_extras(
    cells: list[Cell], used: set[int], submission: Submission, release: Release
) -> None:
    """The student's own other code: neither given out, nor a test, nor an answer."""
    known = {"".join(c.source.split()) for c in release.cells}
    for i, cell in enumerate(cells):
        if cell.kind != "code" or i in used or "".join(cell.source.split()) in known:
            continue
        if (cell.grade_id or "").startswith("test_") or len(cell.source) > LONGEST:
            continue
        source, notes = neutralise(cell.source)
        submission.notes += notes
        if tree(source) is None:
            submission.notes.append("A cell of your own is not valid Python; it was left out.")
        else:
            submission.extras.append(source)


def claims(source: str) -> Claims:
    """The dicts of plain values that an answer assigns; None for any other literal."""
    return {name: _plain(value) for name, value in literals(tree(source)).items()}


def _plain(value: Any) -> dict[str, Plain] | None:
    if not isinstance(value, dict):
        return None
    return {str(k)[:100]: v if _is_plain(v) else None for k, v in list(value.items())[:100]}


def _is_plain(value: Any) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return is_number(value) and abs(value) < 1e15  # what JSON keeps
    return value is None or isinstance(value, bool) or (isinstance(value, str) and len(value) < 100)


def definitions(source: str, given: Sequence[str]) -> str:
    """A cell without the statements that do something, and without what is given anyway.

    What it defines stays in its lines.
    """
    module = tree(source)
    known = {ast.dump(n) for text in given for n in (tree(text) or ast.Module([], [])).body}
    lines = source.split("\n")
    for node in module.body if module else ():
        if not is_definition(node) or ast.dump(node) in known:
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
            end = node.end_lineno or node.lineno
            lines[first - 1 : end] = [""] * (end - first + 1)
    return "\n".join(lines)


def _uses(question: str, answers: dict[str, str]) -> list[str]:
    """The other answers, where this one names something that they define."""
    others = [id for id, source in answers.items() if id != question and source.strip()]
    module = tree(answers[question])
    used = {n.id for n in ast.walk(module) if isinstance(n, ast.Name)} if module else set()
    return others if used & set().union(*(defined(answers[id]) for id in others)) else []
