"""What encoding once saves in part clip, and how long a notebook takes to begin.

    .venv/bin/python -m bench.clip

Search: every validation image encoded once, against once for each of its captions, as loops over
rows of captions do. Probe: a linear classifier for ten epochs on features that are cached, against
encoding anew in each epoch. Start: the notebook's setup cells in a fresh Python, against the same
with everything imported that some cell needs later. Mini profile; kinds take turns.
"""

import subprocess
import sys
from collections.abc import Iterable

import nbformat
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Subset
from torchvision.transforms import Normalize

import helpers
from autograder.paths import ROOT
from bench.training import turns
from helpers.data.flickr8k import MEAN, STD

EPOCHS = 10
SETUP = ("get-helpers", "imports", "session")
LATER = "import transformers, albumentations, cv2, torchvision, skimage.color, sklearn.linear_model"


def main() -> None:
    helpers.start(profile="mini", data=ROOT / "build" / "data")
    pairs = helpers.Flickr8k()
    loaders = helpers.caption_loaders(pairs, helpers.pretrained_tokenizer())
    encoder = helpers.pretrained_resnet().eval()
    images = [b["image"] for b in loaders.gallery]
    gallery = loaders.gallery.dataset
    assert isinstance(gallery, Subset)
    captions = sum(len(pairs.captions[i]) for i in gallery.indices)
    rows = [x for x in images for _ in range(captions // len(loaders.names))]
    once, anew = turns(lambda: encode(encoder, images), lambda: encode(encoder, rows), 3)
    print(f"search, {len(loaders.names)} images, each encoded once   {once:8.2f} s")
    print(
        f"search, each for every caption           {anew:8.2f} s, {anew / once:.1f} times as long"
    )

    _, train, _ = helpers.loaders()
    normalised = nn.Sequential(Normalize(MEAN, STD), encoder)

    def cached() -> None:
        probe(nn.Identity(), helpers.cached_features(normalised, train), 2048, EPOCHS)

    once, anew = turns(cached, lambda: probe(normalised, train, 2048, EPOCHS), 1)
    print(f"probe of {EPOCHS} epochs, cached features      {once:8.1f} s")
    print(
        f"probe, encoded anew in each epoch        {anew:8.1f} s, {anew / once:.1f} times as long"
    )

    cells = nbformat.read(ROOT / "solutions" / "clip.ipynb", as_version=4).cells
    setup = "\n".join(c.source for c in cells if c.id in SETUP)
    once, anew = turns(lambda: fresh(setup), lambda: fresh(f"{LATER}\n{setup}"), 3)
    print(f"start, the notebook's setup cells        {once:8.1f} s")
    print(
        f"start, with all that is imported later   {anew:8.1f} s, {anew / once:.1f} times as long"
    )


def probe(
    encoder: nn.Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    features: int,
    epochs: int,
) -> None:
    """Train a linear classifier on a frozen encoder."""
    cls = nn.Linear(features, 10)
    optimizer = torch.optim.Adam(cls.parameters(), lr=1e-3, weight_decay=1e-4)
    for _ in range(epochs):
        for x, y, *_ in loader:
            with torch.no_grad():
                seen = encoder(x)
            loss = F.cross_entropy(cls(seen), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def encode(encoder: nn.Module, batches: Iterable[Tensor]) -> None:
    with torch.no_grad():
        for x in batches:
            encoder(x)


def fresh(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT)


if __name__ == "__main__":
    main()
