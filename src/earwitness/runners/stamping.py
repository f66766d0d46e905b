"""The job that has new heads of the log stamped by an authority."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from earwitness.flow.incidents import stamping
from earwitness.flow.incidents.logbook import Logbook
from earwitness.runners.durable import Work
from earwitness.runners.steady import SteadyClock

EVERY_SECONDS = 600.0
"""How often an authority is asked at most; also where it gave no answer."""


class Stamping:
    """A ``Job``: the newest head, once there is one that is not stamped."""

    name = "stamp"

    def __init__(self, book: Logbook, clock: SteadyClock) -> None:
        self._book, self._clock, self._asked = book, clock, float("-inf")

    def due(self) -> Sequence[Work]:
        if monotonic() - self._asked < EVERY_SECONDS or stamping.is_stamped(self._book):
            return ()
        self._asked = monotonic()
        return [Work(self._clock.now().isoformat(), "")]

    def carry_out(self, what: str) -> None:
        """The newest one now, whichever was meant."""
        stamping.stamp(self._clock.now(), self._book)
