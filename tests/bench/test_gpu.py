"""All cells in the full profile, on made-up files in the real layouts; a GPU has its own run."""

import os
import subprocess
import sys

import pytest

from autograder.paths import ROOT

pytestmark = pytest.mark.slow


def test_the_smoke_test_runs_every_cell() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.gpu", "--cpu-smoke"],
        cwd=ROOT, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for training in ("train_ae", "train_classifier", "train_cmc", "train_clip", "train_head"):
        assert f"\n| {training} | " in done.stdout
    for loss in ("softmax and NCE losses", "CLIPModel, a minibatch", "soft_target_loss"):
        assert f"\n{loss}: " in done.stdout
