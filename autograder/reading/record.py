"""What a process that read a submission tells of it: plain records, checked as they come in."""

import json
import struct
from collections.abc import Callable
from typing import Any

import msgspec

from autograder.model import ProblemSet
from autograder.reading.answers import MOST_CODE, Claims, Submission
from autograder.reading.newer import is_newer
from autograder.reading.unpack import MOST_MODELS
from autograder.sandbox import wire
from helpers.handing.claims import LONGEST, SHA256, Result
from helpers.handing.results import KINDS

LARGEST = 16 << 20  # bytes of a record
MOST_NOTES = 100

Read = Callable[[int], bytes]


class Record(msgspec.Struct, forbid_unknown_fields=True):
    """A ``Submission`` without its arrays: ``models`` says of each by its hash why it is none."""

    answers: dict[str, str]
    extras: list[str]
    results: dict[str, Result]
    notes: list[str]
    question_notes: dict[str, list[str]]
    claims: dict[str, Claims]
    uses: dict[str, list[str]]
    needs: dict[str, str]
    problem: str
    fault: str
    models: dict[str, str]
    newer: dict[str, str]


def encode(record: Record) -> bytes:
    """The record as a frame: its length, and JSON."""
    plain = json.dumps(msgspec.to_builtins(record), ensure_ascii=False)
    text = plain.encode("utf-8", "replace")  # half a letter can be in JSON, and nowhere else
    return struct.pack(">Q", len(text)) + text


def receive(read: Read, ps: ProblemSet, name: str) -> Submission:
    """The submission that a reading process tells of.

    Raises:
        wire.FrameError: what it says is no such record, or more than one may be.
    """
    (length,) = struct.unpack(">Q", read(8))
    if length > LARGEST:
        raise wire.FrameError("a record that is too long")
    try:
        record = msgspec.json.decode(read(length), type=Record)
    except (msgspec.MsgspecError, RecursionError):
        raise wire.FrameError("a record that is none") from None
    _check(record, {q.id for q in ps.questions})
    models = {key: why or _weights(wire.decode(read)) for key, why in record.models.items()}
    said: dict[str, Any] = {key: getattr(record, key) for key in record.__struct_fields__}
    notes = {"notes": record.notes[:MOST_NOTES]}
    return Submission(name=name, **{**said, **notes, "models": models})


def _check(record: Record, ids: set[str]) -> None:
    told = (
        record.answers, record.question_notes, record.claims, record.uses, record.needs,
        record.newer,
    )  # fmt: skip
    if not all(set(table) <= ids for table in told):
        raise wire.FrameError("an answer to no question")
    if not all(set(others) <= ids for others in record.uses.values()):
        raise wire.FrameError("a use of no question")
    if not all(map(is_newer, record.newer.values())):
        raise wire.FrameError("a Python that there is not, or that is no newer")
    code = sum(map(len, [*record.answers.values(), *record.extras]))
    if code > 2 * MOST_CODE or any(len(cells) > MOST_CODE for cells in record.needs.values()):
        raise wire.FrameError("more code than is read")
    for key, result in record.results.items():
        right = result.name == key and 0 <= result.accuracy <= 1 and result.profile in KINDS
        hashed = not result.model or SHA256.fullmatch(result.model)
        if not (right and hashed) or len(key) > LONGEST:
            raise wire.FrameError("a result that is none")
    if len(record.models) > MOST_MODELS or not all(map(SHA256.fullmatch, record.models)):
        raise wire.FrameError("a model without a hash")


def _weights(claim: Any) -> Any:
    if not isinstance(claim, dict) or not claim:
        raise wire.FrameError("weights that are none")
    return claim
