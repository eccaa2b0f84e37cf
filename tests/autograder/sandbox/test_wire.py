"""Frames: what goes in comes out, and nothing that an untrusted process sends does harm."""

import contextlib
import io
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from autograder.sandbox import wire


def read_from(data: bytes) -> Any:
    stream = io.BytesIO(data)

    def read(n: int) -> bytes:
        piece = stream.read(n)
        if len(piece) < n:
            raise EOFError
        return piece

    return read


def frame(header: Any, buffers: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack(">Q", len(text)) + text + buffers


arrays = npst.arrays(
    st.sampled_from([np.dtype(d) for d in ("bool", "uint8", "int64", "float32", "float64")]),
    npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
plain = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text()
bodies = st.recursive(
    plain | arrays,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text().filter(lambda k: k != "$array"), inner, max_size=4)
    ),
    max_leaves=12,
)


def equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return bool(a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes())
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    return type(a) is type(b) and (a == b or a != a)


@given(bodies)
def test_a_body_comes_back_as_it_was(body: Any) -> None:
    assert equal(body, wire.decode(read_from(wire.encode(body))))


class Lying(int):
    """A number that says it equals everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize(
    "value", [Lying(1), {1, 2}, object(), np.float64(1), np.array(["text"]), np.array([None])]
)
def test_only_exact_plain_types_are_encoded(value: Any) -> None:
    with pytest.raises(TypeError):
        wire.encode({"value": value})


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">Q", 1 << 40),
        frame(b"not json"),
        frame(b"[" * 100_000),
        frame([1, 2]),
        frame({"body": 1}),
        frame({"body": 1, "arrays": [["float32", [1 << 40]]]}),
        frame({"body": 1, "arrays": [["float32", [-1]]]}),
        frame({"body": 1, "arrays": [["float32", [True]]]}),
        frame({"body": 1, "arrays": [["float32", [1 << 20, 1 << 20]]]}),
        frame({"body": 1, "arrays": [["object", [1]]]}),
        frame({"body": 1, "arrays": [["float32", [1] * 9]]}),
        frame({"body": 1, "arrays": [["float32", "12"]]}),
        frame({"body": 1, "arrays": [["float32", [0]]] * 200_000}),
        frame({"body": {"$array": 0}, "arrays": []}),
        frame({"body": {"$array": -1}, "arrays": [["bool", [1]]]}, b"\0"),
        frame({"body": {"$array": True}, "arrays": [["bool", [1]], ["bool", [1]]]}, b"\0\0"),
    ],
)
def test_a_forged_frame_is_refused(data: bytes) -> None:
    with pytest.raises(wire.FrameError):
        wire.decode(read_from(data))


def test_a_truncated_frame_is_no_frame() -> None:
    data = wire.encode({"x": np.ones(4)})
    for n in (3, 20, len(data) - 1):
        with pytest.raises(EOFError):
            wire.decode(read_from(data[:n]))


@given(st.binary(max_size=200))
def test_noise_never_raises_anything_else(noise: bytes) -> None:
    with contextlib.suppress(wire.FrameError, EOFError):
        wire.decode(read_from(noise))


@given(st.binary(max_size=60), st.binary(max_size=40))
def test_noise_in_a_header_never_raises_anything_else(header: bytes, rest: bytes) -> None:
    with contextlib.suppress(wire.FrameError, EOFError):
        wire.decode(read_from(frame(header, rest)))
