from typing import Any

import numpy as np
import pytest
import torch

import helpers
from helpers.data import mini_captions
from helpers.data.flickr8k import Flickr8k
from helpers.errors import HelpersError
from helpers.figures import caption_plots


def drawn(function: Any, *args: Any) -> tuple[Any, str]:
    """The figure that a plot function shows, rendered, and its description."""
    figure, text = function.__wrapped__(*args)
    figure.canvas.draw()
    return figure, text


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Flickr8k:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mini_captions, "CAPTIONS", mini_captions.CaptionRecipe(images=20))
        return helpers.Flickr8k(profile="mini", data=tmp_path_factory.mktemp("data"))


def test_images_stand_beside_all_their_captions(data: Flickr8k) -> None:
    figure, text = drawn(caption_plots.show_captions, data, 3)
    words = [t.get_text() for ax in figure.axes for t in ax.texts]
    assert [w.count("\n") for w in words] == [4, 4, 4]
    assert data.captions[19][4] in words[2].replace("\n", " ")
    assert text.startswith(f"{data.names[0]}: {data.captions[0][0]}")


def test_similarities_say_what_pairs_and_others_have() -> None:
    figure, text = drawn(
        caption_plots.plot_similarities,
        {"before": torch.full((3, 3), 0.25), "after": torch.eye(3)},
    )
    assert text.endswith("before: pairs 0.25, others 0.25; after: pairs 1.00, others 0.00")
    shown = [ax.images[0] for ax in figure.axes if ax.images]
    assert [i.get_clim() for i in shown] == [(-1, 1), (-1, 1)]


def test_a_table_that_is_not_square_is_refused() -> None:
    with pytest.raises(HelpersError, match=r"square, not \(2, 3\)"):
        drawn(caption_plots.plot_similarities, {"x": np.zeros((2, 3))})


def test_matches_are_shown_nine_to_a_query(data: Flickr8k) -> None:
    matches = {"a dark cat": np.array(data.names[:12]), "a flower": data.names[3:5]}
    figure, text = drawn(caption_plots.show_matches, data, matches)
    pictures = [ax.images[0].get_array() for ax in figure.axes if ax.images]
    assert len(pictures) == 9 + 2
    np.testing.assert_array_equal(pictures[3], pictures[9])  # the same image for both queries
    assert text.startswith(f"a dark cat: {data.names[0]}, ")


def test_matches_that_say_what_was_asked_for_have_a_frame(data: Flickr8k) -> None:
    word = data.captions[3][0].split()[-1].strip(".").lower()
    fits = [
        n for n, cs in zip(data.names, data.captions, strict=True) if word in " ".join(cs).lower()
    ]
    others = [n for n in data.names if n not in fits]
    names = [*fits[:2], *others[:3]]
    figure, text = drawn(caption_plots.show_matches, data, {"q": names}, {"q": (word,)})
    framed = [bool(ax.patches) for ax in figure.axes if ax.images]
    assert framed == [True] * len(fits[:2]) + [False] * len(others[:3])
    assert text.startswith(f"q, {len(fits[:2])} of {len(names)}: ")


def test_a_name_that_no_image_has_is_named(data: Flickr8k) -> None:
    with pytest.raises(HelpersError, match=r"no image 'x\.jpg'"):
        drawn(caption_plots.show_matches, data, {"x": ["x.jpg"]})
