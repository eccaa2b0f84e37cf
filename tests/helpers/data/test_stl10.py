"""The layout is checked on a file made by hand, byte by byte."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import helpers
from helpers.data import stl10
from helpers.data.batches import ImageLoader
from helpers.errors import DataError


@pytest.fixture
def by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two training images in the real layout: 3 planes, each 96 columns of 96 pixels."""
    monkeypatch.setattr(stl10, "_prepare", lambda _, data, *__: data)
    image = bytearray(3 * 96 * 96)
    channel, row, column = 1, 20, 70
    image[channel * 96 * 96 + column * 96 + row] = 255  # one green pixel
    (tmp_path / "train_X.bin").write_bytes(bytes(image) + bytes(range(256)) * 108)
    (tmp_path / "train_y.bin").write_bytes(bytes([10, 1]))
    (tmp_path / "class_names.txt").write_text("\n".join("abcdefghij") + "\n")
    return tmp_path


def open_train(folder: Path, **options: Any) -> helpers.STL10:
    return helpers.STL10("train", profile="full", data=folder, **options)


def test_a_pixel_comes_out_where_it_was_put(by_hand: Path) -> None:
    data = open_train(by_hand)
    assert data.images.shape == (2, 3, 96, 96)
    assert np.argwhere(data.images[0]).tolist() == [[1, 20, 70]]
    image, label = data[0]
    assert image.shape == (3, 64, 64) and image.dtype == torch.float32
    assert torch.nonzero(image).tolist() == [[1, 20 - 16, 70 - 16]]
    assert image.max() == 1.0
    assert (label, data[1][1]) == (9, 0)
    assert data.classes[label] == "j"


def test_bytes_run_down_the_columns(by_hand: Path) -> None:
    image = open_train(by_hand).images[1]
    assert image[0, :96, 0].tolist() == list(range(96))
    assert image[0, 0, 1] == 96
    assert image[1, 0, 0] == 96 * 96 % 256


def test_the_file_is_mapped_and_not_read(by_hand: Path) -> None:
    base = open_train(by_hand).images
    while isinstance(base.base, np.ndarray):
        base = base.base
    assert isinstance(base, np.memmap)


def test_a_limited_data_set_needs_no_more_than_the_beginning_of_a_file(by_hand: Path) -> None:
    (by_hand / "train_X.bin").rename(by_hand / "unlabeled_X.bin.first")
    data = helpers.STL10("unlabeled", profile="full", data=by_hand, limit=1)
    assert len(data) == len(data.images) == 1 and data[0][1] == -1
    again = pickle.loads(pickle.dumps(data))
    assert len(again.images) == 1 and np.array_equal(again.images, data.images)


def test_a_pickled_data_set_carries_no_images(by_hand: Path) -> None:
    data = open_train(by_hand)
    pickled = pickle.dumps(data)
    assert len(pickled) < 4000
    assert np.array_equal(pickle.loads(pickled).images, data.images)


def test_a_transform_takes_the_place_of_the_crop(by_hand: Path) -> None:
    data = open_train(by_hand, transform=lambda image: int(image.sum()))
    assert data[0] == (255, 9)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train_X.bin", b"x" * 100, "holds 100 bytes"),
        ("train_X.bin", b"", "holds 0 bytes"),
        ("train_y.bin", bytes([1]), "does not hold 2 labels"),
        ("train_y.bin", bytes([0, 1]), "labels from 1 to 10"),
        ("train_y.bin", bytes([11, 1]), "labels from 1 to 10"),
    ],
)
def test_a_damaged_file_is_named(by_hand: Path, name: str, content: bytes, message: str) -> None:
    (by_hand / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        open_train(by_hand)
    assert name in str(caught.value)


def test_an_unknown_split_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no split 'val'"):
        helpers.STL10("val", profile="mini", data=tmp_path)


def test_random_crops_are_pieces_of_the_image_mirrored_half_of_the_time() -> None:
    """Pixels tell where they come from: channel 0 holds the row, channel 1 the column."""
    rows, columns = np.mgrid[:96, :96].astype(np.uint8)
    image = np.stack([rows, columns, np.zeros_like(rows)])
    torch.manual_seed(0)
    tops, lefts, mirrored = set(), set(), 0
    for _ in range(400):
        crop = (stl10.random_crop(image) * 255).round().int()
        top = int(crop[0, 0, 0])
        assert torch.equal(crop[0], torch.arange(top, top + 64)[:, None].expand(64, 64).int())
        across = crop[1, 0]
        step = int(across[1] - across[0])
        assert abs(step) == 1 and torch.equal(across.diff(), torch.full((63,), step))
        tops.add(top)
        lefts.add(int(across.min()))
        mirrored += step == -1
    assert min(tops | lefts) == 0 and max(tops) == 32 and max(lefts) == 32
    assert 150 < mirrored < 250


def test_loaders_shuffle_what_is_trained_on_and_repeat_with_a_seed(small: helpers.Session) -> None:
    def labels(loader: ImageLoader) -> list[int]:
        return torch.cat([y for _, y in loader]).tolist()

    unlabeled, train, test = helpers.loaders(batch_size=8, unlabeled=16)
    assert (len(unlabeled), len(train), len(test)) == (2, 3, 3)
    images, none = next(iter(unlabeled))
    assert images.shape == (8, 3, 64, 64)
    assert images.min() >= 0 and images.max() <= 1
    assert set(none.tolist()) == {-1}
    torch.manual_seed(5)
    first, second = labels(train), labels(train)
    assert first != second and sorted(first) == sorted(second)
    assert labels(test) == labels(test)
    torch.manual_seed(5)
    assert labels(train) == first


def test_worker_processes_see_the_same_images(small: helpers.Session) -> None:
    data = helpers.STL10("test")
    alone, shared = (DataLoader(data, batch_size=10, num_workers=n) for n in (0, 1))
    for (x, y), (again, labels) in zip(alone, shared, strict=True):
        assert torch.equal(x, again) and torch.equal(y, labels)
