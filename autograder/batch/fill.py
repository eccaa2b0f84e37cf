"""Puts grades into a platform's own table: its rows and columns stay, a column is filled."""

import csv
import io
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.batch.roster import POINTS, Enrolled, Roster
from autograder.batch.tables import Gradebook, number
from autograder.model import CourseError, ProblemSet, Student
from autograder.results.files import write_text
from autograder.results.rows import Row

Find = Callable[[Student], list[str] | None]


@dataclass(frozen=True)
class Layout:
    """How a platform names the columns of who a row is about, and the maximum's, beside a title."""

    ids: tuple[str, ...]
    emails: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    new: tuple[str, ...]
    """The columns of a table that is made without the platform's own export."""


CANVAS = Layout(
    ("ID", "SIS User ID", "SIS Login ID"),
    ("SIS Login ID",),
    (("Student",),),
    ("Student", "ID", "SIS User ID", "SIS Login ID", "Section"),
)
GRADESCOPE = Layout(
    ("SID",),
    ("Email",),
    (("First Name", "Last Name"), ("Name",)),
    ("Name", "SID", "Email", "Sections"),
)


def fill(
    layout: Layout, book: Gradebook, rows: Sequence[Row], out: Path, own: Path | None, column: str
) -> str:
    """Write the table with ``column`` of grades.csv in it to ``out``; say whom it left out.

    ``own`` is the platform's export. Raises CourseError, where it is none.
    """
    ps = book.problem_set
    entries = book.entries(rows)
    header, table = (
        _read(own, layout)
        if own
        else _new(layout, book, [t for _, t in entries], {row.name for row in rows})
    )
    there = len(header)
    target = _column(header, ps)
    for row in table:
        row += [""] * (len(header) - len(row))
    find = _find(layout, header, [row for row in table if not _is_points(row, header)])
    missed: list[str] = []
    filled = 0
    for line, told in entries:
        known = book.roster.find(told)
        own_row = find(told) or (find(known.student) if known else None)
        if own_row is None:
            missed.append(line["submission"])
        elif line.get(column):
            own_row[target] = line[column]
            filled += 1
    for row in table:
        if _is_points(row, header) and not row[target]:
            row[target] = number(ps.points)
    made = io.StringIO(newline="")
    csv.writer(made, lineterminator="\n").writerows([header, *table])
    write_text(out, made.getvalue())
    said = f"{out}: {filled} grades in the column {header[target]!r}."
    if own and target >= there:
        others = ", ".join(h for h in header[:-1] if h not in layout.new)
        said += f" It is new: none bears the problem set's title (there are {others or 'none'})."
    if missed:
        said += f" Not in the gradebook: {', '.join(missed)}."
    return said


def _read(path: Path, layout: Layout) -> tuple[list[str], list[list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        header, *table = list(csv.reader(io.StringIO(text, newline="")))
    except FileNotFoundError:
        raise CourseError(f"There is no gradebook {path}.") from None
    except (UnicodeDecodeError, csv.Error, ValueError):
        raise CourseError(f"{path} is no CSV file with a header: export it again.") from None
    if not {*layout.ids, *layout.emails} & {*header}:
        wanted = ", ".join(dict.fromkeys((*layout.ids, *layout.emails)))
        raise CourseError(
            f"{path} has none of the columns {wanted}: give the platform's own export of the "
            "gradebook."
        )
    return header, table


def _new(
    layout: Layout, book: Gradebook, told: Sequence[Student], submissions: Collection[str]
) -> tuple[list[str], list[list[str]]]:
    """A table of everybody who is known, where there is no export."""
    people = {one.student: one.section for one in book.roster.enrolled}
    for student in told:
        if not book.roster.find(student):
            people.setdefault(student, "")
    header = list(layout.new)
    table = []
    for student, section in people.items():
        own = f"{student.name}_{student.id}" in submissions  # as Canvas numbers its students
        known = {"SID": student.id, "ID" if own else "SIS User ID": student.id}
        known |= {"Email": student.email}
        known |= {"Student": student.name or student.id, "Name": student.name or student.id}
        known |= {"Section": section, "Sections": section, "SIS Login ID": student.email}
        table.append([known.get(h, "") for h in header])
    return header, table


def _column(header: list[str], ps: ProblemSet) -> int:
    """Where the grades go: the column that bears the problem set's title or id, else a new one."""
    plain = [re.sub(r" \(\d+\)$", "", h).strip().casefold() for h in header]
    for wanted in (ps.title.casefold(), ps.id.casefold(), "total score"):
        if wanted in plain:
            return plain.index(wanted)
    header.append(ps.title)
    return len(header) - 1


def _is_points(row: Sequence[str], header: Sequence[str]) -> bool:
    return "Student" in header and row[header.index("Student")].strip() == POINTS


def _find(layout: Layout, header: Sequence[str], rows: Sequence[list[str]]) -> Find:
    """Finds a student's row by any of the ids that it has, by e-mail or by name."""
    tables = []
    for key in layout.ids:
        of: dict[Enrolled, list[str]] = {}
        for i, row in enumerate(rows):
            cell = dict(zip(header, row, strict=False))
            names = [" ".join(cell.get(k, "") for k in keys) for keys in layout.names]
            name = next((n for n in names if n.strip()), "")
            email = next((cell[k] for k in layout.emails if cell.get(k)), "")
            # by its line, too: nobody is meant by what two of them have
            of[Enrolled(Student(cell.get(key, "").strip(), name, email), f"{i}")] = row
        tables.append((Roster([*of]), of))

    def find(told: Student) -> list[str] | None:
        for roster, of in tables:
            if found := roster.find(told):
                return of[found]
        return None

    return find
