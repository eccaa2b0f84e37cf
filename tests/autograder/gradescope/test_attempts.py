"""Gradescope tells who and which attempt; a rule holds hints back, and says until when."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from reports import QUESTIONS, report, wrong

from autograder.gradescope.attempts import Attempts, read
from autograder.model import HintRule
from autograder.results.files import results

NOW = "2026-11-02T09:00:00.5-05:00"


def earlier(*times: str, held: bool = False) -> list[dict[str, Any]]:
    told = {"extra_data": {"held": "Hints come later." if held else ""}}
    return [{"submission_time": time, "score": 1.0, "results": told} for time in times]


def attempts(folder: Path, before: list[dict[str, Any]], **more: Any) -> Attempts:
    users = [{"email": "a@x.edu", "id": 5, "name": "Ann", "sid": "007"}]
    data = {"id": 9, "created_at": NOW, "users": users, "previous_submissions": before, **more}
    path = folder / "submission_metadata.json"
    path.write_text(json.dumps(data))
    return read(path)


def test_who_when_and_which(tmp_path: Path) -> None:
    told = attempts(tmp_path, earlier("2026-11-01T09:00:00-05:00")).hand_in
    (student,) = told.students
    assert (student.id, student.name, student.email) == ("007", "Ann", "a@x.edu")
    assert told.submitted == datetime.fromisoformat(NOW) and told.attempt == 2


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"users": 1, "previous_submissions": {}}', "null"]
)
def test_metadata_that_are_none_cost_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.json").write_text(text)
    told = read(tmp_path / "m.json")
    assert told.hand_in.students == () and not told.held(HintRule(0, 3))
    assert read(tmp_path / "none.json") == Attempts()


TODAY = [f"2026-11-02T0{hour}:00:00-05:00" for hour in range(1, 9)]
# In UTC this is the day of NOW, but it is the evening before where the student is.
EVENING = [f"2026-11-02T0{hour}:00:00+00:00" for hour in range(1, 4)]


@pytest.mark.parametrize(
    ("before", "rule", "says"),
    [
        ([], None, ""),
        ([], HintRule(), ""),
        ([], HintRule(2), "from attempt 3 on; this is attempt 1"),
        (earlier(*TODAY[:1]), HintRule(2), "this is attempt 2"),
        (earlier(*TODAY[:2]), HintRule(2), ""),
        (earlier(*TODAY[:4]), HintRule(2, 3), ""),
        (earlier(*TODAY[:5]), HintRule(2, 3), "the next ones come on November 3"),
        (earlier(*TODAY[:5], held=True), HintRule(2, 3), ""),
        (earlier(*EVENING), HintRule(0, 3), ""),
        (earlier(*EVENING, *TODAY[4:7]), HintRule(0, 3), "November 3"),
        ([{}, {"submission_time": 3, "results": "?"}], HintRule(0, 1), ""),
    ],
)
def test_hints_are_held_by_the_rule(
    tmp_path: Path, before: list[dict[str, Any]], rule: HintRule | None, says: str
) -> None:
    held = attempts(tmp_path, before).held(rule)
    assert says in held and bool(says) == bool(held)


def test_what_is_held_is_told_nowhere_but_for_when_it_comes() -> None:
    told = report(wrong(QUESTIONS[0], mistake="no-zero", hint="Call `zero_grad()`."))
    assert "zero_grad" in json.dumps(results(told))
    told.held = "Hints come from attempt 3 on."
    data = results(told)
    assert "zero_grad" not in json.dumps(data) and "Hints come from attempt 3 on" in data["output"]
    assert data["extra_data"]["held"]
    assert "checks failed" in data["tests"][0]["output"]
    right = report()
    right.held = told.held
    assert "Hints come" not in results(right)["output"]
