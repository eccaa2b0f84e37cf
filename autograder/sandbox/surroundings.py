"""What an answer finds around it: torch and friends, quiet plotting, a CPU for a GPU."""

import importlib.abc
import importlib.machinery
import math
import os
import subprocess
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torch.utils.data.dataloader import _SingleProcessDataLoaderIter

QUIET_PACKAGES = frozenset([
    "IPython", "clearml", "comet_ml", "google", "ipywidgets", "matplotlib", "mlflow", "neptune",
    "plotly", "seaborn", "tensorboard", "tensorboardX", "torchinfo", "torchsummary", "torchviz",
    "wandb",
])  # fmt: skip
"""What shows or logs, and computes nothing that is graded."""


class Quiet:
    """Takes any call, attribute or index and does nothing: plots are not graded.

    It unpacks into two, as ``fig, ax = plt.subplots()`` needs.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> "Quiet":
        return self

    def __getattr__(self, name: str) -> "Quiet":
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> "Quiet":
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __iter__(self) -> Iterator["Quiet"]:
        return iter((self, self))

    def __enter__(self) -> "Quiet":
        return self

    def __exit__(self, *exc: object) -> None:
        pass


QUIET = Quiet()


class Silent(type):
    """Functions of a class, ``tqdm.write`` say, that do nothing."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


class Progress(metaclass=Silent):
    """tqdm's interface without its output."""

    def __init__(self, iterable: Any = (), *args: Any, **kwargs: Any) -> None:
        self.iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        return iter(self.iterable)

    def __len__(self) -> int:
        return len(self.iterable)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


def trange(*args: int, **kwargs: Any) -> Progress:
    return Progress(range(*args))


class QuietFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports plotting, widgets, Colab as modules whose every attribute is ``QUIET``."""

    def find_spec(
        self, fullname: str, path: Any, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        root = fullname.partition(".")[0]
        quiet = root in QUIET_PACKAGES or fullname == "torch.utils.tensorboard"
        if quiet or root == "tqdm":
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        module = types.ModuleType(spec.name)
        if spec.name.partition(".")[0] == "tqdm":
            module.__dict__.update(tqdm=Progress, trange=trange)
        else:
            module.__dict__["__getattr__"] = _quiet_attribute
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        pass


def _quiet_attribute(name: str) -> Quiet:
    if name.startswith("__"):
        raise AttributeError(name)
    return QUIET


class Session:
    """The notebook's ``session`` as far as its configuration cells ask it."""

    device = torch.device("cpu")
    profile = "mini"
    seed = 0

    def epochs(self, full: int, mini: int) -> int:
        return mini


def namespace() -> dict[str, Any]:
    """The names that every answer may rely on (design.md, Contracts)."""
    main = types.ModuleType("__main__")
    main.__dict__.update(
        torch=torch, nn=nn, F=F, optim=optim, np=np, math=math, DataLoader=DataLoader,
        plt=QUIET, tqdm=Progress, trange=trange, device=torch.device("cpu"), session=Session(),
        get_ipython=lambda: QUIET, display=QUIET,
    )  # fmt: skip
    sys.modules["__main__"] = main  # classes of the cells live there, as in a kernel
    return main.__dict__


def _in_this_process(loader: "DataLoader[Any]") -> Any:
    """A loader without processes of its own, whatever it asks for: they would need sockets."""
    loader.num_workers, loader.timeout = 0, 0
    return _SingleProcessDataLoaderIter(loader)


ALONE = "When it is graded, an answer is one process: it can start no programs and no others."


def _alone(*args: Any, **kwargs: Any) -> Any:
    """What starting a process comes to, in words; the system calls for it are refused anyway."""
    raise PermissionError(ALONE)


def install() -> None:
    """Make quiet imports; called once in a worker, before any cell."""
    starting = (
        "fork",
        "forkpty",
        "pipe",
        "posix_spawn",
        "posix_spawnp",
        "system",
        "execv",
        "execve",
    )
    for name in starting:
        setattr(os, name, _alone)
    setattr(subprocess.Popen, "__init__", _alone)  # noqa: B010
    for name in [n for n in sys.modules if n.partition(".")[0] in {*QUIET_PACKAGES, "tqdm"}]:
        del sys.modules[name]
    sys.meta_path.insert(0, QuietFinder())
    setattr(DataLoader, "_get_iterator", _in_this_process)  # noqa: B010
