"""What probes share, beside what a real GPU and a real loop would show."""

import contextlib
import linecache
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from autograder.grading.compare import difference
from autograder.sandbox.on_gpu import OnGPU
from autograder.sandbox.toolkit import defaults, from_one, loader, steps


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


def test_steps_are_counted_in_whatever_file() -> None:
    f = answer(
        "def f(x):\n    out = []\n"
        "    code = 'for v in x: out.append(v)'\n"
        "    exec(compile(code, '/usr/lib/python3/os.py', 'exec'), {'x': x, 'out': out})"
    )
    few, many = steps(lambda: f(torch.ones(5))), steps(lambda: f(torch.ones(50)))
    assert many - few >= 45


def test_a_loader_ends_with_a_smaller_minibatch_and_shuffles_as_its_seed_says() -> None:
    data = TensorDataset(torch.arange(10))
    assert [len(b) for (b,) in loader(data)] == [4, 4, 2]
    shuffled = loader(data, 3)
    epochs = [torch.cat([b for (b,) in shuffled]).tolist() for _ in range(2)]
    assert epochs[0] != epochs[1] and sorted(epochs[0]) == sorted(epochs[1]) == list(range(10))
    assert torch.cat([b for (b,) in loader(data, 3)]).tolist() == epochs[0]


def test_defaults_are_told_as_they_are_or_as_none() -> None:
    f = answer("def f(x, k=9, scale=None, *, mode=True): pass")
    assert defaults(f, "k", "mode") == {"default of `k`": 9, "default of `mode`": True}
    assert set(defaults(f, "x", "scale", "absent").values()) == {"none"}
    decorated = answer(
        "def timed(g):\n    def call(*args, **kwargs):\n        return g(*args, **kwargs)\n"
        "    return call\n\n@timed\ndef f(x, k=9): pass"
    )
    assert defaults(decorated, "k") == {"default of `k`": 9}


@pytest.mark.parametrize(
    ("source", "refused"),
    [("x = x.cuda() if torch.cuda.is_available() else x\n", False), ("x = x + 1\n", True)],
)
def test_cells_that_were_told_that_there_is_no_gpu_may_mix_devices(
    source: str, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(linecache.cache, "<answer>", (len(source), None, [source], "<answer>"))
    layer = nn.Linear(3, 2)
    with OnGPU(), pytest.raises(RuntimeError) if refused else contextlib.nullcontext():
        layer(torch.ones(4, 3))


def test_a_loss_of_zero_may_be_rounded() -> None:
    assert not difference(
        {"loss": from_one(torch.tensor(3e-8))}, {"loss": from_one(torch.tensor(0.0))}, 1e-4
    )
    assert difference(
        {"loss": from_one(torch.tensor(0.01))}, {"loss": from_one(torch.tensor(0.0))}, 1e-4
    )
