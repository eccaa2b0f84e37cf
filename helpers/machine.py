"""What a training takes of a machine that others use too."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
from collections.abc import Iterator
from pathlib import Path

SPINS = "4000"
"""How often a thread of torch's looks for work before it sleeps, some ten microseconds.

By default it looks for milliseconds. A training beside another, on as many processors, then waits
for threads that cannot run because others are looking, and both together take longer than one
after the other (``python -m bench.beside``).
"""


def wait_calmly() -> None:
    """Let torch's threads sleep while they have no work; to be called before torch is imported."""
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)


def processors(root: Path = Path("/")) -> float:
    """How many this process may keep busy: those it may run on, or the share of its container.

    Args:
        root: of the file system.
    """
    available = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    return min([len(available), *_quotas(root)])


def _quotas(root: Path) -> Iterator[float]:
    """The limits of this process's control groups, in processors."""
    try:
        groups = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if not controllers:  # version 2, where a group has its parents' limits too
            home = root / "sys/fs/cgroup"
            group = home / path.strip("/")
            for folder in (group, *group.parents):
                if folder.is_relative_to(home):
                    yield from _quota(folder, "cpu.max")
        elif "cpu" in controllers.split(","):
            yield from _quota(root / "sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "cpu.cfs_period_us")


def _quota(folder: Path, *names: str) -> Iterator[float]:
    with contextlib.suppress(OSError, ValueError):  # no such file, or the word "max"
        told = " ".join((folder / name).read_text(encoding="utf-8") for name in names)
        quota, period = map(float, told.split())
        if quota > 0:
            yield quota / period


def settle(on_cpu: bool) -> None:
    """Give torch as many threads as there are processors for it, and memory that it keeps."""
    import torch

    torch.set_num_threads(max(1, min(torch.get_num_threads(), math.ceil(processors()))))
    if on_cpu:
        keep_memory()


def keep_memory() -> None:
    """Let this process use freed memory again, where glibc would give it back each time.

    Every step of a training on a CPU allocates tensors of the same sizes; getting their pages
    from the system anew takes a sixth of its time.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another system's library
        library = ctypes.CDLL(None)
        library.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD: at most 32 MB
        library.mallopt(-1, (2 << 30) - 1)  # M_TRIM_THRESHOLD
