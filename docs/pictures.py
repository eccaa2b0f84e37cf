"""Makes the pictures of README.md and of the notebooks anew: `make pictures`, after `make demo`.

Of a JupyterLab of this environment and of a feedback page of the demo, in Chromium; and figures of
the executed references, which show students what should come out. With ``--look`` the pictures are
of a notebook's whole length, in the light and the dark theme, and in a phone's width; they go to
``build/look``.
"""

import argparse
import base64
import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]
from lab import Notebook, jupyterlab  # noqa: E402

from autograder.authoring.reference import reference  # noqa: E402
from autograder.course.secret import PUBLIC_SECRET  # noqa: E402
from autograder.course.table import Course  # noqa: E402

OUTCOMES = {
    "train_ae": ("ps_autoencoder", "recon-final"),
    "train_cmc": ("ps_cmc", "cmc-curves"),
    "clip_model": ("ps_clip", "clip-after"),
    "retrieve_images": ("ps_clip", "show-matches"),
    "zero_shot": ("ps_transfer", "insect-guesses"),
    "modality_gap": ("ps_transfer", "gap-run"),
}
"""By question: the problem set and the cell whose figure shows what should come out."""
SETUP = ("get-helpers", "imports", "session")
WIDTH, HEIGHT = 862, 998


def main() -> None:
    parser = argparse.ArgumentParser(prog="python docs/pictures.py", description=__doc__)
    parser.add_argument("--look", metavar="NOTEBOOK.ipynb", type=Path, nargs="*")
    look = parser.parse_args().look
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        if look is None:
            of_a_student(chromium)
            of_a_page(chromium)
            of_outcomes()
        else:
            for path in look:
                whole(chromium, path)


def of_a_student(chromium: Browser) -> None:
    """A question; the last cell with something to fix; the result of nbgrader's button."""
    with tempfile.TemporaryDirectory() as folder, jupyterlab(Path(folder)) as address:
        notebook = Notebook(chromium, address, Path(folder), "ps_autoencoder", (WIDTH, HEIGHT))
        notebook.page.keyboard.press("Control+B")  # the file browser goes
        notebook.run(*SETUP, "constants", "data")
        notebook.cell("bottleneck-text").locator(".jp-InputPrompt").click()
        for _ in range(2):  # by keys: a click would unfold the code
            notebook.page.keyboard.press("Shift+Enter")
        expect(notebook.cell("bottleneck").locator("img")).to_be_visible(timeout=60_000)
        notebook.cell("bottleneck-text").evaluate("e => e.scrollIntoView()")
        notebook.page.wait_for_timeout(2000)  # formulas are set, and the figure is in its place
        notebook.page.screenshot(path=ROOT / "docs" / "notebook.png")
        notebook.save()
        box = notebook.run("hand-in-run")
        box.screenshot(path=ROOT / "docs" / "hand-in.png")
        notebook.save()
        notebook.validate().locator(".jp-Dialog-content").screenshot(
            path=ROOT / "docs" / "validate.png"
        )


def of_a_page(chromium: Browser) -> None:
    """The demo's feedback for the submission with mistakes."""
    page = chromium.new_page(viewport={"width": WIDTH, "height": 1000})
    page.goto((ROOT / "build" / "demo" / "grades" / "flawed" / "feedback.html").as_uri())
    page.screenshot(path=ROOT / "docs" / "feedback.png")


def of_outcomes() -> None:
    """Figures of the executed solutions, small enough for a text cell."""
    course = Course(secret=PUBLIC_SECRET)
    for name, (ps_id, cell_id) in OUTCOMES.items():
        executed = reference(course.problem_set(ps_id), course)
        outputs = next(cell.outputs for cell in executed.cells if cell.id == cell_id)
        data = [o.data["image/png"] for o in outputs if "image/png" in o.get("data", {})][-1]
        with Image.open(io.BytesIO(base64.b64decode(data))) as image:
            image.thumbnail((640, 640))
            small = image.convert("RGB").quantize(64)
        target = ROOT / "solutions" / "pictures" / f"{name}.png"
        target.parent.mkdir(exist_ok=True)
        small.save(target, optimize=True)


def whole(chromium: Browser, path: Path) -> None:
    """An executed notebook as JupyterLab shows it, screen by screen."""
    for name, dark, size in (
        ("light", False, (1100, 1400)), ("dark", True, (1100, 1400)), ("phone", False, (390, 844)),
    ):  # fmt: skip
        target = ROOT / "build" / "look" / path.stem / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as folder, jupyterlab(Path(folder), dark=dark) as where:
            notebook = Notebook(chromium, where, Path(folder), path.stem, size, path)
            notebook.page.keyboard.press("Control+B")  # the file browser goes
            panel = notebook.page.locator(".jp-WindowedPanel-outer").first
            length = panel.evaluate("e => e.scrollHeight")
            for i, top in enumerate(range(0, length, size[1] - 150)):
                panel.evaluate(f"e => e.scrollTo(0, {top})")
                notebook.page.wait_for_timeout(300)
                notebook.page.screenshot(path=target / f"{i:02}.png")


if __name__ == "__main__":
    main()
