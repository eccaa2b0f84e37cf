"""When a problem set is posted and due: dates of course.toml, or times with their offset."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from autograder.model import CourseError


def day(value: Any, key: str, fail: Callable[[str], CourseError]) -> date:
    """The day that a value names. Raises what ``fail`` makes of a sentence, where it is none."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    raise fail(
        f"{key} is {value!r}, but has to be a date like 2026-10-12, or a time with its offset like "
        "2026-10-12T23:59:00-05:00."
    )


def end(due: date, due_at: datetime | None, zone: tzinfo) -> datetime:
    """The moment from which on a hand-in is late: the time given, or the end of the day."""
    if due_at is None:
        return datetime.combine(due + timedelta(days=1), time(), zone)
    return due_at if due_at.tzinfo else due_at.replace(tzinfo=zone)


def zone(name: str, place: str) -> tzinfo:
    """The time zone with this name. Raises CourseError, where there is none."""
    if name == "UTC":  # which needs no file
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CourseError(
            f"{place}: timezone is {name!r}, but has to be one like America/New_York or UTC."
        ) from None


def written(on: date, at: datetime | None, timezone: str) -> str:
    """A date as people write it, with the time and its zone where there is one."""
    text = f"{on.day} {on:%B %Y}"
    if at is None:
        return text
    return f"{text}, {at:%H:%M} ({at.tzname() if at.tzinfo else timezone})"
