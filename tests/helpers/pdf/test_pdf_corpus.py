"""Every difficult cell, set in one document: nothing dropped, nothing spoiled, nothing clipped."""

import json
import re
from pathlib import Path

import pytest
from cells import markdown
from difficult_cells import CORPUS, Difficult
from pypdf import PdfReader

from helpers.pdf.document import notebook_to_pdf


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cells = [markdown("STARTOFALL")]
    for i, difficult in enumerate(CORPUS):
        cells += [markdown(f"BEGIN{i:03}"), difficult.cell]
    path = tmp_path_factory.mktemp("corpus") / "corpus.ipynb"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}), encoding="utf-8")
    return notebook_to_pdf(path)


@pytest.fixture(scope="module")
def sections(document: Path) -> list[str]:
    """What is read on the pages between a cell's marker and the next, without spaces."""
    pages = [page.extract_text() for page in PdfReader(document).pages]
    text = "".join(re.sub(r"\d+ / \d+\s*$", "", page.rstrip()) for page in pages)
    parts = re.split(r"BEGIN\d{3}", squeezed(text))
    assert len(parts) == len(CORPUS) + 1
    return parts[1:]


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b\u00a0]+", "", text)


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 40
    assert len({d.name for d in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize("i", range(len(CORPUS)), ids=[d.name for d in CORPUS])
def test_a_page_shows_what_the_cell_holds(i: int, sections: list[str]) -> None:
    difficult: Difficult = CORPUS[i]
    text, place = sections[i], 0
    for words in difficult.words:
        found = text.find(squeezed(words), place)
        assert found >= 0, f"{words!r} is not in {text[place : place + 300]!r}"
        place = found
    for words in difficult.never:
        assert squeezed(words) not in text, text[:300]
    if difficult.cell["cell_type"] == "code":
        assert squeezed(difficult.cell["source"]) in text


def test_all_pictures_are_there(document: Path) -> None:
    pictures = [image for page in PdfReader(document).pages for image in page.images]
    assert len({p.name for p in pictures}) <= len(pictures)
    assert len(pictures) == sum(d.pictures for d in CORPUS)


def test_no_text_leaves_its_page(document: Path) -> None:
    outside = []

    def visit(text: str, user: list[float], matrix: list[float], *_: object) -> None:
        if text.strip():
            x = matrix[4] * user[0] + matrix[5] * user[2] + user[4]
            if not 40 <= x <= 555:
                outside.append((round(x), text[:40]))

    for page in PdfReader(document).pages:
        page.extract_text(visitor_text=visit)
    assert outside == []
