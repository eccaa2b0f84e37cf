"""A class over a term: what is graded stays, what changes is told, and a crash costs nothing."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import stand_in
from handed_in import PS
from shipped import COURSE, compose
from stand_in import SET, asked, write

from autograder.batch import prints, run
from autograder.batch.prints import Prints
from autograder.batch.run import Done, How, grade_all, summary
from autograder.batch.worker import Task
from autograder.model import CourseError, Report
from autograder.paths import ROOT

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _stand_in() -> Iterator[None]:
    compose(PS)
    asked.clear()
    with stand_in.instead():
        yield


def call(folder: Path, how: How | None = None) -> Done:
    asked.clear()
    return grade_all([folder / "in"], SET, COURSE, folder / "out", how)


def table(path: Path, key: str = "submission") -> dict[str, dict[str, str]]:
    return {r[key]: r for r in csv.DictReader(path.read_text(encoding="utf-8").splitlines())}


def change(monkeypatch: pytest.MonkeyPatch, **questions: str) -> None:
    """As if the checks, or what is told, of these questions were others now."""
    of = prints.of_questions

    def other(basis: object) -> dict[str, Prints]:
        now = of(basis)  # type: ignore[arg-type]
        return {
            id: replace(p, **{questions[id]: "other", "told": "other"}) if id in questions else p
            for id, p in now.items()
        }

    monkeypatch.setattr(prints, "of_questions", other)


def test_a_second_call_grades_nothing_and_writes_nothing(tmp_path: Path) -> None:
    for name in ("anna", "ben"):
        write(tmp_path / "in" / f"{name}.ipynb", encoder=0.5)
    assert call(tmp_path).graded == {"anna", "ben"}
    assert len(asked) == 2 * len(SET.questions)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("*/*")}
    done = call(tmp_path)
    assert not asked and not done.graded and len(done.reports) == 2
    assert "Graded before, and as they were: 2." in summary(done)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("*/*")} == before
    assert call(tmp_path, How(again=True)).graded == {"anna", "ben"}


@pytest.mark.parametrize(
    ("what", "graded"), [("checks", ["anna encoder", "ben encoder"]), ("told", ["ben encoder"])]
)
def test_a_change_of_one_question_grades_that_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, graded: list[str]
) -> None:
    write(tmp_path / "in" / "anna.ipynb")
    write(tmp_path / "in" / "ben.ipynb", encoder=0.5)
    call(tmp_path)
    change(monkeypatch, encoder=what)
    call(tmp_path)
    assert asked == graded  # what is told of right answers does not matter
    call(tmp_path)
    assert not asked


def test_changes_tell_whose_score_moved_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("anna", "ben", "cleo"):
        write(tmp_path / "in" / f"{name}.ipynb", encoder=0.5)
    assert call(tmp_path).changes == []
    write(tmp_path / "in" / "ben.ipynb", decoder=0.25)
    call(tmp_path)
    changed = table(tmp_path / "out" / "changes.csv", "question")
    assert changed == {
        "encoder": {"submission": "ben", "question": "encoder", "before": "0.5", "after": "1",
                    "reason": "resubmitted"},
        "decoder": {"submission": "ben", "question": "decoder", "before": "1", "after": "0.25",
                    "reason": "resubmitted"},
    }  # fmt: skip
    change(monkeypatch, encoder="checks")
    monkeypatch.setattr(run, "grade", lambda g, task: better(stand_in.grade(g, task)))
    assert "2 scores changed" in summary(call(tmp_path))
    lines = list(table(tmp_path / "out" / "changes.csv").values())
    assert {(x["submission"], x["before"], x["after"], x["reason"]) for x in lines} == {
        ("anna", "0.5", "1", "regraded"),
        ("cleo", "0.5", "1", "regraded"),
    }
    call(tmp_path)
    assert table(tmp_path / "out" / "changes.csv") == {}


def better(report: Report) -> Report:
    for result in report.questions:
        result.checks = [replace(c, passed=True) for c in result.checks]
    return report


def test_other_points_are_counted_without_grading(tmp_path: Path) -> None:
    write(tmp_path / "in" / "anna.ipynb", encoder=0.5)
    call(tmp_path)
    asked.clear()
    worth_more = [replace(q, points=3) if q.id == "encoder" else q for q in SET.questions]
    ps = replace(SET, questions=tuple(worth_more))
    done = grade_all([tmp_path / "in"], ps, COURSE, tmp_path / "out")
    assert not asked
    assert [(c["before"], c["after"]) for c in done.changes] == [("0.5", "1.5")]
    assert table(tmp_path / "out" / "grades.csv")["anna"]["total"] == "5.5"


def test_never_lower_keeps_the_better_result_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "in" / "anna.ipynb")
    call(tmp_path)
    change(monkeypatch, encoder="checks")
    right = stand_in.grade

    def stricter(grader: object, task: Task) -> Report:
        report = right(grader, task)
        for result in report.questions:
            if result.question.id not in task.good:
                result.checks = [replace(c, passed=False) for c in result.checks]
        return report

    monkeypatch.setattr(run, "grade", stricter)
    done = call(tmp_path, How(never_lower=True))
    assert done.reports[0].score == 5 and done.changes == []
    text = (tmp_path / "out" / "anna" / "results.json").read_text()
    assert "Graded again, this would be 0 points; the earlier result was kept." in text
    call(tmp_path, How(never_lower=True))
    assert not asked
    write(tmp_path / "in" / "anna.ipynb", decoder=0)  # a new attempt is no second grading
    assert call(tmp_path, How(never_lower=True)).reports[0].score == 0


def test_an_older_attempt_does_not_take_the_place_of_a_later_one(tmp_path: Path) -> None:
    old, new = f"doejane_123_4567_{PS}.ipynb", f"doejane_123_4568_{PS}-1.ipynb"
    write(tmp_path / "in" / new)
    call(tmp_path)
    (tmp_path / "in" / new).unlink()
    write(tmp_path / "in" / old, encoder=0)
    done = call(tmp_path)
    assert not asked and done.reports[0].score == 5
    assert "older attempt than the one there: doejane_123" in summary(done)
    assert table(tmp_path / "out" / "grades.csv")["doejane_123"]["total"] == "5"


def test_what_is_missing_or_broken_is_made_again_without_grading(tmp_path: Path) -> None:
    write(tmp_path / "in" / "anna.ipynb", encoder=0.5)
    call(tmp_path)
    results = tmp_path / "out" / "anna" / "results.json"
    before = results.read_text()
    for spoil in (lambda: results.unlink(), lambda: results.write_text("{")):
        spoil()
        call(tmp_path)
        assert not asked and results.read_text() == before
    (tmp_path / "out" / ".kept" / "anna.json").write_text("{")
    call(tmp_path)
    assert len(asked) == len(SET.questions)


def test_faults_are_graded_again_and_spoil_no_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "in" / "anna.ipynb", encoder=0.5)
    right = stand_in.grade

    def failing(grader: object, task: Task) -> Report:
        report = right(grader, task)
        report.questions[0].fault = "no memory"
        return report

    monkeypatch.setattr(run, "grade", failing)
    call(tmp_path)
    assert table(tmp_path / "out" / "grades.csv")["anna"]["total"] == ""
    monkeypatch.setattr(run, "grade", right)
    assert call(tmp_path).graded == {"anna"}
    assert table(tmp_path / "out" / "grades.csv")["anna"]["total"] == "4.5"


def test_results_of_another_problem_set_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "in" / "anna.ipynb")
    call(tmp_path)
    other = replace(SET, id="ps_cmc")
    compose("ps_cmc")
    with pytest.raises(CourseError, match="holds results of ps_autoencoder"):
        grade_all([tmp_path / "in"], other, COURSE, tmp_path / "out")


def test_a_path_that_there_is_not_is_no_hand_in(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(CourseError, match=r"There is no file or folder .*nowhere"):
        grade_all([tmp_path / "nowhere"], SET, COURSE, tmp_path / "out")
    with pytest.raises(CourseError, match=r"Nothing was handed in: .*in is empty"):
        call(tmp_path)
    assert not list(tmp_path.glob("out/*"))


def test_a_folder_without_anything_costs_no_other_its_grade(tmp_path: Path) -> None:
    write(tmp_path / "in" / "anna" / "anna.ipynb")
    (tmp_path / "in" / "ben").mkdir()
    (tmp_path / "in" / "anna" / "m.safetensors").mkdir()
    grade_all(sorted((tmp_path / "in").iterdir()), SET, COURSE, tmp_path / "out")
    made = table(tmp_path / "out" / "grades.csv")
    assert made["anna"]["total"] == "5"
    assert "The folder ben holds no notebook." in made["ben"]["note"]


def test_results_that_lie_among_the_hand_ins_are_none(tmp_path: Path) -> None:
    write(tmp_path / "in" / "anna" / "anna.ipynb")
    write(tmp_path / "in" / "ben" / "ben.ipynb")
    for _ in range(2):
        grade_all([tmp_path / "in"], SET, COURSE, tmp_path / "in" / "grades")
        assert set(table(tmp_path / "in" / "grades" / "grades.csv")) == {"anna", "ben"}


def test_a_file_that_nobody_may_read_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *args: Any, **more: Any) -> Any:
        if self.name == "ben.ipynb":
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **more)

    opened = Path.open
    monkeypatch.setattr(Path, "open", refuse)
    write(tmp_path / "in" / "anna.ipynb")
    (tmp_path / "in" / "ben.ipynb").touch()
    call(tmp_path)
    assert set(table(tmp_path / "out" / "grades.csv")) == {"anna", "ben"}


def test_names_that_two_students_share_are_told(tmp_path: Path) -> None:
    for name in ("anna", "ben"):
        write(tmp_path / "in" / name / "hw.ipynb", encoder=0 if name == "ben" else 1)
    out = tmp_path / "out"
    assert not grade_all([tmp_path / "in" / "anna"], SET, COURSE, out).doubtful
    said = summary(grade_all([tmp_path / "in" / "ben"], SET, COURSE, out))
    assert "hw was graded from anna/, and now from ben/: if these are two students" in said
    said = summary(grade_all([tmp_path / "in"], SET, COURSE, out))
    assert "hw lies there from before, and is one of anna__hw, ben__hw now: delete" in said
    assert set(table(out / "grades.csv")) == {"hw", "anna__hw", "ben__hw"}
    write(tmp_path / "again" / "cleo.ipynb")
    assert not grade_all([tmp_path / "again"], SET, COURSE, out).doubtful


def test_another_classs_roster_does_not_take_the_place_of_the_own(tmp_path: Path) -> None:
    for name in ("anna", "ben", "cleo"):
        write(tmp_path / "in" / f"{name}.ipynb")
    own, other = tmp_path / "own.csv", tmp_path / "other.csv"
    own.write_text("id,name\nanna,Anna Lee\n")
    other.write_text("id,name\nzoe,Zoe\nyan,Yan\n")
    call(tmp_path, How(roster=own))
    with pytest.raises(CourseError, match=r"None of 3 hand-ins is of anybody in .*other\.csv"):
        call(tmp_path, How(roster=other))
    call(tmp_path)
    assert table(tmp_path / "out" / "grades.csv")["anna"]["name"] == "Anna Lee"


def test_two_calls_do_not_write_into_one_folder_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "in" / "anna.ipynb")

    def nested(grader: object, task: Task) -> Report:
        with pytest.raises(CourseError, match="Another call grades into"):
            grade_all([tmp_path / "in"], SET, COURSE, tmp_path / "out")
        return stand_in.grade(grader, task)

    monkeypatch.setattr(run, "grade", nested)
    assert call(tmp_path).graded == {"anna"}


@pytest.mark.slow
def test_a_hundred_crashes_leave_valid_files_and_lose_nothing(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    names = [f"student{i}" for i in range(12)]
    for name in names:
        write(folder / f"{name}.ipynb")
    paths = os.pathsep.join(map(str, (HERE, HERE.parent, ROOT)))
    done = subprocess.run(
        [sys.executable, str(HERE / "killed.py"), str(folder), str(out)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["bad"] == []
    assert {p.name for p in out.rglob(".*")} == {".kept", ".lock"}
    rows = table(out / "grades.csv")
    assert set(rows) == set(names) and {r["total"] for r in rows.values()} == {"4.5"}
    changes = said["changes"]  # of the calls that came to their end, with those stopped before
    assert changes == {f"{name} encoder": ["1", "0.5", "resubmitted"] for name in names}
