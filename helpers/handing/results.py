"""Results that a notebook shows and a grader can read, and the models behind them."""

from __future__ import annotations

import hashlib
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

from helpers._session import current
from helpers.errors import HelpersError
from helpers.notebook import RESULT, in_notebook

if TYPE_CHECKING:
    from torch import nn

KINDS = ("mini", "full", "quick")
PRINTED = re.compile(
    rf"^(\w+): test accuracy (\d\.\d+) \(({'|'.join(KINDS)}) profile\)$", re.MULTILINE
)
"""The line itself: what is left of a result where a tool dropped the rest."""

LARGEST_MODEL = 4 << 20  # bytes; larger models stay where they are


def record(
    name: str,
    accuracy: float,
    encoder: nn.Module | None = None,
    classifier: nn.Module | None = None,
) -> None:
    """Show a test accuracy, and keep it in the cell's output for the hand-in and the grader.

    Args:
        name: what was tested, a word such as ``"supervised"``.
        accuracy: a fraction in [0, 1].
        encoder: images to features, and
        classifier: features to logits: with both given, their weights are kept for the hand-in,
            so that the accuracy can be measured again without training.

    Raises:
        HelpersError: the name is no single word, or the accuracy no fraction.
    """
    value = float(accuracy)
    if not (math.isfinite(value) and 0 <= value <= 1):
        raise HelpersError(
            f"The accuracy of {name!r} is {accuracy!r}: it must be a fraction from 0 to 1."
        )
    if not name.isidentifier():
        raise HelpersError(f"A result is named by one word such as 'supervised', not {name!r}.")
    here = current()
    profile = here.kind if here else "mini"
    result = {"name": name, "accuracy": round(value, 6), "profile": profile}
    if here and encoder is not None and classifier is not None:
        result |= _keep(here.checkpoints, name, {"encoder": encoder, "classifier": classifier})
    line = f"{name}: test accuracy {value:.4f} ({profile} profile)"
    if not in_notebook():
        print(line)
        return
    from IPython.display import display

    display({"text/plain": line, RESULT: result}, raw=True)


def model_file(checkpoints: Path, name: str, digest: str) -> Path:
    """Where the models behind a result are kept; ``digest`` is the SHA-256 of the file."""
    return checkpoints / "results" / f"{name}-{digest[:16]}.safetensors"


def _keep(checkpoints: Path, name: str, modules: dict[str, nn.Module]) -> dict[str, str]:
    """Write the weights to a file; its SHA-256, which ties them to the result.

    Tensors are named by module, place and own name, such as ``encoder/003/encoder.2.bias``: a
    grader's network of the same shape may have other names.
    """
    from safetensors.torch import save

    tensors = {}
    for role, module in modules.items():
        own = [*module.named_parameters(), *module.named_buffers()]
        for place, (key, tensor) in enumerate(own):
            tensors[f"{role}/{place:03}/{key}"] = tensor.detach().cpu().contiguous().clone()
    if sum(t.numel() * t.element_size() for t in tensors.values()) > LARGEST_MODEL:
        return {}
    data = save(tensors)
    digest = hashlib.sha256(data).hexdigest()
    path = model_file(checkpoints, name, digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)
    return {"model": digest}
