"""What a file that means harm costs the grader's own process, beside an empty notebook.

    .venv/bin/python -m autograder release
    .venv/bin/python -m bench.reading

Each file is made, of up to 100 MB, and handed in to a grader in a process of its own. The table
shows the bytes of the file, the seconds that the grader's own process computed and waited beyond
those for an empty notebook, the peak of its memory, and what the student reads.
"""

import argparse
import contextlib
import io
import json
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.grading.basis import Basis
from autograder.grading.grade import Grader
from autograder.reading.collect import Found

PS = "ps_autoencoder"
MB = 1 << 20


def notebook(*sources: str, outputs: Any = ()) -> bytes:
    """A notebook of code cells."""
    cells = [
        {"cell_type": "code", "metadata": {}, "source": s, "outputs": list(outputs)}
        for s in sources
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}).encode()


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{PS}.ipynb", data)
    return file.getvalue()


def members(count: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for i in range(count):
            archive.writestr(f"{i:07}.txt", b"")
    return file.getvalue()


LONG = "class Encoder(nn.Module):\n" + "    x = [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" * 2_500


def text() -> list[dict[str, str]]:
    """Outputs of a hundred MB."""
    said = "x: test accuracy 0.5 (mini" * 400_000
    return [{"output_type": "stream", "name": "stdout", "text": said}] * 10


def short_texts() -> bytes:
    """Twenty million texts, in a file that is four times as long in memory for one emoji."""
    start = b'{"nbformat": 4, "cells": [], "x": ["\xf0\x9f\x98\x80", '
    return start + b'"aa",' * 20_000_000 + b'""]}'


FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "an empty notebook": ("ipynb", lambda: notebook("")),
    "a long cell and continuations": (
        "ipynb", lambda: notebook(*[s for _ in range(10) for s in (LONG, *["    y = 1"] * 25)])),
    "100 MB of short texts, and an emoji": ("ipynb", short_texts),
    "the same in a zip": ("zip", lambda: zipped(short_texts())),
    "a megabyte of `cd x`": ("ipynb", lambda: notebook("x = (\n" + "cd x\n" * 190_000)),
    "ten cells of `cd x`": ("ipynb", lambda: notebook(*["!\n" + "cd x\n" * 19_000] * 10)),
    "1,400 cells without marks": (
        "ipynb", lambda: notebook(*(f"encoder_{i} = Encoder() + {i}\n" * 8 for i in range(1_400)))),
    "9,000 small cells": ("ipynb", lambda: notebook(*(f"Decoder = {i}" for i in range(9_000)))),
    "brackets": ("ipynb", lambda: b"[" * 100 * MB),
    "brackets in a cell": ("ipynb", lambda: notebook("x = " + "(" * 90_000)),
    "signs in a cell": ("ipynb", lambda: notebook("x = " + "-" * 90_000 + "1")),
    "a sum in a cell": ("ipynb", lambda: notebook("# Question: encoder\nx = 1" + "+1" * 49_000)),
    "100 MB of one output": ("ipynb", lambda: notebook("x", outputs=text())),
    "a long number": ("ipynb", lambda: b'{"nbformat": ' + b"1" * 50 * MB + b"}"),
    "500,000 members": ("zip", lambda: members(500_000)),
    "spaces in a zip": ("zip", lambda: zipped(b" " * 100 * MB)),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.reading", description=__doc__)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.file:
        print(json.dumps(measured(args.file)))
        return
    nothing: dict[str, Any] = {}
    print(f"{'file':36} {'bytes':>11} computing  waiting    peak  what is said")
    with tempfile.TemporaryDirectory() as folder:
        for name, (suffix, make) in FILES.items():
            path = Path(folder, f"mine.{suffix}")
            path.write_bytes(make())
            command = [sys.executable, "-m", "bench.reading", "--file", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            cost = json.loads(done.stdout)
            nothing = nothing or cost
            computed, waited = (cost[k] - nothing[k] for k in ("computed", "waited"))
            print(
                f"{name:36} {path.stat().st_size:11,} {computed:+7.2f} s {waited:+7.2f} s "
                f"{cost['peak'] / MB:4.0f} MB  {cost['said'][:90]}"
            )


def measured(path: Path) -> dict[str, Any]:
    """The cost of reading and grading one file, for this process."""
    course = Course(secret=PUBLIC_SECRET)
    with Grader(Basis.load(course.problem_set(PS), course)) as grader:
        began, before = time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(sys.stderr):
            report = grader.grade(grader.load(Found("mine", path)))
        return {
            "computed": time.process_time() - before,
            "waited": time.perf_counter() - began,
            "peak": int(re.findall(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[0])
            << 10,
            "said": report.fault or report.problem or f"{report.score:g} points",
        }


if __name__ == "__main__":
    main()
