"""What a problem-set notebook needs beside the student's own code.

``import helpers`` is cheap: torch, matplotlib and the rest are imported by the first call that
needs them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Imported at once, being cheap: these two share their names with their modules, and whoever
# imports `helpers.training` first must still find the function under `helpers.training`.
from helpers.session import Session, session, start
from helpers.training import resume, training

if TYPE_CHECKING:
    from helpers.colour import rgb_to_lab
    from helpers.errors import HelpersError
    from helpers.features import cached_features
    from helpers.lab import lab_loaders
    from helpers.plots import plot_accuracies, plot_loss, show_images, show_reconstructions
    from helpers.results import record
    from helpers.stl10 import STL10, loaders

__all__ = [
    "STL10",
    "HelpersError",
    "Session",
    "cached_features",
    "lab_loaders",
    "loaders",
    "plot_accuracies",
    "plot_loss",
    "record",
    "resume",
    "rgb_to_lab",
    "session",
    "show_images",
    "show_reconstructions",
    "start",
    "training",
]

_HOMES = {
    "HelpersError": "errors",
    "STL10": "stl10",
    "cached_features": "features",
    "lab_loaders": "lab",
    "loaders": "stl10",
    "plot_accuracies": "plots",
    "plot_loss": "plots",
    "record": "results",
    "rgb_to_lab": "colour",
    "show_images": "plots",
    "show_reconstructions": "plots",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'helpers' has no attribute {name!r}")
    value = getattr(import_module(f"helpers.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
