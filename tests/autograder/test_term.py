"""A term: handed out, handed in, graded; a mistake named, a check corrected, a question dropped."""

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from handed_in import cell, data, right
from nbgrader.api import Gradebook as Database
from test_groups import NEGATED

from autograder.authoring import dist
from autograder.authoring.release import make, release
from autograder.batch.export import export
from autograder.batch.naming import name_group
from autograder.batch.overview import read_groups, write_overview
from autograder.batch.run import How, grade_all
from autograder.course.table import Course
from autograder.parts import declare
from autograder.paths import ROOT

pytestmark = pytest.mark.slow
PS = "ps_autoencoder"
# Wrong for one image alone, each in a way of its own.
ONE = [
    NEGATED[0].replace("-self.encoder(x)", "self.encoder(x) * (-1 if len(x) == 1 else 1)"),
    NEGATED[1].replace(".neg()", "[:] * {1: -1}.get(x.shape[0], 1)"),
]
STUDENTS = {"anna": "", "ben": ONE[0], "cleo": ONE[1]}
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Autoencoders (4711)
    Points Possible,,,,,5
"Lee, Anna",1,anna,a@x.edu,A,
"Öst, Ben",2,ben,b@x.edu,A,
"Ray, Dora",4,dora,d@x.edu,A,
"""


class Term:
    """A course of its own, and what lies in its folders."""

    def __init__(self, root: Path) -> None:
        self.root, self.out = root, root / "grades"

    @property
    def course(self) -> Course:
        return Course(self.root, b"the term's secret")

    def grade(self, how: How | None = None) -> list[tuple[str, ...]]:
        """Grade what was handed in; what changed, without the submission's place in a table."""
        course = self.course
        ps = course.problem_set(PS)
        done = grade_all([self.root / "submitted"], ps, course, self.out, how)
        assert not any(r.fault for r in done.reports)
        return [tuple(change.values()) for change in done.changes]

    def totals(self) -> dict[str, tuple[str, str]]:
        lines = (self.out / "grades.csv").read_text(encoding="utf-8").splitlines()
        return {r["student"]: (r["total"], r["late"]) for r in csv.DictReader(lines)}

    def told(self, name: str) -> str:
        return (self.out / name / "results.json").read_text(encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        text = (self.root / "course.toml").read_text(encoding="utf-8")
        assert old in text
        (self.root / "course.toml").write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def term(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Term]:
    for name in ("course.toml", "nbgrader_config.py"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(
        ROOT / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns("ps_*")
    )
    shutil.copytree(declare.PARTS, tmp_path / "parts")
    monkeypatch.setattr(declare, "PARTS", tmp_path / "parts")
    yield Term(tmp_path)


def test_from_release_to_export(term: Term, monkeypatch: pytest.MonkeyPatch) -> None:
    # Handed out, a day before the deadline is moved; students have the page and the zip.
    ps = term.course.problem_set(PS)
    made = make(ps, term.course)
    dist.write(ps, term.course, dist.handed_out(ps, term.course, made))
    release(ps, term.course, made)
    term.edit("due = 2026-10-26", "due = 2026-10-24T12:00:00-04:00")

    # Handed in as nbgrader collects it: one wrong in time, one wrong a day late, one is missing.
    for name, encoder in STUDENTS.items():
        notebook = right()
        if encoder:
            cell(notebook, "encoder")["source"] = encoder
        folder = term.root / "submitted" / name / PS
        folder.mkdir(parents=True)
        (folder / f"{PS}.ipynb").write_bytes(data(notebook))
        day = 25 if name == "cleo" else 24
        (folder / "timestamp.txt").write_text(f"2026-10-{day} 15:00:00 UTC")
    (term.root / "roster.csv").write_text("id,name\nanna,Anna\nben,Ben\ncleo,Cleo\ndora,Dora\n")
    assert term.grade(How(roster=term.root / "roster.csv", jobs=2)) == []
    wrong = term.totals()["ben"][0]
    assert term.totals() == {
        "anna": ("5", "0"), "ben": (wrong, "0"), "cleo": (wrong, "1"), "dora": ("", ""),
    }  # fmt: skip
    assert 4 < float(wrong) < 5

    # Two were wrong in the same way, which nobody had named: now they read why.
    _, (group,) = read_groups(term.out, term.course)
    assert group.members == ["ben", "cleo"]
    name_group(term.out, group.id, "encoder-of-one", "The sign is turned.", term.course)
    assert term.grade() == []
    assert "The sign is turned." in term.told("ben") and "The sign" not in term.told("anna")
    assert read_groups(term.out, term.course)[1] == []

    # A check was too strict: it counts half. Only that question is graded again.
    part = declare.load_part("autoencoder")
    softer = [replace(c, weight=c.weight / 2) if c.name == "encoder_channels" else c
              for c in part.checks]  # fmt: skip
    monkeypatch.setattr(part, "checks", softer)
    changes = term.grade(How(never_lower=True))
    assert {(c[0], c[1], c[4]) for c in changes} == {
        ("ben", "encoder", "regraded"), ("cleo", "encoder", "regraded"),
    }  # fmt: skip
    assert all(float(after) > float(before) for _, _, before, after, _ in changes)

    # One question is dropped, another counts more; nothing is run for that.
    database = term.root / "gradebook.db"
    export(term.out, "nbgrader", database, None, term.course)
    term.edit("number = 1\n", "number = 1\npoints = { encoder = 0, decoder = 3 }\n")
    changes = term.grade()
    assert ("anna", "decoder", "1", "3", "regraded") in changes
    assert {total for total, _ in term.totals().values()} == {"6", ""}
    export(term.out, "nbgrader", database, None, term.course)
    with Database(f"sqlite:///{database}") as book:
        scores = {s.student.id: (s.score, s.max_score) for s in book.assignment_submissions(PS)}
        assert scores == dict.fromkeys(STUDENTS, (6, 6))
        assert "The sign is turned." in book.find_comment("encoder", PS, PS, "ben").comment

    # The platform's gradebook is filled, and the page shows the class.
    (term.root / "canvas.csv").write_text(CANVAS, encoding="utf-8")
    said = export(term.out, "canvas", term.root / "full.csv", term.root / "canvas.csv", term.course)
    rows = list(csv.reader((term.root / "full.csv").read_text(encoding="utf-8").splitlines()))
    assert [r[5] for r in rows] == ["Autoencoders (4711)", "5", "6", "6", ""]
    assert "Not in the gradebook: cleo." in said
    write_overview(term.out, term.root / "index.html", term.course)
    page = (term.root / "index.html").read_text(encoding="utf-8")
    assert "encoder-of-one" in page and "What the last call changed" in page and "Dora" in page
    assert json.loads(term.told("cleo"))["extra_data"]["student"]["id"] == "cleo"
