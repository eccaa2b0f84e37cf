"""Notebooks: where this process runs, the cells of a saved one, and the marks that questions bear.

The grader reads these marks with the same patterns.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.errors import NotebookError

_MARKERS = {
    "code": re.compile(r"(?:\s*%%.*\n)*\s*#\s*Question:\s*(\w+)"),
    "markdown": re.compile(r"\s*<!--\s*Question:\s*(\w+)\s*-->"),
}


def question_of(source: str, kind: str = "code") -> str | None:
    """The question that a cell answers, by its first line; None where it says nothing of one.

    A magic such as ``%%time`` may stand above it.

    In a code cell that is ``# Question: id``; in a text cell, whose answer a person grades,
    ``<!-- Question: id -->``.
    """
    marker = _MARKERS.get(kind)
    match = marker.match(source) if marker else None
    return match[1] if match else None


def hands_in(source: str) -> bool:
    """Whether this is the cell that hands the notebook in, whose output speaks of an older file."""
    return "hand_in(" in source


def in_notebook() -> bool:
    """Whether this process is a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel")


def in_colab() -> bool:
    """Whether this process is a Colab kernel."""
    try:
        return importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:
        return False


def read_notebook(notebook: Path) -> dict[str, Any]:
    """The contents of a notebook file, with a list of cells for sure.

    Raises:
        NotebookError: the file is not there, or is no notebook.
    """
    try:
        content = json.loads(notebook.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise NotebookError(f"There is no {notebook}: give the path of a saved notebook.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise NotebookError(
            f"{notebook} is no notebook ({type(error).__name__}): save it again from Jupyter or "
            "Colab as .ipynb."
        ) from error
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise NotebookError(
            f"{notebook} holds no list of cells: save it again from Jupyter or Colab as .ipynb."
        )
    return dict(content)


def text_of(value: Any) -> str:
    """A source or an output, which a notebook may keep as a list of lines."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")


@dataclass(frozen=True)
class CodeCell:
    """A code cell as saved; ``number`` counts the notebook's cells from 1.

    ``link`` leads to it from an output of the notebook; it is empty where nothing does.
    """

    number: int
    link: str
    source: str
    count: int | None
    outputs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def tree(self) -> ast.Module:
        """The cell as Python, without its magics; empty where it is none."""
        lines = self.source.split("\n")
        python = ["" if line.lstrip()[:1] in ("%", "!", "?") else line for line in lines]
        try:
            return ast.parse("\n".join(python))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ast.Module([], [])


def code_cells(notebook: dict[str, Any]) -> list[CodeCell]:
    """The code cells in their order, those without code left out."""
    cells = []
    for number, cell in enumerate(notebook["cells"], 1):
        source = text_of(cell.get("source"))
        if cell.get("cell_type") != "code" or not source.strip():
            continue
        count = cell.get("execution_count")
        outputs = [o for o in cell.get("outputs") or [] if isinstance(o, dict)]
        cells.append(
            CodeCell(
                number,
                _link(cell),
                source,
                count if isinstance(count, int) else None,
                outputs,
            )
        )
    return cells


def _link(cell: dict[str, Any]) -> str:
    if in_colab():
        id = (cell.get("metadata") or {}).get("id")
        return f"#scrollTo={id}" if id else ""
    return f"#cell-id={cell['id']}" if cell.get("id") else ""


def course(notebook: dict[str, Any]) -> dict[str, Any]:
    """What the release wrote about itself: problem set, questions and bonus questions."""
    said = (notebook.get("metadata") or {}).get("course")
    return said if isinstance(said, dict) else {}
