"""Opens, unpacks and parses what one student handed in, in a process of its own.

It is confined like an answer, and gets open files alone. What it tells is a ``Record``, and the
weights that the notebook's results name.
"""

import hashlib
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np

from autograder.model import ProblemSet
from autograder.reading.answers import Submission, read_bytes
from autograder.reading.record import Record, encode
from autograder.reading.released import Release
from autograder.reading.several import choose
from autograder.reading.unpack import MOST_MODELS, NoNotebookError, unzipped
from autograder.reading.weights import ModelError, weights
from autograder.sandbox import wire
from helpers.reading.files import LARGEST

OF_THE_GRADER = ("name", "models", "hand_in")
FIRST_FILE = 4
"""The descriptor of the notebook or zip; those of weights follow."""


def main(connection: socket.socket) -> None:
    """Read the submission whose files are open here, and leave without any cleaning up."""
    stream = connection.makefile("rwb")
    try:
        request = wire.decode(lambda n: stream.read(n), trusted=True)
        release = Release(
            msgspec.convert(request["problem_set"], ProblemSet), {"cells": request["cells"]}
        )
        try:
            submission, models = _read(
                request["file"], request["zipped"], release, request["models"]
            )
        except Exception as error:  # what nobody foresaw
            fault = f"{type(error).__name__}, {error}"[:500]
            submission, models = Submission("", {}, fault=fault), {}
        stream.write(encode(_record(submission, models)))
        for model in models.values():
            if isinstance(model, dict):
                stream.write(wire.encode(model))
        stream.flush()
    finally:
        os._exit(0)


def _record(submission: Submission, models: dict[str, Any]) -> Record:
    said = {k: v for k, v in asdict(submission).items() if k not in OF_THE_GRADER}
    said["results"] = submission.results
    return Record(**said, models={k: m if isinstance(m, str) else "" for k, m in models.items()})


def _read(file: str, zipped: bool, release: Release, beside: int) -> tuple[Submission, Any]:
    """The submission, and for each model that its results name the weights, or why not."""
    try:
        with open(FIRST_FILE, "rb") as opened:
            if zipped:
                notebooks, files = unzipped(opened, release.problem_set)
            else:
                notebooks, files = [(file, opened.read(LARGEST + 1))], []
        submission = _best(file, notebooks, release)
        files += _beside(beside)
        named = {r.model for r in submission.results.values() if r.model}
        found = {hashlib.sha256(data).hexdigest(): data for data in files if named}
        return submission, {k: _weights(found[k]) for k in sorted(named & set(found))[:MOST_MODELS]}
    except NoNotebookError as error:
        return Submission("", {}, problem=f"{file} {error}"), {}
    except MemoryError:
        problem = f"{file} takes too much memory to read: clear its outputs, and hand it in again."
        return Submission("", {}, problem=problem), {}


def _best(file: str, notebooks: list[tuple[str, bytes]], release: Release) -> Submission:
    read = []
    while notebooks:
        name, data = notebooks.pop(0)  # one at a time in memory
        read.append((name, read_bytes(data, name, release, "")))
    submission, names = choose(read, release)
    if submission is None:
        ps, listed = release.problem_set.id, ", ".join(names)
        raise NoNotebookError(f"holds several notebooks ({listed}): hand in {ps}.ipynb alone.")
    return submission


def _beside(count: int) -> Iterator[bytes]:
    for number in range(FIRST_FILE + 1, FIRST_FILE + 1 + count):
        with open(number, "rb") as opened:  # noqa: PTH123
            yield opened.read()


def _weights(data: bytes) -> dict[str, np.ndarray] | str:
    try:
        return weights(data)
    except ModelError as error:
        return str(error)
