from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.utils.data import Subset, TensorDataset

import helpers
from helpers.errors import HelpersError
from helpers.figures import image_plots, plots


def drawn(function: Any, *args: Any, **kwargs: Any) -> tuple[Any, str]:
    """The figure that a plot function shows, rendered, and its description."""
    figure, text = function.__wrapped__(*args, **kwargs)
    figure.canvas.draw()
    return figure, text


@pytest.fixture
def images() -> torch.Tensor:
    return torch.linspace(0, 1, 6 * 3 * 8 * 8).reshape(6, 3, 8, 8)


def test_classes_take_turns_and_the_clearest_image_of_each_is_shown(small: helpers.Session) -> None:
    data = helpers.STL10("train")
    present = [data.classes[label] for label in sorted({*data.labels.tolist()})]
    figure, text = drawn(image_plots.show_images, data, len(present) + 1, columns=4)
    titles = [ax.get_title() for ax in figure.axes]
    assert titles[: len(present) + 1] == [*present, present[0]]
    assert text == f"{len(present) + 1} images, of {', '.join(sorted(present))}"
    figure, _ = drawn(image_plots.show_images, data, len(present))
    for label, ax in zip(sorted({*data.labels.tolist()}), figure.axes, strict=False):
        rows = np.flatnonzero(data.labels == label)
        assert len(rows) <= 5, "so few that all of them are looked at"
        clearest = max((data[int(i)][0] for i in rows), key=lambda image: float(image.std()))
        np.testing.assert_array_equal(ax.images[0].get_array(), clearest.permute(1, 2, 0).numpy())


def test_of_more_classes_than_pictures_some_are_shown_and_empty_ones_never() -> None:
    pixels = torch.rand(40, 3, 4, 4)
    data = TensorDataset(pixels, torch.arange(40) // 2 * 3)
    data.targets = data.tensors[1].tolist()  # type: ignore[attr-defined]
    figure, _ = drawn(image_plots.show_images, Subset(data, range(4, 40)), 6, columns=3)
    titles = [int(ax.get_title()) for ax in figure.axes]
    assert len({*titles}) == 6 and titles == sorted(titles)
    assert titles[0] == 6 and titles[-1] == 57


def test_showing_images_draws_no_random_number(small: helpers.Session) -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    drawn(image_plots.show_images, helpers.STL10("unlabeled"), 4)
    assert torch.equal(torch.rand(3), expected)


def test_unlabeled_images_have_no_titles(small: helpers.Session) -> None:
    figure, text = drawn(image_plots.show_images, helpers.STL10("unlabeled"), 4)
    assert {ax.get_title() for ax in figure.axes} == {""}
    assert text == "4 images"


def test_no_images_is_an_error() -> None:
    with pytest.raises(HelpersError, match="no images"):
        drawn(image_plots.show_images, TensorDataset(torch.empty(0, 3, 8, 8), torch.empty(0)))


def test_reconstructions_stand_under_their_images(images: torch.Tensor) -> None:
    model = nn.Sequential(nn.Dropout(0.9), nn.Identity()).train()
    figure, text = drawn(image_plots.show_reconstructions, model, images)
    shown = [ax.images[0].get_array() for ax in figure.axes]
    for above, below in zip(shown[:6], shown[6:], strict=True):
        np.testing.assert_array_equal(above, below)  # in eval mode dropout is the identity
    assert model.training
    assert "mean squared error 0.0000" in text


def test_a_reconstruction_of_another_shape_is_refused(images: torch.Tensor) -> None:
    with pytest.raises(HelpersError, match=r"makes \(6, 3, 4, 4\) out of images \(6, 3, 8, 8\)"):
        drawn(image_plots.show_reconstructions, nn.AvgPool2d(2), images)


@pytest.mark.parametrize(
    ("losses", "scale"),
    [([4.0, 2.0, 1.0], "log"), ([4.0, 3.0], "linear"), ([4.0], "linear"), ([4.0, 0.0], "linear"),
     ([4.0, float("nan"), 1.0], "linear"), ([4.0, float("inf"), 1.0], "linear")],
)  # fmt: skip
def test_a_loss_curve_of_any_history(losses: list[float], scale: str) -> None:
    figure, _ = drawn(plots.plot_loss, losses)
    (ax,) = figure.axes
    assert ax.get_yscale() == scale
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), losses)
    assert ax.get_xlabel() == "epoch"


def test_an_empty_history_is_an_error() -> None:
    with pytest.raises(HelpersError, match="train first"):
        drawn(plots.plot_loss, [])


def test_accuracies_are_ranked_bars_with_chance() -> None:
    accuracies = {"unsupervised": 0.3, "supervised": 0.43, "random": 0.25}
    figure, text = drawn(plots.plot_accuracies, accuracies, chance=0.1)
    (ax,) = figure.axes
    bars = {
        label.get_text(): bar.get_width()
        for label, bar in zip(ax.get_yticklabels(), ax.patches, strict=True)
    }
    assert list(bars.items()) == [("supervised", 0.43), ("unsupervised", 0.3), ("random", 0.25)]
    assert "43.0 %" in [t.get_text() for t in ax.texts]
    assert [line.get_xdata()[0] for line in ax.lines] == [0.1]
    assert ax.get_xlim()[1] > 0.43
    assert text == (
        "test accuracies: supervised 0.430, unsupervised 0.300, random 0.250; chance 0.1"
    )


def test_a_name_keeps_its_colour_whatever_its_rank() -> None:
    def colours(**accuracies: float) -> dict[str, Any]:
        figure, _ = drawn(plots.plot_accuracies, accuracies)
        labels = [t.get_text() for t in figure.axes[0].get_yticklabels()]
        return dict(zip(labels, [b.get_facecolor() for b in figure.axes[0].patches], strict=True))

    assert colours(a=0.1, b=0.2) == colours(a=0.2, b=0.1)


def test_training_accuracies_stand_beside_their_bars() -> None:
    figure, text = drawn(
        plots.plot_accuracies, {"a": 0.4, "b": 0.6}, chance=None, train={"a": 0.97}
    )
    (diamonds,) = figure.axes[0].lines
    assert list(zip(*diamonds.get_data(), strict=True)) == [(0.97, 1)]  # b is the better one
    assert text == "test accuracies: b 0.600, a 0.400 (training 0.970)"
    assert figure.axes[0].get_xlim()[1] > 0.97


def test_a_figure_of_pyplot_is_shown_with_its_text_and_closed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from matplotlib import pyplot as plt

    plt.figure()
    helpers.show_figure("a curve")
    assert plt.get_fignums() == []
    assert capsys.readouterr().out == "[figure: a curve]\n"


def test_nothing_is_left_in_pyplot_and_no_setting_changed(
    images: torch.Tensor, capsys: pytest.CaptureFixture[str]
) -> None:
    import matplotlib
    from matplotlib import pyplot as plt

    before = dict(matplotlib.rcParams)
    helpers.plot_loss([2.0, 1.0])
    helpers.show_reconstructions(nn.Identity(), images)
    assert plt.get_fignums() == []
    assert dict(matplotlib.rcParams) == before
    assert capsys.readouterr().out.startswith("[figure: loss, summed over minibatches: 2 in epoch")


def test_a_picture_that_is_no_image_is_named() -> None:
    with pytest.raises(HelpersError, match=r"not \(2, 8, 8\)"):
        drawn(image_plots.show_images, [(torch.zeros(2, 8, 8), 0)])


def test_nothing_is_cut_off_at_the_edges(tmp_path: Path, images: torch.Tensor) -> None:
    """The outermost pixels of a rendered figure with words are white."""
    figures = [
        drawn(plots.plot_loss, [4.5, 0.6])[0],
        drawn(plots.plot_accuracies, {"a rather long name": 0.999, "b": 0.01})[0],
        drawn(image_plots.show_reconstructions, nn.Identity(), images)[0],
    ]
    for figure in figures:
        figure.savefig(tmp_path / "figure.png", dpi=100)
        pixels = np.asarray(Image.open(tmp_path / "figure.png").convert("L"))
        assert pixels[:, 0].min() == 255
        assert pixels[0].min() > 200 or figure is figures[2]
