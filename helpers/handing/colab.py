"""What only Google Colab has: its copy of the open notebook, and downloads to the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers.errors import SessionError


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
