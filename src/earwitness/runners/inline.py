"""Carries out what is pending, here and now: for a command that ends when it is done."""

from __future__ import annotations

from collections.abc import Callable

from earwitness.ports import EventRecords

CarryOut = Callable[[str], None]
"""Carries out the event with this id, and ticks it off."""


def drain(records: EventRecords, carry_out: CarryOut) -> int:
    """Every pending event, oldest first; returns how many. Raises what a step raises.

    An event whose step fails stays pending, and so do those behind it.
    """
    count = 0
    while events := records.pending():
        for event in events:
            carry_out(event.id)
            count += 1
    return count
