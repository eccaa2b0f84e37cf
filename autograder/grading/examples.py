"""A snippet that shows a wrong answer to be wrong: what it gives there, and what is right.

Parts declare the snippets; their inputs are public.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.grading.basis import Basis
from autograder.grading.compare import own_type
from autograder.model import Example, Question
from autograder.parts.numbers import filled
from autograder.sandbox import wire
from autograder.sandbox.cells import Trouble
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Call, Outcome

PROBE = Path(wire.__file__).with_name("example.py").read_text(encoding="utf-8")
CLOSE = 2e-3  # of a number, or so far from 0
MOST = 24  # numbers and texts of a value that is shown
LONGEST = 60  # characters of a text


class Examples:
    """The snippets of each question, and what the reference gives for them."""

    def __init__(self, basis: Basis, sandbox: Sandbox) -> None:
        self.basis, self.sandbox = basis, sandbox
        self._right: dict[str, list[Any]] = {}

    def calls(self, question: Question) -> tuple[Call, ...]:
        """What to ask an answer for, beside the probes of its part and ``PROBE``."""
        examples = self.basis.part(question).examples.get(question.id, [])
        values = self.basis.part(question).values(self.basis.problem_set.options)
        return tuple(Call("example", {"code": filled(code, values)}) for code in examples)

    def first_wrong(self, question: Question, outcomes: Sequence[Outcome]) -> Example | None:
        """The first snippet for which an answer gave something else than the reference."""
        for call, outcome, right in zip(
            self.calls(question), outcomes, self._reference(question), strict=False
        ):
            if isinstance(outcome, Trouble):
                return Example(call.inputs["code"], f"raises {own_type(outcome)}", shown(right))
            given = outcome.get("value")
            if not alike(given, right):
                return Example(call.inputs["code"], f"gives {shown(given)}", shown(right))
        return None

    def _reference(self, question: Question) -> list[Any]:
        if question.id not in self._right:
            calls = self.calls(question)
            job = self.basis.job(question, self.basis.reference, calls, more=PROBE)
            outcomes = self.sandbox.run(job).outcomes if calls else []
            values = [o.get("value") if isinstance(o, dict) else None for o in outcomes]
            self._right[question.id] = values
        return self._right[question.id]


def alike(given: Any, right: Any) -> bool:
    """Whether two values are the same, but for rounding."""
    if isinstance(given, list) and isinstance(right, list):
        return len(given) == len(right) and all(map(alike, given, right))
    numbers = (int, float)
    if type(given) in numbers and type(right) in numbers:
        return bool(abs(given - right) <= CLOSE * max(1.0, abs(right)))
    return type(given) is type(right) and bool(given == right)


def shown(value: Any) -> str:
    """A value in one line, with four digits a number; in part where it is long."""
    return "".join(_pieces(value, [MOST]))


def _pieces(value: Any, left: list[int]) -> Iterator[str]:
    left[0] -= 1
    if left[0] < 0:
        yield "…" if left[0] == -1 else ""
    elif isinstance(value, list):
        yield "["
        for i, item in enumerate(value):
            if left[0] < 0:
                break
            yield ", " if i else ""
            yield from _pieces(item, left)
        yield "]"
    elif type(value) is float:
        yield f"{value:.4g}" if math.isfinite(value) else str(value)
    else:
        yield (repr(value) if isinstance(value, str) else str(value))[:LONGEST]
