"""How far right answers lie from the reference, and what tolerance each check leaves for that.

    python -m bench.rounding [PS ...]

The reference and all variants answer the inputs of several secrets, with two sets of processor
instructions: those of this processor, and the oldest that torch and oneDNN know. For each check,
the largest distance from the reference (as a share of the largest expected magnitude) stands
beside its tolerance, and those that leave less than three times as much are marked.
"""

import argparse
import dataclasses
from collections import defaultdict
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
from tqdm import tqdm

from autograder.authoring.audit import composed_basis
from autograder.course.table import Course
from autograder.grading.basis import Basis
from autograder.model import Question
from autograder.reading.answers import Submission
from autograder.sandbox import client
from autograder.sandbox.job import Outcome

SECRETS = [f"secret {i}".encode() for i in range(4)]
OLD = {
    "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
}  # fmt: skip
ENVIRONMENT = client._environment
Distances = dict[tuple[str, str], float]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.rounding", description=__doc__)
    parser.add_argument("problem_set", nargs="*", help="all, where none is named")
    course = Course()
    for id in parser.parse_args().problem_set or course.ids:
        basis = composed_basis(course.problem_set(id), course)
        far = distances(basis)
        print(f"{id:45} {'distance':>9} {'tolerance':>9}")
        for question in basis.problem_set.questions:
            for check in basis.checks(question) if not question.report else []:
                found = far[question.id, check.name]
                mark = "  CLOSE" if 3 * found > check.tolerance else ""
                name = f"{question.id}/{check.name}"
                print(f"{name:45} {found:9.1e} {check.tolerance:9.1e}{mark}")


def distances(basis: Basis) -> Distances:
    """The largest of each check, over secrets, instructions and ways to answer."""
    expected: dict[tuple[str, bytes], list[Outcome]] = {}
    found: Distances = defaultdict(float)
    for name, environment in (("own", {}), ("old", OLD)):
        with patch.object(client, "_environment", partial(_and, environment)):
            sandbox = client.Sandbox(imports=[i for p in basis.parts.values() for i in p.imports])
            for question in tqdm(basis.problem_set.questions, name, leave=False):
                if question.report:
                    continue
                for secret in SECRETS:
                    for answer in ways(basis, question):
                        calls = basis.calls(question, secret)
                        run = sandbox.run(basis.job(question, answer, calls))
                        right = expected.setdefault((question.id, secret), run.outcomes)
                        pairs = zip(basis.checks(question), run.outcomes, right, strict=True)
                        for check, outcome, other in pairs:
                            key = question.id, check.name
                            found[key] = max(found[key], distance(outcome, other))
            sandbox.close()
    return found


def _and(more: dict[str, str]) -> dict[str, str]:
    return {**ENVIRONMENT(), **more}


def ways(basis: Basis, question: Question) -> list[Submission]:
    """The reference, and the variants of it."""
    reference = basis.reference
    patches = basis.patches[question.part].variants
    variants = [
        dataclasses.replace(
            reference,
            answers={**reference.answers, question.id: v.apply(reference.answers[question.id])},
            extras=[*filter(None, [v.cell]), *reference.extras],
        )
        for v in patches
        if v.question == question.id
    ]
    return [reference, *variants]


def distance(outcome: Any, right: Any) -> float:
    """Of arrays and numbers, as a share of the largest that is right; infinite for an error."""
    if not isinstance(outcome, dict):
        return np.inf
    shares = [0.0]
    for name, value in right.items():
        if isinstance(value, np.ndarray | float):
            value, claim = np.asarray(value, np.float64), np.asarray(outcome[name], np.float64)
            size = np.abs(value).max(initial=0) or 1.0
            shares.append(float(np.abs(claim - value).max(initial=0) / size))
    return max(shares)


if __name__ == "__main__":
    main()
