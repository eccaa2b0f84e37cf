"""The reading of Flickr8k, in its real layouts and sizes, and of the mini captioned images."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from server import Manners, serve
from torch.utils.data import Subset
from torchvision.transforms.functional import normalize

import helpers
from helpers.data import flickr8k_files, mini_captions, mini_data
from helpers.data.flickr8k import MEAN, STD, Flickr8k, read_captions, split
from helpers.data.flickr8k_files import Archive, fetch_flickr8k
from helpers.data.mini_captions import CaptionRecipe, make_mini_captions
from helpers.errors import DataError, DownloadError

TINY = CaptionRecipe(images=60)


def jpeg(colour: tuple[int, int, int] = (200, 30, 60), size: tuple[int, int] = (12, 8)) -> bytes:
    raw = io.BytesIO()
    Image.new("RGB", size, colour).save(raw, "JPEG", quality=95)
    return raw.getvalue()


def pack(files: Mapping[str, str | bytes]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return raw.getvalue()


def archives(
    names: Sequence[str], missing: Sequence[str] = ("2258277193_586949ec62.jpg.1",)
) -> dict[str, bytes]:
    """The two zips as they are published: a folder of images, and a folder of texts."""
    rows = [f"{n}#{i}\tA dog , caption {i} of {n} ." for n in [*names, *missing] for i in range(5)]
    picture = jpeg()
    return {
        "Flickr8k_text.zip": pack(
            {"Flickr8k.token.txt": "\n".join(rows) + "\n", "readme.txt": "not wanted"}
        ),
        "Flickr8k_Dataset.zip": pack(
            {f"Flicker8k_Dataset/{n}": picture for n in names}
            | {f"__MACOSX/Flicker8k_Dataset/._{n}": b"" for n in names[:3]}
        ),
    }


def known(bodies: dict[str, bytes]) -> list[Archive]:
    wanted = {"Flickr8k_text.zip": "Flickr8k.token.txt", "Flickr8k_Dataset.zip": ".jpg"}
    return [Archive(n, hashlib.md5(b).hexdigest(), wanted[n]) for n, b in bodies.items()]


def fetch(data: Path, url: str, bodies: dict[str, bytes], images: int) -> Path:
    source = url.rpartition("/")[0] + "/"
    return fetch_flickr8k(data, sources=[source], archives=known(bodies), images=images)


NAMES = [f"{1000 + i}_abc.jpg" for i in range(8)]


def words(texts: list[str], *_args: object, **_options: object) -> dict[str, torch.Tensor]:
    """A tokenizer: each word is its length."""
    rows = [[len(w) for w in t.split()] for t in texts]
    longest = max(map(len, rows))
    ids = torch.tensor([r + [0] * (longest - len(r)) for r in rows])
    return {"input_ids": ids, "attention_mask": (ids > 0).long()}


@pytest.mark.slow
def test_the_real_sizes_give_the_minibatches_of_the_handout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = archives([f"{i:010d}_x.jpg" for i in range(8091)])
    with serve(Manners(bodies=bodies, cut_after=[100, 5000, 70_000])) as url:
        defaults = {
            **(fetch_flickr8k.__kwdefaults__ or {}),
            "sources": [url.rpartition("/")[0] + "/"],
        }
        defaults["archives"] = known(bodies)
        monkeypatch.setattr(fetch_flickr8k, "__kwdefaults__", defaults)
        helpers.start(profile="full", data=tmp_path)
        data = helpers.Flickr8k()
    loaders = helpers.caption_loaders(data, words)
    assert len(data) == 8091 and sum(map(len, data.captions)) == 40_455
    assert (len(loaders.train), len(loaders.valid)) == (202, 50)
    assert sum(len(b["image"]) for b in loaders.gallery) == len(loaders.names) == 1618
    assert {p.name for p in (tmp_path / "flickr8k").iterdir()} == {"Images", "Flickr8k.token.txt"}
    assert not list(tmp_path.glob("*.zip*"))
    batch = next(iter(loaders.train))
    assert batch["image"].shape == (32, 3, 64, 64) and batch["image"].dtype == torch.float32
    assert batch["input_ids"].shape == batch["attention_mask"].shape == (32, 8)


def test_an_interrupted_unpacking_goes_on_and_nothing_is_fetched_twice(tmp_path: Path) -> None:
    bodies = archives(NAMES)
    manners = Manners(bodies=bodies)
    with serve(manners) as url:
        folder = fetch(tmp_path, url, bodies, 8)
        before = (folder / "Images" / NAMES[0]).stat().st_mtime_ns
        fetch(tmp_path, url, bodies, 8)
        assert len(manners.requests) == 2
        (folder / "Images" / NAMES[1]).unlink()
        fetch(tmp_path, url, bodies, 8)
    assert (folder / "Images" / NAMES[1]).is_file()
    assert (folder / "Images" / NAMES[0]).stat().st_mtime_ns == before


def test_too_few_images_are_named(tmp_path: Path) -> None:
    bodies = archives(NAMES)
    with serve(Manners(bodies=bodies)) as url, pytest.raises(DataError, match="8 images, not 9"):
        fetch(tmp_path, url, bodies, 9)


@pytest.mark.parametrize("body", [b"no zip", pack({"other.txt": "x"})])
def test_a_wrong_archive_is_named(tmp_path: Path, body: bytes) -> None:
    bodies = archives(NAMES) | {"Flickr8k_text.zip": body}
    with serve(Manners(bodies=bodies)) as url, pytest.raises(DataError, match="Flickr8k_text"):
        fetch(tmp_path, url, bodies, 8)


def test_members_go_nowhere_else(tmp_path: Path) -> None:
    bodies = archives(NAMES)
    bodies["Flickr8k_Dataset.zip"] = pack({f"../../{n}": jpeg() for n in NAMES})
    with serve(Manners(bodies=bodies)) as url:
        fetch(tmp_path / "data", url, bodies, 8)
    assert list(tmp_path.iterdir()) == [tmp_path / "data"]


def test_without_a_network_a_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpers.data.download.time.sleep", lambda seconds: None)
    bodies = archives(NAMES)
    with pytest.raises(DownloadError, match=r"Flickr8k_text\.zip could not be downloaded"):
        fetch(tmp_path, "http://127.0.0.1:1/none", bodies, 8)


def kaggle(folder: Path, rows: Sequence[tuple[str, ...]], names: Sequence[str] = NAMES) -> Path:
    (folder / "Images").mkdir(parents=True)
    for name in names:
        (folder / "Images" / name).write_bytes(jpeg())
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    (folder / "captions.txt").write_text(text.getvalue(), newline="")
    return folder


def test_files_from_kaggle_are_taken_when_they_are_right(tmp_path: Path) -> None:
    rows = [("image", "caption"), *((n, "A dog , running , wet .") for n in NAMES)]
    folder = kaggle(tmp_path / "flickr8k", rows)
    right = hashlib.md5((folder / "captions.txt").read_bytes()).hexdigest()
    assert fetch_flickr8k(tmp_path, sources=[], images=8, captions_md5=right) == folder
    assert read_captions(folder)[NAMES[0]] == ("A dog , running , wet .",)
    (folder / "captions.txt.md5").unlink()
    with pytest.raises(DataError, match=r"captions\.txt is damaged"):
        fetch_flickr8k(tmp_path, sources=[], images=8, captions_md5="0" * 32)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("file", "text")], "does not begin"),
        ([("image", "caption"), ("a.jpg", "A dog", "running")], "line 2: 3 fields"),
        ([("image", "caption"), ("other.jpg", "A dog")], "no caption names an image"),
    ],
)
def test_captions_of_another_layout_are_named(
    tmp_path: Path, rows: Sequence[tuple[str, ...]], says: str
) -> None:
    with pytest.raises(DataError, match=says):
        read_captions(kaggle(tmp_path / "flickr8k", rows))


def test_a_folder_without_captions_or_images_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither captions\.txt nor"):
        read_captions(tmp_path)
    (tmp_path / "Flickr8k.token.txt").write_text("a.jpg#0\tA dog\n")
    with pytest.raises(DataError, match="no folder Images"):
        read_captions(tmp_path)


def test_the_split_is_a_fixed_fifth() -> None:
    train, valid = split(8091)
    assert (len(train), len(valid)) == (6473, 1618)
    assert sorted([*train, *valid]) == list(range(8091))
    np.testing.assert_array_equal(valid, split(8091)[1])


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_mini_captions(tmp_path_factory.mktemp("captions"), TINY, show=False)


def pictures(folder: Path) -> dict[str, np.ndarray]:
    return {p.name: np.asarray(Image.open(p)) / 255 for p in sorted((folder / "Images").iterdir())}


def test_the_mini_captions_are_deterministic(mini: Path, tmp_path: Path) -> None:
    again = make_mini_captions(tmp_path, TINY, show=False)
    assert (again / "captions.txt").read_bytes() == (mini / "captions.txt").read_bytes()
    for path in (mini / "Images").iterdir():
        assert path.read_bytes() == (again / "Images" / path.name).read_bytes()


def test_the_last_caption_says_all_and_it_can_be_seen(mini: Path) -> None:
    images, captions = pictures(mini), read_captions(mini)
    assert len(captions) == 60 and {len(c) for c in captions.values()} == {5}
    brightness: dict[str, list[float]] = {"dark": [], "bright": []}
    detail: dict[str, list[float]] = {"blurred": [], "sharp": []}
    for name, texts in captions.items():
        told = texts[4].lower().replace(",", "").replace(".", "").split()
        assert sum(word in told for word in mini_data.CLASSES) == 1
        image = images[name]
        for word, values in brightness.items():
            values += [image.mean()] * (word in told)
        for word, values in detail.items():
            grey = image.mean(axis=2)
            values += [np.abs(np.diff(grey)).mean() / grey.std()] * (word in told)
        if "grey" in told:
            assert np.ptp(image, axis=2).max() < 0.03
        if "reddish" in told and "dark" not in told:
            assert image[..., 0].mean() > image[..., 1].mean()
    assert max(brightness["dark"]) < min(brightness["bright"])
    assert np.median(detail["blurred"]) < np.median(detail["sharp"])


def test_no_mini_caption_shows_a_tile_kept_for_testing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paint the test tiles of every photograph green: no image may be green."""
    painted = Image.new("RGB", (300, 200), (30, 30, 30))
    rows, columns = np.mgrid[:200, :300]
    pixels = np.asarray(painted).copy()
    pixels[..., 0] = (rows + columns) % 2 * 120  # something to see in every tile
    pixels[:100, 100:200] = pixels[100:, 200:] = (0, 255, 0)
    monkeypatch.setattr(mini_captions, "photograph", lambda name: Image.fromarray(pixels))
    monkeypatch.setattr(mini_captions, "TINTS", {"reddish": (1.0, 1.0, 1.0)})
    folder = make_mini_captions(tmp_path, TINY, show=False)
    for image in pictures(folder).values():
        assert (image[..., 1] - image[..., 2]).max() < 0.2


def test_an_item_is_resized_and_normalised(mini: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mini_captions, "CAPTIONS", TINY)
    data = Flickr8k(profile="mini", data=mini.parents[1])
    assert data.names == tuple(sorted(p.name for p in (mini / "Images").iterdir()))
    item = data[7]
    uint8 = torch.from_numpy(data.images[7]).permute(2, 0, 1)
    torch.testing.assert_close(
        item["image"], normalize(uint8.float() / 255, MEAN, STD), atol=1e-5, rtol=0
    )
    whole = np.asarray(Image.open(mini / "Images" / data.names[7]))
    assert abs(whole.mean() - data.images[7].mean()) < 2  # the same picture, in RGB
    np.testing.assert_allclose(whole.mean((0, 1)), data.images[7].mean((0, 1)), atol=3)
    assert item["captions"] == data.captions[7] and len(item["captions"]) == 5


def test_training_draws_captions_and_validation_takes_the_first(
    mini: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mini_captions, "CAPTIONS", TINY)
    data = Flickr8k(profile="mini", data=mini.parents[1])
    seen = []

    def spy(texts: list[str], **options: object) -> dict[str, torch.Tensor]:
        seen.extend(texts)
        return words(texts)

    loaders = helpers.caption_loaders(data, spy, batch_size=8)
    train, gallery = loaders.train.dataset, loaders.gallery.dataset
    assert isinstance(train, Subset) and isinstance(gallery, Subset)
    of_training: dict[int, set[str]] = {i: set() for i in train.indices}
    place = {c: i for i in of_training for c in data.captions[i]}
    for _ in range(12):
        seen.clear()
        assert len(list(loaders.train)) == 6  # of 48 images
        for text in seen:
            of_training[place[text]].add(text)
    assert len(of_training) == 48 and sum(len(s) > 1 for s in of_training.values()) > 40
    seen.clear()
    list(loaders.gallery)
    assert seen == [data.captions[i][0] for i in gallery.indices]


def test_an_image_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = kaggle(tmp_path / "flickr8k", [("image", "caption"), *((n, "A dog") for n in NAMES)])
    (folder / "Images" / NAMES[3]).write_bytes(b"no image")
    right = hashlib.md5((folder / "captions.txt").read_bytes()).hexdigest()
    assert flickr8k_files.fetch_flickr8k(tmp_path, images=8, captions_md5=right)
    with pytest.raises(DataError, match=NAMES[3]):
        helpers.data.flickr8k._decode([folder / "Images" / NAMES[3]])
