"""What an answer takes from the student's own cells, and the statements that make it.

Definitions in those cells are run in any case. Values that a call, a loop or a method makes are run
only where an answer needs them: a training is not.
"""

import ast
import functools
import symtable
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.sandbox.cells import is_definition
from helpers.reading.cells import LONGEST
from helpers.reading.magics import tree

MOST_STATEMENTS = 2_000
SHOWING = frozenset(["display", "plt", "print"])


@dataclass(frozen=True)
class _Statement:
    """A statement at the top of a cell: what it may bind or change, and what it reads."""

    source: str
    plain: bool
    makes: frozenset[str]
    reads: frozenset[str]


def needed(answer: str, own: Sequence[str]) -> str:
    """The statements of ``own`` cells that make what ``answer`` takes from them, in their order.

    "" where these only define, or are too much to tell.
    """
    names = _globals(answer)
    sources = [source for source in own if any(name in source for name in names)]
    if not sources:
        return ""
    statements = [s for source in own for s in _statements(source)]
    if len(statements) > MOST_STATEMENTS:
        return ""
    chosen: set[int] = set()
    while found := {
        i for i, s in enumerate(statements) if i not in chosen and s.makes & names
    }:  # until nothing more is missing
        chosen |= found
        names = names.union(*(statements[i].reads for i in found))
    if all(statements[i].plain for i in chosen):
        return ""
    source = "\n".join(statements[i].source for i in sorted(chosen))
    return source if len(source) <= LONGEST else ""


def _globals(source: str) -> frozenset[str]:
    """The names that code takes from the notebook: those that it reads and does not hold itself."""
    try:
        table = symtable.symtable(source, "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    names, waiting = set(), [table]
    while waiting:
        scope = waiting.pop()
        waiting += scope.get_children()
        names |= {
            symbol.get_name()
            for symbol in scope.get_symbols()
            if symbol.is_referenced() and (scope is table or symbol.is_global())
        }
    return frozenset(names)


@functools.lru_cache(maxsize=1000)
def _statements(source: str) -> tuple[_Statement, ...]:
    """Those of a cell, by the lines that they are in."""
    module, lines = tree(source), source.split("\n")
    body = module.body if module else []
    found: dict[tuple[int, int], list[ast.stmt]] = {}
    for node in body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        found.setdefault((first, node.end_lineno or first), []).append(node)
    return tuple(
        _Statement("\n".join(lines[first - 1 : end]), *_effects(nodes))
        for (first, end), nodes in found.items()
    )


def _effects(nodes: Sequence[ast.stmt]) -> tuple[bool, frozenset[str], frozenset[str]]:
    """Whether statements only define; what they may make, and what they read."""
    try:
        plain = all(map(is_definition, nodes))
        reads = _globals(ast.unparse(ast.Module(list(nodes), [])))
    except RecursionError:
        return True, frozenset(), frozenset()
    return plain, frozenset(name for node in nodes for name in _makes(node)), reads


def _makes(node: ast.stmt) -> Iterator[str]:
    """The names that a statement binds, or whose values it may change."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
            return
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in aliases)
            return
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case (
                ast.Attribute(ctx=ast.Store() | ast.Del())
                | ast.Subscript(ctx=ast.Store() | ast.Del())
            ):
                yield from _root(inner)
            case ast.Expr(value=ast.Call(func=func, args=arguments)):
                # Called for what it does: to its object, or to what it is given.
                if not SHOWING & set(_root(func)):
                    for part in (func, *arguments):
                        yield from _root(part)


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id
