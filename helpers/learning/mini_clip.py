"""A small CLIP for the mini profile, in ``transformers``' own format, trained on mini captions.

Its vision transformer sees 64 × 64 pixels in 16 patches, its text encoder reads whole words. It is
to the mini profile what ViT-B/32 is to the full one: a model that somebody has trained on captions,
and that has words for classes it was never taught.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.data.mini_captions import make_mini_captions
from helpers.data.mini_data import make_folder
from helpers.progress import progress

if TYPE_CHECKING:
    import torch
    from transformers import CLIPModel

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"
SIDE = 64
LONGEST = 32  # tokens of a text


@dataclass(frozen=True)
class ClipRecipe:
    """All that decides the small CLIP; a changed recipe makes it anew.

    ``rate`` is the highest of a one-cycle schedule; ``width`` that of both transformers, with
    ``layers`` for images and for texts; ``dim`` is that of the common space. The cosines' ``scale``
    is held where it is: few images would soon ask for a smaller one, and close the gap between
    images and texts that large models show.
    """

    epochs: int = 24
    batch: int = 128
    rate: float = 1e-3
    width: int = 128
    heads: int = 4
    layers: tuple[int, int] = (4, 2)
    patch: int = 16
    dim: int = 64
    scale: float = 40.0
    seed: int = 2026
    version: int = 3


CLIP = ClipRecipe()


def make_mini_clip(data: Path, recipe: ClipRecipe | None = None) -> Path:
    """Train the small CLIP where it is missing or of another recipe; 75 seconds on two cores.

    Args:
        data: the data folder; the files go to ``mini/clip`` in it.
        recipe: sizes, seed, and how long it learns; else ``CLIP``.

    Returns:
        The folder of the model and its processor, as ``save_pretrained`` writes them.
    """
    recipe = recipe or CLIP

    def make(part: Path) -> None:
        import torch
        from transformers import CLIPImageProcessor, CLIPProcessor, logging

        from helpers.data.flickr8k import image_folder, read_captions

        source = make_mini_captions(data)
        captions = read_captions(source)
        tokenizer = clip_tokenizer(c for texts in captions.values() for c in texts)
        square = {"height": SIDE, "width": SIDE}
        images = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=square)
        pixels = _pixels(images, [image_folder(source) / name for name in captions])
        with torch.random.fork_rng():
            torch.manual_seed(recipe.seed)
            model = untrained_clip(tokenizer, recipe)
            train_clip(model, tokenizer, pixels, list(captions.values()), recipe)
        logging.disable_progress_bar()  # of writing small files
        model.save_pretrained(part)
        CLIPProcessor(images, tokenizer).save_pretrained(part)

    return make_folder(data / "mini" / "clip", json.dumps(asdict(recipe)), {}, make)


def word_pieces(texts: Iterable[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges of byte-pair encoding, learned until every word is one token.

    Sennrich, Haddow and Birch, 2016, arXiv:1508.07909, algorithm 1. Ties go to the alphabet, so
    that the same texts always give the same numbers.
    """
    counts = Counter(word for text in texts for word in _words(text))
    pieces = {word: [*word[:-1], word[-1] + WORD_END] for word in counts}
    letters = sorted({c for word in counts for c in word})
    vocabulary = [*letters, *(c + WORD_END for c in letters)]
    merges: list[tuple[str, str]] = []
    while True:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, parts in pieces.items():
            for pair in pairwise(parts):
                pairs[pair] += counts[word]
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        vocabulary.append("".join(best))
        pieces = {word: _merged(parts, best) for word, parts in pieces.items()}
    return {piece: i for i, piece in enumerate(dict.fromkeys([*vocabulary, START, END]))}, merges


def _words(text: str) -> list[str]:
    """The words and signs of a text, as CLIP's tokenizer separates them."""
    return re.findall(r"[a-z]+|[0-9]|[^\sa-z0-9]+", text.lower())


def _merged(parts: Sequence[str], pair: tuple[str, str]) -> list[str]:
    made: list[str] = []
    for part in parts:
        if made and (made[-1], part) == pair:
            made[-1] += part
        else:
            made.append(part)
    return made


def clip_tokenizer(captions: Iterable[str]) -> Any:
    """A tokenizer of CLIP's family whose tokens are the words of ``captions`` and their letters."""
    from transformers import CLIPTokenizer

    vocabulary, merges = word_pieces(captions)
    make: Any = CLIPTokenizer  # its annotations know files only
    return make(vocab=vocabulary, merges=merges, model_max_length=LONGEST)


def untrained_clip(tokenizer: Any, recipe: ClipRecipe) -> CLIPModel:
    """The model before training, with weights from torch's global generator."""
    from transformers import CLIPConfig, CLIPModel

    sizes = {
        "hidden_size": recipe.width,
        "intermediate_size": 4 * recipe.width,
        "num_attention_heads": recipe.heads,
        "projection_dim": recipe.dim,
    }
    text = {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": LONGEST,
        "num_hidden_layers": recipe.layers[1],
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision = {
        "image_size": SIDE,
        "patch_size": recipe.patch,
        "num_hidden_layers": recipe.layers[0],
    }
    return CLIPModel(
        CLIPConfig(
            text_config={**sizes, **text},
            vision_config={**sizes, **vision},
            projection_dim=recipe.dim,
            logit_scale_init_value=math.log(recipe.scale),
        )
    )


def _pixels(processor: Any, paths: Sequence[Path]) -> torch.Tensor:
    """The images of some files as the model wants them, (N, 3, 64, 64)."""
    import torch
    from PIL import Image

    made = []
    for start in range(0, len(paths), 250):
        images = [Image.open(path).convert("RGB") for path in paths[start : start + 250]]
        made.append(processor(images=images, return_tensors="pt")["pixel_values"])
    return torch.cat(made)


def train_clip(
    model: CLIPModel,
    tokenizer: Any,
    pixels: torch.Tensor,
    captions: Sequence[Sequence[str]],
    recipe: ClipRecipe,
) -> None:
    """Train on images (N, 3, 64, 64) and the captions of each; one is drawn each time."""
    import torch
    from torch.nn import functional as F

    ids = torch.stack(
        [
            tokenizer(list(texts), padding="max_length", return_tensors="pt")["input_ids"]
            for texts in captions
        ]
    )  # (N, captions, tokens)
    learning = [p for p in model.parameters() if p is not model.logit_scale]
    optimizer = torch.optim.AdamW(learning, weight_decay=0.1, fused=True)
    steps = recipe.epochs * (len(pixels) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=steps)
    target = torch.arange(recipe.batch)
    model.train()
    with progress(total=steps, desc="training a small CLIP", unit="batch", leave=False) as bar:
        for step in range(steps):
            rows = torch.randint(len(pixels), (recipe.batch,))
            chosen = ids[rows, torch.randint(ids.shape[1], (recipe.batch,))]
            chosen = chosen[:, : int((chosen != tokenizer.pad_token_id).sum(1).max()) + 1]
            x = pixels[rows]
            if step % 2:  # the labeled images are as coarse as CIFAR's
                x = F.interpolate(F.avg_pool2d(x, 2), scale_factor=2.0, mode="bilinear")
            out = model(input_ids=chosen, pixel_values=x)
            loss = F.cross_entropy(out.logits_per_image, target)
            loss = (loss + F.cross_entropy(out.logits_per_text, target)) / 2
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            bar.update()
    model.eval()
