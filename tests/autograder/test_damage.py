"""What tools and haste do to a notebook, done to a right one: it keeps its grade."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from handed_in import PS, cell, code, grade_id, old, place, release, right, stripped

from autograder.audit import RememberingSandbox
from autograder.course import PUBLIC_SECRET, problem_set
from autograder.grade import Grader
from autograder.notebook import read_bytes
from autograder.release import compose

Notebook = dict[str, Any]
ANSWERS = [q.id for q in problem_set(PS).questions]


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    compose(PS)
    with Grader(problem_set(PS), secret=PUBLIC_SECRET, sandbox=RememberingSandbox) as grader:
        yield grader


def text(c: dict[str, Any]) -> str:
    return c["source"] if isinstance(c["source"], str) else "".join(c["source"])


def codes(notebook: Notebook) -> list[dict[str, Any]]:
    return [c for c in notebook["cells"] if c["cell_type"] == "code"]


def each(change: Callable[[dict[str, Any]], None]) -> Callable[[Notebook], None]:
    def apply(notebook: Notebook) -> None:
        for c in notebook["cells"]:
            change(c)

    return apply


def ids_rewritten(notebook: Notebook) -> None:
    for i, c in enumerate(notebook["cells"]):
        c["id"] = f"{i:08x}"


def ids_all_the_same(notebook: Notebook) -> None:
    for c in notebook["cells"]:
        c["id"] = "same"


def colab(notebook: Notebook) -> None:
    """Ids in the metadata, no ids of cells, widgets, outputs' ids."""
    for i, c in enumerate(notebook["cells"]):
        c.pop("id", None)
        c["metadata"] |= {"id": f"aBc{i}", "outputId": "x", "colab": {"base_uri": "https://c"}}
    notebook["metadata"] |= {"colab": {"provenance": []}, "accelerator": "GPU", "widgets": {}}
    notebook["nbformat_minor"] = 0


def vscode(notebook: Notebook) -> None:
    for c in notebook["cells"]:
        c["metadata"] = {"vscode": {"languageId": "python"}}
        c.pop("id", None)


def reordered(notebook: Notebook) -> None:
    random.Random(7).shuffle(notebook["cells"])


def answers_at_the_end(notebook: Notebook) -> None:
    own = [c for c in notebook["cells"] if grade_id(c) in ANSWERS]
    notebook["cells"] = [c for c in notebook["cells"] if grade_id(c) not in ANSWERS] + own


def older_copy(where: int) -> Callable[[Notebook], None]:
    """The blank cell once more, above or below the answer, with its mark."""

    def change(notebook: Notebook) -> None:
        for id in ANSWERS:
            at = place(notebook, id)
            blank = copy.deepcopy(cell(notebook, id)) | {"source": release().blank(id)}
            notebook["cells"].insert(at + where, blank)

    return change


def older_wrong_copy_above(notebook: Notebook) -> None:
    at = place(notebook, "encoder")
    wrong = "# Question: encoder\nclass Encoder(nn.Module):\n    pass"
    notebook["cells"].insert(at, copy.deepcopy(notebook["cells"][at]) | {"source": wrong})


def copied_without_marks(notebook: Notebook) -> None:
    """The answer pasted into a new cell; its own cell is blank again."""
    for id in ANSWERS:
        own = cell(notebook, id)
        pasted = code(text(own))
        own["source"] = release().blank(id)
        notebook["cells"].insert(place(notebook, id) + 1, pasted)


def merged_with_test(notebook: Notebook) -> None:
    for id in ANSWERS[:4]:
        at = place(notebook, id)
        test = notebook["cells"].pop(at + 1)
        notebook["cells"][at]["source"] = text(notebook["cells"][at]) + "\n\n" + text(test)


def merged_answers(notebook: Notebook) -> None:
    """Two answers in one cell, the first's."""
    second = notebook["cells"].pop(place(notebook, "decoder"))
    first = cell(notebook, "encoder")
    first["source"] = text(first) + "\n\n" + text(second)


def split(notebook: Notebook) -> None:
    """Inside a class, before its second method."""
    at = place(notebook, "encoder")
    head, found, tail = text(notebook["cells"][at]).partition("    def forward")
    notebook["cells"][at]["source"] = head
    notebook["cells"].insert(at + 1, code(found + tail))


def comment_lost(notebook: Notebook) -> None:
    for id in ANSWERS:
        own = cell(notebook, id)
        own["source"] = text(own).partition("\n")[2]


def comment_changed(notebook: Notebook) -> None:
    for id in ANSWERS:
        own = cell(notebook, id)
        own["source"] = text(own).replace(f"# Question: {id}", f"#Question:{id}   (done)", 1)


def as_(kind: str) -> Callable[[Notebook], None]:
    def change(notebook: Notebook) -> None:
        own = cell(notebook, "decoder")
        own["cell_type"] = kind
        del own["outputs"], own["execution_count"]

    return change


def without_tests(notebook: Notebook) -> None:
    notebook["cells"] = [c for c in notebook["cells"] if not grade_id(c).startswith("test_")]


def with_edited_tests(notebook: Notebook) -> None:
    for c in notebook["cells"]:
        if grade_id(c).startswith("test_"):
            c["source"] = "assert False"


def text_deleted(notebook: Notebook) -> None:
    notebook["cells"] = [c for c in notebook["cells"] if c["cell_type"] == "code"]


def given_deleted(notebook: Notebook) -> None:
    keep = {*ANSWERS, *(f"test_{id}" for id in ANSWERS)}
    notebook["cells"] = [c for c in notebook["cells"] if grade_id(c) in keep or c.get("outputs")]


def extra_cells(notebook: Notebook) -> None:
    scribbles = [code("x = 1 +"), code("!pip install torch"), code("import os\nprint(os.getcwd())"),
                 code("encoder = None\nfor i in range(3):\n    print(i)"), code("")]  # fmt: skip
    notebook["cells"] = [*copy.deepcopy(scribbles), *notebook["cells"], *scribbles]


def imports_moved(notebook: Notebook) -> None:
    own = cell(notebook, "encoder")
    first, _, rest = text(own).partition("\n")
    imports = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F"
    own["source"] = f"{first}\n{imports}\n{rest}"


def imports_in_own_cell(notebook: Notebook) -> None:
    own = cell(notebook, "encoder")
    own["source"] = text(own).replace("nn.Conv2d", "layers.Conv2d")
    notebook["cells"].insert(0, code("from torch import nn as layers"))


def magics(notebook: Notebook) -> None:
    own = cell(notebook, "encoder")
    own["source"] = text(own) + "\n%timeit 1\n!ls\n?Encoder\nEncoder??"


def cell_magic(notebook: Notebook) -> None:
    own = cell(notebook, "encoder")
    own["source"] = "%%time\n" + text(own)


def outputs_of_50_mb(notebook: Notebook) -> None:
    big = {"output_type": "stream", "name": "stdout", "text": "x" * 50_000_000}
    cell(notebook, "encoder")["outputs"] = [big]


def widgets_without_state(notebook: Notebook) -> None:
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "gone"}}
    for c in codes(notebook)[:3]:
        c["outputs"] = [{"output_type": "display_data", "data": view, "metadata": {}}]


def errors_left(notebook: Notebook) -> None:
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[31mE"]}
    for id in ANSWERS[:4]:
        cell(notebook, id)["outputs"] = [error]


def printed_results_only(notebook: Notebook) -> None:
    """The mime type of a result is dropped, as some tools do; its printed line stays."""
    for c in codes(notebook):
        for output in c.get("outputs") or []:
            data = output.get("data") or {}
            if record := data.pop("application/vnd.course.result+json", None):
                data["text/plain"] = (
                    f"{record['name']}: test accuracy {record['accuracy']:.4f} "
                    f"({record['profile']} profile)"
                )


def minor(number: int) -> Callable[[Notebook], None]:
    def change(notebook: Notebook) -> None:
        notebook["nbformat_minor"] = number
        if number < 5:
            for c in notebook["cells"]:
                c.pop("id", None)

    return change


def lines(notebook: Notebook) -> None:
    for c in notebook["cells"]:
        c["source"] = text(c).splitlines(keepends=True)


def source_with(old_text: str, new: str) -> Callable[[Notebook], None]:
    def change(notebook: Notebook) -> None:
        for id in ANSWERS:
            own = cell(notebook, id)
            own["source"] = text(own).replace(old_text, new)

    return change


def tabs(notebook: Notebook) -> None:
    for id in ANSWERS:
        own = cell(notebook, id)
        own["source"] = text(own).replace("    ", "\t")


def kept_outputs_only_at_the_end(notebook: Notebook) -> None:
    outputs = [o for c in codes(notebook) for o in c.get("outputs") or []]
    for c in codes(notebook):
        c["outputs"] = []
    notebook["cells"].append(code("done", outputs=outputs))


DAMAGE: dict[str, Callable[[Notebook], Any]] = {
    "nothing": lambda notebook: None,
    "metadata stripped": stripped,
    "metadata null": each(lambda c: c.update(metadata=None)),
    "metadata missing": each(lambda c: c.pop("metadata")),
    "metadata of the notebook missing": lambda notebook: notebook.pop("metadata"),
    "ids rewritten": ids_rewritten,
    "ids all the same": ids_all_the_same,
    "Colab": colab,
    "VS Code": vscode,
    "reordered": reordered,
    "answers at the end": answers_at_the_end,
    "blank copy above": older_copy(0),
    "blank copy below": older_copy(1),
    "wrong copy above": older_wrong_copy_above,
    "copied without marks": copied_without_marks,
    "merged with tests": merged_with_test,
    "two answers merged": merged_answers,
    "split inside a class": split,
    "marker comment lost": comment_lost,
    "marker comment changed": comment_changed,
    "raw": as_("raw"),
    "markdown": as_("markdown"),
    "tests deleted": without_tests,
    "tests edited": with_edited_tests,
    "text deleted": text_deleted,
    "given cells deleted": given_deleted,
    "extra cells": extra_cells,
    "imports in the answer": imports_moved,
    "imports in a cell of its own": imports_in_own_cell,
    "trailing magics": magics,
    "a cell magic": cell_magic,
    "50 MB of outputs": outputs_of_50_mb,
    "widgets without state": widgets_without_state,
    "errors left": errors_left,
    "results as printed lines": printed_results_only,
    "outputs moved": kept_outputs_only_at_the_end,
    "execution counts missing": each(lambda c: c.pop("execution_count", None)),
    "sources as lines": lines,
    "tabs": tabs,
    "spaces at line ends": source_with("\n", "   \n"),
    "form feeds": source_with("\n\n", "\n\f\n"),
    "carriage returns": source_with("\n", "\r\n"),
    "non-breaking spaces in comments": source_with("# ", "#\u00a0"),
    **{f"nbformat 4.{n}": minor(n) for n in range(6)},
}


def grade(grader: Grader, data: bytes) -> list[float]:
    report = grader.grade(read_bytes(data, "mine.ipynb", grader.release, "mine"))
    assert not report.fault and not report.problem
    return [r.score for r in report.questions]


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_notebook_keeps_its_grade(grader: Grader, name: str) -> None:
    notebook = copy.deepcopy(right())
    DAMAGE[name](notebook)
    assert grade(grader, json.dumps(notebook).encode()) == [1, 1, 1, 1, 1]


ENCODINGS: dict[str, Callable[[Notebook], bytes]] = {
    "a byte order mark": lambda n: b"\xef\xbb\xbf" + json.dumps(n).encode(),
    "UTF-16": lambda n: json.dumps(n).encode("utf-16"),
    "CRLF": lambda n: json.dumps(n, indent=1).replace("\n", "\r\n").encode(),
    "no escapes": lambda n: json.dumps(n, ensure_ascii=False).encode(),
    "spaces around": lambda n: b"\n\n  " + json.dumps(n).encode() + b"\n \n",
    "nbformat 3": lambda n: json.dumps(old(n)).encode(),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_file_of_another_kind_keeps_its_grade(grader: Grader, name: str) -> None:
    assert grade(grader, ENCODINGS[name](right())) == [1, 1, 1, 1, 1]
