"""A student's hour in the real JupyterLab, with nbgrader's extension, in Chromium."""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from lab import Notebook, jupyterlab
from playwright.sync_api import Browser, expect
from shipped import COURSE

from autograder.authoring.compose import composed

pytestmark = pytest.mark.trains

SETUP = ("get-helpers", "imports", "session")
# One whose parts are composed, with a bonus question.
ANSWERED = {"ps_cmc": "softmax_loss"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("lab")
    with jupyterlab(folder) as address:
        yield address, folder


@pytest.mark.parametrize(("id", "question"), ANSWERED.items())
def test_a_students_hour(browser: Browser, lab: tuple[str, Path], id: str, question: str) -> None:
    notebook = Notebook(browser, *lab, id)
    notebook.screenshot("opened")
    setup = notebook.run(*SETUP)
    expect(setup).to_have_text(re.compile(r"^\s*Python 3\S+, torch \S+, .*: mini profile, seed 0"))

    failed = notebook.run(question, f"test_{question}")
    expect(failed).to_contain_text("NotImplementedError")
    notebook.screenshot("blank")

    solution = nbformat.reads(composed(COURSE.problem_set(id), COURSE), as_version=4)
    answer = next(cell.source for cell in solution.cells if cell.id == question)
    notebook.write(question, answer)
    passed = notebook.run(question, f"test_{question}")
    expect(passed).to_have_text(re.compile(rf"^\s*{question}: [^\n]* right\s*$"))
    notebook.screenshot("answered")

    handed_in = notebook.run("hand-in-run")
    expect(handed_in).to_contain_text(f"{id}.ipynb was not saved since you ran its cells")
    notebook.save()
    handed_in = notebook.run("hand-in-run")
    expect(handed_in).to_contain_text("things to fix before you hand in")
    assert question not in _unwritten(handed_in.inner_text())
    notebook.screenshot("hand-in")
    assert (lab[1] / id / f"{id}.zip").is_file()
    link = handed_in.locator("a").first
    target = link.get_attribute("href")
    link.click()
    assert target
    expect(notebook.cell(target.removeprefix("#cell-id="))).to_be_in_viewport()

    notebook.save()
    dialog = notebook.validate()
    notebook.screenshot("validated")
    said = dialog.inner_text()
    assert "NotImplementedError" in said
    assert f'print("{question}: ' not in said  # the end of its test cell
    notebook.page.close()


def _unwritten(text: str) -> set[str]:
    return set(re.findall(r"The answer to (\w+) is not written yet", text))
