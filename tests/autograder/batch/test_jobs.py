"""Several processes grade as one does; one that is killed costs nobody a grade."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from handed_in import PS, cell, data, right
from shipped import COURSE, compose

from autograder.batch.jobs import Lost, Pool
from autograder.batch.run import How, grade_all
from autograder.batch.worker import Setup, Task
from autograder.course.secret import PUBLIC_SECRET
from autograder.model import Report
from autograder.paths import ROOT
from autograder.reading.collect import Found, collect

pytestmark = pytest.mark.slow

SETUP = Setup(ROOT, PS, PUBLIC_SECRET)


@pytest.fixture
def found(tmp_path: Path) -> Iterator[list[Found]]:
    compose(PS)
    folder = tmp_path / "in"
    folder.mkdir()
    wrong = right()
    cell(wrong, "encoder")["source"] = "class Encoder(nn.Module):\n    pass\n"
    for name in ("anna", "ben", "cleo"):
        (folder / f"{name}.ipynb").write_bytes(data(wrong if name == "ben" else right()))
    yield collect([folder])


def test_two_processes_grade_as_one_does(found: list[Found], tmp_path: Path) -> None:
    ps, out = COURSE.problem_set(PS), tmp_path / "out"
    done = grade_all([tmp_path / "in"], ps, COURSE, out, How(jobs=2))
    assert [(r.submission, r.score) for r in done.reports] == [
        ("anna", 5), ("ben", 4), ("cleo", 5),
    ]  # fmt: skip
    one = grade_all([tmp_path / "in" / "ben.ipynb"], ps, COURSE, tmp_path / "one").reports[0]
    ben = done.reports[1]
    assert [q.checks for q in ben.questions] == [q.checks for q in one.questions]
    assert (out / "ben" / "results.json").read_text() == (
        tmp_path / "one" / "ben" / "results.json"
    ).read_text()


def test_a_process_that_is_killed_is_replaced(found: list[Found]) -> None:
    tasks = [Task(f, {}) for f in found]
    with Pool(SETUP, 2) as pool:
        pool.expect(dict(pool.each(q.id for q in COURSE.problem_set(PS).questions)))
        came: dict[str, Report] = {}
        for task, report in pool.each(tasks):
            if not came:
                for worker in pool._workers:
                    os.kill(worker.process.pid or 0, signal.SIGKILL)
            came[task.found.name] = report
    assert {name: r.score for name, r in came.items()} == {"anna": 5, "ben": 4, "cleo": 5}


def test_what_kills_its_process_twice_is_a_fault_of_its_own(
    found: list[Found], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the kernel does for want of memory: no answer can, which is another user's process."""
    ps = COURSE.problem_set(PS)
    each = Pool.each

    def losing(self: Pool, asks: object) -> Iterator[tuple[object, object]]:
        for ask, answer in each(self, asks):  # type: ignore[arg-type]
            lost = isinstance(ask, Task) and ask.found.name == "ben"
            yield ask, Lost() if lost else answer

    monkeypatch.setattr(Pool, "each", losing)
    done = grade_all([tmp_path / "in"], ps, COURSE, tmp_path / "out", How(jobs=2))
    scores = {r.submission: (r.score, r.fault) for r in done.reports}
    assert scores["anna"] == scores["cleo"] == (5, "")
    assert "was killed, or ran out of memory" in scores["ben"][1]
