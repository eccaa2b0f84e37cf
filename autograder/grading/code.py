"""Code questions: an answer and the reference, run by the same probes on the same inputs."""

import logging
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.grading import behaviour
from autograder.grading.basis import PUBLIC, Basis
from autograder.grading.compare import same, thin
from autograder.grading.known import KnownMistakes
from autograder.grading.mistakes import recognise
from autograder.grading.rows import Right, Row, judged, rows
from autograder.grading.steps import HowFar
from autograder.model import Budget, CheckResult, CourseError, Question, QuestionResult
from autograder.parts.declare import Check
from autograder.reading.answers import Submission
from autograder.sandbox.cells import A_GPU, Trouble
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import End, Limits, Outcome, Run

OTHERS = (PUBLIC, b"inputs of no term")
"""Secrets that tell which checks have the same outcome whatever the inputs."""
MB = 1 << 20
TOGETHER = 3  # seconds of computing for all right answers of a submission; it takes a tenth
NOT_WRITTEN = "Files that the code writes elsewhere were not written."


class CodeQuestions:
    """Grades answers by what they do."""

    def __init__(self, basis: Basis, sandbox: Sandbox, keep: Path | None = None) -> None:
        self.basis, self.sandbox = basis, sandbox
        self._expected: dict[str, list[Right]] = {}
        self._known = KnownMistakes(basis, sandbox, keep)
        self._how_far = HowFar(basis, sandbox)
        self.spent = 0.0
        """The seconds that answers took, for whoever sets it to 0."""

    def grade(self, result: QuestionResult, submission: Submission) -> None:
        """Fill in checks, mistake and notes."""
        question = result.question
        run = self._run_student(question, submission)
        rows = self._rows(question, run)
        result.checks = judged(rows, run)
        alone = rows, result.checks
        others = [submission.answers[id] for id in submission.uses.get(question.id, ())]
        needs = submission.needs.get(question.id, "")
        beside: list[str] = []
        if not result.passed and not run.end and (others or needs):
            together = self._run_student(question, submission, [*others, needs])
            retried = self._rows(question, together)
            if _earned(judged(retried, together)) > _earned(result.checks):
                run, rows, beside = together, retried, [*others, needs]
                result.checks = judged(rows, run)
                cells = "other answers" if others else "own cells"
                result.notes.append(f"It was graded together with your {cells}, which it uses.")
        if run.on_gpu and result.passed:
            result.notes.append("The code names a GPU; it was graded on a CPU, at no loss.")
        elif run.on_gpu:
            result.notes.append("The code names a GPU; it was graded on a CPU.")
        if run.elsewhere:
            result.notes.append(NOT_WRITTEN)
        if not result.passed:
            result.notes += _missing_modules(run)
            self._recognise(result, rows, result.checks)
            if beside and not result.mistake:  # it can be plain in neutral surroundings
                self._recognise(result, *alone)
            if not (result.mistake or run.end or run.missing):
                failed = zip(rows, result.checks, strict=True)
                result.behaviour = behaviour.encode(
                    {r.check.name: r.in_public for r, c in failed if r.in_public and not c.passed}
                )
            result.printed = _told(run)
            if not (run.end or run.missing):
                self._tell_how_far(result, submission, beside, run)

    def grade_right(self, results: Sequence[QuestionResult], submission: Submission) -> None:
        """Fill in those that are right when all run in one process, which most answers are.

        Nothing is told of a run that others could have disturbed: whatever fails here has to be
        graded by itself. So its seconds count for nothing, and an answer that changes much of
        torch to run without a GPU is left out.
        """
        chosen = [r.question for r in results]
        sources = [*(submission.answers[q.id] for q in chosen), *submission.extras]
        if len(chosen) < 2 or any(map(A_GPU.search, sources)):
            return
        basis, budget = self.basis, self.basis.problem_set.limits
        jobs = [basis.job(q, submission, basis.calls(q, basis.secret)) for q in chosen]
        seconds = min(TOGETHER, budget.seconds, budget.submission)
        all_of = Limits(seconds, budget.memory * MB, budget.files * MB)
        runs = self.sandbox.run_together(jobs, all_of)
        for result, job, run in zip(results, jobs, runs, strict=True):
            checks = judged(self._rows(result.question, run), run)
            if len(run.outcomes) == len(job.calls) and all(c.passed for c in checks):
                result.checks = checks
                if run.elsewhere:
                    result.notes.append(NOT_WRITTEN)

    def _tell_how_far(
        self, result: QuestionResult, submission: Submission, beside: Sequence[str], run: Run
    ) -> None:
        """Add the steps that a wrong answer has, and an example: not worth many seconds."""
        question, budget = result.question, self.basis.problem_set.limits
        left = min(budget.submission - self.spent, 2 + run.seconds)
        try:
            limit = limits(question.id, budget, left)
            self.spent += self._how_far.tell(result, submission, beside, limit)
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
        return rows(self.basis.checks(question), self.expectation(question), run)

    def public(self, question: Question) -> list[Check]:
        """The checks of a question whose outcome is the same for every secret."""
        checks = zip(self.basis.checks(question), self.expectation(question), strict=True)
        return [check for check, right in checks if right.public]

    def expectation(self, question: Question) -> list[Right]:
        """For each check the reference's own outcomes, from a process of its own."""
        if question.id not in self._expected:
            run = self._run(question, self.basis.reference, public=OTHERS)
            checks, given = self.basis.checks(question), [*run.outcomes, *run.in_public]
            n, right = len(checks), [o for o in given if isinstance(o, dict)]
            if run.end or len(right) < (1 + len(OTHERS)) * n:
                bad = next((o for o in given if isinstance(o, Trouble)), None)
                said = f"{bad.type}: {bad.message}" if bad else run.end and run.end.clause
                raise CourseError(f"The reference answer to {question.id} fails: {said}.")
            hidden, in_public, other = right[:n], right[n : 2 * n], right[2 * n :]
            self._expected[question.id] = [
                Right(own, shown, all(same(own, o, check.tolerance) for o in (shown, third)))
                for check, own, shown, third in zip(checks, hidden, in_public, other, strict=True)
            ]
        return self._expected[question.id]

    def _recognise(
        self, result: QuestionResult, rows: Sequence[Row], checks: Sequence[CheckResult]
    ) -> None:
        got = {row.check.name: row for row in rows if row.in_public is not None}
        both = zip(rows, checks, strict=True)
        failed = {row.check.name for row, check in both if not check.passed}

        def equal(name: str, known: Outcome) -> bool:
            row = got.get(name)
            if row is None or row.in_public is None:
                return False
            return same(thin(row.in_public), known, row.check.tolerance)

        question = result.question
        right = self.expectation(question)
        known = self._known.singles(question, right)
        if recognise(result, known, failed, equal) < failed:
            recognise(result, [*known, *self._known.pairs(question, right)], failed, equal)

    def expect(self, expected: Mapping[str, list[Right]]) -> None:
        """Take over what the reference gives, by question, from another of these."""
        self._expected |= {id: rights for id, rights in expected.items() if rights}

    def prepare(self, question: Question) -> None:
        """Run the reference and the known mistakes of a question, if they are not kept."""
        self._known.pairs(question, self.expectation(question))


def limits(question: str, budget: Budget, left: float = math.inf) -> Limits:
    """What one run of an answer to this question gets, with so many seconds ``left`` for all."""
    seconds = budget.questions.get(question, budget.seconds)
    return Limits(int(max(1, min(seconds, left))), budget.memory * MB, budget.files * MB)


def _earned(checks: Sequence[CheckResult]) -> float:
    return sum(c.weight for c in checks if c.passed)


def _missing_modules(run: Run) -> list[str]:
    """A note for each module that cells import and that is not here."""
    said = [t.message for t in run.troubles if t.type == "ModuleNotFoundError"]
    names = [m[1] for text in said if (m := re.match(r"No module named '([\w.]+)'$", text))]
    return [
        f"`{name}` is not installed where this is graded: do without it, or ask your instructor."
        for name in dict.fromkeys(names)
    ]


def _told(run: Run) -> str:
    """What a run on public inputs printed and raised: this may be shown."""
    lines = [run.printed.rstrip()] if run.printed.strip() else []
    raised = [o for o in run.in_public if isinstance(o, Trouble)]
    for t in (raised or [t for t in run.troubles if t.line])[:1]:
        where = f" (line {t.line} of the answer)" if t.line else ""
        lines.append(f"{t.type}: {t.message}{where}")
    return "\n".join(lines)
