"""Who comes first, and who is told that it would be too late."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from earwitness.errors import Overloaded
from earwitness.live.turns import Rank, Turns


class Gate:
    """Holds the only thread until it is opened."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self.order: list[str] = []

    def hold(self) -> None:
        assert self._open.wait(10)

    def open(self) -> None:
        self._open.set()

    def note(self, name: str) -> Callable[[], str]:
        def work() -> str:
            self.order.append(name)
            return name

        return work


def run(test: Callable[[Turns, Gate], Awaitable[None]], shed_seconds: float = 60.0) -> None:
    """``test`` with one thread, which is held until it opens the gate."""

    async def main() -> None:
        turns, gate = Turns(1, shed_seconds), Gate()
        held = turns.submit(gate.hold, 1.0, Rank.FINAL)
        while not turns.load().running:
            await asyncio.sleep(0.001)
        try:
            await test(turns, gate)
        finally:
            gate.open()
            await held.future
            await asyncio.to_thread(turns.close)

    asyncio.run(main())


def test_final_results_come_before_everything_but_what_is_done_already() -> None:
    async def test(turns: Turns, gate: Gate) -> None:
        ranks = (Rank.PARTIAL, Rank.WHOLE, Rank.EARLY, Rank.FINAL, Rank.KEEP)
        waiting = [turns.submit(gate.note(rank.name), 1.0, rank).future for rank in ranks]
        gate.open()
        await asyncio.gather(*waiting)
        assert gate.order == ["KEEP", "FINAL", "EARLY", "WHOLE", "PARTIAL"]

    run(test)


def test_of_two_final_results_the_one_that_is_waited_for_longer_comes_first() -> None:
    async def test(turns: Turns, gate: Gate) -> None:
        waiting = [turns.submit(gate.note(name), 1.0, Rank.FINAL).future for name in "abc"]
        gate.open()
        await asyncio.gather(*waiting)
        assert gate.order == ["a", "b", "c"]

    run(test)


def test_what_was_begun_early_comes_first_once_it_is_final_and_runs_once() -> None:
    async def test(turns: Turns, gate: Gate) -> None:
        early = turns.submit(gate.note("early"), 1.0, Rank.EARLY)
        whole = turns.submit(gate.note("whole"), 1.0, Rank.WHOLE)
        turns.promote(early)
        gate.open()
        await asyncio.gather(early.future, whole.future)
        assert gate.order == ["early", "whole"]

    run(test)


def test_what_nobody_waits_for_any_more_is_not_begun() -> None:
    async def test(turns: Turns, gate: Gate) -> None:
        turns.cancel(turns.submit(gate.note("in vain"), 1.0, Rank.EARLY))
        last = turns.submit(gate.note("last"), 1.0, Rank.PARTIAL)
        gate.open()
        await last.future
        assert gate.order == ["last"]

    run(test)


def test_who_would_wait_too_long_is_told_at_once_and_when_to_try_again() -> None:
    async def test(turns: Turns, gate: Gate) -> None:
        with pytest.raises(Overloaded) as caught:
            await turns.submit(gate.note("late"), 1.0, Rank.FINAL).future
        assert caught.value.retry_after > 0
        whole = turns.submit(gate.note("whole"), 0.1, Rank.WHOLE)
        gate.open()
        await whole.future
        assert gate.order == ["whole"]

    run(test, shed_seconds=0.02)


def test_who_waited_too_long_is_told_even_if_it_looked_better_at_first() -> None:
    async def test(turns: Turns, gate: Gate) -> None:
        short = turns.submit(gate.note("short"), 0.0, Rank.FINAL)
        await asyncio.sleep(0.2)
        gate.open()
        with pytest.raises(Overloaded):
            await short.future

    run(test, shed_seconds=0.1)


def test_an_error_reaches_whoever_waits_and_the_thread_goes_on() -> None:
    def fail() -> None:
        raise ValueError("broken")

    async def test(turns: Turns, gate: Gate) -> None:
        failing = turns.submit(fail, 1.0, Rank.FINAL)
        next_ = turns.submit(gate.note("next"), 1.0, Rank.FINAL)
        gate.open()
        with pytest.raises(ValueError, match="broken"):
            await failing.future
        assert await next_.future == "next"

    run(test)


def test_a_look_at_what_is_being_said_needs_a_free_core() -> None:
    async def test(turns: Turns, gate: Gate) -> None:
        assert not turns.has_room()
        gate.open()
        while turns.load().running:
            await asyncio.sleep(0.001)
        assert turns.has_room()

    run(test)
