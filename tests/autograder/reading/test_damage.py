"""The reference of every problem set, damaged in the ways that tools and haste do: full marks."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import nbformat
import pytest
from odd_notebooks import DAMAGE, WAYS
from shipped import COURSE, basis

from autograder.authoring.audit import RememberingSandbox
from autograder.authoring.reference import reference
from autograder.grading.grade import Grader
from autograder.reading.answers import read_bytes
from helpers.handing.precheck import precheck
from helpers.reading.files import decode, in_format_4

pytestmark = pytest.mark.trains


@pytest.fixture(scope="module", params=COURSE.ids)
def grader(request: pytest.FixtureRequest) -> Iterator[Grader]:
    with Grader(basis(request.param), RememberingSandbox) as grader:
        yield grader


@cache
def saved(ps_id: str) -> str:
    return str(nbformat.writes(reference(COURSE.problem_set(ps_id), COURSE)))


@pytest.fixture
def executed(grader: Grader) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(saved(grader.problem_set.id))
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


NOT_RUN, ORDER = "not run, this one first", "in another order"
ASKED = {
    "reordered": {ORDER}, "answers at the end": {ORDER}, "copied without marks": {NOT_RUN},
    "extra cells": {NOT_RUN}, "imports in a cell of its own": {NOT_RUN},
    "errors left": {"This cell stopped with E: v"}, "text deleted": {"There is no text cell"},
    "given cells deleted": {"There is no text cell"},
    "shuffled": {ORDER},
    "split": {NOT_RUN}, "in a module": {NOT_RUN}, "idle code": {NOT_RUN},
    "under a condition": {NOT_RUN},
    "outputs moved": {NOT_RUN, "The figure of this cell is missing"},
}  # fmt: skip
"""What the pre-check asks for, which people see to, and no grade depends on."""


@pytest.mark.parametrize("name", DAMAGE)
def test_the_precheck_asks_for_nothing_that_grading_does_not_need(
    grader: Grader, executed: dict[str, Any], name: str
) -> None:
    DAMAGE[name](executed)
    notebook, _, problem = decode(json.dumps(executed).encode(), "mine.ipynb")
    assert not problem
    for finding in precheck(in_format_4(notebook, "mine.ipynb")):
        assert any(said in finding.text for said in ASKED.get(name, ())), finding.text


@pytest.mark.parametrize("name", WAYS)
def test_a_file_of_another_kind_keeps_its_grade(
    grader: Grader, executed: dict[str, Any], name: str
) -> None:
    assert lost(grader, WAYS[name](executed)) == {}
