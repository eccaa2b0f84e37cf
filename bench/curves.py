"""Loss curves of ours and of plain code, seed by seed: they may differ as much as seeds do.

    .venv/bin/python -m bench.curves

The autoencoder and contrastive multiview coding, trained as in bench/training.py, mini profile.
"""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

import helpers
from autograder.paths import ROOT
from bench import plain as plain_input
from bench.training import Pairs, functions, quiet


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.curves", description=__doc__)
    parser.add_argument("--epochs", type=int, default=5, help="of each training (default: 5)")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 (default: 3)")
    args = parser.parse_args()
    helpers.start(profile="mini", data=ROOT / "build" / "data")
    epochs = "  ".join(f"{n + 1:>6}" for n in range(args.epochs))
    for name, curves in (("autoencoder", autoencoder), ("contrastive multiview coding", cmc)):
        print(f"\n{name}, loss by epoch\n{'':14}{epochs}")
        for kind, curve in curves().items():
            for seed in range(args.seeds):
                torch.manual_seed(seed)
                losses = quiet(partial(curve, args.epochs))()
                line = "  ".join(f"{loss:6.4f}" for loss in losses)
                print(f"{kind:6} seed {seed}  {line}", flush=True)


def autoencoder() -> dict[str, Callable[[int], list[float]]]:
    """The mean squared error of a minibatch."""
    names = functions("encoder", "decoder", "autoencoder", "train_ae")
    ours, _, _ = helpers.loaders(64)
    theirs = Pairs(plain_input.loader("unlabeled", 64, limit=len(ours.dataset)))

    def curve(loader: Any, epochs: int) -> list[float]:
        _, losses = names["train_ae"](names["Autoencoder"](), loader, epochs=epochs)
        return [loss / len(ours) for loss in losses]

    return {"ours": partial(curve, ours), "plain": partial(curve, theirs)}


def cmc() -> dict[str, Callable[[int], list[float]]]:
    """The mean of both views' losses."""
    cells = ("encoder", "encoder_cmc", "cmc_score", "softmax_loss", "train_cmc", "watched")
    names = functions(*cells, "cmc-constants")
    ours, _, _ = helpers.lab_loaders(64)
    theirs = plain_input.loader("unlabeled", 64, limit=len(ours.dataset), lab=True)

    def curve(loader: Any, plain: bool, epochs: int) -> list[float]:
        bank = names["CMCScore"](384, N=len(ours.dataset), K=names["K"])
        if plain:
            bank.forward = partial(plain_input.scores, bank)
        seen = [names["Watched"](names["SoftmaxLoss"]()) for _ in range(2)]
        names["train_cmc"](names["EncoderCMC"](), bank, *seen, loader, epochs=epochs)
        both = torch.stack([torch.stack(watch.seen)[:, 0] for watch in seen])
        means: list[float] = both.view(2, epochs, -1).mean(dim=(0, 2)).tolist()
        return means

    return {"ours": partial(curve, ours, False), "plain": partial(curve, theirs, True)}


if __name__ == "__main__":
    main()
