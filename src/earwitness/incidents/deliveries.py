"""What goes out to somebody because of a record: one for each person, or outside, and channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from earwitness.evidence.records import Value
from earwitness.incidents.records import Kept, Kind, moment_of

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Delivery:
    """``number`` is its record's in the case; ``rung`` is None for the outside.

    ``next_at`` is when it is tried again; None once nothing is left to do. ``sent_at`` is when the
    other side last took it.
    """

    id: str
    case: str
    number: int
    rung: int | None
    channel: str
    made_at: datetime
    next_at: datetime | None
    tries: int = 0
    problem: str = ""
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is to come of a case: when the next clock goes off, and what is to be delivered."""

    due: datetime | None = None
    deliveries: tuple[Delivery, ...] = ()


def deliveries(record: Kept) -> tuple[Delivery, ...]:
    """The same ones whenever they are made; so that one that is missing is made again."""
    at = moment_of(record, "at")
    if at is None or record.kind not in (Kind.TOLD, Kind.OUTSIDE, Kind.ACCEPTED):
        return ()
    rung = record.fields.get("rung")
    return tuple(
        Delivery(
            f"{record.case}.{record.number}.{place}",
            record.case,
            record.number,
            rung if isinstance(rung, int) else None,
            channel,
            at,
            at,
        )
        for place, channel in enumerate(_channels(record))
    )


def pause(tries: int) -> timedelta:
    """After so many that failed.

    >>> [pause(tries).total_seconds() for tries in (1, 2, 3, 20)]
    [5.0, 10.0, 20.0, 3600.0]
    """
    return min(FIRST_PAUSE * (1 << min(tries - 1, 20)), LONGEST_PAUSE)


def _channels(record: Kept) -> Iterator[str]:
    """Each once: two people may have one address."""
    people = record.fields.get("people")
    found: list[Value] = [record.fields.get("channels")]
    for each in people if isinstance(people, list) else []:
        if isinstance(each, dict):
            found.append(each.get("channels"))
    every = [one for each in found if isinstance(each, list) for one in each]
    yield from dict.fromkeys(one for one in every if isinstance(one, str))
