"""Mini data with labels: a hundred classes as CIFAR-100 stores them, and two in folders.

Both are crops of the ten photographs, made to look as captions tell (``mini_captions``). A class of
the hundred is a photograph, dark or bright, in one of five tints: "dark reddish cat". The two in
folders are the temple and the motorcycle, in any look. Test crops come from the tiles that no
other data set of the mini profile shows.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.data.mini_captions import NOUNS, TINTS, draw_look, picture
from helpers.data.mini_data import CLASSES, make_folder, photograph
from helpers.progress import progress

if TYPE_CHECKING:
    from PIL.Image import Image

BRIGHTNESS = ("dark", "bright")
COLOURS = ("", "grey", *TINTS)
FOLDERS = ("motorcycle", "temple")


@dataclass(frozen=True)
class LabeledRecipe:
    """All that decides both data sets; a changed recipe makes them anew.

    ``train`` and ``test`` are images of the hundred classes, ``train_two`` and ``test_two`` of the
    two in folders, as many as there are ants and bees in Hymenoptera.
    """

    train: int = 2000
    test: int = 1000
    train_two: int = 244
    test_two: int = 153
    seed: int = 2026
    version: int = 1


LABELED = LabeledRecipe()


def class_names() -> list[str]:
    """The hundred classes, in the order of their labels; ten in a row share a photograph."""
    made = product((NOUNS[c].split(" ", 1)[-1] for c in CLASSES), BRIGHTNESS, COLOURS)
    return [" ".join(filter(None, (brightness, colour, noun))) for noun, brightness, colour in made]


def make_mini_cifar100(data: Path, recipe: LabeledRecipe | None = None, show: bool = True) -> Path:
    """Make the hundred classes where they are missing or of another recipe; deterministic.

    Args:
        data: the data folder; the files go to ``mini/cifar-100-python`` in it.
        recipe: how many images, and from which seed; else ``LABELED``.
        show: whether to show a progress bar.

    Returns:
        The folder of ``train`` and ``test``, pickled dictionaries of ``data`` ((N, 3072) uint8, 32
        × 32 pixels of red, then green, then blue), ``fine_labels`` and ``coarse_labels``, and of
        ``meta`` with their names.

    Raises:
        DataError: a photograph is not inside the installed wheels.
    """
    recipe = recipe or LABELED
    names = class_names()

    def make(part: Path) -> None:
        from PIL import Image

        photographs = [photograph(name) for name in CLASSES]
        sizes = {"train": recipe.train, "test": recipe.test}
        with progress(
            total=sum(sizes.values()), desc="mini CIFAR-100", leave=False, disable=not show
        ) as bar:
            for number, (split, size) in enumerate(sizes.items()):
                order = np.random.default_rng([recipe.seed, 3, number])
                labels = order.permutation(np.arange(size) % len(names))
                pixels = np.empty((size, 3072), np.uint8)
                for i, label in enumerate(labels):
                    image = _of_class(photographs, label, [recipe.seed, 4, number, i])
                    small = Image.fromarray(image).resize((32, 32), Image.Resampling.BOX)
                    pixels[i] = np.asarray(small).transpose(2, 0, 1).ravel()
                    bar.update()
                _pickle(
                    part / split,
                    {
                        "data": pixels,
                        "fine_labels": labels.tolist(),
                        "coarse_labels": (labels // 10).tolist(),
                        "filenames": [f"{split}_{i:05d}.png" for i in range(size)],
                        "batch_label": f"mini, {split}",
                    },
                )
        _pickle(part / "meta", {"fine_label_names": names, "coarse_label_names": list(CLASSES)})

    folder = data / "mini" / "cifar-100-python"
    return make_folder(folder, json.dumps([asdict(recipe), names]), {}, make)


def make_mini_folders(data: Path, recipe: LabeledRecipe | None = None) -> Path:
    """Make the two classes in folders where they are missing or of another recipe; deterministic.

    Args:
        data: the data folder; the files go to ``mini/hymenoptera_data`` in it.
        recipe: how many images, and from which seed; else ``LABELED``.

    Returns:
        The folder of ``train/<class>`` and ``val/<class>`` with JPEG files, 96 × 96 pixels.
    """
    recipe = recipe or LABELED

    def make(part: Path) -> None:
        from PIL import Image

        for number, (split, size) in enumerate(
            (("train", recipe.train_two), ("val", recipe.test_two))
        ):
            for i in range(size):
                name = FOLDERS[i % 2]
                rng = np.random.default_rng([recipe.seed, 5, number, i])
                image = picture(photograph(name), draw_look(rng), rng, test=split == "val")
                folder = part / split / name
                folder.mkdir(parents=True, exist_ok=True)
                Image.fromarray(image).save(folder / f"{i:05d}.jpg", quality=92)

    folder = data / "mini" / "hymenoptera_data"
    return make_folder(folder, json.dumps([asdict(recipe), FOLDERS]), {}, make)


def _of_class(photographs: Sequence[Image], label: int, seed: list[int]) -> np.ndarray:
    """A crop of one of the hundred classes, (96, 96, 3) uint8; ``seed[2]`` is 1 for testing."""
    from dataclasses import replace

    rng = np.random.default_rng(seed)
    rest, tint = divmod(int(label), len(COLOURS))
    noun, brightness = divmod(rest, len(BRIGHTNESS))
    look = replace(draw_look(rng), brightness=BRIGHTNESS[brightness], tint=COLOURS[tint])
    return picture(photographs[noun], look, rng, test=bool(seed[2]))


def _pickle(path: Path, content: dict[str, object]) -> None:
    path.write_bytes(pickle.dumps(content, protocol=2))  # as CIFAR's own files are
