"""Pixels and features of images for a pretrained CLIP; features are computed once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from helpers._session import session
from helpers.progress import progress

BATCH = 250


def clip_pixels(processor: Any, dataset: Any, n: int | None = None) -> tuple[Tensor, Tensor]:
    """Images of a data set as a CLIP wants them: resized, cropped, normalised.

    Args:
        processor: of ``pretrained_clip``.
        dataset: items ``(PIL image, label)``.
        n: how many, in the data set's order; else all. 1,000 of 224 × 224 pixels take 602 MB.

    Returns:
        Pixels (N, 3, S, S) float32 and labels (N,) int64, on the session's device.
    """
    rows = range(session().some(min(n or len(dataset), len(dataset))))
    parts = list(_batches(processor, dataset, rows))
    return torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts])


def clip_features(
    clip: Any, processor: Any, dataset: Any, *, patches: bool = False
) -> tuple[Tensor, Tensor]:
    """What a CLIP's image encoder makes of every image of a data set; computed once, and kept.

    The features lie in ``features`` in the data folder, by the weights of the encoder and the
    images: another model, or a tuned one, gets a file of its own.

    Args:
        clip: a ``CLIPModel``, in eval mode.
        processor: of ``pretrained_clip``.
        dataset: items ``(PIL image, label)``, its labels in ``targets``.
        patches: take the last layer's states of all patches, in the place of the features in the
            space that images and texts share.

    Returns:
        Features (N, d) float32, not normalised, or patch states (N, P, width), and labels (N,)
        int64, on the session's device.
    """
    from safetensors.torch import load_file, save

    here = session()
    rows = range(here.some(len(dataset)))
    digest = _digest(clip, dataset, len(rows), patches)
    path = here.data / "features" / f"{digest}.safetensors"
    if not path.is_file():
        found: dict[str, list[Tensor]] = {"features": [], "labels": []}
        with torch.inference_mode():
            for x, y in _batches(processor, dataset, rows):
                # Inference is safe in float16, on any GPU.
                with torch.autocast(
                    x.device.type, torch.float16 if x.is_cuda else None, enabled=x.is_cuda
                ):
                    states = clip.vision_model(pixel_values=x)
                    made = (
                        clip.vision_model.post_layernorm(states.last_hidden_state[:, 1:])
                        if patches
                        else clip.visual_projection(states.pooler_output)
                    )
                found["features"].append(made.float().cpu())
                found["labels"].append(y.cpu())
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        # Not by save_file, whose files only their owner can read.
        part.write_bytes(save({name: torch.cat(parts) for name, parts in found.items()}))
        part.replace(path)
    kept = load_file(path)
    return kept["features"].to(here.device), kept["labels"].to(here.device)


def _batches(processor: Any, dataset: Any, rows: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
    device = session().device
    starts = range(0, len(rows), BATCH)
    for start in progress(
        starts, desc="images", unit="batch", leave=False, disable=len(starts) < 8
    ):
        items = [dataset[i] for i in rows[start : start + BATCH]]
        pixels = processor.image_processor(
            images=[image for image, _ in items], return_tensors="pt", device=str(device)
        )["pixel_values"]
        yield pixels, torch.tensor([label for _, label in items], device=device)


def _digest(clip: Any, dataset: Any, n: int, patches: bool) -> str:
    """Equal for the same encoder on the same images; sums of weights stand for the weights."""
    sums = [float(p.detach().double().sum()) for p in clip.vision_model.parameters()]
    sums.append(float(clip.visual_projection.weight.detach().double().sum()))
    first, _ = dataset[0]
    told = (type(dataset).__name__, list(dataset.classes), list(dataset.targets), n, patches, sums)
    return hashlib.sha256(repr(told).encode() + first.tobytes()).hexdigest()[:24]
