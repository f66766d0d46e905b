"""The jobs that keep a case from being forgotten: clocks that go off, and messages that go out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from random import shuffle
from time import monotonic
from typing import Protocol

import structlog

from earwitness.errors import EarwitnessError
from earwitness.flow.incidents import cases, delivering, escalation, house, reporting
from earwitness.flow.incidents.parts import Incidents
from earwitness.ports import Channels
from earwitness.runners.durable import Work
from earwitness.runners.steady import SteadyClock

TRUE_UP_SECONDS = 600.0
"""How often the clocks are held against the records; at every start besides."""
MOST = 2000
BUSY_SECONDS = 60.0
"""After which work that was begun, and is still due, is begun again."""

log = structlog.get_logger(__name__)


class Room(Protocol):
    """Space on the disk that is kept for what must not fail."""

    def take(self) -> bool: ...

    def give_back(self) -> bool: ...


class Climbing:
    """A ``Job``: cases whose clocks have run out, many at once."""

    name = "climb"

    def __init__(self, on: Incidents, clock: SteadyClock, room: Room) -> None:
        self._on, self._clock, self._room, self._busy = on, clock, room, _Busy()
        self._next_true_up, self._policy = float("-inf"), ""

    def due(self) -> Sequence[Work]:
        now = self._clock.note()
        for prepare in (self._note_changes, self._true_up):
            try:
                prepare(now)
            except Exception as error:  # it keeps no case from climbing
                log.error("cannot look around", what=prepare.__name__, exc_info=error)
        ids = self._busy.begin(self._on.records.due_cases(now, MOST))
        some = [ids[at : at + cases.BATCH] for at in range(0, len(ids), cases.BATCH)]
        shuffle(some)  # several workers begin at several ends
        return [Work(f"{now.isoformat()}:{each[0]}", json.dumps(each)) for each in some]

    def _note_changes(self, now: datetime) -> None:
        if (text := self._on.policy_text()) != self._policy:
            house.note_policy(now, self._on)
            house.note_keys(now, self._on)
            self._policy = text

    def _true_up(self, now: datetime) -> None:
        """Where that fails it is tried again after a tenth of the time."""
        if monotonic() < self._next_true_up:
            return
        self._next_true_up = monotonic() + TRUE_UP_SECONDS / 10
        self._room.take()
        escalation.true_up(now, self._on)
        reporting.adopt(now, self._on)
        self._next_true_up = monotonic() + TRUE_UP_SECONDS

    def carry_out(self, what: str) -> None:
        """One case that fails keeps no other waiting."""
        ids: list[str] = json.loads(what)
        now = self._clock.now()
        try:
            escalation.fire(ids, now, self._on)
        except Exception as error:
            log.warning("climbing one by one", error=type(error).__name__, why=str(error))
            self._room.give_back()
            for case in ids:
                _alone(case, now, self._on)
        finally:
            self._busy.end(ids)


class Delivering:
    """A ``Job``: one try of each message that is due."""

    name = "deliver"

    def __init__(self, on: Incidents, clock: SteadyClock, channels: Callable[[], Channels]) -> None:
        self._on, self._clock, self._channels, self._busy = on, clock, channels, _Busy()

    def due(self) -> Sequence[Work]:
        """Each time under a new name: what failed before it could say so is due again."""
        now = self._clock.now()
        found = self._on.records.due_deliveries(now, MOST)
        begun = self._busy.begin([each.id for each in found])
        return [Work(f"{each}:{now.isoformat()}", each) for each in begun]

    def carry_out(self, what: str) -> None:
        try:
            delivering.deliver(what, self._clock.now(), self._on, self._channels())
        finally:
            self._busy.end([what])


class _Busy:
    """What was begun and has not ended, in this process; begun again only after a while."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def begin(self, wanted: Iterable[str]) -> list[str]:
        late = monotonic() - BUSY_SECONDS
        free = [each for each in wanted if self._since.get(each, late) <= late]
        self._since |= dict.fromkeys(free, monotonic())
        return free

    def end(self, done: Iterable[str]) -> None:
        for each in done:
            self._since.pop(each, None)


def _alone(case: str, now: datetime, on: Incidents) -> None:
    try:
        escalation.fire([case], now, on)
    except EarwitnessError as error:
        log.error("a case cannot climb", case=case, why=str(error))
    except Exception as error:
        log.error("a case cannot climb", case=case, exc_info=error)
