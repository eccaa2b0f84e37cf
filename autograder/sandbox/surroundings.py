"""What an answer finds around it: torch and friends, quiet plotting, a CPU for a GPU."""

import importlib.abc
import importlib.machinery
import math
import os
import subprocess
import sys
import types
from typing import Any

import numpy as np
import torch
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torch.utils.data.dataloader import _SingleProcessDataLoaderIter

from autograder.sandbox.quiet import QUIET, QUIET_PACKAGES, TQDM, Progress, attribute, trange


class QuietFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports plotting, widgets, Colab as modules whose every attribute is ``QUIET``."""

    def find_spec(
        self, fullname: str, path: Any, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        root = fullname.partition(".")[0]
        quiet = root in QUIET_PACKAGES or f"{fullname}.".startswith("torch.utils.tensorboard.")
        if quiet or root == "tqdm":
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        module = types.ModuleType(spec.name)
        if spec.name.partition(".")[0] == "tqdm":
            module.__dict__.update(TQDM)
        else:
            module.__dict__["__getattr__"] = attribute
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        pass


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


def _as_it_is(model: Any = None, **options: Any) -> Any:
    """``torch.compile``, which would start a compiler of C++."""
    if isinstance(model, nn.Module):
        object.__setattr__(model, "_orig_mod", model)  # where the one that it was made of is found
    return _as_it_is if model is None else model


def _begin(context: Any) -> Any:
    """``torch.autocast``, in which everything is computed as ever, and which counts how deep."""
    setattr(torch.autocast, "depth", getattr(torch.autocast, "depth", 0) + 1)  # noqa: B010
    return context


def _end(*args: Any) -> None:
    setattr(torch.autocast, "depth", getattr(torch.autocast, "depth", 1) - 1)  # noqa: B010


def _forget(name: str) -> None:
    """Let a module be imported anew. To go through all that there are takes milliseconds."""
    inside = vars(sys.modules.pop(name)) if name in sys.modules else {}
    for child in [f"{name}.{inner}" for inner in inside]:
        _forget(child)


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
    for name in (*QUIET_PACKAGES, "tqdm"):
        _forget(name)
    sys.meta_path.insert(0, QuietFinder())
    setattr(torch.autocast, "__enter__", _begin)  # noqa: B010
    setattr(torch.autocast, "__exit__", _end)  # noqa: B010
    setattr(torch, "compile", _as_it_is)  # noqa: B010
    setattr(nn.Module, "compile", lambda self, *args, **kwargs: None)  # noqa: B010
    setattr(DataLoader, "_get_iterator", _in_this_process)  # noqa: B010
