"""Signs are looked for by the glyphs that are drawn: a box is copied as the sign it stands for."""

from collections.abc import Callable
from pathlib import Path

import pytest
import typst
from cells import code, markdown, shown, stream
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from helpers.pdf import document
from helpers.pdf.document import render
from helpers.pdf.fonts import CODE, TEXT, folders
from helpers.pdf.glyphs import ZEROS, signs_of, unseen, without_glyph

RUNE, OTHER_RUNE, HIEROGLYPH = "\u16a0", "\u16a2", "\U00013000"  # which no small font has
SHOWN = {
    "Korean": "한국어 값", "Thai": "ที่นี่ คำตอบ", "simplified": "损失函数", "traditional": "學習率",
    "Japanese": "猫 かな カナ", "Arabic": "العربية", "Hebrew": "שלום", "Devanagari": "हिन्दी",
    "Bengali": "বাংলা", "Tamil": "தமிழ்", "Telugu": "తెలుగు", "Kannada": "ಕನ್ನಡ",
    "Malayalam": "മലയാളം", "Gujarati": "ગુજરાતી", "Gurmukhi": "ਪੰਜਾਬੀ", "Oriya": "ଓଡ଼ିଆ",
    "Sinhala": "සිංහල", "Khmer": "ខ្មែរ", "Lao": "ລາວ", "Burmese": "မြန်မာ",
    "Georgian": "ქართული", "Armenian": "Հայերեն", "Amharic": "አማርኛ", "Cyrillic": "Привет",
    "Greek": "λόγος", "Vietnamese": "tiếng Việt", "mathematics": "∀ε>0 ∃δ ℝ 𝒳 ⟦⟧",
    "emoji": "🚀 ✅ ❌ 🫠", "joined emoji": "👩\u200d🔬 👍🏽 🇩🇪", "keycap": "1️⃣",
    "signs": "☑ ⚠️ ➜ ⌘ █▏ │┌",
}  # fmt: skip


def made(*cells: dict[str, object]) -> bytes:
    return render({"cells": list(cells)}, "title", Path())


@pytest.mark.parametrize("text", SHOWN.values(), ids=SHOWN.keys())
def test_signs_of_these_scripts_have_a_glyph_wherever_they_stand(text: str) -> None:
    pdf = made(
        markdown(f"# {text}\n\n**{text}** {text}"),
        code(f"# {text}\n'{text}'", stream(f"\x1b[1m{text}\x1b[0m {text}")),
        code("1", shown({"text/html": f"<table><tr><td>{text}</td></tr></table>"})),
    )
    assert unseen(pdf) == []


def test_boxes_are_found_on_their_pages_where_the_pdf_names_them_or_not() -> None:
    shown = " ".join(SHOWN.values())
    pages = [
        code("x = 1\n" * 200),
        markdown(f"see {RUNE}, {OTHER_RUNE} and {HIEROGLYPH}\n\n{shown}"),
    ]
    found = unseen(made(markdown("no box"), *pages))
    assert {sign for _, sign in found} == {"", OTHER_RUNE, HIEROGLYPH}
    (page,) = {page for page, _ in found}
    assert page > 1


@pytest.mark.parametrize(
    "cell",
    [
        code(f"'{RUNE}'"),
        code("1", stream(RUNE)),
        markdown(f"$x_{{\\text{{{RUNE}}}}}$"),
        markdown(f"# *{RUNE}*"),
        markdown(f"&#{ord(RUNE)};"),
        code("1", shown({"text/html": f"<b>{RUNE}</b>"})),
        code("1", shown({"image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg" width="60" '
                         f'height="20"><text y="15">{RUNE}</text></svg>'})),
    ],
)  # fmt: skip
def test_a_box_is_found_in_every_kind_of_text(cell: dict[str, object]) -> None:
    assert unseen(made(cell))


def test_what_is_not_to_be_seen_is_no_box() -> None:
    for code_point in (
        0x80, 0x85, 0x9F, 0xA0, 0xAD, 0x34F, 0x61C, 0x180E, 0x200B, 0x200D, 0x2009, 0x2028, 0x2060,
        0x2800, 0x3000, 0x3164, 0xFE0F, 0xFEFF, 0xFFF9, 0xE0001, 0xE0100,
    ):  # fmt: skip
        sign = chr(code_point)
        text = f"a{sign}b {sign} {sign}c"
        cells = markdown(text), code(f"'{text}'", stream(text), shown({"text/html": text}))
        assert unseen(made(*cells)) == [], hex(code_point)


@pytest.fixture
def font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, bool], None]:
    """Adds a font that has a sign, with an outline or without one."""

    def add(family: str, sign: str, outlined: bool) -> None:
        pen = TTGlyphPen(None)
        if outlined:
            pen.moveTo((0, 0))
            for corner in ((0, 700), (400, 700), (400, 0)):
                pen.lineTo(corner)
            pen.closePath()
        builder = FontBuilder(1000)
        builder.setupGlyphOrder([".notdef", "sign"])
        builder.setupCharacterMap({ord(sign): "sign"})
        builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "sign": pen.glyph()})
        builder.setupHorizontalMetrics({".notdef": (500, 0), "sign": (500, 0)})
        builder.setupHorizontalHeader(ascent=800, descent=-200)
        names = {"familyName": family, "styleName": "Regular", "psName": "Added-Regular"}
        builder.setupNameTable(names)
        builder.setupOS2()
        builder.setupPost()
        builder.save(tmp_path / "added.ttf")
        monkeypatch.setattr(document, "folders", lambda made: [*folders(made), str(tmp_path)])

    return add


def test_a_glyph_that_draws_nothing_is_found(font: Callable[[str, str, bool], None]) -> None:
    font("Bitmaps", RUNE, False)
    cells = markdown(f"a {RUNE} b"), code(f"'{RUNE}'  # \u3000 and spaces")
    assert unseen(made(*cells)) == [(1, RUNE)]


def test_a_font_of_the_machine_draws_what_ours_lack(font: Callable[[str, str, bool], None]) -> None:
    font("A Name That Is Longer Than That Of Last Resort", RUNE, True)
    assert unseen(made(markdown(f"a {RUNE} b"), code(f"'{RUNE}'"))) == []


@pytest.mark.parametrize("sign", "हคא🚀字")
def test_a_font_of_the_machine_does_not_come_before_ours(
    font: Callable[[str, str, bool], None], sign: str
) -> None:
    """As Debian's fonts-unifont would, with a font of bitmaps."""
    font("A", sign, False)
    assert unseen(made(markdown(f"a {sign} b"), code(f"'{sign}'"))) == []


@pytest.mark.parametrize(
    ("contents", "there"),
    [
        (rb"(\000\000) Tj", True), (rb"(\000\003\000\000)", True), (b"(\0\0)", True),
        (rb"(\0\0)", True), (b"<0000>", True), (b"<00010000>", True),
        (rb"(\000\001)", False), (b"(\0\1)", False), (b"<0001>", False), (b"10.00001 w", False),
    ],
)  # fmt: skip
def test_a_page_without_a_box_is_passed_over(contents: bytes, there: bool) -> None:
    assert bool(ZEROS.search(contents)) == there


def test_signs_are_tried_one_by_one() -> None:
    signs = list(signs_of(f"plain é {RUNE} 1️⃣ 한 {HIEROGLYPH} 👩‍🔬 \u200b {RUNE}"))
    assert signs == ["é", RUNE, "1️⃣", "한", HIEROGLYPH, "👩‍🔬"]
    assert without_glyph(signs) == [RUNE, HIEROGLYPH]
    assert without_glyph([]) == []


def test_every_family_that_is_named_is_there(tmp_path: Path) -> None:
    """One that is renamed would be passed over in silence."""
    fonts = typst.Fonts(include_system_fonts=False, font_paths=folders(tmp_path))
    assert {*TEXT, *CODE} - {*fonts.families()} == {"Unifont", "Unifont Upper"}
