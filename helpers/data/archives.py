"""Archives of data sets: fetched, verified and unpacked; what an interrupted call left is used."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from helpers.data.download import BLOCK, download
from helpers.data.verified import remember, stamp, verified
from helpers.errors import DataError
from helpers.progress import progress


def fetch_tar(
    mirrors: Sequence[str],
    archive: Path,
    archive_md5: str,
    folder: Path,
    file_md5: Mapping[str, str],
    *,
    first: Mapping[str, int] | None = None,
    keep_archive: bool = False,
) -> Path:
    """The files of a ``.tar.gz``, downloaded and unpacked where they are missing.

    An interrupted call continues where it was: the download with the bytes that are missing, the
    unpacking with the files that are. Files that somebody put there are verified.

    Args:
        mirrors: addresses of the archive, in the order in which to try them.
        archive: where it goes; it is deleted in the end, unless ``keep_archive``.
        archive_md5: its md5, in hexadecimal.
        folder: where the files go.
        file_md5: the md5 of each file to unpack, by its bare name.
        first: files of which these many first bytes are enough, see ``beginning``. Unpacking stops
            behind the last byte that is wanted.

    Returns:
        ``folder``.

    Raises:
        DownloadError: no mirror gave the archive.
        DataError: a file is damaged, or the archive lacks one.
    """
    missing = {name: md5 for name, md5 in file_md5.items() if not verified(folder / name, md5)}
    begun = {n: size for n, size in (first or {}).items() if not _begun(folder / n, size)}
    if missing or begun:
        if not verified(archive, archive_md5):
            download(mirrors, archive, f"md5:{archive_md5}")
            remember(archive, archive_md5)
        _unpack_tar(archive, folder, missing, begun)
    if not keep_archive:
        remove(archive)
    return folder


def beginning(path: Path) -> Path:
    """Where the first bytes of a file are unpacked to."""
    return path.with_name(path.name + ".first")


def _begun(path: Path, size: int) -> bool:
    return beginning(path).is_file() and beginning(path).stat().st_size >= size


def remove(archive: Path) -> None:
    """Delete an archive, and the note that it was verified."""
    for path in (archive, stamp(archive)):
        path.unlink(missing_ok=True)


def unpack_zip(archive: Path, places: Mapping[str, Path]) -> None:
    """Write members of a zip to their places, each whole or not at all; those there stay.

    Raises:
        DataError: it is damaged.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            for name, path in progress(
                places.items(), desc=f"unpacking {archive.name}", unit="file", leave=False
            ):
                if path.is_file() and path.stat().st_size == file.getinfo(name).file_size:
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_name(f"{path.name}.{os.getpid()}.part")
                with file.open(name) as source, part.open("wb") as target:
                    shutil.copyfileobj(source, target)
                part.replace(path)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise _damaged(archive, error) from error


def zip_members(archive: Path, ending: str) -> list[str]:
    """The files of a zip whose names end so, without the copies that a Mac adds.

    Raises:
        DataError: it is damaged, or holds none.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            names = [m.filename for m in file.infolist() if not m.is_dir()]
    except (zipfile.BadZipFile, EOFError) as error:
        raise _damaged(archive, error) from error
    names = [n for n in names if n.endswith(ending) and not n.startswith("__MACOSX")]
    if not names:
        raise DataError(f"{archive} holds no {ending}: delete it, and it is fetched again.")
    return names


def _damaged(archive: Path, error: Exception) -> DataError:
    return DataError(f"{archive} cannot be unpacked ({error}): delete it, and it is fetched again.")


def _unpack_tar(
    archive: Path, folder: Path, wanted: Mapping[str, str], begun: Mapping[str, int]
) -> None:
    """Write the wanted members into ``folder``, each verified, and the beginning of others."""
    folder.mkdir(parents=True, exist_ok=True)
    left: dict[str, str | int] = {**wanted, **begun}
    try:
        with (
            archive.open("rb") as raw,
            tarfile.open(fileobj=raw, mode="r|gz", bufsize=BLOCK) as tar,
        ):
            for member in tar:
                name = Path(member.name).name  # where the archive wants it does not matter
                if not member.isfile() or name not in left:
                    continue
                source = tar.extractfile(member)
                assert source is not None  # it is a file
                what = left.pop(name)
                if isinstance(what, int):
                    _write(source, beginning(folder / name), min(what, member.size))
                else:
                    _write(source, folder / name, member.size, what)
                if not left:
                    return
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise _damaged(archive, error) from error
    raise DataError(f"{archive} holds no {', '.join(left)}: delete it, and it is fetched again.")


def _write(source: IO[bytes], path: Path, size: int, md5: str | None = None) -> None:
    """Write so many bytes; those of a whole file, whose md5 is known, are verified."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    digest = hashlib.md5()
    try:
        with (
            part.open("wb") as file,
            progress(
                total=size, desc=f"unpacking {path.name}", unit="B", unit_scale=True, leave=False
            ) as bar,
        ):
            while block := source.read(min(BLOCK, size - file.tell())):
                file.write(block)
                if md5:
                    digest.update(block)
                bar.update(len(block))
        if md5 and digest.hexdigest() != md5:
            raise DataError(
                f"{path.name} came out of the archive damaged: delete the archive beside "
                f"{path.parent}, and it is fetched again."
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    if md5:
        remember(path, md5)
