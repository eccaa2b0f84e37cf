"""The order of the suite, and what tests of several folders share."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

if "PYTEST_XDIST_WORKER" in os.environ:
    # A core each: threads that wait for one another are slow where others work, too.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


# What trains longest, and what others wait for, comes first; two that begin alike do not meet.
FIRST = [
    f"test_audit_{name}.py" for name in ("autoencoder", "transfer", "clip", "trainable", "cmc")
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that train come first, so that no worker is left with one at the end."""
    order = {name: i for i, name in enumerate(FIRST)}

    def place(item: pytest.Item) -> tuple[int, bool]:
        return order.get(item.path.name, len(FIRST)), item.get_closest_marker("trains") is None

    items.sort(key=place)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    if shutil.which("chromium") is None:
        pytest.skip("there is no chromium here: install Debian's package")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()
