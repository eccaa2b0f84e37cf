"""Numbers that a term may choose: declared once, and filled in wherever text or code names them.

``{{temperature}}`` stands for an option's value, and ``{{=ln(K + 1):.3f}}`` for what follows from
it, in the format of Python's ``format``. A formula may name what a part computes of its numbers.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.model import CourseError

Computed = Callable[[Any], int | float]
Values = Mapping[str, str | int | float | Computed]
PLACE = re.compile(r"(?<!\{)\{\{(?:(\w+)|=([^{}]+?)(?::([^{}:]*))?)\}\}(?!\})")
OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Pow: operator.pow,
    ast.USub: operator.neg,
}  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ln": math.log,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "round": round,
}


@dataclass(frozen=True)
class Number:
    """An option that is a number: its default, what it may be, and ``samples`` for the audit.

    ``said`` is a pattern of texts that hold its default, and that nobody may have typed.
    """

    default: int | float
    low: float
    high: float
    samples: tuple[int | float, int | float]
    said: str = ""

    def misfit(self, name: str, value: Any) -> str:
        """Why a value is none, as a sentence; "" where it is one."""
        whole = isinstance(self.default, int)
        kind = "a whole number" if whole else "a number"
        wrong = isinstance(value, bool) or not isinstance(value, int if whole else int | float)
        if wrong or not self.low <= value <= self.high:
            return (
                f"the option {name} is {value!r}, but has to be {kind} from {self.low:g} to "
                f"{self.high:g}."
            )
        return ""

    def typed(self, text: str, value: Any) -> str:
        """What in ``text`` still says the default, though the value is another; "" else."""
        found = re.search(self.said, text) if self.said and value != self.default else None
        return found[0] if found else ""


def filled(text: str, values: Values) -> str:
    """The text with its placeholders filled in; what is no option's stays as it is.

    Raises:
        CourseError: a formula names something that is no number, or is none.
    """

    def value(match: re.Match[str]) -> str:
        name, formula, form = match.groups()
        if name:
            known = name in values and not callable(values[name])
            return str(values[name]) if known else match[0]
        try:
            return format(_value(ast.parse(formula, mode="eval").body, values), form or "")
        except (SyntaxError, TypeError, ValueError, KeyError, ArithmeticError) as error:
            raise CourseError(f"{match[0]} cannot be computed: {error}.") from None

    return PLACE.sub(value, text)


def _value(node: ast.expr, values: Values) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            value = values[name]
            return value(values) if callable(value) else value
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](_value(left, values), _value(right, values))
        case ast.UnaryOp(op=op, operand=operand):
            return OPERATORS[type(op)](_value(operand, values))
        case ast.Call(func=ast.Name(id=name), args=args):
            return FUNCTIONS[name](*(_value(a, values) for a in args))
    raise ValueError(f"{ast.unparse(node)} is no sum, product or function of numbers")
