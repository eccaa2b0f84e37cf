"""How much computing, memory and disk answers get: tables of course.toml, with sane defaults."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from autograder.sandbox.job import Limits

MB = 1 << 20


@dataclass(frozen=True)
class Budget:
    """The limits of a problem set.

    ``seconds`` of computing, ``memory`` and ``files`` in MB are those of one run of an answer,
    with all processes that it starts, which may sleep for as long; ``questions`` have other
    seconds than the rest. ``submission`` is the computing and sleeping of all answers of a student
    together, in seconds.
    """

    seconds: int = 10
    memory: int = 2048
    files: int = 256
    submission: int = 300
    questions: Mapping[str, int] = field(default_factory=dict)

    def of(self, question: str) -> Limits:
        """What one run of an answer to this question gets."""
        seconds = self.questions.get(question, self.seconds)
        return Limits(seconds, self.memory * MB, self.files * MB)


KEYS = ("seconds", "memory", "files", "submission")


def read(
    tables: list[Mapping[str, Any]], questions: list[str], fail: Callable[[str], Exception]
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
