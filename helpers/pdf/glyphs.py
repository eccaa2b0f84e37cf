"""Signs that a PDF does not show, found by the glyphs that it draws.

What can be selected and copied does not tell: of a box it is the sign that is not there.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from helpers.pdf.fonts import CODE, TEXT, families, folders
from helpers.pdf.text import quote

MAPPED = re.compile(rb"<([0-9A-Fa-f]{4})>\s*<((?:[0-9A-Fa-f]{4})+)>")
NOTHING_TO_SEE = ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp")
ZEROS = re.compile(rb"(?:\\000|\\0(?![0-7])|\0){2}|<(?:\w{4})*0000")  # as a PDF may write them
FILLERS = "\u034f\u115f\u1160\u2800\u3164\uffa0"
JOINER = "\u200d"


def unseen(pdf: bytes) -> list[tuple[int, str]]:
    """Pages, from 1, and the signs that are a box or nothing there; "" where the PDF names none."""
    from pypdf import PdfReader

    fonts: dict[Any, _Font] = {}
    found: dict[tuple[int, str], None] = {}
    for number, page in enumerate(PdfReader(io.BytesIO(pdf)).pages, 1):
        for sign, seen in _drawn(page, fonts):
            if not seen and (not sign or visible(sign)):
                found[number, visible(sign)] = None
    return list(found)


def without_glyph(signs: Sequence[str]) -> list[str]:
    """Those of the signs that the fonts here do not show, in text or in code."""
    if not signs:
        return []
    try:
        import typst
    except ImportError:  # the PDF came from nbconvert
        return []
    pages = [f"#page[#text({quote(s)}) #raw({quote(s)})]" for s in signs]
    fonts = f"#set text(font: {families(TEXT)})\n#show raw: set text(font: {families(CODE)})\n"
    with TemporaryDirectory(prefix="glyphs-") as scratch:
        main = Path(scratch, "main.typ")
        main.write_text(fonts + "\n".join(pages), encoding="utf-8")
        made = typst.compile(str(main), root=scratch, font_paths=folders(Path(scratch)))
    lacking = {page for page, _ in unseen(bytes(made))}
    return [sign for number, sign in enumerate(signs, 1) if number in lacking]


def signs_of(text: str) -> Iterable[str]:
    """The signs of a text beyond ASCII, each once, with the marks that belong to it."""
    found: dict[str, None] = {}
    sign = ""
    for c in [*text, " "]:
        if sign and (unicodedata.category(c) in ("Mn", "Mc", "Me", "Cf") or sign[-1] == JOINER):
            sign += c
            continue
        if not sign.isascii() and visible(sign):
            found[sign] = None
        sign = c
    return found


def visible(sign: str) -> str:
    """A sign without what is not to be seen: spaces, control signs, joiners, selectors."""
    return "".join(
        c
        for c in sign
        if unicodedata.category(c) not in NOTHING_TO_SEE
        and c not in FILLERS
        and not (0xFE00 <= ord(c) <= 0xFE0F or 0xE0100 <= ord(c) <= 0xE01EF)
    )


@dataclass(frozen=True)
class _Font:
    """An embedded font: the text of each glyph, and the glyphs without an outline."""

    texts: Mapping[int, str]
    empty: frozenset[int]

    @property
    def hides(self) -> bool:
        """Whether a glyph without an outline stands for something to be seen."""
        return any(visible(self.texts.get(glyph, "")) for glyph in self.empty)


def _drawn(page: Any, fonts: dict[Any, _Font]) -> Iterator[tuple[str, bool]]:
    """The signs of a page, and whether there is something to be seen of each."""
    contents = page.get_contents()
    named = (page.get("/Resources") or {}).get("/Font") or {}
    used = [_font(named, name, fonts) for name in named]
    if contents is None or not (
        ZEROS.search(contents.get_data()) or any(font.hides for font in used if font)
    ):
        return  # for speed: nothing to find there
    spans: list[str] = []  # the texts of the marked spans that are open
    font, sign, drawn = None, "", {"outline"}
    for operands, operator in contents.operations:
        if operator in (b"BDC", b"BMC"):
            spans.append(_said(operands))
            if spans[-1]:
                yield sign, drawn == {"outline"}
                sign, drawn = spans[-1], set()
        elif operator == b"EMC" and spans:
            spans.pop()
        elif operator == b"Tf":
            font = _font(named, operands[0], fonts)
        elif operator in (b"Tj", b"TJ") and font:
            for glyph in _glyphs(operands[0]):
                text = font.texts.get(glyph, "")
                if not any(spans) and (text or not glyph):  # else one more glyph of the same sign
                    yield sign, drawn == {"outline"}
                    sign, drawn = text, set()
                if glyph == 0 or glyph not in font.empty:
                    drawn.add("outline" if glyph else "box")
    yield sign, drawn == {"outline"}


def _said(operands: Any) -> str:
    """The text that a marked span says it shows."""
    properties = operands[1] if len(operands) > 1 else None
    return str(properties.get("/ActualText", "")) if isinstance(properties, dict) else ""


def _glyphs(shown: Any) -> Iterator[int]:
    for part in shown if isinstance(shown, list) else [shown]:
        data = getattr(part, "original_bytes", b"")
        yield from (int.from_bytes(data[i : i + 2]) for i in range(0, len(data) - 1, 2))


def _font(named: Any, name: Any, fonts: dict[Any, _Font]) -> _Font | None:
    """A font whose glyphs have numbers of two bytes; None for others, which have no box."""
    if name not in named:
        return None
    key = named.raw_get(name)
    font = key.get_object()
    if font.get("/Encoding") != "/Identity-H":
        return None
    key = getattr(key, "idnum", id(font))
    if key not in fonts:
        mapping = font["/ToUnicode"].get_object().get_data() if "/ToUnicode" in font else b""
        texts = {
            int(glyph, 16): bytes.fromhex(text.decode()).decode("utf-16-be", "replace")
            for glyph, text in MAPPED.findall(mapping.partition(b"endcodespacerange")[2])
        }
        fonts[key] = _Font(texts, _empty(font, texts))
    return fonts[key]


def _empty(font: Any, glyphs: Iterable[int]) -> frozenset[int]:
    """The glyphs that draw nothing, as all of a font of bitmaps, or that stand for any sign."""
    if "LastResort" in str(font.get("/BaseFont")):
        return frozenset(glyphs)
    descendant = font["/DescendantFonts"][0].get_object()
    file = descendant.get("/FontDescriptor", {}).get("/FontFile2")
    if file is None:
        return frozenset()
    from fontTools.ttLib import TTFont, TTLibError

    try:
        places = TTFont(io.BytesIO(file.get_object().get_data()))["loca"].locations
    except (TTLibError, KeyError, AssertionError):
        return frozenset()
    return frozenset(i for i, (start, end) in enumerate(pairwise(places)) if start == end)
