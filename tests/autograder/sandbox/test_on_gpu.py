"""A CPU that looks like a machine with a GPU, held against what torch does on one."""

import copy
import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from autograder.sandbox.on_gpu import APART, GPUTensor, OnGPU, moved

CPU = torch.device("cpu")
WAYS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "cuda": lambda x: x.cuda(),
    "to a name": lambda x: x.to("cuda"),
    "to a device": lambda x: x.to(torch.device("cuda", 0)),
    "to a number": lambda x: x.to(0),
    "to where another is": lambda x: x.to(torch.zeros(1, device="cuda")),
    "with a type": lambda x: x.to(device="cuda:0", dtype=torch.float32),
    "not blocking": lambda x: x.to("cuda", non_blocking=True),
}


@pytest.fixture(autouse=True)
def gpu() -> Iterator[None]:
    with OnGPU():
        yield


@pytest.fixture
def x() -> torch.Tensor:
    return torch.arange(12.0).reshape(4, 3) / 10


@pytest.mark.parametrize("way", WAYS)
def test_what_is_moved_is_there_and_computes(x: torch.Tensor, way: str) -> None:
    there = WAYS[way](x)
    assert there.is_cuda and there.device.type == "cuda" and not x.is_cuda
    layer = nn.Linear(3, 2)
    out = layer(there)
    assert out.is_cuda and torch.equal(out.cpu(), F.linear(there, layer.weight, layer.bias).cpu())
    out.sum().backward()
    assert layer.weight.grad is not None and layer.weight.grad.is_cuda


@pytest.mark.parametrize(
    "mixed",
    [
        lambda x, g: nn.Linear(3, 2)(x),
        lambda x, g: g + x,
        lambda x, g: torch.cat([g, x]),
        lambda x, g: F.cross_entropy(g, torch.arange(4) % 3),
        lambda x, g: g.index_select(0, torch.arange(2)),
        lambda x, g: nn.Embedding(4, 2)(torch.arange(2)),
        lambda x, g: F.mse_loss(g, x),
    ],
)
def test_tensors_of_both_devices_do_not_mix(x: torch.Tensor, mixed: Callable[..., Any]) -> None:
    with pytest.raises(RuntimeError, match=APART[:40]):
        mixed(x, x.cuda())


@pytest.mark.parametrize(
    "labels",
    [
        lambda g: torch.arange(4, device=g.device) % 3,
        lambda g: (torch.arange(4) % 3).to(g.device),
        lambda g: torch.zeros(4, dtype=torch.long, device="cuda"),
        lambda g: torch.zeros(4, dtype=torch.long).to(CPU),  # as `device` says it here
        lambda g: torch.arange(4, device=CPU) % 3,
        lambda g: g.new_zeros(4).long(),
        lambda g: torch.zeros_like(g[:, 0]).long(),
        lambda g: g.argmax(dim=1),
        lambda g: torch.eye(3)[[0, 1, 2, 0]].type_as(g),
    ],
)
def test_labels_made_beside_logits_do(x: torch.Tensor, labels: Callable[..., Any]) -> None:
    g = x.cuda()
    right = F.cross_entropy(x, torch.as_tensor(labels(g)).cpu())
    assert torch.equal(F.cross_entropy(g, labels(g)).cpu(), right)


@pytest.mark.parametrize(
    "move",
    [
        lambda m: m.to("cuda"),
        lambda m: m.to(torch.device("cuda"), non_blocking=True),
        lambda m: m.to("cuda", torch.float32),
        lambda m: m.cuda(),
        lambda m: m.to(CPU),  # as `device` says it here
        lambda m: m.to(device="cuda:0"),
    ],
)
def test_modules_are_moved_with_their_buffers(x: torch.Tensor, move: Callable[..., Any]) -> None:
    model = move(nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2)))
    weight = next(model.parameters())
    assert weight.is_cuda and isinstance(weight, nn.Parameter)
    out = model(x.to(weight)) + model(x.to(weight.device)) + model(x.to(next(model.parameters())))
    assert out.is_cuda and out.shape == (4, 2)


def test_what_is_made_with_a_gradient_gets_it(x: torch.Tensor) -> None:
    scale = torch.tensor(2.0, device="cuda", requires_grad=True)
    factor = torch.ones(3, device="cuda").requires_grad_()
    (x.cuda() * factor * scale).sum().backward()
    assert scale.grad is not None and scale.grad.item() == pytest.approx(x.sum().item())
    assert factor.grad is not None and torch.allclose(factor.grad.cpu(), 2 * x.sum(0))


def test_what_torch_allows_across_devices_is_allowed(x: torch.Tensor) -> None:
    g, rows = x.cuda(), torch.tensor([0, 2])
    assert torch.equal(g[rows].cpu(), x[rows])
    g[rows] = torch.zeros(2, 3)
    assert (g + torch.tensor(2.0)).is_cuda
    assert g.sum().item() == pytest.approx(x[[1, 3]].sum().item())


def test_arrays_are_made_of_what_was_fetched(x: torch.Tensor) -> None:
    best = x.cuda().topk(2).indices
    for wrong in (best.numpy, lambda: np.asarray(best), lambda: np.arange(9)[best]):
        with pytest.raises(TypeError, match="can't convert cuda:0"):
            wrong()
    for right in (best.cpu(), best.to("cpu"), best.detach().to(device="cpu")):
        assert right.numpy().tolist() == np.asarray(right).tolist() == [[2, 1]] * 4
    assert best.numpy(force=True).tolist() == best.tolist()


def test_training_goes_on_as_ever(x: torch.Tensor) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    plain = copy.deepcopy(model)
    there = moved(model)
    for net, data in ((there, x.cuda()), (plain, x.cuda())):
        moved(net)
        optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            net(data).pow(2).mean().backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
    for a, b in zip(there.parameters(), plain.parameters(), strict=True):
        assert torch.equal(a, b)


def test_models_are_saved_and_copied(x: torch.Tensor) -> None:
    model = moved(nn.BatchNorm1d(3))
    model(x.cuda())
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    read = torch.load(file)
    assert not isinstance(read["running_mean"], GPUTensor)
    other = copy.deepcopy(model)
    other.load_state_dict(read)
    assert isinstance(copy.deepcopy(x.cuda()), GPUTensor)
    assert torch.equal(other(x.cuda()).cpu(), model(x.cuda()).cpu())
