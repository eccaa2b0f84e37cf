"""How the figures of the notebooks are shown: at once, with a text for those who cannot see them.

What is drawn with matplotlib here touches no figure or setting of the student's own. Colours are
told apart by colour-blind readers too.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from helpers.notebook import in_notebook

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
    def wrapped(*args: Any, **kwargs: Any) -> None:
        from matplotlib import rc_context

        with rc_context(STYLE):
            show(*draw(*args, **kwargs))

    return wrapped


def show_figure(text: str) -> None:
    """Show the figure that was drawn with pyplot, in the place of ``plt.show()``, and close it.

    Args:
        text: what the figure shows, for those who cannot see it.
    """
    from matplotlib import pyplot

    figure = pyplot.gcf()
    pyplot.close(figure)
    show(figure, text, bbox_inches="tight")


def show(figure: Figure, text: str, **saved: Any) -> None:
    """Put a figure into the running cell's output; outside a notebook, say what it shows."""
    if not in_notebook():
        print(f"[figure: {text}]")
        return
    from IPython.display import Image, display
    from PIL import Image as Picture

    made = io.BytesIO()
    figure.savefig(made, format="png", dpi=DPI, **saved)
    with Picture.open(made) as picture:
        width = round(picture.width / 2)
    display(Image(data=made.getvalue(), format="png", width=width, alt=text))


def empty(width: float, height: float) -> Figure:
    """A figure of inches that belongs to nobody's pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure
