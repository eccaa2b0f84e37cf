"""Executing cells beside the probes: what of a cell runs, and where its errors were."""

import __future__

import ast
import builtins
import functools
import linecache
import operator
import re
from dataclasses import dataclass
from types import CodeType, TracebackType
from typing import Any

Namespace = dict[str, Any]

A_GPU = re.compile(r"cuda|get_device|accelerator|\b(mps|xpu)\b")
"""What code that is for a GPU says."""

# Calls in an assignment that make a value and do no work: `hidden = list(...)`, `act = nn.ReLU()`.
CHEAP = frozenset(dir(builtins)) - {"open", "input", "exec", "eval", "compile", "__import__"} | {
    "torch", "nn", "F", "np", "numpy", "math", "optim", "functools", "partial", "itertools",
    "collections", "namedtuple", "session",
}  # fmt: skip


@dataclass
class Trouble:
    """An exception on the untrusted side; ``line`` is 1-based in the cell it came from."""

    type: str
    line: int | None
    message: str


def trouble(error: BaseException, filename: str) -> Trouble:
    """What to tell of ``error``: its type, text, and the deepest line of ``filename`` it passed."""
    line = None
    tb: TracebackType | None = error.__traceback__
    while tb is not None:
        if tb.tb_frame.f_code.co_filename == filename:
            line = tb.tb_lineno
        tb = tb.tb_next
    if isinstance(error, SyntaxError) and error.filename == filename:
        line = error.lineno
    try:
        message = str(error)[:2000]
    except Exception:
        message = ""
    return Trouble(type(error).__name__, line, message)


def run_cell(source: str, namespace: Namespace, filename: str) -> list[Trouble]:
    """Execute a cell statement by statement; one that fails does not keep the next from running."""
    return _execute(source, namespace, filename, everything=True)


def run_definitions(source: str, namespace: Namespace, filename: str) -> list[Trouble]:
    """Execute a cell's imports, functions, classes and constants; nothing that works or shows."""
    return _execute(source, namespace, filename, everything=False)


def _execute(source: str, namespace: Namespace, filename: str, everything: bool) -> list[Trouble]:
    lines = source.splitlines(keepends=True)
    linecache.cache[filename] = (len(source), None, lines, filename)
    troubles = []
    for part in _parts(source, filename, everything):
        try:
            if isinstance(part, Trouble):
                troubles.append(part)
            else:
                exec(part, namespace)
        except BaseException as error:
            troubles.append(trouble(error, filename))
    return troubles


@functools.lru_cache(maxsize=500)  # of one submission's answers, all need the same cells
def _parts(source: str, filename: str, everything: bool) -> list[CodeType | Trouble]:
    """A cell's statements, each compiled by itself, or what is wrong with it."""
    try:
        body = ast.parse(source, filename).body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        return [trouble(error, filename)]
    parts: list[CodeType | Trouble] = []
    flags = _future(body)
    for node in body:
        try:
            if everything or is_definition(node):
                whole = ast.Module([node], [])
                parts.append(compile(whole, filename, "exec", flags, dont_inherit=True))
        except BaseException as error:
            parts.append(trouble(error, filename))
    return parts


def _future(body: list[ast.stmt]) -> int:
    """The flags of what a cell imports from ``__future__``, which hold for all of it."""
    imports = [n for n in body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    features = [getattr(__future__, a.name, None) for node in imports for a in node.names]
    return functools.reduce(operator.or_, (f.compiler_flag for f in features if f), 0)


def is_definition(node: ast.stmt) -> bool:
    """Whether a statement only names something: no training, no plotting, no files."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.ClassDef():
            return True
        case ast.Assign(value=value) | ast.AugAssign(value=value):
            return _is_cheap(value)
        case ast.AnnAssign(value=value):
            return value is None or _is_cheap(value)
        case ast.If(test=test, body=body, orelse=orelse):
            return _is_cheap(test) and all(map(is_definition, [*body, *orelse]))
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
            inner = [*body, *orelse, *final, *(n for h in handlers for n in h.body)]
            return all(is_definition(n) or isinstance(n, ast.Pass) for n in inner)
    return False


def _is_cheap(value: ast.expr) -> bool:
    return all(_root(n.func) in CHEAP for n in ast.walk(value) if isinstance(n, ast.Call))


def _root(func: ast.expr) -> str | None:
    while isinstance(func, ast.Attribute):
        func = func.value
    return func.id if isinstance(func, ast.Name) else None
