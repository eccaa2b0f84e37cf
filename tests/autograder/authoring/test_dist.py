"""What is handed out: a zip for students, a page, a manifest, and what changed since the last."""

import io
import json
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import nbformat
import pytest
from pypdf import PdfReader
from shipped import COURSE
from toy_course import TOML, make

from autograder.authoring import dist
from autograder.authoring.compose import composed
from autograder.authoring.handout import handout, references
from autograder.authoring.release import make as make_release
from autograder.authoring.release import release
from autograder.course.table import Course
from autograder.model import CourseError

pytestmark = pytest.mark.slow
TODAY = date(2026, 11, 27)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make(tmp_path, monkeypatch)


def hand_out(root: Path, solutions: bool = False) -> list[str]:
    course = Course(root, b"a secret")
    ps = course.problem_set("ps_toy")
    made = make_release(ps, course)
    handed = dist.handed_out(ps, course, made, solutions=solutions, today=TODAY)
    release(ps, course, made)
    dist.write(ps, course, handed)
    return handed.changes


def edit(root: Path, id: str, old: str, new: str) -> None:
    path = root / "solutions" / "toy.ipynb"
    notebook = nbformat.read(path, as_version=4)
    (cell,) = (c for c in notebook.cells if id in c.source and old in c.source)
    cell.source = cell.source.replace(old, new)
    nbformat.write(notebook, path)


def manifest(root: Path) -> dict[str, object]:
    made: dict[str, object] = json.loads((root / "dist/ps_toy/manifest.json").read_text())
    return made


def test_students_get_notebook_wheel_and_how_to_begin(root: Path) -> None:
    assert hand_out(root) == []
    with zipfile.ZipFile(root / "dist/ps_toy/student.zip") as file:
        names = file.namelist()
        assert [n.rpartition(".")[2] for n in names] == ["html", "whl", "ipynb"]
        released = (root / "notebooks/ps_toy/ps_toy.ipynb").read_bytes()
        assert file.read("ps_toy.ipynb") == released
        page = file.read("begin.html").decode()
        wheel = zipfile.ZipFile(io.BytesIO(file.read(names[1])))
    assert "Open <code>ps_toy.ipynb</code>" in page and "<script" not in page
    assert {n.partition("/")[0].partition("-")[0] for n in wheel.namelist()} == {
        "helpers", "course_helpers",
    }  # fmt: skip


def test_handing_out_again_changes_nothing(root: Path) -> None:
    hand_out(root)
    folder = root / "dist/ps_toy"
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir()}
    assert hand_out(root) == []
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir()} == before
    assert manifest(root)["release"] == 1 and not (folder / "CHANGES.md").exists()


def test_a_release_that_replaces_one_says_what_changed_and_what_to_do(root: Path) -> None:
    hand_out(root)
    edit(root, "assert double", "assert", "assert 2 == double(1), 'twice one is two'\nassert")
    (line,) = hand_out(root)
    assert line == "*Doubling*: the test changed; your answer stays as it is."
    edit(root, "Question: double", "Twice x.", "Two times x.")
    (line,) = hand_out(root)
    assert "what is given of the answer" in line and "copy your answer into the new cell" in line
    text = (root / "dist/ps_toy/CHANGES.md").read_text(encoding="utf-8")
    assert text.index("## Release 3, 27 November 2026") < text.index("## Release 2")
    with zipfile.ZipFile(root / "dist/ps_toy/student.zip") as file:
        assert file.read("CHANGES.md").decode() == text
    assert manifest(root)["release"] == 3 and manifest(root)["changed"] == [line]


def test_points_and_dates_are_no_change_of_the_text(root: Path) -> None:
    hand_out(root)
    toml = (root / "course.toml").read_text().replace("due = 2026-10-26", "due = 2026-11-02")
    (root / "course.toml").write_text(f"{toml}points = {{ double = 3 }}\n")
    assert hand_out(root) == [
        "Due: 2 November 2026 (before: 26 October 2026).",
        "*Doubling*: 3 points (before: 2); your answer stays as it is.",
    ]
    edit(root, "Due {{due}}", "worth", "and worth")
    assert hand_out(root) == ["*Doubling*: the text changed; your answer stays as it is."]


def test_a_change_of_a_solution_is_none_for_students(root: Path) -> None:
    hand_out(root)
    edit(root, "Question: double", "return first_summand + x", "return x + first_summand")
    assert hand_out(root) == []


def test_solutions_come_without_marks(root: Path) -> None:
    edit(root, "Question: double", "# the sum", "# step: the sum of both")
    hand_out(root, solutions=True)
    text = (root / "dist/ps_toy/solutions.ipynb").read_text(encoding="utf-8")
    assert "# the sum of both" in text and "step:" not in text
    assert "SOLUTION" not in text and "first_summand" in text
    assert PdfReader(root / "dist/ps_toy/solutions.pdf").pages
    assert "solutions.ipynb" not in str(manifest(root)["files"])


def test_a_check_writes_nothing_and_says_what_would_change(root: Path) -> None:
    course = Course(root, b"a secret")
    ps = course.problem_set("ps_toy")
    lines = dist.would_change(ps, course)
    assert "notebooks/ps_toy/ps_toy.ipynb: it is not there yet" in lines
    assert not (root / "notebooks").exists() and not (root / "dist").exists()
    hand_out(root)
    assert dist.would_change(ps, course) == []
    edit(root, "assert double", "assert", "assert 2 == double(1)\nassert")
    lines = dist.would_change(ps, course)
    assert "notebooks/ps_toy/ps_toy.ipynb: cells test_double" in lines
    assert "dist/ps_toy/student.zip" in lines
    assert "  students read: *Doubling*: the test changed; your answer stays as it is." in lines


def test_a_manifest_that_is_none_is_told(root: Path) -> None:
    hand_out(root)
    (root / "dist/ps_toy/manifest.json").write_text("[]")
    with pytest.raises(CourseError, match=r"manifest.json is no manifest: put the one"):
        hand_out(root)


@pytest.mark.parametrize("id", COURSE.ids)
def test_the_handout_is_one_page_with_all_that_a_course_posts(id: str) -> None:
    ps = COURSE.problem_set(id)
    solution = composed(ps, COURSE)
    made = handout(ps, COURSE, solution)
    assert made == handout(ps, COURSE, solution)
    pages = PdfReader(io.BytesIO(made)).pages
    text = " ".join(pages[0].extract_text().split())
    assert len(pages) == 1
    assert (
        f"Problem set {ps.number}" in text and f"{ps.points + ps.points_by_hand:g} points" in text
    )
    for question in (*ps.questions, *ps.by_hand):
        assert question.title in text
    assert "You will" in text and f"{id}.zip" in text and ps.hand_in in text
    assert all(reference in text for reference in references(solution))


def test_a_due_time_and_what_lateness_costs_stand_on_the_handout(root: Path) -> None:
    toml = TOML.replace("due = 2026-10-26", "due = 2026-10-26T23:59:00-05:00")
    (root / "course.toml").write_text(f"{toml}late = {{ points_a_day = 0.5, last_day = 4 }}\n")
    course = Course(root, b"a secret")
    ps = course.problem_set("ps_toy")
    made = handout(ps, course, composed(ps, course))
    text = " ".join(PdfReader(io.BytesIO(made)).pages[0].extract_text().split())
    assert "26 October 2026, 23:59 (UTC-05:00)" in text
    assert "each day begun after that costs 0.5 points and after 4 days nothing is taken" in text


def test_the_command_says_1_where_something_would_change(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "release", "--check", "ps_none"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "no problem set 'ps_none'" in done.stderr
