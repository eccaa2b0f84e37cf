"""Text of a terminal or a code cell as Typst: escaped, in its colours, wrapped, and cut if huge."""

import re
from collections.abc import Iterator

HEAD, TAIL = 150, 30  # lines kept of a huge output
LONGEST = 20_000  # characters kept of one line
COLOURS = {
    1: "#b00020", 2: "#0a7d32", 3: "#8a6d00", 4: "#1a4fc0", 5: "#8e24aa", 6: "#00788a",
}  # fmt: skip
STYLE = re.compile(r"\x1b\[([0-9;]*)m")
OTHER_ESCAPES = re.compile(
    r"\x1b(?:\[[0-9;?]*[A-Za-ln-z]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-B0-2])"
)


def quote(text: str) -> str:
    """A Typst string literal; control characters, which a PDF cannot hold, are left out."""
    text = "".join(
        c
        for c in text
        if c in "\n\t" or not (ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000)
    )
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "    ")
    return '"' + text.replace("\n", "\\n") + '"'


def breakable(text: str, width: int = 80) -> str:
    """Let words longer than a line wrap."""
    return re.sub(rf"[^\s\u200b]{{{width}}}(?=\S)", lambda match: match[0] + "\u200b", text)


def printed(text: str, fill: str = "none") -> str:
    """A block of printed text as Typst; empty where a terminal would show nothing."""
    text = _cut(_as_on_screen(text))
    if not STYLE.sub("", text).strip():
        return ""
    parts = [f"({quote(breakable(part))}, {style})" for part, style in _styled(text)]
    return f"#printed(({', '.join(parts)},), fill: {fill})"


def _as_on_screen(text: str) -> str:
    """What a terminal shows: of a line that was overwritten, its last state."""
    text = OTHER_ESCAPES.sub("", text).replace("\r\n", "\n")
    while "\x08" in text:  # each takes the sign before it away
        text = re.sub(r"[^\n\x08]\x08|^\x08+", "", text, flags=re.MULTILINE)
    lines = []
    for line in text.split("\n"):
        states = [state for state in line.split("\r") if STYLE.sub("", state).strip()]
        lines.append(states[-1] if states else "")
    return "\n".join(lines).strip("\n")


def _cut(text: str) -> str:
    """The beginning and the end of a huge output, and a note between them."""
    lines = text.split("\n")
    if len(lines) > HEAD + TAIL + 5:
        note = f"[… {len(lines) - HEAD - TAIL:,} lines left out here: see the notebook …]"
        lines = [*lines[:HEAD], note, *lines[-TAIL:]]
    return "\n".join(
        line
        if len(line) <= LONGEST
        else f"{line[:LONGEST]} [… {len(line) - LONGEST:,} characters left out here …]"
        for line in lines
    )


def _styled(text: str) -> Iterator[tuple[str, str]]:
    """Pieces of text, each with the Typst arguments of its colour and weight."""
    colour, bold = "", False
    for i, piece in enumerate(STYLE.split(text)):
        if i % 2:
            colour, bold = _next_style(piece, colour, bold)
        elif piece:
            fill = f'fill: rgb("{colour}")' if colour else ""
            weight = 'weight: "bold"' if bold else ""
            yield piece, f"({', '.join(filter(None, (fill, weight))) or ':'})"


def _next_style(codes: str, colour: str, bold: bool) -> tuple[str, bool]:
    numbers = [int(code or 0) for code in codes.split(";")]
    while numbers:
        code = numbers.pop(0)
        if code in (38, 48):  # a colour of 256, or of all: near enough to none
            del numbers[: 2 if numbers[:1] == [5] else 4]
        elif code == 0:
            colour, bold = "", False
        elif code in (1, 22):
            bold = code == 1
        elif code == 39:
            colour = ""
        elif 30 <= code <= 37 or 90 <= code <= 97:
            colour = COLOURS.get(code % 10, "")
    return colour, bold
