import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import jsonschema
import pytest
from reports import SCHEMA

from autograder.gradescope import run as container
from autograder.grading.basis import Basis
from autograder.model import CheckResult, ProblemSet, QuestionResult, Report
from autograder.paths import ROOT
from autograder.reading.answers import Submission
from autograder.reading.collect import Found
from autograder.reading.released import Release


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "submission").mkdir()
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "problem_set").write_text("ps_autoencoder\n")
    (tmp_path / "source" / "course.toml").write_text((ROOT / "course.toml").read_text())
    monkeypatch.setattr(container, "Grader", Stub)
    monkeypatch.setattr(Basis, "load", lambda problem_set, course: problem_set)
    monkeypatch.setattr(Stub, "results", tmp_path / "results" / "results.json")
    monkeypatch.setattr(Stub, "dies_after", None)
    hand_in(monkeypatch, Submission("mine", {}))
    return tmp_path


def hand_in(monkeypatch: pytest.MonkeyPatch, *submissions: Submission) -> None:
    """As if these had been found in the submission folder."""
    found = {s.name: s for s in submissions}
    paths = [Found(s.name, Path(s.name), s.problem) for s in submissions]
    monkeypatch.setattr(container, "collect", lambda *_: paths)
    monkeypatch.setattr(Stub, "load", lambda _, item: found[item.name], raising=False)


class Stub:
    """A grader that gives full marks, and looks at results.json before each."""

    results = Path()
    dies_after: int | None = None

    def __init__(self, problem_set: ProblemSet, kept: Path) -> None:
        assert read(self.results)["score"] == 0
        self.problem_set = problem_set
        self.release = Release(problem_set, {"cells": []})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def grade(self, submission: Submission, update: Callable[[Report], None]) -> Report:
        questions = [QuestionResult(q) for q in self.problem_set.questions]
        report = Report(submission.name, self.problem_set, questions, problem=submission.problem)
        update(report)
        for i, result in enumerate(questions):
            assert read(self.results)["score"] == (0 if submission.problem else i)
            if i == self.dies_after:
                raise MemoryError("no room")
            if not submission.problem:
                result.checks = [CheckResult("It is right.", True)]
            result.done = True
            update(report)
        return report


def read(path: Path) -> Any:
    data = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(data, SCHEMA)
    return data


def test_results_are_valid_from_the_start_and_grow(base: Path) -> None:
    assert container.main(base, base / "source") == 0
    data = read(Stub.results)
    assert data["score"] == 5
    assert data["extra_data"]["finished"] is True


def test_who_handed_in_and_which_attempt_it_is_stand_in_the_results(base: Path) -> None:
    metadata = {
        "created_at": "2026-10-20T12:00:00-04:00",
        "users": [{"sid": "007", "name": "Ann", "email": "a@x.edu"}],
        "previous_submissions": [{"submission_time": "2026-10-19T12:00:00-04:00", "score": 1}],
    }
    (base / "submission_metadata.json").write_text(json.dumps(metadata))
    assert container.main(base, base / "source") == 0
    assert read(Stub.results)["extra_data"]["student"] == {
        "id": "007", "name": "Ann", "submitted": "2026-10-20T12:00:00-04:00", "attempt": 2,
    }  # fmt: skip


def test_a_rule_of_the_course_holds_hints_back(base: Path) -> None:
    course = base / "source" / "course.toml"
    text = course.read_text().replace("number = 1\n", "number = 1\nhints = { after = 2 }\n", 1)
    course.write_text(text)
    assert container.main(base, base / "source") == 0
    held = "Hints come from attempt 3 on; this is attempt 1."
    assert read(Stub.results)["extra_data"]["held"].startswith(held)


@pytest.mark.parametrize("after", [0, 2])
def test_a_grader_that_dies_leaves_what_it_had_and_its_fault(
    base: Path, monkeypatch: pytest.MonkeyPatch, after: int, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Stub, "dies_after", after)
    assert container.main(base, base / "source") == 1
    data = read(Stub.results)
    assert data["score"] == after
    assert "grader itself failed" in data["output"]
    assert "MemoryError: no room" in data["extra_data"]["fault"]
    assert "MemoryError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "graded", "problem"),
    [
        (["mine"], "mine", ""),
        (["draft", "ps_autoencoder"], "ps_autoencoder", ""),
        (["draft", "old__ps_autoencoder"], "old__ps_autoencoder", ""),
        (["a", "b"], "submission", "There are several notebooks (a, b)"),
        (["ps_autoencoder-2", "b"], "submission", "There are several notebooks"),
        ([], "submission", "There is no notebook: hand in ps_autoencoder.ipynb."),
    ],
)
def test_one_notebook_of_many(
    base: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], graded: str, problem: str
) -> None:
    hand_in(monkeypatch, *(Submission(name, {}) for name in names))
    assert container.main(base, base / "source") == 0
    told = read(Stub.results)["extra_data"]
    assert told["submission"] == graded
    assert told["problem"].startswith(problem) and bool(told["problem"]) == bool(problem)


def test_what_cannot_be_read_yields_to_what_can(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(monkeypatch, Submission("ps_autoencoder", {}, problem="A PDF."), Submission("b", {}))
    assert container.main(base, base / "source") == 0
    assert read(Stub.results)["extra_data"]["submission"] == "b"
    hand_in(monkeypatch, Submission("a", {}, problem="It is a PDF."))
    assert container.main(base, base / "source") == 0
    assert read(Stub.results)["extra_data"]["problem"] == "It is a PDF."
