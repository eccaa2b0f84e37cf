"""What a pre-check sees in a notebook's outputs: cells not run, errors, figures, results."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from helpers.handing.claims import ROUNDING, Result, is_number, literals, shown_results
from helpers.handing.findings import Finding
from helpers.notebook import question_of, text_of
from helpers.reading.cells import Cell
from helpers.reading.finding import Answer, is_stub, leaves_work
from helpers.reading.magics import neutralise, tree

INTERRUPTED = re.compile(r"^Interrupted after epoch (\d+) of (\d+)", re.MULTILINE)
HIDDEN = re.compile(r"^Output hidden; open in https?://\S+ to view", re.MULTILINE)
NAN = re.compile(r"loss\w{0,20}['\"]?\s{0,3}[:=(]?\s{0,3}nan\b", re.IGNORECASE)
DRAWING = re.compile(r"(draw|plot|show|visualize)(_|$)")


def python(source: str) -> str:
    """A cell as Python, as the grader reads it."""
    return neutralise(source)[0]


def _unwritten(cell: Cell) -> bool:
    source = python(cell.source)
    return is_stub(source) if question_of(cell.source) else leaves_work(source)


def _printed(cell: Cell) -> str:
    return "".join(text_of(output.get("text")) for output in cell.outputs)


def settings(notebook: dict[str, Any], cells: Sequence[Cell]) -> Iterator[Finding]:
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


def not_run(cells: Sequence[Cell]) -> Iterator[Finding]:
    ran = [c for c in cells if c.count is not None]
    idle = [c for c in cells if c.count is None]
    lost = not ran and any(c.outputs for c in cells)  # some tools keep outputs, and no counts
    if idle and not lost:
        first = idle[0]
        several = f"{len(idle)} cells were" if len(idle) > 1 else "A cell was"
        yield Finding(f"{several} not run, this one first: run all cells, and save.", first)
    for before, after in pairwise(ran):
        if (after.count or 0) < (before.count or 0):
            yield Finding(
                "Cells were run in another order than they stand in, this one before the one above "
                "it: restart the kernel, run all cells, and save.",
                after,
            )
            break


def errors(cells: Sequence[Cell]) -> Iterator[Finding]:
    """Errors, but for those of answers that are not written, and of their tests below them."""
    for above, cell in zip([None, *cells], cells, strict=False):
        if _unwritten(cell) or (above and question_of(above.source) and _unwritten(above)):
            continue
        for output in cell.outputs:
            if output.get("output_type") == "error":
                name, value = (str(output.get(key) or "").strip() for key in ("ename", "evalue"))
                said = [*f"{name}: {value}".strip(": ").splitlines(), "an error"][0]
                yield Finding(f"This cell stopped with {said[:160]}", cell)


def interrupted(cells: Sequence[Cell]) -> Iterator[Finding]:
    for cell in cells:
        if stopped := INTERRUPTED.search(_printed(cell)):
            yield Finding(
                f"Training was interrupted after epoch {stopped[1]} of {stopped[2]}: run it to the "
                "end (helpers.resume() in a cell above goes on from there).",
                cell,
            )


def not_a_number(cells: Sequence[Cell]) -> Iterator[Finding]:
    """A loss that is no number: what was trained from there on is lost."""
    for cell in cells:
        if found := NAN.search(_printed(cell).replace("\r", "\n")):
            yield Finding(
                f"A loss became NaN here (`{found[0].strip()}`): look for a division by 0 or a "
                "logarithm of 0, or lower the learning rate, and run it again.",
                cell,
            )


def figures(cells: Sequence[Cell]) -> Iterator[Finding]:
    for cell in cells:
        drawn = any(
            mime.startswith("image/")
            for output in cell.outputs
            if isinstance(output.get("data"), dict)
            for mime in output["data"]
        )
        failed = any(output.get("output_type") == "error" for output in cell.outputs)
        if (
            cell.count is not None
            and not (drawn or failed)
            and any(map(_draws, _body(python(cell.source))))
        ):
            yield Finding("The figure of this cell is missing: run it again, and save.", cell)


def _body(source: str) -> list[ast.stmt]:
    module = tree(source)
    return module.body if module else []


def _draws(statement: ast.stmt) -> bool:
    """Whether this is a call of a function whose name says that it draws."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))):
            return bool(DRAWING.match(name))
    return False


def results(
    cells: Sequence[Cell], answers: Mapping[str, Answer], names: Mapping[str, Sequence[str]]
) -> Iterator[Finding]:
    """What the report answers say, held against what all outputs show."""
    shown = shown_results(output for cell in cells for output in cell.outputs)
    if quick := [name for name, result in shown.items() if result.profile == "quick"]:
        yield Finding(
            f"{', '.join(quick)} came from a quick try: take quick=True out of helpers.start(), "
            "restart the kernel, and run all cells."
        )
    for id, answer in answers.items():
        if not answer.cells:
            continue
        cell = cells[answer.cells[-1]]
        plain = literals(tree(answer.source))
        for name in _computed(answer.source, plain, names[id]):
            yield Finding(
                f"{id}: `{name}` is not written as plain values, and grading reads this cell "
                "without running it: write each number and word itself.",
                cell,
            )
        for name, table in plain.items():
            if name.startswith("results_"):
                yield from _claims(id, name, table, shown, cell)


def _computed(source: str, plain: Mapping[str, Any], own: Sequence[str]) -> list[str]:
    """Of its ``own`` names, where known, those that an answer with results does not write out."""
    targets = [t for s in _body(source) if isinstance(s, ast.Assign) for t in s.targets]
    names = [t.id for t in targets if isinstance(t, ast.Name) and (t.id in own or not own)]
    reports = any(name.startswith("results_") for name in names)
    return [name for name in names if reports and name not in plain]


def _claims(
    id: str, name: str, table: Any, shown: Mapping[str, Result], cell: Cell
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
