"""Watches an answer's processes from outside: what all of them together compute, hold and write.

Limits of the kernel are each process's own; an answer that forks has many. The zygote looks ten
times a second, and is the one to which orphans return, so that none is missed.
"""

import contextlib
import os
import re
import resource
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.sandbox.job import End, Why

WAITING = ("S", "T", "Z")  # interruptible sleep, stopped, and gone
THREADS = 17  # the field of /proc/PID/stat, counted from the state on
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")
WRITABLE = ("/dev/shm", "/tmp", "/var/tmp")
"""Where anyone may write, if nothing but its user keeps an answer from it."""
MOST_FILES = 1_000
EVERY = 0.1
"""Seconds from one look to the next."""


@dataclass
class Worker:
    """A worker's limits (seconds, bytes, bytes), and what it was stopped for.

    ``places`` are the folders that it can write to. ``ended`` are the seconds of its processes
    that are gone, and ``asleep`` those in which none of them had anything to do. The limits hold
    for what it spent since the beginning, or since ``renew``, beyond ``before``.
    """

    pid: int
    uid: int | None
    places: tuple[str, ...]
    apart: bool
    cpu: int
    memory: int
    disk: int
    ended: float = 0.0
    asleep: float = 0.0
    looked: float = field(default_factory=time.monotonic)
    before: tuple[float, float] = (0.0, 0.0)
    end: End | None = None

    def renew(self) -> None:
        """Let it take as many seconds as before once more."""
        self.before = self.ended + sum(p.seconds for p in processes()), self.asleep


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    seconds: float
    waits: bool
    held: int
    """Bytes of memory that are its own, or shared without a file."""


def processes() -> list[Process]:
    """All live processes below this one; orphans count, as this is their subreaper."""
    table: dict[int, tuple[int, list[str]]] = {}
    for place in numbered(Path("/proc")):
        with contextlib.suppress(OSError, IndexError):
            fields = _stat(place)
            # A process is a zombie as well while only its first thread has ended.
            if fields[0] != "Z" or int(fields[THREADS]) > 1:
                table[int(place.name)] = int(fields[1]), fields
    below: list[int] = []
    frontier = {os.getpid()}
    while frontier:
        frontier = {pid for pid, (parent, _) in table.items() if parent in frontier}
        below += frontier
    found = []
    for pid in below:
        parent, fields = table[pid]
        seconds = sum(map(int, fields[11:15])) / TICK
        waits = fields[0] in WAITING and _all_wait(pid)
        with contextlib.suppress(OSError):  # it ended meanwhile
            found.append(Process(pid, parent, seconds, waits, memory(pid)))
    return found


def memory(pid: int) -> int:
    """The bytes that a process holds, but for those of files."""
    for place in (Path(f"/proc/{pid}"), *numbered(Path(f"/proc/{pid}/task"))):
        if own := re.findall(r"^Rss(?:Anon|Shmem):\s*(\d+)", _read(f"{place}/status"), re.M):
            return sum(map(int, own)) * 1024
    pages = _read(f"/proc/{pid}/statm").split()  # gVisor, say, has no such lines
    return (int(pages[1]) - int(pages[2])) * PAGE


def _all_wait(pid: int) -> bool:
    """Whether every thread of a process waits for something else than the processor or a disk."""
    try:
        tasks = numbered(Path(f"/proc/{pid}/task"))
        return all(_stat(t)[0] in WAITING for t in tasks)
    except (OSError, IndexError):
        return False  # one ended meanwhile


def numbered(place: Path) -> list[Path]:
    """The processes in /proc, or the threads or descriptors of one."""
    return [path for path in place.iterdir() if path.name.isdigit()]


def _stat(place: Path) -> list[str]:
    """The fields of a process or thread from its state on."""
    return _read(f"{place}/stat").rpartition(")")[2].split()


def exceeded(worker: Worker, common: int) -> End | None:
    """The limit that a worker's processes together exceed; None while there is none.

    ``common`` is the memory that a worker shares with the zygote from the beginning.
    """
    live = processes()
    now = time.monotonic()
    if live and all(p.waits for p in live):
        worker.asleep += min(now - worker.looked, 5 * EVERY)  # this process may have been stopped
    worker.looked = now
    allowed = f"more than {worker.cpu} second{'s' * (worker.cpu != 1)}"
    computed, slept = worker.before
    if worker.asleep - slept > worker.cpu:
        return End(Why.WAITED, f"{allowed} of waiting")
    if worker.ended + sum(p.seconds for p in live) - computed > worker.cpu:
        return _limit(f"{allowed} of computing")
    if sum(max(0, p.held - common) for p in live) > worker.memory:
        return _limit(f"more than {worker.memory >> 20:,} MB of memory")
    try:
        size, count = written(worker)
        size += deleted(live, worker.uid)
    except OSError:  # out of reach: too deep, or locked
        return _limit("files that nobody can count")
    if count > MOST_FILES:
        return _limit(f"more than {MOST_FILES:,} files")
    if size > worker.disk:
        return _limit(f"more than {worker.disk >> 20:,} MB of files")
    return None


def _limit(clause: str) -> End:
    return End(Why.LIMIT, clause)


def written(worker: Worker) -> tuple[int, int]:
    """Bytes in the worker's files, and their number, counted as far as they may go.

    Raises:
        OSError: a folder cannot be read.
    """
    total, count, waiting = 0, 0, [Path(place) for place in worker.places]
    while waiting:
        try:
            paths = list(waiting.pop().iterdir())
        except FileNotFoundError:
            continue  # deleted meanwhile
        for path in [p for p in paths if str(p) not in worker.places]:
            with contextlib.suppress(FileNotFoundError):
                status = path.lstat()
                if worker.uid in (None, status.st_uid):
                    count += 1
                    total += status.st_blocks * 512
                    if stat.S_ISDIR(status.st_mode):
                        waiting.append(path)
            if count > MOST_FILES:
                return total, count
    return total, count


def deleted(live: Sequence[Process], uid: int | None) -> int:
    """Bytes in files that have no name any more, and that a process holds open."""
    found = {}
    with _user(uid):
        for process in live:
            with contextlib.suppress(OSError):
                for path in numbered(Path(f"/proc/{process.pid}/fd")):
                    with contextlib.suppress(OSError):
                        status = path.stat()
                        if not status.st_nlink and stat.S_ISREG(status.st_mode):
                            found[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(found.values())


@contextlib.contextmanager
def _user(uid: int | None) -> Iterator[None]:
    """Look as this user: in a container, root may not see what another's process has open."""
    if uid is None:
        yield
        return
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def end_all(worker: Worker) -> None:
    """End every process of a worker: by its user, where it has one of its own; else one by one.

    Where its processes are numbered apart, the others end with the first.
    """
    if worker.apart:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
        return
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


def clear(worker: Worker) -> None:
    """Delete what a worker with a user of its own left outside of its scratch folder."""
    for place in map(Path, worker.places[1:] if worker.uid is not None else ()):
        with contextlib.suppress(OSError):
            own = [str(p) for p in place.iterdir() if _owner(p) == worker.uid]
            own = [p for p in own if p != worker.places[0]]
            if own:
                command = ["rm", "-rf", "--", *own]
                subprocess.run(command, check=False, stderr=subprocess.DEVNULL)


def _owner(path: Path) -> int | None:
    with contextlib.suppress(OSError):
        return path.lstat().st_uid
    return None


def restrict(worker: Worker) -> None:
    """Limits of the kernel, for this process and each that it starts."""
    space = int(_read("/proc/self/statm").split()[0]) * PAGE + worker.memory
    limits = {
        resource.RLIMIT_AS: space,
        resource.RLIMIT_CPU: 2 * worker.cpu + 1,  # should nobody watch
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 1 << 26,
        resource.RLIMIT_NOFILE: 64,
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
    for place in numbered(Path("/proc")):
        with contextlib.suppress(OSError):
            if place.stat().st_uid == uid:
                count += len(numbered(place / "task"))
    return count


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - quick
        return file.read()
