"""The last cell of a notebook: a check before handing in, the PDF, and the zip to hand in."""

from __future__ import annotations

import hashlib
import html
import json
import os
import platform
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from helpers._session import current, data_folder
from helpers.errors import HandInError, HelpersError
from helpers.handing.claims import shown_results
from helpers.handing.colab import offer_download
from helpers.handing.findings import Finding
from helpers.handing.precheck import missing_from_pdf, precheck
from helpers.handing.results import model_file
from helpers.handing.saved_notebook import is_stale, open_notebook
from helpers.handing.signs import signs_without_a_font
from helpers.notebook import course, in_colab, in_notebook
from helpers.pdf.document import render
from helpers.reading.cells import cells_of, outputs


def hand_in(notebook: str | os.PathLike[str] | None = None) -> None:
    """Check the notebook, and write its PDF and the zip to hand in beside it.

    Shows what is left to fix, or that nothing is; the files are written in any case. In Colab it
    offers the zip for download.

    Args:
        notebook: the saved ``.ipynb`` file, on a mounted Drive or here; else the one that is open
            in Colab, or whose kernel this is.
    """
    attempt(notebook)


def attempt(notebook: str | os.PathLike[str] | None = None) -> bool:
    """``hand_in``; whether nothing is left to fix."""
    try:
        path, contents, source = open_notebook(notebook)
        if notebook is None and is_stale(contents):
            stale = f"{path.name} was not saved since you ran its cells: save it (Ctrl+S), then "
            _show([Finding(stale + "run this cell again.")], [])
            return False
        findings, files = write(path, contents, source)
    except HelpersError as error:
        _show([Finding(str(error))], [])
        return False
    _show(findings, files)
    if notebook is None and in_colab():
        offer_download(files[0])
    return not findings


def write(path: Path, notebook: dict[str, Any], source: bytes) -> tuple[list[Finding], list[Path]]:
    """Write PDF and zip beside ``path``; what is left to fix, and the files: the zip first.

    ``source`` is the notebook as it goes into the zip.

    Raises:
        PdfError: the notebook cannot be turned into a PDF.
        HandInError: the files cannot be written.
    """
    findings = precheck(notebook)
    pdf = render(notebook, path.stem, path.resolve().parent)
    findings += [*missing_from_pdf(notebook, pdf), *signs_without_a_font(notebook, pdf)]
    contents = {path.name: source, path.with_suffix(".pdf").name: pdf, **_models(notebook)}
    contents["receipt.json"] = _receipt(notebook, contents, findings)
    target = path.with_suffix(".zip")
    part = target.with_name(f".{target.name}.part")
    try:
        path.with_suffix(".pdf").write_bytes(pdf)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in contents.items():
                archive.writestr(name, data)
        part.replace(target)
    except OSError as error:
        raise HandInError(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    return findings, [target, path.with_suffix(".pdf")]


def _models(notebook: dict[str, Any]) -> dict[str, bytes]:
    """The weights behind the results that the notebook shows, where this machine has them."""
    here = current()
    checkpoints = here.checkpoints if here else data_folder() / "checkpoints"
    found = {}
    for name, result in shown_results(outputs(cells_of(notebook))).items():
        path = model_file(checkpoints, name, result.model)
        if name.isidentifier() and path.is_file():
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() == result.model:
                found[f"{name}.safetensors"] = data
    return found


def _receipt(
    notebook: dict[str, Any], contents: Mapping[str, bytes], findings: Sequence[Finding]
) -> bytes:
    try:
        helpers = version("course-helpers")
    except PackageNotFoundError:
        helpers = "unknown"
    receipt = {
        "problem_set": course(notebook).get("problem_set"),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "helpers": helpers,
        "python": platform.python_version(),
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
        "findings": [_sentence(f) for f in findings],
    }
    return (json.dumps(receipt, indent=1, ensure_ascii=False) + "\n").encode()


def _sentence(finding: Finding) -> str:
    if finding.cell is None:
        return finding.text
    first = _first_line(finding)
    return f"Cell {finding.cell.number} (`{first}`): {finding.text}"


def _first_line(finding: Finding) -> str:
    source = finding.cell.source.strip() if finding.cell else ""
    return source.partition("\n")[0][:60]


def _show(findings: Sequence[Finding], files: Sequence[Path]) -> None:
    """The verdict: a green or a red box in a notebook, lines in a terminal."""
    if files and findings:
        said = f"{len(findings)} thing{'s' * (len(findings) > 1)} to fix before you hand in"
    else:
        said = "Not ready yet" if findings else "Ready to hand in"
    lines = [f"✗ {_sentence(f)}" for f in findings]
    lines += [f"  {path} ({max(1, path.stat().st_size >> 10):,} KB)" for path in files]
    text = "\n".join([said, *lines])
    if not in_notebook():
        print(text)
        return
    from IPython.display import display

    display({"text/plain": text, "text/html": _box(said, findings, files)}, raw=True)


# Colours of its own, with a contrast of 4.5 and more: a dark theme's would be pale on this ground.
CODE = '<code style="background: none; color: inherit">'
LINK = '<a style="color: #0b4fa8; text-decoration: underline" href='


def _box(said: str, findings: Sequence[Finding], files: Sequence[Path]) -> str:
    edge, ground = ("#b00020", "#fdf0f0") if findings else ("#0a7d32", "#eef8f0")
    items = "".join(f"<li>{_linked(f)}</li>" for f in findings)
    made = "".join(
        f"<li>{CODE}{html.escape(path.name)}</code>, {max(1, path.stat().st_size >> 10):,} KB</li>"
        for path in files
    )
    advice = "" if not findings else "<p>What was written holds the notebook as it is now:</p>"
    return (
        f'<div style="border-left: 5px solid {edge}; background: {ground}; color: #222; '
        f'padding: 0.6em 1em; max-width: 50em">'
        f'<b style="color: {edge}">{"✗" if findings else "✓"} {html.escape(said)}</b>'
        + (f"<ul>{items}</ul>" if items else "")
        + (f"{advice}<ul>{made}</ul>" if made else "")
        + "</div>"
    )


def _linked(finding: Finding) -> str:
    """The sentence, with a link to its cell where Jupyter gives cells an address."""
    text = html.escape(finding.text)
    text = "".join(
        f"{CODE}{part}</code>" if i % 2 else part for i, part in enumerate(text.split("`"))
    )
    if finding.cell is None:
        return text
    first = html.escape(_first_line(finding))
    where = f"Cell {finding.cell.number}, {CODE}{first}</code>"
    if finding.cell.link:
        where = f'{LINK}"{html.escape(finding.cell.link)}">{where}</a>'
    return f"{where}: {text}"
