"""What waits to be sent to one device, bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from earwitness.wire.link.codec import encode
from earwitness.wire.link.messages import FromServer

MOST = 128
"""Messages that may wait for a device that does not read."""


class Outbox:
    """Sends in order. A task runs only while something waits, so silence costs nothing.

    ``full`` is called, once, when a device does not read what it is told.
    """

    def __init__(self, send: Callable[[str], Awaitable[None]], full: Callable[[], None]) -> None:
        self._send, self._full = send, full
        self._waiting: deque[FromServer] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def post(self, message: FromServer) -> None:
        if self._closed:
            return
        if len(self._waiting) >= MOST:
            self._closed = True
            self._full()
            return
        self._waiting.append(message)
        if self._task is None:
            self._task = asyncio.create_task(self._drain(), name="device link: sending")

    @property
    def is_filling(self) -> bool:
        """Whether whoever makes more should wait for the device first."""
        return len(self._waiting) > MOST // 2

    async def flush(self) -> None:
        """Returns when everything is sent, or can no longer be."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def close(self) -> None:
        """What waits is not sent any more."""
        self._closed = True
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._send(encode(self._waiting.popleft()))
        except Exception:
            # The connection is gone; whoever reads from it learns that, too.
            self._closed = True
            self._waiting.clear()
        finally:
            self._task = None
