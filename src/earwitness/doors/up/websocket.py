"""A WebSocket reader that gives each connection its share of the event loop, and no more.

What a frame costs is not known before it is read: a read of a few kilobytes may hold
thousands of pings, each of them to be answered. So bytes are read in small pieces, and who
has cost a moment waits ten times as long before the next piece.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

import structlog
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

PIECE = 2048
"""Bytes that are read before the clock is looked at."""
MOMENT = 0.01
"""Seconds of the loop that a connection may take before it waits."""
WAIT = 10.0
"""How many times longer it waits than it took."""
MOST_WAITING = 1 << 20
"""Bytes that may wait to be read; more come only from who does not heed back-pressure."""

log = structlog.get_logger(__name__)


class FairWebSocket(WebSocketsSansIOProtocol):
    """Speech costs well under a thousandth of the loop, so devices never wait here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rest = bytearray()
        self._cost = 0.0
        self._waiting: asyncio.TimerHandle | None = None
        self._counted_at = monotonic()

    def data_received(self, data: bytes) -> None:
        self._rest += data
        if len(self._rest) > MOST_WAITING:
            log.info("connection ended", door="http", code="flood")
            self.transport.abort()
        elif self._waiting is None:
            self._read()
        else:  # uvicorn resumes when it has handed on what it read before
            self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._rest.clear()
        super().connection_lost(exc)

    def _read(self) -> None:
        while self._rest and not self.transport.is_closing():
            piece = bytes(self._rest[:PIECE])
            del self._rest[:PIECE]
            began = monotonic()
            self._cost = max(0.0, self._cost - (began - self._counted_at) / WAIT)
            super().data_received(piece)
            self._counted_at = monotonic()
            self._cost += self._counted_at - began
            if self._cost > MOMENT:
                self._wait()
                return

    def _wait(self) -> None:
        self.transport.pause_reading()
        self._waiting = self.loop.call_later(self._cost * WAIT, self._go_on)

    def _go_on(self) -> None:
        self._waiting = None
        if not self.read_paused:
            self.transport.resume_reading()
        self._read()
