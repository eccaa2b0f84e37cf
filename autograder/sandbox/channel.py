"""Reads what a worker sends, within a deadline: claims of the untrusted side, taken apart."""

import socket
import time
from typing import Any

from autograder.sandbox import wire
from autograder.sandbox.cells import Trouble
from autograder.sandbox.job import Job, Run


class Channel:
    """Reads and writes a socket within one deadline."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.sock, self.deadline = sock, deadline

    def _wait(self) -> None:
        self.sock.settimeout(max(1e-3, self.deadline - time.monotonic()))

    def write(self, data: bytes) -> None:
        self._wait()
        self.sock.sendall(data)

    def read(self, n: int) -> bytes:
        pieces, left = [], n
        while left:
            if time.monotonic() > self.deadline:
                raise TimeoutError
            self._wait()
            piece = self.sock.recv(min(left, 1 << 20))
            if not piece:
                raise EOFError
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)


def read_run(channel: Channel, run: Run, job: Job) -> None:
    """Fill ``run`` with an outcome for each call of ``job``, as they come."""
    lines = job.answer.count("\n") + 1
    for _ in job.calls:
        frame = wire.decode(channel.read)
        match frame:
            case {"result": dict(result)}:
                run.outcomes.append(result)
            case {"trouble": dict(claim), "missing": list(names)}:
                run.outcomes.append(_trouble(claim, lines))
                run.missing = [name for name in job.names if name in names]
            case {"trouble": dict(claim)}:
                run.outcomes.append(_trouble(claim, lines))
            case _:
                raise wire.FrameError("a frame that answers no call")
    match wire.decode(channel.read):
        case {
            "end": True,
            "printed": str(printed),
            "on_gpu": bool(on_gpu),
            "troubles": list(items),
        }:
            run.printed, run.on_gpu = printed, on_gpu
            run.troubles = [_trouble(t, lines) for t in items[:5] if isinstance(t, dict)]
        case _:
            raise wire.FrameError("a last frame that is none")


def _trouble(claim: dict[str, Any], lines: int) -> Trouble:
    line = claim.get("line")
    return Trouble(
        str(claim.get("type"))[:80],
        line if type(line) is int and 0 < line <= lines else None,
        str(claim.get("message"))[:2000],
    )
