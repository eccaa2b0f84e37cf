"""Figures of images with captions, of similarities, and of what was retrieved."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.errors import HelpersError
from helpers.figures.image_plots import middle
from helpers.figures.showing import BLUE, GREEN, empty, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from helpers.data.flickr8k import Flickr8k


@shown
def show_captions(data: Flickr8k, n: int = 4) -> tuple[Figure, str]:
    """Show images of a captioned data set, each beside all its captions.

    Args:
        data: the data set.
        n: how many, spread evenly over it.
    """
    chosen = [int(i) for i in np.linspace(0, len(data) - 1, n)]
    figure = empty(9.0, 1.35 * n)
    axes = figure.subplots(n, 2, squeeze=False, gridspec_kw={"width_ratios": [1, 5]})
    for (picture, words), i in zip(axes, chosen, strict=True):
        picture.set_axis_off()
        words.set_axis_off()
        picture.imshow(_image(data, data.names[i]))
        lines = [f"– {textwrap.shorten(c, 95, placeholder=' …')}" for c in data.captions[i]]
        words.text(0, 0.5, "\n".join(lines), va="center", fontsize=9, transform=words.transAxes)
    return figure, "; ".join(f"{data.names[i]}: {data.captions[i][0]}" for i in chosen)


@shown
def plot_similarities(similarities: Mapping[str, Any]) -> tuple[Figure, str]:
    """Show matrices of cosines side by side: a row for each image, a column for each text.

    Args:
        similarities: matrices (B, B) in [-1, 1] by title; a pair that belongs together lies on
            the diagonal.
    """
    from matplotlib.ticker import MaxNLocator

    figure = empty(4.1 * len(similarities) + 0.6, 3.9)
    axes = figure.subplots(1, len(similarities), squeeze=False)[0]
    told = []
    for ax, (title, matrix) in zip(axes, similarities.items(), strict=True):
        values = np.asarray(matrix.detach().cpu() if hasattr(matrix, "detach") else matrix)
        if values.ndim != 2 or values.shape[0] != values.shape[1]:
            raise HelpersError(f"A similarity matrix is square, not {values.shape}.")
        drawn = ax.imshow(values, cmap="RdBu_r", vmin=-1, vmax=1)
        ax.set(title=title, xlabel="text", ylabel="image")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator(5, integer=True))
        others = values[~np.eye(len(values), dtype=bool)].mean()
        told.append(f"{title}: pairs {np.diag(values).mean():.2f}, others {others:.2f}")
    figure.colorbar(drawn, ax=axes.tolist(), label="cosine", shrink=0.8)
    return figure, "similarities, means of the cosines: " + "; ".join(told)


@shown
def show_matches(
    data: Flickr8k,
    matches: Mapping[str, Sequence[str]],
    words: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Figure, str]:
    """Show what was retrieved for each query, three images in a row, and which of them fit it.

    Args:
        data: the data set that the file names are of.
        matches: file names by query, best first; the first nine are shown.
        words: by query, what the captions of an image that fits it hold. Such images get a green
            frame.
    """
    from matplotlib.patches import Rectangle

    words = words or {}
    captions = dict(zip(data.names, data.captions, strict=True)) if words else {}
    columns = min(3, len(matches))
    figure = empty(9.0, 3.25 * -(-len(matches) // columns))
    parts = figure.subfigures(-(-len(matches) // columns), columns, squeeze=False)
    told = []
    for part, (query, names) in zip(parts.flat, matches.items(), strict=False):
        axes = part.subplots(3, 3, gridspec_kw={"wspace": 0.04, "hspace": 0.04})
        hits = 0
        for ax in axes.flat:
            ax.set_axis_off()
        for ax, name in zip(axes.flat, list(map(str, names))[:9], strict=False):
            ax.imshow(_image(data, name))
            if query in words and holds(captions.get(name, ()), words[query]):
                hits += 1
                frame = {"fill": False, "lw": 5, "ec": GREEN, "transform": ax.transAxes}
                ax.add_patch(Rectangle((0, 0), 1, 1, **frame))
        counted = f", {hits} of {min(len(names), 9)}" if query in words else ""
        part.suptitle(textwrap.fill(query + counted, 34), fontsize=10, color=BLUE)
        told.append(f"{query}{counted}: {', '.join(map(str, names))}")
    return figure, "; ".join(told)


def holds(captions: Sequence[str], words: Sequence[str]) -> bool:
    """Whether an image's captions, taken together, hold all of these words."""
    said = " ".join(captions).lower()
    return all(word in said for word in words)


def _image(data: Flickr8k, name: str) -> np.ndarray:
    """The middle square of an image's file, as (H, H, 3) uint8."""
    from PIL import Image

    path = data.folder / name
    if not path.is_file():
        raise HelpersError(f"There is no image {name!r} in {data.folder}.")
    with Image.open(path) as image:
        return middle(image)
