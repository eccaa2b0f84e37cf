import random
from collections.abc import Sized
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from conftest import SMALL

import helpers
import helpers.data.mini_data
from helpers.errors import SessionError


def test_start_seeds_every_generator_and_says_so_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def draw() -> tuple[float, float, float]:
        helpers.start(seed=7, profile="mini", data=tmp_path)
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    assert draw() == draw()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "mini profile, seed 7" in lines[0] and torch.__version__ in lines[0]


def test_the_argument_wins_over_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELPERS_PROFILE", "full")
    monkeypatch.setenv("HELPERS_DATA", str(tmp_path / "there"))
    from_environment = helpers.start()
    assert (from_environment.profile, from_environment.data) == ("full", tmp_path / "there")
    given = helpers.start(profile="mini", data=tmp_path / "here")
    assert (given.profile, given.data) == ("mini", tmp_path / "here")
    assert helpers.session() is given


def test_without_a_gpu_the_profile_is_mini(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    started = helpers.start(data=tmp_path)
    assert started.profile == "mini"
    assert started.device == torch.device("cpu")
    assert started.epochs(full=200, mini=30) == 30


def test_full_epochs(tmp_path: Path) -> None:
    assert helpers.start(profile="full", data=tmp_path).epochs(full=200, mini=30) == 200


def test_an_unknown_profile_is_named(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="no profile 'tiny': use 'mini' or 'full'"):
        helpers.start(profile="tiny", data=tmp_path)


def test_asking_for_a_session_before_the_first_cell() -> None:
    with pytest.raises(SessionError, match=r"call helpers\.start\(\)"):
        helpers.session()


def test_a_quick_try_is_short_small_and_marked(
    small_data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpers._session.QUICK_IMAGES", 16)
    monkeypatch.setattr(helpers.data.mini_data, "RECIPE", SMALL)
    started = helpers.start(profile="mini", data=small_data, quick=True)
    assert started.epochs(full=200, mini=30) == 2
    assert "quick try: its results mean nothing" in capsys.readouterr().out
    assert [len(cast(Sized, loader.dataset)) for loader in helpers.loaders(batch_size=8)] == [
        16,
        16,
        16,
    ]
    assert [len(loader.dataset) for loader in helpers.lab_loaders(batch_size=8)] == [16, 16, 16]
    helpers.record("supervised", 0.5)
    assert capsys.readouterr().out.endswith("supervised: test accuracy 0.5000 (quick profile)\n")


def test_a_quick_try_has_checkpoints_of_its_own(tmp_path: Path) -> None:
    for quick in (False, True):
        helpers.start(profile="mini", data=tmp_path, quick=quick)
        model = torch.nn.Linear(1, 1)
        optimizer = torch.optim.Adam(model.parameters())
        list(helpers.training(1, model=model, optimizer=optimizer))
    assert sorted(p.name.split("-")[0] for p in (tmp_path / "checkpoints").iterdir()) == [
        "mini",
        "quick",
    ]


def test_there_is_no_drive_outside_of_colab(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="only in Colab: leave out drive=True"):
        helpers.start(profile="mini", data=tmp_path, drive=True)
