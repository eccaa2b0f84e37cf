"""Code that names a GPU, run on a CPU."""

import re
import sys
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

GPUS = "cuda", "mps", "xpu"
NAMED = re.compile(rf"({'|'.join(GPUS)})(:\d+)?")
SAYS = {"is_cuda": True, "device": torch.device("cuda", 0)}
SAID: dict[Any, Any] = {
    vars(torch._C.TensorBase)[name].__get__: said for name, said in SAYS.items()
}
"""What a tensor on a GPU says of itself."""

CELLS = "<answer", "<extra", "<other", "<given"


class OnCPU(TorchFunctionMode):
    """Lets code that names a CUDA device run on this machine's CPU.

    With ``as_asked``, tensors tell cells that they are on a GPU, once a cell asked for one: it may
    assert that they are. Those who ask whether there is one first are told no, and never do.
    """

    def __init__(self, as_asked: bool = False) -> None:
        super().__init__()
        self.as_asked, self.asked = as_asked, False

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if self.asked and func in SAID and sys._getframe(1).f_code.co_filename.startswith(CELLS):
            return SAID[func]
        if func is torch.device:
            return func(*args, **kwargs or {})
        if func is torch.Tensor.cuda:
            self.asked = self.as_asked
            return args[0]
        if func is torch.Tensor.get_device:
            return 0
        kwargs = {k: self._here(v) for k, v in (kwargs or {}).items()}
        kwargs.pop("pin_memory", None)
        if type(kwargs.get("device")) is int:  # a GPU by its number, as get_device gives it
            kwargs["device"] = "cpu"
        if func is torch.Tensor.to and args[1:] and type(args[1]) is int:
            args = (args[0], "cpu", *args[2:])
        return func(*map(self._here, args), **kwargs)

    def _here(self, value: Any) -> Any:
        here = on_cpu(value)
        self.asked |= self.as_asked and here is not value
        return here


def on_cpu(value: Any) -> Any:
    """What to give torch in the place of a GPU, or of a type of its tensors."""
    if isinstance(value, str):
        if NAMED.fullmatch(value):
            return "cpu"
        return value.replace("torch.cuda.", "torch.", 1) if "Tensor" in value else value
    if isinstance(value, torch.device) and value.type in GPUS:
        return torch.device("cpu")
    return value
