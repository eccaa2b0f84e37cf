"""Runs a notebook for real, from top to bottom, as a student would."""

import hashlib
import os
import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

from autograder.authoring.release import composed
from autograder.course.table import problem_set
from autograder.grading import reported as report_question
from autograder.grading.reported import ReportRule
from autograder.model import CourseError, ProblemSet
from autograder.parts import declare as checks
from autograder.paths import ROOT
from autograder.reading.cells import cells_of, recorded

HAND_IN = "hand-in"
"""The tag of the cell that hands the notebook in, which is not run here."""


def reference(ps: ProblemSet, root: Path = ROOT, profile: str = "mini") -> Path:
    """The solution notebook of a problem set, executed, its results filled in; cached."""
    notebook = nbformat.reads(composed(ps, root), as_version=4)
    out = root / "build" / "reference" / profile / f"{ps.id}.ipynb"
    return execute(notebook, out, profile, root=root)


def execute(
    notebook: Path | NotebookNode,
    out: Path,
    profile: str = "mini",
    *,
    fill: bool = True,
    root: Path = ROOT,
) -> Path:
    """Run every cell in a fresh kernel and write the notebook with its outputs to ``out``.

    With ``fill``, a report answer gets the results that the notebook has shown so far before it
    is run, as a student would write them. The same notebook with the same code is run once:
    ``build/cache`` keeps it by content. The data are left out of that content, being made or
    verified by the code.
    Raises CourseError, naming the cell, when one fails.
    """
    if isinstance(notebook, Path):
        notebook = nbformat.read(notebook, as_version=4)
    name = out.stem
    cached = root / "build" / "cache" / f"{name}-{_content(notebook, profile, fill)}.ipynb"
    if not cached.is_file():
        _run(notebook, name, profile, _rules(notebook, root) if fill else {}, root)
        cached.parent.mkdir(parents=True, exist_ok=True)
        part = cached.with_suffix(".part")
        nbformat.write(notebook, part)
        part.replace(cached)
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(cached, out)
    return out


def _run(
    notebook: NotebookNode, name: str, profile: str, rules: Mapping[str, ReportRule], root: Path
) -> None:
    with TemporaryDirectory(prefix="kernel-") as folder:
        manager = AsyncKernelManager(
            kernel_name="python3",
            # Only the kernel of this very Python: another environment's may bear the same name.
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            # Sockets in a folder of ours: no other user can connect, and paths stay short enough.
            transport="ipc",
            connection_file=str(Path(folder) / "k.json"),
        )
        client = NotebookClient(
            notebook, km=manager, timeout=None, record_timing=False, coalesce_streams=True
        )
        cells = list(enumerate(notebook.cells))
        environment = _environment(profile, root)
        # The client leaves alone a kernel that it did not make, unless told to clean up.
        with client.setup_kernel(cleanup_kc=True, cwd=str(root), env=environment):
            for index, cell in tqdm(cells, f"{name} ({profile})", unit="cell", leave=False):
                if rule := rules.get(cell.metadata.get("nbgrader", {}).get("grade_id")):
                    cell.source = report_question.fill(
                        rule, cell.source, recorded(cells_of(notebook))
                    )
                if HAND_IN not in cell.metadata.get("tags", []):  # there is no file to hand in yet
                    _run_cell(client, index, cell, name)
    client.set_widgets_metadata()


def _run_cell(client: NotebookClient, index: int, cell: NotebookNode, name: str) -> None:
    where = f"{name}: cell {cell.get('id', index)!r}"
    try:
        client.execute_cell(cell, index)
    except CellExecutionError as error:
        first = (error.evalue or "").strip().splitlines()[:1]
        raise CourseError(f"{where} stopped with {': '.join([error.ename, *first])}") from error
    except DeadKernelError as error:
        raise CourseError(f"{where}: the kernel died, perhaps for want of memory.") from error


def _rules(notebook: NotebookNode, root: Path) -> dict[str, ReportRule]:
    """What the report answers of the notebook's problem set hold, by question."""
    id = notebook.metadata.get("course", {}).get("problem_set")
    rules: dict[str, ReportRule] = {}
    for part in problem_set(id, root).parts if id else ():
        rules.update(checks.load_part(part).reports)
    return rules


def _environment(profile: str, root: Path) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {
        "HELPERS_DATA": str(root / "build" / "data"),
        **os.environ,
        "HELPERS_PROFILE": profile,
        "PYTHONPATH": path,
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a debugger's warning that nobody asked for
    }


def _content(notebook: NotebookNode, profile: str, fill: bool) -> str:
    """A digest of all that decides what an execution shows."""
    digest = hashlib.sha256(f"{profile} {fill} {sys.version}".encode())
    for cell in notebook.cells:
        digest.update(f"\0{cell.cell_type}\0{cell.source}\0{cell.metadata}".encode())
    for folder in ("helpers", "data_scripts"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(f"\0{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    for package in ("torch", "torchvision", "numpy", "matplotlib"):
        digest.update(f"\0{package} {version(package)}".encode())
    return digest.hexdigest()[:16]
