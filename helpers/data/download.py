"""Downloads that survive a bad network: resumed, retried, verified, and never half there."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.errors import DownloadError
from helpers.progress import progress

BLOCK = 1 << 20
_NETWORK = (OSError, http.client.HTTPException)  # URLError and time-outs are OSErrors


def download(
    urls: Sequence[str],
    path: Path,
    checksum: str,
    *,
    tries: int = 4,
    pause: float = 2.0,
    timeout: float = 30.0,
) -> Path:
    """Fetch a file from the first mirror that gives it, and verify it.

    What has come is kept in ``<path>.part``: the next try, or the next call, asks for the rest
    only. The file appears under its own name when it is whole and its checksum right.

    Args:
        urls: the mirrors, in the order in which to try them.
        path: where the file goes; nothing is fetched where it exists.
        checksum: ``"md5:…"`` or ``"sha256:…"``, in hexadecimal.
        tries: how often in a row a mirror may fail without giving a single byte.
        pause: seconds to wait after the first such failure, doubled after each further one.
        timeout: seconds without a byte that count as a failure.

    Returns:
        ``path``.

    Raises:
        DownloadError: no mirror gave the right file; says what each did, and what to do.
    """
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    failures = []
    for url in urls:
        resumed = part.exists()
        problem = _fetch_right(url, part, path.name, checksum, tries, pause, timeout)
        if problem and resumed and not part.exists():
            # What was continued was no part of this file; without it the mirror may be right.
            problem = _fetch_right(url, part, path.name, checksum, tries, pause, timeout)
        if not problem:
            part.replace(path)
            return path
        failures.append(f"{url}: {problem}")
    raise DownloadError(
        f"{path.name} could not be downloaded ({'; '.join(failures)}). Try again later, what has "
        f"come is kept; or fetch the file by other means and save it as {path}."
    )


def file_checksum(path: Path, algorithm: str = "md5") -> str:
    """``"<algorithm>:<hexadecimal digest>"`` of a file, with a bar where it is large."""
    digest = hashlib.new(algorithm)
    size = path.stat().st_size
    with path.open("rb") as file, _bar(f"verifying {path.name}", size) as bar:
        while block := file.read(BLOCK):
            digest.update(block)
            bar.update(len(block))
    return f"{algorithm}:{digest.hexdigest()}"


def _fetch_right(
    url: str, part: Path, name: str, checksum: str, tries: int, pause: float, timeout: float
) -> str:
    """Complete ``part`` and verify it; why that failed, or ``""``. Wrong bytes are deleted."""
    if problem := _fetch(url, part, name, tries, pause, timeout):
        return problem
    found = file_checksum(part, checksum.partition(":")[0])
    if found == checksum:
        return ""
    part.unlink()
    return f"its checksum is {found}, not {checksum}"


def _fetch(url: str, part: Path, name: str, tries: int, pause: float, timeout: float) -> str:
    """Complete ``part`` from one mirror; why that failed, or ``""``."""
    failed = 0
    while True:
        before = _size(part)
        try:
            _fetch_once(url, part, name, timeout)
            return ""
        except urllib.error.HTTPError as error:
            problem = f"HTTP {error.code} {error.reason}"
            error.close()
            if error.code == 416:  # nothing comes after what we hold: the checksum will tell
                return ""
            if error.code < 500 and error.code not in (408, 429):
                return problem
        except _NETWORK as error:
            problem = f"{type(error).__name__}: {error}"
        if _size(part) > before:
            failed = 0
            continue
        failed += 1
        if failed >= tries:
            return problem
        time.sleep(pause * 2 ** (failed - 1))


def _fetch_once(url: str, part: Path, name: str, timeout: float) -> None:
    """One request for what is missing, appended to ``part``. Raises what the network raises."""
    have = _size(part)
    request = urllib.request.Request(url, headers={"User-Agent": "course-helpers"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    with urllib.request.urlopen(request, timeout=timeout) as response:
        if have and not _continues(response, have):
            have = 0  # this server sends the whole file again
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        with part.open("ab" if have else "wb") as file, _bar(name, total, have) as bar:
            while block := response.read(BLOCK):
                file.write(block)
                bar.update(len(block))
    if total is not None and _size(part) < total:
        raise ConnectionError(f"the connection ended after {_size(part)} of {total} bytes")


def _continues(response: Any, have: int) -> bool:
    sent = str(response.headers.get("Content-Range", ""))
    return response.status == 206 and sent.startswith(f"bytes {have}-")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _bar(name: str, total: int | None, initial: int = 0) -> Any:
    small = total is not None and total < 20 * BLOCK
    return progress(
        total=total,
        initial=initial,
        desc=name,
        unit="B",
        unit_scale=True,
        unit_divisor=1024,
        leave=False,
        disable=small,
    )
