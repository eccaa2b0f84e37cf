"""Kills `grade` a hundred times at random moments, and says what it left: a line of JSON."""

import contextlib
import csv
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import stand_in
from shipped import COURSE, compose

from autograder.batch import prints
from autograder.batch.run import How, grade_all
from autograder.grading.basis import Basis

TIMES = 100


def call(folder: Path, out: Path) -> int:
    """A call in a process of its own; its id."""
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        nowhere = Path(os.devnull).open("w")  # noqa: SIM115
        with contextlib.redirect_stderr(nowhere), stand_in.instead():
            grade_all([folder], stand_in.SET, COURSE, out, How())
        os._exit(0)
    return pid


def broken(out: Path) -> list[str]:
    """The files that cannot be read as what they are."""
    found = []
    for path in [*out.glob("*/results.json"), *out.glob(".kept/*.json")]:
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            found.append(path.name)
    for path in out.glob("*.csv"):
        lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines(), strict=True))
        if len({len(line) for line in lines}) > 1:
            found.append(path.name)
    found += [p.name for p in out.glob("*/feedback.html") if "</html>" not in p.read_text()]
    return found


def changed(out: Path) -> dict[str, list[str]]:
    """What changes.csv tells, by submission and question."""
    lines = csv.reader((out / "changes.csv").read_text(encoding="utf-8").splitlines()[1:])
    return {f"{line[0]} {line[1]}": line[2:] for line in lines}


def main(folder: Path, out: Path) -> None:
    compose(stand_in.SET.id)
    same = prints.of_questions(Basis.load(stand_in.SET, COURSE))
    prints.of_questions = lambda basis: same  # what takes the longest, and writes nothing
    began = time.monotonic()
    os.waitpid(call(folder, out), 0)
    usual = time.monotonic() - began
    choose = random.Random(20)
    for name in sorted(p.stem for p in folder.glob("*.ipynb")):
        stand_in.write(folder / f"{name}.ipynb", encoder=0.5)
    bad, killed = set(), 0
    changes: dict[str, list[str]] = {}
    while killed < TIMES:
        pid = call(folder, out)
        time.sleep(choose.uniform(0, usual))
        os.kill(pid, signal.SIGKILL)
        if os.waitpid(pid, 0)[1] == 0:
            usual *= 0.9  # it came to its end: another time it should be caught
            changes |= changed(out)
        else:
            usual *= 1.05
            killed += 1
        bad |= {*broken(out)}
    os.waitpid(call(folder, out), 0)
    bad |= {*broken(out)}
    print(json.dumps({"bad": sorted(bad), "changes": changes | changed(out)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
