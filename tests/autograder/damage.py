"""What Colab, VS Code, copy and paste, nbgrader and haste do to a notebook, as functions on it."""

import copy
import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from handed_in import cell, code, grade_id, old, place, stripped
from shipped import COURSE

from autograder.reading.released import Release

Notebook = dict[str, Any]


def text(c: dict[str, Any]) -> str:
    return c["source"] if isinstance(c["source"], str) else "".join(c["source"])


def release(notebook: Notebook) -> Release:
    return Release.load(COURSE.problem_set(notebook["metadata"]["course"]["problem_set"]), COURSE)


def answers(notebook: Notebook) -> list[str]:
    """The questions that are answered in code cells, in the notebook's order."""
    questions = notebook["metadata"]["course"]["questions"]
    return [id for c in codes(notebook) if (id := grade_id(c)) in questions]


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
    ids = answers(notebook)
    own = [c for c in notebook["cells"] if grade_id(c) in ids]
    notebook["cells"] = [c for c in notebook["cells"] if grade_id(c) not in ids] + own


def older_copy(where: int) -> Callable[[Notebook], None]:
    """The blank cell once more, above or below the answer, with its mark."""

    def change(notebook: Notebook) -> None:
        for id in answers(notebook):
            at = place(notebook, id)
            blank = copy.deepcopy(cell(notebook, id)) | {"source": release(notebook).blank(id)}
            notebook["cells"].insert(at + where, blank)

    return change


def older_wrong_copy_above(notebook: Notebook) -> None:
    for question in release(notebook).problem_set.questions:
        at = place(notebook, question.id)
        wrong = f"# Question: {question.id}\n{' = '.join(question.names)} = None"
        notebook["cells"].insert(at, copy.deepcopy(notebook["cells"][at]) | {"source": wrong})


def copied_without_marks(notebook: Notebook) -> None:
    """The answer pasted into a new cell; its own cell is blank again."""
    blank = release(notebook).blank
    for id in answers(notebook):
        own = cell(notebook, id)
        pasted = code(text(own))
        own["source"] = blank(id)
        notebook["cells"].insert(place(notebook, id) + 1, pasted)


def merged_with_test(notebook: Notebook) -> None:
    for id in answers(notebook):
        at = place(notebook, id)
        if grade_id(notebook["cells"][at + 1]) == f"test_{id}":
            test = notebook["cells"].pop(at + 1)
            notebook["cells"][at]["source"] = text(notebook["cells"][at]) + "\n\n" + text(test)


def merged_answers(notebook: Notebook) -> None:
    """Two answers in one cell, the first's."""
    one, two, *_ = answers(notebook)
    second = notebook["cells"].pop(place(notebook, two))
    first = cell(notebook, one)
    first["source"] = text(first) + "\n\n" + text(second)


def split_inside(notebook: Notebook) -> None:
    """Every answer in two, at a line inside of its class or function."""
    for id in answers(notebook):
        at = place(notebook, id)
        lines = text(notebook["cells"][at]).splitlines()
        inside = [i for i, line in enumerate(lines) if i > 2 and re.match(r"    \w", line)]
        for i in inside[-1:]:
            notebook["cells"][at]["source"] = "\n".join(lines[:i])
            notebook["cells"].insert(at + 1, code("\n".join(lines[i:])))


def comment_lost(notebook: Notebook) -> None:
    for id in answers(notebook):
        own = cell(notebook, id)
        own["source"] = text(own).partition("\n")[2]


def comment_changed(notebook: Notebook) -> None:
    for id in answers(notebook):
        own = cell(notebook, id)
        own["source"] = text(own).replace(f"# Question: {id}", f"#Question:{id}   (done)", 1)


def as_(kind: str) -> Callable[[Notebook], None]:
    def change(notebook: Notebook) -> None:
        for id in answers(notebook)[:-1]:  # the last one's results are in its outputs
            own = cell(notebook, id)
            own["cell_type"] = kind
            own.pop("outputs"), own.pop("execution_count")

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
    ids = answers(notebook)
    keep = {*ids, *(f"test_{id}" for id in ids)}
    notebook["cells"] = [c for c in notebook["cells"] if grade_id(c) in keep or c.get("outputs")]


def extra_cells(notebook: Notebook) -> None:
    scribbles = [code("x = 1 +"), code("!pip install torch"), code("import os\nprint(os.getcwd())"),
                 code("encoder = None\nfor i in range(3):\n    print(i)"), code("")]  # fmt: skip
    notebook["cells"] = [*copy.deepcopy(scribbles), *notebook["cells"], *scribbles]


def imports_moved(notebook: Notebook) -> None:
    imports = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F"
    for id in answers(notebook):
        own = cell(notebook, id)
        first, _, rest = text(own).partition("\n")
        own["source"] = f"{first}\n{imports}\n{rest}"


def imports_in_own_cell(notebook: Notebook) -> None:
    for id in answers(notebook):
        own = cell(notebook, id)
        own["source"] = re.sub(r"\bnn\.(?=[A-Z])", "layers.", text(own))
    notebook["cells"].insert(0, code("from torch import nn as layers"))


def magics(notebook: Notebook) -> None:
    for id in answers(notebook):
        own = cell(notebook, id)
        own["source"] = text(own) + "\n%timeit 1\n!ls\n?torch\ntorch.nn??"


def cell_magic(notebook: Notebook) -> None:
    for id in answers(notebook):
        own = cell(notebook, id)
        own["source"] = "%%time\n" + text(own)


def outputs_of_50_mb(notebook: Notebook) -> None:
    big = {"output_type": "stream", "name": "stdout", "text": "x" * 50_000_000}
    codes(notebook)[0]["outputs"] = [big]


def widgets_without_state(notebook: Notebook) -> None:
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "gone"}}
    for c in codes(notebook):
        c["outputs"] = [
            *(c.get("outputs") or []),
            {"output_type": "display_data", "data": view, "metadata": {}},
        ]


def errors_left(notebook: Notebook) -> None:
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[31mE"]}
    for id in answers(notebook):
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
        for id in answers(notebook):
            own = cell(notebook, id)
            own["source"] = text(own).replace(old_text, new)

    return change


def tabs(notebook: Notebook) -> None:
    for id in answers(notebook):
        own = cell(notebook, id)
        own["source"] = text(own).replace("    ", "\t")


def kept_outputs_only_at_the_end(notebook: Notebook) -> None:
    outputs = [o for c in codes(notebook) for o in c.get("outputs") or []]
    for c in codes(notebook):
        c["outputs"] = []
    notebook["cells"].append(code("done", outputs=outputs))


def old_marks(notebook: Notebook) -> None:
    """As nbgrader wrote them before 0.6: no kinds of cells, checksums, another version."""
    for c in notebook["cells"]:
        if marks := c["metadata"].get("nbgrader"):
            for key in ("cell_type", "task"):
                marks.pop(key, None)
            marks |= {"schema_version": 1, "checksum": "0" * 32}


def updated(notebook: Notebook) -> None:
    """`nbgrader update` of such a notebook, as `nbgrader assign` asks for."""
    old_marks(notebook)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "old.ipynb")
        path.write_text(json.dumps(notebook), encoding="utf-8")
        command = [sys.executable, "-m", "nbgrader", "update", str(path)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0 and "Updating" in done.stderr, done.stderr
        changed = json.loads(path.read_text(encoding="utf-8"))
    notebook.clear()
    notebook.update(changed)


DAMAGE: dict[str, Callable[[Notebook], Any]] = {
    "nothing": lambda notebook: None,
    "metadata of the cells stripped": each(lambda c: c.update(metadata={})),
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
    "split inside a class or function": split_inside,
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
    "an old nbgrader's marks": old_marks,
    "nbgrader update": updated,
    **{f"nbformat 4.{n}": minor(n) for n in range(6)},
}
"""Ways to change a notebook in its place."""


ENCODINGS: dict[str, Callable[[Notebook], bytes]] = {
    "a byte order mark": lambda n: b"\xef\xbb\xbf" + json.dumps(n).encode(),
    "UTF-16": lambda n: json.dumps(n).encode("utf-16"),
    "CRLF": lambda n: json.dumps(n, indent=1).replace("\n", "\r\n").encode(),
    "no escapes": lambda n: json.dumps(n, ensure_ascii=False).encode(),
    "spaces around": lambda n: b"\n\n  " + json.dumps(n).encode() + b"\n \n",
    "worksheets": lambda n: json.dumps(old(n)).encode(),
    "nbformat 3, converted": lambda n: nbformat.writes(
        nbformat.reads(json.dumps(n), 4), version=3
    ).encode(),
    "written by nbformat": lambda n: nbformat.writes(
        nbformat.reads(json.dumps(n), 4), version=4
    ).encode(),
}
"""Ways to write a notebook into a file."""
