"""Grades many submissions: a folder of results each, and one table of grades."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tqdm import tqdm

from autograder.course.table import Course
from autograder.grading.basis import Basis
from autograder.grading.grade import Grader
from autograder.model import ProblemSet, Report
from autograder.reading.collect import collect
from autograder.results.feedback import write_feedback
from autograder.results.files import write_grades, write_results
from autograder.results.text import clean


def grade_all(
    paths: Sequence[Path], problem_set: ProblemSet, course: Course, out: Path
) -> list[Report]:
    """Grade notebooks, zips and folders of them into ``out``; bad input gets a report as well.

    Every result is on disk as soon as it is known: ``out/<submission>/results.json``, all zero
    before the first cell of a student runs, ``feedback.html`` beside it, and ``out/grades.csv``, in
    which those of earlier calls stay.
    """
    found = collect(paths, problem_set.id)
    reports = []
    with Grader(Basis.load(problem_set, course), kept=course.known_path(problem_set.id)) as grader:
        for item in tqdm(found, desc=f"grade {problem_set.id}", unit="submission"):
            folder = out / item.name

            def update(report: Report, folder: Path = folder) -> None:
                write_results(report, folder / "results.json")

            reports.append(grader.grade(grader.load(item), update))
            write_feedback(reports[-1], folder / "feedback.html")
            write_grades(reports, problem_set, out / "grades.csv")
    write_grades(reports, problem_set, out / "grades.csv")
    return reports


def summary(reports: Iterable[Report]) -> str:
    """A line a submission, as the terminal shows it."""
    lines = []
    for r in reports:
        said = " ".join(clean(f"fault of the grader: {r.fault}" if r.fault else r.problem).split())
        mistakes = ", ".join(q.mistake for q in r.questions if q.mistake)
        score = "-" if r.fault else f"{r.score:g}"
        lines.append(
            f"  {score:>5} of {r.max_score:g}  {r.submission}  {said or mistakes}".rstrip()
        )
    return "\n".join(lines)
