"""Every command of nbgrader that an instructor gives, as they give it, in a copy of the course."""

import csv
import os
import shutil
import subprocess
import sys

import nbformat

from autograder.course import ROOT, problem_set
from autograder.execute import reference
from autograder.release import release


def test_the_shipped_problem_set(tmp_path):
    for name in ("course.toml", "nbgrader_config.py"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(
        ROOT / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns("ps_*")
    )
    ps = problem_set("ps_autoencoder", tmp_path)
    blank = release(ps, tmp_path, make_secret=False)
    executed = reference(problem_set("ps_autoencoder"))

    def nbgrader(*arguments, status=0):
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=tmp_path,
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
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    partial = nbformat.read(executed, as_version=4)
    next(
        c for c in partial.cells if c.id == "decoder"
    ).source = "# Question: decoder\nclass Decoder(nn.Module):\n    pass"
    for student, notebook in {
        "reference": nbformat.read(executed, as_version=4),
        "blank": nbformat.read(blank, as_version=4),
        "partial": partial,
    }.items():
        path = tmp_path / "submitted" / student / ps.id / f"{ps.id}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)

    before = blank.read_bytes()
    nbgrader("generate_assignment", ps.id)
    assert blank.read_bytes() == before
    nbgrader("autograde", ps.id)
    nbgrader("generate_feedback", ps.id)
    nbgrader("export")
    with (tmp_path / "grades.csv").open() as file:
        rows = {r["student_id"]: r for r in csv.DictReader(file)}
    assert {s: (float(r["score"]), float(r["max_score"])) for s, r in rows.items()} == {
        "reference": (5.0, 5.0),
        "blank": (0.0, 5.0),
        "partial": (4.0, 5.0),
    }
    assert (tmp_path / "feedback" / "partial" / ps.id / f"{ps.id}.html").is_file()
    assert "VALIDATION FAILED ON 5 CELL(S)" in nbgrader("validate", str(blank))
    # It trains once more, on the machine whose results the executed notebook holds.
    assert "Success! Your notebook passes all the tests." in nbgrader("validate", str(executed))
