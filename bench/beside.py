"""Two trainings at once on one machine, against one alone: torch as it is, and as helpers sets it.

    .venv/bin/python -m bench.beside

Each is a process that trains the autoencoder for some epochs on the mini data. With torch as it is,
threads without work look for it busily, and take the processors from those that have some.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from autograder.paths import ROOT

EPOCHS = 2
KINDS = {"as helpers sets it": ("helpers", "torch"), "torch as it is": ("torch", "helpers")}
"""What is imported first: the environment counts when torch is loaded."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.beside", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of each kind (default: 3)")
    parser.add_argument("--train", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.train:
        return train(args.train)
    taken: dict[tuple[str, int], list[float]] = {}
    for _ in range(args.runs):
        for kind, order in KINDS.items():
            for many in (1, 2):
                taken.setdefault((kind, many), []).append(seconds(order, many))
    for kind in KINDS:
        one, two = (statistics.median(taken[kind, many]) for many in (1, 2))
        print(f"{kind:20} alone {one:6.1f} s, two at once {two:6.1f} s, {two / one:.1f} times")


def seconds(order: Sequence[str], many: int) -> float:
    """How long the slowest of so many trainings at once takes, by its own clock."""
    command = [sys.executable, "-m", "bench.beside", "--train", *order]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(many)
    ]
    return max(float(process.communicate()[0].split()[-1]) for process in running)


def train(order: Sequence[str]) -> None:
    """Print the seconds of some epochs, after one that did not count."""
    for name in order:
        __import__(name)
    import helpers
    from bench.training import functions

    helpers.start(profile="mini", data=ROOT / "build" / "data")
    names = functions("encoder", "decoder", "autoencoder", "train_ae")
    unlabeled = helpers.loaders(128).unlabeled
    model = names["Autoencoder"]()
    names["train_ae"](model, unlabeled, epochs=1)
    began = time.perf_counter()
    names["train_ae"](model, unlabeled, epochs=EPOCHS)
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main()
