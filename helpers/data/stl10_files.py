"""The real STL-10: downloaded, verified, unpacked; each file hashed once and then remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from helpers.data.archives import fetch_tar
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
CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


def fetch_stl10(
    data: Path,
    *,
    mirrors: Sequence[str] = MIRRORS,
    archive_md5: str = ARCHIVE_MD5,
    file_md5: Mapping[str, str] = FILE_MD5,
    keep_archive: bool = False,
) -> Path:
    """STL-10's binary files, downloaded and unpacked where they are missing.

    An interrupted call continues where it was: the download with the bytes that are missing, the
    unpacking with the files that are. Files that somebody put there are verified. The archive is
    deleted in the end, unless ``keep_archive``: it and the files are 2.6 GB and 3.2 GB.

    Args:
        data: the data folder; the files go to ``stl10_binary`` in it.
        mirrors: addresses of the archive, in the order in which to try them.
        archive_md5: its md5, in hexadecimal.
        file_md5: the md5 of each file to unpack, by name.
        keep_archive: leave the archive beside the folder.

    Returns:
        The folder of the files and of ``class_names.txt``.

    Raises:
        DownloadError: no mirror gave the archive.
        DataError: a file is damaged, or the archive lacks one.
    """
    folder = fetch_tar(
        mirrors,
        data / "stl10_binary.tar.gz",
        archive_md5,
        data / "stl10_binary",
        file_md5,
        keep_archive=keep_archive,
    )
    names = folder / "class_names.txt"
    if not names.is_file():
        names.write_text("\n".join(CLASSES) + "\n", encoding="utf-8")
    return folder


def read_images(path: Path) -> np.ndarray:
    """The images of a file, (N, 3, 96, 96) uint8, mapped. Raises DataError for another size."""
    size, item = path.stat().st_size, 3 * 96 * 96
    if size == 0 or size % item:
        raise DataError(
            f"{path} holds {size} bytes, which is no whole number of images of {item}: "
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
