"""A clock that goes forward only, at the pace of the machine's own counter.

The wall clock can be set. Set back, it stalls nothing here; set forward while we run, by more
than ``JUMP``, it is not followed. Between two runs a clock that was set forward looks like a
long sleep: what is due by then is done, early rather than never.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

import structlog

from earwitness.ports import EscalationRecords

JUMP = timedelta(minutes=2)
NEVER = timedelta(days=366 * 1000)
"""So far ahead nothing was seen; somebody wrote it there."""
NOTE_EVERY = timedelta(seconds=10)
"""How often the moment is noted: so far back a kill and a clock that is set back can lead."""

log = structlog.get_logger(__name__)


def _wall() -> datetime:
    return datetime.now(UTC)


def _counter() -> float:
    """Seconds, of which none is lost while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SteadyClock:
    """Safe between threads. ``wall`` and ``counter`` are what the machine says."""

    def __init__(
        self,
        records: EscalationRecords,
        wall: Callable[[], datetime] = _wall,
        counter: Callable[[], float] = _counter,
    ) -> None:
        self._records, self._wall, self._counter = records, wall, counter
        seen, now = records.time_seen(), wall()
        if seen is not None and seen - now > NEVER:
            seen = None
        self._base, self._counted = max(now, seen or now), counter()
        self._behind = seen is not None and now < seen - JUMP
        """The wall clock was not set yet when we started; it may be followed once it is."""
        self._noted: datetime | None = None
        self._warned = False
        self._lock = Lock()

    def now(self) -> datetime:
        """Never earlier than what it said before, in this run or one before."""
        with self._lock:
            counted = self._counter()
            moment = self._base + timedelta(seconds=max(0.0, counted - self._counted))
            wall = self._wall()
            ahead = wall - moment
            if timedelta(0) < ahead and (ahead <= JUMP or self._behind):
                moment, self._behind = wall, False
            if (abs(ahead) > JUMP) != self._warned:
                self._warned = not self._warned
                if self._warned:
                    log.warning("the clock was set, and is not followed", by=str(ahead))
            self._base, self._counted = moment, counted
        return moment

    def note(self) -> datetime:
        """The moment, and now and then written down for the next run. Raises StoreError."""
        moment = self.now()
        if self._noted is None or moment - self._noted >= NOTE_EVERY:
            self._records.note_time(moment)
            self._noted = moment
        return moment
