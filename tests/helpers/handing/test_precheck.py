"""Every thing to mend is found, and a notebook with nothing to mend is left alone."""

import copy
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cells import Cell, code, error, markdown, png, shown, stream

import helpers
from helpers.handing.precheck import missing_from_pdf, precheck
from helpers.notebook import RESULT

# What a test does to the notebook and its cells.
Change = Callable[[dict[str, Any], list[Cell]], None]


def result(name: str, accuracy: float, profile: str = "mini") -> Cell:
    value = {"name": name, "accuracy": accuracy, "profile": profile}
    return shown({"text/plain": f"{name}: {accuracy}", RESULT: value})


GOOD: dict[str, Any] = {
    "metadata": {
        "course": {
            "problem_set": "ps_toy",
            "questions": ["double", "report_toy", "extra"],
            "bonus": ["extra"],
            "by_hand": ["essay"],
        }
    },
    "cells": [
        markdown("# Toy"),
        code("import helpers\nhelpers.start()", stream("ready"), count=1),
        code("# Question: double\ndef double(x):\n    return 2 * x", count=2),
        code("helpers.plot_loss([1])", shown({"image/png": png(3, 2)}), count=3),
        code("helpers.record('toy', double(0.2))", result("toy", 0.4), count=4),
        code("# Question: report_toy\n%time\nresults_toy = dict(toy=0.40)", count=5),
        code("# Question: extra\ndef e():\n    raise NotImplementedError()", count=6),
        markdown("<!-- Question: essay -->\nTwice is once and once again."),
        code("   \n", count=None),
        code("helpers.hand_in()", count=None),
    ],
}


def findings(change: Change) -> list[str]:
    notebook = copy.deepcopy(GOOD)
    change(notebook, notebook["cells"])
    return [
        f"{f.cell.number if f.cell else '-'}: {f.text.split(':')[0]}" for f in precheck(notebook)
    ]


def test_nothing_is_wrong_with_a_good_notebook() -> None:
    assert precheck(GOOD) == []


def put(index: int, **values: Any) -> Change:
    return lambda notebook, cells: cells[index].update(values)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (put(2, source="# Question: double\ndef double(x):\n    raise NotImplementedError()"),
         ["3: The answer to double is not written yet, or not all of it."]),
        (put(2, source="def double(x):\n    return 2 * x"),
         ["-: There is no answer to double"]),
        (put(4, execution_count=None), ["5: A cell was not run, this one first"]),
        (put(3, execution_count=9), ["5: Cells were run in another order than they stand in, this "
                                     "one before the one above it"]),
        (put(3, outputs=[]), ["4: The figure of this cell is missing"]),
        (put(3, outputs=[error("ValueError", "no\nloss", "…")]),
         ["4: This cell stopped with ValueError"]),
        (put(4, outputs=[]), ["6: report_toy"]),
        (put(4, outputs=[result("toy", 0.4, "quick")]), ["-: toy came from a quick try"]),
        (put(4, source="helpers.record('toy', 0.4)\nraise NotImplementedError()"),
         ["5: What this cell leaves to you is not written yet."]),
        (put(3, outputs=[shown({"image/png": png(3, 2)}), stream(
            "Interrupted after epoch 3 of 30, helpers.resume() goes on from here.\n")]),
         ["4: Training was interrupted after epoch 3 of 30"]),
        (put(5, source="# Question: report_toy\nresults_toy = {'toy': 0.45}"), ["6: report_toy"]),
        (put(5, source="# Question: report_toy\nresults_toy = {'toy': 40}"), ["6: report_toy"]),
        (put(5, source="# Question: report_toy\nresults_toy = {'toy': None}"), ["6: report_toy"]),
        (put(5, source="# Question: report_toy\nresults_toy = {}"), ["6: report_toy"]),
        (put(7, source="<!-- Question: essay -->\n*Write here.*"),
         ["-: The answer to essay, in a text cell, is not written yet."]),
        (put(7, source="\n<!-- Question: essay -->  \n"),
         ["-: The answer to essay, in a text cell, is not written yet."]),
        (put(7, source="Twice is once and once again."),
         ["-: There is no text cell that begins with `<!-- Question"]),
        (lambda notebook, cells: notebook.update(metadata={}),
         ["7: The answer to extra is not written yet, or not all of it."]),
    ],
)  # fmt: skip
def test_each_thing_to_mend_is_named_with_its_cell(change: Change, expected: list[str]) -> None:
    assert findings(change) == expected


def test_results_that_grading_cannot_read_are_named() -> None:
    def change(_: dict[str, Any], cells: list[Cell]) -> None:
        cells[5]["source"] = (
            "# Question: report_toy\nlearned = {'toy': True}\nresults_toy = accuracies"
        )

    assert findings(change) == ["6: report_toy"]


def test_what_colab_leaves_out_is_named_with_its_setting() -> None:
    def private(notebook: dict[str, Any], _: list[Cell]) -> None:
        notebook["metadata"]["colab"] = {"private_outputs": True}

    def hidden(_: dict[str, Any], cells: list[Cell]) -> None:
        said = "Output hidden; open in https://colab.example.org/x to view."
        odd = {"output_type": "display_data", "data": []}
        cells[3]["outputs"] = [odd, shown({"text/plain": said}), shown({"image/png": png(3, 2)})]

    assert findings(private) == ["-: Colab does not save this notebook's outputs"]
    assert findings(hidden) == [
        "4: Colab left the output of this cell out, since it was hidden or too large"
    ]


def test_a_magic_may_stand_above_the_first_line() -> None:
    def change(_: dict[str, Any], cells: list[Cell]) -> None:
        cells[2]["source"] = "%%time\n" + cells[2]["source"]

    assert findings(change) == []


def test_a_notebook_of_something_else_is_refused() -> None:
    def change(notebook: dict[str, Any], cells: list[Cell]) -> None:
        notebook["metadata"] = {}
        cells[:] = [code("print(1)", stream("1"), count=1)]

    assert findings(change) == ["-: This notebook answers no question of a problem set"]


def test_a_class_of_ones_own_may_leave_a_method_open() -> None:
    own = "class Base:\n    def f(self):\n        raise NotImplementedError\nhelpers.record()"
    assert findings(put(4, source=own)) == []


def test_an_unwritten_answer_is_listed_once() -> None:
    """Not again for its own error and that of its test, which cannot pass without it."""

    def stop(notebook: dict[str, Any], cells: list[Cell]) -> None:
        unwritten = "# Question: double\ndouble = 0\nraise NotImplementedError()"
        cells[2].update(source=unwritten, outputs=[error("NotImplementedError", "", "…")])
        cells[3].update(outputs=[error("NameError", "name 'double' is not defined", "…")])
        cells[4].update(outputs=[result("toy", 0.4), error("NameError", "no such name", "…")])

    assert findings(stop) == [
        "3: The answer to double is not written yet, or not all of it.",
        "5: This cell stopped with NameError",
    ]


@pytest.mark.parametrize(
    "output",
    [
        shown({"text/plain": ["toy: test accuracy 0.4000 (mini profile)"]}),
        stream("some\ntoy: test accuracy 0.4000 (mini profile)\nmore"),
    ],
)
def test_the_printed_line_of_a_result_is_enough(output: Cell) -> None:
    assert findings(put(4, outputs=[output])) == []


def test_what_differs_is_said_with_both_numbers() -> None:
    notebook = copy.deepcopy(GOOD)
    notebook["cells"][5]["source"] = "# Question: report_toy\nresults_toy = {'toy': 0.45}"
    (found,) = precheck(notebook)
    assert found.text == "report_toy: 'toy' is 0.45, but the notebook printed 0.4000."


def test_what_training_prints_is_what_is_looked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    helpers.start(profile="mini", data=tmp_path)
    for _ in helpers.training(3):
        signal.raise_signal(signal.SIGINT)
    said = capsys.readouterr().out
    assert findings(put(3, outputs=[shown({"image/png": png(3, 2)}), stream(said)])) == [
        "4: Training was interrupted after epoch 1 of 3"
    ]


def test_a_pdf_without_an_answer_is_found(tmp_path: Path) -> None:
    from helpers.pdf.document import render

    whole = render(GOOD, "toy", tmp_path)
    assert missing_from_pdf(GOOD, whole) == []
    part = render({"cells": GOOD["cells"][:3]}, "toy", tmp_path)
    missing = [re.findall(r"answer to (\w+)", f.text)[0] for f in missing_from_pdf(GOOD, part)]
    assert missing == ["report_toy", "extra"]


NAMED = copy.deepcopy(GOOD)
NAMED["metadata"]["course"]["names"] = {"double": ["double"], "report_toy": ["results_toy"]}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("# Question: double", "does not define `double`"),
        ("# Question: double\ndef double(x):\n    pass", "is not written yet"),
        ("# Question: double\ndef double(x):\n    'Twice.'\n    return", "is not written yet"),
        ("# Question: double\ndef Double(x):\n    return 2 * x", "does not define `double`"),
        ("# Question: double\n# def double(x):\n#     return 2 * x", "does not define `double`"),
        ("# Question: double\ndef double(x):\n    return 2 *", "is not valid Python"),
        ("%%bash\n# Question: double\necho 2", "does not define `double`"),
        ("# Question: double\ndef double(x):\n    if x is None:\n        raise "
         "NotImplementedError('no x')\n    return 2 * x", ""),
        ("%%time\n# Question: double\ndouble = lambda x: 2 * x", ""),
        ('%%writefile "double.py"\n# Question: double\ndef double(x):\n    return 2 * x', ""),
        ("    # Question: double\n    def double(x):\n        return 2 * x", ""),
    ],
)  # fmt: skip
def test_the_precheck_sees_what_the_grader_will(source: str, says: str) -> None:
    notebook = copy.deepcopy(NAMED)
    notebook["cells"][2]["source"] = source
    found = [f.text for f in precheck(notebook)]
    assert len(found) == bool(says) and all(says in text for text in found)


def test_an_answer_in_another_cell_is_found_as_the_grader_finds_it() -> None:
    notebook = copy.deepcopy(NAMED)
    notebook["cells"][2]["source"] = "def double(x):\n    return 2 * x"
    assert precheck(notebook) == []


@pytest.mark.parametrize(
    ("said", "found"),
    [("epoch 3 train_loss: nan", True), ("Loss = nan", True), ("{'loss': nan}", True),
     ("loss nan", True), ("loss 0.31 (checked: no nan)", False), ("0 nan values lost", False)],
)  # fmt: skip
def test_a_loss_that_is_no_number_is_named(said: str, found: bool) -> None:
    notebook = copy.deepcopy(GOOD)
    notebook["cells"][1]["outputs"] = [stream(said + "\n")]
    assert any("NaN" in f.text for f in precheck(notebook)) == found


@pytest.mark.parametrize(
    "course",
    [{"names": {"double": 5}}, {"names": 3}, {"by_hand": [["a"]]}, {"questions": 7},
     {"bonus": "extra", "names": {"double": ["double"]}}],
)  # fmt: skip
def test_odd_metadata_stops_nothing(course: dict[str, Any]) -> None:
    notebook = copy.deepcopy(GOOD)
    notebook["metadata"]["course"] |= course
    notebook["cells"][3]["outputs"] = [error("", "")]
    assert any("stopped with an error" in f.text for f in precheck(notebook))
