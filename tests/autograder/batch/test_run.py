"""A class with everything in it that a class hands in: each gets its sentence, none stops it."""

import csv
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from handed_in import PS, cell, data, old, place, right, stripped
from reports import SCHEMA
from shipped import COURSE, compose

from autograder.batch.run import Done, grade_all, summary
from autograder.paths import ROOT
from autograder.reading.answers import Submission
from autograder.reading.reader import Reader

pytestmark = pytest.mark.slow


def changed(**sources: str) -> dict[str, Any]:
    notebook = right()
    for id, source in sources.items():
        cell(notebook, id)["source"] = source
    return notebook


def without(id: str) -> dict[str, Any]:
    notebook = right()
    del notebook["cells"][place(notebook, id)]
    return notebook


def doubled(id: str) -> dict[str, Any]:
    notebook = right()
    at = place(notebook, id)
    notebook["cells"].insert(at, dict(notebook["cells"][at], source="class Encoder: pass"))
    return notebook


def split(id: str) -> dict[str, Any]:
    notebook = right()
    at = place(notebook, id)
    head, tail = "".join(notebook["cells"][at]["source"]).split("    def forward", 1)
    notebook["cells"][at]["source"] = head
    notebook["cells"].insert(at + 1, {**notebook["cells"][at], "source": "    def forward" + tail})
    return notebook


def no_version() -> dict[str, Any]:
    notebook = right()
    del notebook["nbformat"]
    return notebook


OTHER = {"metadata": {"course": {"problem_set": "ps_x"}}}
LOOP = "def train_ae(model, dataloader, epochs=200):\n    while True:\n        pass"
EXIT = "import os\nos._exit(0)"
RAISES = "class Decoder(nn.Module):\n    def __init__(self):\n        raise OSError('mine')"

# What was handed in, the points it earns, and a word of the sentence about it.
CLASS: dict[str, tuple[bytes, float, str]] = {
    "good.ipynb": (data(right()), 5, ""),
    "Zoë von Übel (2).ipynb": (data(right()), 5, ""),
    "not json.ipynb": (b"hello", 0, "not valid JSON"),
    "truncated.ipynb": (data(right())[:-300], 0, "cut off"),
    "empty.ipynb": (b"", 0, "is empty"),
    "list.ipynb": (b"[]", 0, "is a list"),
    "no-key.ipynb": (data(no_version()), 5, "nbformat"),
    "old.ipynb": (data(old(right())), 5, "old format"),
    "utf16.ipynb": (json.dumps(right()).encode("utf-16"), 5, "UTF-16"),
    "stripped.ipynb": (data(stripped(right())), 5, "lost their marks"),
    "deleted.ipynb": (data(without("decoder")), 4, "no cell for this question"),
    "doubled.ipynb": (data(doubled("encoder")), 5, "2 cells answer this question"),
    "split.ipynb": (data(split("encoder")), 5, "split over several cells"),
    "edited.ipynb": (data(changed(test_encoder="1.0")), 5, "test cell was changed"),
    "syntax.ipynb": (data(changed(encoder="class Encoder(:\n  pass")), 4, "SyntaxError"),
    "other.ipynb": (data({"cells": [], **OTHER}), 0, "notebook of ps_x"),
    "report.pdf": (b"%PDF-1.7", 0, "is a PDF"),
    "loops.ipynb": (data(changed(train_ae=LOOP)), 4, "seconds of computing"),
    "exits.ipynb": (data(changed(encoder=EXIT)), 4, "ended the process"),
    "raises.ipynb": (data(changed(decoder=RAISES)), 4, "OSError"),
}  # fmt: skip


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    folder = tmp_path_factory.mktemp("class")
    handed_in, out = folder / "in", folder / "out"
    handed_in.mkdir()
    for name, (content, _, _) in CLASS.items():
        (handed_in / name).write_bytes(content)
    with zipfile.ZipFile(handed_in / "several.zip", "w") as archive:
        archive.writestr("a.ipynb", data(right()))
        archive.writestr("b.ipynb", data(right()))
    (handed_in / "folder.ipynb").mkdir()
    compose(PS)
    return out, grade_all([handed_in], COURSE.problem_set(PS), COURSE, out)


ROWS = {
    **{Path(n).stem: v[1:] for n, v in CLASS.items()},
    "several": (0, "several notebooks"),
    "folder": (0, "is a folder"),
}


@pytest.mark.parametrize("name", ROWS)
def test_everybody_gets_a_result_and_a_sentence(graded: Any, name: str) -> None:
    out, done = graded
    reports = {r.submission: r for r in done.reports}
    score, says = ROWS[name]
    results = json.loads((out / name / "results.json").read_text(encoding="utf-8"))
    jsonschema.validate(results, SCHEMA)
    assert results["score"] == reports[name].score == score
    assert not reports[name].fault
    text = results["output"] + "".join(t["output"] for t in results["tests"])
    assert says in text.replace("\\", "")
    page = (out / name / "feedback.html").read_text(encoding="utf-8")
    assert says in page
    assert "Traceback" not in text + page


def test_the_table_of_grades_has_everybody(graded: Any) -> None:
    out, done = graded
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {r["submission"]: r for r in csv.DictReader(file)}
    assert set(rows) == set(ROWS)
    assert {n: float(r["total"]) for n, r in rows.items()} == {n: s for n, (s, _) in ROWS.items()}
    lines = summary(done)
    assert len(lines.splitlines()) == len(ROWS) and "Zoë" in lines


def command(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "autograder", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "COURSE_PUBLIC_SECRET": "1", **environment},
        capture_output=True,
        text=True,
    )


def test_the_command_exits_0_however_low_the_grades(graded: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.ipynb"
    bad.write_text("{")
    done = command("grade", str(bad), "--problem-set", PS, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "0 of 5  bad  bad.ipynb is not a notebook" in done.stdout
    assert (tmp_path / "out" / "bad" / "results.json").is_file()


def test_what_an_instructor_gets_wrong_is_a_sentence(tmp_path: Path) -> None:
    done = command("grade", str(tmp_path), "--problem-set", "ps_none", "--out", str(tmp_path))
    assert done.returncode == 1
    assert "no problem set 'ps_none'" in done.stderr and "Traceback" not in done.stderr
    done = command("report", str(tmp_path / "none"), "--out", str(tmp_path / "page.html"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_what_fails_in_the_grader_costs_nobody_else_a_grade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right_one = Reader._read

    def fail(self: Reader, name: str, *rest: Any) -> Submission:
        if name == "b.ipynb":
            raise RuntimeError("nobody foresaw this")
        return right_one(self, name, *rest)

    monkeypatch.setattr(Reader, "_read", fail)
    for name in "abc":
        (tmp_path / f"{name}.ipynb").write_bytes(data(right()))
    reports = grade_all([tmp_path], COURSE.problem_set(PS), COURSE, tmp_path / "out").reports
    assert [bool(r.fault) for r in reports] == [False, True, False]
    assert "b.ipynb cannot be read: RuntimeError, nobody foresaw this" in reports[1].fault
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8-sig") as file:
        assert [row["total"] for row in csv.DictReader(file)] == ["5", "", "5"]


def test_one_hand_in_graded_again_leaves_the_others_in_the_table(tmp_path: Path) -> None:
    ps, out, folder = COURSE.problem_set(PS), tmp_path / "out", tmp_path / "class"
    folder.mkdir()
    for name in ("anna", "ben"):
        (folder / f"{name}.ipynb").write_bytes(data(right()))
    grade_all([folder], ps, COURSE, out)
    (folder / "ben.ipynb").write_bytes(data(without("decoder")))
    grade_all([folder / "ben.ipynb"], ps, COURSE, out)
    rows = csv.DictReader((out / "grades.csv").read_text(encoding="utf-8").splitlines())
    assert {row["submission"]: row["total"] for row in rows} == {"anna": "5", "ben": "4"}
