"""The wheel of `helpers`: the same bytes from the same sources, in a form that a cell can hold."""

import base64
import bz2
import functools
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from autograder.authoring.archive import archive
from autograder.model import CourseError
from autograder.paths import ROOT

BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


@functools.cache
def version(root: Path = ROOT) -> str:
    """The version in pyproject.toml, with a hash of the sources behind a plus sign.

    It tells a wheel that was mended during a term from the one before.
    """
    project = {k: v for k, v in _project(root).items() if k != "optional-dependencies"}
    digest = hashlib.sha256(json.dumps(project).encode())
    for path in _sources(root):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return f"{project['version']}+{digest.hexdigest()[:8]}"


@functools.cache
def wheel(root: Path = ROOT) -> bytes:
    """The wheel, under the version that ``version`` gives.

    Its files are stored, not compressed: what compresses them differs between machines.

    Raises:
        CourseError: setuptools cannot build it.
    """
    with tempfile.TemporaryDirectory(prefix="wheel-") as folder:
        copy, out = Path(folder, "source"), Path(folder, "out")
        for path in [*_sources(root), root / "pyproject.toml"]:
            target = copy / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        project = copy / "pyproject.toml"
        old, new = (f'version = "{v}"' for v in (_project(root)["version"], version(root)))
        project.write_text(project.read_text(encoding="utf-8").replace(old, new, 1), "utf-8")
        done = subprocess.run(
            [sys.executable, "-c", BUILD, str(out)], cwd=copy, capture_output=True, text=True
        )
        if done.returncode:
            last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
            raise CourseError(f"The wheel of helpers in {root} cannot be built: {last}")
        (built,) = out.glob("*.whl")
        with zipfile.ZipFile(built) as file:
            files = {name: file.read(name) for name in file.namelist()}
        return archive(files, compression=zipfile.ZIP_STORED)


def texts(root: Path = ROOT) -> dict[str, str]:
    """What can be read in the wheel, by the names of its files."""
    with zipfile.ZipFile(io.BytesIO(wheel(root))) as file:
        return {name: file.read(name).decode() for name in file.namelist()}


def printable(data: bytes, width: int = 96) -> str:
    """Data as lines of signs that need no escapes in a cell, nor in its JSON.

    ``bz2`` makes the same bytes of it everywhere.
    """
    text = base64.b85encode(bz2.compress(data)).decode()
    return "\n".join(text[i : i + width] for i in range(0, len(text), width))


def _sources(root: Path) -> list[Path]:
    """The package, and its licence."""
    package = [
        p for p in (root / "helpers").rglob("*") if p.suffix == ".py" or p.name == "py.typed"
    ]
    return [*root.glob("LICENSE"), *sorted(package)]


def _project(root: Path) -> dict[str, Any]:
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["project"])
