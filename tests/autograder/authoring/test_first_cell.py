"""The first cell of a release: it installs helpers where they are missing, and touches no torch."""

import importlib
import json
import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from shipped import COURSE

from autograder.authoring import wheel
from autograder.authoring.compose import composed
from autograder.course.table import Course
from autograder.model import CourseError
from autograder.paths import ROOT

DECLARED = wheel.version().split("+")[0]
ADDRESS = "https://example.org/course_helpers-1.0-py3-none-any.whl"
SHARED = "https://drive.google.com/file/d/1aB-c_9/view?usp=sharing"


def released(id: str = "ps_cmc") -> nbformat.NotebookNode:
    return nbformat.read(ROOT / "notebooks" / id / f"{id}.ipynb", as_version=4)


def first_cell(tmp_path: Path, source: str) -> str:
    """Of a course that has helpers from elsewhere."""
    text = (ROOT / "course.toml").read_text()
    (tmp_path / "course.toml").write_text(text.replace('source = "inside"', f'source = "{source}"'))
    (tmp_path / "solutions").symlink_to(ROOT / "solutions")
    course = Course(tmp_path)
    notebook = nbformat.reads(composed(course.problem_set("ps_cmc"), course), as_version=4)
    return next(str(c.source) for c in notebook.cells if c.id == "get-helpers")


def run(monkeypatch: pytest.MonkeyPatch, cell: str, installed: str | None) -> list[Any]:
    """Run it on a machine with this version of helpers, or none; what it had pip install."""
    asked: list[Any] = []

    def distributions(name: str) -> list[Any]:
        version = installed if name == "course-helpers" else "2.11.0+cu128"
        return [SimpleNamespace(name=name, version=version)] if version else []

    def pip(command: list[Any]) -> Any:
        assert command[:6] == [sys.executable, "-m", "pip", "install", "--quiet", "-c"]
        kept = command[6].read_text()
        assert kept == "torch==2.11.0+cu128\ntorchvision==2.11.0+cu128\n"
        what = command[7]
        asked.append(zipfile.ZipFile(what).namelist() if isinstance(what, Path) else what)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(metadata, "distributions", distributions)
    monkeypatch.setattr(subprocess, "run", pip)
    exec(cell, {})
    return asked


def inside() -> str:
    return next(str(c.source) for c in released().cells if c.id == "get-helpers")


@pytest.mark.parametrize("installed", [wheel.version(), DECLARED])
def test_where_helpers_are_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installed: str
) -> None:
    assert run(monkeypatch, inside(), installed) == []
    assert run(monkeypatch, first_cell(tmp_path, ADDRESS), DECLARED) == []


@pytest.mark.parametrize("installed", [None, "0.0.1", f"{DECLARED}+0a1b2c3d"])
def test_missing_or_older_they_come_from_the_notebook_itself(
    monkeypatch: pytest.MonkeyPatch, installed: str | None
) -> None:
    (names,) = run(monkeypatch, inside(), installed)
    assert "helpers/handing/precheck.py" in names


def test_they_come_from_an_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run(monkeypatch, first_cell(tmp_path, ADDRESS), None) == [ADDRESS]


@pytest.mark.parametrize("there", [False, True])
def test_they_come_from_a_share_link_of_drive(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: bool
) -> None:
    """Whether or not gdown, which fetches it, is there."""
    cell = first_cell(tmp_path, SHARED)

    def download(id: str, output: str, quiet: bool) -> str:
        return f"{output}{id}.whl"

    monkeypatch.delitem(sys.modules, "gdown", raising=False)
    if there:
        monkeypatch.setitem(sys.modules, "gdown", SimpleNamespace(download=download))
    monkeypatch.setattr(importlib, "invalidate_caches", lambda: sys.modules.setdefault(
        "gdown", SimpleNamespace(download=download)  # type: ignore[arg-type]
    ))  # fmt: skip
    asked = run(monkeypatch, cell, None)
    assert asked[-1].endswith("/1aB-c_9.whl") and asked[:-1] == ([] if there else ["gdown"])


def test_without_a_place_it_says_whom_to_ask(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cell = first_cell(tmp_path, "")
    assert run(monkeypatch, cell, "0.0.1") == []
    with pytest.raises(ModuleNotFoundError, match="ask where your course keeps it"):
        run(monkeypatch, cell, None)


@pytest.mark.parametrize(
    "source",
    [
        "git+https://example.org/us/course.git",
        "https://example.org/us/course",
        "https://example.org/us/course/archive/main.zip",
        "https://example.org/course_helpers-1.0.tar.gz",
        'https://example.org/course_helpers-1.0-py3-none-any.whl?token=\\"',
        "../course",
        "https://drive.google.com/drive/folders/1aB-c_9",
    ],
)
def test_what_is_no_wheel_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(CourseError, match=r"students would get solutions/"):
        first_cell(tmp_path, source)


def without_helpers(folder: Path) -> Path:
    """The Python of a new environment with everything installed here, but for helpers."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for path in Path(nbformat.__file__).parents[1].iterdir():
        if not path.name.startswith(("course_helpers", "__editable__")):
            (site / path.name).symlink_to(path)
    return folder / "bin" / "python"


@pytest.mark.slow
def test_the_notebook_alone_in_a_folder_starts(tmp_path: Path) -> None:
    python = without_helpers(tmp_path / "venv")
    home = tmp_path / "home"
    home.mkdir()
    notebook = released("ps_transfer")
    notebook.cells = notebook.cells[: 1 + [c.id for c in notebook.cells].index("session")]
    spec = tmp_path / "kernels" / "alone"
    spec.mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "alone"}))
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    client = NotebookClient(notebook, kernel_name="alone", timeout=None)
    client.create_kernel_manager().kernel_spec_manager.kernel_dirs = [str(spec.parent)]
    client.execute(cwd=str(home), env={**environment, "HELPERS_PROFILE": "mini"})
    said = notebook.cells[-1].outputs[0].text
    assert "mini profile" in said
    assert not any(o.output_type == "error" for c in notebook.cells for o in c.get("outputs", []))
    installed = next((tmp_path / "venv").glob("lib/python*/site-packages/helpers"))
    assert not installed.is_symlink() and (installed / "py.typed").is_file()
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("id", COURSE.ids)
def test_every_release_begins_with_it_folded_and_reloads_nothing(id: str) -> None:
    notebook = released(id)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert code[0].id == "get-helpers"
    assert f'VERSION = "{wheel.version()}"' in code[0].source
    assert code[0].source.startswith("# @title")
    assert code[0].metadata.cellView == "form" and code[0].metadata.jupyter.source_hidden
    text = json.dumps(notebook.cells)
    assert "autoreload" not in text and "google.colab" not in text
