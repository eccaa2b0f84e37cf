"""Runs a notebook for real, from top to bottom, as a student would; the same one only once."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

from autograder.authoring import fingerprint, resume
from autograder.grading import reported
from autograder.model import CourseError
from autograder.parts.declare import ReportRule
from autograder.paths import ROOT
from helpers.handing.claims import shown_results
from helpers.reading.cells import cells_of, outputs

HAND_IN = "hand-in"
"""The tag of the cell that hands the notebook in, which is not run here."""


def execute(
    notebook: NotebookNode,
    name: str,
    profile: str = "mini",
    *,
    root: Path = ROOT,
    rules: Mapping[str, ReportRule] | None = None,
    before: NotebookNode | None = None,
) -> NotebookNode:
    """A copy of ``notebook`` with what running its code cells in a fresh kernel showed.

    A report answer that has one of ``rules``, by question, gets the results that the notebook has
    shown so far before it is run, as a student would write them.

    ``before`` is an executed notebook whose cells this one begins with. Their outputs are taken
    from there, and only what the cells below them use is run again, but for values that were kept.

    The same code is run once: ``build/cache`` keeps it by content. The data are left out of that
    content, being made or verified by the code.

    Raises:
        CourseError: a cell fails; the message names it.
    """
    rules = rules or {}
    earlier = before.metadata.fingerprint if before else ""
    content = fingerprint.of(notebook, f"{profile} {earlier} {sorted(rules.items())}")
    cached = root / "build" / "cache" / f"{name}-{content}.ipynb"
    with _alone(cached):
        if not cached.is_file():
            ran = deepcopy(notebook)
            _run(ran, name, profile, root, rules, before)
            ran.metadata.fingerprint = content
            part = cached.with_suffix(".part")
            nbformat.write(ran, part)
            part.replace(cached)
    return _pasted(notebook, nbformat.read(cached, as_version=4))


@contextmanager
def _alone(cached: Path) -> Iterator[None]:
    """Keep a second process from running the same notebook: it waits, and finds it done."""
    cached.parent.mkdir(parents=True, exist_ok=True)
    with cached.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _pasted(notebook: NotebookNode, ran: NotebookNode) -> NotebookNode:
    """``notebook`` with the outputs of ``ran``, whose texts and comments may be older."""
    result = deepcopy(notebook)
    code = [c for c in ran.cells if c.cell_type == "code"]
    for cell, done in zip([c for c in result.cells if c.cell_type == "code"], code, strict=True):
        cell.outputs, cell.execution_count = done.outputs, done.execution_count
        if cell.metadata.get("nbgrader", {}).get("grade_id") in ran.metadata.get("filled", []):
            cell.source = done.source
    if "widgets" in ran.metadata:
        result.metadata.widgets = ran.metadata.widgets
    for key in resume.OWN_METADATA:
        result.metadata[key] = ran.metadata[key]
    return result


def _run(
    notebook: NotebookNode,
    name: str,
    profile: str,
    root: Path,
    rules: Mapping[str, ReportRule],
    before: NotebookNode | None,
) -> None:
    todo = resume.plan(notebook, before)
    with _kernel(notebook, profile, root) as client:
        if before is not None:
            resume.restore(client, before)
        for index, cell in tqdm(
            list(enumerate(notebook.cells)), f"{name} ({profile})", unit="cell", leave=False
        ):
            if HAND_IN in cell.metadata.get("tags", []):
                continue  # there is no file to hand in yet
            known = todo.known.get(index)
            if known:
                cell.source = known.source
            elif rule := rules.get(cell.metadata.get("nbgrader", {}).get("grade_id")):
                shown = shown_results(outputs(cells_of(notebook)))
                cell.source = reported.fill(rule, cell.source, shown)
            if known is None or index in todo.again:
                _run_cell(client, index, cell, name)
            if known:
                cell.outputs, cell.execution_count = known.outputs, known.execution_count
        notebook.metadata.kept = resume.keep(client)
    client.set_widgets_metadata()
    notebook.metadata.filled = list(rules)
    if before is not None:
        resume.renumber(notebook)


@contextmanager
def _kernel(notebook: NotebookNode, profile: str, root: Path) -> Iterator[NotebookClient]:
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
        environment = _environment(profile, root)
        # The client leaves alone a kernel that it did not make, unless told to clean up.
        with client.setup_kernel(cleanup_kc=True, cwd=str(root), env=environment):
            yield client


def _run_cell(client: NotebookClient, index: int, cell: NotebookNode, name: str) -> None:
    where = f"{name}: cell {cell.get('id', index)!r}"
    try:
        client.execute_cell(cell, index)
    except CellExecutionError as error:
        first = (error.evalue or "").strip().splitlines()[:1]
        raise CourseError(f"{where} stopped with {': '.join([error.ename, *first])}") from error
    except DeadKernelError as error:
        raise CourseError(f"{where}: the kernel died, perhaps for want of memory.") from error


def _environment(profile: str, root: Path) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {
        "HELPERS_DATA": str(root / "build" / "data"),
        **os.environ,
        "HELPERS_PROFILE": profile,
        "PYTHONPATH": path,
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a debugger's warning that nobody asked for
    }
