import subprocess
import sys

import pytest

import helpers

HEAVY = (
    "torch",
    "numpy",
    "matplotlib",
    "PIL",
    "tqdm",
    "skimage",
    "sklearn",
    "torchvision",
    "IPython",
)


def loaded_after(code: str) -> set[str]:
    report = f"{code}\nimport sys; print(*(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_helpers_imports_nothing_heavy() -> None:
    assert loaded_after("import helpers, helpers.learning.training") == set()


def test_data_and_training_need_no_plotting() -> None:
    code = "import helpers.data.stl10, helpers.learning.features; list(helpers.training(2))"
    assert loaded_after(code).isdisjoint({"matplotlib", "skimage", "sklearn", "IPython"})


def test_every_public_name_is_there_and_documented() -> None:
    for name in helpers.__all__:
        assert getattr(helpers, name).__doc__, name
    assert set(helpers.__all__) <= set(dir(helpers))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trainig'"):
        helpers.trainig  # noqa: B018
