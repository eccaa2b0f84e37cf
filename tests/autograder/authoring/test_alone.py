"""A part alone: what it needs of another is given, and nothing speaks of a part before."""

import json
import re
import shutil
from pathlib import Path

import pytest

from autograder.authoring.release import release
from autograder.course.table import Course
from autograder.grading.basis import Basis
from autograder.grading.grade import Grader
from autograder.model import CourseError
from autograder.paths import ROOT
from autograder.reading.answers import read_bytes

pytestmark = pytest.mark.slow
TABLE = """
[course]
title = "Toys"

[ps_alone]
title = "Alone"
number = 1
parts = {parts}
posted = 2026-10-12
due = 2026-10-26
hand_in = "the shelf"
"""


def course(root: Path, *parts: str) -> Course:
    for name in ("solutions", "nbgrader_config.py"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("ps_*"))
        else:
            shutil.copy(source, root / name)
    (root / "course.toml").write_text(TABLE.format(parts=json.dumps(list(parts))))
    return Course(root, b"a secret")


@pytest.mark.parametrize("part", ["cmc", "clip"])
def test_what_a_part_needs_is_given_and_it_grades_as_ever(tmp_path: Path, part: str) -> None:
    alone = course(tmp_path, part)
    ps = alone.problem_set("ps_alone")
    path = release(ps, alone)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    text = "\n".join("".join(c["source"]) for c in notebook["cells"][8:])
    assert "def train_classifier" in text and "## What is given" in text
    assert not re.search(r"as before|As before|part above|those of before|to write yourself", text)
    assert "Question: encoder\n" not in text and "{{" not in text
    basis = Basis.load(ps, alone)
    with Grader(basis) as grader:
        blank = read_bytes(path.read_bytes(), path.name, grader.release, "blank")
        whole = alone.composed_path(ps.id).read_bytes()
        solved = read_bytes(whole, path.name, grader.release, "solved")
        coded = [q.id for q in ps.questions if not q.report]
        scores = {
            name: {r.question.id: r.score for r in grader.grade(s).questions}
            for name, s in (("blank", blank), ("solved", solved))
        }
    assert all(scores["blank"][id] == 0 for id in coded)
    points = {q.id: q.points for q in ps.questions}
    assert {id: scores["solved"][id] for id in coded} == {id: points[id] for id in coded}


@pytest.mark.parametrize("part", ["cmc", "clip"])
def test_after_the_other_part_nothing_is_given(tmp_path: Path, part: str) -> None:
    both = course(tmp_path, "autoencoder", part)
    path = release(both.problem_set("ps_alone"), both)
    text = path.read_text(encoding="utf-8")
    assert "## What is given" not in text and "As before, grading" in text


def test_an_order_that_uses_what_comes_later_is_refused(tmp_path: Path) -> None:
    turned = course(tmp_path, "cmc", "autoencoder")
    with pytest.raises(CourseError, match="parts has cmc before autoencoder, whose answers it"):
        turned.problem_set("ps_alone")


def test_a_name_that_nothing_defines_is_refused_with_its_place(tmp_path: Path) -> None:
    broken = course(tmp_path, "transfer")
    path = broken.solution_path("transfer")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(c for c in notebook["cells"] if c["id"] == "guesses")
    cell["source"] = ["number = 5\n", "print(nmuber)"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    with pytest.raises(CourseError, match="cell 'guesses', line 2, uses nmuber, which nothing"):
        release(broken.problem_set("ps_alone"), broken)
    assert not broken.release_path("ps_alone").exists()
