"""The tables of a class: grades.csv, of all that lies in a folder, and changes.csv."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from autograder.batch.late import after, days
from autograder.batch.roster import Enrolled, Roster, read_table, students
from autograder.batch.roster import read as read_roster
from autograder.course.table import Course
from autograder.model import CourseError, ProblemSet, Student
from autograder.results.files import write_text
from autograder.results.rows import Row, read_rows
from autograder.results.text import one_line

ROSTER = "roster.csv"
BY_HAND = "by_hand.csv"
NOTHING = "Nothing was handed in."
FORMULA = re.compile(r"^(?=[=+\-@])")
IN_PARTS = re.compile(r"(^|[;\t])(?=[=+\-@])")
"""What a spreadsheet takes for a formula, a second one also where it splits at semicolons."""
CHANGES = ("submission", "question", "before", "after", "reason")


@dataclass(frozen=True)
class Gradebook:
    """What decides a line of grades.csv beside results: who is enrolled, when it was due, and
    points that a person gave, by submission or student and by question."""

    problem_set: ProblemSet
    deadline: datetime
    roster: Roster = field(default_factory=lambda: Roster([]))
    by_hand: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path, problem_set: ProblemSet, course: Course) -> "Gradebook":
        """By the roster and the points by hand that lie in a folder of results.

        Raises:
            CourseError: one of them is not as it has to be.
        """
        path = folder / ROSTER
        roster = read_roster(path) if path.is_file() else Roster([])
        by_hand = read_by_hand(folder / BY_HAND, problem_set)
        return cls(problem_set, course.deadline(problem_set), roster, by_hand)

    def strangers(self, rows: Iterable[Row]) -> list[str]:
        """Who has points by hand, and neither a hand-in nor a line in the roster."""
        known = {s.id for row in rows for s in students(row.hand_in, row.name)}
        known |= {one.student.id for one in self.roster.enrolled} | {row.name for row in rows}
        return sorted(set(self.by_hand) - known)

    @property
    def header(self) -> list[str]:
        ps = self.problem_set
        ids = [q.id for q in (*ps.questions, *ps.by_hand)]
        late = ["late_total"] if ps.late else []
        return [
            "submission", "student", "name", "submitted", "late", *ids, "total", *late, "max",
            "verified", "note",
        ]  # fmt: skip

    def lines(self, rows: Iterable[Row]) -> list[dict[str, str]]:
        """A line for each student of each submission, and for everybody else on the roster."""
        made = self.entries(rows)
        there = {found.student for _, told in made if (found := self.roster.find(told))}
        missing = [one for one in self.roster.enrolled if one.student not in there]
        return [*(line for line, _ in made), *map(self._missing, missing)]

    def entries(self, rows: Iterable[Row]) -> list[tuple[dict[str, str], Student]]:
        """A line for each student of each submission, and the student as it tells."""
        return [
            (self._line(row, told, self.roster.find(told)), told)
            for row in rows
            for told in students(row.hand_in, row.name)
        ]

    def _line(self, row: Row, student: Student, enrolled: Enrolled | None) -> dict[str, str]:
        ps, told = self.problem_set, row.hand_in
        own = enrolled.student if enrolled else student if told.students else Student()
        points = {id: score for id, score in row.scores.items() if id not in row.faults}
        given = self.given(row.name, own if own.id else student)
        late = days(told, self.deadline, ps.late, enrolled.extension if enrolled else 0)
        total = round(row.score + sum(given.values()), 4)
        notes = [row.problem, f"fault of the grader: {row.fault}" if row.fault else "", *row.notes]
        if self.roster.enrolled and not enrolled:
            notes.append("Not on the roster.")
        if told.late and not told.submitted:
            says = "The platform says late, without a time"
            notes.append(
                f"{says}: counted as one day."
                if late
                else f"{says}: see whether the extension covers it."
            )
        at = told.submitted and told.submitted.astimezone(self.deadline.tzinfo)
        line = {
            "submission": row.name,
            "student": own.id,
            "name": own.name or (student.name if told.students else ""),
            "submitted": at.isoformat(timespec="seconds") if at else "",
            "late": "" if late is None else str(late),
            **{id: number(value) for id, value in (points | dict(given)).items()},
            "total": "" if row.fault else number(total),
            "max": number(row.max_score + sum(q.points for q in ps.by_hand if q.id in given)),
            "verified": {True: "yes", False: "no", None: ""}[row.verified],
            "note": "; ".join(filter(None, notes)),
        }
        if ps.late and not row.fault:
            line["late_total"] = number(after(total, late, ps.late))
        return line

    def given(self, submission: str, student: Student) -> Mapping[str, float]:
        """The points by hand of a submission, or of a student."""
        return self.by_hand.get(submission) or self.by_hand.get(student.id) or {}

    def _missing(self, enrolled: Enrolled) -> dict[str, str]:
        student, ps = enrolled.student, self.problem_set
        given = self.given("", student)
        line = {"student": student.id, "name": student.name, "note": NOTHING}
        line |= {id: number(points) for id, points in given.items()}
        line |= {"total": number(sum(given.values()))} if given else {}
        top = ps.points + sum(q.points for q in ps.by_hand if q.id in given)
        return {**line, "max": number(top)}

    def write(self, rows: Iterable[Row], path: Path) -> None:
        """Replace grades.csv in one step."""
        _write(path, self.header, self.lines(rows))


def read_class(folder: Path, course: Course) -> tuple[ProblemSet, list[Row]]:
    """The problem set that a folder holds results of, and its rows.

    Raises:
        CourseError: there is no such folder, or it holds none, or those of several problem sets.
    """
    if not folder.is_dir():
        raise CourseError(f"There is no folder {folder}: give the one that `grade --out` wrote.")
    rows, _ = read_rows(folder)
    sets = {row.problem_set for row in rows}
    if len(sets) != 1:
        held = ", ".join(sorted(sets)) or "none"
        raise CourseError(f"{folder} has to hold results of one problem set, but there are {held}.")
    return course.problem_set(sets.pop()), rows


def write_changes(changes: Iterable[Mapping[str, str]], path: Path) -> None:
    """Replace changes.csv in one step."""
    _write(path, CHANGES, changes)


def read_changes(path: Path) -> list[dict[str, str]]:
    """The lines of changes.csv; none where there is no such table."""
    try:
        lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    return [{k: line.get(k) or "" for k in CHANGES} for line in lines]


def read_by_hand(path: Path, problem_set: ProblemSet) -> dict[str, dict[str, float]]:
    """Points that a person gave, from a CSV with a column ``submission`` or ``student``.

    Raises:
        CourseError: a column is unknown, a line names nobody, or a number is none, or more than the
            question has.
    """
    if not path.is_file():
        return {}
    questions = {q.id: q for q in problem_set.by_hand}
    given: dict[str, dict[str, float]] = {}
    header, *rows = read_table(path) or [[]]
    known = ("submission", "student", "name", *questions)
    if unknown := [column for column in header if column not in known]:
        raise CourseError(
            f"{path} has a column {unknown[0]!r}; there are submission or student, and "
            f"{', '.join(questions) or 'no questions graded by hand'}."
        )
    for n, row in enumerate(rows, 2):
        line = dict(zip(header, row, strict=False))
        who = line.get("submission", "").strip() or line.get("student", "").strip()
        if not who and any(line.get(id, "").strip() for id in questions):
            raise CourseError(
                f"{path}, line {n}: points, and neither a submission nor a student stands there."
            )
        for id, question in questions.items():
            if not (text := (line.get(id) or "").strip()):
                continue
            try:
                value = float(text.replace(",", "."))
                if not 0 <= value <= question.points:
                    raise ValueError
            except ValueError:
                raise CourseError(
                    f"{path}, line {n}: {id} is {text!r}, but has to be a number of points up to "
                    f"{question.points:g}."
                ) from None
            given.setdefault(who, {})[id] = value
    return given


def number(value: float) -> str:
    """Points as a table shows them, to four places."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _write(path: Path, header: Sequence[str], lines: Iterable[Mapping[str, str]]) -> None:
    table = io.StringIO(newline="")
    # All quoted, for programs that split at semicolons as well.
    rows = csv.writer(table, lineterminator="\n", quoting=csv.QUOTE_ALL)
    rows.writerow(header)
    for line in lines:
        first, *rest = [one_line(line.get(key, "")) for key in header]
        rows.writerow([FORMULA.sub("'", first), *(IN_PARTS.sub(r"\1'", text) for text in rest)])
    write_text(path, table.getvalue())
