"""STL-10 in its own binary layout, memory-mapped; the mini data come through the same class."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from helpers._session import session
from helpers.data.archives import beginning
from helpers.data.batches import CROP, ImageLoader, on_device
from helpers.data.stl10_files import read_images, read_labels
from helpers.errors import DataError

SPLITS = ("unlabeled", "train", "test")


class STL10(Dataset[tuple[Tensor, int]]):
    """Images of 96 × 96 pixels in three channels, and their labels.

    An item is ``(image, label)``: a float32 tensor (3, 64, 64) in [0, 1] and an int, 0 to 9, or
    -1 in the unlabeled split. Unlabeled images are flipped and cropped at random (torch's global
    generator), labeled ones cropped at the centre.

    The first use in the mini profile makes the data, in the full profile it downloads them
    (2.6 GB). Files are verified once, not at every start.

    Args:
        split: ``"unlabeled"``, ``"train"`` or ``"test"``.
        transform: uint8 array (3, 96, 96) → item, in the place of crop and flip.
        limit: how many images to take, at most; of the unlabeled ones no more are unpacked.
        profile: ``"mini"`` or ``"full"``; else the session's.
        data: the data folder; else the session's.

    Attributes:
        images: (N, 3, 96, 96) uint8, channel × row × column, a view of the mapped file.
        labels: (N,) int64, 0 to 9, or -1.
        classes: the ten names, in the order of the labels.

    Raises:
        DataError: there is no such split, or a file is damaged.
        DownloadError: the data could not be downloaded.
    """

    def __init__(
        self,
        split: str,
        transform: Callable[[np.ndarray], Any] | None = None,
        *,
        limit: int | None = None,
        profile: str | None = None,
        data: str | os.PathLike[str] | None = None,
    ) -> None:
        if split not in SPLITS:
            raise DataError(f"STL-10 has no split {split!r}: use one of {', '.join(SPLITS)}.")
        self.split = split
        self.transform = transform or (random_crop if split == "unlabeled" else centre_crop)
        profile = profile or session().profile
        unlabeled = limit if split == "unlabeled" else 0
        self.folder = _prepare(profile, Path(data) if data else session().data, unlabeled)
        images = self._mapped()
        labels = np.full(len(images), -1, np.int64)
        if split != "unlabeled":
            labels = read_labels(self.folder / f"{split}_y.bin", len(images))
        self.images, self.labels = images[:limit], labels[:limit]
        names = (self.folder / "class_names.txt").read_text(encoding="utf-8")
        self.classes = tuple(names.split())

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self.transform(self.images[index]), int(self.labels[index])

    def __getstate__(self) -> dict[str, Any]:
        # A worker process maps the file again: pickling the map would copy gigabytes.
        return {k: v for k, v in self.__dict__.items() if k != "images"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.images = self._mapped()[: len(self.labels)]

    def _mapped(self) -> np.ndarray:
        path = self.folder / f"{self.split}_X.bin"
        return read_images(path if path.is_file() else beginning(path))


def _prepare(profile: str, data: Path, unlabeled: int | None) -> Path:
    if profile == "mini":
        from helpers.data.mini_data import make_mini

        return make_mini(data)
    from helpers.data.stl10_files import fetch_stl10

    return fetch_stl10(data, unlabeled=unlabeled)


def centre_crop(image: np.ndarray) -> Tensor:
    """The middle 64 × 64 pixels of a uint8 image (3, H, W), as float32 in [0, 1]."""
    top, left = (image.shape[1] - CROP) // 2, (image.shape[2] - CROP) // 2
    return _tensor(image[:, top : top + CROP, left : left + CROP])


def random_crop(image: np.ndarray) -> Tensor:
    """64 × 64 pixels from anywhere in a uint8 image (3, H, W), half of them mirrored, in [0, 1]."""
    top = int(torch.randint(image.shape[1] - CROP + 1, ()))
    left = int(torch.randint(image.shape[2] - CROP + 1, ()))
    crop = image[:, top : top + CROP, left : left + CROP]
    return _tensor(crop[:, :, ::-1] if torch.rand(()) < 0.5 else crop)


def _tensor(image: np.ndarray) -> Tensor:
    return torch.from_numpy(image.astype(np.float32, order="C")).div_(255)


class Loaders(NamedTuple):
    """One loader a split; each yields ``(images, labels)``: (B, 3, 64, 64) float32, (B,) int64."""

    unlabeled: ImageLoader
    train: ImageLoader
    test: ImageLoader


def loaders(batch_size: int = 128, unlabeled: int = 10_000) -> Loaders:
    """Loaders of the session's STL-10: ``unlabeled, train, test = helpers.loaders()``.

    Batches are made on the session's device, where the images lie as bytes: 10,000 take 276 MB.
    The first two loaders shuffle with torch's global generator, which ``helpers.start`` seeds and
    ``helpers.training`` saves and restores.

    Args:
        batch_size: images in a batch; the last batch may be smaller.
        unlabeled: how many of the unlabeled images to use, at most; no more are read.

    Raises:
        DataError: see ``STL10``.
    """
    here = session()

    def load(split: str, limit: int | None = None, **how: bool) -> ImageLoader:
        data = STL10(split, limit=here.at_most(limit))
        images = torch.empty(data.images.shape, dtype=torch.uint8, device=here.device)
        for rows, some in on_device(data.images, here.device):
            images[rows] = some
        labels = torch.from_numpy(data.labels).to(here.device)
        return ImageLoader(data, images, labels, batch_size, **how)

    return Loaders(
        load("unlabeled", unlabeled, shuffle=True, augment=True),
        load("train", shuffle=True),
        load("test"),
    )
