"""nbgrader's preprocessors for this course: `nbgrader autograde` grades in the sandbox.

Nothing of a student's is run in a kernel, and no verdict comes out of one: every test cell gets
the score that our own grader gave, as one plain float, with what the student should read above it.
"""

import atexit
from pathlib import Path
from typing import Any, ClassVar

from nbformat import NotebookNode, v4
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.course.table import Course
from autograder.grading.basis import Basis
from autograder.grading.grade import Grader
from autograder.model import CourseError
from autograder.reading.collect import Found
from autograder.reading.released import Release
from autograder.results.files import results
from helpers.notebook import question_of, text_of

Resources = dict[str, Any]


class MendCells(NbGraderPreprocessor):
    """Gives a submission back the graded cells that it lost, so that nbgrader can record scores.

    nbgrader finds cells by their metadata only, and stops at a submission where an answer cell is
    missing or is there twice. This runs first, and changes nothing that our own grader reads.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        graded = _Run.of(self).graded_cells(resources["nbgrader"]["assignment"])
        ids = {c["metadata"]["nbgrader"]["grade_id"] for c in graded}
        for index, cell in enumerate(nb.cells):
            if _grade_id(cell) not in ids or index != _find(nb.cells, _grade_id(cell)):
                cell.metadata.pop("nbgrader", None)
        place = 0
        for original in graded:
            id = original["metadata"]["nbgrader"]["grade_id"]
            found = _find(nb.cells, id)
            index = place if found is None else found
            if found is None:
                make = v4.new_code_cell if original["cell_type"] == "code" else v4.new_markdown_cell
                cell = make(text_of(original["source"]))
                if nb.nbformat_minor < 5:
                    cell.pop("id")  # older notebooks, Colab's too, know no ids
                nb.cells.insert(index, cell)
            nb.cells[index].metadata.nbgrader = NotebookNode(original["metadata"]["nbgrader"])
            place = index + 1
        return nb, resources


class SandboxGrade(NbGraderPreprocessor):
    """Stands in the place of nbgrader's Execute: grades, and writes a score into each test cell.

    It reads the file as it was handed in, since results are read from outputs, which nbgrader has
    cleared by now. Raises CourseError where the grader itself fails: nbgrader then reports the
    submission as failed, and no student gets a zero for it.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        names = resources["nbgrader"]
        coursedir = self.parent.parent.coursedir
        folder = coursedir.format_path(
            coursedir.submitted_directory, names["student"], names["assignment"]
        )
        grader = _Run.of(self).grader(names["assignment"])
        path = Path(folder) / f"{names['notebook']}.ipynb"
        report = grader.grade(grader.load(Found(names["student"], path)))
        if report.fault:
            raise CourseError(f"{path} was not graded, by a fault of the grader: {report.fault}")
        written = results(report)
        tests = {t["extra_data"]["question"]: t for t in written["tests"]}
        summary = written["output"]
        for cell in nb.cells:
            test = tests.get(str(_grade_id(cell)).removeprefix("test_"))
            if test and cell.metadata.nbgrader.get("grade"):
                bonus = test["extra_data"].get("bonus")
                cell.execution_count = None
                cell.outputs = _outputs(
                    summary + "\n\n" + test["output"], 0 if bonus else test["score"]
                )
                if bonus:
                    _extra_credit(_grade_id(cell), test["score"], names)
                summary = ""
        return nb, resources


def _extra_credit(grade_id: str, score: float, names: Resources) -> None:
    with Gradebook(names["db_url"]) as book:
        grade = book.find_grade(grade_id, names["notebook"], names["assignment"], names["student"])
        grade.extra_credit = score
        book.db.commit()


def _outputs(markdown: str, score: float) -> list[NotebookNode]:
    """What a student reads, and the score: nbgrader takes an execute_result alone, as a float."""
    text = {"text/markdown": markdown.strip(), "text/plain": markdown.strip()}
    return [
        v4.new_output("display_data", text),
        v4.new_output("execute_result", {"text/plain": repr(float(score))}),
    ]


class _Run:
    """What one `nbgrader autograde` reads once, and its one running grader.

    nbgrader makes new preprocessors for each submission, but has one converter; formgrader, whose
    server lives long, has a new one each time.
    """

    current: "ClassVar[_Run | None]" = None

    def __init__(self, converter: Any) -> None:
        self.converter = converter
        self.course = Course(Path(converter.coursedir.root))
        self._graders: dict[str, Grader] = {}
        self._graded: dict[str, list[dict[str, Any]]] = {}

    @classmethod
    def of(cls, preprocessor: NbGraderPreprocessor) -> "_Run":
        converter = preprocessor.parent.parent  # the exporter's parent
        if cls.current is None or cls.current.converter is not converter:
            cls.end()
            cls.current = cls(converter)
        return cls.current

    @classmethod
    def end(cls) -> None:
        """Stop the graders of the last run."""
        for grader in cls.current._graders.values() if cls.current else ():
            grader.__exit__(None, None, None)
        cls.current = None

    def grader(self, ps_id: str) -> Grader:
        if ps_id not in self._graders:
            basis = Basis.load(self.course.problem_set(ps_id), self.course)
            self._graders[ps_id] = Grader(basis, kept=self.course.known_path(ps_id))
        return self._graders[ps_id]

    def graded_cells(self, ps_id: str) -> list[dict[str, Any]]:
        """The cells of the release that nbgrader records."""
        if ps_id not in self._graded:
            release = Release.load(self.course.problem_set(ps_id), self.course)
            cells = release.notebook["cells"]
            self._graded[ps_id] = [c for c in cells if "nbgrader" in c["metadata"]]
        return self._graded[ps_id]


atexit.register(_Run.end)


def _grade_id(cell: NotebookNode) -> Any:
    marks = cell.metadata.get("nbgrader")
    return marks.get("grade_id") if isinstance(marks, dict) else None


def _find(cells: list[NotebookNode], id: str) -> int | None:
    """The cell with this grade_id, else with this id, else marked as the answer to it; the last."""
    found = (
        [i for i, c in enumerate(cells) if _grade_id(c) == id]
        or [i for i, c in enumerate(cells) if c.cell_type != "raw" and c.get("id") == id]
        or [i for i, c in enumerate(cells) if question_of(c.source, c.cell_type) == id]
    )
    return found[-1] if found else None
