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
    from helpers.amp import autocast, grad_scaler
    from helpers.caption_plots import plot_similarities, show_captions, show_matches
    from helpers.clip_features import clip_features, clip_pixels
    from helpers.clip_plots import (
        plot_gaps,
        plot_guesses,
        plot_modalities,
        plot_prompts,
        plot_rates,
    )
    from helpers.colour import rgb_to_lab
    from helpers.errors import HelpersError
    from helpers.features import cached_features
    from helpers.flickr8k import Flickr8k, caption_loaders
    from helpers.handing_in import hand_in
    from helpers.lab import lab_loaders
    from helpers.labeled import CIFAR100, Hymenoptera
    from helpers.plots import plot_accuracies, plot_loss, show_images, show_reconstructions
    from helpers.pretrained import (
        pretrained_clip,
        pretrained_distilbert,
        pretrained_resnet,
        pretrained_tokenizer,
    )
    from helpers.results import record
    from helpers.stl10 import STL10, loaders

__all__ = [
    "CIFAR100",
    "STL10",
    "Flickr8k",
    "HelpersError",
    "Hymenoptera",
    "Session",
    "autocast",
    "cached_features",
    "caption_loaders",
    "clip_features",
    "clip_pixels",
    "grad_scaler",
    "hand_in",
    "lab_loaders",
    "loaders",
    "plot_accuracies",
    "plot_gaps",
    "plot_guesses",
    "plot_loss",
    "plot_modalities",
    "plot_prompts",
    "plot_rates",
    "plot_similarities",
    "pretrained_clip",
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
    "CIFAR100": "labeled",
    "STL10": "stl10",
    "Flickr8k": "flickr8k",
    "HelpersError": "errors",
    "Hymenoptera": "labeled",
    "autocast": "amp",
    "cached_features": "features",
    "caption_loaders": "flickr8k",
    "clip_features": "clip_features",
    "clip_pixels": "clip_features",
    "grad_scaler": "amp",
    "hand_in": "handing_in",
    "lab_loaders": "lab",
    "loaders": "stl10",
    "plot_accuracies": "plots",
    "plot_gaps": "clip_plots",
    "plot_guesses": "clip_plots",
    "plot_loss": "plots",
    "plot_modalities": "clip_plots",
    "plot_prompts": "clip_plots",
    "plot_rates": "clip_plots",
    "plot_similarities": "caption_plots",
    "pretrained_clip": "pretrained",
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
