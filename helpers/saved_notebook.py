"""Finds the notebook that is being handed in, and what of its code cells matters for that."""

from __future__ import annotations

import ast
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.colab import current_notebook, in_colab
from helpers.errors import HandInError
from helpers.pdf import read_notebook, text_of


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


def open_notebook(path: str | os.PathLike[str] | None) -> tuple[Path, dict[str, Any], bytes]:
    """The notebook to hand in: its path, or the one it would have here, its contents, its bytes.

    In Colab it is the one that is open, as it is now. Elsewhere it is the saved file: the one that
    JupyterLab or VS Code runs, or the only one in this folder.

    Raises:
        HandInError: there is no such notebook, or more than one.
        PdfError: the file is no notebook.
    """
    if path is None and in_colab():
        notebook = current_notebook()
        name = f"{course(notebook).get('problem_set') or 'notebook'}.ipynb"
        return Path(name), notebook, json.dumps(notebook, indent=1).encode()
    file = Path(path).expanduser() if path is not None else _running() or _only()
    return file, read_notebook(file), file.read_bytes()


def _running() -> Path | None:
    """The file of this kernel's notebook, where the program it is open in tells."""
    shell = sys.modules.get("__main__")
    named = getattr(shell, "__vsc_ipynb_file__", None) or os.environ.get("JPY_SESSION_NAME")
    if not named or not str(named).endswith(".ipynb"):
        return None
    for path in (Path(named), Path.cwd() / Path(named).name):
        if path.is_file():
            return path
    return None


def _only() -> Path:
    found = sorted(Path.cwd().glob("*.ipynb"))
    if len(found) != 1:
        names = ", ".join(repr(f.name) for f in found[:4]) or "none"
        raise HandInError(
            f"It is not clear which notebook to hand in (in this folder: {names}): say "
            "helpers.hand_in('its name.ipynb')."
        )
    return found[0]


def is_stale(notebook: dict[str, Any]) -> bool:
    """Whether this kernel ran cells since the file was saved."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or not hasattr(shell, "kernel"):
        return False
    ran = shell.history_manager.input_hist_raw  # by their counts; the last of them is running
    if len(ran) < 3:
        return False
    before = len(ran) - 2
    cells = code_cells(notebook)
    return not any(c.count == before and c.source.strip() == ran[before].strip() for c in cells)
