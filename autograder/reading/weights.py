"""Files of weights that were handed in, read as data."""

import numpy as np

from helpers.handing.results import LARGEST_MODEL

SUFFIX = ".safetensors"
LARGEST = LARGEST_MODEL + (1 << 16)  # the file: the weights, and a header
MOST_TENSORS = 200


class ModelError(Exception):
    """A file of weights that is none, or is not what helpers writes; the message says why."""


def weights(data: bytes) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file, by the names that helpers gives them.

    Raises:
        ModelError: it is too large, damaged, or holds anything but finite numbers.
    """
    from safetensors.numpy import load

    if len(data) > LARGEST:
        raise ModelError(f"it has {len(data) >> 20} MB")
    try:
        arrays: dict[str, np.ndarray] = load(data)
    except Exception as error:  # what it raises for a damaged file has many types
        raise ModelError("it is no safetensors file") from error
    if not 0 < len(arrays) <= MOST_TENSORS:
        raise ModelError(f"it holds {len(arrays)} tensors")
    for array in arrays.values():
        if array.dtype not in (np.float32, np.int64) or not np.isfinite(array).all():
            raise ModelError("it holds something else than finite numbers")
    return dict(sorted(arrays.items()))
