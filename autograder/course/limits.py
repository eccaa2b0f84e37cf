"""How much computing, memory and disk answers get: tables of course.toml, with sane defaults."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograder.model import Budget

KEYS = ("seconds", "memory", "files", "submission")


def read(
    tables: Sequence[Mapping[str, Any]],
    questions: Sequence[str],
    fail: Callable[[str], Exception],
) -> Budget:
    """The budget that tables of course.toml describe; a later table changes an earlier one.

    A key is one of ``KEYS``, or a question, whose number are its seconds. Raises what ``fail``
    makes of a sentence, for any other key or value.
    """
    for table in tables:
        for key, value in table.items():
            if key not in (*KEYS, *questions):
                raise fail(f"limits names {key!r}, which is none of {', '.join(KEYS)}, a question.")
            if type(value) is not int or not 0 < value <= 1_000_000:
                raise fail(f"the limit {key} is {value!r}, but has to be a whole number above 0.")
    numbers = {key: value for table in tables for key, value in table.items()}
    return Budget(**{key: numbers.pop(key) for key in KEYS if key in numbers}, questions=numbers)
