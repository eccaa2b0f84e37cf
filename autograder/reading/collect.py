"""Finds what was handed in: notebooks and zips, in files and folders, and a name for each."""

import os
import unicodedata
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.model import HandIn
from autograder.reading.layouts import (
    ENDINGS,
    METADATA,
    TIMESTAMP,
    holds_class,
    is_copy,
    of_another,
    of_canvas,
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
RESERVED = ("by_hand.csv", "changes.csv", "grades.csv", "index.html", "roster.csv")
"""What lies beside the submissions' folders of results."""
OF_NOBODY = ("desktop.ini", "receipt.json", METADATA, "thumbs.db", TIMESTAMP, *RESERVED)
"""What platforms, computers and instructors put beside hand-ins."""


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


def collect(
    paths: Sequence[Path], assignment: str = "", results: Path | None = None
) -> list[Found]:
    """All submissions among ``paths``: notebooks, zips, and folders of them.

    ``assignment`` is the problem set's id, as nbgrader names the folder below a student's, which
    may have others. The folder of ``results`` may lie among them, and is none of theirs.

    The name of each is the student's, as far as the layout of Canvas, Moodle, Gradescope or
    nbgrader tells; else its file's stem, or, where that is the assignment's or two share it,
    ``<parent>__<stem>``. Of a student's attempts there is the latest. What holds no notebook is
    there too, with its ``problem``, so that nobody is left out in silence.
    """
    found: dict[Path, Found] = {}
    apart = {results.resolve()} if results else set()
    for path in map(Path, paths):
        for item in _search(path, apart) if path.is_dir() else [_single(path)]:
            if not (assignment and of_another(item.path, assignment)):
                # not where a link leads: it must not take the place of another's file
                found.setdefault(item.path.parent.resolve() / item.path.name, item)
    return _named(list(found.values()), assignment)


def _single(path: Path) -> Found:
    missing = "" if path.exists() else f"There is no file or folder {path.name}."
    return Found(stem(path.name), path, missing)


def _search(folder: Path, apart: Container[Path] = ()) -> Iterator[Found]:
    """What a folder holds: a class's files side by side, or a folder for each student."""
    files = sorted(_files(folder, apart))
    here = [f for f in files if f.parent == folder]
    named = [f for f in here if of_canvas(f)]
    students = _folders(folder, apart)
    while len(students) == 1 and holds_class(students[0]):
        folder, students = students[0], _folders(students[0], apart)  # around all of them
    if not (named or any(map(_is_submission, files)) or holds_class(folder)):
        pdf = ", only a PDF" if any(f.suffix.lower() == ".pdf" for f in files) else ""
        problem = f"The folder {folder.resolve().name} holds no notebook{pdf}."
        yield Found(folder.resolve().name, folder, problem)
        return
    for file in files:
        if file.is_symlink() and _is_submission(file):
            yield Found(stem(file.name), file, f"{file.name} is a link, not a notebook.")
        elif _is_submission(file):
            yield Found(stem(file.name), file)
    own = [f for f in here if _is_submission(f)]
    if own or named:
        if len(own) > 1 or named:  # a class, side by side; beside one alone stands what is its own
            yield from _strangers(here, {stem(f.name) for f in own})
            for other in students:
                below = [f for f in files if other in f.parents]
                if below and not any(_is_submission(f) for f in below):
                    yield from _search(other, apart)
        return
    with_own = [s for s in students if any(_is_submission(f) for f in files if s in f.parents)]
    for student in students:
        if student not in with_own:
            yield from _search(student, apart)
    if len(with_own) > 1:  # one alone may be a student's own
        yield from _strangers(here, set())


def _folders(folder: Path, apart: Container[Path]) -> list[Path]:
    folders = (p for p in folder.iterdir() if p.is_dir() and not is_hidden(p))
    return sorted(p for p in folders if p.resolve() not in apart)


def _strangers(files: Sequence[Path], stems: set[str]) -> Iterator[Found]:
    """The files of a class that are no notebooks, and belong to none by their name."""
    for file in files:
        kind = KINDS.get(file.suffix.lower(), "a file of another kind")
        theirs = stem(file.name) in stems or file.name.lower() in OF_NOBODY
        if not (theirs or file.suffix == SUFFIX or _is_submission(file)):
            yield Found(file.stem, file, f"{file.name} is {kind}, not a notebook.")


def _files(folder: Path, apart: Container[Path]) -> Iterator[Path]:
    """The files below ``folder``, and folders that bear a notebook's name."""
    for place, folders, files in os.walk(folder):
        within = Path(place)
        folders[:] = [
            f for f in folders if not is_hidden(Path(f)) and (within / f).resolve() not in apart
        ]
        named = [f for f in folders if f.lower().endswith(".ipynb")]
        yield from (within / f for f in [*files, *named] if not is_hidden(Path(f)))


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
    beside = Counter(f.path.parent.resolve() for f in files)
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
        alone = beside[item.path.parent.resolve()] == 1
        result.append(replace(item, name=name, hand_in=HandIn(folder=parent if alone else "")))
    order = {f.path: i for i, f in enumerate(found)}
    return sorted(result, key=lambda f: order[f.path])


def _latest(items: list[Found]) -> Found:
    """Of all that a student handed in, what came last, by its time or its number."""
    last = [i for i in items if not any(_is_older(i, other) for other in items)]
    first, *more = [i for i in last if not i.problem] or last
    attempts = 1 + len({(i.hand_in.submitted, i.hand_in.attempt) for i in items if i not in last})
    notes = []
    if attempts > 1:
        at = first.hand_in.submitted
        time = f", of {at:%Y-%m-%d %H:%M %Z}" if at else ""
        notes = [f"Of {attempts} attempts, the latest was graded{time}: {first.path.name}."]
    beside = () if first.problem else tuple(i.path for i in more)
    return replace(first, beside=beside, notes=tuple(notes))


def _is_older(item: Found, other: Found) -> bool:
    """Whether one came before the other; what a platform has side by side came at once."""
    own, its = item.hand_in, other.hand_in
    same_file = own.upload[1] == its.upload[1]
    return (same_file or bool(own.submitted)) and own.is_older(its)


def _safe(name: str) -> str:
    text = os.fsencode(name).decode("utf-8", "replace")
    text = unicodedata.normalize("NFC", text)
    text = "".join("_" if unicodedata.category(c)[0] == "C" or c in "/\\" else c for c in text)
    text = text.encode()[:180].decode("utf-8", "ignore").strip()
    return text if text.strip(".") else "submission"
