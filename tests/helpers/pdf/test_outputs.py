"""What a page cannot show leaves a word in its place, and a file of any form raises nothing."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cells import Cell, code, markdown, png, shown
from pypdf import PageObject, PdfReader

from helpers.notebook import RESULT
from helpers.pdf.document import render

DRAWING = '<svg width="90" height="40"><circle cx="9" cy="9" r="9"/><text y="30">icon</text></svg>'
COLAB_TABLE = f"""<div id="df-1" class="colab-df-container"><div><style scoped>td {{x: y}}</style>
<table class="dataframe"><tr><th>epoch</th></tr><tr><td>1</td></tr></table></div>
<div class="colab-df-buttons"><button class="colab-df-convert" title="Convert">{DRAWING}</button>
<script>document.querySelector("#df-1 button")</script></div></div>"""


def pages_of(*cells: Any) -> Sequence[PageObject]:
    return PdfReader(io.BytesIO(render({"cells": list(cells)}, "title", Path()))).pages


def text_of(*cells: Any) -> str:
    """What a page says, without its number."""
    (page,) = pages_of(*cells)
    return re.sub(r"\s+", " ", page.extract_text().rpartition("1 / 1")[0]).strip()


ODD_OUTPUTS: dict[str, tuple[Any, str]] = {
    "script": (shown({"text/html": "<script>draw()</script>"}), "an output that a page cannot"),
    "style": (shown({"text/html": "<style>p {}</style><!-- no -->"}), "an output that a page"),
    "open script": (shown({"text/html": "<script>draw("}), "an output that a page cannot show"),
    "no html": (shown({"text/html": "", "text/plain": "<HTML>"}), "see the notebook] <HTML>"),
    "no markdown": (shown({"text/markdown": " "}), "an output that a page cannot show"),
    "frame": (shown({"text/html": '<iframe srcdoc="<b>x</b>"></iframe>'}), "an embedded page"),
    "sound": (shown({"text/html": "<AUDIO controls>unsupported</AUDIO>"}), "a sound"),
    "canvas": (shown({"text/html": "<canvas id='c'></canvas><script>d()</script>"}), "a drawing"),
    "javascript": (shown({"application/javascript": "x"}), "type application/javascript"),
    "chart": (shown({"application/x-chart": {}, "text/plain": "Chart(1)"}), "notebook] Chart(1)"),
    "no data": (shown({}), "an empty output"),
    "no data at all": ({"output_type": "display_data"}, "an empty output"),
    "data in a list": ({"output_type": "display_data", "data": [["text/plain", "x"]]}, "an empty"),
    "no text": (shown({"text/plain": []}), "an empty output"),
    "no bytes": (shown({"image/png": "", "text/plain": "<Figure>"}), "notebook] <Figure>"),
    "picture in lists": (shown({"image/png": [["iVBO"]]}), "a damaged picture of the type"),
    "picture in a table": (shown({"image/jpeg": {"a": 1}}), "a damaged picture"),
    "no svg": (shown({"image/svg+xml": ""}), "a damaged picture of the type image/svg+xml"),
    "half a surrogate": (shown({"image/svg+xml": "<svg>\ud800"}), "a damaged picture"),
    "nested lines": (shown({"text/plain": [["nested"], "lines"]}), "nested"),
    "no traceback": ({"output_type": "error", "ename": "E", "evalue": "boom"}, "E: boom"),
    "traceback of another kind": ({"output_type": "error", "traceback": 31}, "31"),
    "unknown kind": ({"output_type": ["x"], "text": "y"}, "an empty output"),
    "no output": ("just text", "an empty output"),
}  # fmt: skip


def test_of_a_recorded_result_its_line_is_shown_and_nothing_else() -> None:
    results = [{RESULT: {"name": "cmc"}, "text/plain": "cmc: test accuracy 0.5000 (mini profile)"}]
    results.append({"application/vnd.google.colaboratory.intrinsic+json": {}, "text/plain": "'x'"})
    said = text_of(*(code("x", shown(data)) for data in results))
    assert said == "In [1] x cmc: test accuracy 0.5000 (mini profile) In [1] x 'x'"


@pytest.mark.parametrize(("output", "words"), ODD_OUTPUTS.values(), ids=ODD_OUTPUTS.keys())
def test_an_output_that_cannot_be_shown_leaves_a_word(output: Any, words: str) -> None:
    text = text_of(code("x", output))
    assert words in text.removeprefix("In [1] x ")
    assert "draw(" not in text and "unsupported" not in text


@pytest.mark.parametrize("outputs", [None, {}, {"a": 1}, 7, "text", [None, 3]])
def test_outputs_of_any_form_raise_nothing(outputs: Any) -> None:
    text = text_of({**code("x"), "outputs": outputs})
    assert text.count("an empty output") == (len(outputs) if isinstance(outputs, list) else
                                             bool(outputs))  # fmt: skip


@pytest.mark.parametrize(
    "cell",
    [
        {}, {"cell_type": 3, "source": None}, {"cell_type": "code", "metadata": [1], "source": "x"},
        {"cell_type": "markdown", "metadata": {"tags": 3}, "source": {"a": 1}},
        markdown("![](attachment:x.png) \ud800", attachments=[1]),
        markdown("![](attachment:x.png)", attachments={"x.png": {"image/png": 3}, "y": 2}),
        markdown(f"![]({'x' * 5000}.png) ![](%00.png)"),
        code("x", {**shown({"image/png": png(9, 9)}), "metadata": [3]}),
    ],
)  # fmt: skip
def test_cells_of_any_form_raise_nothing(cell: Cell) -> None:
    assert text_of(cell, markdown("the end")).endswith("the end")


def test_what_stands_beside_it_is_shown() -> None:
    video = "<p>before</p><video controls><source src=x>unsupported</video><p>after</p>"
    plot = "<h3>Loss</h3><div id='u1' style='height: 5px'></div><script>draw()</script>"
    assert text_of(code("x", shown({"text/html": video}), shown({"text/html": plot}))) == (
        "In [1] x before [a video, which a page cannot show: see the notebook] after Loss "
        "[what a script draws, which a page cannot show: see the notebook]"
    )


def test_a_text_cell_says_what_of_it_is_not_shown() -> None:
    text = text_of(
        markdown("see <video src='a.mp4'></video> and ![](b.mp4)\n\n<EMBED src=c.pdf>\n\nthe end"),
        markdown("- [x] did\n\n`<video>` in code"),
    )
    assert text.count("[a video, which a page cannot show") == 2
    assert "[an object, which" in text and "the end" in text and "<video> in code" in text


def test_a_word_stands_only_where_something_is_missing() -> None:
    colab = {"application/vnd.google.colaboratory.intrinsic+json": {"type": "string"}}
    outputs = shown({"text/html": COLAB_TABLE}), shown({**colab, "text/plain": "'words'"})
    assert text_of(code("x", *outputs)) == "In [1] x epoch 1 'words'"


def test_pictures_within_html_are_shown() -> None:
    """Those of an output as well as those of a text cell, and drawings that name no namespace."""
    first, second = (
        f'<img src="data:image/png;base64,{png(width, 30)}"> {DRAWING} <svg><g></svg>'
        for width in (31, 32)
    )
    pages = pages_of(code("x", shown({"text/html": first})), markdown(second))
    assert sum(len(page.images) for page in pages) == 2
    text = " ".join(page.extract_text() for page in pages)
    assert text.count("icon") == 2 and "not found" not in text
    assert text.count("a drawing") == 2  # the broken one alone
