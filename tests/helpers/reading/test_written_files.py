"""Whatever wrote a notebook's file, it is read as the same cells, for the PDF and for a grade."""

import json
from pathlib import Path
from typing import Any

import pytest
from cells import code, markdown, png, stream
from odd_notebooks import WAYS
from pypdf import PdfReader

from helpers.errors import NotebookError
from helpers.pdf.document import notebook_to_pdf
from helpers.reading.cells import cells_of
from helpers.reading.files import read_notebook

NOTEBOOK: dict[str, Any] = {
    "cells": [
        markdown("# Größe → “ε”"),
        code("x = 'naïve'\nprint(x)", stream("naïve – 한\n"), count=1, id="a"),
        code("y = 2", count=2, id="b"),
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::nbformat.validator.MissingIDFieldWarning")
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_a_notebook_is_read_the_same(tmp_path: Path, way: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(WAYS[way](json.loads(json.dumps(NOTEBOOK))))
    read = cells_of(read_notebook(path))
    right = cells_of(NOTEBOOK)
    assert [(c.kind, c.source) for c in read] == [(c.kind, c.source) for c in right]
    assert read[1].outputs[0]["text"] in ("naïve – 한\n", ["naïve – 한\n"])


def test_an_old_notebook_has_its_outputs_in_the_pdf(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Results"]},
        {"cell_type": "code", "language": "python", "input": ["1 + ", "1"], "prompt_number": 7,
         "outputs": [
             {"output_type": "pyout", "prompt_number": 7, "text": ["2"]},
             {"output_type": "stream", "stream": "stdout", "text": "said"},
             {"output_type": "display_data", "png": png(30, 20)},
             {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["failed here"]}]},
    ]  # fmt: skip
    old = {"nbformat": 3, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps(old), encoding="utf-16")
    pages = PdfReader(notebook_to_pdf(path)).pages
    text = "".join(page.extract_text() for page in pages)
    assert all(said in text for said in ("Results", "1 + 1", "[7]", "2", "said", "failed here"))
    assert [image.image.size for image in pages[0].images if image.image] == [(30, 20)]


def test_what_is_no_notebook_is_told_in_words(tmp_path: Path) -> None:
    for content, says in {
        "<!DOCTYPE html><p>": "is a web page", "version https://git-lfs.x\n": "Git LFS",
        '{\n<<<<<<< HEAD\n"a": 1\n=======\n': "Git conflict, from line 2",
    }.items():  # fmt: skip
        (tmp_path / "a.ipynb").write_text(content)
        with pytest.raises(NotebookError, match=f"a.ipynb .*{says}"):
            read_notebook(tmp_path / "a.ipynb")
