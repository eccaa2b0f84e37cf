"""A GPU that is none: what is asked for on it runs on the CPU, and what it would refuse is refused.

It is appended to a part's probes, and runs beside an answer: torch alone is imported.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode, _pop_mode
from torch.utils import _pytree

import helpers

GPU = torch.device("cuda", 0)
DEVICE, IS_CUDA = torch.Tensor.device.__get__, torch.Tensor.is_cuda.__get__  # type: ignore[attr-defined]
TO_NUMPY: set[Any] = {torch.Tensor.numpy, torch.Tensor.__array__}
# Copies may cross, and indices may lie on the CPU.
CROSSING = {
    torch.Tensor.copy_,
    torch.Tensor.__getitem__,
    torch.Tensor.data.__set__,  # type: ignore[attr-defined]
    torch._has_compatible_shallow_copy_type,
}


class PretendGPU(TorchFunctionMode):
    """Knows by their memory which tensors lie on the GPU; memory that it knows is kept."""

    def __init__(self) -> None:
        super().__init__()
        self._there: dict[int, Any] = {}

    def has(self, x: Any) -> bool:
        return x.untyped_storage()._cdata in self._there

    def _put(self, x: torch.Tensor) -> None:
        storage = x.untyped_storage()
        self._there[storage._cdata] = storage

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func == IS_CUDA:
            return self.has(args[0])
        if func == DEVICE:
            return GPU if self.has(args[0]) else args[0].device
        if func in TO_NUMPY and self.has(args[0]):
            raise TypeError("can't convert cuda:0 device type tensor to numpy: use Tensor.cpu()")
        inputs = [x for x in _pytree.tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
        on_gpu = [x for x in inputs if self.has(x)]
        target, args, kwargs = self._target(func, args, kwargs)
        moves = target is not None and inputs and func.__name__ in ("to", "cuda", "cpu")
        elsewhere = [x for x in inputs if x.dim() and not self.has(x)]
        if on_gpu and elsewhere and not moves and func not in CROSSING:
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices, "
                f"cuda:0 and cpu! (in {func.__name__})"
            )
        if func is torch.Tensor.__getitem__ and on_gpu and not self.has(args[0]):
            raise RuntimeError("indices should be on the same device as the indexed tensor (cpu)")
        # A GPU's cross entropy stays in 16 bits (torch 2.11), a CPU's is made 32.
        with _bits(32) if func is F.cross_entropy else contextlib.nullcontext():
            result = args[0] if moves and func.__name__ != "to" else func(*args, **kwargs)
        if moves and self.has(args[0]) != (target == "cuda"):
            result = result.clone() if result.data_ptr() == args[0].data_ptr() else result
        if target == "cuda" or (target is None and on_gpu):
            for x in _pytree.tree_leaves(result):
                if isinstance(x, torch.Tensor):
                    self._put(x)
        return result

    def _target(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Where the result is asked for, and the arguments without that."""
        name = getattr(func, "__name__", "")
        if name in ("cuda", "cpu"):
            return name, args[:1], {}
        target = None
        if "device" in kwargs and kwargs["device"] is not None:
            target = _kind(kwargs.pop("device"))
        if name == "to":
            for value in args[1:]:
                if isinstance(value, torch.Tensor):
                    target = "cuda" if self.has(value) else "cpu"
                    kwargs["dtype"] = value.dtype
                elif isinstance(value, torch.dtype):
                    kwargs["dtype"] = value
                elif isinstance(value, str | torch.device | int) and not isinstance(value, bool):
                    target = _kind(value)
            args, kwargs = args[:1], {"dtype": args[0].dtype, **kwargs}
        return target, args, kwargs


def _kind(device: Any) -> str:
    """cpu or cuda, of a device, its name, or its number."""
    return "cuda" if isinstance(device, int) else str(device).partition(":")[0]


@contextlib.contextmanager
def _bits(bits: int) -> Iterator[None]:
    """In what products are computed; beside an answer, ``torch.autocast`` does nothing."""
    before = torch.is_autocast_enabled("cpu")
    torch.set_autocast_dtype("cpu", torch.bfloat16)
    torch.set_autocast_enabled("cpu", bits == 16)
    try:
        yield
    finally:
        torch.set_autocast_enabled("cpu", before)
        torch.clear_autocast_cache()


@contextlib.contextmanager
def pretended_gpu(namespace: dict[str, Any]) -> Iterator[None]:
    """``device`` is a GPU in here."""
    scaler = torch.amp.GradScaler
    torch.amp.GradScaler = lambda device="cuda", **options: scaler("cpu", **options)  # type: ignore[assignment, misc]
    helpers.autocast = lambda scaler=None: _bits(16)  # type: ignore[assignment, return-value]
    namespace["device"] = GPU
    while torch._C._len_torch_function_stack():
        _pop_mode()  # what else takes a GPU for a CPU
    with PretendGPU():
        yield


def visible(ns: Any, test: str, gpu: bool) -> dict[str, Any]:
    """Run a visible test as a cell of the notebook."""
    main = sys.modules["__main__"].__dict__
    with pretended_gpu(main) if gpu else contextlib.nullcontext():
        exec(compile(test, "<test>", "exec"), main)
    return {"passed": True}
