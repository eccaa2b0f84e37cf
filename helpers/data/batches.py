"""Batches of images that lie on the device, where every image gets a crop and a flip of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

CROP = 64
CHUNK = 250


class ImageLoader:
    """Batches of a data set whose images lie on a device, made there.

    With ``augment``, every image gets a crop and a flip of its own, drawn anew in each epoch with
    torch's global generator; without, its centre. ``len`` is the number of batches; the last may
    be smaller.

    Args:
        dataset: the images one by one, for whoever wants to look at some.
        images: (N, 3, H, W), uint8 from 0 to 255 or floating.
        labels: (N,) int64, on the same device.
        batch_size: images in a batch.
        shuffle: draw another order in each epoch.
        augment: see above.
        index: yield the images' places in the data set too.

    Yields:
        ``(images, labels)``, (B, 3, 64, 64) float32, in [0, 1] where ``images`` are uint8, and
        (B,) int64; as a third, with ``index``, the places (B,) int64.
    """

    def __init__(
        self,
        dataset: Any,
        images: Tensor,
        labels: Tensor,
        batch_size: int,
        *,
        shuffle: bool = False,
        augment: bool = False,
        index: bool = False,
    ) -> None:
        self.dataset, self.images, self.labels = dataset, images, labels
        self.batch_size, self.shuffle = batch_size, shuffle
        self.augment, self.index = augment, index

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        n, device = len(self.labels), self.labels.device
        order = torch.randperm(n) if self.shuffle else torch.arange(n)
        # Moved once an epoch: a copy to a GPU takes as long for ten numbers as for ten thousand.
        drawn = [t.to(device) for t in (order, *self._places(n))]
        for rows, *places in zip(*(t.split(self.batch_size) for t in drawn), strict=True):
            images = crops(self.images, rows, *places)
            labels = self.labels[rows]
            yield (images, labels, rows) if self.index else (images, labels)

    def in_order(self) -> ImageLoader:
        """The same images, not shuffled and not augmented, without their places."""
        return ImageLoader(self.dataset, self.images, self.labels, self.batch_size)

    def _places(self, n: int) -> tuple[Tensor, Tensor, Tensor]:
        room = self.images.shape[-1] - CROP
        if not self.augment:
            edge = torch.full((n,), room // 2)
            return edge, edge, torch.zeros(n, dtype=torch.bool)
        tops, lefts = torch.randint(room + 1, (2, n))
        return tops, lefts, torch.rand(n) < 0.5


def crops(images: Tensor, rows: Tensor, tops: Tensor, lefts: Tensor, flips: Tensor) -> Tensor:
    """64 × 64 pixels of each of the images ``rows``, mirrored where ``flips``.

    All four are (B,), on the images' device. The result is (B, 3, 64, 64) float32; bytes are
    divided by 255.
    """
    # On a CPU, copying blocks of memory beats gathering single pixels.
    cut = _sliced if images.device.type == "cpu" else _gathered
    found = cut(images, rows, tops, lefts, flips)
    return found.div_(255) if images.dtype == torch.uint8 else found


def _sliced(images: Tensor, rows: Tensor, tops: Tensor, lefts: Tensor, flips: Tensor) -> Tensor:
    out = torch.empty(len(rows), 3, CROP, CROP)
    places = zip(rows.tolist(), tops.tolist(), lefts.tolist(), strict=True)
    for target, (row, top, left) in zip(out, places, strict=True):
        target.copy_(images[row, :, top : top + CROP, left : left + CROP])
    out[flips] = out[flips].flip(-1)
    return out


def _gathered(images: Tensor, rows: Tensor, tops: Tensor, lefts: Tensor, flips: Tensor) -> Tensor:
    steps = torch.arange(CROP, device=images.device)
    down = (tops[:, None] + steps)[:, None, :, None]
    across = lefts[:, None] + torch.where(flips[:, None], CROP - 1 - steps, steps)
    channels = torch.arange(3, device=images.device)[None, :, None, None]
    return images[rows[:, None, None, None], channels, down, across[:, None, None, :]].float()


def on_device(images: np.ndarray, device: torch.device) -> Iterator[tuple[slice, Tensor]]:
    """Images (N, …) of a mapped file, some at a time, on a device; and which they are.

    They lie there as in the file.
    """
    for start in range(0, len(images), CHUNK):
        rows = slice(start, min(start + CHUNK, len(images)))
        yield rows, torch.from_numpy(images[rows].copy(order="K")).to(device)
