"""From STL-10's archive to the first batch of its unlabeled images, beside torchvision's way.

    .venv/bin/python -m bench.first_batch

The archive is made up, a share of the real one with its order of files; a tenth of its unlabeled
images is asked for, as the course does. Both verify it. torchvision unpacks and reads all of it,
and its DataLoader has two workers.
"""

import argparse
import functools
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, Subset
from torchvision.datasets import STL10
from torchvision.transforms import Compose, RandomCrop, RandomHorizontalFlip, ToTensor

import helpers
from bench.full_size import pictures
from bench.plain import WORKERS
from helpers.data import stl10_files
from helpers.data.download import file_checksum

SIZES = {"test": 8000, "train": 5000, "unlabeled": 100_000}
WANTED = 10_000
NOISE = 48  # of 256 shades: such pictures are packed to four fifths, as photographs are


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.first_batch", description=__doc__)
    parser.add_argument("--share", type=float, default=0.2, help="of the images (default: 0.2)")
    share = parser.parse_args().share
    with tempfile.TemporaryDirectory(prefix="stl10-") as name:
        folder = Path(name)
        sums, archive = make(folder, share)
        size, md5 = archive.stat().st_size, md5_of(archive)
        theirs = folder / "theirs" / archive.name
        theirs.parent.mkdir()
        theirs.hardlink_to(archive)
        wanted = round(WANTED * share)
        ours = seconds(lambda: first(folder, sums, md5, wanted))
        plain = seconds(lambda: usual(theirs.parent, sums, md5, wanted))
        read = sum(p.stat().st_size for p in (folder / "stl10_binary").iterdir())
        whole = sum(p.stat().st_size for p in (theirs.parent / "stl10_binary").iterdir())
    print(f"an archive of {size >> 20:,} MB to the first batch of {wanted:,} unlabeled images")
    print(f"ours         {ours:6.1f} s, {read >> 20:,} MB unpacked")
    print(f"torchvision  {plain:6.1f} s, {whole >> 20:,} MB unpacked, {plain / ours:.1f} times")


def make(folder: Path, share: float) -> tuple[dict[str, str], Path]:
    """The archive, and the md5 of each of its files."""
    rng = np.random.default_rng(0)
    archive, sums = folder / "stl10_binary.tar.gz", {}
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for split, many in SIZES.items():
            n = round(many * share)
            path = folder / f"{split}_X.bin"
            with path.open("wb") as file:
                for start in range(0, n, 1000):
                    images = pictures(rng, np.arange(min(1000, n - start)) % 10, 96)
                    noise = rng.integers(0, NOISE, images.shape, dtype=np.uint8)
                    file.write((images // 2 + noise).transpose(0, 3, 2, 1).tobytes())
            members = [path]
            if split != "unlabeled":
                members.append(folder / f"{split}_y.bin")
                members[-1].write_bytes((np.arange(n) % 10 + 1).astype(np.uint8).tobytes())
            for member in members:
                sums[member.name] = md5_of(member)
                tar.add(member, f"stl10_binary/{member.name}")
                member.unlink()
    return sums, archive


def md5_of(path: Path) -> str:
    return file_checksum(path).partition(":")[2]


def first(folder: Path, sums: dict[str, str], md5: str, wanted: int) -> None:
    """Ours."""
    fetch = functools.partial(stl10_files.fetch_stl10, archive_md5=md5, file_md5=sums)
    stl10_files.fetch_stl10 = fetch
    helpers.start(profile="full", data=folder)
    images, _ = next(iter(helpers.loaders(128, wanted).unlabeled))
    assert images.shape == (128, 3, 64, 64)


def usual(folder: Path, sums: dict[str, str], md5: str, wanted: int) -> None:
    """torchvision's, its labeled splits too."""

    files = {
        "tgz_md5": md5,
        "train_list": [[n, sums[n]] for n in ("train_X.bin", "train_y.bin", "unlabeled_X.bin")],
        "test_list": [[n, sums[n]] for n in ("test_X.bin", "test_y.bin")],
    }
    made: Any = type("Made", (STL10,), files)  # with the sums of this archive
    cut = Compose([RandomCrop(64), RandomHorizontalFlip(), ToTensor()])
    unlabeled, *_ = (
        made(str(folder), split, transform=cut, download=True)
        for split in ("unlabeled", "train", "test")
    )
    some: Subset[Any] = Subset(unlabeled, range(wanted))
    images, _ = next(iter(DataLoader(some, 128, shuffle=True, num_workers=WORKERS)))
    assert images.shape == (128, 3, 64, 64)


def seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
