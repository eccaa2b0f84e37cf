"""Names that a composed notebook uses and nothing in it defines, by pyflakes."""

import ast
from collections.abc import Sequence

from nbformat import NotebookNode
from pyflakes.checker import Checker
from pyflakes.messages import UndefinedName

from helpers.reading.magics import neutralise


def undefined(cells: Sequence[NotebookNode]) -> list[str]:
    """A sentence for each: the name, the cell and the line that use it first."""
    lines: list[str] = []
    places: list[tuple[str, int]] = []
    for cell in cells:
        if cell.cell_type == "code":
            own = neutralise(cell.source)[0].split("\n")
            lines += own
            places += [(cell.id, n) for n in range(1, len(own) + 1)]
    found: dict[str, str] = {}
    try:
        module = ast.parse("\n".join(lines))
    except SyntaxError as error:
        id, line = places[(error.lineno or 1) - 1]
        return [f"cell {id!r}, line {line}, is no Python: {error.msg}"]
    for message in Checker(module).messages:
        if isinstance(message, UndefinedName):
            name = message.message_args[0]
            id, line = places[message.lineno - 1]
            found.setdefault(name, f"cell {id!r}, line {line}, uses {name}, which nothing defines")
    return list(found.values())
