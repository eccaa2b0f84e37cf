"""What ``torch.cuda`` offers, on a machine without a GPU: it does nothing, and fails nowhere."""

import functools
import inspect
import time
import types
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.attention
from torch.utils._device import DeviceContext

from autograder.sandbox import late
from autograder.sandbox.on_cpu import on_cpu
from autograder.sandbox.quiet import Quiet


class Neutral(Quiet):
    """A stream, a graph, a range of a GPU, or what is said of it: 0, and nothing happens."""

    def query(self) -> bool:
        return True


class Event(Neutral):
    """An event of a GPU: on a CPU, the time when it was recorded."""

    at = 0.0

    def record(self, *args: Any, **kwargs: Any) -> None:
        self.at = time.perf_counter()

    def elapsed_time(self, other: "Event") -> float:
        """Milliseconds between two events."""
        return 1e3 * (other.at - self.at)


class Properties(types.SimpleNamespace):
    """Of a GPU that is not there. Shares of its memory are computed: that is not 0."""

    name, total_memory = "none", 1

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Neutral()


ANSWERS: dict[str, Any] = {
    "current_device": 0,
    "get_device_capability": (0, 0),
    "get_device_name": "none",
    "get_device_properties": Properties(),
    "get_memory_info": (0, 1),
    "get_rng_state": torch.ByteTensor(),
    "memory_stats": defaultdict(int),
    "mem_get_info": (0, 1),
    "memory_summary": "",
    "utilization": 0,
    "temperature": 0,
}
"""What is said of a GPU that is not there, where nothing at all would not do."""

QUIET_MODULES = (
    torch.cuda, torch.cuda.memory, torch.cuda.random, torch.cuda.nvtx, torch.cuda.profiler,
    torch.accelerator, torch.mps, torch.xpu,
)  # fmt: skip


class Generator(torch.Generator):
    """A generator of random numbers, wherever it was wanted."""

    def __new__(cls, device: Any = "cpu") -> "Generator":
        return super().__new__(cls, device=on_cpu(device))  # type: ignore[call-arg]


def install() -> None:
    """Make all of ``torch.cuda`` neutral, for good."""
    for module in QUIET_MODULES:
        for name, value in list(vars(module).items()):
            if name in ANSWERS:
                setattr(module, name, _always(ANSWERS[name]))
            elif isinstance(value, types.FunctionType) and not name.startswith("_"):
                stretch = inspect.isgeneratorfunction(inspect.unwrap(value))
                setattr(module, name, Neutral if stretch else _neutral(value))
    for name, value in list(vars(torch.cuda).items()):
        if name.endswith("Tensor") and hasattr(torch, name):
            setattr(torch.cuda, name, getattr(torch, name))
        elif isinstance(value, type) and _is_of_gpu(value):
            setattr(torch.cuda, name, Event if name == "Event" else Neutral)
    for module in (torch.nn.attention, torch.backends.cuda):
        vars(module).update(sdpa_kernel=Neutral, sdp_kernel=Neutral)
    torch.cuda.make_graphed_callables = lambda callables, *args, **kwargs: callables
    torch.cuda.default_generators = (torch.default_generator,)
    torch.Tensor.pin_memory = lambda self, *args, **kwargs: self  # type: ignore[method-assign]
    torch.Tensor.record_stream = lambda self, *args, **kwargs: None  # type: ignore[method-assign]
    torch.load, torch.jit.load = _loading(torch.load), _loading(torch.jit.load)
    torch.Generator = Generator  # type: ignore[misc]
    torch.set_default_tensor_type = _moved(torch.set_default_tensor_type)
    DeviceContext.__init__ = _moved(DeviceContext.__init__)  # type: ignore[method-assign]
    late.change("safetensors", _moving_files)
    late.change("safetensors.torch", _moving_files)


def _is_of_gpu(kind: type) -> bool:
    return kind.__module__.startswith("torch.cuda") and not issubclass(kind, BaseException)


def _moving_files(module: types.ModuleType) -> None:
    if "safe_open" in module.__dict__:
        module.__dict__["safe_open"] = _moved(module.__dict__["safe_open"])


def _moved(function: Any) -> Any:
    """A function that gets the CPU where it is given a GPU."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*map(on_cpu, args), **{k: on_cpu(v) for k, v in kwargs.items()})

    return call


def _loading(load: Any) -> Any:
    @functools.wraps(load)
    def to_cpu(f: Any, map_location: Any = None, *args: Any, **kwargs: Any) -> Any:
        return load(f, None if map_location is None else "cpu", *args, **kwargs)

    return to_cpu


def _always(answer: Any) -> Callable[..., Any]:
    return lambda *args, **kwargs: answer


def _neutral(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception:
            asks = function.__name__.startswith(("is_", "can_"))
            return False if asks else Neutral()  # there is no GPU to ask

    return call
