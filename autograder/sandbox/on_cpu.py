"""Code that names a GPU, run on a CPU."""

from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class OnCPU(TorchFunctionMode):
    """Lets code that names a CUDA device run on this machine's CPU."""

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func is torch.Tensor.cuda:
            return args[0]
        if func is torch.Tensor.get_device:
            return 0
        kwargs = {k: _on_cpu(v) for k, v in (kwargs or {}).items()}
        if type(kwargs.get("device")) is int:  # a GPU by its number, as get_device gives it
            kwargs["device"] = "cpu"
        if func is torch.Tensor.to and args[1:] and type(args[1]) is int:
            args = (args[0], "cpu", *args[2:])
        return func(*map(_on_cpu, args), **kwargs)


def _on_cpu(value: Any) -> Any:
    if isinstance(value, str) and (value == "cuda" or value.startswith("cuda:")):
        return "cpu"
    if isinstance(value, torch.device) and value.type == "cuda":
        return torch.device("cpu")
    return value
