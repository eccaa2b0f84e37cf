import hashlib
from pathlib import Path
from typing import Any

import pytest
from server import Manners, serve

from helpers.data.download import download, file_checksum
from helpers.errors import DownloadError

BODY = bytes(range(256)) * 1000
MD5 = f"md5:{hashlib.md5(BODY).hexdigest()}"


def fetch(urls: list[str], path: Path, checksum: str = MD5, **options: Any) -> Path:
    return download(urls, path, checksum, pause=0, timeout=5, **options)


def test_a_file_comes_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    with serve(Manners(BODY)) as url:
        path = fetch([url], tmp_path / "new" / "file.bin")
    assert path.read_bytes() == BODY
    assert list(path.parent.iterdir()) == [path]


def test_each_cut_connection_goes_on_where_it_was(tmp_path: Path) -> None:
    manners = Manners(BODY, cut_after=[1000, 2000, 3000, 4000, 5000, 6000])
    with serve(manners) as url:
        path = fetch([url], tmp_path / "file.bin", tries=2)  # each gave bytes: none counts
    assert path.read_bytes() == BODY
    sums = [1000, 3000, 6000, 10000, 15000, 21000]
    assert manners.asked == ["", *(f"bytes={n}-" for n in sums)]


def test_a_later_call_continues_what_an_interrupted_one_left(tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(BODY[:77_777])
    manners = Manners(BODY)
    with serve(manners) as url:
        path = fetch([url], tmp_path / "file.bin")
    assert path.read_bytes() == BODY
    assert manners.asked == ["bytes=77777-"]


@pytest.mark.parametrize("fault", [{"ranges": False}, {"lie_about_range": True}])
def test_a_server_that_does_not_continue_is_not_appended(
    tmp_path: Path, fault: dict[str, Any]
) -> None:
    manners = Manners(BODY, cut_after=[1000], **fault)
    with serve(manners) as url:
        if "ranges" in fault:
            assert fetch([url], tmp_path / "file.bin").read_bytes() == BODY
        else:  # it says that it starts at 0 and sends the rest: the checksum tells
            with pytest.raises(DownloadError, match="checksum"):
                fetch([url], tmp_path / "file.bin")
    assert manners.asked[:2] == ["", "bytes=1000-"]


def test_a_part_of_another_file_is_given_up_for_a_fresh_start(tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"other" * 100)
    manners = Manners(BODY)
    with serve(manners) as url:
        assert fetch([url], tmp_path / "file.bin").read_bytes() == BODY
    assert manners.asked == ["bytes=500-", ""]


def test_a_part_longer_than_the_file_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(BODY + b"more")
    with serve(Manners(BODY)) as url:
        assert fetch([url], tmp_path / "file.bin").read_bytes() == BODY


def test_a_whole_part_needs_no_more_than_a_look(tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(BODY)
    manners = Manners(BODY)
    with serve(manners) as url:
        assert fetch([url], tmp_path / "file.bin").read_bytes() == BODY
    assert manners.asked == [f"bytes={len(BODY)}-"]


def test_the_wrong_bytes_never_get_the_name(tmp_path: Path) -> None:
    with serve(Manners(b"an error page")) as url, pytest.raises(DownloadError) as caught:
        fetch([url], tmp_path / "file.bin")
    assert list(tmp_path.iterdir()) == []
    message = str(caught.value)
    assert hashlib.md5(b"an error page").hexdigest() in message and MD5 in message


def test_mirrors_are_tried_in_their_order(tmp_path: Path) -> None:
    gone, wrong = Manners(statuses=[404]), Manners(b"wrong")
    right, unused = Manners(BODY), Manners(BODY)
    with serve(gone) as a, serve(wrong) as b, serve(right) as c, serve(unused) as d:
        path = fetch([a, b, c, d], tmp_path / "file.bin")
    assert path.read_bytes() == BODY
    assert [len(m.requests) for m in (gone, wrong, right, unused)] == [1, 1, 1, 0]


def test_a_second_mirror_goes_on_with_the_first_ones_bytes(tmp_path: Path) -> None:
    first = Manners(BODY, cut_after=[1000, 0, 0])
    second = Manners(BODY)
    with serve(first) as a, serve(second) as b:
        path = fetch([a, b], tmp_path / "file.bin", tries=2)
    assert path.read_bytes() == BODY
    assert second.asked == ["bytes=1000-"]


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    manners = Manners(BODY, statuses=[503, 429])
    with serve(manners) as url:
        assert fetch([url], tmp_path / "file.bin").read_bytes() == BODY


def test_when_all_fail_each_is_named_with_what_to_do(tmp_path: Path) -> None:
    gone, weak = Manners(statuses=[404]), Manners(BODY, cut_after=[10, 0, 0])
    with serve(gone) as a, serve(weak) as b, pytest.raises(DownloadError) as caught:
        fetch([a, b], tmp_path / "file.bin", tries=2)
    message = str(caught.value)
    assert f"{a}: HTTP 404" in message and f"{b}: " in message
    assert f"save it as {tmp_path / 'file.bin'}" in message
    assert (tmp_path / "file.bin.part").read_bytes() == BODY[:10]  # kept for the next call


def test_nobody_there(tmp_path: Path) -> None:
    with serve(Manners()) as url:
        pass
    with pytest.raises(DownloadError, match="refused"):
        fetch([url], tmp_path / "file.bin", tries=2)


def test_the_pause_doubles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("helpers.data.download.time.sleep", waited.append)
    with serve(Manners(BODY, statuses=[500] * 4)) as url, pytest.raises(DownloadError):
        download([url], tmp_path / "file.bin", MD5, tries=4, pause=2.0)
    assert waited == [2.0, 4.0, 8.0]


def test_what_is_there_is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(b"mine")
    assert fetch([], tmp_path / "file.bin").read_bytes() == b"mine"


def test_a_file_of_unknown_length(tmp_path: Path) -> None:
    with serve(Manners(BODY, say_length=False)) as url:
        assert fetch([url], tmp_path / "file.bin").read_bytes() == BODY


def test_checksums_of_both_kinds(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(BODY)
    assert file_checksum(tmp_path / "f") == MD5
    sha = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
    assert file_checksum(tmp_path / "f", "sha256") == sha
    with serve(Manners(BODY)) as url:
        assert fetch([url], tmp_path / "g", sha).read_bytes() == BODY
