"""A frame's payload becomes samples."""

from __future__ import annotations

import asyncio
from typing import Protocol

from earwitness.audio.opus import OpusStream
from earwitness.model import Samples
from earwitness.wire.link.frames import AudioFrame, from_pcm16


class Decoding(Protocol):
    """One connection's codec."""

    async def decode(self, frame: AudioFrame) -> Samples:
        """Raises ProtocolError for what is no audio of this codec."""

    def close(self) -> None:
        """Gives back what it holds."""


class Pcm:
    """Nothing to decode."""

    async def decode(self, frame: AudioFrame) -> Samples:
        return from_pcm16(frame.payload)

    def close(self) -> None:
        """Holds nothing."""


class Opus:
    """Decoded by another process, to which a thread speaks meanwhile."""

    def __init__(self, stream: OpusStream) -> None:
        self._stream = stream

    async def decode(self, frame: AudioFrame) -> Samples:
        return await asyncio.to_thread(self._stream.decode, frame.payload, fresh=frame.fresh)

    def close(self) -> None:
        self._stream.close()
