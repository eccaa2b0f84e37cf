"""Text that comes from students, on its way into Markdown: cleaned, masked, shortened, escaped."""

import re
import sys
import tempfile
from pathlib import Path

from autograder.paths import ROOT

LIMIT = 4000  # characters of printed text that a student gets to see of a question

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.?")
# Controls but tab and newline, and the marks that let text be shown in another order than it has.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_ADDRESS = re.compile(r"\b0x[0-9A-Fa-f]{6,16}\b")
_CODE_SPAN = re.compile(r"(`[^`\n]+`)")

# Backslashes where every Markdown dialect knows them, entities for the rest.
_ESCAPES = str.maketrans(
    {c: f"\\{c}" for c in "\\`*_[]#|"}
    | {"&": "&amp;", "<": "&lt;", ">": "&gt;", "~": "&#126;", "$": "&#36;", "@": "&#64;"}
)


def clean(text: str) -> str:
    """``text`` as a terminal would leave it: no colours, no overwritten lines, no hidden marks."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = _ANSI.sub("", text).replace("\r\n", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    if "\r" in text:  # a progress bar overwrites its line: the last state is what stays
        text = "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))
    return _HIDDEN.sub("", text)


def _private_roots() -> re.Pattern[str]:
    """Folders whose paths say something of the machine and nothing to a student."""
    folders = {tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm", sys.prefix, sys.base_prefix}
    folders |= {str(ROOT), str(Path.home())}
    longest_first = sorted((f.rstrip("/") for f in folders if len(f) > 1), key=len, reverse=True)
    names = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<![\w./-])(?:{names})(?![\w.-])(/[^\s\"'<>|:;,()\[\]{{}}`]*)?")


_PRIVATE = _private_roots()


def mask(text: str) -> str:
    """``text`` without memory addresses and without the folders of the machine that graded it."""
    return _ADDRESS.sub("0x…", _PRIVATE.sub(_shown, text))


def _shown(path: re.Match[str]) -> str:
    *folders, name = (path[1] or "/").strip("/").split("/")
    return f"…/{name}" if name and (folders or "." in name[1:]) else "…"


def shorten(text: str, limit: int = LIMIT) -> str:
    """``text`` with its middle left out where it is longer than ``limit`` characters."""
    if len(text) <= limit:
        return text
    head, tail = limit // 3, limit - limit // 3
    left_out = f"[… {len(text) - limit:,} characters left out …]"
    return f"{text[:head]}\n{left_out}\n{text[-tail:]}"


def shown(text: str) -> str:
    """Student text as it may be shown: cleaned, masked and of bounded length."""
    return shorten(mask(clean(text)).strip("\n"))


def one_line(text: str, limit: int = 600) -> str:
    """Student text for the middle of a sentence."""
    text = " ".join(mask(clean(text)).split())
    return text if len(text) <= limit else f"{text[:limit]} …"


def escape(text: str) -> str:
    """Markdown that shows ``text`` literally; for use within a line, after some other word."""
    text = text.translate(_ESCAPES).replace("://", "&#58;//")
    return re.sub(r"(?i)\bwww\.", lambda m: m[0][:-1] + "&#46;", " ".join(text.split()))


def inline(text: str) -> str:
    """Markdown for a message of one line in which only `code` in backticks is markup."""
    parts = _CODE_SPAN.split(one_line(text))
    return "".join(part if i % 2 else _spaced(part) for i, part in enumerate(parts))


def _spaced(text: str) -> str:
    """``escape`` that keeps a space at either end, next to code."""
    before = " " if text[:1].isspace() else ""
    after = " " if text[-1:].isspace() and text.strip() else ""
    return f"{before}{escape(text)}{after}"


def fence(text: str, language: str = "text") -> str:
    """A block of code that ``text`` cannot close: its fence is longer than any run inside."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    bar = "`" * max(3, longest + 1)
    return f"{bar}{language}\n{text}\n{bar}"
