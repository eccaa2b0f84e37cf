"""``make demo``: the kit's main job once, for real, on data made on this machine."""

import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.audit import splice
from autograder.authoring.reference import reference
from autograder.authoring.release import release
from autograder.batch.overview import write_overview
from autograder.batch.run import grade_all, summary
from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.grading.mistakes import load_patches
from autograder.model import CourseError
from autograder.paths import ROOT

PROBLEM_SET = "ps_autoencoder"
FLAWS = ("decoder-tanh", "train-ae-no-zero-grad")


def demo(root: Path = ROOT) -> str:
    """Make the mini data, release, run the reference, grade three submissions; what to open.

    The grades here are made with the public secret, from which anybody can compute the inputs.
    """
    course = Course(root, PUBLIC_SECRET)
    ps = course.problem_set(PROBLEM_SET)
    out = root / "build" / "demo"
    handed_in, grades, whole = out / "submissions", out / "grades", out / f"{ps.id}.ipynb"
    shutil.rmtree(out, ignore_errors=True)
    handed_in.mkdir(parents=True)
    _python(root, "-m", "data_scripts.mini", "--data", str(root / "build" / "data"))
    blank = release(ps, Course(root))  # with a secret, for grading what comes after the demo
    nbformat.write(reference(ps, course), whole)
    _hand_in(whole, blank, handed_in, course)
    done = grade_all([handed_in], ps, course, grades)
    write_overview(grades, out / "index.html", course)
    if any(r.fault for r in done.reports):
        raise CourseError(f"the grader failed:\n{summary(done)}")
    told = {
        out / "index.html": "the class at a glance, with everybody's feedback",
        out / f"{ps.id}.pdf": "the executed notebook as a PDF",
        whole: "the same as a notebook, with plots",
        handed_in / "reference.zip": "what a student hands in, with the models",
        blank: "what students open",
        grades / "flawed" / "results.json": "what Gradescope gets",
    }
    return "\n".join(
        [
            "",
            summary(done),
            "Graded on inputs from the public secret; a term's grades have a secret of their own.",
            "",
            "Open",
            *(f"  {os.path.relpath(path)}   {what}" for path, what in told.items()),
        ]
    )


def _hand_in(executed: Path, blank: Path, folder: Path, course: Course) -> None:
    """Put three submissions into ``folder``: a right one, the blank, and one with mistakes."""
    print("Handing in the executed notebook", flush=True)
    data = str(course.root / "build" / "data")
    _python(course.root, "-m", "helpers", "hand-in", str(executed), HELPERS_DATA=data)
    executed.with_suffix(".zip").replace(folder / "reference.zip")
    (folder / "blank.ipynb").write_bytes(blank.read_bytes())
    flawed: dict[str, Any] = json.loads(executed.read_text(encoding="utf-8"))
    ps = course.problem_set(PROBLEM_SET)
    for part in course.parts(ps):
        for patch in load_patches(part).fitting(part.values(ps.options)).mistakes:
            if patch.id in FLAWS:
                flawed = splice(flawed, patch)
    (folder / "flawed.ipynb").write_text(json.dumps(as_colab_saves(flawed)), encoding="utf-8")


def as_colab_saves(notebook: dict[str, Any]) -> dict[str, Any]:
    """``notebook`` as Colab saves it: nbformat 4.0, ids in the metadata, its own keys."""
    notebook = copy.deepcopy(notebook)
    notebook["nbformat_minor"] = 0
    notebook["metadata"] = {
        "colab": {"provenance": [], "gpuType": "T4"},
        "accelerator": "GPU",
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
    }
    for i, cell in enumerate(notebook["cells"]):
        cell["metadata"] = {"id": f"x{i:011d}"}
        cell.pop("id", None)
        if cell["cell_type"] == "code":
            cell["metadata"]["outputId"] = f"y{i:011d}"
            cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
    return notebook


def _python(root: Path, *args: str, **environment: str) -> None:
    """Run one of the kit's other commands as a person would, showing its progress."""
    command, environment = [sys.executable, *args], {**os.environ, **environment}
    if subprocess.run(command, cwd=root, env=environment, check=False).returncode:
        raise CourseError(f"`python {' '.join(args)}` failed; its message stands above.")
