"""STL-10 in its own binary layout, memory-mapped; the mini data come through the same class."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from helpers._session import session
from helpers.data.stl10_files import read_images, read_labels
from helpers.errors import DataError

SPLITS = ("unlabeled", "train", "test")
CROP = 64


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
        profile: str | None = None,
        data: str | os.PathLike[str] | None = None,
    ) -> None:
        if split not in SPLITS:
            raise DataError(f"STL-10 has no split {split!r}: use one of {', '.join(SPLITS)}.")
        self.split = split
        self.transform = transform or (random_crop if split == "unlabeled" else centre_crop)
        profile = profile or session().profile
        self.folder = _prepare(profile, Path(data) if data else session().data)
        self.images = read_images(self.folder / f"{split}_X.bin")
        n = len(self.images)
        self.labels = np.full(n, -1, np.int64)
        if split != "unlabeled":
            self.labels = read_labels(self.folder / f"{split}_y.bin", n)
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
        self.images = read_images(self.folder / f"{self.split}_X.bin")


def _prepare(profile: str, data: Path) -> Path:
    if profile == "mini":
        from helpers.data.mini_data import make_mini

        return make_mini(data)
    from helpers.data.stl10_files import fetch_stl10

    return fetch_stl10(data)


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

    unlabeled: DataLoader[Any]
    train: DataLoader[Any]
    test: DataLoader[Any]


def loaders(batch_size: int = 128, unlabeled: int = 10_000) -> Loaders:
    """Loaders of the session's STL-10: ``unlabeled, train, test = helpers.loaders()``.

    The first two shuffle with torch's global generator, which ``helpers.start`` seeds and
    ``helpers.training`` saves and restores.

    Args:
        batch_size: images in a batch; the last batch may be smaller.
        unlabeled: how many of the unlabeled images to use, at most.

    Raises:
        DataError: see ``STL10``.
    """
    here = session()
    gpu = here.device.type == "cuda"
    # On a CPU the cores are the model's: loading in the same process is then the fastest.
    workers = min(4, os.cpu_count() or 1) if gpu else 0

    def load(split: str, *, limit: int | None = None, shuffle: bool = True) -> DataLoader[Any]:
        data: Dataset[Any] = STL10(split)
        n = len(data)  # type: ignore[arg-type]
        wanted = here.some(min(limit or n, n))
        if wanted < n:
            data = Subset(data, range(wanted))
        return DataLoader(
            data,
            batch_size,
            shuffle=shuffle,
            num_workers=workers,
            pin_memory=gpu,
            worker_init_fn=_leave_interrupts_alone if workers else None,
        )

    return Loaders(load("unlabeled", limit=unlabeled), load("train"), load("test", shuffle=False))


def _leave_interrupts_alone(worker: int) -> None:
    """An interrupted cell stops after its epoch: until then it needs its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
