"""What a worker wrote is counted and cleared wherever it may write."""

import os
import signal
from pathlib import Path

import pytest

from autograder.sandbox.watch import Worker, clear, deleted, processes, written

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="gives files away")
UID = 61_998


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    """Of a user of its own, who left files in two places, beside those of another."""
    places = tuple(str(tmp_path / name) for name in ("scratch", "shared"))
    for place in places:
        for owner in (UID, UID + 1):
            folder = Path(place, str(owner), "deep")
            folder.mkdir(parents=True)
            (folder / "file").write_bytes(bytes(1 << 20))
            for path in (folder.parent, folder, folder / "file"):
                os.chown(path, owner, owner)
    return Worker(pid=0, uid=UID, places=places, apart=False, cpu=1, memory=1, disk=1)


def test_a_workers_own_files_are_counted_and_nobody_elses(worker: Worker) -> None:
    size, count = written(worker)
    assert count == 6 and 2 << 20 <= size < 3 << 20
    worker.uid = None
    assert written(worker)[1] == 12


def test_what_is_left_outside_of_the_scratch_folder_goes(worker: Worker) -> None:
    clear(worker)
    scratch, shared = map(Path, worker.places)
    assert sorted(p.name for p in scratch.iterdir()) == [str(UID), str(UID + 1)]
    assert [p.name for p in shared.iterdir()] == [str(UID + 1)]
    assert (shared / str(UID + 1) / "deep" / "file").stat().st_size == 1 << 20


def test_files_without_a_name_are_counted(tmp_path: Path) -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        file = (tmp_path / "x").open("wb")
        file.write(bytes(1 << 20))
        file.flush()
        (tmp_path / "x").unlink()
        os.write(write, b"x")
        signal.pause()
    try:
        os.read(read, 1)
        assert deleted(processes(), None) >= 1 << 20
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(read)
        os.close(write)
