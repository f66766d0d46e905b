"""Moments as people say them; the exact one is beside it."""

from __future__ import annotations

import math
from datetime import datetime

_STEPS = ((86_400, "d"), (3600, "h"), (60, "min"))


def ago(moment: datetime, now: datetime) -> str:
    """How far away it is, in its largest unit: so much is over, or about so much is left.

    >>> from datetime import UTC, timedelta
    >>> now = datetime(2026, 3, 1, tzinfo=UTC)
    >>> [ago(now + timedelta(hours=hours), now) for hours in (-50, -0.5, -0.001, 23.5)]
    ['2 d ago', '30 min ago', 'just now', 'in 24 h']
    """
    seconds = (now - moment).total_seconds()
    for step, unit in _STEPS:
        if abs(seconds) >= step:
            if seconds > 0:
                return f"{int(seconds) // step} {unit} ago"
            return f"in {math.floor(-seconds / step + 0.5)} {unit}"
    return "just now" if seconds >= 0 else "in a moment"
