"""From RGB to Lab: lightness in one channel, colour in two."""

from __future__ import annotations

import torch
from torch import Tensor

# IEC 61966-2-1 (sRGB), and CIE 15 for the 2° observer and D65; the numbers of skimage.color.
_TO_XYZ = (
    (0.412453, 0.357580, 0.180423),
    (0.212671, 0.715160, 0.072169),
    (0.019334, 0.119193, 0.950227),
)
_WHITE = (0.95047, 1.0, 1.08883)


def rgb_to_lab(images: Tensor) -> Tensor:
    """Lab values of sRGB images, pixel by pixel, as ``skimage.color.rgb2lab`` has them.

    Args:
        images: (..., 3, H, W), uint8, or floating in [0, 1]; on any device.

    Returns:
        (..., 3, H, W) float32: L from 0 to 100, then a (green to red) and b (blue to yellow),
        each roughly -110 to 110. Grey has a = b = 0.

    Raises:
        ValueError: the third axis from the end has not 3 channels.
    """
    if images.dim() < 3 or images.shape[-3] != 3:
        raise ValueError(f"images have the shape {tuple(images.shape)}, not (..., 3, H, W)")
    if images.dtype == torch.uint8:
        levels = torch.arange(256, dtype=torch.float64, device=images.device) / 255
        linear = _linear(levels).float()[images.long()]
    else:
        linear = _linear(images.float())
    to_xyz = torch.tensor(_TO_XYZ, device=images.device)
    to_xyz = to_xyz / torch.tensor(_WHITE, device=images.device)[:, None]
    x, y, z = _f(torch.einsum("ij,...jhw->...ihw", to_xyz, linear)).unbind(-3)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=-3)


def _linear(value: Tensor) -> Tensor:
    """Light of an sRGB value, both in [0, 1]."""
    return torch.where(value > 0.04045, ((value + 0.055) / 1.055) ** 2.4, value / 12.92)


def _f(t: Tensor) -> Tensor:
    # The clamp keeps the root's branch, which `where` evaluates too, away from 0.
    return torch.where(t > 0.008856, t.clamp(min=1e-6) ** (1 / 3), 7.787 * t + 16 / 116)
