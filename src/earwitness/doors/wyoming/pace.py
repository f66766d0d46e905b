"""How many events a second are taken from one peer."""

from __future__ import annotations

from earwitness.errors import ProtocolError

EVENTS_A_SECOND = 400.0
"""Sound comes in 10 to 100 events a second. Who sends more is read more slowly."""
BURST = 1000.0
MOST_TOO_MANY = 2000
"""So many events without any sound, one after another at that rate, are no conversation."""


class Pace:
    """A token bucket: ``EVENTS_A_SECOND``, at most ``BURST`` at once.

    Sound that was recorded before is sent as fast as it is taken, and only slowed down.
    """

    def __init__(self, now: float) -> None:
        self._left, self._at = BURST, now
        self._too_many = 0

    def wait(self, now: float, *, has_sound: bool) -> float:
        """Seconds to wait before the next event. Raises ProtocolError."""
        self._left = min(BURST, self._left + (now - self._at) * EVENTS_A_SECOND) - 1
        self._at = now
        if self._left >= 0 or has_sound:
            self._too_many = 0
        else:
            self._too_many += 1
        if self._too_many > MOST_TOO_MANY:
            text = f"More than {EVENTS_A_SECOND:g} events a second, and no sound in them."
            raise ProtocolError(text, "too_many_events")
        return max(0.0, -self._left / EVENTS_A_SECOND)
