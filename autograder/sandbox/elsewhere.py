"""Files that an answer writes elsewhere than in its own folder: to a Drive, beside the notebook.

Nothing is written there when it is graded. What was "written" is found again by who reads it, so
that code which saves and loads goes on.
"""

import builtins
import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

USED: list[str] = []
"""The paths that were written to."""


def install(scratch: str) -> None:
    """Keep writes in ``scratch``, for good."""
    kept = Path(scratch, ".elsewhere")

    def place(path: Any, writing: bool) -> Any:
        """Where a path leads: to itself, or to what stands for it."""
        try:
            whole = os.path.abspath(os.fspath(path))  # noqa: PTH100 - links are not followed
        except TypeError:
            return path  # a descriptor, or a file that is open
        if isinstance(whole, bytes) or whole.startswith((scratch, os.devnull)):
            return path
        instead = kept / hashlib.sha256(whole.encode(errors="replace")).hexdigest()
        if writing:
            USED.append(whole)
            kept.mkdir(exist_ok=True)
            return str(instead)
        return str(instead) if instead.exists() else path

    opened = builtins.open

    @_like(opened)
    def open_here(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        return opened(place(file, bool(set(mode) & set("wax+"))), mode, *args, **kwargs)

    builtins.open = io.open = open_here
    saved = torch.save

    @_like(saved)
    def save_here(obj: Any, f: Any, *args: Any, **kwargs: Any) -> Any:
        return saved(obj, place(f, writing=True), *args, **kwargs)

    torch.save = save_here
    made = os.mkdir

    @_like(made)
    def mkdir_here(path: Any, *args: Any, **kwargs: Any) -> None:
        if (there := place(path, writing=True)) == path:
            made(path, *args, **kwargs)
        else:
            Path(there).mkdir(exist_ok=True)

    os.mkdir = mkdir_here


def _like(function: Any) -> Callable[[Any], Any]:
    def named(own: Any) -> Any:
        own.__name__, own.__doc__ = function.__name__, function.__doc__
        return own

    return named
