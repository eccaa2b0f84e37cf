"""Whatever bytes come in, readers raise their own errors only, and come to an end."""

import contextlib
import copy
import io
import json
import struct
from typing import Any

import numpy as np
from handed_in import PS, data, filled, release, right
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shipped import COURSE

from autograder.reading.answers import read_bytes
from autograder.sandbox import wire

QUICK = settings(
    deadline=None, max_examples=150, suppress_health_check=list(HealthCheck), derandomize=True
)
SEEDS = [data(right()), data(filled()), b'{"cells": [], "nbformat": 4}', b"", b"null"]
BODIES: list[Any] = [{"result": {"x": np.zeros((2, 3)), "y": [1, "a", None]}}, {"end": True}, []]
FRAMES = [wire.encode(body) for body in BODIES]


@st.composite
def mutated(draw: Any, seeds: list[bytes]) -> bytes:
    """One of the seeds with some of its bytes changed, taken out, repeated or put in."""
    body = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(body)))
        length = draw(st.integers(0, 40))
        kind = draw(st.sampled_from(["change", "cut", "repeat", "insert"]))
        piece = draw(st.binary(max_size=12))
        if kind == "change":
            body[at : at + len(piece)] = piece
        elif kind == "cut":
            del body[at : at + length]
        elif kind == "repeat":
            body[at:at] = body[at : at + length] * 3
        else:
            body[at:at] = piece
    return bytes(body)


def read(content: bytes) -> None:
    submission = read_bytes(content, "mine.ipynb", release(), "mine")
    assert isinstance(submission.problem, str)
    assert submission.problem or set(submission.answers) == {
        q.id for q in COURSE.problem_set(PS).questions
    }


@QUICK
@given(st.binary(max_size=300) | mutated(SEEDS))
def test_bytes_become_a_submission_or_a_sentence(content: bytes) -> None:
    read(content)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
NAMES = [
    "cells",
    "source",
    "metadata",
    "outputs",
    "cell_type",
    "nbformat",
    "nbgrader",
    "data",
    "id",
    "worksheets",
]


@QUICK
@given(st.data())
def test_strange_values_become_a_submission_or_a_sentence(draw: st.DataObject) -> None:
    """Any JSON in the place of any of a notebook's values."""
    notebook = copy.deepcopy(filled())
    places: list[Any] = [notebook, *notebook["cells"]]
    for _ in range(draw.draw(st.integers(1, 4))):
        place = draw.draw(st.integers(0, len(places) - 1))
        places[place][draw.draw(st.sampled_from(NAMES))] = draw.draw(JSON)
    read(json.dumps(notebook).encode())


def decode(content: bytes) -> None:
    stream = io.BytesIO(content)

    def take(n: int) -> bytes:
        piece = stream.read(n)
        if len(piece) < n:
            raise EOFError
        return piece

    with contextlib.suppress(wire.FrameError, EOFError):
        wire.decode(take)


@QUICK
@given(st.binary(max_size=200) | mutated(FRAMES))
def test_bytes_become_a_frame_or_a_frame_error(content: bytes) -> None:
    decode(content)


@QUICK
@given(JSON, st.binary(max_size=64))
def test_any_header_becomes_a_frame_or_a_frame_error(header: Any, raw: bytes) -> None:
    for value in (header, {"body": header, "arrays": []}, {"body": 1, "arrays": header}):
        text = json.dumps(value).encode()
        decode(struct.pack(">Q", len(text)) + text + raw)
