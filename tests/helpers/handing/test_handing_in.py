"""From a saved notebook to the zip that is handed in: on a command line, in Jupyter, in Colab."""

import copy
import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import colab_standin
import pytest
import torch
from cells import code
from contrast import contrast
from kernel import ROOT, outputs_of
from test_precheck import GOOD, result
from torch import nn

import helpers
import helpers.pdf.document
from helpers.errors import PdfError, SessionError
from helpers.handing.findings import Finding
from helpers.handing.handing_in import _box, attempt
from helpers.notebook import RESULT
from helpers.pdf import nbconvert as pdf_nbconvert
from helpers.reading.cells import Cell as SavedCell


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a space in its name, where a good notebook lies, also with spaces."""
    folder = tmp_path / "Colab Notebooks"
    folder.mkdir()
    (folder / "my toy.ipynb").write_text(json.dumps(GOOD), encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def spoil(folder: Path) -> None:
    notebook = copy.deepcopy(GOOD)
    notebook["cells"][4]["execution_count"] = None
    (folder / "my toy.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def without(run: Callable[..., None]) -> SimpleNamespace:
    """``subprocess`` with another ``run``."""
    return SimpleNamespace(run=run, SubprocessError=subprocess.SubprocessError)


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "helpers", "hand-in", *map(str, arguments)],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_the_command_writes_pdf_and_zip_with_a_receipt(folder: Path) -> None:
    done = command(folder / "my toy.ipynb")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Ready to hand in\n")
    assert "my toy.zip" in done.stdout and "my toy.pdf" in done.stdout
    with zipfile.ZipFile(folder / "my toy.zip") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    receipt = json.loads(files.pop("receipt.json"))
    assert sorted(files) == ["my toy.ipynb", "my toy.pdf"]
    assert files["my toy.ipynb"] == (folder / "my toy.ipynb").read_bytes()
    assert receipt["sha256"] == {n: hashlib.sha256(d).hexdigest() for n, d in files.items()}
    assert receipt["problem_set"] == "ps_toy" and receipt["findings"] == []
    assert not [p for p in folder.iterdir() if p.name.startswith(".")]


def test_the_command_exits_with_1_and_names_the_cell(folder: Path) -> None:
    spoil(folder)
    done = command(folder / "my toy.ipynb")
    assert done.returncode == 1 and done.stderr == ""
    first, second, *_ = done.stdout.splitlines()
    assert first == "1 thing to fix before you hand in"
    assert second.startswith("✗ Cell 5 (`helpers.record('toy', double(0.2))`): A cell was not run")
    assert (folder / "my toy.zip").is_file()


@pytest.mark.parametrize(
    ("argument", "says"),
    [("gone.ipynb", "There is no gone.ipynb"), ("bad.ipynb", "bad.ipynb is not a notebook")],
)
def test_what_cannot_be_handed_in_is_a_sentence(folder: Path, argument: str, says: str) -> None:
    (folder / "bad.ipynb").write_text("{")
    done = command(argument)
    assert done.returncode == 1 and done.stderr == "" and says in done.stdout


def test_the_notebook_of_a_kernel_is_found_and_a_stale_one_refused(folder: Path) -> None:
    here = f"import sys, os; sys.path.insert(0, {str(ROOT)!r}); import helpers"
    (stale,) = outputs_of(here, "helpers.hand_in()", cwd=folder)[1]
    assert "was not saved since you ran its cells" in stale["data"]["text/plain"]
    assert not (folder / "my toy.zip").exists()
    cells = [*GOOD["cells"][1:6], code(here, count=7)]
    (folder / "my toy.ipynb").write_text(json.dumps({**GOOD, "cells": cells}), encoding="utf-8")
    named = f"os.environ['JPY_SESSION_NAME'] = {str(folder / 'my toy.ipynb')!r}"
    (folder / "other.ipynb").write_text("{}")
    *_, outputs = outputs_of(
        *["1"] * 6, here, f"import helpers, os; {named}; helpers.hand_in()", cwd=folder
    )
    (box,) = outputs
    assert "#b00020" in box["data"]["text/html"]  # the question `extra` has no cell any more


def test_vs_code_tells_which_notebook_it_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "other.ipynb").write_text("{}")
    named = str(folder / "my toy.ipynb")
    monkeypatch.setattr(sys.modules["__main__"], "__vsc_ipynb_file__", named, raising=False)
    assert attempt() is True
    assert (folder / "my toy.zip").is_file()


def test_several_notebooks_in_a_folder_are_not_guessed_among(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "other.ipynb").write_text("{}")
    assert attempt() is False
    assert "'my toy.ipynb', 'other.ipynb'): say helpers.hand_in(" in capsys.readouterr().out


def test_among_several_notebooks_the_one_with_its_own_name_is_taken(folder: Path) -> None:
    (folder / "ps_toy.ipynb").write_text(json.dumps(GOOD), encoding="utf-8")
    assert attempt() is True
    assert (folder / "ps_toy.zip").is_file()


def test_colab_gives_its_open_notebook_and_offers_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = colab_standin.install(monkeypatch, GOOD)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ps_toy.ipynb").write_text("an older copy that was uploaded")
    assert attempt() is True
    assert [Path(p).name for p in asked.downloaded] == ["ps_toy.zip"]
    with zipfile.ZipFile("ps_toy.zip") as archive:
        assert json.loads(archive.read("ps_toy.ipynb")) == GOOD
    assert "Ready to hand in" in capsys.readouterr().out


def test_a_notebook_on_drive_is_taken_by_its_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = colab_standin.install(monkeypatch, {})
    assert attempt(folder / "my toy.ipynb") is True
    assert asked.downloaded == []


def test_checkpoints_go_to_drive_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = colab_standin.install(monkeypatch, GOOD)
    monkeypatch.setattr("helpers._session.DRIVE", tmp_path / "My Drive")
    session = helpers.start(profile="mini", data=tmp_path, drive=True)
    assert asked.mounted == ["/content/drive"]
    assert session.checkpoints == tmp_path / "My Drive" / "course-helpers" / "checkpoints"
    assert str(session.checkpoints) in capsys.readouterr().out


def test_data_may_lie_in_drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = colab_standin.install(monkeypatch, GOOD)
    monkeypatch.setattr("helpers._session.MOUNT", tmp_path / "drive")
    monkeypatch.setattr("helpers._session.DRIVE", tmp_path / "drive" / "MyDrive")
    helpers.start(profile="mini", data=tmp_path / "here")
    assert asked.mounted == []
    there = tmp_path / "drive" / "MyDrive" / "course"
    assert helpers.start(profile="mini", data=there).data == there
    assert asked.mounted == [str(tmp_path / "drive")]
    there.mkdir(parents=True)  # as the real one, mounted
    assert helpers.start(profile="mini", data=there).on_drive
    assert len(asked.mounted) == 1


def train(epochs: int = 1) -> None:
    model = nn.Linear(1, 1)
    list(helpers.training(epochs, model=model, optimizer=torch.optim.Adam(model.parameters())))


def test_in_colab_the_first_training_says_what_drive_is_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    helpers.start(profile="mini", data=tmp_path)
    train()
    assert "Drive" not in capsys.readouterr().out
    colab_standin.install(monkeypatch, GOOD)
    helpers.start(profile="mini", data=tmp_path, quick=True)
    train()
    assert "Drive" not in capsys.readouterr().out
    helpers.start(profile="mini", data=tmp_path)
    train()
    train()
    assert capsys.readouterr().out.count("drive=True") == 1


def test_where_drive_is_used_nothing_is_said_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    colab_standin.install(monkeypatch, GOOD)
    monkeypatch.setattr("helpers._session.MOUNT", tmp_path)
    monkeypatch.setattr("helpers._session.DRIVE", tmp_path / "MyDrive")
    helpers.start(profile="mini", data=tmp_path / "here", drive=True)
    train()
    assert "drive=True" not in capsys.readouterr().out


def test_a_refused_drive_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    colab_standin.install(monkeypatch, GOOD, refuses="mount failed")
    with pytest.raises(SessionError, match=r"not mounted \(mount failed\): run the cell again"):
        helpers.start(profile="mini", data=tmp_path, drive=True)


def test_models_go_with_the_results_that_they_gave(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    helpers.start(profile="mini", data=tmp_path)
    helpers.record("toy", 0.4, nn.Linear(2, 3), nn.Linear(3, 10))
    (kept_in,) = (tmp_path / "checkpoints" / "results").iterdir()
    kept = kept_in.read_bytes()
    notebook = copy.deepcopy(GOOD)
    told = notebook["cells"][4]["outputs"][0]["data"][RESULT]
    told["model"] = hashlib.sha256(kept).hexdigest()
    path = folder / "my toy.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert attempt(path) is True
    with zipfile.ZipFile(folder / "my toy.zip") as archive:
        assert archive.read("toy.safetensors") == kept
    kept_in.write_bytes(b"damaged")
    assert attempt(path) is True
    with zipfile.ZipFile(folder / "my toy.zip") as archive:
        assert "toy.safetensors" not in archive.namelist()


def test_a_result_of_another_name_is_found(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = copy.deepcopy(GOOD)
    notebook["cells"][4]["outputs"] = [result("other", 0.4)]
    (folder / "my toy.ipynb").write_text(json.dumps(notebook))
    assert attempt("my toy.ipynb") is False
    assert "the notebook printed no result 'toy'" in capsys.readouterr().out


def test_without_typst_nbconvert_is_taken_and_the_reason_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)

    def run(command: list[str], **_: object) -> None:
        if command[4] == "webpdf":
            raise subprocess.CalledProcessError(1, command)
        Path(command[5]).with_suffix(".pdf").write_bytes(b"%PDF by TeX")

    monkeypatch.setattr(pdf_nbconvert, "subprocess", without(run))
    out = helpers.pdf.document.notebook_to_pdf(folder / "my toy.ipynb")
    assert out.read_bytes() == b"%PDF by TeX"
    said = capsys.readouterr().out
    assert said.startswith("Pandoc and Typst could not make the PDF (") and "typst" in said


def test_without_any_way_the_browser_is_recommended(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)

    def run(command: list[str], **_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(pdf_nbconvert, "subprocess", without(run))
    with pytest.raises(PdfError, match=r"typst.*print the notebook from your browser"):
        helpers.pdf.document.notebook_to_pdf(folder / "my toy.ipynb")


@pytest.mark.parametrize(
    "findings",
    [[], [Finding("`x` is wrong", SavedCell("code", "x = 1", number=3, link="#c", count=1))]],
)
def test_the_box_is_readable_in_any_theme(findings: list[Finding]) -> None:
    """Its colours are its own, those of links and code too."""
    box = _box("said", findings, [Path(__file__)])
    (ground,) = re.findall(r"background: (#\w{6})", box)
    texts = [c if len(c) == 7 else f"#{c[1] * 2}{c[2] * 2}{c[3] * 2}"
             for c in re.findall(r"[^-]color: (#\w+)", box)]  # fmt: skip
    assert len(texts) == 2 + len(findings) and all(contrast(c, ground) >= 4.5 for c in texts)
    assert "<code>" not in box and "<a href" not in box
