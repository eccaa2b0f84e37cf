"""What to fix in a notebook before it is handed in. Nothing of it is run here.

It reads the notebook as the grader does, with the same functions, and asks for nothing else.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from helpers.handing import outputs
from helpers.handing.findings import Finding
from helpers.notebook import course, hands_in, question_of
from helpers.reading.cells import Cell, cells_of, mended
from helpers.reading.finding import Answer, Asked, Finder, defined, is_stub, leaves_work
from helpers.reading.magics import tree

STUB = "*Write here.*"


def precheck(notebook: dict[str, Any]) -> list[Finding]:
    """All that is wrong with a notebook as saved, in the order in which to fix it."""
    cells = mended(cells_of(notebook))
    questions = asked(notebook)
    finder = Finder(cells, questions)
    answers = {question.id: finder.find(question) for question in questions}
    names = {question.id: question.names for question in questions}
    bonus = course(notebook).get("bonus")
    optional = {*map(str, bonus)} if isinstance(bonus, list) else set()
    code = [c for c in cells if c.kind == "code" and c.source.strip() and not hands_in(c.source)]
    return [
        *_other(answers),
        *outputs.settings(notebook, code),
        *_missing(answers, optional),
        *_untouched(cells, finder, answers, names, optional),
        *_by_hand(notebook, cells),
        *outputs.not_run(code),
        *outputs.errors(code),
        *outputs.interrupted(code),
        *outputs.not_a_number(code),
        *outputs.figures(code),
        *outputs.results(cells, answers, names),
    ]


def asked(notebook: dict[str, Any]) -> list[Asked]:
    """The notebook's questions, as released; where it does not say, as its cells do."""
    said = course(notebook)
    listed, names = said.get("questions"), said.get("names")
    names = names if isinstance(names, dict) else {}
    names = {id: listed for id, listed in names.items() if isinstance(listed, list)}
    if not isinstance(listed, list):
        listed = [
            id for c in cells_of(notebook) if c.kind == "code" and (id := question_of(c.source))
        ]
    ids = dict.fromkeys(map(str, listed))
    return [Asked(id, tuple(map(str, names.get(id) or ()))) for id in ids]


def missing_from_pdf(notebook: dict[str, Any], pdf: bytes) -> list[Finding]:
    """The questions whose answers cannot be read in the PDF."""
    from pypdf import PdfReader

    pages = PdfReader(io.BytesIO(pdf)).pages
    text = re.sub(r"\s+", "", "".join(page.extract_text() for page in pages))
    code = [c for c in cells_of(notebook) if c.kind == "code"]
    there = [id for c in code if (id := question_of(c.source))]
    return [
        Finding(f"The PDF does not show your answer to {id}: make it again from this notebook.")
        for id in there
        if f"Question:{id}" not in text
    ]


def _other(answers: Mapping[str, Answer]) -> Iterator[Finding]:
    if not any(answer.cells for answer in answers.values()):
        yield Finding(
            "This notebook answers no question of a problem set: hand in the one that you were "
            "given, with your answers in it."
        )


def _missing(answers: Mapping[str, Answer], optional: Collection[str]) -> Iterator[Finding]:
    for id, answer in answers.items():
        if not (answer.cells or id in optional):
            yield Finding(
                f"There is no answer to {id}: begin its cell with `# Question: {id}`, as it was "
                "handed out."
            )


def _untouched(
    cells: Sequence[Cell],
    finder: Finder,
    answers: Mapping[str, Answer],
    names: Mapping[str, Sequence[str]],
    optional: Collection[str],
) -> Iterator[Finding]:
    for id, answer in answers.items():
        if not answer.cells:
            continue
        cell, absent = cells[answer.cells[-1]], set(names[id]) - defined(answer.source)
        if _left_open(answer.source, names[id]) or not answer.source.strip():
            if id not in optional:
                text = f"The answer to {id} is not written yet, or not all of it."
                yield Finding(text, cell)
        elif tree(answer.source) is None:
            yield Finding(f"The answer to {id} is not valid Python: run its cell, and see.", cell)
        elif absent:
            listed = ", ".join(f"`{name}`" for name in sorted(absent))
            yield Finding(f"The answer to {id} does not define {listed}.", cell)
    for i, cell in enumerate(cells):
        own = cell.kind == "code" and i not in finder.used and not question_of(cell.source)
        if own and leaves_work(outputs.python(cell.source)):
            yield Finding("What this cell leaves to you is not written yet.", cell)


def _left_open(source: str, names: Sequence[str]) -> bool:
    """Whether a line of an answer is left to write, or what it defines does nothing at all."""
    module = tree(source) or ast.Module([], [])
    empty = (getattr(node, "name", None) in names and _is_empty(node) for node in module.body)
    return is_stub(source) or any(empty)


def _is_empty(node: ast.stmt) -> bool:
    """Whether a statement does nothing, or defines what does nothing."""
    match node:
        case ast.FunctionDef(body=body) | ast.ClassDef(body=body):
            return all(map(_is_empty, body))
        case ast.Return(value=value):
            return value is None or (isinstance(value, ast.Constant) and value.value is None)
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return True
    return False


def _by_hand(notebook: dict[str, Any], cells: Sequence[Cell]) -> Iterator[Finding]:
    """Of the questions that are answered in text."""
    listed = course(notebook).get("by_hand")
    texts = [c.source for c in cells if c.kind != "code"]
    written = {
        id: t.partition("-->")[2].strip() for t in texts if (id := question_of(t, "markdown"))
    }
    for id in map(str, listed if isinstance(listed, list) else []):
        if id not in written:
            yield Finding(
                f"There is no text cell that begins with `<!-- Question: {id} -->`: put this line "
                "back as the first of your answer."
            )
        elif written[id] in ("", STUB):
            yield Finding(f"The answer to {id}, in a text cell, is not written yet.")
