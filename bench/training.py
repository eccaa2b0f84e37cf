"""Seconds of an epoch beside plain code as a handout has it, in one run; kinds take turns.

    .venv/bin/python -m bench.training

Ours is the solution notebooks' own code with the loaders of `helpers`. Plain code trains the same
models by the same functions, but makes every image anew, scores as CMC's own code does
(bench/plain.py), encodes for a probe in each epoch, and asks for each loss as a number. Mini
profile on a CPU; `python -m bench.gpu` calls the same with the full one.
"""

import argparse
import contextlib
import io
import itertools
import shutil
import statistics
import time
from collections.abc import Callable, Collection, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset

import helpers
from autograder.paths import ROOT
from bench import limits, notebook
from bench import plain as plain_input

T4 = 320e9
"""Bytes a second of a T4's memory, by its data sheet; an estimate takes that for the limit."""
PROBES, PROBE_EPOCHS, PLAIN_EPOCHS, PLAIN_IMAGES = 3, 100, 10, 500


class Row(NamedTuple):
    """A training: seconds of ours and of plain code, images an epoch, and one step of ours."""

    name: str
    ours: float
    plain: float
    images: int
    step: Callable[[], Any] | None = None
    steps: int = 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.training", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="epochs of each kind (default: 3)")
    parser.add_argument("--only", nargs="*", choices=tuple(ROWS), default=tuple(ROWS))
    args = parser.parse_args()
    helpers.start(profile="mini", data=ROOT / "build" / "data")
    table(args.only, args.runs)


def table(wanted: Collection[str], runs: int) -> None:
    """Print a table of trainings in the session's profile."""
    here = helpers.session()
    flops, moved = limits.ceilings(here.device)
    print(f"\nceilings: {flops / 1e12:.2f} TFLOP/s, {moved / 1e9:.0f} GB/s of a copy\n")
    print("| what | ours | plain code | times | images/s | of the limit | on a T4, estimated |")
    print("|---|---|---|---|---|---|---|")
    for name in wanted:
        row = ROWS[name](runs)
        share = t4 = ""
        if row.step:
            asked = limits.asked(row.step)
            share = f"{row.steps * max(asked[0] / flops, asked[1] / moved) / row.ours:.0%}"
            if here.device.type == "cuda":
                t4 = f"{max(row.ours, row.steps * asked[1] / T4):.1f} s"
        print(
            f"| {row.name} | {row.ours:.2f} s | {row.plain:.2f} s | {row.plain / row.ours:.1f} "
            f"| {row.images / row.ours:,.0f} | {share} | {t4} |",
            flush=True,
        )


def autoencoder(runs: int) -> Row:
    """An epoch of the autoencoder."""
    names = functions("encoder", "decoder", "autoencoder", "train_ae")
    ours, _, _ = helpers.loaders(128)
    theirs = Pairs(plain_input.loader("unlabeled", 128, limit=len(ours.dataset)))
    model = names["Autoencoder"]()
    seconds = turns(
        lambda: names["train_ae"](model, ours, epochs=1),
        lambda: names["train_ae"](model, theirs, epochs=1),
        runs,
    )
    one = [next(iter(ours))]
    step = quiet(lambda: names["train_ae"](model, one, epochs=1))
    return Row("autoencoder, an epoch", *seconds, len(ours.dataset), step, len(ours))


def cmc(runs: int) -> Row:
    """An epoch of contrastive multiview coding."""
    cells = ("encoder", "encoder_cmc", "cmc_score", "softmax_loss", "train_cmc", "watched")
    names = functions(*cells, "cmc-constants")
    ours, _, _ = helpers.lab_loaders(64)
    theirs = plain_input.loader("unlabeled", 64, limit=len(ours.dataset), lab=True)
    model = names["EncoderCMC"]()
    contrast = names["CMCScore"](384, N=len(ours.dataset), K=names["K"])

    usual = names["CMCScore"](384, N=len(ours.dataset), K=names["K"])
    usual.forward = partial(plain_input.scores, usual)

    class Noted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.criterion = names["SoftmaxLoss"]()
            self.losses: list[float] = []

        def forward(self, scores: Any) -> Any:
            loss = self.criterion(scores)
            self.losses.append(loss.item())
            return loss

    def train(loader: Any, bank: Any, criterion: Callable[[], Any]) -> None:
        names["train_cmc"](model, bank, criterion(), criterion(), loader, epochs=1)

    def watched() -> Any:
        return names["Watched"](names["SoftmaxLoss"]())

    seconds = turns(
        lambda: train(ours, contrast, watched), lambda: train(theirs, usual, Noted), runs
    )
    one = [next(iter(ours))]
    step = quiet(lambda: train(one, contrast, watched))
    return Row(
        "contrastive multiview coding, an epoch", *seconds, len(ours.dataset), step, len(ours)
    )


def probes(runs: int) -> Row:
    """Three frozen linear probes of a hundred epochs; of the plain ones, a tenth."""
    names = functions("encoder", "train_classifier")
    _, ours, _ = helpers.loaders(128)
    theirs = Pairs(plain_input.loader("train", 128))

    def train(encoder: Any, loader: Any, epochs: int) -> None:
        names["train_classifier"](encoder, nn.Linear(384, 10), loader, epochs=epochs)

    def cached() -> None:
        for _ in range(PROBES):
            with torch.no_grad():
                features = helpers.cached_features(names["Encoder"](), ours)
            train(nn.Flatten(), features, PROBE_EPOCHS)

    once, anew = turns(cached, lambda: train(names["Encoder"](), theirs, PLAIN_EPOCHS), 1)
    anew *= PROBES * PROBE_EPOCHS / PLAIN_EPOCHS
    images = PROBES * PROBE_EPOCHS * len(ours.dataset)
    return Row("three linear probes of 100 epochs", once, anew, images)


def clip(runs: int) -> Row:
    """An epoch of the small CLIP, its validation included."""
    tokenizer, pairs = helpers.pretrained_tokenizer(), helpers.Flickr8k()
    ours = helpers.caption_loaders(pairs, tokenizer, batch_size=32)
    train, valid = plain_input.captions(pairs, tokenizer, 32)
    theirs = ours._replace(train=train, valid=valid)
    batch = next(iter(ours.valid))
    cells = ("clip-constants", "encoders", "projection_head", "clip_model", "clip-train")
    names = functions(*cells, batch=batch)
    model = names["CLIPModel"]().to(helpers.session().device)
    usual = names["CLIPModel"]().to(helpers.session().device)
    usual.image_encoder.to(memory_format=torch.contiguous_format)
    seconds = turns(
        lambda: names["train_clip"](model, ours, 1),
        lambda: names["train_clip"](usual, theirs, 1),
        runs,
    )
    images = sum(len(loader) * 32 for loader in (ours.train, ours.valid))
    each = round(len(ours.train) / len(ours.valid))
    few = SimpleNamespace(
        train=list(itertools.islice(ours.train, each)), valid=[next(iter(ours.valid))]
    )
    step = quiet(lambda: names["train_clip"](model, few, 1))
    return Row("small CLIP, an epoch", *seconds, images, step, len(ours.valid))


def features(runs: int) -> Row:
    """CIFAR-100's features by a CLIP; of the plain ones, a part."""
    model, processor = helpers.pretrained_clip()
    data = [helpers.CIFAR100(split) for split in ("train", "test")]
    device = helpers.session().device
    some: Subset[Any] = Subset(
        data[0], range(0, len(data[0]), max(1, len(data[0]) // PLAIN_IMAGES))
    )

    def pixels(items: Any) -> Any:
        return processor(images=[image for image, _ in items], return_tensors="pt")["pixel_values"]

    def ours() -> None:
        shutil.rmtree(helpers.session().data / "features", ignore_errors=True)
        for split in data:
            helpers.clip_features(model, processor, split)

    def plain() -> None:
        with torch.no_grad():
            for batch in DataLoader(some, 64, num_workers=plain_input.WORKERS, collate_fn=pixels):
                found = model.vision_model(pixel_values=batch.to(device))
                model.visual_projection(found.pooler_output).cpu()

    once, part = turns(ours, plain, 1)
    images = sum(map(len, data))
    return Row("CIFAR-100's features by CLIP", once, part * images / len(some), images)


ROWS: dict[str, Callable[[int], Row]] = {
    "autoencoder": autoencoder,
    "cmc": cmc,
    "probes": probes,
    "clip": clip,
    "features": features,
}


class Pairs:
    """A plain loader without the places of its images."""

    def __init__(self, loader: Any) -> None:
        self.loader, self.dataset = loader, loader.dataset

    def __iter__(self) -> Iterator[Any]:
        return ((x, y) for x, y, _ in self.loader)


def functions(*ids: str, **given: Any) -> dict[str, Any]:
    """What cells of the notebooks define, without bars, figures and checkpoints."""
    here = helpers.session()
    given |= {"session": here, "device": here.device}
    names = notebook.defined(("autoencoder", "cmc", "clip"), {"imports", *ids}, given)
    names["training"] = lambda epochs, **_: range(epochs)
    names["visualize_recon"] = lambda *_: None
    return names


def quiet(work: Callable[[], Any]) -> Callable[[], Any]:
    def silent() -> Any:
        with contextlib.redirect_stdout(io.StringIO()):
            return work()

    return silent


def turns(ours: Callable[[], Any], plain: Callable[[], Any], runs: int) -> tuple[float, float]:
    """The medians of the seconds that both take, taking turns; the first turn does not count."""
    taken: tuple[list[float], list[float]] = ([], [])
    for run in range(runs + (runs > 1)):
        for work, seconds in zip((quiet(ours), quiet(plain)), taken, strict=True):
            began = time.perf_counter()
            work()
            if helpers.session().device.type == "cuda":
                torch.cuda.synchronize()
            if run or runs == 1:
                seconds.append(time.perf_counter() - began)
    return statistics.median(taken[0]), statistics.median(taken[1])


if __name__ == "__main__":
    main()
