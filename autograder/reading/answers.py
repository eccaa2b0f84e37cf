"""Reads a submission: which cell answers which question, whatever happened to the notebook.

Standard library only, and nothing of what a student wrote is run. Bad input is never an error
here: it becomes a sentence in ``Submission.problem``, or a note.
"""

import ast
import functools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.course.table import release_path
from autograder.model import CourseError, ProblemSet, Question
from autograder.reading.cells import LARGEST, Cell, cells_of, decode, recorded
from autograder.reading.magics import neutralise, tree
from helpers.notebook import QUESTION

LONGEST = 100_000  # characters of one answer
MOST_CODE = 1_000_000  # characters of all cells that may hold code
MOST_CELLS = 10_000
MOST_PIECES = 20  # cells that one may be split into


@dataclass(frozen=True)
class Release:
    """The notebook that students were given."""

    problem_set: ProblemSet
    cells: list[dict[str, Any]]

    @classmethod
    def load(cls, problem_set: ProblemSet, root: Path) -> "Release":
        path = release_path(problem_set, root)
        if not path.is_file():
            raise CourseError(
                f"{path} is missing: run `python -m autograder release {problem_set.id}`."
            )
        notebook = json.loads(path.read_text(encoding="utf-8"))
        return cls(problem_set, notebook["cells"])

    @property
    def given(self) -> list[str]:
        """The sources of the code cells that are neither answers nor tests."""
        cells = cells_of({"cells": self.cells})
        return [c.source for c in cells if c.kind == "code" and not c.grade_id]

    def blank(self, grade_id: str) -> str:
        """The source of an answer or test cell as it was given out; "" where there is none."""
        cells = cells_of({"cells": self.cells})
        return next((c.source for c in cells if c.grade_id == grade_id), "")


@dataclass
class Submission:
    """What is graded of a notebook.

    ``answers`` holds Python by question id, "" where there is none; ``extras`` the student's own
    other code cells; ``records`` the results that helpers recorded in outputs, in their order;
    ``models`` the files of weights beside the notebook, by their SHA-256;
    ``problem`` says in a sentence why nothing can be graded, ``fault`` what failed in the grader.
    """

    name: str
    answers: dict[str, str]
    extras: list[str] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
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
    other = _other_problem_set(notebook, ps)
    cells = cells_of(notebook)
    length = sum(len(c.source) for c in cells if _may_be_code(c, ps))
    if other:
        submission.problem = f"This is the notebook of {other}, not of {ps.id}."
    elif not cells:
        submission.problem = "The notebook has no cells: save it again and hand it in."
    elif len(cells) > MOST_CELLS or length > MOST_CODE:
        submission.problem = (
            f"The notebook has {len(cells):,} cells and {length:,} characters of code: too many "
            "to read. Delete what was pasted into it."
        )
    if submission.problem:
        return submission
    cells = _mended(cells)
    if "nbformat" not in notebook:
        submission.notes.append("The file does not say that it is a notebook (`nbformat`).")
    elif "worksheets" in notebook:
        submission.notes.append("The notebook is saved in an old format (nbformat 3).")

    used = _find_answers(cells, submission, release)
    if not used:
        ids = ", ".join(q.id for q in ps.questions)
        submission.problem = f"The notebook answers no question of {ps.id} ({ids})."
        return submission
    if not any(c.grade_id for c in cells):
        submission.notes.append(
            "The cells have lost their marks; answers were found by their first lines and names."
        )
    _note_tests(cells, submission, release)
    _add_extras(cells, used, submission, release)
    submission.records = recorded(cells)
    submission.notes = list(dict.fromkeys(submission.notes))
    return submission


@functools.lru_cache(maxsize=1000)
def defined(source: str) -> frozenset[str]:
    """The names that a cell defines at its top level; none where it is no Python."""
    module = tree(source)
    return frozenset(_names(module.body) if module else ())


def _names(body: list[ast.stmt]) -> set[str]:
    names: set[str] = set()
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign(targets=targets):
                names |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {a.asname or a.name for a in aliases}
            case ast.If() | ast.Try() | ast.With():
                waiting += [*node.body, *getattr(node, "orelse", [])]
    return names


def same_text(a: str, b: str) -> bool:
    """Whether two cells differ in white space at most."""
    return "".join(a.split()) == "".join(b.split())


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


def _find_answers(cells: list[Cell], submission: Submission, release: Release) -> set[int]:
    """Fill in the answers; the indices of the cells that hold or were meant to hold them."""
    used: set[int] = set()
    ps = release.problem_set
    plain = [neutralise(c.source) if _may_be_code(c, ps) else ("", []) for c in cells]
    names = [
        defined(p[0]) if c.kind == "code" else frozenset[str]()
        for c, p in zip(cells, plain, strict=True)
    ]
    for question in release.problem_set.questions:
        notes = submission.question_notes.setdefault(question.id, [])
        wanted, blank = set(question.names), release.blank(question.id)

        def good(i: int, wanted: set[str] = wanted, blank: str = blank) -> bool:
            """Filled in, and defining all."""
            return not same_text(cells[i].source, blank) and wanted <= defined(plain[i][0])

        own = _marked(cells, question)
        free = [
            i
            for i, c in enumerate(cells)
            if c.kind == "code" and not c.grade_id and i not in own and i not in used
            and _marker(c) in (None, question.id)
        ]  # fmt: skip
        candidates = own or [i for i in free if _speaks_of(question, cells[i].source)]
        chosen = [i for i in candidates if good(i)][-1:]
        if not chosen and own:
            # the answer, or the rest of it, may stand in a cell that the student added
            chosen = [i for i in free if good(i)][-1:]
            parts = [i for i in own if not same_text(cells[i].source, blank)]
            parts += [i for i in free if names[i] & wanted]
            if not chosen and wanted <= set().union(*(names[i] for i in parts)):
                chosen = sorted(parts)
        if not chosen and not own:
            parts = [i for i in free if names[i] & wanted]
            if wanted <= set().union(*(names[i] for i in parts)):
                chosen = parts
        if not chosen:
            # or in the cell of another question
            other = [i for i, c in enumerate(cells) if not (c.grade_id or "").startswith("test_")]
            chosen = [i for i in other if names[i] >= wanted and good(i)][-1:]
        if not chosen:
            touched = [i for i in candidates if not same_text(cells[i].source, blank)]
            chosen = (touched or candidates)[-1:]
        if not chosen:
            notes.append("The notebook has no cell for this question.")
            continue

        submission.answers[question.id] = "\n".join(plain[i][0] for i in chosen)
        used |= {*own, *chosen}
        if len(own) > 1 and len(chosen) == 1:
            notes.append(
                f"{len(own)} cells answer this question; "
                f"the last that defines {_listed(question.names)} was graded."
            )
        if len(chosen) > 1 or any(cells[i].split for i in chosen):
            notes.append("The answer is split over several cells; they were graded as one.")
        if not own or chosen[0] not in own:
            notes.append("The answer was found in another cell than its own.")
        for i in chosen:
            notes += plain[i][1]
            if cells[i].kind != "code":
                notes.append(f"The answer is in a {cells[i].kind} cell; it was graded as code.")
            if len(cells[i].source) > LONGEST:
                notes.append(
                    f"The cell has {len(cells[i].source):,} characters: too many to grade."
                )
    return used


def _may_be_code(cell: Cell, ps: ProblemSet) -> bool:
    """Whether a cell is worth parsing: an answer may stand in a text cell, but not a picture."""
    if len(cell.source) > LONGEST:
        return False
    names = [name for q in ps.questions for name in q.names]
    named = any(name in cell.source for name in names) and "data:image" not in cell.source
    return named or cell.kind == "code"


def _marked(cells: list[Cell], question: Question) -> list[int]:
    """Cells with the question's grade_id, else with its marker comment."""
    by_id = [i for i, c in enumerate(cells) if c.grade_id == question.id]
    return by_id or [i for i, c in enumerate(cells) if _marker(c) == question.id]


def _marker(cell: Cell) -> str | None:
    match = QUESTION.match(cell.source.lstrip())
    return match.group(1) if match else None


def _speaks_of(question: Question, source: str) -> bool:
    """Whether a cell, be it Python or not, seems to define one of the question's names."""
    defines = r"^[ \t]*((class|def)[ \t]+{0}\b|{0}[ \t]*(:[^=\n]*)?=[^=])"
    return any(re.search(defines.format(name), source, re.MULTILINE) for name in question.names)


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
    known = {"".join(c.source.split()) for c in cells_of({"cells": release.cells})}
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


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(f"`{name}`" for name in names)
