"""Whom a path names, as Canvas, Moodle, Gradescope and nbgrader lay out what a class hands in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from autograder.model import HandIn, Student

ENDINGS = (".ipynb.txt", ".ipynb.json", ".ipynb")  # browsers add the first two
METADATA = "submission_metadata.yml"
TIMESTAMP = "timestamp.txt"
SUBMITTED = "submitted"
LARGEST_TEXT = 64 << 20  # bytes
CANVAS = re.compile(r"([^_\d\W]+)(_LATE)?_(\d{3,})_(\d{4,})_(.+)")
AGAIN = re.compile(r"-(\d{1,2})$")
"""What Canvas adds to the name of a file that is handed in again."""
MOODLE = re.compile(r"(.+)_(\d+)_assignsubmission_(?:file|onlinetext)(?:_.*)?")
GRADESCOPE = re.compile(r"submission_\d+")
COPY = r"(?:Copy of |Kopie von )?{}(?:-Copy\d*| ?\(\d+\)|-\d+)?"
CLASS = re.compile(
    r"(?:.*/)?(?:(?P<canvas>[^/\W\d_]+(?:_LATE)?_\d{3,})_\d{4,}_[^/]+$"
    r"|(?P<moodle>[^/]+_\d+)_assignsubmission_(?:file|onlinetext)"
    r"|(?P<gradescope>submission_\d+)/"
    r"|submitted/(?P<nbgrader>[^/]+)/[^/]+/)"
)
"""How the platforms begin the name of what they pack of each student."""


@dataclass(frozen=True)
class Told:
    """A name for a submission, and what the layout tells of who handed it in."""

    name: str
    hand_in: HandIn


def told(path: Path, assignment: str) -> Told | None:
    """What the name and place of a file or folder tell; None where they are no platform's."""
    if found := CANVAS.match(path.name):
        name, late, id, upload, file = found.groups()
        again = AGAIN.search(stem(file))
        attempt = int(again[1]) + 1 if again else 1
        of = (int(upload), AGAIN.sub("", stem(file)) + Path(file).suffix)
        student = Student(id, name)
        return Told(f"{name}_{id}", HandIn((student,), None, attempt, bool(late), of))
    whole = path.parent.resolve() / path.name  # not where a link leads
    for place in (whole, *whole.parents):
        if found := MOODLE.fullmatch(place.name):
            return Told(f"{found[1]}_{found[2]}", HandIn((Student(found[2], found[1]),)))
        if GRADESCOPE.fullmatch(place.name):
            hand_in = _metadata(place.parent / METADATA).get(place.name)
            if hand_in is not None:
                own = next((s.id for s in hand_in.students if s.id), "")
                return Told(own or place.name, hand_in)
            return Told(place.name, HandIn())
    return _nbgrader(whole, assignment)


def of_canvas(path: Path) -> bool:
    """Whether a file bears a name that Canvas gives to what it packs."""
    return bool(CANVAS.fullmatch(path.name))


def stem(name: str) -> str:
    """The name of a file without what says that it is a notebook."""
    ending = next((e for e in ENDINGS if name.lower().endswith(e)), Path(name).suffix)
    return name[: len(name) - len(ending)]


def is_copy(name: str, assignment: str) -> bool:
    """Whether a file bears the assignment's name, or that of a copy of it, which tells nobody."""
    return bool(re.fullmatch(COPY.format(re.escape(assignment)), stem(name)))


def is_class(names: list[str], *, handed_in: bool = False) -> bool:
    """Whether the members of an archive are a platform's download of a class.

    One student alone may be a class, but not where the archive itself was ``handed_in``.
    """
    if any(Path(name).name == METADATA for name in names):
        return True
    found = [match for name in names if (match := CLASS.match(name))]
    if any(match.lastgroup in ("moodle", "nbgrader") for match in found):
        return True
    if not handed_in and names and all(CANVAS.fullmatch(name) for name in names):
        return True
    return len({match[match.lastgroup or 0] for match in found}) > 1


def holds_class(folder: Path) -> bool:
    """Whether a folder is what a platform lays around the folders of all students."""
    if folder.name == SUBMITTED or (folder / METADATA).is_file():
        return True
    return any(MOODLE.fullmatch(p.name) or GRADESCOPE.fullmatch(p.name) for p in folder.iterdir())


def of_another(path: Path, assignment: str) -> bool:
    """Whether a file lies where nbgrader keeps another assignment of a student."""
    whole = path.parent.resolve() / path.name
    folder = next((p for p in whole.parents if p.parent.parent.name == SUBMITTED), None)
    if folder is None or folder.name == assignment:
        return False
    own = (folder.parent / assignment).is_dir() or (folder / TIMESTAMP).is_file()
    return own or is_copy(path.name, folder.name)


def _nbgrader(path: Path, assignment: str) -> Told | None:
    """``submitted/<student>/<assignment>/``, with the time beside the notebook."""
    for folder in (path, *path.parents):
        student, submitted = folder.parent.name, folder.parent.parent.name == SUBMITTED
        if folder.name != assignment or not student:
            continue
        stamp = folder / TIMESTAMP
        near = folder in (path, path.parent)
        if submitted or (near and (stamp.is_file() or is_copy(path.name, assignment))):
            return Told(student, HandIn((Student(student),), _time(_text(stamp))))
    return None


@cache
def _metadata(path: Path) -> dict[str, HandIn]:
    """Gradescope's submission_metadata.yml, by the names of folders."""
    import yaml  # which Gradescope's own container does not have

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        data = yaml.load(_text(path), loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {str(k): _submission(v) for k, v in data.items() if isinstance(v, dict)}


def _submission(entry: Mapping[str, Any]) -> HandIn:
    submitters = entry.get(":submitters")
    students = [
        Student(*(str(one.get(key) or "").strip() for key in (":sid", ":name", ":email")))
        for one in (submitters if isinstance(submitters, list) else [])
        if isinstance(one, dict)
    ]
    at, before = entry.get(":created_at"), entry.get(":history")
    attempt = len(before) + 1 if isinstance(before, list) else None
    return HandIn(tuple(students), at if isinstance(at, datetime) else _time(str(at)), attempt)


def _text(path: Path) -> str:
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST_TEXT:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _time(text: str) -> datetime | None:
    """A time as nbgrader and Gradescope write it: UTC where no zone is named."""
    words = text.split()
    zone: tzinfo = UTC
    if len(words) == 3:
        zone = _zone(words.pop()) or UTC
    try:
        time = datetime.fromisoformat(" ".join(words))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=zone)


def _zone(name: str) -> tzinfo | None:
    try:
        return datetime.strptime(name, "%z").tzinfo  # "Z" and "+0100"
    except ValueError:
        pass
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None
