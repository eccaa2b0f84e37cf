"""Makes plain Python of a notebook cell: magics, shell escapes and help requests do nothing."""

import ast
import functools
import re
import warnings

# Cell magics whose body is no Python.
FOREIGN = frozenset([
    "R", "bash", "bigquery", "cmd", "file", "html", "javascript", "js", "latex", "markdown", "perl",
    "ruby", "script", "sh", "shell", "svg", "sx", "system", "writefile",
])  # fmt: skip
AUTOMAGIC = re.compile(
    r"(pip3?|conda|mamba|apt(-get)?|cd|ls|cp|mv|rm|mkdir|cat|wget|curl|git|unzip)\s+"
    r"(?!(and|or|in|is|not|if)\b)([\w~/\"'$]|\.|-[A-Za-z-])"
)
"""A command with an argument; what Python could go on with, an operator, is none."""
HELP = re.compile(r"\?{1,2}[\w.%]+$|[\w.%\[\]'\"]+\?{1,2}$")
AUTOCALL = re.compile(r"[,;/]\s*[A-Za-z_]")
ASSIGNED = re.compile(r"([A-Za-z_][\w.,\s]*=\s*)([!%])(?![=])\s*\S")

MODULE = re.compile(r"%%(writefile|file)\s+((-a|--append)\s+)?([\"']?)\S.*\.py\4\s*$")
"""A cell that is written into a module, for another to import: its code counts here."""
PROMPT = re.compile(r"\s*(In \[\d*\]:|>>>)( |$)")
CONTINUED = re.compile(r"\s*(In \[\d*\]:|\.{3,}:?|>>>)( |$)")

SHELL = "Shell commands were left out."
PASTED = "Prompts, or an indentation of a whole cell, were left out."
MAGIC = "Notebook magics were left out."
FOREIGN_CELL = "A cell that is not in Python was left out."
COLAB = "`google.colab` does nothing when graded."


@functools.lru_cache(maxsize=10_000)
def neutralise(source: str) -> tuple[str, list[str]]:
    """``source`` as plain Python with as many lines, and notes that say what was left out.

    A line magic or shell escape becomes ``pass``, the name it is assigned to an empty list;
    ``%time`` keeps its statement and a cell magic such as ``%%time`` its body.
    """
    notes = [COLAB] if "google.colab" in source else []
    written = source.split("\n")
    lines = _as_typed(written)
    if lines != written:  # a prompt can be Python: `In [1]: x = 2` is an annotation
        notes.append(PASTED)
        source = "\n".join(lines)
    if parses(source):
        return source, notes
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    while lines[first].startswith("%%") and first < len(lines) - 1:
        foreign = re.split(r"\s", lines[first][2:], maxsplit=1)[0] in FOREIGN
        if foreign and not MODULE.match(lines[first]):
            return "\n".join(f"# {line}" for line in lines), [*notes, FOREIGN_CELL]
        lines[first] = f"# {lines[first]}"
        notes.append(MAGIC)
        first += 1
    scanner = _Scanner()
    carried = False
    for i, line in enumerate(lines):
        if carried:
            carried, lines[i] = line.rstrip().endswith("\\"), f"# {line}"
            continue
        if scanner.at_start and (found := _neutral(line)):
            carried = line.rstrip().endswith("\\")
            lines[i], note = found
            notes.append(note)
            continue
        scanner.feed(line)
    return "\n".join(lines), list(dict.fromkeys(notes))


def _as_typed(lines: list[str]) -> list[str]:
    """Lines without prompts, and without an indentation of all, which IPython takes as well."""
    written = [line for line in lines if line.strip()]
    if written and any(map(PROMPT.match, written[:2])):
        lines = [CONTINUED.sub("", line, count=1) if CONTINUED.match(line) else line
                 for line in lines]  # fmt: skip
        written = [line for line in lines if line.strip()]
    indent = re.match(r"[ \t]*", written[0])[0] if written else ""  # type: ignore[index]
    return [line.removeprefix(indent) for line in lines]


def parses(source: str) -> bool:
    """Whether ``source`` is Python."""
    return tree(source) is not None


def tree(source: str) -> ast.Module | None:
    """The syntax tree of ``source``; None where it has none, for whatever reason."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a student's invalid escape sequences
            return ast.parse(source)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _neutral(line: str) -> tuple[str, str] | None:
    text = line.lstrip()
    indent = line[: len(line) - len(text)]
    if timed := re.match(r"%time\s+(?=\S)", text):
        return indent + text[timed.end() :], MAGIC
    if text.startswith("!"):
        return f"{indent}pass  # {text}", SHELL
    if text.startswith("%") or AUTOCALL.match(text):
        return f"{indent}pass  # {text}", MAGIC
    if match := ASSIGNED.match(text):
        return f"{indent}{match[1]}[]  # {text}", SHELL if match[2] == "!" else MAGIC
    if HELP.match(text.strip()):
        return f"{indent}pass  # {text}", MAGIC
    if AUTOMAGIC.match(text):
        return f"{indent}pass  # {text}", SHELL
    return None


class _Scanner:
    """Follows brackets, strings and continued lines: only a new statement can be a magic."""

    TOKEN = re.compile(r"\\.|'''|\"\"\"|['\"#()\[\]{}]")

    def __init__(self) -> None:
        self.depth = 0
        self.quote = ""
        self.continued = False

    @property
    def at_start(self) -> bool:
        return not (self.depth or self.quote or self.continued)

    def feed(self, line: str) -> None:
        for match in self.TOKEN.finditer(line):
            token = match[0]
            if self.quote:
                if token == self.quote:
                    self.quote = ""
            elif token == "#":
                return
            elif token[0] in "'\"":
                self.quote = token
            elif token in "([{":
                self.depth += 1
            elif token in ")]}":
                self.depth = max(0, self.depth - 1)
        self.continued = line.endswith("\\")
        if len(self.quote) == 1 and not self.continued:
            self.quote = ""  # a string in single quotes ends with its line
