"""Figures of the studies on CLIP: guesses, prompts, learning rates, and the modality gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.errors import HelpersError
from helpers.figures.image_plots import middle
from helpers.figures.showing import BLUE, GREY, ORANGE, VERMILION, empty, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@shown
def plot_guesses(image: Any, names: Sequence[str], probabilities: Any) -> tuple[Figure, str]:
    """Show an image beside its most probable classes.

    Args:
        image: a PIL image.
        names: of the classes, most probable first.
        probabilities: (k,) in [0, 1], in the same order.
    """
    values = _numbers(probabilities)
    figure = empty(7.5, 0.9 + 0.32 * max(len(values), 3))
    picture, bars = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1, 2.4]})
    picture.imshow(middle(image))
    picture.set_axis_off()
    drawn = bars.barh(list(names), values, color=BLUE, height=0.62)
    bars.bar_label(drawn, [f"{100 * v:.0f} %" for v in values], padding=4)
    bars.invert_yaxis()
    bars.set(xlim=(0, 1.12), xticks=[])
    bars.spines["bottom"].set_visible(False)
    bars.tick_params(axis="y", length=0)
    listed = ", ".join(f"{n} {v:.2f}" for n, v in zip(names, values, strict=True))
    return figure, f"an image, and its most probable classes: {listed}"


@shown
def plot_prompts(single: Sequence[float], ensemble: Sequence[float]) -> tuple[Figure, str]:
    """Plot accuracy against the number of prompts in an ensemble, and that of each prompt alone.

    Args:
        single: the accuracies of P prompts, each by itself, in the order in which they join.
        ensemble: those of the first 1, 2, …, P prompts together.
    """
    if len(single) != len(ensemble) or not len(single):
        raise HelpersError(
            f"One accuracy alone and one together for each prompt: {len(single)} and "
            f"{len(ensemble)} were given."
        )
    figure = empty(6.5, 3.3)
    ax = figure.add_subplot()
    n = np.arange(1, len(single) + 1)
    ax.plot(n, ensemble, color=BLUE, lw=2, marker="o", label="the first prompts together")
    ax.plot(n, single, color=ORANGE, ls="", marker="D", label="this prompt alone")
    mean = float(np.mean(single))
    ax.axhline(mean, color=GREY, ls="--", lw=1.2, label="mean of single prompts")
    ax.set(xlabel="number of prompts", ylabel="test accuracy", xticks=n)
    ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.1f} %")
    ax.grid(axis="y", color="#e5e7eb", lw=0.8)
    ax.set_axisbelow(True)
    ax.legend(frameon=False, fontsize=9)
    return figure, (
        f"accuracy of single prompts {min(single):.3f} to {max(single):.3f}, mean {mean:.3f}; of "
        f"{len(single)} together {ensemble[-1]:.3f}"
    )


@shown
def plot_rates(
    accuracies: Mapping[tuple[float, float], float], before: float | None = None
) -> tuple[Figure, str]:
    """Show accuracies as a heat map of two learning rates.

    Args:
        accuracies: fractions by ``(rate of the backbone, rate of the heads)``, one for every pair
            of the rates that occur.
        before: the accuracy before any training, named in the title.
    """
    rows, columns = (sorted({pair[i] for pair in accuracies}) for i in (0, 1))
    if missing := [(r, c) for r in rows for c in columns if (r, c) not in accuracies]:
        raise HelpersError(f"There is no accuracy for the rates {missing[0]}.")
    table = np.array([[accuracies[r, c] for c in columns] for r in rows])
    figure = empty(1.9 + 0.95 * len(columns), 1.3 + 0.55 * len(rows))
    ax = figure.add_subplot()
    drawn = ax.imshow(table, cmap="viridis", aspect="auto", origin="lower")
    middle = (table.min() + table.max()) / 2
    for i, row in enumerate(table):
        for j, value in enumerate(row):
            colour = "white" if value < middle else "black"
            ax.text(j, i, f"{100 * value:.1f}", ha="center", va="center", color=colour)
    ax.set_xticks(range(len(columns)), [f"{rate:g}" for rate in columns])
    ax.set_yticks(range(len(rows)), [f"{rate:g}" for rate in rows])
    ax.set(xlabel="rate of the heads", ylabel="rate of the backbone")
    if before is not None:
        ax.set_title(f"before: {100 * before:.1f} %")
    for side in ax.spines.values():
        side.set_visible(False)
    ax.tick_params(length=0)
    bar = figure.colorbar(drawn, ax=ax, label="test accuracy")
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    bar.outline.set_visible(False)
    best = max(accuracies, key=lambda pair: accuracies[pair])
    return figure, (
        "test accuracy by learning rates (backbone, heads), best "
        f"{accuracies[best]:.3f} at ({best[0]:g}, {best[1]:g}): "
        + ", ".join(f"({r:g}, {c:g}) {accuracies[r, c]:.3f}" for r in rows for c in columns)
    )


@shown
def plot_modalities(
    points: Mapping[str, tuple[Any, Any, float]], lines: int = 60
) -> tuple[Figure, str]:
    """Show images and texts in the plane of a joint PCA, with a line between those of a pair.

    Args:
        points: by title, image points (N, 2), text points (N, 2) in the same order, and the gap.
        lines: how many pairs are joined, spread evenly.
    """
    figure = empty(4.3 * len(points), 4.0)
    axes = figure.subplots(1, len(points), squeeze=False)[0]
    for ax, (title, (images, texts, gap)) in zip(axes, points.items(), strict=True):
        images, texts = _numbers(images), _numbers(texts)
        if images.shape != texts.shape or images.ndim != 2 or images.shape[1] != 2:
            raise HelpersError(
                f"Points of pairs are (N, 2) twice, not {images.shape} and {texts.shape}."
            )
        for i in np.linspace(0, len(images) - 1, min(lines, len(images))).astype(int):
            ends = np.stack([images[i], texts[i]])
            ax.plot(*ends.T, color=GREY, lw=0.5, alpha=0.45, zorder=1)
        ax.scatter(*images.T, s=9, color=BLUE, label="images", zorder=2, linewidths=0)
        ax.scatter(*texts.T, s=9, color=VERMILION, label="texts", zorder=3, linewidths=0)
        ax.set(title=f"{title}: gap {float(gap):.2f}", xlabel="first component")
        ax.set_aspect("equal", adjustable="datalim")
    axes[0].set_ylabel("second component")
    axes[0].legend(frameon=False, fontsize=9, markerscale=1.6)
    gaps = "; ".join(f"{title}: gap {float(gap):.3f}" for title, (*_, gap) in points.items())
    return figure, f"images and texts in the plane of a joint PCA, {gaps}"


@shown
def plot_gaps(gaps: Mapping[float, float], before: float | None = None) -> tuple[Figure, str]:
    """Plot the modality gap against the temperature that was trained with.

    Args:
        gaps: the gap by temperature.
        before: the gap before any training, drawn as a line.
    """
    temperatures = sorted(gaps)
    figure = empty(6.5, 3.2)
    ax = figure.add_subplot()
    ax.plot(temperatures, [gaps[t] for t in temperatures], color=BLUE, lw=2, marker="o")
    ax.set_xscale("log")
    ax.set_xticks(temperatures, [f"{t:g}" for t in temperatures])
    ax.xaxis.minorticks_off()
    ax.set_ylim(bottom=0)
    if before is not None:
        ax.axhline(before, color=GREY, ls="--", lw=1.2, label="before training")
        ax.legend(frameon=False, fontsize=9)
    ax.set(xlabel="temperature", ylabel="modality gap")
    ax.grid(axis="y", color="#e5e7eb", lw=0.8)
    ax.set_axisbelow(True)
    listed = ", ".join(f"{t:g}: {gaps[t]:.3f}" for t in temperatures)
    return figure, f"modality gap by temperature, {listed}"


def _numbers(values: Any) -> np.ndarray:
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values, np.float64)
