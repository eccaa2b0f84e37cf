"""What a file is that bears a notebook's name and is none."""

import re

from helpers.reading.magics import tree

CONFLICT = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)
POINTERS = {
    "version https://git-lfs": "Git LFS keeps instead of a large file: run `git lfs pull`",
    '{"url": "https://d': "Google Drive keeps instead of a file: download the notebook itself",
    '{"url":"https://d': "Google Drive keeps instead of a file: download the notebook itself",
}


def what(text: str, line: int) -> str:
    """What a text is that is no JSON from ``line`` on, as the rest of a sentence with its name."""
    begin = text.lstrip()[:200]
    for start, of in POINTERS.items():
        if begin.startswith(start):
            return f"is a pointer that {of}, and hand it in again."
    if re.match(r"(?i)<(!doctype html|html|\?xml|head|body|div)", begin):
        return "is a web page, not a notebook: hand in the .ipynb file itself."
    if conflict := CONFLICT.search(text):
        place = text.count("\n", 0, conflict.start()) + 1
        return (
            f"holds both sides of a Git conflict, from line {place} on: choose one of them in a "
            "text editor, see that the notebook opens, and hand it in again."
        )
    if begin.startswith("{\\rtf"):
        return "is a document of a word processor, not a notebook: hand in the .ipynb file itself."
    if begin[:1] not in ("{", "[", '"') and (module := tree(text)) and len(module.body) > 1:
        return "is a Python program, not a notebook: hand in the .ipynb file itself."
    return (
        f"is not a notebook: it is not valid JSON (line {line}), perhaps cut off. Save it and "
        "download it again."
    )
