"""Grades the one submission in Gradescope's container: ``… -m autograder.gradescope.run BASE``.

numpy and msgspec are all it imports, and torch in the sandbox: what a problem set needs lies beside
this package, as ``autograder gradescope`` packed it.
"""

import contextlib
import os
import stat
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from autograder.course.table import Course
from autograder.gradescope.attempts import FILE
from autograder.gradescope.attempts import read as read_attempts
from autograder.grading.basis import Basis
from autograder.grading.grade import Grader, Update
from autograder.model import ProblemSet, QuestionResult, Report
from autograder.paths import ROOT
from autograder.reading.collect import collect
from autograder.reading.several import MOST, has_own_name, the_one
from autograder.results.files import write_results

STAGES = ("submission", "results", FILE)


def main(base: Path, root: Path = ROOT) -> int:
    """Grade ``base/submission`` into ``base/results/results.json``; 1 for the grader's own fault.

    The file is valid and all zero before anything of the student is read, and says whose fault it
    is when grading ends early.
    """
    course = Course(root)
    ps = course.problem_set((root / "problem_set").read_text(encoding="utf-8").strip())
    results = base / "results" / "results.json"
    latest = Report("submission", ps, [QuestionResult(q) for q in ps.questions])

    attempts = read_attempts(base / FILE)
    held = attempts.held(ps.hold)

    def update(report: Report) -> None:
        nonlocal latest
        latest = report
        report.hand_in, report.held = attempts.hand_in, held
        write_results(report, results)

    update(latest)
    try:
        with _private(base):
            update(_grade(ps, course, base / "submission", update))
    except BaseException as error:
        traceback.print_exc()
        for question in latest.questions:
            if not question.done:
                question.fault = f"{type(error).__name__}: {error}"
        update(latest)
    if latest.fault:
        print(f"The grader itself failed: {latest.fault}", file=sys.stderr)
    return 1 if latest.fault else 0


def _grade(ps: ProblemSet, course: Course, folder: Path, update: Update) -> Report:
    with Grader(Basis.load(ps, course), kept=course.known_path(ps.id)) as grader:
        found = collect([folder])
        found.sort(key=lambda f: (bool(f.problem), not has_own_name(f.name, ps)))
        read = [grader.load(f) for f in found[:MOST]]
        return grader.grade(the_one(read, grader.release), update)


@contextlib.contextmanager
def _private(base: Path) -> Iterator[None]:
    """Keep other users, as whom answers run, from results, metadata and submission meanwhile.

    The metadata hold earlier results, and what an answer reads it can print into its feedback.
    """
    paths = [base / name for name in STAGES if (base / name).exists() and os.getuid() == 0]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    for path, mode in modes.items():
        path.chmod(mode & 0o700)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
