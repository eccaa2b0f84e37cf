"""The mini data: ten photographs cut into ten classes of crops, in STL-10's own binary layout.

Nothing is downloaded: the photographs lie inside the scikit-image and scikit-learn wheels. Each
is a class. It is divided into a grid of tiles; some tiles give the test crops and the others the
training and unlabeled crops, so no test pixel is ever trained on. Every crop is zoomed, flipped
and strongly changed in colour and contrast: otherwise the mean colour alone would give the class
away, and there would be nothing to learn.

Credits, in the order of the classes:

- astronaut: Eileen Collins, NASA; public domain
- cat: Chelsea, by Stefan van der Walt; CC0
- coffee: by Rachel Michetti; CC0
- rocket: Falcon 9 with DSCOVR, SpaceX; public domain
- galaxies: Hubble eXtreme Deep Field, NASA; public domain
- retina: by Mikael Häggström; CC0
- tissue: immunohistochemistry of colonic glands, Center for Microscopy and Molecular Imaging;
  no known copyright restrictions
- motorcycle: Middlebury stereo data of 2014 (D. Scharstein, H. Hirschmüller, Y. Kitajima,
  G. Krathwohl, N. Nešić, X. Wang, P. Westling: High-resolution stereo datasets with
  subpixel-accurate ground truth, GCPR 2014), as distributed with scikit-image
- temple: Summer Palace, China, by danielbuechele; CC BY 2.0
- flower: by vultilion; CC BY 2.0
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.errors import DataError
from helpers.progress import progress

if TYPE_CHECKING:
    from PIL.Image import Image

PHOTOGRAPHS = {
    "astronaut": "skimage/data/astronaut.png",
    "cat": "skimage/data/chelsea.png",
    "coffee": "skimage/data/coffee.png",
    "rocket": "skimage/data/rocket.jpg",
    "galaxies": "skimage/data/hubble_deep_field.jpg",
    "retina": "skimage/data/retina.jpg",
    "tissue": "skimage/data/ihc.png",
    "motorcycle": "skimage/data/motorcycle_left.png",
    "temple": "sklearn/datasets/images/china.jpg",
    "flower": "sklearn/datasets/images/flower.jpg",
}
CLASSES = tuple(PHOTOGRAPHS)
SIDE = 96


@dataclass(frozen=True)
class Recipe:
    """All that decides the bytes of the mini data; a changed recipe makes them anew.

    Sizes are numbers of crops. ``zoom`` is the range of a crop's side as a fraction of a tile's
    shorter side; one whose brightness has a standard deviation under ``detail`` (of 255), a piece
    of empty sky, is drawn again. ``gain``, ``contrast`` and ``brightness`` are half-widths of
    uniform changes, ``shuffled`` and ``grey`` the probabilities of permuted and equal channels.
    """

    unlabeled: int = 3000
    train: int = 2500
    test: int = 1000
    tiles: tuple[int, int] = (2, 3)
    zoom: tuple[float, float] = (0.4, 1.0)
    detail: float = 12.0
    gain: float = 0.25
    contrast: float = 0.25
    brightness: float = 0.05
    shuffled: float = 0.15
    grey: float = 0.2
    seed: int = 2026
    version: int = 1


RECIPE = Recipe()


def make_mini(data: Path, recipe: Recipe | None = None, show: bool = True) -> Path:
    """Make the mini data where they are missing or of another recipe; deterministic.

    Args:
        data: the data folder; the files go to ``mini/stl10_binary`` in it.
        recipe: sizes and strengths; else ``RECIPE``.
        show: whether to show a progress bar.

    Returns:
        The folder of ``train_X.bin`` (uint8, a crop as 3 × 96 columns × 96 rows), ``train_y.bin``
        (uint8, 1 to 10), ``test_…``, ``unlabeled_X.bin`` and ``class_names.txt``.

    Raises:
        DataError: a photograph is not inside the installed wheels.
    """
    folder = data / "mini" / "stl10_binary"
    recipe = recipe or RECIPE
    sizes = {"train": recipe.train, "test": recipe.test, "unlabeled": recipe.unlabeled}
    lengths = {f"{split}_X.bin": size * 3 * SIDE**2 for split, size in sizes.items()}
    lengths |= {f"{split}_y.bin": sizes[split] for split in ("train", "test")}

    def make(part: Path) -> None:
        photographs = [photograph(name) for name in CLASSES]
        with progress(
            total=sum(sizes.values()), desc="mini data", unit="image", leave=False, disable=not show
        ) as bar:
            for split, size in sizes.items():
                images, labels = _split(photographs, split, size, recipe, bar)
                (part / f"{split}_X.bin").write_bytes(images.tobytes())
                if split != "unlabeled":
                    (part / f"{split}_y.bin").write_bytes(labels.tobytes())
        (part / "class_names.txt").write_text("\n".join(CLASSES) + "\n", encoding="utf-8")

    return make_folder(folder, json.dumps(asdict(recipe)), lengths, make)


def make_folder(
    folder: Path, recipe: str, lengths: Mapping[str, int], make: Callable[[Path], None]
) -> Path:
    """``folder`` with all that ``make`` writes into it, at once or not at all; and its path.

    It is made where it is missing, was made by another recipe, or a file of it does not have the
    length in bytes that ``lengths`` tells by name.
    """

    def is_whole() -> bool:
        with contextlib.suppress(FileNotFoundError):
            same = (folder / "recipe.json").read_text(encoding="utf-8") == recipe
            return same and all((folder / n).stat().st_size == s for n, s in lengths.items())
        return False

    part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        if not is_whole():
            part.mkdir(parents=True)
            make(part)
            for path in filter(Path.is_file, part.rglob("*")):
                path.chmod(0o644)  # some libraries write for their owner alone
            (part / "recipe.json").write_text(recipe, encoding="utf-8")
        if not is_whole():  # another process may have made it meanwhile
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def photograph(name: str) -> Image:
    """The photograph of a class, in RGB. Raises DataError where it is not installed."""
    from PIL import Image

    package, _, rest = PHOTOGRAPHS[name].partition("/")
    spec = find_spec(package)  # finds the folder without importing the package
    path = Path(spec.origin).parent / rest if spec and spec.origin else None
    if path is None or not path.is_file():
        wheel = {"skimage": "scikit-image", "sklearn": "scikit-learn"}[package]
        raise DataError(
            f"The photograph {PHOTOGRAPHS[name]} of the mini data is not inside the installed "
            f"{wheel}: run `pip install --force-reinstall {wheel}`."
        )
    with Image.open(path) as image:
        return image.convert("RGB")


def _split(
    photographs: Sequence[Image], split: str, size: int, recipe: Recipe, bar: Any
) -> tuple[np.ndarray, np.ndarray]:
    """``size`` crops in STL-10's layout (size, 3, column, row) and labels 1-10 (size,), as uint8.

    Classes come in a random order, equally often.
    """
    order = np.random.default_rng([recipe.seed, len(split)])
    labels = order.permutation(np.arange(size) % len(photographs))
    images = np.empty((size, 3, SIDE, SIDE), np.uint8)
    for i, label in enumerate(labels):
        # A generator a crop: the i-th crop is the same however many are made.
        rng = np.random.default_rng([recipe.seed, len(split), i])
        crop = cut(
            photographs[label], split == "test", recipe.tiles, recipe.zoom, recipe.detail, rng
        )
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        images[i] = _jitter(crop, recipe, rng).transpose(2, 1, 0)
        bar.update()
    return images, (labels + 1).astype(np.uint8)


def cut(
    photograph: Image,
    test: bool,
    tiles: tuple[int, int],
    zoom: tuple[float, float],
    detail: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """A random square out of one tile, with something to see in it, (96, 96, 3) uint8."""
    from PIL import Image

    rows, columns = tiles
    of_split = [t for t in range(rows * columns) if _is_test(t, columns) == test]
    width, height = photograph.width // columns, photograph.height // rows
    for _ in range(10):
        row, column = divmod(int(rng.choice(of_split)), columns)
        # Cut the tile out first: resizing looks at the pixels around its box too.
        tile = photograph.crop(
            (column * width, row * height, (column + 1) * width, (row + 1) * height)
        )
        side = rng.uniform(*zoom) * min(width, height)
        left, top = rng.uniform(0, width - side), rng.uniform(0, height - side)
        box = (left, top, left + side, top + side)
        crop = np.asarray(tile.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box))
        if crop.mean(axis=2).std() >= detail:
            break
    return crop


def _is_test(tile: int, columns: int) -> bool:
    """One tile a row is kept for testing, along a diagonal."""
    row, column = divmod(tile, columns)
    return column == (row + 1) % columns


def _jitter(crop: np.ndarray, recipe: Recipe, rng: np.random.Generator) -> np.ndarray:
    """Other colours, contrast and brightness for a crop (96, 96, 3), as uint8."""
    x = crop.astype(np.float32) / 255
    if rng.random() < recipe.grey:
        x = np.repeat(x @ np.array([[0.299], [0.587], [0.114]], np.float32), 3, axis=2)
    elif rng.random() < recipe.shuffled:
        x = x[:, :, rng.permutation(3)]
    mean = x.mean()
    x = mean + (x - mean) * rng.uniform(1 - recipe.contrast, 1 + recipe.contrast)
    x = x * rng.uniform(1 - recipe.gain, 1 + recipe.gain, 3).astype(np.float32)
    x = x + rng.uniform(-recipe.brightness, recipe.brightness)
    changed: np.ndarray = (x.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    return changed
