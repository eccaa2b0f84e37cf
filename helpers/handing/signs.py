"""Signs of a notebook that its PDF does not show, for the check before handing in."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator
from typing import Any

from helpers.handing.findings import Finding
from helpers.pdf.glyphs import signs_of, unseen, visible, without_glyph
from helpers.pdf.paper import for_paper
from helpers.reading.cells import Cell, cells_of

LISTED = 4  # signs, and cells, that the sentence names


def signs_without_a_font(notebook: dict[str, Any], pdf: bytes) -> list[Finding]:
    """One finding if the PDF shows a box, or nothing, in the place of a sign."""
    found = unseen(pdf)
    if not found:
        return []
    pages = list(dict.fromkeys(page for page, _ in found))
    signs, cells = _where(notebook, [sign for _, sign in found])
    which = "".join(f" {_named(sign)}," for sign in signs[:LISTED]).rstrip(",")
    more = f" and {len(signs) - LISTED} more" if len(signs) > LISTED else ""
    numbers = [str(cell.number) for cell in cells[1:]]
    also = f" (also in cell{'s' * (len(numbers) > 1)} {_few(numbers)})" if numbers else ""
    return [
        Finding(
            f"No font here has{which or ' a sign'}{more}{also}: the PDF shows a box instead, or "
            f"nothing, on page {_few(list(map(str, pages)))}. Write it in words, or install a font "
            "that has it (in Colab: `!apt-get install -y fonts-noto-core`) and run this again.",
            cells[0] if cells else None,
        )
    ]


def _where(notebook: dict[str, Any], said: list[str]) -> tuple[list[str], list[Cell]]:
    """The signs that are not shown, in their order, and the cells that they stand in.

    A PDF does not say of all boxes what they stand for; the signs of the notebook are tried then.
    """
    cells = _cells(notebook)
    signs = {sign: visible(sign) for _, text in cells for sign in signs_of(text)}
    lacking = {*filter(None, said)}
    if "" in said:
        lacking |= {signs[sign] for sign in without_glyph(list(signs))}
    ordered = [sign for sign in dict.fromkeys([*signs.values(), *said]) if sign in lacking]
    return ordered, [cell for cell, text in cells if any(sign in text for sign in ordered)]


def _cells(notebook: dict[str, Any]) -> list[tuple[Cell, str]]:
    """The cells, of text as well, and what a page has of them."""
    on_paper = [next(iter(for_paper([cell])), {}) for cell in notebook["cells"]]
    texts = [_texts([cell.get("source"), cell.get("outputs")]) for cell in on_paper]
    return [
        (cell, html.unescape("".join(text)))
        for cell, text in zip(cells_of(notebook), texts, strict=True)
    ]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _named(sign: str) -> str:
    names = (unicodedata.name(c, f"U+{ord(c):04X}") for c in sign[:2])
    return f"`{sign}` ({', '.join(names)})"


def _few(items: list[str]) -> str:
    return ", ".join(items[:LISTED]) + (" and more" if len(items) > LISTED else "")
