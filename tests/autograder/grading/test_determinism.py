"""The same submission gets the same report: again, in another order, and beside another grader."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from handed_in import PS, cell, filled, right, stripped
from shipped import basis

from autograder.authoring.audit import splice
from autograder.course.secret import PUBLIC_SECRET
from autograder.grading.grade import Grader
from autograder.grading.mistakes import load_patches
from autograder.parts.declare import load_part
from autograder.reading.answers import read_notebook
from autograder.results.files import results
from autograder.sandbox import wire

pytestmark = pytest.mark.slow


def flawed() -> dict[str, Any]:
    """A known mistake in every answer."""
    notebook = right()
    part = load_part("autoencoder")
    defaults = {name: number.default for name, number in part.all_numbers.items()}
    patches = load_patches(part).fitting(part.values(defaults)).mistakes
    for patch in {p.question: p for p in patches}.values():
        notebook = splice(notebook, patch)
    return notebook


def failing() -> dict[str, Any]:
    """Errors whose texts have addresses, paths and the order of a set in them."""
    notebook = right()
    cell(notebook, "encoder")["source"] = (
        "import os\nprint(object(), os.getcwd(), {'b', 'a', 'c'}, hash('x'))\n"
        "class Encoder(nn.Module):\n    def forward(self, x):\n        raise KeyError(self)"
    )
    return notebook


CLASS = {
    "right": right,
    "stripped": lambda: stripped(right()),
    "empty": filled,
    "flawed": flawed,
    "failing": failing,
}


def grade(grader: Grader, name: str) -> str:
    report = grader.grade(read_notebook(CLASS[name](), grader.release, "somebody"))
    assert not report.fault
    return json.dumps(results(report), sort_keys=True)


@pytest.fixture(scope="module")
def first() -> Iterator[dict[str, str]]:
    with Grader(basis(PS)) as grader:
        yield {name: grade(grader, name) for name in CLASS}


def test_again_and_in_another_order(first: dict[str, str]) -> None:
    with Grader(basis(PS)) as grader:
        for name in [*reversed(CLASS), "right", "failing"]:
            assert grade(grader, name) == first[name], name


def test_in_parallel(first: dict[str, str]) -> None:
    names = ("right", "failing", "empty")

    def one(names: Sequence[str]) -> dict[str, str]:
        with Grader(basis(PS)) as grader:
            return {name: grade(grader, name) for name in names}

    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(one, (names, names[::-1])):
            assert found == {name: first[name] for name in names}


def test_another_term_asks_for_other_numbers(first: dict[str, str]) -> None:
    """Another secret gives other inputs; right answers stay right."""
    other = replace(basis(PS), secret=b"another term")
    checks = [c for q in other.problem_set.questions for c in other.checks(q)]
    terms = (PUBLIC_SECRET, PUBLIC_SECRET, b"another term")
    one, again, new = ([wire.encode(c.inputs(secret)) for c in checks] for secret in terms)
    assert one == again
    drawn = [c for c, a, b in zip(checks, one, new, strict=True) if a != b]
    assert {c.question for c in drawn} == {c.question for c in checks}
    with Grader(other) as grader:
        assert grade(grader, "right") == first["right"]
