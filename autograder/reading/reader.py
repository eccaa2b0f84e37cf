"""The grader's side of reading: opens the files, and has a confined process make sense of them."""

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from autograder.model import CourseError
from autograder.reading.answers import Submission
from autograder.reading.collect import Found
from autograder.reading.record import receive
from autograder.reading.released import Release
from autograder.reading.unpack import LARGEST_ZIP, MOST_MODELS
from autograder.reading.weights import LARGEST, SUFFIX
from autograder.sandbox import wire
from autograder.sandbox.channel import Channel
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Limits, Run, Why

SERVER = "autograder.reading.worker"
"""The module that reads, which the sandbox has to import."""

LIMITS = Limits(cpu=10, memory=512 << 20, disk=1 << 20)
OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe would wait for its other end


class Reader:
    """Reads what was handed in for one release; whatever a file holds, this process does not."""

    def __init__(self, sandbox: Sandbox, release: Release) -> None:
        self.sandbox, self.release = sandbox, release
        code = [c for c in release.notebook["cells"] if c["cell_type"] == "code"]
        kept = ("cell_type", "metadata", "source")
        self._release = {
            "problem_set": msgspec.to_builtins(release.problem_set),
            "cells": [{key: cell[key] for key in kept} for cell in code],
        }

    def load(self, found: Found) -> Submission:
        """The submission that was found; what nobody foresaw in it is a fault of the grader."""
        if found.problem:
            return Submission(found.name, {}, problem=found.problem)
        file = found.path.name
        try:
            with _opened(found.path) as (zipped, files):
                return self._read(found.name, file, zipped, files)
        except CourseError as error:
            return Submission(found.name, {}, problem=str(error))
        except Exception as error:  # one file must not stop a class
            fault = f"{file} cannot be read: {type(error).__name__}, {error}"
            return Submission(found.name, {}, fault=fault)

    def _read(self, name: str, file: str, zipped: bool, files: list[int]) -> Submission:
        request = {**self._release, "file": file, "zipped": zipped, "models": len(files) - 1}
        came: list[Submission] = []

        def talk(channel: Channel, run: Run) -> None:
            channel.write(wire.encode(request))
            came.append(receive(channel.read, self.release.problem_set, name))

        run = self.sandbox.talk(SERVER, talk, LIMITS, *files)
        if came:
            fault = came[0].fault
            return replace(came[0], fault=fault and f"{file} cannot be read: {fault}")
        clause = run.end.clause if run.end and run.end.why is not Why.DIED else "it is too much"
        raise CourseError(
            f"{file} cannot be read within {LIMITS.cpu} seconds and {LIMITS.memory >> 20} MB of "
            f"memory ({clause}): clear its largest outputs, delete what was pasted into it, and "
            "hand it in again."
        )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[bool, list[int]]]:
    """Whether this is a zip; the file, open, and the weights beside a notebook.

    Gradescope unpacks a hand-in, so that they lie in its folder.

    Raises:
        CourseError: it cannot be opened, or is no file; a sentence.
    """
    with contextlib.ExitStack() as stack:
        zipped = path.suffix.lower() == ".zip"
        if path.is_dir():
            raise CourseError(f"{path.name} is a folder, not a notebook.")
        try:
            files = [os.open(path, OPEN)]
        except FileNotFoundError:
            raise CourseError(f"There is no notebook {path.name}.") from None
        except OSError as error:
            raise CourseError(f"{path.name} cannot be read: {error.strerror}.") from None
        stack.callback(os.close, files[0])
        status = os.fstat(files[0])
        if not stat.S_ISREG(status.st_mode):
            raise CourseError(f"{path.name} is not a file.")
        if zipped and status.st_size > LARGEST_ZIP:
            raise CourseError(f"{path.name} has {status.st_size >> 20:,} MB: too large.")
        if not zipped:
            for weights in sorted(path.parent.glob(f"*{SUFFIX}"))[:MOST_MODELS]:
                with contextlib.suppress(OSError):
                    files.append(os.open(weights, OPEN | os.O_NOFOLLOW))
                    stack.callback(os.close, files[-1])
                    status = os.fstat(files[-1])
                    if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
                        files.pop()
        yield zipped, files
