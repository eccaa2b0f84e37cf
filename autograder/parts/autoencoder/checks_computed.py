"""What the notebook says of an encoder and decoder with the numbers of a problem set."""

import math
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from autograder.parts.autoencoder.checks import PART
from autograder.parts.numbers import Values


def widths(values: Values) -> tuple[Any, ...]:
    """The channels, from the image to the features."""
    return (3, *(values[name] for name in ("c1", "c2", "c3", "bottleneck")))


@PART.computed
def encoder_parameters(values: Values) -> int:
    """Of four convolutions: 16 weights for each pair of channels, and a bias a channel."""
    return sum((16 * a + 1) * b for a, b in pairwise(widths(values)))


@PART.computed
def decoder_parameters(values: Values) -> int:
    """The same the other way round."""
    return sum((16 * a + 1) * b for a, b in pairwise(widths(values)[::-1]))


@PART.computed
def largest_feature(values: Values) -> float:
    """What the notebook's test of the encoder compares with, for its image and weights."""
    return _largest_feature(*widths(values))


@PART.computed
def spread_of_pixels(values: Values) -> float:
    """And its test of the decoder."""
    return _spread_of_pixels(*widths(values)[::-1])


# In NumPy: the process that composes notebooks does without torch, which takes a second to come.


def _wave(*shape: int) -> np.ndarray:
    made: np.ndarray = 0.3 * np.sin(np.arange(1.0, math.prod(shape) + 1)).reshape(shape)
    return made


@cache
def _largest_feature(*channels: int) -> float:
    x = _wave(3, 64, 64) / 0.6 + 0.5
    for a, b in pairwise(channels):
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (4, 4), axis=(1, 2))
        sums = np.tensordot(_wave(b, a, 4, 4), windows[:, ::2, ::2], axes=([1, 2, 3], [0, 3, 4]))
        x = np.maximum(sums + _wave(b)[:, None, None], 0)
    return float(x.max())


@cache
def _spread_of_pixels(*channels: int) -> float:
    x = _wave(channels[0], 4, 4) / 0.3
    for layer, (a, b) in enumerate(pairwise(channels)):
        x, side, kernels = np.maximum(x, 0) if layer else x, 2 * x.shape[1], _wave(a, b, 4, 4)
        sums = np.zeros((b, side + 2, side + 2))
        for i, j in np.ndindex(4, 4):
            sums[:, i : i + side : 2, j : j + side : 2] += np.tensordot(
                kernels[:, :, i, j], x, axes=([0], [0])
            )
        x = sums[:, 1:-1, 1:-1] + _wave(b)[:, None, None]
    return float((1 / (1 + np.exp(-x))).std(ddof=1))
