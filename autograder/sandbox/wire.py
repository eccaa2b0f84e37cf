"""Frames between the grader and the processes that run student code: JSON and raw buffers.

A frame is an 8-byte length, a JSON header of that length, and the raw bytes of its arrays. The
header is ``{"body": ..., "arrays": [[dtype, shape], ...]}``; in the body ``{"$array": i}`` stands
for array i. Only exact plain types cross, and nothing is ever unpickled. What comes from the
untrusted side is a claim: every size, count, dtype and shape is checked before memory is spent.
"""

import json
import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

MAX_HEADER = 1 << 18
MAX_BYTES = 1 << 26
MAX_ARRAYS = 256
MAX_DIMS = 8
DTYPES = frozenset(
    ["bool", "uint8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64"]
)

Read = Callable[[int], bytes]


class FrameError(Exception):
    """A frame that breaks the protocol; the message says how."""


def encode(body: Any) -> bytes:
    """The frame for a body of dicts, lists, strings, numbers, booleans, None and arrays."""
    arrays: list[np.ndarray] = []
    header = {"body": _flatten(body, arrays), "arrays": [[a.dtype.name, a.shape] for a in arrays]}
    text = json.dumps(header).encode()
    return b"".join([struct.pack(">Q", len(text)), text, *(a.tobytes() for a in arrays)])


def _flatten(value: Any, arrays: list[np.ndarray]) -> Any:
    kind = type(value)
    if kind is np.ndarray:
        if value.dtype.name not in DTYPES:
            raise TypeError(f"arrays of {value.dtype.name} cannot be returned")
        arrays.append(value)
        return {"$array": len(arrays) - 1}
    if kind is dict:
        return {str(k): _flatten(v, arrays) for k, v in value.items()}
    if kind in (list, tuple):
        return [_flatten(v, arrays) for v in value]
    if value is None or kind in (bool, int, float, str):
        return value
    raise TypeError(f"a {kind.__name__} cannot be returned")


def decode(read: Read, *, trusted: bool = False) -> Any:
    """Read one frame with ``read(n)``, which returns exactly n bytes.

    ``trusted`` lifts the limits on sizes: the grader's own jobs may be larger than any claim.

    Raises:
        FrameError: the frame is not one, or is larger than a claim may be.
    """
    (length,) = struct.unpack(">Q", read(8))
    if length > MAX_HEADER and not trusted:
        raise FrameError("a header that is too long")  # its length could tell what was seen
    try:
        header = json.loads(read(length))
    except (ValueError, RecursionError):
        raise FrameError("a header that is not JSON") from None
    if not isinstance(header, dict) or set(header) != {"body", "arrays"}:
        raise FrameError("a header without body and arrays")
    specs = _specs(header["arrays"], trusted)
    arrays = [
        np.frombuffer(bytearray(read(size)), dtype=dtype).reshape(shape)
        for dtype, shape, size in specs
    ]
    try:
        return _restore(header["body"], arrays)
    except RecursionError:
        raise FrameError("a body that is nested too deeply") from None


def _specs(claims: Any, trusted: bool) -> list[tuple[np.dtype[Any], tuple[int, ...], int]]:
    if not isinstance(claims, list) or (len(claims) > MAX_ARRAYS and not trusted):
        raise FrameError("too many arrays")
    specs = []
    for claim in claims:
        match claim:
            case [str(name), list(shape)] if name in DTYPES and len(shape) <= MAX_DIMS:
                pass
            case _:
                raise FrameError("an array of an unknown kind")
        if not all(type(n) is int and n >= 0 for n in shape):
            raise FrameError("an array with an impossible shape")
        # numpy refuses some shapes of no bytes at all, for what their other sides would take
        if math.prod(max(n, 1) for n in shape) > MAX_BYTES and not trusted:
            raise FrameError("an array with an impossible shape")
        dtype = np.dtype(name)
        specs.append((dtype, tuple(shape), math.prod(shape) * dtype.itemsize))
    if sum(size for *_, size in specs) > MAX_BYTES and not trusted:
        raise FrameError(f"more than {MAX_BYTES} bytes of arrays")
    return specs


def _restore(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$array"}:
            index = value["$array"]
            if type(index) is not int or not 0 <= index < len(arrays):
                raise FrameError("a reference to an array that was not sent")
            return arrays[index]
        return {k: _restore(v, arrays) for k, v in value.items()}
    if isinstance(value, list):
        return [_restore(v, arrays) for v in value]
    return value
