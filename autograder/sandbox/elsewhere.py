"""Files that an answer writes elsewhere than in its own folder: to a Drive, beside the notebook.

Nothing is written there when it is graded. What was "written" is kept below ``.elsewhere`` in its
own folder, under the same path, and found again by who looks there, so that code which saves and
loads goes on. This is for its convenience; what keeps it from other files is the sandbox.
"""

import builtins
import functools
import glob
import io
import os
import sys
import tempfile
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.sandbox import late

USED: set[str] = set()
"""The paths that were written to."""

Place = Callable[[Any, bool], Any]
Path = tuple[int, str, bool]  # where a function takes a path, as which keyword; does it write there
ON_WHAT_IS_THERE = (
    "access", "chdir", "getxattr", "listdir", "listxattr", "lstat", "readlink", "remove", "rmdir",
    "stat", "statvfs", "truncate", "unlink",
)  # fmt: skip
MOVING = "link", "rename", "replace", "symlink"
UNCHANGED = "chmod", "chown", "lchown", "removexattr", "setxattr", "utime"
"""Modes, owners, times: the sandbox refuses to change them, and no answer needs it."""

WITHOUT_OPEN: dict[str, dict[str, Path]] = {
    "torch": {"save": (1, "f", True), "load": (0, "f", False)},
    "torch.jit": {
        "save": (1, "f", True), "RecursiveScriptModule.save": (1, "f", True),
        "load": (0, "f", False),
    },
    "safetensors": {"serialize_file": (1, "filename", True), "safe_open": (0, "filename", False)},
    "torchvision.io.image": {"write_file": (0, "filename", True), "read_file": (0, "path", False)},
    "cv2": {"imwrite": (0, "filename", True), "imread": (0, "filename", False)},
}  # fmt: skip
"""What opens files by itself, not by Python's ``open``."""


def install(scratch: str) -> None:
    """Keep writes in ``scratch``, for good."""
    place = functools.partial(_place, scratch)
    unlink = os.unlink
    builtins.open = io.open = _opening(builtins.open, place)
    for name in ON_WHAT_IS_THERE:
        _replace(name, _led(getattr(os, name), place, (0, "path", False)))
    for name in MOVING:
        _replace(name, _led(getattr(os, name), place, (0, "src", False), (1, "dst", True)))
    for name in UNCHANGED:
        _replace(name, _unchanged)
    _replace("open", _opening_raw(os.open, place))
    _replace("mkdir", _making(os.mkdir, place))
    _replace("scandir", _listing(os.scandir, place))
    _replace_where_taken(unlink)
    for name, functions in WITHOUT_OPEN.items():
        late.change(name, functools.partial(_lead, place, functions))


def _replace(name: str, function: Any) -> None:
    """Put a function into ``os``, which also says what it can do."""
    before = getattr(os, name)
    for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        if before in able:
            able.add(function)
    setattr(os, name, function)


def _replace_where_taken(unlink: Any) -> None:
    """The same for modules that took such a function for their own when they were imported."""
    for module, name in (("bz2", "_builtin_open"), ("tarfile", "bltn_open")):
        if module in sys.modules:
            setattr(sys.modules[module], name, open)
    openers: Any = np.lib._datasource
    openers._open = openers._file_openers._file_openers[None] = open
    if globber := vars(glob).get("_StringGlobber"):  # from Python 3.13 on
        globber.lstat, globber.scandir = staticmethod(os.lstat), staticmethod(os.scandir)
    closer: Any = vars(tempfile)["_TemporaryFileCloser"]
    for function in filter(None, map(vars(closer).get, ("close", "cleanup"))):
        kept = function.__defaults__ or ()
        function.__defaults__ = tuple(os.unlink if d is unlink else d for d in kept)


def _place(scratch: str, path: Any, writing: bool) -> Any:
    """Where a path leads: to itself, or to what stands for it."""
    if not (writing or USED):
        return path
    try:
        whole = os.path.abspath(os.fspath(path))  # noqa: PTH100 - links are not followed
    except TypeError:
        return path  # a descriptor, or a file that is open
    if isinstance(whole, bytes) or f"{whole}/".startswith((f"{scratch}/", f"{os.devnull}/")):
        return path
    instead = f"{scratch}/.elsewhere{whole}"
    if writing:
        USED.add(whole)
        os.makedirs(os.path.dirname(instead), exist_ok=True)  # noqa: PTH103, PTH120
    own = whole in USED or os.path.dirname(whole) in USED  # noqa: PTH120 - also what is gone again
    return instead if own or os.path.lexists(instead) else path


def _led(function: Any, place: Place, *paths: Path) -> Any:
    """A function whose paths are led to their places, but for those relative to a descriptor."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if any(kwargs.get(fd) is not None for fd in ("dir_fd", "src_dir_fd", "dst_dir_fd")):
            return function(*args, **kwargs)
        led = [*args]
        for at, name, writing in paths:
            if at < len(led):
                led[at] = place(led[at], writing)
            elif name in kwargs:
                kwargs[name] = place(kwargs[name], writing)
        return function(*led, **kwargs)

    return call


def _lead(place: Place, functions: dict[str, Path], module: types.ModuleType) -> None:
    for dotted, path in functions.items():
        *kind, name = dotted.split(".")
        owner: Any = getattr(module, kind[0], None) if kind else module
        if hasattr(owner, name):  # another version may lack it
            setattr(owner, name, _led(getattr(owner, name), place, path))


def _opening(opened: Any, place: Place) -> Any:
    @functools.wraps(opened)
    def open(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        return opened(place(file, bool(set(mode) & set("wax+"))), mode, *args, **kwargs)

    return open


def _opening_raw(opened: Any, place: Place) -> Any:
    @functools.wraps(opened)
    def open(path: Any, flags: int, *args: Any, **kwargs: Any) -> Any:
        writing = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        return _led(opened, place, (0, "path", writing))(path, flags, *args, **kwargs)

    return open


def _making(made: Any, place: Place) -> Any:
    @functools.wraps(made)
    def mkdir(path: Any, *args: Any, **kwargs: Any) -> None:
        there = path if kwargs.get("dir_fd") is not None else place(path, True)
        if there == path or not os.path.isdir(there):  # noqa: PTH112
            made(there, *args, **kwargs)

    return mkdir


class Entry:
    """An entry of a folder, whose path begins as the folder was named."""

    def __init__(self, entry: "os.DirEntry[str]", folder: str) -> None:
        self._entry, self.path = entry, os.path.join(folder, entry.name)  # noqa: PTH118

    def __getattr__(self, name: str) -> Any:
        return getattr(self._entry, name)

    def __fspath__(self) -> str:
        return self.path


class Listing:
    """What ``os.scandir`` gives, of such entries."""

    def __init__(self, entries: Any, folder: str) -> None:
        self._entries, self._folder = entries, folder

    def __iter__(self) -> "Listing":
        return self

    def __next__(self) -> Entry:
        return Entry(next(self._entries), self._folder)

    def __enter__(self) -> "Listing":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._entries.close()


def _listing(listed: Any, place: Place) -> Any:
    @functools.wraps(listed)
    def scandir(path: Any = ".") -> Any:
        there = place(path, False)
        return listed(there) if there is path else Listing(listed(there), os.fspath(path))

    return scandir


def _unchanged(path: Any, *args: Any, **kwargs: Any) -> None:
    os.stat(path, dir_fd=kwargs.get("dir_fd"))
