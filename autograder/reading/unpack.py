"""Takes a hand-in apart: the notebook in a zip, and the files of weights beside it."""

import contextlib
import io
import mmap
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from autograder.model import ProblemSet
from autograder.reading.layouts import ENDINGS, is_class, stem
from autograder.reading.weights import LARGEST as LARGEST_MODEL_FILE
from autograder.reading.weights import SUFFIX
from helpers.reading.files import LARGEST

MOST_MEMBERS = 10_000
MOST_MODELS = 20
MOST_NOTEBOOKS = 5
LARGEST_ZIP = LARGEST + MOST_MODELS * LARGEST_MODEL_FILE
DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, LookupError,
    ArithmeticError, NotImplementedError,
)  # fmt: skip


class NoNotebookError(Exception):
    """Why an archive is not read, as the rest of a sentence that begins with its name."""


def unzipped(file: BinaryIO, ps: ProblemSet) -> tuple[list[tuple[str, bytes]], list[bytes]]:
    """The notebooks in a zip by their names, and the files of weights.

    Raises:
        NoNotebookError: there is none to grade, or the archive is damaged.
    """
    try:
        listed(file)
        with zipfile.ZipFile(file) as archive:
            inner = [m for m in archive.infolist() if _has_ending(m, (".zip",))]
            if inner and not any(map(_is_notebook, archive.infolist())):
                return _unzipped_again(archive, inner, ps)
            return _notebooks(archive, ps), list(_models(archive))
    except OSError as error:
        raise NoNotebookError(f"cannot be read: {error.strerror}.") from None
    except DAMAGED:
        raise NoNotebookError("is a damaged zip archive: make it again.") from None
    except RuntimeError:  # what zipfile raises for a password
        raise NoNotebookError("is encrypted: hand in the notebook itself.") from None


def _unzipped_again(
    archive: zipfile.ZipFile, inner: list[zipfile.ZipInfo], ps: ProblemSet
) -> tuple[list[tuple[str, bytes]], list[bytes]]:
    """The notebooks of the one zip in a zip; no deeper."""
    _refuse_class(inner)
    found, left = [], LARGEST
    for member in inner[:MOST_NOTEBOOKS]:
        left -= member.file_size
        if left < 0:
            break
        data = _content(archive, member)
        _count_in(data)
        if len(inner) > 1 and not zipfile.is_zipfile(io.BytesIO(data)):
            continue
        with zipfile.ZipFile(io.BytesIO(data)) as second:
            if any(map(_is_notebook, second.infolist())) or len(inner) == 1:
                found.append((_notebooks(second, ps), list(_models(second))))
    if len(found) != 1:
        raise NoNotebookError("holds no notebook, but archives: hand in the notebook itself.")
    return found[0]


def _refuse_class(members: list[zipfile.ZipInfo]) -> None:
    if is_class([m.filename for m in members], handed_in=True):
        raise NoNotebookError(
            "holds the hand-ins of a class: unpack it, and give the folder to `grade`."
        )


def listed(file: BinaryIO, most: int = MOST_MEMBERS) -> None:
    """Refuse an archive of which listing its members alone would take long.

    Raises:
        NoNotebookError: it has more than ``most``.
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        _count_in(data, most)


def _count_in(data: bytes | mmap.mmap, most: int = MOST_MEMBERS) -> None:
    members = sum(1 for _ in re.finditer(rb"PK\x01\x02", data))
    if members > most:
        raise NoNotebookError(f"holds {members:,} files: hand in the notebook itself.")


def _models(archive: zipfile.ZipFile) -> Iterator[bytes]:
    """The files of weights; a damaged one does not cost the notebook."""
    members = [m for m in archive.infolist() if m.filename.endswith(SUFFIX) and not m.is_dir()]
    for member in [m for m in members if m.file_size <= LARGEST_MODEL_FILE][:MOST_MODELS]:
        with contextlib.suppress(*DAMAGED, RuntimeError, NoNotebookError):
            yield _content(archive, member)


def _notebooks(archive: zipfile.ZipFile, ps: ProblemSet) -> list[tuple[str, bytes]]:
    """The notebooks, the one with the problem set's name first, as far as they can be read at once.

    Nothing is unpacked, so that a name can reach no other place.
    """
    members = [m for m in archive.infolist() if _is_notebook(m)]
    if not members:
        raise NoNotebookError("holds no notebook.")
    _refuse_class(members)
    members.sort(key=lambda m: (stem(Path(m.filename).name).lower() != ps.id, m.file_size))
    chosen, size = [], 0
    for member in members[:MOST_NOTEBOOKS]:
        size += member.file_size
        if size <= LARGEST:
            chosen.append(member)
    if not chosen:
        raise NoNotebookError(f"holds notebooks of {size >> 20:,} MB: too large.")
    return [(Path(m.filename).name, _content(archive, m)) for m in chosen]


def _is_notebook(member: zipfile.ZipInfo) -> bool:
    return _has_ending(member, ENDINGS)


def _has_ending(member: zipfile.ZipInfo, endings: tuple[str, ...]) -> bool:
    path = Path(member.filename)
    link = stat.S_ISLNK(member.external_attr >> 16)
    hidden = any(is_hidden(Path(p)) for p in path.parts)
    return path.name.lower().endswith(endings) and not (link or hidden or member.is_dir())


def is_hidden(path: Path) -> bool:
    """Whether a file or folder is not shown to people, or made by macOS beside what is."""
    return path.name.startswith(".") or path.name == "__MACOSX"


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The member's bytes, no more than it claims to have: an archive can lie."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # others can make a gigabyte of a few bytes, and take their time
        raise NoNotebookError("is compressed in an unusual way: hand in the notebook itself.")
    with archive.open(member) as file:
        data = file.read(member.file_size + 1)
    if len(data) > member.file_size:
        raise zipfile.BadZipFile
    return data
