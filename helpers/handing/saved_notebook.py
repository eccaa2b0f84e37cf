"""Finds the notebook that is being handed in."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from helpers.errors import HandInError, NotebookError
from helpers.handing.colab import current_notebook
from helpers.notebook import course, in_colab, in_notebook
from helpers.reading.cells import cells_of
from helpers.reading.files import in_format_4, read_notebook


def open_notebook(path: str | os.PathLike[str] | None) -> tuple[Path, dict[str, Any], bytes]:
    """The notebook to hand in: its path, or the one it would have here, its contents, its bytes.

    In Colab it is the one that is open, as it is now. Elsewhere it is the saved file: the one that
    JupyterLab or VS Code runs, or the only one in this folder.

    Raises:
        HandInError: there is no such notebook, or more than one.
        NotebookError: the file is no notebook.
    """
    if path is None and in_colab():
        notebook = current_notebook()
        name = f"{course(notebook).get('problem_set') or 'notebook'}.ipynb"
        sound = in_format_4(notebook, name)
        return Path(name), sound, json.dumps(notebook, indent=1).encode()
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
    if len(found) > 1:
        found = [f for f in found if _has_own_name(f)] or found
    if len(found) != 1:
        names = ", ".join(repr(f.name) for f in found[:4]) or "none"
        raise HandInError(
            f"It is not clear which notebook to hand in (in this folder: {names}): say "
            "helpers.hand_in('its name.ipynb')."
        )
    return found[0]


def is_stale(notebook: dict[str, Any]) -> bool:
    """Whether this kernel ran cells since the file was saved."""
    if not in_notebook():
        return False
    ran = (
        sys.modules["IPython"].get_ipython().history_manager.input_hist_raw
    )  # by their counts; the last of them is running
    if len(ran) < 3:
        return False
    before = len(ran) - 2
    cells = cells_of(notebook)
    return not any(c.count == before and c.source.strip() == ran[before].strip() for c in cells)


def _has_own_name(file: Path) -> bool:
    """Whether a notebook is named as it was handed out."""
    try:
        return course(read_notebook(file)).get("problem_set") == file.stem
    except NotebookError:
        return False
