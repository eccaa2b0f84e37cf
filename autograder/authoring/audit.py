"""Audit: the reference earns all, the blank nothing; mistakes are caught, variants pass."""

import copy
import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from autograder.authoring.execute import reference
from autograder.authoring.release import compose
from autograder.course.table import PUBLIC_SECRET
from autograder.grading.grade import Grader
from autograder.grading.mistakes import Patch, load_patches
from autograder.model import ProblemSet, Report
from autograder.parts.declare import load_part
from autograder.paths import ROOT
from autograder.reading.answers import read_notebook
from autograder.sandbox import wire
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Job, Limits, Run


def audit(
    problem_set: ProblemSet, root: Path = ROOT, secret: bytes = PUBLIC_SECRET
) -> dict[str, Any]:
    """The audit's table for one problem set, as design.md fixes its JSON.

    The reference notebook is executed once (mini profile, cached by content); mistakes and
    variants are spliced into that, and every row is graded as a submission.
    """
    compose(problem_set, root)  # the solutions as they are now, released or not
    executed = json.loads(reference(problem_set, root).read_text(encoding="utf-8"))
    mistakes: list[Patch] = []
    variants: list[Patch] = []
    for name in problem_set.parts:
        wrong, right = load_patches(load_part(name).folder, problem_set.options)
        mistakes += wrong
        variants += right
    top = sum(q.points for q in problem_set.questions)
    with (
        Grader(problem_set, root, secret, RememberingSandbox) as grader,
        tqdm(total=2 + len(mistakes) + len(variants), desc=f"audit {problem_set.id}") as bar,
    ):

        def grade(notebook: dict[str, Any], name: str) -> Report:
            report = grader.grade(read_notebook(notebook, grader.release, name))
            bar.update()
            return report

        whole = grade(executed, "reference")
        blank = grade(
            {"cells": grader.release.cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}},
            "blank",
        )
        full = {r.question.id: r.score for r in whole.questions}
        table: dict[str, Any] = {
            "reference": {"score": whole.score, "max": top},
            "blank": {"score": blank.score, "max": top},
            "mistakes": [],
            "variants": [],
        }
        for patch in mistakes:
            report = grade(splice(executed, patch), patch.id)
            scores = {r.question.id: r for r in report.questions}
            own = scores[patch.question]
            table["mistakes"].append(
                {
                    "id": patch.id,
                    "question": patch.question,
                    "caught": own.score < full[patch.question],
                    "hinted": own.mistake == patch.id,
                    "collateral": [
                        id
                        for id, r in scores.items()
                        if id != patch.question and r.score < full[id]
                    ],
                }
            )
        for patch in variants:
            report = grade(splice(executed, patch), patch.id)
            row = {"id": patch.id, "question": patch.question, "score": report.score, "max": top}
            table["variants"].append(row)
    return table


class RememberingSandbox(Sandbox):
    """Runs equal jobs once: a patched notebook leaves all answers but one as they were."""

    def __init__(self, limits: Limits | None = None, imports: Sequence[str] = ()) -> None:
        super().__init__(limits, imports)
        self._runs: dict[bytes, Run] = {}

    def run(self, job: Job, limits: Limits | None = None) -> Run:
        key = hashlib.sha256(wire.encode([dataclasses.asdict(job), repr(limits)])).digest()
        if key not in self._runs:
            self._runs[key] = super().run(job, limits)
        return self._runs[key]


def splice(notebook: dict[str, Any], patch: Patch) -> dict[str, Any]:
    """A copy of an executed reference notebook with one answer patched."""
    notebook = copy.deepcopy(notebook)
    for i, cell in enumerate(notebook["cells"]):
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == patch.question:
            cell["source"] = patch.apply("".join(cell["source"]))
            if patch.cell:
                own = {"cell_type": "code", "id": "own-cell", "metadata": {}, "source": patch.cell}
                notebook["cells"].insert(i, {**own, "outputs": [], "execution_count": None})
            break
    return notebook


def failures(table: dict[str, Any]) -> list[str]:
    """A sentence for each row that is not as it must be."""
    found = []
    top = table["reference"]["max"]
    if table["reference"]["score"] != top:
        found.append(f"The reference earns {table['reference']['score']:g} of {top:g}.")
    if table["blank"]["score"] != 0:
        found.append(f"The blank release earns {table['blank']['score']:g}.")
    for row in table["mistakes"]:
        if not row["caught"]:
            found.append(f"Mistake {row['id']} of {row['question']} is not caught.")
        elif not row["hinted"]:
            found.append(f"Mistake {row['id']} of {row['question']} is caught, its hint not given.")
        if row["collateral"]:
            also = ", ".join(row["collateral"])
            found.append(f"Mistake {row['id']} of {row['question']} also costs points in {also}.")
    for row in table["variants"]:
        if row["score"] != row["max"]:
            score = f"{row['score']:g} of {row['max']:g}"
            found.append(f"Variant {row['id']} of {row['question']} earns {score}.")
    return found


def render(name: str, table: dict[str, Any]) -> str:
    """The table as text, a row a submission."""
    lines = [f"{name}: {len(table['mistakes'])} mistakes, {len(table['variants'])} variants", ""]
    for key in ("reference", "blank"):
        row = table[key]
        lines.append(f"  {key:<34} {row['score']:>5g} of {row['max']:g}")
    lines += ["", f"  {'mistake':<34} {'question':<20} caught  hinted  also costs"]
    for row in table["mistakes"]:
        also = ", ".join(row["collateral"]) or "-"
        yes = ["yes" if row[k] else "NO" for k in ("caught", "hinted")]
        lines.append(f"  {row['id']:<34} {row['question']:<20} {yes[0]:<7} {yes[1]:<7} {also}")
    lines += ["", f"  {'variant':<34} {'question':<20} score"]
    for row in table["variants"]:
        score = f"{row['score']:g} of {row['max']:g}"
        lines.append(f"  {row['id']:<34} {row['question']:<20} {score}")
    return "\n".join(lines)
