"""Known wrong and other right answers, as patches to the solution's cell, and how one is seen.

``parts/<part>/mistakes.toml`` holds ``[[mistake]]`` tables (id, question, hint, and the patch) and
``[[variant]]`` tables (the same without a hint). A patch is ``find`` and ``replace``, or ``edits``,
a list of such pairs, or ``source``, the whole cell; ``regex = true`` makes ``find`` a pattern.
``cell`` adds a code cell of the student's own above the answer. ``when`` names the options of a
problem set with which an entry is wrong, or right; without it, it always is. ``[[equal]]`` tables
(question, change, reason) say why a change that the audit's mutants make is no mistake; ``change``
is any part of its text.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from autograder.course.records import Record, read_toml, typed
from autograder.grading.marks import unmarked
from autograder.model import CourseError, QuestionResult
from autograder.parts.declare import Part, applies, misfit
from autograder.parts.numbers import Values, filled
from autograder.sandbox.cells import Trouble

FILE = "mistakes.toml"


class Patch(Record, frozen=True):
    """A wrong answer, with the hint of what to look at, or another right one, without a hint."""

    id: str
    question: str
    hint: str = ""
    find: str = ""
    replace: str | None = None
    edits: list[tuple[str, str]] = msgspec.field(default_factory=list)
    source: str = ""
    regex: bool = False
    cell: str = ""
    when: dict[str, str] = msgspec.field(default_factory=dict)

    def apply(self, solution: str) -> str:
        """The patched cell.

        Raises:
            CourseError: an edit does not fit ``solution`` in exactly one place.
        """
        solution = unmarked(solution)
        patched = self.source or solution
        single = [(self.find, self.replace or "")] if self.find else []
        for find, replace in [*self.edits, *single]:
            try:
                pattern = re.compile(find if self.regex else re.escape(find))
                count = len(pattern.findall(patched))
                if count == 1:
                    new = replace if self.regex else replace.replace("\\", r"\\")
                    patched = pattern.sub(new, patched)
                    continue
            except re.error as error:
                raise CourseError(
                    f"Patch {self.id!r} of {self.question}: {find!r} → {replace!r} is no "
                    f"pattern and replacement ({error}); adapt it in mistakes.toml."
                ) from None
            raise CourseError(
                f"Patch {self.id!r} of {self.question}: {find!r} is in the solution's cell "
                f"{count} times, not once; adapt it in mistakes.toml."
            )
        if patched == solution and not self.cell:
            raise CourseError(f"Patch {self.id!r} of {self.question} changes nothing.")
        return patched


class Equal(Record, frozen=True):
    """Part of the text by which the audit tells a change, and why that is no mistake."""

    question: str
    change: str
    reason: str


@dataclass(frozen=True)
class Patches:
    """The entries of a part's mistakes.toml."""

    mistakes: list[Patch]
    variants: list[Patch]
    equal: list[Equal] = field(default_factory=list)

    def fitting(self, options: Values) -> "Patches":
        """Those that are there with these options, their numbers filled in."""
        return Patches(
            [_filled(p, options) for p in self.mistakes if applies(p.when, options)],
            [_filled(p, options) for p in self.variants if applies(p.when, options)],
            self.equal,
        )


def _filled(patch: Patch, options: Values) -> Patch:
    texts = {
        name: filled(value, options)
        for name in ("hint", "find", "replace", "source", "cell")
        if (value := getattr(patch, name))
    }
    edits = [(filled(a, options), filled(b, options)) for a, b in patch.edits]
    return msgspec.structs.replace(patch, edits=edits, **texts)


def load_patches(part: Part) -> Patches:
    """All mistakes and variants of a part; none where it has no mistakes.toml.

    Raises:
        CourseError: the file is no TOML, or an entry has an unknown key, question or option.
    """
    path = part.folder / FILE
    try:
        tables = read_toml(path)
    except FileNotFoundError:
        return Patches([], [])
    for key, entries in tables.items():
        if key not in ("mistake", "variant", "equal"):
            raise CourseError(f"{path}: unknown table {key!r}; there are mistake, variant, equal.")
        if not isinstance(entries, list):
            raise CourseError(f"{path}: each {key} stands below [[{key}]], in two brackets.")
    return Patches(
        [_patch(t, "mistake", part, path) for t in tables.get("mistake", [])],
        [_patch(t, "variant", part, path) for t in tables.get("variant", [])],
        [_equal(t, part, path) for t in tables.get("equal", [])],
    )


def _patch(table: Any, kind: str, part: Part, path: Path) -> Patch:
    place = f"{path}, [[{kind}]] {table.get('id', '?') if isinstance(table, dict) else '?'}"
    patch = typed(table, Patch, place)
    patch = msgspec.structs.replace(patch, hint=" ".join(patch.hint.split()))
    _check_question(patch.question, part, place)
    if kind == "mistake" and not patch.hint:
        raise CourseError(f"{place}: the hint is missing.")
    if bool(patch.find) != (patch.replace is not None):
        raise CourseError(f"{place}: find and replace have to stand together.")
    if wrong := misfit(patch.when, part.options):
        raise CourseError(f"{place}: {wrong}")
    return patch


def _equal(table: Any, part: Part, path: Path) -> Equal:
    place = f"{path}, [[equal]]"
    equal = typed(table, Equal, place)
    _check_question(equal.question, part, place)
    if not equal.reason.strip():
        raise CourseError(f"{place} {equal.change!r}: the reason is missing.")
    return msgspec.structs.replace(equal, reason=" ".join(equal.reason.split()))


def _check_question(id: str, part: Part, place: str) -> None:
    questions = [q.id for q in part.questions]
    if id not in questions:
        raise CourseError(
            f"{place}: the question is {id!r}, but has to be one of {', '.join(questions)}."
        )


@dataclass(frozen=True)
class Known:
    """A known mistake on public inputs, or two at once: what checks give, and which fail.

    A ``vague`` one gives what others give too: it is taken for the reason of all that failed, or of
    nothing.
    """

    patches: tuple[Patch, ...]
    outcomes: Mapping[str, Any]
    failed: frozenset[str]
    vague: bool = False


def recognise(
    result: QuestionResult,
    known: Sequence[Known],
    failed: Collection[str],
    equal: Callable[[str, Any], bool],
) -> set[str]:
    """Name the known mistake that explains the most of what went wrong, and those of the rest.

    A mistake is recognised when every check that it fails came out here exactly as it does there,
    which ``equal`` says of a check and an outcome. ``failed`` are all checks that went wrong;
    returns those that are explained.
    """
    fitting = [
        k
        for k in known
        if k.failed
        and (k.failed == failed or not k.vague)
        and all(c in k.outcomes and equal(c, k.outcomes[c]) for c in k.failed)
    ]
    if not fitting:
        return set()
    best = max(fitting, key=lambda k: (len(k.failed), -len(k.patches)))
    first, *second = best.patches
    result.mistake, result.hint = first.id, first.hint
    result.also = {patch.id: patch.hint for patch in second}
    explained = set(best.failed)
    for other in sorted(fitting, key=lambda k: (-len(k.failed), len(k.patches))):
        # Errors are alike for many reasons.
        errors = any(isinstance(other.outcomes[c], Trouble) for c in other.failed)
        if not errors and not other.failed & explained:
            result.also.update({patch.id: patch.hint for patch in other.patches})
            explained |= other.failed
    return explained
