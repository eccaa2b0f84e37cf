"""What a notebook claims in its report answers, and what it printed: literals and records."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from helpers.handing.results import KINDS, PRINTED
from helpers.notebook import RESULT, text_of

LONGEST = 100  # characters of a result's name
SHA256 = re.compile(r"[0-9a-f]{64}")
ROUNDING = 0.00999  # two decimals, rounded or cut off, as people copy them


def literals(module: ast.Module | None) -> dict[str, Any]:
    """The names that ``module`` assigns a literal to; ``dict(a=1)`` counts as one."""
    found: dict[str, Any] = {}
    for node in module.body if module else ():
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                try:
                    found[name] = _literal(value)
                except (ValueError, TypeError, MemoryError, RecursionError):
                    found.pop(name, None)
    return found


def _literal(node: ast.expr) -> Any:
    match node:
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            return {str(k.arg): ast.literal_eval(k.value) for k in keywords}
    return ast.literal_eval(node)


def is_number(value: Any) -> bool:
    """Whether this is a number, and neither a truth value, infinite, nor too large for a float."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= sys.float_info.max


@dataclass(frozen=True)
class Result:
    """A test accuracy that a notebook shows; ``model`` is the SHA-256 of the weights behind it."""

    name: str
    accuracy: float
    profile: str
    model: str = ""


def shown_results(outputs: Iterable[Mapping[str, Any]]) -> dict[str, Result]:
    """The results that ``helpers.record`` left in outputs, by name; the last of each counts.

    Where none is recorded under a name, the printed line counts: it is what some tools keep.
    """
    recorded: dict[str, Result] = {}
    printed: dict[str, Result] = {}
    for output in outputs:
        data = output.get("data")
        data = data if isinstance(data, dict) else {}
        if result := _recorded(data.get(RESULT)):
            recorded[result.name] = result
            continue
        text = text_of(data.get("text/plain")) or text_of(output.get("text"))
        for name, accuracy, kind in PRINTED.findall(text.replace("\r", "\n")):
            result = Result(name[:LONGEST], float(accuracy), kind)
            printed[result.name] = result
    return printed | recorded


def _recorded(record: Any) -> Result | None:
    match record:
        case {"name": str(name), "accuracy": accuracy, "profile": str(kind)}:
            if kind in KINDS and is_number(accuracy) and 0 <= accuracy <= 1:
                model = record.get("model")
                named = isinstance(model, str) and SHA256.fullmatch(model)
                return Result(name[:LONGEST], float(accuracy), kind, model if named else "")
    return None
