"""What a step asks of a machine, and how much of that the machine can do in a second."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

VIEWS = (
    *("view", "reshape", "expand", "transpose", "permute", "slice", "select", "detach", "alias"),
    *("t.", "unsqueeze", "squeeze", "split", "unbind", "empty", "as_strided"),
)

CHOSEN = ("index.", "index_select", "gather", "embedding.")


class Bytes(TorchDispatchMode):
    """Counts operations, and the bytes that they read and write; views move none."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes = self.operations = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        name = str(func).removeprefix("aten.").lstrip("_")
        if not name.startswith(VIEWS):
            self.operations += 1
            read = (made, *args[1:]) if name.startswith(CHOSEN) else args  # of a table, some rows
            for leaf in tree_leaves((read, kwargs, made)):
                if isinstance(leaf, Tensor):
                    self.bytes += leaf.numel() * leaf.element_size()
        return made


def asked(step: Callable[[], Any]) -> tuple[int, int, int]:
    """FLOPs of products and convolutions, bytes read and written, and operations of a step."""
    with FlopCounterMode(display=False) as flops, Bytes() as moved:
        step()
    return flops.get_total_flops(), moved.bytes, moved.operations


def ceilings(device: torch.device) -> tuple[float, float]:
    """FLOPs a second of a float32 product as convolutions have it, and bytes a second of a copy."""
    gpu = device.type == "cuda"
    n, size = (8192, 1 << 30) if gpu else (1024, 1 << 27)
    a = torch.randn(n, n, device=device)
    block = torch.empty(size, dtype=torch.uint8, device=device)
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32
    try:
        flops = 2 * n**3 / seconds(lambda: a @ a)
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
    return flops, 2 * size / seconds(block.clone)


def seconds(step: Callable[[], Any], runs: int = 5) -> float:
    """The least seconds that a step took, after one that did not count."""
    taken = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        step()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - began)
    return min(taken[1:])
