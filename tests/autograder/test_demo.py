"""``make demo``, whose command this is, does the kit's main job and says what to open."""

import json
import os
import re
import subprocess
import sys

import pypdf
import pytest

from autograder.demo import FLAWS
from autograder.grading.reported import MEASURED
from autograder.paths import ROOT

pytestmark = pytest.mark.trains


@pytest.fixture(scope="module")
def said() -> str:
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "demo"],
        cwd=ROOT,
        env={**os.environ, "COURSE_PUBLIC_SECRET": "1"},  # no secret is made in this checkout
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_it_says_to_open_is_there(said: str) -> None:
    paths = re.findall(r"^  (\S+)   \w", said.partition("Open")[2], re.MULTILINE)
    assert len(paths) == 6
    assert all((ROOT / p).stat().st_size > 1000 for p in paths)
    assert "public secret" in said


def test_the_three_are_graded(said: str) -> None:
    grades = ROOT / "build" / "demo" / "grades"
    results = {p.parent.name: json.loads(p.read_text()) for p in grades.glob("*/results.json")}
    assert (results["reference"]["score"], results["blank"]["score"]) == (5, 0)
    assert 0 < results["flawed"]["score"] < 5
    found = [t["extra_data"]["mistake"] for t in results["flawed"]["tests"]]
    assert [m for m in found if m] == list(FLAWS)
    assert all((grades / name / "feedback.html").is_file() for name in results)


def test_the_models_of_the_hand_in_were_measured(said: str) -> None:
    results = json.loads((ROOT / "build/demo/grades/reference/results.json").read_text())
    (report,) = [t for t in results["tests"] if t["extra_data"]["question"] == "report_autoencoder"]
    assert MEASURED in [c["name"] for c in report["extra_data"]["checks"] if c["passed"]]


def test_the_pdf_shows_what_the_notebook_printed(said: str) -> None:
    reader = pypdf.PdfReader(ROOT / "build" / "demo" / "ps_autoencoder.pdf")
    text = "\n".join(page.extract_text() for page in reader.pages)
    for name in ("unsupervised", "supervised", "random"):
        assert re.search(rf"{name}: test accuracy 0\.\d{{4}} \(mini profile\)", text)
    assert sum(len(page.images) for page in reader.pages) >= 8
