"""How an answer behaved on public inputs, as bytes: what mistakes and classes are told apart by."""

import io
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from autograder.grading.compare import thin
from autograder.sandbox import wire
from autograder.sandbox.cells import Trouble
from autograder.sandbox.job import Outcome

LARGEST = 256 << 10  # bytes of one that is worth keeping


def plain(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """Outcomes by their checks' names as plain values and arrays."""
    return {
        name: {"trouble": asdict(o)} if isinstance(o, Trouble) else {"result": o}
        for name, o in outcomes.items()
    }


def restored(plain: Mapping[str, Any]) -> dict[str, Outcome]:
    """What ``plain`` made plain."""
    return {
        name: Trouble(**o["trouble"]) if "trouble" in o else o["result"]
        for name, o in plain.items()
    }


def encode(outcomes: Mapping[str, Outcome]) -> bytes:
    """Outcomes, with some numbers of large arrays; nothing where they are too much to keep."""
    data = wire.encode(plain({name: thin(o) for name, o in outcomes.items()}))
    return data if len(data) <= LARGEST else b""


def decode(data: bytes) -> dict[str, Outcome]:
    """What ``encode`` made into bytes."""
    return restored(wire.decode(io.BytesIO(data).read, trusted=True)) if data else {}
