"""What only Google Colab has: its Drive, its copy of the notebook, and downloads to the browser."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from helpers.errors import SessionError

MOUNT = Path("/content/drive")  # Colab takes no other without trouble, and none with a space
DRIVE = MOUNT / "MyDrive"


def in_colab() -> bool:
    """Whether this process is a Colab kernel."""
    try:
        return importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:
        return False


def mount_drive() -> Path:
    """Mount the student's Drive, after Colab has asked them, and return its folder.

    Raises:
        SessionError: this is not Colab, or Drive was not mounted.
    """
    if not in_colab():
        raise SessionError(
            "There is no Google Drive here, only in Colab: leave out drive=True, checkpoints are "
            "kept on this machine."
        )
    from google.colab import drive

    try:
        drive.mount(str(MOUNT))
    except Exception as error:  # a refused or failed mount has many types
        raise SessionError(
            f"Google Drive was not mounted ({error}): run the cell again and allow it, or leave "
            "out drive=True."
        ) from error
    return DRIVE


def current_notebook() -> dict[str, Any]:
    """The notebook that is open in Colab, with its outputs, as it is now.

    Raises:
        SessionError: Colab did not give it.
    """
    from google.colab import _message

    answer = _message.blocking_request("get_ipynb", request="", timeout_sec=60)
    notebook = answer.get("ipynb") if isinstance(answer, dict) else None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise SessionError(
            "Colab did not give its notebook: download it (File, Download .ipynb), upload it to "
            "the folder on the left, and call helpers.hand_in('its name.ipynb')."
        )
    return notebook


def offer_download(path: Path) -> None:
    """Let the browser download a file."""
    from google.colab import files

    files.download(str(path))
