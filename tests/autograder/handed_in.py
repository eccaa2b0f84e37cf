"""A notebook as a student hands it in, and the many ways in which it can be spoiled."""

import copy
import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

from shipped import COURSE

from autograder.authoring.compose import composed
from autograder.grading.reported import fill
from autograder.parts.declare import ReportRule, load_part
from autograder.reading.released import Release
from helpers.handing.claims import Result
from helpers.notebook import RESULT

PS = "ps_autoencoder"
OWN_USERS = range(20_000 + os.getpid() % 400 * 100, 20_100 + os.getpid() % 400 * 100)
"""For the answers of these tests alone, where somebody else grades on this machine."""

ANSWERS = {
    "encoder": "# Question: encoder\nclass Encoder(nn.Module):\n    mine = 1\n\n    own = 2",
    "decoder": "# Question: decoder\nclass Decoder(nn.Module):\n    mine = 1",
    "train_ae": "# Question: train_ae\ndef train_ae(model, dataloader, epochs=200):\n    pass",
    "train_classifier": "# Question: train_classifier\ndef train_classifier(*a, **k):\n    pass",
    "report_autoencoder": (
        "# Question: report_autoencoder\n"
        "supervised_flags = {}\n"
        "results_autoencoder = {'random': 0.25}"
    ),
}


@cache
def release() -> Release:
    return Release.load(COURSE.problem_set(PS), COURSE)


def filled() -> dict[str, Any]:
    """The release with ``ANSWERS`` in it."""
    cells = copy.deepcopy(release().notebook["cells"])
    for cell in cells:
        if grade_id(cell) in ANSWERS:
            cell["source"] = ANSWERS[grade_id(cell)]
    return {
        "cells": cells,
        "metadata": {"course": {"problem_set": PS}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


ACCURACIES = {"unsupervised": 0.306, "supervised": 0.434, "random": 0.217}


def right() -> dict[str, Any]:
    """The solution with results as if it had been run: full marks."""
    return copy.deepcopy(_right())


@cache
def _right() -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(composed(COURSE.problem_set(PS), COURSE))
    rule = load_part("autoencoder").reports["report_autoencoder"]
    return reported(notebook, "report_autoencoder", rule, ACCURACIES)


def reported(
    notebook: dict[str, Any], question: str, rule: ReportRule, accuracies: Mapping[str, float]
) -> dict[str, Any]:
    """The solution with these results, as if they had been printed and then written down."""
    results = {n: Result(n, a, "mini") for n, a in accuracies.items()}
    notebook = {**notebook, "cells": [dict(c) for c in notebook["cells"]]}
    records = [
        {"output_type": "display_data", "data": {RESULT: asdict(r)}, "metadata": {}}
        for r in results.values()
    ]
    notebook["cells"].append(code("", outputs=records))
    answer = cell(notebook, question)
    answer["source"] = fill(rule, "".join(answer["source"]), results)
    return notebook


def grade_id(cell: dict[str, Any]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def place(notebook: dict[str, Any], id: str) -> int:
    """The index of the cell with this grade_id."""
    return next(i for i, c in enumerate(notebook["cells"]) if grade_id(c) == id)


def cell(notebook: dict[str, Any], id: str) -> dict[str, Any]:
    found: dict[str, Any] = notebook["cells"][place(notebook, id)]
    return found


def code(source: Any, **more: Any) -> dict[str, Any]:
    return {
        "cell_type": "code", "source": source, "metadata": {}, "outputs": [],
        "execution_count": None, **more,
    }  # fmt: skip


def stripped(notebook: dict[str, Any]) -> dict[str, Any]:
    """Without any metadata, as a copy and paste into a new notebook leaves it."""
    for c in notebook["cells"]:
        c["metadata"] = {}
    notebook["metadata"] = {}
    return notebook


def old(notebook: dict[str, Any]) -> dict[str, Any]:
    """In nbformat 3."""
    cells = []
    for c in notebook["cells"]:
        c = dict(c)
        if c["cell_type"] == "code":
            c["input"] = c.pop("source")
            c["language"] = "python"
        cells.append(c)
    return {"worksheets": [{"cells": cells}], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}


def data(notebook: Any) -> bytes:
    return json.dumps(notebook).encode()


def archive(*members: tuple[Any, bytes]) -> bytes:
    """A zip of these names (or ZipInfo) and contents."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content)
    return file.getvalue()
