"""Claims against expected values, in numpy, failing closed.

A claim comes from the process that ran a student's code. It passes only when every step of the
comparison says so; nothing unexpected can make it pass. Messages name what was compared and how it
looked, never an expected value.
"""

from typing import Any

import numpy as np

from autograder.sandbox.cells import Trouble
from autograder.sandbox.client import Outcome


def difference(claim: Outcome, expected: dict[str, Any], tolerance: float) -> str:
    """Why ``claim`` is not ``expected``, in a sentence; "" when it is.

    Numbers and arrays may differ by ``tolerance`` times the largest expected magnitude.
    """
    if isinstance(claim, Trouble):
        where = f" at line {claim.line} of the answer" if claim.line else ""
        return f"The code raised {claim.type}{where}."
    if list(claim) != list(expected):
        return "The code returned something else than was asked for."
    for name, value in expected.items():
        if message := _value_differs(name, claim[name], value, tolerance):
            return message
    return ""


def _value_differs(name: str, claim: Any, value: Any, tolerance: float) -> str:
    wrong = f"The {name} is not right." if not name.startswith("has ") else f"It {name} not."
    if isinstance(value, np.ndarray):
        return _array_differs(name, claim, value, tolerance)
    if isinstance(value, float):
        return _array_differs(name, np.asarray(claim), np.asarray(value), tolerance)
    if type(claim) is not type(value):
        return wrong
    if claim == value:
        return ""
    shown = isinstance(value, int | str | list) and not isinstance(value, bool)
    return f"{wrong[:-1]}: it is {claim}." if shown and len(str(claim)) < 80 else wrong


def _array_differs(name: str, claim: Any, value: np.ndarray, tolerance: float) -> str:
    if not isinstance(claim, np.ndarray) or claim.dtype.kind != value.dtype.kind:
        return f"The {name} has the wrong type."
    if claim.shape != value.shape:
        return f"The {name} has the shape {claim.shape}, which is not right."
    if claim.size == 0:
        return f"The {name} is empty."
    claim, value = claim.astype(np.float64), value.astype(np.float64)
    if not np.isfinite(claim).all():
        return f"The {name} holds NaN or infinity."
    error = np.abs(claim - value).max()
    if not (error <= tolerance * np.abs(value).max() + 1e-12):
        return f"The {name} has the right shape and wrong values."
    return ""


def same(a: Outcome, b: Outcome, tolerance: float) -> bool:
    """Whether two outcomes are the same right or wrong thing; errors are, with the same text."""
    if isinstance(a, Trouble) or isinstance(b, Trouble):
        return (
            isinstance(a, Trouble)
            and isinstance(b, Trouble)
            and (a.type, a.message) == (b.type, b.message)
        )
    return not difference(a, b, tolerance)
