"""What goes into the sandbox and comes out of it: a job, its limits, and its run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from autograder.sandbox.cells import Trouble


class SandboxError(Exception):
    """The sandbox itself failed: the grader's fault, not a student's."""


MOST_KEPT = 200
"""Recorded arrays of one call."""
FULL = "full"
"""Stands beside a recorded array of each size of which more was computed."""
WALL_PER_CPU = 10  # on a busy machine computing takes longer; sleeping is limited by itself


@dataclass(frozen=True)
class Limits:
    """Of one job, all its processes together: seconds of computing, and bytes of memory and files.

    It may sleep for as many seconds. Memory is what it takes beyond what torch maps.
    """

    cpu: int = 10
    memory: int = 2 << 30
    disk: int = 256 << 20

    @property
    def wall(self) -> float:
        return float(WALL_PER_CPU * self.cpu)


@dataclass(frozen=True)
class Call:
    """A probe of the job's part, and its inputs (arrays and plain values)."""

    probe: str
    inputs: dict[str, Any]


@dataclass(frozen=True)
class Job:
    """An answer and its surroundings, to be probed in a process of its own.

    ``given`` are cells of the release; of them and of ``extras``, the student's own further cells,
    only definitions are run. ``others`` are the student's other answers, when all are tried
    together. ``names`` must be defined afterwards. ``stand_ins`` are a module and its source, whose
    ``given`` adds to what is there before the cells.

    The calls ``in_public`` come first. What a student may be told of errors and prints is taken
    before the process has the inputs of ``calls``, which are hidden.
    """

    answer: str
    names: tuple[str, ...]
    probes: str
    calls: tuple[Call, ...]
    given: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    in_public: tuple[Call, ...] = ()
    record: tuple[int, ...] | None = None
    """Record ``calls``: all arrays of these sizes, or, where there are none, ``__step__``'s."""


Outcome = dict[str, Any] | Trouble


class Why(StrEnum):
    """The kinds of reasons why a run does not come to its end."""

    LIMIT = "limit"
    WAITED = "waited"
    DIED = "died"
    GARBLED = "garbled"


@dataclass(frozen=True)
class End:
    """Why a run was over before its time: the kind, and a clause that a student can read."""

    why: Why
    clause: str


@dataclass
class Run:
    """What came of a job: an outcome a call, as claimed by the untrusted side.

    ``end`` is there where the worker did not finish. ``seconds`` is the computing that it took,
    and the sleeping. Errors of the cells, what was missing or printed, and the outcomes
    ``in_public`` were told before the process had hidden inputs.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    in_public: list[Outcome] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    printed: str = ""
    on_gpu: bool = False
    elsewhere: bool = False
    """Whether it wrote to other places than its own folder, where nothing was written."""
    end: End | None = None
    seconds: float = 0.0
    kept: list[list[tuple[str, np.ndarray]]] = field(default_factory=list)
    """What was recorded of each call: the names of steps, if they are any, and arrays."""
    told: bool = False
    """Whether it came to the hidden inputs, after which nothing is told that they could change."""
