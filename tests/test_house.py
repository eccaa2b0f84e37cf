"""What keeps the house in order: small modules and functions, and nothing published by mistake."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from autograder.paths import ROOT

LONGEST_MODULE, LONGEST_FUNCTION = 300, 40
MODULES = [
    p for name in ("autograder", "helpers", "data_scripts") for p in (ROOT / name).rglob("*.py")
]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= LONGEST_MODULE
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=False) or ""
            lines = (node.end_lineno or 0) - node.lineno - text.count("\n")
            assert lines <= LONGEST_FUNCTION, f"{node.name} has {lines} lines"


def ignored(path: str) -> bool:
    command = ["git", "check-ignore", "--quiet", path]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True)
    if done.returncode == 128:
        pytest.skip("this is no git checkout")
    return done.returncode == 0


def written_to() -> list[str]:
    """The paths that commands in README.md and the guides write to."""
    texts = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    found = re.findall(r"--out (\S+)", " ".join(p.read_text(encoding="utf-8") for p in texts))
    return [re.sub(r"[^\w/.]", "", path) for path in found]


@pytest.mark.parametrize(
    "path",
    [
        *written_to(), "secrets/ps_clip", "solutions/ps_clip/ps_clip.ipynb", "dist/ps_clip/a.zip",
        "submissions/ada.ipynb", "submitted/ada/ps_clip/ps_clip.ipynb", "grades.csv",
        "gradebook.db", "autograded/ada/x", "feedback/ada/x", "upload.zip", "build/demo/index.html",
    ],
)  # fmt: skip
def test_what_must_not_be_published_is_ignored(path: str) -> None:
    assert ignored(path)


@pytest.mark.parametrize(
    "path", ["solutions/clip.ipynb", "notebooks/ps_clip/ps_clip.ipynb", "docs/notebook.png"]
)
def test_what_is_the_courses_own_is_not(path: str) -> None:
    assert not ignored(path)
