"""Grades a class without a sandbox: what a file says is what it earns, for tests of the batch."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from handed_in import PS
from shipped import COURSE

from autograder.batch import run
from autograder.batch.worker import Setup, Task
from autograder.model import CheckResult, QuestionResult, Report

SET = COURSE.problem_set(PS)
asked: list[str] = []
"""The submissions, and their questions, that were graded."""


def write(path: Path, **shares: float) -> Path:
    """A notebook that earns these shares of its questions' points, and all of the others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(shares))
    return path


def grade(grader: Any, task: Task) -> Report:
    """What the file says; nothing of one that is none."""
    problem, shares = task.found.problem, dict.fromkeys([q.id for q in SET.questions], 0.0)
    if not problem:
        try:
            shares = json.loads(task.found.path.read_text())
        except OSError as error:
            problem = f"It cannot be read: {error}."
    told: dict[str, Any] = {
        "notes": list(task.found.notes),
        "hand_in": task.found.hand_in,
        "problem": problem,
    }
    report = Report(task.found.name, SET, [], **told)
    for question in SET.questions:
        if good := task.good.get(question.id):
            report.questions.append(good)
            continue
        asked.append(f"{task.found.name} {question.id}")
        share = shares.get(question.id, 1.0)
        checks = [CheckResult("It adds.", True, share), CheckResult("It ends.", False, 1 - share)]
        report.questions.append(
            QuestionResult(question, [c for c in checks if c.weight], done=True)
        )
    return report


@contextlib.contextmanager
def instead() -> Iterator[None]:
    """Grade like this meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "grade", grade)
        patch.setattr(Setup, "grader", lambda self: contextlib.nullcontext())
        yield
