"""Results that a notebook shows and a grader can read."""

import math
from typing import Any

from helpers.errors import HelpersError
from helpers.progress import in_notebook
from helpers.session import current

RESULT = "application/vnd.course.result+json"
"""The mime type of a recorded result, beside the line that a person reads."""


def record(name: str, accuracy: float, **extra: Any) -> None:
    """Show a test accuracy, and keep it in the cell's output for the hand-in and the grader.

    Args:
        name: what was tested, a word such as ``"supervised"``.
        accuracy: a fraction in [0, 1].
        **extra: further plain values to keep beside it.

    Raises:
        HelpersError: the name is no single word, or the accuracy no fraction.
    """
    value = float(accuracy)
    if not (math.isfinite(value) and 0 <= value <= 1):
        raise HelpersError(
            f"The accuracy of {name!r} is {accuracy!r}: it must be a fraction from 0 to 1."
        )
    if not name.isidentifier():
        raise HelpersError(f"A result is named by one word such as 'supervised', not {name!r}.")
    here = current()
    profile = here.profile if here else "mini"
    line = f"{name}: test accuracy {value:.4f} ({profile} profile)"
    if not in_notebook():
        print(line)
        return
    from IPython.display import display

    result = {"name": name, "accuracy": round(value, 6), "profile": profile, **extra}
    display({"text/plain": line, RESULT: result}, raw=True)
