"""Features of a frozen encoder, computed once instead of once an epoch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, RandomSampler

from helpers._session import current
from helpers.data.batches import ImageLoader


class FeatureLoader:
    """Batches ``(features, labels)`` from tensors that lie on the device.

    Iterating shuffles anew each time where ``shuffle`` is set, with torch's global generator.
    ``len`` is the number of batches; the last may be smaller.
    """

    def __init__(self, features: Tensor, labels: Tensor, batch_size: int, shuffle: bool) -> None:
        self.features, self.labels = features, labels
        self.batch_size, self.shuffle = batch_size, shuffle

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        features, labels = self.features, self.labels
        if self.shuffle:
            order = torch.randperm(len(labels)).to(labels.device)
            features, labels = features[order], labels[order]
        yield from zip(features.split(self.batch_size), labels.split(self.batch_size), strict=True)


def cached_features(encoder: nn.Module, loader: DataLoader[Any] | ImageLoader) -> FeatureLoader:
    """Encode every image of a loader once, for training a classifier on a frozen encoder.

    The encoder runs in eval mode and without gradients, and is left in the mode it was in. Give
    the result to a training function in the place of the loader, with ``nn.Identity()`` in the
    place of the encoder: the numbers are those of encoding anew in each epoch, as long as the
    data set's transform is not random (a random one is drawn once, and kept).

    Args:
        encoder: (B, 3, 64, 64) → (B, …), frozen.
        loader: yields ``(images, labels)``; its batch size and shuffling are kept.

    Returns:
        A loader of ``(features, labels)`` with features of the encoder's output shape, on the
        session's device (else the encoder's).
    """
    here = current()
    first = next(encoder.parameters(), None)
    device = here.device if here else first.device if first is not None else torch.device("cpu")
    in_order, shuffle = _in_order(loader)
    was_training = encoder.training
    encoder.to(device).eval()
    features, labels = [], []
    try:
        with torch.no_grad():
            for x, y in in_order:
                features.append(encoder(x.to(device)))
                labels.append(y.to(device))
    finally:
        encoder.train(was_training)
    return FeatureLoader(
        torch.cat(features),
        torch.cat(labels),
        loader.batch_size or 1,
        shuffle,
    )


def _in_order(loader: DataLoader[Any] | ImageLoader) -> tuple[Iterable[Any], bool]:
    """The loader's images without shuffling, and whether it shuffles."""
    if isinstance(loader, ImageLoader):
        return loader.in_order(), loader.shuffle
    in_order = DataLoader(
        loader.dataset,
        batch_size=loader.batch_size,
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
    )
    return in_order, isinstance(loader.sampler, RandomSampler)
