"""Speech detection for all streams together: one batch a tick.

One call for a hundred chunks of a hundred streams costs a fraction of a hundred calls,
and the event loop stays free meanwhile. A stream may have a few chunks in a batch: they
are judged one after the other, but its way to the thread and back is paid once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from earwitness.live.tape import from_pcm
from earwitness.ports import LiveDetector

CHUNKS = 4
"""The most of one stream in a batch: who sends faster than real time waits for others."""
TICK = 0.02
"""Seconds that chunks are gathered for. It delays an endpoint by half of it, on average."""


class Listener(Protocol):
    """A stream, as detection sees it."""

    memory: Any

    def next_chunks(self, most: int) -> bytes:
        """The whole chunks that are to be judged now, as 16-bit PCM; empty for none."""

    def judged(self, probabilities: Sequence[float]) -> None:
        """What the detector made of them."""


class Detection:
    """Judges the chunks of whoever is ``due``, in order, a chunk of each stream at a time.

    Belongs to one event loop.
    """

    def __init__(self, detector: LiveDetector) -> None:
        self.detector = detector
        self._due: dict[Listener, None] = {}
        self._called = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="detection")
        self._task = asyncio.create_task(self._run(), name="detection")

    def due(self, stream: Listener) -> None:
        """This stream has something to judge, or may have. Idempotent."""
        self._due[stream] = None
        self._called.set()

    def leave(self, stream: Listener) -> None:
        self._due.pop(stream, None)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._thread.shutdown()

    async def _run(self) -> None:
        while True:
            await self._called.wait()
            self._called.clear()
            while self._due:
                await self._round()
            await asyncio.sleep(TICK)

    async def _round(self) -> None:
        """A few chunks of everybody who has one; who has none is no longer due."""
        found = [(stream, stream.next_chunks(CHUNKS)) for stream in self._due]
        self._due = {stream: None for stream, chunks in found if chunks}
        if not self._due:
            return
        streams = list(self._due)
        memories = [stream.memory for stream in streams]
        chunks = [chunks for _, chunks in found if chunks]
        judge = asyncio.get_running_loop().run_in_executor(
            self._thread, self._judge, memories, chunks
        )
        for stream, probabilities in zip(streams, await judge, strict=True):
            if stream in self._due:
                stream.judged(probabilities)

    def _judge(self, memories: Sequence[Any], chunks: Sequence[bytes]) -> list[list[float]]:
        size = 2 * self.detector.chunk
        judged: list[list[float]] = [[] for _ in memories]
        for at in range(0, max(map(len, chunks)), size):
            here = [index for index, each in enumerate(chunks) if len(each) > at]
            matrix = from_pcm(b"".join(chunks[index][at : at + size] for index in here))
            found = self.detector.probabilities(
                [memories[index] for index in here], matrix.reshape(len(here), -1)
            )
            for index, probability in zip(here, found, strict=True):
                judged[index].append(probability)
        return judged
