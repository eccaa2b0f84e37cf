"""What helpers.resume() brings back: this training and no other, and only where nothing changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from kernel import ROOT, outputs_of
from torch import nn, optim

import helpers
from helpers.errors import CheckpointError

pytestmark = pytest.mark.slow

SETUP = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import torch
from torch import nn, optim
import helpers
session = helpers.start(seed=3, profile="mini", data=".")
"""
PROBE = """
def probe(model, target, epochs):
    optimizer, losses = optim.SGD(model.parameters(), lr=0.1), []
    for epoch in helpers.training(epochs, model=model, optimizer=optimizer, history=losses):
        loss = (model(torch.ones(1, 2)) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        print("epoch", epoch)
    return [round(v, 4) for v in losses]
"""
CORRECTED = PROBE.replace("lr=0.1", "lr=0.05")
ONE = "print(probe(nn.Linear(2, 1), 1.0, 3))"
TWO = "print(probe(nn.Linear(2, 1), 2.0, 3))"
BOTH = "print(probe(nn.Linear(2, 1), 4.0, 2), probe(nn.Linear(2, 1), 5.0, 2))"


def printed(outputs: list[dict[str, Any]]) -> str:
    return "".join(str(o.get("text", "")) for o in outputs)


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What cells printed: in a first kernel, and in a second one that resumes."""
    folder = tmp_path_factory.mktemp("kernels")
    first = outputs_of(SETUP, PROBE, ONE, TWO, BOTH, cwd=folder)
    said = dict(zip(("one", "two", "both"), map(printed, first[2:]), strict=True))
    resume = "helpers.resume()"
    another = TWO.replace("2.0", "3.0")
    second = outputs_of(
        SETUP, "# A comment more." + PROBE, resume, TWO, ONE, resume, BOTH, resume, another,
        CORRECTED, resume, ONE, cwd=folder,
    )  # fmt: skip
    names = ("two again", "one after", "both again", "another", "corrected")
    yield said | dict(zip(names, (printed(second[i]) for i in (3, 4, 6, 8, 11)), strict=True))


def test_each_cell_gets_its_own_training_back(kernels: dict[str, str]) -> None:
    assert "epoch" not in kernels["two again"]
    assert kernels["two again"].splitlines()[-1] == kernels["two"].splitlines()[-1]


def test_the_wish_ends_with_the_next_cell_that_trains(kernels: dict[str, str]) -> None:
    assert kernels["one after"].count("epoch") == 3


def test_all_trainings_of_a_cell_come_back(kernels: dict[str, str]) -> None:
    assert "epoch" not in kernels["both again"]
    assert kernels["both again"].splitlines()[-1] == kernels["both"].splitlines()[-1]


def test_a_cell_that_was_not_run_before_has_nothing_to_come_back(kernels: dict[str, str]) -> None:
    assert "No checkpoint of this training" in kernels["another"]
    assert kernels["another"].count("epoch 0\n") == 1


def test_code_that_was_corrected_trains_anew_and_says_so(kernels: dict[str, str]) -> None:
    assert "probe, or a class that it trains, is not what it was" in kernels["corrected"]
    assert kernels["corrected"].count("epoch ") >= 3


class Loss(nn.Module):
    """Remembers what it gave, as the criterion of a figure may."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(float(x.detach().sum()))
        return x.sum()

    def get_extra_state(self) -> list[float]:
        return self.seen

    def set_extra_state(self, state: list[float]) -> None:
        self.seen = state


class OtherLoss(Loss):
    """Of the same shape: it has no weights either."""


def fit(model: nn.Module, criterion: Loss, epochs: int = 2) -> int:
    """Train; how many epochs were run."""
    run = 0
    learning = [p for p in model.parameters() if p.requires_grad]
    optimizer = optim.SGD(learning, lr=0.1)
    for _ in helpers.training(epochs, model=[model, criterion], optimizer=optimizer):
        optimizer.zero_grad()
        criterion(model(torch.ones(1, 3))).backward()
        optimizer.step()
        run += 1
    return run


@pytest.fixture
def session(tmp_path: Path) -> helpers.Session:
    return helpers.start(seed=3, profile="mini", data=tmp_path)


def test_what_a_figure_needs_comes_back(session: helpers.Session) -> None:
    first, again = Loss(), Loss()
    fit(nn.Linear(3, 2), first)
    helpers.resume()
    assert fit(nn.Linear(3, 2), again) == 0
    assert again.seen == first.seen and len(again.seen) == 2


def test_another_criterion_is_another_training(
    session: helpers.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(nn.Linear(3, 2), Loss())
    helpers.resume()
    assert fit(nn.Linear(3, 2), OtherLoss()) == 2
    assert "No checkpoint of this training" in capsys.readouterr().out


def frozen_and_head(value: float) -> nn.Sequential:
    frozen = nn.Linear(3, 400).requires_grad_(False)
    nn.init.constant_(frozen.weight, value)
    nn.init.zeros_(frozen.bias)
    return nn.Sequential(frozen, nn.Linear(400, 2))


def test_frozen_weights_are_not_saved(session: helpers.Session) -> None:
    fit(frozen_and_head(0.5), Loss())
    (path,) = session.checkpoints.glob("*.pt")
    (saved, _) = torch.load(path, weights_only=True)["modules"]
    assert list(saved) == ["1.weight", "1.bias"]
    helpers.resume()
    model = frozen_and_head(0.5)
    assert fit(model, Loss()) == 0
    assert torch.equal(model.state_dict()["1.weight"], saved["1.weight"])


def test_other_frozen_weights_are_no_place_to_go_on_from(session: helpers.Session) -> None:
    fit(frozen_and_head(0.5), Loss())
    helpers.resume()
    with pytest.raises(CheckpointError, match="frozen weights are not what they were"):
        fit(frozen_and_head(0.25), Loss())
