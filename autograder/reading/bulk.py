"""Unpacks a platform's download of a whole class, so that it is read like a folder."""

import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from autograder.model import CourseError
from autograder.reading.layouts import is_class
from autograder.reading.unpack import (
    DAMAGED,
    LARGEST_ZIP,
    NoNotebookError,
    is_hidden,
    listed,
)

MOST = 100_000  # files
LARGEST = 50 << 30  # bytes of all


def unpacked(paths: Sequence[Path], folder: Path) -> list[Path]:
    """The same paths, each archive of a class replaced by a folder below ``folder``.

    Whatever else an archive is stays as it is: it is one student's.

    Raises:
        CourseError: an archive of a class is damaged, or too large for this disk.
    """
    result = []
    for i, path in enumerate(paths):
        place = folder / str(i) / (path.stem or "class")
        result.append(place if _unpack(path, place) else path)
    return result


def _unpack(path: Path, place: Path) -> bool:
    """Whether the file is the archive of a class, and so lies at ``place`` now."""
    if path.suffix.lower() != ".zip" or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            listed(file, MOST)
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            if not is_class([m.filename for m in members]):
                return False
            total, free = sum(m.file_size for m in members), shutil.disk_usage(place.anchor).free
            if total > min(LARGEST, free):
                raise CourseError(
                    f"{path} unpacks to {total >> 20:,} MB, more than there is room for: unpack it "
                    "where there is, and give the folder."
                )
            place.mkdir(parents=True)
            for member in tqdm(members, desc=f"unpack {path.name}", unit="file", leave=False):
                _write(archive, member, place)
    except (OSError, RuntimeError, NoNotebookError, *DAMAGED):
        if place.is_dir():
            raise CourseError(
                f"{path} is a damaged archive of a class: download it again, or unpack it and give "
                "the folder."
            ) from None
        return False  # whoever reads it says what is wrong
    return True


def _short(name: str) -> str:
    """The name of a file or folder, as long as a disk takes; its ending stays."""
    longest = 255 - len(os.fsencode(Path(name).suffix))
    if len(os.fsencode(name)) <= 255 or longest < 0:
        return name
    return os.fsencode(name)[:longest].decode(errors="ignore") + Path(name).suffix


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, place: Path) -> None:
    """Write a member below ``place``, wherever its name leads, and no more than it claims to be."""
    parts = [p for p in PurePosixPath(member.filename).parts if p not in ("/", "..")]
    if not parts or any(is_hidden(Path(p)) for p in parts) or member.file_size > LARGEST_ZIP:
        return
    target = place.joinpath(*map(_short, parts))
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, target.open("wb") as out:
        while member.file_size >= out.tell() and (data := source.read(1 << 20)):
            out.write(data)
