"""One notebook run: its device, seed, profile, and where its data and checkpoints lie."""

from __future__ import annotations

import os
import platform
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import machine
from helpers.errors import SessionError
from helpers.notebook import in_colab

if TYPE_CHECKING:
    import torch

PROFILES = ("mini", "full")
QUICK_EPOCHS, QUICK_IMAGES = 2, 640
MOUNT = Path("/content/drive")  # Colab takes no other without trouble, and none with a space
DRIVE = MOUNT / "MyDrive"


@dataclass(frozen=True)
class Session:
    """What ``start`` decided.

    Attributes:
        device: where models and batches belong.
        seed: what Python, NumPy and torch were seeded with.
        profile: ``"mini"`` (data made on this machine, minutes on a CPU) or ``"full"``.
        data: folder of the data sets.
        checkpoints: folder of the checkpoints that ``training`` writes.
        quick: whether this is a quick try, on a few images and for two epochs.
    """

    device: torch.device
    seed: int
    profile: str
    data: Path
    checkpoints: Path
    quick: bool = False

    @property
    def on_drive(self) -> bool:
        """Whether checkpoints outlive this machine, in Google Drive."""
        return self.checkpoints.is_relative_to(MOUNT)

    @property
    def kind(self) -> str:
        """What results and checkpoints of this run go by: the profile, or ``"quick"``."""
        return "quick" if self.quick else self.profile

    def epochs(self, full: int = 200, mini: int = 30) -> int:
        """The number of epochs for this profile."""
        epochs = full if self.profile == "full" else mini
        return min(epochs, QUICK_EPOCHS) if self.quick else epochs

    def some(self, images: int) -> int:
        """How many of so many images to use: all of them, but in a quick try."""
        return min(images, QUICK_IMAGES) if self.quick else images

    def at_most(self, limit: int | None) -> int | None:
        """A limit on images, or none: lower in a quick try."""
        return self.some(limit or QUICK_IMAGES) if self.quick else limit


_current: Session | None = None


def data_folder(chosen: str | os.PathLike[str] | None = None) -> Path:
    """Where data sets lie: as chosen; else ``$HELPERS_DATA``; else ``~/.cache/course-helpers``."""
    home = chosen or os.environ.get("HELPERS_DATA") or Path.home() / ".cache" / "course-helpers"
    return Path(home).expanduser().resolve()


def start(
    seed: int = 0,
    profile: str | None = None,
    data: str | os.PathLike[str] | None = None,
    checkpoints: str | os.PathLike[str] | None = None,
    *,
    quick: bool = False,
    drive: bool = False,
) -> Session:
    """Begin a session: seed everything, choose the device, and say so in one line.

    Args:
        seed: for Python's, NumPy's and torch's global generators.
        profile: ``"mini"`` or ``"full"``; else ``$HELPERS_PROFILE``; else ``"full"`` where there
            is a GPU and ``"mini"`` where not.
        data: folder for data sets; else ``$HELPERS_DATA``; else ``~/.cache/course-helpers``. In
            Colab it may lie in Google Drive, which is mounted then.
        checkpoints: folder for checkpoints, for example on a mounted drive; else
            ``checkpoints`` in the data folder.
        quick: try the notebook out, with a few images and two epochs a training. Its results mean
            nothing, and are recorded as such.
        drive: in Colab, keep the checkpoints in the folder ``course-helpers`` of Google Drive,
            where they outlive a lost session.

    Raises:
        SessionError: there is no such profile, or no Drive.
    """
    global _current
    import numpy as np
    import torch

    gpu = torch.cuda.is_available()
    profile = profile or os.environ.get("HELPERS_PROFILE") or ("full" if gpu else "mini")
    if profile not in PROFILES:
        raise SessionError(
            f"There is no profile {profile!r}: use {' or '.join(map(repr, PROFILES))}."
        )
    home = data_folder(data)
    if drive or (in_colab() and home.is_relative_to(MOUNT) and not DRIVE.is_dir()):
        _mount_drive()
    if drive:
        checkpoints = checkpoints or DRIVE / "course-helpers" / "checkpoints"
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    machine.settle(on_cpu=not gpu)
    _current = Session(
        device=torch.device("cuda" if gpu else "cpu"),
        seed=seed,
        profile=profile,
        data=home,
        checkpoints=Path(checkpoints).expanduser().resolve()
        if checkpoints
        else home / "checkpoints",
        quick=quick,
    )
    print(_described(_current, drive))
    return _current


def _described(here: Session, drive: bool) -> str:
    """The session in a line."""
    import torch

    gpu = here.device.type == "cuda"
    device = torch.cuda.get_device_name() if gpu else f"CPU ({torch.get_num_threads()} threads)"
    return (
        f"Python {platform.python_version()}, torch {torch.__version__}, {device}: "
        f"{here.profile} profile, seed {here.seed}"
        + (", quick try: its results mean nothing" if here.quick else "")
        + (f", checkpoints in {here.checkpoints}" if drive else "")
    )


def session() -> Session:
    """The session that ``start`` began.

    Raises:
        SessionError: none was begun.
    """
    if _current is None:
        raise SessionError("There is no session yet: call helpers.start() in the first cell.")
    return _current


def current() -> Session | None:
    """The session, or None where none was begun (a grader, a script)."""
    return _current


def _mount_drive() -> None:
    """Mount the student's Drive, after Colab has asked them.

    Raises:
        SessionError: this is not Colab, or Drive was not mounted.
    """
    if not in_colab():
        raise SessionError(
            "There is no Google Drive here, only in Colab: leave out drive=True, checkpoints are "
            "kept on this machine."
        )
    from google.colab import drive

    try:
        drive.mount(str(MOUNT))
    except Exception as error:  # a refused or failed mount has many types
        raise SessionError(
            f"Google Drive was not mounted ({error}): run the cell again and allow it, or leave "
            "out drive=True and a folder of it."
        ) from error
