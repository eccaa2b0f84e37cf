"""A real Dask scheduler with three workers, one of which is killed: nothing is lost or twice."""

import csv
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client
from handed_in import PS, cell, data, right
from shipped import COURSE, compose

from autograder.batch import cluster
from autograder.batch.kept import Store
from autograder.batch.run import How, grade_all
from autograder.model import CourseError, Report
from autograder.paths import ROOT

pytestmark = pytest.mark.slow
MANY = 9


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """A scheduler's address, with three workers that have a folder of their own each."""
    file = tmp_path / "scheduler.json"
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore",
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "5",
    }  # fmt: skip
    common = {"cwd": tmp_path, "env": environment, "stderr": subprocess.DEVNULL}
    script = Path(sys.executable).with_name("dask")
    commands = [[script, "scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", file]]
    for name in "abc":
        (tmp_path / name).mkdir()
        commands.append(
            [script, "worker", "--scheduler-file", file, "--nthreads", "1", "--name", name,
             "--no-dashboard", "--no-nanny", "--local-directory", tmp_path / name]
        )  # fmt: skip
    running = [
        subprocess.Popen([str(part) for part in command], **common)  # type: ignore[call-overload]
        for command in commands
    ]
    try:
        with Client(scheduler_file=str(file), timeout=60) as client:
            client.wait_for_workers(3, timeout=60)
            yield client.scheduler.address
    finally:
        for process in running:
            process.kill()
            process.wait()


def hand_in(folder: Path) -> None:
    folder.mkdir()
    for i in range(MANY):
        notebook = right()
        if i % 2:
            cell(notebook, "encoder")["source"] = "class Encoder(nn.Module):\n    pass\n"
        (folder / f"student{i}.ipynb").write_bytes(data(notebook))
    (folder / "pdf.pdf").write_bytes(b"%PDF")


def test_a_killed_worker_loses_nothing(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose(PS)
    hand_in(tmp_path / "in")
    put = Store.put
    seen = Counter[str]()

    def killing(self: Store, report: Report, *rest: object) -> None:
        seen[report.submission] += 1
        if len(seen) == 2:
            with Client(scheduler) as client:
                pid = client.run(os.getpid)
            os.kill(next(iter(pid.values())), signal.SIGKILL)
        put(self, report, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "put", killing)
    ps, out = COURSE.problem_set(PS), tmp_path / "out"
    done = grade_all([tmp_path / "in"], ps, COURSE, out, How(cluster=scheduler))
    assert set(seen.values()) == {1} and len(seen) == MANY + 1
    with Client(scheduler) as client:
        assert len(client.nthreads()) == 2
    expected = {f"student{i}": "4" if i % 2 else "5" for i in range(MANY)} | {"pdf": "0"}
    rows = list(csv.DictReader((out / "grades.csv").read_text(encoding="utf-8").splitlines()))
    assert {r["submission"]: r["total"] for r in rows} == expected and len(rows) == MANY + 1
    assert not any(r.fault for r in done.reports)
    assert not grade_all([tmp_path / "in"], ps, COURSE, out, How(cluster=scheduler)).graded
    here = grade_all([tmp_path / "in" / "student1.ipynb"], ps, COURSE, tmp_path / "here")
    there = (out / "student1" / "results.json").read_text()
    assert (tmp_path / "here" / "student1" / "results.json").read_text() == there
    assert here.reports[0].score == 4


def test_without_a_scheduler_a_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose(PS)
    hand_in(tmp_path / "in")
    monkeypatch.setattr(cluster, "TIMEOUT", 1)
    how = How(cluster="tcp://127.0.0.1:1")
    with pytest.raises(CourseError, match="There is no Dask scheduler at tcp:"):
        grade_all([tmp_path / "in"], COURSE.problem_set(PS), COURSE, tmp_path / "out", how)
