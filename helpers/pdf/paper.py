"""What of a notebook is for the screen, and not for paper."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from helpers.notebook import hands_in, text_of

TITLE = re.compile(r"#\s*@title\s+(.+)")
"""The first line of a cell that Colab shows as a title, its code folded."""
HINTS = re.compile(r"(<details>\s*<summary>Hint \d(?:(?!</?details>).)*</details>\s*)+", re.DOTALL)
"""A text cell of folded hints; a student's own folded text is another thing."""


def for_paper(cells: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The cells of a notebook for a PDF: nothing can be unfolded there, and nothing clicked.

    Hints are left out, given code that is folded is a line, and the cell that hands the notebook in
    is without what it said of an earlier state.
    """
    return [_for_paper(cell) for cell in cells if not _is_hint(cell)]


def _is_hint(cell: Mapping[str, Any]) -> bool:
    tags = _metadata(cell).get("tags")
    tagged = isinstance(tags, list) and "hints" in tags
    hinting = HINTS.fullmatch(text_of(cell.get("source")).strip()) is not None or tagged
    return cell.get("cell_type") == "markdown" and hinting


def _metadata(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = cell.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _for_paper(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    source = text_of(cell.get("source"))
    if cell.get("cell_type") != "code":
        return cell
    title = TITLE.match(source)
    if title and "nbgrader" not in _metadata(cell):
        return {**cell, "source": f"# {title[1]} (code left out)"}
    return {**cell, "outputs": []} if hands_in(source) else cell
