from pathlib import Path

import pytest

import helpers._session
from helpers.data import mini_data

SMALL = mini_data.Recipe(unlabeled=40, train=20, test=20)


@pytest.fixture(autouse=True)
def fresh_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins without a session and without a wish to resume."""
    monkeypatch.setattr("helpers._session._current", None)
    monkeypatch.setattr("helpers.learning.training._asked", False)
    monkeypatch.setattr("helpers.learning.training._reminded", False)
    for name in ("HELPERS_PROFILE", "HELPERS_DATA"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with 80 images of the mini data, in the place of 6,500."""
    folder = tmp_path_factory.mktemp("data")
    mini_data.make_mini(folder, SMALL, show=False)
    return folder


@pytest.fixture
def small(small_data: Path, monkeypatch: pytest.MonkeyPatch) -> helpers.Session:
    """A session in the mini profile on that folder's data."""
    monkeypatch.setattr(mini_data, "RECIPE", SMALL)
    return helpers.start(profile="mini", data=small_data)
