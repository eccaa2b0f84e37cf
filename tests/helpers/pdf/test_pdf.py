"""PDFs are read back with another library than the one that wrote them."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cells import Cell, code, error, markdown, png, shown, stream
from pypdf import PageObject, PdfReader

from helpers.__main__ import main
from helpers.errors import NotebookError
from helpers.pdf.document import notebook_to_pdf

Pages = Callable[..., Sequence[PageObject]]


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    """Converts cells and gives the pages back."""

    def convert(*cells: Cell) -> Sequence[PageObject]:
        path = tmp_path / "my notebook.ipynb"
        path.write_text(json.dumps({"cells": cells, "nbformat": 4}), encoding="utf-8")
        out = notebook_to_pdf(path)
        assert out == tmp_path / "my notebook.pdf"
        assert not list(tmp_path.glob("*.part"))
        return PdfReader(out).pages

    return convert


def text_of(pages: Iterable[PageObject]) -> str:
    return re.sub(r"[\s\u200b]+", " ", " ".join(page.extract_text() for page in pages))


def test_text_code_and_outputs_are_all_there_in_order(pages: Pages) -> None:
    text = text_of(
        pages(
            markdown("# The autoencoder\n\nSome **bold** words and `inline` code."),
            code("x = 1\nprint(x)", stream("one\n"), stream("two\n"), count=7),
            code("1 / 0", error("ZeroDivisionError", "", "\x1b[31mZeroDivisionError\x1b[0m")),
            code("3", {"output_type": "execute_result", "data": {"text/plain": ["thr", "ee"]}}),
            {"cell_type": "raw", "source": "raw words"},
        )
    )
    wanted = [
        "The autoencoder", "bold", "inline", "In [7]", "print(x)", "one", "two", "1 / 0",
        "ZeroDivisionError", "three", "raw words",
    ]  # fmt: skip
    positions = [text.index(word) for word in wanted]
    assert positions == sorted(positions)
    assert "[31m" not in text


def test_what_is_for_the_screen_alone_is_left_out(pages: Pages) -> None:
    answer = code("# @title mine\nx = 'answer'", count=2)
    answer["metadata"] = {"nbgrader": {"grade_id": "mine", "solution": True}}
    text = text_of(
        pages(
            code("# @title The drawing\nsecret = 'code'", stream("drawn"), count=1),
            markdown("<details><summary>Hint 1</summary>\n\nlook\n\n</details>\n" * 2),
            markdown("<details><summary>Mine</summary>\n\nand more\n\n</details>"),
            answer,
            code("helpers.hand_in()", stream("Not ready yet"), count=3),
        )
    )
    assert "In [1] # The drawing (code left out)" in text and "drawn" in text
    assert "secret" not in text and "answer" in text
    assert "look" not in text and "and more" in text
    assert "hand_in" in text and "Not ready" not in text


@pytest.mark.parametrize(
    ("size", "metadata", "expected"),
    [
        ((100, 50), {}, 75.0),  # 96 pixels to the inch
        ((800, 400), {"image/png": {"width": 400}}, 300.0),  # a sharp picture, shown at half size
        ((4000, 400), {}, 499.0),  # as wide as the text
        ((400, 4000), {}, 62.0),  # as high as the page, with room for its code
    ],
)
def test_pictures_have_the_size_of_the_screen_and_fit_the_page(
    tmp_path: Path, pages: Pages, size: tuple[int, int], metadata: dict[str, Any], expected: float
) -> None:
    *_, page = pages(code("plot()", shown({"image/png": png(*size)}, **metadata)))
    assert [image.image and image.image.size for image in page.images] == [size]
    contents = page.get_contents()
    assert contents is not None
    drawn = re.findall(rb"([\d.]+) 0 0 -?([\d.]+) [\d.-]+ [\d.-]+ cm\s*/", contents.get_data())
    widths = [float(width) for width, _ in drawn]
    assert any(abs(width - expected) < 1 for width in widths), widths


def test_a_notebook_without_cells(pages: Pages) -> None:
    assert len(pages()) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [("", "is empty"), ("not json", "is not a notebook"), ("[]", "its JSON is a list"),
     ("{}", "no list of cells"), ('{"cells": 3}', "no list of"), ('{"cells": [1]}', "no list of")],
)  # fmt: skip
def test_what_is_no_notebook_is_named(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "bad.ipynb"
    path.write_text(content)
    with pytest.raises(NotebookError, match=rf"bad\.ipynb .*{says}"):
        notebook_to_pdf(path)
    assert list(tmp_path.iterdir()) == [path]


def test_the_command_says_where_the_pdf_is(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": [markdown("words")]}))
    command = [sys.executable, "-m", "helpers", "pdf"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == str(tmp_path / "a.pdf")
    failed = subprocess.run(
        [*command, str(tmp_path / "b.ipynb")], capture_output=True, text=True, check=False
    )
    assert failed.returncode == 1
    assert failed.stderr.startswith("There is no ") and failed.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["."], "cannot be read: Is a directory"),
        (["none.ipynb"], "There is no none.ipynb"),
        (["a.ipynb", "--out", "nowhere/a.pdf"], "cannot be written: No such file or directory"),
    ],
)
def test_the_command_says_in_a_sentence_what_it_cannot_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4}')
    assert main(["pdf", *arguments]) == 1
    assert says in capsys.readouterr().err
