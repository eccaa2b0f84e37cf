"""The order of the suite, and what tests of several folders share."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from autograder.sandbox.client import Sandbox

if "PYTEST_XDIST_WORKER" in os.environ:
    # A core each: threads that wait for one another are slow where others work, too.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


# What trains longest, and what others wait for, comes first; two that begin alike do not meet.
FIRST = [
    f"test_audit_{name}.py" for name in ("autoencoder", "transfer", "clip", "trainable", "cmc")
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What trains comes first and the quick last, so that no worker is left with a long one.

    What needs an executed notebook but does not train it waits until there is one.
    """
    order = {name: i for i, name in enumerate(FIRST)}

    def place(item: pytest.Item) -> int:
        kinds = ("slow", "trains")
        later = next((i for i, k in enumerate(kinds) if item.get_closest_marker(k)), len(kinds))
        return order.get(item.path.name, len(FIRST) + later)

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


@pytest.fixture(scope="module")
def sandbox() -> "Iterator[Sandbox]":
    """A sandbox, started, whose answers run as users that no other process of the suite has."""
    from handed_in import OWN_USERS

    from autograder.sandbox import client

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "UIDS", OWN_USERS)
        with client.Sandbox() as sandbox:
            sandbox.start()
            yield sandbox
