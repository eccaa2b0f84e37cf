"""Continues an executed notebook with further cells, without running again what trained.

A problem set of several parts begins with one that others begin with too. Its executed cells are
taken as they are; of their code only the cells that bind a name which the new cells use are run
again: imports, definitions, loaders. Plain values, such as accuracies, are kept with an execution
and put back. What a later cell only changed in place, such as a network that it trained, comes
back untrained: a part uses no networks of another.
"""

import ast
import json
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from autograder.authoring.compose import SHARED
from helpers.reading.magics import neutralise, tree

OWN_METADATA = ("kept", "fingerprint")
"""What an execution knows of itself: its plain values, and what it was an execution of."""

KEEP = """
def plain_values():
    import ast, json
    kinds = (dict, list, tuple, int, float, str, bool)
    values = {}
    for name, value in globals().items():
        if not name.startswith("_") and name not in ("In", "Out") and type(value) in kinds:
            try:
                if len(repr(value)) < 100_000 and ast.literal_eval(repr(value)) == value:
                    values[name] = repr(value)
            except Exception:
                pass  # an array inside, say
    print(json.dumps(values))
plain_values()
"""
RESTORE = """
import ast
globals().update({name: ast.literal_eval(value) for name, value in %r.items()})
"""


@dataclass(frozen=True)
class Plan:
    """By index: the cells that are ``known`` from before, and those of them to run ``again``."""

    known: dict[int, NotebookNode] = field(default_factory=dict)
    again: frozenset[int] = frozenset()


def plan(notebook: NotebookNode, before: NotebookNode | None) -> Plan:
    """Which cells of a notebook that begins with those of ``before`` are to be run."""
    if before is None:
        return Plan()
    done = {cell.id: cell for cell in before.cells}
    cells = list(enumerate(notebook.cells))
    first = next((i for i, cell in cells if cell.id not in done), len(cells))
    known = {i: done[cell.id] for i, cell in cells[:first] if cell.cell_type == "code"}
    kept = set(before.metadata.kept)
    wanted: set[str] = set()
    for _, cell in reversed(cells[first:]):
        if cell.cell_type == "code":
            wanted = (wanted - _binds(cell.source)) | _needs(cell.source)
    again = set()
    for i in sorted(known, reverse=True):
        source = notebook.cells[i].source
        shared = SHARED in notebook.cells[i].metadata.get("tags", [])
        if shared or _binds(source) & (wanted - kept):
            again.add(i)
            wanted = (wanted - _binds(source)) | _needs(source)
    return Plan(known, frozenset(again))


def _statements(source: str) -> Iterator[ast.stmt]:
    module = tree(neutralise(source)[0])
    yield from module.body if module else ()


def _needs(source: str) -> set[str]:
    """The names that a cell uses and does not bind itself, before it uses them."""
    needed: set[str] = set()
    bound: set[str] = set()
    for node in _statements(source):
        used = _globals(symtable.symtable(ast.unparse(node), "<cell>", "exec"))
        if hasattr(node, "body"):  # a loop binds its variables before it uses them
            used -= _bound(node)
        updated = [n.target for n in ast.walk(node) if isinstance(n, ast.AugAssign)]
        used |= {n.id for n in updated if isinstance(n, ast.Name)}
        needed |= used - bound
        bound |= _bound(node)
    return needed


def _globals(table: symtable.SymbolTable) -> set[str]:
    """What a scope, and those in it, take from the module."""
    top = table.get_type() == "module"
    found = {
        s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())
    }
    return found.union(*map(_globals, table.get_children()))


def _binds(source: str) -> set[str]:
    return set().union(*map(_bound, _statements(source)))


def _bound(node: ast.stmt) -> set[str]:
    table = symtable.symtable(ast.unparse(node), "<cell>", "exec")
    return {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}


def restore(client: NotebookClient, before: NotebookNode) -> None:
    """Put the plain values that an execution ended with into a fresh kernel."""
    _aside(client, RESTORE % dict(before.metadata.kept))


def keep(client: NotebookClient) -> dict[str, str]:
    """The plain values of a kernel's names, as literals."""
    printed = "".join(o.get("text", "") for o in _aside(client, KEEP).outputs)
    return dict(json.loads(printed))


def _aside(client: NotebookClient, source: str) -> NotebookNode:
    """Run code that is no part of the notebook."""
    cells = client.nb.cells
    cells.append(nbformat.v4.new_code_cell(source))
    try:
        client.execute_cell(cells[-1], len(cells) - 1, store_history=False)
    finally:
        cell = cells.pop()
    return cell


def renumber(notebook: NotebookNode) -> None:
    """Count the cells that were run in their order, as a single run would have."""
    ran = [c for c in notebook.cells if c.cell_type == "code" and c.execution_count is not None]
    for count, cell in enumerate(ran, 1):
        cell.execution_count = count
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count
