"""How many events a second are taken from one peer."""

from __future__ import annotations

from earwitness.doors.pacing import Bucket
from earwitness.errors import ProtocolError

EVENTS_A_SECOND = 400.0
"""Sound comes in 10 to 100 events a second. Who sends more is read more slowly."""
BURST = 1000.0
MOST_TOO_MANY = 2000
"""So many events without any sound, one after another at that rate, are no conversation."""


class Pace:
    """Sound that was recorded before comes as fast as it is taken, and is only slowed down."""

    def __init__(self, now: float) -> None:
        self._bucket = Bucket(EVENTS_A_SECOND, BURST, now)
        self._too_many = 0

    def wait(self, now: float, *, has_sound: bool) -> float:
        """Seconds to wait before the next event. Raises ProtocolError."""
        seconds = self._bucket.take(now)
        self._too_many = self._too_many + 1 if seconds and not has_sound else 0
        if self._too_many > MOST_TOO_MANY:
            text = f"More than {EVENTS_A_SECOND:g} events a second, and no sound in them."
            raise ProtocolError(text, "too_many_events")
        return seconds
