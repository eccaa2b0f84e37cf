"""Makes a problem set's notebooks: the parts' solutions composed, then the students' release."""

import ast
import re
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import SaveCells
from traitlets.config import Config, PyFileConfigLoader

from autograder.authoring import leaks
from autograder.course import table as course
from autograder.model import CourseError, ProblemSet, Question
from autograder.paths import ROOT
from helpers.notebook import BY_HAND, QUESTION

PYPROJECT = ROOT / "pyproject.toml"
KEPT_METADATA = ("tags", "jupyter", "cellView")
SHARED = "shared"
"""The tag of cells that several parts bring along: the first part's copy is kept."""
OPTION = re.compile(r"\w+=\w+")
"""The tag of a cell that is there with one value of an option only."""


def release(problem_set: ProblemSet | str, root: Path = ROOT, *, make_secret: bool = True) -> Path:
    """Write ``solutions/<ps>/<ps>.ipynb`` and ``notebooks/<ps>/<ps>.ipynb``; return the latter.

    The second is what ``nbgrader generate_assignment`` makes of the first, byte for byte. Without
    ``make_secret`` no secret is made: the demo and the tests grade with the public one.
    Raises CourseError, having written nothing, when the notebooks break the contract with the
    grader or when the release would show anything of a solution, an output or a hidden test.
    """
    ps = _problem_set(problem_set, root)
    solution = composed(ps, root)
    text = stripped(solution, ps, root)
    if make_secret:
        course.secret(ps.id, root, create=True)
    _write(course.composed_path(ps, root), solution)
    return _write(course.release_path(ps, root), text)


def compose(problem_set: ProblemSet | str, root: Path = ROOT) -> Path:
    """Write ``solutions/<ps>/<ps>.ipynb``, nbgrader's source, and return its path."""
    ps = _problem_set(problem_set, root)
    return _write(course.composed_path(ps, root), composed(ps, root))


def composed(ps: ProblemSet, root: Path = ROOT) -> str:
    """The notebook of a problem set with its solutions, as text.

    Cells of several parts tagged ``shared`` appear once; those at a part's end move to the end.
    A cell tagged ``option=value`` appears where the problem set's option has this value, and
    ``{{option}}`` stands for the value.
    Raises CourseError when an answer cell or its test is not as the grader needs it.
    """
    body: list[NotebookNode] = []
    tail: list[NotebookNode] = []
    for part in ps.parts:
        cells = [c for c in _read(root / "solutions" / f"{part}.ipynb").cells if _chosen(c, ps)]
        last = max((i for i, c in enumerate(cells) if not _shared(c)), default=-1)
        for index, cell in enumerate(cells):
            earlier = [c for c in (*body, *tail) if c.id == cell.id]
            if not earlier:
                (body if index <= last else tail).append(cell)
            elif not (_shared(cell) and _shared(earlier[0])):
                raise CourseError(
                    f"solutions/{part}.ipynb: another cell has the id {cell.id!r} too; "
                    f"rename it, or tag both `{SHARED}` to keep the first."
                )
    cells = [_cell(cell, ps, course.settings(root)) for cell in (*body, *tail)]
    _grade_ids(cells, ps)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=_metadata(ps))
    return nbformat.writes(notebook, version=4) + "\n"


def stripped(solution: str, ps: ProblemSet, root: Path = ROOT) -> str:
    """The students' version of a composed notebook, by nbgrader's own preprocessors.

    They are those of ``generate_assignment`` but for the one that fills the gradebook, and run as
    ``nbgrader_config.py`` configures them. Raises CourseError as ``release`` does.
    """
    source = nbformat.reads(solution, as_version=4)
    for cell in source.cells:
        if problem := leaks.unbalanced(cell.source):
            raise CourseError(f"{ps.id}, cell {cell.id!r}: {problem}.")
    converter = _converter(ps, root)
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
    if problems := leaks.find(source, result):
        raise CourseError(
            f"{ps.id} is not released: {'; '.join(problems[:5])}"
            + (f"; and {len(problems) - 5} more." if len(problems) > 5 else ".")
        )
    _scaffold(source, result, ps)
    return str(text)


def _converter(ps: ProblemSet, root: Path) -> GenerateAssignment:
    config = Config()
    if (root / "nbgrader_config.py").is_file():
        config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    for end in ("header", "footer"):  # nbgrader reads them relative to the course's root
        if path := config.IncludeHeaderFooter.get(end):
            config.IncludeHeaderFooter[end] = str(root / path)
    coursedir = CourseDirectory(config=config, root=str(root), assignment_id=ps.id)
    return GenerateAssignment(coursedir=coursedir, config=config)


def _problem_set(problem_set: ProblemSet | str, root: Path) -> ProblemSet:
    if isinstance(problem_set, ProblemSet):
        return problem_set
    return course.problem_set(problem_set, root)


def _read(path: Path) -> NotebookNode:
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except FileNotFoundError:
        raise CourseError(f"There is no {path}, which course.toml names as a part.") from None
    except Exception as error:  # nbformat raises many kinds
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise CourseError(f"{path} cannot be read as a notebook: {first}") from error
    for number, cell in enumerate(notebook.cells, 1):
        if "id" not in cell:
            raise CourseError(
                f"{path}: cell {number} has no id, which a release needs to be the same."
            )
    return notebook


def _shared(cell: NotebookNode) -> bool:
    return SHARED in cell.metadata.get("tags", [])


def _chosen(cell: NotebookNode, ps: ProblemSet) -> bool:
    """Whether the cell's tags ``option=value``, if it has any, are what the problem set chose."""
    tags = filter(OPTION.fullmatch, cell.metadata.get("tags", []))
    return all(ps.options.get(option) == value for option, value in (t.split("=") for t in tags))


def _metadata(ps: ProblemSet) -> dict[str, Any]:
    return {
        "accelerator": "GPU",  # what Colab opens it with
        "course": {
            "problem_set": ps.id,
            "questions": [q.id for q in ps.questions],
            "bonus": [q.id for q in ps.questions if q.bonus],
            "by_hand": [q.id for q in ps.by_hand],
        },
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def _cell(cell: NotebookNode, ps: ProblemSet, settings: course.Settings) -> NotebookNode:
    """A copy without outputs and tools' metadata, its placeholders filled in."""
    cell = deepcopy(cell)
    cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k in KEPT_METADATA})
    if tags := [
        t for t in cell.metadata.pop("tags", []) if t != SHARED and not OPTION.fullmatch(t)
    ]:
        cell.metadata.tags = tags
    values = {
        "title": ps.title,
        "number": str(ps.number),
        "posted": _date(ps.posted),
        "due": _date(ps.due),
        "points": _number(ps.points + ps.points_by_hand),
        "hand_in": ps.hand_in,
        "problem_set": ps.id,
        "course": settings.title,
        "term": settings.term,
        "helpers": settings.helpers_source,
        "helpers_version": tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"][
            "version"
        ],
        **ps.options,
    } | {f"points:{q.id}": _number(q.points) for q in (*ps.questions, *ps.by_hand)}
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    for name, value in values.items():
        cell.source = cell.source.replace(f"{{{{{name}}}}}", value)
    if cell.cell_type == "markdown" and (left := re.search(r"\{\{[a-z_]+(:\w*)?\}\}", cell.source)):
        raise CourseError(
            f"Cell {cell.id!r} has {left.group(0)}, which nothing fills in; "
            f"there are {', '.join(values)}."
        )
    return cell


def _date(value: Any) -> str:
    return f"{value.day} {value:%B %Y}"


def _number(value: float) -> str:
    return f"{value:g}"


def _grade_ids(cells: list[NotebookNode], ps: ProblemSet) -> None:
    """Mark answer and test cells for nbgrader, having checked them against the questions."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    found: dict[str, int] = {}
    for index, cell in enumerate(code):
        if not (match := QUESTION.match(cell.source)):
            continue
        id = match.group(1)
        if id in found:
            raise CourseError(f"{ps.id}: two cells are marked `# Question: {id}`.")
        found[id] = index
    questions = {q.id: q for q in ps.questions}
    if unknown := [id for id in found if id not in questions]:
        raise CourseError(
            f"{ps.id}: a cell is marked `# Question: {unknown[0]}`, but the questions are "
            f"{', '.join(questions)}."
        )
    for question in ps.questions:
        if question.id not in found:
            raise CourseError(f"{ps.id}: no cell begins with `# Question: {question.id}`.")
        index = found[question.id]
        answer, test = code[index], code[index + 1] if index + 1 < len(code) else None
        _answer(answer, question, ps)
        if test is None or test.id != f"test_{question.id}":
            raise CourseError(
                f"{ps.id}: the code cell below the answer to {question.id} has to be its test, "
                f"with the id 'test_{question.id}', but is {test and test.id!r}."
            )
        answer.id = question.id
        answer.metadata.nbgrader = _nbgrader(question.id)
        # nbgrader has no bonus cells: such points are extra credit, beside the maximum.
        test.metadata.nbgrader = _nbgrader(test.id, 0 if question.bonus else question.points)
    for question in ps.by_hand:
        _by_hand(cells, question, ps)
    if doubles := sorted({c.id for c in cells if sum(c.id == d.id for d in cells) > 1}):
        raise CourseError(f"{ps.id}: several cells have the id {doubles[0]!r}.")


def _by_hand(cells: list[NotebookNode], question: Question, ps: ProblemSet) -> None:
    """Mark the text cell of a question that a person grades."""
    first = f"<!-- Question: {question.id} -->"
    texts = [c for c in cells if c.cell_type == "markdown"]
    found = [c for c in texts if (m := BY_HAND.match(c.source)) and m.group(1) == question.id]
    if len(found) != 1:
        raise CourseError(f"{ps.id}: {len(found)} text cells begin with `{first}`, not one.")
    cell = found[0]
    if not leaks.split(cell.source)[1]:
        raise CourseError(
            f"{ps.id}, the answer to {question.id} has no lines between ### BEGIN SOLUTION and "
            "### END SOLUTION."
        )
    cell.id = question.id
    cell.metadata.nbgrader = {**_nbgrader(question.id, question.points), "solution": True}
    cell.metadata.nbgrader["locked"] = False


def _nbgrader(grade_id: str, points: float | None = None) -> dict[str, Any]:
    graded = points is not None
    marks: dict[str, Any] = {"grade": graded, "solution": not graded, "locked": graded}
    if points is not None:
        marks["points"] = int(points) if points == int(points) else points
    return {**marks, "grade_id": grade_id, "schema_version": 3}


def _answer(cell: NotebookNode, question: Question, ps: ProblemSet) -> None:
    place = f"{ps.id}, the answer to {question.id}"
    if not leaks.split(cell.source)[1]:
        raise CourseError(f"{place} has no lines between ### BEGIN SOLUTION and ### END SOLUTION.")
    names = [name for name, _ in _definitions(cell.source, place)]
    if sorted(names) != sorted(question.names):
        raise CourseError(
            f"{place} defines {', '.join(names) or 'nothing'}, but has to define "
            f"{', '.join(question.names)} and nothing else."
        )


def _definitions(source: str, place: str) -> list[tuple[str, str]]:
    """What a cell defines at its top level: each name, with its header if it is code."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise CourseError(f"{place} is no valid Python: {error}.") from None
    found: list[tuple[str, str]] = []
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name, bases=bases):
                found.append((name, f"class {name}({', '.join(map(ast.unparse, bases))}):"))
            case ast.FunctionDef(name=name, args=args):
                found.append((name, f"def {name}({ast.unparse(args)}):"))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found.append((name, ""))
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                found += [(alias.asname or alias.name, "") for alias in aliases]
            case ast.Expr(value=ast.Constant(value=str())):
                pass
            case _:
                found.append((f"`{ast.unparse(node).splitlines()[0]}`", ""))
    return found


def _scaffold(solution: NotebookNode, result: NotebookNode, ps: ProblemSet) -> None:
    """Check that the release still has the ``class`` and ``def`` lines of the answers."""
    sources = {cell.id: cell.source for cell in solution.cells}
    answers = {cell.id: cell.source for cell in result.cells}
    for question in ps.questions:
        place = f"{ps.id}, the answer to {question.id} in the release,"
        kept = _definitions(answers[question.id], place)
        for name, header in _definitions(sources[question.id], place):
            if header and (name, header) not in kept:
                raise CourseError(f"{place} lost `{header}`: move it out of the solution's lines.")


def _write(path: Path, text: str) -> Path:
    """Replace a file whole, and only when it changes."""
    if path.is_file() and path.read_bytes() == text.encode():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(text.encode())
    part.replace(path)
    return path
