from collections.abc import Callable
from typing import Any

import pytest
import torch

import helpers
from bench.limits import Bytes
from helpers.data import batches
from helpers.data.batches import ImageLoader, _gathered, _sliced, crops
from helpers.data.lab import LabImages


@pytest.fixture
def images(small: helpers.Session) -> LabImages:
    return LabImages("unlabeled")


def loader_of(images: LabImages, batch_size: int, **how: Any) -> ImageLoader:
    return ImageLoader(images, images.images, images.labels, batch_size, **how)


@pytest.mark.parametrize("cut", [_sliced, _gathered])
def test_a_crop_is_cut_and_mirrored(images: LabImages, cut: Callable[..., torch.Tensor]) -> None:
    n = 9
    rows, tops, lefts = torch.randint(40, (n,)), torch.arange(n), 3 * torch.arange(n)
    flips = torch.arange(n) % 2 == 0
    found = cut(images.images, rows, tops, lefts, flips)
    assert found.shape == (n, 3, 64, 64) and found.dtype == torch.float32
    for k in range(n):
        expected = images.images[rows[k], :, tops[k] : tops[k] + 64, lefts[k] : lefts[k] + 64]
        expected = expected.flip(-1) if flips[k] else expected
        assert torch.equal(found[k], expected.float())


def test_every_image_gets_a_crop_and_a_flip_of_its_own(images: LabImages) -> None:
    torch.manual_seed(0)
    images.images[:] = images.images[0].clone()
    (first, _, _), *_ = loader_of(images, 40, augment=True, index=True)
    assert len({x.numpy().tobytes() for x in first}) > 30
    (again, _, _), *_ = loader_of(images, 40, augment=True, index=True)
    assert not torch.equal(first, again)


def test_an_epoch_has_every_image_once_and_says_which(images: LabImages) -> None:
    loader = loader_of(images, 12, shuffle=True, index=True)
    places = [index for _, _, index in loader]
    assert [len(p) for p in places] == [12, 12, 12, 4] and len(loader) == 4
    assert sorted(torch.cat(places).tolist()) == list(range(40))
    assert torch.cat(places).tolist() != torch.cat([i for _, _, i in loader]).tolist()
    x, _, index = next(iter(loader))
    assert torch.equal(x[3], images[int(index[3])][0])


def test_bytes_become_numbers_from_0_to_1(small: helpers.Session) -> None:
    data = helpers.STL10("unlabeled")
    pixels = torch.from_numpy(data.images.copy())
    rows, edge = torch.tensor([3, 1]), torch.full((2,), 16)
    found = crops(pixels, rows, edge, edge, torch.tensor([False, True]))
    expected = pixels[rows, :, 16:80, 16:80].float() / 255
    assert torch.equal(found, torch.stack([expected[0], expected[1].flip(-1)]))


@pytest.mark.parametrize("batch_size", [8, 40])
def test_a_batch_on_a_gpu_takes_few_operations_and_moves_few_bytes(
    images: LabImages, monkeypatch: pytest.MonkeyPatch, batch_size: int
) -> None:
    """A GPU waits for its operations to be asked for: so many a batch, however large it is."""
    monkeypatch.setattr(batches, "_sliced", _gathered)
    loader = loader_of(images, batch_size, shuffle=True, augment=True, index=True)
    with Bytes() as seen:
        made = sum(x.numel() * x.element_size() for x, *_ in loader)
    assert seen.operations / len(loader) < 30
    assert seen.bytes < 6 * made  # bytes read, bytes made, made numbers, places
