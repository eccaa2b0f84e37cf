import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from toy_course import DOUBLE, TOML, make, study_cells, write_part
from traitlets.config import PyFileConfigLoader

from autograder import nbgrader as module
from autograder.authoring.compose import composed
from autograder.authoring.release import release
from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.grading.basis import Basis
from autograder.model import CheckResult, ProblemSet, QuestionResult, Report
from autograder.reading.answers import Submission, read_bytes
from autograder.reading.collect import Found

# nbgrader's own use of its database
pytestmark = [
    pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning"),
    pytest.mark.slow,
]


class FakeGrader:
    """Gives ``double`` full marks for a sum, half for a product, and a fault for ``fault``."""

    def __init__(self, basis: Basis, kept: Path) -> None:
        self.ps, self.release = basis.problem_set, basis.release

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def load(self, found: Found) -> Submission:
        return read_bytes(found.path.read_bytes(), found.path.name, self.release, found.name)

    def grade(self, submission: Submission) -> Report:
        rows = []
        for question in self.ps.questions:
            answer = submission.answers[question.id]
            row = QuestionResult(question, done=True, notes=["<b>read</b> me"])
            row.checks = [
                CheckResult("is right", "x + x" in answer or "_summand + x" in answer),
                CheckResult(
                    "is Python", "x + x" in answer or "_summand" in answer or "*" in answer
                ),
            ]
            if question.report:
                row.checks = [CheckResult("is recorded", bool(submission.results))]
            if "fault" in answer:
                row.fault = "the disk is full"
            rows.append(row)
        return Report(submission.name, self.ps, rows)


def toy(root: Path) -> ProblemSet:
    return Course(root).problem_set("ps_toy")


def convert(converter: Any, root: Path, student: str = "*") -> None:
    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    coursedir = CourseDirectory(config=config, assignment_id="ps_toy", student_id=student)
    converter(coursedir=coursedir, config=config).start()


def hand_in(
    root: Path,
    student: str,
    change: Callable[[NotebookNode], None] = lambda nb: None,
    source: str | None = None,
) -> None:
    """The executed solution as ``student`` changed it."""
    notebook = nbformat.reads(composed(toy(root), Course(root)), as_version=4)
    cells = {c.id: c for c in notebook.cells}
    result = {"name": "toy", "accuracy": 0.25, "profile": "mini"}
    bundle = {"application/vnd.course.result+json": result, "text/plain": "toy"}
    cells["run"].outputs = [nbformat.v4.new_output("display_data", bundle)]
    if source is not None:
        cells["double"].source = source
    change(notebook)
    path = root / "submitted" / student / "ps_toy" / "ps_toy.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


def scores(root: Path, student: str) -> tuple[dict[str, float], float]:
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        submission = book.find_submission("ps_toy", student)
        (notebook,) = submission.notebooks
        return {g.name: g.auto_score for g in notebook.grades}, submission.score


def graded(root: Path, student: str) -> NotebookNode:
    path = root / "autograded" / student / "ps_toy" / "ps_toy.ipynb"
    return nbformat.read(path, as_version=4)


def answer(nb: NotebookNode, id: str = "double") -> NotebookNode:
    return next(c for c in nb.cells if c.id == id)


def strip_metadata(nb: NotebookNode) -> None:
    for cell in nb.cells:
        cell.metadata = {}
        del cell["id"]
    nb.nbformat_minor = 0
    nb.metadata = {"colab": {"name": "Kopie von ps_toy.ipynb"}}


def strange_metadata(nb: NotebookNode) -> None:
    nb.cells[0].metadata.nbgrader = ["strange"]
    nb.cells[1].metadata.nbgrader = {"grade": True, "grade_id": "bonus", "points": 100}
    answer(nb, "test_double").metadata.nbgrader["points"] = 100


def remove(*ids: str) -> Callable[[NotebookNode], None]:
    def change(nb: NotebookNode) -> None:
        nb.cells = [c for c in nb.cells if c.id not in ids]

    return change


def lies(nb: NotebookNode) -> None:
    test = answer(nb, "test_double")
    test.source = "2.0"
    test.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "2.0"})]


def duplicated(nb: NotebookNode) -> None:
    copy = nbformat.from_dict(answer(nb))
    copy.id = "copy"
    nb.cells.append(copy)


def to_markdown(nb: NotebookNode) -> None:
    cell = answer(nb)
    text = nbformat.v4.new_markdown_cell(cell.source, metadata=cell.metadata)
    nb.cells[nb.cells.index(cell)] = text


def unwritten(nb: NotebookNode) -> None:
    answer(nb, "essay").source = "<!-- Question: essay -->\n*Write here.*"


def same(nb: NotebookNode) -> None:
    pass


FULL = {"test_double": 2.0, "test_report_toy": 1.5}
HALF = FULL | {"test_double": 1.0}
NONE = FULL | {"test_double": 0.0}
PRODUCT = "def double(x):\n    return 2 * x"
WRONG = "def double(x):\n    return None"

# How each student changed the executed solution, the answer to `double`, and the scores due.
CLASS = {
    "right": (same, None, FULL),
    "half": (same, PRODUCT, HALF),
    "wrong": (same, WRONG, NONE),
    "forged": (lies, WRONG, NONE),
    "stripped": (strip_metadata, None, FULL),
    "strange": (strange_metadata, None, FULL),
    "no_tests": (remove("test_double", "test_report_toy"), None, FULL),
    "no_answer": (remove("double"), None, NONE),
    "few_cells": (remove("double", "test_double", "test_report_toy"), None, NONE),
    "twice": (duplicated, None, FULL),
    "as_text": (to_markdown, None, FULL),
    "essay_lost": (remove("essay"), None, FULL),
    "essay_unwritten": (unwritten, None, FULL),
    "faulty": (same, DOUBLE + "\n# fault", None),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A course whose students have all been graded: nbgrader is slow to start."""
    root = tmp_path_factory.mktemp("course")
    with pytest.MonkeyPatch.context() as patch:
        make(root, patch)
        patch.setenv("COURSE_PUBLIC_SECRET", "1")
        write_part(root, "study", study_cells())
        (root / "course.toml").write_text(TOML.replace('["toy"]', '["toy", "study"]'))
        patch.setattr(module, "Grader", FakeGrader)
        patch.setenv("PATH", os.environ["PATH"])  # the configuration extends both
        patch.setattr(sys, "path", list(sys.path))
        module._Run.end()
        release(toy(root), Course(root, PUBLIC_SECRET))
        convert(GenerateAssignment, root)
        for student, (change, source, _) in CLASS.items():
            hand_in(root, student, change, source)
        with pytest.raises(NbGraderException):  # for the faults
            convert(Autograde, root)
        convert(GenerateFeedback, root)
        yield root
        module._Run.end()


@pytest.mark.parametrize("student", [s for s in CLASS if CLASS[s][2]])
def test_every_test_cell_gets_its_score(root: Path, student: str) -> None:
    expected = CLASS[student][2]
    each, total = scores(root, student)
    assert {k: v for k, v in each.items() if k != "essay"} == expected
    assert total == sum(expected.values())
    values = []
    for cell in graded(root, student).cells:
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code":
            assert [o.output_type for o in cell.outputs] == ["display_data", "execute_result"]
            values.append(cell.outputs[1].data)
    assert values == [{"text/plain": str(v)} for v in expected.values()]


@pytest.mark.parametrize(
    ("student", "waits"),
    [("right", True), ("stripped", True), ("essay_lost", False), ("essay_unwritten", False)],
)
def test_an_essay_waits_for_a_person_unless_there_is_none(
    root: Path, student: str, waits: bool
) -> None:
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        grade = book.find_grade("essay", "ps_toy", "ps_toy", student)
        assert (grade.needs_manual_grade, grade.auto_score) == (
            (True, None) if waits else (False, 0)
        )
        assert grade.max_score == 0.5
    written = answer(graded(root, student), "essay") if student == "right" else None
    assert written is None or "once again" in written.source


def test_a_fault_of_the_grader_is_no_zero(root: Path) -> None:
    assert set(scores(root, "faulty")[0].values()) == {None}
    assert not (root / "autograded" / "faulty" / "ps_toy").exists()


def test_feedback_shows_what_the_student_should_read(root: Path) -> None:
    page = (root / "feedback" / "half" / "ps_toy" / "ps_toy.html").read_text()
    assert "Score: 2.5 / 4.0" in page  # nbgrader counts the essay, once somebody has graded it
    assert "is right" in page
    assert "<b>read</b>" not in page
