"""Finds what was handed in: notebooks and zips, in files and folders, and a name for each."""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.reading.unpack import ENDINGS, is_hidden, stem
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
CANVAS = re.compile(r"([^_\d\W]+)(?:_LATE)?_(\d{3,})_\d{4,}_")
MOODLE = re.compile(r"(.+_\d+)_assignsubmission_(?:file|onlinetext)_?")
GRADESCOPE = re.compile(r"submission_\d{5,}")
COPY = r"(?:Copy of |Kopie von )?{}(?:-Copy\d*| ?\(\d+\)|-\d+)?"
OF_NOBODY = (
    "desktop.ini", "grades.csv", "receipt.json", "submission_metadata.yml", "thumbs.db",
    "timestamp.txt",
)  # fmt: skip
"""What platforms and computers put beside hand-ins."""
RESERVED = ("grades.csv", "index.html")  # what lies beside the submissions' folders of results


@dataclass(frozen=True)
class Found:
    """One submission: its notebook, or the zip that holds it; or what is wrong with it."""

    name: str
    path: Path
    problem: str = ""


def collect(paths: Sequence[Path], assignment: str = "") -> list[Found]:
    """All submissions among ``paths``: notebooks, zips, and folders of them.

    ``assignment`` is the problem set's id, as nbgrader names the folder below a student's.

    The name of each is the student's, as far as the layout of Canvas, Moodle, Gradescope or
    nbgrader tells; else its file's stem, or, where that is the assignment's or two share it,
    ``<parent>__<stem>``. What holds no notebook is there too, with its ``problem``, so that nobody
    is left out in silence.
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
    for student in sorted(p for p in folder.iterdir() if p.is_dir() and not is_hidden(p)):
        if not any(_is_submission(f) for f in files if student in f.parents):
            yield from _search(student)


def _strangers(folder: Path, files: Sequence[Path], stems: set[str]) -> Iterator[Found]:
    """The files and folders of a class that are no notebooks, and belong to none by their name."""
    for file in files:
        kind = KINDS.get(file.suffix.lower(), "a file of another kind")
        theirs = stem(file.name) in stems or file.name.lower() in OF_NOBODY
        known = theirs or file.suffix == SUFFIX or _is_submission(file)
        if file.parent == folder and not known:
            yield Found(file.stem, file, f"{file.name} is {kind}, not a notebook.")
    for other in sorted(p for p in folder.iterdir() if p.is_dir() and not is_hidden(p)):
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


def _student(path: Path, assignment: str) -> str:
    """Whom a platform's way to name files and folders names; "" where it is none of theirs."""
    if found := CANVAS.match(path.name):
        return f"{found[1]}_{found[2]}"
    whole = path.parent.resolve() / path.name  # not where a link leads
    for folder in whole.parents:
        if found := MOODLE.fullmatch(folder.name):
            return found[1]
        if GRADESCOPE.fullmatch(folder.name):
            return folder.name
    own, student = stem(path.name), whole.parent.parent.name
    copy = re.fullmatch(COPY.format(re.escape(assignment)), own)
    if student and copy and whole.parent.name == assignment:
        return student if own == assignment else f"{student}__{own}"
    # A file that is named as all are tells nobody; its folder may.
    return f"{whole.parent.name}__{own}" if copy and whole.parent.name else ""


def _named(found: list[Found], assignment: str) -> list[Found]:
    """The same, each with a name that can be a folder's and that no other has."""
    students = [_student(f.path, assignment) for f in found]
    shared = Counter(
        _safe(f.name) for f, student in zip(found, students, strict=True) if not student
    )
    taken = set(RESERVED)
    result = []
    for item, student in zip(found, students, strict=True):
        name = _safe(student or item.name)
        if not student and shared[name] > 1:
            name = _safe(f"{item.path.parent.resolve().name}__{item.name}")
        base, n = name, 1
        while name in taken:
            n += 1
            name = f"{base}-{n}"
        taken.add(name)
        result.append(replace(item, name=name))
    return result


def _safe(name: str) -> str:
    text = os.fsencode(name).decode("utf-8", "replace")
    text = unicodedata.normalize("NFC", text)
    text = "".join("_" if unicodedata.category(c)[0] == "C" or c in "/\\" else c for c in text)
    text = text.encode()[:180].decode("utf-8", "ignore").strip()
    return text if text.strip(".") else "submission"
