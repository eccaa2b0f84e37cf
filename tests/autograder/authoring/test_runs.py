"""A solution is found whatever its names and layout, in every place that students get to see."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from shipped import COURSE

from autograder.authoring import dist, wheel
from autograder.authoring.compose import composed
from autograder.authoring.leaks import split
from autograder.authoring.release import make, stripped
from autograder.authoring.runs import Runs, tokens
from autograder.grading import mistakes
from autograder.model import CourseError
from autograder.parts.declare import Check, load_part

pytestmark = pytest.mark.slow
PS = COURSE.problem_set("ps_cmc")


@pytest.fixture(scope="module")
def solution() -> str:
    return composed(PS, COURSE)


@pytest.fixture(scope="module")
def leak(solution: str) -> str:
    """Lines of a solution with other names, on fewer lines, with a comment between."""
    notebook = json.loads(solution)
    cell = next(c for c in notebook["cells"] if c["id"] == "cmc_score")
    lines = [line.strip() for line in split("".join(cell["source"]))[1]]
    text = "\n".join(re.sub(r"\s+#.*", "", line) for line in lines)
    for old, new in {"l": "first", "ab": "second", "y": "where", "idx": "rows"}.items():
        text = re.sub(rf"(?<![.\w]){old}\b(?!\()", new, text)
    return text.replace(" = ", "=").replace("\n", "  # mine\n")


def test_names_layout_and_comments_do_not_matter() -> None:
    assert tokens("x = F.normalize(l, dim=1)  # rows") == tokens("b=F.normalize( a,k = 1 )")
    assert tokens("F.normalize(l)") != tokens("F.softmax(l)")
    assert tokens("l @ ab") != tokens("l - ab")


@pytest.mark.parametrize("id", COURSE.ids)
def test_what_is_shipped_shows_no_run(id: str) -> None:
    ps = COURSE.problem_set(id)
    dist.handed_out(ps, COURSE, make(ps, COURSE))


def planted(solution: str, cell_id: str, change: Callable[[Any], None]) -> str:
    notebook = nbformat.reads(solution, as_version=4)
    change(next(c for c in notebook.cells if c.id == cell_id))
    return str(nbformat.writes(notebook))


@pytest.mark.parametrize(
    ("cell_id", "how"),
    [
        ("cmc_score-text", lambda leak, c: c.update(source=f"{c.source}\n```\n{leak}\n```")),
        ("test_cmc_score", lambda leak, c: c.update(source=f"{c.source}\nS = '''{leak}'''")),
        ("watched", lambda leak, c: c.update(source=f"{c.source}\nNOTE = '''{leak}'''")),
        ("lab-text", lambda leak, c: c.metadata.update(note=leak)),
        ("lab-text", lambda leak, c: c.update(attachments={"a": {"text/plain": leak}})),
    ],
    ids=["text", "test", "given code", "metadata", "attachment"],
)  # fmt: skip
def test_a_planted_run_in_the_notebook_is_refused(
    solution: str, leak: str, cell_id: str, how: Callable[[str, Any], None]
) -> None:
    with pytest.raises(CourseError, match=f"'{cell_id}' holds a run of the solution in cell 'cmc"):
        stripped(planted(solution, cell_id, lambda cell: how(leak, cell)), PS, COURSE)


def test_a_planted_run_in_the_package_is_refused(
    solution: str, leak: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = wheel.texts() | {"helpers/spoiler.py": leak}
    monkeypatch.setattr(wheel, "texts", lambda: texts)
    with pytest.raises(CourseError, match=r"helpers/spoiler\.py holds a run of the solution"):
        stripped(solution, PS, COURSE)


def test_a_planted_run_in_an_output_is_refused(solution: str, leak: str) -> None:
    runs = Runs(json.loads(solution))
    assert runs.find("an output", f"<pre>{leak}</pre>")
    assert not runs.find("an output", leak[:40])


@pytest.mark.parametrize("where", ["hint", "check", "example", "guide"])
def test_a_planted_run_beside_the_notebook_is_refused(
    leak: str, where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    part = load_part("cmc")
    if where == "check":
        first = part.checks[0]
        spoiled = Check(**{**vars(first), "sentence": leak})
        monkeypatch.setattr(part, "checks", [spoiled, *part.checks[1:]])
    elif where == "example":
        monkeypatch.setattr(part, "examples", {**part.examples, "cmc_score": [leak]})
    elif where == "hint":
        load = mistakes.load_patches

        def with_leak(part: Any) -> Any:
            patches = load(part)
            told = [type(p)(id=p.id, question=p.question, hint=leak) for p in patches.mistakes[:1]]
            patches.mistakes.extend(told)
            return patches

        monkeypatch.setattr(dist, "load_patches", with_leak)
    else:
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "student.md").write_text(f"# Guide\n\n```\n{leak}\n```\n")
        monkeypatch.setattr(dist, "ROOT", tmp_path)
    with pytest.raises(CourseError, match=r"is not handed out: .* holds a run of the solution"):
        dist.handed_out(PS, COURSE, make(PS, COURSE))
