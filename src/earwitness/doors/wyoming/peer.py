"""One TCP connection, read and written within bounds.

What a peer can make us hold is one event, what a socket buffers, and what ``LiveStream``
lets it run ahead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import monotonic

from earwitness.errors import ProtocolError
from earwitness.wire.wyoming.frames import Decoder, Frame, encode
from earwitness.wire.wyoming.messages import Message

READ = 64 * 1024
"""Bytes that are taken from the socket at once."""
EVENTS_A_SECOND = 400.0
"""Sound comes in 10 to 100 events a second. Who sends more is read more slowly."""
BURST = 1000.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: without any event, within one, and for writing."""

    idle: float
    stall: float


class Peer:
    """The other end of one connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: Patience
    ) -> None:
        self._reader, self._writer = reader, writer
        self._patience = patience
        self._allowed, self._counted_at = BURST, monotonic()
        name = writer.get_extra_info("peername")
        self.address: str = name[0] if name else ""

    async def frames(self) -> AsyncIterator[Frame]:
        """Until the peer is done. Raises ProtocolError for whatever it does wrong.

        Raises ConnectionError where it is gone.
        """
        decoder, since = Decoder(), monotonic()
        while content := await self._read(decoder.within, since):
            for frame in decoder.feed(content):
                since = monotonic()
                await self._slow_down(since)
                yield frame
            if not decoder.within:
                since = monotonic()
        if decoder.within:
            raise ProtocolError("The connection ended within an event.", "truncated")

    async def send(self, *messages: Message) -> None:
        """Raises ConnectionError where the peer is gone, or does not read."""
        self._writer.write(b"".join(encode(message.frame()) for message in messages))
        try:
            async with asyncio.timeout(self._patience.stall):
                await self._writer.drain()
        except TimeoutError:
            self._writer.transport.abort()
            raise ConnectionResetError("The peer does not read.") from None

    async def close(self) -> None:
        """Sends what was written, if the peer takes it soon."""
        self._writer.close()
        try:
            async with asyncio.timeout(self._patience.stall):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    async def _read(self, within: bool, since: float) -> bytes:
        seconds = self._patience.stall if within else self._patience.idle
        try:
            async with asyncio.timeout(since + seconds - monotonic()):
                return await self._reader.read(READ)
        except TimeoutError:
            what = "An event was not whole" if within else "Nothing was said"
            code = "stalled" if within else "idle"
            raise ProtocolError(f"{what} for {seconds:g} seconds.", code) from None

    async def _slow_down(self, now: float) -> None:
        """A bucket that fills by ``EVENTS_A_SECOND`` up to ``BURST``."""
        self._allowed += (now - self._counted_at) * EVENTS_A_SECOND
        self._allowed, self._counted_at = min(self._allowed, BURST) - 1, now
        if self._allowed < 0:
            await asyncio.sleep(-self._allowed / EVENTS_A_SECOND)
