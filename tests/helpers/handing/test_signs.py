"""What the check before handing in says of signs that the PDF does not show."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from cells import code, markdown, shown, stream
from test_precheck import GOOD

from helpers.handing.handing_in import attempt
from helpers.handing.signs import signs_without_a_font
from helpers.pdf.document import render


def said(*cells: dict[str, Any]) -> tuple[str, int | None]:
    notebook = {"cells": list(cells)}
    (finding,) = signs_without_a_font(notebook, render(notebook, "title", Path()))
    return finding.text, finding.cell.number if finding.cell else None


def test_a_notebook_whose_signs_are_all_shown_has_no_finding() -> None:
    cells = [markdown("한국어 คำตอบ 🚀 1️⃣ \u200b"), code("# 损失函数", stream("✅ 끝 100%|█▏|\n"))]
    assert signs_without_a_font({"cells": cells}, render({"cells": cells}, "t", Path())) == []


def test_the_sign_its_name_its_cells_and_what_to_do_are_said() -> None:
    text, cell = said(markdown("fine"), markdown("a ᚠ"), code("'ok'"), code("x", stream("𓀀 ᚠ")))
    assert cell == 2
    assert text.startswith(
        "No font here has `ᚠ` (RUNIC LETTER FEHU FEOH FE F), `𓀀` (EGYPTIAN HIEROGLYPH A001) "
        "(also in cell 4): the PDF shows a box instead, or nothing, on page 1."
    )
    assert "Write it in words, or install a font" in text


def test_a_few_signs_stand_for_many() -> None:
    text, _ = said(*[markdown(f"see {chr(sign)}") for sign in range(0x16A0, 0x16AA)])
    assert text.count("RUNIC") == 4 and "and 6 more (also in cells 2, 3, 4, 5 and more)" in text


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (markdown("an entity &#5792;"), "`ᚠ` (RUNIC"),
        (markdown("of one's own: \ue0b0"), "(U+E0B0)"),
        (code("x", shown({"text/html": ["<td>", "ᚠ</td>"]})), "`ᚠ` (RUNIC"),
    ],
)
def test_signs_are_named_wherever_they_come_from(cell: dict[str, Any], name: str) -> None:
    text, number = said(cell)
    assert name in text and number == 1


def test_what_is_not_on_paper_is_not_named() -> None:
    hint = markdown("<details><summary>Hint 1</summary>\n\nᚢ 𓀀\n\n</details>\n")
    hidden = [hint, code("# @title Given\n'𓀀'"), code("hand_in()", stream("`ᚢ` is missing"))]
    text, number = said(*hidden, markdown("ᚠ"))
    assert "ᚠ" in text and number == 4
    assert "ᚢ" not in text and "𓀀" not in text


def test_handing_in_says_it_and_still_writes_the_zip(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = copy.deepcopy(GOOD)
    notebook["cells"].insert(0, markdown("My answer: ᚠ"))
    path = tmp_path / "my.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert attempt(path) is False
    shown = capsys.readouterr().out
    assert "1 thing to fix" in shown and "Cell 1 (`My answer: ᚠ`): No font here has `ᚠ`" in shown
    assert (tmp_path / "my.zip").is_file()
