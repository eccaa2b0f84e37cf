"""What ``torch.cuda`` offers, on a machine without a GPU: it does nothing, and fails nowhere."""

import functools
import types
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch

ANSWERS: dict[str, Any] = {
    "current_device": 0,
    "get_device_capability": (0, 0),
    "get_device_name": "none",
    "get_device_properties": types.SimpleNamespace(
        name="none", total_memory=0, major=0, minor=0, multi_processor_count=0
    ),
    "memory_stats": defaultdict(int),
    "mem_get_info": (0, 0),
    "memory_summary": "",
    "utilization": 0,
    "temperature": 0,
}
"""What is said of a GPU that is not there, where nothing at all would not do."""


class Neutral:
    """An event or a stream of a GPU: whatever is asked of it does nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __enter__(self) -> "Neutral":
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def query(self) -> bool:
        return True

    def elapsed_time(self, other: Any) -> float:
        """Milliseconds between two events."""
        return 0.0

    def __getattr__(self, name: str) -> Callable[..., "Neutral"]:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self


def install() -> None:
    """Make all of ``torch.cuda`` neutral, for good."""
    for name in ("Event", "Stream", "ExternalStream", "CUDAGraph", "device", "stream", "graph"):
        setattr(torch.cuda, name, Neutral)
    for name, value in list(vars(torch.cuda).items()):
        if name in ANSWERS:
            setattr(torch.cuda, name, _always(ANSWERS[name]))
        elif isinstance(value, types.FunctionType) and not name.startswith("_"):
            setattr(torch.cuda, name, _neutral(value))

    torch.Tensor.pin_memory = lambda self, *args, **kwargs: self  # type: ignore[method-assign]
    torch.load = _loading(torch.load)


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
        except (RuntimeError, AssertionError, ImportError, ValueError):
            return Neutral()  # there is no GPU to ask

    return call
