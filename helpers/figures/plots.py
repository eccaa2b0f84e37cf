"""Figures of losses and accuracies.

Each function shows its figure at once, and returns nothing: it works in a loop, and in the middle
of a cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.errors import HelpersError
from helpers.figures.showing import BLUE, GREEN, GREY, ORANGE, STYLE, VERMILION, empty, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INSIDE: dict[str, Any] = {"padding": -48, "color": "white"}
"""A bar's label, where a diamond may stand to the bar's right."""


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
    accuracies: Mapping[str, float],
    chance: float | None = 0.1,
    train: Mapping[str, float] | None = None,
) -> tuple[Figure, str]:
    """Plot accuracies side by side as bars, best first, with the level of guessing.

    Args:
        accuracies: fractions in [0, 1] by name.
        chance: the accuracy of guessing; None leaves its line out.
        train: accuracies on the images that were trained on, drawn as diamonds.
    """
    train = train or {}
    if not accuracies:
        raise HelpersError("There are no accuracies to plot yet.")
    ranked = sorted(((float(value), name) for name, value in accuracies.items()), reverse=True)
    values = [value for value, _ in ranked]
    names = [name for _, name in ranked]
    figure, ax = _axes(6.5, 0.75 + 0.45 * len(ranked))
    colours = [BLUE, VERMILION, GREEN, ORANGE]
    by_name = {name: colours[i % len(colours)] for i, name in enumerate(accuracies)}
    bars = ax.barh(names, values, color=[by_name[name] for name in names], height=0.62)
    beside = {} if train and min(values) > 0.12 else {"padding": 4, "color": STYLE["text.color"]}
    ax.bar_label(bars, [f"{100 * v:.1f} %" for v in values], **{**INSIDE, **beside})
    ax.invert_yaxis()
    ax.set_xlim(0, min(1.1, 1.18 * max(*values, *train.values(), chance or 0, 0.01)))
    ax.set_xlabel("test accuracy")
    _add_diamonds(ax, names, train)
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    ax.tick_params(axis="y", length=0)
    if chance is not None:
        _add_chance(ax, chance)
    listed = ", ".join(
        f"{name} {value:.3f}" + (f" (training {train[name]:.3f})" if name in train else "")
        for value, name in ranked
    )
    return figure, f"test accuracies: {listed}" + ("" if chance is None else f"; chance {chance:g}")


def _add_diamonds(ax: Axes, names: Sequence[str], train: Mapping[str, float]) -> None:
    """Mark the accuracies on the images of the training, where there are any."""
    there = [name for name in names if name in train]
    if not there:
        return
    ax.set_xlabel("accuracy (bars: test images, diamonds: training images)")
    places = [names.index(name) for name in there]
    style: dict[str, Any] = {"marker": "D", "ms": 7, "color": "white", "mec": "#111827"}
    ax.plot([train[name] for name in there], places, ls="", **style)


def _add_chance(ax: Axes, chance: float) -> None:
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


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    figure = empty(width, height)
    return figure, figure.add_subplot()


def _log_scale(ax: Axes) -> None:
    """A logarithmic y axis whose ticks are plain numbers, also over less than a decade."""
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
