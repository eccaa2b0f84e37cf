"""Code questions: an answer and the reference, run by the same probes on the same inputs."""

import ast
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.grading.basis import Basis
from autograder.grading.compare import difference, plain_type, same
from autograder.grading.mistakes import Known, recognise
from autograder.model import Budget, CheckResult, CourseError, Question, QuestionResult
from autograder.parts.declare import Check
from autograder.reading.answers import Submission
from autograder.reading.finding import defined
from autograder.reading.magics import tree
from autograder.sandbox.cells import Trouble
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Call, Job, Limits, Outcome, Run

PUBLIC = b"inputs that anyone may see"
MB = 1 << 20


@dataclass(frozen=True)
class Row:
    """A check, what it should give, and what an answer gave: None where it was not reached."""

    check: Check
    expected: dict[str, Any]
    outcome: Outcome | None

    def difference(self, detail: bool = True) -> str:
        if self.outcome is None:
            return "The code did not finish."
        return difference(self.outcome, self.expected, self.check.tolerance, detail)


class CodeQuestions:
    """Grades answers by what they do."""

    def __init__(self, basis: Basis, sandbox: Sandbox) -> None:
        self.basis, self.sandbox = basis, sandbox
        self._expected: dict[str, dict[str, dict[str, Any]]] = {}
        self._known: dict[str, list[Known]] = {}
        self.spent = 0.0
        """The seconds that answers took, for whoever sets it to 0."""

    def grade(self, result: QuestionResult, submission: Submission) -> None:
        """Fill in checks, mistake and notes."""
        question = result.question
        run = self._run(question, submission)
        self.spent += run.seconds
        rows = self._rows(question, run)
        result.checks = _judged(rows, run)
        others = _needed(question.id, submission.answers)
        used: list[str] = []
        if not result.passed and not run.end and others:
            together = self._run(question, submission, others=others)
            self.spent += together.seconds
            retried = self._rows(question, together)
            if _earned(_judged(retried, together)) > _earned(result.checks):
                run, rows, used = together, retried, others
                result.checks = _judged(rows, run)
                result.notes.append(
                    "It was graded together with your other answers, which it uses."
                )
        if run.on_gpu:
            result.notes.append("The code names a GPU; it was graded on a CPU, at no loss.")
        if result.passed:
            return
        self._recognise(result, rows)
        if run.end:
            return  # what ran for too long or ended its process would do so again
        public = self._run(question, submission, secret=PUBLIC, others=used)
        self.spent += public.seconds
        result.printed = _told(public)
        _withhold(result, rows, run, public)

    def _run(
        self,
        question: Question,
        submission: Submission,
        *,
        secret: bytes | None = None,
        others: Sequence[str] = (),
    ) -> Run:
        basis, checks = self.basis, self.basis.checks(question)
        job = Job(
            submission.answers[question.id],
            question.names,
            basis.probes[question.part],
            tuple(Call(c.probe, c.inputs(secret or basis.secret)) for c in checks),
            tuple(basis.release.given),
            tuple(submission.extras),
            tuple(others),
        )
        return self.sandbox.run(job, limits(question.id, basis.problem_set.limits))

    def _rows(self, question: Question, run: Run) -> list[Row]:
        expected = self._expectation(question)
        outcomes: list[Outcome | None] = [*run.outcomes]
        outcomes += [None] * (len(expected) - len(outcomes))
        checks = self.basis.checks(question)
        return [
            Row(check, expected[check.name], outcome)
            for check, outcome in zip(checks, outcomes, strict=True)
        ]

    def _expectation(self, question: Question) -> dict[str, dict[str, Any]]:
        """The reference's own outcomes by check, from a process of its own."""
        if question.id not in self._expected:
            run = self._run(question, self.basis.reference)
            checks = self.basis.checks(question)
            outcomes = [o for o in run.outcomes if isinstance(o, dict)]
            if run.end or len(outcomes) < len(checks):
                bad = next((o for o in run.outcomes if isinstance(o, Trouble)), None)
                said = f"{bad.type}: {bad.message}" if bad else run.end and run.end.clause
                raise CourseError(f"The reference answer to {question.id} fails: {said}.")
            names = [c.name for c in checks]
            self._expected[question.id] = dict(zip(names, outcomes, strict=True))
        return self._expected[question.id]

    def _recognise(self, result: QuestionResult, rows: Sequence[Row]) -> None:
        got = {row.check.name: row for row in rows if row.outcome is not None}

        def equal(name: str, outcome: Any) -> bool:
            row = got.get(name)
            if row is None or row.outcome is None:
                return False
            return same(row.outcome, outcome, row.check.tolerance)

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
                run = self._run(question, Submission(patch.id, {question.id: answer}, cells))
                rows = self._rows(question, run)
                wrong = zip(rows, _judged(rows, run), strict=True)
                failed = frozenset(row.check.name for row, check in wrong if not check.passed)
                known.append(Known(patch, _outcomes(rows), failed))
            self._known[question.id] = known
        return self._known[question.id]


def limits(question: str, budget: Budget) -> Limits:
    """What one run of an answer to this question gets."""
    seconds = budget.questions.get(question, budget.seconds)
    return Limits(seconds, budget.memory * MB, budget.files * MB)


def _outcomes(rows: Sequence[Row]) -> Mapping[str, Outcome]:
    return {row.check.name: row.outcome for row in rows if row.outcome is not None}


def _judged(rows: Sequence[Row], run: Run) -> list[CheckResult]:
    results = []
    for row in rows:
        if row.outcome is None:
            message = f"The code did not finish: {run.end.clause if run.end else 'it ended'}."
        elif run.missing:
            message = _undefined(run)
        else:
            message = row.difference()
        results.append(CheckResult(row.check.sentence, not message, row.check.weight, message))
    return results


def _earned(checks: Sequence[CheckResult]) -> float:
    return sum(c.weight for c in checks if c.passed)


def _withhold(result: QuestionResult, rows: Sequence[Row], run: Run, public: Run) -> None:
    """Show a shape or count only where public inputs give the same one."""
    for row, check, shown in zip(rows, result.checks, public.outcomes, strict=False):
        if row.outcome is None or run.missing:
            continue
        if row.difference() != Row(row.check, row.expected, shown).difference():
            check.message = row.difference(detail=False)


def _undefined(run: Run) -> str:
    names = " and ".join(f"`{name}`" for name in run.missing)
    first = run.troubles[0] if run.troubles else None
    why = f": it stopped with {plain_type(first)}" if first else ""
    where = f" at line {first.line}" if first and first.line else ""
    return f"The answer does not define {names}{why}{where}."


def _told(run: Run) -> str:
    """What a run on public inputs printed and raised: this may be shown."""
    lines = [run.printed.rstrip()] if run.printed.strip() else []
    troubles = [o for o in run.outcomes if isinstance(o, Trouble)] or run.troubles
    for t in troubles[:1]:
        where = f" (line {t.line} of the answer)" if t.line else ""
        lines.append(f"{t.type}: {t.message}{where}")
    return "\n".join(lines)


def _needed(question: str, answers: dict[str, str]) -> list[str]:
    """The other answers, where this one names something that they define."""
    others = {id: source for id, source in answers.items() if id != question and source.strip()}
    module = tree(answers[question])
    used = {n.id for n in ast.walk(module) if isinstance(n, ast.Name)} if module else set()
    return list(others.values()) if used & set().union(*map(defined, others.values())) else []
