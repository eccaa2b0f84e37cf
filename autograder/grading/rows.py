"""A row for each check of an answer: what it should give, what it gave, and what is told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from autograder.grading.compare import difference, only_changed, own_type, unlike_public
from autograder.model import CheckResult
from autograder.parts.declare import Check
from autograder.sandbox.job import Outcome, Run

CHANGED = "What the code is given is the same afterwards."
"""What a check is about whose every value is right, where an argument was changed."""


@dataclass(frozen=True)
class Right:
    """What a check should give, on hidden inputs and on public ones.

    ``public`` says that every secret has the same outcome.
    """

    hidden: dict[str, Any]
    in_public: dict[str, Any]
    public: bool


@dataclass(frozen=True)
class Row:
    """A check, what it should give, and what an answer gave: None where it was not reached."""

    check: Check
    right: Right
    outcome: Outcome | None
    in_public: Outcome | None = None

    def difference(self) -> str:
        """Why the outcome is wrong; in detail only where that is the same on public inputs."""
        if self.outcome is None:
            return "The code did not finish."
        tolerance, public = self.check.tolerance, self.in_public
        said = difference(self.outcome, self.right.hidden, tolerance)
        if not said or (public and said == difference(public, self.right.in_public, tolerance)):
            return said
        return unlike_public(self.outcome)

    def sentence(self) -> str:
        """What the check is about: the values that it asks for, or arguments left as they are."""
        pairs = ((self.outcome, self.right.hidden), (self.in_public, self.right.in_public))
        changed = [
            outcome is not None and only_changed(outcome, right, self.check.tolerance)
            for outcome, right in pairs
        ]
        return CHANGED if all(changed) else self.check.sentence


def rows(checks: Sequence[Check], expected: Sequence[Right], run: Run) -> list[Row]:
    pairs = zip(checks, expected, strict=True)
    return [
        Row(check, right, outcome, shown)
        for (check, right), outcome, shown in zip_longest(pairs, run.outcomes, run.in_public)
    ]


def judged(rows: Sequence[Row], run: Run) -> list[CheckResult]:
    results = []
    for row in rows:
        if run.missing:
            message = _undefined(run)
        elif row.outcome is None:
            message = f"The code did not finish: {_end(run)}."
        else:
            message = row.difference()
        sentence = row.sentence() if message else row.check.sentence
        public = row.right.public
        results.append(CheckResult(sentence, not message, row.check.weight, message, public))
    return results


def _end(run: Run) -> str:
    """Why a run ended; of one on hidden inputs not how, since that could tell of them."""
    if run.end is None or run.told:
        return "it was stopped, or ended the process, where it had not before"
    return run.end.clause


def _undefined(run: Run) -> str:
    names = " and ".join(f"`{name}`" for name in run.missing)
    first = run.troubles[0] if run.troubles else None
    why = f": it stopped with {own_type(first)}" if first else ""
    where = f" at line {first.line}" if first and first.line else ""
    return f"The answer does not define {names}{why}{where}."
