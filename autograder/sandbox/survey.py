"""What keeps answers apart on this machine: ``python -m autograder doctor``."""

import os
from collections.abc import Mapping

from autograder.model import CourseError

WEAK = "COURSE_WEAK_ISOLATION"

MEANS = {
    "user": "a user of its own for every answer, who owns nothing",
    "landlock": "it sees Python, its libraries and an empty folder, and no other file",
    "seccomp": "it has no sockets, and cannot look into or signal other processes",
    "network": "it has a network without any device",
}
ESSENTIAL = {
    "read files of the grader, the solutions or other submissions": ("user", "landlock"),
    "look into the grader's process, or end it": ("user", "seccomp"),
    "reach the network": ("network", "seccomp"),
}
"""What an answer could do where none of these mechanisms works."""


def dangers(works: Mapping[str, bool]) -> list[str]:
    """What an answer could do here, as parts of a sentence."""
    return [can for can, names in ESSENTIAL.items() if not any(works.get(n) for n in names)]


def require(isolation: Mapping[str, str]) -> None:
    """Refuse to run answers where something essential does not work, unless told otherwise.

    Raises:
        CourseError: it does not, and ``$COURSE_WEAK_ISOLATION`` is not 1.
    """
    found = dangers({name: not why for name, why in isolation.items()})
    if found and os.environ.get(WEAK, "0") in ("", "0"):
        raise CourseError(
            f"On this machine an answer could {'; '.join(found)}. See `python -m autograder "
            f"doctor`; to grade all the same, say so with `--weak-isolation` or {WEAK}=1."
        )


def table(isolation: Mapping[str, str]) -> str:
    """For each mechanism whether it works here, what it does, and why not; and what that means."""
    width = max(map(len, MEANS))
    lines = [f"  {'':{width}}  works  what it does for an answer's process"]
    for name, means in MEANS.items():
        why = isolation.get(name, "not tried")
        lines.append(f"  {name:{width}}  {'NO ' if why else 'yes'}    {means}")
        lines += [f"  {'':{width}}         not here: {why}"] if why else []
    always = "limits of computing, memory and files; ended with all that it started"
    lines += [f"  {'limits':{width}}  yes    {always}", ""]
    found = dangers({name: not why for name, why in isolation.items()})
    if found:
        lines.append(f"Answers are NOT safely apart: one could {'; '.join(found)}.")
        lines.append("Grade as root in a container, or with a kernel that has Landlock (5.13).")
    else:
        lines.append("Answers are safely apart.")
    return "\n".join(lines)
