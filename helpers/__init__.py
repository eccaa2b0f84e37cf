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
    from helpers.amp import autocast
    from helpers.caption_plots import plot_similarities, show_captions, show_matches
    from helpers.colour import rgb_to_lab
    from helpers.errors import HelpersError
    from helpers.features import cached_features
    from helpers.flickr8k import Flickr8k, caption_loaders
    from helpers.handing_in import hand_in
    from helpers.lab import lab_loaders
    from helpers.plots import plot_accuracies, plot_loss, show_images, show_reconstructions
    from helpers.pretrained import pretrained_distilbert, pretrained_resnet, pretrained_tokenizer
    from helpers.results import record
    from helpers.stl10 import STL10, loaders

__all__ = [
    "STL10",
    "Flickr8k",
    "HelpersError",
    "Session",
    "autocast",
    "cached_features",
    "caption_loaders",
    "hand_in",
    "lab_loaders",
    "loaders",
    "plot_accuracies",
    "plot_loss",
    "plot_similarities",
    "pretrained_distilbert",
    "pretrained_resnet",
    "pretrained_tokenizer",
    "record",
    "resume",
    "rgb_to_lab",
    "session",
    "show_captions",
    "show_images",
    "show_matches",
    "show_reconstructions",
    "start",
    "training",
]

_HOMES = {
    "STL10": "stl10",
    "Flickr8k": "flickr8k",
    "HelpersError": "errors",
    "autocast": "amp",
    "cached_features": "features",
    "caption_loaders": "flickr8k",
    "hand_in": "handing_in",
    "lab_loaders": "lab",
    "loaders": "stl10",
    "plot_accuracies": "plots",
    "plot_loss": "plots",
    "plot_similarities": "caption_plots",
    "pretrained_distilbert": "pretrained",
    "pretrained_resnet": "pretrained",
    "pretrained_tokenizer": "pretrained",
    "record": "results",
    "rgb_to_lab": "colour",
    "show_captions": "caption_plots",
    "show_images": "plots",
    "show_matches": "caption_plots",
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
