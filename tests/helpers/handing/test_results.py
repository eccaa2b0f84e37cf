import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import helpers
from helpers.errors import HelpersError


def test_outside_a_notebook_it_prints_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    helpers.start(profile="full", data=tmp_path)
    capsys.readouterr()
    helpers.record("supervised", 0.42512)
    assert capsys.readouterr().out == "supervised: test accuracy 0.4251 (full profile)\n"


@pytest.mark.parametrize("accuracy", [32.0, -0.1, float("nan"), float("inf")])
def test_an_accuracy_that_is_no_fraction_is_refused(accuracy: float) -> None:
    with pytest.raises(HelpersError, match="must be a fraction from 0 to 1"):
        helpers.record("supervised", accuracy)


def test_a_name_that_is_no_word_is_refused() -> None:
    with pytest.raises(HelpersError, match="one word"):
        helpers.record("my best model", 0.3)


def test_the_models_behind_a_result_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    helpers.start(profile="mini", data=tmp_path)
    encoder = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
    encoder.twice = encoder[0]  # the same layer under two names is kept once
    helpers.record("supervised", 0.4, encoder, nn.Linear(2, 10))
    (path,) = (tmp_path / "checkpoints" / "results").iterdir()
    kept = load_file(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.name == f"supervised-{digest[:16]}.safetensors"
    assert {name: tuple(value.shape) for name, value in kept.items()} == {
        "encoder/000/0.weight": (2, 3, 1, 1),
        "encoder/001/0.bias": (2,),
        "encoder/002/1.weight": (2,),
        "encoder/003/1.bias": (2,),
        "encoder/004/1.running_mean": (2,),
        "encoder/005/1.running_var": (2,),
        "encoder/006/1.num_batches_tracked": (),
        "classifier/000/weight": (10, 2),
        "classifier/001/bias": (10,),
    }
    assert torch.equal(kept["encoder/000/0.weight"], encoder.get_parameter("0.weight"))


def test_large_models_stay_where_they_are(tmp_path: Path) -> None:
    helpers.start(profile="mini", data=tmp_path)
    helpers.record("clip", 0.4, nn.Linear(2048, 1024), nn.Linear(2, 10))
    assert not (tmp_path / "checkpoints").exists()
