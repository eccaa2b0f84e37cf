"""The epoch loop of a notebook: a progress bar, a checkpoint an epoch, and a way to continue.

Importing this costs nothing but the standard library, and without a session ``training`` is a
plain ``range``: the grader runs the same student code with neither bar nor files.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers._session import Session, current
from helpers.errors import CheckpointError

if TYPE_CHECKING:
    from torch import nn, optim

_resume_next = False


def resume() -> None:
    """Let the next ``training`` of the same model and optimizer continue where it was stopped.

    Call it after an interrupted or lost kernel, before running the training cell again. A
    training that had finished is restored as it was, without another epoch.
    """
    global _resume_next
    _resume_next = True


def training(
    epochs: int,
    *,
    model: nn.Module | Sequence[nn.Module] | None = None,
    optimizer: optim.Optimizer | None = None,
    history: list[float] | None = None,
    scheduler: optim.lr_scheduler.LRScheduler | None = None,
    valid: list[float] | None = None,
    name: str = "",
) -> Iterator[int]:
    """Yield the epochs ``0 … epochs - 1``; use it in the place of ``range(epochs)``.

    In a session it shows a bar with the latest entry of ``history`` and, given a model and an
    optimizer, saves both with the histories and the state of the random generators after every
    epoch. After ``helpers.resume()`` it puts all of these back first and goes on with the epoch
    that follows: on a CPU the curve is then bit for bit that of an undisturbed run.

    Args:
        epochs: how many in all, those before an interruption included.
        model: the module, or modules, that learn.
        optimizer: the optimizer of their parameters.
        history: the list to which the loop appends one loss an epoch; refilled when resuming.
        scheduler: of the learning rates; saved too, and the rates shown beside the bar.
        valid: the list to which the loop appends one validation loss an epoch. The model of the
            lowest is kept in a file of its own, and put back after the last epoch.
        name: tells apart trainings that are otherwise alike, and stands beside the bar.

    Raises:
        CheckpointError: the checkpoint to resume from cannot be read.

    Example:
        >>> losses = []
        >>> for epoch in helpers.training(30, model=model, optimizer=optimizer, history=losses):
        ...     losses.append(sum(step(batch) for batch in loader))
    """
    here = current()
    if here is None:
        yield from range(epochs)
        return
    checkpoint = None
    if model is not None and optimizer is not None:
        checkpoint = _Checkpoint(here, model, optimizer, (history, valid), scheduler, name)
    yield from _with_bar(epochs, checkpoint, history, name)
    if checkpoint and valid:
        checkpoint.restore_best()


def _with_bar(
    epochs: int, checkpoint: _Checkpoint | None, history: list[float] | None, name: str
) -> Iterator[int]:
    from helpers.progress import progress

    done = checkpoint.begin() if checkpoint else 0
    with progress(
        total=epochs, initial=min(done, epochs), desc=name or "training", unit="epoch"
    ) as bar:
        if done:
            bar.set_postfix_str(f"resumed after epoch {done}")
        for epoch in range(done, epochs):
            with _stopping_later() as stop:
                yield epoch
            if checkpoint:
                checkpoint.save(epoch + 1)
            if history:
                shown = f"loss {_number(history[-1]):.4g}"
                if checkpoint and checkpoint.scheduler:
                    rates = (f"{g['lr']:.1e}" for g in checkpoint.optimizer.param_groups)
                    shown += f", rates {', '.join(rates)}"
                bar.set_postfix_str(shown, refresh=False)
            bar.update()
            if stop:
                again = ", helpers.resume() goes on from here" if checkpoint else ""
                print(f"Interrupted after epoch {epoch + 1} of {epochs}{again}.")
                return


@contextlib.contextmanager
def _stopping_later() -> Iterator[list[int]]:
    """Take one interrupt as a wish to stop after this; the next one stops at once.

    The list holds the interrupts that came.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came  # only the main thread gets interrupts
        return

    def interrupted(number: int, _: Any) -> None:
        came.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, before)


class _Checkpoint:
    """The file of one training, and what goes into it."""

    def __init__(
        self,
        here: Session,
        model: nn.Module | Sequence[nn.Module],
        optimizer: optim.Optimizer,
        histories: tuple[list[float] | None, list[float] | None],
        scheduler: optim.lr_scheduler.LRScheduler | None,
        name: str,
    ) -> None:
        self.modules: list[Any] = list(model) if isinstance(model, list | tuple) else [model]
        self.optimizer = optimizer
        self.histories = histories
        self.scheduler = scheduler
        self.path = here.checkpoints / f"{here.kind}-{self._fingerprint(name)}.pt"

    def _fingerprint(self, name: str) -> str:
        """Equal for trainings of the same shape: values of weights do not enter.

        A restarted kernel that runs only some of the cells starts from other weights and must
        still find its checkpoint.
        """
        shapes = [
            [(key, tuple(value.shape)) for key, value in module.state_dict().items()]
            for module in self.modules
        ]
        groups = [
            (len(g["params"]), sorted((k, str(v)) for k, v in g.items() if k != "params"))
            for g in self.optimizer.state_dict()["param_groups"]
        ]
        parts = (name, shapes, type(self.optimizer).__name__, groups)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    def begin(self) -> int:
        """Restore the last epoch when asked to, else clear the way; the number of epochs done."""
        global _resume_next
        if _resume_next and self.path.is_file():
            _resume_next = False
            return self._load()
        if _resume_next:
            print(f"No checkpoint of this model in {self.path.parent}: starting at epoch 0.")
        # One that an earlier training of this shape left would be mistaken for this one's.
        self.path.unlink(missing_ok=True)
        self.best.unlink(missing_ok=True)
        return 0

    @property
    def best(self) -> Path:
        return self.path.with_name(f"{self.path.stem}-best.pt")

    def save(self, done: int) -> None:
        """Write the state after ``done`` epochs, and the model where it is the best so far."""
        modules = [module.state_dict() for module in self.modules]
        _, valid = self.histories
        if valid and _number(valid[-1]) <= min(map(_number, valid)):
            _write(modules, self.best)
        state = {
            "done": done,
            "modules": modules,
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict() if self.scheduler else None,
            "histories": [None if h is None else [_number(v) for v in h] for h in self.histories],
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
            module.load_state_dict(state)

    def _load(self) -> int:
        try:
            state = _read(self.path)
            self._load_modules(state["modules"])
            self.optimizer.load_state_dict(state["optimizer"])
            if self.scheduler:
                self.scheduler.load_state_dict(state["scheduler"])
            for history, saved in zip(self.histories, state["histories"], strict=True):
                if history is not None:
                    history[:] = saved or []
            _set_random_state(state["random"])
            return int(state["done"])
        except Exception as error:  # what torch.load raises for a damaged file has many types
            raise CheckpointError(
                f"The checkpoint {self.path} cannot be continued ({type(error).__name__}): "
                "delete it and train without helpers.resume()."
            ) from error


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


def _number(loss: Any) -> float:
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
