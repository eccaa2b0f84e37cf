"""Finds what was handed in: notebooks and zips, in files and folders, and a name for each."""

import contextlib
import hashlib
import io
import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.model import ProblemSet
from autograder.reading.answers import Submission, read, read_bytes
from autograder.reading.cells import LARGEST
from autograder.reading.released import Release
from autograder.reading.weights import LARGEST as LARGEST_MODEL_FILE
from autograder.reading.weights import SUFFIX

MOST_MEMBERS = 10_000
MOST_MODELS = 20
DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, LookupError,
    ArithmeticError, NotImplementedError,
)  # fmt: skip
RESERVED = ("grades.csv", "index.html")  # what lies beside the submissions' folders of results
LARGEST_ZIP = LARGEST + MOST_MODELS * LARGEST_MODEL_FILE


@dataclass(frozen=True)
class Found:
    """One submission: its notebook, or the zip that holds it; or what is wrong with it."""

    name: str
    path: Path
    problem: str = ""


def collect(paths: Sequence[Path]) -> list[Found]:
    """All submissions among ``paths``: notebooks, zips, and folders of them.

    The name of each is its file's stem; where two share it, ``<parent>__<stem>``. What holds no
    notebook is there too, with its ``problem``, so that nobody is left out in silence.
    """
    found: dict[Path, Found] = {}
    for path in map(Path, paths):
        for item in _search(path) if path.is_dir() else [_single(path)]:
            # not where a link leads: it must not take the place of another's file
            found.setdefault(item.path.parent.resolve() / item.path.name, item)
    return _named(list(found.values()))


def load(found: Found, release: Release) -> Submission:
    """The submission that was found; what nobody foresaw in it is a fault of the grader."""
    if found.problem:
        return Submission(found.name, {}, problem=found.problem)
    try:
        return _loaded(found, release)
    except Exception as error:  # one file must not stop a class
        fault = f"{found.path.name} cannot be read: {type(error).__name__}, {error}"
        return Submission(found.name, {}, fault=fault)


def _loaded(found: Found, release: Release) -> Submission:
    if found.path.suffix.lower() == ".zip":
        return _unzipped(found, release)
    submission = read(found.path, release, found.name)
    _add_models(submission, (_small(path) for path in _beside(found.path)))
    return submission


def _beside(notebook: Path) -> list[Path]:
    """The files of weights in the notebook's folder, where Gradescope unpacks a hand-in."""
    return sorted(notebook.parent.glob(f"*{SUFFIX}"))[:MOST_MODELS]


def _small(path: Path) -> bytes:
    with contextlib.suppress(OSError):
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= LARGEST_MODEL_FILE:
            return path.read_bytes()
    return b""


def _add_models(submission: Submission, files: Iterable[bytes]) -> None:
    """Keep the files that the notebook's results name by their hash."""
    named = {r.model for r in submission.results.values() if r.model}
    for data in files if named else ():
        digest = hashlib.sha256(data).hexdigest()
        if digest in named:
            submission.models[digest] = data


def _single(path: Path) -> Found:
    missing = "" if path.exists() else f"There is no file or folder {path.name}."
    return Found(path.stem, path, missing)


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
            yield Found(file.stem, file, f"{file.name} is a link, not a notebook.")
        elif _is_submission(file):
            yield Found(file.stem, file)
    here = [f for f in files if f.parent == folder and _is_submission(f)]
    if here:
        # A PDF belongs to the notebook of its name, or to the only one there is.
        stems = {f.stem for f in here}
        for file in files:
            alone = file.parent == folder and file.suffix.lower() == ".pdf"
            if alone and len(here) > 1 and file.stem not in stems:
                yield Found(file.stem, file, f"{file.name} is a PDF, not a notebook.")
        return
    for student in sorted(p for p in folder.iterdir() if p.is_dir() and not _hidden(p)):
        if not any(_is_submission(f) for f in files if student in f.parents):
            yield from _search(student)


def _files(folder: Path) -> Iterator[Path]:
    """The files below ``folder``, and folders that bear a notebook's name."""
    for place, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if not _hidden(Path(f))]
        named = [f for f in folders if f.lower().endswith(".ipynb")]
        yield from (Path(place, f) for f in [*files, *named] if not _hidden(Path(f)))


def _hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name == "__MACOSX"


def _is_submission(path: Path) -> bool:
    return path.suffix.lower() in (".ipynb", ".zip")


def _named(found: list[Found]) -> list[Found]:
    """The same, each with a name that can be a folder's and that no other has."""
    shared = Counter(_safe(f.name) for f in found)
    taken = set(RESERVED)
    result = []
    for item in found:
        name = _safe(item.name)
        if shared[name] > 1:
            name = _safe(f"{item.path.resolve().parent.name}__{item.name}")
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


def _unzipped(found: Found, release: Release) -> Submission:
    file = found.path.name
    try:
        zipped = _zipped(found.path)
        with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
            name, data = _choose(archive, release.problem_set)
            models = list(_models(archive))
    except _NoNotebookError as error:
        problem = f"{file} {error}"
    except OSError as error:
        problem = f"{file} cannot be read: {error.strerror}."
    except DAMAGED:
        problem = f"{file} is a damaged zip archive: make it again."
    except RuntimeError:  # what zipfile raises for a password
        problem = f"{file} is encrypted: hand in the notebook itself."
    else:
        submission = read_bytes(data, name, release, found.name)
        _add_models(submission, models)
        return submission
    return Submission(found.name, {}, problem=problem)


class _NoNotebookError(Exception):
    """Why an archive is not read, as the rest of a sentence that begins with its name."""


def _zipped(path: Path) -> bytes:
    """The archive, unless listing its members alone would take long."""
    if not path.is_file():  # a pipe would never end
        raise _NoNotebookError("is not a file.")
    if path.stat().st_size > LARGEST_ZIP:
        raise _NoNotebookError(f"has {path.stat().st_size >> 20:,} MB: too large.")
    data = path.read_bytes()
    if (members := data.count(b"PK\x01\x02")) > MOST_MEMBERS:
        raise _NoNotebookError(f"holds {members:,} files: hand in the notebook itself.")
    return data


def _models(archive: zipfile.ZipFile) -> Iterator[bytes]:
    """The files of weights; a damaged one does not cost the notebook."""
    members = [m for m in archive.infolist() if m.filename.endswith(SUFFIX) and not m.is_dir()]
    for member in [m for m in members if m.file_size <= LARGEST_MODEL_FILE][:MOST_MODELS]:
        with contextlib.suppress(*DAMAGED, RuntimeError, _NoNotebookError):
            yield _content(archive, member)


def _choose(archive: zipfile.ZipFile, ps: ProblemSet) -> tuple[str, bytes]:
    """The notebook to grade; nothing is unpacked, so that a name can reach no other place."""
    members = [m for m in archive.infolist() if _is_notebook(m)]
    if not members:
        raise _NoNotebookError("holds no notebook.")
    chosen = [m for m in members if Path(m.filename).stem.lower() == ps.id]
    if len(chosen) != 1:
        chosen = members
    size = sum(m.file_size for m in chosen)
    if size > LARGEST:
        raise _NoNotebookError(f"holds notebooks of {size >> 20:,} MB: too large.")
    notebooks = [(Path(m.filename).name, _content(archive, m)) for m in chosen]
    # A question's id stands in its answer's metadata and first line.
    ids = [q.id.encode() for q in ps.questions]
    answering = [n for n in notebooks if any(id in n[1] for id in ids)]
    if len(notebooks) == 1 or len(answering) == 1:
        return (answering or notebooks)[0]
    names = ", ".join(sorted(name for name, _ in notebooks)[:5])
    raise _NoNotebookError(f"holds several notebooks ({names}): hand in {ps.id}.ipynb alone.")


def _is_notebook(member: zipfile.ZipInfo) -> bool:
    path = Path(member.filename)
    link = stat.S_ISLNK(member.external_attr >> 16)
    hidden = any(_hidden(Path(p)) for p in path.parts)
    return path.suffix.lower() == ".ipynb" and not (link or hidden or member.is_dir())


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The member's bytes, no more than it claims to have: an archive can lie."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # others can make a gigabyte of a few bytes, and take their time
        raise _NoNotebookError("is compressed in an unusual way: hand in the notebook itself.")
    with archive.open(member) as file:
        data = file.read(member.file_size + 1)
    if len(data) > member.file_size:
        raise zipfile.BadZipFile
    return data
