"""The pictures of a document, as files for Typst."""

from __future__ import annotations

import base64
import binascii
import html
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

PICTURES = {
    "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp",
    "image/svg+xml": "svg",
}  # fmt: skip
Attachments = Mapping[str, Mapping[str, str]]


class Pictures:
    """The pictures of a document, as files in Typst's folder."""

    def __init__(self, folder: Path, beside: Path) -> None:
        self.folder, self.beside, self.count = folder, beside, 0

    def keep(self, mime: str, data: str) -> str:
        """Write a picture, base64 or SVG, and return its path for Typst."""
        path = self._next(PICTURES.get(mime, "bin"))
        if mime == "image/svg+xml" and data.lstrip().startswith("<"):
            path.write_text(data, encoding="utf-8", errors="replace")
        else:
            try:
                path.write_bytes(base64.b64decode(data))
            except (binascii.Error, ValueError):
                path.write_bytes(b"")
        return f"/{path.name}"

    def shown(self, tag: re.Match[str], attachments: Attachments) -> str:
        """An ``<img>`` with the path of its picture, or a word about its absence."""
        address = html.unescape(tag[1]).strip()
        if path := self._fetch(address, attachments):
            return tag[0].replace(tag[1], path)
        return f"<code>[picture not found: {html.escape(address[:200])}]</code>"

    def _fetch(self, address: str, attachments: Attachments) -> str:
        """The path for Typst; empty where there is no such picture."""
        if match := re.fullmatch(r"data:(image/[\w+.-]+);base64,\s*([A-Za-z0-9+/=\s]+)", address):
            return self.keep(match[1], match[2])
        if bundle := attachments.get(unquote(address.removeprefix("attachment:"))):
            mime, data = next(iter(bundle.items()))
            return self.keep(mime, data)
        source = self.beside / unquote(address)
        suffix = source.suffix.lower().lstrip(".").replace("jpeg", "jpg")
        try:
            if "://" in address or suffix not in PICTURES.values() or not source.is_file():
                return ""
            path = self._next(suffix)
            shutil.copyfile(source, path)
        except (OSError, ValueError):  # a name that no file can have, one of a device, ...
            return ""
        return f"/{path.name}"

    def _next(self, suffix: str) -> Path:
        self.count += 1
        return self.folder / f"picture{self.count}.{suffix}"
