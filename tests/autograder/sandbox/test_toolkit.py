"""What probes share, beside what a real GPU and a real loop would show."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from autograder.grading.compare import difference
from autograder.sandbox.on_cpu import OnCPU
from autograder.sandbox.toolkit import GPUTensor, from_one, steps


def answer(source: str) -> Callable[..., Any]:
    """A function f as a student's cell defines it."""
    namespace: dict[str, Any] = {"np": np, "torch": torch}
    exec(compile(source, "<answer>", "exec"), namespace)
    f: Callable[..., Any] = namespace["f"]
    return f


@pytest.mark.parametrize(
    ("source", "grows"),
    [
        ("f = lambda x: x.sum()", False),
        ("f = lambda x: (x @ x * x).softmax(0).argsort()[:3].tolist()", False),
        ("f = lambda x: [v for v in x.tolist()]", True),
        ("f = lambda x: list(map(lambda v: v + 1, x))", True),
        ("f = lambda x: np.vectorize(lambda v: 2 * v)(x.numpy())", True),
        ("def f(x):\n    total = 0\n    for v in x:\n        total += v\n    return total", True),
    ],
)
def test_a_loop_shows_in_how_the_steps_grow(source: str, grows: bool) -> None:
    f = answer(source)
    few, many = steps(lambda: f(torch.ones(5))), steps(lambda: f(torch.ones(50)))
    assert few > 0
    assert (many - few >= 45) if grows else (many == few)


def test_steps_leave_an_error_and_no_tracing_behind() -> None:
    with pytest.raises(ZeroDivisionError):
        steps(lambda: answer("f = lambda: 1 / 0")())


@pytest.fixture
def gpu() -> Iterator[torch.Tensor]:
    with OnCPU():
        yield torch.tensor([0.5, 2.0, 1.0]).as_subclass(GPUTensor)


def test_a_tensor_on_the_gpu_refuses_numpy_until_it_is_fetched(gpu: torch.Tensor) -> None:
    assert gpu.is_cuda and gpu.device.type == "cuda"
    best = gpu.topk(2).indices
    for wrong in (best.numpy, lambda: np.asarray(best), lambda: np.array(["a", "b", "c"])[best]):
        with pytest.raises(TypeError, match=r"use Tensor\.cpu\(\) first"):
            wrong()
    for right in (best.cpu(), best.to("cpu"), best.detach().to(device="cpu")):
        assert right.numpy().tolist() == [1, 2]
    assert best.numpy(force=True).tolist() == best.tolist() == [1, 2]


def test_a_tensor_on_the_gpu_computes(gpu: torch.Tensor) -> None:
    assert torch.zeros(3, device=gpu.device).add(gpu.cuda()).to(gpu.device).sum() == 3.5


def test_a_loss_of_zero_may_be_rounded() -> None:
    assert not difference(
        {"loss": from_one(torch.tensor(3e-8))}, {"loss": from_one(torch.tensor(0.0))}, 1e-4
    )
    assert difference(
        {"loss": from_one(torch.tensor(0.01))}, {"loss": from_one(torch.tensor(0.0))}, 1e-4
    )
