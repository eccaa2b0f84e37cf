import random

import numpy as np
import pytest
import torch

import helpers
from helpers.errors import SessionError


def test_start_seeds_every_generator_and_says_so_in_one_line(tmp_path, capsys):
    def draw():
        helpers.start(seed=7, profile="mini", data=tmp_path)
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    assert draw() == draw()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "mini profile, seed 7" in lines[0] and torch.__version__ in lines[0]


def test_the_argument_wins_over_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("HELPERS_PROFILE", "full")
    monkeypatch.setenv("HELPERS_DATA", str(tmp_path / "there"))
    from_environment = helpers.start()
    assert (from_environment.profile, from_environment.data) == ("full", tmp_path / "there")
    given = helpers.start(profile="mini", data=tmp_path / "here")
    assert (given.profile, given.data) == ("mini", tmp_path / "here")
    assert helpers.session() is given


def test_without_a_gpu_the_profile_is_mini(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    started = helpers.start(data=tmp_path)
    assert started.profile == "mini"
    assert started.device == torch.device("cpu")
    assert started.epochs(full=200, mini=30) == 30


def test_full_epochs(tmp_path):
    assert helpers.start(profile="full", data=tmp_path).epochs(full=200, mini=30) == 200


def test_an_unknown_profile_is_named(tmp_path):
    with pytest.raises(SessionError, match="no profile 'tiny': use 'mini' or 'full'"):
        helpers.start(profile="tiny", data=tmp_path)


def test_asking_for_a_session_before_the_first_cell():
    with pytest.raises(SessionError, match=r"call helpers\.start\(\)"):
        helpers.session()
