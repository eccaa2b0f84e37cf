"""Seconds a submission: a running grader against stock ``nbgrader autograde``, side by side.

    .venv/bin/python -m bench.grading

The submission is the executed reference notebook of ps_autoencoder. Stock nbgrader executes it,
training included (mini profile); then once more with the cells that train left out. Each figure
is the median of its runs, which take turns.
"""

import argparse
import copy
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm

from autograder.authoring.reference import reference
from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.grading.basis import Basis
from autograder.grading.grade import Grader
from autograder.model import CourseError, ProblemSet
from autograder.paths import ROOT
from autograder.reading.answers import read_notebook

CONFIG = """
c = get_config()
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"
c.Execute.timeout = 3600
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.grading", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of each kind (default: 3)")
    args = parser.parse_args()
    course = Course(secret=PUBLIC_SECRET)
    ps = course.problem_set("ps_autoencoder")
    executed = reference(ps, course)
    basis = Basis.load(ps, course)
    ours: list[float] = []
    stock: dict[str, list[float]] = {"with training": [], "without training": []}
    with tempfile.TemporaryDirectory() as folder, Grader(basis) as grader:
        stock_course = make_course(Path(folder), ps)
        grader.grade(
            read_notebook(executed, grader.release, "reference")
        )  # starts it: what a class pays once
        bar = tqdm(total=3 * args.runs, unit="run")
        for _ in range(args.runs):
            start = time.perf_counter()
            report = grader.grade(read_notebook(executed, grader.release, "reference"))
            ours.append(time.perf_counter() - start)
            if report.score != ps.points:
                raise CourseError(
                    f"the reference earned {report.score:g}, so this measures nothing"
                )
            bar.update()
            for kind, times in stock.items():
                notebook = copy.deepcopy(executed)
                if kind == "without training":
                    notebook["cells"] = [c for c in notebook["cells"] if not trains(c)]
                times.append(autograde(stock_course, ps, notebook))
                bar.update()
        bar.close()
    own = statistics.median(ours)
    print(f"running grader                        {own:8.2f} s a submission")
    for kind, times in stock.items():
        seconds = statistics.median(times)
        print(f"nbgrader autograde, {kind:<17} {seconds:8.2f} s, {seconds / own:.0f} times as long")


def trains(cell: dict[str, Any]) -> bool:
    """Whether a cell of the notebook's own, not an answer or a test, calls a training function."""
    source = "".join(cell["source"])
    return "nbgrader" not in cell["metadata"] and "train_" in source and "def " not in source


def make_course(root: Path, ps: ProblemSet) -> Path:
    """A course for stock nbgrader that knows the problem set."""
    (root / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    source = root / "solutions" / ps.id
    source.mkdir(parents=True)
    shutil.copy(ROOT / "solutions" / ps.id / f"{ps.id}.ipynb", source)
    nbgrader(root, "generate_assignment", ps.id)
    return root


def autograde(root: Path, ps: ProblemSet, notebook: dict[str, Any]) -> float:
    """Seconds that stock nbgrader takes to grade ``notebook``."""
    submitted = root / "submitted" / "student" / ps.id
    submitted.mkdir(parents=True, exist_ok=True)
    (submitted / f"{ps.id}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    start = time.perf_counter()
    nbgrader(root, "autograde", ps.id, "--student", "student", "--force")
    return time.perf_counter() - start


def nbgrader(root: Path, *args: str) -> None:
    # nbgrader calls `alembic` by name, which lies beside this Python
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {
        **os.environ,
        "PATH": path,
        "HELPERS_PROFILE": "mini",
        "HELPERS_DATA": str(ROOT / "build" / "data"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *args], cwd=root, env=env, capture_output=True, text=True
    )
    if done.returncode:
        raise CourseError(f"nbgrader {args[0]} failed: {done.stderr.strip().splitlines()[-1]}")


if __name__ == "__main__":
    main()
