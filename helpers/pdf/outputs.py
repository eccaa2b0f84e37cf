"""Outputs of code cells: of each the form that a page shows best, else a word in its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.notebook import RESULT, text_of
from helpers.pdf.pictures import PICTURES, Attachments, Pictures
from helpers.pdf.text import printed, quote

WIDTH, HEIGHT = 499.0, 620.0  # of the text on an A4 page, in points
POINTS_PER_PIXEL = 0.75
RED = 'rgb("#fdeeee")'
WIDGET = "application/vnd.jupyter.widget-view+json"
TEXTS = ("text/markdown", "text/html", "text/latex")
BESIDE = ("text/plain", "application/vnd.google.colaboratory.intrinsic+json", RESULT)
"""What says no more than the text; Colab's says that it is one."""


@dataclass
class Piece:
    """A part of the document: Typst, or what pandoc is yet to turn into it; and a last resort."""

    typst: str = ""
    markdown: str | None = None
    attachments: Attachments = field(default_factory=dict)
    html: str | None = None
    instead: str = ""


def pieces_of(outputs: Any, files: Pictures) -> list[Piece]:
    """The outputs of a cell, each with something to be seen where it is not blank text."""
    return [_piece(output, files) for output in _merged(outputs)]


def _piece(output: Mapping[str, Any], files: Pictures) -> Piece:
    if output.get("output_type") == "stream":
        fill = RED if output.get("name") == "stderr" else "none"
        return Piece(printed(text_of(output.get("text")), fill))
    if output.get("output_type") == "error":
        traceback = output.get("traceback")
        lines = traceback if isinstance(traceback, list) else [traceback or ""]
        said = f"{output.get('ename')}: {output.get('evalue')}"
        return Piece(printed("\n".join(map(str, lines)), RED) or printed(said, RED))
    data = output.get("data")
    return _result(data if isinstance(data, dict) else {}, output.get("metadata"), files)


def _result(data: Mapping[str, Any], metadata: Any, files: Pictures) -> Piece:
    plain = text_of(data.get("text/plain"))
    other = [mime for mime in data if mime not in BESIDE]
    if mime := next((m for m in PICTURES if m in data), None):
        damaged = _instead(f"a damaged picture of the type {mime}", plain)
        return _picture(mime, text_of(data[mime]), metadata, files, damaged)
    if WIDGET in data:
        return Piece(_instead("a widget", plain))
    if mime := next((m for m in TEXTS if m in data), None):
        text = text_of(data[mime])
        instead = _instead("an output that a page cannot show", plain)
        if mime == "text/html":
            return Piece(html=text, instead=instead)
        if mime == "text/latex":
            text = re.sub(r"\\displaystyle\s*", "", text)
        return Piece(markdown=text, instead=printed(text) or instead)
    if other:
        return Piece(_instead(f"an output of the type {', '.join(other)[:200]}", plain))
    return Piece(printed(plain) or _instead("an empty output"))


def _instead(what: str, plain: str = "") -> str:
    return printed(f"[{what}: see the notebook] {plain}")


def _picture(mime: str, data: str, metadata: Any, files: Pictures, damaged: str) -> Piece:
    """A picture in the size it has on screen, at most as large as the page."""
    name = files.keep(mime, data)
    if mime == "image/svg+xml":
        return Piece(f"#pic({quote(name)})", instead=damaged)
    from PIL import Image

    try:
        with Image.open(files.folder / name.lstrip("/")) as image:
            width, height = image.size
    except (OSError, ValueError, Image.DecompressionBombError):
        return Piece(damaged)
    own = metadata.get(mime) if isinstance(metadata, dict) else None
    size = own if isinstance(own, dict) else metadata if isinstance(metadata, dict) else {}
    shown = size.get("width")
    pixels = float(shown) if isinstance(shown, int | float) and shown > 0 else float(width)
    points = min(WIDTH, pixels * POINTS_PER_PIXEL, HEIGHT * width / height)
    return Piece(f"#image({quote(name)}, width: {points:.1f}pt)", instead=damaged)


def _merged(outputs: Any) -> Iterable[dict[str, Any]]:
    """Outputs, with neighbouring pieces of one stream joined: a bar is written in many."""
    merged: list[dict[str, Any]] = []
    for output in outputs if isinstance(outputs, list) else [outputs] if outputs else []:
        output = output if isinstance(output, dict) else {}
        last = merged[-1] if merged else {}
        if output.get("output_type") == "stream" and all(
            last.get(key) == output.get(key) for key in ("output_type", "name")
        ):
            last["text"] = text_of(last.get("text")) + text_of(output.get("text"))
        else:
            merged.append(dict(output))
    return merged
