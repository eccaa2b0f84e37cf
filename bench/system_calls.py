"""The system calls that right and wrong answers need: what the list of allowed ones is made from.

    sudo apt-get install strace
    .venv/bin/python -m bench.system_calls

Runs the references, variants and mistakes of all problem sets below strace, and prints each call
that a worker made once it was confined: how often, how often it was refused, and with which flags
or commands those calls that are allowed with some only. A call that is not in
``autograder/sandbox/seccomp.py`` is marked.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from autograder.authoring.audit import composed_basis
from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.grading.grade import Grader
from autograder.sandbox import seccomp

CALL = re.compile(r"^(\d+)\s+(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)$")
CONFINED = re.compile(r"PR_SET_SECCOMP")
DETAIL = {"fcntl": 1, "ioctl": 1, "prctl": 0, "clone": 1}
"""Calls that are told apart by one of their arguments, and which."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.system_calls", description=__doc__)
    parser.add_argument("problem_set", nargs="*", help="all, where none is named")
    parser.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        return run(args.problem_set)
    calls: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "calls")
        below = [sys.executable, "-m", "bench.system_calls", "--run", *args.problem_set]
        subprocess.run(["strace", "-f", "-qq", "-e", "signal=none", "-o", log, *below], check=True)
        with log.open(encoding="utf-8", errors="replace") as lines:
            for name, rest in of_workers(lines):
                calls[name] += 1
                refused[name] += "EPERM" in rest or "ENOSYS" in rest
    for name, count in sorted(calls.items()):
        known = name.split()[0] in (seccomp.ALLOWED | seccomp.LIMITED)
        mark = "" if known else "  NOT ALLOWED"
        print(f"{name:40} {count:9,} {refused[name]:9,} refused{mark}")


def run(ids: Sequence[str]) -> None:
    """Grade the code of references, variants and mistakes."""
    course = Course(secret=PUBLIC_SECRET)
    for id in ids or course.ids:
        basis = composed_basis(course.problem_set(id), course)
        with Grader(basis) as grader:
            grader.grade(basis.reference)
            patches = [p for part in basis.patches.values() for p in part.mistakes + part.variants]
            for patch in tqdm(patches, id):
                answer = patch.apply(basis.reference.answers[patch.question])
                extras = [*basis.reference.extras, patch.cell]
                answers = {**basis.reference.answers, patch.question: answer}
                grader.grade(replace(basis.reference, answers=answers, extras=extras))


def of_workers(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """The calls, with what stands behind their names, of processes that were confined."""
    confined: set[str] = set()
    for line in lines:
        if not (match := CALL.match(line)):
            continue
        pid, name, rest = match.groups()
        if CONFINED.search(rest):
            confined.add(pid)
        elif pid in confined:
            if name.startswith("exit"):
                confined.discard(pid)
            if name in DETAIL and "resumed" not in line:
                arguments = rest.split(", ")
                name += " " + arguments[min(DETAIL[name], len(arguments) - 1)].split(")")[0]
            yield name, rest


if __name__ == "__main__":
    main()
