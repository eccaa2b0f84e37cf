"""Reads a submission: its answers, the student's other code, and what its outputs tell.

Nothing of what a student wrote is run. Bad input is never an error
here: it becomes a sentence in ``Submission.problem``, or a note.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.model import ProblemSet
from autograder.reading.cells import LARGEST, Cell, cells_of, decode, outputs
from autograder.reading.finding import LONGEST, Finder, may_be_code, same_text
from autograder.reading.magics import neutralise, tree
from autograder.reading.released import Release
from helpers.handing.claims import Result, shown_results

MOST_CODE = 1_000_000  # characters of all cells that may hold code
MOST_CELLS = 10_000
MOST_PIECES = 20  # cells that one may be split into


@dataclass
class Submission:
    """What is graded of a notebook.

    ``answers`` holds Python by question id, "" where there is none; ``extras`` the student's own
    other code cells; ``results`` the accuracies that the notebook shows, by name;
    ``models`` the files of weights beside the notebook, by their SHA-256;
    ``problem`` says in a sentence why nothing can be graded, ``fault`` what failed in the grader.
    """

    name: str
    answers: dict[str, str]
    extras: list[str] = field(default_factory=list)
    results: dict[str, Result] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    question_notes: dict[str, list[str]] = field(default_factory=dict)
    problem: str = ""
    fault: str = ""
    models: dict[str, bytes] = field(default_factory=dict)


def read(path: Path, release: Release, name: str | None = None) -> Submission:
    """The submission in the notebook file ``path``."""
    name = path.stem if name is None else name
    try:
        if path.is_dir():
            return Submission(name, {}, problem=f"{path.name} is a folder, not a notebook.")
        if not path.is_file():
            return Submission(name, {}, problem=f"There is no notebook {path.name}.")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        problem = f"{path.name} cannot be read: {error.strerror}."
        return Submission(name, {}, problem=problem)
    return read_bytes(data, path.name, release, name)


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
    cells = _mended(cells)
    if "nbformat" not in notebook:
        submission.notes.append("The file does not say that it is a notebook (`nbformat`).")
    elif "worksheets" in notebook:
        submission.notes.append("The notebook is saved in an old format (nbformat 3).")

    finder = Finder(cells, release)
    for question in ps.questions:
        found = finder.find(question)
        submission.answers[question.id] = found.source
        submission.question_notes[question.id] = found.notes
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
    submission.notes = list(dict.fromkeys(submission.notes))
    return submission


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


def _mended(cells: list[Cell]) -> list[Cell]:
    """Cells with those joined again that were split inside a class or function."""
    mended: list[Cell] = []
    pieces = 1
    for cell in cells:
        last = mended[-1] if mended else None
        text = cell.source.lstrip("\n")
        fits = last and len(last.source) + len(text) < LONGEST and pieces < MOST_PIECES
        if fits and last and last.kind == cell.kind == "code" and text[:1] in (" ", "\t"):
            joined = f"{last.source}\n{cell.source}"
            if tree(neutralise(cell.source)[0]) is None and tree(neutralise(joined)[0]):
                last.source, last.split = joined, True
                last.outputs += cell.outputs
                last.grade_id = last.grade_id or cell.grade_id
                pieces += 1
                continue
        mended.append(cell)
        pieces = 1
    return mended


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
