"""Mixed precision where it pays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers._session import current

if TYPE_CHECKING:
    import torch


def autocast(scaler: torch.amp.GradScaler | None = None) -> torch.autocast:
    """A context in which a GPU computes in 16 bits, where that is quick, and weights stay float32.

    A GPU with native bfloat16 takes that, and needs no scaler. Older ones (a T4, say) emulate
    bfloat16 slowly: they take float16, if there is a ``scaler`` for the loss, since gradients are
    too small for it without. CPUs gain little: there it does nothing.
    """
    import torch

    gpu, native = _device()
    return torch.autocast(
        "cuda" if gpu else "cpu",
        torch.float16 if gpu and not native else torch.bfloat16,
        enabled=native or (gpu and scaler is not None),
    )


def grad_scaler() -> torch.amp.GradScaler | None:
    """What scales the loss for ``autocast`` in float16; None where that is not used."""
    import torch

    gpu, native = _device()
    return torch.amp.GradScaler("cuda") if gpu and not native else None


def _device() -> tuple[bool, bool]:
    """Whether the session (else this machine) has a GPU, and whether it has native bfloat16."""
    import torch

    here = current()
    device = here.device if here else torch.device("cuda" if torch.cuda.is_available() else "cpu")
    gpu = device.type == "cuda"
    return gpu, gpu and torch.cuda.get_device_capability(device) >= (8, 0)
