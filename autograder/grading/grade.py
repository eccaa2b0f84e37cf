"""The loop of a grade: each question of a submission apart, the report after each (design.md)."""

import contextlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from autograder.grading.basis import Basis
from autograder.grading.code import CodeQuestions
from autograder.grading.reported import ReportQuestions
from autograder.grading.rows import Right
from autograder.model import (
    CheckResult,
    CourseError,
    Question,
    QuestionResult,
    Report,
)
from autograder.parts.declare import Check
from autograder.reading.answers import Submission
from autograder.reading.collect import Found
from autograder.reading.reader import SERVER, Reader
from autograder.reading.several import MOST, has_own_name, the_one
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import SandboxError
from helpers.reading.finding import same_text

Update = Callable[[Report], None]


class Grader:
    """Grades submissions to one problem set, all on the same inputs, which the secret decides.

    What known mistakes give is read from the file ``kept`` where it is there, and kept there.

    >>> with Grader(Basis.load(problem_set, course)) as grader:
    ...     report = grader.grade(submission)
    """

    def __init__(
        self, basis: Basis, sandbox: type[Sandbox] = Sandbox, kept: Path | None = None
    ) -> None:
        self.basis = basis
        self.problem_set, self.release = basis.problem_set, basis.release
        imports = dict.fromkeys(i for part in self.basis.parts.values() for i in part.imports)
        self._sandbox = sandbox(imports=(SERVER, *imports))
        self._reader = Reader(self._sandbox, self.release)
        self._code = CodeQuestions(self.basis, self._sandbox, kept)
        self._reports = ReportQuestions(self.basis, self._sandbox)

    def __enter__(self) -> "Grader":
        return self

    def __exit__(self, *exc: object) -> None:
        self._sandbox.close()

    def prepare(self, question: Question) -> None:
        """Run the reference and the known mistakes of a question, if they are not kept."""
        if not question.report:
            self._code.prepare(question)

    def expected(self, question: Question) -> list[Right]:
        """What the reference gives for each check of a question; nothing for a report."""
        return [] if question.report else self._code.expectation(question)

    def expect(self, expected: Mapping[str, list[Right]]) -> None:
        """Take over, by question, what another grader of the same problem set had ``expected``."""
        self._code.expect(expected)

    def load(self, found: Found) -> Submission:
        """What was handed in, read in a process of its own; of several notebooks, the one meant."""
        paths = sorted(found.paths, key=lambda p: not has_own_name(p.name, self.problem_set))
        named = [replace(found, name=path.name, path=path) for path in paths[:MOST]]
        read = [self._reader.load(each) for each in named]
        submission = the_one(read, self.release)
        submission.notes[:0] = found.notes
        return replace(submission, name=found.name, hand_in=found.hand_in)

    def public_checks(self) -> list[tuple[str, list[Check], list[Check]]]:
        """For each code question, its checks, and those that anyone can know the outcome of."""
        coded = [q for q in self.problem_set.questions if not q.report]
        return [(q.id, self.basis.checks(q), self._code.public(q)) for q in coded]

    def grade(
        self,
        submission: Submission,
        update: Update = lambda report: None,
        good: Mapping[str, QuestionResult] | None = None,
    ) -> Report:
        """Grade each question apart; ``update`` sees the report before the first and after each.

        What is ``good`` already, by question, is taken over.
        """
        good = good or {}
        results = [
            good.get(q.id) or QuestionResult(q, notes=list(submission.question_notes.get(q.id, [])))
            for q in self.problem_set.questions
        ]
        report = Report(
            submission.name,
            self.problem_set,
            results,
            list(submission.notes),
            submission.problem,
            hand_in=submission.hand_in,
            answers=submission.answers,
        )
        update(report)
        self._code.spent = 0.0
        if self._grade_right(results, submission):
            update(report)
        for result in results:
            if result.done:
                continue
            try:
                if submission.fault:
                    raise CourseError(submission.fault)
                self._grade(result, submission)
            except (SandboxError, CourseError) as error:
                result.checks, result.fault = [], str(error)
            except Exception as error:  # it must not cost the others of a class their grades
                result.checks, result.fault = [], f"{type(error).__name__}: {error}"
            result.done = True
            if self._sandbox.isolation:
                report.isolation = self._sandbox.isolation.works
            update(report)
        return report

    def _grade_right(self, results: list[QuestionResult], submission: Submission) -> int:
        """Grade what is right, all at once; how many. What is not is graded by itself after it."""
        open = [
            r
            for r in results
            if not (r.done or r.question.report or submission.fault)
            and not self._not_graded(r, submission)
        ]
        with contextlib.suppress(SandboxError, CourseError):
            self._code.grade_right(open, submission)
        for result in open:
            result.done = result.passed
        return sum(result.done for result in open)

    def _grade(self, result: QuestionResult, submission: Submission) -> None:
        if why := self._not_graded(result, submission):
            checks = [(c.sentence, c.weight) for c in self.basis.checks(result.question)]
            result.checks = [
                CheckResult(sentence, False, weight, why)
                for sentence, weight in checks or [(result.question.title, 1.0)]
            ]
        elif result.question.report:
            self._reports.grade(result, submission)
        else:
            self._code.grade(result, submission)
        if not result.passed and (version := submission.newer.get(result.question.id)):
            raise CourseError(_needs(version))

    def _not_graded(self, result: QuestionResult, submission: Submission) -> str:
        """Why there is nothing to grade, or too much; "" where there is something."""
        question, limit = result.question, self.problem_set.limits.submission
        answer = submission.answers.get(question.id, "")
        if submission.problem:
            return submission.problem
        if self._code.spent > limit and not question.report:
            return (
                f"It was not run: the answers before it took more than the {limit} seconds of "
                "computing and waiting that a submission has."
            )
        if not answer.strip() or same_text(answer, self.release.blank(question.id)):
            return "There is no answer in this cell yet."
        return ""


def _needs(version: str) -> str:
    """What an instructor should do for an answer that only this version of Python may parse."""
    line, own = ".".join(version.split(".")[:2]), "{}.{}".format(*sys.version_info)
    return (
        f"The answer, or a cell that it uses, is not valid in Python {own}, which grades here, and "
        f"the notebook says that it ran in Python {version}. Grade it in Python {line} or newer "
        f"(delete .venv, and run `make .venv/installed PYTHON=python{line}`), or by hand."
    )
