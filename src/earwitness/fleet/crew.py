"""Who speaks when: some of the connected devices at a time, each for its share of it."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from earwitness.errors import EarwitnessError, InputError
from earwitness.fleet.lines import Door, Line
from earwitness.fleet.recordings import Recording
from earwitness.fleet.tally import Fate, Said, Tally

KEEP_ALIVE_SECONDS = 20
CONNECTING_AT_ONCE = 100

Progress = Callable[[float, float], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """``speaking`` devices at a time out of ``connected``; a ``seed`` says the same again.

    Each speaks for ``duty`` of the time: after a recording of 3 s and a duty of 0.5 the next
    one begins 6 s after it began, or when its answer came if that is later. No answer
    ``patience`` seconds after its end makes a recording lost.
    """

    speaking: int
    connected: int
    seconds: float = 60.0
    duty: float = 0.5
    seed: int = 0
    patience: float = 30.0

    def __post_init__(self) -> None:
        if not 0 < self.speaking <= self.connected:
            raise InputError(f"{self.speaking} of {self.connected} devices cannot speak at a time.")
        if not 0 < self.duty <= 1:
            raise InputError(
                f"A device speaks for more than 0 and up to 1 of the time, not {self.duty:g}."
            )


class Crew:
    """The devices of one run."""

    def __init__(
        self, door: Door, recordings: Sequence[Recording], plan: Plan, tally: Tally
    ) -> None:
        self._plan = plan
        self._tally = tally
        self._spoken = [(each, door.prepare(each)) for each in recordings]
        self._lines = door.lines(plan.connected)
        self._idle = deque(self._lines)

    async def run(self, progress: Progress = lambda done, total: None) -> None:
        """Connects everybody, speaks, and waits for the answers to what was said.

        Raises InputError where not even the first device gets a connection.
        """
        await self._connect()
        self._until = monotonic() + self._plan.seconds
        present = asyncio.create_task(self._stay_present(progress))
        try:
            await asyncio.gather(*map(self._speak, range(self._plan.speaking)))
        finally:
            present.cancel()
            for line in self._lines:
                line.close()
            await asyncio.sleep(0)  # transports close in the next turn of the loop

    async def _connect(self) -> None:
        await self._lines[0].open()
        places = asyncio.Semaphore(CONNECTING_AT_ONCE)
        await asyncio.gather(*(self._open(line, places) for line in self._lines[1:]))

    async def _open(self, line: Line, places: asyncio.Semaphore) -> None:
        """Whoever is refused now tries again when it wants to speak."""
        async with places:
            try:
                await line.open()
            except EarwitnessError:
                self._tally.errors["not connected"] += 1

    async def _speak(self, number: int) -> None:
        """What one device at a time says, until the time is over."""
        draw = random.Random(f"{self._plan.seed}/{number}")  # noqa: S311 - to be repeated
        began = monotonic() + draw.uniform(0, self._longest_pause())
        while began < self._until:
            await asyncio.sleep(began - monotonic())
            recording, prepared = draw.choice(self._spoken)
            self._tally.add(
                recording.text, recording.seconds, await self._say(recording.seconds, prepared)
            )
            began = max(began + recording.seconds / self._plan.duty, monotonic())

    def _longest_pause(self) -> float:
        mean = sum(each.seconds for each, _ in self._spoken) / len(self._spoken)
        return min(mean / self._plan.duty, self._plan.seconds)

    async def _say(self, seconds: float, prepared: Any) -> Said:
        """The device that was silent for longest speaks."""
        line = self._idle.popleft()
        try:
            async with asyncio.timeout(seconds + self._plan.patience):
                await self._reopen(line)
                return await line.say(prepared)
        except TimeoutError:
            line.close()
            return Said(Fate.LOST, code="no answer")
        except EarwitnessError:
            return Said(Fate.LOST, code="not connected")
        finally:
            self._idle.append(line)

    async def _reopen(self, line: Line) -> None:
        if not line.is_open:
            await line.open()
            self._tally.reconnects += 1

    async def _stay_present(self, progress: Progress) -> None:
        """Those who are silent say now and then that they are still there."""
        began, seconds = monotonic(), self._plan.seconds
        turn = 0
        while True:
            await asyncio.sleep(1.0)
            turn = (turn + 1) % KEEP_ALIVE_SECONDS
            silent = set(self._idle)
            for line in self._lines[turn::KEEP_ALIVE_SECONDS]:
                if line in silent and line.is_open:
                    line.keep_alive()
            progress(min(monotonic() - began, seconds), seconds)
