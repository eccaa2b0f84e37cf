"""The conversation with a worker, within a deadline: what it says are claims, taken apart."""

import dataclasses
import functools
import marshal
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograder.sandbox import wire
from autograder.sandbox.cells import Trouble
from autograder.sandbox.job import MOST_KEPT, Call, Job, Outcome, Run

Kept = list[tuple[str, np.ndarray]]

MOST_BYTES = 100 << 20  # that a conversation may bring

TOOLS = {
    f"autograder.sandbox.{name}": Path(__file__).with_name(f"{name}.py").read_text("utf-8")
    for name in ("on_gpu", "toolkit")
}
"""What probes import, sent anew with them: an answer may have changed what it found."""


class Channel:
    """Reads and writes a socket within one deadline."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.sock, self.deadline = sock, deadline
        self.left = MOST_BYTES

    def _wait(self) -> None:
        self.sock.settimeout(max(1e-3, self.deadline - time.monotonic()))

    def write(self, data: bytes) -> None:
        self._wait()
        self.sock.sendall(data)

    def read(self, n: int) -> bytes:
        self.left -= n
        if self.left < 0:
            raise wire.FrameError(f"more than {MOST_BYTES >> 20} MB in all")
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


def converse(channel: Channel, run: Run, job: Job, again: Callable[[Channel], None]) -> None:
    """Have the worker run ``job``, and fill ``run`` with what it tells, as it comes.

    The cells run before the probes are sent, and the public calls before the hidden inputs are;
    between these ``again`` is called, which may move the channel's deadline.
    """
    lines = job.answer.count("\n") + 1
    stand_ins = {name: compiled(source, name) for name, source in job.stand_ins.items()}
    given = {"names": job.names, "stand_ins": stand_ins}
    cells = {"answer": job.answer, "given": job.given, "extras": job.extras, "others": job.others}
    channel.write(wire.encode(given | cells | {"record": job.record}))
    match wire.decode(channel.read):
        case {
            "missing": list(names),
            "on_gpu": bool(on_gpu),
            "elsewhere": bool(elsewhere),
            "printed": str(printed),
            "troubles": list(items),
        }:
            run.on_gpu, run.elsewhere, run.printed = on_gpu, elsewhere, printed
            run.missing = [name for name in job.names if name in names]
            run.troubles = [_trouble(t, lines) for t in items[:5] if isinstance(t, dict)]
        case _:
            raise wire.FrameError("a first frame that is none")
    if run.missing:
        first = run.troubles[0] if run.troubles else Trouble("NameError", None, run.missing[0])
        run.in_public = [first for _ in job.in_public]
        run.outcomes = [first for _ in job.calls]
        return
    tools = {name: compiled(source, name) for name, source in TOOLS.items()}
    probes = {"modules": tools | stand_ins, "probes": compiled(job.probes, "probes")}
    channel.write(wire.encode(probes))
    if job.in_public:
        run.printed, run.elsewhere = _ask(channel, job.in_public, run.in_public, lines)
        again(channel)
    run.told = True
    _ask(channel, job.calls, run.outcomes, lines, None if job.record is None else run.kept)


@functools.cache
def compiled(source: str, name: str) -> np.ndarray:
    """One of our own modules, compiled here, once, and not in each worker."""
    code = compile(source, f"<{name}>", "exec")
    return np.frombuffer(marshal.dumps(code), np.uint8)


def _ask(
    channel: Channel,
    calls: Sequence[Call],
    outcomes: list[Outcome],
    lines: int,
    kept: list[Kept] | None = None,
) -> tuple[str, bool]:
    """Add an outcome for each of ``calls``; what was printed until then, and if elsewhere too."""
    channel.write(wire.encode({"calls": [dataclasses.asdict(call) for call in calls]}))
    for _ in calls:
        match wire.decode(channel.read):
            case {"result": dict(result)}:
                outcomes.append(result)
            case {"trouble": dict(claim)}:
                outcomes.append(_trouble(claim, lines))
            case _:
                raise wire.FrameError("a frame that answers no call")
        if kept is not None:
            kept.append(_kept(wire.decode(channel.read)))
    match wire.decode(channel.read):
        case {"printed": str(printed), "elsewhere": bool(elsewhere)}:
            return printed, elsewhere
        case _:
            raise wire.FrameError("a last frame that is none")


def _kept(claim: Any) -> Kept:
    found = []
    match claim:
        case {"kept": list(items)}:
            for item in items[:MOST_KEPT]:
                match item:
                    case [str(name), np.ndarray() as array] if array.dtype.kind == "f":
                        found.append((name, array))
    return found


def _trouble(claim: dict[str, Any], lines: int) -> Trouble:
    line = claim.get("line")
    return Trouble(
        str(claim.get("type"))[:80],
        line if type(line) is int and 0 < line <= lines else None,
        str(claim.get("message"))[:2000],
    )
