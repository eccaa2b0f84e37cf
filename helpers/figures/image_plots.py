"""Figures of images: some of a data set, and what a model makes of them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.errors import HelpersError
from helpers.figures.showing import shown

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure
    from PIL.Image import Image


@shown
def show_images(dataset: Any, n: int = 20, columns: int = 10) -> tuple[Figure, str]:
    """Show images of a data set in a grid, with as many of its classes as there is room for.

    Classes take turns, and of each the picture with the strongest contrast out of a few is shown.

    Args:
        dataset: items ``(image, label)``, images float (3, H, W) or (1, H, W) in [0, 1], or of PIL,
            of which the middle square is shown; names are taken from its ``classes`` where it has
            them, and labels under 0 mean none.
        n: how many.
        columns: how many in a row.
    """
    if not len(dataset):
        raise HelpersError("The data set holds no images to show.")
    n = min(n, len(dataset))
    import torch

    with torch.random.fork_rng(devices=[]):  # some data sets crop at random
        chosen = [_clearest(dataset, rows) for rows in _spread(dataset, n)]
    whole = getattr(dataset, "dataset", dataset)  # of a subset
    classes = getattr(whole, "classes", None)
    labels = [int(label) for _, label in chosen]
    names = [
        "" if label < 0 else str(classes[label]) if classes else str(label) for label in labels
    ]
    columns = min(columns, n)
    names = [textwrap.fill(name, round(118 / columns)) for name in names]  # as wide as a picture
    lines = max(name.count("\n") + 1 if name else 0 for name in names)
    figure, axes = _grid(-(-n // columns), columns, titles=lines)
    for ax, (image, _), name in zip(axes.flat, chosen, names, strict=False):
        ax.imshow(_pixels(image))
        ax.set_title(name, fontsize=8, pad=2)
    listed = f", of {', '.join(sorted(set(names)))}".replace("\n", " ") if lines else ""
    return figure, f"{n} images{listed}"


@shown
def show_reconstructions(model: torch.nn.Module, images: torch.Tensor) -> tuple[Figure, str]:
    """Show images in one row, and in the row under it what the model makes of them.

    The model runs in eval mode on its own device, and is left in the mode it was in.

    Args:
        model: (B, C, H, W) → (B, C, H, W), values in [0, 1].
        images: float (B, C, H, W) in [0, 1], on any device; the first ten are shown.
    """
    import torch

    images = images[:10].detach()
    first = next(model.parameters(), None)
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            made = model(images if first is None else images.to(first.device)).cpu()
    finally:
        model.train(was_training)
    if made.shape != images.shape:
        raise HelpersError(
            f"The model makes {tuple(made.shape)} out of images {tuple(images.shape)}: "
            "a reconstruction has the shape of its image."
        )
    figure, axes = _grid(2, len(images), left=1.1)
    for i, (image, again) in enumerate(zip(images.cpu(), made, strict=True)):
        axes[0, i].imshow(_pixels(image))
        axes[1, i].imshow(_pixels(again))
    for ax, name in zip(axes[:, 0], ("image", "reconstruction"), strict=True):
        ax.annotate(
            name, (-0.08, 0.5), xycoords="axes fraction", ha="right", va="center", fontsize=8.5
        )
    error = float(((made - images.cpu()) ** 2).mean())
    return (
        figure,
        f"{len(images)} images above their reconstructions, mean squared error {error:.4f}",
    )


def _spread(dataset: Any, n: int) -> list[np.ndarray]:
    """For each of ``n`` pictures, a few rows of the data set to choose from, of one class."""
    labels = _labels(dataset)
    if labels is None or labels.min() < 0:
        groups = np.array_split(np.arange(len(dataset)), n)
    else:
        present = np.unique(labels)
        turns = present[np.linspace(0, len(present) - 1, min(n, len(present))).astype(int)]
        place = np.arange(n)
        rows = {c: np.flatnonzero(labels == c) for c in turns}
        groups = [
            np.array_split(rows[c], -(-n // len(turns)))[turn]
            for c, turn in zip(turns[place % len(turns)], place // len(turns), strict=True)
        ]
        groups = [group if len(group) else np.arange(len(dataset)) for group in groups]
    return [
        group[np.linspace(0, len(group) - 1, min(5, len(group))).astype(int)] for group in groups
    ]


def _labels(dataset: Any) -> np.ndarray | None:
    """The labels of a data set that has them at hand, as those of this package do, or a subset."""
    inner, rows = getattr(dataset, "dataset", None), getattr(dataset, "indices", None)
    if inner is not None and rows is not None:
        labels = _labels(inner)
        return None if labels is None else labels[np.asarray(rows)]
    labels = getattr(dataset, "labels", getattr(dataset, "targets", None))
    return None if labels is None else np.asarray(labels)


def _clearest(dataset: Any, rows: np.ndarray) -> tuple[Any, Any]:
    """Of some items ``(image, label)``, the one whose picture has the strongest contrast."""
    items: list[tuple[Any, Any]] = [dataset[int(row)] for row in rows]
    return max(items, key=lambda item: float(_pixels(item[0]).std()))


def _grid(rows: int, columns: int, titles: int = 0, left: float = 0.0) -> tuple[Figure, np.ndarray]:
    """Axes (rows, columns) for pictures, without ticks.

    Above each is room for ``titles`` lines, and ``left`` inches are kept for names.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width = 9.0
    side = min(1.6, (width - left) / columns)
    above = 0.05 + 0.13 * titles if titles else 0.0
    height = side + above
    figure = Figure(figsize=(left + side * columns, height * rows))
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False)
    figure.subplots_adjust(
        left=left / figure.get_figwidth(),
        right=0.998,
        bottom=0.004,
        top=1 - max(above - 0.01, 0.004) / figure.get_figheight(),
        wspace=0.05,
        hspace=0.05 + above / side,
    )
    for ax in axes.flat:
        ax.set_axis_off()
    return figure, axes


def _pixels(image: Any) -> np.ndarray:
    """An image (3, H, W) or (1, H, W) in [0, 1], or one of PIL, as RGB (H, W, 3) in [0, 1]."""
    if hasattr(image, "crop"):
        return middle(image) / 255
    pixels = np.asarray(image.detach().cpu() if hasattr(image, "detach") else image, np.float32)
    if pixels.ndim != 3 or pixels.shape[0] not in (1, 3):
        raise HelpersError(
            f"An image to show is (3, height, width) or (1, height, width), not {pixels.shape}."
        )
    return np.repeat(pixels, 3 // len(pixels), axis=0).transpose(1, 2, 0).clip(0, 1)


def middle(image: Image) -> np.ndarray:
    """The middle square of a PIL image, (H, H, 3) uint8."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return np.asarray(image.convert("RGB").crop((left, top, left + side, top + side)))
