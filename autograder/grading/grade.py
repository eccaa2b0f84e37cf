"""The flow of a grade: answers → sandbox → compare → mistakes → report (design.md)."""

import ast
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograder.course.table import secret as read_secret
from autograder.grading import measured as models
from autograder.grading import reported as report_question
from autograder.grading.compare import difference, plain_type, same
from autograder.grading.measured import HeldOut
from autograder.grading.mistakes import Known, Patch, load_patches, recognise
from autograder.model import (
    CheckResult,
    CourseError,
    ProblemSet,
    Question,
    QuestionResult,
    Report,
)
from autograder.parts.declare import Architecture, Check, Part, load_part
from autograder.paths import ROOT
from autograder.reading.answers import Release, Submission, defined, read, same_text
from autograder.reading.magics import tree
from autograder.sandbox.cells import Trouble
from autograder.sandbox.client import Sandbox, SandboxError
from autograder.sandbox.job import Call, Job, Run

Update = Callable[[Report], None]

MEASURED = "The models that were handed in reach the accuracies that the notebook printed"
PUBLIC = b"inputs that anyone may see"


class Grader:
    """Grades submissions to one problem set, all on the same inputs, which the secret decides.

    >>> with Grader(problem_set) as grader:
    ...     report = grader.grade(submission)
    """

    def __init__(
        self,
        problem_set: ProblemSet,
        root: Path = ROOT,
        secret: bytes | None = None,
        sandbox: type[Sandbox] = Sandbox,
    ) -> None:
        self.problem_set = problem_set
        self.release = Release.load(problem_set, root)
        self._root = root
        self._secret = read_secret(problem_set.id, root) if secret is None else secret
        self._parts = {name: load_part(name) for name in problem_set.parts}
        self._reference = _reference(self.release, root)
        imports = dict.fromkeys(i for part in self._parts.values() for i in part.imports)
        self._sandbox = sandbox(imports=tuple(imports))
        self._expected: dict[str, list[dict[str, Any]]] = {}
        self._known: dict[str, list[Known]] = {}
        self._spent = 0.0

    def __enter__(self) -> "Grader":
        return self

    def __exit__(self, *exc: object) -> None:
        self._sandbox.close()

    def grade(self, submission: Submission, update: Update = lambda report: None) -> Report:
        """Grade each question apart; ``update`` sees the report before the first and after each."""
        results = [
            QuestionResult(q, notes=list(submission.question_notes.get(q.id, [])))
            for q in self.problem_set.questions
        ]
        report = Report(
            submission.name,
            self.problem_set,
            results,
            list(submission.notes),
            submission.problem,
        )
        update(report)
        self._spent = 0.0
        for result in results:
            try:
                if submission.fault:
                    raise CourseError(submission.fault)
                self._grade(result, submission)
            except (SandboxError, CourseError) as error:
                result.checks, result.fault = [], str(error)
            except Exception as error:  # it must not cost the others of a class their grades
                result.checks, result.fault = [], f"{type(error).__name__}: {error}"
            result.done = True
            report.isolation = {name: not why for name, why in self._sandbox.isolation.items()}
            update(report)
        return report

    def _grade(self, result: QuestionResult, submission: Submission) -> None:
        question = result.question
        part = self._parts[question.part]
        answer = submission.answers.get(question.id, "")
        untouched = same_text(answer, self.release.blank(question.id))
        limit = self.problem_set.limits.submission
        exhausted = self._spent > limit and not question.report
        if submission.problem or untouched or not answer.strip() or exhausted:
            why = submission.problem or "There is no answer in this cell yet."
            if exhausted and not submission.problem:
                why = (
                    f"It was not run: the answers before it took more than the {limit} seconds of "
                    "computing and waiting that a submission has."
                )
            sentences = [(c.sentence, c.weight) for c in self._checks(question)]
            result.checks = [
                CheckResult(s, False, w, why) for s, w in sentences or [(question.title, 1.0)]
            ]
        elif question.report:
            self._grade_report(result, part, submission)
        else:
            self._grade_code(result, part, submission)

    def _grade_report(self, result: QuestionResult, part: Part, submission: Submission) -> None:
        id, records = result.question.id, submission.records
        rule, profiles = part.reports[id], self.problem_set.profiles
        checks, seen = report_question.grade(rule, submission.answers[id], records, profiles)
        result.checks = checks
        if not result.passed and seen != [report_question.NOT_RUN] * len(seen):
            filled = report_question.fill(rule, self._reference.answers[id], records)
            known = []
            for patch in self._patches(part, id):
                try:
                    source = patch.apply(filled)
                except CourseError:
                    continue  # two equal results, swapped, say: no mistake to see here
                wrong, was = report_question.grade(rule, source, records, profiles)
                failed = frozenset(i for i, c in enumerate(wrong) if not c.passed)
                known.append(Known(patch, was, failed))
            recognise(result, known, lambda i, outcome: seen[i] == outcome)
        if rule.models and submission.models:
            self._measure(result, rule.models, part, submission)

    def _measure(
        self, result: QuestionResult, how: Architecture, part: Part, submission: Submission
    ) -> None:
        """Add a check where models were handed in, and could be run."""
        keys = part.reports[result.question.id].keys
        last = {r["name"]: r for r in submission.records}
        wrong, notes = models.measure(
            [r for r in last.values() if r["name"] in keys],
            submission.models,
            self._root,
            lambda held, arrays: self._classes(how, part, held, arrays),
        )
        result.notes += notes
        if wrong is not None:
            result.checks.append(CheckResult(MEASURED, not wrong, message=wrong))

    def _classes(
        self, how: Architecture, part: Part, held: HeldOut, arrays: dict[str, np.ndarray]
    ) -> Any:
        """The classes that the weights choose in the reference's architecture, as claimed."""
        answer, *others = (self._reference.answers[id] for id in how.answers)
        call = Call(how.probe, {"images": held.images, "weights": arrays})
        job = Job(answer, (), part.probes, (call,), tuple(self.release.given), (), tuple(others))
        run = self._sandbox.run(job)
        outcome = run.outcomes[0] if run.outcomes else None
        return outcome.get("classes") if isinstance(outcome, dict) else None

    def _grade_code(self, result: QuestionResult, part: Part, submission: Submission) -> None:
        question = result.question
        run = self._run(part, question, submission)
        self._spent += run.seconds
        result.checks = self._compare(part, question, run)
        used: list[str] = []
        others = _needed(question.id, submission.answers)
        if not result.passed and not run.ended and others:
            together = self._run(part, question, submission, others=others)
            self._spent += together.seconds
            retried = self._compare(part, question, together)
            if sum(c.weight for c in retried if c.passed) > sum(
                c.weight for c in result.checks if c.passed
            ):
                run, result.checks, used = together, retried, others
                result.notes.append(
                    "It was graded together with your other answers, which it uses."
                )
        if run.on_gpu:
            result.notes.append("The code names a GPU; it was graded on a CPU, at no loss.")
        if result.passed:
            return
        tolerances = [c.tolerance for c in self._checks(question)]
        recognise(
            result,
            self._mistakes(part, question),
            lambda i, outcome: (
                i < len(run.outcomes) and same(run.outcomes[i], outcome, tolerances[i])
            ),
        )
        if run.ended:
            return  # what ran for too long or ended its process would do so again
        public = self._run(part, question, submission, secret=PUBLIC, others=used)
        self._spent += public.seconds
        result.printed = _told(public)
        self._withhold(result, part, run, public)

    def _run(
        self,
        part: Part,
        question: Question,
        submission: Submission,
        *,
        secret: bytes | None = None,
        others: Sequence[str] = (),
    ) -> Run:
        calls = [Call(c.probe, c.inputs(secret or self._secret)) for c in self._checks(question)]
        job = Job(
            submission.answers[question.id],
            question.names,
            part.probes,
            tuple(calls),
            tuple(self.release.given),
            tuple(submission.extras),
            tuple(others),
        )
        return self._sandbox.run(job, self.problem_set.limits.of(question.id))

    def _compare(self, part: Part, question: Question, run: Run) -> list[CheckResult]:
        results = []
        for i, (check, expected) in enumerate(
            zip(self._checks(question), self._expectation(part, question), strict=True)
        ):
            if i >= len(run.outcomes):
                message = f"The code did not finish: {run.ended}."
            elif run.missing:
                message = _undefined(run)
            else:
                message = difference(run.outcomes[i], expected, check.tolerance)
            results.append(CheckResult(check.sentence, not message, check.weight, message))
        return results

    def _withhold(self, result: QuestionResult, part: Part, run: Run, public: Run) -> None:
        """Show a shape or count only where public inputs give the same one."""
        question = result.question
        checks, expected = self._checks(question), self._expectation(part, question)
        for i, (outcome, shown) in enumerate(zip(run.outcomes, public.outcomes, strict=False)):
            rule = expected[i], checks[i].tolerance
            if difference(outcome, *rule) != difference(shown, *rule) and not run.missing:
                result.checks[i].message = difference(outcome, *rule, detail=False)

    def _checks(self, question: Question) -> list[Check]:
        return self._parts[question.part].checks_of(question.id, self.problem_set.options)

    def _expectation(self, part: Part, question: Question) -> list[dict[str, Any]]:
        """The reference's own outcomes, from a process of its own."""
        if question.id not in self._expected:
            run = self._run(part, question, self._reference)
            outcomes = [o for o in run.outcomes if isinstance(o, dict)]
            if run.ended or len(outcomes) < len(self._checks(question)):
                bad = next((o for o in run.outcomes if isinstance(o, Trouble)), None)
                said = f"{bad.type}: {bad.message}" if bad else run.ended
                raise CourseError(f"The reference answer to {question.id} fails: {said}.")
            self._expected[question.id] = outcomes
        return self._expected[question.id]

    def _patches(self, part: Part, question: str) -> list[Patch]:
        mistakes, _ = load_patches(part.folder, self.problem_set.options)
        return [p for p in mistakes if p.question == question]

    def _mistakes(self, part: Part, question: Question) -> list[Known]:
        """What each known mistake gives on this term's inputs; run when first needed."""
        if question.id not in self._known:
            known = []
            for patch in self._patches(part, question.id):
                answer = patch.apply(self._reference.answers[question.id])
                run = self._run(part, question, Submission(patch.id, {question.id: answer}))
                results = self._compare(part, question, run)
                failed = frozenset(i for i, c in enumerate(results) if not c.passed)
                known.append(Known(patch, run.outcomes, failed))
            self._known[question.id] = known
        return self._known[question.id]


def _reference(release: Release, root: Path) -> Submission:
    id = release.problem_set.id
    path = root / "solutions" / id / f"{id}.ipynb"
    if not path.is_file():
        raise CourseError(
            f"{path} is missing: run `python -m autograder release {id}`, which makes it."
        )
    reference = read(path, release)
    if reference.problem:
        raise CourseError(f"{path} cannot be read: {reference.problem}")
    return reference


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
