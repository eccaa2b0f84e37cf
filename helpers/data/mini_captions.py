"""The mini captioned images: crops of the ten photographs, changed in ways that captions tell.

They lie as Flickr8k does at Kaggle: a folder ``Images`` and ``captions.txt``, five captions an
image. Every crop shows one photograph, close up or from afar, is dark or bright or neither, tinted
or not, blurred or sharp, mirrored or not; its last caption tells all of that, the others two
things each. So text says something about an image that can be checked. No crop shows the tiles
that ``mini_data`` keeps for testing.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.data.mini_data import CLASSES, cut, make_folder, photograph
from helpers.progress import progress

if TYPE_CHECKING:
    from PIL.Image import Image

TINTS = {
    "reddish": (1.35, 0.75, 0.7),
    "greenish": (0.7, 1.3, 0.7),
    "bluish": (0.65, 0.8, 1.45),
}
PATTERNS = (
    "A {looks} picture of {noun}.",
    "{noun} in a {looks} photograph.",
    "{noun}, {looks}.",
    "This photo of {noun} is {looks}.",
)
NOUNS = {
    "astronaut": "an astronaut",
    "cat": "a cat",
    "coffee": "a cup of coffee",
    "rocket": "a rocket",
    "galaxies": "galaxies",
    "retina": "a retina",
    "tissue": "tissue",
    "motorcycle": "a motorcycle",
    "temple": "a temple",
    "flower": "a flower",
}
"""What a caption calls a photograph. Each holds the class's name, and no other's."""


@dataclass(frozen=True)
class CaptionRecipe:
    """All that decides the mini captioned images; a changed recipe makes them anew."""

    images: int = 2000
    seed: int = 2026
    version: int = 1


CAPTIONS = CaptionRecipe()


@dataclass(frozen=True)
class Look:
    """How one crop was made, as words; a word that is empty is not told."""

    zoom: str
    brightness: str
    tint: str
    focus: str
    flip: str

    @property
    def words(self) -> list[str]:
        return [w for w in asdict(self).values() if w]


def make_mini_captions(data: Path, recipe: CaptionRecipe | None = None, show: bool = True) -> Path:
    """Make the mini captioned images where they are missing or of another recipe; deterministic.

    Args:
        data: the data folder; the files go to ``mini/flickr8k`` in it.
        recipe: how many images, and from which seed; else ``CAPTIONS``.
        show: whether to show a progress bar.

    Returns:
        The folder of ``Images`` and ``captions.txt``.

    Raises:
        DataError: a photograph is not inside the installed wheels.
    """

    recipe = recipe or CAPTIONS

    def make(part: Path) -> None:
        from PIL import Image

        photographs = [photograph(name) for name in CLASSES]
        classes = np.random.default_rng(recipe.seed).permutation(recipe.images) % len(CLASSES)
        (part / "Images").mkdir()
        rows = []
        for i in progress(
            range(recipe.images), desc="mini captions", unit="image", leave=False, disable=not show
        ):
            rng = np.random.default_rng([recipe.seed, 2, i])
            look = draw_look(rng)
            name = f"{i:05d}.jpg"
            image = picture(photographs[classes[i]], look, rng)
            Image.fromarray(image).save(part / "Images" / name, quality=92)
            rows += [(name, c) for c in _captions(NOUNS[CLASSES[classes[i]]], look.words, rng)]
        with (part / "captions.txt").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([("image", "caption"), *rows])

    folder = data / "mini" / "flickr8k"
    return make_folder(folder, json.dumps([asdict(recipe), NOUNS, PATTERNS, TINTS]), {}, make)


def draw_look(rng: np.random.Generator) -> Look:
    return Look(
        zoom=str(rng.choice(["close-up", "distant"])),
        brightness=str(rng.choice(["dark", "bright", ""])),
        tint=str(rng.choice([*TINTS, "grey", ""])),
        focus=str(rng.choice(["blurred", "sharp", ""], p=[0.4, 0.3, 0.3])),
        flip=str(rng.choice(["mirrored", ""])),
    )


def picture(
    photograph: Image, look: Look, rng: np.random.Generator, test: bool = False
) -> np.ndarray:
    """A crop that looks as told, (96, 96, 3) uint8; of the tiles kept for testing with ``test``."""
    from PIL import Image, ImageFilter

    zoom = (0.35, 0.5) if look.zoom == "close-up" else (0.8, 1.0)
    crop = cut(photograph, test, (2, 3), zoom, 22.0, rng)
    if look.flip:
        crop = crop[:, ::-1]
    if look.focus == "blurred":
        blurred = Image.fromarray(np.ascontiguousarray(crop)).filter(ImageFilter.GaussianBlur(2.5))
        crop = np.asarray(blurred)
    x = crop.astype(np.float32) / 255
    if look.tint:
        grey = x @ np.array([[0.299], [0.587], [0.114]], np.float32)
        # A tint shows in whatever colours the photograph has, if these are faint.
        x = (0.8 * grey + 0.2 * x) * TINTS[look.tint] if look.tint in TINTS else grey + 0 * x
    if look.brightness:
        x = x * 0.45 if look.brightness == "dark" else 0.45 + 0.55 * x
    return (x.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _captions(noun: str, words: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Five captions; the last tells every word, the others up to two each."""
    told = [list(rng.permutation(words)[:2]) for _ in range(4)] + [list(words)]
    captions = [
        PATTERNS[rng.integers(len(PATTERNS))].format(noun=noun, looks=", ".join(w)) for w in told
    ]
    return [c[0].upper() + c[1:] for c in captions]
