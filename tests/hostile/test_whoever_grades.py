"""A right and a hostile submission graded by root, by root in a container, and by a person."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from answers import FORGE
from hand_ins import CLASS
from handed_in import PS, cell, right
from refused import CALLS
from shipped import compose

from autograder.paths import ROOT

pytestmark = pytest.mark.slow

SPY = """
import os, pathlib, signal, socket
for place in ("{root}", "{root}/solutions", "{root}/notebooks", "{tmp}", "/root", "/home"):
    try: print("LOOT", os.listdir(place))
    except OSError: pass
for path in ("{root}/solutions/autoencoder.ipynb", "{tmp}/hand-in/right.ipynb",
             "/proc/1/environ" if os.getpid() > 1 else "/proc/2/environ"):
    try: print("LOOT", pathlib.Path(path).read_text()[:300])
    except OSError: pass
for path in ("{tmp}/hand-in/right.ipynb", "{tmp}/out/grades.csv"):
    try: open(path, "a").write("harm")
    except OSError: pass
for path in ("{root}", "{tmp}/hand-in", "{tmp}/hand-in/right.ipynb", "{tmp}/out/grades.csv"):
    for change in (lambda p: os.chmod(p, 0o777), lambda p: os.utime(p, (1, 1))):
        try: change(path)
        except OSError: pass
for pid in (os.getppid(), -1):
    try: os.kill(pid, signal.SIGKILL)
    except OSError: pass
for kind in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
    try: socket.socket(kind); print("LOOT")
    except OSError: pass
if os.fork() == 0:
    os.setsid()
    import time
    while True: time.sleep(1)
class Encoder(nn.Module):
    pass
"""

LOCKED = """
import ctypes, itertools, os, threading
os.makedirs("a/b")
os.mkdir("c", 0o300)
open("c/d", "w").close()
threading.Thread(target=lambda: [b'x' * (64 << 20) for _ in itertools.repeat(0)]).start()
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)
"""

NAMELESS = """
import os, time
kept = []
for i in range(40):
    kept.append(open("x", "wb"))
    kept[-1].write(bytes(8 << 20))
    kept[-1].flush()
    os.unlink("x")
time.sleep(3)
"""

AS_WHOM = {
    "root": [],
    "root in a container like Docker's": [
        "setpriv",
        "--bounding-set=-sys_admin,-sys_ptrace",
        "--inh-caps=-sys_admin,-sys_ptrace",
    ],
    "root in a container": ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"],
    "root without capabilities": ["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
    "an ordinary user": ["setpriv", "--reuid=61999", "--regid=61999", "--clear-groups"],
}


def working_folder(process: Path) -> str:
    """Where a process works, which for an answer and what it started is the scratch folder."""
    try:
        return str((process / "cwd").readlink())
    except OSError:
        return ""


@pytest.mark.skipif(os.getuid() != 0, reason="needs to give rights up")
@pytest.mark.parametrize("name", AS_WHOM)
def test_a_class_is_graded_safely(tmp_path: Path, name: str) -> None:
    compose(PS)
    folder = tmp_path / "hand-in"
    folder.mkdir()
    (folder / "right.ipynb").write_text(json.dumps(right()))
    (folder / "greedy.zip").write_bytes(CLASS["short texts.zip"][0])
    mallories = {
        "spy": SPY, "calls": CALLS, "locked": LOCKED, "nameless": NAMELESS, "forger": FORGE,
    }  # fmt: skip
    for mallory, source in mallories.items():
        notebook = right()
        source = source.replace("{root}", str(ROOT)).replace("{tmp}", str(tmp_path))
        cell(notebook, "encoder")["source"] = source
        (folder / f"{mallory}.ipynb").write_text(json.dumps(notebook))
    tmp_path.chmod(0o755)
    out = tmp_path / "out"
    out.mkdir()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    scratch.chmod(0o777)
    if name == "an ordinary user":
        for path in (out, folder, *folder.iterdir()):
            os.chown(path, 61999, 61999)
        for parent in tmp_path.parents:
            if "pytest-of-" in str(parent):
                parent.chmod(0o755)
    before = (folder / "right.ipynb").read_bytes()
    states = [(p.stat().st_mode, p.stat().st_mtime) for p in (folder, folder / "right.ipynb")]
    done = subprocess.run(
        [*AS_WHOM[name], sys.executable, "-m", "autograder", "grade", str(folder),
         "--problem-set", PS, "--out", str(out)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch), "COURSE_PUBLIC_SECRET": "1",
             "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with (out / "grades.csv").open() as file:
        rows = {r["submission"]: r for r in csv.DictReader(file)}
    totals = {name: row["total"] for name, row in rows.items()}
    four = dict.fromkeys(["spy", "calls", "locked", "nameless"], "4")
    assert totals == {"right": "5", "forger": "4.25", "greedy": "0", **four}
    assert {row["verified"] for row in rows.values()} == {"no", ""}
    assert re.search("cannot be read within 10 s|too much memory to read", rows["greedy"]["note"])
    assert "GIVEN" not in (out / "calls" / "results.json").read_text()
    nameless = (out / "nameless" / "results.json").read_text()
    assert "more than 256 MB of files" in nameless
    results = json.loads((out / "spy" / "results.json").read_text())
    assert "LOOT" not in json.dumps(results)
    works = results["extra_data"]["isolation"]
    assert works["landlock"] and works["seccomp"]
    assert works["user"] == ("root" in name and "without" not in name)
    assert (folder / "right.ipynb").read_bytes() == before
    assert [
        (p.stat().st_mode, p.stat().st_mtime) for p in (folder, folder / "right.ipynb")
    ] == states
    assert out.stat().st_mode & 0o777 == 0o755 and not list(scratch.iterdir())
    assert not [p for p in Path("/proc").glob("[0-9]*") if str(scratch) in working_folder(p)]
