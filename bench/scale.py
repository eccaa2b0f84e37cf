"""Where many machines stop being faster: a real Dask scheduler, 10,000 submissions, no grading.

    .venv/bin/python -m bench.scale

Submissions of 60 kB go to worker processes on this machine as they would go to others, and come
back as the reports that real ones make; in place of grading, a worker takes its report from memory.
What is left is what the one who hands out work can do: the figure that docs/scale.md computes with.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
from distributed import Client, LocalCluster
from tqdm import tqdm

from autograder.batch import cluster
from autograder.batch.kept import Graded, Store
from autograder.batch.tables import Gradebook
from autograder.batch.worker import Setup, Task
from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.model import CheckResult, QuestionResult, Report
from autograder.paths import ROOT
from autograder.reading.collect import Found

SIZE = 60_000  # bytes of a notebook without outputs


def stand_in(course: bytes, wanted: bytes, data: bytes) -> bytes:
    """A report as long as a real one, for whatever was handed in."""
    sent = msgspec.msgpack.decode(data, type=cluster.Sent)
    problem_set = Course(ROOT, PUBLIC_SECRET).problem_set("ps_clip")
    checks = [CheckResult("With given weights, it computes what the text says.", True)] * 7
    results = [QuestionResult(q, checks, done=True) for q in problem_set.questions]
    return msgspec.json.encode(Graded.of(Report(sent.name, problem_set, results)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--submissions", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    course = Course(ROOT, PUBLIC_SECRET)
    ps = course.problem_set("ps_clip")
    patched: Any = cluster
    patched._grade = stand_in
    with tempfile.TemporaryDirectory() as name, LocalCluster(
        n_workers=args.workers, threads_per_worker=1, dashboard_address=None
    ) as local, Client(local) as client:  # fmt: skip
        file = Path(name) / "a.ipynb"
        file.write_bytes(b"x" * SIZE)
        tasks = [Task(Found(f"student{i}", file), {}) for i in range(args.submissions)]
        setup = Setup(ROOT, ps.id, PUBLIC_SECRET)
        start = time.perf_counter()
        came = cluster.run(client.scheduler.address, setup, {}, tasks)
        reports = [report for _, report in tqdm(came, total=len(tasks), unit="submission")]
        handed_out = time.perf_counter() - start
        store = Store(Path(name) / "out", Gradebook(ps, course.deadline(ps)), {})
        start = time.perf_counter()
        for report in reports:
            assert isinstance(report, Report)
            store.put(report, "source", {}, None)
        store.close()
        written = time.perf_counter() - start
    n = args.submissions
    assert len({r.submission for r in reports if isinstance(r, Report)}) == n
    print(f"handed out and collected  {n / handed_out:8.0f} submissions a second")
    print(f"written, with the table   {n / written:8.0f} submissions a second")


if __name__ == "__main__":
    main()
