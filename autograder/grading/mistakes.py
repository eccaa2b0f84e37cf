"""Known wrong and other right answers, as patches to the solution's cell, and how one is seen.

``parts/<part>/mistakes.toml`` holds ``[[mistake]]`` tables (id, question, hint, and the patch) and
``[[variant]]`` tables (the same without a hint). A patch is ``find`` and ``replace``, or ``edits``,
a list of such pairs, or ``source``, the whole cell; ``regex = true`` makes ``find`` a pattern.
``cell`` adds a code cell of the student's own above the answer. ``when`` names the options of a
problem set with which an entry is wrong, or right; without it, it always is.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.model import CourseError, QuestionResult
from autograder.parts.declare import applies


@dataclass(frozen=True)
class Patch:
    """A wrong answer, with the hint of what to look at, or another right one, without a hint."""

    id: str
    question: str
    hint: str
    source: str
    edits: tuple[tuple[str, str], ...]
    regex: bool
    cell: str
    when: Mapping[str, str] = field(default_factory=dict)

    def apply(self, solution: str) -> str:
        """The patched cell.

        Raises:
            CourseError: an edit does not fit ``solution`` in exactly one place.
        """
        patched = self.source or solution
        for find, replace in self.edits:
            pattern = find if self.regex else re.escape(find)
            count = len(re.findall(pattern, patched))
            if count != 1:
                raise CourseError(
                    f"Patch {self.id!r} of {self.question}: {find!r} is in the solution's cell "
                    f"{count} times, not once; adapt it in mistakes.toml."
                )
            patched = re.sub(pattern, replace if self.regex else lambda _, r=replace: r, patched)
        if patched == solution and not self.cell:
            raise CourseError(f"Patch {self.id!r} of {self.question} changes nothing.")
        return patched


def load_patches(
    folder: Path, options: Mapping[str, str] | None = None
) -> tuple[list[Patch], list[Patch]]:
    """The mistakes and the variants of the part in ``folder``; with options, those that fit."""
    tables = tomllib.loads((folder / "mistakes.toml").read_text(encoding="utf-8"))
    mistakes = [_patch(t) for t in tables.get("mistake", [])]
    variants = [_patch(t) for t in tables.get("variant", [])]
    for patch in mistakes:
        if not patch.hint:
            raise CourseError(f"Mistake {patch.id!r} in {folder.name}/mistakes.toml has no hint.")
    if options is not None:
        mistakes = [p for p in mistakes if applies(p.when, options)]
        variants = [p for p in variants if applies(p.when, options)]
    return mistakes, variants


def _patch(table: dict[str, Any]) -> Patch:
    edits = table.get("edits", [])
    if "find" in table:
        edits = [*edits, [table["find"], table["replace"]]]
    return Patch(
        table["id"],
        table["question"],
        " ".join(table.get("hint", "").split()),
        table.get("source", ""),
        tuple((find, replace) for find, replace in edits),
        table.get("regex", False),
        table.get("cell", ""),
        table.get("when", {}),
    )


@dataclass(frozen=True)
class Known:
    """A known mistake on this term's inputs: what it gives, and which checks it fails."""

    patch: Patch
    outcomes: Sequence[Any]
    failed: frozenset[int]


def recognise(
    result: QuestionResult, known: Sequence[Known], equal: Callable[[int, Any], bool]
) -> None:
    """Name the known mistake that explains the most of what went wrong.

    A mistake is recognised when every check that it fails came out here exactly as it does there.
    """
    fitting = [
        k
        for k in known
        if k.failed and all(i < len(k.outcomes) and equal(i, k.outcomes[i]) for i in k.failed)
    ]
    if fitting:
        best = max(fitting, key=lambda k: len(k.failed))
        result.mistake, result.hint = best.patch.id, best.patch.hint
