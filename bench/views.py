"""Images a second of contrastive multiview coding's input, and what cached features save.

    .venv/bin/python -m bench.views

Ours converts every image to Lab once and cuts crops out of memory. The peer does what notebooks
usually do: for every image, PIL crop and flip, scikit-image's rgb2lab, a DataLoader with two
workers. Both yield the same batches of the mini data; each figure is the median of its epochs,
which take turns. Then a linear probe of 100 epochs on the labeled images: encoding them anew in
each epoch, from the peer's loader and from ours, and with features that are encoded once.
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from skimage.color import rgb2lab
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import CenterCrop, RandomCrop, RandomHorizontalFlip

import helpers
from autograder.paths import ROOT

BATCH = 128


class PlainViews(Dataset[tuple[Tensor, int, int]]):
    """Lab crops of a split, every one made from its file's bytes when it is asked for."""

    def __init__(self, split: str) -> None:
        self.source = helpers.STL10(split)
        labeled = split != "unlabeled"
        self.crop = CenterCrop(64) if labeled else RandomCrop(64)
        self.flip = RandomHorizontalFlip(0 if labeled else 0.5)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> tuple[Tensor, int, int]:
        image = Image.fromarray(self.source.images[index].transpose(1, 2, 0))
        lab = rgb2lab(np.asarray(self.flip(self.crop(image)))).astype(np.float32)
        return torch.from_numpy(lab.transpose(2, 0, 1) / 100), int(self.source.labels[index]), index


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.views", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="epochs of each kind (default: 5)")
    args = parser.parse_args()
    helpers.start(profile="mini", data=ROOT / "build" / "data")
    start = time.perf_counter()
    ours, train, test = helpers.lab_loaders(BATCH)
    converting = time.perf_counter() - start
    images = sum(len(loader.dataset) for loader in (ours, train, test))
    plain, labeled = (
        DataLoader(PlainViews(split), BATCH, shuffle=True, num_workers=2)
        for split in ("unlabeled", "train")
    )
    rates: dict[str, list[float]] = {"Lab once": [], "per image": []}
    for _ in range(args.runs):
        for name, loader in (("Lab once", ours), ("per image", plain)):
            rates[name].append(len(ours.dataset) / seconds(loader))
    fast, slow = (statistics.median(r) for r in rates.values())
    print(f"converting {images:,} images, once      {converting:8.1f} s")
    print(f"per image, two workers             {slow:8,.0f} images/s")
    print(
        f"Lab once, crops out of memory      {fast:8,.0f} images/s, {fast / slow:.1f} times as many"
    )
    encoder = conv_encoder()
    times = {}
    for name, loader in (("per image, encoded anew", labeled), ("Lab once, encoded anew", train)):
        start = time.perf_counter()
        probe(encoder, loader)
        times[name] = time.perf_counter() - start
    start = time.perf_counter()
    probe(nn.Identity(), helpers.cached_features(encoder, train))
    once = time.perf_counter() - start
    print(f"linear probe, cached features      {once:8.1f} s")
    for name, taken in times.items():
        print(f"linear probe, {name:20} {taken:8.1f} s, {taken / once:.0f} times as long")


def seconds(loader: Iterable[tuple[Tensor, Tensor, Tensor]]) -> float:
    """How long one epoch of a loader takes."""
    start = time.perf_counter()
    for x, _, _ in loader:
        assert x.shape[1:] == (3, 64, 64)
    return time.perf_counter() - start


def conv_encoder() -> nn.Module:
    """Four convolutions, as in the notebooks: (B, 3, 64, 64) → (B, 384)."""
    sizes, layers = (3, 12, 24, 48, 24), []
    for a, b in itertools.pairwise(sizes):
        layers += [nn.Conv2d(a, b, 4, 2, 1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten())


def probe(
    encoder: nn.Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    features: int = 384,
    epochs: int = 100,
) -> None:
    """Train a linear classifier on a frozen encoder."""
    cls = nn.Linear(features, 10)
    optimizer = torch.optim.Adam(cls.parameters(), lr=1e-3, weight_decay=1e-4)
    for _ in range(epochs):
        for x, y, *_ in loader:
            with torch.no_grad():
                features = encoder(x)
            loss = F.cross_entropy(cls(features), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


if __name__ == "__main__":
    main()
