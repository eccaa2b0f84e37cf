"""What Gradescope tells of a submission beside its files: who, when, and which attempt it is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from autograder.model import HandIn, HintRule, Student

FILE = "submission_metadata.json"
LARGEST = 64 << 20  # bytes


@dataclass(frozen=True)
class Attempts:
    """A hand-in, and the results of those before it, the first one first."""

    hand_in: HandIn = field(default_factory=HandIn)
    before: Sequence[Mapping[str, Any]] = ()

    def held(self, rule: HintRule | None) -> str:
        """Why this attempt gets no hints, and when the next ones come; "" where it gets them."""
        attempt, at = len(self.before) + 1, self.hand_in.submitted
        if rule is None:
            return ""
        if attempt <= rule.after:
            return (
                f"Hints come from attempt {rule.after + 1} on; this is attempt {attempt}. Until "
                "then, the tests in the notebook say what goes wrong."
            )
        if rule.a_day is None or at is None:
            return ""
        today = [b for b in self.before[rule.after :] if _day(b, at) == at.date()]
        told = sum(not _was_held(b) for b in today)
        if told < rule.a_day:
            return ""
        tomorrow = at.date() + timedelta(days=1)
        return (
            f"Hints come with {rule.a_day} attempts a day, and you have had them today: the next "
            f"ones come on {tomorrow:%B} {tomorrow.day}."
        )


def read(path: Path) -> Attempts:
    """What the file tells; nothing where it is none, since a grade does not depend on it."""
    try:
        if path.stat().st_size > LARGEST:
            return Attempts()
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return Attempts()
    if not isinstance(data, dict):
        return Attempts()
    users, before = data.get("users"), data.get("previous_submissions")
    students = [
        Student(*(str(u.get(key) or "") for key in ("sid", "name", "email")))
        for u in (users if isinstance(users, list) else [])
        if isinstance(u, dict)
    ]
    earlier = [b for b in (before if isinstance(before, list) else []) if isinstance(b, dict)]
    earlier.sort(key=lambda b: str(b.get("submission_time")))
    at = _time(data.get("created_at"))
    return Attempts(HandIn(tuple(students), at, len(earlier) + 1), earlier)


def _time(text: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return time if time and time.tzinfo else None


def _day(before: Mapping[str, Any], at: datetime) -> Any:
    """The day of an earlier attempt, where the student is."""
    time = _time(before.get("submission_time"))
    return time and time.astimezone(at.tzinfo).date()


def _was_held(before: Mapping[str, Any]) -> bool:
    results = before.get("results")
    extra = results.get("extra_data") if isinstance(results, dict) else None
    return isinstance(extra, dict) and bool(extra.get("held"))
