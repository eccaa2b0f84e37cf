"""Runs code in a real notebook kernel."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]


def outputs_of(*cells: str, cwd: Path = ROOT) -> list[list[dict[str, Any]]]:
    """The outputs of each cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    with TemporaryDirectory(prefix="kernel-") as folder:
        manager = AsyncKernelManager(
            kernel_name="python3",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            transport="ipc",
            connection_file=str(Path(folder) / "k.json"),
        )
        client = NotebookClient(notebook, km=manager, timeout=120)
        with client.setup_kernel(cleanup_kc=True, cwd=str(cwd)):
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
    return [list(cell.outputs) for cell in notebook.cells]
