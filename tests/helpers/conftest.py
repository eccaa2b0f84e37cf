import sys

import pytest

import helpers.session
from helpers import mini_data

SMALL = mini_data.Recipe(unlabeled=40, train=20, test=20)


@pytest.fixture(autouse=True)
def fresh_kernel(monkeypatch):
    """Each test begins without a session and without a wish to resume."""
    # These modules hide behind functions of the same names: take them from where they are.
    monkeypatch.setattr(sys.modules["helpers.session"], "_current", None)
    monkeypatch.setattr(sys.modules["helpers.training"], "_resume_next", False)
    for name in ("HELPERS_PROFILE", "HELPERS_DATA"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def small_data(tmp_path_factory):
    """A data folder with 80 images of the mini data, in the place of 6,500."""
    folder = tmp_path_factory.mktemp("data")
    mini_data.make_mini(folder, SMALL, show=False)
    return folder


@pytest.fixture
def small(small_data, monkeypatch):
    """A session in the mini profile on that folder's data."""
    monkeypatch.setattr(mini_data, "RECIPE", SMALL)
    return helpers.start(profile="mini", data=small_data)
