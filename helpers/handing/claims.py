"""What a notebook claims in its report answers, and what it printed: literals and records."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from helpers.handing.results import PRINTED, RESULT

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


def shown_results(outputs: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The results that ``helpers.record`` left in outputs, by name; the last of each counts.

    Where a tool kept only the printed line of one, that is read.
    """
    found: dict[str, dict[str, Any]] = {}
    for output in outputs:
        data = output.get("data")
        data = data if isinstance(data, dict) else {}
        result = data.get(RESULT)
        if isinstance(result, dict) and is_number(result.get("accuracy")):
            found[str(result.get("name"))] = result
            continue
        text = data.get("text/plain") or output.get("text") or ""
        lines = "".join(map(str, text)) if isinstance(text, list) else str(text)
        for name, accuracy, kind in PRINTED.findall(lines):
            found[name] = {"name": name, "accuracy": float(accuracy), "profile": kind}
    return found
