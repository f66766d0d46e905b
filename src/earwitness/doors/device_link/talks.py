"""What one device says: its streams, one after another, and their answers in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from earwitness.live.events import Event
from earwitness.live.stream import LiveStream
from earwitness.model import Samples
from earwitness.wire.link.messages import FromServer, Quiet

MOST = 4
"""Streams of one device that may still have to be answered before nothing more is read."""


class Talk:
    """A stream and the position of its first sample; of its last one when it has ended."""

    def __init__(self, stream: LiveStream, offset: int) -> None:
        self.stream, self.offset = stream, offset
        self.end: int | None = None
        self.dropped = False


class Talks:
    """``tell`` is given the events of a talk in order, then that it is done with.

    The events of a talk wait until the one before has been answered: so ``until`` never
    passes over something that is still to come. ``fail`` is told what made hearing fail.
    """

    def __init__(
        self,
        told: Callable[[Event, int], None],
        post: Callable[[FromServer], None],
        fail: Callable[[Exception], None],
    ) -> None:
        self._told, self._post, self._fail = told, post, fail
        self._talks: deque[Talk] = deque()
        self._task: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self.current: Talk | None = None

    async def begin(self, stream: LiveStream, offset: int) -> None:
        """The device speaks from here on; waits while too much is unanswered."""
        self.current = Talk(stream, offset)
        self._talks.append(self.current)
        if self._task is None:
            self._task = asyncio.create_task(self._pump(), name="device link: answers")
        while len(self._talks) > MOST:
            self._room.clear()
            await self._room.wait()

    async def write(self, samples: Samples) -> None:
        if self.current is not None and samples.size:
            await self.current.stream.write(samples)

    async def end(self, position: int) -> None:
        """What was said before ``position`` is over."""
        talk, self.current = self.current, None
        if talk is not None:
            talk.end = position
            await talk.stream.end()
        elif self._talks:
            self._talks[-1].end = position
        else:
            self._post(Quiet(until=position))

    def drop(self, position: int) -> None:
        """What is not answered is forgotten at once."""
        for talk in self._talks:
            talk.dropped, talk.end = True, position
            talk.stream.close()
        self.current = None
        if not self._talks:
            self._post(Quiet(until=position))

    def keep(self, granted: bool) -> None:
        for talk in self._talks:
            talk.stream.keep = granted

    def close(self) -> None:
        """Nobody waits for an answer any more."""
        if self._task is not None:
            self._task.cancel()
        for talk in self._talks:
            talk.stream.close()

    async def _pump(self) -> None:
        try:
            while self._talks:
                await self._answer(self._talks[0])
                self._talks.popleft()
                self._room.set()
        except Exception as error:
            self._fail(error)
        finally:
            self._task = None

    async def _answer(self, talk: Talk) -> None:
        async for event in talk.stream.events():
            if not talk.dropped:
                self._told(event, talk.offset)
        if talk.end is not None:
            self._post(Quiet(until=talk.end))
