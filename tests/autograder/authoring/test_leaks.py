import base64
from typing import Any

import pytest

from autograder.authoring.leaks import find, split, unbalanced

SOLUTION = """\
# Question: encoder
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        ### BEGIN SOLUTION
        self.encoder = nn.Sequential(
            nn.Conv2d(in_channels, 12, 4, stride=2),  # halves the image
            nn.ReLU(),
        )
        optimizer.step()
        for image, label in loader:
            x, y = image.to(device), label.to(device)
        visible_and_removed = 1
        ### END SOLUTION
    visible_and_removed = 1"""
LINE = "nn.Conv2d(in_channels, 12, 4, stride=2),"


def notebook(*cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def cell(id: str, source: str | list[str], **more: Any) -> dict[str, Any]:
    return {"id": id, "cell_type": "code", "source": source, "metadata": {}, **more}


def leaks(*cells: dict[str, Any], **metadata: Any) -> list[str]:
    return find(notebook(cell("encoder", SOLUTION)), notebook(*cells, **metadata))


def test_a_clean_release_has_none() -> None:
    seen = "\n".join(split(SOLUTION)[0])
    assert leaks(cell("encoder", seen, outputs=[], execution_count=None)) == []


@pytest.mark.parametrize(
    "place",
    [
        cell("x", f"x = [\n  {LINE}\n]"),
        cell("x", ["a\n", f"{LINE}\n"]),
        cell("x", f"See `{LINE}` for it", cell_type="markdown"),
        cell("x", LINE.replace(", ", ",")),
        cell("x", "", metadata={"note": {"deep": [LINE]}}),
        cell("x", "", metadata={LINE: 1}),
        cell("x", "", attachments={"a.txt": {"text/plain": LINE}}),
        cell("x", "", attachments={"a": {"b": base64.b64encode(LINE.encode()).decode()}}),
        cell("x", f"![](data:text/plain;base64,{base64.b64encode(LINE.encode()).decode()})"),
        cell("x", "# halves the image\nself.encoder = nn.Sequential("),
    ],
)
def test_a_removed_line_is_found_wherever_it_is(place: dict[str, Any]) -> None:
    (problem, *_) = leaks(place)
    assert problem.startswith("cell 'x' has ")
    assert problem.endswith("a line removed from cell 'encoder'")


def test_a_removed_line_is_found_in_the_notebooks_metadata() -> None:
    assert leaks(note=LINE) == [
        f"the notebook's metadata has {LINE!r}, a line removed from cell 'encoder'"
    ]


@pytest.mark.parametrize(
    "innocent",
    [
        "nn.ReLU(),",
        "optimizer.step()",
        "for image, label in loader:",
        "x, y = image.to(device), label.to(device)",
        "super().__init__()",
        "visible_and_removed = 1",
        "nn.Conv2d(3, 8, 3)",
    ],
)
def test_lines_that_tell_nothing_may_be_shown(innocent: str) -> None:
    assert leaks(cell("x", innocent)) == []


@pytest.mark.parametrize(
    "marker",
    ["### BEGIN SOLUTION", "# end solution", "END_HIDDEN_TESTS", "<!-- BEGIN MARK SCHEME -->"],
)
def test_a_marker_left_is_found(marker: str) -> None:
    assert "marker" in leaks(cell("x", f"a\n{marker}\nb"))[0]


def test_outputs_and_execution_counts_are_found() -> None:
    outputs = [{"output_type": "stream", "name": "stdout", "text": "0.43"}]
    problems = leaks(cell("x", "", outputs=outputs, execution_count=0))
    assert problems == ["cell 'x' has an output", "cell 'x' has the execution count 0"]


def test_a_hidden_test_is_looked_for_as_a_solution_is() -> None:
    hidden = "assert ok\n### BEGIN HIDDEN TESTS\nassert secret_value(3) == 7\n### END HIDDEN TESTS"
    release = notebook(cell("y", "assert secret_value(3) == 7"))
    assert "removed from cell 'test'" in find(notebook(cell("test", hidden)), release)[0]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("### BEGIN SOLUTION\na\n### END SOLUTION\n" * 2, ""),
        ("### BEGIN SOLUTION\na", "BEGIN SOLUTION has no END SOLUTION"),
        ("a\n### END SOLUTION", "line 2 has 'END SOLUTION' without a BEGIN SOLUTION"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "before END SOLUTION"),
        ("### BEGIN SOLUTION\n### END HIDDEN TESTS", "without a BEGIN HIDDEN TESTS"),
        ("### Begin Solution\n### End Solution", "which nbgrader does not know"),
        ("### BEGIN  SOLUTION\n### END SOLUTION", "which nbgrader does not know"),
        ("### BEGIN HIDDEN TEST\n### END HIDDEN TEST", "which nbgrader does not know"),
    ],
)
def test_markers_must_match(source: str, said: str) -> None:
    assert said in unbalanced(source)
    assert bool(said) == bool(unbalanced(source))
