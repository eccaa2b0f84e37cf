import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from data_scripts import flickr8k, labeled, mini, stl10
from helpers.data import mini_captions, mini_data, mini_labeled
from helpers.errors import DownloadError


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mini", "stl10", "flickr8k", "labeled"])
def test_help_names_the_command_and_the_folder(name: str) -> None:
    command = [sys.executable, "-m", f"data_scripts.{name}", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"python -m data_scripts.{name}" in done.stdout and "--data FOLDER" in done.stdout


def test_mini_makes_the_data_where_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mini_data, "RECIPE", mini_data.Recipe(unlabeled=10, train=10, test=10))
    monkeypatch.setattr(mini_captions, "CAPTIONS", mini_captions.CaptionRecipe(images=5))
    few = mini_labeled.LabeledRecipe(train=100, test=100, train_two=4, test_two=2)
    monkeypatch.setattr(mini_labeled, "LABELED", few)
    assert mini.main(["--data", str(tmp_path)]) == 0
    folder = tmp_path / "mini"
    assert (folder / "stl10_binary" / "train_X.bin").is_file()
    assert len(list((folder / "flickr8k" / "Images").iterdir())) == 5
    assert (folder / "cifar-100-python" / "meta").is_file()
    assert len(list((folder / "hymenoptera_data").glob("*/*/*.jpg"))) == 6
    assert str(folder) in capsys.readouterr().out


def test_stl10_tries_the_given_mirrors_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(stl10, "fetch_stl10", lambda data, **o: seen.update(o, data=data) or data)
    assert stl10.main(["--data", str(tmp_path), "--mirror", "http://near/a", "--keep-archive"]) == 0
    assert seen["data"] == tmp_path and seen["keep_archive"] is True
    assert seen["mirrors"][0] == "http://near/a" and len(seen["mirrors"]) == 2


def test_flickr8k_tries_the_given_sources_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(
        flickr8k, "fetch_flickr8k", lambda data, **o: seen.update(o, data=data) or data
    )
    assert flickr8k.main(["--data", str(tmp_path), "--source", "http://near/folder"]) == 0
    assert seen["data"] == tmp_path
    assert seen["sources"][0] == "http://near/folder/" and len(seen["sources"]) == 2


def test_labeled_fetches_both_and_tries_the_given_mirrors_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(labeled, "fetch_hymenoptera", lambda data: seen.update(insects=data))
    monkeypatch.setattr(
        labeled, "fetch_cifar100", lambda data, **o: seen.update(o) or data / "cifar-100-python"
    )
    assert labeled.main(["--data", str(tmp_path), "--mirror", "http://near/a"]) == 0
    assert seen["insects"] == tmp_path
    assert seen["mirrors"][0] == "http://near/a" and len(seen["mirrors"]) == 3


def test_a_failure_is_one_sentence_and_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(data: Path, **options: object) -> None:
        raise DownloadError("No mirror answered.")

    monkeypatch.setattr(stl10, "fetch_stl10", fail)
    assert stl10.main(["--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "No mirror answered.\n"


def test_an_interrupt_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(data: Path, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stl10, "fetch_stl10", interrupt)
    assert stl10.main(["--data", str(tmp_path)]) == 130
    assert "same command continues" in capsys.readouterr().err
