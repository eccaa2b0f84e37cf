"""Audit: the reference earns all, the blank nothing; mistakes are caught, variants pass."""

import copy
import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from tqdm import tqdm

from autograder.authoring.compose import composed
from autograder.authoring.reference import reference, with_results
from autograder.authoring.release import stripped
from autograder.course.table import Course
from autograder.grading.basis import Basis
from autograder.grading.grade import Grader
from autograder.grading.mistakes import Patch, Patches
from autograder.model import CourseError, ProblemSet, Report
from autograder.reading.answers import read_notebook
from autograder.reading.released import Release
from autograder.sandbox import wire
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Job, Limits, Run


def audit(
    ps: ProblemSet,
    course: Course,
    sampled: Collection[str] = (),
    whole: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The audit's table for one problem set, as design.md fixes its JSON.

    The reference notebook ``whole`` is executed once (mini profile, cached by content), where none
    is given; mistakes and variants are spliced into it, and every row is graded as a submission.
    Of the parts ``sampled``, which are audited elsewhere, one mistake a question is graded, and
    none else known; but all of a question that an option changes.
    """
    basis = _sampled(composed_basis(ps, course), sampled)
    executed = whole or reference(ps, course)
    mistakes = [p for patches in basis.patches.values() for p in patches.mistakes]
    variants = [p for patches in basis.patches.values() for p in patches.variants]
    with (
        Grader(basis, RememberingSandbox) as grader,
        tqdm(total=2 + len(mistakes) + len(variants), desc=f"audit {ps.id}") as bar,
    ):

        def grade(notebook: dict[str, Any], name: str) -> Report:
            report = grader.grade(read_notebook(notebook, basis.release, name))
            if report.fault:
                raise CourseError(f"{name} was not graded: {report.fault}")
            return report

        def row(patch: Patch, judged: Callable[[Report], dict[str, Any]]) -> dict[str, Any]:
            try:
                found = judged(grade(splice(executed, patch), patch.id))
            except CourseError as error:  # the other rows are worth knowing
                found = {**judged(right), "error": str(error)}
            bar.update()
            return {"id": patch.id, "question": patch.question, **found}

        right = grade(executed, "reference")
        blank = grade(basis.release.notebook, "blank")
        bar.update(2)
        top = sum(q.points for q in ps.questions)
        return {
            "reference": {"score": right.score, "max": top},
            "blank": {"score": blank.score, "max": top},
            "mistakes": [row(p, partial(_mistake, patch=p, whole=right)) for p in mistakes],
            "variants": [row(p, lambda r: {"score": r.score, "max": top}) for p in variants],
            "public": _public(grader),
        }


def _public(grader: Grader) -> dict[str, dict[str, Any]]:
    """By question, the checks whose outcome is the same for every secret, and their share."""
    return {
        id: {"share": sum(c.weight for c in public) / sum(c.weight for c in checks),
             "checks": [c.name for c in public]}
        for id, checks, public in grader.public_checks()
        if public
    }  # fmt: skip


def option_values(ps: ProblemSet, course: Course) -> dict[str, ProblemSet]:
    """The problem set as it is, and with each other word that its parts' options take, by name."""
    found = {ps.id: ps}
    for part in course.parts(ps):
        for option, values in part.options.items():
            for value in values:
                if value != ps.options[option]:
                    other = replace(ps, options={**ps.options, option: value})
                    found[f"{ps.id}[{option}={value}]"] = other
    return found


def audit_all(ps: ProblemSet, course: Course) -> Iterator[tuple[str, ProblemSet, dict[str, Any]]]:
    """The tables of a problem set with every value of its options, and samples of its numbers.

    With other numbers nothing is trained: the results stand there that the problem set as it is
    has shown.
    """
    for name, other in option_values(ps, course).items():
        yield name, other, audit(other, course)
    for name, other in number_samples(ps, course).items():
        executed = with_results(other, course, reference(ps, course))
        yield name, other, audit(other, course, whole=executed)


def number_samples(ps: ProblemSet, course: Course) -> dict[str, ProblemSet]:
    """The problem set with all numbers of its parts other than the default, in two ways."""
    found = {}
    numbers = {n: number for part in course.parts(ps) for n, number in part.all_numbers.items()}
    for i in range(2 if numbers else 0):
        sample = {name: number.samples[i] for name, number in numbers.items()}
        named = ",".join(f"{name}={value}" for name, value in sample.items())
        found[f"{ps.id}[{named}]"] = replace(ps, options={**ps.options, **sample})
    return found


def composed_basis(ps: ProblemSet, course: Course) -> Basis:
    """What a problem set is graded by, from the solutions as they are now; nothing is written."""
    solution = composed(ps, course)
    blank = Release(ps, json.loads(stripped(solution, ps, course)))
    return Basis.of(blank, read_notebook(json.loads(solution), blank, ps.id), course)


def _sampled(basis: Basis, sampled: Collection[str]) -> Basis:
    """Of the parts ``sampled``, one mistake a question is known, and no variant.

    Of a question that an option changes, all are.
    """

    def of(part: str, patches: Patches) -> Patches:
        if part not in sampled:
            return patches
        changed = {p.question for p in [*patches.mistakes, *patches.variants] if p.when}
        first = {p.question: p for p in reversed(patches.mistakes)}
        return Patches(
            [p for p in patches.mistakes if p.question in changed or p is first[p.question]],
            [p for p in patches.variants if p.question in changed],
        )

    return replace(basis, patches={part: of(part, p) for part, p in basis.patches.items()})


def _mistake(report: Report, patch: Patch, whole: Report) -> dict[str, Any]:
    full = {r.question.id: r.score for r in whole.questions}
    results = {r.question.id: r for r in report.questions}
    own = results.pop(patch.question)
    return {
        "caught": own.score < full[patch.question],
        "hinted": own.mistake == patch.id,
        "collateral": [id for id, r in results.items() if r.score < full[id]],
    }


class RememberingSandbox(Sandbox):
    """Runs equal jobs once: a patched notebook leaves all answers but one as they were."""

    def __init__(self, limits: Limits | None = None, imports: Sequence[str] = ()) -> None:
        super().__init__(limits, imports)
        self._runs: dict[bytes, Run] = {}

    def run_together(self, jobs: Sequence[Job], limits: Limits) -> list[Run]:
        """Nothing: each is run by itself, which can be remembered."""
        return [Run() for _ in jobs]

    def run(self, job: Job, limits: Limits | None = None) -> Run:
        key = hashlib.sha256(wire.encode([asdict(job), repr(limits)])).digest()
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
    for row in [*table["mistakes"], *table["variants"]]:
        if "error" in row:
            found.append(row["error"])
    for row in table["mistakes"]:
        if "error" in row:
            continue
        if not row["caught"]:
            found.append(f"Mistake {row['id']} of {row['question']} is not caught.")
        elif not row["hinted"]:
            found.append(f"Mistake {row['id']} of {row['question']} is caught, its hint not given.")
        if row["collateral"]:
            also = ", ".join(row["collateral"])
            found.append(f"Mistake {row['id']} of {row['question']} also costs points in {also}.")
    for id, public in table["public"].items():
        if public["share"] == 1:
            found.append(f"All checks of {id} have the same outcome for every secret.")
    for row in table["variants"]:
        if row["score"] != row["max"] and "error" not in row:
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
    lines += [
        "",
        f"  {'public checks of':<20} share  (same outcome for every secret: by themselves",
    ]
    lines += [f"  {'':<20}        they earn at most a quarter of the question)"]
    for id, public in table["public"].items():
        lines.append(f"  {id:<20} {public['share']:>5.0%}  {', '.join(public['checks'])}")
    return "\n".join(lines)
