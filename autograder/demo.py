"""``make demo``: the kit's main job once, for real, on data made on this machine."""

import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from autograder.authoring.audit import splice
from autograder.authoring.execute import reference
from autograder.authoring.release import release
from autograder.batch.run import grade_all, summary
from autograder.course.table import PUBLIC_SECRET, problem_set
from autograder.grading.mistakes import load_patches
from autograder.model import CourseError
from autograder.parts.declare import load_part
from autograder.paths import ROOT
from autograder.results.pages import class_page

PROBLEM_SET = "ps_autoencoder"
FLAWS = ("decoder-tanh", "train-ae-no-zero-grad")


def demo(root: Path = ROOT) -> str:
    """Make the mini data, release, run the reference, grade three submissions; what to open.

    The grades here are made with the public secret, from which anybody can compute the inputs.
    """
    ps = problem_set(PROBLEM_SET, root)
    out = root / "build" / "demo"
    handed_in = out / "submissions"
    shutil.rmtree(out, ignore_errors=True)
    handed_in.mkdir(parents=True)

    data = root / "build" / "data"
    _python(root, "-m", "data_scripts.mini", "--data", str(data))
    blank = release(ps, root)
    executed = reference(ps, root)
    print("Handing in the executed notebook", flush=True)
    whole = out / f"{ps.id}.ipynb"
    whole.write_bytes(executed.read_bytes())
    _python(root, "-m", "helpers", "hand-in", str(whole), HELPERS_DATA=str(data))
    whole.with_suffix(".zip").replace(handed_in / "reference.zip")
    (handed_in / "blank.ipynb").write_bytes(blank.read_bytes())
    flawed = json.loads(executed.read_text(encoding="utf-8"))
    for part in ps.parts:
        for patch in load_patches(load_part(part).folder, ps.options)[0]:
            if patch.id in FLAWS:
                flawed = splice(flawed, patch)
    (handed_in / "flawed.ipynb").write_text(json.dumps(as_colab_saves(flawed)), encoding="utf-8")

    grades = out / "grades"
    reports = grade_all([handed_in], ps, grades, root, PUBLIC_SECRET)
    class_page(grades, out / "index.html")
    if any(r.fault for r in reports):
        raise CourseError(f"the grader failed:\n{summary(reports)}")
    return "\n".join(
        [
            "",
            summary(reports),
            "Graded on inputs from the public secret; a term's grades have a secret of their own.",
            "",
            "Open",
            f"  {_short(out / 'index.html')}   the class at a glance, with everybody's feedback",
            f"  {_short(out / f'{ps.id}.pdf')}   the executed notebook as a PDF",
            f"  {_short(whole)}   the same as a notebook, with plots",
            f"  {_short(handed_in / 'reference.zip')}   what a student hands in, with the models",
            f"  {_short(blank)}   what students open",
            f"  {_short(grades / 'flawed' / 'results.json')}   what Gradescope gets",
        ]
    )


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


def _short(path: Path) -> str:
    return os.path.relpath(path)
