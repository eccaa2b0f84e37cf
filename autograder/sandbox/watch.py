"""Watches an answer's processes from outside: what all of them together compute, hold and write.

Limits of the kernel are each process's own; an answer that forks has many. The zygote looks ten
times a second, and is the one to which orphans return, so that none is missed.
"""

import contextlib
import os
import resource
import signal
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")
SHARED_MEMORY = Path("/dev/shm")
MOST_FILES = 10_000
EVERY = 0.1
"""Seconds from one look to the next."""


@dataclass
class Worker:
    """A worker's limits (seconds, bytes, bytes), and what it was stopped for.

    ``ended`` are the seconds of its processes that are gone.
    """

    pid: int
    uid: int | None
    scratch: str
    cpu: int
    memory: int
    disk: int
    ended: float = 0.0
    why: str = ""


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    seconds: float
    held: int
    """Bytes of memory that are its own."""


def processes() -> list[Process]:
    """All live processes below this one; orphans count, as this is their subreaper."""
    table = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = _read(f"/proc/{entry.name}/stat").rpartition(")")[2].split()
                if fields[0] != "Z":
                    pages = _read(f"/proc/{entry.name}/statm").split()
                    seconds = sum(map(int, fields[11:15])) / TICK
                    held = (int(pages[1]) - int(pages[2])) * PAGE
                    process = Process(int(entry.name), int(fields[1]), seconds, held)
                    table[process.pid] = process
    found: list[Process] = []
    frontier = {os.getpid()}
    while frontier:
        below = [p for p in table.values() if p.parent in frontier]
        found += below
        frontier = {p.pid for p in below}
    return found


def own_memory() -> int:
    """What this process holds: a worker has as much in common with it from the beginning."""
    pages = _read("/proc/self/statm").split()
    return (int(pages[1]) - int(pages[2])) * PAGE


def exceeded(worker: Worker, common: int) -> str:
    """The limit that a worker's processes together exceed, as a clause; "" while there is none."""
    live = processes()
    if worker.ended + sum(p.seconds for p in live) > worker.cpu:
        return f"more than {worker.cpu} seconds of computing"
    if sum(max(0, p.held - common) for p in live) > worker.memory:
        return f"more than {worker.memory >> 20:,} MB of memory"
    size, count = written(worker)
    if count > MOST_FILES:
        return f"more than {MOST_FILES:,} files"
    if size > worker.disk:
        return f"more than {worker.disk >> 20:,} MB of files"
    return ""


def written(worker: Worker) -> tuple[int, int]:
    """Bytes in the worker's files, and their number, counted as far as they may go."""
    total, count, waiting = 0, 0, [Path(worker.scratch)]
    waiting += [SHARED_MEMORY] if worker.uid is not None else []
    while waiting:
        with contextlib.suppress(OSError):
            for entry in os.scandir(waiting.pop()):
                count += 1
                with contextlib.suppress(OSError):
                    if worker.uid in (None, entry.stat(follow_symlinks=False).st_uid):
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                if count > MOST_FILES:
                    return total, count
    return total, count


def end_all(worker: Worker) -> None:
    """End every process of a worker: by its user, where it has one of its own; else one by one."""
    if worker.uid is not None:
        _end_user(worker.uid)
    for process in processes():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, signal.SIGKILL)


def _end_user(uid: int) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            os.setresuid(uid, uid, uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def clear_shared_memory(uid: int) -> None:
    """Delete what a worker's user left in shared memory."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(SHARED_MEMORY):
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid == uid:
                    Path(entry.path).unlink()


def restrict(worker: Worker) -> None:
    """Limits of the kernel, for this process and each that it starts."""
    space = int(_read("/proc/self/statm").split()[0]) * PAGE + worker.memory
    limits = {
        resource.RLIMIT_AS: space,
        resource.RLIMIT_CPU: worker.cpu + 1,  # should nobody watch
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 1 << 26,
        resource.RLIMIT_NOFILE: 256,
        # Root's number is not limited. A user of our own has none but the worker's.
        resource.RLIMIT_NPROC: 64 + (_threads(os.getuid()) if worker.uid is None else 0),
    }
    for limit, value in limits.items():
        _, hard = resource.getrlimit(limit)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))
    with contextlib.suppress(OSError):  # should memory run out after all, this is what goes
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _threads(uid: int) -> int:
    count = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if entry.stat().st_uid == uid:
                    count += sum(1 for _ in os.scandir(f"/proc/{entry.name}/task"))
    return count


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - quick
        return file.read()
