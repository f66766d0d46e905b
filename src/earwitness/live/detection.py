"""Speech detection for all streams together: one batch a tick.

One call for a hundred chunks of a hundred streams costs a fraction of a hundred calls,
and the event loop stays free meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from earwitness.live.tape import from_pcm
from earwitness.ports import LiveDetector

TICK = 0.02
"""Seconds that chunks are gathered for. It delays an endpoint by half of it, on average."""


class Listener(Protocol):
    """A stream, as detection sees it."""

    memory: Any

    def next_chunk(self) -> bytes | None:
        """The chunk that is to be judged now, if there is one, as 16-bit PCM."""

    def judged(self, probability: float) -> None:
        """What the detector made of it."""


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
        """One chunk of everybody who has one; who has none is no longer due."""
        found = [(stream, stream.next_chunk()) for stream in self._due]
        self._due = {stream: None for stream, chunk in found if chunk is not None}
        chunks = [chunk for _, chunk in found if chunk is not None]
        if not chunks:
            return
        streams = list(self._due)
        memories = [stream.memory for stream in streams]
        judge = asyncio.get_running_loop().run_in_executor(
            self._thread, self._judge, memories, chunks
        )
        for stream, probability in zip(streams, await judge, strict=True):
            if stream in self._due:
                stream.judged(probability)

    def _judge(self, memories: Sequence[Any], chunks: Sequence[bytes]) -> Sequence[float]:
        matrix = from_pcm(b"".join(chunks)).reshape(len(chunks), -1)
        return self.detector.probabilities(memories, matrix)
