import numpy as np
import pytest
import torch
from skimage.color import rgb2lab
from torch import nn

import helpers
from helpers.data.lab import LabImages


@pytest.fixture
def images(small: helpers.Session) -> LabImages:
    return LabImages("unlabeled")


def test_images_are_scaled_lab(small: helpers.Session, images: LabImages) -> None:
    rgb = helpers.STL10("unlabeled").images
    expected = (rgb2lab(np.moveaxis(rgb, 1, -1)) - [50, 0, 0]) / 3.2
    assert images.images.dtype == torch.float16
    found = images.images.float().numpy()
    assert np.abs(found - np.moveaxis(expected, -1, 1)).max() < 0.016  # half a float16 step near 32
    assert len(images) == len(rgb) and set(images.labels.tolist()) == {-1}


def test_an_item_is_the_centre_its_label_and_its_place(small: helpers.Session) -> None:
    train = LabImages("train", limit=7)
    assert len(train) == 7
    image, label, index = train[5]
    assert torch.equal(image, train.images[5, :, 16:80, 16:80].float())
    assert (label, index) == (helpers.STL10("train")[5][1], 5)


def test_the_three_loaders(small: helpers.Session) -> None:
    unlabeled, train, test = helpers.lab_loaders(batch_size=8, unlabeled=16)
    assert [len(loader.dataset) for loader in (unlabeled, train, test)] == [16, 20, 20]
    assert [len(next(iter(loader))) for loader in (unlabeled, train, test)] == [3, 2, 2]
    first, second = (torch.cat([y for _, y in test]) for _ in range(2))
    assert torch.equal(first, second) and torch.equal(first, test.dataset.labels)


def test_cached_features_of_lab_images(small: helpers.Session) -> None:
    train = helpers.lab_loaders(batch_size=8).train
    cached = helpers.cached_features(nn.Flatten(), train)
    assert cached.shuffle and len(cached) == 3
    expected = torch.cat([x.flatten(1) for x, _ in train.in_order()])
    assert torch.equal(cached.features, expected)
    assert torch.equal(cached.labels, train.dataset.labels)
