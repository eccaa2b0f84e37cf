"""What decides the numbers that an executed notebook shows, as one digest.

Comments, docstrings and text do not; neither do plots, the PDF and the hand-in: after a change of
those, deleting ``build/cache`` shows them anew.
"""

import hashlib
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from nbformat import NotebookNode

from autograder.paths import ROOT
from autograder.reading.meaning import meaning
from helpers.reading.magics import neutralise

DECISIVE = (
    "helpers/_session.py", "helpers/data", "helpers/learning", "helpers/handing/results.py",
    "data_scripts", "autograder/authoring/execute.py", "autograder/authoring/resume.py",
)  # fmt: skip
PACKAGES = (
    "torch", "torchvision", "numpy", "pillow", "opencv-python-headless", "scikit-image",
    "scikit-learn", "transformers", "tokenizers", "albumentations",
)  # fmt: skip


def of(notebook: NotebookNode, how: str, root: Path = ROOT) -> str:
    """The digest for running a notebook; ``how`` tells all else that the run was asked for."""
    digest = hashlib.sha256(f"{how} {sys.version}".encode())
    for cell in notebook.cells:
        # The wheel in the first cell decides no number: helpers are there where this runs.
        if cell.cell_type == "code" and cell.get("id") != "get-helpers":
            digest.update(f"\0{cell.get('id')} {meaning(neutralise(cell.source)[0])}".encode())
    for path in _modules(root):
        digest.update(f"\0{path.relative_to(root)} {meaning(path.read_text())}".encode())
    for package in PACKAGES:
        digest.update(f"\0{package} {version(package)}".encode())
    return digest.hexdigest()[:16]


def _modules(root: Path) -> Iterator[Path]:
    for place in DECISIVE:
        path = root / place
        yield from [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))
