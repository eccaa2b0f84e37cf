"""The reference of every problem set, damaged in the ways that tools and haste do: full marks."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from damage import DAMAGE, ENCODINGS

from autograder.authoring.audit import RememberingSandbox
from autograder.authoring.execute import reference
from autograder.authoring.release import compose
from autograder.course.table import PUBLIC_SECRET, load_course, problem_set
from autograder.grading.grade import Grader
from autograder.reading.answers import read_bytes


@pytest.fixture(scope="module", params=load_course())
def grader(request: pytest.FixtureRequest) -> Iterator[Grader]:
    ps = problem_set(request.param)
    compose(ps.id)
    with Grader(ps, secret=PUBLIC_SECRET, sandbox=RememberingSandbox) as grader:
        yield grader


@pytest.fixture
def executed(grader: Grader) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(reference(grader.problem_set).read_bytes())
    return notebook


def lost(grader: Grader, data: bytes) -> dict[str, Any]:
    """What was said of each question that lost points."""
    report = grader.grade(read_bytes(data, "mine.ipynb", grader.release, "mine"))
    assert not report.fault and not report.problem
    return {
        r.question.id: (r.score, {c.message for c in r.checks}, r.notes)
        for r in report.questions
        if r.score != r.question.points
    }


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_notebook_keeps_its_grade(
    grader: Grader, executed: dict[str, Any], name: str
) -> None:
    DAMAGE[name](executed)
    assert lost(grader, json.dumps(executed).encode()) == {}


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_file_of_another_kind_keeps_its_grade(
    grader: Grader, executed: dict[str, Any], name: str
) -> None:
    assert lost(grader, ENCODINGS[name](executed)) == {}
