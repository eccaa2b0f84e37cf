"""What the notebook says of an encoder and decoder with the numbers of a problem set."""

from functools import cache
from itertools import pairwise
from typing import Any

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


# Torch takes a second to come, which only a release has to spare.


def _wave(*shape: int) -> Any:
    import torch

    count = torch.Size(shape).numel()
    return 0.3 * torch.sin(torch.arange(1.0, count + 1)).view(shape)


@cache
def _largest_feature(*channels: int) -> float:
    import torch.nn.functional as F

    x = _wave(1, 3, 64, 64) / 0.6 + 0.5
    for a, b in pairwise(channels):
        x = F.conv2d(x, _wave(b, a, 4, 4), _wave(b), stride=2, padding=1).relu()
    return float(x.max())


@cache
def _spread_of_pixels(*channels: int) -> float:
    import torch.nn.functional as F

    x = _wave(1, channels[0], 4, 4) / 0.3
    for i, (a, b) in enumerate(pairwise(channels)):
        x = F.conv_transpose2d(
            x.relu() if i else x, _wave(a, b, 4, 4), _wave(b), stride=2, padding=1
        )
    return float(x.sigmoid().std())
