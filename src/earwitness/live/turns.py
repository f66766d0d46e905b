"""Who is recognised next: a few threads, one a core, and an order.

First come final results, by the moment at which somebody began to wait for them; then
what will probably become one; then recordings that were sent whole; last, and only on a
core that nobody else needs, a look at what is still being said. Threads and not processes:
recognition spends its time outside of the interpreter (docs/research/sharing.md).
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from time import monotonic
from typing import Any, Generic, TypeVar

from earwitness.errors import Overloaded

T = TypeVar("T")

RTF = 0.05
"""Seconds of work for a second of audio, until it was measured on this machine."""
LEARNING = 0.05
"""How much one more measurement counts."""
PATIENCE_FOR_WHOLE = 15
"""How many times longer a recording that was sent whole may wait."""


class Rank(IntEnum):
    KEEP = 0  # what was listened to: doubt it, keep it
    FINAL = 1
    EARLY = 2
    WHOLE = 3
    PARTIAL = 4


@dataclass(frozen=True, slots=True)
class Load:
    """How much there is to do, and was done so far. Seconds."""

    waiting: int
    running: int
    audio_done: float
    work_done: float


class Turn(Generic[T]):
    """A piece of work that waits, runs or is done. ``future`` has its result."""

    def __init__(
        self, work: Callable[[], T], seconds: float, rank: Rank, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.work = work
        self.seconds = seconds
        self.rank = rank
        self.since = monotonic()
        self.future: asyncio.Future[T] = loop.create_future()
        self.taken = False
        self._loop = loop

    def finish(self, result: T) -> None:
        self._tell(self.future.set_result, result)

    def fail(self, error: BaseException) -> None:
        self._tell(self.future.set_exception, error)

    def _tell(self, tell: Callable[[Any], None], what: Any) -> None:
        """From a thread of ours to the loop of whoever waits, if it still does."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell_here, tell, what)

    def _tell_here(self, tell: Callable[[Any], None], what: Any) -> None:
        if not self.future.done():
            tell(what)


class Turns:
    """``threads`` at once. Every method may be called from the event loop only.

    A final result that would come later than ``shed_seconds`` is not begun: its future
    raises Overloaded at once.
    """

    def __init__(self, threads: int, shed_seconds: float) -> None:
        self._shed_seconds = shed_seconds
        self._waiting: list[tuple[Rank, float, int, Turn[Any]]] = []
        self._running: dict[Turn[Any], None] = {}
        self._order = itertools.count()
        self._lock = threading.Condition()
        self._closing = False
        self._rtf = RTF
        self._audio_done = self._work_done = 0.0
        names = [f"hearing-{number}" for number in range(threads)]
        self._threads = [threading.Thread(target=self._run, name=n, daemon=True) for n in names]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[[], T], seconds: float, rank: Rank) -> Turn[T]:
        """``seconds`` of audio are to be worked on."""
        turn = Turn(work, seconds, rank, asyncio.get_running_loop())
        with self._lock:
            self._add(turn)
        return turn

    def promote(self, turn: Turn[Any]) -> None:
        """What was begun early is waited for from now on."""
        with self._lock:
            if turn.future.done():
                return
            turn.rank, turn.since = Rank.FINAL, monotonic()
            if not turn.taken:
                self._add(turn)

    def cancel(self, turn: Turn[Any]) -> None:
        """Nobody waits for it; if it runs already, its result is dropped."""
        turn.future.cancel()

    def has_room(self) -> bool:
        """Whether a core is free that nobody else needs, with one left for who comes next."""
        with self._lock:
            looking = sum(turn.rank is Rank.PARTIAL for turn in self._running)
            busy = len(self._running) + len(self._waiting)
            return busy < len(self._threads) and looking < max(1, len(self._threads) - 1)

    def load(self) -> Load:
        with self._lock:
            waiting = sum(not turn.future.done() for *_, turn in self._waiting)
            return Load(waiting, len(self._running), self._audio_done, self._work_done)

    def close(self) -> None:
        """Ends the threads when what they work on is done; what waits is never begun."""
        with self._lock:
            self._closing = True
            self._lock.notify_all()
        for thread in self._threads:
            thread.join()

    def _add(self, turn: Turn[Any]) -> None:
        late = self._expected_wait(turn.rank) - self._patience(turn)
        if late > 0:
            turn.fail(Overloaded(retry_after=round(late + 1, 1)))
            return
        heapq.heappush(self._waiting, (turn.rank, turn.since, next(self._order), turn))
        self._lock.notify()

    def _expected_wait(self, rank: Rank) -> float:
        """Seconds until a thread is free for it."""
        ahead = sum(turn.seconds for other, *_, turn in self._waiting if other <= rank)
        running = sum(turn.seconds for turn in self._running) / 2
        return (ahead + running) * self._rtf / len(self._threads)

    def _patience(self, turn: Turn[Any]) -> float:
        factor = {Rank.FINAL: 1.0, Rank.WHOLE: PATIENCE_FOR_WHOLE}.get(turn.rank, float("inf"))
        return self._shed_seconds * factor

    def _run(self) -> None:
        while (turn := self._next()) is not None:
            began = monotonic()
            try:
                turn.finish(turn.work())
            except BaseException as error:  # whoever waits must hear of it, whatever it is
                turn.fail(error)
            self._done(turn, monotonic() - began)

    def _next(self) -> Turn[Any] | None:
        with self._lock:
            while not self._closing:
                while self._waiting:
                    rank, _, _, turn = heapq.heappop(self._waiting)
                    if self._is_wanted(turn, rank):
                        turn.taken = True
                        self._running[turn] = None
                        return turn
                self._lock.wait()
            return None

    def _is_wanted(self, turn: Turn[Any], rank: Rank) -> bool:
        """Not one that was taken at another rank, given up, or is too late by now."""
        if turn.taken or turn.future.done() or turn.rank is not rank:
            return False
        if monotonic() - turn.since > self._patience(turn):
            turn.fail(Overloaded(retry_after=round(self._expected_wait(rank) + 1, 1)))
            return False
        return True

    def _done(self, turn: Turn[Any], seconds: float) -> None:
        with self._lock:
            del self._running[turn]
            self._audio_done += turn.seconds
            self._work_done += seconds
            if turn.seconds:
                self._rtf += LEARNING * (seconds / turn.seconds - self._rtf)
