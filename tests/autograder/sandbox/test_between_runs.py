"""What one run leaves, the next cannot read: an answer that saw hidden inputs tells nobody."""

import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Call, Job, Limits
from autograder.sandbox.survey import Mechanism

PROBE = "def look(ns):\n    return {'value': ns.f()}\n"
LIBRARY = Path(sysconfig.get_path("purelib"))


def value(sandbox: Sandbox, answer: str) -> Any:
    run = sandbox.run(Job(answer, ("f",), PROBE, (Call("look", {}),)), Limits(cpu=5))
    assert isinstance(run.outcomes[0], dict), run
    return run.outcomes[0]["value"]


def has(sandbox: Sandbox, mechanism: Mechanism) -> None:
    if not (sandbox.isolation and sandbox.isolation.has(mechanism)):
        pytest.skip(f"{mechanism} does not work for this user (docs/security.md)")


@pytest.fixture
def unread() -> Iterator[Path]:
    """A file among the libraries that nobody else reads; the next reader would be noted."""
    path = LIBRARY / f"course-test-{os.getpid()}.txt"
    path.write_text("x")
    status = path.stat()
    os.utime(path, ns=(status.st_mtime_ns - 10**9, status.st_mtime_ns))
    yield path
    path.unlink()


def test_a_file_that_was_read_keeps_its_access_time(sandbox: Sandbox, unread: Path) -> None:
    has(sandbox, Mechanism.TIMES)
    before = unread.stat().st_atime_ns
    assert value(sandbox, f"f = lambda: open({str(unread)!r}).read()") == "x"
    assert value(sandbox, f"import os\nf = lambda: os.stat({str(unread)!r}).st_atime_ns") == before
    assert unread.stat().st_atime_ns == before


def test_an_answer_has_always_the_same_number(sandbox: Sandbox) -> None:
    has(sandbox, Mechanism.PROCESSES)
    threads = (
        "for _ in range(300):\n    t = threading.Thread(target=int)\n    t.start()\n    t.join()"
    )
    value(sandbox, f"import threading\n{threads}\nf = lambda: 1")
    look = (
        "import os, threading\nf = lambda: [os.getpid(), threading.get_native_id(), os.getppid(), "
        "os.getsid(0), os.readlink('/proc/self'), sorted(os.listdir('/proc/self/task'))]"
    )
    assert value(sandbox, look) == [1, 1, 0, 1, "1", ["1"]]


def test_no_count_of_the_machines_processes_is_there(sandbox: Sandbox) -> None:
    look = "def f():\n    try: return open('/proc/{}').read()\n    except OSError: return 'refused'"
    for name in ("stat", "loadavg", "sys/kernel/ns_last_pid", "sysvipc/shm", "locks"):
        assert value(sandbox, look.format(name)) == "refused", name


def test_a_scratch_folder_is_new_and_empty(sandbox: Sandbox) -> None:
    value(sandbox, "open('left', 'w').write('x')\nf = lambda: 1")
    assert value(sandbox, "import os\nf = lambda: os.listdir('.')") == []
