"""What the guides show of real files is in them, and their fifth part works as written."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from autograder.paths import ROOT

TEXT = "\n".join(
    (ROOT / name).read_text(encoding="utf-8") for name in ("CONTRIBUTING.md", "docs/new_part.md")
)
# A file's name in backquotes just before a block, and the block.
BLOCKS = re.findall(r"`([\w/.]+\.\w+)`:\n\n```\w+\n(.*?)```", TEXT, re.DOTALL)
NEW = [name for name, _ in BLOCKS if not (ROOT / name).exists()]


def test_every_block_says_where_it_stands() -> None:
    assert len(BLOCKS) == TEXT.count("```") // 2


SHOWN = [b for b in BLOCKS if b[0] not in (*NEW, "course.toml")]


@pytest.mark.parametrize(("name", "block"), SHOWN)
def test_what_it_shows_of_a_file_is_in_it(name: str, block: str) -> None:
    assert block in (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A copy of what the text speaks of, which the users can read as whom answers run."""
    with TemporaryDirectory(prefix="fifth-part-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.trains
def test_the_fifth_part_is_built_from_the_text_alone_and_audited(checkout: Path) -> None:
    for folder in ("autograder", "helpers", "data_scripts", "solutions"):
        shutil.copytree(ROOT / folder, checkout / folder, ignore=shutil.ignore_patterns("ps_*"))
    for name in ("course.toml", "pyproject.toml", "nbgrader_config.py"):
        shutil.copy(ROOT / name, checkout)
    assert len(NEW) == 4
    for name, block in BLOCKS:
        path = checkout / name
        if name in NEW:
            path.parent.mkdir(exist_ok=True)
            path.write_text(block, encoding="utf-8")
    (toml,) = (block for name, block in BLOCKS if name == "course.toml")
    with (checkout / "course.toml").open("a", encoding="utf-8") as file:
        file.write("\n" + toml)
    said = _run(checkout, "make_knn.py") + _run(checkout, "-m", "autograder", "audit", "ps_knn")
    assert "ps_knn[metric=euclidean]" in said
    assert said.endswith("Every row is as it must be.\n"), said
    _run(checkout, "-m", "autograder", "release", "ps_knn")
    released = (checkout / "notebooks" / "ps_knn" / "ps_knn.ipynb").read_text(encoding="utf-8")
    assert "by the cosine distance" in released and "topk" not in released


def _run(folder: Path, *arguments: str) -> str:
    data = str(ROOT / "build" / "data")
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "HELPERS_DATA": data},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
