import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skimage.color import rgb2lab

from helpers import rgb_to_lab


def reference(images: np.ndarray) -> np.ndarray:
    """scikit-image, on (..., 3, H, W)."""
    return np.moveaxis(rgb2lab(np.moveaxis(images, -3, -1)), -1, -3)


def test_every_kind_of_colour_is_as_in_scikit_image() -> None:
    steps = np.linspace(0, 255, 52).astype(np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps)).reshape(3, 52, -1)
    lab = rgb_to_lab(torch.from_numpy(colours))
    assert lab.dtype == torch.float32
    assert np.abs(lab.numpy() - reference(colours)).max() < 1e-4


@given(st.integers(0, 2**32 - 1))
def test_floats_are_as_in_scikit_image(seed: int) -> None:
    images = np.random.default_rng(seed).random((2, 3, 5, 4)) ** 3  # many dark ones
    lab = rgb_to_lab(torch.from_numpy(images))
    assert np.abs(lab.numpy() - reference(images)).max() < 1e-4


def test_grey_has_no_colour_and_white_is_100() -> None:
    grey = torch.arange(256, dtype=torch.uint8).expand(3, 1, 256)
    lab = rgb_to_lab(grey)
    assert lab[1:].abs().max() < 2e-2  # the white point is rounded to five digits
    assert lab[0, 0, 0] == pytest.approx(0, abs=1e-4)
    assert lab[0, 0, 255] == pytest.approx(100, abs=1e-3)


def test_the_gradient_is_finite_in_the_dark() -> None:
    images = torch.zeros(3, 2, 2, requires_grad=True)
    torch.autograd.backward(rgb_to_lab(images).sum())
    assert images.grad is not None and images.grad.isfinite().all()


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(4, 5, 3\)"):
        rgb_to_lab(torch.zeros(4, 5, 3))
