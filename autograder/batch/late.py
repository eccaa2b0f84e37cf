"""Days late, and what they cost."""

import math
from datetime import datetime, timedelta

from autograder.model import HandIn, Lateness


def days(
    hand_in: HandIn, deadline: datetime, late: Lateness | None, extension: float
) -> int | None:
    """Days begun after the deadline, grace and extension; None where no time is told.

    A platform that says "late" without a time makes it one, unless the student has an extension of
    a day or more, which may cover it: that is not told, either.
    """
    if hand_in.submitted is None:
        return 1 if hand_in.late and extension < 1 else None
    grace = timedelta(hours=late.grace_hours if late else 0, days=extension)
    over = (hand_in.submitted - deadline - grace) / timedelta(days=1)
    return max(0, math.ceil(over))


def after(score: float, late: int | None, policy: Lateness) -> float:
    """What is left of a score that many days late."""
    if not late:
        return score
    if policy.last_day is not None and late > policy.last_day:
        return 0.0
    return max(0.0, round(score - policy.points_a_day * late, 4))
