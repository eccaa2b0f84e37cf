"""Small encoders for the mini profile, saved in the formats of the real ones.

A ResNet of torchvision's as a state dict, a DistilBERT and its tokenizer as ``transformers`` saves
them, with the sizes of the real features, 2048 and 768 numbers. As the real ResNet has learned
ImageNet's labels, the small one learns those of the mini data, in a minute. The small DistilBERT
has learned nothing: a random network of the right scale tells captions apart well enough.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.data.mini_captions import make_mini_captions
from helpers.data.mini_data import make_folder
from helpers.progress import progress

if TYPE_CHECKING:
    from torch import nn

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass(frozen=True)
class ModelRecipe:
    """All that decides the small models; a changed recipe makes them anew.

    ``deviation`` is that of DistilBERT's initial weights: with 768 inputs, a layer then keeps the
    variance of what it gets.
    """

    epochs: int = 4
    layers: int = 1
    heads: int = 12
    hidden: int = 768
    deviation: float = 0.036
    seed: int = 2026
    version: int = 2


MODELS = ModelRecipe()


def make_mini_models(data: Path, recipe: ModelRecipe | None = None) -> Path:
    """Make the small models where they are missing or of another recipe; a minute on two cores.

    Args:
        data: the data folder; the files go to ``mini/models`` in it.
        recipe: sizes, seed, and how long the ResNet learns; else ``MODELS``.

    Returns:
        The folder of ``resnet-<hash>.pth``, of DistilBERT's ``config.json`` and
        ``model.safetensors``, and of the tokenizer's files.
    """

    recipe = recipe or MODELS

    def make(part: Path) -> None:
        import torch
        from transformers import logging

        from helpers.data.flickr8k import read_captions

        captions = [c for cs in read_captions(make_mini_captions(data)).values() for c in cs]
        logging.disable_progress_bar()  # of writing small files
        tokenizer = caption_tokenizer(captions)
        tokenizer.save_pretrained(part)
        with torch.random.fork_rng():
            torch.manual_seed(recipe.seed)
            random_distilbert(tokenizer, captions, recipe).save_pretrained(part)
            resnet = trained_resnet(data, recipe.epochs)
        path = part / "resnet.pth"
        torch.save(resnet.state_dict(), path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        path.rename(part / f"resnet-{digest}.pth")

    return make_folder(data / "mini" / "models", json.dumps(asdict(recipe)), {}, make)


def small_resnet() -> nn.Module:
    """A ResNet of four narrow bottleneck blocks: (B, 3, H, W) → (B, 10), 2048 features before."""
    from torchvision.models.resnet import Bottleneck, ResNet

    made: nn.Module = ResNet(Bottleneck, [1, 1, 1, 1], num_classes=10, width_per_group=8)
    return made


def trained_resnet(data: Path, epochs: int) -> nn.Module:
    """``small_resnet`` after some epochs on the labeled mini data, normalised as ImageNet is."""
    import torch
    from torch.nn import functional as F
    from torch.utils.data import DataLoader
    from torchvision.transforms import Normalize

    from helpers.data.flickr8k import MEAN, STD
    from helpers.data.stl10 import STL10, random_crop

    model = small_resnet().to(memory_format=torch.channels_last)
    images = STL10("train", random_crop, profile="mini", data=data)
    loader = DataLoader(images, batch_size=64, shuffle=True)
    normalise = Normalize(MEAN, STD)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    steps = epochs * len(loader)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    bar = progress(total=steps, desc="pretraining", unit="batch", leave=False)
    with bar:
        for _ in range(epochs):
            for x, y in loader:
                x = normalise(x).to(memory_format=torch.channels_last)
                loss = F.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                bar.update()
    return model


def random_distilbert(tokenizer: Any, captions: Sequence[str], recipe: ModelRecipe) -> Any:
    """A DistilBERT of random weights, whose first token's state is standardised over captions.

    Without that, all captions would have nearly the same state, plus a little.
    """
    import torch
    from transformers import DistilBertConfig, DistilBertModel

    config = DistilBertConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        n_layers=recipe.layers,
        n_heads=recipe.heads,
        dim=768,
        hidden_dim=recipe.hidden,
        initializer_range=recipe.deviation,
    )
    model = DistilBertModel(config).eval()
    some = list(captions[::7])
    with torch.no_grad():
        states = []
        for start in range(0, len(some), 200):
            tokens = tokenizer(some[start : start + 200], padding=True, return_tensors="pt")
            hidden = model(tokens["input_ids"], tokens["attention_mask"]).last_hidden_state
            states.append(hidden[:, 0])
        first = torch.cat(states)
        last = model.transformer.layer[-1].output_layer_norm
        last.weight.div_(first.std(0))
        last.bias.sub_(first.mean(0)).div_(first.std(0))
    return model


def caption_tokenizer(captions: Sequence[str]) -> Any:
    """A lower-casing WordPiece tokenizer that knows the words of ``captions``, and their letters.

    ``tokenizers``' own trainer breaks ties at random, and would make other models each time.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import DistilBertTokenizerFast

    normalizer = normalizers.BertNormalizer(lowercase=True)
    splitter = pre_tokenizers.BertPreTokenizer()
    text = normalizer.normalize_str(" ".join(captions))
    words = sorted({word for word, _ in splitter.pre_tokenize_str(text)})
    letters = sorted(set("".join(words)))
    pieces = dict.fromkeys([*SPECIAL, *letters, *(f"##{c}" for c in letters), *words])
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = splitter
    start, end = SPECIAL.index("[CLS]"), SPECIAL.index("[SEP]")
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", end), ("[CLS]", start))
    return DistilBertTokenizerFast(
        tokenizer_object=tokenizer, model_input_names=["input_ids", "attention_mask"]
    )
