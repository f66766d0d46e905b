"""Carries out what is pending, here and now: for a command that ends when it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from earwitness.model import Event
from earwitness.ports import EventRecords

CarryOut = Callable[[str], None]
"""Carries out the event with this id, and ticks it off."""

BATCH = 100
"""Events that are read at once."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An event whose step failed. It stays pending."""

    event: Event
    error: Exception


def drain(records: EventRecords, carry_out: CarryOut) -> Sequence[Failure]:
    """Tries every pending event once, oldest first; returns those whose step failed.

    One that fails holds up nobody behind it. Raises StoreError where the events cannot
    be read.
    """
    failed: dict[str, Failure] = {}
    while events := _untried(records, failed):
        for event in events:
            try:
                carry_out(event.id)
            except Exception as error:
                failed[event.id] = Failure(event, error)
    return tuple(failed.values())


def _untried(records: EventRecords, failed: dict[str, Failure]) -> list[Event]:
    pending = records.pending(limit=len(failed) + BATCH)
    return [event for event in pending if event.id not in failed]
