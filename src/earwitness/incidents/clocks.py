"""What is due when. Each clock has a key that is its own in its case, and goes off once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from earwitness.incidents.hours import after
from earwitness.incidents.status import Status

ACKNOWLEDGE = timedelta(days=7)
"""A person has answered the reporter: directive (EU) 2019/1937, article 9 (1) b."""
FEEDBACK = timedelta(days=89)
"""The reporter was told what is done: the same, (f). Three months are never shorter."""
REMIND = timedelta(days=1)
"""How often everybody who knows is told again while nobody has acted."""
REVIEW = timedelta(days=365)
"""A legal hold is looked at again so often; it ends by no clock."""
NEVER = timedelta(days=366 * 1000)
"""So far ahead nothing was seen; somebody wrote it there."""
QUIET = ("remind", "hold", "added")
"""Clocks that tell again those who know, and nobody else."""


@dataclass(frozen=True, slots=True)
class Clock:
    """``why`` is what is said when it goes off."""

    key: str
    why: str
    due: datetime


def running(status: Status) -> list[Clock]:
    """The one that goes off next comes first."""
    found = (each for each in _clocks(status) if each.key not in status.fired)
    return sorted(found, key=lambda each: (each.due, each.key))


def due(status: Status) -> datetime | None:
    """When the next one goes off."""
    return next((each.due for each in running(status)), None)


def believed(seen: datetime | None, now: datetime) -> datetime | None:
    """A moment that was seen before; None where it cannot have been."""
    return None if seen is None or seen - now > NEVER else seen


def _clocks(status: Status) -> Iterator[Clock]:
    if status.changed:
        yield Clock("changed", "records of the case were changed", status.opened_at)
    if not status.routed:
        yield Clock("begin", "nobody was told yet", status.opened_at)
    for number, at in status.misled.items():
        yield Clock(f"misled:{number}", "who was told as the outside is named by the report", at)
    if status.held:
        past = sum(key.startswith("hold:") for key in status.fired)
        at = status.opened_at + (past + 1) * REVIEW
        yield Clock(f"hold:{past}", "the legal hold is to be reviewed", at)
    for number, (at, retaliation) in status.said.items():
        if retaliation:
            yield Clock(f"retaliation:{number}", "the reporter says that somebody retaliates", at)
        else:
            yield Clock(f"added:{number}", "the reporter has said more", at)
    if status.feedback_at is None:
        why = "the reporter was not told what is done within three months"
        yield from _until_answered(status, "feedback", FEEDBACK, why)
    if status.answered_at is None:
        why = "nobody answered the reporter within seven days"
        yield from _until_answered(status, "acknowledge", ACKNOWLEDGE, why)
    if status.closed_at is None:
        yield from _until_somebody_acts(status)


def _until_answered(status: Status, key: str, given: timedelta, why: str) -> Iterator[Clock]:
    """Then rung by rung, as far as the outside; whether the case is closed or not."""
    due = status.opened_at + given
    if key not in status.fired:
        yield Clock(key, why, due)
    elif status.outside_at is None:
        told = max((each.at for each in status.told if each.rung == status.top), default=due)
        yield Clock(f"{key}:{status.top}", why, _over(status, max(told, due)))


def _until_somebody_acts(status: Status) -> Iterator[Clock]:
    action = status.action
    if action is not None and action.until is not None:
        key = f"action:{action.number}"
        if key not in status.fired:
            yield Clock(key, "what was begun was not looked at again in time", action.until)
            return
    if status.outside_at is None and status.top >= 0:
        yield _of_rung(status)
    elif status.routed:
        told = [each.at for each in status.told]
        last = max([*told, status.outside_at or status.opened_at])
        yield Clock(f"remind:{len(told)}", "nobody has acted yet", last + REMIND)


def _of_rung(status: Status) -> Clock:
    """From when it was first told: nothing that happens since begins it again.

    Except that a case was closed by two people, and the reporter had more to say.
    """
    rung = status.top
    told = min(each.at for each in status.told if each.rung == rung)
    if not status.people(rung):
        return Clock(f"rung:{rung}", "nobody is left who may act", told)
    over = _over(status, max(told, status.since or told))
    if rung in status.unreached and status.unreached[rung] < over:
        return Clock(f"rung:{rung}", "no message reaches them", status.unreached[rung])
    return Clock(f"rung:{rung}", "nobody acted in time", over)


def _over(status: Status, since: datetime) -> datetime:
    """When the time of the highest rung that was told is over."""
    given, hours = status.policy.deadline(status.top, status.harm, status.imminence)
    return after(since, given, hours)
