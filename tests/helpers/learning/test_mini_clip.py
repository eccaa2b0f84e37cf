"""The small CLIP: its words, its format, and that it is the same wherever it is made."""

import json
from pathlib import Path

import pytest
import torch
import transformers  # lazily: its classes take seconds

import helpers
from helpers.data import mini_captions
from helpers.data.mini_captions import CaptionRecipe
from helpers.learning import mini_clip
from helpers.learning.mini_clip import (
    ClipRecipe,
    clip_tokenizer,
    make_mini_clip,
    train_clip,
    word_pieces,
)

TINY = ClipRecipe(epochs=2, batch=8, width=16, heads=2, layers=(1, 1), dim=8)
IMAGES = CaptionRecipe(images=24)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mini_captions, "CAPTIONS", IMAGES)
        make_mini_clip(folder, TINY)
    return folder


def test_byte_pairs_are_merged_by_count_and_then_by_the_alphabet() -> None:
    vocabulary, merges = word_pieces(["ab ab abc", "bc"])
    # "a b</w>" is there twice; "a b", "b c</w>" in abc and "b c</w>" in bc: twice as well, later
    assert merges == [("a", "b</w>"), ("b", "c</w>"), ("a", "bc</w>")]
    assert [*vocabulary][-5:] == ["ab</w>", "bc</w>", "abc</w>", mini_clip.START, mini_clip.END]
    assert sorted(vocabulary.values()) == list(range(len(vocabulary)))


def test_every_word_of_a_caption_is_one_token_and_others_are_pieces() -> None:
    tokenizer = clip_tokenizer(["A dark picture of a cat.", "Galaxies, bluish."])
    assert len(tokenizer("a dark cat, galaxies.")["input_ids"]) == 2 + 6
    ids = tokenizer("a dark act")["input_ids"]
    assert len(ids) == 2 + 2 + 3 and tokenizer.unk_token_id not in ids[1:-1]
    assert ids[0] == tokenizer.bos_token_id and ids[-1] == tokenizer.eos_token_id


def test_transformers_loads_what_was_saved(data: Path) -> None:
    folder = make_mini_clip(data, TINY)
    model, processor = (
        transformers.CLIPModel.from_pretrained(folder),
        transformers.CLIPProcessor.from_pretrained(folder),
    )
    fit = {"padding": True, "truncation": True, "return_tensors": "pt"}
    texts = processor(text=["a cat", "a dark cup of coffee"], **fit)
    image = torch.zeros(3, 40, 50, dtype=torch.uint8)
    pixels = processor(images=[image], return_tensors="pt")["pixel_values"]
    assert pixels.shape == (1, 3, 64, 64)
    out = model(pixel_values=pixels, **texts)
    assert out.logits_per_image.shape == (1, 2)
    assert out.image_embeds.shape == (1, 8)
    config = json.loads((folder / "config.json").read_text())
    assert config["model_type"] == "clip"


def test_a_text_means_the_same_beside_a_longer_one(data: Path) -> None:
    folder = make_mini_clip(data, TINY)
    model, processor = (
        transformers.CLIPModel.from_pretrained(folder),
        transformers.CLIPProcessor.from_pretrained(folder),
    )
    fit = {"padding": True, "truncation": True, "return_tensors": "pt"}
    both = processor(text=["a cat", "a dark cup of coffee"], **fit)
    alone = processor(text=["a cat"], **fit)
    with torch.no_grad():
        one = model.get_text_features(**alone).pooler_output[0]
        two = model.get_text_features(**both).pooler_output[0]
    torch.testing.assert_close(one, two)


def test_it_is_the_same_each_time_and_made_once(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mini_captions, "CAPTIONS", IMAGES)
    state = torch.get_rng_state()
    weights = make_mini_clip(tmp_path, TINY) / "model.safetensors"
    assert torch.equal(state, torch.get_rng_state())
    assert weights.read_bytes() == (data / "mini" / "clip" / "model.safetensors").read_bytes()
    before = weights.stat().st_mtime_ns
    make_mini_clip(tmp_path, TINY)
    assert weights.stat().st_mtime_ns == before


def test_it_learns_which_caption_belongs_to_which_image() -> None:
    torch.manual_seed(0)
    captions = [["a cat"], ["a dark rocket"], ["flower, bluish"]]
    tokenizer = clip_tokenizer(c for cs in captions for c in cs)
    recipe = ClipRecipe(epochs=40, batch=3, width=16, heads=2, layers=(1, 1), dim=8, rate=3e-3)
    model = mini_clip.untrained_clip(tokenizer, recipe)
    pixels = torch.eye(3)[:, :, None, None].expand(3, 3, 64, 64).contiguous()  # three colours
    tokens = tokenizer([c[0] for c in captions], padding=True, return_tensors="pt")
    train_clip(model, tokenizer, pixels, captions, recipe)
    with torch.no_grad():
        table = model(pixel_values=pixels, **tokens).logits_per_image
    assert table.argmax(1).tolist() == table.argmax(0).tolist() == [0, 1, 2]


def test_helpers_give_it_in_float32_and_eval_mode(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mini_clip, "CLIP", TINY)
    monkeypatch.setattr(mini_captions, "CAPTIONS", IMAGES)
    here = helpers.start(profile="mini", data=data)
    model, processor = helpers.pretrained_clip()
    assert not any(m.training for m in model.modules())
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert model.device == here.device
    assert type(processor) is transformers.CLIPProcessor
