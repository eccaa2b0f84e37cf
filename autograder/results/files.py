"""A Report as a file: results.json, for Gradescope and for our own pages and tables."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autograder.model import CheckResult, HandIn, ProblemSet, QuestionResult, Report, Steps
from autograder.results.text import escape, fence, inline, mask, one_line, shown

__all__ = ["mask", "results", "write_results", "write_text"]

PENDING = (
    "Not graded yet. If this stays, the grader was stopped before it was done: this is not your "
    "score, tell your instructor."
)
FAULT = (
    "The grader itself failed here, not your answer. This is not your score; the instructor has "
    "to grade again."
)


def results(report: Report) -> dict[str, Any]:
    """The contents of results.json: Gradescope's format, one entry of ``tests`` a question.

    A question that is not done yet, or on which the grader failed, scores 0 and says so. The
    summary names no points: an instructor may have chosen to hide them.
    """
    visibility = report.problem_set.visibility
    tests = [_test(q, report) for q in report.questions]
    return {
        "score": round(sum(t["score"] for t in tests), 4),
        "output": _summary(report),
        "output_format": "md",
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "tests": tests,
        "extra_data": {
            "submission": one_line(report.submission),
            **_who(report.hand_in),
            "problem_set": report.problem_set.id,
            "title": report.problem_set.title,
            "max_score": report.max_score,
            "finished": finished(report),
            "problem": one_line(report.problem),
            "fault": one_line(report.fault),
            "isolation": report.isolation,
            "notes": [one_line(n) for n in report.notes],
            "held": report.held,
            "hints": {}
            if report.held
            else {id: h for q in report.questions for id, h in q.hints.items() if id},
        },
    }


def _who(hand_in: HandIn) -> dict[str, Any]:
    """The one who handed in, the first where several did; and all of them."""
    students = [{k: one_line(v) for k, v in asdict(s).items()} for s in hand_in.students]
    first = students[0] if students else {}
    at = hand_in.submitted
    student = {
        "id": first.get("id", ""),
        "name": first.get("name", ""),
        "submitted": at.isoformat() if at else None,
        "attempt": hand_in.attempt,
    }
    return {"student": student, "students": students, "late": hand_in.late}


def finished(report: Report) -> bool:
    """Whether nothing is left to grade."""
    return bool(report.problem) or all(q.done or q.fault for q in report.questions)


def score(result: QuestionResult) -> float:
    """What a question counts: nothing while the grader's own fault stands in the way."""
    return 0.0 if result.fault else result.score


def by_hand(problem_set: ProblemSet) -> str:
    """What a student should know of questions that are not graded here; "" where there are none."""
    titles = ", ".join(q.title for q in problem_set.by_hand)
    return f"Graded by a person, and not in this score: {titles}." if titles else ""


def _test(result: QuestionResult, report: Report) -> dict[str, Any]:
    question = result.question
    extra: dict[str, Any] = {
        "question": question.id,
        "mistake": result.mistake,
        "mistakes": [id for id in result.hints if id],
        "steps": asdict(result.steps or Steps([])),
        "verified": result.verified,
        "checks": [
            {"name": c.name, "passed": c.passed, "message": one_line(c.message)}
            for c in result.checks
        ],
    }
    if question.bonus:
        extra["bonus"] = True
    if result.fault:
        extra["fault"] = True
    return {
        "name": f"{question.title} (bonus)" if question.bonus else question.title,
        "score": score(result),
        "max_score": question.points,
        "status": "passed" if result.passed and not result.fault else "failed",
        "output": _output(result, report),
        "output_format": "md",
        "visibility": report.problem_set.visibility,
        "extra_data": extra,
    }


def _output(result: QuestionResult, report: Report) -> str:
    """What a student reads of a question, most useful first."""
    if report.problem:
        return f"Not graded: {inline(report.problem)}"
    if result.fault:
        return FAULT
    if not result.done:
        return PENDING
    held = report.held
    failed = [c for c in result.checks if not c.passed]
    parts = []
    hints = () if held else result.hints.values()
    parts += [f"**Hint:** {inline(hint)}" for hint in hints]
    if result.checks and not failed:
        parts.append(f"Right: it passed all {len(result.checks)} checks.")
    elif result.checks:
        shared = shared_message(result.checks)
        parts += [inline(shared)] if shared else []
        parts.append(f"{len(failed)} of {len(result.checks)} checks failed:")
        parts.append("\n".join(_failure(c.name, "" if shared else c.message) for c in failed))
        if result.steps and not held:
            parts.append(f"**How far it got:** {inline(result.steps.sentence)}")
        if result.example and not held:
            code = fence(shown(result.example.text), "python")
            parts.append(f"**To try in your notebook:**\n\n{code}")
    parts += [f"Note: {inline(note)}" for note in result.notes]
    if printed := shown(result.printed):
        parts.append(f"What your code printed or raised on example inputs:\n\n{fence(printed)}")
    return "\n\n".join(parts)


def shared_message(checks: Sequence[CheckResult]) -> str:
    """The one reason why every check failed, to be told once; empty where there is none."""
    reasons = {c.message if not c.passed else "" for c in checks}
    return reasons.pop() if len(reasons) == 1 < len(checks) else ""


def _failure(sentence: str, message: str) -> str:
    if not message:
        return f"- ✗ {inline(sentence)}"
    return f"- ✗ {inline(sentence).removesuffix('.')}: {inline(message)}"


def _summary(report: Report) -> str:
    if report.problem:
        lines = [f"Nothing was graded: {inline(report.problem)}"]
    elif report.fault:
        lines = [FAULT]
    elif not finished(report):
        done = sum(q.done for q in report.questions)
        lines = [f"Graded {done} of {len(report.questions)} questions. {PENDING}"]
    else:
        lines = [f"{escape(report.problem_set.title)}: all questions were graded."]
        lines += filter(None, [escape(by_hand(report.problem_set))])
    if report.held and any(q.done and not q.passed for q in report.questions):
        lines.append(inline(report.held))
    return "\n\n".join([*lines, *(f"Note: {inline(note)}" for note in report.notes)])


def rendered(report: Report) -> str:
    """The text of results.json."""
    return json.dumps(results(report), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def write_results(report: Report, path: Path) -> None:
    """Replace results.json at ``path`` whole, so that a reader never finds half of one."""
    write_text(path, rendered(report))


def write_text(path: Path, text: str) -> None:
    """Replace the file at ``path`` by ``text`` in UTF-8 in one step, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
