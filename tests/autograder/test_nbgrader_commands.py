"""Every command of nbgrader that an instructor gives, as they give it, in a copy of the course."""

import copy
import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from refused import CALLS
from shipped import COURSE

from autograder.authoring.compose import composed
from autograder.authoring.reference import reference
from autograder.authoring.release import release
from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.paths import ROOT

pytestmark = pytest.mark.trains


def nbgrader(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder,
        env={
            **os.environ,
            "COURSE_PUBLIC_SECRET": "1",
            "HELPERS_PROFILE": "mini",
            "HELPERS_DATA": str(ROOT / "build" / "data"),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


BROKEN = {
    "decoder": "# Question: decoder\nclass Decoder(nn.Module):\n    pass",
    "nce_loss": "# Question: nce_loss\nclass NCELoss(nn.Module):\n    pass",
    "soft_targets": "# Question: soft_targets\ndef soft_target_loss(*args):\n    pass",
}


# The maximum, and what the reference and one with a broken answer earn. Bonus points are extra
# credit: the reference has more than the maximum, which leaves them out. Two of the points of
# ps_transfer are given by a person, who was not here yet. The other two have neither.
SCORES = {"ps_cmc": (11, 12, 10), "ps_transfer": (12, 10, 9)}


def hand_in(folder: Path, student: str, ps_id: str, notebook: nbformat.NotebookNode) -> None:
    path = folder / "submitted" / student / ps_id / f"{ps_id}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


def test_the_shipped_problem_sets(tmp_path: Path) -> None:
    for name in ("course.toml", "nbgrader_config.py"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(
        ROOT / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns("ps_*")
    )
    course = Course(tmp_path, PUBLIC_SECRET)
    for ps_id in SCORES:
        blank = release(course.problem_set(ps_id), course)
        executed = reference(COURSE.problem_set(ps_id), COURSE)
        broken, mean = copy.deepcopy(executed), copy.deepcopy(executed)
        for cell, other in zip(broken.cells, mean.cells, strict=True):
            if cell.id in BROKEN:
                cell.source, other.source = BROKEN[cell.id], CALLS
        hand_in(tmp_path, "mean", ps_id, mean)
        hand_in(tmp_path, "reference", ps_id, executed)
        hand_in(tmp_path, "blank", ps_id, nbformat.read(blank, as_version=4))
        hand_in(tmp_path, "partial", ps_id, broken)
        before = blank.read_bytes()
        nbgrader(tmp_path, "generate_assignment", ps_id)
        assert blank.read_bytes() == before
        nbgrader(tmp_path, "autograde", ps_id)
    nbgrader(tmp_path, "export")
    with (tmp_path / "grades.csv").open() as file:
        rows = {(r["assignment"], r["student_id"]): r for r in csv.DictReader(file)}
    found = {key: (float(r["score"]), float(r["max_score"])) for key, r in rows.items()}
    for ps_id, (maximum, right, partial) in SCORES.items():
        due = {"reference": right, "blank": 0, "partial": partial, "mean": partial}
        for student, score in due.items():
            assert found.pop((ps_id, student)) == (score, maximum), (ps_id, student)
        page = tmp_path / "autograded" / "mean" / ps_id / f"{ps_id}.ipynb"
        outputs = [c.get("outputs") for c in nbformat.read(page, as_version=4).cells]
        assert "passed" in str(outputs) and "GIVEN" not in str(outputs)
    assert not found

    nbgrader(tmp_path, "generate_feedback", ps_id)
    assert (tmp_path / "feedback" / "partial" / ps_id / f"{ps_id}.html").is_file()
    ps = course.problem_set(ps_id)
    questions = sum(not q.bonus for q in ps.questions) + len(ps.by_hand)
    said = nbgrader(tmp_path, "validate", str(course.release_path(ps_id)))
    assert f"VALIDATION FAILED ON {questions} CELL(S)" in said


def test_nbgrader_validates_the_reference(tmp_path: Path) -> None:
    # It runs the whole notebook once more: here as a quick try, whose results are other ones.
    text = composed(COURSE.problem_set("ps_autoencoder"), COURSE)
    quick = text.replace("helpers.start(seed=0)", "helpers.start(seed=0, quick=True)")
    notebook = nbformat.reads(quick, as_version=4)
    (report,) = (c for c in notebook.cells if c.id == "report_autoencoder")
    report.source = re.sub(r"(results_\w+) = \{.*\}", r"\1 = dict(accuracies)", report.source)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    nbformat.write(notebook, tmp_path / "quick.ipynb")
    done = nbgrader(tmp_path, "validate", "quick.ipynb")
    assert "Success! Your notebook passes all the tests." in done
