"""Pretrained encoders and their tokenizer; in the mini profile, small ones of the same families."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers._session import session

if TYPE_CHECKING:
    from torch import nn

DISTILBERT = "distilbert/distilbert-base-uncased"
DISTILBERT_REVISION = "12040accade4e8a0f71eabdb258fecc2e7e948be"
CLIP = "openai/clip-vit-base-patch32"
CLIP_REVISION = "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268"


def pretrained_resnet() -> nn.Module:
    """A ResNet without its classifier: normalised images (B, 3, H, W) → (B, 2048).

    In the full profile torchvision's ResNet-50 with the weights ``IMAGENET1K_V2`` (98 MB, fetched
    once); in the mini profile one of four narrow blocks, trained on the labeled mini data.
    """
    import torch
    from torch import nn
    from torchvision.models import ResNet50_Weights, resnet50

    here = session()
    if here.profile == "mini":
        from helpers.learning.mini_models import make_mini_models, small_resnet

        model = small_resnet()
        path = next(make_mini_models(here.data).glob("*.pth"))
        weights = torch.load(path, map_location="cpu", weights_only=True)
    else:
        model = resnet50()
        weights = torch.hub.load_state_dict_from_url(
            ResNet50_Weights.IMAGENET1K_V2.url,
            str(here.data / "weights"),
            map_location="cpu",
            check_hash=True,
            weights_only=True,
        )
    model.load_state_dict(weights)
    model.fc = nn.Identity()
    # Convolutions are a quarter faster so, and outputs are the same.
    return model.to(memory_format=torch.channels_last)


def pretrained_distilbert() -> nn.Module:
    """DistilBERT: ``input_ids`` and ``attention_mask`` (B, tokens) → hidden states, 768 a token.

    Called with both, it returns an object whose ``last_hidden_state`` is (B, tokens, 768). In the
    full profile ``distilbert-base-uncased`` (268 MB, fetched once); in the mini profile one of a
    single layer and random weights.
    """
    from transformers import DistilBertModel, logging

    logging.disable_progress_bar()  # of loading, which takes a moment; that of a download stays
    model: nn.Module = DistilBertModel.from_pretrained(**_distilbert())
    return model


def pretrained_tokenizer() -> Any:
    """The tokenizer of ``pretrained_distilbert``.

    ``tokenizer(texts, padding=True, return_tensors="pt")`` returns a dictionary of ``input_ids``
    and ``attention_mask``; without ``return_tensors``, of lists.
    """
    from transformers import DistilBertTokenizerFast

    return DistilBertTokenizerFast.from_pretrained(**_distilbert())


def pretrained_clip() -> tuple[Any, Any]:
    """A CLIP and its processor, which makes pixels of images and tokens of texts.

    In the full profile ``clip-vit-base-patch32`` (605 MB, fetched once), whose common space has 512
    dimensions; in the mini profile a small one, of 64, trained on the mini captions. Weights are
    float32, whatever they were saved as: Adam on 16-bit weights ends in NaN.

    Returns:
        A ``CLIPModel`` in eval mode on the session's device, and a ``CLIPProcessor``.
    """
    import torch
    from transformers import CLIPModel, CLIPProcessor, logging

    here = session()
    if here.profile == "mini":
        from helpers.learning.mini_clip import make_mini_clip

        source: dict[str, Any] = {"pretrained_model_name_or_path": str(make_mini_clip(here.data))}
    else:
        source = _pinned(CLIP, CLIP_REVISION)
    logging.disable_progress_bar()
    clip: Any = CLIPModel.from_pretrained(**source, dtype=torch.float32)
    return clip.eval().to(here.device), CLIPProcessor.from_pretrained(**source)


def _distilbert() -> dict[str, Any]:
    """What to load: a pinned version of a model by its name, or a folder."""
    here = session()
    if here.profile == "mini":
        from helpers.learning.mini_models import make_mini_models

        return {"pretrained_model_name_or_path": str(make_mini_models(here.data))}
    return _pinned(DISTILBERT, DISTILBERT_REVISION)


def _pinned(name: str, revision: str) -> dict[str, Any]:
    return {
        "pretrained_model_name_or_path": name,
        "revision": revision,
        "cache_dir": str(session().data / "weights"),
    }
