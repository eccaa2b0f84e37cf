"""What is to fix, as a sentence about a cell."""

from __future__ import annotations

from dataclasses import dataclass

from helpers.reading.cells import Cell


@dataclass(frozen=True)
class Finding:
    """Something to fix: a sentence, and the cell it is about, if it is about one."""

    text: str
    cell: Cell | None = None
