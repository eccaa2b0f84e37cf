"""Reads course.toml, and keeps the secret that seeds a term's inputs."""

import contextlib
import hashlib
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from autograder.course.limits import read as read_limits
from autograder.model import CourseError, ProblemSet, Question
from autograder.paths import ROOT

PUBLIC_SECRET = b"public: the demo and the tests grade with inputs that anybody can compute"
"""For the demo and the tests. Inputs drawn from it are no secret from students."""

PROFILES = ("full", "mini")
VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")

_SETTINGS = {"course": ("title", "term"), "helpers": ("source",), "gradescope": ("torch_index",)}
_LIMITS = "limits"
_TABLES = (*_SETTINGS, _LIMITS)
_REQUIRED = {
    "title": str,
    "number": int,
    "parts": list,
    "posted": date,
    "due": date,
    "hand_in": str,
}
_OPTIONAL = {"profiles": list, "visibility": str, "points": dict, "options": dict, "limits": dict}
_KINDS = {
    str: "a text",
    int: "a whole number",
    list: "a list",
    date: "a date like 2026-10-12",
    dict: "a table",
}


@dataclass(frozen=True)
class Settings:
    """What course.toml says about the course as a whole."""

    title: str
    term: str
    helpers_source: str
    torch_index: str


def settings(root: Path = ROOT) -> Settings:
    """The tables ``course``, ``helpers`` and ``gradescope``. Raises CourseError."""
    tables = _read(root)
    texts = {}
    for name, keys in _SETTINGS.items():
        table = _table(tables.get(name, {}), name, root)
        _known(table, keys, name, root)
        for key in keys:
            texts[key] = _value(table, key, str, name, root) if key in table else ""
    return Settings(texts["title"], texts["term"], texts["source"], texts["torch_index"])


def load_course(root: Path = ROOT) -> dict[str, ProblemSet]:
    """Every problem set of course.toml by its id, in the order written. Raises CourseError."""
    settings(root)
    return {id: problem_set(id, root) for id in _read(root) if id not in _TABLES}


def problem_set(id: str, root: Path = ROOT) -> ProblemSet:
    """One problem set. Raises CourseError, naming those there are when there is none such."""
    tables = _read(root)
    if id in _TABLES or id not in tables:
        known = ", ".join(k for k in tables if k not in _TABLES) or "none"
        raise CourseError(f"There is no problem set {id!r} in {root / 'course.toml'}: {known}.")
    limits = _table(tables.get(_LIMITS, {}), _LIMITS, root)
    return _problem_set(id, _table(tables[id], id, root), limits, root)


def composed_path(problem_set: ProblemSet | str, root: Path = ROOT) -> Path:
    """The problem set's notebook with its solutions: made by ``release``, not committed."""
    return _notebook("solutions", problem_set, root)


def release_path(problem_set: ProblemSet | str, root: Path = ROOT) -> Path:
    """The problem set's notebook for students: made by ``release`` from the composed one."""
    return _notebook("notebooks", problem_set, root)


def _notebook(folder: str, problem_set: ProblemSet | str, root: Path) -> Path:
    id = problem_set if isinstance(problem_set, str) else problem_set.id
    return root / folder / id / f"{id}.ipynb"


def secret(ps_id: str, root: Path = ROOT, create: bool = False) -> bytes:
    """The secret that seeds the inputs of a problem set; with ``create``, made when there is none.

    It comes from the variable ``COURSE_SECRET_<PS>``, else from ``secrets/<ps>`` (0600, ignored
    by git). ``COURSE_PUBLIC_SECRET=1`` stands for the public one.

    Making it writes its SHA-256 to ``notebooks/<ps>.secret.sha256``, to be committed with the
    release. So a secret that is lost, in this checkout or in a clone of it, is told apart from
    one that was never made, and is reported, not remade: other inputs would make regrades
    disagree. It lies beside the release and not in it because the release must have the same
    bytes everywhere, and ``nbgrader generate_assignment`` empties ``notebooks/<ps>/``.
    Raises CourseError when the secret is lost, is another one, or was not made yet.
    """
    if os.environ.get("COURSE_PUBLIC_SECRET", "0") not in ("", "0"):
        return PUBLIC_SECRET
    path, mark = root / "secrets" / ps_id, root / "notebooks" / f"{ps_id}.secret.sha256"
    variable = f"COURSE_SECRET_{ps_id.upper()}"
    expected = mark.read_text(encoding="ascii").strip() if mark.is_file() else ""
    where = variable
    value = os.environ.get(variable, "").strip().encode()
    if not value and path.is_file():
        where = str(path)
        with contextlib.suppress(OSError):  # another user's file: they may have made it readable
            path.chmod(0o600)
        value = path.read_bytes().strip()
        if not value:
            raise CourseError(f"{path} is empty: restore the secret from a backup.")
    if not value and expected:
        raise CourseError(
            f"The secret of {ps_id} is lost: {mark} says that it was made, but {path} is missing. "
            f"Restore it from a backup or set {variable}; to begin a new term with other inputs, "
            f"delete {mark.name} and release again."
        )
    if not value and not create:
        raise CourseError(
            f"{ps_id} has no secret yet: run `python -m autograder release {ps_id}`, which makes "
            f"{path}, or choose the public one with COURSE_PUBLIC_SECRET=1."
        )
    if not value:
        value = _make(path)
    found = hashlib.sha256(value).hexdigest()
    if expected and found != expected:
        raise CourseError(
            f"{where} is not the secret that {ps_id} was released with ({mark} says): restore "
            f"that one, or, to begin a new term, delete {mark.name} and release again."
        )
    if create and not expected:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(found + "\n", encoding="ascii")
    return value


def _make(path: Path) -> bytes:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    value = secrets.token_hex(32).encode()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(value + b"\n")
    return value


def _read(root: Path) -> dict[str, Any]:
    path = root / "course.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CourseError(f"There is no {path}: it says which problem sets there are.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} is not valid TOML: {error}.") from None


def _table(value: Any, name: str, root: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise CourseError(f"{root / 'course.toml'}: {name} = {value!r} belongs in a table.")
    return value


def _known(table: Mapping[str, Any], keys: Any, name: str, root: Path) -> None:
    if unknown := [k for k in table if k not in keys]:
        raise CourseError(
            f"{root / 'course.toml'}, [{name}]: unknown key {unknown[0]!r}; "
            f"there are {', '.join(keys)}."
        )


def _value(table: Mapping[str, Any], key: str, kind: type, name: str, root: Path) -> Any:
    value = table[key]
    # A bool is an int, and a date with a time is a date, to isinstance only.
    if not isinstance(value, kind) or isinstance(value, bool | datetime):
        raise CourseError(
            f"{root / 'course.toml'}, [{name}]: {key} is {value!r}, but has to be {_KINDS[kind]}."
        )
    return value


def _problem_set(id: str, table: dict[str, Any], limits: dict[str, Any], root: Path) -> ProblemSet:
    def fail(text: str) -> CourseError:
        return CourseError(f"{root / 'course.toml'}, [{id}]: {text}")

    if not re.fullmatch(r"[a-z][a-z0-9_]*", id):
        raise fail("the id of a problem set has small letters, digits and _ only.")
    kinds = {**_REQUIRED, **_OPTIONAL}
    _known(table, kinds, id, root)
    if missing := [k for k in _REQUIRED if k not in table]:
        raise fail(f"{missing[0]} is missing.")
    given = {k: _value(table, k, kinds[k], id, root) for k in table}

    for key, allowed in (("parts", None), ("profiles", PROFILES)):
        items = given.setdefault(key, list(PROFILES))
        if not items or len({*map(str, items)}) < len(items):
            raise fail(f"{key} is {items!r}, but has to name each one once, and at least one.")
        for item in items:
            if not isinstance(item, str) or (allowed and item not in allowed):
                choice = f"one of {', '.join(allowed)}" if allowed else "the name of a part"
                raise fail(f"{key} holds {item!r}, which is not {choice}.")
    visibility = given.get("visibility", "visible")
    if visibility not in VISIBILITIES:
        raise fail(f"visibility is {visibility!r}, but has to be one of {', '.join(VISIBILITIES)}.")
    if given["due"] < given["posted"]:
        raise fail(f"due ({given['due']}) lies before posted ({given['posted']}).")

    questions = _questions(given["parts"], given.get("points", {}), fail)
    return ProblemSet(
        id=id,
        title=given["title"],
        number=given["number"],
        parts=tuple(given["parts"]),
        posted=given["posted"],
        due=given["due"],
        profiles=tuple(given["profiles"]),
        visibility=visibility,
        hand_in=given["hand_in"],
        options=_options(given["parts"], given.get("options", {}), fail),
        limits=read_limits(
            [limits, given.get("limits", {})], [q.id for q in questions["questions"]], fail
        ),
        **questions,
    )


def _options(parts: list[str], chosen: dict[str, Any], fail: Any) -> dict[str, str]:
    """A value for every option of the parts: what was chosen, else the first there is."""
    from autograder.parts.declare import load_part

    known = {name: values for part in parts for name, values in load_part(part).options.items()}
    for name, value in chosen.items():
        if name not in known:
            raise fail(f"there is no option {name!r}, only {', '.join(known) or 'none'}.")
        if value not in known[name]:
            choice = " or ".join(map(repr, known[name]))
            raise fail(f"the option {name} is {value!r}, but has to be {choice}.")
    return {name: values[0] for name, values in known.items()} | chosen


def _questions(
    parts: list[str], points: dict[str, Any], fail: Any
) -> dict[str, tuple[Question, ...]]:
    """The parts' questions with the points chosen for them: those we grade, and those by hand."""
    # Reading a part needs numpy; reading the settings alone does not.
    from autograder.parts.declare import load_part

    questions: dict[str, Question] = {}
    loaded = [load_part(part) for part in parts]
    for part in loaded:
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
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise fail(f"points of {id} is {value!r}, but has to be a number above 0.")
        questions[id] = replace(questions[id], points=float(value))
    manual = {q.id for part in loaded for q in part.by_hand}
    return {
        "questions": tuple(q for id, q in questions.items() if id not in manual),
        "by_hand": tuple(q for id, q in questions.items() if id in manual),
    }
