"""The grader's side of the sandbox: one job in, one run out, whatever the job did."""

import contextlib
import json
import os
import random
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from autograder.paths import ROOT
from autograder.sandbox import wire
from autograder.sandbox.channel import Channel, converse
from autograder.sandbox.job import End, Job, Limits, Run, SandboxError, Why
from autograder.sandbox.survey import Isolation, Mechanism

UIDS = range(62000, 65000)
START = """
import socket, sys
sys.path.insert(0, sys.argv[2])
from autograder.sandbox.zygote import main
main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], sys.argv[3:])
"""


class Sandbox:
    """Forks a fresh process for every job from a zygote that has torch loaded.

    ``imports`` are modules that every job finds imported, beside torch and numpy.
    As root, each job runs as a user of its own, who owns nothing but an empty scratch folder.

    >>> with Sandbox() as sandbox:
    ...     run = sandbox.run(job)
    """

    def __init__(self, limits: Limits | None = None, imports: Sequence[str] = ()) -> None:
        self.limits = limits or Limits()
        self.imports = imports
        self._uids = random.Random(os.urandom(8)).sample(UIDS, len(UIDS))
        self._zygote: subprocess.Popen[bytes] | None = None
        self._ended: dict[int, tuple[int, End | None]] = {}
        self.isolation: Isolation | None = None
        """What keeps answers apart, once started."""

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the zygote and everything below it."""
        if self._zygote is not None:
            self._control.close()
            try:
                self._zygote.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._zygote.kill()
                self._zygote.wait()
            if self._zygote.stderr is not None:
                self._zygote.stderr.close()
            self._zygote = None

    def start(self) -> None:
        """Start the zygote, and wait until it has imported torch."""
        if self._zygote is not None and self._zygote.poll() is None:
            return
        self.close()
        if os.getuid() == 0:
            _require_readable(Path(sys.executable).resolve(), Path(sys.prefix), ROOT)
        self._zygote, self._control = self._spawn()
        try:
            lacks = self._await("ready", 120)["lacks"]
        except SandboxError:
            self._zygote.kill()
            _, stderr = self._zygote.communicate()
            last = stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
            raise SandboxError(f"The process that runs answers did not start: {last[0]}") from None
        self.isolation = Isolation({Mechanism(name): why for name, why in lacks.items()})
        try:
            self.isolation.require()
        except SandboxError:
            self.close()  # the next answer must not find it running
            raise

    def _spawn(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        python = [sys.executable, "-s", "-P", "-c", START]
        with theirs:
            zygote = subprocess.Popen(
                [*python, str(theirs.fileno()), str(ROOT), *self.imports],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=_environment(),
                cwd="/",
                start_new_session=True,
            )
        return zygote, ours

    def run(self, job: Job, limits: Limits | None = None) -> Run:
        """Run ``job`` in a fresh process; one that only waited too long gets a second try.

        Raises:
            SandboxError: the sandbox itself failed.
        """
        run = self._run(job, limits or self.limits)
        if run.end and run.end.why is Why.WAITED:
            before, run = run.seconds, self._run(job, limits or self.limits)
            run.seconds += before
        return run

    def run_together(self, jobs: Sequence[Job], limits: Limits) -> list[Run]:
        """Run jobs one after another in one process, as far as it comes.

        Of one that did not come to its end, there are fewer outcomes than calls.
        """
        runs = [Run() for _ in jobs]

        def talk(channel: Channel, whole: Run) -> None:
            for job, own in zip(jobs, runs, strict=True):
                converse(channel, own, job, lambda channel: None)

        self.talk("autograder.sandbox.worker", talk, limits)
        return runs

    def _run(self, job: Job, limits: Limits) -> Run:
        def again(channel: Channel) -> None:
            self._control.send(json.dumps({"do": "renew"}).encode())
            self._await("renewed", 30)
            channel.deadline = time.monotonic() + limits.wall

        def talk(channel: Channel, run: Run) -> None:
            converse(channel, run, job, again)

        return self.talk("autograder.sandbox.worker", talk, limits)

    def talk(
        self, server: str, conversation: Callable[[Channel, Run], None], limits: Limits, *files: int
    ) -> Run:
        """Have a conversation with a fresh process, in which a module serves that it has imported.

        The process finds the open ``files`` as descriptors 4 and so on.
        """
        self.start()
        with contextlib.ExitStack() as stack:
            uid = stack.enter_context(self._claim_uid())
            scratch = stack.enter_context(_scratch(uid))
            ours, theirs = socket.socketpair()
            stack.enter_context(ours)
            with theirs:
                request = {
                    "do": "fork", "uid": uid, "scratch": scratch, "server": server,
                    "cpu": limits.cpu, "memory": limits.memory, "disk": limits.disk,
                }  # fmt: skip
                data = json.dumps(request).encode()
                socket.send_fds(self._control, [data], [theirs.fileno(), *files])
            pid = self._await("forked", 30)["forked"]
            run = Run()
            try:
                conversation(Channel(ours, time.monotonic() + limits.wall), run)
            except TimeoutError:
                clause = f"it was stopped after waiting for {limits.wall:.0f} seconds"
                run.end = End(Why.WAITED, clause)
            except (OSError, EOFError):
                run.end = End(Why.DIED, "it ended")
            except SandboxError:
                raise
            except Exception as error:  # whatever was sent, it is the answer's doing
                said = str(error) if isinstance(error, wire.FrameError) else "what is no frame"
                run.end = End(Why.GARBLED, f"it sent {said}")
            self._finish(pid, run, limits)
            return run

    def _finish(self, pid: int, run: Run, limits: Limits) -> None:
        """End all that the worker left, and take down how it ended itself."""
        self._control.send(json.dumps({"do": "sweep"}).encode())
        run.seconds = self._await("swept", 30)["seconds"]
        code, stopped = self._exit(pid)
        if stopped:
            run.end = End(stopped.why, f"it was stopped: {stopped.clause}")
        elif run.end and run.end.why is Why.WAITED:
            run.seconds = max(run.seconds, limits.cpu)
        elif run.end and run.end.why is Why.DIED:
            run.end = End(Why.DIED, _epitaph(code))

    @contextlib.contextmanager
    def _claim_uid(self) -> Any:
        """A user id that no other grader on this machine uses now; None where we may not switch."""
        if self.isolation is None or not self.isolation.has(Mechanism.USER):
            yield None
            return
        while True:
            uid = self._uids.pop()
            self._uids.insert(0, uid)
            with socket.socket(socket.AF_UNIX) as claim:
                try:
                    claim.bind(f"\0course-autograder-uid-{uid}")
                except OSError:
                    continue
                yield uid
                return

    def _await(self, key: str, seconds: float) -> dict[str, Any]:
        """The zygote's next message that has ``key``; ends of workers are noted on the way."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._control], [], [], left)[0]:
                raise SandboxError(f"The process that starts workers gave no {key!r} in time.")
            data = self._control.recv(65536)
            if not data:
                raise SandboxError("The process that starts workers ended unexpectedly.")
            message: dict[str, Any] = json.loads(data)
            if "ended" in message:
                end = message["end"] and End(Why(message["end"]["why"]), message["end"]["clause"])
                self._ended[message["ended"]] = message["code"], end
            if key in message:
                return message

    def _exit(self, pid: int) -> tuple[int, End | None]:
        """A worker's exit code, and what it was stopped for, if it was."""
        while pid not in self._ended:
            self._await("ended", 30)
        return self._ended.pop(pid)


def _epitaph(code: int) -> str:
    if code == -9:
        return "it was killed, by itself or for want of memory"
    if code < 0:
        return f"it crashed with signal {-code}"
    return "it ended the process before the checks were through"


@contextlib.contextmanager
def _scratch(uid: int | None) -> Any:
    """An empty folder of the worker's own, gone afterwards."""
    folder = tempfile.mkdtemp(prefix="answer-")
    try:
        if uid is not None:
            os.chown(folder, uid, uid)
        yield folder
    finally:
        _remove(folder, uid)


def _remove(folder: str, uid: int | None) -> None:
    try:
        Path(folder).rmdir()  # most answers leave nothing
    except OSError:
        # They walk trees of any depth. What chmod is given it follows, should it be a link.
        if uid is None and not Path(folder).is_symlink():
            _quietly("chmod", "-R", "u+rwx", "--", folder)
        _quietly("rm", "-rf", "--", folder)


def _quietly(*command: str) -> None:
    subprocess.run(command, check=False, stderr=subprocess.DEVNULL)


def _environment() -> dict[str, str]:
    """All that the untrusted side sees of our environment."""
    one = {f"{lib}_NUM_THREADS": "1" for lib in ("OMP", "MKL", "OPENBLAS", "NUMEXPR")}
    return {
        # Each thread's own heap would count for 64 MB of address space, and that is limited.
        "MALLOC_ARENA_MAX": "2",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # see pages.py
        "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "MPLBACKEND": "agg",
        "NO_ALBUMENTATIONS_UPDATE": "1", "CUDA_VISIBLE_DEVICES": "", "HOME": "/nonexistent", **one,
    }  # fmt: skip


def _require_readable(*paths: Path) -> None:
    """As root we switch users, and they must be able to import from here."""
    for path in paths:
        for place in [path, *path.parents]:
            if place.stat().st_mode & 0o005 != 0o005:
                raise SandboxError(
                    f"{place} cannot be read by other users, as whom answers are run: "
                    f"chmod o+rx {place}, or move the checkout and its .venv elsewhere."
                )
