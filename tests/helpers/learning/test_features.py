import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import helpers


class Counting(nn.Module):
    """An encoder with everything that a frozen one must not do: noise and running statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(3, 4, 4, stride=4), nn.BatchNorm2d(4), nn.Dropout(0.5))
        self.calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        features: torch.Tensor = self.net(x)
        return features


@pytest.fixture
def data() -> TensorDataset:
    torch.manual_seed(0)
    return TensorDataset(torch.rand(10, 3, 8, 8), torch.arange(10))


def test_cached_features_equal_encoding_directly(data: TensorDataset) -> None:
    encoder = Counting().eval()
    cached = helpers.cached_features(encoder, DataLoader(data, batch_size=4))
    with torch.no_grad():
        batches = [(encoder(x), y) for x, y in DataLoader(data, batch_size=4)]
    assert len(cached) == len(batches) == 3
    for (features, labels), (expected, y) in zip(cached, batches, strict=True):
        assert torch.equal(features, expected)
        assert torch.equal(labels, y)


def test_images_are_encoded_once_however_many_epochs(data: TensorDataset) -> None:
    encoder = Counting()
    cached = helpers.cached_features(encoder, DataLoader(data, batch_size=4))
    for _ in range(5):
        list(cached)
    assert encoder.calls == 3


def test_the_encoder_is_left_as_it_was(data: TensorDataset) -> None:
    encoder = Counting().train()
    before = {k: v.clone() for k, v in encoder.state_dict().items()}
    cached = helpers.cached_features(encoder, DataLoader(data, batch_size=4))
    assert encoder.training and encoder.net[1].training
    assert all(torch.equal(v, before[k]) for k, v in encoder.state_dict().items())
    assert not next(iter(cached))[0].requires_grad
    assert all(p.requires_grad for p in encoder.parameters())


def test_the_encoder_gets_its_mode_back_after_an_error(data: TensorDataset) -> None:
    encoder = Counting().train()
    wrong = DataLoader(TensorDataset(torch.rand(2, 5, 8, 8), torch.arange(2)))
    with pytest.raises(RuntimeError):
        helpers.cached_features(encoder, wrong)
    assert encoder.training


def test_a_shuffled_loader_stays_shuffled_and_keeps_pairs(data: TensorDataset) -> None:
    loader = DataLoader(data, batch_size=4, shuffle=True)
    cached = helpers.cached_features(nn.Flatten(), loader)
    torch.manual_seed(1)
    first, second = (torch.cat([y for _, y in cached]) for _ in range(2))
    assert not torch.equal(first, second)
    assert sorted(first.tolist()) == list(range(10))
    for features, labels in cached:
        assert torch.equal(features, data.tensors[0][labels].flatten(1))
