"""Features of a CLIP equal those of the model itself, and are computed once."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers  # lazily: its classes take seconds
from PIL import Image

import helpers
from helpers.learning.mini_clip import ClipRecipe, clip_tokenizer, untrained_clip


class Few:
    """A data set of random images of PIL."""

    classes = ("one", "two")

    def __init__(self, n: int = 5, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        pixels = rng.integers(256, size=(n, 32, 48, 3), dtype=np.uint8)
        self.images = [Image.fromarray(p) for p in pixels]
        self.targets = [i % 2 for i in range(n)]

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, i: int) -> tuple[Image.Image, int]:
        return self.images[i], self.targets[i]


class Processor:
    def __init__(self) -> None:
        side = {"height": 64, "width": 64}
        self.image_processor = transformers.CLIPImageProcessor(
            size={"shortest_edge": 64}, crop_size=side
        )


@pytest.fixture
def clip(tmp_path: Path) -> Any:
    helpers.start(profile="mini", data=tmp_path)
    recipe = ClipRecipe(width=16, heads=2, layers=(1, 1), dim=8)
    model: Any = untrained_clip(clip_tokenizer(["a cat"]), recipe)
    model.eval()
    model.calls = 0

    def count(*_: object) -> None:
        model.calls += 1

    model.vision_model.register_forward_hook(count)
    return model


def test_features_are_those_of_the_model(clip: Any) -> None:
    data = Few()
    features, labels = helpers.clip_features(clip, Processor(), data)
    pixels, same = helpers.clip_pixels(Processor(), data)
    with torch.no_grad():
        expected = clip.get_image_features(pixel_values=pixels).pooler_output
    torch.testing.assert_close(features, expected)
    assert labels.tolist() == same.tolist() == data.targets
    assert features.shape == (5, 8) and not features.requires_grad


def test_patches_are_the_last_states_normalised_without_the_summary(clip: Any) -> None:
    states, _ = helpers.clip_features(clip, Processor(), Few(), patches=True)
    assert states.shape == (5, 16, 16)
    pixels, _ = helpers.clip_pixels(Processor(), Few())
    with torch.no_grad():
        out = clip.vision_model(pixel_values=pixels).last_hidden_state
        torch.testing.assert_close(states, clip.vision_model.post_layernorm(out)[:, 1:])


def test_they_are_computed_once_and_anew_for_other_weights_or_images(clip: Any) -> None:
    helpers.clip_features(clip, Processor(), Few())
    helpers.clip_features(clip, Processor(), Few())
    assert clip.calls == 1
    (kept,) = (helpers.session().data / "features").iterdir()
    assert kept.stat().st_mode & 0o044 == 0o044, "others on this machine may read it"
    helpers.clip_features(clip, Processor(), Few(seed=1))
    assert clip.calls == 2
    with torch.no_grad():
        clip.visual_projection.weight[0, 0] += 0.5
    features, _ = helpers.clip_features(clip, Processor(), Few())
    assert clip.calls == 3
    pixels, _ = helpers.clip_pixels(Processor(), Few())
    with torch.no_grad():
        torch.testing.assert_close(
            features, clip.get_image_features(pixel_values=pixels).pooler_output
        )


def test_pixels_can_be_of_the_first_few_and_a_quick_try_takes_few(tmp_path: Path) -> None:
    helpers.start(profile="mini", data=tmp_path)
    pixels, labels = helpers.clip_pixels(Processor(), Few(9), 4)
    assert pixels.shape == (4, 3, 64, 64) and labels.tolist() == [0, 1, 0, 1]
    assert pixels.dtype == torch.float32 and abs(pixels.mean()) < 1  # normalised
    helpers.start(profile="mini", data=tmp_path, quick=True)
    assert len(helpers.clip_pixels(Processor(), Few(700))[0]) == 640
