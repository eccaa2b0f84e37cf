"""What keeps answers apart on this machine: ``python -m autograder doctor``.

Each mechanism is tried once, in a child process, when the sandbox starts: what does not work here
is known, told, and recorded in every results.json.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from autograder.sandbox import isolation
from autograder.sandbox.job import SandboxError
from autograder.sandbox.seccomp import seccomp

WEAK = "COURSE_WEAK_ISOLATION"


class Mechanism(StrEnum):
    """One way to keep an answer's process from what is not its own."""

    USER = "user"
    LANDLOCK = "landlock"
    SECCOMP = "seccomp"
    NETWORK = "network"
    PROCESSES = "processes"
    TIMES = "times"


MEANS = {
    Mechanism.USER: "a user of its own for every answer, who owns nothing",
    Mechanism.LANDLOCK: "it sees Python, its libraries and an empty folder, and no other file",
    Mechanism.SECCOMP: "it has no sockets, and cannot look into or signal other processes",
    Mechanism.NETWORK: "it has a network without any device",
    Mechanism.PROCESSES: "it sees no other process, and its number is always 1",
    Mechanism.TIMES: "what it reads leaves no access times",
}
ESSENTIAL = {
    "read files of the grader, the solutions or other submissions": (
        Mechanism.USER,
        Mechanism.LANDLOCK,
    ),
    "look into the grader's process, or end it": (Mechanism.USER, Mechanism.SECCOMP),
    "reach the network": (Mechanism.NETWORK, Mechanism.SECCOMP),
}
"""What an answer could do where none of these mechanisms works."""

TRIALS: dict[Mechanism, Callable[[], None]] = {
    Mechanism.USER: isolation.another_user,
    Mechanism.LANDLOCK: lambda: isolation.landlock(isolation.readable_places(), []),
    Mechanism.SECCOMP: seccomp,
    Mechanism.NETWORK: isolation.no_network,
    Mechanism.PROCESSES: isolation.processes_apart,
    Mechanism.TIMES: isolation.no_access_times,
}


@dataclass(frozen=True)
class Isolation:
    """What keeps answers apart: ``lacks`` tells of each mechanism that does not work here why."""

    lacks: Mapping[Mechanism, str]

    def has(self, mechanism: Mechanism) -> bool:
        return mechanism not in self.lacks

    @property
    def works(self) -> dict[str, bool]:
        """Each mechanism by its name, for results.json."""
        return {str(m): self.has(m) for m in Mechanism}

    @property
    def dangers(self) -> list[str]:
        """What an answer could do here, as parts of a sentence."""
        return [can for can, ways in ESSENTIAL.items() if not any(map(self.has, ways))]

    def require(self) -> None:
        """Refuse to run answers where something essential does not work, unless told otherwise.

        Raises:
            SandboxError: it does not, and ``$COURSE_WEAK_ISOLATION`` is not 1.
        """
        if self.dangers and os.environ.get(WEAK, "0") in ("", "0"):
            raise SandboxError(
                f"On this machine an answer could {'; '.join(self.dangers)}. See `python -m "
                "autograder doctor`; to grade all the same, say so with `--weak-isolation` or "
                f"{WEAK}=1."
            )

    def table(self) -> str:
        """For each mechanism whether it works, what it does, why not; and what that means."""
        width = max(map(len, MEANS))
        lines = [f"  {'':{width}}  works  what it does for an answer's process"]
        for mechanism, means in MEANS.items():
            yes = "yes" if self.has(mechanism) else "NO "
            lines.append(f"  {mechanism:{width}}  {yes}    {means}")
            if not self.has(mechanism):
                lines.append(f"  {'':{width}}         not here: {self.lacks[mechanism]}")
        always = "limits of computing, memory and files; ended with all that it started"
        lines += [f"  {'limits':{width}}  yes    {always}", ""]
        if traces := [m for m in (Mechanism.PROCESSES, Mechanism.TIMES) if not self.has(m)]:
            lines.append(
                f"Without {' and '.join(traces)}, an answer could leave a mark for a later one, "
                "and so tell its student something of hidden inputs (docs/security.md)."
            )
        if self.dangers:
            lines.append(f"Answers are NOT safely apart: one could {'; '.join(self.dangers)}.")
            lines.append("Grade as root in a container, or with a kernel that has Landlock (5.13).")
        else:
            lines.append("Answers are safely apart.")
        return "\n".join(lines)


def survey() -> Isolation:
    """Try every mechanism."""
    tried = {mechanism: _tried(attempt) for mechanism, attempt in TRIALS.items()}
    return Isolation({mechanism: why for mechanism, why in tried.items() if why})


def _tried(attempt: Callable[[], None]) -> str:
    """Try it in a child, since it cannot be undone."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = b""
        try:
            attempt()
        except BaseException as error:
            said = str(error).encode()[:500] or b"failed"
        os.write(write, said)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return said.decode(errors="replace")
