"""Code questions: an answer and the reference, run by the same probes on the same inputs."""

import logging
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from autograder.grading.basis import PUBLIC, Basis
from autograder.grading.compare import difference, own_type, same, unlike_public
from autograder.grading.mistakes import Known, recognise
from autograder.grading.steps import HowFar
from autograder.model import Budget, CheckResult, CourseError, Question, QuestionResult
from autograder.parts.declare import Check
from autograder.reading.answers import Submission
from autograder.sandbox.cells import Trouble
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import End, Limits, Outcome, Run

OTHERS = (b"inputs of no term", b"inputs of another")
"""Secrets that tell which checks have the same outcome whatever the inputs."""
MB = 1 << 20


@dataclass(frozen=True)
class Row:
    """A check, what it should give, and what an answer gave: None where it was not reached.

    ``in_public`` is what the answer gave on public inputs. ``public`` says that every secret has
    the same outcome.
    """

    check: Check
    expected: dict[str, Any]
    public: bool
    outcome: Outcome | None
    in_public: Outcome | None = None

    def difference(self) -> str:
        """Why the outcome is wrong; in detail only where that is the same on public inputs."""
        if self.outcome is None:
            return "The code did not finish."
        said = self._said(self.outcome)
        if not said or said == (self.in_public and self._said(self.in_public)):
            return said
        return unlike_public(self.outcome)

    def _said(self, outcome: Outcome) -> str:
        return difference(outcome, self.expected, self.check.tolerance)


class CodeQuestions:
    """Grades answers by what they do."""

    def __init__(self, basis: Basis, sandbox: Sandbox) -> None:
        self.basis, self.sandbox = basis, sandbox
        self._expected: dict[str, list[tuple[dict[str, Any], bool]]] = {}
        self._known: dict[str, list[Known]] = {}
        self._how_far = HowFar(basis, sandbox)
        self.spent = 0.0
        """The seconds that answers took, for whoever sets it to 0."""

    def grade(self, result: QuestionResult, submission: Submission) -> None:
        """Fill in checks, mistake and notes."""
        question = result.question
        run = self._run_student(question, submission)
        rows = self._rows(question, run)
        result.checks = _judged(rows, run)
        others = [submission.answers[id] for id in submission.uses.get(question.id, ())]
        needs = submission.needs.get(question.id, "")
        beside: list[str] = []
        if not result.passed and not run.end and (others or needs):
            together = self._run_student(question, submission, [*others, needs])
            retried = self._rows(question, together)
            if _earned(_judged(retried, together)) > _earned(result.checks):
                run, rows, beside = together, retried, [*others, needs]
                result.checks = _judged(rows, run)
                cells = "other answers" if others else "own cells"
                result.notes.append(f"It was graded together with your {cells}, which it uses.")
        if run.on_gpu and result.passed:
            result.notes.append("The code names a GPU; it was graded on a CPU, at no loss.")
        elif run.on_gpu:
            result.notes.append("The code names a GPU; it was graded on a CPU.")
        if run.elsewhere:
            result.notes.append("Files that the code writes elsewhere were not written.")
        if not result.passed:
            result.notes += _missing_modules(run)
            self._recognise(result, rows)
            result.printed = _told(run)
            if not (run.end or run.missing):
                self._tell_how_far(result, submission, beside, run)

    def _tell_how_far(
        self, result: QuestionResult, submission: Submission, beside: Sequence[str], run: Run
    ) -> None:
        """Add the steps that a wrong answer has; recording is not worth many seconds."""
        question, budget = result.question, self.basis.problem_set.limits
        left = min(budget.submission - self.spent, 2 + run.seconds)
        failed = [i for i, check in enumerate(result.checks) if not check.passed]
        try:
            result.steps, seconds = self._how_far.tell(
                question, submission, beside, failed, limits(question.id, budget, left)
            )
            self.spent += seconds
        except Exception as error:  # it must not cost the grade
            told = "How far an answer to %s got is not told: %s."
            logging.getLogger(__name__).warning(told, question.id, error)

    def _run_student(
        self, question: Question, submission: Submission, others: Sequence[str] = ()
    ) -> Run:
        """A run on public and hidden inputs; on hidden ones alone, should a public one end it."""
        left = self.basis.problem_set.limits.submission - self.spent
        run = self._run(question, submission, others, [PUBLIC], left)
        self.spent += run.seconds
        budget = self.basis.problem_set.limits
        if run.end and left < budget.questions.get(question.id, budget.seconds):
            # not how many seconds were left: what came before may have spent them for a reason
            clause = f"the answers took more than the {budget.submission} seconds of a submission"
            run.end = End(run.end.why, f"it was stopped: {clause}")
        left -= run.seconds
        if run.end and 0 < len(run.in_public) < len(self.basis.checks(question)) and left > 0:
            hidden = self._run(question, submission, others, left=left)
            self.spent += hidden.seconds
            run.outcomes, run.end = hidden.outcomes, hidden.end and run.end
        return run

    def _run(
        self,
        question: Question,
        submission: Submission,
        others: Sequence[str] = (),
        public: Sequence[bytes] = (),
        left: float = math.inf,
    ) -> Run:
        basis = self.basis
        calls = basis.calls(question, basis.secret)
        in_public = tuple(c for secret in public for c in basis.calls(question, secret))
        job = basis.job(question, submission, calls, in_public, others)
        return self.sandbox.run(job, limits(question.id, basis.problem_set.limits, left))

    def _rows(self, question: Question, run: Run) -> list[Row]:
        expected = self._expectation(question)
        checks = self.basis.checks(question)
        return [
            Row(check, right, public, outcome, shown)
            for (check, (right, public)), outcome, shown in zip_longest(
                zip(checks, expected, strict=True), run.outcomes, run.in_public
            )
        ]

    def public(self, question: Question) -> list[Check]:
        """The checks of a question whose outcome is the same for every secret."""
        checks = zip(self.basis.checks(question), self._expectation(question), strict=True)
        return [check for check, (_, public) in checks if public]

    def _expectation(self, question: Question) -> list[tuple[dict[str, Any], bool]]:
        """For each check the reference's own outcome, from a process of its own, and if public."""
        if question.id not in self._expected:
            run = self._run(question, self.basis.reference, public=OTHERS)
            checks = self.basis.checks(question)
            outcomes = [o for o in run.outcomes if isinstance(o, dict)]
            if run.end or len(outcomes) < len(checks):
                bad = next((o for o in run.outcomes if isinstance(o, Trouble)), None)
                said = f"{bad.type}: {bad.message}" if bad else run.end and run.end.clause
                raise CourseError(f"The reference answer to {question.id} fails: {said}.")
            n = len(checks)
            others = [run.in_public[i : i + n] for i in range(0, len(run.in_public), n)]
            same_everywhere = [
                all(same(own, other, check.tolerance) for other in rest)
                for check, own, *rest in zip(checks, outcomes, *others, strict=True)
            ]
            self._expected[question.id] = list(zip(outcomes, same_everywhere, strict=True))
        return self._expected[question.id]

    def _recognise(self, result: QuestionResult, rows: Sequence[Row]) -> None:
        got = {row.check.name: row for row in rows if row.outcome is not None}

        def equal(name: str, known: tuple[Outcome, Outcome | None]) -> bool:
            """On public inputs as well: a hint that comes with hidden ones alone tells of them."""
            row = got.get(name)
            hidden, public = known
            if not (row and row.outcome and row.in_public and public):
                return False
            tolerance = row.check.tolerance
            return same(row.outcome, hidden, tolerance) and same(row.in_public, public, tolerance)

        recognise(result, self._mistakes(result.question), equal)

    def _mistakes(self, question: Question) -> list[Known]:
        """What each known mistake gives on this term's inputs; run when first needed."""
        if question.id not in self._known:
            known = []
            for patch in self.basis.mistakes(question.id):
                try:
                    answer = patch.apply(self.basis.reference.answers[question.id])
                except CourseError as error:
                    logging.getLogger(__name__).warning("%s It is left out.", error)
                    continue
                own = [patch.cell] if patch.cell else []
                cells = [*own, *self.basis.reference.extras]
                mistaken = Submission(patch.id, {question.id: answer}, cells)
                run = self._run(question, mistaken, public=[PUBLIC])
                rows = self._rows(question, run)
                wrong = zip(rows, _judged(rows, run), strict=True)
                failed = frozenset(row.check.name for row, check in wrong if not check.passed)
                known.append(Known(patch, _outcomes(rows), failed))
            self._known[question.id] = known
        return self._known[question.id]


def limits(question: str, budget: Budget, left: float = math.inf) -> Limits:
    """What one run of an answer to this question gets, with so many seconds ``left`` for all."""
    seconds = budget.questions.get(question, budget.seconds)
    return Limits(int(max(1, min(seconds, left))), budget.memory * MB, budget.files * MB)


def _outcomes(rows: Sequence[Row]) -> Mapping[str, tuple[Outcome, Outcome | None]]:
    return {row.check.name: (row.outcome, row.in_public) for row in rows if row.outcome is not None}


def _judged(rows: Sequence[Row], run: Run) -> list[CheckResult]:
    results = []
    for row in rows:
        if run.missing:
            message = _undefined(run)
        elif row.outcome is None:
            message = f"The code did not finish: {_end(run)}."
        else:
            message = row.difference()
        check = row.check
        results.append(CheckResult(check.sentence, not message, check.weight, message, row.public))
    return results


def _earned(checks: Sequence[CheckResult]) -> float:
    return sum(c.weight for c in checks if c.passed)


def _end(run: Run) -> str:
    """Why a run ended; of one on hidden inputs not how, since that could tell of them."""
    if run.end is None or run.told:
        return "it was stopped, or ended the process, where it had not before"
    return run.end.clause


def _missing_modules(run: Run) -> list[str]:
    """A note for each module that cells import and that is not here."""
    said = [t.message for t in run.troubles if t.type == "ModuleNotFoundError"]
    names = [m[1] for text in said if (m := re.match(r"No module named '([\w.]+)'$", text))]
    return [
        f"`{name}` is not installed where this is graded: do without it, or ask your instructor."
        for name in dict.fromkeys(names)
    ]


def _undefined(run: Run) -> str:
    names = " and ".join(f"`{name}`" for name in run.missing)
    first = run.troubles[0] if run.troubles else None
    why = f": it stopped with {own_type(first)}" if first else ""
    where = f" at line {first.line}" if first and first.line else ""
    return f"The answer does not define {names}{why}{where}."


def _told(run: Run) -> str:
    """What a run on public inputs printed and raised: this may be shown."""
    lines = [run.printed.rstrip()] if run.printed.strip() else []
    raised = [o for o in run.in_public if isinstance(o, Trouble)]
    for t in (raised or [t for t in run.troubles if t.line])[:1]:
        where = f" (line {t.line} of the answer)" if t.line else ""
        lines.append(f"{t.type}: {t.message}{where}")
    return "\n".join(lines)
