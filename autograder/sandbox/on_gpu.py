"""Makes a CPU look like a machine with a GPU: tensors that were not moved there do not mix."""

import linecache
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode, resolve_name

CUDA = torch.device("cuda", 0)
APART = (
    "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"
)
ON_GPU = (
    "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host "
    "memory first."
)
AS_ARRAY = "torch.Tensor.numpy", "torch.Tensor.__array__"
CELLS = "<answer", "<extra", "<other"
MAY_MIX = frozenset(
    f"torch.Tensor.{name}"
    for name in (
        "__getitem__", "__setitem__", "copy_", "expand_as", "reshape_as", "to", "type_as", "view_as"
    )
)  # fmt: skip
"""What takes tensors of several devices."""


class Told(torch.Tensor):
    """A tensor that tells where it is, and is saved as any other."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        with torch._C.DisableTorchFunction():
            return self.as_subclass(torch.Tensor).__reduce_ex__(protocol)

    def __deepcopy__(self, memo: Any) -> Any:
        with torch._C.DisableTorchFunction():
            return memo.setdefault(id(self), self.detach().clone().as_subclass(type(self)))


class GPUTensor(Told):
    """A tensor that lies on the GPU, as far as can be told; parameters do as well."""


class Placed(Told):
    """A tensor on a device that code asked for by a name, such as ``device``, and that says CPU.

    On a machine with a GPU it might say another: such a tensor goes with those of either.
    """


PLACED = torch.Tensor, Placed


class OnGPU(TorchFunctionMode):
    """While it lasts, tensors made for a GPU, and what is computed from them, lie on one.

    What torch would refuse there is refused: to compute with tensors of both devices, and to make
    arrays of those on the GPU. Parameters are taken for moved. Cells that asked whether there is a
    GPU were told no: what they left where it was may mix.
    """

    def __init__(self) -> None:
        super().__init__()
        cells = [name for name in linecache.cache if name.startswith(CELLS)]
        lines = [line for name in cells for line in linecache.getlines(name)]
        self.told_no = any("is_available" in line for line in lines)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        tensors = _tensors([*args, *kwargs.values()])
        there = any(map(_there, tensors))
        with torch._C.DisableTorchFunctionSubclass():
            if there and (said := SAYS.get(func)) is not None:
                return said
            name = resolve_name(func)
            if name in ("torch.Tensor.cpu", "torch.Tensor.cuda"):
                return _as(args[0], GPUTensor if name.endswith("cuda") else torch.Tensor)
            if there and name in AS_ARRAY and not kwargs.get("force"):
                raise TypeError(ON_GPU)
            may_mix = self.told_no or name in MAY_MIX
            if there and not may_mix and any(map(_elsewhere, tensors)):
                raise RuntimeError(APART)
            asked, args, kwargs = _device_of(name, args, kwargs)
            result = func(*args, **kwargs)
            if name == "torch.Tensor.__getitem__":
                there = _there(args[0])
            if asked is None and args and result is args[0]:  # changed in place
                return result
            anywhere = any(isinstance(t, Placed) for t in tensors)
            kind = asked or (GPUTensor if there else PLACED[anywhere])
            if not tensors and isinstance(result, torch.Tensor) and result.requires_grad:
                return result.detach().as_subclass(kind).requires_grad_()  # a leaf of its own
            return _placed(result, kind)


SAYS: dict[Any, Any] = {
    vars(torch._C.TensorBase)["device"].__get__: CUDA,
    vars(torch._C.TensorBase)["is_cuda"].__get__: True,
    torch.Tensor.get_device: 0,
}


def moved(value: Any) -> Any:
    """Arrays, tensors, a module's buffers, or what a dict or list has of them, on the GPU."""
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(value)
    if isinstance(value, nn.Module):
        for module in value.modules():
            for name, buffer in module._buffers.items():
                module._buffers[name] = moved(buffer)
        return value
    if isinstance(value, Mapping):
        return {k: moved(v) for k, v in value.items()}
    return _as(value, GPUTensor) if isinstance(value, torch.Tensor) else value


def _there(tensor: torch.Tensor) -> bool:
    return isinstance(tensor, GPUTensor | nn.Parameter)


def _elsewhere(tensor: torch.Tensor) -> bool:
    """Whether a tensor is one of the CPU's, for certain; one number goes with any."""
    return bool(tensor.dim()) and not isinstance(tensor, GPUTensor | Placed | nn.Parameter)


def _tensors(values: Any) -> list[torch.Tensor]:
    found = []
    for value in values:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += _tensors(value)
    return found


def _as(tensor: torch.Tensor, kind: type[torch.Tensor]) -> torch.Tensor:
    if type(tensor) is kind or (kind is GPUTensor and _there(tensor)):
        return tensor
    return tensor.as_subclass(kind)


def _placed(result: Any, kind: type[torch.Tensor]) -> Any:
    """What was computed, as tensors of a kind."""
    if isinstance(result, torch.Tensor):
        return _as(result, kind)
    if type(result) in (list, tuple):
        return type(result)(_placed(r, kind) for r in result)
    if isinstance(result, tuple):  # named ones, as topk gives them
        return type(result)([_placed(r, kind) for r in result])
    return result


def _device_of(name: str, args: Any, kwargs: Any) -> tuple[type[torch.Tensor] | None, Any, Any]:
    """The kind of tensor that a call asks for, if any, and its arguments with the CPU for a GPU."""
    at = 1 if name in ("torch.Tensor.to", "torch.Tensor.type_as") else len(args)
    asked: type[torch.Tensor] | None = None
    for value in [*args[at:], kwargs.get("device")]:
        if isinstance(value, torch.Tensor):
            asked = GPUTensor if _there(value) else type(value)
        elif type(value) is int or isinstance(value, torch.device | str):
            asked = Placed if str(value) == "cpu" else GPUTensor
    if asked is not GPUTensor:
        return asked, args, kwargs
    here = ["cpu" if type(a) is not bool and isinstance(a, str | int | torch.device) else a
            for a in args[at:]]  # fmt: skip
    args = (*args[:at], *here)
    return asked, args, {**kwargs, **({"device": "cpu"} if "device" in kwargs else {})}
