"""Claims against expected values, in numpy, failing closed.

A claim comes from the process that ran a student's code. It passes only when every step of the
comparison says so; nothing unexpected can make it pass. Messages name what was compared and how it
looked, never an expected value.
"""

import builtins
from typing import Any

import numpy as np

from autograder.sandbox.cells import Trouble
from autograder.sandbox.job import Outcome

EVIDENCE = "evidence"
"""What a probe returns under this name tells mistakes apart, and is not graded."""

ODD = (ValueError, TypeError, ArithmeticError, LookupError, RecursionError)
"""What comparing can raise where a claim was built for that."""

USUAL = frozenset(
    ["AssertionError", "AttributeError", "IndexError", "KeyError", "NameError", "RuntimeError",
     "TypeError", "ValueError"]
)  # fmt: skip
"""The errors that are told of a run on hidden inputs; which of many it was could tell of them."""

OTHER = "The code returned something else than was asked for."


def unlike_public(claim: Outcome) -> str:
    """What is told of a claim that is wrong in another way than on public inputs.

    Its shape, count, line or name could tell of hidden inputs.
    """
    if isinstance(claim, Trouble):
        return f"The code raised {claim.type if claim.type in USUAL else 'an error'}."
    return "It is not right for other inputs than those of the example."


def difference(claim: Outcome, expected: dict[str, Any], tolerance: float) -> str:
    """Why ``claim`` is not ``expected``, in a sentence; "" when it is.

    Numbers and arrays may differ by ``tolerance`` times the largest expected magnitude. The message
    shows the claim's own shape or count, or the name and line of its own error.
    """
    if isinstance(claim, Trouble):
        where = f" at line {claim.line} of the answer" if claim.line else ""
        return f"The code raised {own_type(claim)}{where}."
    try:
        if list(claim) != list(expected):
            return OTHER
        for name, value in expected.items():
            if name == EVIDENCE:
                continue
            if message := _value_differs(claim[name], value, tolerance):
                return f"{name[:1].upper()}{name[1:]}: {message}."
    except ODD:
        return OTHER
    return ""


def own_type(error: Trouble) -> str:
    """The name of Python's own errors; any other could have been made for this."""
    return error.type if hasattr(builtins, error.type) else "an error of its own"


def _value_differs(claim: Any, value: Any, tolerance: float) -> str:
    if isinstance(value, float):
        claim, value = np.asarray(claim), np.asarray(value)
    if isinstance(value, np.ndarray):
        return _array_differs(claim, value, tolerance)
    if type(claim) is type(value) and claim == value:
        return ""
    if isinstance(value, bool):
        return "not so"
    shown = isinstance(value, int | str | list) and type(claim) is type(value)
    return f"{claim} is not right" if shown and len(str(claim)) < 80 else "not right"


def _array_differs(claim: Any, value: np.ndarray, tolerance: float) -> str:
    if not isinstance(claim, np.ndarray) or claim.dtype.kind != value.dtype.kind:
        return "values of the wrong type"
    if claim.shape != value.shape:
        return f"the shape {claim.shape} is not right"
    if claim.size == 0:
        return "empty"
    with np.errstate(all="ignore"):  # a claim may be any bytes, signalling NaN too
        claim, value = claim.astype(np.float64), value.astype(np.float64)
    if not np.isfinite(claim).all():
        return "NaN or infinity among the values"
    error = np.abs(claim - value).max()
    if not (error <= tolerance * np.abs(value).max() + 1e-12):
        return "right shape, wrong values"
    return ""


def same(a: Outcome, b: Outcome, tolerance: float) -> bool:
    """Whether two outcomes are the same right or wrong thing; errors are, with the same text."""
    if isinstance(a, Trouble) or isinstance(b, Trouble):
        return (
            isinstance(a, Trouble)
            and isinstance(b, Trouble)
            and (a.type, a.message) == (b.type, b.message)
        )
    try:
        if a.get(EVIDENCE) != b.get(EVIDENCE) or _gaps(a) != _gaps(b):
            return False
        return not difference(_without_gaps(a), _without_gaps(b), tolerance)
    except ODD:
        return False


def _gaps(outcome: dict[str, Any]) -> list[bytes]:
    """Where the arrays hold NaN or infinity: two mistakes can be the same there too."""
    return [np.isfinite(v).tobytes() for v in outcome.values() if isinstance(v, np.ndarray)]


def _without_gaps(outcome: dict[str, Any]) -> dict[str, Any]:
    return {
        k: np.where(np.isfinite(v), v, 0) if isinstance(v, np.ndarray) else v
        for k, v in outcome.items()
    }
