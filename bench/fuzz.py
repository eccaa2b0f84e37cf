"""A coverage-guided fuzzer on the readers of notebooks and of frames; Linux, with atheris.

    .venv/bin/pip install atheris
    .venv/bin/python -m bench.fuzz notebook --seconds 60
    .venv/bin/python -m bench.fuzz frame --seconds 60

Whatever raises another error than the reader's own ends it, with the bytes that did it in a file.
"""

import argparse
import contextlib
import io
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

PS = "ps_autoencoder"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("reader", choices=["notebook", "frame"])
    parser.add_argument("--seconds", type=int, default=60)
    args = parser.parse_args()
    try:
        import atheris
    except ModuleNotFoundError:
        sys.exit("bench.fuzz needs atheris: .venv/bin/pip install atheris")
    with atheris.instrument_imports(include=["autograder", "helpers.handing.claims"]):
        from autograder.reading import answers  # noqa: F401
        from autograder.sandbox import wire  # noqa: F401
    read, seeds = (notebooks if args.reader == "notebook" else frames)()
    with tempfile.TemporaryDirectory() as corpus:
        for i, seed in enumerate(seeds):
            (Path(corpus) / str(i)).write_bytes(seed)
        atheris.Setup(
            [sys.argv[0], f"-max_total_time={args.seconds}", "-max_len=100000", corpus], read
        )
        atheris.Fuzz()


def notebooks() -> tuple[Callable[[bytes], None], list[bytes]]:
    from autograder.course.table import Course
    from autograder.reading.answers import read_bytes
    from autograder.reading.released import Release

    course = Course()
    release = Release.load(course.problem_set(PS), course)

    def read(data: bytes) -> None:
        read_bytes(bytes(data), "mine.ipynb", release, "mine")

    few = [c for c in release.notebook["cells"] if c["cell_type"] == "code"][3:9]
    whole = {"cells": few, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return (
        read,
        [json.dumps(whole).encode(), b'{"worksheets": [{"cells": []}]}', b"\xff\xfe{\0}\0"],
    )


def frames() -> tuple[Callable[[bytes], None], list[bytes]]:
    import numpy as np

    from autograder.sandbox import wire

    def decode(data: bytes) -> None:
        stream = io.BytesIO(data)

        def take(n: int) -> bytes:
            piece = stream.read(n)
            if len(piece) < n:
                raise EOFError
            return piece

        with contextlib.suppress(wire.FrameError, EOFError):
            wire.decode(take)

    return decode, [wire.encode({"result": {"x": np.zeros((2, 3)), "y": [1, "a", None]}})]


if __name__ == "__main__":
    main()
