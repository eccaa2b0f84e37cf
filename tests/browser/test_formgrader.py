"""An instructor grades text answers in nbgrader's own formgrader, in Chromium."""

import shutil
from pathlib import Path

import pytest
from lab import SCREENSHOTS, SECOND, jupyterlab
from nbgrader.api import Gradebook
from playwright.sync_api import Browser, Page, Response, expect
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


def _press(page: Page, name: str, button: str) -> None:
    """Press a button in the row with this name, and wait for formgrader's word of success."""
    row = page.locator("tr").filter(has_text=name).first
    row.locator(button).click()
    done = page.locator("#success-modal, #error-modal")
    expect(done.locator(".modal-title")).to_contain_text("Success", timeout=180 * SECOND)


def test_from_create_to_feedback_with_questions_for_a_person(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    monkeypatch.setenv("COURSE_PUBLIC_SECRET", "1")

    page = browser.new_page(viewport={"width": 1280, "height": 960})
    with jupyterlab(tmp_path, course=tmp_path) as address:
        page.goto(f"{address}/formgrader/manage_assignments")
        before = (tmp_path / "notebooks" / ID / f"{ID}.ipynb").read_bytes()
        _press(page, ID, ".assign a")  # Generate
        assert (tmp_path / "notebooks" / ID / f"{ID}.ipynb").read_bytes() == before
        page.goto(f"{address}/formgrader/manage_submissions/{ID}")
        _press(page, "ada", ".autograde a")
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
        page.goto(f"{address}/formgrader/manage_submissions/{ID}")
        _press(page, "ada", ".generate-feedback a")
    page.close()
    feedback = (tmp_path / "feedback" / "ada" / ID / f"{ID}.html").read_text(encoding="utf-8")
    assert "0.75" in feedback and "Right: it passed all" in feedback
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        submission = book.find_submission(ID, "ada")
        assert submission.score == 11.25 and not submission.needs_manual_grade
