import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import helpers
from helpers import machine


def group(root: Path, told: str, files: dict[str, str]) -> Path:
    for name, text in {"proc/self/cgroup": told, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


AVAILABLE = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("told", "files", "expected"),
    [
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "50000 100000\n"}, 0.5),
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "max 100000\n"}, AVAILABLE),
        ("0::/a/b\n", {"sys/fs/cgroup/a/cpu.max": "25000 100000\n"}, 0.25),
        (
            "0::/a\n",
            {"sys/fs/cgroup/a/cpu.max": "max 100000", "sys/fs/cgroup/cpu.max": "80000 100000"},
            0.8,
        ),
        (
            "4:memory:/x\n1:cpu,cpuacct:/x\n0::/\n",
            {
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "75000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            0.75,
        ),
        ("1:cpu:/\n", {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n"}, AVAILABLE),
        ("0::/\n", {}, AVAILABLE),
    ],
)
def test_threads_follow_the_share_of_a_container(
    tmp_path: Path, told: str, files: dict[str, str], expected: float
) -> None:
    assert machine.processors(group(tmp_path, told, files)) == pytest.approx(expected)


def test_without_control_groups_all_processors_count(tmp_path: Path) -> None:
    assert machine.processors(tmp_path) == AVAILABLE


def test_a_session_takes_as_many_threads_as_the_share_allows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import torch

    before = torch.get_num_threads()
    try:
        for share, asked, expected in ((1.5, 8, 2), (1.5, 1, 1), (0.2, 2, 1)):
            monkeypatch.setattr(machine, "processors", lambda share=share: share)
            torch.set_num_threads(asked)
            helpers.start(data=tmp_path, profile="mini")
            assert torch.get_num_threads() == expected
    finally:
        torch.set_num_threads(before)


def test_importing_helpers_before_torch_makes_its_threads_wait_calmly() -> None:
    code = "import helpers, os, sys; print('torch' in sys.modules, os.environ['GOMP_SPINCOUNT'])"
    environment = {k: v for k, v in os.environ.items() if k != "GOMP_SPINCOUNT"}
    for given, expected in (({}, machine.SPINS), ({"GOMP_SPINCOUNT": "7"}, "7")):
        told = subprocess.run(
            [sys.executable, "-c", code],
            env={**environment, **given},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert told.split() == ["False", expected]


def test_memory_that_was_freed_is_used_again() -> None:
    """A step's tensors are allocated and freed over and over: their pages should come once."""
    code = """
import resource, sys
from helpers import machine
if sys.argv[1] == "keep":
    machine.keep_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
blocks = [bytearray(12 << 20) for _ in range(4)]
del blocks
before = faults()
for _ in range(10):
    blocks = [bytearray(12 << 20) for _ in range(4)]
    for block in blocks:
        for i in range(0, len(block), 4096):
            block[i] = 1
    del blocks, block
print(faults() - before)
"""
    kept, given_back = (
        int(
            subprocess.run(
                [sys.executable, "-c", code, how], capture_output=True, check=True
            ).stdout
        )
        for how in ("keep", "as it is")
    )
    pages = 4 * (12 << 20) // resource.getpagesize()
    assert kept < 2 * pages < given_back
