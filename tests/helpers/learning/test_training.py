"""The oracle of every resumed training is the undisturbed one, compared bit for bit."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

import helpers
from helpers.errors import CheckpointError

EPOCHS = 5

SCRIPT = """
import json, os, signal, sys
import torch
import helpers
from test_training import fit
helpers.start(seed=3, profile="mini", data=sys.argv[1])
if sys.argv[2] == "resume":
    helpers.resume()
def die(epoch, batch):
    if sys.argv[2] == "die" and (epoch, batch) == (3, 1):
        os.kill(os.getpid(), signal.SIGKILL)
model, losses = fit(die)
print(json.dumps([losses, [p.tolist() for p in model.parameters()]]))
"""


def fit(
    watch: Callable[[int, int], object] = lambda epoch, batch: None,
    epochs: int = EPOCHS,
    name: str = "",
) -> tuple[nn.Sequential, list[float]]:
    """Train on shuffled batches, with dropout: both draw from the global generator."""
    images = torch.arange(60.0).reshape(12, 5) / 60
    loader = DataLoader(TensorDataset(images), batch_size=4, shuffle=True)
    model = nn.Sequential(nn.Linear(5, 4), nn.Dropout(0.3), nn.Linear(4, 5))
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    losses: list[float] = []
    for epoch in helpers.training(
        epochs, model=model, optimizer=optimizer, history=losses, name=name
    ):
        total = 0.0
        for batch, (x,) in enumerate(loader):
            loss = ((model(x) - x) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
            watch(epoch, batch)
        losses.append(total)
    return model, losses


def interrupt(at_epoch: int) -> Callable[[int, int], None]:
    def watch(epoch: int, batch: int) -> None:
        if (epoch, batch) == (at_epoch, 1):
            raise KeyboardInterrupt

    return watch


def start(folder: Path) -> helpers.Session:
    return helpers.start(seed=3, profile="mini", data=folder)


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(map(torch.equal, one.parameters(), other.parameters()))


@pytest.fixture
def undisturbed(tmp_path: Path) -> tuple[nn.Sequential, list[float]]:
    start(tmp_path / "undisturbed")
    return fit()


@pytest.mark.parametrize("at_epoch", [1, 4])
def test_a_training_resumed_after_an_interrupt_is_the_undisturbed_one(
    tmp_path: Path, undisturbed: tuple[nn.Sequential, list[float]], at_epoch: int
) -> None:
    start(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        fit(interrupt(at_epoch))
    torch.rand(17)  # what else the student did in between
    helpers.resume()
    epochs_run = []
    model, losses = fit(lambda epoch, batch: epochs_run.append(epoch))
    assert losses == undisturbed[1]
    assert same(model, undisturbed[0])
    assert set(epochs_run) == set(range(at_epoch, EPOCHS))


@pytest.mark.slow
def test_a_training_resumed_after_its_process_was_killed_is_the_undisturbed_one(
    tmp_path: Path,
) -> None:
    def run(folder: str, what: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / folder), what],
            env={**os.environ, "PYTHONPATH": f"{Path(__file__).parent}{os.pathsep}{Path.cwd()}"},
            capture_output=True,
            text=True,
            check=False,
        )

    whole = run("whole", "run")
    assert whole.returncode == 0, whole.stderr
    killed = run("killed", "die")
    assert killed.returncode == -signal.SIGKILL
    resumed = run("killed", "resume")
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.splitlines()[-1] == whole.stdout.splitlines()[-1]
    assert not list(tmp_path.rglob("*.part"))


def test_a_finished_training_comes_back_without_another_epoch(
    tmp_path: Path, undisturbed: tuple[nn.Sequential, list[float]]
) -> None:
    start(tmp_path)
    first, _ = fit()
    after = torch.rand(3)
    helpers.resume()
    again, losses = fit(interrupt(0))  # would raise if an epoch ran
    assert same(first, again)
    assert losses == undisturbed[1]
    assert torch.equal(torch.rand(3), after)


def test_more_epochs_go_on_from_a_finished_training(
    tmp_path: Path, undisturbed: tuple[nn.Sequential, list[float]]
) -> None:
    start(tmp_path)
    fit(epochs=2)
    helpers.resume()
    model, losses = fit()
    assert losses == undisturbed[1]
    assert same(model, undisturbed[0])


def test_without_resume_it_starts_anew_and_forgets_the_old_checkpoint(tmp_path: Path) -> None:
    start(tmp_path)
    fit()
    with pytest.raises(KeyboardInterrupt):
        fit(interrupt(0))
    helpers.resume()
    epochs_run = []
    fit(lambda epoch, batch: epochs_run.append(epoch))
    assert set(epochs_run) == set(range(EPOCHS))  # nothing of the first run is left


def test_resume_holds_for_one_training(tmp_path: Path) -> None:
    start(tmp_path)
    fit()
    helpers.resume()
    fit()
    epochs_run = []
    fit(lambda epoch, batch: epochs_run.append(epoch))
    assert set(epochs_run) == set(range(EPOCHS))


def test_resume_is_no_wish_for_later(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        fit(interrupt(3), name="wanted")
    helpers.resume()
    fit(name="other")
    assert "No checkpoint of this training" in capsys.readouterr().out
    epochs_run: list[int] = []
    fit(lambda epoch, batch: epochs_run.append(epoch), name="wanted")
    assert set(epochs_run) == set(range(EPOCHS))


def test_several_modules_are_restored(tmp_path: Path) -> None:
    start(tmp_path)

    def both(epochs: int) -> tuple[nn.Linear, nn.Linear]:
        torch.manual_seed(epochs)
        encoder, cls, frozen = nn.Linear(3, 2), nn.Linear(2, 2), nn.Identity()
        optimizer = optim.Adam([*encoder.parameters(), *cls.parameters()])
        for _ in helpers.training(epochs, model=[encoder, cls, frozen], optimizer=optimizer):
            optimizer.zero_grad()
            cls(encoder(torch.ones(1, 3))).sum().backward()
            optimizer.step()
        return encoder, cls

    first = both(2)
    helpers.resume()
    torch.manual_seed(99)
    again = both(2)
    assert all(same(a, b) for a, b in zip(first, again, strict=True))


def test_an_entry_of_the_history_may_be_a_tensor(tmp_path: Path) -> None:
    start(tmp_path)
    model = nn.Linear(1, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    losses: list[Any] = []
    for _ in helpers.training(2, model=model, optimizer=optimizer, history=losses):
        losses.append(model(torch.ones(1)).sum())
    helpers.resume()
    restored: list[float] = []
    list(helpers.training(2, model=model, optimizer=optimizer, history=restored))
    assert restored == [float(v.detach()) for v in losses]


def test_a_damaged_checkpoint_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    session = start(tmp_path)
    fit()
    (path,) = session.checkpoints.iterdir()
    path.write_bytes(path.read_bytes()[:100])
    helpers.resume()
    with pytest.raises(CheckpointError, match=r"cannot be continued .* delete it"):
        fit()


def test_without_a_session_it_is_a_range_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    _, losses = fit()
    assert len(losses) == EPOCHS
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_the_bar_shows_the_latest_loss(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    start(tmp_path)
    _, losses = fit(name="ae")
    shown = capfd.readouterr().err
    assert f"loss {losses[-1]:.4g}" in shown
    assert "ae: 100%" in shown


# A model, its losses of training and validation, the last rate, the weights after each epoch.
Validated = tuple[nn.Linear, list[float], list[float], float, list[torch.Tensor]]


def fit_with_validation(
    folder: Path, watch: Callable[[int], object] = lambda epoch: None, epochs: int = 6
) -> Validated:
    """Train with validation losses that are best in epoch 2, and a scheduler that sees them."""
    model = nn.Linear(3, 1)
    optimizer = optim.AdamW(model.parameters(), lr=0.1)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    losses: list[float] = []
    valid: list[float] = []
    after = []
    for epoch in helpers.training(
        epochs, model=model, optimizer=optimizer, history=losses, scheduler=scheduler, valid=valid
    ):
        loss = (model(torch.rand(4, 3)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        watch(epoch)
        losses.append(loss.item())
        valid.append([3.0, 2.0, 1.0, 4.0, 5.0, 6.0][epoch])
        scheduler.step(valid[-1])
        after.append(model.weight.detach().clone())
    return model, losses, valid, optimizer.param_groups[0]["lr"], after


def test_the_best_epochs_weights_are_put_back(tmp_path: Path) -> None:
    start(tmp_path)
    model, _, _, rate, after = fit_with_validation(tmp_path)
    assert torch.equal(model.weight, after[2])
    assert not torch.equal(after[2], after[5])
    assert rate == pytest.approx(0.1 * 0.5**3)


def test_resuming_goes_on_with_schedule_and_best_weights(tmp_path: Path) -> None:
    start(tmp_path / "undisturbed")
    whole = fit_with_validation(tmp_path)
    start(tmp_path / "interrupted")

    def interrupt_late(epoch: int) -> None:
        if epoch == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_with_validation(tmp_path, interrupt_late)
    helpers.resume()
    model, losses, valid, rate, _ = fit_with_validation(tmp_path)
    assert torch.equal(model.weight, whole[0].weight)
    assert (losses, valid, rate) == whole[1:4]


def test_a_new_training_forgets_the_best_of_an_earlier_one(tmp_path: Path) -> None:
    start(tmp_path)
    fit_with_validation(tmp_path)
    start(tmp_path)
    model, *_, after = fit_with_validation(tmp_path, epochs=1)
    assert torch.equal(model.weight, after[0])


def test_an_interrupt_leaves_model_and_history_and_resume_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    helpers.start(seed=3, profile="mini", data=tmp_path / "whole")
    model, whole = fit()
    helpers.start(seed=3, profile="mini", data=tmp_path / "stopped")
    handler = signal.getsignal(signal.SIGINT)

    def once(epoch: int, batch: int) -> None:
        if (epoch, batch) == (1, 1):
            signal.raise_signal(signal.SIGINT)

    _, losses = fit(once)
    assert losses == whole[:2]
    assert "Interrupted after epoch 2 of 5" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is handler
    helpers.resume()
    resumed, losses = fit()
    assert losses == whole
    for one, other in zip(model.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_second_interrupt_stops_at_once(tmp_path: Path) -> None:
    helpers.start(seed=3, profile="mini", data=tmp_path)

    def twice(epoch: int, batch: int) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit(twice)


def test_a_damaged_best_model_is_named(tmp_path: Path) -> None:
    session = helpers.start(seed=3, profile="mini", data=tmp_path)
    model = nn.Linear(1, 1)
    valid: list[float] = []
    loop = helpers.training(
        1, model=model, optimizer=optim.Adam(model.parameters()), history=[], valid=valid
    )
    next(loop)
    valid.append(1.0)
    with pytest.raises(CheckpointError, match=r"best epoch's model in .*-best\.pt cannot be read"):
        for _ in _damaging(loop, session.checkpoints):
            pass


def _damaging(loop: Iterator[int], folder: Path) -> Iterator[int]:
    """Save the epoch, as the loop does, and then break the file of the best model."""
    save = helpers.learning.checkpoint._write

    def broken(state: dict[str, Any], path: Path) -> None:
        save(state, path)
        if path.name.endswith("-best.pt"):
            path.write_bytes(b"damaged")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("helpers.learning.checkpoint._write", broken)
        yield from loop
