"""The older way to a PDF, where pandoc and Typst cannot: nbconvert, with a browser or with TeX."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from helpers.errors import PdfError

LIMIT = 300  # seconds for one attempt


def nbconvert_pdf(notebook: Mapping[str, Any], title: str, why: str) -> bytes:
    """The PDF of a notebook by ``nbconvert --to webpdf``, else ``--to pdf``.

    Args:
        notebook: its contents.
        title: of the PDF.
        why: what was wrong with the better way, for the message when this fails as well.

    Raises:
        PdfError: nbconvert is not there, or has neither a browser nor TeX to work with.
    """
    with TemporaryDirectory(prefix="nbconvert-") as scratch:
        source = Path(scratch, f"{title}.ipynb")
        whole = {"metadata": {}, "nbformat": 4, "nbformat_minor": 5, **notebook}
        source.write_text(json.dumps(whole), encoding="utf-8")
        for way in ("webpdf", "pdf"):
            command = [sys.executable, "-m", "nbconvert", "--to", way, str(source)]
            try:
                subprocess.run(command, capture_output=True, timeout=LIMIT, check=True)
                return source.with_suffix(".pdf").read_bytes()
            except (OSError, subprocess.SubprocessError):
                continue
    raise PdfError(
        f"No PDF could be made ({why}; nbconvert, tried next, found neither a browser nor TeX): "
        "print the notebook from your browser to a PDF instead."
    )
