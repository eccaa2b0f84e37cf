"""Finds what was handed in: notebooks and zips, in files and folders, and a name for each."""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.model import HandIn
from autograder.reading.layouts import (
    ENDINGS,
    METADATA,
    TIMESTAMP,
    holds_class,
    is_copy,
    stem,
    told,
)
from autograder.reading.unpack import is_hidden
from autograder.reading.weights import SUFFIX

NOTEBOOKS = (*ENDINGS, ".zip")
KINDS = {
    ".pdf": "a PDF", ".py": "a Python program", ".html": "a web page", ".htm": "a web page",
    ".rar": "an archive of another kind than zip", ".7z": "an archive of another kind than zip",
    ".gz": "an archive of another kind than zip", ".tgz": "an archive of another kind than zip",
    ".tar": "an archive of another kind than zip", ".txt": "a text", ".md": "a text",
    ".doc": "a document", ".docx": "a document", ".odt": "a document", ".rtf": "a document",
    ".png": "a picture", ".jpg": "a picture", ".jpeg": "a picture", ".heic": "a picture",
}  # fmt: skip
OF_NOBODY = (
    "desktop.ini", "grades.csv", "receipt.json", METADATA, "thumbs.db", TIMESTAMP,
)  # fmt: skip
"""What platforms and computers put beside hand-ins."""
RESERVED = ("by_hand.csv", "changes.csv", "grades.csv", "index.html", "roster.csv")
"""What lies beside the submissions' folders of results."""


@dataclass(frozen=True)
class Found:
    """One submission: its notebook, or the zip that holds it; or what is wrong with it.

    ``beside`` are further notebooks of the same attempt, ``notes`` what its student should know.
    """

    name: str
    path: Path
    problem: str = ""
    hand_in: HandIn = field(default_factory=HandIn)
    beside: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path, *self.beside)


def collect(paths: Sequence[Path], assignment: str = "") -> list[Found]:
    """All submissions among ``paths``: notebooks, zips, and folders of them.

    ``assignment`` is the problem set's id, as nbgrader names the folder below a student's.

    The name of each is the student's, as far as the layout of Canvas, Moodle, Gradescope or
    nbgrader tells; else its file's stem, or, where that is the assignment's or two share it,
    ``<parent>__<stem>``. Of a student's attempts there is the latest. What holds no notebook is
    there too, with its ``problem``, so that nobody is left out in silence.
    """
    found: dict[Path, Found] = {}
    for path in map(Path, paths):
        for item in _search(path) if path.is_dir() else [_single(path)]:
            # not where a link leads: it must not take the place of another's file
            found.setdefault(item.path.parent.resolve() / item.path.name, item)
    return _named(list(found.values()), assignment)


def _single(path: Path) -> Found:
    missing = "" if path.exists() else f"There is no file or folder {path.name}."
    return Found(stem(path.name), path, missing)


def _search(folder: Path) -> Iterator[Found]:
    """What a folder holds: a class's files side by side, or a folder for each student."""
    files = sorted(_files(folder))
    if not any(_is_submission(f) for f in files):
        pdf = ", only a PDF" if any(f.suffix.lower() == ".pdf" for f in files) else ""
        problem = f"The folder {folder.resolve().name} holds no notebook{pdf}."
        yield Found(folder.resolve().name, folder, problem)
        return
    for file in files:
        if file.is_symlink() and _is_submission(file):
            yield Found(stem(file.name), file, f"{file.name} is a link, not a notebook.")
        elif _is_submission(file):
            yield Found(stem(file.name), file)
    here = [f for f in files if f.parent == folder and _is_submission(f)]
    if here:
        if len(here) > 1:  # a class's files, side by side; beside one alone stands what is its own
            yield from _strangers(folder, files, {stem(f.name) for f in here})
        return
    students = _folders(folder)
    while len(students) == 1 and holds_class(students[0]):
        students = _folders(students[0])  # one folder around all of them
    for student in students:
        if not any(_is_submission(f) for f in files if student in f.parents):
            yield from _search(student)


def _folders(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_dir() and not is_hidden(p))


def _strangers(folder: Path, files: Sequence[Path], stems: set[str]) -> Iterator[Found]:
    """The files and folders of a class that are no notebooks, and belong to none by their name."""
    for file in files:
        kind = KINDS.get(file.suffix.lower(), "a file of another kind")
        theirs = stem(file.name) in stems or file.name.lower() in OF_NOBODY
        known = theirs or file.suffix == SUFFIX or _is_submission(file)
        if file.parent == folder and not known:
            yield Found(file.stem, file, f"{file.name} is {kind}, not a notebook.")
    for other in _folders(folder):
        below = [f for f in files if other in f.parents]
        if below and not any(_is_submission(f) for f in below):
            yield from _search(other)


def _files(folder: Path) -> Iterator[Path]:
    """The files below ``folder``, and folders that bear a notebook's name."""
    for place, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if not is_hidden(Path(f))]
        named = [f for f in folders if f.lower().endswith(".ipynb")]
        yield from (Path(place, f) for f in [*files, *named] if not is_hidden(Path(f)))


def _is_submission(path: Path) -> bool:
    return path.name.lower().endswith(NOTEBOOKS)


def _named(found: list[Found], assignment: str) -> list[Found]:
    """The same, each with a name that can be a folder's and that no other has."""
    students: dict[str, list[Found]] = {}
    files = []
    for item in found:
        if known := told(item.path, assignment):
            named = replace(item, name=_safe(known.name), hand_in=known.hand_in)
            students.setdefault(named.name, []).append(named)
        else:
            files.append(item)
    result = [_latest(items) for items in students.values()]
    taken = {*RESERVED, *students}
    tells = [not is_copy(f.path.name, assignment) for f in files]
    shared = Counter(_safe(f.name) for f, own in zip(files, tells, strict=True) if own)
    for item, own in zip(files, tells, strict=True):
        name = _safe(item.name)
        parent = item.path.parent.resolve().name
        if (not own or shared[name] > 1) and parent:
            name = _safe(f"{parent}__{item.name}")
        base, n = name, 1
        while name in taken:
            n += 1
            name = f"{base}-{n}"
        taken.add(name)
        result.append(replace(item, name=name))
    order = {f.path: i for i, f in enumerate(found)}
    return sorted(result, key=lambda f: order[f.path])


def _latest(items: list[Found]) -> Found:
    """Of all that a student handed in, what came last, by its time or its number."""

    def when(item: Found) -> tuple[float, int]:
        at = item.hand_in.submitted
        return at.timestamp() if at else 0.0, item.hand_in.attempt or 0

    last = max(map(when, items))
    attempts = len({when(i) for i in items})
    good = [i for i in items if not i.problem]
    chosen = [i for i in items if when(i) == last and not i.problem] or [
        i for i in items if when(i) == last
    ]
    first, *more = chosen
    notes = []
    if attempts > 1:
        at = first.hand_in.submitted
        time = f", of {at:%Y-%m-%d %H:%M %Z}" if at else ""
        notes = [f"Of {attempts} attempts, the latest was graded{time}: {first.path.name}."]
    beside = tuple(i.path for i in more) if first in good else ()
    return replace(first, beside=beside, notes=tuple(notes))


def _safe(name: str) -> str:
    text = os.fsencode(name).decode("utf-8", "replace")
    text = unicodedata.normalize("NFC", text)
    text = "".join("_" if unicodedata.category(c)[0] == "C" or c in "/\\" else c for c in text)
    text = text.encode()[:180].decode("utf-8", "ignore").strip()
    return text if text.strip(".") else "submission"
