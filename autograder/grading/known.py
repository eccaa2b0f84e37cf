"""What the known mistakes of a question, and pairs of them, give on public inputs.

They are run once, many in one process, and kept: nothing of it depends on a term's secret.
"""

import contextlib
import fcntl
import hashlib
import itertools
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from autograder.grading import behaviour
from autograder.grading.basis import PUBLIC, Basis
from autograder.grading.compare import difference, thin, vague
from autograder.grading.mistakes import Known, Patch
from autograder.grading.rows import Right
from autograder.model import CourseError, Question
from autograder.reading.answers import Submission
from autograder.sandbox import wire
from autograder.sandbox.channel import TOOLS
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Call, Limits, Outcome

SEVERAL = Path(wire.__file__).with_name("several.py").read_text(encoding="utf-8")
AT_ONCE = 10  # answers of one process
LIMITS = Limits(cpu=120, memory=3 << 30)
MOST_PAIRS = 100  # of a question; mistakes stand in the order of how usual they are


@dataclass(frozen=True)
class Wrong:
    """A mistake, or two at once, and the answer that has it."""

    patches: tuple[Patch, ...]
    answer: str


class KnownMistakes:
    """Runs the known mistakes of a question when they are first asked for, or reads what is kept.

    ``keep`` is the file to keep them in.
    """

    def __init__(self, basis: Basis, sandbox: Sandbox, keep: Path | None) -> None:
        self.basis, self.sandbox, self.keep = basis, sandbox, keep
        self._singles: dict[str, tuple[list[Wrong], list[Known]]] = {}
        self._pairs: dict[str, list[Known]] = {}
        self._held: tuple[Any, dict[str, Any]] = None, {}
        """What the file holds, and which file that was: to read it takes a while."""

    def singles(self, question: Question, expected: Sequence[Right]) -> list[Known]:
        """All that could be run, each with what it fails."""
        if question.id not in self._singles:
            wrong = list(self._wrong(question))
            self._singles[question.id] = wrong, self._kept(question.id, question, wrong, expected)
        return self._singles[question.id][1]

    def pairs(self, question: Question, expected: Sequence[Right]) -> list[Known]:
        """Two mistakes at once, as far as there is a file to keep them in."""
        if self.keep is None:
            return []
        if question.id not in self._pairs:
            self.singles(question, expected)
            wrong = list(itertools.islice(_pairs(*self._singles[question.id]), MOST_PAIRS))
            name = f"{question.id}, pairs"
            self._pairs[question.id] = self._kept(name, question, wrong, expected)
        return self._pairs[question.id]

    def _kept(
        self, name: str, question: Question, wrong: Sequence[Wrong], expected: Sequence[Right]
    ) -> list[Known]:
        key = self._key(question, wrong)
        with self._turn(name):  # of several graders one runs them, and the others read
            kept = self._read().get(name, {})
            if kept.get("key") == key:
                patches = {p.id: p for p in self.basis.mistakes(question.id)}
                return [_restored(k, patches) for k in kept["known"]]
            known = self._run(question, wrong, expected)
            self._write(name, {"key": key, "known": [_plain(k) for k in known]})
        return known

    @contextlib.contextmanager
    def _turn(self, name: str) -> Iterator[None]:
        """Wait for other graders on this machine that run the same; where this user may write."""
        with contextlib.ExitStack() as stack:
            if self.keep is not None:
                with contextlib.suppress(OSError):
                    self.keep.parent.mkdir(parents=True, exist_ok=True)
                    path = self.keep.with_name(f"{self.keep.name}.{name}.lock")
                    fcntl.flock(stack.enter_context(path.open("w")), fcntl.LOCK_EX)
            yield

    def _wrong(self, question: Question) -> Iterator[Wrong]:
        for patch in self.basis.mistakes(question.id):
            try:
                answer = patch.apply(self.basis.reference.answers[question.id])
            except CourseError as error:
                logging.getLogger(__name__).warning("%s It is left out.", error)
                continue
            yield Wrong((patch,), answer)

    def _run(
        self, question: Question, wrong: Sequence[Wrong], expected: Sequence[Right]
    ) -> list[Known]:
        checks = self.basis.checks(question)
        together = [w for w in wrong if not w.patches[0].cell]
        given: dict[str, list[Outcome]] = {}
        for i in range(0, len(together), AT_ONCE):
            group = together[i : i + AT_ONCE]
            for w, outcomes in zip(group, self._together(question, group), strict=False):
                given[w.answer] = outcomes
        found = []
        for w in wrong:
            own = None if w.patches[0].cell else given.get(w.answer)
            outcomes = own or self._alone(question, w)
            rows = list(zip(checks, expected, outcomes, strict=False))
            bad = [r for r in rows if difference(r[2], r[1].in_public, r[0].tolerance)]
            unreached = [check.name for check in checks[len(outcomes) :]]
            found.append(
                Known(
                    w.patches,
                    {check.name: thin(outcome) for check, _, outcome in rows},
                    frozenset([*(check.name for check, *_ in bad), *unreached]),
                    all(vague(out, right.in_public, check.tolerance) for check, right, out in bad),
                )
            )
        return found

    def _together(self, question: Question, group: Sequence[Wrong]) -> Iterator[list[Outcome]]:
        """The outcomes of a group, in one process; of fewer, where that came to an end."""
        each = self.basis.calls(question, PUBLIC)
        calls = tuple(
            Call("of_another", {
                "answer": w.answer, "names": list(question.names),
                "probe": call.probe, "inputs": call.inputs,
            })
            for w in group
            for call in each
        )  # fmt: skip
        nothing = Submission("none", {question.id: ""}, self.basis.reference.extras)
        job = replace(self.basis.job(question, nothing, calls, more=SEVERAL), names=())
        outcomes = self.sandbox.run(job, LIMITS).outcomes
        for i in range(0, len(outcomes) - len(each) + 1, len(each)):
            own = outcomes[i : i + len(each)]
            yield [] if {"undefined": True} in own else own

    def _alone(self, question: Question, wrong: Wrong) -> list[Outcome]:
        own = [patch.cell for patch in wrong.patches if patch.cell]
        cells = [*own, *self.basis.reference.extras]
        mistaken = Submission(wrong.patches[0].id, {question.id: wrong.answer}, cells)
        calls = self.basis.calls(question, PUBLIC)
        return self.sandbox.run(self.basis.job(question, mistaken, calls)).outcomes

    def _key(self, question: Question, wrong: Sequence[Wrong]) -> str:
        """Whatever else changes, with this these runs give the same again."""
        basis = self.basis
        body = {
            "answers": [[[p.id, p.cell] for p in w.patches] + [w.answer] for w in wrong],
            "reference": basis.reference.answers[question.id],
            "run by": [basis.probes[question.part], basis.stand_ins[question.part], TOOLS, SEVERAL],
            "calls": [asdict(call) for call in basis.calls(question, PUBLIC)],
            "checks": [[c.name, c.tolerance] for c in basis.checks(question)],
        }
        return hashlib.sha256(wire.encode(body)).hexdigest()

    def _read(self) -> dict[str, Any]:
        if self.keep is None or not self.keep.is_file():
            return {}
        with self.keep.open("rb") as file:
            stat = os.fstat(file.fileno())
            of = stat.st_ino, stat.st_mtime_ns, stat.st_size  # it is replaced, never changed
            if self._held[0] != of:
                try:
                    self._held = of, wire.decode(file.read, trusted=True)
                except Exception:  # it is made anew
                    return {}
        return self._held[1]

    def _write(self, id: str, made: dict[str, Any]) -> None:
        """Keep what was made, where this user may write; else the next makes it again."""
        if self.keep is None:
            return
        temporary = self.keep.with_name(f"{self.keep.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            self.keep.parent.mkdir(parents=True, exist_ok=True)
            with self._turn("write"):
                temporary.write_bytes(wire.encode({**self._read(), id: made}))
                temporary.replace(self.keep)


def _pairs(singles: Sequence[Wrong], known: Sequence[Known]) -> Iterator[Wrong]:
    """Two mistakes at once, where their patches fit together and fail a check in common."""
    of = {k.patches[0].id: k for k in known}
    small = [w for w in singles if not (w.patches[0].source or w.patches[0].cell)]
    places = itertools.combinations(range(len(small)), 2)
    for i, j in sorted(places, key=sum):
        a, b = small[i], small[j]
        first, second = of[a.patches[0].id], of[b.patches[0].id]
        if first.vague or second.vague or not first.failed & second.failed:
            continue
        try:
            both = b.patches[0].apply(a.answer)
            if both != a.patches[0].apply(b.answer):
                continue
        except CourseError:
            continue
        yield Wrong((*a.patches, *b.patches), both)


def _plain(known: Known) -> dict[str, Any]:
    return {
        "ids": [p.id for p in known.patches],
        "failed": sorted(known.failed),
        "vague": known.vague,
        "outcomes": behaviour.plain(known.outcomes),
    }


def _restored(body: dict[str, Any], patches: dict[str, Patch]) -> Known:
    outcomes = behaviour.restored(body["outcomes"])
    ids = tuple(patches[id] for id in body["ids"])
    return Known(ids, outcomes, frozenset(body["failed"]), body["vague"])
