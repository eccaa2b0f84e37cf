"""Files whose checksum is known: hashed once, and again only where they changed since."""

from __future__ import annotations

from pathlib import Path

from helpers.data.download import file_checksum
from helpers.errors import DataError


def verified(path: Path, md5: str) -> bool:
    """Whether a file is there and right; hashed only where it changed since the last time.

    Raises:
        DataError: it is there and wrong.
    """
    if not path.is_file():
        return False
    if stamp(path).is_file() and stamp(path).read_text(encoding="utf-8") == _state(path, md5):
        return True
    found = file_checksum(path).partition(":")[2]
    if found != md5:
        raise DataError(
            f"{path} is damaged (md5 {found}, not {md5}): delete it, and it is fetched again."
        )
    remember(path, md5)
    return True


def remember(path: Path, md5: str) -> None:
    """Note that a file was found to be right."""
    stamp(path).write_text(_state(path, md5), encoding="utf-8")


def stamp(path: Path) -> Path:
    """The small file beside ``path`` that says when it was verified."""
    return path.with_name(path.name + ".md5")


def _state(path: Path, md5: str) -> str:
    """What is remembered of a verified file: with size and time, a later change shows."""
    stat = path.stat()
    return f"{md5} {stat.st_size} {stat.st_mtime_ns}"
