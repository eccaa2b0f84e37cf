"""One notebook of a problem set: the solutions of its parts, composed."""

import base64
import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.authoring.first_cell import first_cell
from autograder.authoring.marks import mark
from autograder.authoring.undefined import undefined
from autograder.course.dates import written
from autograder.course.table import Course
from autograder.grading.marks import unmarked
from autograder.model import CourseError, ProblemSet
from autograder.parts.declare import Part, applies, misfit
from autograder.parts.numbers import Values, filled

KEPT_METADATA = ("tags", "jupyter", "cellView")
SHARED = "shared"
"""The tag of cells that several parts bring along: the first part's copy is kept."""
PICTURE = re.compile(r"(?<=\()picture:([\w-]+)(?=\))")
"""The address of a picture in a text cell, before it is put there."""
MARKS = re.compile(r"\A# Question: .*\n|^ *### (?:BEGIN|END) SOLUTION *\n?", re.MULTILINE)
"""What makes a cell an answer, which it is not where it is given."""
TODO = re.compile(r"\n\n *TODO:.*?(?=\n *\"\"\")", re.DOTALL)
"""What a docstring asks for, where nothing is asked."""
ONLY_IF = re.compile(r"\{\{(\w+)=([\w.]+):(.*?)\}\}", re.DOTALL)
"""Text that is there with a value of an option alone, or where a part is before or given."""
HINTS = "hints"
"""The tag of cells with hints, which ``hints = false`` leaves out."""


def composed(ps: ProblemSet, course: Course) -> str:
    """The notebook of a problem set with its solutions, as text.

    Cells of several parts tagged ``shared`` appear once; those at a part's end move to the end.
    A cell tagged ``option=value`` appears where the problem set's option has this value, and
    ``{{option}}`` stands for the value; ``{{option=value:text}}`` is text for this value alone. A
    tag ``PART=before`` or ``PART=given`` tells whether a part that another needs is in the problem
    set. A picture in a text cell, ``![…](picture:NAME)``, is taken
    from ``solutions/pictures``, and put into the cell: Colab shows no attachments.

    Raises:
        CourseError: an answer cell or its test is not as the grader needs it, or a tag names an
            option or value that there is not.
    """
    values = _values(ps, course)
    cells = [_cell(cell, values, chosen) for cell, chosen in _ordered(ps, course)]
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = PICTURE.sub(lambda match: _picture(match[1], course), cell.source)
    mark(cells, ps)
    if wrong := undefined(cells):
        more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise CourseError(f"{ps.id} cannot be put together: {'; '.join(wrong[:3])}{more}.")
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=_metadata(ps))
    return f"{nbformat.writes(notebook, version=4)}\n"


def _ordered(ps: ProblemSet, course: Course) -> list[tuple[NotebookNode, Values]]:
    """The cells of all parts, those that several share once, and what is chosen for each."""
    body: list[tuple[NotebookNode, Values]] = []
    tail: list[tuple[NotebookNode, Values]] = []
    for part in course.parts(ps):
        path = course.solution_path(part.name)
        there = {p: "before" if p in ps.parts else "given" for p in part.needed}
        chosen = {**part.values(ps.options), **there}
        cells = [c for c in _read(path).cells if applies(_when(c, part, path), chosen)]
        _refuse_typed(cells, part, ps, path)
        cells = _with_given(cells, part, there, course)
        cells = [c for c in cells if ps.hints or not _tagged(c, HINTS)]
        if not part.usual(ps.options):
            # They show what came out with the usual numbers.
            cells = [c for c in cells if not PICTURE.search(c.source)]
        last = max((i for i, c in enumerate(cells) if not _shared(c)), default=-1)
        for index, cell in enumerate(cells):
            earlier = [c for c, _ in (*body, *tail) if c.id == cell.id]
            if not earlier:
                (body if index <= last else tail).append((cell, chosen))
            elif not (_shared(cell) and _shared(earlier[0])):
                raise CourseError(
                    f"{path}: another cell has the id {cell.id!r} too; rename it, or tag both "
                    f"`{SHARED}` to keep the first."
                )
    whole = [*body, *tail]
    if not any(_tagged(c, HINTS) and not _shared(c) for c, _ in whole):
        whole = [(c, chosen) for c, chosen in whole if not _tagged(c, HINTS)]  # of how to use them
    return whole


def _refuse_typed(cells: list[NotebookNode], part: Part, ps: ProblemSet, path: Path) -> None:
    """No text or code may say another number than was chosen, but where it is for that alone."""
    for name, number in part.all_numbers.items():
        for cell in cells:
            for line, text in enumerate(_without(name, cell.source).split("\n"), 1):
                if typed := number.typed(text, ps.options[name]):
                    raise CourseError(
                        f"{path}, cell {cell.id!r}, line {line}, says {typed!r}, but {name} is "
                        f"{ps.options[name]} in {ps.id}: write {{{{{name}}}}} there."
                    )


def _without(option: str, source: str) -> str:
    """The source without the text that is there with some value of an option."""
    return ONLY_IF.sub(
        lambda match: "\n" * match[0].count("\n") if match[1] == option else match[0], source
    )


def _with_given(
    cells: list[NotebookNode], part: Part, there: Mapping[str, str], course: Course
) -> list[NotebookNode]:
    """The cells, with those of other parts that are given, below the text that says so."""
    for other, how in there.items():
        if how == "before":
            continue
        known = {cell.id: cell for cell in _read(course.solution_path(other)).cells}
        if missing := [id for id in part.needed[other] if id not in known]:
            raise CourseError(
                f"Part {part.name} needs {', '.join(missing)} of {other}, whose notebook "
                f"{course.solution_path(other)} has no such cells."
            )
        given = [deepcopy(known[id]) for id in part.needed[other]]
        for cell in given:
            cell.id = f"given-{cell.id}"
            cell.metadata = NotebookNode()
            cell.source = TODO.sub("", MARKS.sub("", unmarked(cell.source)))
        marked = [i for i, c in enumerate(cells) if _tagged(c, f"{other}=given")]
        place = marked[-1] + 1 if marked else 0
        cells = [*cells[:place], *given, *cells[place:]]
    return cells


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
    return _tagged(cell, SHARED)


def _tagged(cell: NotebookNode, tag: str) -> bool:
    return tag in cell.metadata.get("tags", [])


def _when(cell: NotebookNode, part: Part, path: Path) -> dict[str, str]:
    """The options that the cell's tags ``option=value`` ask for."""
    asked = [tag.split("=", 1) for tag in cell.metadata.get("tags", []) if "=" in tag]
    when: dict[str, str] = dict(asked)
    known = part.options | dict.fromkeys(part.needed, ("before", "given"))
    wrong = misfit(when, known)
    if len(when) < len(asked):
        wrong = "an option is there twice."
    if wrong:
        raise CourseError(f"{path}, the tags of cell {cell.id!r}: {wrong}")
    return when


def _metadata(ps: ProblemSet) -> dict[str, Any]:
    return {
        "accelerator": "GPU",  # what Colab opens it with
        "course": {
            "problem_set": ps.id,
            "questions": [q.id for q in ps.questions],
            "names": {q.id: list(q.names) for q in ps.questions},
            "bonus": [q.id for q in ps.questions if q.bonus],
            "by_hand": [q.id for q in ps.by_hand],
        },
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def _values(ps: ProblemSet, course: Course) -> dict[str, str]:
    """What stands for each placeholder of the parts' notebooks."""
    return {
        "title": ps.title,
        "number": str(ps.number),
        "posted": written(ps.posted, ps.posted_at, course.about.timezone),
        "due": written(ps.due, ps.due_at, course.about.timezone),
        "points": _number(ps.points + ps.points_by_hand),
        "hand_in": ps.hand_in,
        "problem_set": ps.id,
        "course": course.about.title,
        "term": course.about.term,
        "first_cell": first_cell(course),
        **{name: str(value) for name, value in ps.options.items()},
    } | {f"points:{q.id}": _number(q.points) for q in (*ps.questions, *ps.by_hand)}


def _cell(cell: NotebookNode, values: Mapping[str, str], chosen: Values) -> NotebookNode:
    """A copy without outputs and tools' metadata, its placeholders filled in."""
    cell = deepcopy(cell)
    cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k in KEPT_METADATA})
    tags = cell.metadata.pop("tags", [])
    if kept := [t for t in tags if t != SHARED and "=" not in t]:
        cell.metadata.tags = kept
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    cell.source = ONLY_IF.sub(
        lambda match: match[3] if _chosen(match, chosen, cell) else "", cell.source
    )
    for name, value in values.items():
        cell.source = cell.source.replace(f"{{{{{name}}}}}", value)
    cell.source = filled(cell.source, chosen)
    if cell.cell_type == "markdown" and (
        left := re.search(r"\{\{[a-z_]+([:=][^}]*)?\}\}", cell.source)
    ):
        raise CourseError(
            f"Cell {cell.id!r} has {left.group(0)}, which nothing fills in; "
            f"there are {', '.join(values)}."
        )
    return cell


def _chosen(match: re.Match[str], chosen: Values, cell: NotebookNode) -> bool:
    name, value = match[1], match[2]
    if name not in chosen:
        raise CourseError(
            f"Cell {cell.id!r} has {match[0][:40]!r}, but there is no option {name!r}; there are "
            f"{', '.join(chosen) or 'none'}."
        )
    return str(chosen[name]) == value


def _picture(name: str, course: Course) -> str:
    path = course.root / "solutions" / "pictures" / f"{name}.png"
    if not path.is_file():
        raise CourseError(f"There is no {path}, which a text cell shows.")
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _number(value: float) -> str:
    return f"{value:g}"
