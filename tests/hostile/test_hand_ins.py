"""Files that mean harm in a class of good ones: exact grades for all, and a sentence for each."""

import csv
import hashlib
import html
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hand_ins import CLASS
from handed_in import PS
from shipped import COURSE, compose
from test_hostile import checkout

from autograder.authoring.audit import RememberingSandbox
from autograder.batch import run as batch
from autograder.batch import worker
from autograder.grading.basis import Basis
from autograder.grading.grade import Grader
from autograder.results.class_page import write_class_page

pytestmark = pytest.mark.slow

LONGEST = 300  # seconds, for the whole class on a busy machine

ROWS = {
    **{name: (points, says) for _, name, points, says in CLASS.values()},
    "pipe": (0, "is not a file"),
    "link": (0, "is a link"),
    "0 a link to another's": (0, "is a link"),
    "a loop": (0, "is a link"),
    "folder": (0, "is a folder"),
}


def remembering(basis: Basis, kept: Path | None = None) -> Grader:
    """A grader that runs equal answers once: most of this class are."""
    return Grader(basis, RememberingSandbox)


def hashes(folder: Path) -> dict[Path, str]:
    files = [p for p in folder.rglob("*") if p.is_file()]
    return {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, batch.Done]]:
    folder = tmp_path_factory.mktemp("class")
    handed_in, out = folder / "in", folder / "out"
    handed_in.mkdir()
    for file, (content, *_) in CLASS.items():
        (handed_in / file).write_bytes(content)
    os.mkfifo(handed_in / "pipe.zip")
    (handed_in / "link.ipynb").symlink_to("/etc/passwd")
    (handed_in / "0 a link to another's.ipynb").symlink_to("a good one.ipynb")
    (handed_in / "a loop.ipynb").symlink_to("a loop.ipynb")
    (handed_in / "folder.ipynb").mkdir()
    compose(PS)
    before = checkout(), hashes(handed_in)
    began = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "Grader", remembering)
        done = batch.grade_all([handed_in], COURSE.problem_set(PS), COURSE, out)
    assert time.monotonic() - began < LONGEST
    assert (checkout(), hashes(handed_in)) == before
    assert {p.name for p in folder.iterdir()} == {"in", "out"}
    assert not Path("/tmp/hostile-was-here").exists()
    yield out, done


@pytest.mark.parametrize("name", ROWS, ids=ascii)
def test_everyone_gets_what_is_due(graded: tuple[Path, batch.Done], name: str) -> None:
    out, _ = graded
    points, says = ROWS[name]
    results = json.loads((out / name / "results.json").read_text(encoding="utf-8"))
    assert results["score"] == points
    assert results["extra_data"]["fault"] == "" and results["extra_data"]["finished"]
    page = (out / name / "feedback.html").read_text(encoding="utf-8")
    text = results["output"] + "".join(t["output"] for t in results["tests"])
    assert says in text.replace("\\", "")
    assert html.escape(says) in page
    assert "Traceback" not in text + page


def test_tables_and_pages_hold_no_markup_or_formula(graded: tuple[Path, batch.Done]) -> None:
    out, done = graded
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {r["submission"].removeprefix("'") for r in rows} == set(ROWS)
    assert not [c for r in rows for c in r.values() if c[:1] in ("=", "+", "-", "@")]
    lines = (out / "grades.csv").read_text(encoding="utf-8-sig").splitlines()
    assert all(line.startswith('"') for line in lines)
    assert not [c for row in csv.reader(lines, delimiter=";") for c in row if c.startswith("=")]
    write_class_page(out, out / "index.html")
    pages = [*out.glob("*/feedback.html"), out / "index.html"]
    markup = "".join(p.read_text(encoding="utf-8") for p in pages)
    assert "<img src=x" not in markup
    everything = markup + batch.summary(done)
    assert not [c for c in everything if c in "\x1b\x07\x00\u202e\udc00"]
