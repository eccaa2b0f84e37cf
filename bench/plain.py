"""The input of the trainings as handouts usually have it: every image anew when it is asked for.

PIL and torchvision's transforms, scikit-image's Lab, OpenCV and albumentations (the usual ones of
small CLIPs), a DataLoader with two workers; and the scores of contrastive multiview coding.
"""

from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from skimage.color import rgb2lab
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision.transforms import CenterCrop, Compose, RandomCrop, RandomHorizontalFlip, ToTensor

import helpers
from helpers.data.flickr8k import MEAN, SIDE, STD, load_albumentations, split

WORKERS = 2


class Images(Dataset[tuple[Any, int, int]]):
    """Crops of a split, as RGB in [0, 1] or as Lab: (3, 64, 64), the label, the place."""

    def __init__(self, split: str, limit: int | None = None, lab: bool = False) -> None:
        self.source, self.lab = helpers.STL10(split, limit=limit), lab
        labeled = split != "unlabeled"
        self.cut = Compose(
            [CenterCrop(64)] if labeled else [RandomCrop(64), RandomHorizontalFlip()]
        )

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> tuple[Tensor, int, int]:
        image = self.cut(Image.fromarray(self.source.images[index].transpose(1, 2, 0)))
        label = int(self.source.labels[index])
        if not self.lab:
            return ToTensor()(image), label, index
        lab = (rgb2lab(np.asarray(image)).astype(np.float32) - [50, 0, 0]) / 3.2
        return torch.from_numpy(lab.astype(np.float32).transpose(2, 0, 1)), label, index


def loader(
    split: str, batch_size: int, *, limit: int | None = None, lab: bool = False
) -> DataLoader[Any]:
    """Batches ``(images, labels, places)`` of a split, shuffled."""
    return DataLoader(
        Images(split, limit, lab),
        batch_size,
        shuffle=True,
        num_workers=WORKERS,
        pin_memory=torch.cuda.is_available(),
    )


def scores(bank: Any, l: Tensor, ab: Tensor, y: Tensor) -> list[Tensor]:
    """The scores of a memory bank as CMC's own code has them.

    Source: ``NCEAverage.forward`` in ``NCE/NCEAverage.py`` of github.com/HobbitLong/CMC.
    """
    l, ab = F.normalize(l, dim=1), F.normalize(ab, dim=1)
    idx = torch.multinomial(bank.weights, len(y) * (bank.K + 1), replacement=True)
    idx = idx.view(len(y), -1)
    idx.select(1, 0).copy_(y)
    out = []
    for view, memory in ((l, bank.memory_ab), (ab, bank.memory_l)):
        rows = torch.index_select(memory, 0, idx.view(-1)).detach()
        rows = rows.view(len(y), bank.K + 1, view.shape[1])
        out.append(torch.bmm(rows, view.view(len(y), view.shape[1], 1)) / bank.T)
    bank.update(l, ab, y)
    return out


class Captions(Dataset[dict[str, Tensor]]):
    """Images from their files and one of their captions, as long as the longest of all."""

    def __init__(self, pairs: helpers.Flickr8k, tokenizer: Any) -> None:
        self.pairs = pairs
        self.tokens = [
            tokenizer(texts[0], padding="max_length", truncation=True, max_length=40)
            for texts in pairs.captions
        ]
        albumentations = load_albumentations()
        self.transform = albumentations.Compose(
            [albumentations.Resize(SIDE, SIDE), albumentations.Normalize(MEAN, STD)]
        )

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        image: Any = cv2.imread(str(self.pairs.folder / self.pairs.names[index]))
        image = self.transform(image=cv2.cvtColor(image, cv2.COLOR_BGR2RGB))["image"]
        return {
            "image": torch.from_numpy(image).permute(2, 0, 1).float(),
            "input_ids": torch.tensor(self.tokens[index]["input_ids"]),
            "attention_mask": torch.tensor(self.tokens[index]["attention_mask"]),
        }


def captions(pairs: helpers.Flickr8k, tokenizer: Any, batch_size: int) -> list[DataLoader[Any]]:
    """Minibatches for training and for validation."""
    data = Captions(pairs, tokenizer)
    return [
        DataLoader(
            Subset(data, rows.tolist()),
            batch_size,
            shuffle=learn,
            drop_last=True,
            num_workers=WORKERS,
        )
        for learn, rows in zip((True, False), split(len(data)), strict=True)
    ]
