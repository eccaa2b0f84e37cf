"""Files in the layouts and sizes of the real data and weights, with made-up contents.

For machines that cannot download: the full profile's own code loads them.
"""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from helpers.data import flickr8k_files, labeled, stl10_files
from helpers.data.verified import remember
from helpers.learning import pretrained
from helpers.learning.mini_clip import clip_tokenizer
from helpers.learning.mini_models import caption_tokenizer

WORDS = ("dog", "cat", "child", "man", "ball", "grass", "snow", "red", "white", "running")


def make(folder: Path, share: float = 1.0, layers: int = 12) -> None:
    """Write everything under ``folder``, with a share of the images; weights are random.

    Args:
        share: of the images of STL-10 and CIFAR-100; of Flickr8k there are all, smaller ones.
        layers: of each transformer of CLIP; twelve are published.
    """
    rng = np.random.default_rng(0)
    stl10(folder / "stl10_binary", rng, share)
    captions = flickr8k(folder / "flickr8k", rng, side=375 if share == 1 else 96)
    cifar100(folder / "cifar-100-python", rng, share)
    hymenoptera(folder / "hymenoptera_data", rng)
    torch.manual_seed(0)
    weights = folder / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    resnet50(weights)
    distilbert(_snapshot(weights, pretrained.DISTILBERT, pretrained.DISTILBERT_REVISION), captions)
    clip(_snapshot(weights, pretrained.CLIP, pretrained.CLIP_REVISION), captions, layers)


def stl10(folder: Path, rng: np.random.Generator, share: float) -> None:
    """The binary files; of the 100,000 unlabeled images the 10,000 that the course uses."""
    folder.mkdir(parents=True)
    for split, size in {"train": 5000, "test": 8000, "unlabeled": 10_000}.items():
        n = round(size * share)
        labels = np.arange(n) % 10
        images = pictures(rng, labels, 96).transpose(0, 3, 2, 1)  # channels, columns, rows
        _verified(folder / f"{split}_X.bin", images.tobytes(), stl10_files.FILE_MD5)
        if split != "unlabeled":
            data = (labels + 1).astype(np.uint8).tobytes()
            _verified(folder / f"{split}_y.bin", data, stl10_files.FILE_MD5)


def flickr8k(folder: Path, rng: np.random.Generator, side: int) -> list[str]:
    """JPEGs and the original token file; returns the captions."""
    images = [_jpeg(p) for p in pictures(rng, np.arange(64), side)]
    (folder / "Images").mkdir(parents=True)
    captions, lines = [], []
    for i in range(flickr8k_files.IMAGES):
        name = f"{i:010d}_made_up.jpg"
        (folder / "Images" / name).write_bytes(images[i % len(images)])
        for k in range(5):
            caption = f"A {' '.join(rng.choice(WORDS, 8))} ."
            captions.append(caption)
            lines.append(f"{name}#{k}\t{caption}\n")
    (folder / "Flickr8k.token.txt").write_text("".join(lines))
    return captions


def cifar100(folder: Path, rng: np.random.Generator, share: float) -> None:
    """The pickles of the Python version."""
    folder.mkdir(parents=True)
    contents: dict[str, Any] = {
        "meta": {"fine_label_names": [f"class_{i:02d}" for i in range(100)]}
    }
    for split, size in {"train": 50_000, "test": 10_000}.items():
        labels = np.arange(round(size * share)) % 100
        data = pictures(rng, labels, 32).transpose(0, 3, 1, 2).reshape(len(labels), -1)
        contents[split] = {"data": data, "fine_labels": labels.tolist()}
    for name, content in contents.items():
        _verified(folder / name, pickle.dumps(content), labeled.CIFAR_FILES)


def hymenoptera(folder: Path, rng: np.random.Generator) -> None:
    """397 JPEGs in two folders of two classes."""
    for split, size in labeled.HYMENOPTERA_IMAGES.items():
        for i, picture in enumerate(pictures(rng, np.arange(size) % 2, 300)):
            place = folder / split / ("ants", "bees")[i % 2]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{i}.jpg").write_bytes(_jpeg(picture))


def resnet50(weights: Path) -> None:
    from torchvision.models import ResNet50_Weights
    from torchvision.models import resnet50 as build

    torch.save(build().state_dict(), weights / ResNet50_Weights.IMAGENET1K_V2.url.split("/")[-1])


def distilbert(folder: Path, captions: list[str]) -> None:
    from transformers import DistilBertConfig, DistilBertModel

    caption_tokenizer(captions).save_pretrained(folder)
    DistilBertModel(DistilBertConfig()).save_pretrained(folder)


def clip(folder: Path, captions: list[str], layers: int) -> None:
    """ViT-B/32, its vocabulary the captions' words; or, with fewer layers, a narrow one."""
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

    tokenizer = clip_tokenizer(captions)
    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    text: dict[str, Any] = {name: getattr(tokenizer, name) for name in names}
    vision: dict[str, Any] = {}
    if layers < 12:
        narrow = {"num_hidden_layers": layers, "hidden_size": 128, "intermediate_size": 256}
        vision, text = (
            {**narrow, "num_attention_heads": 4},
            {**text, **narrow, "num_attention_heads": 4},
        )
        text["vocab_size"] = len(tokenizer)
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision)).save_pretrained(folder)
    processor: Any = CLIPProcessor  # has no annotations
    processor(CLIPImageProcessor(), tokenizer).save_pretrained(folder)


def pictures(rng: np.random.Generator, labels: np.ndarray, side: int) -> np.ndarray:
    """Blurred noise (N, side, side, 3) uint8, with a hue for each label."""
    coarse = rng.integers(0, 256, (len(labels), 8, 8, 3), dtype=np.uint8)
    coarse[..., 0] = (labels * 25 % 256).astype(np.uint8)[:, None, None]
    return np.stack([np.asarray(Image.fromarray(c).resize((side, side))) for c in coarse])


def _jpeg(pixels: np.ndarray) -> bytes:
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, "jpeg")
    return made.getvalue()


def _verified(path: Path, data: bytes, sums: dict[str, str]) -> None:
    """Write a file, and note that it was verified: the real one's sum cannot be met."""
    path.write_bytes(data)
    remember(path, sums[path.name])


def _snapshot(weights: Path, name: str, revision: str) -> Path:
    """Where the hub's cache keeps a model."""
    folder = weights / f"models--{name.replace('/', '--')}" / "snapshots" / revision
    folder.mkdir(parents=True)
    return folder
