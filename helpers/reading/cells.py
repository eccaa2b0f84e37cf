"""The cells of a notebook, mended where they need it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from helpers.notebook import in_colab, text_of
from helpers.reading.magics import neutralise, tree
from helpers.reading.old_format import cells_in_worksheets

MOST_PIECES = 20  # cells that one may be split into
MOST_JOINED = 300_000  # characters parsed to see whether cells belong together
LONGEST = 200_000  # characters of one answer, which may be all of a notebook's code


@dataclass
class Cell:
    """One cell; ``number`` counts from 1, ``split`` says that it was put together from several.

    ``count`` is its execution count; ``link`` leads to it from an output of the notebook, and is
    empty where nothing does.
    """

    kind: str
    source: str
    grade_id: str | None = None
    outputs: list[dict[str, Any]] = field(default_factory=list)
    number: int = 0
    count: int | None = None
    link: str = ""
    split: bool = False


def cells_of(notebook: dict[str, Any]) -> list[Cell]:
    """The cells of a notebook of nbformat 4, or 3 with its worksheets; what is no cell is left."""
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        cells = cells_in_worksheets(notebook)
    colab = in_colab()
    return [_cell(c, number, colab) for number, c in enumerate(cells, 1) if isinstance(c, dict)]


def _cell(cell: dict[str, Any], number: int, colab: bool) -> Cell:
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    marks = metadata.get("nbgrader")
    grade_id = marks.get("grade_id") if isinstance(marks, dict) else None
    kind, outputs = cell.get("cell_type"), cell.get("outputs")
    count = cell.get("execution_count")
    return Cell(
        kind if kind in ("code", "markdown", "raw") else "markdown",
        _source(cell.get("source")),
        grade_id if isinstance(grade_id, str) else None,
        [o for o in outputs if isinstance(o, dict)] if isinstance(outputs, list) else [],
        number,
        count if isinstance(count, int) else None,
        _link(cell.get("id"), metadata.get("id"), colab),
    )


def _source(value: Any) -> str:
    """A cell's source, which may be split into lines."""
    if isinstance(value, list):
        value = [v for v in value if isinstance(v, str)]
    text = text_of(value) if isinstance(value, str | list) else ""
    # A lone half of a surrogate pair can be in JSON, but not be written anywhere.
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _link(id: Any, in_metadata: Any, colab: bool) -> str:
    if colab:
        return f"#scrollTo={in_metadata}" if in_metadata else ""
    return f"#cell-id={id}" if id else ""


def outputs(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """All outputs of the cells, in their order."""
    return [output for cell in cells for output in cell.outputs]


def mended(cells: Sequence[Cell]) -> list[Cell]:
    """Cells with those joined again that were split inside a class or function."""
    result: list[Cell] = []
    pieces, left = 1, MOST_JOINED
    for cell in cells:
        last = result[-1] if result else None
        text = cell.source.lstrip("\n")
        length = len(last.source) + len(text) if last else 0
        fits = last and length < LONGEST and pieces < MOST_PIECES and length < left
        if fits and last and last.kind == cell.kind == "code" and text[:1] in (" ", "\t"):
            left -= length  # each try parses all of it again
            joined = f"{last.source}\n{cell.source}"
            if tree(cell.source) is None and tree(neutralise(joined)[0]):
                result[-1] = replace(
                    last,
                    source=joined,
                    outputs=last.outputs + cell.outputs,
                    grade_id=last.grade_id or cell.grade_id,
                    split=True,
                )
                pieces += 1
                continue
        result.append(cell)
        pieces = 1
    return result
