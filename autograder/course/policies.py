"""What lateness costs and when hints come: tables of course.toml."""

from collections.abc import Callable
from typing import Any

import msgspec

from autograder.course.records import Record, typed
from autograder.model import CourseError, HintRule, Lateness


class Late(Record, frozen=True):
    """The table ``late``, of the course or of a problem set."""

    points_a_day: float | None = None
    grace_hours: float | None = None
    last_day: int | None = None


class Hints(Record, frozen=True):
    """When Gradescope tells hints."""

    after: int = 0
    a_day: int | None = None


def hold(
    table: bool | dict[str, Any], place: str, fail: Callable[[str], CourseError]
) -> HintRule | None:
    """When hints are held back; None where they never are."""
    if isinstance(table, bool):
        return None
    hints = typed(table, Hints, place)
    if hints.after < 0 or (hints.a_day is not None and hints.a_day < 0):
        raise fail("hints holds a number below 0; after and a_day count attempts.")
    return HintRule(hints.after, hints.a_day)


def lateness(general: Any, own: Any, place: str, own_place: str) -> Lateness | None:
    """What lateness costs; None where nothing is said of it."""
    chosen: dict[str, Any] = {}
    for table, where in ((general, place), (own, f"{own_place}, late")):
        late = typed(table, Late, where)
        chosen |= {k: v for k, v in msgspec.structs.asdict(late).items() if v is not None}
        for key, value in chosen.items():
            if value < 0:
                raise CourseError(f"{where}: {key} is {value:g}, but has to be 0 or more.")
    return Lateness(**chosen) if chosen else None
