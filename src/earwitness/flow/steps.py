"""What becomes of every event: the routing table, in one place.

A step is idempotent by the event's id. It may run again after a crash, and on two
machines at once; the outcome is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from earwitness.errors import StoreError
from earwitness.flow import groups, lead, teach, withdrawal
from earwitness.flow.teach import Teaching
from earwitness.model import Event

Step = Callable[[Event, datetime, Teaching], None]


def wait_for_a_listener(event: Event, now: datetime, on: Teaching) -> None:
    """A doubted clip is in the queue already; the next move is a human's."""


ROUTES: Mapping[str, Step] = {
    "doubted": wait_for_a_listener,
    "judged": teach.from_judgement,
    "teach": teach.from_request,
    "override": lead.from_override,
    "withdrawn": withdrawal.from_withdrawal,
    "confirmed": groups.from_confirmation,
}
"""Kind of an event -> the step that carries it out."""

NOTHING_TO_DO = frozenset(kind for kind, step in ROUTES.items() if step is wait_for_a_listener)
"""Events of these kinds may stay pending for as long as nobody comes by."""


def carry_out(event_id: str, now: datetime, on: Teaching) -> None:
    """Carries out one event and ticks it off. Raises StoreError for an unknown kind."""
    event = on.records.event(event_id)
    if event.kind not in ROUTES:
        raise StoreError(f"No step for an event of kind {event.kind!r}; is the program too old?")
    ROUTES[event.kind](event, now, on)
    on.records.done(event_id, now)
