"""The file of one training: what goes into it after every epoch, and comes back."""

from __future__ import annotations

import contextlib
import math
import os
import random
from collections.abc import Sequence
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

from helpers._session import Session
from helpers.errors import CheckpointError
from helpers.learning.identity import code_digest, identity

if TYPE_CHECKING:
    from torch import nn, optim


class Checkpoint:
    """The file of one training, and what goes into it."""

    def __init__(
        self,
        here: Session,
        model: nn.Module | Sequence[nn.Module],
        optimizer: optim.Optimizer,
        histories: tuple[list[float] | None, list[float] | None],
        scheduler: optim.lr_scheduler.LRScheduler | None,
        name: str,
        code: CodeType,
    ) -> None:
        self.modules: list[Any] = list(model) if isinstance(model, list | tuple) else [model]
        self.optimizer = optimizer
        self.histories = histories
        self.scheduler = scheduler
        self.trained_by = code.co_name
        self.code = code_digest(code, self.modules, optimizer)
        self.path = here.checkpoints / (
            f"{here.kind}-{identity(name, self.modules, optimizer, code)}.pt"
        )

    def begin(self, resuming: bool) -> int:
        """Restore the last epoch when asked to, else clear the way; the number of epochs done."""
        if resuming and not self.path.is_file():
            print(f"No checkpoint of this training in {self.path.parent}: starting at epoch 0.")
        elif resuming:
            state = self._read_state()
            if state["code"] == self.code:
                return self._load(state)
            print(
                f"{self.trained_by}, or a class that it trains, is not what it was when the "
                "checkpoint was written: training anew, from epoch 0."
            )
        self.path.unlink(missing_ok=True)
        self.best.unlink(missing_ok=True)
        return 0

    @property
    def best(self) -> Path:
        return self.path.with_name(f"{self.path.stem}-best.pt")

    def save(self, done: int) -> None:
        """Write the state after ``done`` epochs, and the model where it is the best so far."""
        modules = [_learned(module) for module in self.modules]
        _, valid = self.histories
        if valid and number(valid[-1]) <= min(map(number, valid)):
            _write(modules, self.best)
        state = {
            "done": done,
            "code": self.code,
            "modules": modules,
            "frozen": [_frozen(module) for module in self.modules],
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict() if self.scheduler else None,
            "histories": [None if h is None else [number(v) for v in h] for h in self.histories],
            "random": _random_state(),
        }
        _write(state, self.path)

    def restore_best(self) -> None:
        """Put the best epoch's model back.

        Raises:
            CheckpointError: its file cannot be read.
        """
        if not self.best.is_file():
            return
        try:
            self._load_modules(_read(self.best))
        except Exception as error:  # what torch.load raises for a damaged file has many types
            raise CheckpointError(
                f"The best epoch's model in {self.best} cannot be read ({type(error).__name__}): "
                "delete it and train again."
            ) from error

    def _load_modules(self, saved: list[dict[str, Any]]) -> None:
        for module, state in zip(self.modules, saved, strict=True):
            missing, unexpected = module.load_state_dict(state, strict=False)
            if unexpected or set(missing) - _frozen_names(module):
                raise ValueError(f"other weights: {[*missing, *unexpected][:3]}")

    def _read_state(self) -> dict[str, Any]:
        try:
            state = _read(self.path)
            return {**state, "code": state["code"]}
        except Exception as error:  # what torch.load raises for a damaged file has many types
            raise self._unreadable(error) from error

    def _load(self, state: dict[str, Any]) -> int:
        try:
            for module, saved in zip(self.modules, state["frozen"], strict=True):
                if not math.isclose(_frozen(module), saved, rel_tol=1e-4):  # another device's sum
                    raise ValueError("frozen weights are not what they were")
            self._load_modules(state["modules"])
            self.optimizer.load_state_dict(state["optimizer"])
            if self.scheduler:
                self.scheduler.load_state_dict(state["scheduler"])
            for history, saved in zip(self.histories, state["histories"], strict=True):
                if history is not None:
                    history[:] = saved or []
            _set_random_state(state["random"])
            return int(state["done"])
        except Exception as error:  # a state that does not fit fails in many ways
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> CheckpointError:
        why = str(error) if isinstance(error, ValueError) else type(error).__name__
        return CheckpointError(
            f"The checkpoint {self.path} cannot be continued ({why}): delete it and train "
            "without helpers.resume()."
        )


def _frozen_names(module: nn.Module) -> set[str]:
    return {name for name, p in module.named_parameters() if not p.requires_grad}


def _learned(module: nn.Module) -> dict[str, Any]:
    """The state of a module without its frozen weights: a pretrained network may be large."""
    frozen = _frozen_names(module)
    return {key: value for key, value in module.state_dict().items() if key not in frozen}


def _frozen(module: nn.Module) -> float:
    """What tells frozen weights from others: the sum of their absolute values."""
    return sum(p.detach().abs().sum().item() for p in module.parameters() if not p.requires_grad)


def _write(state: Any, path: Path) -> None:
    """Save in one step: a kill leaves the old file or this one."""
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        torch.save(state, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _read(path: Path) -> Any:
    """On the CPU first: random states must stay there, and load_state_dict moves the rest."""
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def number(loss: Any) -> float:
    """A loss as a plain number; a student may have kept a tensor, with its graph."""
    return float(loss.detach() if hasattr(loss, "detach") else loss)


def _random_state() -> dict[str, Any]:
    """The state of every global generator, in plain types and tensors."""
    import numpy as np
    import torch

    algorithm, keys, *rest = np.random.get_state(legacy=True)
    return {
        "python": random.getstate(),
        "numpy": [algorithm, keys.tolist(), *rest],  # type: ignore[union-attr, unused-ignore]
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _set_random_state(state: dict[str, Any]) -> None:
    import numpy as np
    import torch

    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    np.random.set_state(tuple(state["numpy"]))
    torch.set_rng_state(state["torch"])
    if len(state["cuda"]) == torch.cuda.device_count():
        with contextlib.suppress(RuntimeError):  # saved on another kind of GPU
            torch.cuda.set_rng_state_all(state["cuda"])
