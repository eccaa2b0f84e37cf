"""Notebook files: bytes to what they hold, or to a sentence that says what is wrong with them."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import msgspec

from helpers.errors import NotebookError
from helpers.reading import odd
from helpers.reading.old_format import cells_in_worksheets

LARGEST = 100 << 20
MOST_PARTS = 1_000_000  # lists and dicts: each takes a hundred times its two bytes once it is read

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


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
        notebook, first, last = _first_value(text)
        if not (isinstance(notebook, dict) and {"cells", "worksheets"} & set(notebook)):
            return bad(f"{file} {odd.what(text, error.lineno)}")
        lines = f"{first} to {last}"
        notes.append(f"Only the notebook itself was read, in the lines {lines} of the file.")
    except (RecursionError, ValueError):
        return bad(f"{file} is not a notebook: its JSON is nested too deeply or out of bounds.")
    if not isinstance(notebook, dict):
        return bad(_no_notebook(file, notebook))
    return notebook, notes, ""


def _first_value(text: str) -> tuple[Any, int, int]:
    """What JSON stands first in a text, if any, and its first and last lines."""
    try:
        start = text.index("{")
        value, end = json.JSONDecoder().raw_decode(text, start)
    except (RecursionError, ValueError):
        return None, 0, 0
    return value, text.count("\n", 0, start) + 1, text.count("\n", 0, end) + 1


def _text_in(data: bytes) -> tuple[str, list[str]]:
    """The text that bytes stand for, and notes on what was odd."""
    notes: list[str] = []
    encoding = next((e for bom, e in _BOMS if data.startswith(bom)), "")
    if not encoding and b"\0" in data[:4]:
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    if encoding and encoding != "utf-8-sig":
        notes.append(f"The file is written in {encoding.upper()}; it was read all the same.")
    try:
        return data.decode(encoding or "utf-8"), notes
    except UnicodeDecodeError:
        notes.append("The file is not written in UTF-8: some letters may be wrong.")
    try:
        return data.decode("cp1252"), notes  # as Windows writes
    except UnicodeDecodeError:
        return data.decode("latin-1"), notes


def _no_notebook(file: str, value: Any) -> str:
    kinds = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    kind = kinds.get(type(value), "a number")
    return f"{file} is not a notebook: its JSON is {kind}."


def read_notebook(path: Path) -> dict[str, Any]:
    """The contents of a notebook file, in format 4, with a list of cells for sure.

    Raises:
        NotebookError: the file is not there, or is no notebook.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise NotebookError(f"There is no {path}: give the path of a saved notebook.") from None
    except OSError as error:
        raise NotebookError(f"{path} cannot be read: {error.strerror}.") from None
    notebook, _, problem = decode(data, path.name)
    if problem:
        raise NotebookError(problem)
    return in_format_4(notebook, path.name)


def in_format_4(notebook: dict[str, Any], file: str) -> dict[str, Any]:
    """The notebook with what is no cell, output or metadata left out.

    Raises:
        NotebookError: it has no cells.
    """
    if "worksheets" in notebook and not isinstance(notebook.get("cells"), list):
        notebook = {**notebook, "cells": cells_in_worksheets(notebook), "nbformat": 4}
    cells = notebook.get("cells")
    if not isinstance(cells, list) or (cells and not any(isinstance(c, dict) for c in cells)):
        raise NotebookError(
            f"{file} holds no list of cells: save it again from Jupyter or Colab as .ipynb."
        )
    metadata = notebook.get("metadata")
    return {
        **notebook,
        "metadata": metadata if isinstance(metadata, dict) else {},
        "cells": [_sound(cell) for cell in cells if isinstance(cell, dict)],
    }


def _sound(cell: dict[str, Any]) -> dict[str, Any]:
    metadata, outputs = cell.get("metadata"), cell.get("outputs")
    sound = {**cell, "metadata": metadata if isinstance(metadata, dict) else {}}
    if "outputs" in cell:
        listed = outputs if isinstance(outputs, list) else []
        sound["outputs"] = [o for o in listed if isinstance(o, dict)]
    return sound
