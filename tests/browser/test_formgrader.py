"""An instructor grades text answers in nbgrader's own formgrader, in Chromium."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lab import SCREENSHOTS, SECOND, jupyterlab
from nbgrader.api import Gradebook
from playwright.sync_api import Browser, Response, expect
from shipped import COURSE

from autograder.authoring.compose import composed
from autograder.authoring.release import release
from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.paths import ROOT

pytestmark = pytest.mark.slow

ID = "ps_transfer"


def saved(response: Response) -> bool:
    return "/formgrader/api/grade/" in response.url and response.request.method == "PUT"


def test_a_person_grades_the_studies(browser: Browser, tmp_path: Path) -> None:
    for name in ("course.toml", "nbgrader_config.py"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "solutions").mkdir()
    shutil.copy(ROOT / "solutions" / "transfer.ipynb", tmp_path / "solutions")
    shutil.copytree(ROOT / "solutions" / "pictures", tmp_path / "solutions" / "pictures")
    course = Course(tmp_path, PUBLIC_SECRET)
    release(course.problem_set(ID), course)
    handed_in = tmp_path / "submitted" / "ada" / ID / f"{ID}.ipynb"
    handed_in.parent.mkdir(parents=True)
    handed_in.write_text(composed(COURSE.problem_set(ID), COURSE))
    environment = {**os.environ, "COURSE_PUBLIC_SECRET": "1", "PYTHONPATH": str(ROOT)}
    for command in ("generate_assignment", "autograde"):
        subprocess.run(
            [sys.executable, "-m", "nbgrader", command, ID],
            cwd=tmp_path, env=environment, check=True, capture_output=True,
        )  # fmt: skip

    page = browser.new_page(viewport={"width": 1280, "height": 960})
    with jupyterlab(tmp_path, course=tmp_path) as address:
        page.goto(f"{address}/formgrader/gradebook/{ID}/{ID}")
        page.get_by_text("Submission #1").click()
        for question, given in (("study_rates", "0.75"), ("study_gap", "0.5")):
            score = page.locator(f"input.score#{question}")
            expect(score).to_be_visible(timeout=60 * SECOND)
            page.wait_for_load_state("networkidle")  # it fetches the grades, then takes them
            with page.expect_response(saved):
                score.fill(given)
                score.press("Tab")
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "formgrader.png")
    page.close()
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        submission = book.find_submission(ID, "ada")
        assert submission.score == 11.25 and not submission.needs_manual_grade
