"""Notebook files as they come: bytes to cells, mended where they need it."""

import codecs
import json
from dataclasses import dataclass, field
from typing import Any

import msgspec

from autograder.reading import odd

LARGEST = 100 << 20
MOST_PARTS = 1_000_000  # lists and dicts: each takes a hundred times its two bytes once it is read

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass
class Cell:
    """One cell; ``split`` where it was put together again from several."""

    kind: str
    source: str
    grade_id: str | None
    outputs: list[Any] = field(default_factory=list)
    split: bool = False


def decode(data: bytes, file: str) -> tuple[dict[str, Any], list[str], str]:
    """The notebook in ``data``, notes on what was mended, and else why there is none."""

    def bad(problem: str) -> tuple[dict[str, Any], list[str], str]:
        return {}, [], problem

    if not data.strip():
        return bad(f"{file} is empty: save the notebook and hand it in again.")
    if data.lstrip()[:5] == b"%PDF-":
        return bad(f"{file} is a PDF, not a notebook: hand in the .ipynb file as well.")
    if data[:4] == b"PK\x03\x04":
        return bad(f"{file} is a zip archive, not a notebook.")
    if len(data) > LARGEST or data.count(b"{") + data.count(b"[") > MOST_PARTS:
        return bad(
            f"{file} has more than {LARGEST >> 20} MB, or a million parts: clear its largest "
            "outputs and hand it in again."
        )
    try:  # without making a text of it first, which takes four times its bytes at worst
        notebook = msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    else:
        return (
            (notebook, [], "") if isinstance(notebook, dict) else bad(_no_notebook(file, notebook))
        )
    text, notes = _text_in(data)
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        notebook, rest = _first_value(text)
        if not (isinstance(notebook, dict) and "cells" in notebook):
            return bad(f"{file} {odd.what(text, error.lineno)}")
        notes.append(f"What stands after the notebook's end, in line {rest}, was left out.")
    except (RecursionError, ValueError):
        return bad(f"{file} is not a notebook: its JSON is nested too deeply or out of bounds.")
    if not isinstance(notebook, dict):
        return bad(_no_notebook(file, notebook))
    return notebook, notes, ""


def _first_value(text: str) -> tuple[Any, int]:
    """What JSON a text begins with, if any, and the line in which that ends."""
    try:
        start = len(text) - len(text.lstrip())
        value, end = json.JSONDecoder().raw_decode(text, start)
    except (RecursionError, ValueError):
        return None, 0
    return value, text.count("\n", 0, end) + 1


def _text_in(data: bytes) -> tuple[str, list[str]]:
    """The text that bytes stand for, and notes on what was odd."""
    notes: list[str] = []
    encoding = next((e for bom, e in _BOMS if data.startswith(bom)), "")
    if not encoding and b"\0" in data[:4]:
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    if encoding:
        notes.append(f"The file is written in {encoding.upper()}, which was read as well.")
    try:
        text = data.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
        notes.append("The file is not written in UTF-8: some letters may be wrong.")
    return text, notes


def _no_notebook(file: str, value: Any) -> str:
    kind = {list: "a list", str: "a text", type(None): "null"}.get(type(value), "a number")
    return f"{file} is not a notebook: its JSON is {kind}."


def cells_of(notebook: dict[str, Any]) -> list[Cell]:
    """The cells of a notebook of nbformat 4, or 3 with its worksheets; what is no cell is left."""
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        sheets = notebook.get("worksheets")
        cells = []
        for sheet in sheets if isinstance(sheets, list) else []:
            inner = sheet.get("cells") if isinstance(sheet, dict) else None
            cells += inner if isinstance(inner, list) else []
    return [_cell(c) for c in cells if isinstance(c, dict)]


def _cell(cell: dict[str, Any]) -> Cell:
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = marks.get("grade_id") if isinstance(marks, dict) else None
    kind, outputs = cell.get("cell_type"), cell.get("outputs")
    return Cell(
        kind if kind in ("code", "markdown", "raw") else "markdown",
        _text(cell.get("source", cell.get("input"))),
        grade_id if isinstance(grade_id, str) else None,
        outputs if isinstance(outputs, list) else [],
    )


def _text(value: Any) -> str:
    """A notebook's text, which may be split into lines."""
    if isinstance(value, list):
        value = "".join(v for v in value if isinstance(v, str))
    if not isinstance(value, str):
        return ""
    # A lone half of a surrogate pair can be in JSON, but not be written anywhere.
    text: str = value.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def outputs(cells: list[Cell]) -> list[dict[str, Any]]:
    """All outputs of the cells, in their order; what is none is left."""
    return [o for cell in cells for o in cell.outputs if isinstance(o, dict)]
