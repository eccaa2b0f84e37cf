"""All cells of the solution notebooks in the full profile, on this machine's GPU.

    python -m bench.gpu              # some minutes, and 3 GB of files, on a GPU
    python -m bench.gpu --cpu-smoke  # the same on a tenth of the files, on a CPU

Needs torch, torchvision, transformers, matplotlib, scikit-image, scikit-learn and what else
`helpers` imports; no network: data and weights are made up, in the real layouts and sizes, and the
trainings are short. Epochs are measured beside plain code's (bench/training.py). Then the cells
run, visible tests among them: losses of the same steps on the CPU and on the GPU are compared, and
seconds an epoch, images a second and the peak of the memory printed.
"""

import argparse
import contextlib
import functools
import os
import resource
import sys
import tempfile
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from bench.notebook import cells

NOTEBOOKS = (("autoencoder", "cmc"), ("autoencoder", "clip"), ("transfer",))
EPOCHS = 2
TOLERANCE = 1e-2  # a GPU multiplies float32 in TF32 by default, with ten bits behind the point
FEW = 130  # images a training takes in the smoke test; both classes of Hymenoptera are among them


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--cpu-smoke", action="store_true", help="small, and on a CPU")
    smoke = parser.parse_args().cpu_smoke
    if not smoke and not torch.cuda.is_available():
        parser.error("there is no GPU here: --cpu-smoke does the same in small, on a CPU")
    with tempfile.TemporaryDirectory(prefix="full-size-") as folder:
        os.environ.update(
            HELPERS_PROFILE="full", HELPERS_DATA=folder, HF_HUB_OFFLINE="1", MPLBACKEND="agg"
        )
        from torchvision.datasets import cifar

        import helpers
        from bench import full_size

        began = time.perf_counter()
        full_size.make(Path(folder), share=0.1 if smoke else 1.0, layers=1 if smoke else 12)
        print(f"made files in {time.perf_counter() - began:.0f} s")
        cifar.check_integrity = lambda *_: True  # torchvision knows the sums of the real files
        _small(smoke)
        print(_machine(), flush=True)
        if not smoke:  # first, since the time on a GPU may be short
            from bench.training import ROWS, table

            helpers.start()
            table(ROWS, runs=2)
        failed = [f"{cell} of {'+'.join(parts)}" for parts in NOTEBOOKS for cell in _run(parts)]
    host = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"\nmost memory of the host: {host >> 10:,} MB")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def _small(smoke: bool) -> None:
    """Short trainings; in the smoke test, of few images."""
    from helpers import _session

    whole = _session.Session.epochs

    def epochs(self: Any, full: int = 200, mini: int = 30) -> int:
        return min(EPOCHS, whole(self, full, mini))

    _session.Session.epochs = epochs  # type: ignore[method-assign]
    if smoke:
        _session.QUICK_IMAGES = FEW
        import helpers

        helpers.start = functools.partial(_session.start, quick=True)


def _run(parts: tuple[str, ...]) -> list[str]:
    """Run the cells of a problem set, and print what its trainings took; the tests that failed."""
    notebook = types.ModuleType("__main__")
    sys.modules["__main__"] = notebook  # where the visible tests look for names
    trainings, failed = Trainings(), []
    for id, source in cells(parts):
        source = _filled(id, source)
        began = time.perf_counter()
        try:
            exec(compile(source, f"<{id}>", "exec"), notebook.__dict__)
        except BaseException as error:
            print(f"cell {id!r} of {' + '.join(parts)} failed: {error}", file=sys.stderr)
            if not id.startswith("test_"):  # what follows may need it
                raise
            failed.append(id)
        if (seconds := time.perf_counter() - began) > 10:
            print(f"[{id} took {seconds:.0f} s]")
        if id == "imports":
            vars(notebook)["training"] = trainings.timed
    _compare(vars(notebook))
    data = {"train_ae": "unlabeled_loader", "train_classifier": "train_loader"}
    data |= {"train_cmc": "views_loader", "train_clip": "captions", "train_head": "insects"}
    print("\n| training | epoch | images/s | peak memory |\n|---|---|---|---|")
    for name, (seconds, memory) in trainings.seen.items():
        what = vars(notebook)[data[name]]
        what = getattr(what, "train", what)  # of loaders for training and validation
        images = len(getattr(what, "dataset", what))
        print(f"| {name} | {seconds:.2f} s | {images / seconds:,.0f} | {memory >> 20:,} MB |")
    return failed


class Trainings:
    """In the place of ``training``: the seconds of the last epoch of each, and its memory."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[float, int]] = {}

    def timed(self, epochs: int, **kwargs: Any) -> Iterator[int]:
        name = sys._getframe(1).f_code.co_name
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        for epoch in range(epochs):
            began = time.perf_counter()
            yield epoch
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.seen[name] = (time.perf_counter() - began, _peak())


def _filled(id: str, source: str) -> str:
    """A report answer with the values of this run in the place of the solution's own."""
    if not id.startswith("report_"):
        return source
    part = id.removeprefix("report_")
    keys = {"autoencoder": "", "cmc": "cmc", "clip": "clip"}[part]
    table = f"{{'{keys}': accuracies['{keys}']}}" if keys else "dict(accuracies)"
    return f"{source}\nresults_{part} = {table}\n"


def _compare(names: dict[str, Any]) -> None:
    """The same loss, from the same weights and inputs, on the CPU and on the GPU."""
    gpu = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for what, compute in _losses(names):
        found = []
        for device in (torch.device("cpu"), gpu):
            names["device"] = device
            torch.manual_seed(0)
            found.append(float(torch.as_tensor(compute(device)).detach()))
        names["device"] = gpu
        difference = abs(found[1] - found[0]) / abs(found[0])
        print(f"{what}: {found[0]:.5f} on the CPU, {found[1]:.5f} on {gpu}")
        if not difference < TOLERANCE:
            raise SystemExit(f"{what} differs by {difference:.1%}, more than {TOLERANCE:.0%}")


def _losses(names: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What there is to compare, by the questions of these parts."""
    from torch.utils.data import DataLoader, TensorDataset

    generator = torch.Generator().manual_seed(0)
    images = torch.rand(64, 3, 64, 64, generator=generator)
    loader = DataLoader(TensorDataset(images, torch.arange(64) % 10), batch_size=32)
    x, t = (torch.randn(32, 64, generator=generator) for _ in range(2))

    def steps(train: str, *models: Any) -> Any:
        with contextlib.redirect_stdout(None):
            return names[train](*models, loader, epochs=3)[1][-1]

    if "train_ae" in names:
        yield "train_ae, third epoch", lambda d: steps("train_ae", names["Autoencoder"]())
        yield (
            "train_classifier, third epoch",
            lambda d: steps("train_classifier", names["Encoder"](), torch.nn.Linear(384, 10)),
        )
    if "CMCScore" in names:
        rows = torch.randint(50, (32, 9), generator=generator)

        def contrast(device: torch.device) -> Any:
            scores = names["CMCScore"](64, 50, 8).to(device)
            out, _ = scores(
                x.to(device), t.to(device), torch.arange(32, device=device), rows.to(device)
            )
            return names["SoftmaxLoss"]()(out) + names["NCELoss"](50, 100.0)(out)

        yield "softmax and NCE losses", contrast
    if "CLIPModel" in names:
        batch = next(iter(names["captions"].valid))

        def model(device: torch.device) -> Any:
            clip = names["CLIPModel"]().to(device).eval()
            return clip({k: v.to(device) for k, v in batch.items()})

        yield "CLIPModel, a minibatch", model
    if "clip_loss" in names:
        scale = torch.tensor(2.0)
        yield "clip_loss", lambda d: names["clip_loss"](x.to(d), t.to(d), scale.to(d))
        yield "soft_target_loss", lambda d: names["soft_target_loss"](x.to(d), t.to(d))


def _peak() -> int:
    """Bytes: of the GPU, else of this process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _machine() -> str:
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return f"{name}, torch {torch.__version__}, Python {sys.version.split()[0]}"


if __name__ == "__main__":
    main()
