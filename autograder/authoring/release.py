"""Makes the students' release of a problem set from its composed notebook."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import SaveCells
from traitlets.config import Config, PyFileConfigLoader

from autograder.authoring import leaks, wheel
from autograder.authoring.compose import composed
from autograder.authoring.marks import definitions
from autograder.authoring.runs import OF_PACKAGE, Runs
from autograder.course.table import Course
from autograder.model import CourseError, ProblemSet


@dataclass(frozen=True)
class Made:
    """A problem set's notebook with its solutions, and as students get it, as texts."""

    solution: str
    notebook: str


def make(ps: ProblemSet, course: Course) -> Made:
    """Both notebooks of a problem set; nothing is written. Raises CourseError as ``release``."""
    solution = composed(ps, course)
    return Made(solution, stripped(solution, ps, course))


def release(ps: ProblemSet, course: Course, made: Made | None = None) -> Path:
    """Write ``solutions/<ps>/<ps>.ipynb`` and ``notebooks/<ps>/<ps>.ipynb``; return the latter.

    The second is what ``nbgrader generate_assignment`` makes of the first, byte for byte. The
    term's secret is made, unless the course has one for all, as in the demo and the tests.

    Raises:
        CourseError: the notebooks break the contract with the grader, or the release would show
            anything of a solution, an output or a hidden test; nothing was written.
    """
    made = made or make(ps, course)
    course.make_secret(ps.id)
    _write(course.composed_path(ps.id), made.solution)
    return _write(course.release_path(ps.id), made.notebook)


def stripped(solution: str, ps: ProblemSet, course: Course) -> str:
    """The students' version of a composed notebook, by nbgrader's own preprocessors.

    They are those of ``generate_assignment`` but for the one that fills the gradebook, and run as
    ``nbgrader_config.py`` configures them. Raises CourseError as ``release`` does.
    """
    source = nbformat.reads(solution, as_version=4)
    for cell in source.cells:
        if problem := leaks.unbalanced(cell.source):
            raise CourseError(f"{ps.id}, cell {cell.id!r}: {problem}.")
    converter = _converter(ps, course.root)
    exporter = converter.exporter_class(parent=converter, config=converter.config)
    for preprocessor in converter.preprocessors:
        if preprocessor is not SaveCells:
            exporter.register_preprocessor(preprocessor)
    resources = {"unique_key": ps.id, "nbgrader": {"assignment": ps.id, "notebook": ps.id}}
    try:
        text, _ = exporter.from_notebook_node(source, resources=resources)
    except Exception as error:  # nbgrader raises bare RuntimeErrors, its own and nbformat's
        raise CourseError(f"nbgrader cannot make a release of {ps.id}: {error}") from error
    result = nbformat.reads(text, as_version=4)
    beside = wheel.texts()  # student.zip has it, wherever the notebook takes it from
    problems = leaks.find(source, result, beside)
    problems += _runs(source, result, beside)
    if problems:
        raise CourseError(
            f"{ps.id} is not released: {'; '.join(problems[:5])}"
            + (f"; and {len(problems) - 5} more." if len(problems) > 5 else ".")
        )
    _scaffold(source, result, ps)
    return str(text)


def _runs(source: NotebookNode, result: NotebookNode, beside: Mapping[str, str]) -> list[str]:
    """Where the release or what comes with it holds a solution's code with other names."""
    runs = Runs(source)
    places = [(f"cell {cell.id!r}", cell) for cell in result.cells]
    places.append(("the notebook's metadata", result.metadata))
    found = [p for place, of in places for text in leaks.texts(of) for p in runs.find(place, text)]
    found += [p for name, text in beside.items() for p in runs.find(name, text, OF_PACKAGE)]
    return list(dict.fromkeys(found))


def _converter(ps: ProblemSet, root: Path) -> GenerateAssignment:
    config = Config()
    if (root / "nbgrader_config.py").is_file():
        config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    for end in ("header", "footer"):  # nbgrader reads them relative to the course's root
        if path := config.IncludeHeaderFooter.get(end):
            config.IncludeHeaderFooter[end] = str(root / path)
    coursedir = CourseDirectory(config=config, root=str(root), assignment_id=ps.id)
    return GenerateAssignment(coursedir=coursedir, config=config)


def _scaffold(solution: NotebookNode, result: NotebookNode, ps: ProblemSet) -> None:
    """Check that the release still has the ``class`` and ``def`` lines of the answers."""
    sources = {cell.id: cell.source for cell in solution.cells}
    answers = {cell.id: cell.source for cell in result.cells}
    for question in ps.questions:
        place = f"{ps.id}, the answer to {question.id} in the release,"
        kept = definitions(answers[question.id], place)
        for name, header in definitions(sources[question.id], place):
            if header and (name, header) not in kept:
                raise CourseError(f"{place} lost `{header}`: move it out of the solution's lines.")


def _write(path: Path, text: str) -> Path:
    """Replace a file whole, and only when it changes."""
    if path.is_file() and path.read_bytes() == text.encode():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(text.encode())
    part.replace(path)
    return path
