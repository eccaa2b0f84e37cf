"""What a problem-set notebook needs beside the student's own code.

``import helpers`` is cheap: torch, matplotlib and the rest are imported by the first call that
needs them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from helpers import machine
from helpers._session import Session, session, start
from helpers.learning.training import resume, training

if TYPE_CHECKING:
    from helpers.data.colour import rgb_to_lab
    from helpers.data.flickr8k import Flickr8k, caption_loaders
    from helpers.data.lab import lab_loaders
    from helpers.data.labeled import CIFAR100, Hymenoptera
    from helpers.data.stl10 import STL10, loaders
    from helpers.errors import HelpersError
    from helpers.figures.caption_plots import plot_similarities, show_captions, show_matches
    from helpers.figures.clip_plots import (
        plot_gaps,
        plot_guesses,
        plot_modalities,
        plot_prompts,
        plot_rates,
    )
    from helpers.figures.image_plots import show_images, show_reconstructions
    from helpers.figures.plots import plot_accuracies, plot_loss
    from helpers.figures.showing import show_figure
    from helpers.handing.handing_in import hand_in
    from helpers.handing.results import record
    from helpers.learning.amp import autocast, grad_scaler
    from helpers.learning.clip_features import clip_features, clip_pixels
    from helpers.learning.features import cached_features
    from helpers.learning.pretrained import (
        pretrained_clip,
        pretrained_distilbert,
        pretrained_resnet,
        pretrained_tokenizer,
    )

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
    "show_figure",
    "show_images",
    "show_matches",
    "show_reconstructions",
    "start",
    "training",
]

_HOMES = {
    "CIFAR100": "data.labeled",
    "STL10": "data.stl10",
    "Flickr8k": "data.flickr8k",
    "HelpersError": "errors",
    "Hymenoptera": "data.labeled",
    "autocast": "learning.amp",
    "cached_features": "learning.features",
    "caption_loaders": "data.flickr8k",
    "clip_features": "learning.clip_features",
    "clip_pixels": "learning.clip_features",
    "grad_scaler": "learning.amp",
    "hand_in": "handing.handing_in",
    "lab_loaders": "data.lab",
    "loaders": "data.stl10",
    "plot_accuracies": "figures.plots",
    "plot_gaps": "figures.clip_plots",
    "plot_guesses": "figures.clip_plots",
    "plot_loss": "figures.plots",
    "plot_modalities": "figures.clip_plots",
    "plot_prompts": "figures.clip_plots",
    "plot_rates": "figures.clip_plots",
    "plot_similarities": "figures.caption_plots",
    "pretrained_clip": "learning.pretrained",
    "pretrained_distilbert": "learning.pretrained",
    "pretrained_resnet": "learning.pretrained",
    "pretrained_tokenizer": "learning.pretrained",
    "record": "handing.results",
    "rgb_to_lab": "data.colour",
    "show_captions": "figures.caption_plots",
    "show_figure": "figures.showing",
    "show_images": "figures.image_plots",
    "show_matches": "figures.caption_plots",
    "show_reconstructions": "figures.image_plots",
}

machine.wait_calmly()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'helpers' has no attribute {name!r}")
    value = getattr(import_module(f"helpers.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
