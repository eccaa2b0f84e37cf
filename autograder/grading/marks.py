"""The marks of steps in a solution: ``# step: the cosines of all pairs`` at the end of a line.

A mark names the value that its line computes: what is assigned or returned, what a call changed, or
an expression that stands in a line of its own. A comment that is a line by itself,
``# step: their lengths = x.norm(dim=1)``, names a value that the solution does not need, and that
others may compute; with ``# step 2: ...`` it is the value at the second time.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import Any

from autograder.model import CourseError

MARK = re.compile(r"[ \t]*# step: +(.+)$", re.MULTILINE)
ASIDE = re.compile(r"^([ \t]*)# step(?: (\d))?: +(.+?) = (.+)\n", re.MULTILINE)


def unmarked(source: str) -> str:
    """A solution without its marks."""
    return MARK.sub("", ASIDE.sub("", source))


def instrumented(source: str, place: str) -> str:
    """A solution that calls ``__step__`` with the name and value of each step.

    Raises:
        CourseError: a mark stands where no value is computed; ``place`` names the cell.
    """
    source = _with_asides(source)
    marks = _marks(source)
    marker = _Marker(marks)
    module = ast.fix_missing_locations(marker.visit(ast.parse(source)))
    if lost := sorted(set(marks) - marker.used):
        raise CourseError(
            f"{place}, line {lost[0]}: no value is computed where `# step: {marks[lost[0]]}` "
            "stands: put it at the end of an assignment, a return, or a call."
        )
    return ast.unparse(module)


def _with_asides(source: str) -> str:
    """The solution with the values beside it computed too."""
    return ASIDE.sub(lambda m: f"{m[1]}__step__({m[3]!r}, {m[4]}, '', {m[2] or 1})\n", source)


def _marks(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [t for t in tokens if t.type == tokenize.COMMENT]
    return {t.start[0]: m[1].strip() for t in comments if (m := MARK.match(t.string))}


class _Marker(ast.NodeTransformer):
    """Puts calls of ``__step__`` into a module, for the marks of each line."""

    def __init__(self, marks: dict[int, str]) -> None:
        self.marks, self.used = marks, set[int]()

    def visit(self, node: ast.AST) -> Any:
        line = getattr(node, "end_lineno", None)
        if line in self.marks and line not in self.used:
            whole = isinstance(node, ast.expr) and node.lineno == line
            if whole and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
                self.used.add(line)
                return _call(self.marks[line], node)
            if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return | ast.Expr):
                self.used.add(line)
                text = self.marks[line]
                return _marked(self.generic_visit(node), text)  # type: ignore[arg-type]
        return self.generic_visit(node)


def _marked(node: ast.stmt, text: str) -> Any:
    match node:
        case (
            ast.Assign(targets=[target, *_])
            | ast.AugAssign(target=target)
            | ast.AnnAssign(target=target)
        ):
            return [node, ast.Expr(_call(text, ast.parse(ast.unparse(target), mode="eval").body))]
        case ast.Return(value=ast.expr() as value):
            return ast.Return(_call(text, value))
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=of, attr=name), args=args)):
            # What the call changed: gradients, parameters, or the object itself.
            of = args[0] if name == "step" and args else of
            return [node, ast.Expr(_call(text, of, name))]
    return node


def _call(text: str, value: ast.AST, kind: str = "") -> ast.Call:
    arguments: list[Any] = [ast.Constant(text), value, ast.Constant(kind)]
    return ast.Call(ast.Name("__step__", ast.Load()), arguments, [])


def before(source: str) -> dict[str, set[str]]:
    """For each step, the steps that its value is computed from, as far as names tell.

    Gradients come from all that was computed before them. Updates say little of what they come
    from: Adam's first is the same for any multiple of a loss. What stands aside is needed by none,
    and taken for a way to all that follow.
    """
    source = _with_asides(source)
    marks, found = _marks(source), dict[str, set[str]]()
    made: dict[str, set[str]] = {}
    asides = set[str]()
    for node in _in_order(ast.parse(source)):
        match node:
            case ast.Expr(
                value=ast.Call(func=ast.Name(id="__step__"), args=[ast.Constant(value=text), *_])
            ):
                asides.add(str(text))
                found[str(text)] = set()
                continue
        last = node.end_lineno or node.lineno
        inner = [marks[line] for line in range(node.lineno, last) if line in marks]
        used = set().union(*(made.get(name, set()) for name in _names(node, ast.Load)))
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="backward"))):
                used = set(found)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="step"))):
                used = set()
        found |= {text: set(used) for text in inner}
        used |= set(inner)
        if last in marks:
            found[marks[last]] = set(used)
            used.add(marks[last])
        for name in _names(node, ast.Store):
            made[name] = used
    order = list(found)
    return {text: needs | asides & set(order[: order.index(text)]) for text, needs in found.items()}


def _in_order(node: ast.AST) -> Iterator[ast.stmt]:
    """The statements without a body of their own, as they stand."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt) and not hasattr(child, "body"):
            yield child
        else:
            yield from _in_order(child)


def _names(node: ast.AST, kind: type[ast.expr_context]) -> set[str]:
    """The names, and attributes of ``self``, that a statement reads or binds."""
    return {
        ast.unparse(n)
        for n in ast.walk(node)
        if isinstance(n, ast.Name | ast.Attribute) and isinstance(n.ctx, kind)
    }
