"""Imports torch once, then forks a worker a job. Run as a program of its own by ``Sandbox``.

It never sees a job: the grader hands it one end of a socket pair with each request to fork, and
talks to the worker through the other end. So no reference answer is ever in memory that a worker
inherits. No torch operation runs here: a fork after a multithreaded one hangs.
"""

import contextlib
import dataclasses
import fcntl
import importlib
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.sandbox import isolation, pages, watch
from autograder.sandbox.seccomp import seccomp
from autograder.sandbox.survey import Isolation, Mechanism, survey
from autograder.sandbox.watch import Worker

FIRST = 3  # the descriptor after the standard ones
MOST_FILES = 32


def main(control: socket.socket, root: str, imports: Sequence[str] = ()) -> None:
    """Answer fork and sweep requests on ``control`` until the grader closes it."""
    isolation.libc.prctl(isolation.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    found = survey()
    if found.has(Mechanism.NETWORK):
        isolation.no_network()  # nothing here needs one, so that workers begin without
    if found.has(Mechanism.TIMES):
        isolation.no_access_times()
    import torch._dynamo  # the first optimizer would import it, a second in every worker

    import autograder.sandbox.toolkit
    import autograder.sandbox.worker  # noqa: F401
    import helpers.learning.training  # noqa: F401 - the notebooks' epoch loop

    torch.overrides.resolve_name(torch.add)  # makes torch's table of names, once for all workers
    for module in imports:
        importlib.import_module(module)
    readable = isolation.readable_places()
    sys.modules["autograder"].__path__ = []  # nothing more of this package can be imported
    sys.path = [p for p in sys.path if p != root]

    pages.collapse()
    Zygote(control, found, readable).serve(wake_read)


class Zygote:
    """One worker at a time, watched until it and all that it started are gone."""

    def __init__(self, control: socket.socket, found: Isolation, readable: Sequence[Path]) -> None:
        self.control, self.isolation, self.readable = control, found, readable
        self.common = watch.memory(os.getpid())
        self.worker: Worker | None = None
        self.apart = found.has(Mechanism.PROCESSES)
        self.home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC) if self.apart else -1

    def serve(self, wake: int) -> None:
        self.tell(ready=True, lacks=self.isolation.lacks)
        while True:
            watched: list[Any] = [self.control, wake]
            readable, _, _ = select.select(watched, [], [], watch.EVERY if self.worker else None)
            if wake in readable:
                os.read(wake, 512)
            self.reap()
            if self.worker and not self.worker.end:
                self.worker.end = watch.exceeded(self.worker, self.common)
                if self.worker.end:
                    watch.end_all(self.worker)
            if self.control in readable:
                data, fds, _, _ = socket.recv_fds(self.control, 65536, MOST_FILES)
                if not data:
                    self.sweep()
                    os._exit(0)
                self.answer(json.loads(data), fds)

    def answer(self, request: dict[str, Any], fds: Sequence[int]) -> None:
        """Do what the grader asks for."""
        match request.pop("do"):
            case "fork":
                scratch, server = request.pop("scratch"), request.pop("server")
                landlock = self.isolation.has(Mechanism.LANDLOCK)
                only_user = request["uid"] is not None and not landlock
                more = watch.WRITABLE if only_user else ()
                self.worker = Worker(pid=0, places=(scratch, *more), apart=self.apart, **request)
                self.worker.pid = self.fork(self.worker, server, fds)
                for fd in fds:
                    os.close(fd)
                self.tell(forked=self.worker.pid)
            case "renew":
                if self.worker:
                    self.worker.renew()
                self.tell(renewed=True)
            case "sweep":
                self.sweep()
                spent = self.worker.ended + self.worker.asleep if self.worker else 0.0
                self.worker = None
                self.tell(swept=True, seconds=spent)

    def tell(self, **message: Any) -> None:
        self.control.send(json.dumps(message).encode())

    def reap(self) -> bool:
        """Collect every child that ended, orphans of the worker too; are any left?"""
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if self.worker:
                self.worker.ended += used.ru_utime + used.ru_stime
                if pid == self.worker.pid:
                    code = os.waitstatus_to_exitcode(status)
                    with contextlib.suppress(OSError):  # the grader may have gone
                        end = dataclasses.asdict(self.worker.end) if self.worker.end else None
                        self.tell(ended=pid, code=code, end=end)

    def sweep(self) -> None:
        """End everything that the worker left, and wait until it is gone."""
        if self.worker is None:
            return
        for attempt in range(5000):
            if not self.reap():
                break
            if attempt % 100 == 0:
                watch.end_all(self.worker)
            time.sleep(0.0005)
        watch.clear(self.worker)

    def fork(self, worker: Worker, server: str, fds: Sequence[int]) -> int:
        """Start a process that serves with the module ``server``, on the first of ``fds``.

        It finds them as 3 and so on, whatever else is open here.
        """
        pid = isolation.fork_apart(self.home) if self.apart else os.fork()
        if pid:
            return pid
        try:
            os.setsid()
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            signal.set_wakeup_fd(-1)
            high = [fcntl.fcntl(fd, fcntl.F_DUPFD, FIRST + MOST_FILES) for fd in fds]
            for place, fd in enumerate(high, FIRST):
                os.dup2(fd, place)
            os.closerange(FIRST + len(fds), 1 << 16)
            null = os.open(os.devnull, os.O_RDWR)
            for standard in (0, 1, 2):
                os.dup2(null, standard)
            os.close(null)
            self.confine(worker)
            sys.modules[server].main(socket.socket(fileno=FIRST))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(70)

    def confine(self, worker: Worker) -> None:
        """All that works here, for this process: after this, nothing of it can be undone."""
        watch.restrict(worker)
        scratch = worker.places[0]
        os.chdir(scratch)
        os.environ.update(HOME=scratch, TMPDIR=scratch)
        tempfile.tempdir = scratch  # an import may have looked for it already
        if self.apart:
            isolation.own_processes()
        isolation.no_new_privileges()
        if self.isolation.has(Mechanism.LANDLOCK):
            own = [*self.readable, Path(f"/proc/{os.getpid()}")]
            isolation.landlock(own, [Path(scratch), Path(os.devnull)])
        if worker.uid is not None:
            isolation.become(worker.uid)
            isolation.libc.prctl(isolation.PR_SET_DUMPABLE, 1, 0, 0, 0)  # its open files are seen
        if self.isolation.has(Mechanism.SECCOMP):
            seccomp()
