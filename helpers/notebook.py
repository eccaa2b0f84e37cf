"""Notebooks: where this process runs, and the marks that cells bear."""

from __future__ import annotations

import importlib.util
import re
import sys
from typing import Any

RESULT = "application/vnd.course.result+json"
"""The mime type of a recorded result, beside the line that a person reads."""

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


def text_of(value: Any) -> str:
    """A source or an output, which a notebook may keep as a list of lines."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")


def course(notebook: dict[str, Any]) -> dict[str, Any]:
    """What the release wrote about itself: problem set, questions and bonus questions."""
    said = (notebook.get("metadata") or {}).get("course")
    return said if isinstance(said, dict) else {}
