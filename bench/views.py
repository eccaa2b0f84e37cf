"""Images a second of contrastive multiview coding's input.

    .venv/bin/python -m bench.views

Ours converts every image to Lab once and cuts crops out of memory. The peer does what notebooks
usually do: for every image, PIL crop and flip, scikit-image's rgb2lab, a DataLoader with two
workers. Both yield the same batches of the mini data; each figure is the median of its epochs,
which take turns.
"""

import argparse
import statistics
import time
from collections.abc import Iterable

from torch import Tensor

import helpers
from autograder.paths import ROOT
from bench import plain

BATCH = 128


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.views", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="epochs of each kind (default: 5)")
    args = parser.parse_args()
    helpers.start(profile="mini", data=ROOT / "build" / "data")
    start = time.perf_counter()
    ours, train, test = helpers.lab_loaders(BATCH)
    converting = time.perf_counter() - start
    images = sum(len(loader.dataset) for loader in (ours, train, test))
    usual = plain.loader("unlabeled", BATCH, lab=True)
    rates: dict[str, list[float]] = {"Lab once": [], "per image": []}
    for _ in range(args.runs):
        for name, loader in (("Lab once", ours), ("per image", usual)):
            rates[name].append(len(ours.dataset) / seconds(loader))
    fast, slow = (statistics.median(r) for r in rates.values())
    print(f"converting {images:,} images, once      {converting:8.1f} s")
    print(f"per image, two workers             {slow:8,.0f} images/s")
    print(
        f"Lab once, crops out of memory      {fast:8,.0f} images/s, {fast / slow:.1f} times as many"
    )


def seconds(loader: Iterable[tuple[Tensor, Tensor, Tensor]]) -> float:
    """How long one epoch of a loader takes."""
    start = time.perf_counter()
    for x, _, _ in loader:
        assert x.shape[1:] == (3, 64, 64)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
