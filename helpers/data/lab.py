"""STL-10 as Lab images that are converted once, kept on the device, and cropped there."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from helpers._session import session
from helpers.data.batches import CHUNK, CROP, ImageLoader, on_device
from helpers.data.colour import rgb_to_lab
from helpers.data.stl10 import STL10
from helpers.progress import progress

CENTRE = (50.0, 0.0, 0.0)
"""What is taken from L, a and b, so that they lie around 0."""

SCALE = 3.2
"""What all three are then divided by.

Four convolutions with PyTorch's initial weights shrink their input some 50 times, and add biases
on the way. With values in [-1, 1], all images would get nearly the same features, and contrastive
training can settle where they all are one, or where no feature is left.
"""


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
        here = session()
        source = STL10(split, limit=here.at_most(limit))
        n = len(source)
        centre = torch.tensor(CENTRE, device=here.device)[:, None, None]
        self.images = torch.empty(
            n, *source.images.shape[1:], dtype=torch.float16, device=here.device
        )
        pieces = on_device(source.images, here.device)
        for rows, rgb in progress(
            pieces, total=-(-n // CHUNK), desc=f"Lab, {split}", unit="batch", leave=False
        ):
            self.images[rows] = (rgb_to_lab(rgb) - centre) / SCALE
        self.labels = torch.from_numpy(source.labels).to(here.device)
        self.classes = source.classes

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int, int]:
        edge = (self.images.shape[-1] - CROP) // 2
        image = self.images[index, :, edge : edge + CROP, edge : edge + CROP].float()
        return image, int(self.labels[index]), int(index)


class LabLoaders(NamedTuple):
    """One loader a split: the unlabeled one augments, and yields places in the data set too."""

    unlabeled: ImageLoader
    train: ImageLoader
    test: ImageLoader


def lab_loaders(batch_size: int = 64, unlabeled: int = 10_000) -> LabLoaders:
    """Loaders of the session's STL-10 in Lab: ``views, train, test = helpers.lab_loaders()``.

    10,000 images take 553 MB on the session's device.

    Args:
        batch_size: images in a batch.
        unlabeled: how many of the unlabeled images to use, at most.
    """

    def load(split: str, limit: int | None = None, **how: bool) -> ImageLoader:
        data = LabImages(split, limit)
        return ImageLoader(data, data.images, data.labels, batch_size, **how)

    return LabLoaders(
        load("unlabeled", unlabeled, shuffle=True, augment=True, index=True),
        load("train", shuffle=True),
        load("test"),
    )
