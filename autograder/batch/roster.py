"""The students of a course, and who of them handed something in."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.model import CourseError, HandIn, Student

COLUMNS = {
    "id": ("id", "student id", "studentid", "sid", "id number", "netid", "username", "login",
           "student"),
    "name": ("name", "student name", "full name", "student"),
    "first": ("first name", "given name"),
    "last": ("last name", "surname", "family name"),
    "email": ("email", "e mail", "email address", "mail", "sis login id", "login id", "login"),
    "section": ("section", "sections", "group", "groups", "class"),
    "extension": ("extension", "extension days", "days"),
}  # fmt: skip
"""What a column may be called, however its words are written; of several, the first counts."""
POINTS = "Points Possible"
"""What Canvas's gradebook has for a student in the row that holds the maxima."""


@dataclass(frozen=True)
class Enrolled:
    """A line of the roster; ``extension`` are days that only this student has."""

    student: Student
    section: str = ""
    extension: float = 0.0


class Roster:
    """Finds a student by what a platform tells of a hand-in."""

    def __init__(self, enrolled: Sequence[Enrolled]) -> None:
        self.enrolled = enrolled
        self._by: dict[str, dict[str, Enrolled | None]] = {"id": {}, "email": {}, "name": {}}
        for one in enrolled:
            student = one.student
            emails = {student.email.casefold(), student.email.casefold().partition("@")[0]}
            self._add("id", [student.id.casefold()], one)
            self._add("email", emails, one)
            self._add("name", _ways(student.name), one)

    def _add(self, key: str, values: Iterable[str], one: Enrolled) -> None:
        for value in filter(None, values):
            known = self._by[key]
            known[value] = one if known.get(value, one) is one else None  # two have it: nobody

    def find(self, student: Student) -> Enrolled | None:
        """Who it is: by id, else by e-mail or login, else by the name, if one alone has it."""
        id, email = student.id.casefold(), student.email.casefold()
        tried = [("id", id), ("email", email), ("email", id), ("id", email.partition("@")[0])]
        tried += [("name", way) for way in sorted(_ways(student.name))]
        return next((one for key, v in tried if v and (one := self._by[key].get(v))), None)


def students(hand_in: HandIn, submission: str) -> tuple[Student, ...]:
    """Who handed in; where no layout tells, whose name the submission has, or its folder."""
    name = submission.partition("__")[0]
    return hand_in.students or (Student(name, name),)


def read_table(path: Path) -> list[list[str]]:
    """The rows of a CSV file, as spreadsheets of any country write it.

    Raises:
        CourseError: it is none.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    delimiter = max(",;\t", key=(text.splitlines() or [""])[0].count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise CourseError(f"{path} is no CSV file: {error}. Save it as one again.") from None


def read(path: Path) -> Roster:
    """The roster in a CSV file with a header: id, name, email, section, extension.

    Raises:
        CourseError: there is no such file, it has neither ids nor names, or a line is wrong.
    """
    if not path.is_file():
        raise CourseError(f"There is no roster {path}.")
    header, *rows = read_table(path) or [[]]
    names = [" ".join(re.findall(r"\w+", h.casefold().replace("_", " "))) for h in header]
    places: dict[str, int | None] = {}
    for key, known in COLUMNS.items():
        free = [n for n in known if n in names and names.index(n) not in places.values()]
        places[key] = names.index(free[0]) if free else None
    if all(places[key] is None for key in ("id", "name", "email")):
        raise CourseError(
            f"{path} begins with {', '.join(header) or 'nothing'}: the first line of a roster "
            "names its columns, of which id, name, email, section and extension are read."
        )
    enrolled: dict[str, Enrolled] = {}
    for n, row in enumerate(rows, 2):
        if any(cell.strip() for cell in row) and POINTS not in map(str.strip, row):
            one = _enrolled(row, places, f"{path}, line {n}")
            if one.student.id in enrolled:
                raise CourseError(f"{path}, line {n}: {one.student.id} stands there twice.")
            enrolled[one.student.id] = one
    return Roster(list(enrolled.values()))


def _enrolled(row: Sequence[str], places: dict[str, int | None], where: str) -> Enrolled:
    def cell(key: str) -> str:
        place = places[key]
        return row[place].strip() if place is not None and place < len(row) else ""

    days = cell("extension").replace(",", ".") or "0"
    try:
        extension = float(days)
        if not 0 <= extension < 1000:
            raise ValueError
    except ValueError:
        raise CourseError(f"{where}: the extension is {days!r}, but has to be days.") from None
    name = cell("name") or " ".join(filter(None, [cell("first"), cell("last")]))
    student = Student(cell("id") or cell("email") or name, name, cell("email"))
    if not student.id:
        raise CourseError(f"{where}: neither an id nor a name stands there.")
    return Enrolled(student, cell("section"), extension)


def _ways(name: str) -> set[str]:
    """How platforms write a name: without accents, spaces and marks, the last word first."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    last, comma, first = plain.partition(",")
    words = re.findall(r"\w+", f"{first} {last}" if comma else plain)
    ways = {"".join(words[i:] + words[:i]) for i in range(len(words))}
    # as Canvas does it: letters with their accents
    accented = re.findall(r"\w+", unicodedata.normalize("NFC", name).casefold())
    return ways | {"".join(accented[i:] + accented[:i]) for i in range(len(accented))}
