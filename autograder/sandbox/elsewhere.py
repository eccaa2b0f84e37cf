"""Files that an answer writes elsewhere than in its own folder: to a Drive, beside the notebook.

Nothing is written there when it is graded. What was "written" is found again by who reads it, so
that code which saves and loads goes on.
"""

import builtins
import functools
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
    place = functools.partial(_place, scratch)
    builtins.open = io.open = _opening(builtins.open, place)
    torch.save = _saving(torch.save, place)
    os.mkdir = _making(os.mkdir, place)
    for name in ("stat", "remove", "unlink"):
        setattr(os, name, _finding(getattr(os, name), place))
    for name in ("rename", "replace"):
        setattr(os, name, _moving(getattr(os, name), place))


def _place(scratch: str, path: Any, writing: bool) -> Any:
    """Where a path leads: to itself, or to what stands for it."""
    if not (writing or USED):
        return path
    try:
        whole = os.path.abspath(os.fspath(path))  # noqa: PTH100 - links are not followed
    except TypeError:
        return path  # a descriptor, or a file that is open
    if isinstance(whole, bytes) or whole.startswith((scratch, os.devnull)):
        return path
    kept = Path(scratch, ".elsewhere")
    instead = kept / hashlib.sha256(whole.encode(errors="replace")).hexdigest()
    if writing:
        USED.append(whole)
        kept.mkdir(exist_ok=True)
        return str(instead)
    return str(instead) if instead.exists() else path


def _opening(opened: Any, place: Callable[..., Any]) -> Any:
    @functools.wraps(opened)
    def open(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        return opened(place(file, bool(set(mode) & set("wax+"))), mode, *args, **kwargs)

    return open


def _saving(saved: Any, place: Callable[..., Any]) -> Any:
    @functools.wraps(saved)
    def save(obj: Any, f: Any, *args: Any, **kwargs: Any) -> Any:
        return saved(obj, place(f, True), *args, **kwargs)

    return save


def _making(made: Any, place: Callable[..., Any]) -> Any:
    @functools.wraps(made)
    def mkdir(path: Any, *args: Any, **kwargs: Any) -> None:
        if (there := place(path, True)) == path:
            made(path, *args, **kwargs)
        else:
            Path(there).mkdir(exist_ok=True)

    return mkdir


def _finding(done: Any, place: Callable[..., Any]) -> Any:
    @functools.wraps(done)
    def find(path: Any, *args: Any, **kwargs: Any) -> Any:
        return done(place(path, False), *args, **kwargs)

    return find


def _moving(done: Any, place: Callable[..., Any]) -> Any:
    @functools.wraps(done)
    def move(source: Any, target: Any, *args: Any, **kwargs: Any) -> Any:
        return done(place(source, False), place(target, True), *args, **kwargs)

    return move
