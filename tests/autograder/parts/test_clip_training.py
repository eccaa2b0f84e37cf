"""The training that part ``clip`` gives: in 32 bits, in bfloat16, and in float16 with a scaler."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

import helpers
from bench.notebook import defined


class Toy(nn.Module):
    """Pairs of vectors, in the places of images and captions."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.image_encoder, self.text_encoder = nn.Linear(6, 8), nn.Linear(5, 8)
        self.image_projection, self.text_projection = nn.Linear(8, 4), nn.Linear(8, 4)
        self.text_encoder.requires_grad_(False)

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        images = self.image_projection(self.image_encoder(batch["image"]))
        texts = self.text_projection(self.text_encoder(batch["text"]))
        logits = images @ texts.T
        loss = nn.functional.cross_entropy(logits, torch.arange(len(logits)))
        found: torch.Tensor = (loss + logits.square().mean()) / 2
        return found


@pytest.fixture
def notebook() -> dict[str, Any]:
    """The names of the cell, on a CPU."""
    given = {"device": torch.device("cpu"), "TEXT_ENCODER": "frozen"}
    names = defined(("clip",), {"imports", "clip-train"}, given)
    names["training"] = lambda epochs, **_: range(epochs)
    return names


def losses(notebook: dict[str, Any]) -> tuple[list[float], list[float]]:
    torch.manual_seed(1)
    batches = [{"image": torch.randn(7, 6), "text": torch.randn(7, 5)} for _ in range(4)]
    loaders = SimpleNamespace(train=batches, valid=batches[:1])
    _, train, valid = notebook["train_clip"](Toy(), loaders, 5)
    return train, valid


def test_losses_are_numbers_and_fall(notebook: dict[str, Any]) -> None:
    train, valid = losses(notebook)
    assert len(train) == len(valid) == 5 and all(isinstance(v, float) for v in train + valid)
    assert train[-1] < train[0]


@pytest.mark.parametrize("bits", [torch.bfloat16, torch.float16])
def test_sixteen_bits_learn_the_same(
    notebook: dict[str, Any], monkeypatch: pytest.MonkeyPatch, bits: torch.dtype
) -> None:
    """What helpers gives to GPUs that have bfloat16, and to older ones, tried on a CPU."""
    exact, _ = losses(notebook)
    made: list[torch.amp.GradScaler] = []

    def scaler() -> torch.amp.GradScaler | None:
        if bits == torch.float16:
            made.append(torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=10))
        return made[-1] if made else None

    monkeypatch.setattr(helpers, "grad_scaler", scaler)
    monkeypatch.setattr(helpers, "autocast", lambda scaler: torch.autocast("cpu", bits))
    train, _ = losses(notebook)
    assert train == pytest.approx(exact, rel=0.02) and train != exact
    if made:
        assert made[0].get_scale() > 1024  # its steps were taken and counted
