"""The figures of the notebooks. Colours are told apart by colour-blind readers too.

Each function shows its figure at once, as a picture with a text for those who cannot see it, and
returns nothing: it works in a loop, and in the middle of a cell. What it draws with matplotlib
touches no figure or setting of the student's own.
"""

from __future__ import annotations

import functools
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.errors import HelpersError
from helpers.notebook import in_notebook

if TYPE_CHECKING:
    import torch
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

BLUE, ORANGE, GREEN, VERMILION, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#6b7280"
DPI = 144  # twice what a page shows, for sharp screens
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9ca3af",
    "axes.labelcolor": "#374151",
    "xtick.color": "#374151",
    "ytick.color": "#374151",
    "text.color": "#111827",
    "figure.facecolor": "white",
}


def shown(draw: Callable[..., tuple[Figure, str]]) -> Callable[..., None]:
    """Show what ``draw`` returns, a figure and its description, in the style of the course."""

    @functools.wraps(draw)
    def show(*args: Any, **kwargs: Any) -> None:
        from matplotlib import rc_context

        with rc_context(STYLE):
            _show(*draw(*args, **kwargs))

    return show


def _show(figure: Figure, text: str) -> None:
    """Put a figure into the running cell's output; outside a notebook, say what it shows."""
    if not in_notebook():
        print(f"[figure: {text}]")
        return
    from IPython.display import Image, display

    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=DPI)
    width = round(figure.get_figwidth() * DPI / 2)
    display(Image(data=picture.getvalue(), format="png", width=width, alt=text))


@shown
def show_images(dataset: Any, n: int = 20, columns: int = 10) -> tuple[Figure, str]:
    """Show images of a data set in a grid, spread evenly over it, with their classes.

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
    chosen = [dataset[int(i)] for i in np.linspace(0, len(dataset) - 1, n)]
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


@shown
def plot_loss(
    history: Sequence[float], label: str = "loss, summed over minibatches", each: str = "epoch"
) -> tuple[Figure, str]:
    """Plot one loss an epoch, on a logarithmic scale where it falls to less than a third.

    Args:
        history: one number an epoch, the first for epoch 0.
        label: what the numbers are.
        each: what there is a number for, if not an epoch.
    """
    from matplotlib.ticker import MaxNLocator

    losses = np.array([float(value) for value in history])
    if not len(losses):
        raise HelpersError("The history holds no epoch yet: train first.")
    figure, ax = _axes(6.5, 3.2)
    ax.plot(losses, color=BLUE, linewidth=2, marker="o" if len(losses) < 3 else "")
    positive = np.isfinite(losses).all() and losses.min() > 0
    if positive and losses.min() < losses[0] / 3:
        _log_scale(ax)
    ax.set_xlabel(each)
    ax.set_ylabel(label)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(axis="y", which="both", color="#e5e7eb", linewidth=0.8)
    ax.set_axisbelow(True)
    ends = ((0, losses[0]), (len(losses) - 1, losses[-1]))
    for x, y in ends[: len(losses)]:
        if np.isfinite(y):
            ax.annotate(f"{y:.3g}", (x, y), xytext=(4, 6), textcoords="offset points", color=BLUE)
    ax.margins(x=0.08, y=0.15)
    return figure, (
        f"{label}: {losses[0]:.3g} in {each} 0, {losses[-1]:.3g} in {each} {len(losses) - 1}"
    )


@shown
def plot_accuracies(
    accuracies: Mapping[str, float], chance: float | None = 0.1
) -> tuple[Figure, str]:
    """Plot accuracies side by side as bars, best first, with the level of guessing.

    Args:
        accuracies: fractions in [0, 1] by name.
        chance: the accuracy of guessing; None leaves its line out.
    """
    if not accuracies:
        raise HelpersError("There are no accuracies to plot yet.")
    ranked = sorted(((float(value), name) for name, value in accuracies.items()), reverse=True)
    values = [value for value, _ in ranked]
    names = [name for _, name in ranked]
    figure, ax = _axes(6.5, 0.75 + 0.45 * len(ranked))
    colours = [BLUE, VERMILION, GREEN, ORANGE]
    by_name = {name: colours[i % len(colours)] for i, name in enumerate(accuracies)}
    bars = ax.barh(names, values, color=[by_name[name] for name in names], height=0.62)
    ax.bar_label(bars, [f"{100 * value:.1f} %" for value in values], padding=4)
    ax.invert_yaxis()
    ax.set_xlim(0, min(1.1, 1.18 * max(*values, chance or 0, 0.01)))
    ax.set_xlabel("test accuracy")
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    ax.tick_params(axis="y", length=0)
    if chance is not None:
        ax.axvline(chance, color=GREY, linestyle="--", linewidth=1.2)
        ax.annotate(
            "chance",
            (chance, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            color=GREY,
        )
    listed = ", ".join(f"{name} {value:.3f}" for value, name in ranked)
    return figure, f"test accuracies: {listed}" + ("" if chance is None else f"; chance {chance:g}")


def empty(width: float, height: float) -> Figure:
    """A figure of inches that belongs to nobody's pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    figure = empty(width, height)
    return figure, figure.add_subplot()


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


def _log_scale(ax: Axes) -> None:
    """A logarithmic y axis whose ticks are plain numbers, also over less than a decade."""
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
