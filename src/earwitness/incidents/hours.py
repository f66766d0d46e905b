"""When a deadline is over, in hours of work where somebody chose that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Hours:
    """``days`` as ``datetime.weekday`` counts them; from ``begin`` until ``end`` of one day."""

    zone: ZoneInfo
    days: frozenset[int]
    begin: time
    end: time


def span(text: str) -> timedelta:
    """Raises ValueError.

    >>> span("90m") + span("2d")
    datetime.timedelta(days=2, seconds=5400)
    """
    found = re.fullmatch(r"([1-9][0-9]{0,4}) ?([smhdw])", text)
    if not found:
        raise ValueError(f"{text!r} is no time such as 15m, 4h, 2d or 1w")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


WEEKEND = timedelta(days=3)


def bound(given: timedelta) -> timedelta:
    """The longest that hours of work make of a deadline, in time that passes for everybody.

    Forty hours a week make four times as much of a long one; a short one waits for a weekend.
    """
    return 4 * given + WEEKEND


def after(moment: datetime, wait: timedelta, hours: Hours | None) -> datetime:
    """When so much time is over, of which only hours of work count if there are any; bounded.

    >>> friday = datetime(2026, 11, 20, 16, tzinfo=UTC)
    >>> week = Hours(ZoneInfo("UTC"), frozenset(range(5)), time(9), time(17))
    >>> after(friday, timedelta(hours=2), week).isoformat()
    '2026-11-23T10:00:00+00:00'
    """
    if hours is None:
        return moment + wait
    day, left, latest = moment.astimezone(hours.zone).date(), wait, moment + bound(wait)
    while _at(day, time(0), hours) < latest:
        if day.weekday() in hours.days:
            begin = _at(day, hours.begin, hours)
            begin, end = max(begin, moment), _at(day, hours.end, hours)
            if end > begin:
                if left <= end - begin:
                    return min(begin + left, latest)
                left -= end - begin
        day += timedelta(days=1)
    return latest


def _at(day: date, clock: time, hours: Hours) -> datetime:
    """In UTC, where differences are what they seem on the day that the clocks are changed, too."""
    return datetime.combine(day, clock, hours.zone).astimezone(UTC)
