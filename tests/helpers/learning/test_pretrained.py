"""Encoders are loaded by the real code: from files of the real formats, and from local servers."""

import hashlib
import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torchvision
import transformers  # lazily: its classes take seconds
from PIL import Image
from server import Manners, serve
from torchvision.models import resnet50

import helpers
from helpers.data import mini_captions, mini_data
from helpers.data.mini_captions import CaptionRecipe
from helpers.learning import mini_clip, mini_models, pretrained
from helpers.learning.mini_models import ModelRecipe, make_mini_models

pytestmark = pytest.mark.slow

TINY = ModelRecipe(epochs=2, hidden=96)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with small models, trained for two minibatches."""
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mini_data, "RECIPE", mini_data.Recipe(unlabeled=10, train=20, test=10))
        patch.setattr(mini_captions, "CAPTIONS", CaptionRecipe(images=30))
        make_mini_models(folder, TINY)
    return folder


@pytest.fixture
def mini(models: Path, monkeypatch: pytest.MonkeyPatch) -> helpers.Session:
    monkeypatch.setattr(mini_models, "MODELS", TINY)
    return helpers.start(profile="mini", data=models)


def test_the_small_encoders_have_the_sizes_of_the_real_ones(mini: helpers.Session) -> None:
    images = helpers.pretrained_resnet()(torch.randn(2, 3, 64, 64))
    assert images.shape == (2, 2048)
    tokens = helpers.pretrained_tokenizer()(["a cat", "a dark cat"], padding=True)
    assert set(tokens) == {"input_ids", "attention_mask"}
    assert tokens["attention_mask"][0] == [1, 1, 1, 1, 0]
    ids = {k: torch.tensor(v) for k, v in tokens.items()}
    assert helpers.pretrained_distilbert()(**ids).last_hidden_state.shape == (2, 5, 768)


def test_they_are_loaded_the_same_each_time_and_silently(
    mini: helpers.Session, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    x = torch.randn(1, 3, 64, 64)
    one, two = helpers.pretrained_resnet().eval(), helpers.pretrained_resnet().eval()
    torch.testing.assert_close(one(x), two(x))
    states = [helpers.pretrained_distilbert().state_dict() for _ in range(2)]
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])
    assert "".join(capfd.readouterr()) == ""


def test_the_tokenizers_numbers_follow_from_the_captions_alone() -> None:
    tokenizer = mini_models.caption_tokenizer(["A cat!", "a Cat, at"])
    letters = ["!", ",", "a", "c", "t"]
    pieces = [*mini_models.SPECIAL, *letters, *(f"##{c}" for c in letters), "at", "cat"]
    assert tokenizer.get_vocab() == {piece: i for i, piece in enumerate(pieces)}
    assert tokenizer.tokenize("Tact Cat?") == ["t", "##a", "##c", "##t", "cat", "[UNK]"]


def test_captions_are_told_apart_by_the_first_token(mini: helpers.Session) -> None:
    tokenizer, model = helpers.pretrained_tokenizer(), helpers.pretrained_distilbert().eval()
    captions = mini_captions.make_mini_captions(mini.data, CaptionRecipe(images=30))
    texts = [c for cs in helpers.data.flickr8k.read_captions(captions).values() for c in cs]
    tokens = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        first = model(**tokens).last_hidden_state[:, 0]
    # Standardised: no number is the same for all captions, and none is far from the others.
    assert first.mean(0).abs().max() < 1 and 0.5 < first.std(0).mean() < 2


def test_the_real_resnet_comes_through_torchvisions_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, file = resnet50(), io.BytesIO()
    torch.save(model.state_dict(), file)
    body = file.getvalue()
    name = f"resnet50-{hashlib.sha256(body).hexdigest()[:8]}.pth"
    with serve(Manners(bodies={name: body})) as url:
        weights = SimpleNamespace(url=url.rpartition("/")[0] + "/" + name)
        enum = SimpleNamespace(IMAGENET1K_V2=weights)
        monkeypatch.setattr(torchvision.models, "ResNet50_Weights", enum)
        helpers.start(profile="full", data=tmp_path)
        loaded = helpers.pretrained_resnet().eval()
    model.fc = torch.nn.Identity()
    x = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(loaded(x), model.eval()(x), atol=1e-3, rtol=1e-3)
    assert [p.name for p in (tmp_path / "weights").iterdir()] == [name]


@contextmanager
def hub(folder: Path, revision: str) -> Iterator[tuple[str, list[str]]]:
    """A server that answers as the hub of transformers does, with the files of a folder."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self, whole: bool) -> None:
            asked.append(self.path)
            path = folder / self.path.rpartition("/")[2]
            found = f"/resolve/{revision}/" in self.path and path.is_file()
            body = path.read_bytes() if found else b""
            self.send_response(200 if found else 404)
            if found:
                self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
                self.send_header("X-Repo-Commit", revision)
            else:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if whole:
                self.wfile.write(body)

        def do_GET(self) -> None:
            self.answer(whole=True)

        def do_HEAD(self) -> None:
            self.answer(whole=False)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def fetched(
    script: str, folder: Path, data: Path, name: str, revision: str
) -> tuple[float, set[str]]:
    """The number that a script prints, whose files come from a hub; and the files asked for."""
    with hub(folder, revision) as (address, asked):
        offline = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HELPERS_"))}
        done = subprocess.run(
            [sys.executable, "-c", script, str(data)],
            env={**offline, "HF_ENDPOINT": address, "HF_HOME": str(data / "home"),
                 "HF_HUB_DISABLE_XET": "1", "PYTHONPATH": str(Path.cwd())},
            capture_output=True, text=True,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    files = [path for path in asked if "/resolve/" in path]
    assert all(path.startswith(f"/{name}/resolve/{revision}/") for path in files), asked
    return float(done.stdout.splitlines()[-1]), {path.rpartition("/")[2] for path in files}


DISTILBERT = """
import sys, torch, helpers
helpers.start(profile="full", data=sys.argv[1])
tokens = helpers.pretrained_tokenizer()(["a dark cat"], return_tensors="pt")
print(helpers.pretrained_distilbert().eval()(**tokens).last_hidden_state.sum().item())
"""


def test_the_real_distilbert_comes_from_the_hub_at_its_pinned_version(
    tmp_path: Path, mini: helpers.Session
) -> None:
    tokens = helpers.pretrained_tokenizer()(["a dark cat"], return_tensors="pt")
    expected = helpers.pretrained_distilbert().eval()(**tokens).last_hidden_state.sum().item()
    pinned = pretrained.DISTILBERT, pretrained.DISTILBERT_REVISION
    found, files = fetched(DISTILBERT, mini.data / "mini" / "models", tmp_path, *pinned)
    assert found == pytest.approx(expected, rel=1e-4)
    assert "model.safetensors" in files


CLIP = """
import sys, torch, helpers
from PIL import Image
helpers.start(profile="full", data=sys.argv[1])
clip, processor = helpers.pretrained_clip()
assert {p.dtype for p in clip.parameters()} == {torch.float32} and not clip.training
image = Image.linear_gradient("L").convert("RGB")
inputs = processor(
    text=["a cat"], images=[image], padding=True, truncation=True, return_tensors="pt"
)
print(clip(**inputs).image_embeds[0, :3].sum().item())
"""


def test_the_real_clip_comes_from_the_hub_in_its_published_layout(tmp_path: Path) -> None:
    """Its pinned version has no safetensors, and its weights may be of 16 bits."""
    folder = tmp_path / "published"
    tokenizer = mini_clip.clip_tokenizer(["a dark cat"])
    recipe = mini_clip.ClipRecipe(width=16, heads=2, layers=(1, 1), dim=8)
    model: Any = mini_clip.untrained_clip(tokenizer, recipe)
    model.eval()
    square = {"height": 64, "width": 64}
    make: Any = transformers.CLIPProcessor  # has no annotations
    processor = make(
        transformers.CLIPImageProcessor(size={"shortest_edge": 64}, crop_size=square), tokenizer
    )
    processor.save_pretrained(folder)
    model.half().save_pretrained(folder)
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    image = Image.linear_gradient("L").convert("RGB")
    pixels = processor(images=[image], return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        features = model.float().get_image_features(pixel_values=pixels).pooler_output[0]
    pinned = pretrained.CLIP, pretrained.CLIP_REVISION
    found, files = fetched(CLIP, folder, tmp_path, *pinned)
    assert found == pytest.approx((features / features.norm())[:3].sum().item(), abs=1e-4)
    assert "pytorch_model.bin" in files
