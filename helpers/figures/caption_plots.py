"""Figures of images with captions, of similarities, and of what was retrieved."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.errors import HelpersError
from helpers.figures.plots import BLUE, empty, middle, shown

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
def show_matches(data: Flickr8k, matches: Mapping[str, Sequence[str]]) -> tuple[Figure, str]:
    """Show what was retrieved for each query, three images in a row.

    Args:
        data: the data set that the file names are of.
        matches: file names by query, best first; the first nine are shown.
    """
    columns = min(3, len(matches))
    figure = empty(9.0, 3.25 * -(-len(matches) // columns))
    parts = figure.subfigures(-(-len(matches) // columns), columns, squeeze=False)
    for part, (query, names) in zip(parts.flat, matches.items(), strict=False):
        part.suptitle(textwrap.fill(query, 34), fontsize=10, color=BLUE)
        axes = part.subplots(3, 3, gridspec_kw={"wspace": 0.04, "hspace": 0.04})
        for ax in axes.flat:
            ax.set_axis_off()
        for ax, name in zip(axes.flat, list(names)[:9], strict=False):
            ax.imshow(_image(data, str(name)))
    return figure, "; ".join(f"{query}: {', '.join(map(str, m))}" for query, m in matches.items())


def _image(data: Flickr8k, name: str) -> np.ndarray:
    """The middle square of an image's file, as (H, H, 3) uint8."""
    from PIL import Image

    path = data.folder / name
    if not path.is_file():
        raise HelpersError(f"There is no image {name!r} in {data.folder}.")
    with Image.open(path) as image:
        return middle(image)
