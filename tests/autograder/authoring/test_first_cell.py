"""The first cell of a release: it installs the pinned helpers where they are missing."""

import json
import subprocess
import sys
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import pytest
from shipped import COURSE

from autograder.paths import ROOT

VERSION = metadata.version("course-helpers")


def run(
    monkeypatch: pytest.MonkeyPatch, *, source: str = "", installed: str | None = VERSION
) -> list[Any]:
    """Run it on a machine with this version of helpers, or none; the commands that it ran."""
    notebook = json.loads((ROOT / "notebooks/ps_cmc/ps_cmc.ipynb").read_text())
    (cell,) = [c for c in notebook["cells"] if c["id"] == "get-helpers"]
    code = "".join(cell["source"]).replace('VERSION = ""', f'VERSION = "{source}"')
    there = [SimpleNamespace(version=installed)] if installed else []
    monkeypatch.setattr(metadata, "distributions", lambda name: there)
    commands: list[Any] = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    exec(code, {})
    return commands


def test_where_helpers_are_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch) == []
    assert run(monkeypatch, source="https://example.org/helpers.whl") == []


@pytest.mark.parametrize("installed", [None, "0.0.1"])
def test_missing_or_of_another_version_they_are_installed_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, installed: str | None
) -> None:
    address = "https://example.org/course_helpers-1.whl"
    (command,) = run(monkeypatch, source=address, installed=installed)
    assert command == [sys.executable, "-m", "pip", "install", "--quiet", address]


def test_without_an_address_it_says_whom_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModuleNotFoundError, match="ask where your course keeps it"):
        run(monkeypatch, installed=None)


@pytest.mark.parametrize("id", COURSE.ids)
def test_every_release_begins_with_it_and_reloads_nothing(id: str) -> None:
    notebook = json.loads((ROOT / "notebooks" / id / f"{id}.ipynb").read_text())
    code = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    assert code[0]["id"] == "get-helpers"
    assert f'VERSION = "", "{VERSION}"' in "".join(code[0]["source"])
    text = json.dumps(notebook["cells"])
    assert "autoreload" not in text and "google.colab" not in text
