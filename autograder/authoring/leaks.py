"""Finds what a release must not show: solutions, hidden tests, outputs."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

Cell = Mapping[str, Any]

MARKER = re.compile(
    r"\b(BEGIN|END)[\s_-]*(SOLUTIONS?|HIDDEN[\s_-]*TESTS?|MARK[\s_-]*SCHEMES?)\b", re.IGNORECASE
)
SHORT = 12
"""A removed line of at most so many characters, spaces not counted, gives nothing away."""

# Lines that all training code shares, and that teaching text quotes: they give nothing away.
_IDIOM = re.compile(
    r"""(async\s)?for\s[\w\s,()]+\sin\s[\w\s.,()]+:
    | with\s[\w.]+\(\):
    | [\w.]+\(\)                                  # optimizer.step()
    | super\(\).__init__\(\)
    | \w+(,\s\w+)*\s=\s\w+\.to\([\w.]+\)(,\s\w+\.to\([\w.]+\))*  # x, y = x.to(device), y.to(device)
    | return\s[\w\s,]+
    """,
    re.VERBOSE,
)
_BASE64 = re.compile(r"[A-Za-z0-9+/\n]{16,}={0,2}")


def unbalanced(source: str) -> str:
    """What is wrong with the markers of a cell's source, as half a sentence; empty when nothing.

    nbgrader removes a region from the line of its BEGIN to that of its END, and passes over an
    END without a BEGIN, which leaves the solution above it in the release.
    """
    inside = ""
    for number, line in enumerate(source.split("\n"), 1):
        if not (match := MARKER.search(line)):
            continue
        text, what = match.group(0), re.sub(r"[\s_-]+", " ", match.group(2)).upper()
        if not re.search(r"\b(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)\b", line):
            return f"line {number} has {text!r}, which nbgrader does not know as a marker"
        if match.group(1) == "BEGIN":
            if inside:
                return f"line {number} has {text!r} before END {inside}"
            inside = what
        elif inside != what:
            return f"line {number} has {text!r} without a BEGIN {what} above it"
        else:
            inside = ""
    return f"BEGIN {inside} has no END {inside}" if inside else ""


def split(source: str) -> tuple[list[str], list[str]]:
    """The lines of a cell that a student sees, and those between markers, which are removed."""
    seen: list[str] = []
    removed: list[str] = []
    into = seen
    for line in source.split("\n"):
        if match := MARKER.search(line):
            into = removed if match.group(1).upper() == "BEGIN" else seen
        else:
            into.append(line)
    return seen, removed


def removed_and_seen(notebook: Mapping[str, Any]) -> Iterator[tuple[Any, str, str]]:
    """Of each code cell with a solution its id, what is removed, and what students see."""
    for cell in notebook["cells"]:
        seen, removed = split(_source(cell))
        if removed and cell["cell_type"] == "code":
            yield cell.get("id"), "\n".join(removed), "\n".join(seen)


def find(
    solution: Mapping[str, Any], release: Mapping[str, Any], beside: Mapping[str, str] | None = None
) -> list[str]:
    """One sentence for everything in ``release`` that students must not get.

    Both are notebooks in nbformat 4, as parsed JSON; ``solution`` still has its marked regions.
    ``beside`` holds, by name, the texts of files that students get with it.
    A removed line counts wherever it turns up again, in sources, metadata or attachments, however
    it is indented; not when the line is short, an idiom, or to be seen in an answer cell as well.
    """
    problems = []
    needles = _needles(solution["cells"])
    places: list[tuple[str, Any]] = [
        (f"cell {cell.get('id', number)!r}", cell) for number, cell in enumerate(release["cells"])
    ]
    places.append(("the notebook's metadata", release["metadata"]))
    places += [(name, {"source": text}) for name, text in (beside or {}).items()]
    for place, content in places:
        if content.get("outputs"):
            problems.append(f"{place} has an output")
        if content.get("execution_count") is not None:
            problems.append(f"{place} has the execution count {content['execution_count']}")
        for text in texts(content):
            if match := MARKER.search(text):
                problems.append(f"{place} has the marker {match.group(0)!r}")
            squeezed = _squeeze(text)
            for needle, (line, owner) in needles.items():
                if needle in squeezed:
                    problems.append(f"{place} has {line!r}, a line removed from cell {owner!r}")
    return list(dict.fromkeys(problems))


def _needles(cells: list[Cell]) -> dict[str, tuple[str, str]]:
    scaffold: set[str] = set()
    for cell in cells:
        seen, removed = split(_source(cell))
        if removed:
            scaffold.update(_squeeze(line) for line in seen)
    needles = {}
    for cell in cells:
        for line in split(_source(cell))[1]:
            # With and without its comment: either may have been copied alone.
            for part in (line.strip(), re.sub(r"\s+#[^'\"]*$", "", line).strip()):
                needle = _squeeze(part)
                if len(needle) > SHORT and needle not in scaffold and not _IDIOM.fullmatch(part):
                    needles[needle] = (part, str(cell.get("id")))
    return needles


def texts(value: Any) -> Iterator[str]:
    """All text in parsed JSON, and the text hidden in it as base64."""
    if isinstance(value, Mapping):
        if isinstance(value.get("source"), list):
            value = {**value, "source": "".join(value["source"])}
        for key, item in value.items():
            yield str(key)
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value
        for match in _BASE64.finditer(value):
            data = match.group(0).replace("\n", "").rstrip("=")
            data = data[: len(data) - (len(data) % 4 == 1)]
            try:
                yield base64.b64decode(data + "=" * (-len(data) % 4)).decode("utf-8", "ignore")
            except (binascii.Error, ValueError):
                continue


def _source(cell: Cell) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)
