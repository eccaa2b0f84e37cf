"""STL-10 as Lab images that are converted once, kept on the device, and cropped there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from helpers._session import session
from helpers.data.colour import rgb_to_lab
from helpers.data.stl10 import CROP, STL10
from helpers.progress import progress

CENTRE = (50.0, 0.0, 0.0)
"""What is taken from L, a and b, so that they lie around 0."""

SCALE = 3.2
"""What all three are then divided by.

Four convolutions with PyTorch's initial weights shrink their input some 50 times, and add biases
on the way. With values in [-1, 1], all images would get nearly the same features, and contrastive
training can settle where they all are one, or where no feature is left.
"""

CHUNK = 250


class LabImages(Dataset[tuple[Tensor, int, int]]):
    """The images of one split in Lab, all of them in memory.

    Lab is computed per pixel, so that converting first and cropping later gives the same pixels:
    every image is converted once, and not once an epoch.

    An item is ``(image, label, index)``: the centre of the image, (3, 64, 64) float32 with
    channels (L - 50) / 3.2, a / 3.2, b / 3.2, its label, and its place in the data set.

    Args:
        split: of ``STL10``.
        limit: how many images to take, at most.

    Attributes:
        images: (N, 3, 96, 96) float16, scaled as above, on the session's device.
        labels: (N,) int64 there too; -1 in the unlabeled split.
        classes: the ten names.
    """

    def __init__(self, split: str, limit: int | None = None) -> None:
        source = STL10(split)
        here = session()
        n = here.some(len(source) if limit is None else min(limit, len(source)))
        centre = torch.tensor(CENTRE, device=here.device)[:, None, None]
        self.images = torch.empty(
            n, *source.images.shape[1:], dtype=torch.float16, device=here.device
        )
        for start in progress(range(0, n, CHUNK), desc=f"Lab, {split}", unit="batch", leave=False):
            rgb = torch.from_numpy(source.images[start : start + CHUNK].copy()[: n - start])
            lab = (rgb_to_lab(rgb.to(here.device)) - centre) / SCALE
            self.images[start : start + len(rgb)] = lab
        self.labels = torch.from_numpy(source.labels[:n]).to(here.device)
        self.classes = source.classes

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int, int]:
        edge = (self.images.shape[-1] - CROP) // 2
        image = self.images[index, :, edge : edge + CROP, edge : edge + CROP].float()
        return image, int(self.labels[index]), int(index)


class LabLoader:
    """Batches of a ``LabImages``, made on the device where the images lie.

    With ``augment``, every image gets a crop and a flip of its own, drawn anew in each epoch with
    torch's global generator; without, its centre. ``len`` is the number of batches; the last may
    be smaller.

    Yields:
        ``(images, labels)``, (B, 3, 64, 64) float32 and (B,) int64, and as a third the images'
        places in the data set, (B,) int64, with ``index``.
    """

    def __init__(
        self,
        dataset: LabImages,
        batch_size: int,
        *,
        shuffle: bool = False,
        augment: bool = False,
        index: bool = False,
    ) -> None:
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle
        self.augment, self.index = augment, index

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        n = len(self.dataset)
        order = torch.randperm(n) if self.shuffle else torch.arange(n)
        for rows in order.split(self.batch_size):
            images = crops(self.dataset.images, rows, *self._places(len(rows)))
            rows = rows.to(images.device)
            labels = self.dataset.labels[rows]
            yield (images, labels, rows) if self.index else (images, labels)

    def in_order(self) -> LabLoader:
        """The same images, not shuffled and not augmented, without their places."""
        return LabLoader(self.dataset, self.batch_size)

    def _places(self, n: int) -> tuple[Tensor, Tensor, Tensor]:
        room = self.dataset.images.shape[-1] - CROP
        if not self.augment:
            edge = torch.full((n,), room // 2)
            return edge, edge, torch.zeros(n, dtype=torch.bool)
        tops, lefts = torch.randint(room + 1, (2, n))
        return tops, lefts, torch.rand(n) < 0.5


def crops(images: Tensor, rows: Tensor, tops: Tensor, lefts: Tensor, flips: Tensor) -> Tensor:
    """64 × 64 pixels of each of the images ``rows``, mirrored where ``flips``; float32.

    All four are (B,) on the CPU; the result is (B, 3, 64, 64) on the images' device.
    """
    # On a CPU, copying blocks of memory beats gathering single pixels.
    cut = _sliced if images.device.type == "cpu" else _gathered
    return cut(images, rows, tops, lefts, flips)


def _sliced(images: Tensor, rows: Tensor, tops: Tensor, lefts: Tensor, flips: Tensor) -> Tensor:
    out = torch.empty(len(rows), 3, CROP, CROP)
    places = zip(rows.tolist(), tops.tolist(), lefts.tolist(), strict=True)
    for target, (row, top, left) in zip(out, places, strict=True):
        target.copy_(images[row, :, top : top + CROP, left : left + CROP])
    out[flips] = out[flips].flip(-1)
    return out


def _gathered(images: Tensor, rows: Tensor, tops: Tensor, lefts: Tensor, flips: Tensor) -> Tensor:
    steps = torch.arange(CROP)
    down = (tops[:, None] + steps)[:, None, :, None]
    across = lefts[:, None] + torch.where(flips[:, None], CROP - 1 - steps, steps)
    channels = torch.arange(3)[None, :, None, None]
    place = (rows[:, None, None, None], channels, down, across[:, None, None, :])
    return images[tuple(t.to(images.device, non_blocking=True) for t in place)].float()


class LabLoaders(NamedTuple):
    """One loader a split: the unlabeled one augments, and yields places in the data set too."""

    unlabeled: LabLoader
    train: LabLoader
    test: LabLoader


def lab_loaders(batch_size: int = 64, unlabeled: int = 10_000) -> LabLoaders:
    """Loaders of the session's STL-10 in Lab: ``views, train, test = helpers.lab_loaders()``.

    10,000 images take 553 MB on the session's device.

    Args:
        batch_size: images in a batch.
        unlabeled: how many of the unlabeled images to use, at most.
    """
    return LabLoaders(
        LabLoader(
            LabImages("unlabeled", unlabeled), batch_size, shuffle=True, augment=True, index=True
        ),
        LabLoader(LabImages("train"), batch_size, shuffle=True),
        LabLoader(LabImages("test"), batch_size),
    )
