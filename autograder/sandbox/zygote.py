"""Imports torch once, then forks a worker a job. Run as a program of its own by ``Sandbox``.

It never sees a job: the grader hands it one end of a socket pair with each request to fork, and
talks to the worker through the other end. So no reference answer is ever in memory that a worker
inherits. No torch operation runs here: a fork after a multithreaded one hangs.
"""

import contextlib
import ctypes
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
libc = ctypes.CDLL(None, use_errno=True)


def main(control: socket.socket, root: str, imports: Sequence[str] = ()) -> None:
    """Answer fork, kill and sweep requests on ``control`` until the grader closes it."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    import torch._dynamo  # noqa: F401 - the first optimizer would import it, a second in every worker

    import autograder.sandbox.toolkit
    import autograder.sandbox.worker  # noqa: F401
    import helpers.training  # noqa: F401 - the notebooks' epoch loop

    for module in imports:
        importlib.import_module(module)
    sys.modules["autograder"].__path__ = []  # nothing more of this package can be imported
    sys.path = [p for p in sys.path if p != root]
    tell(control, ready=True)
    workers: set[int] = set()
    while True:
        watched: list[Any] = [control, wake_read]
        readable, _, _ = select.select(watched, [], [])
        if wake_read in readable:
            os.read(wake_read, 512)
        reap(control, workers)
        if control in readable:
            data, fds, _, _ = socket.recv_fds(control, 65536, 1)
            if not data:
                sweep(None, control, workers)
                os._exit(0)
            request = json.loads(data)
            if request["do"] == "fork":
                pid = fork(request, fds[0], control)
                os.close(fds[0])
                workers.add(pid)
                tell(control, forked=pid)
            elif request["do"] == "sweep":
                sweep(request["uid"], control, workers)
                tell(control, swept=True)


def tell(control: socket.socket, **message: Any) -> None:
    control.send(json.dumps(message).encode())


def reap(control: socket.socket, workers: set[int]) -> bool:
    """Collect every child that ended, orphans of workers too; report workers; are any left?"""
    while True:
        try:
            pid, status, _ = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        if pid in workers:
            workers.discard(pid)
            with contextlib.suppress(OSError):  # the grader may have gone
                tell(control, ended=pid, code=os.waitstatus_to_exitcode(status))


def fork(request: dict[str, Any], fd: int, control: socket.socket) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        os.dup2(fd, 3)
        os.closerange(4, 1 << 16)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.close(null)
        confine(request["uid"], request["scratch"], request["cpu"], request["memory"])
        from autograder.sandbox import worker

        worker.main(socket.socket(fileno=3))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(70)


def confine(uid: int | None, scratch: str, cpu: int, memory: int) -> None:
    """Limits and another user for this process; what hardens the sandbox goes here."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    space = pages * os.sysconf("SC_PAGE_SIZE") + memory
    limits = {
        resource.RLIMIT_AS: space,
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 1 << 26,
        resource.RLIMIT_NOFILE: 256,
    }
    if uid is not None:
        limits[resource.RLIMIT_NPROC] = 64
    for limit, value in limits.items():
        _, hard = resource.getrlimit(limit)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))
    os.chdir(scratch)
    os.environ.update(HOME=scratch, TMPDIR=scratch)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def sweep(uid: int | None, control: socket.socket, workers: set[int]) -> None:
    """End everything that a worker left, and wait until it is gone.

    As another user, all processes of that user; else all below this one, whose orphans come back
    to it as their subreaper.
    """
    for attempt in range(5000):
        if not reap(control, workers):
            return
        if attempt % 100 == 0:
            kill_user(uid) if uid is not None else kill_descendants()
        time.sleep(0.0005)


def kill_user(uid: int) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            os.setresuid(uid, uid, uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def kill_descendants() -> None:
    for pid in descendants():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def descendants() -> list[int]:
    """All live processes below this one; orphans count, as this is their subreaper."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found: list[int] = []
    frontier = {os.getpid()}
    while frontier:
        frontier = {p for p, parent in parents.items() if parent in frontier}
        found += frontier
    return found
