"""A course with one small problem set, for tests that need none of the shipped content."""

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.model import CourseError, Question
from autograder.parts import declare
from autograder.parts.declare import Part, ReportRule
from autograder.paths import ROOT

TOML = """\
[course]
title = "Toys"
term = "2026"

[ps_toy]
title = "Toy"
number = 7
parts = ["toy"]
posted = 2026-10-12
due = 2026-10-26
hand_in = "the letter box"
"""

QUESTIONS = {
    "toy": (
        Question("double", "Doubling", 2, ("double",), "toy"),
        Question("report_toy", "Report", 1.5, ("flags", "results_toy"), "toy", report=True),
    ),
    "more": (Question("triple", "Tripling", 1, ("triple",), "more"),),
    "study": (),
}
BY_HAND = {"study": (Question("essay", "An essay", 0.5, (), "study"),)}

DOUBLE = """\
# Question: double
def double(x):
    \"\"\"Twice x.\"\"\"
    ### BEGIN SOLUTION
    first_summand = x
    return first_summand + x  # the sum
    ### END SOLUTION"""

TRIPLE = """\
# Question: triple
def triple(x):
    ### BEGIN SOLUTION
    return sum([x, x, x])
    ### END SOLUTION"""

ESSAY = """\
<!-- Question: essay -->
### BEGIN SOLUTION
Twice is once and once again, as everybody knows.
### END SOLUTION"""

REPORT = """\
# Question: report_toy
### BEGIN SOLUTION
flags = {"toy": True}
results_toy = {"toy": 0.0}
### END SOLUTION"""

RECORD = """\
from IPython.display import display

display(
    {
        "text/plain": "toy: test accuracy 0.2500 (mini profile)",
        "application/vnd.course.result+json": {"name": "toy", "accuracy": 0.25, "profile": "mini"},
    },
    raw=True,
)"""


def code(id: str, source: str, **metadata: Any) -> NotebookNode:
    return nbformat.v4.new_code_cell(source, id=id, metadata=metadata)


def text(id: str, source: str, **metadata: Any) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source, id=id, metadata=metadata)


def toy_cells() -> list[NotebookNode]:
    return [
        text("title", "# {{title}} {{number}}: {{points}} points", tags=["shared"]),
        code("setup", "import math", tags=["shared"], executionInfo={"user": "someone"}),
        text("double-text", "Due {{due}}, worth {{points:double}}."),
        code("answer", DOUBLE),
        code("test_double", "assert double(2) == 4"),
        code("run", RECORD),
        code("results", REPORT),
        code("test_report_toy", "assert set(results_toy) == {'toy'}"),
        text("hand-in", "Hand in at {{hand_in}}.", tags=["shared"]),
    ]


def more_cells() -> list[NotebookNode]:
    return [
        text("title", "# {{title}}", tags=["shared"]),
        code("setup", "import math", tags=["shared"]),
        code("answer-triple", TRIPLE),
        code("test_triple", "assert triple(2) == 6"),
        text("hand-in", "Hand in.", tags=["shared"]),
    ]


def study_cells() -> list[NotebookNode]:
    return [
        text("essay-text", "What is twice? {{points:essay}} of {{points}} points, by hand."),
        text("written", ESSAY),
    ]


def write_part(root: Path, part: str, cells: list[NotebookNode]) -> Path:
    notebook = nbformat.v4.new_notebook(cells=cells)
    path = root / "solutions" / f"{part}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    return path


class ToyPart(Part):
    """A part without a folder."""

    @property
    def probes(self) -> str:
        return ""


def make(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course at ``root`` with ``ps_toy``, whose parts the autograder takes from here."""

    def load_part(name: str) -> Part:
        if name not in QUESTIONS:
            raise CourseError(f"There is no part {name!r}.")
        part = ToyPart(name, questions=list(QUESTIONS[name]), by_hand=list(BY_HAND.get(name, ())))
        part.reports["report_toy"] = ReportRule("results_toy", ("toy",))
        if name == "toy":
            part.option("colour", "red", "blue")
        return part

    monkeypatch.setattr(declare, "load_part", load_part)
    (root / "course.toml").write_text(TOML)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    write_part(root, "toy", toy_cells())
    return root
