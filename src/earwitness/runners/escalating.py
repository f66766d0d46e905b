"""The jobs that keep a case from being forgotten: clocks that go off, and messages that go out."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from random import shuffle
from threading import Lock
from time import monotonic
from typing import Protocol

import structlog

from earwitness.errors import EarwitnessError
from earwitness.flow.incidents import cases, delivering, escalation, house, reporting
from earwitness.flow.incidents.last_resort import LastResort
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents.channels import receiver
from earwitness.incidents.deliveries import Delivery
from earwitness.ports import Channels
from earwitness.runners.durable import Work
from earwitness.runners.steady import SteadyClock, hold

TRUE_UP = timedelta(minutes=10)
"""How often the clocks are held against the records; at every start besides."""
MOST = 2000
BUSY_SECONDS = 60.0
"""After which work that was begun, is still due, and does not run here, is begun again."""
LANES = 64
"""Receivers to which messages are on their way at once, or wait for a slot."""
LANE_SECONDS = 5.0
"""After which one receiver has had its turn."""

log = structlog.get_logger(__name__)


Held = dict[str, Delivery]
"""Messages that somebody held back, by their id; found by one job, and sent by the others."""


class Room(Protocol):
    """Space on the disk that is kept for what must not fail."""

    def take(self) -> bool: ...

    def give_back(self) -> bool: ...


class Climbing:
    """A ``Job``: cases whose clocks have run out, many at once."""

    name = "climb"

    def __init__(
        self,
        on: Incidents,
        clock: SteadyClock,
        room: Room,
        held: Held,
        channels: Callable[[], Channels],
    ) -> None:
        self._on, self._clock, self._room, self._busy = on, clock, room, _Busy()
        self._channels, self._last_resort = channels, LastResort()
        self._stuck: set[str] = set()
        self._next_true_up, self._held = clock.now(), held
        self._late: list[str] = []
        self._noted: object = None

    def due(self) -> Sequence[Work]:
        if self._clock.now() >= self._next_true_up:
            hold(self._clock, self._on)
        now = self._moment()
        for prepare in (self._note_changes, self._true_up):
            try:
                prepare(now)
            except Exception as error:  # it keeps no case from climbing
                log.error("cannot look around", what=prepare.__name__, exc_info=error)
        late, self._late = self._late, []
        ids = self._busy.begin(dict.fromkeys([*late, *self._on.records.due_cases(now, MOST)]))
        some = [ids[at : at + cases.BATCH] for at in range(0, len(ids), cases.BATCH)]
        shuffle(some)  # several workers begin at several ends
        return [Work(f"{now.isoformat()}:{each[0]}", json.dumps(each)) for each in some]

    def _moment(self) -> datetime:
        """A moment that cannot be written down is one all the same."""
        try:
            return self._clock.note()
        except Exception as error:
            log.error("the moment cannot be noted", exc_info=error)
            return self._clock.now()

    def _note_changes(self, now: datetime) -> None:
        there = (self._on.policy_text(), self._on.book.keys, house.ways(self._on))
        if there != self._noted:
            house.note_policy(now, self._on)
            house.note_keys(now, self._on)
            house.note_ways(now, self._on)
            self._noted = there

    def _true_up(self, now: datetime) -> None:
        """Where that fails it is tried again after a tenth of the time."""
        if now < self._next_true_up:
            return
        self._next_true_up = now + TRUE_UP / 10
        self._room.take()
        try:
            house.note_policy(now, self._on)  # accounts may be there that it means
            found, stuck = escalation.true_up(now, self._on), self._stuck
            house.note_day(now, self._on)
            self._stuck = set()
            if stuck or found.stuck:
                self._last_resort.fails(now, self._on, self._channels())
            else:
                self._last_resort.works(found.channels, now, self._on)
        except Exception:
            self._last_resort.fails(now, self._on, self._channels())
            raise
        self._late += found.late
        self._held.update((each.id, each) for each in found.held)
        reporting.adopt(now, self._on)
        self._next_true_up = now + TRUE_UP

    def carry_out(self, what: str) -> None:
        """One case that fails keeps no other waiting."""
        ids: list[str] = json.loads(what)
        now = self._clock.now()
        try:
            escalation.fire(ids, now, self._on)
            self._stuck.difference_update(ids)
        except Exception as error:
            log.warning("climbing one by one", error=type(error).__name__, why=str(error))
            self._room.give_back()
            self._stuck.update(case for case in ids if not _alone(case, now, self._on))
        finally:
            self._busy.end(ids)


class Delivering:
    """A ``Job``: one try of each message that is due; to rungs, or to the outside.

    Each of the two has slots of its own. To one receiver goes one message at a time, so that one
    who is slow, or who is so on purpose, holds up nobody else.
    """

    def __init__(
        self,
        on: Incidents,
        clock: SteadyClock,
        channels: Callable[[], Channels],
        held: Held,
        outside: bool,
    ) -> None:
        self.name = "deliver_outside" if outside else "deliver"
        self._on, self._clock, self._channels = on, clock, channels
        self._held, self._outside, self._busy = held, outside, _Busy()

    def due(self) -> Sequence[Work]:
        """Each time under a new name: what failed before it could say so is due again."""
        now, lanes = self._clock.now(), defaultdict[str, list[str]](list)
        held = (each for each in self._held.values() if (each.rung is None) == self._outside)
        for each in (*held, *self._on.records.due_deliveries(now, MOST, self._outside)):
            lanes[receiver(each.channel)].append(each.id)
        begun = self._busy.begin(lanes, LANES)
        return [
            Work(f"{now.isoformat()}:{place}", json.dumps([each, lanes[each]]))
            for place, each in enumerate(begun)
        ]

    def carry_out(self, what: str) -> None:
        """What is left when the time is over is still due; others have their turn first."""
        lane, ids = json.loads(what)
        if not self._busy.start(lane):
            return
        until = monotonic() + LANE_SECONDS
        try:
            for each in ids:
                self._try(each)
                if monotonic() > until:
                    break
        finally:
            self._busy.end([lane])

    def _try(self, delivery_id: str) -> None:
        held = self._held.pop(delivery_id, None)
        deliver = delivering.deliver_held if held else delivering.deliver
        try:
            deliver(delivery_id, self._clock.now(), self._on, self._channels())
        except Exception as error:  # it keeps no other waiting, and is due again
            log.warning("not delivered", error=type(error).__name__, why=str(error))


class _Busy:
    """What was begun and has not ended, in this process.

    What runs here is never begun again. The rest is after a while: another process has it, or
    nobody has.
    """

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._running: set[str] = set()
        self._lock = Lock()

    def begin(self, wanted: Iterable[str], most: int = MOST) -> list[str]:
        """``most`` of them at once, with those that were begun before."""
        with self._lock:
            late = monotonic() - BUSY_SECONDS
            began = {each: at for each, at in self._since.items() if at > late}
            self._since = began | {each: self._since[each] for each in self._running}
            free = [each for each in wanted if each not in self._since]
            free = free[: max(0, most - len(self._since))]
            self._since |= dict.fromkeys(free, monotonic())
        return free

    def start(self, one: str) -> bool:
        """Whether it does not run already."""
        with self._lock:
            if one in self._running:
                return False
            self._running.add(one)
            self._since.setdefault(one, monotonic())
            return True

    def end(self, done: Iterable[str]) -> None:
        with self._lock:
            for each in done:
                self._since.pop(each, None)
                self._running.discard(each)


def _alone(case: str, now: datetime, on: Incidents) -> bool:
    """Whether it could climb."""
    try:
        escalation.fire([case], now, on)
    except EarwitnessError as error:
        log.error("a case cannot climb", case=case, why=str(error))
    except Exception as error:
        log.error("a case cannot climb", case=case, exc_info=error)
    else:
        return True
    return False
