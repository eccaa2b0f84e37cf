"""Finds a solution in another's clothes: runs of its code, however laid out and whatever named."""

import keyword
import re
from collections.abc import Iterator, Mapping
from typing import Any

from autograder.authoring.leaks import removed_and_seen

TOKEN = re.compile(r"[A-Za-z_]\w*|\d+(?:\.\d+)?(?:e[+-]?\d+)?|\*\*|//|->|[<>=!]=|[^\s\w]")
COMMENT = re.compile(r"#[^\n'\"]*(?=\n|$)")
KEPT = frozenset([*keyword.kwlist, "torch", "nn", "F", "np", "optim", "math", "self"])
LONGEST = 20
"""Tokens in a row that a release may have in common with a solution: the shipped ones have 18."""
OF_PACKAGE = 26
"""The same for the package of helpers, whose small networks are built like the course's."""

Run = tuple[str, ...]


class Runs:
    """The runs of a composed notebook's solutions that its answer cells do not show already."""

    def __init__(self, solution: Mapping[str, Any]) -> None:
        pairs = [
            (str(id), tokens(removed), tokens(seen))
            for id, removed, seen in removed_and_seen(solution)
        ]
        self._of: dict[int, dict[Run, str]] = {}
        for n in (LONGEST, OF_PACKAGE):
            shown = {run for _, _, seen in pairs for run in _runs(seen, n)}
            self._of[n] = {
                run: id for id, removed, _ in pairs for run in _runs(removed, n) if run not in shown
            }

    def find(self, place: str, text: str, longest: int = LONGEST) -> list[str]:
        """A sentence for each solution of which ``text`` holds a run."""
        needles = self._of[longest]
        owners = {needles[run] for run in _runs(tokens(text), longest) if run in needles}
        return [
            f"{place} holds a run of the solution in cell {owner!r}, with other names or layout"
            for owner in sorted(owners)
        ]


def tokens(text: str) -> list[str]:
    """Those of code without comments; names that anybody could choose are all the same.

    What stands after a dot or before a parenthesis is a name that others chose, and stays.
    """
    found = TOKEN.findall(COMMENT.sub("", text))
    return [
        "V" if re.match(r"[A-Za-z_]", word) and not _stays(found, i) else word
        for i, word in enumerate(found)
    ]


def _stays(found: list[str], i: int) -> bool:
    return (
        found[i] in KEPT
        or (i > 0 and found[i - 1] == ".")
        or (i + 1 < len(found) and found[i + 1] == "(")
    )


def _runs(words: list[str], n: int) -> Iterator[Run]:
    return (tuple(words[i : i + n]) for i in range(len(words) - n + 1))
