"""A submission as its results.json tells it: a row of every table and page of a class."""

import json
import math
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from autograder.model import HandIn, Student

MAX_RESULTS = 50 << 20  # bytes


@dataclass
class Row:
    """What one results.json tells."""

    name: str
    feedback: Path | None
    problem_set: str
    title: str
    score: float
    max_score: float
    fault: str
    problem: str
    notes: list[str]
    tests: dict[str, dict[str, Any]]
    hints: dict[str, str]
    hand_in: HandIn

    @property
    def counts(self) -> bool:
        """Whether the class's figures include it."""
        return not self.fault and not self.problem

    @property
    def scores(self) -> dict[str, float]:
        return {id: t["score"] for id, t in self.tests.items()}

    @property
    def faults(self) -> set[str]:
        """The questions on which the grader failed."""
        return {id for id, t in self.tests.items() if t["extra_data"].get("fault")}

    @property
    def verified(self) -> bool | None:
        """Whether all accuracies are that can be; None where there are none."""
        told = [t["extra_data"].get("verified") for t in self.tests.values()]
        return all(told) if (told := [v for v in told if v is not None]) else None

    def link(self, page: Path) -> str:
        """The address of the feedback, from a page in the folder ``page``; "" without one."""
        return quote(os.path.relpath(self.feedback, page)) if self.feedback else ""


def read_rows(folder: Path) -> tuple[list[Row], dict[str, str]]:
    """The rows of ``folder/*/results.json``, by name, and why some cannot be read."""
    rows: list[Row] = []
    bad: dict[str, str] = {}
    for path in sorted(folder.glob("*/results.json"), key=lambda p: alphabetical(p.parent.name)):
        try:
            rows.append(read_row(path))
        except (OSError, ValueError) as error:
            bad[path.parent.name] = str(error)
    return rows, bad


def read_row(path: Path) -> Row:
    """The results.json at ``path``.

    Raises:
        ValueError: it is not a results.json of ours; the message says what is wrong.
    """
    if path.stat().st_size > MAX_RESULTS:
        raise ValueError(f"results.json is larger than {MAX_RESULTS >> 20} MB")
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"results.json is not JSON: {error}") from None
    feedback = path.with_name("feedback.html")
    return as_row(data, path.parent.name, feedback if feedback.is_file() else None)


def as_row(data: Any, name: str, feedback: Path | None = None) -> Row:
    """What a results.json says, as a row. Raises ValueError, as ``read_row`` does."""
    _expect(isinstance(data, dict) and isinstance(data.get("tests"), list), "has no list of tests")
    extra: Any = data.get("extra_data")
    _expect(isinstance(extra, dict), "has no extra_data")
    tests = {}
    for test in data["tests"]:
        mine = test.get("extra_data") if isinstance(test, dict) else None
        if not isinstance(mine, dict) or not isinstance(mine.get("question"), str):
            raise ValueError("results.json has a test that names no question")
        _expect(_number(test.get("score")) and _number(test.get("max_score")), "has a bad score")
        _expect(_are(mine.get("checks"), dict), "has no list of checks")
        tests[mine["question"]] = test
    hints = extra.get("hints")
    notes = extra.get("notes")
    fault = str(extra.get("fault") or "")
    if not fault and not extra.get("finished", True):
        fault = "Grading did not come to its end."
    top = extra.get("max_score")
    return Row(
        name=name,
        feedback=feedback,
        problem_set=str(extra.get("problem_set", "")),
        title=str(extra.get("title") or extra.get("problem_set") or "Results"),
        score=round(sum(t["score"] for t in tests.values()), 4),
        max_score=top if _number(top) else sum(t["max_score"] for t in tests.values()),
        fault=fault,
        problem=str(extra.get("problem") or ""),
        notes=[str(n) for n in notes] if isinstance(notes, list) else [],
        tests=tests,
        hints=hints if isinstance(hints, dict) else {},
        hand_in=_hand_in(extra),
    )


def _hand_in(extra: dict[str, Any]) -> HandIn:
    student, students = extra.get("student"), extra.get("students")
    student = student if isinstance(student, dict) else {}
    several = students if isinstance(students, list) and _are(students, dict) else []
    people = [Student(*(str(s.get(key) or "") for key in ("id", "name", "email"))) for s in several]
    attempt, at = student.get("attempt"), student.get("submitted")
    try:
        submitted = datetime.fromisoformat(at) if isinstance(at, str) else None
    except ValueError:
        submitted = None
    return HandIn(
        tuple(people),
        submitted if submitted and submitted.tzinfo else None,
        attempt if isinstance(attempt, int) else None,
        extra.get("late") is True,
    )


def questions_of(rows: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """A test of each question, in the order of the first row that has it."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        for id, test in row.tests.items():
            found.setdefault(id, test)
    return found


def alphabetical(name: str) -> tuple[Any, ...]:
    """A key that puts ``student2`` before ``student10``."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((int(p[:18]), p) if i % 2 else (0, p) for i, p in enumerate(parts))


def _expect(held: bool, otherwise: str) -> None:
    if not held:
        raise ValueError(f"results.json {otherwise}")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _are(values: Any, kind: type) -> bool:
    return isinstance(values, list) and all(isinstance(v, kind) for v in values)
