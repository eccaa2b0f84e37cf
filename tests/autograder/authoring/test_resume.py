"""A notebook continued from an executed one: nothing trains twice, values are kept."""

from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from toy_course import code

from autograder.authoring import resume
from autograder.authoring.execute import execute

FIRST = {
    "setup": "import math, pathlib",
    "model": "def model(x):\n    return factor * x",
    "factor": "factor = 3",
    "train": "pathlib.Path('trained').open('a').write('x')\nhistory = []\nhistory.append(0.5)",
    "table": "table = {}\ntable['first'] = history[-1]",
    "plot": "print('a plot of', history)",
    "other": "import random as dice\nunused = dice.random()",
}
THEN = {
    "more": "table['second'] = model(2)\nprint(sorted(table.items()), math.floor(2.5))",
    "loop": "def own(history):\n    return [h for h in history]\nprint(own([1]))",
}


def notebook(cells: dict[str, str]) -> NotebookNode:
    made = [code(id, source) for id, source in cells.items()]
    made[0].metadata.tags = ["shared"]
    return nbformat.v4.new_notebook(cells=made)


@pytest.fixture
def first(tmp_path: Path) -> NotebookNode:
    return execute(notebook(FIRST), "first", root=tmp_path)


def test_it_shows_what_one_run_would(tmp_path: Path, first: NotebookNode) -> None:
    whole = execute(notebook(FIRST | THEN), "both", root=tmp_path, before=first)
    assert (tmp_path / "trained").read_text() == "x"
    by_id = {c.id: c for c in whole.cells}
    assert by_id["plot"].outputs[0].text == "a plot of [0.5]\n"
    assert by_id["more"].outputs[0].text == "[('first', 0.5), ('second', 6)] 2\n"
    assert by_id["loop"].outputs[0].text == "[1]\n"
    assert [c.execution_count for c in whole.cells] == list(range(1, 10))


def test_only_what_is_used_is_run_again(first: NotebookNode) -> None:
    plan = resume.plan(notebook(FIRST | THEN), first)
    assert sorted(plan.known) == list(range(len(FIRST)))
    assert {list(FIRST)[i] for i in plan.again} == {"setup", "model"}  # 3 and the table were kept


def test_what_is_no_plain_value_is_made_again(first: NotebookNode) -> None:
    plan = resume.plan(notebook(FIRST | {"more": "print(dice.random() + unused)"}), first)
    assert {list(FIRST)[i] for i in plan.again} == {"setup", "other"}


def test_without_an_earlier_one_all_is_run() -> None:
    assert resume.plan(notebook(FIRST), None) == resume.Plan()


@pytest.mark.parametrize(
    ("source", "needs", "binds"),
    [
        ("x = y", {"y"}, {"x"}),
        ("x = x + 1", {"x"}, {"x"}),
        ("x = 1\nz = x + y", {"y"}, {"x", "z"}),
        ("def f(a):\n    b = a + c\n    return b", {"c"}, {"f"}),
        ("for i in range(n):\n    total += i", {"range", "n", "total"}, {"i", "total"}),
        ("import a.b as c\nfrom d import e", set(), {"c", "e"}),
        ("class A(B):\n    x = y\n    def f(self):\n        return z", {"B", "y", "z"}, {"A"}),
        ("%matplotlib inline\nprint([q for q in r])", {"print", "r"}, set()),
        ("with open(p) as f, g: pass", {"open", "p", "g"}, {"f"}),
    ],
)
def test_names_of_a_cell(source: str, needs: set[str], binds: set[str]) -> None:
    assert resume._needs(source) == needs
    assert resume._binds(source) == binds
