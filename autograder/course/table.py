"""course.toml: what it says of the course, of its problem sets, and where their files lie."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from autograder.course import dates, policies
from autograder.course.limits import read as read_limits
from autograder.course.records import Record, T, read_toml, typed
from autograder.course.secret import secret
from autograder.model import CourseError, ProblemSet, Question
from autograder.parts import declare
from autograder.parts.declare import Part
from autograder.paths import ROOT

DRIVE = re.compile(r"https://drive\.google\.com/(?:file/d/|(?:open|uc)\?(?:.*&)?id=)([\w-]+)")
"""A share link of Google Drive, and the file's id in it."""

Fail = Callable[[str], CourseError]
Profile = Literal["full", "mini"]


class About(Record, frozen=True):
    """The table ``course``."""

    title: str = ""
    term: str = ""
    timezone: str = "UTC"


class Helpers(Record, frozen=True):
    """The table ``helpers``: where students get the package."""

    source: str = "inside"


class Image(Record, frozen=True):
    """The table ``gradescope``: what its image is built from."""

    torch_index: str = ""


class Table(Record, frozen=True):
    """The table of a problem set, as written."""

    title: str
    number: int
    parts: list[str]
    posted: Any
    due: Any
    hand_in: str
    profiles: list[Profile] = msgspec.field(default_factory=lambda: ["full", "mini"])
    visibility: Literal["visible", "after_due_date", "after_published", "hidden"] = "visible"
    hints: bool | dict[str, Any] = True
    verify: Literal["flag", "required"] = "flag"
    points: dict[str, float] = msgspec.field(default_factory=dict)
    options: dict[str, Any] = msgspec.field(default_factory=dict)
    limits: dict[str, Any] = msgspec.field(default_factory=dict)
    late: dict[str, Any] = msgspec.field(default_factory=dict)


class Course:
    """A course, read once: an edit of course.toml changes nothing of what was read from it.

    ``secret`` stands for the secrets of all problem sets, in the demo and the tests.

    Raises:
        CourseError: course.toml is missing or no TOML, or a table of the whole course is wrong.

    >>> course = Course()
    >>> problem_set = course.problem_set("ps_clip")
    """

    def __init__(self, root: Path = ROOT, secret: bytes | None = None) -> None:
        self.root = root
        self.file = root / "course.toml"
        tables = _read(self.file)
        self.about = self._general(tables, "course", About)
        self.helpers = self._general(tables, "helpers", Helpers)
        _check_source(self.helpers.source, f"{self.file}, [helpers]")
        self.image = self._general(tables, "gradescope", Image)
        self._limits = tables.pop("limits", {})
        self._late = tables.pop("late", {})
        self._tables = tables
        self._problem_sets: dict[str, ProblemSet] = {}
        self._secret = secret
        self._secrets: dict[str, bytes] = {}

    def _general(self, tables: dict[str, Any], name: str, kind: type[T]) -> T:
        return typed(tables.pop(name, {}), kind, f"{self.file}, [{name}]")

    @property
    def ids(self) -> list[str]:
        """The problem sets, in the order written."""
        return list(self._tables)

    def problem_set(self, id: str) -> ProblemSet:
        """One problem set.

        Raises:
            CourseError: there is none such, or its table is wrong.
        """
        if id not in self._tables:
            known = ", ".join(self._tables) or "none"
            raise CourseError(f"There is no problem set {id!r} in {self.file}: {known}.")
        if id not in self._problem_sets:
            self._problem_sets[id] = self._problem_set(id)
        return self._problem_sets[id]

    def parts(self, problem_set: ProblemSet) -> list[Part]:
        """The parts of a problem set, in its order."""
        return [declare.load_part(name) for name in problem_set.parts]

    @property
    def given_secret(self) -> bytes | None:
        """The secret that stands for all; None where the course's folder holds them."""
        return self._secret

    def secret(self, ps_id: str) -> bytes:
        """What seeds the inputs of a problem set. Raises CourseError, as ``secret`` does."""
        if self._secret is not None:
            return self._secret
        if ps_id not in self._secrets:
            self._secrets[ps_id] = secret(ps_id, self.root)
        return self._secrets[ps_id]

    def deadline(self, problem_set: ProblemSet) -> datetime:
        """The moment from which on a hand-in is late. Raises CourseError."""
        zone = dates.zone(self.about.timezone, f"{self.file}, [course]")
        return dates.end(problem_set.due, problem_set.due_at, zone)

    def make_secret(self, ps_id: str) -> None:
        """Make the secret of a problem set where there is none yet. Raises CourseError."""
        if self._secret is None:
            secret(ps_id, self.root, create=True)

    def known_path(self, ps_id: str) -> Path:
        """Where to keep what known mistakes give."""
        return self.root / "build" / "known" / ps_id

    def solution_path(self, part: str) -> Path:
        """The notebook of a part with its solutions, which instructors edit."""
        return self.root / "solutions" / f"{part}.ipynb"

    def composed_path(self, ps_id: str) -> Path:
        """The problem set's notebook with its solutions: made by ``release``, not committed."""
        return self.root / "solutions" / ps_id / f"{ps_id}.ipynb"

    def release_path(self, ps_id: str) -> Path:
        """The problem set's notebook for students: made by ``release`` from the composed one."""
        return self.root / "notebooks" / ps_id / f"{ps_id}.ipynb"

    def _problem_set(self, id: str) -> ProblemSet:
        place = f"{self.file}, [{id}]"

        def fail(text: str) -> CourseError:
            return CourseError(f"{place}: {text}")

        table = typed(self._tables[id], Table, place)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", id):
            raise fail("the id of a problem set has small letters, digits and _ only.")
        for key, items in (("parts", table.parts), ("profiles", table.profiles)):
            if not items or len({*items}) < len(items):
                raise fail(f"{key} is {items!r}, but has to name each one once, and at least one.")
        if not isinstance(self._limits, Mapping):
            raise CourseError(f"{self.file}: limits = {self._limits!r} belongs in a table.")
        parts = [_part(name, fail) for name in table.parts]
        _check_order(parts, fail)
        questions = _questions(parts, table.points, fail)
        by_hand = {q.id for part in parts for q in part.by_hand}
        graded = tuple(q for q in questions if q.id not in by_hand)
        return ProblemSet(
            id=id,
            title=table.title,
            number=table.number,
            parts=tuple(table.parts),
            **_dates(table, fail),
            profiles=tuple(table.profiles),
            visibility=table.visibility,
            hand_in=table.hand_in,
            hints=table.hints is not False,
            hold=policies.hold(table.hints, f"{place}, hints", fail),
            verify=table.verify,
            late=policies.lateness(self._late, table.late, f"{self.file}, [late]", place),
            options=_options(parts, table.options, fail),
            questions=graded,
            by_hand=tuple(q for q in questions if q.id in by_hand),
            limits=read_limits([self._limits, table.limits], [q.id for q in graded], fail),
        )


def _part(name: str, fail: Fail) -> Part:
    try:
        return declare.load_part(name)
    except CourseError as error:
        raise fail(str(error)) from None


def _dates(table: Table, fail: Fail) -> dict[str, Any]:
    posted, due = dates.day(table.posted, "posted", fail), dates.day(table.due, "due", fail)
    if due < posted:
        raise fail(f"due ({due}) lies before posted ({posted}).")
    times = {"posted_at": table.posted, "due_at": table.due}
    with_time = {key: value for key, value in times.items() if isinstance(value, datetime)}
    return {"posted": posted, "due": due, **with_time}


def _check_order(parts: list[Part], fail: Fail) -> None:
    """What a part needs of another is there before it, or given."""
    names = [part.name for part in parts]
    for part in parts:
        for other in part.needed:
            if other in names and names.index(other) > names.index(part.name):
                raise fail(
                    f"parts has {part.name} before {other}, whose answers it uses: put {other} "
                    "first, or leave it out, and they are given."
                )


def _check_source(source: str, place: str) -> None:
    """Students install a wheel, which holds ``helpers`` alone."""
    wheel = re.fullmatch(r"https?://[^\s\"]+\.whl(#\S*)?", source)
    if source not in ("", "inside") and not wheel and not DRIVE.match(source):
        raise CourseError(
            f'{place}: source is {source!r}, but has to be "inside", the address of a wheel '
            "(https://….whl), or a share link of Google Drive to one. With a repository or an "
            "archive of it, students would get solutions/ as well."
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path)
    except FileNotFoundError:
        raise CourseError(f"There is no {path}: it says which problem sets there are.") from None


def _options(
    parts: list[Part], chosen: Mapping[str, Any], fail: Fail
) -> dict[str, str | int | float]:
    """A value for every option of the parts: what was chosen, else the first there is.

    A part's numbers are there also where it is not, and another needs it.
    """
    known = {name: values for part in parts for name, values in part.options.items()}
    numbers = {name: number for part in parts for name, number in part.all_numbers.items()}
    for name, value in chosen.items():
        if name not in {**known, **numbers}:
            there = ", ".join({**known, **numbers}) or "none"
            raise fail(f"there is no option {name!r}, only {there}.")
        wrong = (
            numbers[name].misfit(name, value)
            if name in numbers
            else declare.misfit({name: value}, known)
        )
        if wrong:
            raise fail(wrong)
    first = {name: values[0] for name, values in known.items()}
    return first | {name: n.default for name, n in numbers.items()} | dict(chosen)


def _questions(parts: list[Part], points: Mapping[str, float], fail: Fail) -> list[Question]:
    """The parts' questions, those graded by hand last of each, with the points chosen for them."""
    questions: dict[str, Question] = {}
    for part in parts:
        for question in [*part.questions, *part.by_hand]:
            if question.id in questions:
                other = questions[question.id].part
                raise fail(
                    f"the parts {other} and {part.name} both have a question {question.id!r}."
                )
            questions[question.id] = question
    for id, value in points.items():
        if id not in questions:
            raise fail(f"points names {id!r}; the questions are {', '.join(questions)}.")
        if not value >= 0:
            raise fail(
                f"points of {id} is {value:g}, but has to be 0, which drops the question, or more."
            )
        questions[id] = replace(questions[id], points=value)
    return list(questions.values())
