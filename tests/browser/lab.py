"""A JupyterLab of this environment, as a student opens it, and a notebook in it."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
SECOND = 1000
SETTINGS = {
    # Cells out of sight stay in the page, where a test can find them.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


@contextlib.contextmanager
def jupyterlab(folder: Path, course: Path = ROOT, *, dark: bool = False) -> Iterator[str]:
    """Serve ``folder``, where settings go too; yields the address, without a path."""
    theme = {"apputils-extension/themes": {"theme": "JupyterLab Dark"}} if dark else {}
    for name, values in {**SETTINGS, **theme}.items():
        path = folder / f".config/lab/user-settings/@jupyterlab/{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    # The machine's own settings and kernels stay out of it.
    places = {
        "JUPYTER_CONFIG_DIR": ".config", "JUPYTER_RUNTIME_DIR": ".run", "JUPYTER_DATA_DIR": ".data",
        "IPYTHONDIR": ".ipython",
    }  # fmt: skip
    environment = {
        "HELPERS_DATA": str(ROOT / "build" / "data"),
        **os.environ,
        **{name: str(folder / place) for name, place in places.items()},
        "HELPERS_PROFILE": "mini",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
        "--port=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}",
    ]  # fmt: skip
    # Started in the course's folder, nbgrader's extension reads the course's configuration.
    server = subprocess.Popen(
        command, cwd=course, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert server.stderr
    try:
        yield _address(server.stderr)
    finally:
        server.terminate()
        server.wait()
        server.stderr.close()


def _address(log: Any) -> str:
    said = ""
    for line in log:
        said += line
        if match := re.search(r"http://127\.0\.0\.1:\d+(?=/lab)", line):
            threading.Thread(target=log.read, daemon=True).start()  # a full pipe would stop it
            return match[0]
    raise AssertionError(f"JupyterLab did not start: {said}")


class Notebook:
    """A released notebook, open in a browser."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        folder: Path,
        id: str,
        size: tuple[int, int] = (1280, 960),
        source: Path | None = None,
    ) -> None:
        source = source or ROOT / "notebooks" / id / f"{id}.ipynb"
        (folder / id).mkdir()
        shutil.copy(source, folder / id)
        self.id = id
        self.cells = [cell["id"] for cell in json.loads(source.read_text())["cells"]]
        self.page: Page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        self.page.goto(f"{address}/lab/workspaces/{id}/tree/{id}/{id}.ipynb")
        expect(self.page.locator(".jp-Cell")).to_have_count(len(self.cells), timeout=60 * SECOND)
        status = self.page.locator("#jp-main-statusbar")
        expect(status).to_contain_text("Python 3 (ipykernel) | Idle", timeout=60 * SECOND)

    def cell(self, id: str) -> Locator:
        return self.page.locator(".jp-Notebook .jp-Cell").nth(self.cells.index(id))

    def run(self, *ids: str, timeout: int = 120) -> Locator:
        """Run cells, each when the one before it is done; the outputs of the last."""
        for id in ids:
            cell = self.cell(id)
            prompt = cell.locator(".jp-InputPrompt")
            before = prompt.inner_text()
            prompt.click()
            expect(cell).to_have_class(re.compile("jp-mod-active"))
            self.page.get_by_title("Run this cell and advance").click()
            expect(prompt).not_to_have_text(before, timeout=timeout * SECOND)
            expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=timeout * SECOND)
        return cell.locator(".jp-Cell-outputWrapper")

    def write(self, id: str, source: str) -> None:
        """Replace a cell's source, as somebody who pastes."""
        self.cell(id).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def save(self) -> None:
        changed = self.page.locator(".lm-TabBar-tab.jp-mod-dirty")
        expect(changed).not_to_have_count(0)
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+S")
        expect(changed).to_have_count(0)

    def validate(self) -> Locator:
        """nbgrader's button; the dialog that it ends with."""
        self.page.get_by_text("Validate", exact=True).click()
        dialog = self.page.locator(".jp-Dialog")
        expect(dialog).to_be_visible(timeout=300 * SECOND)
        return dialog

    def screenshot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{self.id}-{name}.png")
