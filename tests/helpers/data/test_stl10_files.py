import gzip
import hashlib
import io
import tarfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from server import Manners, serve

from helpers.data import verified
from helpers.data.download import file_checksum
from helpers.data.stl10_files import fetch_stl10
from helpers.errors import DataError, DownloadError

FILES = {"train_X.bin": b"\1" * 27648 * 3, "train_y.bin": b"\1\2\3", "test_y.bin": b"\4"}
FILE_MD5 = {name: hashlib.md5(body).hexdigest() for name, body in FILES.items()}


def pack(files: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for name, body in files.items():
            member = tarfile.TarInfo(f"stl10_binary/{name}")
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return raw.getvalue()


ARCHIVE = pack({"fold_indices.txt": b"not wanted", **FILES})


def fetch(
    data: Path,
    url: str = "http://127.0.0.1:1/none",
    archive: bytes = ARCHIVE,
    sums: dict[str, str] = FILE_MD5,
    **options: Any,
) -> Path:
    return fetch_stl10(
        data,
        mirrors=[url],
        archive_md5=hashlib.md5(archive).hexdigest(),
        file_md5=sums,
        **options,
    )


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of files that were read to be hashed."""
    names: list[str] = []

    def noted(path: Path) -> str:
        names.append(path.name)
        return file_checksum(path)

    monkeypatch.setattr(verified, "file_checksum", noted)
    return names


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between tries."""
    monkeypatch.setattr("helpers.data.download.time.sleep", lambda seconds: None)


def test_it_is_downloaded_unpacked_and_the_archive_removed(
    tmp_path: Path, hashed: list[str]
) -> None:
    with serve(Manners(ARCHIVE, cut_after=[100])) as url:
        folder = fetch(tmp_path, url)
    assert {n: (folder / n).read_bytes() for n in FILES} == FILES
    assert not (folder / "fold_indices.txt").exists()
    assert list(tmp_path.iterdir()) == [folder]
    assert (folder / "class_names.txt").read_text().split()[0] == "airplane"
    assert hashed == []  # each was hashed while it was written, and needs no second reading


def test_what_is_there_and_right_is_neither_fetched_nor_hashed_again(
    tmp_path: Path, hashed: list[str]
) -> None:
    with serve(Manners(ARCHIVE)) as url:
        fetch(tmp_path, url)
    fetch(tmp_path)  # no server is there any more
    assert hashed == []


def test_files_put_there_by_hand_are_hashed_once(tmp_path: Path, hashed: list[str]) -> None:
    (tmp_path / "stl10_binary").mkdir()
    for name, body in FILES.items():
        (tmp_path / "stl10_binary" / name).write_bytes(body)
    fetch(tmp_path)
    assert sorted(hashed) == sorted(FILES)
    fetch(tmp_path)
    assert sorted(hashed) == sorted(FILES)


def test_a_file_that_changed_later_is_noticed(tmp_path: Path) -> None:
    with serve(Manners(ARCHIVE)) as url:
        folder = fetch(tmp_path, url)
    (folder / "train_y.bin").write_bytes(b"\1\2\4")
    with pytest.raises(DataError, match=r"train_y\.bin is damaged .* delete it"):
        fetch(tmp_path)


def test_only_what_is_missing_is_unpacked(tmp_path: Path) -> None:
    with serve(Manners(ARCHIVE)) as url:
        folder = fetch(tmp_path, url, keep_archive=True)
    before = (folder / "train_X.bin").stat().st_mtime_ns
    (folder / "train_y.bin").unlink()
    fetch(tmp_path)  # from the archive that was kept
    assert (folder / "train_y.bin").read_bytes() == FILES["train_y.bin"]
    assert (folder / "train_X.bin").stat().st_mtime_ns == before


def test_of_the_unlabeled_images_no_more_are_unpacked_than_asked_for(
    tmp_path: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = bytes(range(256)) * 108 * 40  # forty images
    rest = np.random.default_rng(0).bytes(4 << 20)  # that no packing makes smaller
    archive = pack({**FILES, "unlabeled_X.bin": body + rest})
    sums = {**FILE_MD5, "unlabeled_X.bin": hashlib.md5(body + rest).hexdigest()}
    (tmp_path / "stl10_binary.tar.gz").write_bytes(archive)
    taken: list[int] = []
    inflate = zlib.decompressobj

    class Counted:
        def __init__(self, *args: Any) -> None:
            self.inner = inflate(*args)

        def decompress(self, data: bytes, *args: Any) -> bytes:
            taken.append(len(data))
            return self.inner.decompress(data, *args)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

    monkeypatch.setattr(zlib, "decompressobj", Counted)

    def get(unlabeled: int | None) -> Path:
        return fetch(tmp_path, archive=archive, sums=sums, unlabeled=unlabeled)

    folder = get(12)
    assert (folder / "unlabeled_X.bin.first").read_bytes() == body[: 12 * 27648]
    assert not (folder / "unlabeled_X.bin").exists() and sum(taken) < len(archive) / 2
    taken.clear()
    assert get(7) == get(0) == folder and not taken  # they are there
    assert (get(30) / "unlabeled_X.bin.first").stat().st_size == 30 * 27648
    get(None)
    assert (folder / "unlabeled_X.bin").read_bytes() == body + rest
    assert sorted(p.name for p in folder.iterdir() if "first" in p.name) == []
    assert [p.name for p in tmp_path.iterdir()] == ["stl10_binary"]
    hashed.clear()
    (folder / "unlabeled_X.bin.md5").unlink()
    assert get(12) == folder and hashed == []  # a file of 2.8 GB is not hashed for a tenth of it


def test_an_archive_put_there_by_hand_is_used(tmp_path: Path, hashed: list[str]) -> None:
    (tmp_path / "stl10_binary.tar.gz").write_bytes(ARCHIVE)
    folder = fetch(tmp_path)
    assert (folder / "train_y.bin").read_bytes() == FILES["train_y.bin"]
    assert hashed == ["stl10_binary.tar.gz"]


def test_a_damaged_archive_put_there_by_hand_is_named(tmp_path: Path) -> None:
    (tmp_path / "stl10_binary.tar.gz").write_bytes(ARCHIVE[:-20])
    with pytest.raises(DataError, match=r"stl10_binary\.tar\.gz is damaged"):
        fetch(tmp_path)


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (pack({"train_X.bin": FILES["train_X.bin"]}), r"holds no train_y\.bin, test_y\.bin"),
        (pack({**FILES, "train_y.bin": b"\7\7\7"}), r"train_y\.bin came out .* damaged"),
        (ARCHIVE[:-200], "cannot be unpacked|holds no"),
        (b"no archive", "cannot be unpacked"),
        (gzip.compress(b"no tar" * 200, mtime=0), "cannot be unpacked|holds no"),
    ],
)
def test_an_archive_of_the_wrong_content_is_named(
    tmp_path: Path, archive: bytes, message: str
) -> None:
    with serve(Manners(archive)) as url, pytest.raises(DataError, match=message):
        fetch(tmp_path, url, archive)
    assert not list(tmp_path.rglob("*.part"))
    assert not (tmp_path / "stl10_binary" / "test_y.bin").exists()


def test_members_go_nowhere_else(tmp_path: Path) -> None:
    archive = pack({"../../outside/train_y.bin": FILES["train_y.bin"], **FILES})
    with serve(Manners(archive)) as url:
        folder = fetch(tmp_path / "data", url, archive)
    assert list(tmp_path.iterdir()) == [tmp_path / "data"]
    assert (folder / "train_y.bin").read_bytes() == FILES["train_y.bin"]


def test_no_mirror_at_all(tmp_path: Path, patient: None) -> None:
    with pytest.raises(DownloadError, match=r"stl10_binary\.tar\.gz could not be downloaded"):
        fetch(tmp_path)
