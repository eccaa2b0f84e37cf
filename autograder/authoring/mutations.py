"""The ways in which one thing in a solution can be wrong, as changes of its syntax tree.

Libraries (cosmic-ray, mutmut) change operators and numbers of whole files, in trees of their own;
most of what goes wrong here are axes, gradients, modes, settings and minibatches.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

New = ast.AST | list[ast.AST]
"""What stands in a node's place: one other, or several, or none."""


@dataclass(frozen=True)
class Site:
    """Where a node stands: its ancestors from the outermost, and the names that it may mix up."""

    ancestors: tuple[ast.AST, ...]
    field: str
    names: tuple[str, ...]
    attributes: tuple[str, ...]

    @property
    def parent(self) -> ast.AST:
        return self.ancestors[-1]

    @property
    def counts(self) -> bool:
        """Whether gradients are kept here."""
        headers = [i for a in self.ancestors if isinstance(a, ast.With) for i in a.items]
        return not any("no_grad" in ast.unparse(item) for item in headers)


Operator = Callable[[ast.AST, Site], Iterator[New]]


def drop_statement(node: ast.AST, site: Site) -> Iterator[New]:
    """Leave a statement out; of a ``with`` or an ``if``, also its header alone."""
    if not isinstance(node, ast.stmt):
        return
    yield ast.Pass()
    if isinstance(node, ast.With | ast.If):
        yield [*node.body]


def drop_call(node: ast.AST, site: Site) -> Iterator[New]:
    """What a function is called with, or a method called on, in place of its result."""
    if not isinstance(node, ast.Call) or isinstance(site.parent, ast.Expr):
        return
    match node.func:
        case ast.Attribute(value=of) if _root(of) in site.names and ast.unparse(of) != "self":
            yield of
        case _ if node.args and not isinstance(node.args[0], ast.Starred):
            yield node.args[0]


def drop_argument(node: ast.AST, site: Site) -> Iterator[New]:
    """Leave out a named argument, the last of several others, or a layer."""
    match site.parent:
        case ast.Call(keywords=keywords) if node in keywords:
            yield []
        case ast.Call(func=ast.Attribute(attr="Sequential"), args=args) if node in args:
            yield []
        case ast.Call(args=[_, *_, last]) if node is last:
            yield []


def swap_arguments(node: ast.AST, site: Site) -> Iterator[New]:
    """Exchange neighbours: arguments, what a tuple holds, the sides of - / @."""
    match node:
        case ast.BinOp(left, ast.Sub() | ast.Div() | ast.MatMult() as op, right):
            yield ast.BinOp(right, op, left)
        case ast.Call(func, args, keywords):
            for swapped in _swapped(args):
                yield ast.Call(func, swapped, keywords)
        case ast.Tuple(elts, ast.Load()):
            for swapped in _swapped(elts):
                yield ast.Tuple(swapped, ast.Load())


def swap_name(node: ast.AST, site: Site) -> Iterator[New]:
    """Another variable of the function, or another attribute of the object."""
    match node:
        case ast.Name(id, ast.Load()) if id in site.names and id != "self":
            others = [name for name in site.names if name != "self"]
            if (other := _next(id, others)) != id:
                yield ast.Name(other, ast.Load())
        case ast.Attribute(ast.Name("self"), attr, ast.Load()) if attr in site.attributes:
            if (other := _next(attr, site.attributes)) != attr:
                yield ast.Attribute(ast.Name("self", ast.Load()), other, ast.Load())


def swap_axis(node: ast.AST, site: Site) -> Iterator[New]:
    """Another axis, and no transposition."""
    match node:
        case ast.keyword("dim" | "axis" as arg, value):
            other = 1 if ast.unparse(value) == "0" else 0
            yield ast.keyword(arg, ast.Constant(other))
        case ast.Attribute(value, "T"):
            yield value


OTHER_OPERATOR: dict[type[ast.AST], list[ast.AST]] = {
    ast.Add: [ast.Sub()],
    ast.Sub: [ast.Add()],
    ast.Mult: [ast.Div()],
    ast.Div: [ast.Mult()],
    ast.MatMult: [ast.Mult()],
    ast.Pow: [ast.Mult()],
    ast.Gt: [ast.GtE(), ast.LtE()],
    ast.GtE: [ast.Gt(), ast.Lt()],
    ast.Lt: [ast.LtE(), ast.GtE()],
    ast.LtE: [ast.Lt(), ast.Gt()],
    ast.Eq: [ast.NotEq()],
    ast.NotEq: [ast.Eq()],
    ast.Is: [ast.IsNot()],
    ast.IsNot: [ast.Is()],
    ast.And: [ast.Or()],
    ast.Or: [ast.And()],
}


def change_operator(node: ast.AST, site: Site) -> Iterator[New]:
    """Another operator in an expression, a comparison, or an update."""
    match node:
        case ast.BinOp(op=op) | ast.AugAssign(op=op) | ast.BoolOp(op=op):
            for other in OTHER_OPERATOR.get(type(op), []):
                yield _with(node, op=other)
        case ast.Compare(ops=[op]):
            for other in OTHER_OPERATOR.get(type(op), []):
                yield _with(node, ops=[other])
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value, lineno=node.lineno)


def change_sign(node: ast.AST, site: Site) -> Iterator[New]:
    """Without its minus, and gradients of the opposite loss; a condition turned round."""
    match node:
        case ast.UnaryOp(ast.USub() | ast.Not(), operand):
            yield operand
        case ast.Call(ast.Attribute(loss, "backward"), args, keywords):
            minus = ast.UnaryOp(ast.USub(), loss)
            yield ast.Call(ast.Attribute(minus, "backward", ast.Load()), args, keywords)
        case ast.If(test=test):
            yield _with(node, test=ast.UnaryOp(ast.Not(), test))


def change_constant(node: ast.AST, site: Site) -> Iterator[New]:
    """A whole number one off, another twice as large, true for false."""
    match node:
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(int() as value):
            yield ast.Constant(value + 1)
            if value > 0:
                yield ast.Constant(value - 1)
        case ast.Constant(float() as value):
            yield ast.Constant(2 * value)


def change_optimizer(node: ast.AST, site: Site) -> Iterator[New]:
    """Another optimizer, or a setting that it should not have."""
    match node:
        case ast.Call(ast.Attribute(of, "Adam"), args, keywords):
            for other in ("AdamW", "RMSprop"):
                kept = [k for k in keywords if other == "AdamW" or k.arg not in ("betas", "fused")]
                yield ast.Call(ast.Attribute(of, other, ast.Load()), args, kept)
            for name, value in (("weight_decay", "0.01"), ("betas", "(0.5, 0.999)")):
                if name not in [k.arg for k in keywords]:
                    more = ast.keyword(name, _expression(value))
                    yield ast.Call(node.func, args, [*keywords, more])


WITHOUT_GRADIENT = ("to", "arange", "zeros", "multinomial", "item", "detach")


def cut_gradient(node: ast.AST, site: Site) -> Iterator[New]:
    """Detach what is assigned, returned, a term, or what a function of torch is called with."""
    if not isinstance(node, ast.Name | ast.Call | ast.BinOp) or not site.counts:
        return
    match node:
        case ast.Call(ast.Name()) | ast.Call(ast.Attribute(ast.Name("nn" | "optim" | "np"))):
            return
        case ast.Call(ast.Attribute(attr=name)) if name in WITHOUT_GRADIENT:
            return
    match site.parent:
        case ast.Assign() | ast.Return() | ast.BinOp() if site.field != "targets":
            yield _method(node, "detach")
        case ast.Call(ast.Attribute(ast.Name("F")), args=[first, *_]) if node is first:
            yield _method(node, "detach")


OTHER_NAME = {
    "eval": "train",
    "train": "eval",
    "no_grad": "enable_grad",
    "enable_grad": "no_grad",
    "sum": "mean",
    "mean": "sum",
    "argmax": "argmin",
    "softmax": "log_softmax",
    "ReLU": "LeakyReLU",
    "Sigmoid": "Tanh",
    "zeros": "ones",
}
REDUCED = ("mse_loss", "cross_entropy")


def change_function(node: ast.AST, site: Site) -> Iterator[New]:
    """Another mode, the mean for the sum, and what else is mixed up."""
    match node:
        case ast.Call(ast.Attribute(of, name), args, keywords) if name in OTHER_NAME:
            # eval takes no argument
            kept = [] if name == "train" else args
            yield ast.Call(ast.Attribute(of, OTHER_NAME[name], ast.Load()), kept, keywords)
        case ast.Call(ast.Attribute(_, name), args, keywords) if name in REDUCED:
            sums = ast.keyword("reduction", ast.Constant("sum"))
            yield ast.Call(node.func, args, [*keywords, sums])


def move_device(node: ast.AST, site: Site) -> Iterator[New]:
    """Always on the CPU."""
    match node:
        case ast.keyword("device"):
            yield ast.keyword("device", ast.Constant("cpu"))
        case ast.Call(ast.Attribute(of, "to"), [_]):
            yield _method(of, "cpu")


def stop_loop(node: ast.AST, site: Site) -> Iterator[New]:
    """End a loop after its first round, or leave out the first or last: an epoch, a minibatch."""
    match node:
        case ast.For(iter=over, body=body):
            yield _with(node, body=[*body, ast.Break()])
            for part in ("[1:]", "[:-1]"):
                yield _with(node, iter=_expression(f"list({ast.unparse(over)}){part}"))
        case ast.comprehension(iter=over):
            yield _with(node, iter=_expression(f"list({ast.unparse(over)})[:-1]"))


OPERATORS: tuple[Operator, ...] = (
    drop_statement,
    drop_call,
    drop_argument,
    swap_arguments,
    swap_name,
    swap_axis,
    change_operator,
    change_sign,
    change_constant,
    change_optimizer,
    cut_gradient,
    change_function,
    move_device,
    stop_loop,
)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _method(node: ast.expr, name: str) -> ast.Call:
    return ast.Call(ast.Attribute(node, name, ast.Load()), [], [])


def _expression(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


def _root(node: ast.AST) -> str:
    """The name that an expression with dots begins with."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else "self"


def _swapped(items: list[ast.expr]) -> Iterator[list[ast.expr]]:
    for i in range(len(items) - 1):
        yield [*items[:i], items[i + 1], items[i], *items[i + 2 :]]


def _next(name: str, names: list[str] | tuple[str, ...]) -> str:
    return names[(names.index(name) + 1) % len(names)]
