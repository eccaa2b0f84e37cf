"""CIFAR-100 and Hymenoptera in their published layouts, and the mini sets in the same."""

import hashlib
import io
import pickle
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from server import Manners, serve
from torchvision.datasets import CIFAR100 as TorchvisionCIFAR100

import helpers
from helpers.data import labeled
from helpers.data.labeled import CIFAR100, Hymenoptera, fetch_cifar100, fetch_hymenoptera
from helpers.data.mini_data import CLASSES
from helpers.data.mini_labeled import (
    LabeledRecipe,
    class_names,
    make_mini_cifar100,
    make_mini_folders,
)
from helpers.errors import DataError, DownloadError

# An archive, the MD5 sums of its files, and the images of each split.
Published = tuple[bytes, dict[str, str], dict[str, np.ndarray]]
SMALL = LabeledRecipe(train=200, test=100, train_two=12, test_two=8)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between tries."""
    monkeypatch.setattr("helpers.data.download.time.sleep", lambda seconds: None)


@pytest.fixture(scope="module")
def cifar() -> Published:
    """CIFAR-100's archive as it is published, with 7 and 5 random images."""
    rng = np.random.default_rng(0)
    files, images = {}, {}
    for split, n in (("train", 7), ("test", 5)):
        images[split] = rng.integers(256, size=(n, 3072), dtype=np.uint8)
        content = {
            "filenames": [f"{i}.png" for i in range(n)],
            "batch_label": "batch 1 of 1",
            "fine_labels": list(range(90, 90 + n)),
            "coarse_labels": [3] * n,
            "data": images[split],
        }
        files[split] = pickle.dumps(content, protocol=2)
    names = [f"big_thing_{i}" for i in range(100)]
    meta = {"fine_label_names": names, "coarse_label_names": ["things"]}
    files["meta"] = pickle.dumps(meta, protocol=2)
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for name, body in {"file.txt~": b"not wanted", **files}.items():
            member = tarfile.TarInfo(f"cifar-100-python/{name}")
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return raw.getvalue(), {n: hashlib.md5(b).hexdigest() for n, b in files.items()}, images


def known(monkeypatch: pytest.MonkeyPatch, cifar: Published, mirrors: list[str]) -> None:
    """Let torchvision and us take this archive for the real one."""
    archive, sums, _ = cifar
    original = TorchvisionCIFAR100
    monkeypatch.setattr(original, "train_list", [["train", sums["train"]]])
    monkeypatch.setattr(original, "test_list", [["test", sums["test"]]])
    monkeypatch.setattr(original, "meta", {**original.meta, "md5": sums["meta"]})
    options = {
        "mirrors": mirrors,
        "archive_md5": hashlib.md5(archive).hexdigest(),
        "file_md5": sums,
    }
    monkeypatch.setattr(fetch_cifar100, "__kwdefaults__", options)


def test_cifar100_comes_from_the_second_mirror_through_torchvisions_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patient: None, cifar: Published
) -> None:
    with serve(Manners(cifar[0], cut_after=[200, 3000])) as url:
        known(monkeypatch, cifar, ["http://127.0.0.1:1/none", url])
        helpers.start(profile="full", data=tmp_path)
        data = helpers.CIFAR100("test")
    image, label = data[2]
    expected = cifar[2]["test"][2].reshape(3, 32, 32).transpose(1, 2, 0)
    np.testing.assert_array_equal(np.asarray(image), expected)
    assert label == 92 and data.classes[92] == "big thing 92"
    assert len(CIFAR100("train")) == 7  # nothing is fetched again
    assert [p.name for p in tmp_path.iterdir()] == ["cifar-100-python"]


def test_a_wrong_archive_of_cifar100_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patient: None, cifar: Published
) -> None:
    with serve(Manners(b"something else")) as url:
        known(monkeypatch, cifar, [url])
        with pytest.raises(DownloadError, match="checksum"):
            CIFAR100("train", profile="full", data=tmp_path)


def test_the_published_sums_are_torchvisions() -> None:
    assert TorchvisionCIFAR100.tgz_md5 == labeled.CIFAR_MD5
    assert sorted(labeled.CIFAR_FILES) == ["meta", "test", "train"]
    assert all(len(md5) == 32 for md5 in labeled.CIFAR_FILES.values())


def jpeg(size: tuple[int, int]) -> bytes:
    raw = io.BytesIO()
    Image.new("RGB", size, (9, 99, 199)).save(raw, "JPEG")
    return raw.getvalue()


def hymenoptera(train: int = 244, val: int = 153, extra: Sequence[str] = ()) -> bytes:
    """The zip as it is published: folders by split and class, one with an image that is none."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("hymenoptera_data/", "")
        archive.writestr("hymenoptera_data/train/ants/imageNotFound.gif", b"GIF89a")
        for split, n in (("train", train), ("val", val)):
            for i in range(n):
                kind = "ants" if i % 2 else "bees"
                archive.writestr(f"hymenoptera_data/{split}/{kind}/{i}.jpg", jpeg((20 + i, 30)))
        for name in extra:
            archive.writestr(name, jpeg((8, 8)))
    return raw.getvalue()


def fetch(data: Path, body: bytes, url: str) -> Path:
    return fetch_hymenoptera(data, mirrors=[url], sha256=hashlib.sha256(body).hexdigest())


def test_hymenoptera_is_fetched_once_and_read_as_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = hymenoptera(extra=["__MACOSX/hymenoptera_data/train/ants/._1.jpg", "../../../out.jpg"])
    manners = Manners(body, cut_after=[1000])
    with serve(manners) as url:
        sha256 = hashlib.sha256(body).hexdigest()
        defaults = {**(fetch_hymenoptera.__kwdefaults__ or {}), "mirrors": [url], "sha256": sha256}
        monkeypatch.setattr(fetch_hymenoptera, "__kwdefaults__", defaults)
        helpers.start(profile="full", data=tmp_path / "data")
        train, test = helpers.Hymenoptera("train"), helpers.Hymenoptera("test")
        asked = len(manners.requests)
        Hymenoptera("train")
        assert len(manners.requests) == asked
    assert (len(train), len(test)) == (244, 153) and train.classes == ["ants", "bees"]
    image, label = train[0]
    assert image.size == (21, 30) and label == 0
    assert [p.name for p in (tmp_path / "data").iterdir()] == ["hymenoptera_data"]
    assert list(tmp_path.iterdir()) == [tmp_path / "data"]


def test_too_few_insects_are_named(tmp_path: Path) -> None:
    body = hymenoptera(train=9, val=9)
    with serve(Manners(body)) as url, pytest.raises(DataError, match="'train': 9, 'val': 9"):
        fetch(tmp_path, body, url)


def test_a_damaged_zip_is_named(tmp_path: Path) -> None:
    body = hymenoptera()[:-500]
    with serve(Manners(body)) as url, pytest.raises(DataError, match="cannot be unpacked"):
        fetch(tmp_path, body, url)


@pytest.mark.parametrize("kind", [CIFAR100, Hymenoptera])
def test_there_is_no_other_split(tmp_path: Path, kind: type[CIFAR100] | type[Hymenoptera]) -> None:
    with pytest.raises(DataError, match="no split 'val': use 'train' or 'test'"):
        kind("val", profile="mini", data=tmp_path)


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, CIFAR100 | Hymenoptera]]:
    data = tmp_path_factory.mktemp("mini")
    make_mini_cifar100(data, SMALL, show=False)
    make_mini_folders(data, SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("helpers.data.mini_labeled.LABELED", SMALL)
        yield {
            "train": CIFAR100("train", profile="mini", data=data),
            "test": CIFAR100("test", profile="mini", data=data),
            "insects": Hymenoptera("train", profile="mini", data=data),
            "test insects": Hymenoptera("test", profile="mini", data=data),
        }


def test_the_mini_set_has_a_hundred_classes_equally_often(
    mini: dict[str, CIFAR100 | Hymenoptera],
) -> None:
    names = mini["train"].classes
    assert len(set(names)) == 100 and names == class_names()
    assert {n.split(" ")[0] for n in names} == {"dark", "bright"}
    for split, each in (("train", 2), ("test", 1)):
        assert np.bincount(mini[split].targets).tolist() == [each] * 100
        assert mini[split].data.shape == (100 * each, 32, 32, 3)
    assert sum("cat" in n for n in names) == 10 and len(CLASSES) == 10


def test_images_look_as_their_class_says(mini: dict[str, CIFAR100 | Hymenoptera]) -> None:
    """In each image, not on average alone: dark is dark, and a tint shows."""
    data, names = mini["train"], [mini["train"].classes[y] for y in mini["train"].targets]
    colour = data.data.mean(axis=(1, 2)) / 255
    bright = np.array(["bright" in n for n in names])
    assert colour[bright].mean(1).min() > 0.4 > 0.5 * colour[~bright].mean(1).max()
    for word, channel in (("reddish", 0), ("greenish", 1), ("bluish", 2)):
        tinted = np.array([word in n for n in names])
        others = np.delete(colour[tinted], channel, axis=1)
        assert (colour[tinted, channel] > others.max(axis=1)).mean() > 0.9, word
    grey = np.array(["grey" in n for n in names])
    assert np.abs(colour[grey] - colour[grey].mean(1, keepdims=True)).max() < 0.01


def test_the_mini_folders_are_as_many_as_asked(mini: dict[str, CIFAR100 | Hymenoptera]) -> None:
    assert len(mini["insects"]) == 12 and len(mini["test insects"]) == 8
    assert mini["insects"].classes == ["motorcycle", "temple"]
    assert LabeledRecipe().train_two == 244 and LabeledRecipe().test_two == 153


def test_the_same_recipe_gives_the_same_bytes(
    mini: dict[str, CIFAR100 | Hymenoptera], tmp_path: Path
) -> None:
    folder = make_mini_cifar100(tmp_path, SMALL, show=False)
    made = pickle.loads((folder / "test").read_bytes())
    np.testing.assert_array_equal(
        made["data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), mini["test"].data
    )
    before = (folder / "test").stat().st_mtime_ns
    make_mini_cifar100(tmp_path, SMALL, show=False)
    assert (folder / "test").stat().st_mtime_ns == before
