"""What decides the grade of a question, and what decides what is told of it, as digests.

A change of one question's checks, or of a hint, is a change of its digests alone: so a class is
graded again only where something can come out otherwise.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from autograder.grading.basis import PUBLIC, Basis
from autograder.model import Question
from autograder.paths import ROOT
from autograder.reading.collect import Found
from autograder.reading.meaning import behind, meaning
from autograder.reading.weights import SUFFIX
from autograder.sandbox import wire

CODE = (
    "autograder/model.py", "autograder/grading", "autograder/reading", "autograder/sandbox",
    "autograder/parts/declare.py", "helpers/reading", "helpers/handing/claims.py",
    "helpers/handing/results.py",
)  # fmt: skip
PACKAGES = ("torch", "numpy", "torchvision", "transformers")


@dataclass(frozen=True)
class Prints:
    """Of a question's ``checks``; and of hints, steps and examples, ``told`` where it fails."""

    checks: str
    told: str


def of_questions(basis: Basis) -> dict[str, Prints]:
    """The digests of every question of a problem set."""
    ps, release = basis.problem_set, basis.release
    general = _digest(
        [
            *_versions(),
            *(meaning(path.read_text(encoding="utf-8")) for path in _modules()),
            *release.given,
            *basis.reference.extras,
            repr((ps.id, ps.options, ps.profiles, ps.verify, ps.limits)),
            basis.secret.hex(),
        ]
    )
    return {q.id: _of(q, basis, general) for q in ps.questions}


def _of(question: Question, basis: Basis, general: str) -> Prints:
    part, answers = basis.part(question), basis.reference.answers
    checks = basis.checks(question)
    rule = part.reports.get(question.id)
    probes = [c.probe for c in checks]
    used = [answers[question.id]]
    if rule and rule.models:
        probes.append(rule.models.probe)
        used += [answers[id] for id in rule.models.answers]
    decisive = [
        general,
        repr((question.id, question.names, question.report)),
        basis.release.blank(question.id),
        *map(meaning, used),
        behind(basis.probes[question.part], probes),
        repr(basis.stand_ins[question.part]),
        repr(rule and msgspec.to_builtins(rule)),
    ]
    for check in checks:
        decisive.append(repr((check.name, check.sentence, check.probe, check.weight)))
        decisive.append(repr((check.tolerance, sorted(check.when.items()))))
        decisive += [
            hashlib.sha256(wire.encode(check.inputs(secret))).hexdigest()
            for secret in (basis.secret, PUBLIC)
        ]
    graded = _digest(decisive)
    patches = [msgspec.to_builtins(p) for p in basis.mistakes(question.id)]
    told = _digest([graded, answers[question.id], repr(patches), repr(part.examples)])
    return Prints(graded, told)


def of_files(found: Found) -> str:
    """The digest of what was handed in, with the weights beside a notebook."""
    parts: list[Any] = [found.problem]
    for path in found.paths:
        beside = sorted(path.parent.glob(f"*{SUFFIX}")) if path.suffix.lower() != ".zip" else []
        for file in [path, *beside]:
            try:
                if file.is_file():  # a pipe would wait for its other end
                    with file.open("rb") as opened:
                        parts.append(hashlib.file_digest(opened, "sha256").hexdigest())
            except OSError as error:  # whoever reads it says what is wrong
                parts.append(f"{error.errno}")
    return _digest(parts)


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d " % len(data) + data)
    return digest.hexdigest()


def _versions() -> Iterator[str]:
    yield sys.version
    for package in PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            yield package


def _modules() -> Iterator[Path]:
    for place in CODE:
        path = ROOT / place
        yield from [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))
