"""Mixed precision where it pays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.session import session

if TYPE_CHECKING:
    import torch


def autocast() -> torch.autocast:
    """A context in which a GPU computes in bfloat16, if it has that natively, and weights stay.

    Older GPUs (a T4, say) emulate bfloat16 slowly, and CPUs gain little: there it does nothing.
    """
    import torch

    device = session().device
    native = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    return torch.autocast(device.type, torch.bfloat16, enabled=native)
