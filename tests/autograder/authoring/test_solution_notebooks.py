"""The solution notebooks keep the conventions that release and grader rely on."""

import ast
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder.authoring import leaks
from autograder.parts.declare import load_part
from autograder.parts.numbers import filled
from autograder.paths import ROOT
from helpers.notebook import question_of

# `solutions/<ps>/` holds what release composes; the parts themselves lie above.
NOTEBOOKS = sorted((ROOT / "solutions").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def read(path: Path) -> nbformat.NotebookNode:
    """With every option's default in the place of its name."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    part = load_part(path.stem)
    defaults = part.values({name: n.default for name, n in part.all_numbers.items()})
    for cell in notebook.cells:
        cell.source = filled(cell.source, defaults)
    return notebook


def answers(path: Path) -> dict[str, str]:
    """The sources of the answer cells, by question."""
    cells = [c for c in read(path).cells if c.cell_type == "code"]
    return {id: c.source for c in cells if (id := question_of(c.source))}


def top_level(source: str) -> list[str]:
    """What a cell defines, and `?` for every statement that defines nothing."""
    names = []
    for node in ast.parse(source).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.append(name)
            case ast.Assign(targets=[ast.Name(id=name)]):
                names.append(name)
            case _:
                names.append("?")
    return names


LIGHT = {*sys.stdlib_module_names, "helpers", "matplotlib", "numpy", "torch", "tqdm"}


def test_what_is_given_imports_nothing_slow(path: Path) -> None:
    """Every answer is graded beside the given cells' imports, in a process of its own."""
    given = [
        c.source for c in read(path).cells if c.cell_type == "code" and not question_of(c.source)
    ]
    nodes = [node for source in given for node in ast.parse(source).body]
    names = [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
    names += [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
    assert {name.partition(".")[0] for name in names} <= LIGHT


def test_answers_are_the_questions_of_the_part_in_order(path: Path) -> None:
    assert list(answers(path)) == [q.id for q in load_part(path.stem).questions]


def test_answers_define_their_names_and_nothing_else(path: Path) -> None:
    found = answers(path)
    for question in load_part(path.stem).questions:
        assert sorted(top_level(found[question.id])) == sorted(question.names)


def test_class_and_def_lines_stay_in_the_release(path: Path) -> None:
    for id, source in answers(path).items():
        assert not leaks.unbalanced(source), id
        seen, removed = leaks.split(source)
        assert removed, f"{id} has no solution to remove"
        inside = [line for line in removed if line.lstrip().startswith(("class ", "def ", "@"))]
        assert not inside, f"{id}: a student would lose {inside}"
        assert "TODO" in "\n".join(seen), f"{id} does not say what to do"


def test_only_answers_hold_solutions(path: Path) -> None:
    for cell in read(path).cells:
        if not question_of(cell.source, cell.cell_type) and "todo" not in cell.metadata.get(
            "tags", []
        ):
            assert not leaks.MARKER.search(cell.source), cell.id


def test_text_answers_are_those_that_a_person_grades_below_their_rubric(path: Path) -> None:
    found = []
    for above, cell in pairwise(read(path).cells):
        if cell.cell_type == "markdown" and (id := question_of(cell.source, "markdown")):
            found.append(id)
            assert cell.id == found[-1] and above.id == f"{cell.id}-text"
            assert "graded by these questions" in above.source
            points = f"*{{{{points:{cell.id}}}}} of {{{{points}}}} points, graded by a person · "
            assert points in above.source
    assert found == [q.id for q in load_part(path.stem).by_hand]


def test_every_answer_has_its_test_right_below(path: Path) -> None:
    cells = read(path).cells
    points = {q.id: q.points for q in load_part(path.stem).questions}
    for answer, below in pairwise(cells):
        if answer.cell_type != "code" or not (id := question_of(answer.source)):
            continue
        marks = {"schema_version": 3, "grade_id": id}
        assert answer.id == id
        assert answer.metadata.nbgrader == {
            **marks, "grade": False, "solution": True, "locked": False,
        }  # fmt: skip
        assert below.id == f"test_{id}"
        assert below.metadata.nbgrader == {
            **marks, "grade": True, "solution": False, "locked": True,
            "grade_id": below.id, "points": points[id],
        }  # fmt: skip
        assert "assert " in below.source


def test_every_question_states_its_points(path: Path) -> None:
    text = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
    for question in load_part(path.stem).questions:
        assert f"{{{{points:{question.id}}}}}" in text


def test_cells_are_clean_and_have_ids_of_their_own(path: Path) -> None:
    cells = read(path).cells
    assert len({c.id for c in cells}) == len(cells)
    for cell in cells:
        assert set(cell.id) & set("aeiou"), f"{cell.id!r} is no word that a person chose"
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None, cell.id
            ast.parse(cell.source)


def test_cells_are_formatted(path: Path) -> None:
    notebook = nbformat.writes(read(path))
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check"], ["format", "--diff"]):
        done = subprocess.run(
            [*ruff, *command, "--stdin-filename", path, "-"],
            input=notebook,
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_autoencoder_has_the_parameters_that_its_text_states() -> None:
    cells = {c.id: c.source for c in read(ROOT / "solutions" / "autoencoder.ipynb").cells}
    namespace: dict[str, Any] = {"torch": torch, "nn": nn, "F": F}
    for id in ("encoder", "decoder", "autoencoder"):
        classes: list[ast.stmt] = [
            n for n in ast.parse(cells[id]).body if isinstance(n, ast.ClassDef)
        ]
        exec(compile(ast.Module(classes, []), id, "exec"), namespace)
    counts = {"Encoder": 42_156, "Decoder": 42_135, "Autoencoder": 84_291}
    for name, count in counts.items():
        assert sum(p.numel() for p in namespace[name]().parameters()) == count
        assert f"{count:,}" in "\n".join(cells.values())
    image = torch.rand(2, 3, 64, 64)
    assert namespace["Autoencoder"]()(image).shape == image.shape
