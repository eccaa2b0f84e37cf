"""The page that a student opens: ``feedback.html`` beside results.json."""

from pathlib import Path
from typing import Any

from autograder.model import QuestionResult, Report
from autograder.results.files import by_hand, finished, score, shared_message, write_text
from autograder.results.html import points, templates
from autograder.results.text import one_line, shown


def write_feedback(report: Report, path: Path) -> None:
    """Write a submission's feedback page to ``path``."""
    total = sum(score(q) for q in report.questions)
    page = templates.get_template("feedback.html").render(
        name=one_line(report.submission),
        title=report.problem_set.title,
        number=report.problem_set.number,
        score=total,
        max_score=report.max_score,
        share=_share(total, report.max_score),
        finished=finished(report),
        problem=report.problem,
        fault=report.fault,
        notes=[*filter(None, [by_hand(report.problem_set)]), *report.notes],
        questions=[_question(q) for q in report.questions],
    )
    write_text(path, page)


def _share(part: float, whole: float) -> float:
    return round(min(100.0, 100 * part / whole), 1) if whole else 0.0


def _question(result: QuestionResult) -> dict[str, Any]:
    question = result.question
    if result.fault:
        state, mark = "broken", "not graded"
    elif not result.done:
        state, mark = "waiting", "not graded"
    else:
        state = "full" if result.passed else "partial" if result.score else "zero"
        mark = f"{points(result.score)} / {points(question.points)}"
    return {
        "id": question.id,
        "title": question.title,
        "bonus": question.bonus,
        "state": state,
        "mark": mark,
        "fault": bool(result.fault),
        "done": result.done,
        "hints": list(result.hints.values()),
        "how_far": result.steps.sentence if result.steps else "",
        "example": shown(result.example.text) if result.example else "",
        "shared": shared_message(result.checks),
        "failed": [c for c in result.checks if not c.passed],
        "passed": [c for c in result.checks if c.passed],
        "notes": result.notes,
        "printed": shown(result.printed),
    }
