"""The epoch loop of a notebook: a progress bar, a checkpoint an epoch, and a way to continue.

Importing this costs nothing but the standard library, and without a session ``training`` is a
plain ``range``: the grader runs the same student code with neither bar nor files.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from helpers._session import Session, current
from helpers.learning.checkpoint import Checkpoint, number
from helpers.learning.identity import running_cell
from helpers.notebook import in_colab

if TYPE_CHECKING:
    from torch import nn, optim

_asked = False
_reminded = False
_resumed_cell: tuple[int, str] | None = None


def resume() -> None:
    """Let the trainings of the next cell that trains continue where they were stopped.

    Call it after an interrupted or lost kernel, before running the training cell again. A
    training that had finished is restored as it was, without another epoch; one whose code was
    changed since is trained anew. Outside of notebooks it holds for the next training alone.
    """
    global _asked
    _asked = True


def _resuming() -> bool:
    """Whether this training may continue from its checkpoint."""
    global _asked, _resumed_cell
    cell = running_cell()
    if _asked:
        _asked, _resumed_cell = False, cell
        return True
    return cell is not None and cell == _resumed_cell


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
        model: the module, or modules, that learn or keep something; what is frozen is not saved.
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
        checkpoint = Checkpoint(
            here, model, optimizer, (history, valid), scheduler, name, sys._getframe(1).f_code
        )
        _remind_of_drive(here)
    yield from _with_bar(epochs, checkpoint, history, name)
    if checkpoint and valid:
        checkpoint.restore_best()


def _remind_of_drive(here: Session) -> None:
    """Say once, in Colab, that checkpoints there are lost with the machine."""
    global _reminded
    if _reminded or here.quick or here.on_drive or not in_colab():
        return
    _reminded = True
    print(
        "Checkpoints are lost if Colab takes this machine back: helpers.start(seed=0, drive=True) "
        "keeps them in your Google Drive."
    )


def _with_bar(
    epochs: int, checkpoint: Checkpoint | None, history: list[float] | None, name: str
) -> Iterator[int]:
    from helpers.progress import progress

    done = checkpoint.begin(_resuming()) if checkpoint else 0
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
                shown = f"loss {number(history[-1]):.4g}"
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
