"""What waits, counted so that it takes no longer when more waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from earwitness.model import ItemState
from earwitness.ports import Records

MOST = 10_000
"""Nobody needs to know more exactly how much is more than this."""
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)

SHOWN = frozenset({ItemState.ADJUDICATION, ItemState.CLOSED, ItemState.SETTLED})
"""Whose machine text may be seen by whoever did not judge: ``flow.judge.reveal``."""


@dataclass(frozen=True, slots=True)
class Count:
    """``more``: it is more than that."""

    number: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """What was queued longer ago than ``over`` and not as long as ``under``."""

    over: timedelta | None
    under: timedelta | None
    count: Count


@dataclass(frozen=True, slots=True)
class Figures:
    states: tuple[tuple[ItemState, Count], ...]
    reasons: tuple[tuple[str, Count], ...]
    ages: tuple[Band, ...]


def figures(now: datetime, *, records: Records) -> Figures:
    """By state; what waits by main reason, the most frequent first, and by age."""
    reasons = [
        (reason, _count(records.count_at_most(MOST + 1, reason=reason)))
        for reason in records.open_reasons()
    ]
    return Figures(
        states=tuple(
            (state, _count(records.count_at_most(MOST + 1, state=state))) for state in ItemState
        ),
        reasons=tuple(sorted(reasons, key=lambda each: (-each[1].number, each[0]))),
        ages=tuple(
            Band(over, under, _of_age(over, under, now, records))
            for over, under in ((None, HOUR), (HOUR, DAY), (DAY, WEEK), (WEEK, None))
        ),
    )


def _of_age(
    over: timedelta | None, under: timedelta | None, now: datetime, records: Records
) -> Count:
    since = now - under if under else None
    until = now - over if over else None
    return _count(records.count_at_most(MOST + 1, since=since, until=until))


def _count(number: int) -> Count:
    return Count(min(number, MOST), number > MOST)


def may_be_shown(utterances: Sequence[str], *, records: Records) -> frozenset[str]:
    """Those of which the machine's text may be seen by somebody who may yet have to listen."""
    states = records.states(utterances)
    return frozenset(name for name, state in states.items() if state in SHOWN)
