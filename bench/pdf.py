"""An executed notebook as a PDF: helpers against nbconvert, with TeX and with a browser.

    .venv/bin/python -m bench.pdf --install

The same notebook, the reference of ps_autoencoder in the mini profile, by each way in turn. With
``--install``, as root on Debian, it first times how each way's tools come onto the machine: wheels
into an empty folder, and TeX's packages by apt. A way whose tools are missing is left out.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

from autograder.authoring.reference import reference
from autograder.course.table import Course

WHEELS = [
    "manimgx-fonts==2026.9.26.post1",
    "noto-cjk-sans-otc==0.0.1",
    "pypandoc_binary==1.17",
    "typst==0.14.9",
]
TEX = ["pandoc", "texlive-xetex", "texlive-fonts-recommended", "texlive-plain-generic"]
RUNS = 5


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pdf", description=__doc__)
    parser.add_argument("--install", action="store_true", help="time the installation as well")
    args = parser.parse_args()
    course = Course()
    executed = reference(course.problem_set("ps_autoencoder"), course)
    with TemporaryDirectory(prefix="bench-pdf-") as scratch:
        folder = Path(scratch)
        notebook = folder / "ps_autoencoder.ipynb"
        nbformat.write(executed, notebook)
        installed = install(folder) if args.install else {}
        nbconvert = [sys.executable, "-m", "nbconvert", "--to"]
        ways: dict[str, tuple[list[str], dict[str, str]]] = {
            "helpers": ([sys.executable, "-m", "helpers", "pdf", str(notebook)], {})
        }
        if shutil.which("xelatex") and shutil.which("pandoc"):
            ways["nbconvert, xelatex"] = ([*nbconvert, "pdf", str(notebook)], {})
        if shutil.which("chromium"):
            command = [*nbconvert, "webpdf", "--disable-chromium-sandbox", str(notebook)]
            ways["nbconvert, webpdf"] = (command, browser(command, folder / "browsers"))
        print(f"{'way':<20} {'install':>9} {'convert':>9} {'both':>9}   times helpers")
        first: tuple[float, float] | None = None
        for name, (command, environment) in ways.items():
            convert = statistics.median(seconds(command, environment) for _ in range(RUNS))
            both = installed.get(name, 0.0) + convert
            first = first or (convert, both)
            cells = [f"{s:7.1f} s" if s else f"{'':9}" for s in (installed.get(name, 0), convert)]
            ratios = f"convert {convert / first[0]:.1f}"
            if name in installed:
                cells.append(f"{both:7.1f} s")
                ratios += f", both {both / first[1]:.1f}"
            print(f"{name:<20} {' '.join(cells)}   {ratios}")


def seconds(command: list[str], environment: Mapping[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True)
    return time.perf_counter() - start


def install(folder: Path) -> dict[str, float]:
    """The seconds that each way's tools take to come onto this machine."""
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-cache-dir", "--target"]
    apt = ["apt-get", "install", "--yes", "--no-install-recommends", *TEX]
    times = {"helpers": seconds([*pip, str(folder / "wheels"), *WHEELS], {})}
    if shutil.which("xelatex"):
        print("xelatex is here already: how long it takes to install cannot be told.")
    else:
        times["nbconvert, xelatex"] = seconds(apt, {"DEBIAN_FRONTEND": "noninteractive"})
    return times


def browser(command: list[str], folder: Path) -> dict[str, str]:
    """Give Playwright Debian's Chromium in the place where it wants its own."""
    environment = {"PLAYWRIGHT_BROWSERS_PATH": str(folder)}
    failed = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if wanted := re.search(r"Executable doesn't exist at (\S+)", failed.stderr):
        path = Path(wanted[1])
        path.parent.mkdir(parents=True)
        path.symlink_to(str(shutil.which("chromium")))
    return environment


if __name__ == "__main__":
    main()
