"""Code as it counts: without comments, layout and docstrings, and without what nothing calls."""

import ast
from collections.abc import Collection

from helpers.reading.magics import tree


def meaning(source: str) -> str:
    """The code without comments, layout and docstrings; as it is where it is no Python."""
    module = tree(source)
    if module is None:
        return source
    for node in ast.walk(module):
        match node:
            case (
                ast.Module(body=[ast.Expr(value=ast.Constant(value=str())), *rest])
                | ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=str())), *rest])
                | ast.ClassDef(body=[ast.Expr(value=ast.Constant(value=str())), *rest])
            ):
                node.body = rest
    return ast.dump(module)


def behind(source: str, names: Collection[str]) -> str:
    """The statements of a module that define ``names``, and all that these read, as they count."""
    module = ast.parse(source)
    binds: dict[str, list[ast.stmt]] = {}
    for node in module.body:
        for name in _bound(node):
            binds.setdefault(name, []).append(node)
    waiting, chosen = list(names), set()
    while waiting:
        for node in binds.pop(waiting.pop(), ()):
            if node not in chosen:
                chosen.add(node)
                waiting += [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    return "\n".join(meaning(ast.unparse(node)) for node in module.body if node in chosen)


def _bound(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(a.asname or a.name).partition(".")[0] for a in node.names}
    return {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
