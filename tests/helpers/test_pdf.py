"""PDFs are read back with another library than the one that wrote them."""

import base64
import io
import json
import re
import subprocess
import sys

import pytest
from PIL import Image
from pypdf import PdfReader

from helpers.errors import PdfError
from helpers.pdf import notebook_to_pdf


def png(width, height):
    raw = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(raw, "PNG")
    return base64.b64encode(raw.getvalue()).decode()


def markdown(source, **rest):
    return {"cell_type": "markdown", "metadata": {}, "source": source, **rest}


def code(source, *outputs, count=1):
    return {
        "cell_type": "code", "metadata": {}, "source": source, "outputs": list(outputs),
        "execution_count": count,
    }  # fmt: skip


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def shown(data, **metadata):
    return {"output_type": "display_data", "data": data, "metadata": metadata}


@pytest.fixture
def pages(tmp_path):
    """Converts cells and gives the pages back."""

    def convert(*cells):
        path = tmp_path / "my notebook.ipynb"
        path.write_text(json.dumps({"cells": cells, "nbformat": 4}), encoding="utf-8")
        out = notebook_to_pdf(path)
        assert out == tmp_path / "my notebook.pdf"
        assert not list(tmp_path.glob("*.part"))
        return PdfReader(out).pages

    return convert


def text_of(pages):
    return re.sub(r"[\s\u200b]+", " ", " ".join(page.extract_text() for page in pages))


def test_text_code_and_outputs_are_all_there_in_order(pages):
    text = text_of(
        pages(
            markdown("# The autoencoder\n\nSome **bold** words and `inline` code."),
            code("x = 1\nprint(x)", stream("one\n"), stream("two\n"), count=7),
            code(
                "1 / 0", {"output_type": "error", "traceback": ["\x1b[31mZeroDivisionError\x1b[0m"]}
            ),
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


def test_greek_signs_ticks_and_formulas(pages):
    text = text_of(
        pages(
            markdown("Loss λ ≤ ½, done ✓, naïve"),
            markdown("$$\\alpha^2$$\n\n\\begin{align}\n\\beta &= 1\n\\end{align}"),
            code("α = 'Ω → ✓'"),
        )
    )
    for sign in ("λ", "≤", "✓", "naïve", "Ω", "→"):
        assert sign in text, sign
    assert "begin{align}" not in text and "alpha" not in text


def test_a_progress_bar_is_its_last_state(pages):
    bar = [stream("\r 0%", "stderr"), stream("\r 50%", "stderr"), stream("\r100% done\n", "stderr")]
    text = text_of(pages(code("train()", *bar)))
    assert "100% done" in text and " 50%" not in text


@pytest.mark.parametrize(
    ("size", "metadata", "expected"),
    [
        ((100, 50), {}, 75.0),  # 96 pixels to the inch
        ((800, 400), {"image/png": {"width": 400}}, 300.0),  # a sharp picture, shown at half size
        ((4000, 400), {}, 499.0),  # as wide as the text
        ((400, 4000), {}, 70.0),  # as high as the page
    ],
)
def test_pictures_have_the_size_of_the_screen_and_fit_the_page(
    tmp_path, pages, size, metadata, expected
):
    *_, page = pages(code("plot()", shown({"image/png": png(*size)}, **metadata)))
    assert [image.image.size for image in page.images] == [size]
    drawn = re.findall(
        rb"([\d.]+) 0 0 -?([\d.]+) [\d.-]+ [\d.-]+ cm\s*/", page.get_contents().get_data()
    )
    widths = [float(width) for width, _ in drawn]
    assert any(abs(width - expected) < 1 for width in widths), widths


def test_pictures_in_the_text(pages, tmp_path):
    (tmp_path / "beside.png").write_bytes(base64.b64decode(png(5000, 30)))
    found = pages(
        markdown("![](attachment:a.png)", attachments={"a.png": {"image/png": png(31, 30)}}),
        markdown(f"![](data:image/png;base64,{png(32, 30)})"),
        markdown("![](beside.png)"),
        markdown("words ![](gone.png) words, and <img src='also-gone.png' width=3>"),
    )
    images = [image.image.size for page in found for image in page.images]
    assert images == [(31, 30), (32, 30), (5000, 30)]
    text = text_of(found)
    assert "[picture not found: gone.png]" in text and "also-gone.png" in text


def test_what_cannot_be_shown_is_named(pages):
    text = text_of(
        pages(
            code("a", shown({"application/x-strange": {}})),
            code("b", shown({"image/png": base64.b64encode(b"no picture").decode()})),
            code("c", shown({"image/png": "not base64 at all!"})),
        )
    )
    assert "application/x-strange: see the notebook" in text
    assert text.count("a damaged picture") == 2


def test_svg(pages):
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect height="9"/></svg>'
    assert len(pages(code("a", shown({"image/svg+xml": svg})))) == 1


@pytest.mark.parametrize(
    "awkward",
    [
        "an open comment <!-- and no end",
        "```python\nan open fence",
        'unbalanced #[ { $ ] \\ " * _ ` < > @ #import',
        "$\\unknowncommand{x}$ and $\\frac{1}{$",
        "x" * 5000,
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "<details><summary>More</summary>\n\ninside\n\n</details>",
        "> quoted\n\n---\n\n- [x] task",
    ],
)
def test_one_awkward_cell_spoils_no_other(pages, awkward):
    text = text_of(pages(markdown("before"), markdown(awkward), markdown("after")))
    assert text.index("before") < text.index("after")
    for word in re.findall(r"open|unbalanced|inside|quoted|task|unknowncommand", awkward):
        assert word in text


def test_awkward_code_and_outputs(pages):
    long = "9" * 300
    text = text_of(
        pages(
            code(
                'print("""\\n""")  # "quoted" \\ back', stream("\x00\x07 bell \x1b[1mbold\x1b[0m")
            ),
            code(f"number = {long}", stream(long)),
        )
    )
    assert 'print("""\\n""")' in text and "bell bold" in text
    assert text.replace(" ", "").count(long) == 2


def test_a_notebook_without_cells(pages):
    assert len(pages()) == 1


@pytest.mark.parametrize("content", ["", "not json", "[]", "{}", '{"cells": 3}', '{"cells": [1]}'])
def test_what_is_no_notebook_is_named(tmp_path, content):
    path = tmp_path / "bad.ipynb"
    path.write_text(content)
    with pytest.raises(PdfError, match=r"bad\.ipynb .*save it again"):
        notebook_to_pdf(path)
    assert list(tmp_path.iterdir()) == [path]


def test_the_command_says_where_the_pdf_is(tmp_path):
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
