"""How far a wrong answer got: which steps of the reference its own computing has in it.

Answer and reference are run on public inputs; a step was reached where the answer held the same
numbers in any layout. Steps neither give nor cost points.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from autograder.grading.basis import PUBLIC, Basis
from autograder.grading.examples import PROBE, Examples
from autograder.grading.marks import before, instrumented
from autograder.model import Question, QuestionResult, Steps
from autograder.reading.answers import Submission
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import FULL, Limits

CLOSE = 1e-5  # of the largest number of a step, between ways to compute the same
LIKE = 1e-4  # the same, between an array and a multiple of another
Recorded = list[tuple[str, list[np.ndarray]]]
Kept = list[tuple[str, np.ndarray]]


class HowFar:
    """Tells of failed answers which steps they have, and shows where they are wrong."""

    def __init__(self, basis: Basis, sandbox: Sandbox) -> None:
        self.basis, self.sandbox = basis, sandbox
        self.examples = Examples(basis, sandbox)
        self._reference: dict[str, list[Recorded]] = {}

    def tell(
        self,
        result: QuestionResult,
        submission: Submission,
        others: Sequence[str],
        limit: Limits,
    ) -> float:
        """Add steps and example to the result; returns the seconds that it took.

        The steps are those of that failed check whose call has the most.
        """
        question, reference = result.question, self._steps(result.question)
        failed = [i for i, check in enumerate(result.checks) if not check.passed]
        chosen = max(failed, key=lambda i: len(reference[i]), default=-1)
        steps = reference[chosen] if chosen >= 0 else []
        recorded = self.basis.calls(question, PUBLIC)[chosen : chosen + 1] if steps else ()
        calls = (*recorded, *self.examples.calls(question))
        if not calls:
            return 0.0
        record = sizes(steps) if steps else None
        job = self.basis.job(question, submission, calls, others=others, record=record, more=PROBE)
        run = self.sandbox.run(job, limit)
        if steps:
            result.steps = self._progress(question, steps, run.kept[:1])
        examples = run.outcomes[len(recorded) :]
        result.example = self.examples.first_wrong(question, examples)
        return run.seconds

    def _progress(
        self, question: Question, steps: Recorded, recorded: Sequence[Kept]
    ) -> Steps | None:
        kept = [item for items in recorded for item in items]
        computed = [array for _, array in kept if array.size in sizes(steps)]
        told = progress(steps, computed, before(self.basis.reference.answers[question.id]))
        # Of what was too much to record, nobody can say that it is not there.
        too_much = told and told.missed and any(name == FULL for name, _ in kept)
        return None if too_much else told

    def _steps(self, question: Question) -> list[Recorded]:
        """The reference's own steps, by check."""
        if question.id not in self._reference:
            reference = self.basis.reference
            source = instrumented(reference.answers[question.id], question.id)
            marked = replace(reference, answers={**reference.answers, question.id: source})
            calls = self.basis.calls(question, PUBLIC)
            run = self.sandbox.run(self.basis.job(question, marked, calls, record=()))
            found = [grouped(kept) for kept in run.kept]
            self._reference[question.id] = found + [[] for _ in calls[len(found) :]]
        return self._reference[question.id]


def grouped(kept: Sequence[tuple[str, np.ndarray]]) -> Recorded:
    """The steps of a call in their order, each with its arrays; only 0 and 1 tell nothing."""
    steps: dict[str, list[np.ndarray]] = {}
    for text, array in kept:
        if array.size and not (np.isin(np.abs(array), (0, 1)).all() and array.size > 1):
            steps.setdefault(text, []).append(array)
    return list(steps.items())


def sizes(steps: Recorded) -> tuple[int, ...]:
    return tuple(sorted({array.size for _, arrays in steps for array in arrays}))


@np.errstate(all="ignore")  # memory that was never written to holds whatever bits
def progress(
    steps: Recorded, computed: Sequence[np.ndarray], before: Mapping[str, set[str]]
) -> Steps | None:
    """Which steps ``computed`` has in it, and the first that it misses; None if it has none.

    What is passed over while a later step is there that needs it (``before``) was computed by
    another sound way.
    """
    there = {
        text: all(any(_same(a, x) for x in computed) for a in arrays) for text, arrays in steps
    }
    seen = [text for text, found in there.items() if found]
    if not seen:
        return None
    excused = set().union(*(before.get(text, set()) for text in seen))
    for text, arrays in steps:
        if not there[text] and text not in excused:
            return Steps(seen, text + _off_by(arrays, computed))
    last, arrays = steps[-1]
    turned = there[last] and not all(any(_in_place(a, x) for x in computed) for a in arrays)
    return Steps(seen, f"{last} in their order: is an axis taken for another?" if turned else None)


def _off_by(arrays: Sequence[np.ndarray], computed: Sequence[np.ndarray]) -> str:
    """How a step is there but for a factor, if it is."""
    factors = [f for x in reversed(computed) for a in arrays[:1] if (f := _factor(a, x))]
    if not factors:
        return ""
    factor = factors[0]
    size = abs(factor)
    if abs(size - 1) < LIKE:
        return " (what comes closest has the opposite sign)" if factor < 0 else ""
    times = f"{size:.3g} times too large" if size > 1 else f"{1 / size:.3g} times too small"
    sign = ", with the opposite sign" if factor < 0 else ""
    ask = "is something multiplied that should divide, or left out?"
    return f" (what comes closest is {times}{sign}: {ask})"


def _same(step: np.ndarray, x: np.ndarray) -> bool:
    """Whether an array holds the numbers of a step in any layout: transposed, reshaped."""
    if step.size != x.size:
        return False
    close = CLOSE if step.size > 1 else CLOSE / 5  # one number may be like another by chance
    bound = close * float(np.abs(step).max()) + 1e-12
    if not np.abs(np.sort(step, axis=None) - np.sort(x, axis=None)).max() <= bound:
        return False
    both = _layouts(x) if x.ndim < 4 else [x.ravel()]
    return any(np.abs(a - b).max() <= bound for a in _layouts(step) for b in both)


def _in_place(step: np.ndarray, x: np.ndarray) -> bool:
    """Whether an array holds the numbers of a step in their order."""
    if step.size != x.size:
        return False
    bound = CLOSE * float(np.abs(step).max()) + 1e-12
    return bool(np.abs(step.ravel() - x.ravel()).max() <= bound)


def _layouts(x: np.ndarray) -> list[np.ndarray]:
    """An array read in the order of each permutation of its axes."""
    if x.ndim > 4:
        return [x.ravel()]
    return [x.transpose(order).ravel() for order in itertools.permutations(range(x.ndim))]


def _factor(step: np.ndarray, x: np.ndarray) -> float:
    """The factor by which an array is a step; 0 where it is none."""
    if step.size != x.size or step.size < 2:
        return 0.0
    a = step.astype(np.float64).ravel()
    for b in _layouts(x.astype(np.float64)):
        factor = float(b @ a / (a @ a)) if a.any() else 0.0
        if factor and np.abs(b - factor * a).max() <= LIKE * np.abs(factor * a).max():
            return factor
    return 0.0
