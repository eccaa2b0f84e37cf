"""What to fix in a notebook before it is handed in. Nothing of it is run here."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from helpers.handing.claims import ROUNDING, Result, is_number, literals, shown_results
from helpers.notebook import CodeCell, code_cells, course, hands_in, question_of, text_of

STUB = "*Write here.*"
INTERRUPTED = re.compile(r"^Interrupted after epoch (\d+) of (\d+)", re.MULTILINE)
HIDDEN = re.compile(r"^Output hidden; open in https?://\S+ to view", re.MULTILINE)
DRAWING = re.compile(r"(draw|plot|show|visualize)(_|$)")


@dataclass(frozen=True)
class Finding:
    """Something to fix: a sentence, and the cell it is about, if it is about one."""

    text: str
    cell: CodeCell | None = None


def precheck(notebook: dict[str, Any]) -> list[Finding]:
    """All that is wrong with a notebook as saved, in the order in which to fix it."""
    cells = [c for c in code_cells(notebook) if not hands_in(c.source)]
    answers = {id: c for c in cells if (id := question_of(c.source))}
    return [
        *_other(notebook),
        *_settings(notebook, cells),
        *_missing(notebook, answers),
        *_untouched(cells, course(notebook).get("bonus")),
        *_by_hand(notebook),
        *_not_run(cells),
        *_errors(cells),
        *_interrupted(cells),
        *_figures(cells),
        *_results(cells, answers),
    ]


def _other(notebook: dict[str, Any]) -> Iterator[Finding]:
    if not questions(notebook):
        yield Finding(
            "This notebook answers no question of a problem set: hand in the one that you were "
            "given, with your answers in it."
        )


def _settings(notebook: dict[str, Any], cells: Sequence[CodeCell]) -> Iterator[Finding]:
    """What Colab leaves out when it saves."""
    colab = (notebook.get("metadata") or {}).get("colab")
    if isinstance(colab, dict) and colab.get("private_outputs"):
        yield Finding(
            "Colab does not save this notebook's outputs: under Edit, Notebook settings, untick "
            "'Omit code cell output when saving this notebook', run all cells, and save."
        )
    for cell in cells:
        data = [o["data"] for o in cell.outputs if isinstance(o.get("data"), dict)]
        texts = [*(o.get("text") for o in cell.outputs), *(d.get("text/plain") for d in data)]
        if any(HIDDEN.search(text_of(text)) for text in texts):
            yield Finding(
                "Colab left the output of this cell out, since it was hidden or too large: show it "
                "there, or run the cell again with less output, and save.",
                cell,
            )


def questions(notebook: dict[str, Any]) -> list[str]:
    """The ids of the notebook's questions, as released."""
    listed = course(notebook).get("questions")
    if isinstance(listed, list):
        return [str(q) for q in listed]
    return [id for c in code_cells(notebook) if (id := question_of(c.source))]


def missing_from_pdf(notebook: dict[str, Any], pdf: bytes) -> list[Finding]:
    """The questions whose answers cannot be read in the PDF."""
    from pypdf import PdfReader

    pages = PdfReader(io.BytesIO(pdf)).pages
    text = re.sub(r"\s+", "", "".join(page.extract_text() for page in pages))
    there = [id for c in code_cells(notebook) if (id := question_of(c.source))]
    return [
        Finding(f"The PDF does not show your answer to {id}: make it again from this notebook.")
        for id in there
        if f"Question:{id}" not in text
    ]


def _missing(notebook: dict[str, Any], answers: Mapping[str, CodeCell]) -> Iterator[Finding]:
    for id in questions(notebook):
        if id not in answers:
            yield Finding(
                f"There is no cell that begins with `# Question: {id}`: put this line back as the "
                "first of your answer."
            )


def _untouched(cells: Sequence[CodeCell], bonus: Any) -> Iterator[Finding]:
    for cell in filter(_unwritten, cells):
        id = question_of(cell.source)
        if id is None:
            yield Finding("What this cell leaves to you is not written yet.", cell)
        elif not isinstance(bonus, list) or id not in bonus:
            yield Finding(f"The answer to {id} is not written yet, or not all of it.", cell)


def _unwritten(cell: CodeCell) -> bool:
    """Whether a line is left to write: of an answer anywhere, else outside of functions.

    A class of the student's own may leave a method to those made from it.
    """
    nodes = ast.walk(cell.tree) if question_of(cell.source) else cell.tree.body
    raised = (n.exc for n in nodes if isinstance(n, ast.Raise))
    return any(exc is not None and "NotImplementedError" in ast.unparse(exc) for exc in raised)


def _by_hand(notebook: dict[str, Any]) -> Iterator[Finding]:
    """Of the questions that are answered in text."""
    listed = course(notebook).get("by_hand")
    texts = [text_of(c.get("source")) for c in notebook["cells"] if c.get("cell_type") != "code"]
    written = {
        id: t.partition("-->")[2].strip() for t in texts if (id := question_of(t, "markdown"))
    }
    for id in listed if isinstance(listed, list) else []:
        if id not in written:
            yield Finding(
                f"There is no text cell that begins with `<!-- Question: {id} -->`: put this line "
                "back as the first of your answer."
            )
        elif written[id] in ("", STUB):
            yield Finding(f"The answer to {id}, in a text cell, is not written yet.")


def _not_run(cells: Sequence[CodeCell]) -> Iterator[Finding]:
    if idle := [c for c in cells if c.count is None]:
        first = idle[0]
        several = f"{len(idle)} cells were" if len(idle) > 1 else "A cell was"
        yield Finding(f"{several} not run, this one first: run all cells, and save.", first)
    ran = [(c.count, c) for c in cells if c.count is not None]
    for (before, _), (count, after) in pairwise(ran):
        if count < before:
            yield Finding(
                "Cells were run in another order than they stand in, this one before the one above "
                "it: restart the kernel, run all cells, and save.",
                after,
            )
            break


def _errors(cells: Sequence[CodeCell]) -> Iterator[Finding]:
    """Errors, but for those of answers that are not written, and of their tests below them."""
    for above, cell in zip([None, *cells], cells, strict=False):
        if _unwritten(cell) or (above and question_of(above.source) and _unwritten(above)):
            continue
        for output in cell.outputs:
            if output.get("output_type") == "error":
                said = f"{output.get('ename')}: {str(output.get('evalue')).strip()}".rstrip(": ")
                yield Finding(f"This cell stopped with {said.splitlines()[0][:160]}", cell)


def _interrupted(cells: Sequence[CodeCell]) -> Iterator[Finding]:
    for cell in cells:
        said = "".join(text_of(output.get("text")) for output in cell.outputs)
        if stopped := INTERRUPTED.search(said):
            yield Finding(
                f"Training was interrupted after epoch {stopped[1]} of {stopped[2]}: run it to the "
                "end (helpers.resume() in a cell above goes on from there).",
                cell,
            )


def _figures(cells: Sequence[CodeCell]) -> Iterator[Finding]:
    for cell in cells:
        drawn = any(
            mime.startswith("image/")
            for output in cell.outputs
            if isinstance(output.get("data"), dict)
            for mime in output["data"]
        )
        failed = any(output.get("output_type") == "error" for output in cell.outputs)
        if cell.count is not None and not (drawn or failed) and any(map(_draws, cell.tree.body)):
            yield Finding("The figure of this cell is missing: run it again, and save.", cell)


def _draws(statement: ast.stmt) -> bool:
    """Whether this is a call of a function whose name says that it draws."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))):
            return bool(DRAWING.match(name))
    return False


def _results(cells: Sequence[CodeCell], answers: Mapping[str, CodeCell]) -> Iterator[Finding]:
    shown = shown_results(output for cell in cells for output in cell.outputs)
    if quick := [name for name, result in shown.items() if result.profile == "quick"]:
        yield Finding(
            f"{', '.join(quick)} came from a quick try: take quick=True out of helpers.start(), "
            "restart the kernel, and run all cells."
        )
    for id, cell in answers.items():
        plain = literals(cell.tree)
        for name in _computed(cell, plain):
            yield Finding(
                f"{id}: `{name}` is not written as plain values, and grading reads this cell "
                "without running it: write each number and word itself.",
                cell,
            )
        for name, table in plain.items():
            if name.startswith("results_"):
                yield from _claims(id, name, table, shown, cell)


def _computed(cell: CodeCell, plain: Mapping[str, Any]) -> list[str]:
    """The names that a cell with results assigns something else than plain values."""
    targets = [t for s in cell.tree.body if isinstance(s, ast.Assign) for t in s.targets]
    names = [t.id for t in targets if isinstance(t, ast.Name)]
    reports = any(name.startswith("results_") for name in names)
    return [name for name in names if reports and name not in plain]


def _claims(
    id: str, name: str, table: Any, shown: Mapping[str, Result], cell: CodeCell
) -> Iterator[Finding]:
    if not isinstance(table, dict) or not table:
        yield Finding(f"{id}: `{name}` holds no results yet.", cell)
        return
    for key, value in table.items():
        if not is_number(value):
            yield Finding(f"{id}: `{name}` has no number for {key!r}.", cell)
        elif str(key) not in shown:
            yield Finding(f"{id}: the notebook printed no result {key!r}: run its cell.", cell)
        elif not abs(value - shown[str(key)].accuracy) <= ROUNDING:
            printed = f"{shown[str(key)].accuracy:.4f}"
            yield Finding(f"{id}: {key!r} is {value}, but the notebook printed {printed}.", cell)
