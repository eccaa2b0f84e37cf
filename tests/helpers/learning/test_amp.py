from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import helpers


def test_a_cpu_computes_as_it_is(tmp_path: Path) -> None:
    helpers.start(profile="mini", data=tmp_path)
    with helpers.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


@pytest.mark.parametrize(
    ("capability", "native"), [((7, 5), False), ((8, 0), True), ((9, 0), True)]
)
def test_only_gpus_that_have_it_natively_use_bfloat16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], native: bool
) -> None:
    """This machine has no GPU: what a T4, an A100 and an H100 say of themselves is put here."""
    here = replace(helpers.start(profile="mini", data=tmp_path), device=torch.device("cuda"))
    monkeypatch.setattr("helpers._session._current", here)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    asked = []
    monkeypatch.setattr(torch, "autocast", lambda *args, **options: asked.append((args, options)))
    helpers.autocast()
    dtype = torch.bfloat16 if native else torch.float16
    assert asked == [(("cuda", dtype), {"enabled": native})]


@pytest.mark.parametrize(
    ("capability", "dtype", "scaled"),
    [((7, 5), torch.float16, True), ((8, 0), torch.bfloat16, False)],
)
def test_older_gpus_take_float16_with_a_scaler(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capability: tuple[int, int],
    dtype: torch.dtype,
    scaled: bool,
) -> None:
    here = replace(helpers.start(profile="mini", data=tmp_path), device=torch.device("cuda"))
    monkeypatch.setattr("helpers._session._current", here)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.amp, "GradScaler", lambda device: f"a scaler for {device}")
    asked = []
    monkeypatch.setattr(torch, "autocast", lambda *args, **options: asked.append((args, options)))
    scaler: Any = helpers.grad_scaler()
    assert scaler == ("a scaler for cuda" if scaled else None)
    helpers.autocast(scaler)
    assert asked == [(("cuda", dtype), {"enabled": True})]


def test_a_cpu_needs_no_scaler_and_ignores_one(tmp_path: Path) -> None:
    helpers.start(profile="mini", data=tmp_path)
    assert helpers.grad_scaler() is None
    with helpers.autocast(torch.amp.GradScaler("cpu")):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_without_a_session_the_machine_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpers._session._current", None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with helpers.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
