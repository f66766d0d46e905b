"""A clock that goes forward only, at the pace of the machine's own counter.

The wall clock can be set. Set back, it stalls nothing here; set forward while we run, by more
than ``JUMP``, it is not followed. Between two runs a clock that was set forward looks like a
long sleep: what is due by then is done, early rather than never.

What was seen is noted in the store, where somebody could take it away. Then it is as late as the
newest record of the log says, which nobody but us can write: ``hold``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

import structlog

from earwitness.flow.incidents import house, logbook
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents.clocks import believed
from earwitness.ports import EscalationRecords

JUMP = timedelta(minutes=2)
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
        now = wall()
        seen = believed(records.time_seen(), now)
        self._base, self._counted = max(now, seen or now), counter()
        self._behind = seen is not None and now < seen - JUMP
        """The wall clock was not set yet when we started; it may be followed once it is."""
        self._noted: datetime | None = None
        self.was_set_back = False
        """What it had noted was gone, or less than it must be; until somebody is told."""
        self._warned = False
        self._lock = Lock()

    def now(self) -> datetime:
        """Never earlier than what it said before, in this run or one before."""
        with self._lock:
            return self._now()

    def not_before(self, proven: datetime) -> None:
        """It was this late already: that does not rest on what was noted. Raises StoreError."""
        with self._lock:
            if believed(proven, self._wall()) and proven > self._now():
                self._base, self._behind = proven, self._wall() < proven - JUMP
        seen = believed(self._records.time_seen(), proven)
        self.was_set_back |= seen is None or seen < proven - JUMP

    def _now(self) -> datetime:
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
            seen, before = self._records.note_time(moment), self._noted
            self.was_set_back |= before is not None and (seen is None or seen < before - JUMP)
            self._noted = moment
        return moment


def hold(clock: SteadyClock, on: Incidents) -> None:
    """The clock against the log: it was as late already as its newest record says.

    That what the clock had noted was taken away, or set back, is told outside. Where that fails,
    it is tried again at the next true-up.
    """
    try:
        if proven := logbook.proven(on.book):
            clock.not_before(proven)
        if clock.was_set_back:
            house.alarm(clock.now(), on, besides=[house.SET_BACK])
            clock.was_set_back = False
    except Exception as error:  # it keeps nobody from reporting, and no case from climbing
        log.error("the clock cannot be held against the log", exc_info=error)
