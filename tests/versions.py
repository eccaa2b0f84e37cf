"""The students' package on other Pythons and torches: ``make versions PYTHONS="python3.12 ..."``.

For each interpreter, with the oldest torch that helpers supports and the newest there is: the first
cells of a release as in Colab, where torch is there and ``helpers`` is not, and then the tests of
``helpers``. Every environment is made anew and removed, some 6 GB each: this is no part of
``make test``.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
TORCHES = {"oldest": ["torch==2.6.0", "torchvision==0.21.0"], "newest": ["torch", "torchvision"]}
TESTS = ["pytest", "hypothesis", "scipy", "nbclient", "ipykernel", "nbformat", "jupyter_client"]
RELEASE = ROOT / "notebooks" / "ps_autoencoder" / "ps_autoencoder.ipynb"
FIRST_CELLS = ("get-helpers", "imports", "session")
CHECK = """
import importlib.metadata, json, pathlib, sys, torch
before = importlib.metadata.version("torch")
files = {f: f.stat().st_mtime for f in pathlib.Path(torch.__file__).parent.glob("*.py")}
for cell in json.loads(sys.argv[1]):
    exec(cell, globals())
assert importlib.metadata.version("torch") == before, "torch was replaced"
assert files == {f: f.stat().st_mtime for f in files}, "torch was touched"
assert "/site-packages/helpers/" in helpers.__file__, helpers.__file__
"""


def main(pythons: list[str]) -> int:
    rows = []
    for python in pythons:
        for age, torch in TORCHES.items():
            start = time.perf_counter()
            with TemporaryDirectory(prefix="versions-") as folder:
                try:
                    said = attempt(python, torch, Path(folder))
                except subprocess.CalledProcessError as error:
                    said = f"FAILED: {' '.join(map(str, error.cmd))[:200]}"
            seconds = time.perf_counter() - start
            rows.append(f"{Path(python).name:<12} {age:<7} {seconds:5.0f} s  {said}")
            print(rows[-1], flush=True)
    return int(any("FAILED" in row for row in rows))


def attempt(python: str, torch: list[str], folder: Path) -> str:
    """What the session's line and the tests said."""
    subprocess.run([python, "-m", "venv", folder / "venv"], check=True)
    own = str(folder / "venv" / "bin" / "python")
    _pip(own, *torch, "numpy", "ipython", "setuptools", "wheel")
    colab = Path(_output([own, "-c", "import site; print(site.getsitepackages()[0])"]), "google")
    (colab / "colab").mkdir(parents=True)
    (colab / "colab" / "__init__.py").touch()
    wheels = folder / "wheels"
    copy = folder / "source"  # building leaves files behind
    shutil.copytree(ROOT / "helpers", copy / "helpers")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    _pip(own, "setuptools>=77")
    command = [own, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-w", wheels, copy], check=True)
    (wheel,) = wheels.glob("*.whl")
    cells = {c["id"]: "".join(c["source"]) for c in json.loads(RELEASE.read_text())["cells"]}
    first = [cells[id].replace('SOURCE, VERSION = ""', f"SOURCE, VERSION = {str(wheel)!r}")
             for id in FIRST_CELLS]  # fmt: skip
    line = _output([own, "-W", "error::SyntaxWarning", "-c", CHECK, json.dumps(first)], cwd=folder)
    assert line.count("\n") == 0, f"more than one line: {line}"
    _pip(own, *TESTS)
    shutil.rmtree(colab)  # the tests bring a stand-in of their own
    command = [
        own,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-rfE",
        str(ROOT / "tests" / "helpers"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-6000:])
    return f"{line} | tests of helpers {'FAILED' if done.returncode else 'passed'}"


def _pip(python: str, *packages: str) -> None:
    command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def _output(command: list[str], cwd: Path | None = None) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=cwd, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [sys.executable]))
