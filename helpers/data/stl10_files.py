"""The real STL-10: downloaded, verified, unpacked; each file hashed once and then remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from helpers.data.archives import beginning, fetch_tar
from helpers.errors import DataError

MIRRORS = ("http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",)
ARCHIVE_MD5 = "91f7769df0f17e558f3565bffb0c7dfb"
FILE_MD5 = {
    "train_X.bin": "918c2871b30a85fa023e0c44e0bee87f",
    "train_y.bin": "5a34089d4802c674881badbb80307741",
    "test_X.bin": "7f263ba9f9e0b06b93213547f721ac82",
    "test_y.bin": "36f9794fa4beb8a2c72628de14fa638e",
    "unlabeled_X.bin": "5242ba1fed5e4be9e1e742405eb56ca4",
}
UNLABELED = "unlabeled_X.bin"
IMAGE = 3 * 96 * 96  # bytes
CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


def fetch_stl10(
    data: Path,
    *,
    mirrors: Sequence[str] = MIRRORS,
    archive_md5: str = ARCHIVE_MD5,
    file_md5: Mapping[str, str] = FILE_MD5,
    unlabeled: int | None = None,
    keep_archive: bool = False,
) -> Path:
    """STL-10's binary files, downloaded and unpacked where they are missing.

    An interrupted call continues where it was: the download with the bytes that are missing, the
    unpacking with the files that are. Files that somebody put there are verified. The archive
    (2.6 GB) is deleted once all files (3.2 GB) are there, unless ``keep_archive``.

    Args:
        data: the data folder; the files go to ``stl10_binary`` in it.
        mirrors: addresses of the archive, in the order in which to try them.
        archive_md5: its md5, in hexadecimal.
        file_md5: the md5 of each file to unpack, by name.
        unlabeled: how many of the 100,000 unlabeled images are enough; else all. Fewer take a
            moment to unpack, and the archive stays.
        keep_archive: leave the archive beside the folder.

    Returns:
        The folder of the files and of ``class_names.txt``.

    Raises:
        DownloadError: no mirror gave the archive.
        DataError: a file is damaged, or the archive lacks one.
    """
    whole, first = data / "stl10_binary" / UNLABELED, {}
    if unlabeled is not None:
        wanted = unlabeled * IMAGE
        if not whole.is_file():
            first = {UNLABELED: wanted} if wanted else {}
        if not whole.is_file() or whole.stat().st_size >= wanted:
            # Neither unpacked nor hashed: both would read all of its 2.8 GB.
            file_md5 = {name: md5 for name, md5 in file_md5.items() if name != UNLABELED}
    folder = fetch_tar(
        mirrors,
        data / "stl10_binary.tar.gz",
        archive_md5,
        data / "stl10_binary",
        file_md5,
        first=first,
        keep_archive=keep_archive or unlabeled is not None,
    )
    if whole.is_file():
        beginning(whole).unlink(missing_ok=True)
    names = folder / "class_names.txt"
    if not names.is_file():
        names.write_text("\n".join(CLASSES) + "\n", encoding="utf-8")
    return folder


def read_images(path: Path) -> np.ndarray:
    """The images of a file, (N, 3, 96, 96) uint8, mapped. Raises DataError for another size."""
    size = path.stat().st_size
    if size == 0 or size % IMAGE:
        raise DataError(
            f"{path} holds {size} bytes, which is no whole number of images of {IMAGE}: "
            "delete it, and it is made again."
        )
    mapped = np.memmap(path, dtype=np.uint8, mode="r")
    return mapped.reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2)  # the file stores columns


def read_labels(path: Path, n: int) -> np.ndarray:
    """The n labels of a file, (n,) int64 from 0 to 9. Raises DataError where it holds others."""
    labels = np.fromfile(path, dtype=np.uint8).astype(np.int64) - 1
    if len(labels) != n or labels.min() < 0 or labels.max() > 9:
        raise DataError(
            f"{path} does not hold {n} labels from 1 to 10: delete it, and it is made again."
        )
    return labels
