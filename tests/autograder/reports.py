"""Reports for the tests of what becomes of them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from autograder.model import CheckResult, ProblemSet, Question, QuestionResult, Report

SCHEMA = json.loads(Path(__file__).with_name("gradescope.schema.json").read_text())
"""What Gradescope says of results.json."""

QUESTIONS = (
    Question("encoder", "Encoder", 1, ("Encoder",), "autoencoder"),
    Question("train_ae", "Training", 2, ("train_ae",), "autoencoder"),
    Question("extra", "A further loss", 1, ("Loss",), "autoencoder", bonus=True),
)


def problem_set(visibility: str = "visible") -> ProblemSet:
    return ProblemSet(
        id="ps_toy",
        title="Autoencoders",
        number=1,
        parts=("autoencoder",),
        posted=date(2026, 10, 12),
        due=date(2026, 10, 26),
        profiles=("full", "mini"),
        visibility=visibility,
        hand_in="Gradescope",
        questions=QUESTIONS,
        by_hand=(Question("essay", "An *essay*", 1, (), "autoencoder"),),
    )


def right(question: Question) -> QuestionResult:
    checks = [CheckResult("`x` has the right shape.", True), CheckResult("It learns.", True)]
    return QuestionResult(question, checks, done=True)


def wrong(question: Question, **told: Any) -> QuestionResult:
    checks = [
        CheckResult("`x` has the right shape.", True),
        CheckResult("It learns.", False, message="The `loss` stays at 1."),
    ]
    return QuestionResult(question, checks, done=True, **told)


def report(*results: QuestionResult, name: str = "student", **told: Any) -> Report:
    """A report in which the questions not given are right."""
    given = {r.question.id: r for r in results}
    return Report(name, problem_set(), [given.get(q.id) or right(q) for q in QUESTIONS], **told)
