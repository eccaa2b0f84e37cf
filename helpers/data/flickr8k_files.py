"""The real Flickr8k: two archives downloaded, verified and unpacked, or files put there by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from helpers.data.archives import remove, unpack_zip, zip_members
from helpers.data.download import download
from helpers.data.verified import remember, verified
from helpers.errors import DataError

SOURCE = "https://github.com/jbrownlee/Datasets/releases/download/Flickr8k/"
IMAGES = 8091
CAPTIONS_MD5 = "984c5c3f4888d9ae1388e2a3051e9e97"


class Archive(NamedTuple):
    """A zip to fetch, and what of it is wanted: names that end so."""

    name: str
    md5: str
    wanted: str


ARCHIVES = (
    Archive("Flickr8k_text.zip", "bf6c1abcb8e4a833b7f922104de18627", "Flickr8k.token.txt"),
    Archive("Flickr8k_Dataset.zip", "f18a1e2920de5bd84dae7cf08ec78978", ".jpg"),
)


def fetch_flickr8k(
    data: Path,
    *,
    sources: Sequence[str] = (SOURCE,),
    archives: Sequence[Archive] = ARCHIVES,
    images: int = IMAGES,
    captions_md5: str = CAPTIONS_MD5,
) -> Path:
    """Flickr8k's images and captions, downloaded and unpacked where they are missing.

    An interrupted call continues where it was: the download with the bytes that are missing, the
    unpacking with the files that are. The archives are deleted in the end. Who has the data from
    Kaggle puts ``Images`` and ``captions.txt`` into the folder, and nothing is downloaded.

    Args:
        data: the data folder; the files go to ``flickr8k`` in it.
        sources: addresses of the folder of the archives, in the order in which to try them.
        archives: what to fetch.
        images: how many there have to be.
        captions_md5: of the ``captions.txt`` that somebody put there.

    Returns:
        The folder of ``Images`` and ``Flickr8k.token.txt`` or ``captions.txt``.

    Raises:
        DownloadError: no source gave an archive.
        DataError: a file is damaged, or images are missing.
    """
    folder = data / "flickr8k"
    if not _complete(folder, images, captions_md5):
        for archive in archives:
            path = data / archive.name
            if not verified(path, archive.md5):
                addresses = [source + archive.name for source in sources]
                download(addresses, path, f"md5:{archive.md5}")
                remember(path, archive.md5)
            target = folder / "Images" if archive.wanted == ".jpg" else folder
            members = zip_members(path, archive.wanted)
            unpack_zip(path, {m: target / PurePosixPath(m).name for m in members})
        if not _complete(folder, images, captions_md5):
            raise DataError(
                f"{folder / 'Images'} holds {_count(folder)} images, not {images}: delete "
                f"{folder}, and it is fetched again."
            )
    for archive in archives:
        remove(data / archive.name)
    return folder


def _complete(folder: Path, images: int, captions_md5: str) -> bool:
    captions = folder / "Flickr8k.token.txt"
    there = captions.is_file() or verified(folder / "captions.txt", captions_md5)
    return there and _count(folder) == images


def _count(folder: Path) -> int:
    return sum(1 for _ in (folder / "Images").glob("*.jpg"))
