import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.data import mini_data
from helpers.data.mini_data import CLASSES, Recipe, make_mini
from helpers.errors import DataError

TINY = Recipe(unlabeled=10, train=10, test=10)


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.md5(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_it_is_deterministic_and_in_the_layout_of_stl10(tmp_path: Path) -> None:
    one = make_mini(tmp_path / "one", TINY, show=False)
    two = make_mini(tmp_path / "two", TINY, show=False)
    assert digests(one) == digests(two)
    sizes = {p.name: p.stat().st_size for p in one.glob("*.bin")}
    assert sizes == {
        "train_X.bin": 10 * 3 * 96 * 96, "train_y.bin": 10, "test_X.bin": 10 * 3 * 96 * 96,
        "test_y.bin": 10, "unlabeled_X.bin": 10 * 3 * 96 * 96,
    }  # fmt: skip
    assert sorted((one / "train_y.bin").read_bytes()) == list(range(1, 11))
    assert not list(one.parent.glob("*.part"))


def test_another_seed_makes_other_images(tmp_path: Path) -> None:
    one = make_mini(tmp_path / "one", TINY, show=False)
    two = make_mini(tmp_path / "two", replace(TINY, seed=1), show=False)
    assert digests(one)["train_X.bin"] != digests(two)["train_X.bin"]


def test_columns_are_stored_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any change of colour, a crop is a crop: upright, with its channels in order."""
    from PIL import Image

    rows, columns = np.mgrid[:300, :300]
    photograph = Image.fromarray(np.stack([rows, columns, 0 * rows], 2).astype(np.uint8) % 251)
    monkeypatch.setattr(mini_data, "photograph", lambda name: photograph.crop((0, 0, 250, 250)))
    plain = replace(
        TINY, detail=0, gain=0, contrast=0, brightness=0, shuffled=0, grey=0, tiles=(1, 2)
    )
    folder = make_mini(tmp_path, plain, show=False)
    images = np.fromfile(folder / "train_X.bin", np.uint8).reshape(-1, 3, 96, 96)
    for image in images.astype(int):
        by_column, by_row = image[1], image[0]  # axes are column, row
        assert (np.diff(by_row, axis=1) >= 0).all() and by_row[0, -1] > by_row[0, 0]
        assert (by_row == by_row[:1]).all()  # the row's number is the same in every column
        assert (by_column == by_column[:, :1]).all()
        assert image[2].max() == 0


def test_tests_come_from_other_regions_than_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paint the test tiles of every photograph white: no training crop may show white."""
    from PIL import Image

    recipe = replace(TINY, unlabeled=60, train=60, test=60, detail=0, gain=0, contrast=0,
                     brightness=0, shuffled=0, grey=0)  # fmt: skip
    rows, columns = recipe.tiles
    side = 120
    canvas = np.zeros((rows * side, columns * side, 3), np.uint8)
    for tile in range(rows * columns):
        row, column = divmod(tile, columns)
        if mini_data._is_test(tile, columns):
            canvas[row * side : (row + 1) * side, column * side : (column + 1) * side] = 255
    monkeypatch.setattr(mini_data, "photograph", lambda name: Image.fromarray(canvas))
    folder = make_mini(tmp_path, recipe, show=False)
    values = {
        s: np.fromfile(folder / f"{s}_X.bin", np.uint8) for s in ("train", "test", "unlabeled")
    }
    assert values["train"].max() == 0 and values["unlabeled"].max() == 0
    assert values["test"].min() == 255


def test_crops_show_something(small_data: Path) -> None:
    images = np.fromfile(small_data / "mini/stl10_binary/train_X.bin", np.uint8)
    spread = images.reshape(-1, 3, 96, 96).mean(axis=1).std(axis=(1, 2))
    assert np.median(spread) > 15


def test_what_is_made_is_not_made_again(tmp_path: Path) -> None:
    folder = make_mini(tmp_path, TINY, show=False)
    before = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    make_mini(tmp_path, TINY, show=False)
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == before


def test_what_is_made_can_be_read_by_others(tmp_path: Path) -> None:
    def make(part: Path) -> None:
        (part / "inner").mkdir()
        for name in ("model", "inner/tokens"):
            (part / name).touch(mode=0o600)

    made = mini_data.make_folder(tmp_path / "made", "recipe", {}, make)
    assert {p.stat().st_mode & 0o777 for p in made.rglob("*") if p.is_file()} == {0o644}


@pytest.mark.parametrize("damage", ["missing", "short", "other recipe"])
def test_what_is_not_whole_is_made_again(tmp_path: Path, damage: str) -> None:
    folder = make_mini(tmp_path, TINY, show=False)
    right = digests(folder)
    if damage == "missing":
        (folder / "test_X.bin").unlink()
    elif damage == "short":
        (folder / "unlabeled_X.bin").write_bytes(b"short")
    else:
        make_mini(tmp_path, replace(TINY, grey=0.9), show=False)
        assert digests(folder) != right
    make_mini(tmp_path, TINY, show=False)
    assert digests(folder) == right


def test_an_interrupt_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mini_data, "_jitter", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_mini(tmp_path, TINY, show=False)
    assert list((tmp_path / "mini").iterdir()) == []


def test_every_photograph_is_in_the_wheels() -> None:
    for name in CLASSES:
        assert min(mini_data.photograph(name).size) >= 300
    assert len(CLASSES) == 10


def test_a_missing_photograph_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(mini_data.PHOTOGRAPHS, "cat", "skimage/data/no-cat.png")
    with pytest.raises(DataError, match=r"no-cat\.png .*scikit-image"):
        mini_data.photograph("cat")
