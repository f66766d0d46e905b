"""One TCP connection, read and written within bounds.

What a peer can make us hold is one event, what a socket buffers, and what ``LiveStream``
lets it run ahead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

import structlog

from earwitness.doors.wyoming.pace import Pace
from earwitness.errors import ProtocolError
from earwitness.wire.wyoming.frames import Decoder, Frame, encode
from earwitness.wire.wyoming.messages import Message

READ = 64 * 1024
"""Bytes that are taken from the socket at once."""
GOODBYE_SECONDS = 2.0
GOODBYE_BYTES = 4 * 1024 * 1024
"""So much of what a peer goes on sending is passed over, that it may read why it was ended."""

log = structlog.get_logger(__name__)


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
        self._pace = Pace(monotonic())
        name = writer.get_extra_info("peername")
        self.address: str = name[0] if name else ""

    async def frames(self) -> AsyncIterator[Frame]:
        """Until the peer is done. Raises ProtocolError for whatever it does wrong.

        Raises ConnectionError where it is gone. While an event is being answered the peer
        may be silent.
        """
        decoder, since = Decoder(), monotonic()
        while content := await self._read(decoder.within, since):
            goes_on = decoder.within
            for frame in decoder.feed(content):
                if wait := self._pace.wait(monotonic(), has_sound=bool(frame.payload)):
                    await asyncio.sleep(wait)
                yield frame
                goes_on = False
            if not goes_on:
                since = monotonic()
        if decoder.within:
            raise ProtocolError("The connection ended within an event.", "truncated")

    async def send(self, *messages: Message) -> None:
        """Raises ConnectionError where the peer is gone, or does not read."""
        if self._writer.is_closing():  # uvloop would say so with a RuntimeError
            raise ConnectionResetError("The peer is gone.")
        self._writer.write(b"".join(encode(message.frame()) for message in messages))
        try:
            async with asyncio.timeout(self._patience.stall):
                await self._writer.drain()
        except TimeoutError:
            log.info("connection ended", door="wyoming", peer=self.address, code="not_read")
            self._writer.transport.abort()
            raise ConnectionResetError("The peer does not read.") from None

    async def close(self) -> None:
        """Sends what was written, if the peer takes it soon.

        A socket that is closed with something unread in it throws away what the peer has
        not received yet; so what it still sends is read first.
        """
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                if not self._writer.is_closing() and self._writer.can_write_eof():
                    self._writer.write_eof()
                    await self._pass_over(GOODBYE_BYTES)
                self._writer.close()
                await self._writer.wait_closed()
        self._writer.transport.abort()

    async def _pass_over(self, most: int) -> None:
        while most > 0 and (content := await self._reader.read(READ)):
            most -= len(content)

    async def _read(self, within: bool, since: float) -> bytes:
        seconds = self._patience.stall if within else self._patience.idle
        try:
            async with asyncio.timeout(since + seconds - monotonic()):
                return await self._reader.read(READ)
        except TimeoutError:
            what = "An event was not whole" if within else "Nothing was said"
            code = "stalled" if within else "idle"
            raise ProtocolError(f"{what} for {seconds:g} seconds.", code) from None
