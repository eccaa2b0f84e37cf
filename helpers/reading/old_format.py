"""Notebooks of nbformat 3, which keeps cells in worksheets, as those of nbformat 4."""

from __future__ import annotations

from typing import Any

from helpers.notebook import text_of

KINDS = {"pyout": "execute_result", "pyerr": "error"}
MIME = {
    "text": "text/plain", "html": "text/html", "latex": "text/latex", "png": "image/png",
    "jpeg": "image/jpeg", "svg": "image/svg+xml", "json": "application/json",
    "javascript": "application/javascript",
}  # fmt: skip


def cells_in_worksheets(notebook: dict[str, Any]) -> list[Any]:
    """The cells of all worksheets, in format 4; what is no cell is left as it is.

    nbformat converts as well, and stops at whatever is not as it should be.
    """
    sheets = notebook.get("worksheets")
    cells: list[Any] = []
    for sheet in sheets if isinstance(sheets, list) else []:
        inner = sheet.get("cells") if isinstance(sheet, dict) else None
        cells += inner if isinstance(inner, list) else []
    return [_cell(cell) if isinstance(cell, dict) else cell for cell in cells]


def _cell(old: dict[str, Any]) -> dict[str, Any]:
    cell = dict(old)
    kind = cell.get("cell_type")
    if kind == "heading":
        level = cell.pop("level", 1)
        marks = "#" * level if isinstance(level, int) and 0 < level < 7 else "#"
        cell |= {"cell_type": "markdown", "source": f"{marks} {text_of(cell.get('source'))}"}
    if kind == "code":
        cell.setdefault("source", cell.pop("input", ""))
        cell.setdefault("execution_count", cell.pop("prompt_number", None))
        outputs = cell.get("outputs")
        outputs = outputs if isinstance(outputs, list) else []
        cell["outputs"] = [_output(o) for o in outputs if isinstance(o, dict)]
    return cell


def _output(old: dict[str, Any]) -> dict[str, Any]:
    output = dict(old)
    kind = output.get("output_type")
    output["output_type"] = KINDS.get(str(kind), kind)
    if kind == "stream":
        output.setdefault("name", output.pop("stream", "stdout"))
    elif kind in ("pyout", "display_data") and "data" not in output:
        output["data"] = {mime: output.pop(key) for key, mime in MIME.items() if key in output}
    return output
