from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.errors import HelpersError
from helpers.figures import clip_plots


def drawn(function: Any, *args: Any) -> tuple[Any, str]:
    """The figure that a plot function shows, rendered, and its description."""
    figure, text = function.__wrapped__(*args)
    figure.canvas.draw()
    return figure, text


def test_guesses_stand_beside_their_image_best_first() -> None:
    image = Image.new("RGB", (40, 30), (200, 10, 10))
    figure, text = drawn(clip_plots.plot_guesses, image, ["bee", "ant"], torch.tensor([0.9, 0.05]))
    picture, bars = figure.axes
    assert picture.images[0].get_array().shape == (30, 30, 3)
    assert [round(b.get_width(), 3) for b in bars.patches] == [0.9, 0.05]
    assert bars.yaxis_inverted() and text.endswith("bee 0.90, ant 0.05")


def test_prompts_show_each_alone_and_the_first_together() -> None:
    figure, text = drawn(clip_plots.plot_prompts, [0.5, 0.4, 0.3], [0.5, 0.52, 0.6])
    together, alone, mean = figure.axes[0].lines
    assert together.get_ydata().tolist() == [0.5, 0.52, 0.6]
    assert alone.get_ydata().tolist() == [0.5, 0.4, 0.3]
    assert mean.get_ydata()[0] == pytest.approx(0.4)
    assert text.endswith("of 3 together 0.600")


def test_as_many_alone_as_together() -> None:
    with pytest.raises(HelpersError, match="2 and 1 were given"):
        drawn(clip_plots.plot_prompts, [0.5, 0.4], [0.5])


def test_rates_are_sorted_whatever_their_order_and_the_best_is_named() -> None:
    grid = {(1e-3, 0): 0.1, (0, 0): 0.4, (0, 1e-4): 0.45, (1e-3, 1e-4): 0.2}
    figure, text = drawn(clip_plots.plot_rates, grid, 0.4)
    ax = figure.axes[0]
    np.testing.assert_array_equal(ax.images[0].get_array(), [[0.4, 0.45], [0.1, 0.2]])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["0", "0.001"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "0.0001"]
    assert ax.images[0].origin == "lower" and ax.get_title() == "before: 40.0 %"
    assert "best 0.450 at (0, 0.0001)" in text


def test_a_missing_pair_of_rates_is_named() -> None:
    with pytest.raises(HelpersError, match=r"no accuracy for the rates \(0, 0\)"):
        drawn(clip_plots.plot_rates, {(0, 1): 0.1, (1, 0): 0.2, (1, 1): 0.3})


def test_lines_join_the_points_of_a_pair() -> None:
    images, texts = torch.rand(5, 2), np.random.default_rng(0).random((5, 2))
    figure, text = drawn(clip_plots.plot_modalities, {"before": (images, texts, 0.375)}, 3)
    ax = figure.axes[0]
    assert len(ax.lines) == 3
    np.testing.assert_allclose(
        np.array(ax.lines[1].get_xydata()), np.stack([images[2], texts[2]]), rtol=1e-6
    )
    assert len(ax.collections[0].get_offsets()) == len(ax.collections[1].get_offsets()) == 5
    assert ax.get_title() == "before: gap 0.38" and text.endswith("before: gap 0.375")


def test_pairs_need_as_many_images_as_texts() -> None:
    with pytest.raises(HelpersError, match=r"\(5, 2\) and \(4, 2\)"):
        drawn(clip_plots.plot_modalities, {"x": (np.zeros((5, 2)), np.zeros((4, 2)), 0.1)})


def test_gaps_are_drawn_from_the_lowest_temperature_to_the_highest() -> None:
    figure, text = drawn(clip_plots.plot_gaps, {1.0: 0.01, 0.1: 0.3}, 0.35)
    line, before = figure.axes[0].lines
    assert line.get_xydata().tolist() == [[0.1, 0.3], [1.0, 0.01]]
    assert before.get_ydata()[0] == 0.35 and figure.axes[0].get_xscale() == "log"
    assert text == "modality gap by temperature, 0.1: 0.300, 1: 0.010"
