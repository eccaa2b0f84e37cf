"""Flickr8k, images with five captions each; the mini captioned images come the same way."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from helpers._session import current, session
from helpers.errors import DataError
from helpers.progress import progress

SIDE = 64
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's channels: what images are normalised with, as torchvision's weights want them."""

Tokenizer = Callable[..., Any]


class Flickr8k(Dataset[dict[str, Any]]):
    """Images at 64 × 64 pixels, each with its captions.

    An item is ``{"image": …, "captions": …}``: a float32 tensor (3, 64, 64), resized and normalised
    with ImageNet's mean and deviation, and a tuple of texts. All images are decoded once, when the
    data set is made, and kept as uint8: 99 MB for 8,091.

    The first use in the mini profile makes the data, in the full profile it downloads them (1.1
    GB).

    Args:
        profile: ``"mini"`` or ``"full"``; else the session's.
        data: the data folder; else the session's.

    Attributes:
        images: (N, 64, 64, 3) uint8, RGB.
        folder: of the image files.
        names: the N file names, sorted; no two are equal.
        captions: for each image its captions, five or so.

    Raises:
        DataError: the files are damaged, or not in a layout of Flickr8k's.
        DownloadError: the data could not be downloaded.
    """

    def __init__(
        self, *, profile: str | None = None, data: str | os.PathLike[str] | None = None
    ) -> None:
        folder = _prepare(profile or session().profile, Path(data) if data else session().data)
        captions = read_captions(folder)
        self.folder = image_folder(folder)
        self.names = tuple(captions)
        self.captions = tuple(captions.values())
        self.images = _decode([self.folder / name for name in self.names])
        self.normalise = load_albumentations().Normalize(MEAN, STD)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> dict[str, Any]:
        image = self.normalise(image=self.images[index])["image"]
        return {
            "image": torch.from_numpy(image.transpose(2, 0, 1).copy()),
            "captions": self.captions[index],
        }


def _prepare(profile: str, data: Path) -> Path:
    if profile == "mini":
        from helpers.data.mini_captions import make_mini_captions

        return make_mini_captions(data)
    from helpers.data.flickr8k_files import fetch_flickr8k

    return fetch_flickr8k(data)


def read_captions(folder: Path) -> dict[str, tuple[str, ...]]:
    """The captions of every image that is there, by its file name, in the order of the names.

    ``folder`` holds ``captions.txt`` (comma-separated, as at Kaggle; captions with commas stand in
    quotes) or the original ``Flickr8k.token.txt`` (``name#number``, tab, caption), and the images.
    Rows of an image that is not there are left out: the original file has five.

    Raises:
        DataError: there is no such file, or a row of it is not as it should be.
    """
    kaggle, original = folder / "captions.txt", folder / "Flickr8k.token.txt"
    rows: list[tuple[str, str]] = []
    if kaggle.is_file():
        with kaggle.open(newline="", encoding="utf-8") as file:
            lines = csv.reader(file)
            if next(lines, None) != ["image", "caption"]:
                raise DataError(f"{kaggle} does not begin with the line `image,caption`.")
            for line in lines:
                if len(line) != 2:
                    raise DataError(f"{kaggle}, line {lines.line_num}: {len(line)} fields, not 2.")
                rows.append((line[0], line[1]))
    elif original.is_file():
        for number, text in enumerate(original.read_text(encoding="utf-8").splitlines(), 1):
            key, tab, caption = text.partition("\t")
            if not tab:
                raise DataError(f"{original}, line {number} has no tab.")
            rows.append((key.rpartition("#")[0], caption))
    else:
        raise DataError(f"{folder} holds neither captions.txt nor Flickr8k.token.txt.")
    there = {path.name for path in image_folder(folder).iterdir()}
    captions: dict[str, list[str]] = {}
    for name, caption in sorted(rows, key=lambda row: row[0]):
        if name in there:
            captions.setdefault(name, []).append(caption.strip())
    if not captions:
        raise DataError(f"{folder}: no caption names an image that is there.")
    return {name: tuple(texts) for name, texts in captions.items()}


def image_folder(folder: Path) -> Path:
    """Where the images lie. Raises DataError where there is no such folder."""
    for name in ("Images", "Flicker8k_Dataset"):
        if (folder / name).is_dir():
            return folder / name
    raise DataError(f"{folder} holds no folder Images with the pictures of Flickr8k.")


def _decode(paths: Sequence[Path]) -> np.ndarray:
    import cv2

    resize = load_albumentations().Resize(SIDE, SIDE, interpolation=cv2.INTER_AREA)
    images = np.empty((len(paths), SIDE, SIDE, 3), np.uint8)

    def load(path: Path) -> np.ndarray:
        image = cv2.imread(str(path))
        if image is None:
            raise DataError(f"{path} is no image that can be read: delete it, and start again.")
        resized: np.ndarray = resize(image=cv2.cvtColor(image, cv2.COLOR_BGR2RGB))["image"]
        return resized

    with ThreadPoolExecutor() as pool:  # OpenCV decodes outside of Python's lock
        bar = progress(
            pool.map(load, paths), total=len(paths), desc="images", unit="image", leave=False
        )
        for i, image in enumerate(bar):
            images[i] = image
    return images


def load_albumentations() -> Any:
    """The library, without its question to the network."""
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the network for news
    import albumentations

    return albumentations


class CaptionLoaders(NamedTuple):
    """Loaders of minibatches, and of every validation image once.

    ``train`` and ``valid`` yield dictionaries of ``image`` (B, 3, 64, 64) float32, ``input_ids``
    and ``attention_mask`` (B, tokens) int64, padded to the longest caption of the minibatch, and
    leave out a last, smaller one. ``gallery`` yields the same for the validation images in order,
    and leaves none out; ``names`` (M,) are their file names.
    """

    train: DataLoader[Any]
    valid: DataLoader[Any]
    gallery: DataLoader[Any]
    names: np.ndarray


def caption_loaders(data: Flickr8k, tokenizer: Tokenizer, batch_size: int = 32) -> CaptionLoaders:
    """Loaders of captioned images, one caption an image.

    In training, one of its captions is drawn each time an image comes up (torch's global
    generator); in validation it is the first. A fixed fifth of the images validates: of 8,091
    images, 202 training and 50 validation minibatches of 32 are made.

    Args:
        data: the images.
        tokenizer: list of texts → ``input_ids`` and ``attention_mask``.
        batch_size: images in a minibatch.
    """
    here = current()
    train, valid = (rows[: here.some(len(rows)) if here else None] for rows in split(len(data)))

    def drawn(captions: Sequence[str]) -> str:
        return captions[int(torch.randint(len(captions), ()))]

    def first(captions: Sequence[str]) -> str:
        return captions[0]

    def collate(
        choose: Callable[[Sequence[str]], str], items: Sequence[dict[str, Any]]
    ) -> dict[str, Tensor]:
        texts = [choose(item["captions"]) for item in items]
        tokens = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        return {
            "image": torch.stack([item["image"] for item in items]),
            "input_ids": tokens["input_ids"],
            "attention_mask": tokens["attention_mask"],
        }

    def load(rows: np.ndarray, *, learn: bool = False, drop_last: bool = True) -> DataLoader[Any]:
        return DataLoader(
            Subset(data, rows.tolist()),
            batch_size,
            shuffle=learn,
            drop_last=drop_last,
            collate_fn=partial(collate, drawn if learn else first),
        )

    return CaptionLoaders(
        load(train, learn=True),
        load(valid),
        load(valid, drop_last=False),
        np.array([data.names[i] for i in valid]),
    )


def split(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of n images train and which validate: a fifth, the same every time."""
    order = np.random.default_rng(42).permutation(n)
    return np.sort(order[n // 5 :]), np.sort(order[: n // 5])
