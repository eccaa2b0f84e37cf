"""All cores of this machine: processes that each grade with a sandbox of their own."""

import contextlib
import multiprocessing
import signal
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any

from autograder.batch.worker import Expected, Setup, serve

SPAWN = multiprocessing.get_context("spawn")  # a fork would copy locks and threads
TRIES = 2  # of what was asked, where the process ends meanwhile
NO_EXPECTATION: Expected = {}


class Lost(Exception):
    """A process ended while it graded."""

    def __init__(self) -> None:
        super().__init__("The process that graded this was killed, or ran out of memory.")


class Pool:
    """So many processes, of which one that ends is replaced.

    >>> with Pool(setup, 4) as pool:
    ...     for task, report in pool.each(tasks):
    """

    def __init__(self, setup: Setup, jobs: int) -> None:
        self.setup = setup
        self._expected = NO_EXPECTATION
        self._workers = [_Worker(setup) for _ in range(jobs)]

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *exc: object) -> None:
        for worker in self._workers:
            worker.ours.close()  # which ends it, and its sandbox, once it has nothing to do
            if exc[0] is not None:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(10)
            worker.process.kill()

    def expect(self, expected: Expected) -> None:
        """Tell every process, and those that replace them, what the reference gives."""
        self._expected = expected
        for worker in self._workers:
            worker.send(expected)

    def each(self, asks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Each thing that is asked with its answer, as they come; ``Lost`` where there is none."""
        waiting, tries = deque(asks), Counter[int]()
        busy: dict[Connection, tuple[_Worker, Any]] = {}
        while waiting or busy:
            for worker in [w for w in self._workers if w.ours not in busy]:
                if waiting:
                    ask = waiting.popleft()
                    worker.send(ask)
                    busy[worker.ours] = worker, ask
            ready = wait(list(busy))
            for worker, ask in [busy.pop(c) for c in list(busy) if c in ready]:
                try:
                    answer = worker.ours.recv()
                except (EOFError, OSError):
                    self._replace(worker)
                    tries[id(ask)] += 1
                    if tries[id(ask)] < TRIES:
                        waiting.append(ask)
                        continue
                    answer = Lost()
                yield ask, answer

    def _replace(self, worker: "_Worker") -> None:
        worker.process.kill()
        worker.process.join()
        worker.ours.close()
        new = _Worker(self.setup)
        new.send(self._expected)
        self._workers[self._workers.index(worker)] = new


class _Worker:
    """A process, and our end of the connection to it."""

    def __init__(self, setup: Setup) -> None:
        self.ours, theirs = SPAWN.Pipe()
        self.process = SPAWN.Process(target=_main, args=(setup, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def send(self, ask: Any) -> None:
        with contextlib.suppress(OSError):  # that it is gone shows when its answer is awaited
            self.ours.send(ask)


def _main(setup: Setup, theirs: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who reads the terminal ends us
    with contextlib.suppress(OSError):
        serve(setup, theirs.recv, theirs.send)
