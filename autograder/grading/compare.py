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

AFTER = "afterwards"
"""What a probe returns under names that end so is what the code was given, once it has run."""

ENOUGH = 200  # numbers of an array, spread over it

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
            if type(value) is type(claim[name]) is bool and value is not claim[name]:
                return f"It {'does not' if value else 'should not'} hold that {name}."
            if message := _value_differs(claim[name], value, tolerance):
                return f"{name[:1].upper()}{name[1:]}: {message}."
    except ODD:
        return OTHER
    return ""


def only_changed(claim: Outcome, expected: dict[str, Any], tolerance: float) -> bool:
    """Whether all is right but for what was given, which is not as it was before."""
    if isinstance(claim, Trouble) or list(claim) != list(expected):
        return False
    after = {name for name in expected if name.endswith(AFTER)}
    rest = {name: value for name, value in expected.items() if name not in after}
    return bool(after) and not difference({n: claim[n] for n in rest}, rest, tolerance)


def vague(claim: Outcome, expected: dict[str, Any], tolerance: float) -> bool:
    """Whether all that is wrong are answers of yes and no, which many mistakes have in common."""
    if isinstance(claim, Trouble):
        return False
    rest = {name: value for name, value in expected.items() if type(value) is not bool}
    return not difference({name: claim.get(name) for name in rest}, rest, tolerance)


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
    bound = tolerance * np.abs(value).max() + 1e-12
    if not (np.abs(claim - value).max() <= bound):
        turned = np.abs(np.sort(claim, axis=None) - np.sort(value, axis=None)).max() <= bound
        return "the right values in another order" if turned else "right shape, wrong values"
    return ""


def thin(outcome: Outcome) -> Outcome:
    """An outcome to compare with: of large arrays some numbers, which tell them apart as well."""
    if isinstance(outcome, Trouble):
        return outcome
    made: dict[str, Any] = {}
    for name, value in outcome.items():
        made[name] = value
        if isinstance(value, np.ndarray) and value.size > ENOUGH:
            made[name] = value.ravel()[:: value.size // ENOUGH].copy()
            made[f"shape of {name}"] = list(value.shape)
    return made


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
    """Where the arrays hold NaN, and which infinity: two mistakes can be the same there too."""
    arrays = [v for v in outcome.values() if isinstance(v, np.ndarray)]
    return [(np.isnan(v) + 2 * np.isposinf(v) + 3 * np.isneginf(v)).tobytes() for v in arrays]


def _without_gaps(outcome: dict[str, Any]) -> dict[str, Any]:
    return {
        k: np.where(np.isfinite(v), v, 0) if isinstance(v, np.ndarray) else v
        for k, v in outcome.items()
    }
