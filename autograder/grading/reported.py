"""Report questions: literals against what the notebook itself printed. Nothing is run."""

import ast
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograder.grading.basis import Basis
from autograder.grading.measured import Measurement
from autograder.grading.mistakes import Known, recognise
from autograder.model import CheckResult, CourseError, Question, QuestionResult
from autograder.parts.declare import Architecture, ReportRule
from autograder.reading.answers import Claims, Submission, claims
from autograder.sandbox.client import Sandbox
from helpers.handing.claims import ROUNDING, Result, is_number

MEASURED = "The models that were handed in reach the accuracies that the notebook printed"

REQUIRED = "This counts only once models that were handed in reach the accuracies."


@dataclass(frozen=True)
class Judged:
    """A check of a report: its sentence, why it failed, "" where it did not, and what was seen.

    What was seen is plain data that two submissions share when they made the same mistake.
    """

    sentence: str
    message: str = ""
    seen: Any = None


@dataclass(frozen=True)
class Judgement:
    """The findings about a report; it may be that the notebook was not ``run`` to give results."""

    findings: list[Judged]
    run: bool = True

    @property
    def checks(self) -> list[CheckResult]:
        return [CheckResult(f.sentence, not f.message, message=f.message) for f in self.findings]

    @property
    def seen(self) -> dict[str, Any]:
        return {f.sentence: f.seen for f in self.findings}


class ReportQuestions:
    """Grades reports, and names the known mistake in one."""

    def __init__(self, basis: Basis, sandbox: Sandbox) -> None:
        self.basis = basis
        self._measurement = Measurement(basis, sandbox)
        self._warn_of_patches()

    def _warn_of_patches(self) -> None:
        """Say which known mistakes fit no report: later, two equal results can be why."""
        for question in (q for q in self.basis.problem_set.questions if q.report):
            rule = self._rule(question)
            some = {k: Result(k, 0.1234 + i / 9, "mini") for i, k in enumerate(rule.keys)}
            answer = fill(rule, self.basis.reference.answers[question.id], some)
            for patch in self.basis.mistakes(question.id):
                try:
                    patch.apply(answer)
                except CourseError as error:
                    logging.getLogger(__name__).warning("%s It is left out.", error)

    def _rule(self, question: Question) -> ReportRule:
        part = self.basis.part(question)
        rule = part.reports[question.id]
        usual = part.usual(self.basis.problem_set.options)
        return rule if usual else replace(rule, ranges={})  # nobody measured other numbers

    def grade(self, result: QuestionResult, submission: Submission) -> None:
        """Fill in checks, mistake and notes."""
        question = result.question
        rule = self._rule(question)
        profiles = self.basis.problem_set.profiles
        own = submission.claims.get(question.id, {})
        judgement = judge(rule, own, submission.results, profiles)
        result.checks = judgement.checks
        if judgement.run and not result.passed:
            seen = judgement.seen
            known = self._known(question, rule, submission)
            failed = {check.name for check in result.checks if not check.passed}
            recognise(result, known, failed, lambda sentence, was: seen[sentence] == was)
        if rule.models and judgement.run:
            self._verify(result, submission, rule, rule.models)

    def _verify(
        self, result: QuestionResult, submission: Submission, rule: ReportRule, how: Architecture
    ) -> None:
        """Have the models behind the accuracies reach them again."""
        part = self.basis.part(result.question)
        results = [submission.results[name] for name in rule.keys]
        measured = self._measurement.measure(results, submission.models, how, part)
        result.verified = measured.verified
        result.notes += measured.notes
        if measured.models:
            check = CheckResult(MEASURED, not measured.wrong, message=measured.wrong)
            result.checks.append(check)
        if self.basis.problem_set.verify == "required" and not measured.verified:
            for check in result.checks:
                check.passed, check.message = False, check.message or REQUIRED

    def _known(self, question: Question, rule: ReportRule, submission: Submission) -> list[Known]:
        """What the known mistakes look like with the submission's own numbers."""
        filled = fill(rule, self.basis.reference.answers[question.id], submission.results)
        known = []
        for patch in self.basis.mistakes(question.id):
            try:
                source = patch.apply(filled)
            except CourseError:
                continue  # two equal results, swapped, say: no mistake to see here
            profiles = self.basis.problem_set.profiles
            wrong = judge(rule, claims(source), submission.results, profiles)
            failed = frozenset(f.sentence for f in wrong.findings if f.message)
            known.append(Known((patch,), wrong.seen, failed))
        return known


def judge(
    rule: ReportRule, claims: Claims, results: Mapping[str, Result], profiles: Sequence[str]
) -> Judgement:
    """Check what an answer claims against ``results``."""
    facts = [f"`{name}` is right" for name in rule.facts]
    accuracies = f"`{rule.results}` holds the accuracies that the notebook printed"
    order = "The accuracies are in the order and range that this experiment gives"
    shown = {name: r for name, r in results.items() if name in rule.keys}
    if problem := _not_run(rule, shown, profiles):
        return Judgement([Judged(s, problem) for s in (*facts, accuracies, order)], run=False)
    accuracy = {name: r.accuracy for name, r in shown.items()}
    profile = next(iter(shown.values())).profile
    findings = [
        Judged(sentence, *_fact(name, right, claims))
        for sentence, (name, right) in zip(facts, rule.facts.items(), strict=True)
    ]
    findings.append(Judged(accuracies, *_claims(rule, claims, accuracy)))
    message, seen = _order(rule, accuracy, profile)
    if missing := [n for n in rule.names if n not in claims]:
        # an untouched cell earns nothing for an experiment that the notebook ran by itself
        message = f"The answer does not assign {' and '.join(f'`{n}`' for n in missing)}."
    return Judgement([*findings, Judged(order, message, seen)])


def fill(rule: ReportRule, source: str, results: Mapping[str, Result]) -> str:
    """``source`` with the notebook's numbers in its results dict, as a student would write them."""
    lines = source.splitlines(keepends=True)
    spots = []
    for node in ast.parse(source).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(keys=keys, values=values)):
                if name == rule.results:
                    spots += list(zip(keys, values, strict=True))
    for key, value in reversed(spots):
        result = results.get(str(key.value)) if isinstance(key, ast.Constant) else None
        if result:
            line = lines[value.lineno - 1].encode()
            number = f"{result.accuracy:.4f}".encode()
            line = line[: value.col_offset] + number + line[value.end_col_offset :]
            lines[value.lineno - 1] = line.decode()
    return "".join(lines)


def _not_run(rule: ReportRule, shown: Mapping[str, Result], profiles: Sequence[str]) -> str:
    if missing := [k for k in rule.keys if k not in shown]:
        return (
            f"The notebook shows no result for {', '.join(missing)}: run all its cells, "
            "save it, and hand it in with its outputs."
        )
    used = sorted({r.profile for r in shown.values()})
    if len(used) > 1:
        return (
            f"The results come from different profiles ({', '.join(used)}): "
            "run the whole notebook once, from top to bottom."
        )
    if used[0] not in profiles:
        return (
            f"The notebook ran in the {used[0]} profile; this problem set takes "
            f"{' or '.join(profiles)}."
        )
    return ""


def _fact(name: str, right: Mapping[str, Any], claims: Mapping[str, Any]) -> tuple[str, Any]:
    claim = claims.get(name)
    if not isinstance(claim, dict):
        return f"`{name}` is not a dict of plain values.", "missing"
    wrong = [k for k, v in right.items() if type(claim.get(k)) is not type(v) or claim[k] != v]
    return (f"`{name}` is not right for {', '.join(wrong)}." if wrong else "", wrong)


def _claims(
    rule: ReportRule, claims: Mapping[str, Any], accuracy: Mapping[str, float]
) -> tuple[str, Any]:
    claim = claims.get(rule.results)
    if not isinstance(claim, dict):
        return f"`{rule.results}` is not a dict of numbers.", "missing"
    for key in rule.keys:
        value = claim.get(key)
        if not is_number(value):
            return f"`{rule.results}` has no number for {key!r}.", [key, "no number"]
    wrong = [k for k in rule.keys if not abs(claim[k] - accuracy[k]) <= ROUNDING]
    if not wrong:
        return "", []
    if all(abs(claim[k] / 100 - accuracy[k]) <= ROUNDING for k in wrong):
        return "Write the accuracies as shares between 0 and 1, not in percent.", "percent"
    swapped = [
        [k, other]
        for k in wrong
        for other in rule.keys
        if other != k and abs(claim[k] - accuracy[other]) <= ROUNDING
    ]
    return (
        f"`{rule.results}` differs from what the notebook printed for {', '.join(wrong)}.",
        ["swapped", swapped] if len(swapped) == len(wrong) else ["differ", wrong],
    )


def _order(rule: ReportRule, accuracy: Mapping[str, float], profile: str) -> tuple[str, Any]:
    for key, (low, high) in rule.ranges.get(profile, {}).items():
        if not low <= accuracy[key] <= high:
            return (
                f"The notebook's accuracy for {key} is outside of what this experiment gives in "
                f"the {profile} profile: look at the training above it.",
                ["range", key],
            )
    for better, worse in rule.orderings:
        if not accuracy[better] > accuracy[worse]:
            return (
                f"In the notebook, {better} is not better than {worse}, as it should be: "
                "look at how the two were trained.",
                ["order", better, worse],
            )
    return "", []
