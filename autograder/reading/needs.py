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


ALWAYS = frozenset([
    "DataLoader", "F", "device", "display", "math", "nn", "np", "optim", "plt", "session", "torch",
    "tqdm", "trange",
])  # fmt: skip
"""What every answer finds, and no call of a student's makes."""


@dataclass(frozen=True)
class _Statement:
    """Statements in the same lines of a cell: the names that they bind, may change, and read.

    ``calls`` are functions called by name, ``imports`` names that come from elsewhere, and
    ``effects`` what functions that they define change when called.
    """

    source: str
    plain: bool = True
    binds: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    effects: frozenset[str] = frozenset()


def needed(answer: str, own: Sequence[str]) -> str:
    """The statements of ``own`` cells that make what ``answer`` takes from them, in their order.

    "" where these only define, or are too much to tell.
    """
    names = _globals(answer) - ALWAYS
    if not any(name in source for source in own for name in names):
        return ""
    statements = [s for source in own for s in _statements(source)]
    if len(statements) > MOST_STATEMENTS:
        return ""
    makes = _makes(statements)
    chosen: set[int] = set()
    while found := {i for i, made in enumerate(makes) if i not in chosen and made & names}:
        chosen |= found  # until nothing more is missing
        names = names.union(*(statements[i].reads for i in found)) - ALWAYS
    if all(statements[i].plain for i in chosen):
        return ""
    source = "\n".join(statements[i].source for i in sorted(chosen))
    return source if len(source) <= LONGEST else ""


def _makes(statements: Sequence[_Statement]) -> list[frozenset[str]]:
    """The names that each statement binds or may change, itself or by a function that it calls."""
    imported = frozenset[str]().union(*(s.imports for s in statements)) | ALWAYS
    functions: dict[str, frozenset[str]] = {}
    for s in statements:
        if s.effects:
            functions |= dict.fromkeys(s.binds, s.effects)
    made = []
    for s in statements:
        through = frozenset[str]().union(*(functions.get(name, frozenset()) for name in s.calls))
        made.append(s.binds | ((s.changes | through) - imported))
    return made


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
        _statement("\n".join(lines[first - 1 : end]), nodes)
        for (first, end), nodes in found.items()
    )


def _statement(source: str, nodes: Sequence[ast.stmt]) -> _Statement:
    try:
        plain = all(map(is_definition, nodes))
        reads = _globals(ast.unparse(ast.Module(list(nodes), [])))
    except RecursionError:
        return _Statement(source)
    binds, changes, calls, imports, effects = (set[str]() for _ in range(5))
    for node in nodes:
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                binds.add(name)
                shared = {g for n in ast.walk(node) if isinstance(n, ast.Global) for g in n.names}
                effects |= shared | set(_changes(node))
                called = [*node.decorator_list, *getattr(node, "bases", ())]
                calls |= {name for c in called for name in _called(c)}
                changes |= {name for c in called for name in _given(c)}
                continue
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                imports |= {a.asname or a.name.partition(".")[0] for a in aliases}
        inner = list(ast.walk(node))
        binds |= {n.id for n in inner if isinstance(n, ast.Name) and not _is_load(n)}
        calls |= {
            n.func.id for n in inner if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        }
        changes |= set(_changes(node))
    return _Statement(
        source, plain, *map(frozenset, (binds | imports, changes, reads, calls, imports, effects))
    )


def _called(node: ast.expr) -> Iterator[str]:
    """The function that a decorator is, or is made by; or a base, which may keep its classes."""
    match node:
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)):
            yield name


def _given(node: ast.expr) -> Iterator[str]:
    """What a decorator may keep the function in: whose method it is, or what it is given."""
    if isinstance(node, ast.Call):
        yield from (
            name for a in [*node.args, *(k.value for k in node.keywords)] for name in _root(a)
        )
        node = node.func
    yield from _method(node)


def _is_load(node: ast.expr) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Load)


def _changes(node: ast.AST) -> Iterator[str]:
    """The names whose values may be changed: stored into, by their methods, or by a call."""
    for inner in ast.walk(node):
        match inner:
            case ast.Subscript(value=ast.Call(func=ast.Name(id="globals")), slice=key):
                if isinstance(key, ast.Constant) and not _is_load(inner):
                    yield str(key.value)
            case ast.Attribute() | ast.Subscript() if not _is_load(inner):
                yield from _root(inner)
            case ast.Call(func=ast.Attribute(value=of), args=arguments):
                yield from _root(of)
                yield from (name for a in arguments for name in _method(a))
            case ast.Call(args=arguments):
                yield from (name for a in arguments for name in _method(a))
            case ast.Expr(value=ast.Call(func=func, args=arguments, keywords=keywords)):
                if not SHOWING & set(_root(func)):
                    given = [*arguments, *(k.value for k in keywords)]
                    yield from (name for a in given for name in _root(a))


def _method(node: ast.expr) -> Iterator[str]:
    """The object of a method that is given away, as in ``map(sizes.append, new)``."""
    if isinstance(node, ast.Attribute):
        yield from _root(node)


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        yield node.id
