"""What HTML shows on a screen, for a page: pictures, and a word for what only a screen can show."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from helpers.pdf.pictures import Attachments, Pictures

ANY_CASE = re.IGNORECASE | re.DOTALL
ONLY_ON_SCREEN = {
    "iframe": "an embedded page", "video": "a video", "audio": "a sound", "canvas": "a drawing",
    "object": "an object", "embed": "an object", "applet": "an object",
}  # fmt: skip
# An element ends before the next of its kind begins, so that none is searched for its end twice.
MEDIA = re.compile(
    rf"<({'|'.join(ONLY_ON_SCREEN)})\b(?:\"[^\"]*\"|'[^']*'|[^<>\"'])*>(?:(?:(?!<\1\b).)*?</\1\s*>)?",
    ANY_CASE,
)
FILLED_BY_SCRIPT = re.compile(r"<(div|span|figure)\b[^<>]*?\bid\s*=[^<>]*>\s*</\1\s*>", ANY_CASE)
SCRIPT = re.compile(r"<script\b", re.IGNORECASE)
SILENT = re.compile(r"<(style|script|template)\b.*?(?:</\1\s*>|\Z)", ANY_CASE)
BUTTON = re.compile(r"<button\b(?:(?!<button\b).)*?</button\s*>", ANY_CASE)
SVG = re.compile(r"<svg\b(?:(?!<svg\b).)*?</svg\s*>", ANY_CASE)
TAG = re.compile(r"<[^<>]*>")
IMAGE = re.compile(r"<img\b[^<>]*?\bsrc\s*=\s*[\"']?([^\"'<>]*)[^<>]*>", ANY_CASE)


def on_page(page: str, attachments: Attachments, files: Pictures) -> str:
    """HTML with its pictures as files, and a word in the place of what a page cannot show."""
    if SCRIPT.search(page):
        page = FILLED_BY_SCRIPT.sub(_word("what a script draws"), page)
    page = SILENT.sub("", page)
    page = MEDIA.sub(lambda m: _word(ONLY_ON_SCREEN[m[1].lower()]), page)
    page = BUTTON.sub(lambda m: m[0] if _words(m[0]) else "", page)
    page = IMAGE.sub(lambda m: files.shown(m, attachments), page)
    return SVG.sub(lambda m: _drawing(m[0], files), page)


def _word(what: str) -> str:
    return f"<code>[{what}, which a page cannot show: see the notebook]</code>"


def _words(button: str) -> str:
    """What a button says; Colab's beside a table hold an icon alone."""
    return TAG.sub("", SVG.sub("", button)).strip()


def _drawing(svg: str, files: Pictures) -> str:
    """A drawing within HTML as a picture."""
    try:
        ElementTree.fromstring(svg)
    except (ElementTree.ParseError, ValueError):
        return _word("a drawing")
    return f'<img src="{files.keep("image/svg+xml", svg)}">'
