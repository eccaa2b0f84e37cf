"""Seconds a submission of a class: ours against nbgrader autograde and otter run, in one go.

    .venv/bin/python -m bench.class

The submissions are the solution notebook of ps_clip without the cells that train: as it is, and
with known mistakes. Ours grades all of them with `grade`, once alone and once the class, so that
what a class pays once is told apart; the other two, which take as long for each, grade some. Stock
nbgrader and otter-grader run in environments that this makes, with this one's torch. With --sizes,
ours grades classes of so many as well.
"""

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from autograder.authoring.audit import composed_basis, splice
from autograder.authoring.compose import composed
from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.model import CourseError, ProblemSet
from autograder.paths import ROOT
from bench.grading import CONFIG, trains
from bench.memory import MB, watch

MINI = {"HELPERS_PROFILE": "mini", "HELPERS_DATA": str(ROOT / "build" / "data")}
OTTER_TEST = """
OK_FORMAT = False
from otter.test_files import test_case
name = {name!r}
points = 1

@test_case(points=1)
def test_it(env):
    exec({source!r}, env)
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.class", description=__doc__)
    parser.add_argument("--problem-set", default="ps_clip")
    parser.add_argument("--submissions", type=int, default=60)
    parser.add_argument("--others", type=int, default=5, help="graded by each of the other two")
    parser.add_argument("--sizes", type=int, nargs="*", default=[], help="further classes of ours")
    args = parser.parse_args()
    course = Course(secret=PUBLIC_SECRET)
    ps = course.problem_set(args.problem_set)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notebooks = mixed(ps, course, max([args.submissions, *args.sizes]))
        ours = {n: measured(folder, ps, notebooks[:n]) for n in (1, args.submissions, *args.sizes)}
        (wall_one, cpu_one, _), (wall_many, cpu_many, peak) = ours[1], ours[args.submissions]
        wall, cpu = (
            (many - one) / (args.submissions - 1)
            for one, many in ((wall_one, wall_many), (cpu_one, cpu_many))
        )
        print(f"ours, start-up and one submission     {wall_one:8.2f} s, {cpu_one:.2f} s of CPU")
        print(f"ours, a submission of {args.submissions:<5} {wall:18.3f} s, {cpu:.3f} s of CPU")
        print(f"ours, memory of all processes         {peak / MB:8.0f} MB")
        for n in args.sizes:
            each = (ours[n][0] - wall_one) / max(1, n - 1)
            print(f"ours, a submission of {n:<5} {each:18.3f} s, {ours[n][2] / MB:.0f} MB")
        for peer in (Nbgrader, Otter) if args.others else ():
            times = graded_by(
                peer(folder / peer.__name__, ps, notebooks[0]), notebooks, args.others
            )
            seconds = statistics.median(times)
            print(f"{peer.title:<36} {seconds:9.2f} s a submission, {seconds / wall:.0f} times")


def mixed(ps: ProblemSet, course: Course, many: int) -> list[dict[str, Any]]:
    """Notebooks without training: half right, half with a known mistake each."""
    right = json.loads(composed(ps, course))
    right["cells"] = [c for c in right["cells"] if not trains(c)]
    basis = composed_basis(ps, course)
    wrong = [p for part in basis.patches.values() for p in part.mistakes if not p.cell]
    reports = {q.id for q in ps.questions if q.report}
    choose = random.Random(60)
    patches = choose.choices([p for p in wrong if p.question not in reports], k=many)
    return [splice(right, patch) if i % 2 else right for i, patch in enumerate(patches)]


def measured(
    folder: Path, ps: ProblemSet, notebooks: Sequence[dict[str, Any]]
) -> tuple[float, float, int]:
    """Seconds of wall and of CPU in which `grade` grades them all, and its peak memory (bytes).

    The memory is that of a second run: to add up what processes share holds them up.
    """
    handed_in, out = folder / f"in{len(notebooks)}", folder / f"out{len(notebooks)}"
    handed_in.mkdir()
    for i, notebook in enumerate(notebooks):
        (handed_in / f"student{i}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    command = [sys.executable, "-m", "autograder", "grade", str(handed_in)]
    command += ["--problem-set", ps.id, "--out", str(out)]
    environment = {**os.environ, **MINI, "COURSE_PUBLIC_SECRET": "1", "PYTHONPATH": str(ROOT)}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run(command, ROOT, **environment)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = watch([*command, "--again"], environment, every=0.5, output=subprocess.DEVNULL)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if not (out / f"student{len(notebooks) - 1}" / "results.json").is_file():
        raise CourseError("the class was not graded, so this measures nothing")
    shutil.rmtree(handed_in)
    return seconds, cpu, peak.total


def graded_by(peer: "Peer", notebooks: Sequence[dict[str, Any]], many: int) -> list[float]:
    times = []
    for notebook in tqdm(notebooks[:many], desc=peer.title, leave=False):
        start = time.perf_counter()
        peer.grade(notebook)
        times.append(time.perf_counter() - start)
    return times


class Peer:
    """Another grader in an environment of its own, which sees this one's packages."""

    title = ""
    packages: tuple[str, ...] = ()

    def __init__(self, root: Path, ps: ProblemSet, right: dict[str, Any]) -> None:
        self.root, self.ps = root, ps
        root.mkdir()
        run([sys.executable, "-m", "venv", str(root / "env")], root)
        self.bin = root / "env" / "bin"
        (site,) = (root / "env").glob("lib/python*/site-packages")
        ours = next(p for p in sys.path if p.endswith("site-packages"))
        (site / "ours.pth").write_text(f"{ours}\n{ROOT}\n")
        pip = [str(self.bin / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, *self.packages], root)
        run([str(self.bin / "python"), "-m", "ipykernel", "install", "--sys-prefix"], root)

    def grade(self, notebook: dict[str, Any]) -> None:
        raise NotImplementedError


class Nbgrader(Peer):
    title = "nbgrader autograde"
    packages = ("nbgrader", "ipykernel")

    def __init__(self, root: Path, ps: ProblemSet, right: dict[str, Any]) -> None:
        super().__init__(root, ps, right)
        (root / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
        source = root / "solutions" / ps.id
        source.mkdir(parents=True)
        (source / f"{ps.id}.ipynb").write_text(json.dumps(right), encoding="utf-8")
        self.run("generate_assignment", ps.id)

    def run(self, *arguments: str) -> None:
        path = os.pathsep.join([str(self.bin), os.environ["PATH"]])
        run([str(self.bin / "python"), "-m", "nbgrader", *arguments], self.root, PATH=path)

    def grade(self, notebook: dict[str, Any]) -> None:
        submitted = self.root / "submitted" / "student" / self.ps.id
        submitted.mkdir(parents=True, exist_ok=True)
        (submitted / f"{self.ps.id}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        self.run("autograde", self.ps.id, "--student", "student", "--force")


class Otter(Peer):
    title = "otter run"
    packages = ("otter-grader", "ipykernel")

    def __init__(self, root: Path, ps: ProblemSet, right: dict[str, Any]) -> None:
        super().__init__(root, ps, right)
        (root / "tests").mkdir()
        for cell in right["cells"]:
            id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            if id.startswith("test_"):
                text = OTTER_TEST.format(name=id, source="".join(cell["source"]))
                (root / "tests" / f"{id}.py").write_text(text, encoding="utf-8")
        self.run("generate", "-t", "tests", "-o", "autograder.zip")

    def run(self, *arguments: str) -> None:
        run([str(self.bin / "otter"), *arguments], self.root)

    def grade(self, notebook: dict[str, Any]) -> None:
        path = self.root / f"{self.ps.id}.ipynb"
        path.write_text(json.dumps(notebook), encoding="utf-8")
        self.run("run", "-a", "autograder.zip", "--no-logo", path.name)


def run(command: Sequence[str], folder: Path, **environment: str) -> None:
    """Run a command, on the mini data. Raises CourseError where it fails."""
    env = {**os.environ, **MINI, **environment}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise CourseError(f"{' '.join(command[:4])} failed: {' '.join(last)}")


if __name__ == "__main__":
    main()
